package casefile

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Target is one repository of the scope with what collection needs to know of it.
type Target struct {
	Repository evidence.Repository
	Mirror     string   // an existing clone to read git objects from; empty: fetch
	Clones     []string // clones that people kept: read for what they still know, beside what is fetched
}

// Addition is one repository to add. From says where the name came from. A mirror stands in for fetching, a clone is evidence beside it.
type Addition struct {
	Repository    evidence.Repository
	From          string
	Mirror, Clone string
}

// Add puts repositories into the case, all or none. A name that is there already, in whatever case, or that a collection found to be the
// present name of one that is there, is left as it was, but a mirror named now replaces none. It returns how many were new.
func (c *Case) Add(ctx context.Context, list []Addition) (added int, err error) {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("add repositories: %w", err)
	}
	for _, a := range list {
		key := a.Repository.Key()
		if a.Repository, _, err = resolved(tx.QueryRowContext(ctx, named, key, key, key), a.Repository); err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO repository (name, key, added_from, mirror) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
			string(a.Repository), a.Repository.Key(), a.From, a.Mirror)
		if err == nil && a.Mirror != "" {
			_, err = tx.ExecContext(ctx, "UPDATE repository SET mirror = ? WHERE key = ?", a.Mirror, a.Repository.Key())
		}
		if err == nil && a.Clone != "" {
			_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO clone (repository, path) SELECT id, ? FROM repository WHERE key = ?", a.Clone, a.Repository.Key())
		}
		var n int64
		if err == nil {
			n, err = res.RowsAffected()
		}
		if err != nil {
			return 0, errors.Join(fmt.Errorf("add %s: %w", a.Repository, err), tx.Rollback())
		}
		added += int(n)
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("add repositories: %w", err)
	}
	return added, nil
}

// Targets lists the repositories of the case by name.
func (c *Case) Targets(ctx context.Context) ([]Target, error) {
	var out []Target
	err := c.each(ctx, "SELECT name, mirror FROM repository ORDER BY key", nil, func(scan func(...any) error) error {
		var t Target
		if err := scan(&t.Repository, &t.Mirror); err != nil {
			return err
		}
		out = append(out, t)
		return nil
	})
	if err == nil {
		err = c.clones(ctx, out)
	}
	if err != nil {
		return nil, fmt.Errorf("list repositories: %w", err)
	}
	return out, nil
}

// clones adds what the case knows of clones to the targets.
func (c *Case) clones(ctx context.Context, targets []Target) error {
	at := make(map[evidence.Repository]int, len(targets))
	for i, t := range targets {
		at[t.Repository] = i
	}
	return c.each(ctx, "SELECT r.name, c.path FROM clone c JOIN repository r ON r.id = c.repository ORDER BY r.key, c.path", nil,
		func(scan func(...any) error) error {
			var repo evidence.Repository
			var path string
			err := scan(&repo, &path)
			targets[at[repo]].Clones = append(targets[at[repo]].Clones, path)
			return err
		})
}

// named finds a repository by its name in the case, else by one that the API told of it.
const named = `SELECT r.name FROM repository r LEFT JOIN repository_state s ON s.repository = r.id
	WHERE r.key = ? OR lower(s.full_name) = ? ORDER BY r.key <> ?, r.key LIMIT 1`

// Resolve gives the name under which the case holds a repository: the given one in the case's spelling, or, for the present name of one
// that was renamed, the name that was added. known is false where it holds none.
func (c *Case) Resolve(ctx context.Context, repo evidence.Repository) (name evidence.Repository, known bool, err error) {
	return resolved(c.db.QueryRowContext(ctx, named, repo.Key(), repo.Key(), repo.Key()), repo)
}

func resolved(row *sql.Row, repo evidence.Repository) (name evidence.Repository, known bool, err error) {
	switch err := row.Scan(&name); {
	case errors.Is(err, sql.ErrNoRows):
		return repo, false, nil
	case err != nil:
		return repo, false, fmt.Errorf("look %s up: %w", repo, err)
	}
	return name, true, nil
}

// Plan is what a collection asks: another plan is another collection.
type Plan struct {
	Host string
	API  string // base URL of the REST API, "none" for none
	Only string // parts asked for, comma-separated; empty for all
	// Refresh asks only for what came since the case last listed it.
	Refresh bool
	Admin   bool // asks what administrators see
	Logs    bool // asks for logs of jobs
	// Places are archives and exports to read, in the words of the command line.
	Places []string
}

func (p Plan) equal(o Plan) bool {
	return p.Host == o.Host && p.API == o.API && p.Only == o.Only && p.Refresh == o.Refresh && p.Admin == o.Admin && p.Logs == o.Logs &&
		slices.Equal(p.Places, o.Places)
}

// planColumns are those of a plan, its places as JSON.
const planColumns = "host, api, only_units, refresh, admin, logs, places"

// fields are where planColumns are read to.
func (p *Plan) fields(places *string) []any {
	return []any{&p.Host, &p.API, &p.Only, &p.Refresh, &p.Admin, &p.Logs, places}
}

