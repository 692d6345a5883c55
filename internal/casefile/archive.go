package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pentimento/internal/evidence"
)

// AppendHour stores what reading one hour of an archive came to, with all that it told of repositories of the case and of others, whole or
// not at all.
func (c *Case) AppendHour(ctx context.Context, hour evidence.ArchiveHour, told []evidence.Observation, others []evidence.Elsewhere) error {
	if c.collection == 0 {
		return errors.New("append archive hour: no collection has begun")
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err == nil {
		if err = c.appendHour(ctx, tx, hour, told, others); err != nil {
			err = errors.Join(err, tx.Rollback())
		} else {
			err = tx.Commit()
		}
	}
	if err != nil {
		return fmt.Errorf("append archive hour %s: %w", evidence.Stamp(hour.Hour), err)
	}
	return nil
}

func (c *Case) appendHour(ctx context.Context, tx *sql.Tx, h evidence.ArchiveHour, told []evidence.Observation,
	others []evidence.Elsewhere) error {
	a := &appender{ctx: ctx, tx: tx, codec: c.codec, collection: c.collection, statements: map[string]*sql.Stmt{}}
	err := a.exec(`INSERT OR IGNORE INTO archive_hour (id, archive, hour, state, sha256, bytes, events, pushes, bad, first, last, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, h.ID(), h.Archive, evidence.Stamp(h.Hour), string(h.State), h.Digest, h.Bytes, h.Events, h.Pushes,
		h.Bad, evidence.Stamp(h.First), evidence.Stamp(h.Last), h.Detail)
	if err != nil {
		return err
	}
	for _, obs := range told {
		a.source = ""
		if err := a.all(obs); err != nil {
			return fmt.Errorf("%s: %w", obs.Repository, err)
		}
	}
	a.source = "" // the hour is
	if err := a.elsewhere(others); err != nil {
		return err
	}
	return a.exec("INSERT OR IGNORE INTO archive_hour_seen (hour, collection, scope) VALUES (?, ?, ?)", h.ID(), c.collection, h.Scope)
}

// AppendScope stores which repositories of the case a reading of archives looks for, under the name that its hours bear.
func (c *Case) AppendScope(ctx context.Context, scope string, repos []evidence.Repository) error {
	keys := make([]string, 0, len(repos))
	for _, r := range repos {
		keys = append(keys, r.Key())
	}
	list, err := jsonArray(keys)
	if err == nil {
		_, err = c.db.ExecContext(ctx, `INSERT OR IGNORE INTO archive_scope (scope, repository)
			SELECT ?, r.id FROM json_each(?) k JOIN repository r ON r.key = k.value`, scope, list)
	}
	if err != nil {
		return fmt.Errorf("append scope of archives: %w", err)
	}
	return nil
}

// ArchiveScopes lists the scopes that hold a repository, sorted: repositories with the same ones share their hours.
func (c *Case) ArchiveScopes(ctx context.Context, repo evidence.Repository) ([]string, error) {
	var out []string
	err := c.each(ctx, "SELECT s.scope FROM archive_scope s JOIN repository r ON r.id = s.repository WHERE r.key = ? ORDER BY s.scope", []any{repo.Key()},
		func(scan func(...any) error) error {
			var scope string
			err := scan(&scope)
			out = append(out, scope)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list scopes of archives: %w", err)
	}
	return out, nil
}

// AppendArchiveIDs stores the ids under which archives told of a repository whose id the case does not know.
func (c *Case) AppendArchiveIDs(ctx context.Context, repo evidence.Repository, ids []int64) error {
	_, err := c.db.ExecContext(ctx, `INSERT OR IGNORE INTO archive_name (repository, github_id)
		SELECT r.id, n.value FROM repository r JOIN json_each(?) n WHERE r.key = ?`, JSON(ids), repo.Key())
	if err != nil {
		return fmt.Errorf("append ids of archives: %s: %w", repo, err)
	}
	return nil
}

// HandedOn lists the ids, in order, of each repository that archives told of under more than one.
func (c *Case) HandedOn(ctx context.Context) (map[evidence.Repository][]int64, error) {
	out := map[evidence.Repository][]int64{}
	err := c.each(ctx, `SELECT r.name, n.github_id FROM archive_name n JOIN repository r ON r.id = n.repository
		WHERE n.repository IN (SELECT repository FROM archive_name GROUP BY repository HAVING count(*) > 1) ORDER BY n.github_id`, nil,
		func(scan func(...any) error) error {
			var repo evidence.Repository
			var id int64
			err := scan(&repo, &id)
			out[repo] = append(out[repo], id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list ids of archives: %w", err)
	}
	return out, nil
}

// hourColumns are those of an [evidence.ArchiveHour], of archive_hour h.
const hourColumns = "h.archive, h.hour, h.state, h.sha256, h.bytes, h.events, h.pushes, h.bad, h.first, h.last, h.detail"

// ArchiveHours lists what the case knows of archives, by hour and archive, whatever was looked for. Of an hour that was read more than once,
// the last reading of each archive counts.
func (c *Case) ArchiveHours(ctx context.Context) ([]evidence.ArchiveHour, error) {
	return c.archiveHours(ctx, "SELECT DISTINCT "+hourColumns+`
		FROM archive_hour h JOIN archive_hour_seen s ON s.hour = h.id
		WHERE s.collection = (SELECT max(v.collection) FROM archive_hour_seen v JOIN archive_hour g ON g.id = v.hour
			WHERE g.archive = h.archive AND g.hour = h.hour) ORDER BY h.hour, h.archive, h.id`)
}

// HoursWithin is [Case.ArchiveHours] of the readings that had one of these scopes: what counts for a repository, see [Case.ArchiveScopes].
func (c *Case) HoursWithin(ctx context.Context, scopes []string) ([]evidence.ArchiveHour, error) {
	list, err := jsonArray(scopes)
	if err != nil {
		return nil, fmt.Errorf("list archive hours: %w", err)
	}
	return c.archiveHours(ctx, "SELECT DISTINCT "+hourColumns+`
		FROM archive_hour h JOIN archive_hour_seen s ON s.hour = h.id
		WHERE s.scope IN (SELECT value FROM json_each(?1)) AND s.collection = (SELECT max(v.collection)
			FROM archive_hour g JOIN archive_hour_seen v ON v.hour = g.id
			WHERE g.hour = h.hour AND g.archive = h.archive AND v.scope IN (SELECT value FROM json_each(?1))) ORDER BY h.hour, h.archive, h.id`, list)
}

// HoursDone lists the hours that the running collection has read looking for just these repositories, unread ones left out: they are asked
// again.
func (c *Case) HoursDone(ctx context.Context, scope string) ([]evidence.ArchiveHour, error) {
	return c.archiveHours(ctx, "SELECT "+hourColumns+` FROM archive_hour h JOIN archive_hour_seen s ON s.hour = h.id
		WHERE s.collection = ? AND s.scope = ? AND h.state <> 'unread' ORDER BY h.hour, h.archive`, c.collection, scope)
}

func (c *Case) archiveHours(ctx context.Context, query string, args ...any) ([]evidence.ArchiveHour, error) {
	var out []evidence.ArchiveHour
	err := c.each(ctx, query, args, func(scan func(...any) error) error {
		var h evidence.ArchiveHour
		var hour, first, last string
		if err := scan(&h.Archive, &hour, &h.State, &h.Digest, &h.Bytes, &h.Events, &h.Pushes, &h.Bad, &first, &last, &h.Detail); err != nil {
			return err
		}
		err := parseStamps(pair{hour, &h.Hour}, pair{first, &h.First}, pair{last, &h.Last})
		out = append(out, h)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list archive hours: %w", err)
	}
	return out, nil
}
