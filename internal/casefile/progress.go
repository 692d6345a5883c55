package casefile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"pentimento/internal/evidence"
)

// Collection is one collection as it stands.
type Collection struct {
	Plan
	ID       int64
	Begun    time.Time
	Finished time.Time // zero: interrupted, or still running
	Oldest   time.Time // when the first answer came that it still holds; zero where none did
	Latest   time.Time
}

// Collections lists what was collected, oldest first.
func (c *Case) Collections(ctx context.Context) ([]Collection, error) {
	var out []Collection
	err := c.each(ctx, `SELECT id, started_at, finished_at,
		coalesce((SELECT min(at) FROM source_seen WHERE collection = id), ''), coalesce((SELECT max(at) FROM source_seen WHERE collection = id), ''), `+planColumns+`
		FROM collection ORDER BY id`, nil, func(scan func(...any) error) error {
		var x Collection
		var begun, finished, oldest, latest, places string
		if err := scan(append([]any{&x.ID, &begun, &finished, &oldest, &latest}, x.fields(&places)...)...); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(places), &x.Places); err != nil {
			return err
		}
		err := parseStamps(pair{begun, &x.Begun}, pair{finished, &x.Finished}, pair{oldest, &x.Oldest}, pair{latest, &x.Latest})
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	return out, nil
}

// Waiting counts the repositories of which the running collection left something for want of API calls.
func (c *Case) Waiting(ctx context.Context) (n int, err error) {
	row := c.db.QueryRowContext(ctx, "SELECT count(DISTINCT g.repository) FROM gap g JOIN gap_seen s ON s.gap = g.id WHERE s.collection = ? AND g.kind = ?",
		c.collection, string(evidence.GapBudget))
	if err := row.Scan(&n); err != nil {
		return 0, fmt.Errorf("count waiting repositories: %w", err)
	}
	return n, nil
}

// Gaps lists what could not be seen of one repository, by the last collection of each unit. It is what [Case.Facts] gives, for whoever
// needs no more than that.
func (c *Case) Gaps(ctx context.Context, repo evidence.Repository) ([]evidence.Gap, error) {
	var out []evidence.Gap
	err := c.each(ctx, `SELECT g.unit, g.kind, g.subject, g.detail, g.hint FROM gap g JOIN repository r ON r.id = g.repository
		WHERE r.key = ? AND EXISTS (SELECT 1 FROM gap_seen s WHERE s.gap = g.id) AND NOT EXISTS (SELECT 1 FROM unit_done d
			WHERE d.repository = g.repository AND d.unit = g.unit AND d.collection > (SELECT max(collection) FROM gap_seen s WHERE s.gap = g.id))
		ORDER BY g.unit, g.kind, g.subject`, []any{repo.Key()}, func(scan func(...any) error) error {
		g := evidence.Gap{Repository: repo}
		err := scan(&g.Unit, &g.Kind, &g.Subject, &g.Detail, &g.Hint)
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gaps of %s: %w", repo, err)
	}
	return out, nil
}

// State is what the API last said of one repository; nil where it said nothing.
func (c *Case) State(ctx context.Context, repo evidence.Repository) (*evidence.RepositoryState, error) {
	f, err := c.bare(ctx, repo)
	if err == nil {
		err = c.loadState(ctx, f)
	}
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", repo, err)
	}
	return f.State, nil
}

// Listing is the last listing of the refs of one repository; the zero Listing where there is none.
func (c *Case) Listing(ctx context.Context, repo evidence.Repository) (Listing, error) {
	f, err := c.bare(ctx, repo)
	if err == nil {
		err = c.loadListing(ctx, f)
	}
	if err != nil {
		return Listing{}, fmt.Errorf("listing of %s: %w", repo, err)
	}
	return f.Listing, nil
}

// bare is a repository with none of its facts.
func (c *Case) bare(ctx context.Context, repo evidence.Repository) (*Facts, error) {
	f := &Facts{}
	err := c.db.QueryRowContext(ctx, "SELECT id, name FROM repository WHERE key = ?", repo.Key()).Scan(&f.ID, &f.Repository)
	return f, err
}

// Covered is the latest listing of an origin that came to its end; ok is false where there is none.
func (c *Case) Covered(ctx context.Context, repo evidence.Repository, origin evidence.Origin) (v evidence.Coverage, ok bool, err error) {
	v.Origin = origin
	err = c.each(ctx, `SELECT c.not_before, c.not_after, c.complete, c.oldest FROM coverage c JOIN repository r ON r.id = c.repository
		WHERE r.key = ? AND c.origin = ? AND c.detail = '' AND c.complete = 1 ORDER BY c.not_after DESC, c.not_before, c.oldest LIMIT 1`,
		[]any{repo.Key(), string(origin)}, func(scan func(...any) error) error {
			var from, to, oldest string
			if err := scan(&from, &to, &v.Complete, &oldest); err != nil {
				return err
			}
			ok = true
			return parseStamps(pair{from, &v.From}, pair{to, &v.To}, pair{oldest, &v.Oldest})
		})
	if err != nil {
		return v, false, fmt.Errorf("coverage of %s: %w", repo, err)
	}
	return v, ok, nil
}

// Unfinished lists the attempts of runs that no answer called completed, by run and attempt.
func (c *Case) Unfinished(ctx context.Context, repo evidence.Repository) ([]evidence.Run, error) {
	var out []evidence.Run
	err := c.each(ctx, `SELECT DISTINCT x.run_id, x.attempt, x.created_at FROM run x JOIN repository r ON r.id = x.repository
		WHERE r.key = ? AND x.status <> 'completed' AND NOT EXISTS (SELECT 1 FROM run y WHERE y.repository = x.repository AND y.run_id = x.run_id
			AND y.attempt = x.attempt AND y.status = 'completed') ORDER BY x.run_id, x.attempt`, []any{repo.Key()}, func(scan func(...any) error) error {
		x := evidence.Run{Repository: repo}
		created := ""
		if err := scan(&x.RunID, &x.Attempt, &created); err != nil {
			return err
		}
		err := parseStamps(pair{created, &x.CreatedAt})
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unfinished runs of %s: %w", repo, err)
	}
	return out, nil
}

// Cost is what collections have asked so far.
type Cost struct {
	Answers map[evidence.Origin]int64 // that came, the same one again included
	Bytes   map[evidence.Origin]int64 // of them as stored, compressed
	Done    map[string]int64          // how often each unit was done, for one repository in one collection
}

// Cost counts what all collections have asked.
func (c *Case) Cost(ctx context.Context) (Cost, error) {
	out := Cost{Answers: map[evidence.Origin]int64{}, Bytes: map[evidence.Origin]int64{}, Done: map[string]int64{}}
	err := c.each(ctx, "SELECT s.origin, count(*), sum(length(s.body)) FROM source_seen v JOIN source s ON s.id = v.source GROUP BY s.origin", nil,
		func(scan func(...any) error) error {
			var origin evidence.Origin
			var n, bytes int64
			err := scan(&origin, &n, &bytes)
			out.Answers[origin], out.Bytes[origin] = n, bytes
			return err
		})
	if err == nil {
		err = c.each(ctx, "SELECT unit, count(*) FROM unit_done GROUP BY unit", nil, func(scan func(...any) error) error {
			var unit string
			var n int64
			err := scan(&unit, &n)
			out.Done[unit] = n
			return err
		})
	}
	if err != nil {
		return out, fmt.Errorf("count what was asked: %w", err)
	}
	return out, nil
}
