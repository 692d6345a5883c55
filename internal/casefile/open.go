package casefile

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite" // the driver; this package is its one door
)

// Open opens an existing case for reading and writing; it never creates one. A foreign, newer or damaged file is refused and keeps its
// bytes: nothing is opened for writing before it is known to be a case.
func Open(ctx context.Context, path string) (*Case, error) {
	c, err := openWriting(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return c, nil
}

// OpenRead opens an existing case for reading. It needs no right to write: a case in a folder that cannot be written, such as evidence
// that was locked away, is read as it stands. Only a case of an older version is written to, once, as [Open] does.
func OpenRead(ctx context.Context, path string) (*Case, error) {
	older, err := inspect(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if older {
		return Open(ctx, path)
	}
	var c *Case
	if writable(filepath.Dir(path)) {
		c, err = connect(path, "query_only(1)") // one that may write takes away the files beside the case, which SQLite needs to read it
	} else {
		c, err = attach(path, readOnly())
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return c, nil
}

func openWriting(ctx context.Context, path string) (*Case, error) {
	if _, err := inspect(ctx, path); err != nil {
		return nil, err
	}
	c, err := connect(path, writing...)
	if err != nil {
		return nil, err
	}
	if err := c.migrate(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// inspect refuses what is not a case that can be opened, and leaves it as it is. older: its schema is not the latest.
func inspect(ctx context.Context, path string) (older bool, err error) {
	if err := checkHeader(path); err != nil {
		return false, err
	}
	how := readOnly()
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		how.Set("immutable", "1") // nobody has it open; a reader like any other would make this file and leave it
	}
	c, err := attach(path, how)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	older, err = c.recognise(ctx)
	return older, refusal(err)
}

func readOnly() url.Values {
	return url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "trusted_schema(0)"}}
}

// writing are the pragmas of a connection that reads and writes.
var writing = []string{"synchronous(NORMAL)"}

func connect(path string, pragmas ...string) (*Case, error) {
	return attach(path, url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)"}, pragmas...)})
}

func attach(path string, how url.Values) (*Case, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(abs, how))
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(idleConnections)
	return &Case{db: db, path: abs, codec: codec}, nil
}

// idleConnections is how many connections are kept open: uses are read on two for each reader, and a connection that is opened anew reads the schema first.
const idleConnections = 2*useReaders + 1

// dsn is what the driver calls a file and how to open it (https://www.sqlite.org/uri.html). A file in a folder that cannot be written
// can have no files beside it, without which SQLite reads a case only as one that does not change.
func dsn(path string, how url.Values) string {
	if how.Get("mode") == "ro" && frozen(path) {
		how.Set("immutable", "1")
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: how.Encode()}).String()
}

// frozen reports whether nobody with our rights can change the file and nothing of it stands in a log beside it.
func frozen(path string) bool {
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return false
	}
	return !writable(filepath.Dir(path))
}

// checkHeader reads the first bytes of a file (https://www.sqlite.org/fileformat.html#the_database_header) and refuses what is no case or
// a newer one. SQLite itself would leave files beside them.
func checkHeader(path string) (err error) {
	const versionAt, applicationAt, size = 60, 68, 100
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.IsDir() {
		return fmt.Errorf("%w: it is a folder", ErrForeign)
	}
	var header [size]byte
	if _, err := io.ReadFull(f, header[:]); err != nil || !bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) ||
		binary.BigEndian.Uint32(header[applicationAt:]) != applicationID {
		return ErrForeign // what cannot be read to the hundredth byte is no database either
	}
	return checkVersion(int64(int32(binary.BigEndian.Uint32(header[versionAt:]))))
}

func checkVersion(version int64) error {
	latest, err := latestVersion()
	if err != nil {
		return err
	}
	if version > latest {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, version, latest)
	}
	return nil
}

// recognise refuses what is not a whole case of a version that we know. The version is asked again: a newer program may have left it in
// the log beside the file.
func (c *Case) recognise(ctx context.Context) (older bool, err error) {
	var version int64
	if err := c.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, err
	}
	if err := checkVersion(version); err != nil {
		return false, err
	}
	latest, err := latestVersion()
	if err != nil {
		return false, err
	}
	return version < latest, c.quickCheck(ctx)
}

// refusal names what SQLite says of a file that it cannot read (https://www.sqlite.org/rescode.html).
func refusal(err error) error {
	const corrupt, cannotOpen, notADatabase = 11, 14, 26
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		switch coded.Code() & 0xff {
		case corrupt:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case cannotOpen:
			return fmt.Errorf("the log beside it (-wal) cannot be read in a folder that cannot be written; copy both to another: %w", err)
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
