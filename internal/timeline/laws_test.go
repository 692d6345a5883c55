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
)

// tell lets some sources tell of a past.
func (p *past) tell(t *rapid.T, loss, lag int, names ...string) {
	slices.Sort(names)
	for _, name := range names {
		sources[name](p, t, loss, lag)
	}
}

func someSources(t *rapid.T) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		if rapid.Bool().Draw(t, name) {
			out = append(out, name)
		}
	}
	return out
}

func (p *past) explain(res timeline.Result) string {
	var b strings.Builder
	for _, d := range p.deeds {
		fmt.Fprintln(&b, "  true", d.at, d.ref, d.from, "->", d.to, p.files[d.to], d.told)
	}
	for _, u := range p.facts.Updates {
		fmt.Fprintln(&b, "  told", u.Origin, int(u.At.Sub(at(0)).Seconds()), short(u.Ref), p.names[u.Before], "->", p.names[u.After], u.Kind, u.By)
	}
	for _, s := range p.facts.Sightings {
		fmt.Fprintln(&b, "  seen", int(s.At.Sub(at(0)).Seconds()), short(s.Ref), p.names[s.OID])
	}
	for _, l := range p.facts.Earlier {
		fmt.Fprint(&b, "  listed ", int(l.At.Sub(at(0)).Seconds()))
		for _, r := range l.Refs {
			fmt.Fprint(&b, " ", short(r.Ref), "=", p.names[r.Target()])
		}
		fmt.Fprintln(&b)
	}
	for _, r := range p.rows(res) {
		fmt.Fprintln(&b, "  row ", r)
	}
	for _, g := range res.Gaps {
		fmt.Fprintln(&b, "  gap ", g.Kind, g.Subject, g.Detail)
	}
	return b.String()
}

func firm(b when.Bound) bool { return b.Known() && b.Clock > when.Git }

// covered reports that every instant of a true presence lies in the possible part of a row, by firm bounds alone; a stamp may be late by lag
// seconds. It can take several rows: git shows commits between two tips that never were one.
func covered(rows []timeline.Presence, x stay, lag int) bool {
	const never = 1 << 40
	end, now := x.end, x.begin
	if end == 0 {
		end = never
	}
	for grown := true; grown && now <= end; {
		grown = false
		for _, row := range rows {
			from, to := -never, never
			if b := row.Added.NotBefore; firm(b) {
				from = int(b.At.Sub(at(0)).Seconds()) - lag
			}
			if b := row.Removed.NotAfter; row.Gone && firm(b) {
				to = int(b.At.Sub(at(0)).Seconds())
			}
			if row.Path != x.path || row.Ref != "" && short(row.Ref) != x.ref || from > now || to < now {
				continue
			}
			if to >= end {
				return true
			}
			if to > now {
				now, grown = to, true
			}
		}
	}
	return false
}

// sameMove is how many seconds apart two sources may stamp one move: see reportSlack.
const sameMove = 120

// mistaken reports that the move which began or ended a presence is lost, and that one with the same ends is told so near it, or so near the
// other end of the presence, that stamps do not order the two: then it can be taken for the lost one, with no link broken. A deletion that
// names no commit has the same ends as any other.
func (p *past) mistaken(x stay) bool {
	deeds := p.of(x.ref)
	near := func(a, b int) bool { return max(deeds[a].at-deeds[b].at, deeds[b].at-deeds[a].at) <= sameMove }
	for _, i := range []int{x.first, x.last} {
		lost := deeds[i]
		for j, d := range deeds {
			same := d.to == lost.to && (d.from == lost.from || d.to == "" && !d.left)
			if j != i && !lost.told && same && (near(i, j) || near(x.first, j) || near(x.last, j)) {
				return true
			}
		}
	}
	return false
}

// crowded reports that stamps do not order the moves about a presence: one at or within it is lost and another is told within the slack, which may
// stand for it, alone or with its likes, in more ways than are worth listing; or the ref went there and back at one of its ends, which
// read the other way round is as whole. Of these the law says nothing.
func (p *past) crowded(x stay) bool {
	deeds := p.of(x.ref)
	near := func(a, b deed) bool { return max(a.at-b.at, b.at-a.at) <= sameMove }
	for i, d := range deeds {
		within := i >= x.first && (x.end == 0 || i <= x.last)
		for _, o := range deeds {
			stands := within && !d.told && (o.told || o.left) && near(o, d)
			back := d.from == o.to && d.to == o.from && near(o, d) && (near(d, deeds[x.first]) || near(d, deeds[x.last]))
			if stands || back {
				return true
			}
		}
	}
	return false
}

