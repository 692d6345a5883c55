package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Listing is the last listing of a repository's refs, which may have none. The zero Listing: none was ever had.
type Listing struct {
	Source string // evidence id
	At     time.Time
	Refs   []evidence.ListedRef
}

// Known reports whether the refs were ever listed.
func (l Listing) Known() bool { return l.Source != "" }

// Attempt names one attempt of a run.
type Attempt struct {
	RunID   int64
	Attempt int
}

// Facts is everything that the case holds about one repository, each thing as last told.
type Facts struct {
	ID         int64 // row id of the repository, for the stages' own tables
	Repository evidence.Repository
	State      *evidence.RepositoryState // nil: the API was not asked or did not answer
	StateID    string
	Listing    Listing
	Earlier    []Listing            // the listings before the last one, oldest first
	Updates    []evidence.RefUpdate // by time, then id
	Sightings  []evidence.Sighting  // by time, then id
	History    *evidence.History
	Textless   map[evidence.OID]bool // workflow blobs that a commit holds and whose text was never had: nobody can judge them
	Redacted   []evidence.OID        // workflow texts that a commit holds and of which something was redacted: that part nobody can judge
	Seen       map[evidence.OID][]evidence.CommitSeen
	Runs       []evidence.Run // the last observation of each attempt, by creation, run and attempt
	Jobs       map[Attempt][]evidence.Job
	Checks     map[evidence.OID]evidence.SignatureCheck // of commits that were had
	Readmes    []evidence.ReadmeChange                  // by commit
	Secrets    []evidence.SecretRecord                  // by time, then id
	Access     []evidence.AccessGrant
	Logs       []evidence.RunLog // of jobs, by run, attempt and job; the texts are read by [Case.LogText]
	Forks      []evidence.Fork   // the parent first
	Coverage   []evidence.Coverage
	Gaps       []evidence.Gap // met by the last collection of each unit
	Statements []Declaration  // in force: retracted ones are left out
}

// Facts loads one repository.
func (c *Case) Facts(ctx context.Context, repo evidence.Repository) (*Facts, error) {
	f := &Facts{Seen: map[evidence.OID][]evidence.CommitSeen{}, Jobs: map[Attempt][]evidence.Job{}}
	if err := c.db.QueryRowContext(ctx, "SELECT id, name FROM repository WHERE key = ?", repo.Key()).Scan(&f.ID, &f.Repository); err != nil {
		return nil, fmt.Errorf("facts of %s: %w", repo, err)
	}
	for _, load := range []func(context.Context, *Facts) error{
		c.loadState, c.loadListing, c.loadListings, c.loadUpdates, c.loadSightings, c.loadSecrets, c.loadAccess, c.loadLogs,
		c.loadHistory, c.loadChecks, c.loadReadmes, c.loadRedacted, c.loadTextless, c.loadSeen, c.loadRuns, c.loadJobs,
		c.loadCoverage, c.loadGaps, c.loadStatements,
	} {
		if err := load(ctx, f); err != nil {
			return nil, fmt.Errorf("facts of %s: %w", repo, err)
		}
	}
	return f, nil
}

func (c *Case) loadState(ctx context.Context, f *Facts) error {
	return c.each(ctx, `SELECT s.id, s.github_id, s.full_name, s.default_branch, s.fork_of, s.private, s.archived, s.disabled, s.created_at, s.pushed_at
		FROM repository_state s LEFT JOIN source_seen v ON v.source = s.source WHERE s.repository = ?
		ORDER BY v.collection DESC, v.at DESC, s.id LIMIT 1`, []any{f.ID}, func(scan func(...any) error) error {
		st, created, pushed := &evidence.RepositoryState{}, "", ""
		err := scan(&f.StateID, &st.GitHubID, &st.FullName, &st.DefaultBranch, &st.ForkOf, &st.Private, &st.Archived, &st.Disabled, &created, &pushed)
		if err != nil {
			return err
		}
		f.State = st
		return parseStamps(pair{created, &st.CreatedAt}, pair{pushed, &st.PushedAt})
	})
}

// pair is a text to parse and where it goes.
type pair struct {
	text string
	to   *time.Time
}

func parseStamps(pairs ...pair) error {
	for _, p := range pairs {
		t, err := ParseStamp(p.text)
		if err != nil {
			return err
		}
		*p.to = t
	}
	return nil
}

func (c *Case) loadListing(ctx context.Context, f *Facts) (err error) {
	at, l := "", &f.Listing
	row := c.db.QueryRowContext(ctx, "SELECT source, at FROM listing WHERE repository = ?", f.ID)
	if err := row.Scan(&l.Source, &at); errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	if err := parseStamps(pair{at, &l.At}); err != nil {
		return err
	}
	l.Refs, err = c.listedRefs(ctx, l.Source)
	return err
}

func (c *Case) listedRefs(ctx context.Context, source string) (refs []evidence.ListedRef, err error) {
	err = c.each(ctx, "SELECT ref, oid, peeled, symref FROM listed_ref WHERE source = ? ORDER BY ref", []any{source}, func(scan func(...any) error) error {
		var r evidence.ListedRef
		err := scan(&r.Ref, &r.OID, &r.Peeled, &r.Symref)
		refs = append(refs, r)
		return err
	})
	return refs, err
}

func (c *Case) loadUpdates(ctx context.Context, f *Facts) error {
	return c.each(ctx, `SELECT origin, external_id, ref, before, after, kind, at, clock, by, actor FROM ref_update WHERE repository = ? ORDER BY at, id`,
		[]any{f.ID}, func(scan func(...any) error) error {
			u, at, clock := evidence.RefUpdate{Repository: f.Repository}, "", ""
			err := scan(&u.Origin, &u.ExternalID, &u.Ref, &u.Before, &u.After, &u.Kind, &at, &clock, &u.By, &u.Actor)
			if err != nil {
				return err
			}
			if u.Clock, err = when.ParseClock(clock); err != nil {
				return err
			}
			f.Updates = append(f.Updates, u)
			return parseStamps(pair{at, &f.Updates[len(f.Updates)-1].At})
		})
}
