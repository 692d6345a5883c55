package timeline_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

func TestUpdates(t *testing.T) {
	teach(t, []lesson{
		{
			name: "created and deleted within one second",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("sneak", 20, "a.yml=bad1", "base")
				w.push("x", 30, "sneak", "0")
				w.push("x", 30, "0", "sneak")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/sneak] proven no added 30s by "sneak" removed 30s by "" branch_deletion`},
		},
		{
			name: "moves of one second are chained, not sorted",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 20, "a.yml=bad1", "plant")
				w.commit("fix", 20, "", "trigger")
				w.push("main", 20, "trigger", "fix")
				w.push("main", 20, "plant", "trigger")
				w.push("main", 20, "base", "plant")
				w.push("main", 10, "0", "base")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20s by "plant" removed 20s by "fix" delete`},
		},
		{
			name: "sources that lag differently are chained too",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 21, "", "plant")
				w.push("main", 21, "plant", "fix")
				w.update(evidence.OriginEvents, "main", 23, evidence.Push, "base", "plant")
				w.list(100, "main=fix")
			},
			// The stamps of two clocks run against the chain: both hold for both moves.
			rows: []string{`main a.yml [bad1/plant] proven no added 21s..23s by "plant" removed 21s..23s by "fix" delete`},
		},
		{
			name: "a delivery is of the push before it, not of one like it soon after",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
				w.push("main", 21, "plant", "base")
				w.push("main", 23, "base", "plant")
				w.update(evidence.OriginWebhooks, "main", 22, evidence.Push, "base", "plant")
				w.list(100, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 23s by "plant"`, `main a.yml [bad1/plant] proven no added 20s..22s by "plant" removed 21s by "" force_push`},
		},
		{
			name: "moves of one moment that lead round can begin anywhere",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.update(evidence.OriginWebhooks, "tag/v1", 1010, evidence.TagDeletion, "plant", "0")
				w.update(evidence.OriginWebhooks, "tag/v1", 1010, evidence.Push, "base", "plant")
				w.update(evidence.OriginArchive, "tag/v1", 1011, evidence.TagCreation, "", "")
				w.list(5000, "main=base tag/v1=plant")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven armed added 1011s..? by ""`, `tag/v1 a.yml [bad1/plant] proven no added 1010s by "plant" removed 1010s by "" retag`},
			gaps: []string{"broken-chain tag/v1"},
		},
		{
			name: "plant, trigger and revert in one push: possible, with the push as all bounds",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.commit("fix", 22, "", "trigger")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "base", "fix")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 30s by "plant" removed 30s by "fix" delete`},
		},
		{
			name: "plant, revert and plant in one push: the first was taken away by the revert",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 22, "", "plant")
				w.commit("again", 23, "a.yml=bad1", "fix")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "base", "again")
				w.list(100, "main=again")
			},
			rows: []string{
				`main a.yml [bad1/again] proven armed added 30s by "again"`,
				`main a.yml [bad1/plant] possible no added 30s by "plant" removed 30s by "fix" delete`,
			},
		},
		{
			name: "an object in the middle is missing: the end lies between the moves around it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 30, "")
				w.push("main", 10, "0", "base")
				w.push("main", 20, "base", "plant")
				w.push("main", 25, "plant", "lost")
				w.push("main", 40, "lost", "fix")
				w.list(100, "main=fix")
				w.names[oid("lost")] = "lost"
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20s by "plant" removed 25s..40s by "" force_push`},
			gaps: []string{"object-missing lost"},
		},
		{
			name: "an object before the plant is missing: the file may have come with it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "lost")
				w.push("main", 10, "0", "base")
				w.push("main", 15, "base", "lost")
				w.push("main", 20, "lost", "plant")
				w.list(100, "main=plant")
				w.names[oid("lost")] = "lost"
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 15s..20s by "plant"`},
			gaps: []string{"object-missing lost"},
		},
		{
			name: "a broken chain: what lies between is read from git within the moves around it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.commit("fix", 40, "", "trigger")
				w.push("main", 10, "0", "base")
				w.push("main", 40, "trigger", "fix")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10s..40s by "plant" removed 40s by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "two holes in one ref are both told",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("one", 20, "", "base")
				w.commit("two", 30, "", "one")
				w.commit("three", 40, "", "two")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "one", "two")
				w.list(100, "main=three")
			},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "a ref that vanished from the listing",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("x", 20, "0", "plant")
				w.push("x", 30, "plant", "lost")
				w.push("x", 40, "lost", "lost2")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20s by "plant" removed 30s..100s by "" branch_deletion`},
			gaps: []string{"object-missing " + string(oid("lost")), "unconfirmed-end x"},
		},
		{
			name: "no listing: the end is not known",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 20s by "plant"`},
			gaps: []string{"unconfirmed-end main"},
		},
		{
			name: "activity and events two seconds apart are one move, as their hull",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
				w.update(evidence.OriginEvents, "main", 22, evidence.Push, "base", "plant")
				w.list(100, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 20s..22s by "plant"`},
		},
		{
			name: "hours apart they may be two moves, and then others between them are missing",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
				w.update(evidence.OriginEvents, "main", 9020, evidence.Push, "base", "plant")
				w.list(10_000, "main=plant")
			},
			rows: []string{
				`main a.yml [bad1/plant] proven armed added 9020s by "plant"`,
				`main a.yml [bad1/plant] proven no added 20s by "plant" removed 20s..9020s by "" force_push`,
			},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "a CreateEvent names no commit: what the next move left was there at the latest then",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 40, "", "plant")
				w.update(evidence.OriginEvents, "x", 15, evidence.BranchCreation, "", "")
				w.update(evidence.OriginEvents, "x", 40, evidence.Push, "plant", "fix")
				w.update(evidence.OriginEvents, "x", 50, evidence.BranchDeletion, "", "")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 15s..40s by "plant" removed 40s by "fix" delete`},
		},
		{
			name: "a DeleteEvent names no commit: the file was there until then",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("x", 20, "0", "plant")
				w.update(evidence.OriginEvents, "x", 50, evidence.BranchDeletion, "", "")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20s by "plant" removed 50s by "" branch_deletion`},
		},
		{
			name: "a tag's CreateEvent bounds its coming from below, a run from above",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.update(evidence.OriginEvents, "tag/v1", 30, evidence.TagCreation, "", "")
				w.update(evidence.OriginEvents, "tag/v2", 30, evidence.TagCreation, "", "")
				w.run(8, "v2", "plant", 31)
				w.list(100, "main=base tag/v1=plant tag/v2=plant")
			},
			rows: []string{
				`tag/v1 a.yml [bad1/plant] proven armed added 30s..? by ""`,
				`tag/v2 a.yml [bad1/plant] proven armed added 30s..31s by ""`,
			},
		},
		{
			name: "a branch that only runs tell of",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.run(7, "x", "plant", 25)
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20g..25s by "plant" removed ?..100s by "" branch_deletion`},
			gaps: []string{"unconfirmed-end x"},
		},
		{
			name: "and the refs were never listed",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.run(7, "x", "plant", 25)
			},
			rows: []string{`x a.yml [bad1/plant] proven armed added 20g..25s by "plant"`},
			gaps: []string{"unconfirmed-end x"},
		},
		{
			name: "erased from a ref that is still there, and runs alone remember, one of them of the trigger",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.run(7, "main", "trigger", 25)
				w.list(100, "main=base")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20g..25s by "plant" removed ?..100s by "" force_push`},
			gaps: []string{"unconfirmed-end main"},
		},
		{
			name: "a commit that nothing places",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.list(100, "main=base")
			},
			rows: []string{` a.yml [bad1/plant] possible no added 20g by "plant"`},
			gaps: []string{"unplaced plant"},
		},
		{
			name: "a claimed date after a run of the commit is refuted",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 9_000_000, "a.yml=bad1", "base")
				w.run(7, "main", "plant", 25)
				w.list(100, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added ?..25s by "plant"`},
			gaps: []string{"contradiction plant"},
		},
		{
			name: "a branch made with the file in it was made by the update, not by a commit",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 40, "", "plant")
				w.push("main", 10, "0", "base")
				w.push("main", 20, "base", "plant")
				w.push("cut", 30, "0", "plant")
				w.push("main", 40, "plant", "fix")
				w.list(100, "main=fix cut=plant")
			},
			rows: []string{
				`cut a.yml [bad1/plant] proven armed added 30s by ""`,
				`main a.yml [bad1/plant] proven no added 20s by "plant" removed 40s by "fix" delete`,
			},
		},
	})
}

// Two holes in one ref are one gap, and it tells of both.
func TestDisagreementsAreTold(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("one", 20, "", "base")
	w.commit("two", 30, "", "one")
	w.commit("three", 40, "", "two")
	w.push("main", 10, "0", "base")
	w.push("main", 30, "one", "two")
	w.list(100, "main=three")
	res := w.read()
	if len(res.Gaps) != 1 {
		t.Fatalf("%d gaps, want one", len(res.Gaps))
	}
	for _, name := range []string{"base", "one", "two", "three"} {
		if !slices.ContainsFunc(res.Gaps, func(g timeline.Gap) bool { return strings.Contains(g.Detail, string(oid(name).Short())) }) {
			t.Errorf("no gap tells of %s: %v", name, res.Gaps)
		}
	}
}
