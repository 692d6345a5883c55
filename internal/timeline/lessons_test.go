package timeline_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// earlier makes a listing before the last one.
func (w *world) earlier(seconds int, refs string) {
	last := w.facts.Listing
	w.list(seconds, refs)
	w.facts.Earlier = append(w.facts.Earlier, casefile.Listing{Source: "src-earlier-" + evidence.Stamp(at(seconds)), At: at(seconds), Refs: w.facts.Listing.Refs})
	w.facts.Listing = last
}

// byThen is a report that the move was made at a time or earlier.
func (w *world) byThen(origin evidence.Origin, short string, seconds int, before, after string) {
	w.update(origin, short, seconds, evidence.Push, before, after).By = true
}

// sow makes a repository of a base, a plant on it and a fix, by the dates 10, 20 and 40.
func (w *world) sow() {
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("plant", 20, "a.yml=bad1", "base")
	w.commit("fix", 40, "", "plant")
}

func TestTagsOverTime(t *testing.T) {
	teach(t, []lesson{
		{
			name: "moved away between two listings: last seen, first seen otherwise",
			facts: func(w *world) {
				w.sow()
				w.earlier(1000, "main=base")
				w.earlier(2000, "main=base tag/v1=plant")
				w.earlier(3000, "main=base tag/v1=plant")
				w.list(4000, "main=base tag/v1=base")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven no added 1000s..2000s by "plant" removed 3000s..4000s by "" retag`},
			gaps: []string{"broken-chain tag/v1"},
		},
		{
			name: "deleted between two listings",
			facts: func(w *world) {
				w.sow()
				w.earlier(2000, "main=base tag/v1=plant")
				w.list(4000, "main=base")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven no added 20g..2000s by "plant" removed 2000s..4000s by "" retag`},
			gaps: []string{"unconfirmed-end tag/v1"},
		},
		{
			name: "an event tells of the creation, a release that it was there, a delivery of the move, by the tag object",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginEvents, "tag/v1", 900, evidence.TagCreation, "", "")
				w.update(evidence.OriginReleases, "tag/v1", 950, evidence.TagCreation, "", "").By = true
				w.earlier(1000, "main=base")
				w.facts.Earlier[0].Refs = append(w.facts.Earlier[0].Refs, evidence.ListedRef{Ref: ref("tag/v1"), OID: oid("tag object"), Peeled: oid("plant")})
				w.update(evidence.OriginWebhooks, "tag/v1", 1500, evidence.Push, "tag object", "base")
				w.list(4000, "main=base tag/v1=base")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven no added 900s..1000s by "" removed 1500s by "" retag`},
		},
	})
}

func TestWitnesses(t *testing.T) {
	teach(t, []lesson{
		{
			name: "a suite of checks bounds the push from above, what was there before from below",
			facts: func(w *world) {
				w.sow()
				w.push("main", 100, "0", "base")
				w.byThen(evidence.OriginCheckSuites, "main", 2005, "base", "plant")
				w.push("main", 3000, "plant", "fix")
				w.list(5000, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 100s..2005s by "plant" removed 3000s by "fix" delete`},
		},
		{
			name: "what a source says was made by then fits in long before",
			facts: func(w *world) {
				w.sow()
				w.push("main", 100, "0", "base")
				w.push("main", 3000, "plant", "fix")
				w.byThen(evidence.OriginCheckSuites, "main", 9000, "base", "plant")
				w.list(10_000, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 100s..3000s by "plant" removed 3000s by "fix" delete`},
		},
		{
			name: "a fetch saw what no move brought",
			facts: func(w *world) {
				w.sow()
				w.push("x", 100, "0", "base")
				w.facts.Sightings = []evidence.Sighting{{Repository: repository, Origin: evidence.OriginReflog, Ref: ref("x"), OID: oid("plant"), At: at(500), Clock: when.Local}}
				w.push("x", 900, "base", "0")
				w.list(1000, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 100s..500l by "plant" removed 500l..900s by "" force_push`},
			gaps: []string{"broken-chain x"},
		},
		{
			name: "two sources left the same state for different ones",
			facts: func(w *world) {
				w.sow()
				w.commit("other", 20, "", "base")
				w.push("main", 10, "0", "base")
				w.push("main", 100, "base", "plant")
				w.update(evidence.OriginEvents, "main", 101, evidence.Push, "base", "other")
				w.list(1000, "main=other")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 100s by "plant" removed 100s..101s by "" force_push`},
			gaps: []string{"broken-chain main", "contradiction main"},
		},
		{
			name: "the same event from the archive and from the API is one, however it is stamped",
			facts: func(w *world) {
				w.sow()
				w.push("main", 10, "0", "base")
				u := w.update(evidence.OriginArchive, "main", 100, evidence.Push, "base", "plant")
				u.Clock, u.ExternalID = when.Archive, "17"
				w.update(evidence.OriginEvents, "main", 700, evidence.Push, "base", "plant").ExternalID = "17"
				w.list(1000, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 100a..700s by "plant"`},
			gaps: []string{"contradiction main"},
		},
		{
			name: "what GitHub signed was nowhere before its date, nor what grew from it",
			facts: func(w *world) {
				w.sow()
				w.commit("after", 30, "a.yml=bad1", "fix")
				w.push("main", 100, "base", "after")
				w.signed("fix")
				w.list(1000, "main=after x=after")
			},
			rows: []string{
				`main a.yml [bad1/after] proven armed added 100s by "after"`,
				`main a.yml [bad1/plant] possible no added 100s by "plant" removed 100s by "fix" delete`,
				`x a.yml [bad1/after] proven armed added 40s..? by "after"`,
			},
			gaps:     []string{"contradiction after"},
			contains: []string{"x plant"},
		},
	})
}

