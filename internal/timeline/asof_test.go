package timeline_test

import (
	"fmt"
	"slices"
	"testing"

	"pentimento/internal/evidence"
)

// whole says that the activity was listed to its end, from the first row of all.
func (w *world) whole(to int) {
	w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginActivity, To: at(to), Complete: true, Oldest: at(0)})
}

// A clone can have been listed long before the activity was.
func TestListingOlderThanUpdates(t *testing.T) {
	teach(t, []lesson{
		{
			name: "pushed since the listing: it is still there",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("main", 150, "base", "plant")
				w.list(100, "main=base")
				w.whole(200)
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 150s by "plant"`},
		},
		{
			name: "a branch made since the listing is not gone",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("x", 150, "0", "plant")
				w.list(100, "main=base")
				w.whole(200)
			},
			rows: []string{`x a.yml [bad1/plant] proven armed added 150s by "plant"`},
		},
		{
			name: "a branch deleted since the listing is gone",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("x", 100, "0", "plant")
				w.push("x", 5000, "plant", "0")
				w.list(1000, "main=base x=plant")
				w.whole(9000)
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 100s by "plant" removed 5000s by "" branch_deletion`},
		},
		{
			name: "a branch that the listing shows gone, and that came back since",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("x", 100, "0", "plant")
				w.push("x", 5000, "0", "plant")
				w.list(1000, "main=base")
			},
			rows: []string{
				`x a.yml [bad1/plant] proven armed added 5000s by "plant"`,
				`x a.yml [bad1/plant] proven no added 100s by "plant" removed 100s..1000s by "" branch_deletion`,
			},
			gaps: []string{"broken-chain x"},
		},
		{
			name: "a push of the second of the listing, which it does not show",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("main", 100, "base", "plant")
				w.list(100, "main=base")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 100s by "plant"`},
		},
		{
			name: "a push that the listing shows, stamped late",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("main", 50, "base", "plant")
				w.update(evidence.OriginEvents, "main", 103, evidence.Push, "plant", "fix")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 50s by "plant" removed 100s..103s by "fix" delete`},
		},
		{
			name: "a suite of checks made after the listing, of a push that fits in before it",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.byThen(evidence.OriginCheckSuites, "main", 9000, "base", "plant")
				w.list(8000, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10s..9000s by "plant" removed 10s..8000s by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
	})
}

func TestAsOf(t *testing.T) {
	asOf := func(facts func(w *world)) int {
		w := newWorld()
		w.sow()
		w.push("main", 10, "0", "base")
		facts(w)
		res := w.read()
		if len(res.Presence) != 1 || !res.Presence[0].AsOf.Equal(res.AsOf) {
			t.Errorf("as of %s, but %v", res.AsOf, w.rows(res))
		}
		return int(res.AsOf.Sub(at(0)).Seconds())
	}
	late := func(w *world) {
		w.push("main", 150, "base", "plant")
		w.list(100, "main=base")
	}
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  int
	}{
		{"the listing is the newest", func(w *world) {
			w.push("main", 50, "base", "plant")
			w.list(100, "main=plant")
			w.whole(200)
		}, 100},
		{"the last move is", late, 150},
		{"the whole activity is", func(w *world) {
			late(w)
			w.whole(200)
		}, 200},
	} {
		if got := asOf(c.facts); got != c.want {
			t.Errorf("%s: as of %d, want %d", c.name, got, c.want)
		}
	}
}

func TestUnnamedUpdates(t *testing.T) {
	grown := func(w *world) {
		w.sow()
		w.commit("docs", 90_000, "", "fix")
		w.list(100_000, "main=docs")
	}
	teach(t, []lesson{
		{
			name: "a force-push of which GitHub no longer names the ends bounds nothing that came before it",
			facts: func(w *world) {
				grown(w)
				w.push("main", 10, "0", "base")
				w.update(evidence.OriginPullTimeline, "main", 80_000, evidence.ForcePush, "", "")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10s..100000s by "plant" removed 10s..100000s by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "without a state that has a name before it, the dates of commits are all there is",
			facts: func(w *world) {
				grown(w)
				w.update(evidence.OriginAuditLog, "main", 90_000, evidence.Push, "", "")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20g by "plant" removed 40g by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "what the ref holds in the end came with it or later",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "main", 15, evidence.Push, "0", "base")
				w.update(evidence.OriginAuditLog, "main", 90_000, evidence.Push, "", "")
				w.list(100_000, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 90000s..100000s by "plant"`},
		},
		{
			name: "several of them: each but the last is told",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				for _, s := range []int{100, 400, 1000} {
					w.update(evidence.OriginAuditLog, "main", s, evidence.Push, "", "")
				}
				w.list(100_000, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10s..100000s by "plant" removed 1000s..100000s by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "away and back: what was there in between has no name",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.update(evidence.OriginAuditLog, "main", 400, evidence.Push, "", "")
				w.list(1000, "main=base")
			},
			rows: []string{` a.yml [bad1/plant] possible no added 20g by "plant"`},
			gaps: []string{"broken-chain main", "unplaced plant"},
		},
	})
}

func TestByThen(t *testing.T) {
	teach(t, []lesson{{
		name: "a suite between two pushes of the same commits is of the one before it, though the other is nearer",
		facts: func(w *world) {
			w.sow()
			w.push("main", 5, "0", "base")
			w.push("main", 10, "base", "plant")
			w.push("main", 10, "plant", "base")
			w.push("main", 40, "base", "plant")
			w.byThen(evidence.OriginCheckSuites, "main", 26, "base", "plant")
			w.list(100, "main=plant")
		},
		rows: []string{
			`main a.yml [bad1/plant] proven armed added 40s by "plant"`,
			`main a.yml [bad1/plant] proven no added 10s by "plant" removed 10s by "" force_push`,
		},
	}, {
		name: "a suite of what was erased before the first move that is told: nothing says that it came after it",
		facts: func(w *world) {
			w.sow()
			w.commit("other", 1000, "", "base")
			w.update(evidence.OriginEvents, "main", 1000, evidence.Push, "base", "other")
			w.byThen(evidence.OriginCheckSuites, "main", 9000, "base", "plant")
			w.list(100_000, "main=other")
		},
		rows: []string{`main a.yml [bad1/plant] proven no added 20g..9000s by "plant" removed 1000g..100000s by "" force_push`},
		gaps: []string{"broken-chain main"},
	}})
}

// Resets to the root, each told without the way back, ask for the whole chain again: that ends, and is told.
func TestBrokenLinksAreBounded(t *testing.T) {
	const commits, resets = 2000, 150
	w := newWorld()
	w.trunk("main")
	w.commit("c0", 5, "")
	for i := range commits {
		w.commit(fmt.Sprint("c", i+1), 10+i, "", fmt.Sprint("c", i))
	}
	for i := range resets {
		w.update(evidence.OriginArchive, "x", 100_000+600*i, evidence.Push, fmt.Sprint("c", commits), "c0")
	}
	w.list(10_000_000, fmt.Sprint("main=c0 x=c", commits))
	if got := w.gaps(w.read()); !slices.Contains(got, "refused x") {
		t.Errorf("no gap tells of the states that were not read: %v", got)
	}
}
