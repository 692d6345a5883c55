//go:build unix

package casefile

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// sqliteFile makes a database with these statements, and nothing beside it.
func sqliteFile(t *testing.T, path string, statements ...string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// closedCase makes a case and closes it.
func closedCase(t *testing.T, path string) string {
	t.Helper()
	c, err := Create(t.Context(), path, Info{Now: day, Version: "test"}, Pack{"p", []byte("text")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRefusedFilesKeepTheirBytes: a file that is refused is as it was, and nothing lies beside it.
func TestRefusedFilesKeepTheirBytes(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(path string)
		want error
	}{
		"a foreign database":            {func(p string) { sqliteFile(t, p, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)") }, ErrForeign},
		"a foreign database with a log": {func(p string) { sqliteFile(t, p, "PRAGMA journal_mode=WAL", "CREATE TABLE t (a)") }, ErrForeign},
		"an empty file": {func(p string) {
			if err := os.WriteFile(p, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrForeign},
		"a newer case":       {func(p string) { sqliteFile(t, closedCase(t, p), "PRAGMA user_version=999") }, ErrNewer},
		"a case without now": {func(p string) { sqliteFile(t, closedCase(t, p), "DELETE FROM case_info") }, ErrDamaged},
	} {
		for how, open := range map[string]func(context.Context, string) (*Case, error){"Open": Open, "OpenRead": OpenRead} {
			t.Run(name+"/"+how, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "x.db")
				tc.make(path)
				before, beside := sum(t, path), names(t, dir)
				if c, err := open(t.Context(), path); !errors.Is(err, tc.want) || c != nil {
					t.Errorf("%v, want %v", err, tc.want)
				}
				if sum(t, path) != before {
					t.Error("its bytes changed")
				}
				if after := names(t, dir); !slices.Equal(after, beside) {
					t.Errorf("files before %v, after %v", beside, after)
				}
			})
		}
	}
}

func sum(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

func TestOpenReadDoesNotWrite(t *testing.T) {
	path := closedCase(t, filepath.Join(t.TempDir(), "case.db"))
	before := sum(t, path)
	c, err := OpenRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(t.Context(), []Addition{{Repository: "orchard/press"}}); err == nil {
		t.Error("a case that was opened for reading was written to")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if sum(t, path) != before {
		t.Error("its bytes changed")
	}
}

func TestOlderCaseIsBroughtUpToDate(t *testing.T) {
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for how, open := range map[string]func(context.Context, string) (*Case, error){"Open": Open, "OpenRead": OpenRead} {
		path := filepath.Join(t.TempDir(), "case.db")
		sqliteFile(t, path, "CREATE TABLE t (a)", "DROP TABLE t")
		c, err := connect(path)
		if err == nil {
			err = errors.Join(c.step(t.Context(), all[0]), c.storeScope(t.Context(), Info{Now: day}, nil), c.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, err = open(t.Context(), path); err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if _, err := c.Targets(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFrozen(t *testing.T) {
	dir := t.TempDir()
	path := closedCase(t, filepath.Join(dir, "case.db"))
	if frozen(path) {
		t.Error("a case in a folder of ours can change")
	}
	if got := dsn(path, map[string][]string{"mode": {"ro"}}); strings.Contains(got, "immutable") {
		t.Errorf("opened as unchanging: %s", got)
	}
}

// TestReadOnlyFolder: whoever may read a case and not write beside it can ask it everything. Root may write anywhere, so the asking is
// done by a process that lays its rights down.
func TestReadOnlyFolder(t *testing.T) {
	if path := os.Getenv("PENTIMENTO_TEST_READ"); path != "" {
		readAsNobody(t, path)
		return
	}
	for name, wal := range map[string]bool{"closed": false, "with an empty log": true} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "locked")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			path := closedCase(t, filepath.Join(dir, "case.db"))
			if wal {
				if err := os.WriteFile(path+"-wal", nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for file, mode := range map[string]os.FileMode{path: 0o444, dir: 0o555, filepath.Dir(dir): 0o755, filepath.Dir(filepath.Dir(dir)): 0o755} {
				if err := os.Chmod(file, mode); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { os.Chmod(dir, 0o755) }) // so that it can be taken away
			cmd := exec.Command(os.Args[0], "-test.run=^TestReadOnlyFolder$", "-test.v")
			cmd.Env = append(os.Environ(), "PENTIMENTO_TEST_READ="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if files := names(t, dir); len(files) > 2 {
				t.Errorf("left behind: %v", files)
			}
		})
	}
}

func readAsNobody(t *testing.T, path string) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			t.Fatal(err)
		}
	}
	if !frozen(path) {
		t.Fatal("the folder can be written")
	}
	c, err := OpenRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got := packsOf(t, c); got["p"] != "text" {
		t.Errorf("packs %v", got)
	}
	rows := 0
	err = c.Query(t.Context(), "SELECT key FROM case_info", nil, func([]string) error { return nil }, func([]*string) error { rows++; return nil })
	if err != nil || rows == 0 {
		t.Errorf("query: %d rows, %v", rows, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
