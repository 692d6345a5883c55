// Package casefile keeps a case: one SQLite file that holds every fact with its source, and the inferences that analysis made of them.
// It answers "what was said, by whom, when" and stores what the stages conclude; it knows no stage and concludes nothing. Facts are
// only ever added; inferences are emptied and filled again in one transaction. No secret value enters: bodies and texts are scanned
// for token shapes and redacted before they are written.
package casefile

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"time"
)

// applicationID marks the file as ours in its header (https://www.sqlite.org/pragma.html#pragma_application_id): "pent".
const applicationID = 0x70656e74

//go:embed schema/*.sql
var schema embed.FS

// Case is an open case file. One process writes at a time; readers do not wait for it.
type Case struct {
	db    *sql.DB
	path  string
	codec codec
	// queries are those asked before.
	queries queries
	// collection is the running collection; see [Case.BeginCollection].
	collection int64
	// collecting is held while a collection runs.
	collecting *os.File
}

// Errors that a caller tells apart.
var (
	ErrExists  = errors.New("the case exists already")
	ErrMissing = errors.New("no such case file")
	ErrForeign = errors.New("not a pentimento case file")
	ErrNewer   = errors.New("the case was written by a newer pentimento")
	ErrDamaged = errors.New("the case file is damaged")
	ErrBusy    = errors.New("another collection of this case is running")
)

// Info is what init stores once.
type Info struct {
	Now      time.Time // the case's "now", UTC
	NowGiven bool      // given by --now or SOURCE_DATE_EPOCH: then observations are stamped with it too
	Since    time.Time // zero: unbounded
	Until    time.Time // zero: Now
	Version  string    // of the program that made the case
}

// Close closes the file; an error means that the last writes may not have been folded into it.
func (c *Case) Close() error { return errors.Join(c.db.Close(), c.release()) }

// Mirrors is the folder beside the case that caches git objects.
func (c *Case) Mirrors() string { return c.path + ".mirrors" }

// Archives is the folder beside the case that caches downloaded hours of archives.
func (c *Case) Archives() string { return c.path + ".archives" }

// Info reads what init stored.
func (c *Case) Info(ctx context.Context) (Info, error) {
	values, err := c.keyValues(ctx, "SELECT key, value FROM case_info")
	if err != nil {
		return Info{}, fmt.Errorf("read case info: %w", err)
	}
	if values["now"] == "" {
		return Info{}, fmt.Errorf("read case info: %w: it has no now", ErrDamaged)
	}
	info := Info{NowGiven: values["now_from"] == "given", Version: values["made_by"]}
	for key, dst := range map[string]*time.Time{"now": &info.Now, "since": &info.Since, "until": &info.Until} {
		if *dst, err = ParseStamp(values[key]); err != nil {
			return Info{}, fmt.Errorf("read case info: %s: %w", key, err)
		}
	}
	return info, nil
}

func (c *Case) keyValues(ctx context.Context, query string) (map[string]string, error) {
	out := map[string]string{}
	err := c.each(ctx, query, nil, func(scan func(...any) error) error {
		var k, v string
		if err := scan(&k, &v); err != nil {
			return err
		}
		out[k] = v
		return nil
	})
	return out, err
}

// each runs a query and calls f once a row; rows are closed and their error is returned.
func (c *Case) each(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) error {
	rows, err := c.queries.rows(ctx, c.db, query, args)
	if err != nil {
		return err
	}
	return eachRow(rows, f)
}

func eachRow(rows *sql.Rows, f func(scan func(...any) error) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ParseStamp is the inverse of [evidence.Stamp]: the empty text is the zero time.
func ParseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}
