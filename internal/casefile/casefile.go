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
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite" // the driver; this package is its one door
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
	// collection is the running collection; see [Case.BeginCollection].
	collection int64
}

// Errors that a caller tells apart.
var (
	ErrExists  = errors.New("the case exists already")
	ErrMissing = errors.New("no such case file")
	ErrForeign = errors.New("not a pentimento case file")
	ErrNewer   = errors.New("the case was written by a newer pentimento")
	ErrDamaged = errors.New("the case file is damaged")
)

// Info is what init stores once.
type Info struct {
	Now      time.Time // the case's "now", UTC
	NowGiven bool      // given by --now or SOURCE_DATE_EPOCH: then observations are stamped with it too
	Since    time.Time // zero: unbounded
	Until    time.Time // zero: Now
	Version  string    // of the program that made the case
}

// Open opens an existing case for reading and writing; it never creates one. A foreign, newer or damaged file is refused.
func Open(ctx context.Context, path string) (*Case, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", path, ErrMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("open case: %w", err)
	}
	if st.IsDir() {
		return nil, fmt.Errorf("open %s: %w: it is a folder", path, ErrForeign)
	}
	c, err := connect(path, writing...)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := c.recognise(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), c.Close())
	}
	return c, nil
}

// writing are the pragmas of a connection that reads and writes.
var writing = []string{"synchronous(NORMAL)"}

func connect(path string, pragmas ...string) (*Case, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)"}, pragmas...)}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: abs}).EscapedPath(), RawQuery: q.Encode()}).String()
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	return &Case{db: db, path: abs, codec: codec}, nil
}

// Close closes the file; an error means that the last writes may not have been folded into it.
func (c *Case) Close() error { return c.db.Close() }

// Mirrors is the folder beside the case that caches git objects.
func (c *Case) Mirrors() string { return c.path + ".mirrors" }

// recognise refuses what is not a whole case of a version that we know, and migrates older ones.
func (c *Case) recognise(ctx context.Context) error {
	var app, version int64
	if err := c.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return refusal(err)
	}
	if app != applicationID {
		return ErrForeign
	}
	if err := c.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	latest, err := latestVersion()
	if err != nil {
		return err
	}
	if version > latest {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, version, latest)
	}
	if err := c.quickCheck(ctx); err != nil {
		return err
	}
	return c.migrate(ctx)
}

// refusal names what SQLite says of a file that it cannot read (https://www.sqlite.org/rescode.html).
func refusal(err error) error {
	const corrupt, notADatabase = 11, 26
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		switch coded.Code() & 0xff {
		case corrupt:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case notADatabase:
			return fmt.Errorf("%w: %w", ErrForeign, err)
		}
	}
	return err
}

// quickCheck looks for structural damage in the schema and the first pages; reading the whole of a large case at each command would
// cost more than it shows. Deeper damage surfaces as an error of the statement that meets it.
func (c *Case) quickCheck(ctx context.Context) error {
	var pages, size int64
	if err := c.db.QueryRowContext(ctx, "SELECT page_count * page_size, page_count FROM pragma_page_count, pragma_page_size").Scan(&size, &pages); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	st, err := os.Stat(c.path)
	if err != nil {
		return err
	}
	wal, err := os.Stat(c.path + "-wal")
	if err == nil && wal.Size() > 0 {
		return nil // pages may stand in the log alone
	}
	if st.Size() < size {
		return fmt.Errorf("%w: %d bytes where its header says %d", ErrDamaged, st.Size(), size)
	}
	for _, table := range []string{"case_info", "repository", "source"} {
		var n int
		if err := c.db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info(?)", table).Scan(&n); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("%w: table %s is missing", ErrDamaged, table), err)
		}
	}
	_, err = c.Info(ctx)
	return err
}

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
	rows, err := c.db.QueryContext(ctx, query, args...)
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
