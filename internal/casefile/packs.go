package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"pentimento/internal/evidence"
)

// PackChange says that a pack came into the scope of a case, or replaced the one of its name there. Before and After are SHA-256 of their
// texts; Before is empty where there was none.
type PackChange struct {
	At     time.Time
	Name   string
	Before string
	After  string
}

// UsePack puts a pack into the scope of a case, in the place of the one of its name. What it replaces is kept, with the time: inferences were
// made by it. The inferences of the case are out of date from then on, see [Case.Mark]. Where the case has the same text already, changed is
// false and nothing is done.
func (c *Case) UsePack(ctx context.Context, at time.Time, p Pack) (change PackChange, changed bool, err error) {
	change = PackChange{At: at, Name: p.Name, After: digest(p.Text)}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return change, false, fmt.Errorf("use pack %s: %w", p.Name, err)
	}
	changed, err = replacePack(ctx, tx, &change, p)
	if err != nil || !changed {
		if err != nil {
			err = fmt.Errorf("use pack %s: %w", p.Name, err)
		}
		return change, false, errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return change, false, fmt.Errorf("use pack %s: %w", p.Name, err)
	}
	return change, true, nil
}

func replacePack(ctx context.Context, tx *sql.Tx, change *PackChange, p Pack) (changed bool, err error) {
	var former []byte
	switch err := tx.QueryRowContext(ctx, "SELECT sha256, text FROM pack WHERE name = ?", p.Name).Scan(&change.Before, &former); {
	case err == nil && change.Before == change.After:
		return false, nil
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO pack_change (at, name, before, after, text) VALUES (?, ?, nullif(?, ''), ?, ?)",
		evidence.Stamp(change.At), p.Name, change.Before, change.After, former)
	if err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO pack (name, sha256, text) VALUES (?, ?, ?)", p.Name, change.After, p.Text)
	return err == nil, err
}

// PackChanges calls f for the changes of the packs since the case was made, in their order.
func (c *Case) PackChanges(ctx context.Context, f func(PackChange) error) error {
	err := c.each(ctx, "SELECT at, name, coalesce(before, ''), after FROM pack_change ORDER BY id", nil, func(scan func(...any) error) error {
		var p PackChange
		var at string
		if err := scan(&at, &p.Name, &p.Before, &p.After); err != nil {
			return err
		}
		if err := parseStamps(pair{at, &p.At}); err != nil {
			return err
		}
		return f(p)
	})
	if err != nil {
		return fmt.Errorf("read changes of packs: %w", err)
	}
	return nil
}
