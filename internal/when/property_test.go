package when_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
	"pentimento/internal/when"
)

// anyBound draws from few hours, so that ties are common.
func anyBound(t *rapid.T, label string) when.Bound {
	if rapid.IntRange(0, 3).Draw(t, label+" unknown") == 0 {
		return when.Bound{}
	}
	return bound(rapid.IntRange(0, 6).Draw(t, label), when.Clock(rapid.IntRange(int(when.Git), int(when.Server)).Draw(t, label+" clock")))
}

// anyInstant draws an instant whose bounds are in order.
func anyInstant(t *rapid.T, label string) when.Instant {
	from, to := anyBound(t, label+" from"), anyBound(t, label+" to")
	if from.Known() && to.Known() && from.At.After(to.At) {
		from.At, to.At = to.At, from.At
	}
	return when.Between(from, to, rapid.SliceOfN(rapid.SampledFrom([]string{"run-1", "src-1", "upd-1"}), 0, 3).Draw(t, label+" evidence")...)
}

func sameBound(a, b when.Bound) bool { return a.At.Equal(b.At) && a.Clock == b.Clock }

func sameBounds(a, b when.Instant) bool {
	return sameBound(a.NotBefore, b.NotBefore) && sameBound(a.NotAfter, b.NotAfter)
}

func firm(b when.Bound) bool { return b.Known() && b.Clock > when.Git }

// holds reports that the first instant allows everything that the second allows.
func holds(outer, inner when.Instant) bool {
	lower := !outer.NotBefore.Known() || inner.NotBefore.Known() && !outer.NotBefore.At.After(inner.NotBefore.At)
	upper := !outer.NotAfter.Known() || inner.NotAfter.Known() && !outer.NotAfter.At.Before(inner.NotAfter.At)
	return lower && upper
}

func TestIntersectProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInstant(t, "a"), anyInstant(t, "b")
		got, contradiction := when.Intersect(a, b)
		turned, other := when.Intersect(b, a)
		if !sameBounds(got, turned) || (contradiction == nil) != (other == nil) {
			t.Fatalf("%s and %s: %s, but turned round %s", a, b, got, turned)
		}
		if got.NotBefore.Known() && got.NotAfter.Known() && got.NotBefore.At.After(got.NotAfter.At) {
			t.Fatalf("%s and %s: %s is turned round", a, b, got)
		}
		for _, id := range got.Evidence {
			if !slices.Contains(a.Evidence, id) && !slices.Contains(b.Evidence, id) {
				t.Fatalf("evidence %s comes from neither", id)
			}
		}
		again, c := when.Intersect(a, a)
		if !sameBounds(again, a) || c != nil || !slices.Equal(again.Evidence, a.Evidence) && a.Known() {
			t.Fatalf("%s with itself: %s, %v", a, again, c)
		}
	})
}

// A git date is no reason to give up a moment that firm clocks leave open.
func TestGitNeverNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInstant(t, "a"), anyInstant(t, "b")
		got, contradiction := when.Intersect(a, b)
		onlyFirm := func(i when.Instant) when.Instant {
			if !firm(i.NotBefore) {
				i.NotBefore = when.Bound{}
			}
			if !firm(i.NotAfter) {
				i.NotAfter = when.Bound{}
			}
			return i
		}
		firmly, firmContradiction := when.Intersect(onlyFirm(a), onlyFirm(b))
		if firmContradiction != nil && contradiction == nil {
			t.Fatalf("%s and %s: firm clocks exclude each other, and nothing is said", a, b)
		}
		if contradiction != nil && firmContradiction == nil && !a.Claimed() && !b.Claimed() {
			t.Fatalf("%s and %s: a contradiction without reason", a, b)
		}
		if firmContradiction != nil {
			return
		}
		if firmly.NotBefore.Known() && got.NotBefore.Known() && got.NotBefore.At.After(firmly.NotBefore.At) {
			t.Fatalf("%s and %s: lower bound %s, firm clocks say %s", a, b, got, firmly)
		}
		if firmly.NotAfter.Known() && got.NotAfter.Known() && got.NotAfter.At.Before(firmly.NotAfter.At) {
			t.Fatalf("%s and %s: upper bound %s, firm clocks say %s", a, b, got, firmly)
		}
		if contradiction == nil && !holds(firmly, onlyFirm(got)) {
			t.Fatalf("%s and %s: %s loses what firm clocks say, %s", a, b, got, firmly)
		}
	})
}

func TestHullProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInstant(t, "a"), anyInstant(t, "b")
		got := when.Hull(a, b)
		if !holds(got, a) || !holds(got, b) {
			t.Fatalf("%s does not hold %s and %s", got, a, b)
		}
		if turned := when.Hull(b, a); !sameBounds(got, turned) || !slices.Equal(got.Evidence, turned.Evidence) {
			t.Fatalf("%s and %s: %s, but turned round %s", a, b, got, turned)
		}
	})
}

func TestOrderProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i, j := anyInstant(t, "i"), anyInstant(t, "j")
		if i.CertainlyBefore(j) && (!i.PossiblyBefore(j) || j.PossiblyBefore(i) || j.CertainlyBefore(i)) {
			t.Fatalf("%s certainly before %s is not upheld", i, j)
		}
	})
}

func TestWindowProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := when.Window{Opened: anyInstant(t, "opened"), Closed: anyInstant(t, "closed")}
		from, to, ok := w.Certain()
		if !ok {
			return
		}
		earliest, latest := w.Possible()
		if !from.Before(to) || earliest.Known() && earliest.At.After(from) || latest.Known() && latest.At.Before(to) {
			t.Fatalf("certain %s..%s is not within possible %v..%v", from, to, earliest, latest)
		}
		if !w.Opened.CertainlyBefore(w.Closed) {
			t.Fatalf("a certain part without a certain order: %s, %s", w.Opened, w.Closed)
		}
	})
}

func TestJSONProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := anyInstant(t, "i")
		if i.NotAfter.Known() {
			i.NotAfter.At = i.NotAfter.At.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "nanoseconds")))
		}
		text, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		var back when.Instant
		if err := json.Unmarshal(text, &back); err != nil || !sameBounds(i, back) || !slices.Equal(i.Evidence, back.Evidence) {
			t.Fatalf("%s reads back as %s, %v", text, back, err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
			t.Fatalf("%s, then %s, %v", text, again, err)
		}
	})
}
