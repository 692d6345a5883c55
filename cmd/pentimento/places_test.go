package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// A repository that comes into the case while a collection waits, or after one has ended, gets the hours of the archives that were read
// without it; until then they do not count for it.
func TestArchivesOfRepositoriesAddedLater(t *testing.T) {
	t.Parallel()
	recipe, err := drill.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	hours := filepath.Join(t.TempDir(), "hours")
	if err := recipe.WriteArchive(hours, time.Date(2025, 9, 2, 0, 0, 0, 0, time.UTC), time.Date(2025, 9, 3, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range recipe.Repositories {
		names = append(names, string(r.Name))
	}
	updates := func(path string) (n int) {
		for _, row := range dump(t, path)["ref_update"] {
			if strings.Contains(row, `"archive"`) {
				n++
			}
		}
		return n
	}
	newCase := func(names ...string) string {
		path := filepath.Join(t.TempDir(), "case.db")
		impatient(t, path, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now))
		impatient(t, path, append([]string{"add"}, names...)...)
		return path
	}
	collect := func(path string, more ...string) {
		impatient(t, path, append([]string{"collect", "--host", server.URL(), "--only", "repository,clones"}, more...)...)
	}
	all := newCase(names...)
	collect(all, "--gharchive", hours)
	want := updates(all)

	waiting := newCase(names[0])
	collect(waiting, "--gharchive", hours, "--max-calls", "1")
	before := updates(waiting)
	impatient(t, waiting, append([]string{"add"}, names[1:]...)...)
	collect(waiting, "--gharchive", hours)
	if got := updates(waiting); got != want || before >= want {
		t.Errorf("added while a collection waited: %d updates from archives, %d before, %d when all are there from the beginning", got, before, want)
	}

	ended := newCase(names[0])
	collect(ended, "--gharchive", hours)
	impatient(t, ended, append([]string{"add"}, names[1:]...)...)
	collect(ended)
	c, err := casefile.OpenRead(t.Context(), ended)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, name := range names[:2] {
		scopes, err := c.ArchiveScopes(t.Context(), evidence.Repository(name))
		if err != nil || (len(scopes) > 0) != (i == 0) {
			t.Errorf("%s: scopes %v, %v", name, scopes, err)
		}
	}
}
