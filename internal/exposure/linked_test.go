package exposure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	_ "pentimento/internal/seeded"
	"pentimento/internal/timeline"
	"pentimento/internal/tokens"
)

// exposed is a world whose TOKEN was taken by a run: opened 10..20.
func exposed() *world {
	w := newWorld()
	w.row("p", "refs/heads/main", 10, 50, "bad")
	w.push("p", "bad", 10, 1, timeline.Matched)
	w.ran(1, "bad", timeline.Executed, 11, 20)
	return w
}

// told is what inventories and logs say of credentials "pypi:a" and "pypi:b", with the links of TOKEN.
type told struct {
	rows     []tokens.Credential
	events   []tokens.Event
	listings []tokens.Listing
	links    []linkage.Link
}

func (x *told) row(id string, listed int, set func(*tokens.Credential)) {
	c := tokens.Credential{Provider: tokens.PyPI, ID: id, ListedAt: at(listed)}
	if set != nil {
		set(&c)
	}
	x.rows = append(x.rows, c)
}

func (x *told) event(id, what string, seconds int) {
	x.events = append(x.events, tokens.Event{Provider: tokens.PyPI, ID: id, What: what, At: at(seconds)})
}

func (x *told) link(id, project, confidence string) {
	x.links = append(x.links, linkage.Link{Secret: "TOKEN", Credential: tokens.NewRef(tokens.PyPI, id), Provider: tokens.PyPI, Account: "mira", Project: project, Confidence: confidence})
}

func (w *world) linked(x told) []*exposure.Window {
	lives := exposure.NewLives(linkage.NewBook(linkage.Input{Credentials: x.rows, Events: x.events}), x.rows, x.events, x.listings)
	var list []*exposure.Window
	for _, e := range exposure.Windows(w.Input) {
		list = append(list, &e)
	}
	list = exposure.Linked(w.Facts, list, x.links, lives)
	for _, e := range list {
		lives.Close(e, at(1_000_000))
	}
	return list
}

