package timeline

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// reportSlack is how far two sources may stamp the same move apart. GitHub writes activity and events by different queues, both to the
// second; a real second move with the same ends so soon after is a force-push back and forth, and both rows of one source stay.
const reportSlack = 2 * time.Minute

// stampSlack is how far the stamps of one source may run against the chain: they are cut to the second.
const stampSlack = time.Second

// maxMoment is how many moves of one moment are weighed against each other: more only a script makes, and then any order is as good.
const maxMoment = 16

// maxTries bounds how many ways to chain them are looked at.
const maxTries = 2000

// Move is one move of one ref, as all the sources that reported it agree on.
type Move struct {
	Ref           evidence.Ref
	Before, After evidence.OID // empty: no source says; ZeroOID: none
	Kind          evidence.Kind
	At            when.Instant // the hull of the reports
	Actor         string
	Evidence      []string

	origin evidence.Origin // of the first report
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
	m := Move{Ref: u.Ref, Before: u.Before, After: u.After, Kind: u.Kind, Actor: u.Actor, At: when.At(u.At, u.Clock, id), Evidence: []string{id},
		origin: u.Origin}
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
	byOrigin := map[evidence.Origin][]Move{}
	for _, u := range updates {
		byOrigin[u.Origin] = append(byOrigin[u.Origin], moveOf(u))
	}
	var moves []Move
	for _, origin := range slices.Sorted(maps.Keys(byOrigin)) { // "activity" comes first: it names both ends
		slices.SortFunc(byOrigin[origin], compareMoves)
		taken := map[int]bool{}
		known := len(moves)
		for _, m := range byOrigin[origin] {
			if i := nearest(moves[:known], taken, m); i >= 0 {
				taken[i] = true
				moves[i] = join(moves[i], m)
				continue
			}
			moves = append(moves, m)
		}
	}
	slices.SortFunc(moves, compareMoves)
	return moves
}

func compareMoves(a, b Move) int {
	return cmp.Or(a.At.NotBefore.At.Compare(b.At.NotBefore.At), cmp.Compare(a.Evidence[0], b.Evidence[0]))
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

// order chains moves before to after. Times order only what the chain leaves open: they are cut to the second, and sources lag
// differently, so that a push and its follow-up can bear the same stamp or exchanged ones. last is what the ref held in the end, empty where
// nobody says.
func order(moves []Move, last evidence.OID) []Move {
	best, fewest := []Move(nil), 0
	for i, m := range moves {
		if i > 0 && (!adjacent(m, moves[0]) || i == maxMoment) {
			break
		}
		out, breaks := chain(moves, i)
		if end := out[len(out)-1].After; last != "" && !agree(end, last) {
			breaks++
		}
		// A creation is the likelier beginning: what is deleted first was there before anybody looked.
		if best == nil || breaks < fewest || breaks == fewest && m.Before == evidence.ZeroOID && best[0].Before != evidence.ZeroOID {
			best, fewest = out, breaks
		}
	}
	for i := 1; i < len(best); i++ {
		// Where the stamps run against the chain, either of them may be off.
		if a, b := best[i-1].At, best[i].At; a.NotBefore.At.After(b.NotAfter.At) {
			best[i-1].At, best[i].At = when.Hull(a, b), when.Hull(a, b)
		}
	}
	return best
}

// chain begins with the given move, takes the next one that joins among those that the earliest one left cannot be told from, else
// that earliest one, and counts where it does not join.
func chain(moves []Move, first int) (out []Move, breaks int) {
	rest := slices.Clone(moves)
	take := func(i int) {
		m := rest[i]
		copy(rest[1:i+1], rest[:i])
		out, rest = append(out, m), rest[1:]
	}
	take(first)
	for len(rest) > 0 {
		tip := out[len(out)-1].After
		i := next(rest, tip)
		if !agree(rest[i].Before, tip) {
			breaks++
		}
		take(i)
	}
	return out, breaks
}

// next picks, of the moves of this moment that join the tip, the first from which most of the others can be chained: a there-and-back has to
// be taken before a leave-taking. Where none joins it is the earliest.
func next(rest []Move, tip evidence.OID) int {
	moment := rest[:min(len(rest), maxMoment)]
	for i, m := range moment {
		if !adjacent(m, rest[0]) {
			moment = moment[:i]
			break
		}
	}
	found, longest, budget := 0, -1, maxTries
	for i, m := range moment {
		if agree(m.Before, tip) {
			if n := follow(moment, 1<<i, m.After, &budget); n > longest {
				found, longest = i, n
			}
		}
	}
	return found
}

// follow counts the moves that can be chained from a tip, each of those not yet used once.
func follow(moment []Move, used uint, tip evidence.OID, budget *int) (longest int) {
	for i, m := range moment {
		if used&(1<<i) != 0 || !agree(m.Before, tip) || *budget <= 0 {
			continue
		}
		*budget--
		longest = max(longest, 1+follow(moment, used|1<<i, m.After, budget))
	}
	return longest
}

// adjacent reports that the order of two moves cannot be told from their stamps.
func adjacent(m, earliest Move) bool {
	slack := reportSlack
	if m.origin == earliest.origin {
		slack = stampSlack
	}
	return m.At.NotBefore.At.Sub(earliest.At.NotAfter.At) <= slack
}
