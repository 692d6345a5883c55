package timeline

import (
	"cmp"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// stampSlack is how far the stamps of one source may run against the chain: they are cut to the second.
const stampSlack = time.Second

// maxMoment is how many moves of one moment are weighed against each other: more only a script makes, and then any order is as good.
const maxMoment = 16

// maxTries bounds how many ways to chain them are looked at for one place in the chain, maxRefTries for all places of one ref: thousands of
// reports that bear one stamp and name no commit are a script's work, and are chained as they come once that is spent.
const (
	maxTries    = 2000
	maxRefTries = 1_000_000
)

// maxBack is how many moves back a report that only says "by then" is tried to fit in where it does not fit by its stamp.
const maxBack = 1000

// order chains moves before to after. Times order only what the chain leaves open: they are cut to the second, and sources lag
// differently, so that a push and its follow-up can bear the same stamp or exchanged ones. last is what the ref held in the end, empty where
// nobody says. open is what the ref may have held before, by chains from other first moves that join as well: a way round to where it began can
// be read from anywhere on it.
func order(moves []Move, last evidence.OID) (best []Move, open []evidence.OID) {
	fewest, tries := cost{}, maxRefTries
	for i, m := range moves {
		if i > 0 && (!adjacent(m, moves[0]) || i == maxMoment) {
			break
		}
		out, c := chain(moves, i, &tries)
		if end := out[len(out)-1].After; last != "" && !agree(end, last) {
			c.breaks++
		}
		// A creation is the likelier beginning: what is deleted first was there before anybody looked.
		if m.Before != evidence.ZeroOID {
			c.beginning = 1
		}
		as := cost{breaks: c.breaks, beginning: c.beginning, against: fewest.against}.compare(fewest)
		if best != nil && as > 0 {
			continue
		}
		if as < 0 {
			open = nil
		}
		if before := out[0].Before; !slices.Contains(open, before) {
			open = append(open, before)
		}
		if best == nil || c.compare(fewest) < 0 {
			best, fewest = out, c
		}
	}
	if len(best) > 0 {
		open = slices.DeleteFunc(open, func(o evidence.OID) bool { return agree(o, best[0].Before) })
	}
	moveBack(best)
	for i := 1; i < len(best); i++ {
		// Where the stamps run against the chain, either of them may be off.
		if a, b := best[i-1].At, best[i].At; a.NotBefore.Known() && a.NotBefore.At.After(b.NotAfter.At) {
			best[i-1].At, best[i].At = between(a, b), between(a, b)
			if !b.NotBefore.Known() {
				best[i].At.NotBefore = soonest(b)
			}
		}
	}
	chainBounds(best)
	return best, open
}

// soonest is the bound from below of a move of which only the latest time is known, as far as it is made of stamps: how long before its report
// it was made is not told, but for the slack.
func soonest(i when.Instant) when.Bound {
	return when.Bound{At: i.NotAfter.At.Add(-reportSlack), Clock: i.NotAfter.Clock}
}

// joins reports that a move begins where the one before it ended, by the word of both.
func joins(before, m Move) bool { return m.Before != "" && m.Before == before.After }

// moveBack puts moves of which only the latest time is known where they fit, if they do not where their stamps put them: what was made by
// then can have been made long before.
func moveBack(moves []Move) {
	for i := 1; i < len(moves); i++ {
		m := moves[i]
		if !m.late() || joins(moves[i-1], m) {
			continue
		}
		for j := i - 1; j > 0 && j > i-maxBack; j-- {
			if joins(moves[j-1], m) && !agree(moves[j-1].After, moves[j].Before) {
				copy(moves[j+1:i+1], moves[j:i])
				moves[j] = m
				break
			}
		}
	}
}

// chainBounds bounds a move of which only the latest time is known by its neighbours: it came after the one before it, and before one that
// joins it. How soon such a report is made is not told, so that a neighbour within the slack of its stamp bounds nothing from below. Where
// the one before it does not join, nothing says that it came first: a gap tells of the broken chain.
func chainBounds(moves []Move) {
	for i := len(moves) - 2; i >= 0; i-- {
		m, next := &moves[i], moves[i+1]
		if until := next.At.NotAfter; m.late() && joins(*m, next) && until.At.Before(m.At.NotAfter.At) {
			m.At = when.Between(when.Bound{}, until, slices.Concat(m.At.Evidence, next.Evidence)...)
		}
	}
	for i := 1; i < len(moves); i++ {
		m, before := &moves[i], moves[i-1]
		if from := before.At.NotBefore; m.late() && !m.seen && joins(before, *m) && from.Known() {
			if s := soonest(m.At); from.At.After(s.At) {
				from.At = s.At
			}
			m.At = when.Between(from, m.At.NotAfter, slices.Concat(m.At.Evidence, before.Evidence)...)
		}
	}
}

// cost is what speaks against an order: where moves do not join, a beginning that is no creation, and stamps that run against it.
type cost struct{ breaks, beginning, against int }

func (c cost) compare(o cost) int {
	return cmp.Or(cmp.Compare(c.breaks, o.breaks), cmp.Compare(c.beginning, o.beginning), cmp.Compare(c.against, o.against))
}

// chain begins with the given move, takes the next one that joins among those that the earliest one left cannot be told from, else
// that earliest one, and counts what speaks against the outcome.
func chain(moves []Move, first int, tries *int) (out []Move, c cost) {
	rest := slices.Clone(moves)
	take := func(i int) {
		m := rest[i]
		copy(rest[1:i+1], rest[:i])
		out, rest = append(out, m), rest[1:]
	}
	take(first)
	for len(rest) > 0 {
		tip := out[len(out)-1].After
		i := next(rest, tip, tries)
		if !rest[i].follows(tip) {
			c.breaks++
		}
		if rest[i].stamp().Before(out[len(out)-1].stamp()) {
			c.against++
		}
		take(i)
	}
	return out, c
}

// follows reports that a move can begin at what a ref holds: what is not there cannot be deleted.
func (m Move) follows(tip evidence.OID) bool {
	return agree(m.Before, tip) && !(m.Before == "" && tip == evidence.ZeroOID && m.deletes())
}

// next picks, of the moves of this moment that join the tip, the first from which most of the others can be chained: a there-and-back has to
// be taken before a leave-taking. Where none joins it is the earliest.
func next(rest []Move, tip evidence.OID, tries *int) int {
	moment := rest[:min(len(rest), maxMoment)]
	for i, m := range moment {
		if m.stamp().Sub(rest[0].At.NotAfter.At) > reportSlack {
			moment = moment[:i]
			break
		}
	}
	found, best, budget := 0, -1, min(maxTries, *tries)
	given := budget
	for i, m := range moment {
		if m.follows(tip) && adjacent(m, rest[0]) {
			if n := link(moment, 0, i) + follow(moment, 1<<i, m.After, &budget); n > best {
				found, best = i, n
			}
		}
	}
	*tries -= given - budget
	return found
}

// linked is what a move that joins is worth: more than all the stamps of a moment that run against the chain.
const linked = maxMoment + 1

// link is the worth of taking a move before those that are stamped earlier and not yet used.
func link(moment []Move, used uint, i int) int {
	for j := range i {
		if used&(1<<j) == 0 && moment[j].stamp().Before(moment[i].stamp()) {
			return linked - 1
		}
	}
	return linked
}

// follow is the worth of the best chain of moves from a tip, each of those not yet used once.
func follow(moment []Move, used uint, tip evidence.OID, budget *int) (best int) {
	for i, m := range moment {
		if used&(1<<i) != 0 || !m.follows(tip) || *budget <= 0 {
			continue
		}
		*budget--
		best = max(best, link(moment, used, i)+follow(moment, used|1<<i, m.After, budget))
	}
	return best
}

// adjacent reports that the order of two moves cannot be told from their stamps.
func adjacent(m, earliest Move) bool {
	slack := reportSlack
	if m.origin == earliest.origin {
		slack = stampSlack
	}
	return m.stamp().Sub(earliest.At.NotAfter.At) <= slack
}
