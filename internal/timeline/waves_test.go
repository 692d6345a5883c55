package timeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// wave began between two times and ended between two more, as sources claim.
func wave(opened, surely, ending, closed int) timeline.Wave {
	declared := func(from, to int) when.Instant {
		return when.Between(when.Bound{At: at(from), Clock: when.Declared}, when.Bound{At: at(to), Clock: when.Declared}, "pack-moved")
	}
	return timeline.Wave{Campaign: "moved", Told: "wave w of pack moved", Span: when.Window{Opened: declared(opened, surely), Closed: declared(ending, closed)}}
}

// bind makes a version do harm in waves alone.
func (w *world) bind(blob string, waves ...timeline.Wave) {
	v := w.malicious[oid(blob)]
	v.Campaign, v.Waves = "moved", waves
	w.malicious[oid(blob)] = v
}

// user is a repository that uses an action from at(20) on, whose tag was moved between 1000 or 1100 and 1900 or 2000.
func user() *world {
	w := newWorld()
	w.trunk("main")
	w.version("bad1", []timeline.Leak{{JobID: "changes", JobName: "changes", StepName: "Run owner/action@v1", StepIndex: 1}},
		workflow.Trigger{Event: "push"}, workflow.Trigger{Event: "schedule"})
	w.bind("bad1", wave(1000, 1100, 1900, 2000))
	w.commit("base", 10, "")
	w.commit("ours", 20, "a.yml=bad1", "base")
	w.commit("work", 1500, "a.yml=bad1", "ours")
	w.commit("more", 5000, "a.yml=bad1", "work")
	w.campaign = nil // the commits are their owners'
	w.push("main", 20, "base", "ours")
	w.push("main", 1500, "ours", "work")
	w.push("main", 5000, "work", "more")
	w.list(6000, "main=more")
	return w
}

// used is a job of an attempt that used the action.
func (w *world) used(id int64, attempt, seconds int) {
	w.jobs(id, attempt, evidence.Job{JobID: id*10 + int64(attempt), Name: "changes", Status: "completed", Conclusion: "success", StartedAt: at(seconds), CompletedAt: at(seconds + 9),
		Steps: []evidence.Step{
			{Number: 1, Name: "Set up job", Status: "completed", Conclusion: "success", StartedAt: at(seconds), CompletedAt: at(seconds + 2)},
			{Number: 3, Name: "Run owner/action@v1", Status: "completed", Conclusion: "success", StartedAt: at(seconds + 3), CompletedAt: at(seconds + 5)},
		}})
}

func (w *world) ladders(res timeline.Result) []string {
	out := []string{}
	for _, e := range res.Executions {
		out = append(out, fmt.Sprintf("%d/%d %s %s", e.Run.RunID, e.Run.Attempt, e.Campaign, e.Ladder))
	}
	slices.Sort(out)
	return out
}

func (w *world) starts(res timeline.Result) []string {
	out := []string{}
	for _, o := range res.Opportunities {
		out = append(out, fmt.Sprintf("%s %s %s %s %d", o.Event, w.names[o.Head], span(o.At), o.Status, o.RunID))
	}
	slices.Sort(out)
	return out
}

