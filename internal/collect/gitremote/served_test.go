package gitremote

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// An ordinary clone has its own branches beside what it last saw at its origin: only the latter tell of the repository.
func TestRefsOfAnOrdinaryClone(t *testing.T) {
	own, seen := plumbing.NewHash("01"), plumbing.NewHash("02")
	clone := refTable{{"refs/heads/main", own}, {"refs/heads/mine", own}, {"refs/remotes/origin/HEAD", seen}, {"refs/remotes/origin/main", seen},
		{"refs/remotes/origin/side/one", seen}, {"refs/tags/v1", own}}
	want := refTable{{"refs/heads/mine", own}, {"refs/heads/main", seen}, {"refs/heads/side/one", seen}, {"refs/tags/v1", own}}
	if got := asServed(clone); !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	bare := refTable{{"refs/heads/main", own}, {"refs/pull/1/head", seen}}
	if got := asServed(bare); !slices.Equal(got, bare) {
		t.Errorf("a bare mirror: %v", got)
	}
}

// A clone tells of its server as of its last fetch, not as of its reading.
func TestAsOfTheLastFetch(t *testing.T) {
	dir, old := t.TempDir(), time.Date(2025, 9, 5, 10, 0, 0, 0, time.UTC)
	for _, file := range []string{"packed-refs", "FETCH_HEAD", "refs/heads/main"} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Repeat("1", 40)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	later := old.Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "refs/heads/main"), later, later); err != nil {
		t.Fatal(err)
	}
	s := &store{dir: dir}
	if err := s.readRefs(); err != nil {
		t.Fatal(err)
	}
	if got := s.lastFetch(); !got.Equal(later) {
		t.Errorf("last fetch %s, want %s", got, later)
	}
}
