package exposure_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

func TestRevocation(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(w *world)
		want  []string
	}{
		{
			name: "after the file was gone it closes",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 50, "bad")
				w.dispatch("p", "bad", 10, 50)
				w.declare("TOKEN", casefile.Revoked, 60)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered closed 60d`},
		},
		{
			name: "while a version can still start, what was stored after it is exposed too",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 0, "bad")
				w.push("p", "bad", 10, 1, timeline.Matched)
				w.push("p", "bad", 90, 2, timeline.Matched)
				w.ran(1, "bad", timeline.Executed, 11, 20)
				w.ran(2, "bad", timeline.Executed, 91, 99)
				w.declare("TOKEN", casefile.Revoked, 60)
			},
			want: []string{`TOKEN#1 10s..20r by "executed"/"executed" executed closed 60d`, `TOKEN#2 90s..99r by "executed"/"executed" executed not_known_closed`},
		},
		{
			name: "a replacement said later tells which value the runs after it took",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 70, "bad")
				w.dispatch("p", "bad", 10, 70)
				w.declare("TOKEN", casefile.Revoked, 60)
				w.declare("TOKEN", casefile.Replaced, 80)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered closed 60d`},
		},
		{
			name: "before anything could take it, it speaks of another value",
			facts: func(w *world) {
				w.row("p", "refs/heads/main", 10, 50, "bad")
				w.dispatch("p", "bad", 10, 50)
				w.declare("TOKEN", casefile.Revoked, -500)
				w.declare("TOKEN", casefile.Replaced, 5000)
			},
			want: []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`},
		},
		{
			name: "a push of the campaign after it reopens the pusher's window",
			facts: func(w *world) {
				w.Commits = []detect.Commit{{OID: "c1", Role: detect.Plant}, {OID: "c2", Role: detect.Rearm}}
				w.Timeline.Pushed = map[evidence.OID]when.Instant{"c1": server(10), "c2": server(100)}
				w.declare("", casefile.Revoked, 90).Credential = "github:unknown"
			},
			want: []string{`github:unknown#1 ?..10s by ""/"push"  not_known_closed`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			if got := w.windows(); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// One actor's credential is one: what is declared or seen in one repository holds in all.
func TestPushersAreJoined(t *testing.T) {
	window := func(opened int, closed int) *exposure.Window {
		w := &exposure.Window{Credential: "github:mira", State: exposure.NotKnownClosed, Opened: when.Between(when.Bound{}, server(opened).NotAfter)}
		if closed != 0 {
			w.State, w.Closed = exposure.Closed, when.At(at(closed), when.Declared, "dec")
		}
		return w
	}
	other := &exposure.Window{Credential: "github:unknown", State: exposure.NotKnownClosed, Opened: server(1)}
	all := []*exposure.Window{window(50, 0), window(10, 90), other}
	exposure.JoinPushers(all)
	for _, w := range all[:2] {
		if w.State != exposure.Closed || bound(w.Closed.NotBefore) != "90d" || bound(w.Opened.NotAfter) != "10s" {
			t.Errorf("%s, opened %s, closed %s", w.State, w.Opened, w.Closed)
		}
	}
	if other.State != exposure.NotKnownClosed || bound(other.Opened.NotAfter) != "1s" {
		t.Errorf("a pusher that nobody names was joined: %+v", other)
	}
}
