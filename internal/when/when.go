// Package when answers "when was that, as far as anyone can tell": instants of which only bounds are known, and the windows between
// two of them. It takes times with the clock that stamped them; it gives intersections, hulls and contradictions. It never turns two
// bounds into one date, and it never lets a forgeable clock narrow what a better one left open.
package when

import (
	"fmt"
	"slices"
	"time"
)

// Clock says who stamped a time. The order is the order of trust: a higher clock is harder to forge.
type Clock uint8

const (
	// NoClock belongs to a bound that nobody stamped: it is unbounded.
	NoClock Clock = iota
	// Git is an author, committer or tagger date: the words of whoever made the object.
	Git
	// Declared is the word of a responder or of a campaign pack.
	Declared
	// Local is the clock of a machine that kept a clone: reflog entries. Whoever holds the clone can set it; the attacker of a
	// repository cannot.
	Local
	// Runner is reported by the machine that ran a job: step times.
	Runner
	// Archive is the created_at of an archived public event.
	Archive
	// Server is stamped by GitHub: activity, events, check suites, runs, audit log.
	Server
)

var clockNames = [...]string{"", "git", "declared", "local", "runner", "archive", "server"}

// String is the word used in JSON, SQL and reports; empty for NoClock.
func (c Clock) String() string {
	if int(c) < len(clockNames) {
		return clockNames[c]
	}
	return fmt.Sprintf("clock(%d)", uint8(c))
}

// ParseClock is the inverse of [Clock.String]; the empty word is NoClock.
func ParseClock(s string) (Clock, error) {
	if i := slices.Index(clockNames[:], s); i >= 0 {
		return Clock(i), nil
	}
	return NoClock, fmt.Errorf("unknown clock %q", s)
}

// Bound is one side of an [Instant]. The zero Bound is unbounded: nothing is known on that side.
type Bound struct {
	At    time.Time // UTC
	Clock Clock
}

// Known reports whether the bound says anything.
func (b Bound) Known() bool { return !b.At.IsZero() }

// firm reports a bound that rests on more than a forgeable clock; a time that nobody stamped is not firm either.
func (b Bound) firm() bool { return b.Known() && b.Clock > Git }

// Instant is a point in time of which only bounds are known. The zero Instant is wholly unknown.
type Instant struct {
	NotBefore, NotAfter Bound
	Evidence            []string // ids of the facts behind the bounds, sorted
}

// At is an instant stamped exactly.
func At(t time.Time, c Clock, evidence ...string) Instant {
	b := Bound{At: t.UTC(), Clock: c}
	return Instant{NotBefore: b, NotAfter: b, Evidence: union(evidence)}
}

// Between is an instant after one bound and before another; either may be the zero Bound.
func Between(from, to Bound, evidence ...string) Instant {
	return Instant{NotBefore: from, NotAfter: to, Evidence: union(evidence)}
}

// Known reports whether at least one side is bounded.
func (i Instant) Known() bool { return i.NotBefore.Known() || i.NotAfter.Known() }

// Claimed reports that a bound rests on a git date and on nothing better.
func (i Instant) Claimed() bool {
	return (i.NotBefore.Known() && i.NotBefore.Clock == Git) || (i.NotAfter.Known() && i.NotAfter.Clock == Git)
}

// Clock is the weaker clock of the two known bounds, NoClock where neither is known.
func (i Instant) Clock() Clock {
	switch {
	case !i.NotBefore.Known():
		return i.NotAfter.Clock
	case !i.NotAfter.Known():
		return i.NotBefore.Clock
	}
	return min(i.NotBefore.Clock, i.NotAfter.Clock)
}

// Contradiction is two instants that exclude each other.
type Contradiction struct{ A, B Instant }

// String shows both sides.
func (c *Contradiction) String() string { return fmt.Sprintf("%s excludes %s", c.A, c.B) }

// Intersect narrows two statements about the same instant. A git bound never narrows a bound of another clock; it stands only where
// nothing else does. Statements that exclude each other give a contradiction and, as the instant, their hull: wide, never wrong.
func Intersect(a, b Instant) (Instant, *Contradiction) {
	nb, fromB := tighter(a.NotBefore, b.NotBefore, time.Time.After)
	na, toB := tighter(a.NotAfter, b.NotAfter, time.Time.Before)
	if nb.Known() && na.Known() && nb.At.After(na.At) {
		return exclude(a, b, nb, na)
	}
	out, same := Instant{NotBefore: nb, NotAfter: na}, sameBounds(a, b)
	if (nb.Known() && !fromB) || (na.Known() && !toB) || same {
		out.Evidence = union(out.Evidence, a.Evidence)
	}
	if (nb.Known() && fromB) || (na.Known() && toB) || same {
		out.Evidence = union(out.Evidence, b.Evidence)
	}
	return out, nil
}

