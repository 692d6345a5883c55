package gitremote

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pentimento/internal/evidence"
)

// TestOddCommits: what git stores but no git makes is kept as far as the limits go, and cuts are told.
func TestOddCommits(t *testing.T) {
	s := serveGit(t, asGitHub)
	r, good, _ := lost(t, s)
	tree := strings.TrimSpace(r.git("rev-parse", string(good)+"^{tree}"))
	add := func(name, raw string) evidence.OID {
		oid := strings.TrimSpace(r.gitInput(raw, "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		r.git("update-ref", "refs/heads/"+name, oid)
		return evidence.OID(oid)
	}
	person := "A <a@example.invalid> 1700000000 +0100"
	head := "tree " + tree + "\nparent " + string(good) + "\n"
	latin := add("latin", head+"author "+person+"\ncommitter "+person+"\nencoding ISO-8859-1\n\ngr\xfc\xdfe")
	signed := add("signed", head+"author "+person+"\ncommitter "+person+"\ngpgsig -----BEGIN\n abc\n \n -----END\n\nsigned\n\n\n")
	bare := add("bare", head+"committer nobody\n\nx")
	future := add("future", head+"author F <> 9999999999999999 +0000\ncommitter F <> 253402300799 -1400\n\n")
	huge := add("huge", head+"author "+person+"\ncommitter "+person+"\n\n"+strings.Repeat("é", 200_000))
	var parents strings.Builder
	for i := range 300 {
		fmt.Fprintf(&parents, "parent %s\n", r.commit("p", i, fmt.Sprint(i), map[string]string{"n": fmt.Sprint(i)}))
		if i == 2 {
			parents.WriteString(strings.Repeat("parent "+string(good)+"\n", 290))
			break
		}
	}
	octopus := add("octopus", "tree "+tree+"\n"+parents.String()+"author "+person+"\ncommitter "+person+"\n\n")

	f := collect(t, collector(t, s), demo)
	if m := f.commits[latin].Message; m != "gr\xfc\xdfe" {
		t.Errorf("message %q", m)
	}
	if c := f.commits[signed]; !c.Signed || c.Message != "signed\n\n\n" || f.commits[latin].Signed {
		t.Errorf("%+v", c)
	}
	if c := f.commits[bare]; !c.Author.Date.IsZero() || !c.Committer.Date.IsZero() || c.Committer.Name != "nobody" {
		t.Errorf("%+v", c)
	}
	if c := f.commits[future]; !c.Author.Date.IsZero() || c.Committer.Date.Year() != 9999 || c.Committer.Zone != "-1400" {
		t.Errorf("%+v", c)
	}
	if n := len(f.commits[huge].Message); n != maxMessage || !f.gap(evidence.GapRefused, string(huge)) {
		t.Errorf("message of %d, gaps %v", n, f.gaps)
	}
	if n := len(f.commits[octopus].Parents); n != maxParents || !f.gap(evidence.GapRefused, string(octopus)) {
		t.Errorf("%d parents, gaps %v", n, f.gaps)
	}
	if h := f.holdings[latin]; !h.Known || len(h.RootChanges) != 0 {
		t.Errorf("a commit that changes nothing: %+v", h)
	}
}

// TestHugeWorkflow: a workflow file over a limit is a gap of its own and hides no other file.
func TestHugeWorkflow(t *testing.T) {
	s := serveGit(t, asGitHub)
	r := s.create(t, demo)
	noise := make([]byte, 3<<20)
	random := rand.NewChaCha8([32]byte{})
	if _, err := random.Read(noise); err != nil {
		t.Fatal(err)
	}
	r.commit("main", 0, "x", map[string]string{
		".github/workflows/a.yml": goodWorkflow, ".github/workflows/b.yml": string(noise[:2<<20]), ".github/workflows/c.yml": string(noise),
		".github/workflows/d.yml": evilWorkflow,
	})
	c := collector(t, s)
	c.limits.pack.object = 5 << 19 // the three MiB are refused with the pack, the two only as a text
	f := collect(t, c, demo)
	if len(f.blobs) != 2 {
		t.Errorf("%d texts, gaps %v", len(f.blobs), f.gaps)
	}
	for _, path := range []string{"b", "c"} {
		if blob := r.oid("main:.github/workflows/" + path + ".yml"); !f.gap(evidence.GapRefused, string(blob)) {
			t.Errorf("no gap for %s: %v", path, f.gaps)
		}
	}
}

// TestHoles: a mirror that lacks a tree, a file and a parent says so, and what hangs on them is unknown.
func TestHoles(t *testing.T) {
	s := serveGit(t, asGitHub)
	r := s.create(t, demo)
	first := r.commit("main", 0, "first", map[string]string{".github/workflows/a.yml": goodWorkflow})
	second := r.commit("main", 1, "second", map[string]string{".github/workflows/b.yml": evilWorkflow})
	third := r.commit("main", 2, "third", map[string]string{"README": "x"})
	fourth := r.commit("main", 3, "fourth", map[string]string{".github/workflows/b.yml": "", "x": "y"})
	pack := r.git("pack-objects", "--all", "-q", "--stdout")
	packs, err := filepath.Glob(r.dir + "/objects/pack/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	r.gitInput(pack, "unpack-objects", "-q")
	folder, blob := evidence.OID(""), evidence.OID("")
	folder, blob = r.oid(string(third)+":.github/workflows"), r.oid(string(fourth)+":.github/workflows/a.yml")
	for _, oid := range []evidence.OID{first, folder, blob} {
		if err := os.Remove(filepath.Join(r.dir, "objects", string(oid[:2]), string(oid[2:]))); err != nil {
			t.Fatal(err)
		}
	}
	f := newFacts()
	if err := collector(t, s).Mirror(context.Background(), demo, r.dir, f.add); err != nil {
		t.Fatal(err)
	}
	for _, oid := range []evidence.OID{first, folder, blob} {
		if !f.gap(evidence.GapObjectMissing, string(oid)) {
			t.Errorf("no gap for %s: %v", oid, f.gaps)
		}
	}
	for oid, known := range map[evidence.OID]bool{second: false, third: false, fourth: true} {
		if h := f.holdings[oid]; h.Known != known || (!known && h.Workflows != "") {
			t.Errorf("%s: %+v", oid.Short(), h)
		}
	}
	if h := f.holdings[fourth]; !slices.Equal(h.RootChanges, []string{".github", "x"}) || f.holdings[second].RootChanges != nil {
		t.Errorf("root changes %v, %v", h.RootChanges, f.holdings[second].RootChanges)
	}
}

// TestOddMirrors: what cannot be read is told, nothing is followed out of the folder, and nothing in it blocks or changes.
func TestOddMirrors(t *testing.T) {
	write := func(t *testing.T, dir, name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, x := range map[string]struct {
		change  func(t *testing.T, dir string)
		kind    evidence.GapKind
		reason  string
		commits int
	}{
		"alternates": {func(t *testing.T, dir string) { write(t, dir, "objects/info/alternates", "/etc\n") }, evidence.GapUnsupported, "borrows", 3},
		"shallow":    {func(t *testing.T, dir string) { write(t, dir, "shallow", strings.Repeat("1", 40)+"\n") }, evidence.GapUnsupported, "shallow", 3},
		"reftable":   {func(t *testing.T, dir string) { write(t, dir, "reftable/tables.list", "x") }, evidence.GapUnsupported, "reftable", 0},
		"worktree":   {func(t *testing.T, dir string) { write(t, dir, ".git", "gitdir: /elsewhere\n") }, evidence.GapUnsupported, "worktree", 0},
		"no HEAD": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "HEAD")); err != nil {
				t.Fatal(err)
			}
		}, evidence.GapUnsupported, "no git repository", 0},
		"packed refs": {func(t *testing.T, dir string) { write(t, dir, "packed-refs", "garbage\n") }, evidence.GapUnreadable, "packed-refs", 0},
		"index":       {func(t *testing.T, dir string) { write(t, dir, "objects/pack/pack-1.pack", "PACK") }, evidence.GapUnreadable, "without an index", 0},
		"pipe": {func(t *testing.T, dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "refs/heads/pipe"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "", "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, asGitHub)
			r, _, _ := lost(t, s)
			x.change(t, r.dir)
			f := newFacts()
			if err := collector(t, s).Mirror(context.Background(), demo, r.dir, f.add); err != nil {
				t.Fatal(err)
			}
			if len(f.commits) != x.commits || (x.kind != "" && !f.gap(x.kind, x.reason)) || !f.done[unitMirror] {
				t.Errorf("%d commits, gaps %v, done %v", len(f.commits), f.gaps, f.done)
			}
		})
	}
}
