package timeline

import (
	"fmt"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxSkew is how far the clock of a clone is taken to be off at most: by a wrong zone, or by a date that is one day off.
const maxSkew = 24 * time.Hour

// clones is what is known of the clocks of clones, taken together: reflogs do not say which clone they are of.
//
// A local clock proves nothing against GitHub's. Its stamps bound moves that nobody else tells of, widened by what pushes that GitHub stamped
// too show it to be off; where none does, they hold as far as the clock was right, which is why they are marked local. A push that another
// source tells of is that one, however the clone dates it. What the whole activity excludes, or what a wrong clock explains as well as moves
// that nobody tells of, makes no state of a ref: a gap tells of it.
type clones struct {
	ahead, behind time.Duration // at most, zero where no push shows it
	right         bool          // some push shows a clock that is right
}

// local reads what the pushes of clones show of their clocks, once; moves are those that others stamped, by ref and time.
func (r *reader) local() *clones {
	if r.clones != nil {
		return r.clones
	}
	r.clones, r.stamped = &clones{}, map[evidence.Ref][]Move{}
	var pushes []Move
	for _, u := range r.Facts.Updates {
		switch {
		case u.Clock == when.Local:
			pushes = append(pushes, r.readReport(u))
		case !u.By:
			r.stamped[u.Ref] = append(r.stamped[u.Ref], r.readReport(u))
		}
	}
	for _, moves := range r.stamped {
		slices.SortFunc(moves, compareMoves)
	}
	for _, m := range pushes {
		r.clones.measure(r, m)
	}
	return r.clones
}

// measure compares the clock of a clone with the stamp of the same push by another source: of the one that brought the same commit the nearest.
func (c *clones) measure(r *reader, m Move) {
	var best *Move
	fit := 0
	for i, of := range r.stamped[m.Ref] {
		far := of.stamp().Sub(m.stamp()).Abs()
		if !sameEnds(of, m) || !m.After.Object() || of.After != m.After || far > maxSkew {
			continue
		}
		fit++
		if best == nil || far < best.stamp().Sub(m.stamp()).Abs() {
			best = &r.stamped[m.Ref][i]
		}
	}
	if best == nil {
		return
	}
	off := m.stamp().Sub(best.stamp())
	if off.Abs() <= reportSlack {
		c.right = c.right || fit == 1 // of several, a wrong clock can hit one by chance
		return
	}
	c.ahead, c.behind = max(c.ahead, off), max(c.behind, -off)
	r.gap(evidence.GapContradiction, string(m.Ref), fmt.Sprintf("a clone dates its push of %s %s, %s stamps one %s: the clock of the clone was off, or another push is not told",
		name(m.After), m.At.NotAfter.At.Format(time.RFC3339), best.origin, best.At), r.hint(m.Ref), slices.Concat(m.Evidence, best.Evidence)...)
}

// sorts is the likeliest true time of a local stamp: where the clocks of clones err to both sides, which one it is of is not told.
func (c *clones) sorts(at time.Time) time.Time {
	if c.ahead > 0 && c.behind > 0 {
		return at
	}
	return at.Add(c.behind - c.ahead)
}

// localPush widens a report of a clone by how far clocks of clones are off.
func (r *reader) localPush(m Move) Move {
	c, at := r.local(), m.At.NotAfter.At
	m.sorted = c.sorts(at)
	m.At.NotAfter.At = at.Add(c.behind)
	return m
}

// localSighting is the time of a sighting by a clone. ok is false where it says nothing of the ref: a gap says why.
func (r *reader) localSighting(s evidence.Sighting) (at when.Instant, sorted time.Time, ok bool) {
	c, o := r.local(), r.peel(s.OID)
	sorted = c.sorts(s.At)
	at = when.Between(when.Bound{At: s.At.Add(-c.ahead).UTC(), Clock: when.Local}, when.Bound{At: s.At.Add(c.behind).UTC(), Clock: when.Local}, s.ID())
	near, other := heldAt(r.stamped[s.Ref], o, sorted)
	whole := r.activityCovers(s.Ref, sorted, sorted)
	if !other && near != nil && near.stamp().Sub(sorted).Abs() <= reportSlack {
		// Within the slack it is that state, before or after the stamp, and moves no stamp of others.
		at.NotBefore.At = slices.MinFunc([]time.Time{at.NotBefore.At, near.At.NotBefore.At}, time.Time.Compare)
		at.NotAfter.At = slices.MaxFunc([]time.Time{at.NotAfter.At, near.At.NotAfter.At}, time.Time.Compare)
	}
	if whole && !other {
		return at, sorted, false // the whole activity knows it
	}
	if !other || !whole && (near == nil || c.right && c.ahead == 0 && c.behind == 0) {
		return at, sorted, true
	}
	detail, ids := "", []string{s.ID()}
	if near != nil {
		detail, ids = fmt.Sprintf("; %s tells that it did around %s", near.origin, near.At), append(ids, near.Evidence...)
	}
	r.gap(evidence.GapContradiction, string(s.Ref), fmt.Sprintf("a clone saw %s there at %s by its own clock, and others tell that the ref held something else then%s: the clock of the clone was off, or moves are not told",
		name(o), s.At.UTC().Format(time.RFC3339), detail), r.hint(s.Ref), ids...)
	return at, sorted, false
}

// heldAt reports that stamped moves say that a ref held something other than a commit at a time, and the nearest one within maxSkew by which
// it did hold it.
func heldAt(moves []Move, o evidence.OID, at time.Time) (near *Move, other bool) {
	for i := range moves {
		m := &moves[i]
		far := m.stamp().Sub(at).Abs()
		if m.Before != o && m.After != o || far > maxSkew {
			continue
		}
		if near == nil || far < near.stamp().Sub(at).Abs() {
			near = m
		}
	}
	if near != nil && near.stamp().Sub(at).Abs() <= reportSlack {
		return near, false
	}
	next, _ := slices.BinarySearchFunc(moves, at, func(m Move, at time.Time) int { return m.stamp().Compare(at) })
	var before, after evidence.OID
	if next > 0 {
		before = moves[next-1].After
	}
	if next < len(moves) {
		after = moves[next].Before
	}
	if before == "" && after == "" {
		return near, false
	}
	// Moves of one second come in no order: what one of them left another may have brought.
	left, brought := false, false
	for i := next; i < len(moves) && moves[i].stamp().Equal(moves[next].stamp()); i++ {
		left, brought = left || moves[i].Before == o, brought || moves[i].After == o
	}
	ended, began := false, false
	for i := next - 1; i >= 0 && moves[i].stamp().Equal(moves[next-1].stamp()); i-- {
		ended, began = ended || moves[i].Before == o, began || moves[i].After == o
	}
	return near, !(left && !brought) && !(began && !ended)
}

// excluded reports a push of a clone that the whole activity does not know: it was made at another time or elsewhere, and a gap says so.
func (r *reader) excluded(m Move) bool {
	if !m.local() || !r.activityCovers(m.Ref, m.stamp(), m.stamp()) {
		return false
	}
	r.gap(evidence.GapContradiction, string(m.Ref), fmt.Sprintf("a clone dates its push of %s %s, and the whole activity knows of none: the clock of the clone was off, or the push went elsewhere",
		name(m.After), m.At), "", m.Evidence...)
	return true
}

// local reports a push that a clone tells of, and nobody else.
func (m Move) local() bool { return m.late() && m.At.NotAfter.Clock == when.Local }
