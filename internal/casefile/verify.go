package casefile

import (
	"bytes"
	"context"
	"crypto/sha1" // git names objects by it
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Fault is something in a case that is not what it says it is.
type Fault struct {
	What   string // "answer", "workflow text", "pack", "replaced pack", "file", "analysis"
	ID     string // evidence id, name of the pack or of the table
	Detail string
}

// Verification is what [Case.Verify] looked at. Of a body in which something was redacted only the digest of what is left can be checked:
// the digest of the bytes as received stands in the case and cannot be made again from it.
type Verification struct {
	Answers  int // bodies of sources
	Texts    int // of workflow files
	Redacted int // of both, those with something redacted
	Packs    int
	Replaced int // texts of packs that others took the place of
	Faults   []Fault
}

// Verify checks the file's own structure, every stored body and text against its digests, every whole text against its git object name, and
// blocks of commits against their own names.
func (c *Case) Verify(ctx context.Context) (Verification, error) {
	var v Verification
	for _, check := range []func(context.Context, *Verification) error{c.verifyFile, c.verifyAnswers, c.verifyTexts, c.verifyHistory, c.verifyPacks, c.verifyPackChanges} {
		if err := check(ctx, &v); err != nil {
			return v, fmt.Errorf("verify: %w", err)
		}
	}
	return v, nil
}

func (v *Verification) fault(what, id, format string, args ...any) {
	v.Faults = append(v.Faults, Fault{What: what, ID: id, Detail: fmt.Sprintf(format, args...)})
}

// verifyFile asks SQLite (https://www.sqlite.org/pragma.html#pragma_integrity_check).
func (c *Case) verifyFile(ctx context.Context, v *Verification) error {
	err := c.each(ctx, "PRAGMA integrity_check(100)", nil, func(scan func(...any) error) error {
		var line string
		if err := scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			v.fault("file", filepath.Base(c.path), "%s", line)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.each(ctx, "PRAGMA foreign_key_check", nil, func(scan func(...any) error) error {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		v.fault("file", table, "a row refers to a row of %s that is not there", parent)
		return nil
	})
}

func (c *Case) verifyAnswers(ctx context.Context, v *Verification) error {
	return c.each(ctx, "SELECT id, sha256, stored_sha256, redactions, body FROM source ORDER BY id", nil, func(scan func(...any) error) error {
		var id, received, kept string
		var redactions int
		var blob sql.RawBytes
		if err := scan(&id, &received, &kept, &redactions, &blob); err != nil {
			return err
		}
		v.Answers++
		body, err := c.codec.unpack(blob)
		switch {
		case err != nil:
			v.fault("answer", id, "%v", err)
			return nil
		case digest(body) != kept:
			v.fault("answer", id, "the stored body has the SHA-256 %s, the case says %s", digest(body), kept)
		case redactions == 0 && kept != received:
			v.fault("answer", id, "nothing was redacted, and the digests of the body as received and as stored differ")
		}
		if redactions > 0 {
			v.Redacted++
		}
		return nil
	})
}

func (c *Case) verifyTexts(ctx context.Context, v *Verification) error {
	return c.each(ctx, "SELECT oid, size, stored_sha256, redactions, text FROM workflow_blob ORDER BY oid", nil, func(scan func(...any) error) error {
		var oid, kept string
		var size, redactions int
		var blob sql.RawBytes
		if err := scan(&oid, &size, &kept, &redactions, &blob); err != nil {
			return err
		}
		v.Texts++
		text, err := c.codec.unpack(blob)
		switch {
		case err != nil:
			v.fault("workflow text", "blob-"+oid, "%v", err)
			return nil
		case digest(text) != kept:
			v.fault("workflow text", "blob-"+oid, "the stored text has the SHA-256 %s, the case says %s", digest(text), kept)
		case redactions == 0 && blobName(text) != oid:
			v.fault("workflow text", "blob-"+oid, "the text is that of git object %s", blobName(text))
		}
		if redactions > 0 {
			v.Redacted++
		}
		return nil
	})
}

// blobName is the object name that git gives to a file's content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
func blobName(text []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(text))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// Snapshot writes a whole, consistent copy of the case to a new file, while others may read and write the case
// (https://www.sqlite.org/lang_vacuum.html#vacuum_with_an_into_clause). It has a connection of its own: one that was told to write nothing
// would not even copy.
func (c *Case) Snapshot(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("snapshot: %s: %w", path, ErrExists)
	}
	from, err := attach(c.path, readOnly())
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if _, err := from.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("snapshot to %s: %w", path, err)
	}
	return nil
}

// InferenceDigests gives the SHA-256 over the rows of each table of inferences, by table: the same for the same rows, in whatever order they
// lie. The table of the analysis itself is left out: it names the program that made it.
func (c *Case) InferenceDigests(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, table := range inferenceTables {
		if table == "analysis" {
			continue
		}
		var err error
		if out[table], err = c.tableDigest(ctx, table); err != nil {
			return nil, fmt.Errorf("digest of %s: %w", table, err)
		}
	}
	return out, nil
}

func (c *Case) tableDigest(ctx context.Context, table string) (string, error) {
	var columns []string
	err := c.each(ctx, "SELECT name FROM pragma_table_info(?)", []any{table}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		columns = append(columns, `quote("`+name+`")`)
		return err
	})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	err = c.each(ctx, "SELECT "+strings.Join(columns, " || ',' || ")+" FROM "+table+" ORDER BY 1", nil, func(scan func(...any) error) error {
		var row sql.RawBytes
		if err := scan(&row); err != nil {
			return err
		}
		_, err := io.Copy(h, io.MultiReader(bytes.NewReader(row), strings.NewReader("\n")))
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// Analysed tells which program version made the inferences, and whether they are of the facts as they stand. version is empty where nothing
// was analysed.
func (c *Case) Analysed(ctx context.Context) (version string, current bool, err error) {
	values, err := c.keyValues(ctx, "SELECT key, value FROM analysis")
	if err != nil {
		return "", false, fmt.Errorf("read analysis: %w", err)
	}
	mark, err := c.Mark(ctx)
	return values["version"], values["facts"] == mark, err
}
