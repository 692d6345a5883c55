package timeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/workflow"
)

var leak = timeline.Leak{JobID: "send", JobName: "send", StepName: "Security", StepIndex: 1}

// job has the set-up step and the two of the file; each conclusion is that of one step of the file, "" for no record.
func job(id int64, name, conclusion string, steps ...string) evidence.Job {
	j := evidence.Job{JobID: id, Name: name, Status: "completed", Conclusion: conclusion, StartedAt: at(30), CompletedAt: at(40)}
	names := []string{"Prepare", "Security", "After"}
	for i, s := range steps {
		j.Steps = append(j.Steps, evidence.Step{Number: int64(i + 2), Name: names[i], Status: "completed", Conclusion: s, StartedAt: at(30 + i), CompletedAt: at(31 + i)})
	}
	return j
}

// planted is a repository with the file since at(20) and one run of it at at(21), of conclusion.
func planted(conclusion string) *world {
	w := newWorld()
	w.trunk("main")
	w.version("bad1", []timeline.Leak{leak}, workflow.Trigger{Event: "push"})
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.push("main", 20, "base", "plant")
	w.list(100, "main=plant")
	w.run(7, "main", "plant", 21).Conclusion = conclusion
	return w
}

func TestLadder(t *testing.T) {
	const day = 24 * 3600
	for _, c := range []struct {
		name, conclusion string
		facts            func(w *world)
		want             string // "ladder", "excluded" and the leak, of each attempt
	}{
		{"the leaking step ran", "success", func(w *world) { w.jobs(7, 1, job(1, "send", "success", "success", "success")) }, "executed 31r..32r"},
		{"it failed after it", "failure", func(w *world) { w.jobs(7, 1, job(1, "send", "failure", "success", "success", "failure")) }, "executed 31r..32r"},
		{"it failed in it", "failure", func(w *world) { w.jobs(7, 1, job(1, "send", "failure", "success", "failure")) }, "executed 31r..32r"},
		{"the step was skipped", "success", func(w *world) { w.jobs(7, 1, job(1, "send", "success", "success", "skipped")) }, "started excluded"},
		{"its job was skipped, another ran", "success", func(w *world) {
			w.jobs(7, 1, job(1, "send", "skipped"), job(2, "other", "success", "success"))
		}, "started excluded"},
		{"another ran, and of the leaking one there is no record", "success", func(w *world) { w.jobs(7, 1, job(2, "other", "success", "success")) }, "started"},
		{"it was skipped in a list that was cut", "success", func(w *world) {
			w.jobs(7, 1, job(1, "send", "success", "success", "skipped"))
			w.facts.Coverage = nil
		}, "started"},
		{"it was skipped, and the run goes on", "", func(w *world) {
			w.jobs(7, 1, job(1, "send", "success", "success", "skipped"))
			w.facts.Runs[0].Status = "in_progress"
		}, "pending"},
		{"two steps leak, and of one there is no record", "success", func(w *world) {
			w.version("bad1", []timeline.Leak{leak, {JobID: "two", JobName: "two", StepName: "Security"}}, workflow.Trigger{Event: "push"})
			w.jobs(7, 1, job(1, "send", "success", "success", "skipped"))
		}, "started"},
		{"no job at all", "failure", func(w *world) { w.jobs(7, 1) }, "blocked excluded"},
		{"a job without a step", "failure", func(w *world) { w.jobs(7, 1, job(1, "send", "failure")) }, "blocked excluded"},
		{"success without a record: records are gone", "success", func(w *world) { w.jobs(7, 1) }, "unknown"},
		{"a job's success without a step: steps are gone", "failure", func(w *world) { w.jobs(7, 1, job(1, "send", "success")) }, "unknown"},
		{"the jobs were not listed", "failure", func(w *world) {}, "unknown"},
		{"the jobs were listed in part", "failure", func(w *world) {
			w.jobs(7, 1, job(1, "send", "failure"))
			w.facts.Coverage = nil
		}, "unknown"},
		{"approval is waited for", "action_required", func(w *world) { w.jobs(7, 1) }, "pending"},
		{"it was waited for too long", "action_required", func(w *world) {
			w.jobs(7, 1)
			w.now = at(31 * day)
		}, "blocked excluded"},
		{"its jobs were listed while it could still be approved, and never since", "action_required", func(w *world) {
			w.jobs(7, 1)
			w.jobsListedAt(at(10 * day))
			w.now = at(60 * day)
		}, "unknown"},
		{"its jobs were listed before it ended, and never since", "failure", func(w *world) {
			w.jobs(7, 1)
			w.jobsListedAt(at(30))
		}, "unknown"},
		{"a skipped step was listed before the run ended", "success", func(w *world) {
			w.jobs(7, 1, job(1, "send", "success", "success", "skipped"))
			w.jobsListedAt(at(30))
		}, "started"},
		{"queued", "", func(w *world) { w.facts.Runs[0].Status = "queued" }, "pending"},
		{"older than records are kept", "failure", func(w *world) {
			w.jobs(7, 1)
			w.now = at(401 * day)
		}, "unknown"},
		{"listed when records were kept, and read again later", "failure", func(w *world) {
			w.jobs(7, 1)
			w.jobsListedAt(at(day))
			w.now = at(401 * day)
		}, "blocked excluded"},
		{"two steps of one name, behind one of GitHub's own: which is which is not told", "success", func(w *world) {
			j := job(1, "send", "success", "skipped", "success")
			j.Steps[0].Name, j.Steps[1].Name = "Security", "Security"
			j.Steps[0].Number, j.Steps[1].Number = 3, 4
			j.Steps = append([]evidence.Step{{Number: 1, Name: "Set up job", Conclusion: "success"}, {Number: 2, Name: "Initialize containers", Conclusion: "success"}}, j.Steps...)
			w.jobs(7, 1, j)
		}, "executed 31r..32r"},
		{"a decoy bears the id of a job whose name is known at run time only", "success", func(w *world) {
			named := leak
			named.JobName = "for ${{ github.ref }}"
			w.version("bad1", []timeline.Leak{named}, workflow.Trigger{Event: "push"})
			w.jobs(7, 1, job(1, "send", "skipped"), job(2, "for refs/heads/main", "success", "success", "success"))
		}, "executed 31r..32r"},
		{"a step whose name is known at run time only", "success", func(w *world) {
			named := leak
			named.StepName = "${{ matrix.of }}"
			w.version("bad1", []timeline.Leak{named}, workflow.Trigger{Event: "push"})
			w.jobs(7, 1, job(1, "send", "success", "success", "success"))
		}, "executed 31r..32r"},
		{"older, and the record is still there", "failure", func(w *world) {
			w.jobs(7, 1, job(1, "send", "success", "success", "success"))
			w.now = at(401 * day)
		}, "executed 31r..32r"},
		{"a matrix: the first to end counts", "success", func(w *world) {
			late := job(1, "send (3.12)", "success", "success", "success")
			late.Steps[1].CompletedAt = at(50)
			w.jobs(7, 1, late, job(2, "send (3.13)", "success", "success", "success"))
		}, "executed 31r..32r"},
		{"called by a reusable workflow", "success", func(w *world) { w.jobs(7, 1, job(1, "caller / send", "success", "success", "success")) }, "executed 31r..32r"},
		{"two steps of one name: the place decides", "success", func(w *world) {
			j := job(1, "send", "success", "success", "skipped", "success")
			j.Steps[2].Name = "Security"
			w.jobs(7, 1, j)
		}, "started excluded"},
		{"a second attempt did what the first was kept from", "success", func(w *world) {
			w.jobs(7, 1)
			w.facts.Runs[0].Conclusion = "failure"
			again := w.facts.Runs[0]
			again.Attempt, again.Conclusion = 2, "success"
			w.facts.Runs = append(w.facts.Runs, again)
			w.jobs(7, 2, job(1, "send", "success", "success", "success"))
		}, "blocked excluded, executed 31r..32r"},
		{"the first attempt could not be had", "failure", func(w *world) {
			w.facts.Runs[0].Attempt = 2
			w.jobs(7, 2)
		}, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := planted(c.conclusion)
			c.facts(w)
			var got []string
			for _, e := range w.read().Executions {
				line := e.Ladder
				if e.Excluded {
					line += " excluded"
				}
				if e.Leaked.Known() {
					line += " " + span(e.Leaked)
				}
				got = append(got, line)
				if e.Reason == "" {
					t.Error("no reason")
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

// opportunities writes each: ref, event, head, when and what became of it.
func (w *world) opportunities(res timeline.Result) []string {
	var out []string
	for _, o := range res.Opportunities {
		line := fmt.Sprintf("%s %s %s %s %s", short(o.Ref), o.Event, w.names[o.Head], span(o.At), o.Status)
		if o.RunID != 0 {
			line += fmt.Sprint(" ", o.RunID)
		}
		if o.Excluded {
			line += " excluded"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func TestOpportunities(t *testing.T) {
	said := func(message string) func(w *world) {
		return func(w *world) {
			w.facts.Runs = nil
			w.runsListed(0, 200)
			w.message("plant", message)
		}
	}
	by := func(actor string) func(w *world) {
		return func(w *world) {
			said("x")(w)
			w.facts.Updates[0].Actor = actor
		}
	}
	const noRun, suppressed = "main push plant 20s no-run-seen", "main push plant 20s suppressed excluded"
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  []string
	}{
		{"matched", func(w *world) { w.jobs(7, 1, job(1, "send", "success", "success", "success")) }, []string{"main push plant 20s matched 7"}},
		{"matched and shown not to have leaked", func(w *world) { w.jobs(7, 1) }, []string{"main push plant 20s matched 7 excluded"}},
		{"no run seen, where all were listed", said("x"), []string{noRun}},
		{"runs were not listed", func(w *world) { w.facts.Runs = nil }, []string{"main push plant 20s possible"}},
		{"runs were listed from a later time", func(w *world) {
			w.facts.Runs = nil
			w.runsListed(50, 200)
		}, []string{"main push plant 20s possible"}},
		{"runs were listed when they were no longer kept", func(w *world) {
			w.facts.Runs = nil
			w.runsListed(-100, 401*24*3600)
		}, []string{"main push plant 20s possible"}},
		{"[skip ci]", said("docs [skip ci]"), []string{suppressed}},
		{"[actions skip]", said("docs\n\n[actions skip]"), []string{suppressed}},
		{"another spelling is not known to do it", said("docs [Skip CI]"), []string{noRun}},
		{"the trailer behind two empty lines", said("docs\n\n\nskip-checks: true"), []string{suppressed}},
		{"the trailer among others", said("docs\n\nSigned-off-by: M\nskip-checks:true\n"), []string{suppressed}},
		{"the words behind one line are no trailer", said("docs\nskip-checks: true"), []string{noRun}},
		{"pushed with GITHUB_TOKEN", by("github-actions[bot]"), []string{suppressed}},
		{"pushed by Dependabot", by("dependabot[bot]"), []string{suppressed}},
		{"a run outweighs what should have suppressed it", func(w *world) {
			w.jobs(7, 1, job(1, "send", "success", "success", "success"))
			w.message("plant", "[skip ci]")
		}, []string{"main push plant 20s matched 7"}},
		{"a filter for another branch", func(w *world) {
			w.facts.Runs = nil
			w.version("bad1", nil, workflow.Trigger{Event: "push", Branches: []string{"release"}})
		}, nil},
		{"dispatch, throughout the presence", func(w *world) {
			w.facts.Runs = nil
			w.version("bad1", nil, workflow.Trigger{Event: "workflow_dispatch"})
			w.runsListed(0, 200)
		}, []string{"main workflow_dispatch  20s..? no-run-seen"}},
		{"a dispatch that was kept from leaking excuses itself alone", func(w *world) {
			w.version("bad1", nil, workflow.Trigger{Event: "workflow_dispatch"})
			w.facts.Runs[0].Event = "workflow_dispatch"
			w.facts.Runs[0].Conclusion = "failure"
			w.jobs(7, 1)
		}, []string{"main workflow_dispatch  20s..? matched 7"}},
		{"the head came twice, and the run of one coming does not excuse the other", func(w *world) {
			w.push("main", 500, "plant", "base")
			w.push("main", 600, "base", "plant")
			w.runsListed(0, 1000)
			w.list(900, "main=plant")
			w.facts.Runs[0].CreatedAt = at(601)
			w.jobs(7, 1)
		}, []string{"main push plant 20s no-run-seen", "main push plant 600s matched 7 excluded"}},
		{"a pull request of a fork matches its run by head, and the fork's main is not ours", func(w *world) {
			w.version("bad1", nil, workflow.Trigger{Event: "pull_request"})
			w.commit("offer", 30, "a.yml=bad1", "base")
			w.list(100, "main=plant pull/1=offer")
			w.facts.Runs = nil
			run := w.run(8, "main", "offer", 35)
			run.Event, run.HeadRepository = "pull_request", "wim-tarn/tidepool"
		}, []string{"main pull_request  20s..? possible", "pull/1 pull_request  30g..? matched 8"}},
		{"what a local merge hid may have been pushed, whatever the merge says", func(w *world) {
			w.facts.Runs, w.facts.Updates = nil, nil
			w.commit("rearm", 25, "a.yml=bad1", "plant")
			w.commit("local", 15, "", "base")
			w.commit("merge", 50, "a.yml=bad1", "local", "rearm")
			w.message("merge", "Merge [skip ci]")
			w.list(100, "main=merge")
		}, []string{"main push merge 50g suppressed excluded", "main push plant 20g..50g possible", "main push rearm 25g..50g possible"}},
		{"several commits of one push that is told are one push", func(w *world) {
			w.facts.Runs = nil
			w.commit("rearm", 25, "a.yml=bad1", "plant")
			w.facts.Updates[0].After = oid("rearm")
			w.list(100, "main=rearm")
		}, []string{"main push rearm 20s possible"}},
		{"pull_request_target read the file of its base branch, until it did not", func(w *world) {
			w.facts.Runs, w.facts.Updates = nil, nil
			w.version("bad1", nil, workflow.Trigger{Event: "pull_request_target"})
			w.push("old", 20, "0", "plant")
			w.push("new", moved+5, "0", "plant")
			w.list(moved+50, "main=base old=plant new=plant")
		}, []string{fmt.Sprintf("old pull_request_target  20s..%ds possible", moved)}},
		{"whose run names the branch of the head, not the base", func(w *world) {
			w.facts.Updates = nil
			w.version("bad1", nil, workflow.Trigger{Event: "pull_request_target"})
			w.push("old", 20, "0", "plant")
			w.list(100, "main=base old=plant")
			w.facts.Runs[0].Event, w.facts.Runs[0].HeadBranch, w.facts.Runs[0].HeadSHA = "pull_request_target", "feature", oid("base")
		}, []string{fmt.Sprintf("old pull_request_target  20s..%ds matched 7", moved)}},
		{"an event without a push could start each version while it stood", func(w *world) {
			w.facts.Runs = nil
			w.version("bad1", nil, workflow.Trigger{Event: "workflow_dispatch"})
			w.version("bad2", nil, workflow.Trigger{Event: "push"})
			w.commit("rearm", 30, "a.yml=bad2", "plant")
			w.commit("fix", 40, "", "rearm")
			w.push("main", 50, "plant", "rearm")
			w.push("main", 60, "rearm", "fix")
			w.list(100, "main=fix")
		}, []string{"main push rearm 50s possible", "main workflow_dispatch  20s..50s possible"}},
		{"but not one that came with its successor", func(w *world) {
			w.facts.Runs = nil
			w.version("bad1", nil, workflow.Trigger{Event: "workflow_dispatch"})
			w.version("bad2", nil, workflow.Trigger{Event: "push"})
			w.commit("rearm", 30, "a.yml=bad2", "plant")
			w.facts.Updates[0].After = oid("rearm")
			w.list(100, "main=rearm")
		}, []string{"main push rearm 20s possible"}},
		{"schedule starts the default branch's file alone", func(w *world) {
			w.facts.Runs = nil
			w.version("bad1", nil, workflow.Trigger{Event: "schedule"})
			w.list(100, "main=plant side=plant")
		}, []string{"main schedule  20s..? possible"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := planted("failure")
			c.facts(w)
			// That a run can be run again is looked at in TestReruns.
			got := slices.DeleteFunc(w.opportunities(w.read()), func(s string) bool { return strings.Contains(s, " rerun ") })
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// moved is when a pull request's target surely reads the default branch: the day that GitHub names, 2025-12-08, is over everywhere.
const moved = (99*24 + 8) * 3600

// What supplies the file decides what a run ran: the head for most events, the default branch for some, the base for a pull request's target
// until 2025-12-08.
func TestWhatRan(t *testing.T) {
	for _, c := range []struct {
		name, event, branch, head string
		seconds                   int
		want                      string // ref and version, "" for a run that is none of ours
	}{
		{"push reads the pushed commit", "push", "main", "plant", 21, "main bad1"},
		{"and not another's", "push", "main", "base", 21, ""},
		{"schedule reads the default branch as it was", "schedule", "main", "base", 25, "main bad1"},
		{"before the plant", "schedule", "main", "base", 15, ""},
		{"after the removal", "schedule", "main", "plant", 45, ""},
		{"a pull request's target read its base branch", "pull_request_target", "feature", "base", 55, "feature bad2"},
		{"on the day that it moved either may have been read", "pull_request_target", "feature", "base", moved - 24*3600, "feature bad2"},
		{"and reads the default branch since", "pull_request_target", "feature", "base", moved + 10, ""},
		{"what a lost commit held cannot be told", "push", "main", "lost", 30, "main "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.trunk("main")
			every := []workflow.Trigger{{Event: "push"}, {Event: "schedule"}, {Event: "pull_request_target"}}
			w.version("bad1", nil, every...)
			w.version("bad2", nil, every...)
			w.commit("base", 10, "")
			w.commit("plant", 20, "a.yml=bad1", "base")
			w.commit("fix", 40, "", "plant")
			w.commit("side", 50, "a.yml=bad2", "base")
			w.push("main", 10, "0", "base")
			w.push("main", 20, "base", "plant")
			w.push("main", 40, "plant", "fix")
			w.push("side", 50, "0", "side")
			w.list(moved+1000, "main=fix side=side")
			w.now = at(moved + 2000)
			run := w.run(7, c.branch, c.head, c.seconds)
			run.Event = c.event
			got := ""
			for _, e := range w.read().Executions {
				got = short(e.Ref) + " " + w.names[e.Blob]
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
