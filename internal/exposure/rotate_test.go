package exposure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	_ "pentimento/internal/seeded"
	"pentimento/internal/timeline"
)

// window makes an open one of a secret, or of a pushing credential where the name begins with "github:".
func window(name, ladder string) *exposure.Window {
	w := &exposure.Window{ID: "win-" + name, Campaign: "ghostaction", Secret: name, Credential: exposure.Unlinked, Value: 1, State: exposure.NotKnownClosed,
		Execution: ladder, Opened: server(10)}
	if strings.HasPrefix(name, "github:") {
		w.Secret, w.Credential, w.Execution = "", name, ""
	}
	return w
}

// steps writes each line in short.
func steps(lines []exposure.Line) []string {
	var out []string
	for _, l := range lines {
		what := l.Secret
		switch {
		case l.Kind == exposure.Warn || l.Kind == exposure.Remove:
			what = l.What
		case what == "":
			what = l.Credential
		}
		out = append(out, l.Kind+" "+what)
	}
	return out
}

func TestRotate(t *testing.T) {
	closed := window("OLD_TOKEN", timeline.Executed)
	closed.State, closed.Closed = exposure.Closed, server(99)
	in := exposure.RotationInput{
		Windows: []*exposure.Window{window("CODECOV_TOKEN", timeline.Executed), window("history:*", timeline.Executed), window("AWS_SECRET_ACCESS_KEY", timeline.Executed),
			window("NPM_TOKEN", timeline.Unknown), window("PYPI_API_TOKEN", timeline.Executed), window("RELEASE_PAT", timeline.Executed), closed,
			window("github:mira-sorrel", ""), window("DOCKER_USERNAME", timeline.Executed), window("MYSTERY", timeline.Executed)},
		Presence: []timeline.Presence{{ID: "pre-1", Ref: "refs/heads/main", Path: "a.yml", AsOf: at(100)}},
		Reruns:   []timeline.Opportunity{{ID: "opp-1", Reason: "run 7 can be run again until then"}},
		Ladders: []exposure.Rung{{Secret: "BLOCKED_KEY", Ladder: timeline.Blocked, Reason: "no job", Excluded: true},
			{Secret: "MAYBE_KEY", Ladder: timeline.Started, Reason: "jobs ran"}, {Secret: "NPM_TOKEN", Ladder: timeline.Unknown},
			{Secret: exposure.GitHubToken, Ladder: timeline.Blocked, Excluded: true}},
		Warnings: []exposure.Warning{{Campaign: "ghostaction", Text: "wipes the host", Source: "somebody", Before: "revoke"},
			{Campaign: "ghostaction", Text: "rotate twice", Before: "rotate"},
			{Campaign: "ghostaction", Text: "rotate twice", Source: "another", Before: "rotate"}, {Campaign: "ghostaction", Text: "copy first"},
			{Campaign: "another", Text: "none of ours", Before: "revoke"}},
	}
	got := steps(exposure.Rotate(in))
	want := []string{"warning copy first", "warning wipes the host", "revoke github:mira-sorrel", "remove remove a.yml from heads/main",
		"remove save its logs, then delete the run that can be run again", "warning rotate twice", "revoke RELEASE_PAT", "revoke PYPI_API_TOKEN", "revoke AWS_SECRET_ACCESS_KEY", "revoke MYSTERY",
		"revoke CODECOV_TOKEN", "revoke history:*", "revoke NPM_TOKEN", "check DOCKER_USERNAME", "left-out BLOCKED_KEY", "left-out OLD_TOKEN"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, l := range exposure.Rotate(in) {
		if l.Reason == "" && l.Kind != exposure.Warn {
			t.Errorf("no reason: %+v", l)
		}
	}
	if got := exposure.Rotate(exposure.RotationInput{Warnings: in.Warnings}); len(got) != 0 {
		t.Errorf("nothing to do, and yet %v", steps(got))
	}
}

// Every value of one secret is one line, which says that a new value revokes no old one.
func TestRotateJoinsValues(t *testing.T) {
	first, second := window("TOKEN", timeline.Unknown), window("TOKEN", timeline.Executed)
	second.ID, second.Value = "win-2", 2
	got := exposure.Rotate(exposure.RotationInput{Windows: []*exposure.Window{first, second}})
	if len(got) != 1 || len(got[0].Windows) != 2 || got[0].Ladder != timeline.Executed || !strings.Contains(got[0].Reason, "does not revoke") {
		t.Errorf("got %+v", got)
	}
}

// TestRotateForgetsNothing: every window stands in exactly one line, open ones never among those left out, pushing credentials before all others.
func TestRotateForgetsNothing(t *testing.T) {
	names := []string{"github:mira", "github:unknown", "PYPI_TOKEN", "AWS_KEY", "X", "history:*", "*"}
	states := []string{exposure.NotKnownClosed, exposure.Closed, exposure.NeverStored}
	ladders := []string{timeline.Executed, timeline.Unknown, timeline.Triggered, timeline.Blocked, timeline.Pending, timeline.Targeted}
	rapid.Check(t, func(t *rapid.T) {
		var in exposure.RotationInput
		for i := range rapid.IntRange(0, 8).Draw(t, "windows") {
			w := window(rapid.SampledFrom(names).Draw(t, "name"), rapid.SampledFrom(ladders).Draw(t, "ladder"))
			w.ID, w.State = fmt.Sprint("win-", i), rapid.SampledFrom(states).Draw(t, "state")
			in.Windows = append(in.Windows, w)
		}
		seen, secrets := map[string]string{}, false
		for _, l := range exposure.Rotate(in) {
			for _, id := range l.Windows {
				if seen[id] != "" {
					t.Fatalf("%s stands twice", id)
				}
				seen[id] = l.Kind
			}
			if l.Kind == exposure.Revoke && l.Secret == "" && secrets {
				t.Fatalf("a pushing credential behind a secret: %v", steps(exposure.Rotate(in)))
			}
			secrets = secrets || l.Kind == exposure.Revoke && l.Secret != ""
		}
		for _, w := range in.Windows {
			want := exposure.LeftOut
			if exposure.Exposes(w.State) {
				want = exposure.Revoke
			}
			if seen[w.ID] != want {
				t.Fatalf("%s (%s) is %q", w.Secret, w.State, seen[w.ID])
			}
		}
	})
}

// What a fork inherited and then ran could read the fork's own secrets; what nobody ran there could not.
func TestForkRanWhatItInherited(t *testing.T) {
	for ladder, want := range map[string]int{timeline.Executed: 1, timeline.Unknown: 1, timeline.Blocked: 0} {
		w := newWorld()
		p := w.row("p", "refs/heads/main", 10, 0, "bad")
		p.Inherited, p.Armed = true, timeline.Inherited
		w.ran(1, "bad", ladder, 20, 25).Excluded = ladder == timeline.Blocked
		if got := w.windows(); len(got) != want {
			t.Errorf("%s: %v", ladder, got)
		}
		r := exposure.RotationOf(w.Input)
		for _, x := range exposure.Windows(w.Input) {
			r.Windows = append(r.Windows, &x)
		}
		if got := steps(exposure.Rotate(r)); want == 1 && !slices.Equal(got, []string{"remove remove a.yml from heads/main", "revoke TOKEN"}) {
			t.Errorf("%s: %v", ladder, got)
		}
	}
}

func TestLadders(t *testing.T) {
	reach := []detect.Reach{{JobID: "job", JobName: "job", Secrets: []string{"TOKEN"}, Environment: "production", IDToken: "yes", Permissions: "id-token: write"}}
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  string
	}{
		{"nothing could start it", func(*world) {}, "GITHUB_TOKEN targeted, TOKEN targeted, id-token targeted"},
		{"a dispatch could", func(w *world) { w.dispatch("p", "bad", 10, 0) }, "GITHUB_TOKEN triggered, TOKEN triggered, id-token triggered"},
		{"its run is gone", func(w *world) { w.push("p", "bad", 10, 0, timeline.RunGone) }, "GITHUB_TOKEN unknown, TOKEN unknown, id-token unknown"},
		{"suppressed", func(w *world) { w.push("p", "bad", 10, 0, timeline.Suppressed) }, "GITHUB_TOKEN suppressed, TOKEN suppressed, id-token suppressed"},
		{"blocked, and executed later", func(w *world) {
			w.ran(1, "bad", timeline.Blocked, 11, 0)
			w.ran(2, "bad", timeline.Executed, 20, 25)
		}, "GITHUB_TOKEN executed, TOKEN executed, id-token executed"},
		{"the audit log says that it was not handed over", func(w *world) {
			w.ran(1, "bad", timeline.Executed, 20, 25)
			w.Facts.Secrets = []evidence.SecretRecord{{Name: "OTHER", Action: evidence.SecretPassed, RunID: 1, Job: "job", At: at(20)}}
		}, "GITHUB_TOKEN executed, TOKEN targeted, id-token executed"},
		{"somebody saw it", func(w *world) { w.declare("TOKEN", casefile.Confirmed, 50) }, "GITHUB_TOKEN targeted, TOKEN confirmed, id-token targeted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			f := w.Findings["bad"]
			f.Reach = reach
			w.Findings["bad"] = f
			w.row("p", "refs/heads/main", 10, 0, "bad")
			c.facts(w)
			var got []string
			for _, r := range exposure.Ladders(w.Input) {
				got = append(got, r.Secret+" "+r.Ladder)
				if r.Reason == "" || r.Reach == "" || len(r.Evidence) == 0 {
					t.Errorf("no reason, reach or evidence: %+v", r)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

// A token that is made for each job ends with it; one that a dispatch could still make does not.
func TestTokensOfJobsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		facts func(w *world)
		want  string
	}{
		"all its runs have ended": {func(w *world) {
			w.row("p", "refs/heads/main", 10, 100, "bad")
			w.push("p", "bad", 10, 1, timeline.Matched)
			w.ran(1, "bad", timeline.Executed, 11, 25).Run.UpdatedAt = at(30)
		}, exposure.Closed},
		"one waits": {func(w *world) {
			w.row("p", "refs/heads/main", 10, 100, "bad")
			w.push("p", "bad", 10, 1, timeline.Matched)
			w.ran(1, "bad", timeline.Pending, 11, 0)
		}, exposure.NotKnownClosed},
		"it can be dispatched": {func(w *world) {
			w.row("p", "refs/heads/main", 10, 0, "bad")
			w.dispatch("p", "bad", 10, 0)
		}, exposure.NotKnownClosed},
		"it could be dispatched, longer ago than any run lasts": {func(w *world) {
			w.row("p", "refs/heads/main", 10, 100, "bad")
			w.dispatch("p", "bad", 10, 100)
		}, exposure.Closed},
		"it could be dispatched lately": {func(w *world) {
			w.row("p", "refs/heads/main", 10, 100, "bad")
			w.dispatch("p", "bad", 10, 100)
			w.Now = at(1000)
		}, exposure.NotKnownClosed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.finding("bad", exposure.GitHubToken)
			f := w.Findings["bad"]
			f.Reach = []detect.Reach{{JobID: "job", JobName: "job", IDToken: "yes"}}
			w.Findings["bad"] = f
			w.Now = at(0).Add(60 * 24 * time.Hour)
			c.facts(w)
			for i := range w.Timeline.Executions {
				if e := &w.Timeline.Executions[i]; e.Ladder != timeline.Pending {
					e.Run.Status = "completed"
				}
			}
			windows := exposure.Windows(w.Input)
			if len(windows) != 2 {
				t.Fatalf("got %+v", windows)
			}
			for _, x := range windows {
				if x.State != c.want || !strings.Contains(x.Reason, "ends with its job") || x.State == exposure.Closed && !x.Closed.NotAfter.Known() {
					t.Errorf("%s is %s %s: %s", x.Secret, x.State, x.Closed, x.Reason)
				}
			}
		})
	}
}

func TestCouldBeRead(t *testing.T) {
	step := func(conclusion string) []evidence.Step { return []evidence.Step{{Name: "x", Conclusion: conclusion}} }
	for name, c := range map[string]struct {
		ladder string
		jobs   []evidence.Job
		passed string
		want   string
	}{
		"it began":               {timeline.Executed, []evidence.Job{{Name: "job", Steps: step("success")}}, "", "yes [TOKEN]"},
		"another began":          {timeline.Started, []evidence.Job{{Name: "job", Steps: step("skipped")}, {Name: "else", Steps: step("success")}}, "", "no [TOKEN]"},
		"another leaked":         {timeline.Executed, []evidence.Job{{Name: "job", Conclusion: "failure"}, {Name: "else", Steps: step("success")}}, "", "no [TOKEN]"},
		"its steps are gone":     {timeline.Executed, []evidence.Job{{Name: "job", RunnerName: "runner 3"}, {Name: "else", Steps: step("success")}}, "", "unknown [TOKEN]"},
		"blocked":                {timeline.Blocked, nil, "", "no [TOKEN]"},
		"no record":              {timeline.Unknown, nil, "", "unknown [TOKEN]"},
		"waiting":                {timeline.Pending, []evidence.Job{{Name: "job", Status: "waiting"}}, "", "unknown [TOKEN]"},
		"the audit log has more": {timeline.Executed, []evidence.Job{{Name: "job", Steps: step("failure")}}, "MORE", "yes [MORE TOKEN]"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			f := w.Findings["bad"]
			f.Reach = []detect.Reach{{JobID: "job", JobName: "job", Secrets: []string{"TOKEN"}, Environment: "production"}}
			w.Findings["bad"] = f
			e := w.ran(1, "bad", c.ladder, 10, 0)
			e.Jobs, e.Whole, e.Run.Status = c.jobs, true, "completed"
			if c.passed != "" {
				w.Facts.Secrets = []evidence.SecretRecord{{Name: c.passed, Action: evidence.SecretPassed, RunID: 1, Job: "job"}}
			}
			got := exposure.CouldBeRead(w.Input)
			if len(got) != 1 || fmt.Sprint(got[0].Began, " ", got[0].Names()) != c.want {
				t.Errorf("got %+v", got)
			}
			if got[0].Began == exposure.Began && !strings.Contains(got[0].Reason, "environment let it pass") {
				t.Errorf("reason %q", got[0].Reason)
			}
			w.Timeline.Executions[0].Run.Event, w.Timeline.Executions[0].Run.HeadRepository = "pull_request", "fork/of"
			if foreign := exposure.CouldBeRead(w.Input); len(foreign) != 0 {
				t.Errorf("a fork's pull request gets no secrets: %+v", foreign)
			}
		})
	}
}
