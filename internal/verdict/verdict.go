// Package verdict answers whether a stolen credential was used while it could be misused, from where, and whether that use is unlike the use before. It
// takes windows with the credentials that they lead to, the uses, inventories and releases of the case, and the runs of the repositories; it gives one
// verdict for each window, with the rule that decided, the uses behind it, and the releases of its project in that time.
//
// What is usual is what was seen before any window of the credential could have opened. Silence counts only where a log was had whole over the window
// and keeps a history: else the verdict is unknown. It calls no release and no person malicious: suspicious means that a named rule found a use unlike
// the use before, and the reason says in what.
package verdict

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	"pentimento/internal/tokens"
	"pentimento/internal/when"
)

// Words of a verdict, in precedence.
const (
	Suspicious  = "suspicious"
	Unexplained = "unexplained"
	Unknown     = "unknown"
	Consistent  = "consistent"
	NoneSeen    = "none_seen"
)

// Parts of a window in which a use lies.
const (
	Certain  = "certain"
	Possible = "possible"
)

// Subject is a window to be judged.
type Subject struct {
	Repository evidence.Repository
	Window     *exposure.Window
}

// World is what the case knows beside windows and uses.
type World struct {
	Now         time.Time
	Book        *linkage.Book
	Credentials []tokens.Credential
	Coverage    []casefile.LogCoverage
	Releases    []tokens.Release
	Runs        map[string][]Run // by the key of the repository
	Used        []tokens.Ref     // every credential that uses name
	Networks    *Networks        // nil: nothing is known of addresses
}

// Uses calls f for every use of the credentials, by credential and time; the empty one stands for uses whose log names none. The use is valid until f
// returns.
type Uses func(ctx context.Context, refs []tokens.Ref, f func(*tokens.Use) error) error

// Verdict is what the logs say about one window.
type Verdict struct {
	Window            string
	Word              string
	Rule              string
	Reason            string
	Certain, Possible int       // uses in the window; the possible ones without the certain ones
	Baseline          int       // uses before it that they were compared with
	First, Last       time.Time // of the uses in it
	Through           time.Time // until when the logs tell; zero: none does
	Blind             []string  // what these logs cannot show
	Evidence          []string
	Uses              []Judged  // at most maxKept of each judgement, the first ones; then those of which only inventories tell
	Releases          []Release // of the window's project while it was open, by time
}

// Judged is one use in a window.
type Judged struct {
	Key        int64 // 0 where an inventory tells of it, and no log does
	At         time.Time
	Credential tokens.Ref // that the use names: another name of the window's, or one that it made, too; empty: none
	Record     string     // id of the row of an inventory, where that tells of it
	Part       string
	Word       string // suspicious, unexplained, unknown, consistent
	Rule       string
	Reason     string
	Ranges     []string // ids of what is told of the address that it came from
}

// maxKept bounds the uses that are kept of each judgement and window: enough to look at; all are counted.
const maxKept = 200

// maxGenerations bounds how far credentials that were made by stolen ones are followed.
const maxGenerations = 4

// Judge gives a verdict for every window but those of secrets that were never stored, in the order given. Uses that refute a closure reopen the window.
func Judge(ctx context.Context, w World, uses Uses, list []Subject) ([]Verdict, error) {
	j := newJudge(w, list)
	if err := j.read(ctx, uses); err != nil {
		return nil, err
	}
	if err := j.readStrangers(ctx, uses); err != nil {
		return nil, err
	}
	j.share()
	releases := joinReleases(w.Releases)
	var out []Verdict
	for _, v := range j.views {
		if v.window.State == exposure.NeverStored {
			continue
		}
		v.endure()
		v.releases(releases)
		out = append(out, v.decide())
	}
	return out, nil
}

type judge struct {
	World
	views   []*view
	tracks  map[tokens.Ref]*track // by every name of a credential
	owners  map[owner]*track      // of accounts, for uses that name no credential
	runs    map[string]*runIndex
	rows    map[tokens.Ref][]tokens.Credential
	strange strangers
	places  map[string]map[string]bool // accounts whose credentials were used from an address in a window and unlike before
}

type owner struct {
	provider tokens.Provider
	account  string
}