// BeginCollection takes up the last collection if it has the same plan and was interrupted, else begins a new one. resumed tells which.
// While it runs, no other process can collect for the same case ([ErrBusy]): two would take up each other's work and write to the same
// mirrors. The system lock on CASE.lock that says so is given up by [Case.FinishCollection] and [Case.Close], and by itself when the
// process dies. It holds between processes of one machine, and between machines only where a network file system passes it on.
func (c *Case) BeginCollection(ctx context.Context, plan Plan, now time.Time) (resumed bool, err error) {
	if c.collecting == nil {
		if c.collecting, err = lock(c.path + ".lock"); err != nil {
			return false, fmt.Errorf("begin collection: %w", err)
		}
	}
	var last Plan
	var id int64
	var finished, places string
	row := c.db.QueryRowContext(ctx, "SELECT id, finished_at, "+planColumns+" FROM collection ORDER BY id DESC LIMIT 1")
	switch err := row.Scan(append([]any{&id, &finished}, last.fields(&places)...)...); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return false, fmt.Errorf("begin collection: %w", err)
	case finished == "":
		if err := json.Unmarshal([]byte(places), &last.Places); err != nil {
			return false, fmt.Errorf("begin collection: %w", err)
		}
		if last.equal(plan) {
			c.collection = id
			return true, nil
		}
	}
	asked, err := jsonArray(plan.Places)
	if err != nil {
		return false, fmt.Errorf("begin collection: %w", err)
	}
	res, err := c.db.ExecContext(ctx, "INSERT INTO collection ("+planColumns+", started_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
		plan.Host, plan.API, plan.Only, plan.Refresh, plan.Admin, plan.Logs, asked, evidence.Stamp(now))
	if err == nil {
		c.collection, err = res.LastInsertId()
	}
	if err != nil {
		return false, fmt.Errorf("begin collection: %w", err)
	}
	return false, nil
}

// FinishCollection marks the running collection as whole: the next one asks everything again.
func (c *Case) FinishCollection(ctx context.Context, now time.Time) error {
	_, err := c.db.ExecContext(ctx, "UPDATE collection SET finished_at = ? WHERE id = ?", evidence.Stamp(now), c.collection)
	if err != nil {
		return fmt.Errorf("finish collection: %w", err)
	}
	return c.release()
}

func (c *Case) release() error {
	held := c.collecting
	if c.collecting = nil; held == nil {
		return nil
	}
	return unlock(held)
}

// Done lists the units of a repository that the running collection has finished.
func (c *Case) Done(ctx context.Context, repo evidence.Repository) (map[string]bool, error) {
	return c.DoneIn(ctx, c.collection, repo)
}

// DoneIn lists the units of a repository that a collection has finished.
func (c *Case) DoneIn(ctx context.Context, collection int64, repo evidence.Repository) (map[string]bool, error) {
	out := map[string]bool{}
	err := c.each(ctx, "SELECT d.unit FROM unit_done d JOIN repository r ON r.id = d.repository WHERE r.key = ? AND d.collection = ?",
		[]any{repo.Key(), collection}, func(scan func(...any) error) error {
			var unit string
			if err := scan(&unit); err != nil {
				return err
			}
			out[unit] = true
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("units done of %s: %w", repo, err)
	}
	return out, nil
}

// Reopen forgets what the running collection came to in these units so far, which gaps it met and which of them it finished: an
// interrupted attempt is made again, and what it could not have may be had now. The gaps themselves stay facts of the attempt in which
// they were met.
func (c *Case) Reopen(ctx context.Context, repo evidence.Repository, units []string) error {
	list, err := jsonArray(units)
	if err == nil {
		_, err = c.db.ExecContext(ctx, `DELETE FROM gap_seen WHERE collection = ? AND gap IN
			(SELECT g.id FROM gap g JOIN repository r ON r.id = g.repository WHERE r.key = ? AND g.unit IN (SELECT value FROM json_each(?)))`,
			c.collection, repo.Key(), list)
	}
	if err == nil {
		_, err = c.db.ExecContext(ctx, `DELETE FROM unit_done WHERE collection = ? AND unit IN (SELECT value FROM json_each(?)) AND
			repository = (SELECT id FROM repository WHERE key = ?)`, c.collection, list, repo.Key())
	}
	if err != nil {
		return fmt.Errorf("reopen %s of %s: %w", strings.Join(units, ", "), repo, err)
	}
	return nil
}

// Cached finds the last stored answer to a request target, for a conditional request. Redacted bodies are not offered: facts are parsed
// from the bytes as received.
func (c *Case) Cached(ctx context.Context, repo evidence.Repository, target string) (etag string, body []byte, ok bool, err error) {
	var blob []byte
	row := c.db.QueryRowContext(ctx, `SELECT s.etag, s.body FROM source s JOIN repository r ON r.id = s.repository
		WHERE r.key = ? AND s.target = ? AND s.status = 200 AND s.etag <> '' AND s.redactions = 0
		ORDER BY (SELECT max(v.collection) FROM source_seen v WHERE v.source = s.id) DESC, s.id LIMIT 1`, repo.Key(), target)
	switch err := row.Scan(&etag, &blob); {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil, false, nil
	case err != nil:
		return "", nil, false, fmt.Errorf("stored answer to %s: %w", target, err)
	}
	body, err = c.codec.unpack(blob)
	return etag, body, err == nil, err
}