// TestOnlyInWaves: a file that uses a moved action is a presence while the tag was moved, whatever it was before and after.
func TestOnlyInWaves(t *testing.T) {
	const row = `main a.yml [bad1/ours] proven no added 1000d..1100d by "" removed 1900d..2000d by "" wave-ended`
	for _, c := range []struct {
		name                  string
		facts                 func(*world)
		rows, ladders, starts []string
		gaps                  []string
	}{
		{
			name: "a run within, one before, one after", rows: []string{row}, ladders: []string{"2/1 moved executed"},
			starts: []string{"push work 1500s matched 2", "rerun  1000d..2000d possible 0", "rerun  1540s..2000d possible 0", "schedule  1000d..2000d possible 0"},
			facts: func(w *world) {
				for id, when := range []int{30, 1510, 5010} {
					w.run(int64(id+1), "main", []string{"ours", "work", "more"}[id], when)
					w.used(int64(id+1), 1, when+5)
				}
			},
		},
		{
			name: "runs where the sources of the wave disagree", rows: []string{row}, ladders: []string{"5/1 moved unknown", "6/1 moved unknown"},
			starts: []string{"push work 1500s possible 0", "rerun  1080s..2000d possible 0", "rerun  1980s..2000d possible 0", "schedule  1000d..2000d matched 5"},
			facts: func(w *world) {
				for id, when := range map[int64]int{5: 1050, 6: 1950} {
					run := w.run(id, "main", "ours", when)
					run.Event = "schedule"
					w.used(id, 1, when+5)
				}
			},
		},
		{
			name: "a run from before, run again within", rows: []string{row}, ladders: []string{"1/2 moved executed"},
			starts: []string{"push work 1500s possible 0", "rerun  1200s matched 1", "rerun  1230s..2000d possible 0", "schedule  1000d..2000d possible 0"},
			facts: func(w *world) {
				w.run(1, "main", "ours", 30)
				w.used(1, 1, 35)
				again := *w.run(1, "main", "ours", 30)
				again.Attempt, again.StartedAt, again.UpdatedAt = 2, at(1200), at(1230)
				w.facts.Runs[len(w.facts.Runs)-1] = again
				w.used(1, 2, 1205)
			},
		},
		{
			name: "a run without records of jobs, over within", rows: []string{row}, ladders: []string{"2/1 moved unknown"},
			starts: []string{"push work 1500s matched 2", "rerun  1540s..2000d possible 0", "schedule  1000d..2000d possible 0"},
			facts:  func(w *world) { w.run(2, "main", "work", 1510) },
		},
		{
			name: "taken out within the wave", ladders: []string{}, starts: []string{"push work 1500s possible 0", "schedule  1000d..1600s possible 0"},
			rows: []string{`main a.yml [bad1/ours] proven no added 1000d..1100d by "" removed 1600s by "fix" delete`},
			facts: func(w *world) {
				w.commit("fix", 1600, "", "work")
				w.facts.Updates = w.facts.Updates[:2]
				w.push("main", 1600, "work", "fix")
				w.list(6000, "main=fix")
			},
		},
		{
			name: "begun to be used within the wave", ladders: []string{}, starts: []string{"push more 5000s possible 0", "push work 1500s possible 0", "schedule  1500s..9000d possible 0"},
			rows: []string{`main a.yml [bad1/work] proven no added 1500s by "work" removed 8000d..9000d by "" wave-ended`},
			facts: func(w *world) {
				w.commit("ours", 20, "", "base")
				w.commits, w.holdings = slices.Delete(w.commits, 1, 2), slices.Delete(w.holdings, 1, 2)
				w.list(9500, "main=more")
				w.bind("bad1", wave(1000, 1100, 8000, 9000))
			},
		},
		{name: "used after the wave alone", rows: nil, ladders: []string{}, starts: []string{}, facts: func(w *world) { w.bind("bad1", wave(-90, -80, 5, 15)) }},
		{
			name: "used after the wave alone, by the dates of commits", rows: nil, ladders: []string{}, starts: []string{}, gaps: []string{"not-collected a.yml"},
			facts: func(w *world) {
				w.facts.Updates = nil
				w.bind("bad1", wave(-90, -80, 5, 15))
			},
		},
		{
			name: "a wave that lasts", ladders: []string{}, starts: []string{"push more 5000s possible 0", "push work 1500s possible 0", "schedule  1000d..? possible 0"},
			rows:  []string{`main a.yml [bad1/ours] proven armed added 1000d..1100d by ""`},
			facts: func(w *world) { w.bind("bad1", wave(1000, 1100, 1_900_000, 2_000_000)) },
		},
		{
			name: "two waves", ladders: []string{}, starts: []string{"push more 5000s possible 0", "push work 1500s possible 0", "schedule  1000d..2000d possible 0", "schedule  4000d..5500d possible 0"},
			rows:  []string{row, `main a.yml [bad1/ours] possible no added 4000d..5500d by "" removed 4000d..5500d by "" wave-ended`},
			facts: func(w *world) { w.bind("bad1", wave(1000, 1100, 1900, 2000), wave(4000, 5500, 4000, 5500)) },
		},
		{
			name: "gone, by the dates of commits, before one of its versions came", ladders: []string{}, gaps: []string{"contradiction fix"},
			rows:   []string{`main a.yml [bad1/ours bad2/other] possible no added 1000d..1100d by "" removed 1000d..1500g by "fix" delete`},
			starts: []string{"push other 1000d..1500g possible 0", "schedule  1000d..1500g possible 0", "workflow_dispatch  1000d..1500g possible 0"},
			facts: func(w *world) {
				w.facts.Updates = nil
				w.commits, w.holdings = w.commits[:2], w.holdings[:2]
				w.commit("other", 1500, "a.yml=bad2", "ours")
				w.commit("fix", 30, "", "other")
				w.bind("bad2", wave(1000, 1100, 1900, 2000))
				w.campaign = nil
				w.list(6000, "main=fix")
			},
		},
		{
			name: "the campaign's own file in its place", ladders: []string{}, starts: []string{"push more 5000s possible 0", "push work 1500s possible 0", "schedule  1000d..2000d possible 0", "workflow_dispatch  5000s..? possible 0"},
			rows: []string{row, `main a.yml [bad2/more] proven armed added 5000s by "more"`},
			facts: func(w *world) {
				w.commits, w.holdings = w.commits[:3], w.holdings[:3]
				w.commit("more", 5000, "a.yml=bad2", "work")
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := user()
			c.facts(w)
			res := w.read()
			same(t, "rows", w.rows(res), c.rows)
			same(t, "executions", w.ladders(res), c.ladders)
			same(t, "starts", w.starts(res), c.starts)
			same(t, "gaps", w.gaps(res), c.gaps)
			for _, e := range res.Executions {
				if !strings.Contains(e.Reason, "wave w of pack moved") || e.Ladder == timeline.Executed && !slices.Contains(e.Leaked.Evidence, "pack-moved") {
					t.Errorf("%s (%v) does not tell of the wave", e.Reason, e.Leaked.Evidence)
				}
			}
		})
	}
}