func newJudge(w World, list []Subject) *judge {
	if w.Book == nil {
		w.Book = linkage.NewBook(linkage.Input{Credentials: w.Credentials})
	}
	j := &judge{World: w, tracks: map[tokens.Ref]*track{}, owners: map[owner]*track{}, runs: map[string]*runIndex{}, rows: map[tokens.Ref][]tokens.Credential{},
		places: map[string]map[string]bool{}}
	for _, c := range w.Credentials {
		ref := w.Book.Canonical(c.Ref())
		j.rows[ref] = append(j.rows[ref], c)
	}
	for _, rows := range j.rows {
		slices.SortFunc(rows, func(a, b tokens.Credential) int {
			return cmp.Or(a.ListedAt.Compare(b.ListedAt), cmp.Compare(a.FactID(), b.FactID()))
		})
	}
	for key, runs := range w.Runs {
		j.runs[key] = indexRuns(runs)
	}
	for _, s := range list {
		v := &view{judge: j, repository: s.Repository, window: s.Window}
		j.views = append(j.views, v)
		if ref := s.Window.Link.Credential; ref != "" && s.Window.State != exposure.NeverStored {
			j.track(v, ref)
		}
	}
	for _, t := range j.tracks {
		t.cut()
	}
	for o, t := range j.owners {
		t.cut()
		t.heard = slices.ContainsFunc(w.Releases, func(r tokens.Release) bool { return r.Provider == o.provider && fold(r.Uploader) == o.account })
	}
	return j
}

// track makes a window one of those of its credential, and of the account whose log names no credentials.
func (j *judge) track(v *view, ref tokens.Ref) {
	t := j.tracks[ref]
	if t == nil {
		t = &track{judge: j, ref: ref, names: j.Book.Names(ref)}
		t.expect(j.rows[j.Book.Canonical(ref)])
		for _, name := range t.names {
			j.tracks[name] = t
		}
	}
	t.add(v)
	v.track = t
	if account := v.window.Link.Account; account != "" {
		o := owner{v.window.Link.Provider, fold(account)}
		if j.owners[o] == nil {
			j.owners[o] = &track{judge: j, effects: true}
		}
		j.owners[o].add(v)
		j.owners[o].expect(j.rows[j.Book.Canonical(ref)])
		v.effects = j.owners[o]
	}
}

// read takes all uses: first those by which a credential of several names is known before the theft, then all others, then those of the
// credentials that the stolen ones made.
func (j *judge) read(ctx context.Context, uses Uses) error {
	var refs, several []tokens.Ref
	for ref, t := range j.tracks {
		refs = append(refs, ref)
		if len(t.names) > 1 {
			several = append(several, ref)
		}
	}
	slices.Sort(refs)
	slices.Sort(several)
	if len(several) > 0 {
		err := uses(ctx, several, func(u *tokens.Use) error { j.tracks[u.Ref()].learn(u); return nil })
		if err != nil {
			return err
		}
	}
	if len(j.owners) > 0 {
		refs = append([]tokens.Ref{""}, refs...)
	}
	if len(refs) == 0 {
		return nil
	}
	err := uses(ctx, refs, func(u *tokens.Use) error { j.take(u); return nil })
	for range maxGenerations {
		if err != nil {
			return err
		}
		born := j.born()
		if len(born) == 0 {
			return nil
		}
		err = uses(ctx, born, func(u *tokens.Use) error { j.tracks[u.Ref()].child(u); return nil })
	}
	return err
}

func (j *judge) take(u *tokens.Use) {
	if u.Credential != "" {
		t := j.tracks[u.Ref()]
		if len(t.names) == 1 {
			t.learn(u)
		}
		t.take(u)
		return
	}
	t := j.owners[owner{u.Provider, fold(u.Account)}]
	if t == nil {
		return
	}
	if t.heard = true; attributable(u) {
		t.learn(u)
		t.take(u)
	}
}

// attributable reports a use that a stored credential of the account may have made, though its log names none. A token of PyPI can only publish
// (warehouse/utils/security_policy.py); what came by the web or through a trusted publisher needed none.
func attributable(u *tokens.Use) bool {
	return u.Account != "" && u.Via != tokens.ViaTrustedPublisher && u.Via != tokens.ViaWeb && (u.Provider != tokens.PyPI || u.Class == tokens.Publish)
}

// born lists the credentials that stolen ones made since and that were not followed yet. They belong to the track of their maker.
func (j *judge) born() []tokens.Ref {
	var out []tokens.Ref
	for _, t := range j.all() {
		for _, name := range t.minted {
			if j.tracks[name] == nil {
				j.tracks[name] = t
				t.children = append(t.children, name)
				out = append(out, name)
			}
		}
		t.minted = nil
	}
	slices.Sort(out)
	return out
}

// all lists the tracks of credentials, by name.
func (j *judge) all() []*track {
	var out []*track
	for _, t := range j.tracks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *track) int { return cmp.Compare(a.ref, b.ref) })
	return slices.Compact(out)
}

// share raises uses from one address with credentials of several accounts, each unlike the use before: whoever is there holds what several lost.
func (j *judge) share() {
	for _, v := range j.views {
		for i, u := range v.kept[Unexplained] {
			if n := len(j.places[u.place]); n > 1 {
				u.Word, u.Rule = Suspicious, "shared-origin"
				u.Reason = count(n, "account") + " had credentials used from " + u.place + ", each where it was never seen before"
				v.kept[Unexplained][i] = u
			}
		}
	}
}

// first gives the earlier of two times, of which zero is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// at is the time of a bound; zero where it is not known.
func at(b when.Bound) time.Time { return b.At }