func TestClosing(t *testing.T) {
	day := 86400
	for _, c := range []struct {
		name   string
		facts  func(w *world, x *told)
		want   []string
		reason string
	}{
		{name: "a removal closes", want: []string{"a #1 closed 90s..90s"}, facts: func(_ *world, x *told) { x.event("a", tokens.Removed, 90) }},
		{name: "one found in public too", want: []string{"a #1 closed 90s..90s"}, facts: func(_ *world, x *told) { x.event("a", tokens.Leaked, 90); x.event("a", tokens.Removed, 95) }},
		{name: "a revocation that the inventory tells", want: []string{"a #1 closed 80s..80s"},
			facts: func(_ *world, x *told) { x.row("a", 200, func(c *tokens.Credential) { c.RevokedAt = at(80) }) }},
		{name: "expiry closes", want: []string{"a #1 closed 300s..300s"}, facts: func(_ *world, x *told) { x.row("a", 200, func(c *tokens.Credential) { c.ExpiresAt = at(300) }) }},
		{name: "expiry to come closes nothing", want: []string{"a #1 open"},
			facts: func(_ *world, x *told) { x.row("a", 200, func(c *tokens.Credential) { c.ExpiresAt = at(50 * day) }) }},
		{name: "listed as inactive: between the last sign of life and the listing", want: []string{"a #1 closed 60s..200s"},
			facts: func(_ *world, x *told) {
				x.row("a", 60, nil)
				x.row("a", 200, func(c *tokens.Credential) { c.Inactive = true })
			}},
		{name: "disabled and enabled again", want: []string{"a #1 not_known_closed"}, facts: func(_ *world, x *told) { x.event("a", tokens.Disabled, 90); x.event("a", tokens.Enabled, 95) }},
		{name: "not listed is not revoked", want: []string{"a #1 not_known_closed"}, reason: "that alone does not show it refused",
			facts: func(_ *world, x *told) {
				x.row("a", 5, nil)
				x.listings = []tokens.Listing{{Provider: tokens.PyPI, Account: "Mira", At: at(500), Complete: true}}
			}},
		{name: "listed after the theft is open", want: []string{"a #1 open"}, reason: "listed as active at 2025-09-01T00:03:20Z", facts: func(_ *world, x *told) { x.row("a", 200, nil) }},
		{name: "listed before it is not", want: []string{"a #1 not_known_closed"}, facts: func(_ *world, x *told) { x.row("a", 5, nil) }},
		{name: "listed as active after somebody's word: both sides are told", want: []string{"a #1 open"}, reason: "these contradict each other",
			facts: func(w *world, x *told) { w.declare("TOKEN", casefile.Revoked, 60); x.row("a", 900, nil) }},
		{name: "a provider outweighs somebody's word", want: []string{"a #1 closed 90s..90s"}, reason: "the provider tells otherwise",
			facts: func(w *world, x *told) { w.declare("TOKEN", casefile.Revoked, 60); x.event("a", tokens.Removed, 90) }},
		{name: "a statement about the credential closes its windows", want: []string{"a #1 closed 70d..70d"},
			facts: func(w *world, _ *told) {
				w.Facts.Statements = append(w.Facts.Statements, casefile.Declaration{Repository: repository, Credential: "pypi:a", Fact: casefile.Revoked, At: at(70)})
			}},
		{name: "refused before it could be taken, by a doubtful link", want: []string{"a #1 not_known_closed"}, reason: "perhaps the secret is another credential",
			facts: func(_ *world, x *told) { x.event("a", tokens.Removed, 5); x.links[0].Confidence = linkage.High }},
		{name: "a link that is not sure closes nothing", want: []string{"a #1 not_known_closed"}, reason: "so that closes nothing",
			facts: func(_ *world, x *told) { x.event("a", tokens.Removed, 90); x.links[0].Confidence = linkage.Medium }},
		{name: "nor by somebody's word about the credential", want: []string{"a #1 not_known_closed"},
			facts: func(w *world, x *told) {
				x.links[0].Confidence = linkage.Low
				w.Facts.Statements = append(w.Facts.Statements, casefile.Declaration{Repository: repository, Credential: "pypi:a", Fact: casefile.Revoked, At: at(70)})
			}},
		{name: "and by the responder's own word", want: []string{"a #1 closed 5s..5s"}, reason: "before anything could take it", facts: func(_ *world, x *told) { x.event("a", tokens.Removed, 5) }},
		{name: "a replacement closes nothing", want: []string{"a #1 not_known_closed"}, facts: func(w *world, _ *told) { w.declare("TOKEN", casefile.Replaced, 60) }},
		{name: "rotated while armed: the values are two credentials", want: []string{"a #1 closed 60s..60s", "b #2 open"},
			facts: func(w *world, x *told) {
				w.rearmed()
				w.declare("TOKEN", casefile.Replaced, 55)
				x.event("a", tokens.Removed, 60)
				x.row("a", 5, func(c *tokens.Credential) { c.CreatedAt = at(-500) })
				x.row("b", 900, func(c *tokens.Credential) { c.CreatedAt = at(54) })
				x.link("b", "", linkage.Certain)
			}},
		{name: "given another value under the same name", want: []string{"a #1 closed 54s..54s", "a #2 not_known_closed"},
			facts: func(w *world, x *told) {
				w.rearmed()
				w.declare("TOKEN", casefile.Replaced, 55)
				x.event("a", tokens.Rotated, 54)
			}},
		{name: "a value that no credential was there for stays unlinked", want: []string{"a #1 not_known_closed", "unlinked #2 not_known_closed"}, reason: "",
			facts: func(w *world, x *told) {
				w.rearmed()
				w.declare("TOKEN", casefile.Replaced, 55)
				x.event("b", tokens.Created, 54)
				x.event("b", tokens.Removed, 54)
				x.row("a", 5, func(c *tokens.Credential) { c.CreatedAt = at(-500) })
				x.link("b", "", linkage.Certain)
			}},
		{name: "an account-wide credential has a window for each project", want: []string{"a #1 pypi:kelp open", "a #1 pypi:reef open"},
			facts: func(_ *world, x *told) {
				x.links[0].Project = "pypi:reef"
				x.link("a", "pypi:kelp", linkage.Certain)
				x.row("a", 90, nil)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, x := exposed(), told{}
			x.link("a", "", linkage.Certain)
			c.facts(w, &x)
			var got, reasons []string
			for _, e := range w.linked(x) {
				line := fmt.Sprintf("%s #%d", strings.TrimPrefix(e.Credential, "pypi:"), e.Value)
				if e.Project != "" {
					line += " " + e.Project
				}
				line += " " + e.State
				if e.State == exposure.Closed {
					line += " " + bound(e.Closed.NotBefore) + ".." + bound(e.Closed.NotAfter)
				}
				got, reasons = append(got, line), append(reasons, e.Reason)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%q, want\n%q", got, c.want)
			}
			if !strings.Contains(strings.Join(reasons, "\n"), c.reason) {
				t.Errorf("reasons %q lack %q", reasons, c.reason)
			}
		})
	}
}