// drawWaves are one to three waves, apart from each other.
func drawWaves(t *rapid.T) []timeline.Wave {
	var out []timeline.Wave
	from := 0
	for range rapid.IntRange(1, 3).Draw(t, "waves") {
		ends := rapid.SliceOfN(rapid.IntRange(from, from+12_000), 4, 4).Draw(t, "ends")
		slices.Sort(ends)
		if rapid.Bool().Draw(t, "disagree") {
			ends[1], ends[2] = ends[2], ends[1]
		}
		out = append(out, wave(ends[0], ends[1], ends[2], ends[3]+1))
		from = ends[3] + 2
	}
	return out
}

// TestClippedRowsLieInRowAndWave: what is left of a row lies within it and within a wave; what does harm at any time is left as it is.
func TestClippedRowsLieInRowAndWave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, rapid.IntRange(0, 10).Draw(t, "loss"))
		whole := s.read().Presence
		waves := drawWaves(t)
		s.bind("bad1", waves...)
		if rapid.Bool().Draw(t, "all") {
			s.bind("bad2", waves...)
		}
		bound := func(p timeline.Presence) bool { return len(s.malicious[p.Versions[0].Blob].Waves) > 0 }
		clipped := s.read().Presence
		ids := map[string]bool{}
		for _, p := range clipped {
			if ids[p.ID] {
				t.Fatalf("two rows are %s", p.ID)
			}
			ids[p.ID] = true
			for _, v := range p.Versions {
				if (len(s.malicious[v.Blob].Waves) > 0) != bound(p) {
					t.Fatalf("one row of what does harm at any time and of what does not: %v", s.rows(timeline.Result{Presence: clipped}))
				}
			}
			if !slices.ContainsFunc(whole, func(u timeline.Presence) bool { return u.Ref == p.Ref && u.Path == p.Path && inside(p, u) }) {
				t.Fatalf("%s %s of %s %s lies in none of %v", p.Added, p.Removed, p.Ref, p.Path, s.rows(timeline.Result{Presence: whole}))
			}
			if bound(p) && !slices.ContainsFunc(waves, func(w timeline.Wave) bool { return inWave(p, w) }) {
				t.Fatalf("%s %s lies in no wave", p.Added, p.Removed)
			}
		}
		for _, u := range whole {
			for _, v := range u.Versions {
				stays := func(p timeline.Presence) bool {
					return p.Ref == u.Ref && p.Path == u.Path && slices.ContainsFunc(p.Versions, func(h timeline.Held) bool { return fmt.Sprint(h) == fmt.Sprint(v) })
				}
				if len(s.malicious[v.Blob].Waves) == 0 && !slices.ContainsFunc(clipped, stays) {
					t.Fatalf("%s does harm at any time, and is gone from %v", s.names[v.Blob], s.rows(timeline.Result{Presence: clipped}))
				}
			}
		}
	})
}

