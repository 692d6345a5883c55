package casefile

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// inferenceTables in the order in which they can be emptied: a table stands before those it refers to.
var inferenceTables = []string{
	"window_release", "window_use", "window_verdict", "link", "exposure_window", "rotation", "ladder", "could_read", "execution", "opportunity", "contains", "presence_version", "presence", "campaign_commit",
	"cited_commit", "proposal", "family_member", "family", "finding_context", "finding_place", "finding", "repository_verdict", "inferred_gap", "wave", "analysis",
}

// Inferences is the open rebuild: everything that was inferred before is gone, and nothing is seen by others until it ends well.
type Inferences struct {
	ctx context.Context
	tx  *sql.Tx
	app *appender
}

// Rebuild empties the tables of inferences and lets build fill them, in one transaction: a reader sees the old or the new analysis, and
// a failed one leaves the old.
func (c *Case) Rebuild(ctx context.Context, build func(*Inferences) error) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("rebuild inferences: %w", err)
	}
	in := &Inferences{ctx: ctx, tx: tx, app: &appender{ctx: ctx, tx: tx, statements: map[string]*sql.Stmt{}}}
	for _, table := range inferenceTables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			return errors.Join(fmt.Errorf("rebuild inferences: empty %s: %w", table, err), tx.Rollback())
		}
	}
	if err := build(in); err != nil {
		return errors.Join(fmt.Errorf("rebuild inferences: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("rebuild inferences: %w", err)
	}
	return nil
}

// Mark is a short text that changes whenever facts, repositories, statements or packs are added or seen again: an analysis that bears
// another one is out of date.
func (c *Case) Mark(ctx context.Context) (string, error) {
	var mark string
	err := c.db.QueryRowContext(ctx, `SELECT printf('%d %d %d %d %d %d %d %d %s %s %d %d', (SELECT count(*) FROM source), (SELECT count(*) FROM commit_seen) + (SELECT count(*) FROM commit_block_seen),
		(SELECT count(*) FROM coverage), (SELECT count(*) FROM archive_hour_seen), (SELECT count(*) FROM (SELECT DISTINCT repository, unit FROM unit_done)),
		(SELECT count(*) FROM current_gap WHERE id NOT IN (SELECT id FROM inferred_gap)),
		(SELECT count(*) FROM declaration), (SELECT count(*) FROM repository), (SELECT max(at) FROM source_seen),
		(SELECT group_concat(substr(sha256, 1, 16), ' ') FROM (SELECT sha256 FROM pack ORDER BY name)),
		(SELECT coalesce(sum(stored), 0) FROM import), (SELECT count(*) FROM log_coverage) + (SELECT count(*) FROM credential_listing)
			+ (SELECT count(*) FROM import_kept))`).Scan(&mark)
	if err != nil {
		return "", fmt.Errorf("mark of the facts: %w", err)
	}
	return mark, nil
}

// Exec runs one statement of a stage's store.
func (in *Inferences) Exec(query string, args ...any) error { return in.app.exec(query, args...) }

// Gap stores something that analysis could not see. The ids are the facts that show the hole.
func (in *Inferences) Gap(repository int64, g evidence.Gap, ids []string) error {
	list, err := jsonArray(ids)
	if err != nil {
		return err
	}
	err = in.Exec("INSERT OR IGNORE INTO inferred_gap (id, repository, unit, kind, subject, detail, hint, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		g.ID(), repository, g.Unit, string(g.Kind), g.Subject, g.Detail, g.Hint, list)
	if err != nil {
		return fmt.Errorf("gap: %w", err)
	}
	return nil
}

// Cite stores a commit object that an inference rests on, so that a query can join it.
func (in *Inferences) Cite(c evidence.Commit) error {
	if err := in.Exec("INSERT OR IGNORE INTO cited_commit "+commitColumns, commitArgs(c)...); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// JSON is a value stored as JSON text: for lists that belong to one row.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values of our own plain structs come here: a failure is a programming mistake
	}
	if string(b) == "null" {
		return "[]"
	}
	return string(b)
}

// InstantArgs is an instant as the five columns NAME_not_before, NAME_not_before_clock, NAME_not_after, NAME_not_after_clock and
// NAME_evidence.
func InstantArgs(i when.Instant) []any {
	bound := func(b when.Bound) (at, clock any) {
		if !b.Known() {
			return nil, nil
		}
		return evidence.Stamp(b.At), b.Clock.String()
	}
	nb, nbc := bound(i.NotBefore)
	na, nac := bound(i.NotAfter)
	list := i.Evidence
	if list == nil {
		list = []string{}
	}
	return []any{nb, nbc, na, nac, JSON(list)}
}

// Args joins plain values and instants into the arguments of a statement.
func Args(values ...any) []any {
	var out []any
	for _, v := range values {
		if i, ok := v.(when.Instant); ok {
			out = append(out, InstantArgs(i)...)
			continue
		}
		out = append(out, v)
	}
	return out
}

// InstantColumns receives the five columns of an instant.
type InstantColumns struct {
	nb, nbc, na, nac sql.NullString
	ids              string
}

// Dest is what to scan into, in column order.
func (x *InstantColumns) Dest() []any { return []any{&x.nb, &x.nbc, &x.na, &x.nac, &x.ids} }

// Instant is the value that was scanned.
func (x *InstantColumns) Instant() (when.Instant, error) {
	var i when.Instant
	for _, side := range []struct {
		at, clock sql.NullString
		to        *when.Bound
	}{{x.nb, x.nbc, &i.NotBefore}, {x.na, x.nac, &i.NotAfter}} {
		if !side.at.Valid {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, side.at.String)
		if err != nil {
			return i, fmt.Errorf("stored instant: %w", err)
		}
		c, err := when.ParseClock(side.clock.String)
		if err != nil {
			return i, fmt.Errorf("stored instant: %w", err)
		}
		*side.to = when.Bound{At: t.UTC(), Clock: c}
	}
	if err := json.Unmarshal([]byte(x.ids), &i.Evidence); err != nil {
		return i, fmt.Errorf("stored instant: evidence: %w", err)
	}
	slices.Sort(i.Evidence)
	return i, nil
}

// Each runs a query of a stage's store and calls f once a row.
func (c *Case) Each(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) error {
	return c.each(ctx, query, args, f)
}

// Blobs calls f for every workflow text in the case by object name, with the paths at which any repository holds it.
func (c *Case) Blobs(ctx context.Context, f func(oid evidence.OID, paths []string, text []byte) error) error {
	paths := map[evidence.OID][]string{}
	err := c.each(ctx, "SELECT DISTINCT blob, path FROM workflow_file ORDER BY blob, path", nil, func(scan func(...any) error) error {
		var blob evidence.OID
		var path string
		if err := scan(&blob, &path); err != nil {
			return err
		}
		paths[blob] = append(paths[blob], path)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read workflow paths: %w", err)
	}
	err = c.each(ctx, "SELECT oid, text FROM workflow_blob ORDER BY oid", nil, func(scan func(...any) error) error {
		var oid evidence.OID
		var blob []byte
		if err := scan(&oid, &blob); err != nil {
			return err
		}
		text, err := c.codec.unpack(blob)
		if err != nil {
			return err
		}
		return f(oid, paths[oid], text)
	})
	if err != nil {
		return fmt.Errorf("read workflow texts: %w", err)
	}
	return nil
}

// Text is the stored text of one workflow version; ok is false where it was never had.
func (c *Case) Text(ctx context.Context, oid evidence.OID) (text []byte, ok bool, err error) {
	var blob []byte
	switch err := c.db.QueryRowContext(ctx, "SELECT text FROM workflow_blob WHERE oid = ?", string(oid)).Scan(&blob); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("workflow text %s: %w", oid, err)
	}
	text, err = c.codec.unpack(blob)
	return text, err == nil, err
}
