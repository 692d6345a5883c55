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
//   - check suites (server), pushes in a reflog (local clock): the move was made by then, never at it. They bound from above; from below only
//     what came before them on the ref does, and nothing within reportSlack of their stamp.
//   - releases (server): a tag of that name was there by then. Where anything else is told of the tag they say nothing new.
//   - the clock of a clone bounds what nobody else stamps: see [clones].
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
	row    string          // its id there
	events []string        // ids of the public events that told of it: the same in events and archives
	sorted time.Time       // by which it is sorted, where its bounds are wider than its stamp: those of a clone's clock
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
	switch {
	case !m.sorted.IsZero():
		return m.sorted
	case m.late():
		return m.At.NotAfter.At
	}
	return m.At.NotBefore.At
}

// moveOf reads one report, by what its clock can prove.
func (r *reader) moveOf(u evidence.RefUpdate) Move {
	m := r.readReport(u)
	if m.local() {
		m = r.localPush(m)
	}
	return m
}

// readReport reads one report. A tag's update names the tag object where the tag is annotated: peeled knows the commits behind those.
func (r *reader) readReport(u evidence.RefUpdate) Move {
	id := u.ID()
	m := Move{Ref: u.Ref, Before: r.peel(u.Before), After: r.peel(u.After), Kind: u.Kind, Actor: u.Actor, At: when.At(u.At, u.Clock, id),
		Evidence: []string{id}, origin: u.Origin, row: u.ExternalID}
	if publicEvent(u.Origin) && u.ExternalID != "" {
		m.events = []string{u.ExternalID}
	}
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
		if existence(u) {
			continue
		}
		to := exact
		if u.By {
			to = late
		}
		to[u.Origin] = append(to[u.Origin], r.moveOf(u))
	}
	release, told := r.release(updates)
	k := &known{byAfter: map[evidence.OID][]int{}, events: map[string]int{}}
	for _, round := range []map[evidence.Origin][]Move{exact, late} {
		for _, origin := range slices.Sorted(maps.Keys(round)) { // "activity" comes first: it names both ends
			reports := r.fold(round[origin])
			k.index()
			of := r.twins(k, reports)
			for n, m := range reports {
				if i, told := of[n]; told {
					k.moves[i] = r.joinReports(k.moves[i], m)
					k.learn(i)
					continue
				}
				if !r.excluded(m) {
					k.add(m)
				}
			}
		}
	}
	if told && len(k.moves) == 0 {
		k.add(r.moveOf(release))
	}
	slices.SortFunc(k.moves, compareMoves)
	return k.moves
}

// existence reports a release: a tag of its name was there by then. It is no word on what the tag held, nor that it was made for the release.
func existence(u evidence.RefUpdate) bool {
	return u.By && u.Kind == evidence.TagCreation && u.After == ""
}

// release is the first release of a tag, which bounds its creation from above; told is false where there is none, or where a listing or a
// sighting knows of the tag too, so that the release says nothing new.
func (r *reader) release(updates []evidence.RefUpdate) (first evidence.RefUpdate, told bool) {
	for _, u := range updates {
		if existence(u) && (!told || cmp.Or(u.At.Compare(first.At), cmp.Compare(u.ID(), first.ID())) < 0) {
			first, told = u, true
		}
	}
	return first, told && !r.refsTold()[first.Ref]
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

// joinReports makes one move of two reports of it. "By then" narrows a stamp where they have a time in common. Two stamps that differ are not
// narrowed to either: what lies between them holds both, and beyond the slack the contradiction is told.
func (r *reader) joinReports(a, b Move) Move {
	at, clash := when.Intersect(a.At, b.At)
	if b.local() && !a.late() {
		at, clash = a.At, nil // the clock of a clone neither narrows nor widens a stamp of others: see [clones]
	} else if stamps := !a.late() && !b.late(); clash != nil || stamps && !sameTimes(a.At, b.At) {
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
	if !b.local() || !a.local() {
		a.sorted = time.Time{}
	}
	a.events = slices.Concat(a.events, b.events)
	slices.Sort(a.events)
	a.events = slices.Compact(a.events)
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
