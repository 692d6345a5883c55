package timeline_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

const days = 24 * 3600

// again adds the second attempt of run 7, started at(seconds).
func (w *world) again(seconds int, conclusion string) {
	run := w.facts.Runs[0]
	run.Attempt, run.Conclusion, run.StartedAt, run.UpdatedAt = 2, conclusion, at(seconds), at(seconds+30)
	w.facts.Runs = append(w.facts.Runs, run)
}

// A run again takes the old file after the branch was cleaned: that is a time at which it could take what was stored by then.
func TestReruns(t *testing.T) {
	cleaned := func(w *world) {
		w.commit("fix", 50, "", "plant")
		w.push("main", 50, "plant", "fix")
		w.list(20*days, "main=fix")
	}
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  []string
	}{
		{"nobody looked since, and it can still be run", func(w *world) { cleaned(w) }, []string{"main rerun  51s..2592021s possible"}},
		{"nobody had run it when all runs were listed; now it cannot be any more", func(w *world) {
			cleaned(w)
			w.runsListed(0, 31*days)
			w.now = at(40 * days)
		}, nil},
		{"and while it can, from then on", func(w *world) {
			cleaned(w)
			w.runsListed(0, 10*days)
			w.now = at(12 * days)
		}, []string{"main rerun  864000s..2592021s possible"}},
		{"until now nothing was left unlooked at", func(w *world) {
			cleaned(w)
			w.runsListed(0, 10*days)
			w.now = at(10 * days)
		}, nil},
		{"it was run again after the removal, and leaked", func(w *world) {
			cleaned(w)
			w.runsListed(0, 31*days)
			w.jobs(7, 1)
			w.again(3*days, "success")
			w.jobs(7, 2, job(1, "send", "success", "success", "success"))
			w.now = at(40 * days)
		}, []string{"main rerun  259200s matched 7"}},
		{"it was run again and blocked", func(w *world) {
			cleaned(w)
			w.runsListed(0, 31*days)
			w.jobs(7, 1)
			w.again(3*days, "failure")
			w.jobs(7, 2)
			w.now = at(40 * days)
		}, []string{"main rerun  259200s matched 7 excluded"}},
		{"a run that goes on is no old one", func(w *world) { w.facts.Runs[0].Status = "queued" }, nil},
		{"one that the audit log says was deleted cannot be run again", func(w *world) {
			cleaned(w)
			w.facts.Gaps = append(w.facts.Gaps, evidence.Gap{Unit: "audit-log/x", Kind: evidence.GapObjectMissing, Subject: "run 7"})
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := planted("failure")
			w.now = at(20 * days)
			c.facts(w)
			got := slices.DeleteFunc(w.opportunities(w.read()), func(s string) bool { return !strings.Contains(s, " rerun ") })
			same(t, "reruns", got, c.want)
		})
	}
}

// The push is excused by a blocked first attempt; what a second one did is no longer the push's.
func TestPushIsOfTheFirstAttempt(t *testing.T) {
	w := planted("failure")
	w.jobs(7, 1)
	w.again(500, "success")
	w.jobs(7, 2, job(1, "send", "success", "success", "success"))
	same(t, "opportunities", slices.DeleteFunc(w.opportunities(w.read()), func(s string) bool { return strings.Contains(s, "possible") }),
		[]string{"main push plant 20s matched 7 excluded", "main rerun  500s matched 7"})
}

