package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// reportSlack is how far two sources may stamp the same move apart. GitHub writes activity and events by different queues, both to the
// second; a real second move with the same ends so soon after is a force-push back and forth, and both rows of one source stay.
const reportSlack = 2 * time.Minute

// earlySlack is how long before another source's stamp a report that names no commit can be made of the same move: the report of a
// creation before that is of another one.
const earlySlack = 10 * time.Second

// Move is one move of one ref, as all the sources that reported it agree on.
//
// What a report can prove depends on its source. No source stands above another: bounds of firm clocks are intersected where they agree, and where they
// exclude each other their hull stands and a gap shows both sides. A git date narrows nothing that a firm clock left open.
//
//   - activity (server clock): the move was made at its stamp, with both ends. Listed to its end it holds every move of every branch: only
//     then is a part of a presence certain.
//   - events (server) and archive (archive clock): the same event has the same id in both and is one report. A push names both ends;
//     creations and deletions name none. They are stamped some seconds late and get lost: their absence proves nothing.
//   - webhooks and audit log (server): as activity, tags too; the audit log may name no objects.
//   - check suites (server) and releases (server), pushes in a reflog (local clock): the move was made by then, never at it. They bound from
//     above; from below only what came before them on the ref does, and nothing within reportSlack of their stamp.
//   - listings (server) and sightings (server or local): a state at an instant. It bounds the moves around it. Two equal ones do not
//     prove that nothing happened between them.
//   - runs for a push (server): the head was the tip by then.
//   - a signature of GitHub's own (server): no ref held the commit, or what grew from it, before its date. When GitHub first checked a
//     signature says only that the commit was somewhere in the fork network: it refutes a later date in the commit and bounds no ref.
//   - dates in commits and tags (git): claims, given where nothing else is.
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
			reports := r.fold(round[origin])
			of := r.twins(k, reports)
			for n, m := range reports {
				if i, told := of[n]; told {
					k.moves[i] = r.joinReports(k.moves[i], m)
					continue
				}
				k.add(m)
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
	byAfter map[evidence.OID][]int
}

func (k *known) add(m Move) {
	k.byAfter[m.After] = append(k.byAfter[m.After], len(k.moves))
	k.moves = append(k.moves, m)
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

// pair is a report of one source and a move that others told of, which may be the same.
type pair struct {
	report, move int
	far          time.Duration
}

// twins finds the moves that the reports of a further source are of: the same event by its id; else of those with the same ends the nearest
// within the slack, the nearest pair first. A report that only says "by then" fits any earlier move whose ends are both told; where several
// moves name no commit, any of them may be meant. Where the whole activity is there, it has every move of a branch: a report with the same
// ends as one of them is that one, however late it is.
func (r *reader) twins(k *known, reports []Move) map[int]int {
	var pairs []pair
	for n, m := range reports {
		unnamed := 0
		begin := len(pairs)
		for _, i := range k.candidates(m) {
			far, named, ok := r.distance(k.moves[i], m)
			if ok {
				pairs = append(pairs, pair{n, i, far})
			}
			if ok && !named {
				unnamed++
			}
		}
		if m.late() && unnamed > 1 {
			pairs = pairs[:begin]
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.far, b.far) })
	of, taken := map[int]int{}, map[int]bool{}
	for _, p := range pairs {
		if _, done := of[p.report]; !done && !taken[p.move] {
			of[p.report], taken[p.move] = p.move, true
		}
	}
	return of
}

// distance is how far a report lies from a move that it may be of. named says that both tell both ends, ok that it may be.
func (r *reader) distance(of, m Move) (far time.Duration, named, ok bool) {
	if !agree(of.Before, m.Before) || !agree(of.After, m.After) || of.creates() && m.deletes() || of.deletes() && m.creates() {
		return 0, false, false
	}
	if m.row != "" && of.row == m.row && publicEvent(m.origin) && publicEvent(of.origin) {
		return -1, true, true
	}
	after := m.stamp().Sub(of.stamp())
	far = after.Abs()
	late := after // of the public event, against the other
	if publicEvent(of.origin) {
		late = -after
	}
	if late < 0 && publicEvent(of.origin) != publicEvent(m.origin) {
		far += reportSlack // events come by a queue: one that was made before is the last to be of the move
	}
	named = m.After != "" && m.After == of.After && m.Before == of.Before
	whole := of.origin == evidence.OriginActivity && !m.late() && r.activityCovers(m.Ref, m.stamp(), m.stamp())
	near := after.Abs() <= reportSlack && (late >= -earlySlack || m.late() || of.After != "" && m.After != "")
	return far, named, near || named && (whole || m.late() && after > 0)
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
		if b.late() {
			at.NotBefore = soonest(b.At)
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
