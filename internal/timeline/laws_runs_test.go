package timeline_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/workflow"
)

// anyRun draws a run of the file, of one or two attempts, with whatever records of them there are.
func anyRun(t *rapid.T) *world {
	w := planted("failure")
	w.now = at(rapid.SampledFrom([]int{1000, 20 * days, 40 * days, 401 * days}).Draw(t, "now"))
	conclusions := []string{"success", "failure", "cancelled", "skipped", "action_required", "startup_failure"}
	for n := range rapid.IntRange(1, 2).Draw(t, "attempts") {
		if n > 0 {
			w.again(3*days, "")
		}
		run := &w.facts.Runs[n]
		run.Conclusion = rapid.SampledFrom(conclusions).Draw(t, "conclusion")
		run.Status = rapid.SampledFrom([]string{"completed", "completed", "completed", "queued", "waiting", "in_progress"}).Draw(t, "status")
		var jobs []evidence.Job
		for i := range rapid.IntRange(0, 2).Draw(t, "jobs") {
			name := rapid.SampledFrom([]string{"send", "other"}).Draw(t, "job")
			var steps []string
			for range rapid.IntRange(0, 3).Draw(t, "steps") {
				steps = append(steps, rapid.SampledFrom([]string{"success", "failure", "skipped", "cancelled", ""}).Draw(t, "step"))
			}
			j := job(int64(10*n+i+1), name, rapid.SampledFrom(conclusions[:4]).Draw(t, "ended"), steps...)
			if rapid.Bool().Draw(t, "runner") {
				j.RunnerName = "runner 1"
			}
			jobs = append(jobs, j)
		}
		w.jobs(7, n+1, jobs...)
	}
	w.runsListed(0, rapid.SampledFrom([]int{500, 50 * days}).Draw(t, "listed"))
	return w
}

// ladders gives the step of every attempt.
func ladders(res timeline.Result) map[int]timeline.Execution {
	out := map[int]timeline.Execution{}
	for _, e := range res.Executions {
		out[e.Run.Attempt] = e
	}
	return out
}

// TestLostRecordsExcuseNothing: taking records away, whole lists with the word that they were had, turns no answer into "blocked" and excludes
// no run and no opportunity that was not excluded before.
func TestLostRecordsExcuseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyRun(t)
		full := w.read()
		before := ladders(full)
		excluded := map[string]bool{}
		for _, o := range full.Opportunities {
			excluded[fmt.Sprint(o.Event, o.Head, o.Attempt)] = o.Excluded
		}
		lost := rapid.IntRange(0, len(w.facts.Coverage)-1).Draw(t, "coverage")
		w.facts.Coverage = slices.Delete(w.facts.Coverage, lost, lost+1)
		if rapid.Bool().Draw(t, "and the jobs") {
			for key := range w.facts.Jobs {
				if fmt.Sprintf("run %d attempt %d", key.RunID, key.Attempt) == fmt.Sprintf("run 7 attempt %d", lost+1) {
					delete(w.facts.Jobs, key)
				}
			}
		}
		if len(w.facts.Runs) > 1 && rapid.Bool().Draw(t, "the first attempt") {
			w.facts.Runs = w.facts.Runs[1:]
		}
		less := w.read()
		for n, e := range ladders(less) {
			if b := before[n]; e.Ladder == timeline.Blocked && b.Ladder != timeline.Blocked || e.Excluded && !b.Excluded {
				t.Fatalf("attempt %d was %s (%s), and with less is %s (%s)", n, b.Ladder, b.Reason, e.Ladder, e.Reason)
			}
		}
		for _, o := range less.Opportunities {
			if was, had := excluded[fmt.Sprint(o.Event, o.Head, o.Attempt)]; o.Excluded && had && !was {
				t.Fatalf("with less, %s is excluded: %s", o.Event, o.Reason)
			}
		}
	})
}

// TestMoreEvidenceLowersNothing: another attempt, another job or the log of one takes no proof away.
func TestMoreEvidenceLowersNothing(t *testing.T) {
	proven := []string{timeline.Executed, timeline.Started}
	rapid.Check(t, func(t *rapid.T) {
		w := anyRun(t)
		before := ladders(w.read())
		switch rapid.IntRange(0, 2).Draw(t, "more") {
		case 0:
			w.again(5*days, "failure")
			w.facts.Runs[len(w.facts.Runs)-1].Attempt = len(w.facts.Runs)
		case 1:
			w.jobs(7, 1, job(99, "send", "skipped"))
		case 2:
			w.facts.Logs = []evidence.RunLog{{Repository: repository, RunID: 7, Attempt: 1, JobID: 1, Bytes: 10}}
		}
		after := ladders(w.read())
		for n, b := range before {
			i, j := slices.Index(proven, b.Ladder), slices.Index(proven, after[n].Ladder)
			if i >= 0 && (j < 0 || j > i) {
				t.Fatalf("attempt %d was %s (%s), and with more is %s (%s)", n, b.Ladder, b.Reason, after[n].Ladder, after[n].Reason)
			}
		}
	})
}

// TestEveryEventHasItsOpportunity: a version in a row of the default branch is an opportunity for every event that it names.
func TestEveryEventHasItsOpportunity(t *testing.T) {
	for _, event := range []string{"push", "workflow_dispatch", "repository_dispatch", "schedule", "issue_comment", "discussion", "workflow_run", "pull_request",
		"pull_request_target", "workflow_call", "release", "delete"} {
		w := planted("failure")
		w.version("bad1", nil, workflow.Trigger{Event: event})
		w.facts.Runs = nil
		if got := w.opportunities(w.read()); len(got) != 1 {
			t.Errorf("%s: %v", event, got)
		}
	}
}
