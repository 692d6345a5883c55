package timeline_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/workflow"
)

// The branch that is the default one today was not when the clock started the file: the run says which was.
func TestScheduleOnAFormerDefaultBranch(t *testing.T) {
	w := newWorld()
	w.trunk("trunk")
	w.version("bad1", []timeline.Leak{leak}, workflow.Trigger{Event: "schedule"})
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.commit("fix", 40, "", "plant")
	w.push("main", 10, "0", "base")
	w.push("main", 20, "base", "plant")
	w.push("main", 40, "plant", "fix")
	w.push("trunk", 50, "0", "fix")
	w.push("main", 50, "fix", "0")
	w.list(100, "trunk=fix")
	w.run(7, "main", "plant", 30).Event = "schedule"
	w.jobs(7, 1, job(1, "send", "success", "success", "success"))
	res := w.read()
	if len(res.Executions) != 1 || res.Executions[0].Ladder != timeline.Executed || !strings.Contains(res.Executions[0].Reason, "refs/heads/main") {
		t.Errorf("got %+v", res.Executions)
	}
	same(t, "opportunities", slices.DeleteFunc(w.opportunities(res), func(s string) bool { return strings.Contains(s, " rerun ") }),
		[]string{"main schedule  20s..40s matched 7"})
}

// A head that was cut before the file was replaced still has the old text, and its merge with the base has the new one.
func TestMergeReplacesAnOlderText(t *testing.T) {
	for head, want := range map[string]string{"cut": "bad1", "own": ""} {
		w := newWorld()
		w.trunk("main")
		w.version("bad1", nil, workflow.Trigger{Event: "pull_request"})
		w.commit("first", 5, "a.yml=old")
		w.commit("base", 10, "a.yml=good", "first")
		w.commit("plant", 20, "a.yml=bad1", "base")
		w.commit("cut", 15, "a.yml=old", "first")
		w.commit("own", 15, "a.yml=mine", "first")
		w.push("main", 20, "base", "plant")
		w.list(100, "main=plant")
		w.run(7, "topic", head, 30).Event = "pull_request"
		got := ""
		for _, e := range w.read().Executions {
			got = w.names[e.Blob]
		}
		if got != want {
			t.Errorf("%s: ran %q, want %q", head, got, want)
		}
	}
}

// A run of a branch that is gone, whose head nobody has, is not said to have come to nothing.
func TestRunOfAnUnknownHead(t *testing.T) {
	w := planted("failure")
	w.facts.Runs = nil
	w.run(8, "gone", "lost", 30).Conclusion = "failure"
	w.jobs(8, 1, job(1, "send", "skipped"), evidence.Job{JobID: 2, Name: "other", Status: "completed", Conclusion: "success", Steps: []evidence.Step{{Name: "x", Conclusion: "success"}}})
	for _, e := range w.read().Executions {
		if e.Excluded || e.Ladder != timeline.Started {
			t.Errorf("got %+v", e)
		}
	}
}
