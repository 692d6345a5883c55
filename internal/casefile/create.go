package casefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pentimento/internal/evidence"
)

// Pack is the text of a campaign pack in the scope of a case.
type Pack struct {
	Name string
	Text []byte
}

// Create makes a new case with its packs and never touches an existing file. The case is made whole under another name and then given its
// own: a kill at any time leaves either no case or a whole one, and at most a file PATH.unfinished-NUMBER that can be deleted.
func Create(ctx context.Context, path string, info Info, packs ...Pack) (*Case, error) {
	c, err := create(ctx, path, info, packs)
	if err != nil {
		return nil, fmt.Errorf("init %s: %w", path, err)
	}
	return c, nil
}

func create(ctx context.Context, path string, info Info, packs []Pack) (*Case, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, ErrExists
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".unfinished-*")
	if unnamed := (*fs.PathError)(nil); errors.As(err, &unnamed) {
		return nil, unnamed.Err // the name is ours and says nothing to whoever gave path
	}
	if err != nil {
		return nil, err
	}
	err = f.Close()
	if err == nil {
		err = build(ctx, f.Name(), info, packs)
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	if err != nil {
		return nil, err
	}
	return connect(path, writing...)
}

// build makes a whole case of an empty file. It is put into WAL mode last (which stays in the file), so that no second file belongs to it.
func build(ctx context.Context, path string, info Info, packs []Pack) (err error) {
	c, err := connect(path, "journal_mode(MEMORY)", "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.migrate(ctx); err != nil {
		return err
	}
	if err := c.storeScope(ctx, info, packs); err != nil {
		return err
	}
	var mode string
	if err := c.db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system allows no write-ahead log: journal mode %s", mode)
	}
	return nil
}

// storeScope stores what init was told: all of it or nothing. Of packs of the same name the last counts.
func (c *Case) storeScope(ctx context.Context, info Info, packs []Pack) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	given := "clock"
	if info.NowGiven {
		given = "given"
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO case_info (key, value) VALUES ('now', ?), ('now_from', ?), ('since', ?), ('until', ?), ('made_by', ?)",
		evidence.Stamp(info.Now), given, evidence.Stamp(info.Since), evidence.Stamp(info.Until), info.Version)
	for _, p := range packs {
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO pack (name, sha256, text) VALUES (?, ?, ?)", p.Name, digest(p.Text), p.Text)
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store the scope: %w", err), tx.Rollback())
	}
	return tx.Commit()
}

// place gives a finished file its name, unless something bears it. A link does so in one step; where a file system knows no links, the
// look and the renaming are two.
func place(from, to string) error {
	err := os.Link(from, to)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Lstat(to); there != nil {
			err = os.Rename(from, to)
		} else {
			err = fs.ErrExist
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return nil // the folder may be entered and not read: then the name outlasts a power cut only as the file system likes
	}
	_ = dir.Sync() // the same where folders cannot be synced
	return dir.Close()
}