func TestAttempts(t *testing.T) {
	for _, c := range []struct {
		name, conclusion string
		facts            func(w *world)
		want, reason     string
	}{
		{"waiting for an environment", "", func(w *world) {
			w.facts.Runs[0].Status = "waiting"
			waits := job(1, "send", "")
			waits.Status = "waiting"
			w.jobs(7, 1, waits)
		}, "pending", `job "send" waits for the approval`},
		{"waiting longer than any run lasts", "", func(w *world) {
			w.facts.Runs[0].Status = "waiting"
			w.now = at(36 * days)
		}, "unknown", "how it ended was not had"},
		{"the leaking step has begun", "", func(w *world) {
			w.facts.Runs[0].Status = "in_progress"
			runs := job(1, "send", "", "success", "")
			runs.Steps[1].Status = "in_progress"
			w.jobs(7, 1, runs)
		}, "executed", "began, and its end is not on record"},
		{"the leaking step waits for its turn", "", func(w *world) {
			w.facts.Runs[0].Status = "in_progress"
			runs := job(1, "send", "", "success", "")
			runs.Steps[1].Status, runs.Steps[1].StartedAt = "queued", at(0).AddDate(-3000, 0, 0)
			runs.Steps = runs.Steps[:1]
			w.jobs(7, 1, runs)
		}, "pending", "no record yet"},
		{"the leaking step was cancelled in its midst", "cancelled", func(w *world) {
			w.jobs(7, 1, job(1, "send", "cancelled", "success", "cancelled"))
		}, "executed", "cancelled after it had begun"},
		{"cancelled for a newer run", "cancelled", func(w *world) { w.jobs(7, 1, job(1, "send", "cancelled")) }, "blocked", "cancelled before a job began"},
		{"cancelled while another step ran", "cancelled", func(w *world) { w.jobs(7, 1, job(1, "send", "cancelled", "cancelled")) }, "started", "cancelled while its jobs ran"},
		{"GitHub could not start it", "startup_failure", func(w *world) { w.jobs(7, 1) }, "blocked", "startup_failure"},
		{"nobody looked for its jobs", "startup_failure", func(w *world) {}, "unknown", "could not be listed"},
		{"a runner took it, and steps are gone", "failure", func(w *world) {
			took := job(1, "send", "failure")
			took.RunnerName = "runner 3"
			w.jobs(7, 1, took)
		}, "unknown", "a runner took job"},
		{"its log is there", "failure", func(w *world) {
			w.jobs(7, 1, job(1, "send", "failure"))
			w.facts.Logs = []evidence.RunLog{{Repository: repository, RunID: 7, Attempt: 1, JobID: 1, Bytes: 10}}
		}, "started", "wrote a log"},
		{"the audit log says that it was deleted", "failure", func(w *world) {
			w.facts.Gaps = append(w.facts.Gaps, evidence.Gap{Unit: "audit-log/x", Kind: evidence.GapObjectMissing, Subject: "run 7"})
		}, "unknown", "was deleted"},
		{"the audit log names no file", "failure", func(w *world) { w.facts.Runs[0].Path = "" }, "unknown", "no source names its file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := planted(c.conclusion)
			c.facts(w)
			got := w.read().Executions
			if len(got) != 1 || got[0].Ladder != c.want || !strings.Contains(got[0].Reason, c.reason) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// The merge of a pull request's head with its base has what the base has.
func TestMergeSuppliesTheFile(t *testing.T) {
	for head, want := range map[string]string{"behind": "bad1", "own": "", "offer": "bad2"} {
		t.Run(head, func(t *testing.T) {
			w := newWorld()
			w.trunk("main")
			w.version("bad1", nil, workflow.Trigger{Event: "pull_request"})
			w.version("bad2", nil, workflow.Trigger{Event: "pull_request"})
			w.commit("base", 10, "")
			w.commit("plant", 20, "a.yml=bad1", "base")
			w.commit("behind", 15, "", "base")
			w.commit("own", 15, "a.yml=good", "base")
			w.commit("offer", 15, "a.yml=bad2", "base")
			w.push("main", 20, "base", "plant")
			w.list(100, "main=plant")
			w.run(7, "topic", head, 30).Event = "pull_request"
			got := ""
			for _, e := range w.read().Executions {
				got = w.names[e.Blob]
			}
			if got != want {
				t.Errorf("ran %q, want %q", got, want)
			}
		})
	}
}

// numbered makes runs of a.yml with these numbers, run and time as the number says.
func (w *world) numbered(numbers ...int) {
	w.facts.Runs = nil
	for _, n := range numbers {
		w.run(int64(100+n), "main", fmt.Sprint("n", n), 1000*n).Number = int64(n)
	}
}

// A number that no listed run bears is the trace of a run that somebody deleted, and where a push is without a run it says so.
func TestDeletedRuns(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  string // status of the push at 2500
		gap   bool
	}{
		{"the second of three is gone", func(w *world) { w.numbered(1, 2, 4) }, "run-deleted", true},
		{"none is gone", func(w *world) { w.numbered(1, 2, 3) }, "no-run-seen", false},
		{"one is gone that was there before the push", func(w *world) { w.numbered(2, 3) }, "no-run-seen", false},
		{"not all runs were listed", func(w *world) {
			w.numbered(1, 2, 4)
			w.facts.Coverage = nil
		}, "possible", false},
		{"nobody numbers them", func(w *world) {
			w.numbered(1, 2, 4)
			for i := range w.facts.Runs {
				w.facts.Runs[i].Number = 0
			}
		}, "no-run-seen", false},
		{"the first ones are gone, and the list reaches back to when the repository was made", func(w *world) {
			w.numbered(4)
			w.facts.State.CreatedAt = at(0)
		}, "run-deleted", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.trunk("main")
			w.version("bad1", nil, workflow.Trigger{Event: "push"})
			for n := range 5 {
				w.commit(fmt.Sprint("n", n), 1000*n, "a.yml=good")
			}
			w.commit("plant", 2500, "a.yml=bad1", "n2")
			w.push("main", 2500, "n2", "plant")
			w.list(10_000, "main=plant")
			w.runsListed(0, 20_000)
			c.facts(w)
			res := w.read()
			i := slices.IndexFunc(res.Opportunities, func(o timeline.Opportunity) bool { return o.Event == "push" && o.Head == oid("plant") })
			if i < 0 || res.Opportunities[i].Status != c.want || res.Opportunities[i].Excluded {
				t.Errorf("got %q, want %s", w.opportunities(res), c.want)
			}
			told := slices.Contains(w.gaps(res), "object-missing runs of a.yml")
			if told != c.gap {
				t.Errorf("gap of deleted runs %v, want %v: %v", told, c.gap, w.gaps(res))
			}
		})
	}
}

// What probably started nothing excludes nothing.
func TestSuppressionThatIsNotSure(t *testing.T) {
	fork := newWorld()
	fork.trunk("main")
	fork.facts.State.ForkOf = "someone/else"
	fork.facts.State.CreatedAt = at(0)
	fork.version("bad1", nil, workflow.Trigger{Event: "push"})
	fork.commit("base", 5, "")
	fork.commit("plant", 20, "a.yml=bad1", "base")
	fork.push("main", 20, "base", "plant")
	fork.list(100, "main=plant")
	fork.runsListed(0, 200)
	same(t, "a fork without any run", fork.opportunities(fork.read()), []string{"main push plant 20s suppressed"})
	fork.run(9, "main", "base", 6).Path = "other.yml"
	same(t, "a fork that has run something", fork.opportunities(fork.read()), []string{"main push plant 20s no-run-seen"})

	tags := newWorld()
	tags.trunk("main")
	tags.version("bad1", nil, workflow.Trigger{Event: "push"})
	tags.commit("base", 5, "")
	tags.commit("plant", 20, "a.yml=bad1")
	var want []string
	list := "main=base"
	for i, n := range []int{1, 2, 3, 4} {
		name := fmt.Sprint("tag/v", n)
		tags.update(evidence.OriginWebhooks, name, 30, evidence.TagCreation, "0", "plant")
		list += " " + name + "=plant"
		want = append(want, name+" push plant 30s suppressed")
		if i == 2 {
			tags.list(100, list)
			same(t, "three tags", tags.opportunities(tags.read()), []string{"tag/v1 push plant 30s possible", "tag/v2 push plant 30s possible", "tag/v3 push plant 30s possible"})
		}
	}
	tags.list(100, list)
	same(t, "four tags in one second", tags.opportunities(tags.read()), want)
}

// What a step printed is added to what its record shows, and lowers nothing.
func TestOutput(t *testing.T) {
	line := func(seconds int, text string) string {
		return at(seconds).Format("2006-01-02T15:04:05.0000000Z") + " " + text + "\n"
	}
	for name, c := range map[string]struct{ log, want string }{
		"not resolved":        {line(31, "curl: (6) Could not resolve host: bold-gull.example.invalid") + line(31, "##[error]Process completed with exit code 6."), "says: the host could not be resolved, exit code 6"},
		"refused":             {line(31, "curl: (7) Failed to connect to 192.0.2.1 port 80: Connection refused"), "says: the host refused the connection"},
		"answered":            {line(31, "< HTTP/1.1 200 OK"), "says: the host answered"},
		"answered an error":   {line(31, "curl: (22) The requested URL returned error: 404"), "says: the host answered, with an error"},
		"nothing":             {line(31, "bye"), "says nothing"},
		"another step's":      {line(20, "curl: (6) Could not resolve host") + line(90, "HTTP/1.1 200"), "says nothing"},
		"the script itself":   {line(31, "##[group]Run echo HTTP/1.1 200") + line(31, "echo HTTP/1.1 200") + line(31, "##[endgroup]"), "says nothing"},
		"no stamp":            {"HTTP/1.1 200 OK\n", "says nothing"},
		"hostile, not quoted": {line(31, "\x1b[2J HTTP/2 500 evil.example.invalid"), "says: the host answered"},
	} {
		t.Run(name, func(t *testing.T) {
			w := planted("failure")
			w.jobs(7, 1, job(1, "send", "failure", "success", "failure"))
			log := evidence.RunLog{Repository: repository, RunID: 7, Attempt: 1, JobID: 1, Bytes: int64(len(c.log))}
			w.facts.Logs = []evidence.RunLog{log}
			in := w.input()
			in.Log = func(l evidence.RunLog) ([]byte, error) { return []byte(c.log), nil }
			e := timeline.Read(in).Executions[0]
			if e.Ladder != timeline.Executed || !strings.Contains(e.Reason, c.want) || !slices.Contains(e.Leaked.Evidence, log.ID()) || strings.Contains(e.Reason, "example") {
				t.Errorf("got %s: %s, %v", e.Ladder, e.Reason, e.Leaked.Evidence)
			}
			in.Log = func(evidence.RunLog) ([]byte, error) { return nil, errors.New("lost") }
			if timeline.Read(in).Err == nil {
				t.Error("a log that cannot be read is no error")
			}
		})
	}
}

// A listing older than what runs and servers say ends nothing.
func TestOldListingEndsNothing(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.push("main", 10, "0", "base")
	w.list(100, "main=base")
	w.runsListed(0, 120)
	w.run(7, "side", "plant", 500)
	for _, p := range w.read().Presence {
		if p.Ref == ref("side") && p.Gone {
			t.Errorf("gone by a listing older than its run: %s", w.rows(w.read()))
		}
	}
	for _, o := range w.read().Opportunities {
		if o.Status == timeline.NoRunSeen {
			t.Errorf("nobody listed the runs of that time: %+v", o)
		}
	}
	w = newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.push("main", 10, "0", "base")
	w.list(100, "main=base")
	w.facts.Sightings = []evidence.Sighting{{Repository: repository, Origin: evidence.OriginWebhooks, ExternalID: "1", Ref: ref("main"), OID: oid("plant"), At: at(300), Clock: when.Server}}
	same(t, "seen after the listing", w.rows(w.read()), []string{`main a.yml [bad1/plant] proven armed added 100s..300s by "plant"`})
}
