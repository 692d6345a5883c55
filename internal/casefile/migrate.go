package casefile

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// migration is one numbered file of schema/. Forward only: a case is never made older.
type migration struct {
	version int64
	name    string
	sql     string
}

func migrations() ([]migration, error) {
	entries, err := schema.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, e := range entries {
		number, _, ok := strings.Cut(e.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("schema file %s bears no number", e.Name())
		}
		text, err := schema.ReadFile(path.Join("schema", e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, migration{version: version, name: e.Name(), sql: string(text)})
	}
	slices.SortFunc(out, func(a, b migration) int { return int(a.version - b.version) })
	return out, nil
}

func latestVersion() (int64, error) {
	all, err := migrations()
	if err != nil {
		return 0, err
	}
	return all[len(all)-1].version, nil
}

// migrate brings the file to the latest schema, one transaction a step. user_version is read again inside the transaction: another
// process may have migrated in between.
func (c *Case) migrate(ctx context.Context) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := c.step(ctx, m); err != nil {
			return fmt.Errorf("migrate to %s: %w", m.name, err)
		}
	}
	return nil
}

func (c *Case) step(ctx context.Context, m migration) (err error) {
	var have int64
	if err := c.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have >= m.version {
		return nil // the common case takes no write lock: readers of a case may have no right to write it
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have < m.version {
		if _, err := tx.ExecContext(ctx, m.sql); err != nil {
			return err
		}
		// Pragmas take no parameters; both values are integers of ours.
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", applicationID, m.version)); err != nil {
			return err
		}
	}
	return tx.Commit()
}
