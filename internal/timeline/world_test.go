package timeline_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

const repository = evidence.Repository("larkmere/tidepool")

// at is a time of the tests: seconds after a round one.
func at(seconds int) time.Time {
	return time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func oid(name string) evidence.OID {
	sum := sha1.Sum([]byte(name))
	return evidence.OID(hex.EncodeToString(sum[:]))
}

// world is a repository under construction. Commits and blobs have names; a blob whose name begins with "bad" is malicious.
type world struct {
	commits   []evidence.Commit
	holdings  []evidence.Holding
	entries   []evidence.WorkflowEntry
	names     map[evidence.OID]string
	malicious map[evidence.OID]timeline.Version
	campaign  []evidence.OID
	suspect   map[string]bool
	facts     casefile.Facts
	now       time.Time
}

func newWorld() *world {
	w := &world{names: map[evidence.OID]string{"": "", evidence.ZeroOID: "zero"}, malicious: map[evidence.OID]timeline.Version{}, now: at(1_000_000)}
	w.facts = casefile.Facts{Repository: repository, Jobs: map[casefile.Attempt][]evidence.Job{}, Seen: map[evidence.OID][]evidence.CommitSeen{}}
	return w
}

// version makes a malicious blob start by the given events; "bad..." without this starts by every push and by dispatch.
func (w *world) version(blob string, leaks []timeline.Leak, triggers ...workflow.Trigger) {
	w.malicious[oid(blob)] = timeline.Version{Campaign: "ghostaction", Rules: []string{"r"}, Triggers: triggers, Leaks: leaks}
	w.names[oid(blob)] = blob
}

// commit adds a commit dated at(seconds) whose tree holds files, "path=blob path=blob"; "?" for a tree that cannot be had.
func (w *world) commit(name string, seconds int, files string, parents ...string) {
	date := evidence.Signature{Date: at(seconds)}
	c := evidence.Commit{OID: oid(name), Tree: oid("tree " + files), Author: date, Committer: date, Message: name}
	for _, p := range parents {
		c.Parents = append(c.Parents, oid(p))
	}
	w.names[c.OID] = name
	w.commits = append(w.commits, c)
	if files == "?" {
		return
	}
	h := evidence.Holding{Commit: c.OID, Known: true}
	bad := false
	for f := range strings.FieldsSeq(files) {
		path, blob, _ := strings.Cut(f, "=")
		h.Workflows = oid("workflows " + files)
		w.entries = append(w.entries, evidence.WorkflowEntry{Tree: h.Workflows, Path: path, Blob: oid(blob), Mode: "100644"})
		w.names[oid(blob)] = blob
		if strings.HasPrefix(blob, "bad") {
			bad = true
			if _, have := w.malicious[oid(blob)]; !have {
				w.version(blob, nil, workflow.Trigger{Event: "push"}, workflow.Trigger{Event: "workflow_dispatch"})
			}
		}
	}
	w.holdings = append(w.holdings, h)
	if bad {
		w.campaign = append(w.campaign, c.OID)
	}
}

func (w *world) message(name, text string) {
	i := slices.IndexFunc(w.commits, func(c evidence.Commit) bool { return c.OID == oid(name) })
	w.commits[i].Message = text
}

// signed makes commits GitHub's own: made in the browser, and the signature checks.
func (w *world) signed(names ...string) {
	if w.facts.Checks == nil {
		w.facts.Checks = map[evidence.OID]evidence.SignatureCheck{}
	}
	for _, name := range names {
		i := slices.IndexFunc(w.commits, func(c evidence.Commit) bool { return c.OID == oid(name) })
		w.commits[i].Committer.Name, w.commits[i].Committer.Email = "GitHub", "noreply@github.com"
		w.facts.Checks[oid(name)] = evidence.SignatureCheck{Commit: oid(name), Verified: true, Reason: "valid", ByGitHub: true}
	}
}

// ref expands "main", "tag/v1" and "pull/1".
func ref(short string) evidence.Ref {
	switch {
	case strings.HasPrefix(short, "tag/"):
		return evidence.Ref("refs/tags/" + strings.TrimPrefix(short, "tag/"))
	case strings.HasPrefix(short, "pull/"):
		return evidence.Ref("refs/" + short + "/head")
	}
	return evidence.Ref("refs/heads/" + short)
}

// named is the object id of a name; "0" is none, "" not said.
func named(name string) evidence.OID {
	switch name {
	case "":
		return ""
	case "0":
		return evidence.ZeroOID
	}
	return oid(name)
}

func (w *world) update(origin evidence.Origin, short string, seconds int, kind evidence.Kind, before, after string) *evidence.RefUpdate {
	w.facts.Updates = append(w.facts.Updates, evidence.RefUpdate{Repository: repository, Origin: origin, Clock: when.Server, ExternalID: fmt.Sprint(len(w.facts.Updates)),
		Ref: ref(short), Before: named(before), After: named(after), Kind: kind, At: at(seconds), Actor: "mira-sorrel"})
	return &w.facts.Updates[len(w.facts.Updates)-1]
}

// push is one row of activity.
func (w *world) push(short string, seconds int, before, after string) *evidence.RefUpdate {
	kind := evidence.Push
	switch {
	case before == "0":
		kind = evidence.BranchCreation
	case after == "0":
		kind = evidence.BranchDeletion
	}
	return w.update(evidence.OriginActivity, short, seconds, kind, before, after)
}

// list makes the last listing, at(seconds), of "main=commit tag/v1=commit ...".
func (w *world) list(seconds int, refs string) {
	w.facts.Listing = casefile.Listing{Source: "src-listing", At: at(seconds)}
	for f := range strings.FieldsSeq(refs) {
		short, name, _ := strings.Cut(f, "=")
		w.facts.Listing.Refs = append(w.facts.Listing.Refs, evidence.ListedRef{Ref: ref(short), OID: oid(name)})
	}
	slices.SortFunc(w.facts.Listing.Refs, func(a, b evidence.ListedRef) int { return strings.Compare(string(a.Ref), string(b.Ref)) })
}

func (w *world) trunk(name string) {
	w.facts.State = &evidence.RepositoryState{FullName: string(repository), DefaultBranch: name, CreatedAt: at(-1_000_000)}
}

// run is a completed run of a.yml for a push.
func (w *world) run(id int64, branch, head string, seconds int) *evidence.Run {
	w.facts.Runs = append(w.facts.Runs, evidence.Run{Repository: repository, RunID: id, Attempt: 1, Path: "a.yml", Event: "push", Status: "completed",
		Conclusion: "success", HeadBranch: branch, HeadSHA: oid(head), HeadRepository: string(repository), Actor: "mira-sorrel", CreatedAt: at(seconds),
		StartedAt: at(seconds), UpdatedAt: at(seconds + 30)})
	return &w.facts.Runs[len(w.facts.Runs)-1]
}

// jobs says that the jobs of an attempt were listed to the end, at the present that the world has once it is read, and what they were.
func (w *world) jobs(id int64, attempt int, jobs ...evidence.Job) {
	for _, j := range jobs {
		j.Repository, j.RunID, j.Attempt = repository, id, attempt
		key := casefile.Attempt{RunID: id, Attempt: attempt}
		w.facts.Jobs[key] = append(w.facts.Jobs[key], j)
	}
	w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginJobs, Complete: true,
		Detail: fmt.Sprintf("run %d attempt %d", id, attempt)})
}

