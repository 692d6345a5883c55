package timeline_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// clonePush is a push in the reflog of a clone: git does not note what the server held before.
func (w *world) clonePush(short string, seconds int, after string) {
	u := w.update(evidence.OriginReflog, short, seconds, evidence.Push, "", after)
	u.By, u.Clock = true, when.Local
}

func (w *world) cloneSaw(short string, seconds int, name string) {
	w.facts.Sightings = append(w.facts.Sightings, evidence.Sighting{Repository: repository, Origin: evidence.OriginReflog, Ref: ref(short), OID: oid(name),
		At: at(seconds), Clock: when.Local})
}

func (w *world) wholeActivity(to int) {
	w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginActivity, To: at(to), Complete: true, Oldest: at(0)})
}

// The clock of a clone, an hour off either way, moves no ref that others tell of, and bounds nothing more tightly than it is right.
func TestClocksOfClones(t *testing.T) {
	const hour = 3600
	planted := func(w *world) {
		w.sow()
		w.push("main", 10, "0", "base")
		w.push("main", 10_000, "base", "plant")
	}
	removed := []string{`main a.yml [bad1/plant] proven no added 10000s by "plant" removed 20000s by "fix" delete`}
	teach(t, []lesson{
		{
			name: "slow, against the whole activity",
			facts: func(w *world) {
				planted(w)
				w.push("main", 20_000, "plant", "fix")
				w.clonePush("main", 10_000-hour, "plant")
				w.list(30_000, "main=fix")
				w.wholeActivity(30_000)
			},
			rows: removed,
			gaps: []string{"contradiction main"},
		},
		{
			name: "slow, against events alone",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "main", 10_000, evidence.Push, "base", "plant")
				w.update(evidence.OriginEvents, "main", 20_000, evidence.Push, "plant", "fix")
				w.clonePush("main", 10_000-hour, "plant")
				w.list(30_000, "main=fix")
			},
			rows: removed,
			gaps: []string{"contradiction main"},
		},
		{
			name: "a push that the whole activity does not know",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				w.push("main", 20_000, "base", "fix")
				w.clonePush("main", 10_000, "plant")
				w.list(30_000, "main=fix")
				w.wholeActivity(30_000)
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 20000s by "plant" removed 20000s by "fix" delete`},
			gaps: []string{"contradiction main"},
		},
		{
			name: "fast, a sighting against the whole activity",
			facts: func(w *world) {
				planted(w)
				w.cloneSaw("main", 9000+hour, "base")
				w.list(30_000, "main=plant")
				w.wholeActivity(30_000)
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 10000s by "plant"`},
			gaps: []string{"contradiction main"},
		},
		{
			name: "fast, a sighting against events alone: the force-push that took the file away came later",
			facts: func(w *world) {
				w.sow()
				w.commit("other", 25_000, "", "base")
				w.update(evidence.OriginEvents, "main", 10_000, evidence.Push, "base", "plant")
				w.cloneSaw("main", 9000+hour, "base")
				w.list(30_000, "main=other")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10000s by "plant" removed 10000s..30000s by "" force_push`},
			gaps: []string{"broken-chain main", "contradiction main"},
		},
		{
			name: "a sighting against events, by a clock that a push shows to be right",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "main", 10_000, evidence.Push, "base", "plant")
				w.clonePush("main", 10_001, "plant")
				w.cloneSaw("main", 12_000, "base")
				w.list(30_000, "main=base")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10000s by "plant" removed 10000s..12000l by "" force_push`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "what a clone alone tells is as wide as its clock is shown to be off: slow",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "main", 5000, evidence.BranchCreation, "0", "base")
				w.clonePush("main", 5000-hour, "base")
				w.clonePush("x", 9000, "plant")
				w.cloneSaw("x", 9500, "plant")
				w.list(30_000, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added ?..12600l by "plant" removed 9500l..30000s by "" branch_deletion`},
			gaps: []string{"broken-chain x", "contradiction main", "unconfirmed-end x"},
		},
		{
			name: "and fast",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "main", 5000, evidence.BranchCreation, "0", "base")
				w.clonePush("main", 5000+hour, "base")
				w.clonePush("x", 9000, "plant")
				w.cloneSaw("x", 9500, "plant")
				w.list(30_000, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added ?..9000l by "plant" removed 5900l..30000s by "" branch_deletion`},
			gaps: []string{"broken-chain x", "contradiction main", "unconfirmed-end x"},
		},
	})
}

// skew puts the clocks of all clones off.
func (p *past) skew(seconds int) {
	off := time.Duration(seconds) * time.Second
	for i := range p.facts.Updates {
		if u := &p.facts.Updates[i]; u.Clock == when.Local {
			u.At = u.At.Add(off)
			u.Before = "" // as git notes it
		}
	}
	for i := range p.facts.Sightings {
		p.facts.Sightings[i].At = p.facts.Sightings[i].At.Add(off)
	}
}

var skews = []int{-40_000, -3600, -600, 600, 3600, 40_000}

// branchRows are the proven rows on branches.
func (p *past) branchRows(res timeline.Result) []string {
	res.Presence = slices.DeleteFunc(slices.Clone(res.Presence), func(x timeline.Presence) bool { return !x.Ref.Branch() || x.State != timeline.Proven })
	return p.rows(res)
}

// Where the whole activity was had, the clocks of clones change nothing on a branch, however wrong they are.
func TestSkewedClonesBesideWholeActivity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		sources["activity"](p, t, 0, 0)
		want := p.branchRows(p.read())
		sources["reflog"](p, t, 0, 3)
		p.skew(rapid.SampledFrom(skews).Draw(t, "skew"))
		res := p.read()
		if got := p.branchRows(res); !slices.Equal(got, want) {
			t.Fatalf("want %v\n%s", want, p.explain(res))
		}
		p.certainIsTrue(t, res)
	})
}

// Where moves are lost, wrong clocks make nothing certain that was not so.
func TestSkewedClonesAmongOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		p.tell(t, rapid.IntRange(0, 6).Draw(t, "loss"), eventLag, slices.Sorted(maps.Keys(sources))...)
		p.skew(rapid.SampledFrom(skews).Draw(t, "skew"))
		p.certainIsTrue(t, p.read())
	})
}
