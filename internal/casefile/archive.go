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
	return a.exec("INSERT OR IGNORE INTO archive_hour_seen (hour, collection) VALUES (?, ?)", h.ID(), c.collection)
}

// ArchiveHours lists what the case knows of archives, by hour and archive. Of an hour that was read more than once, the last reading of
// each archive counts.
func (c *Case) ArchiveHours(ctx context.Context) ([]evidence.ArchiveHour, error) {
	return c.archiveHours(ctx, `SELECT h.archive, h.hour, h.state, h.sha256, h.bytes, h.events, h.pushes, h.bad, h.first, h.last, h.detail
		FROM archive_hour h JOIN archive_hour_seen s ON s.hour = h.id
		WHERE s.collection = (SELECT max(v.collection) FROM archive_hour_seen v JOIN archive_hour g ON g.id = v.hour
			WHERE g.archive = h.archive AND g.hour = h.hour) ORDER BY h.hour, h.archive, h.id`)
}

// HoursDone lists the hours that the running collection has read, unread ones left out: they are asked again.
func (c *Case) HoursDone(ctx context.Context) ([]evidence.ArchiveHour, error) {
	return c.archiveHours(ctx, `SELECT h.archive, h.hour, h.state, h.sha256, h.bytes, h.events, h.pushes, h.bad, h.first, h.last, h.detail
		FROM archive_hour h JOIN archive_hour_seen s ON s.hour = h.id WHERE s.collection = ? AND h.state <> 'unread' ORDER BY h.hour, h.archive`, c.collection)
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
