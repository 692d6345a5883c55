package exposure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

const repository = evidence.Repository("larkmere/tidepool")

func at(seconds int) time.Time {
	return time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func server(seconds int) when.Instant { return when.At(at(seconds), when.Server, "upd") }

// world is what earlier stages found: one version "bad" that takes TOKEN, and what each case adds.
type world struct{ exposure.Input }

func newWorld() *world {
	w := &world{}
	w.Facts = &casefile.Facts{Repository: repository, History: evidence.NewHistory(nil, nil, nil)}
	w.Findings = map[evidence.OID]detect.Finding{}
	w.finding("bad", "TOKEN")
	return w
}

func (w *world) finding(blob string, secrets ...string) {
	f := detect.Finding{Blob: evidence.OID(blob), Leaks: []detect.Leak{{JobID: "job", JobName: "job", Secrets: secrets}}}
	for _, s := range secrets {
		f.Secrets = append(f.Secrets, workflow.SecretRef{Name: s})
	}
	w.Findings[f.Blob] = f
}

// row adds a presence of versions, from a time to another; 0 for still there.
func (w *world) row(id string, ref evidence.Ref, from, to int, blobs ...string) *timeline.Presence {
	p := timeline.Presence{ID: id, Ref: ref, Path: "a.yml", Armed: timeline.Armed, Added: server(from), Campaign: "ghostaction"}
	for _, b := range blobs {
		p.Versions = append(p.Versions, timeline.Held{Blob: evidence.OID(b)})
	}
	if to != 0 {
		p.Gone, p.Removed, p.Armed, p.RemovedBy.How = true, server(to), timeline.NotArmed, "delete"
	}
	w.Timeline.Presence = append(w.Timeline.Presence, p)
	return &w.Timeline.Presence[len(w.Timeline.Presence)-1]
}

// push adds an opportunity by push, dispatch one that lasts; run 0 for none.
func (w *world) push(row, blob string, seconds int, run int64, status string) *timeline.Opportunity {
	w.Timeline.Opportunities = append(w.Timeline.Opportunities, timeline.Opportunity{Presence: row, Blob: evidence.OID(blob), Event: "push",
		Head: "head", At: server(seconds), RunID: run, Status: status, Excluded: status == timeline.Suppressed})
	return &w.Timeline.Opportunities[len(w.Timeline.Opportunities)-1]
}

func (w *world) dispatch(row, blob string, from, to int) {
	o := timeline.Opportunity{Presence: row, Blob: evidence.OID(blob), Event: "workflow_dispatch", At: when.Between(server(from).NotBefore, when.Bound{}, "upd"),
		Status: timeline.NoRunSeen}
	if to != 0 {
		o.At.NotAfter = server(to).NotAfter
	}
	w.Timeline.Opportunities = append(w.Timeline.Opportunities, o)
}

// ran adds a run that got so far; leaked is when the leaking step ended.
func (w *world) ran(id int64, blob, ladder string, created, leaked int) *timeline.Execution {
	e := timeline.Execution{RunFact: fmt.Sprint("run-", id), Blob: evidence.OID(blob), Path: "a.yml", Ladder: ladder,
		Run: evidence.Run{RunID: id, Attempt: 1, Event: "push", CreatedAt: at(created)}}
	if leaked != 0 {
		e.Leaked = when.At(at(leaked), when.Runner, "job")
	}
	w.Timeline.Executions = append(w.Timeline.Executions, e)
	return &w.Timeline.Executions[len(w.Timeline.Executions)-1]
}

func (w *world) declare(secret, fact string, seconds int) *casefile.Declaration {
	w.Facts.Statements = append(w.Facts.Statements, casefile.Declaration{Repository: repository, Secret: secret, Fact: fact, At: at(seconds), By: "Mira Sorrel"})
	return &w.Facts.Statements[len(w.Facts.Statements)-1]
}

func bound(b when.Bound) string {
	if !b.Known() {
		return "?"
	}
	return fmt.Sprintf("%d%c", int(b.At.Sub(at(0)).Seconds()), b.Clock.String()[0])
}

// windows writes each: secret or credential, value, opened, by what, state and how far.
func (w *world) windows() []string {
	var out []string
	for _, x := range exposure.Windows(w.Input) {
		name := x.Secret
		if name == "" {
			name = x.Credential
		}
		line := fmt.Sprintf("%s#%d %s..%s by %q/%q %s %s", name, x.Value, bound(x.Opened.NotBefore), bound(x.Opened.NotAfter), x.CouldHaveOpenedBy, x.OpenedBy,
			x.Execution, x.State)
		if x.State == exposure.Closed {
			line += " " + bound(x.Closed.NotBefore)
		}
		out = append(out, line)
	}
	return out
}

func TestWindows(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  []string
	}{
		{
			name: "surviving runs of wave 3 do not excuse wave 1",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 0, timeline.NoRunSeen)
				w.push("p", "bad", 500, 3, timeline.Matched)
				w.ran(3, "bad", timeline.Executed, 501, 510)
			},
			want: []string{`TOKEN#1 10s..510r by "triggered"/"executed" executed not_known_closed`},
		},
		{
			name: "an opportunity that a complete record excludes opens nothing",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched).Excluded = true
				w.ran(1, "bad", timeline.Blocked, 11, 0).Excluded = true
				w.push("p", "bad", 20, 0, timeline.Suppressed)
				w.push("p", "bad", 500, 0, timeline.NoRunSeen)
			},
			want: []string{`TOKEN#1 500s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "where every one is excluded there is no window",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 20, 0, timeline.Suppressed)
			},
		},
		{
			name: "one version that was excluded does not speak for another that nothing is seen to start",
			facts: func(w *world) {
				w.finding("worse", "TOKEN")
				w.row("p", "refs/heads/main", 10, 0, "bad", "worse").Versions[1].From = server(30)
				w.push("p", "bad", 10, 0, timeline.Suppressed)
			},
			want: []string{`TOKEN#1 30s..? by "targeted"/"" targeted not_known_closed`},
		},
		{
			name: "presence alone, of a version that nothing is seen to start",
			facts: func(w *world) {
				w.finding("bad2", "OTHER")
				w.row("p", "refs/heads/main", 10, 0, "bad", "bad2")
				w.push("p", "bad", 20, 0, timeline.NoRunSeen)
			},
			want: []string{`OTHER#1 10s..? by "targeted"/"" targeted not_known_closed`, `TOKEN#1 20s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "replaced while armed: the new value is exposed at the next opportunity",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched)
				w.ran(1, "bad", timeline.Executed, 11, 15)
				w.declare("TOKEN", casefile.Replaced, 100)
				w.push("p", "bad", 500, 2, timeline.Matched)
				w.ran(2, "bad", timeline.Executed, 501, 510)
			},
			want: []string{`TOKEN#1 10s..15r by "executed"/"executed" executed not_known_closed`, `TOKEN#2 500s..510r by "executed"/"executed" executed not_known_closed`},
		},
		{
			name: "a dispatch could take the new value at once",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.declare("TOKEN", casefile.Replaced, 100)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`, `TOKEN#2 100d..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "two people say that it was replaced at one time: one new value",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.declare("TOKEN", casefile.Replaced, 100)
				w.declare("", casefile.Replaced, 100)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`, `TOKEN#2 100d..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "replaced after the removal opens nothing, and closes nothing",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 50, "bad")
				w.dispatch("p", "bad", 10, 50)
				w.declare("TOKEN", casefile.Replaced, 100)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "and the old value revoked after that closes its window",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 50, "bad")
				w.dispatch("p", "bad", 10, 50)
				w.declare("TOKEN", casefile.Replaced, 100)
				w.declare("TOKEN", casefile.Revoked, 120)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered closed 120d`},
		},
		{
			name: "with two exposed values a revocation closes the one of its time, the first word counts",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.declare("TOKEN", casefile.Revoked, 90)
				w.declare("TOKEN", casefile.Revoked, 80)
				w.declare("TOKEN", casefile.Replaced, 100)
				w.declare("TOKEN", casefile.Revoked, 300)
				w.declare("OTHER", casefile.Revoked, 20)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered closed 80d`, `TOKEN#2 100d..? by "triggered"/"" triggered closed 300d`,
				`TOKEN#3 300d..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "the removal of the workflow closes no window",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 50, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched)
				w.ran(1, "bad", timeline.Executed, 11, 15)
			},
			want: []string{`TOKEN#1 10s..15r by "executed"/"executed" executed not_known_closed`},
		},
		{
			name:  "a pull request's head of unknown origin may have stood on a branch",
			facts: func(w *world) { w.row("q", "refs/pull/3/head", 10, 0, "bad").Unsourced = true },
			want:  []string{`TOKEN#1 10s..? by "targeted"/"" targeted not_known_closed`},
		},
		{
			name: "what a fork inherited and what a pull request proposes give none",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad").Inherited = true
				w.row("q", "refs/pull/3/head", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.dispatch("q", "bad", 10, 0)
			},
		},
		{
			name: "a run of a fork's pull request and one of Dependabot's got none of the secrets",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				e := w.ran(1, "bad", timeline.Executed, 11, 15)
				e.Run.Event, e.Run.HeadRepository = "pull_request", "wim-tarn/tidepool"
				w.ran(2, "bad", timeline.Executed, 21, 25).Run.Actor = timeline.Dependabot
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "all secrets take every name, and a version for one does not take another",
			facts: func(w *world) {
				w.Findings["all"] = detect.Finding{Blob: "all", AllSecrets: true}
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.row("q", "refs/heads/side", 5, 0, "all")
				w.dispatch("q", "all", 5, 0)
			},
			want: []string{`*#1 5s..? by "triggered"/"" triggered not_known_closed`, `TOKEN#1 5s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "confirmed by somebody who saw it, for the value of that time",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.dispatch("p", "bad", 10, 0)
				w.declare("TOKEN", casefile.Confirmed, 60)
				w.declare("TOKEN", casefile.Replaced, 100)
			},
			want: []string{`TOKEN#1 10s..60d by "triggered"/"confirmed" confirmed not_known_closed`, `TOKEN#2 100d..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "a leak before the push that a server stamped: both clocks bound it",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched)
				w.ran(1, "bad", timeline.Executed, 11, 8)
			},
			want: []string{`TOKEN#1 8r..10s by "executed"/"executed" executed not_known_closed`},
		},
		{
			name: "a leak before a claimed date refutes the claim",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched).At = when.At(at(900), when.Git)
				w.ran(1, "bad", timeline.Executed, 11, 15)
			},
			want: []string{`TOKEN#1 ?..15r by "executed"/"executed" executed not_known_closed`},
		},
		{
			name: "the pushing credential: open since before the first push, and no word on stored secrets closes it",
			facts: func(w *world) {
				u := evidence.RefUpdate{Repository: repository, Ref: "refs/heads/main", At: at(10), Clock: when.Server, Actor: "mira-sorrel"}
				w.Facts.Updates = []evidence.RefUpdate{u}
				w.Commits = []detect.Commit{{OID: "c1", Role: detect.Plant}, {OID: "c2", Role: detect.Removal}}
				w.Timeline.Pushed = map[evidence.OID]when.Instant{"c1": when.At(at(10), when.Server, u.ID()), "c2": server(2)}
				w.declare("", casefile.Revoked, 90)
			},
			want: []string{`github:mira-sorrel#1 ?..10s by ""/"push"  not_known_closed`},
		},
		{
			name: "it closes by its own name",
			facts: func(w *world) {
				w.Commits = []detect.Commit{{OID: "c1", Role: detect.Plant}}
				w.Timeline.Pushed = map[evidence.OID]when.Instant{"c1": server(10)}
				w.declare("", casefile.Revoked, 90).Credential = "github:unknown"
			},
			want: []string{`github:unknown#1 ?..10s by ""/"push"  closed 90d`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			if got := w.windows(); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestDeclarationsThatOnlyAnnotate(t *testing.T) {
	w := newWorld()
	w.row("p", "refs/heads/main", 10, 0, "bad")
	w.dispatch("p", "bad", 10, 0)
	want := w.windows()
	fp, nu := w.declare("TOKEN", casefile.FalsePositive, 50).ID(), w.declare("TOKEN", casefile.NotUsed, 60).ID()
	if got := w.windows(); !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	reason := exposure.Windows(w.Input)[0].Reason
	if !strings.Contains(reason, fp) || !strings.Contains(reason, nu) || !strings.Contains(reason, "Mira Sorrel") {
		t.Errorf("the reason does not name who declared what: %q", reason)
	}
}
