package detect

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// Use is a version of an action, or a called workflow, of a repository in the case: what a version of a workflow file would lose to it.
type Use struct {
	Uses  string // as [campaign.SplitUses] tells it: owner/name@ref
	Lines []int
	Leaks []Leak // the steps and jobs that use it, with all that their job can read
}

// Impostor is a version of an action that is not what its repository's branches hold. Why is safe to print. Moves are the times in which a tag pointed
// there, apart from each other; a commit has none. Unless it was had, a commit that came to the action's repository between Listed and Now is not known:
// what uses it since then, by the date of whoever brought that, may use a later release.
type Impostor struct {
	Uses        string
	Kind        campaign.Circumstance // ImpostorCommit or MovedTag
	Why         string
	Moves       []Move
	Had         bool
	Listed, Now time.Time
}

// tells reports whether the impostor is one for a version that came at a time.
func (i Impostor) tells(came time.Time) bool {
	return i.Kind == campaign.MovedTag || i.Had || !came.After(i.Listed) || came.After(i.Now)
}

// Move is a time in which a tag of an action pointed to an impostor, as far as its bounds tell. One that lasts ends after the case's now. Told says which
// tag and where, for people.
type Move struct {
	when.Window
	Told string
}

// Within tells the repositories of the case, by their keys: of actions of these something may be known.
func (x *Examiner) Within(repositories map[string]bool) { x.within = repositories }

// used lists what a file uses of repositories in the case.
func (x *Examiner) used(f workflow.File) []Use {
	if len(x.within) == 0 {
		return nil
	}
	var out []Use
	var jobs []Reach
	add := func(uses string, line int, j workflow.Job, s workflow.Step) {
		repo, ref, ok := campaign.SplitUses(uses)
		if !ok || !x.within[repo] {
			return
		}
		i := slices.IndexFunc(out, func(u Use) bool { return u.Uses == repo+"@"+ref })
		if i < 0 {
			i, out = len(out), append(out, Use{Uses: repo + "@" + ref})
		}
		if jobs == nil {
			jobs = reach(f)
		}
		out[i].Lines = append(out[i].Lines, line)
		out[i].Leaks = append(out[i].Leaks, grabbed(j, s, line, jobs))
	}
	for _, j := range f.Jobs {
		add(j.Uses, j.Line, j, workflow.Step{Index: -1})
		for _, s := range j.Steps {
			add(s.Uses, s.Line, j, s)
		}
	}
	for _, s := range f.Loose {
		add(s.Uses, s.Line, workflow.Job{}, workflow.Step{Index: -1, Name: s.Name, Secrets: f.Secrets})
	}
	return out
}

// grabbed is a leak of all that a job can read: what runs in one step can read the memory of the runner.
func grabbed(j workflow.Job, s workflow.Step, line int, jobs []Reach) Leak {
	l := leak(j, s, lost{secretNames(s.Secrets), []int{line}}, false)
	if i := slices.IndexFunc(jobs, func(r Reach) bool { return r.JobID == j.ID }); i >= 0 && j.ID != "" {
		l.Secrets, l.AllSecrets = jobs[i].Secrets, jobs[i].AllSecrets
	}
	return l
}

// Used lists, by repository, the versions of actions that conditional hits go by: what [Impostors] is to be asked.
func Used(candidates map[evidence.OID]Finding) map[string][]string {
	out := map[string][]string{}
	for _, f := range candidates {
		for _, c := range f.Conditional {
			for _, u := range c.Uses {
				repo, ref, _ := strings.Cut(u.Uses, "@")
				out[repo] = append(out[repo], ref)
			}
		}
	}
	for repo, refs := range out {
		out[repo] = sorted(refs)
	}
	return out
}

// Settle lets conditional hits that go by actions know which of them are impostors, and drops those of which none is. What such a version leaks is what
// the jobs that use an impostor can read; where nothing else may hit it, that alone.
func Settle(findings, candidates map[evidence.OID]Finding, impostors map[string]Impostor) {
	for blob, f := range candidates {
		var settled []Conditional
		var leaks []Leak
		byActions := true
		f.Moves = nil
		for _, c := range f.Conditional {
			if c.Context.AsksOfActions() {
				grabbed := c.settle(impostors)
				if len(c.Impostors) == 0 {
					continue
				}
				leaks = append(leaks, grabbed...)
				for _, i := range c.Impostors {
					f.Moves = append(f.Moves, i.Moves...)
				}
			}
			byActions = byActions && c.Context.AsksOfActions()
			settled = append(settled, c)
		}
		f.Conditional, f.Moves = settled, joined(f.Moves)
		if byActions && len(f.Hits) == 0 {
			f.Leaks = nil
		}
		f.Leaks = withLeaks(f.Leaks, leaks)
		candidates[blob] = f
		if found, bad := findings[blob]; bad {
			found.Leaks, found.Moves = f.Leaks, f.Moves
			findings[blob] = found
		}
		if len(settled) == 0 {
			delete(candidates, blob)
		}
	}
}

// settle notes the impostors that a hit goes by, and gives what is lost to them.
func (c *Conditional) settle(impostors map[string]Impostor) []Leak {
	var leaks []Leak
	var lines []int
	c.Impostors = nil
	for _, u := range c.Uses {
		if i, is := impostors[u.Uses]; is && c.Context.Names(i.Kind) {
			c.Impostors = append(c.Impostors, i)
			lines, leaks = append(lines, u.Lines...), append(leaks, u.Leaks...)
		}
	}
	slices.Sort(lines)
	c.Lines = slices.Compact(lines)
	return leaks
}

// withLeaks adds leaks of further steps; of a step that is there what it leaks is joined.
func withLeaks(have, more []Leak) []Leak {
	have = slices.Clone(have)
	for _, l := range more {
		i := slices.IndexFunc(have, func(h Leak) bool { return h.JobID == l.JobID && h.StepIndex == l.StepIndex && h.StepName == l.StepName })
		if i < 0 {
			have = append(have, l)
			continue
		}
		have[i].Secrets, have[i].AllSecrets = sorted(slices.Concat(have[i].Secrets, l.Secrets)), have[i].AllSecrets || l.AllSecrets
	}
	return have
}

// joined puts moves that overlap together: a version is in one of them as soon as in both, and rows of one time would be told twice.
func joined(moves []Move) []Move {
	moves = slices.Clone(moves)
	slices.SortStableFunc(moves, func(a, b Move) int { return a.Opened.NotAfter.At.Compare(b.Opened.NotAfter.At) })
	var out []Move
	for _, m := range moves {
		last := len(out) - 1
		if last < 0 || m.Opened.NotBefore.At.After(out[last].Closed.NotAfter.At) {
			out = append(out, m)
			continue
		}
		o := &out[last]
		if m.Closed.NotAfter.At.After(o.Closed.NotAfter.At) {
			o.Closed = m.Closed
		}
		if !strings.Contains(o.Told, m.Told) {
			o.Told += "; " + m.Told
		}
	}
	return out
}
