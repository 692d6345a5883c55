package gitpack_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/collect/gitpack"
)

// TestAgainstGit compares with the git command line: every row, every parent, every object, on histories made by a seeded generator and
// stored in each way that git has.
func TestAgainstGit(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(layouts)) {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, 3))
				r := newRepo(t)
				r.git("config", "fastimport.unpackLimit", "1")
				r.input(history(rng, 60, "b"), "fast-import", "--quiet", "--force")
				r.input(history(rng, 30, "c"), "fast-import", "--quiet", "--force")
				r.git("tag", "-a", "-m", "t", "tag", "refs/heads/b0")
				r.git("tag", "-a", "-m", "t", "tag-of-tag", "tag")
				r.git("tag", "-a", "-m", "t", "tag-of-tree", "refs/heads/b0^{tree}")
				r.git("update-ref", "refs/odd/tree", r.git("rev-parse", "refs/heads/b0^{tree}")[:40])
				layouts[name](r, rng)
				r.git("update-ref", "-d", "refs/heads/c0")
				checkHistory(t, r)
			})
		}
	}
}

func checkHistory(t *testing.T, r repo) {
	t.Helper()
	x := r.open(gitpack.Options{})
	h, err := x.History(context.Background(), r.refs())
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Missing()) > 0 {
		t.Errorf("missing: %v", h.Missing())
	}
	checkRows(t, r, h)
	checkCommits(t, r, h)
	checkFolders(t, r, h)
	checkObjects(t, r, x)
	checkEverything(t, x, r.refs())
	checkEverything(t, x, r.refs()[:1])
}

func checkRows(t *testing.T, r repo, h *gitpack.History) {
	t.Helper()
	out, err := gitRaw(r.dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	edges := map[[2]int][]string{}
	for c := range h.Changes() {
		row := fmt.Sprintf(":%06o %06o %s %s %c", c.OldMode, c.NewMode, c.Old, c.New, c.Status)
		rows = append(rows, h.OID(c.Commit).String()+" "+row+" "+c.Path)
		edges[[2]int{c.Commit, c.Parent}] = append(edges[[2]int{c.Commit, c.Parent}], row, c.Path)
	}
	slices.Sort(rows)
	if want := gitRows(out); !slices.Equal(rows, want) {
		t.Errorf("%d rows, git has %d; first difference %s", len(rows), len(want), firstDifference(rows, want))
	}
	// git log -m does not say which parent.
	for i := range h.Len() {
		for k := range h.ParentCount(i) {
			if h.ParentCount(i) < 2 {
				continue
			}
			c := h.OID(i).String()
			said := r.git("diff-tree", "-r", "-z", "--no-renames", fmt.Sprintf("%s^%d", c, k+1), c, "--", ".github/workflows")
			want := strings.Split(strings.TrimSuffix(said, "\x00"), "\x00")
			if got := edges[[2]int{i, k}]; !slices.Equal(got, want) && len(said)+len(got) > 0 {
				t.Errorf("%s against parent %d: %q, git says %q", c, k, got, want)
			}
		}
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + " / " + b[i]
		}
	}
	return "at the end"
}

func checkCommits(t *testing.T, r repo, h *gitpack.History) {
	t.Helper()
	all := strings.Fields(r.git("rev-list", "--all"))
	if len(all) != h.Len() {
		t.Fatalf("%d commits, git has %d", h.Len(), len(all))
	}
	seen := map[int]bool{}
	err := h.Raw(context.Background(), func(i int, raw []byte) error {
		if seen[i] {
			t.Errorf("commit %d came twice", i)
		}
		seen[i] = true
		o := h.OID(i).String()
		if want := r.git("cat-file", "commit", o); want != string(raw) {
			t.Errorf("commit %s: %q, git says %q", o, raw, want)
		}
		if !bytes.HasPrefix(raw, []byte("tree "+h.Tree(i).String()+"\n")) {
			t.Errorf("commit %s: tree %s", o, h.Tree(i))
		}
		if n := bytes.Count(raw, []byte("\nparent ")); n != h.ParentCount(i) {
			t.Errorf("commit %s: %d parents, not %d", o, h.ParentCount(i), n)
		}
		if p, ok := h.FirstParent(i); ok && !bytes.Contains(raw, []byte("\nparent "+h.OID(p).String()+"\n")) {
			t.Errorf("commit %s: first parent %s", o, h.OID(p))
		}
		return nil
	})
	if err != nil || len(seen) != h.Len() {
		t.Fatalf("%d of %d commits, %v", len(seen), h.Len(), err)
	}
	for _, c := range all {
		if i, ok := h.Find(oid(t, c)); !ok || h.OID(i).String() != c {
			t.Errorf("commit %s is not found", c)
		}
	}
}

func checkFolders(t *testing.T, r repo, h *gitpack.History) {
	t.Helper()
	files := map[gitpack.OID][]gitpack.File{}
	for f := range h.Folders() {
		files[f.OID] = f.Files
	}
	for i := range h.Len() {
		c := h.OID(i).String()
		tree, known := h.Workflows(i)
		want := gitpack.OID{}
		if said := r.git("ls-tree", "-d", "-z", c, ".github/workflows"); strings.HasPrefix(said, "040000 tree ") {
			want = oid(t, strings.Fields(said)[2])
		}
		if !known || tree != want {
			t.Errorf("%s holds %s (known %v), git says %s", c, tree, known, want)
		}
		if want.IsZero() {
			continue
		}
		var got []string
		for _, f := range files[tree] {
			got = append(got, fmt.Sprintf("%06o %s\t%s", f.Mode, f.OID, f.Path))
		}
		var names []string
		for line := range strings.SplitSeq(strings.TrimSuffix(r.git("ls-tree", "-r", "-z", c, ".github/workflows"), "\x00"), "\x00") {
			mode, rest, _ := strings.Cut(line, " ")
			_, rest, _ = strings.Cut(rest, " ")
			names = append(names, mode+" "+rest)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s: %q, git says %q", c, got, names)
		}
	}
}

// checkObjects reads all that git knows of, and compares a few in full: git's own word for their names is enough for the others.
func checkObjects(t *testing.T, r repo, x *gitpack.Reader) {
	t.Helper()
	var commits []string
	for line := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--batch-check")) {
		f := strings.Fields(line)
		kind, raw, err := x.Read(oid(t, f[0]), 0)
		if err != nil || kind.String() != f[1] || fmt.Sprint(len(raw)) != f[2] {
			t.Errorf("%s: a %s of %d bytes, %v", strings.TrimSpace(line), kind, len(raw), err)
		}
		if f[1] == "commit" {
			commits = append(commits, f[0])
		}
	}
	all, err := x.AllCommits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range all {
		got = append(got, o.String())
	}
	if !slices.Equal(got, commits) {
		t.Errorf("%d commits in the store, git has %d", len(got), len(commits))
	}
}
