// Package ghexport reads what owners of repositories had GitHub export or send them: an organisation's audit log, and deliveries of webhooks
// that somebody saved.
//
// It takes files, plain or compressed, and gives one [evidence.Observation] after another for each repository of the case that they name: moves
// of refs, runs and jobs, which secrets were handed to which job, what happened to stored secrets, and ways in that were added. Rows of other
// repositories are counted and not kept.
//
// It refuses to conclude: an export shows what it shows. That it holds no row of a thing proves nothing, but for the time over which whoever
// exported it declares it whole ([Config]). GitHub keeps events of git for 7 days and others for 180
// (https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/reviewing-the-audit-log-for-your-organization).
// Nor does it check who wrote a file: the signature of a delivery needs a secret that is not here, so a saved delivery is the word of
// whoever saved it, and its times are GitHub's only as they kept them.
package ghexport

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"pentimento/internal/evidence"
)

// Config of a reading. Covers may be zero.
type Config struct {
	Now func() time.Time // stamps the sources
	// Repository finds a repository of the case by the full name that a row gives.
	Repository func(full string) (evidence.Repository, bool)
	// CoversFrom and CoversTo are the time over which whoever made the export declares it whole for every repository in it; zero for no word.
	CoversFrom, CoversTo time.Time
}

func (c Config) declared() bool { return !c.CoversFrom.IsZero() && c.CoversTo.After(c.CoversFrom) }

// Emit takes one observation; it is stored whole or not at all.
type Emit = func(evidence.Observation) error

// Summary counts the rows of an export: Rows is the sum of Stored, Foreign, Unnamed and Bad.
type Summary struct {
	Unit         string
	Files        int
	Rows         int64
	Stored       int64 // filed under a repository of the case
	Foreign      int64 // of repositories that are not in the case
	Unnamed      int64 // of none: sign-ins, members of the organisation, deliveries that are no events of a repository
	Bad          int64 // that could not be read
	Repositories int   // of the case, that have rows
	First, Last  time.Time
	Damage       []string // files that end early or are damaged, and why: rows after that are not in the count
}

// gitKept is how long the audit log keeps events of git.
const gitKept = 7 * 24 * time.Hour

const (
	// chunkBytes is of the rows in one observation; a source is stored as one compressed value.
	chunkBytes = 2 << 20
	// heldBytes bounds the rows of all repositories that wait for their chunk.
	heldBytes = 64 << 20
	// maxNamed bounds the rows or files that a gap names, and the events that have a gap of their own in one repository.
	maxNamed = 200
	// maxShared bounds the rows of an organisation that concern each of its repositories.
	maxShared = 10_000
)

// row is one row of an export, decoded, with the facts' time and id.
type row struct {
	raw []byte // one line
	record
	at time.Time
	id string
}

// export is the reading of one export under way.
type export struct {
	cfg    Config
	origin evidence.Origin
	unit   string
	target string
	url    string
	now    time.Time
	emit   Emit
	facts  func(g *group, rows []row) evidence.Observation // what the rows of one chunk say
	groups map[string]*group
	held   int
	shared []row // rows of organisations
	sum    Summary
	bad    []string // the first bad rows
}

// group is what an export says of one repository.
type group struct {
	repo        evidence.Repository
	rows        []row
	bytes       int
	chunk       int
	first, last time.Time
	silent      int       // pushes that name no ref
	silentFrom  time.Time // the first and the last of them
	silentTo    time.Time
	gaps        int // events that have a gap of their own
}

// run reads every file at path, chunk by chunk, and closes each repository's unit.
func (e *export) run(ctx context.Context, path, kind string, take func(raw []byte) error) (Summary, error) {
	in, err := openFiles(ctx, path)
	if err != nil {
		return e.sum, err
	}
	defer in.close()
	e.unit = kind + "/" + printable(filepath.Base(filepath.Clean(path))) + "-" + hex.EncodeToString(in.digest[:4])
	e.target, e.url, e.now = e.unit, "file://"+filepath.ToSlash(path), e.cfg.Now().UTC()
	e.groups, e.sum.Unit, e.sum.Files = map[string]*group{}, e.unit, len(in.names)
	for _, name := range in.names {
		damage, err := in.rows(ctx, name, func(n int, raw []byte, why error) error {
			e.sum.Rows++
			if why == nil {
				why = take(raw)
			}
			if bad, ok := why.(badRow); ok {
				e.sum.Bad++
				if len(e.bad) < 3 {
					e.bad = append(e.bad, fmt.Sprintf("%s row %d %s", printable(name), n, printable(bad.Error())))
				}
				return nil
			}
			return why
		})
		if err != nil {
			return e.sum, err
		}
		if damage != "" && len(e.sum.Damage) < maxNamed {
			e.sum.Damage = append(e.sum.Damage, printable(name)+": "+printable(damage))
		}
	}
	return e.sum, e.finish()
}

// badRow says why a row is none.
type badRow string

func (b badRow) Error() string { return string(b) }

// file files a row under its repository.
func (e *export) file(repo evidence.Repository, r row) error {
	g := e.groups[repo.Key()]
	if g == nil {
		g = &group{repo: repo}
		e.groups[repo.Key()] = g
		e.sum.Repositories++
	}
	e.sum.Stored++
	e.sum.span(r.at)
	g.add(r)
	e.held += len(r.raw)
	switch {
	case g.bytes >= chunkBytes:
		return e.flush(g, nil)
	case e.held >= heldBytes:
		for _, g := range e.sorted() {
			if err := e.flush(g, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Summary) span(at time.Time) { s.First, s.Last = widen(s.First, s.Last, at) }

func widen(first, last, at time.Time) (time.Time, time.Time) {
	if first.IsZero() || at.Before(first) {
		first = at
	}
	if at.After(last) {
		last = at
	}
	return first, last
}

func (g *group) add(r row) {
	g.rows = append(g.rows, r)
	g.bytes += len(r.raw)
	g.first, g.last = widen(g.first, g.last, r.at)
}

func (e *export) sorted() []*group {
	var keys []string
	for k := range e.groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]*group, 0, len(keys))
	for _, k := range keys {
		out = append(out, e.groups[k])
	}
	return out
}

// flush emits the rows that wait in a group; last closes the unit with what is said once.
func (e *export) flush(g *group, last func(*evidence.Observation)) error {
	if len(g.rows) == 0 && last == nil {
		return nil
	}
	obs := evidence.Observation{}
	if len(g.rows) > 0 {
		obs = e.facts(g, g.rows)
		g.chunk++
		var body []byte
		for _, r := range g.rows {
			body = append(append(body, r.raw...), '\n')
		}
		obs.Sources = []evidence.Source{{Repository: g.repo, Origin: e.origin, Method: "FILE", URL: e.url, Target: fmt.Sprintf("%s part %d", e.target, g.chunk),
			FetchedAt: e.now, Body: body}}
	}
	e.held -= g.bytes
	g.rows, g.bytes = nil, 0
	obs.Repository, obs.Unit = g.repo, e.unit
	if last != nil {
		last(&obs)
	}
	for i := range obs.Gaps {
		obs.Gaps[i].Repository, obs.Gaps[i].Unit = g.repo, e.unit
	}
	return e.emit(obs)
}
