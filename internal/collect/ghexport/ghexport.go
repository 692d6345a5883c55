// Package ghexport reads what owners of repositories had GitHub export or send them: an organisation's audit log, and deliveries of webhooks
// that somebody saved.
//
// It takes files, plain or compressed, and gives one [evidence.Observation] after another for each repository of the case that they name: moves
// of refs, runs and jobs, which secrets were handed to which job, what happened to stored secrets, and ways in that were added. Rows of other
// repositories are counted and not kept.
//
// It refuses to conclude: an export shows what it shows. That it holds no row of a thing proves nothing, but for the time over which whoever
// exported it declares an audit log whole ([Config]), and there no more than GitHub keeps: events of git for 7 days and others for 180, counted back from
// the reading
// (https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/reviewing-the-audit-log-for-your-organization).
// The declaration is of all files together: one row or file that cannot be read ends it for all repositories. It goes for the repositories of the
// organisations whose log it is, and of those only where every row can be told from the rows of others: by GitHub's id, which outlives a name.
//
// Nor does it check who wrote a file: the signature of a delivery needs a secret that is not here, so a saved delivery is the word of
// whoever saved it, and its times are GitHub's only as they kept them. Deliveries are never whole: nobody knows which were lost.
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
	Now          func() time.Time // stamps the sources, and bounds what can have been kept
	Repositories []Target
	// CoversFrom and CoversTo are the time over which whoever exported audit logs declares them whole; zero for no word. Deliveries of webhooks pay no heed.
	CoversFrom, CoversTo time.Time
}

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

// How long the audit log keeps events of git, and others.
const (
	gitKept  = 7 * 24 * time.Hour
	restKept = 180 * 24 * time.Hour
)

const (
	// chunkBytes is of the rows in one observation; a source is stored as one compressed value.
	chunkBytes = 2 << 20
	// heldBytes bounds the rows of all repositories that wait for their chunk, and those of organisations.
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
	at  time.Time
	id  string
	url string // of its file, for rows that wait for the end
}

// export is the reading of one export under way: of all its files, for only together they are whole.
type export struct {
	cfg         Config
	origin      evidence.Origin
	kind        string // the unit of what is said of the export as a whole
	unit        string
	url         string
	now         time.Time
	emit        Emit
	facts       func(g *group, rows []row) evidence.Observation // what the rows of one chunk say
	members     *members
	groups      map[*member]*group
	held        int
	shared      []row // rows of organisations
	sharedBytes int
	dropped     int // of those, for which there was no room
	sum         Summary
	bad         []string // the first bad rows
}

// group is what an export says of one repository.
type group struct {
	*member
	repo       evidence.Repository
	rows       []row
	bytes      int
	chunk      int
	silentFrom time.Time // the first and the last push that names no ref
	silentTo   time.Time
	gaps       int // events that have a gap of their own
}

// run reads every file at the paths, chunk by chunk, and closes each repository's units.
func (e *export) run(ctx context.Context, paths []string, take func(raw []byte) error) (Summary, error) {
	paths = slices.Compact(slices.Sorted(slices.Values(paths)))
	e.now, e.members, e.groups = e.cfg.Now().UTC(), newMembers(e.cfg.Repositories), map[*member]*group{}
	all, err := openAll(ctx, paths)
	if err != nil {
		return e.sum, err
	}
	defer all.close()
	e.unit = e.kind + "/" + evidence.Printable(filepath.Base(filepath.Clean(paths[0]))) + "-" + hex.EncodeToString(all.digest[:4])
	e.sum.Unit = e.unit
	for i, in := range all.places {
		e.url = "file://" + filepath.ToSlash(paths[i])
		if err := e.read(ctx, in, take); err != nil {
			return e.sum, err
		}
		if err := e.flushAll(); err != nil { // a source is of one file or folder
			return e.sum, err
		}
	}
	return e.sum, e.finish()
}

// read reads one file or folder.
func (e *export) read(ctx context.Context, in *files, take func(raw []byte) error) error {
	e.sum.Files += len(in.names)
	for _, name := range in.links {
		e.damaged(name, "a link, which is not followed")
	}
	for _, name := range in.names {
		damage, err := in.rows(ctx, name, func(n int, raw []byte, why error) error {
			e.sum.Rows++
			if why == nil {
				why = take(raw)
			}
			if bad, ok := why.(badRow); ok {
				e.sum.Bad++
				if len(e.bad) < 3 {
					e.bad = append(e.bad, fmt.Sprintf("%s row %d %s", evidence.Printable(name), n, evidence.Printable(bad.Error())))
				}
				return nil
			}
			return why
		})
		if err != nil {
			return err
		}
		if damage != "" {
			e.damaged(name, damage)
		}
	}
	return nil
}

func (e *export) damaged(name, why string) {
	if len(e.sum.Damage) < maxNamed {
		e.sum.Damage = append(e.sum.Damage, evidence.Printable(name)+": "+evidence.Printable(why))
	}
}

// badRow says why a row is none.
type badRow string

func (b badRow) Error() string { return string(b) }

// group is that of a repository, begun with its first row.
func (e *export) group(m *member) *group {
	g := e.groups[m]
	if g == nil {
		g = &group{member: m, repo: m.Repository}
		e.groups[m] = g
		e.sum.Repositories++
	}
	return g
}

// file files a row under its repository.
func (e *export) file(m *member, r row) error {
	g := e.group(m)
	e.sum.Stored++
	e.sum.span(r.at)
	g.add(r)
	e.held += len(r.raw)
	switch {
	case g.bytes >= chunkBytes:
		return e.flush(g, nil)
	case e.held >= heldBytes:
		return e.flushAll()
	}
	return nil
}

func (e *export) flushAll() error {
	for _, m := range e.members.all {
		if g := e.groups[m]; g != nil {
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
	g.first, g.last = widen(g.first, g.last, r.at) // of the member: over all files
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
		obs.Sources = []evidence.Source{{Repository: g.repo, Origin: e.origin, Method: "FILE", URL: e.url, Target: fmt.Sprintf("%s part %d", e.unit, g.chunk),
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
