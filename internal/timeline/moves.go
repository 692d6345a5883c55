package timeline

import (
	"cmp"
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
	At            when.Instant // the hull of the reports
	Actor         string
	Evidence      []string
}

// creates reports that the ref did not exist before.
func (m Move) creates() bool {
	return m.Before == evidence.ZeroOID || m.Kind == evidence.BranchCreation || m.Kind == evidence.TagCreation
}

// deletes reports that the ref does not exist after.
func (m Move) deletes() bool {
	return m.After == evidence.ZeroOID || m.Kind == evidence.BranchDeletion || m.Kind == evidence.TagDeletion
}

func moveOf(u evidence.RefUpdate) Move {
	id := u.ID()
	m := Move{Ref: u.Ref, Before: u.Before, After: u.After, Kind: u.Kind, Actor: u.Actor, At: when.At(u.At, when.Server, id), Evidence: []string{id}}
	if m.creates() {
		m.Before = evidence.ZeroOID
	}
	if m.deletes() {
		m.After = evidence.ZeroOID
	}
	return m
}

// merge folds the reports of several sources into moves: a report joins a move of another source with the same ends that lies nearest in time.
// Two reports of one source are two moves.
func merge(updates []evidence.RefUpdate) []Move {
	byOrigin := map[evidence.Origin][]evidence.RefUpdate{}
	var origins []evidence.Origin
	for _, u := range updates {
		if byOrigin[u.Origin] == nil {
			origins = append(origins, u.Origin)
		}
		byOrigin[u.Origin] = append(byOrigin[u.Origin], u)
	}
	slices.Sort(origins) // "activity" comes first: it names both ends
	var moves []Move
	for _, origin := range origins {
		taken := map[int]bool{}
		known := len(moves)
		for _, u := range byOrigin[origin] {
			m := moveOf(u)
			if i := nearest(moves[:known], taken, m); i >= 0 {
				taken[i] = true
				moves[i] = join(moves[i], m)
				continue
			}
			moves = append(moves, m)
		}
	}
	slices.SortStableFunc(moves, func(a, b Move) int {
		return cmp.Or(a.At.NotBefore.At.Compare(b.At.NotBefore.At), cmp.Compare(a.Evidence[0], b.Evidence[0]))
	})
	return moves
}

func nearest(moves []Move, taken map[int]bool, m Move) int {
	best, distance := -1, reportSlack+1
	for i, other := range moves {
		if taken[i] || !agree(other.Before, m.Before) || !agree(other.After, m.After) {
			continue
		}
		if d := other.At.NotBefore.At.Sub(m.At.NotBefore.At).Abs(); d < distance {
			best, distance = i, d
		}
	}
	return best
}

// agree reports that two sources may speak of the same object: the same, or one does not say.
func agree(a, b evidence.OID) bool { return a == b || a == "" || b == "" }

func join(a, b Move) Move {
	a.At = when.Hull(a.At, b.At)
	a.Evidence = append(slices.Clone(a.Evidence), b.Evidence...)
	slices.Sort(a.Evidence)
	a.Before, a.After, a.Actor = cmp.Or(a.Before, b.Before), cmp.Or(a.After, b.After), cmp.Or(a.Actor, b.Actor)
	if b.Kind == evidence.ForcePush {
		a.Kind = evidence.ForcePush
	}
	return a
}

// order chains moves before to after. Times order only what the chain leaves open: they have a resolution of a second, and a push and
// its follow-up can bear the same one.
func order(moves []Move) []Move {
	rest, out := slices.Clone(moves), make([]Move, 0, len(moves))
	for len(rest) > 0 {
		i := 0
		if len(out) == 0 {
			i = firstOf(rest)
		} else if tip := out[len(out)-1].After; tip != "" && !agree(rest[0].Before, tip) {
			if j := slices.IndexFunc(rest, func(m Move) bool { return m.Before == tip && close(m, rest[0]) }); j >= 0 {
				i = j
			}
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

// close reports that the order of two moves cannot be told from their times.
func close(m, earliest Move) bool {
	return m.At.NotBefore.At.Sub(earliest.At.NotAfter.At) <= reportSlack
}

// firstOf picks the beginning of the chain among the moves that the earliest one cannot be told from.
func firstOf(moves []Move) int {
	for i, m := range moves {
		if !close(m, moves[0]) {
			break
		}
		if !m.At.NotBefore.At.Equal(moves[0].At.NotBefore.At) {
			break // only equal stamps are open: a creation, deletion and creation in a row must keep their order
		}
		if m.Before == "" || !slices.ContainsFunc(moves, func(o Move) bool { return o.After == m.Before && o.At.NotBefore.At.Equal(m.At.NotBefore.At) }) {
			return i
		}
	}
	return 0
}
