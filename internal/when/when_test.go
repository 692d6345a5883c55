package when_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/when"
)

// hour is a time of one day in the middle of a campaign.
func hour(h int) time.Time { return time.Date(2025, time.September, 2, h, 0, 0, 0, time.UTC) }

func bound(h int, c when.Clock) when.Bound { return when.Bound{At: hour(h), Clock: c} }

// between writes an instant in short; a negative hour is an unknown side.
func between(from int, fromClock when.Clock, to int, toClock when.Clock) when.Instant {
	var nb, na when.Bound
	if from >= 0 {
		nb = bound(from, fromClock)
	}
	if to >= 0 {
		na = bound(to, toClock)
	}
	return when.Between(nb, na)
}

func TestClock(t *testing.T) {
	for c := when.NoClock; c <= when.Server; c++ {
		if back, err := when.ParseClock(c.String()); err != nil || back != c {
			t.Errorf("%d reads back from %q as %d, %v", c, c, back, err)
		}
	}
	if _, err := when.ParseClock("sundial"); err == nil {
		t.Error("an unknown clock was read")
	}
	if s := when.Clock(200).String(); s != "clock(200)" {
		t.Error(s)
	}
	for _, c := range []struct {
		i    when.Instant
		want when.Clock
	}{
		{when.Instant{}, when.NoClock},
		{between(3, when.Server, -1, 0), when.Server},
		{between(-1, 0, 3, when.Git), when.Git},
		{between(3, when.Server, 4, when.Runner), when.Runner},
	} {
		if got := c.i.Clock(); got != c.want {
			t.Errorf("clock of %s is %s", c.i, got)
		}
	}
}

func TestIntersect(t *testing.T) {
	const git, declared, archive, server = when.Git, when.Declared, when.Archive, when.Server
	for name, c := range map[string]struct {
		a, b, want    when.Instant
		contradiction bool
	}{
		"unknown with unknown":  {a: when.Instant{}, b: when.Instant{}, want: when.Instant{}},
		"unknown adds nothing":  {a: between(3, server, 5, server), b: when.Instant{}, want: between(3, server, 5, server)},
		"each side":             {a: between(3, server, -1, 0), b: between(-1, 0, 5, archive), want: between(3, server, 5, archive)},
		"the tighter side":      {a: between(1, server, 9, server), b: between(3, archive, 5, declared), want: between(3, archive, 5, declared)},
		"a tie":                 {a: between(3, archive, 5, server), b: between(3, server, 5, archive), want: between(3, server, 5, server)},
		"one instant in common": {a: between(1, server, 3, server), b: between(3, server, 5, server), want: between(3, server, 3, server)},
		"git narrows git":       {a: between(1, git, 9, git), b: between(3, git, 5, git), want: between(3, git, 5, git)},
		"git narrows nothing":   {a: between(1, server, 9, server), b: between(3, git, 5, git), want: between(1, server, 9, server)},
		"git where alone":       {a: between(-1, 0, 9, server), b: between(3, git, 5, git), want: between(3, git, 9, server)},
		"firm over tighter git": {a: between(5, git, 6, git), b: between(1, declared, -1, 0), want: between(1, declared, 6, git)},
		"unstamped is not firm": {a: between(1, server, 9, server), b: between(3, when.NoClock, 5, when.NoClock), want: between(1, server, 9, server)},

		"servers exclude each other": {a: between(1, server, 2, server), b: between(3, archive, 5, archive),
			want: between(1, server, 5, archive), contradiction: true},
		"forged into the future": {a: between(9, git, -1, 0), b: between(-1, 0, 5, server),
			want: between(-1, 0, 5, server), contradiction: true},
		"forged into the past": {a: between(-1, 0, 1, git), b: between(5, server, -1, 0),
			want: between(5, server, -1, 0), contradiction: true},
		"git against git": {a: between(1, git, 2, git), b: between(3, git, 4, git), want: between(1, git, 4, git), contradiction: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, contradiction := when.Intersect(c.a, c.b)
			if !sameBounds(got, c.want) || (contradiction != nil) != c.contradiction {
				t.Errorf("%s and %s give %s, %v; want %s", c.a, c.b, got, contradiction, c.want)
			}
			if contradiction != nil && !strings.Contains(contradiction.String(), " excludes ") {
				t.Error(contradiction)
			}
		})
	}
}

func TestIntersectKeepsTheEvidenceOfBothBounds(t *testing.T) {
	from := when.Between(bound(3, when.Server), when.Bound{}, "upd-2", "upd-1")
	to := when.Between(when.Bound{}, bound(5, when.Server), "run-1")
	loose := when.Between(bound(1, when.Server), bound(9, when.Server), "src-1")
	for _, c := range []struct {
		a, b when.Instant
		want []string
	}{
		{from, to, []string{"run-1", "upd-1", "upd-2"}},
		{to, from, []string{"run-1", "upd-1", "upd-2"}},
		{from, loose, []string{"src-1", "upd-1", "upd-2"}},
		{when.At(hour(4), when.Server, "upd-1"), loose, []string{"upd-1"}},
		{when.At(hour(4), when.Server, "upd-1"), when.At(hour(4), when.Server, "run-1"), []string{"run-1", "upd-1"}},
		{when.At(hour(4), when.Server, "upd-1"), when.At(hour(4), when.Archive, "run-1"), []string{"run-1", "upd-1"}},
		{when.At(hour(4), when.Archive, "upd-1"), when.At(hour(4), when.Server, "run-1"), []string{"run-1", "upd-1"}},
	} {
		if got, _ := when.Intersect(c.a, c.b); !slices.Equal(got.Evidence, c.want) {
			t.Errorf("%s and %s rest on %v, want %v", c.a, c.b, got.Evidence, c.want)
		}
	}
}