// inside reports that the possible part of a row lies in that of another.
func inside(p, u timeline.Presence) bool {
	from := !u.Added.NotBefore.Known() || p.Added.NotBefore.Known() && !p.Added.NotBefore.At.Before(u.Added.NotBefore.At)
	return from && (!u.Gone || !u.Removed.NotAfter.Known() || p.Gone && p.Removed.NotAfter.Known() && !p.Removed.NotAfter.At.After(u.Removed.NotAfter.At))
}

func inWave(p timeline.Presence, w timeline.Wave) bool {
	first, last := w.Span.Opened.NotBefore.At, w.Span.Closed.NotAfter.At
	for _, i := range []when.Instant{p.Added, p.Removed} {
		for _, b := range []when.Bound{i.NotBefore, i.NotAfter} {
			if b.Known() && (b.At.Before(first) || b.At.After(last)) {
				return false
			}
		}
	}
	firm := p.CertainFrom.IsZero() || !p.CertainFrom.Before(w.Span.Opened.NotAfter.At) && !p.CertainTo.After(w.Span.Closed.NotBefore.At)
	return p.Gone && p.Added.Known() && p.Removed.NotAfter.Known() && firm
}

// TestNoWaveIsMissed: where every move is told, a file that stood there while a wave surely lasted has a row that says so.
func TestNoWaveIsMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := simulate(t, 0)
		waves := drawWaves(t)
		for _, blob := range slices.Collect(maps.Keys(s.malicious)) {
			s.bind(s.names[blob], waves...)
		}
		res := s.read()
		for _, x := range s.truths {
			end := at(1_000_000)
			if x.end != 0 {
				end = at(x.end)
			}
			for _, w := range waves {
				from, to := w.Span.Opened.NotAfter.At, w.Span.Closed.NotBefore.At
				if !latest(from, at(x.begin)).Before(earliest(to, end)) {
					continue
				}
				refName, path, _ := strings.Cut(x.ref, " ")
				if !slices.ContainsFunc(res.Presence, func(p timeline.Presence) bool {
					return short(p.Ref) == refName && p.Path == path && inWave(p, w) && p.State == timeline.Proven
				}) {
					t.Fatalf("%+v was there in the wave %v, and no row says so: %v", x, w.Span, s.rows(res))
				}
			}
		}
	})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
