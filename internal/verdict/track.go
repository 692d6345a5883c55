package verdict

import (
	"slices"
	"time"

	"pentimento/internal/exposure"
	"pentimento/internal/tokens"
)

// track follows one credential, or one account whose log names no credentials, through all its windows. The use before any of them is its baseline.
type track struct {
	*judge
	ref      tokens.Ref
	names    []tokens.Ref
	effects  bool // uses that name no credential: each may be another's of the account
	heard    bool // a log or a registry tells of the account by the name that it has here
	views    []*view
	cutoff   time.Time // the baseline ends here; zero: there is none
	base     *usual
	minted   []tokens.Ref // credentials that it made in a window, not followed yet
	children []tokens.Ref
	matched  lastMatch
	repos    []string // of the windows, by key
	expected []lastUse
}

// lastMatch is the last use that was matched to an own run.
type lastMatch struct {
	at    time.Time
	place string
}

func (t *track) add(v *view) { t.views = append(t.views, v) }

// cut sets where the baseline ends: at the first window that could have opened.
func (t *track) cut() {
	t.base = newUsual()
	for i, v := range t.views {
		from := at(v.window.Opened.NotBefore)
		if i == 0 || from.Before(t.cutoff) {
			t.cutoff = from
		}
		if from.IsZero() {
			t.cutoff = time.Time{}
			return
		}
	}
}

// learn adds a use to the baseline where it came before every window. A use of which the time is coarse must lie before as a whole.
func (t *track) learn(u *tokens.Use) {
	if !t.cutoff.IsZero() && u.At.Add(u.Within).Before(t.cutoff) {
		f := t.features(u)
		t.base.add(&f)
	}
}

// take judges a use that may lie in a window. A use that succeeded shows the credential alive.
func (t *track) take(u *tokens.Use) {
	if t.cutoff.After(u.At.Add(u.Within)) {
		return
	}
	t.meets(u)
	var of []*view
	for _, v := range t.views {
		if v.window.State == exposure.Closed && !t.effects && u.Outcome != tokens.Failed && u.At.After(at(v.window.Closed.NotAfter)) {
			v.window.Alive(u.At, tokens.UseID(u.Key()), "used")
			v.after++
		}
		if v.holds(u) && t.concerns(v, u) {
			of = append(of, v)
		}
	}
	if len(of) == 0 {
		return
	}
	f := t.features(u)
	x := t.judgeUse(u, &f)
	if u.Minted != "" {
		t.minted = append(t.minted, tokens.NewRef(u.Provider, u.Minted))
	}
	for _, v := range of {
		v.note(u, &f, x, t.effects)
	}
	t.overlap(u, &f, x, of)
}

// lastUse is a time of last use that an inventory has: a use that a log tells too, or one that only the inventory knows.
type lastUse struct {
	from, to time.Time // the clocks of logs and inventories differ, and so does how coarse they write
	logged   bool
}

// apart is by how much the clock of a log may differ from that of an inventory.
const apart = time.Minute

// expect makes the track look out for the uses that inventories tell of.
func (t *track) expect(rows []tokens.Credential) {
	for i := range rows {
		if c := &rows[i]; c.LastUsedTold && !c.LastUsedAt.IsZero() {
			x := lastUse{from: c.LastUsedAt.Add(-apart), to: c.LastUsedAt.Add(c.LastWithin + apart)}
			if !slices.Contains(t.expected, x) {
				t.expected = append(t.expected, x)
			}
		}
	}
}

// meets marks the times of last use that a use of a log accounts for, of whatever project it is.
func (t *track) meets(u *tokens.Use) {
	for i := range t.expected {
		if x := &t.expected[i]; !x.logged && u.At.Add(u.Within).After(x.from) && u.At.Before(x.to) {
			x.logged = true
		}
	}
}

// tells reports whether a log tells of the use at a time of last use.
func (t *track) tells(c *tokens.Credential) bool {
	from, to := c.LastUsedAt.Add(-apart), c.LastUsedAt.Add(c.LastWithin+apart)
	return t != nil && slices.ContainsFunc(t.expected, func(x lastUse) bool { return x.logged && x.from.Equal(from) && x.to.Equal(to) })
}

// child judges a use of a credential that a stolen one made: it counts for the windows of its maker. Nothing before it can be its own.
func (t *track) child(u *tokens.Use) {
	f := t.features(u)
	x := t.judgeUse(u, &f)
	if x.Word == Consistent && x.Rule != "own-run" {
		x.Word, x.Rule, x.Reason = Unexplained, "minted-use", "used by a credential that this one made since, from where this one was used before"
	}
	if u.Minted != "" {
		t.minted = append(t.minted, tokens.NewRef(u.Provider, u.Minted))
	}
	for _, v := range t.views {
		if from := at(v.window.Opened.NotBefore); !u.At.Before(from) {
			v.note(u, &f, x, false)
		}
	}
}

// concerns reports whether a use is one of a window's project. A use of a project that no window of the credential names concerns all of them, unless
// nothing but the account leads to it: a token that cannot act there did not make it.
func (t *track) concerns(v *view, u *tokens.Use) bool {
	project := projectOf(u)
	if project == "" || v.window.Project == "" || v.window.Project == project {
		return true
	}
	other := slices.ContainsFunc(t.views, func(o *view) bool {
		return o.window.Link.Credential == v.window.Link.Credential && o.window.Project == project
	})
	return !other && !t.effects
}

// overlaps is how far apart two uses may be that one machine cannot have made from two networks.
const overlaps = 2 * time.Minute

// overlap raises uses that came at the same time as an own run's, from another network that was never seen: the run's machine is one place.
func (t *track) overlap(u *tokens.Use, f *features, x opinion, of []*view) {
	place := f.place()
	switch {
	case place == "":
	case x.Rule == "own-run":
		t.matched = lastMatch{u.At, place}
		for _, v := range of {
			v.raiseSince(u.At.Add(-overlaps), place)
		}
	case x.Word == Unexplained && t.matched.place != "" && t.matched.place != place && u.At.Sub(t.matched.at) <= overlaps:
		for _, v := range of {
			v.raiseSince(u.At, t.matched.place)
		}
	}
}