func TestHoursThatNoArchiveShows(t *testing.T) {
	w := newWorld()
	w.sow()
	w.push("main", 3600, "base", "plant")
	w.push("main", 6*3600, "plant", "fix")
	w.list(40*3600, "main=fix")
	in := w.input()
	for n := range 12 {
		h := evidence.ArchiveHour{Archive: "a", Hour: at(3600 * n), State: evidence.HourPresent}
		switch n {
		case 2, 3:
			h.State = evidence.HourAbsent
		case 5:
			h.Detail = "known to be thin"
		case 6:
			h.Bad = 1
		case 7:
			continue
		}
		in.Archive = append(in.Archive, h)
	}
	in.Archive = append(in.Archive, evidence.ArchiveHour{Archive: "b", Hour: at(3 * 3600), State: evidence.HourPresent})
	res := timeline.Read(in)
	i := slices.IndexFunc(res.Gaps, func(g timeline.Gap) bool { return g.Kind == evidence.GapUncovered })
	if i < 0 || res.Gaps[i].Subject != "refs/heads/main" {
		t.Fatalf("no gap tells of the hours: %v", w.gaps(res))
	}
	want := "absent 2025-09-01T02Z, known to have lost events 2025-09-01T05Z, read but for some lines 2025-09-01T06Z, not read 2025-09-01T07Z, not read 2025-09-01T12Z"
	if !strings.HasSuffix(res.Gaps[i].Detail, want) {
		t.Errorf("got  %s\nwant %s", res.Gaps[i].Detail, want)
	}
}

func TestWhatWouldNarrow(t *testing.T) {
	narrow := func(more func(w *world)) []string {
		w := newWorld()
		w.now = at(2000)
		w.sow()
		w.list(1000, "main=plant")
		more(w)
		return w.read().Presence[0].Narrow
	}
	all := []string{"activity", "archive", "audit-log", "check-suites", "events", "pull-timeline", "reflog", "webhooks"}
	if got := narrow(func(*world) {}); !slices.Equal(got, all) {
		t.Errorf("git alone: %v", got)
	}
	got := narrow(func(w *world) {
		w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginActivity, To: at(1000), Complete: true},
			evidence.Coverage{Origin: evidence.OriginCheckSuites, Detail: "commit " + string(oid("plant")), From: at(-1000), To: at(1000), Complete: true})
		w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginPullTimeline, To: at(1000)})
	})
	if want := []string{"archive", "audit-log", "events", "pull-timeline", "reflog", "webhooks"}; !slices.Equal(got, want) {
		t.Errorf("with the activity: %v", got)
	}
	got = narrow(func(w *world) {
		w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginEvents, From: at(-50), Oldest: at(-50), To: at(15), Complete: true},
			evidence.Coverage{Origin: evidence.OriginCheckSuites, Detail: "commit " + string(oid("base")), From: at(-1000), To: at(1000), Complete: true})
	})
	if !slices.Equal(got, all) {
		t.Errorf("with events from before the plant, and the suites of another commit: %v", got)
	}
	got = narrow(func(w *world) {
		w.facts.Coverage = append(w.facts.Coverage, evidence.Coverage{Origin: evidence.OriginEvents, From: at(50), Oldest: at(50), To: at(900), Complete: true})
	})
	if slices.Contains(got, "events") {
		t.Errorf("with all events that are still kept: %v", got)
	}
	if got := narrow(func(w *world) { w.now = at(500 * 24 * 3600) }); slices.Contains(got, "events") || slices.Contains(got, "check-suites") {
		t.Errorf("what GitHub no longer keeps narrows nothing: %v", got)
	}
	if got := narrow(func(w *world) { w.push("main", 20, "base", "plant") }); len(got) > 0 {
		t.Errorf("nothing narrows what is exact: %v", got)
	}
}
