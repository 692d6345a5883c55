package gitremote

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestReadmeChanges: of commits that bear the mark of the contents API and change the README alone, what they added is a fact, from a server and
// from a clone alike; of others nothing is.
func TestReadmeChanges(t *testing.T) {
	s := serveGit(t, asGitHub)
	r := s.create(t, demo)
	r.commit("main", 0, "Start\n", map[string]string{"README.md": "# Demo\n", "main.go": "package main\n"})
	stamped := r.commit("main", 10, "Trigger security scan", map[string]string{"README.md": "# Demo\n\n<!-- scan triggered at 2025-09-01 23:43:12 -->\n"})
	r.commit("main", 20, "A person's edit\n", map[string]string{"README.md": "# Demo\nMore\n"})
	r.commit("main", 30, "Two files", map[string]string{"README.md": "# Demo\nEven more\n", "main.go": "package demo\n"})
	long := r.commit("main", 40, "Much", map[string]string{"README.md": strings.Repeat("x", 2*maxLine) + "\n"})
	made := r.commit("main", 50, "New", map[string]string{"readme.txt": "a\nb\n"})
	want := map[evidence.OID]evidence.ReadmeChange{
		stamped: {Path: "README.md", Added: []string{"<!-- scan triggered at 2025-09-01 23:43:12 -->"}},
		long:    {Path: "README.md", Added: []string{strings.Repeat("x", maxLine)}, Cut: true},
		made:    {Path: "readme.txt", Added: []string{"a", "b"}},
	}
	for from, read := range map[string]func(*facts) error{
		"server": func(f *facts) error { return collector(t, s).Collect(context.Background(), demo, f.add) },
		"clone":  func(f *facts) error { return collector(t, s).Mirror(context.Background(), demo, r.dir, f.add) },
	} {
		t.Run(from, func(t *testing.T) {
			f, got := newFacts(), map[evidence.OID]evidence.ReadmeChange{}
			if err := read(f); err != nil {
				t.Fatal(err)
			}
			for _, o := range f.all {
				for _, c := range o.Readmes {
					if c.After == "" || (c.Before == "") != (c.Commit == made) {
						t.Errorf("files of %+v", c)
					}
					got[c.Commit] = evidence.ReadmeChange{Path: c.Path, Added: c.Added, Cut: c.Cut}
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
