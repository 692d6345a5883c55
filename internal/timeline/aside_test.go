package timeline_test

import (
	"testing"

	"pentimento/internal/evidence"
)

// What came over a second parent was pushed somewhere before: neither the push of the merge nor GitHub's date of it bounds that from below.
func TestBehindMerge(t *testing.T) {
	merged := func(w *world) {
		w.trunk("main")
		w.commit("base", 5, "")
		w.commit("plant", 1000, "a.yml=bad1", "base")
		w.commit("undo", 2000, "", "plant")
		w.commit("merge", 90000, "", "base", "undo")
		w.list(100000, "main=merge")
	}
	teach(t, []lesson{
		{
			name: "that GitHub made", gaps: []string{"unplaced plant"},
			facts: func(w *world) {
				merged(w)
				w.signed("merge")
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 1000g..90000g by "plant" removed 2000g..90000g by "merge" merge`},
		},
		{
			name: "that an event tells of", gaps: []string{"unplaced plant"},
			facts: func(w *world) {
				merged(w)
				w.update(evidence.OriginEvents, "main", 90000, evidence.Push, "base", "merge")
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 1000g..90000s by "plant" removed 2000g..90000s by "merge" merge`},
		},
		{
			name: "its own signature of GitHub's bounds it", gaps: []string{"unplaced plant"},
			facts: func(w *world) {
				merged(w)
				w.signed("plant")
				w.update(evidence.OriginEvents, "main", 90000, evidence.Push, "base", "merge")
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 1000s..90000s by "plant" removed 2000g..90000s by "merge" merge`},
		},
		{
			name: "a run of it on the ref says that it was pushed there",
			facts: func(w *world) {
				merged(w)
				w.run(7, "main", "plant", 1010)
				w.update(evidence.OriginEvents, "main", 90000, evidence.Push, "base", "merge")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 1000g..1010s by "plant" removed 2000g..90000s by "merge" merge`},
		},
	})
}

func TestMergerIsNoPusher(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 5, "")
	w.commit("plant", 1000, "a.yml=bad1", "base")
	w.commit("merge", 90000, "", "base", "plant")
	w.update(evidence.OriginEvents, "main", 90000, evidence.Push, "base", "merge")
	w.list(100000, "main=merge")
	if at, told := w.read().Pushed[oid("plant")]; told {
		t.Errorf("pushed at %s by whoever merged it", at)
	}
}
