package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"modernc.org/sqlite"
)

// Bounds on what one query of a user may do: a case is a file from elsewhere, and a slip in a join must not fill the terminal or the disk.
const (
	maxQueryTime = 5 * time.Minute
	maxQueryRows = 5_000_000
)

// limitAttached is SQLITE_LIMIT_ATTACHED (https://www.sqlite.org/c3ref/c_limit_attached.html): at 0, ATTACH is refused. A read-only
// connection alone does not refuse it.
const limitAttached = 7

// Query runs SQL on a read-only connection with ATTACH off. It hands head the column names, then row each row: values as text, NULL as nil.
// Both get copies that are theirs to keep.
func (c *Case) Query(ctx context.Context, query string, params map[string]string, head func(columns []string) error, row func(values []*string) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, maxQueryTime)
	defer cancel()
	q := url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)", "busy_timeout(10000)", "trusted_schema(0)"}}
	db, err := sql.Open("sqlite", dsn(c.path, q))
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := sqlite.Limit(conn, limitAttached, 0); err != nil {
		return fmt.Errorf("query: switch ATTACH off: %w", err)
	}
	args := make([]any, 0, len(params))
	for name, value := range params {
		args = append(args, sql.Named(name, value))
	}
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return printRows(rows, head, row)
}

func printRows(rows *sql.Rows, head func([]string) error, row func([]*string) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	if err := head(columns); err != nil {
		return err
	}
	cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range cells {
		dest[i] = &cells[i]
	}
	for n := 0; rows.Next(); n++ {
		if n == maxQueryRows {
			return fmt.Errorf("query: stopped after %d rows: add a LIMIT", maxQueryRows)
		}
		if err := rows.Scan(dest...); err != nil {
			return fmt.Errorf("query: %w", err)
		}
		values := make([]*string, len(cells))
		for i, cell := range cells {
			if cell.Valid {
				values[i] = &cell.String // of this row's copy: callers keep rows
			}
		}
		if err := row(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}
