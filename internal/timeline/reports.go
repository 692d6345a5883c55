package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// reportSlack is how far two sources may stamp the same move apart. GitHub writes activity and events by different queues, both to the
// second; a real second move with the same ends so soon after is a force-push back and forth, and both rows of one source stay.
const reportSlack = 2 * time.Minute

// Move is one move of one ref, as all the sources that reported it agree on.
type Move struct {
	Ref           evidence.Ref
	Before, After evidence.OID // empty: no source says; ZeroOID: none
	Kind          evidence.Kind
	At            when.Instant // what the reports have in common, else their hull; no lower bound where all say "by then"
	Actor         string
	Evidence      []string

	origin evidence.Origin // of the first report
	row    string          // its id there: events and archives name the same event by the same one
	seen   bool            // nothing moved: a source saw the ref hold After
}

// creates reports that the ref did not exist before.
func (m Move) creates() bool {
	return !m.seen && (m.Before == evidence.ZeroOID || m.Kind == evidence.BranchCreation || m.Kind == evidence.TagCreation)
}

// deletes reports that the ref does not exist after.
func (m Move) deletes() bool {
	return !m.seen && (m.After == evidence.ZeroOID || m.Kind == evidence.BranchDeletion || m.Kind == evidence.TagDeletion)
}

// late reports a move of which only the latest time is known.
func (m Move) late() bool { return !m.At.NotBefore.Known() }

// stamp is the time by which a move is sorted.
func (m Move) stamp() time.Time {
	if m.late() {
		return m.At.NotAfter.At
	}
	return m.At.NotBefore.At
}

// moveOf reads one report. A tag's update names the tag object where the tag is annotated: peeled knows the commits behind those.
func (r *reader) moveOf(u evidence.RefUpdate) Move {
	id := u.ID()
	m := Move{Ref: u.Ref, Before: r.peel(u.Before), After: r.peel(u.After), Kind: u.Kind, Actor: u.Actor, At: when.At(u.At, u.Clock, id),
		Evidence: []string{id}, origin: u.Origin, row: u.ExternalID}
	if u.By {
		m.At.NotBefore = when.Bound{}
	}
	if m.creates() {
		m.Before = evidence.ZeroOID
	}
	if m.deletes() {
		m.After = evidence.ZeroOID
	}
	return m
}

// peel is the commit behind a tag object, as far as a listing told of it.
func (r *reader) peel(o evidence.OID) evidence.OID { return cmp.Or(r.peeled[o], o) }

// merge folds the reports of several sources into moves: a report joins a move of another source with the same ends that lies nearest in
// time. Two reports of one source are two moves. Reports that only say "by then" come last: they add a move where no other tells of it.
func (r *reader) merge(updates []evidence.RefUpdate) []Move {
	exact, late := map[evidence.Origin][]Move{}, map[evidence.Origin][]Move{}
	for _, u := range updates {
		to := exact
		if u.By {
			to = late
		}
		to[u.Origin] = append(to[u.Origin], r.moveOf(u))
	}
	k := &known{byAfter: map[evidence.OID][]int{}}
	for _, round := range []map[evidence.Origin][]Move{exact, late} {
		for _, origin := range slices.Sorted(maps.Keys(round)) { // "activity" comes first: it names both ends
			clear(k.taken)
			n := len(k.moves)
			for _, m := range r.fold(round[origin]) {
				i := r.twin(k, n, m)
				if i < 0 {
					k.add(m)
					continue
				}
				k.taken[i] = true
				k.moves[i] = r.joinReports(k.moves[i], m)
			}
		}
	}
	slices.SortFunc(k.moves, compareMoves)
	return k.moves
}

func compareMoves(a, b Move) int {
	return cmp.Or(a.stamp().Compare(b.stamp()), cmp.Compare(a.Evidence[0], b.Evidence[0]))
}

// fold joins the reports of one source that are of one move: rows with one id, and what several suites of checks say of one push. A clone
// notes each push that it makes, so that its reports are as many moves.
func (r *reader) fold(reports []Move) []Move {
	type ends struct{ row, before, after string }
	slices.SortFunc(reports, compareMoves)
	var out []Move
	first := map[ends]int{}
	for _, m := range reports {
		key := ends{row: m.row, before: string(m.Before), after: string(m.After)}
		if m.late() && m.origin != evidence.OriginReflog {
			key.row = ""
		}
		if i, again := first[key]; again && (m.late() || m.row != "") {
			out[i] = r.joinReports(out[i], m)
			continue
		}
		first[key] = len(out)
		out = append(out, m)
	}
	return out
}