// exclude settles an empty intersection: a git date that firm bounds refute is dropped, firm sides keep their hull.
func exclude(a, b Instant, nb, na Bound) (Instant, *Contradiction) {
	c := &Contradiction{A: a, B: b}
	switch {
	case !nb.firm() && na.firm():
		return Instant{NotAfter: na, Evidence: union(a.Evidence, b.Evidence)}, c
	case nb.firm() && !na.firm():
		return Instant{NotBefore: nb, Evidence: union(a.Evidence, b.Evidence)}, c
	}
	return Hull(a, b), c
}

// tighter picks the bound that narrows more without letting git narrow a firm one; the flag says that b was picked.
func tighter(a, b Bound, narrower func(time.Time, time.Time) bool) (Bound, bool) {
	switch {
	case !b.Known():
		return a, false
	case !a.Known():
		return b, true
	case a.firm() != b.firm():
		return pick(a, b, b.firm()), b.firm()
	}
	takeB := narrower(b.At, a.At) || (b.At.Equal(a.At) && b.Clock > a.Clock)
	return pick(a, b, takeB), takeB
}

// Hull is the smallest instant that holds both statements: for two reports of one move by clocks that differ by a little. Where both say
// the same time the weaker clock stands: the hull holds whichever of the two is right.
func Hull(a, b Instant) Instant {
	out := Instant{Evidence: union(a.Evidence, b.Evidence)}
	if a.NotBefore.Known() && b.NotBefore.Known() {
		out.NotBefore = looser(a.NotBefore, b.NotBefore, time.Time.Before)
	}
	if a.NotAfter.Known() && b.NotAfter.Known() {
		out.NotAfter = looser(a.NotAfter, b.NotAfter, time.Time.After)
	}
	return out
}

// looser picks the bound that leaves more open.
func looser(a, b Bound, wider func(time.Time, time.Time) bool) Bound {
	return pick(a, b, wider(b.At, a.At) || (b.At.Equal(a.At) && b.Clock < a.Clock))
}

func pick(a, b Bound, takeB bool) Bound {
	if takeB {
		return b
	}
	return a
}

func sameBounds(a, b Instant) bool {
	return a.NotBefore.At.Equal(b.NotBefore.At) && a.NotAfter.At.Equal(b.NotAfter.At)
}

// CertainlyBefore reports that i ended before j began, on firm clocks on both sides.
func (i Instant) CertainlyBefore(j Instant) bool {
	return i.NotAfter.firm() && j.NotBefore.firm() && i.NotAfter.At.Before(j.NotBefore.At)
}

// PossiblyBefore reports that nothing excludes i having come before j. A git date excludes nothing that a firm clock leaves open: a
// commit dated after the removal of its own file may still have come before it.
func (i Instant) PossiblyBefore(j Instant) bool {
	a, b := i.NotBefore, j.NotAfter
	return !a.Known() || !b.Known() || a.firm() != b.firm() || a.At.Before(b.At)
}

// String shows the bounds in RFC 3339 with the weaker clock, an unknown side as "?".
func (i Instant) String() string {
	if !i.Known() {
		return "unknown"
	}
	side := func(b Bound) string {
		if !b.Known() {
			return "?"
		}
		return b.At.UTC().Format(time.RFC3339)
	}
	if i.NotBefore.Known() && i.NotBefore.At.Equal(i.NotAfter.At) {
		return fmt.Sprintf("%s (%s)", side(i.NotBefore), i.Clock())
	}
	return fmt.Sprintf("%s..%s (%s)", side(i.NotBefore), side(i.NotAfter), i.Clock())
}

// Window is what lies between two instants.
type Window struct{ Opened, Closed Instant }

// Certain is the part that no bound can take away: opened.NotAfter to closed.NotBefore, only where firm clocks stamped both.
func (w Window) Certain() (from, to time.Time, ok bool) {
	a, b := w.Opened.NotAfter, w.Closed.NotBefore
	if !a.firm() || !b.firm() || !a.At.Before(b.At) {
		return time.Time{}, time.Time{}, false
	}
	return a.At, b.At, true
}

// Possible is the widest reading: opened.NotBefore to closed.NotAfter, either side perhaps unbounded.
func (w Window) Possible() (from, to Bound) { return w.Opened.NotBefore, w.Closed.NotAfter }

func union(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