// rearmed makes another version start after second 55.
func (w *world) rearmed() {
	w.Timeline.Presence[0].Gone = false
	w.push("p", "bad", 70, 2, timeline.Matched)
	w.ran(2, "bad", timeline.Executed, 71, 80)
}

func TestAlive(t *testing.T) {
	closed := func() *exposure.Window {
		w, x := exposed(), told{}
		x.link("a", "", linkage.Certain)
		x.event("a", tokens.Removed, 90)
		return w.linked(x)[0]
	}
	w := closed()
	if w.Alive(at(80), "use-1", "used"); w.State != exposure.Closed {
		t.Errorf("a use before the closing makes it %s", w.State)
	}
	if w.Alive(at(95), "use-1", "used"); w.State != exposure.Closed || !w.Closed.NotAfter.At.Equal(at(95)) {
		t.Errorf("a use seconds after: %s %s", w.State, w.Closed)
	}
	if w.Alive(at(95+301), "use-2", "used"); w.State != exposure.Open || w.Closed.Known() || !strings.Contains(w.Reason, "contradict") || !strings.Contains(w.Reason, "use-2") {
		t.Errorf("a use long after: %s %s: %s", w.State, w.Closed, w.Reason)
	}
}

// Whatever inventories and logs tell: a closed window has a bound and evidence, every window keeps a link's project and its own id, and what is told in another
// order ends the same.
func TestClosingKeepsItsPromises(t *testing.T) {
	whats := []string{tokens.Created, tokens.Removed, tokens.Leaked, tokens.Expired, tokens.Disabled, tokens.Enabled, tokens.Refused, tokens.Rotated}
	rapid.Check(t, func(t *rapid.T) {
		second := func(name string) int { return rapid.IntRange(-100, 400).Draw(t, name) }
		id := func() string { return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id") }
		w, x := exposed(), told{}
		if rapid.Bool().Draw(t, "rearmed") {
			w.rearmed()
			w.declare("TOKEN", casefile.Replaced, 55)
		}
		for range rapid.IntRange(0, 4).Draw(t, "events") {
			x.event(id(), rapid.SampledFrom(whats).Draw(t, "what"), second("at"))
		}
		for range rapid.IntRange(0, 4).Draw(t, "rows") {
			x.row(id(), second("listed"), func(c *tokens.Credential) {
				c.Inactive = rapid.Bool().Draw(t, "inactive")
				for _, to := range []*time.Time{&c.CreatedAt, &c.RevokedAt, &c.ExpiresAt, &c.LastUsedAt} {
					if rapid.IntRange(0, 3).Draw(t, "told") == 0 {
						*to = at(second("time"))
					}
				}
			})
		}
		for range rapid.IntRange(1, 3).Draw(t, "links") {
			x.link(id(), rapid.SampledFrom([]string{"", "pypi:reef"}).Draw(t, "project"), rapid.SampledFrom([]string{linkage.Certain, linkage.Low}).Draw(t, "confidence"))
		}
		slices.SortFunc(x.links, func(a, b linkage.Link) int {
			return strings.Compare(string(a.Credential)+a.Project, string(b.Credential)+b.Project)
		})
		x.links = slices.CompactFunc(x.links, func(a, b linkage.Link) bool { return a.Credential == b.Credential && a.Project == b.Project })
		before := len(exposure.Windows(w.Input))
		list := w.linked(x)
		if len(list) < before {
			t.Fatalf("%d windows of %d", len(list), before)
		}
		ids := map[string]bool{}
		for _, e := range list {
			if ids[e.ID] {
				t.Fatalf("two windows are %s", e.ID)
			}
			ids[e.ID] = true
			if e.State == exposure.Closed && (!e.Closed.NotAfter.Known() || len(e.Closed.Evidence) == 0) {
				t.Fatalf("closed without a bound or evidence: %+v", e)
			}
			if e.State != exposure.Closed && e.Closed.Known() {
				t.Fatalf("not closed, and closed at %s", e.Closed)
			}
		}
		slices.Reverse(x.rows)
		slices.Reverse(x.events)
		for i, e := range w.linked(x) {
			if o := list[i]; e.ID != o.ID || e.State != o.State || e.Reason != o.Reason || e.Closed.String() != o.Closed.String() {
				t.Fatalf("in another order %s %s %s: %s\nbefore %s %s %s: %s", e.ID, e.State, e.Closed, e.Reason, o.ID, o.State, o.Closed, o.Reason)
			}
		}
	})
}
