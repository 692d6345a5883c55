package detect

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// point is what a tag pointed to from some time on, by one source.
type point struct {
	to evidence.OID // a commit; the zero id once it is gone
	at when.Instant
}

// moves finds where tags left what branches hold: the commit before lies in a branch, the commit after was had and lies in none.
func (a *standing) moves() []shift {
	points := a.points()
	var out []shift
	for _, tag := range sortedTags(points) {
		list := points[tag]
		for i := 1; i < len(list); i++ {
			from, to := list[i-1].to, list[i].to
			if from == to || !a.branches.HasID(from) || !a.History.Has(to) || a.branches.HasID(to) {
				continue
			}
			m := shift{tag: tag, to: to, opened: list[i].at}
			if m.closed = a.left(tag, list[i:]); m.closed.NotAfter.At.After(a.now) {
				m.until = "from " + m.opened.String() + " on, and still did when last seen"
			} else {
				m.until = "from " + m.opened.String() + " to " + m.closed.String()
			}
			out = append(out, m)
		}
	}
	return out
}

func sortedTags(points map[evidence.Ref][]point) []evidence.Ref {
	var out []evidence.Ref
	for tag := range points {
		out = append(out, tag)
	}
	slices.Sort(out)
	return out
}

// points lists by tag what it pointed to, in the order of time. An update tells what was there before it, too: what that began with is not known.
func (a *standing) points() map[evidence.Ref][]point {
	type seen struct {
		at            time.Time
		before, after evidence.OID
		told          when.Instant
		listed        bool
	}
	all := map[evidence.Ref][]seen{}
	for _, u := range a.Updates {
		if !u.Ref.Tag() || u.After == "" { // an event may tell that a tag was made, and not where
			continue
		}
		told := when.At(u.At, u.Clock, u.ID())
		if u.By {
			told = when.Between(when.Bound{}, when.Bound{At: u.At, Clock: u.Clock}, u.ID())
		}
		all[u.Ref] = append(all[u.Ref], seen{u.At, a.target(u.Before), a.target(u.After), told, false})
	}
	for _, l := range append(slices.Clip(a.Earlier), a.Listing) {
		for _, r := range l.Refs {
			if r.Ref.Tag() {
				told := when.Between(when.Bound{}, when.Bound{At: l.At, Clock: when.Server}, l.Source)
				all[r.Ref] = append(all[r.Ref], seen{l.At, "", r.Target(), told, true})
			}
		}
	}
	out := map[evidence.Ref][]point{}
	for tag, list := range all {
		slices.SortStableFunc(list, func(x, y seen) int { return x.at.Compare(y.at) })
		var last time.Time
		for _, s := range list {
			points := out[tag]
			if n := len(points); s.before.Object() && (n == 0 || points[n-1].to != s.before) {
				points = append(points, point{to: s.before})
			}
			if n := len(points); n == 0 || points[n-1].to != s.after {
				if s.listed && !last.IsZero() {
					s.told.NotBefore = when.Bound{At: last, Clock: when.Server}
				}
				points = append(points, point{s.after, s.told})
			}
			out[tag], last = points, s.at
		}
	}
	return out
}

// left is when a tag ceased to point where the first of its points says; after the case's now where it still did when last listed.
func (a *standing) left(tag evidence.Ref, list []point) when.Instant {
	for _, next := range list[1:] {
		if next.at.Known() {
			return next.at
		}
	}
	i := slices.IndexFunc(a.Listing.Refs, func(r evidence.ListedRef) bool { return r.Ref == tag })
	from := cmp.Or(list[0].at.NotAfter, list[0].at.NotBefore)
	if i >= 0 && a.Listing.Refs[i].Target() == list[0].to {
		from = when.Bound{At: a.Listing.At, Clock: when.Server}
		return when.Between(from, when.Bound{At: a.now.Add(time.Second), Clock: when.Server}, a.Listing.Source)
	}
	return when.Between(from, when.Bound{At: a.Listing.At, Clock: when.Server}, a.Listing.Source) // it was not listed any more
}