// detour is a presence of which nothing at all is told, on a way that came back to where it began, or that led from nothing or from before
// the first state that is told: the facts are those of a world without it. Creations of which no source names the commit count as untold,
// and a deletion that names none may have been of what was there before.
func (p *past) detour(x stay) bool {
	deeds := p.of(x.ref)
	told := func(d deed) bool { return d.told }
	blind := func(d deed) bool { return d.to == "" && !d.left }
	if x.end != 0 && blind(deeds[x.last]) && !slices.ContainsFunc(deeds[x.first:x.last], told) {
		return true
	}
	if slices.ContainsFunc(deeds[x.first:x.last+1], told) {
		return false
	}
	i, j := x.first, x.last
	for ; i > 0 && !deeds[i-1].told; i-- {
	}
	for ; j+1 < len(deeds) && !deeds[j+1].told; j++ {
	}
	if x.end != 0 && j+1 < len(deeds) && blind(deeds[j+1]) {
		return true
	}
	return x.end != 0 && (deeds[i].from == deeds[j].to || deeds[i].from == "") || i == 0
}

// Whatever is lost, and however late it is told: every instant of a true presence lies within the firm bounds of a row, or a gap says that the history of its ref has a
// hole. A certain part is never wrong.
func TestTruthLiesWithinTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		p.tell(t, rapid.IntRange(0, 6).Draw(t, "loss"), eventLag, someSources(t)...)
		res := p.read()
		for _, x := range p.stays() {
			x.begin = p.firstKnown(x)
			gap := slices.ContainsFunc(res.Gaps, func(g timeline.Gap) bool {
				return g.Subject == string(ref(x.ref)) || g.Kind == evidence.GapUnplaced && p.held(x, g.Subject) || g.Kind == evidence.GapObjectMissing && strings.HasPrefix(g.Detail, string(ref(x.ref)))
			})
			if !gap && !covered(res.Presence, x, eventLag) && !p.detour(x) && !p.mistaken(x) && !p.crowded(x) {
				t.Fatalf("%+v is neither covered nor told:\n%s", x, p.explain(res))
			}
		}
		p.certainIsTrue(t, res)
	})
}

// firstKnown is when a presence began as far as anything can tell: what a ref held before the first move that is told, and left untold, no
// source knows of.
func (p *past) firstKnown(x stay) int {
	deeds := p.of(x.ref)
	begin := x.begin
	for i := 0; i <= x.last && !deeds[i].told && (i < x.last || x.end == 0); i++ {
		begin = max(begin, deeds[i].at)
	}
	return begin
}

func (p *past) certainIsTrue(t *rapid.T, res timeline.Result) {
	for _, row := range res.Presence {
		if row.CertainFrom.IsZero() {
			continue
		}
		if !slices.ContainsFunc(p.stays(), func(x stay) bool {
			return x.path == row.Path && x.ref == short(row.Ref) && !row.CertainFrom.Before(at(x.begin)) && (x.end == 0 || !row.CertainTo.After(at(x.end)))
		}) {
			t.Fatalf("%s %s was not there all the time from %s to %s:\n%s", row.Ref, row.Path, row.CertainFrom, row.CertainTo, p.explain(res))
		}
	}
}

// With the whole activity, every bound on a branch is the true instant; what another source stamps later widens it within the slack and on
// that side alone.
func TestWholeActivityIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, lag := livePast(t), rapid.SampledFrom([]int{0, 0, eventLag}).Draw(t, "lag")
		sources["activity"](p, t, 0, 0)
		p.tell(t, rapid.IntRange(0, 6).Draw(t, "loss"), lag, slices.DeleteFunc(someSources(t), func(s string) bool { return s == "activity" })...)
		res := p.read()
		wide := time.Duration(min(lag, 1)) * 2 * time.Minute // of two creations so near, a report that names no commit may be taken for the other's
		exact := func(i when.Instant, true int) bool {
			return i.NotBefore == when.Bound{At: at(true), Clock: when.Server} && !i.NotAfter.At.Before(at(true)) && i.NotAfter.At.Sub(at(true)) <= wide
		}
		want := slices.DeleteFunc(p.stays(), func(x stay) bool { return strings.HasPrefix(x.ref, "tag/") })
		for _, row := range res.Presence {
			if row.State != timeline.Proven || !row.Ref.Branch() {
				continue
			}
			i := slices.IndexFunc(want, func(x stay) bool {
				return x.path == row.Path && x.ref == short(row.Ref) && exact(row.Added, x.begin) && row.Gone == (x.end != 0) && (!row.Gone || exact(row.Removed, x.end))
			})
			if i < 0 {
				t.Fatalf("no true presence is that of %s %s %s..%s\n%s", row.Ref, row.Path, row.Added, row.Removed, p.explain(res))
			}
			if lag == 0 && want[i].end != want[i].begin && !row.CertainFrom.Equal(at(want[i].begin)) {
				t.Fatalf("certain from %s\n%s", row.CertainFrom, p.explain(res))
			}
			want = slices.Delete(want, i, i+1)
		}
		if len(want) > 0 {
			t.Fatalf("%+v has no row\n%s", want, p.explain(res))
		}
		p.certainIsTrue(t, res)
	})
}