// known are the moves that other sources told of so far, to be found by what the ref held after them.
type known struct {
	moves   []Move
	taken   []bool
	byAfter map[evidence.OID][]int
}

func (k *known) add(m Move) {
	k.byAfter[m.After] = append(k.byAfter[m.After], len(k.moves))
	k.moves, k.taken = append(k.moves, m), append(k.taken, false)
}

// candidates are the moves that may have the same ends.
func (k *known) candidates(m Move) []int {
	if m.After != "" {
		return slices.Concat(k.byAfter[m.After], k.byAfter[""])
	}
	all := make([]int, len(k.moves))
	for i := range all {
		all[i] = i
	}
	return all
}

// twin finds the move that a report of another source is of, among the first n, -1 for none: the same event by its id; else of those with
// the same ends the nearest within the slack. A report that only says "by then" fits any earlier move whose ends are both told. Where the
// whole activity is there, it has every move of a branch: a report with the same ends as one of them is that one, however late it is.
func (r *reader) twin(k *known, n int, m Move) int {
	best, distance, fits := -1, time.Duration(math.MaxInt64), 0
	for _, i := range k.candidates(m) {
		other := k.moves[i]
		if i >= n || !agree(other.Before, m.Before) || !agree(other.After, m.After) || other.creates() && m.deletes() || other.deletes() && m.creates() {
			continue
		}
		if m.row != "" && other.row == m.row && publicEvent(m.origin) && publicEvent(other.origin) {
			return i
		}
		after := m.stamp().Sub(other.stamp())
		far := after.Abs()
		if after < 0 {
			far += reportSlack // a report is made after the move: one that was made before is the last to be of it
		}
		if k.taken[i] {
			continue
		}
		named := m.After != "" && m.After == other.After && m.Before == other.Before
		whole := other.origin == evidence.OriginActivity && !m.late() && r.activityCovers(m.Ref, m.stamp(), m.stamp())
		if after.Abs() <= reportSlack || named && (whole || m.late() && after > 0) {
			if !named {
				fits++
			}
			if far < distance {
				best, distance = i, far
			}
		}
	}
	if m.late() && fits > 1 {
		return -1 // of several that name no commit any may be meant
	}
	return best
}

// publicEvent reports an origin whose rows are public events: their ids are the same wherever they are kept.
func publicEvent(o evidence.Origin) bool {
	return o == evidence.OriginEvents || o == evidence.OriginArchive
}

// agree reports that two sources may speak of the same object: the same, or one does not say.
func agree(a, b evidence.OID) bool { return a == b || a == "" || b == "" }

// joinReports makes one move of two reports of it. "By then" narrows a stamp where they have a time in common. Two stamps that differ are not
// narrowed to either: what lies between them holds both, and beyond the slack the contradiction is told.
func (r *reader) joinReports(a, b Move) Move {
	at, clash := when.Intersect(a.At, b.At)
	if stamps := !a.late() && !b.late(); clash != nil || stamps && !sameTimes(a.At, b.At) {
		at = between(a.At, b.At)
		if b.late() { // how long before its report a move was made is not told
			at.NotBefore.At = at.NotBefore.At.Add(-reportSlack)
		}
		if apart := b.stamp().Sub(a.stamp()).Abs(); apart > reportSlack {
			r.gap(evidence.GapContradiction, string(a.Ref), fmt.Sprintf("%s stamps the move from %s to %s %s, %s stamps it %s: one of them was late, and the bounds hold both",
				a.origin, name(a.Before), name(a.After), a.At, b.origin, b.At), "", slices.Concat(a.Evidence, b.Evidence)...)
		}
	}
	a.At = at
	a.Evidence = append(slices.Clone(a.Evidence), b.Evidence...)
	slices.Sort(a.Evidence)
	a.Evidence = slices.Compact(a.Evidence)
	a.Before, a.After, a.Actor = cmp.Or(a.Before, b.Before), cmp.Or(a.After, b.After), cmp.Or(a.Actor, b.Actor)
	if b.Kind == evidence.ForcePush {
		a.Kind = evidence.ForcePush
	}
	return a
}

func sameTimes(a, b when.Instant) bool {
	return a.NotBefore.At.Equal(b.NotBefore.At) && a.NotAfter.At.Equal(b.NotAfter.At)
}

// between is the hull of two stamps. A stamp that only says "by then" counts as a time: it was made soon after the move.
func between(a, b when.Instant) when.Instant {
	for _, i := range []*when.Instant{&a, &b} {
		if !i.NotBefore.Known() {
			i.NotBefore = i.NotAfter
		}
	}
	return when.Hull(a, b)
}
