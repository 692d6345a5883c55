package detect

import (
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/script"
	"pentimento/internal/workflow"
)

// Leak is a step that sends secrets out, named as GitHub's job and step records name it. StepIndex counts the steps of the file from 0;
// GitHub's own set-up step comes before them. It is -1, with StepName empty, for a job that hands its secrets to a reusable workflow.
//
// A step that stands in no job, as in a file that could not be parsed, has neither JobID nor JobName and the index -1: GitHub's records cannot show
// which of their steps it is.
type Leak struct {
	JobID      string
	JobName    string
	StepName   string
	StepIndex  int
	Secrets    []string // sorted
	AllSecrets bool
	History    bool   // sends what it read from past commits: every credential ever committed
	Lines      []int  // sorted; where it does so, else where the step begins
	File       string `json:",omitempty"` // the called workflow that the job stands in; Lines are then those of the call
}

// sends lists the secrets that go to a destination as far as a file known to be malicious tells. An action's input counts where a pack lists
// the host, a host computed at run time where the secrets go there under their own names or all together: a chat message to the address in a
// secret and a registry's log-in are in many files that a campaign edits, and are not its work.
func sends(d workflow.Destination, packs []campaign.Pack) []string {
	switch {
	case slices.ContainsFunc(packs, func(p campaign.Pack) bool { return p.KnowsHost(d.Host) }):
		return d.Secrets
	case d.Program == "with", d.Computed && len(d.SelfNamed) == 0 && !slices.Contains(d.Posted, "*"):
		return nil
	}
	return d.Secrets
}

// lost is what a step lets out, and on which lines.
type lost struct {
	secrets []string
	lines   []int
}

func (l *lost) add(line int, secrets ...string) {
	if len(secrets) > 0 {
		l.secrets, l.lines = append(l.secrets, secrets...), append(l.lines, line)
	}
}

// ways tells what a step lets out as far as the file shows: to hosts (see sends), and by whatever way, actions and called workflows among them, on
// the lines for which rules hit the file.
func ways(s workflow.Step, hit map[int]bool, packs []campaign.Pack) lost {
	var out lost
	for _, d := range s.Destinations {
		if hit[d.Line] {
			out.add(d.Line, d.Secrets...)
			out.loot(d.Line, d.Loot, s)
			continue
		}
		out.add(d.Line, sends(d, packs)...)
	}
	for _, x := range s.Exits {
		if hit[x.Line] {
			out.add(x.Line, x.Secrets...)
			out.loot(x.Line, x.Loot, s)
		}
	}
	for _, p := range s.Payloads {
		if hit[p.Line] {
			out.add(p.Line, secretNames(s.Secrets)...)
		}
	}
	return out
}

// loot is what of the step's secrets goes with what bears no secret's name.
func (l *lost) loot(line int, kinds []workflow.Loot, s workflow.Step) {
	if slices.Contains(kinds, script.Environment) || slices.Contains(kinds, script.Memory) || slices.Contains(kinds, script.Context) {
		l.add(line, secretNames(s.Secrets)...)
	}
}

// leaks lists the steps and jobs that let secrets out (see ways). Where none is seen to do so, every step that talks to a host and can read secrets or
// history counts, and where there is none, every step or job that can read secrets: the file is known to be malicious, and what cannot be followed
// is not thereby harmless.
func leaks(file workflow.File, f Finding, packs []campaign.Pack) []Leak {
	hit := map[int]bool{}
	for _, h := range f.Hits {
		for _, line := range h.Lines {
			hit[line] = true
		}
	}
	for _, c := range f.Conditional {
		for _, line := range c.Lines {
			hit[line] = true
		}
	}
	tests := []func(workflow.Step) (lost, bool){
		func(s workflow.Step) (lost, bool) { l := ways(s, hit, packs); return l, len(l.secrets) > 0 },
		func(s workflow.Step) (lost, bool) {
			talks := slices.ContainsFunc(s.Destinations, func(d workflow.Destination) bool { return d.Program != "with" && !d.Computed })
			return lost{secretNames(s.Secrets), []int{s.Line}}, talks && (len(s.Secrets) > 0 || s.ReadsHistory || uploads(s))
		},
		func(s workflow.Step) (lost, bool) {
			return lost{secretNames(s.Secrets), []int{s.Line}}, len(s.Secrets) > 0
		},
	}
	for i, test := range tests {
		out := stepLeaks(file, test)
		if i == 0 {
			out = append(out, handed(file, hit)...)
		}
		if len(out) > 0 {
			return out
		}
	}
	var out []Leak
	for _, j := range file.Jobs {
		if names := secretNames(j.Secrets); len(names) > 0 {
			out = append(out, leak(j, workflow.Step{Index: -1}, lost{names, []int{j.Line}}, false))
		}
	}
	return out
}

// stepLeaks are the steps that a test holds for, those of no job last.
func stepLeaks(file workflow.File, test func(workflow.Step) (lost, bool)) []Leak {
	var out []Leak
	for _, j := range append(slices.Clip(file.Jobs), workflow.Job{Steps: file.Loose}) {
		history := false
		for _, s := range j.Steps {
			if j.ID == "" {
				s.Index = -1
			}
			history = history || s.ReadsHistory
			if l, ok := test(s); ok {
				out = append(out, leak(j, s, l, history))
			}
		}
	}
	return out
}

// handed are the jobs that a rule hit for what they hand to a called workflow.
func handed(file workflow.File, hit map[int]bool) []Leak {
	var out []Leak
	for _, j := range file.Jobs {
		if names := secretNames(j.Secrets); j.Uses != "" && j.Via == "" && hit[j.Line] && len(names) > 0 {
			out = append(out, leak(j, workflow.Step{Index: -1}, lost{names, []int{j.Line}}, false))
		}
	}
	return out
}

func leak(j workflow.Job, s workflow.Step, what lost, history bool) Leak {
	l := Leak{JobID: j.ID, JobName: j.Name, StepName: s.Name, StepIndex: s.Index, History: history && uploads(s), File: j.Via}
	slices.Sort(what.lines)
	l.Lines = slices.Compact(what.lines)
	for _, n := range sorted(what.secrets) {
		if n == "*" {
			l.AllSecrets = true
			continue
		}
		l.Secrets = append(l.Secrets, n)
	}
	return l
}

func uploads(s workflow.Step) bool {
	return slices.ContainsFunc(s.Destinations, func(d workflow.Destination) bool { return d.Uploads })
}

func secretNames(refs []workflow.SecretRef) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Name)
	}
	return out
}