func TestOrder(t *testing.T) {
	const git, server = when.Git, when.Server
	for name, c := range map[string]struct {
		i, j                when.Instant
		certainly, possibly bool
	}{
		"apart":               {between(1, server, 2, server), between(3, server, 4, server), true, true},
		"turned round":        {between(3, server, 4, server), between(1, server, 2, server), false, false},
		"overlapping":         {between(1, server, 3, server), between(2, server, 4, server), false, true},
		"the same instant":    {between(3, server, 3, server), between(3, server, 3, server), false, false},
		"unknown":             {when.Instant{}, between(3, server, 4, server), false, true},
		"on git's word":       {between(1, git, 2, git), between(3, server, 4, server), false, true},
		"git alone":           {between(3, git, 4, git), between(1, git, 2, git), false, false},
		"a forged late date":  {between(9, git, 9, git), between(1, server, 2, server), false, true},
		"a forged early date": {between(3, server, 3, server), between(1, git, 1, git), false, true},
	} {
		if got := c.i.CertainlyBefore(c.j); got != c.certainly {
			t.Errorf("%s: %s certainly before %s: %t", name, c.i, c.j, got)
		}
		if got := c.i.PossiblyBefore(c.j); got != c.possibly {
			t.Errorf("%s: %s possibly before %s: %t", name, c.i, c.j, got)
		}
	}
}

func TestWindow(t *testing.T) {
	const git, declared, server = when.Git, when.Declared, when.Server
	for name, c := range map[string]struct {
		w         when.Window
		from, to  int
		isCertain bool
	}{
		"firm":                 {when.Window{Opened: between(1, server, 2, server), Closed: between(5, declared, 6, server)}, 2, 5, true},
		"open end":             {when.Window{Opened: between(1, server, 2, server)}, 0, 0, false},
		"opening of git":       {when.Window{Opened: between(1, server, 2, git), Closed: between(5, server, 6, server)}, 0, 0, false},
		"closing of git":       {when.Window{Opened: between(1, server, 2, server), Closed: between(5, git, 6, server)}, 0, 0, false},
		"outer bounds of git":  {when.Window{Opened: between(1, git, 2, server), Closed: between(5, server, 6, git)}, 2, 5, true},
		"overlapping instants": {when.Window{Opened: between(1, server, 5, server), Closed: between(4, server, 6, server)}, 0, 0, false},
		"nobody's clock":       {when.Window{Opened: between(1, 0, 2, 0), Closed: between(5, server, 6, server)}, 0, 0, false},
	} {
		from, to, ok := c.w.Certain()
		if ok != c.isCertain || (ok && (!from.Equal(hour(c.from)) || !to.Equal(hour(c.to)))) {
			t.Errorf("%s: certain from %s to %s, %t", name, from, to, ok)
		}
	}
}

func TestStringAndJSON(t *testing.T) {
	for _, c := range []struct {
		i          when.Instant
		text, json string
	}{
		{when.Instant{}, "unknown",
			`{"not_before":null,"not_after":null,"clock":null,"not_before_clock":null,"not_after_clock":null,"claimed":false,"evidence":[]}`},
		{when.At(hour(3).In(time.FixedZone("", 7200)), when.Server, "upd-2", "upd-1", "upd-2"), "2025-09-02T03:00:00Z (server)",
			`{"not_before":"2025-09-02T03:00:00Z","not_after":"2025-09-02T03:00:00Z","clock":"server","not_before_clock":"server",` +
				`"not_after_clock":"server","claimed":false,"evidence":["upd-1","upd-2"]}`},
		{between(3, when.Git, -1, 0), "2025-09-02T03:00:00Z..? (git)",
			`{"not_before":"2025-09-02T03:00:00Z","not_after":null,"clock":"git","not_before_clock":"git","not_after_clock":null,` +
				`"claimed":true,"evidence":[]}`},
		{between(3, when.Server, 5, when.Git), "2025-09-02T03:00:00Z..2025-09-02T05:00:00Z (git)",
			`{"not_before":"2025-09-02T03:00:00Z","not_after":"2025-09-02T05:00:00Z","clock":"git","not_before_clock":"server",` +
				`"not_after_clock":"git","claimed":true,"evidence":[]}`},
	} {
		if got := c.i.String(); got != c.text {
			t.Errorf("text %s, want %s", got, c.text)
		}
		if got, err := json.Marshal(c.i); err != nil || string(got) != c.json {
			t.Errorf("JSON %s, %v\nwant %s", got, err, c.json)
		}
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, text := range []string{
		`{"not_before":"yesterday"}`, `{"not_after":"2025-09-02T03:00:00"}`, `[]`,
		`{"not_before":"2025-09-02T03:00:00Z","not_before_clock":"sundial"}`,
	} {
		var i when.Instant
		if err := json.Unmarshal([]byte(text), &i); err == nil {
			t.Errorf("%s reads as %s", text, i)
		}
	}
}