// jobsListedAt sets when all jobs were listed.
func (w *world) jobsListedAt(at time.Time) {
	for i := range w.facts.Coverage {
		if v := &w.facts.Coverage[i]; v.Origin == evidence.OriginJobs && v.To.IsZero() {
			v.To = at
		}
	}
}

// runsListed says that all runs between two times were listed.
func (w *world) runsListed(from, to int) {
	w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginRuns, From: at(from), To: at(to), Complete: true})
}

func (w *world) input() timeline.Input {
	w.facts.History = evidence.NewHistory(w.commits, w.holdings, w.entries)
	w.jobsListedAt(w.now)
	return timeline.Input{Facts: &w.facts, Malicious: w.malicious, Campaign: w.campaign, Suspect: w.suspect, Now: w.now}
}

func (w *world) read() timeline.Result { return timeline.Read(w.input()) }

// bound is seconds and the first letter of the clock, "?" for none.
func bound(b when.Bound) string {
	if !b.Known() {
		return "?"
	}
	return fmt.Sprintf("%d%c", int(b.At.Sub(at(0)).Seconds()), b.Clock.String()[0])
}

// span writes an instant: "10s" for at(10) by a server's clock, "10g..20s" for two bounds.
func span(i when.Instant) string {
	if i.NotBefore == i.NotAfter {
		return bound(i.NotBefore)
	}
	return bound(i.NotBefore) + ".." + bound(i.NotAfter)
}

func short(r evidence.Ref) string {
	s := strings.TrimSuffix(strings.TrimPrefix(string(r), "refs/"), "/head")
	return strings.Replace(strings.TrimPrefix(s, "heads/"), "tags/", "tag/", 1)
}

// rows writes every presence: ref path [blob/commit ...] state armed added by commit, and how it ended.
func (w *world) rows(res timeline.Result) []string {
	var out []string
	for _, p := range res.Presence {
		var versions []string
		for _, v := range p.Versions {
			versions = append(versions, w.names[v.Blob]+"/"+w.names[v.Commit])
		}
		line := fmt.Sprintf("%s %s %v %s %s added %s by %q", short(p.Ref), p.Path, versions, p.State, p.Armed, span(p.Added), w.names[p.AddedBy.Commit])
		if p.Gone {
			line += fmt.Sprintf(" removed %s by %q %s", span(p.Removed), w.names[p.RemovedBy.Commit], p.RemovedBy.How)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// gaps writes kind and subject of every gap.
func (w *world) gaps(res timeline.Result) []string {
	var out []string
	for _, g := range res.Gaps {
		subject := g.Subject
		if name, ok := w.names[evidence.OID(subject)]; ok {
			subject = name
		}
		out = append(out, string(g.Kind)+" "+short(evidence.Ref(subject)))
	}
	slices.Sort(out)
	return out
}

func (w *world) contains(res timeline.Result) []string {
	var out []string
	for _, c := range res.Contains {
		out = append(out, short(c.Ref)+" "+w.names[c.Commit])
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  got  %s\n  want %s", what, strings.Join(got, "\n       "), strings.Join(want, "\n       "))
	}
}
