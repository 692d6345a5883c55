package timeline_test

import (
	"testing"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/workflow"
)

func TestArmed(t *testing.T) {
	only := func(event string, filter ...string) func(w *world) {
		return func(w *world) {
			w.trunk("main")
			w.version("bad1", nil, workflow.Trigger{Event: event, Branches: filter})
			w.commit("base", 10, "")
			w.commit("plant", 20, "a.yml=bad1", "base")
			w.list(100, "main=base side=plant tag/v1=plant")
		}
	}
	rows := func(side, tag string) []string {
		return []string{`side a.yml [bad1/plant] proven ` + side + ` added 20g by "plant"`, `tag/v1 a.yml [bad1/plant] proven ` + tag + ` added 20g by "plant"`}
	}
	teach(t, []lesson{
		{name: "by push", facts: only("push"), rows: rows("armed", "armed")},
		{name: "by dispatch", facts: only("workflow_dispatch"), rows: rows("armed", "armed")},
		{name: "a filter for another branch: one of that name can be cut from it", facts: only("push", "release"), rows: rows("armed", "no")},
		{name: "on the default branch alone", facts: only("schedule"), rows: rows("no", "no")},
		{name: "pull_request_target on a side branch, while GitHub read the base branch's file", facts: only("pull_request_target"), rows: rows("armed", "no")},
		{name: "and since it reads the default branch's", rows: rows("no", "no"), facts: func(w *world) {
			only("pull_request_target")(w)
			w.facts.Listing.At = at(moved + 1)
		}},
		{name: "triggers that could not be read", rows: rows("armed", "armed"), facts: func(w *world) {
			only("push")(w)
			w.version("bad1", nil)
		}},
	})
}

func TestForks(t *testing.T) {
	fork := func(w *world) {
		w.trunk("main")
		w.facts.State.ForkOf, w.facts.State.CreatedAt = "copperfin/loomwork", at(50)
		w.commit("base", 10, "")
		w.commit("plant", 20, "a.yml=bad1", "base")
		w.facts.Coverage = []evidence.Coverage{{Origin: evidence.OriginActivity, To: at(9000), Complete: true}}
	}
	inherited := `main a.yml [bad1/plant] proven inherited added 20g by "plant"`
	teach(t, []lesson{
		{name: "what came with the fork is inherited", rows: []string{inherited}, facts: func(w *world) {
			fork(w)
			w.list(100, "main=plant")
		}},
		{
			name: "a rearm pushed to the fork is not", facts: func(w *world) {
				fork(w)
				w.commit("rearm", 70, "a.yml=bad2", "plant")
				w.push("main", 5000, "plant", "rearm")
				w.list(9000, "main=rearm")
			},
			rows: []string{`main a.yml [bad1/plant bad2/rearm] proven armed added 20g..5000s by "plant"`},
		},
		{
			name: "nor is a branch that was pushed there later, however old its commit claims to be", facts: func(w *world) {
				fork(w)
				w.commit("sneak", 30, "a.yml=bad2", "base")
				w.push("x", 5000, "0", "sneak")
				w.list(9000, "main=plant x=sneak")
			},
			rows: []string{inherited, `x a.yml [bad2/sneak] proven armed added 5000s by "sneak"`},
		},
		{
			name: "a branch cut from what was inherited is", facts: func(w *world) {
				fork(w)
				w.push("x", 5000, "0", "plant")
				w.list(9000, "main=plant x=plant")
			},
			rows: []string{inherited, `x a.yml [bad1/plant] proven inherited added 5000s by ""`},
		},
		{name: "a commit that says it is younger than the fork was not inherited", facts: func(w *world) {
			fork(w)
			w.facts.State.CreatedAt = at(15)
			w.list(100, "main=plant")
		}, rows: []string{`main a.yml [bad1/plant] proven armed added 20g by "plant"`}},
		{name: "nor one without a date", facts: func(w *world) {
			fork(w)
			w.commits[1].Committer.Date = time.Time{}
			w.list(100, "main=plant")
		}, rows: []string{`main a.yml [bad1/plant] proven armed added ? by "plant"`}},
		{name: "nor a row with a younger rearm", facts: func(w *world) {
			fork(w)
			w.commit("rearm", 60, "a.yml=bad2", "plant")
			w.list(100, "main=rearm")
		}, rows: []string{`main a.yml [bad1/plant bad2/rearm] proven armed added 20g by "plant"`}},
		{name: "where the activity was not listed to its beginning, dates are all that says so", facts: func(w *world) {
			fork(w)
			w.facts.Coverage[0].From = at(60)
			w.list(100, "main=plant")
		}, rows: []string{inherited}, gaps: []string{"not-collected main"}},
	})
}

// Only the whole activity shows that the secrets were out of reach.
func TestInheritedByClaim(t *testing.T) {
	for _, complete := range []bool{true, false} {
		w := newWorld()
		w.trunk("main")
		w.facts.State.ForkOf, w.facts.State.CreatedAt = "copperfin/loomwork", at(50)
		w.commit("plant", 20, "a.yml=bad1")
		w.facts.Coverage = []evidence.Coverage{{Origin: evidence.OriginActivity, To: at(100), Complete: complete}}
		w.list(100, "main=plant")
		if p := w.read().Presence[0]; p.Armed != timeline.Inherited || p.Inherited != complete {
			t.Errorf("complete %t: %s, %t", complete, p.Armed, p.Inherited)
		}
	}
}

func TestOriginOfPullHeads(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	for _, name := range []string{"unknown", "forked", "own"} {
		w.commit(name, 20, "a.yml=bad1", "base")
	}
	w.list(100, "main=base side=own pull/1=unknown pull/2=forked pull/3=own")
	run := w.run(8, "strangers", "forked", 25)
	run.Event, run.HeadRepository = "pull_request", "wim-tarn/tidepool"
	for _, p := range w.read().Presence {
		if want := p.Ref == ref("pull/1"); p.Unsourced != want {
			t.Errorf("%s: unsourced %t", p.Ref, p.Unsourced)
		}
	}
}