// One listing of refs and the commits are the words of whoever made them: every bound is claimed, and nothing is certain.
func TestGitAloneIsClaimed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		for _, row := range p.read().Presence {
			if row.Added.Known() && !row.Added.Claimed() || row.Gone && row.Removed.Known() && !row.Removed.Claimed() || !row.CertainFrom.IsZero() {
				t.Fatalf("%s: added %s, removed %s: not claimed", row.Ref, row.Added, row.Removed)
			}
			if _, _, ok := (when.Window{Opened: row.Added, Closed: row.Removed}).Certain(); ok {
				t.Fatalf("%s: a certain part between %s and %s", row.Ref, row.Added, row.Removed)
			}
		}
	})
}

// The same facts in any order give the same result.
func TestOrderOfWitnessesChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		p.tell(t, rapid.IntRange(0, 6).Draw(t, "loss"), eventLag, someSources(t)...)
		p.facts.Coverage = append(p.facts.Coverage, evidence.Coverage{Origin: evidence.OriginEvents, Complete: true, To: at(p.end)})
		in := p.input()
		for n := range 5 {
			in.Archive = append(in.Archive, evidence.ArchiveHour{Archive: "a", Hour: at(3600 * n), State: rapid.SampledFrom([]evidence.HourState{
				evidence.HourPresent, evidence.HourAbsent, evidence.HourTruncated}).Draw(t, "hour")})
		}
		first := outcome(p.world, timeline.Read(in))
		p.facts.Updates = rapid.Permutation(p.facts.Updates).Draw(t, "updates")
		p.facts.Sightings = rapid.Permutation(p.facts.Sightings).Draw(t, "sightings")
		p.facts.Earlier = rapid.Permutation(p.facts.Earlier).Draw(t, "listings")
		p.facts.Coverage = rapid.Permutation(p.facts.Coverage).Draw(t, "coverage")
		p.world.commits = rapid.Permutation(p.world.commits).Draw(t, "commits")
		again := p.input()
		again.Archive = rapid.Permutation(in.Archive).Draw(t, "hours")
		if text := outcome(p.world, timeline.Read(again)); text != first {
			t.Fatalf("\n%s\nbut in another order\n%s", first, text)
		}
	})
}

// slack is how far apart stamps of one move can be: what that widens is no loss.
const slack = 120 + eventLag

// tightest is the narrowest row that holds a true presence by firm bounds, as seconds; ok is false where none does.
func tightest(rows []timeline.Presence, x stay) (from, to int, ok bool) {
	const never = 1 << 40
	for _, row := range rows {
		begin, end := -never, never
		if b := row.Added.NotBefore; firm(b) {
			begin = int(b.At.Sub(at(0)).Seconds())
		}
		if b := row.Removed.NotAfter; row.Gone && firm(b) {
			end = int(b.At.Sub(at(0)).Seconds())
		}
		if row.Gone && end == never {
			end = int(row.AsOf.Sub(at(0)).Seconds()) // what is gone was gone when the ref was last looked at
		}
		within := begin-eventLag <= x.begin && (end == never || x.end != 0 && x.end <= end)
		if within && row.Path == x.path && short(row.Ref) == x.ref && (!ok || end-begin < to-from) {
			from, to, ok = begin, end, true
		}
	}
	return from, to, ok
}

// Whatever was heard before, the whole activity never widens, but for the slack of stamps: of a presence on a branch that a row holds before and
// after it is heard, the bounds after lie within those before. Of a further source that loses moves this does not hold: it can show that what
// was taken for one presence was another.
func TestWholeActivityNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := livePast(t)
		p.tell(t, rapid.IntRange(0, 6).Draw(t, "loss"), eventLag, slices.DeleteFunc(someSources(t), func(s string) bool { return s == "activity" })...)
		before := p.read().Presence
		sources["activity"](p, t, 0, 0)
		res := p.read()
		for _, x := range p.stays() {
			from, to, ok := tightest(before, x)
			begin, end, still := tightest(res.Presence, x)
			if ok && (!still || begin < from-slack || end > to+slack) && ref(x.ref).Branch() {
				t.Fatalf("%+v: %d..%d, with the activity %d..%d %t\n%s", x, from, to, begin, end, still, p.explain(res))
			}
		}
	})
}
