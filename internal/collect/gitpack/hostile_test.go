package gitpack_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/gitpack"
)

func typed(err error) bool {
	for _, known := range []error{gitpack.ErrDamaged, gitpack.ErrLimit, gitpack.ErrUnsupported, gitpack.ErrNotFound} {
		if errors.Is(err, known) {
			return true
		}
	}
	return err == nil
}

// readAll asks everything of a store and gives the first error.
func readAll(t *testing.T, dir string, refs []gitpack.OID) error {
	t.Helper()
	x, err := gitpack.Open(dir, gitpack.Options{})
	if err != nil {
		return err
	}
	defer x.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all, errAll := x.AllCommits(ctx)
	h, err := x.History(ctx, refs, all)
	if err == nil {
		for c := range h.Changes() {
			if c.Path == "" {
				t.Error("a change of nothing")
			}
		}
		err = h.Raw(ctx, func(int, []byte) error { return nil })
	}
	if _, errWhole := wholly(ctx, x, refs, 1<<30); err == nil && errAll == nil && errWhole != nil {
		t.Errorf("read at once: %v", errWhole)
	}
	if ctx.Err() != nil {
		t.Error("it took a minute")
	}
	return errors.Join(err, errAll)
}

// However its files are broken, a store gives an answer or an error that callers know, and no panic.
func TestBrokenBytes(t *testing.T) {
	r := newRepo(t)
	r.input(history(rand.New(rand.NewPCG(5, 3)), 60, "b"), "fast-import", "--quiet", "--force")
	r.git("repack", "-q", "-adf", "--depth=50")
	refs := r.refs()
	rng := rand.New(rand.NewPCG(8, 8))
	names := strings.Fields(r.sh("ls objects/pack/*.pack objects/pack/*.idx"))
	failed := 0
	for range 300 {
		path := filepath.Join(r.dir, names[rng.IntN(2)])
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		broken := append([]byte{}, whole...)
		switch rng.IntN(4) {
		case 0:
			broken = broken[:rng.IntN(len(broken))]
		default:
			for range 1 + rng.IntN(20) {
				broken[rng.IntN(len(broken))] ^= 1 << rng.IntN(8)
			}
		}
		replaceFile(t, path, broken)
		if err := readAll(t, r.dir, refs); err != nil {
			failed++
			if !typed(err) {
				t.Fatalf("%s: %v", filepath.Base(path), err)
			}
		}
		replaceFile(t, path, whole)
	}
	if failed < 50 {
		t.Errorf("%d of 300 broken stores were noticed", failed)
	}
	if err := readAll(t, r.dir, refs); err != nil {
		t.Errorf("the store as it was: %v", err)
	}
}

func replaceFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A pack that is cut off while it is read is an error, not the end of the process.
func TestFileShortenedMeanwhile(t *testing.T) {
	r := newRepo(t)
	r.input(history(rand.New(rand.NewPCG(6, 3)), 200, "b"), "fast-import", "--quiet", "--force")
	r.git("repack", "-q", "-adf")
	x := r.open(gitpack.Options{})
	refs := r.refs()
	for _, name := range strings.Fields(r.sh("chmod u+w objects/pack/*; ls objects/pack/*.pack objects/pack/*.idx")) {
		if err := os.Truncate(filepath.Join(r.dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.History(context.Background(), refs); !errors.Is(err, gitpack.ErrDamaged) {
		t.Errorf("history: %v", err)
	}
	if _, _, err := x.Read(refs[0], 0); !errors.Is(err, gitpack.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
}

func TestWhatIsNotSupported(t *testing.T) {
	for name, c := range map[string]struct {
		prepare string
		want    error
	}{
		"index of version 1":    {"git config pack.indexVersion 1; git repack -qad; rm -f objects/pack/*.rev; git index-pack --index-version=1 objects/pack/*.pack", gitpack.ErrUnsupported},
		"pack without an index": {"git repack -qad; rm -f objects/pack/*.idx", gitpack.ErrUnsupported},
		"no pack":               {"git repack -qad; chmod u+w objects/pack/*.pack; echo nothing > $(ls objects/pack/*.pack)", gitpack.ErrDamaged},
		"SHA-256":               {"git init -q --bare --object-format=sha256 other; git -C other hash-object -w --stdin < stream | git -C other pack-objects -q objects/pack/pack; cp other/objects/pack/* objects/pack/", gitpack.ErrUnsupported},
		"loose SHA-256":         {"git init -q --bare --object-format=sha256 other; git -C other hash-object -w --stdin < stream; cp -r other/objects/?? objects/", gitpack.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			stream := history(rand.New(rand.NewPCG(7, 3)), 20, "b")
			r.input(stream, "fast-import", "--quiet", "--force")
			if err := os.WriteFile(filepath.Join(r.dir, "stream"), []byte("blob\nmark :1\ndata 2\nx\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			r.sh(c.prepare)
			if _, err := gitpack.Open(r.dir, gitpack.Options{}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	r := newRepo(t)
	r.input(history(rand.New(rand.NewPCG(9, 3)), 60, "b"), "fast-import", "--quiet", "--force")
	r.git("repack", "-q", "-adf")
	for name, l := range map[string]gitpack.Limits{
		"object": {Object: 50}, "held": {Held: 1000}, "work": {Work: 1000}, "entries": {Entries: 5}, "commits": {Commits: 10},
	} {
		x := r.open(gitpack.Options{Limits: l})
		if _, err := x.History(context.Background(), r.refs()); !errors.Is(err, gitpack.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := r.open(gitpack.Options{Limits: gitpack.Limits{Folder: 1}})
	h, err := x.History(context.Background(), r.refs())
	if err != nil {
		t.Fatal(err)
	}
	for f := range h.Folders() {
		if len(f.Files) > 1 {
			t.Errorf("%d files", len(f.Files))
		}
	}
	blob := r.input("many bytes", "hash-object", "-w", "--stdin")
	if _, _, err := r.open(gitpack.Options{}).Read(oid(t, blob), 5); !errors.Is(err, gitpack.ErrLimit) {
		t.Errorf("a blob over the caller's limit: %v", err)
	}
}

// A folder whose subfolders are each other's has more paths than there are atoms.
func TestFolderOfFolders(t *testing.T) {
	r := newRepo(t)
	tree := strings.TrimSpace(r.input("", "mktree"))
	for range 40 {
		var list strings.Builder
		for i := range 10 {
			fmt.Fprintf(&list, "040000 tree %s\td%d\n", tree, i)
		}
		tree = strings.TrimSpace(r.input(list.String(), "mktree"))
	}
	for _, name := range []string{"workflows", ".github"} {
		tree = strings.TrimSpace(r.input("040000 tree "+tree+"\t"+name+"\n", "mktree"))
	}
	commit := oid(t, r.git("commit-tree", "-m", "m", tree))
	begin := time.Now()
	h, err := r.open(gitpack.Options{}).History(context.Background(), []gitpack.OID{commit})
	if err != nil {
		t.Fatal(err)
	}
	for f := range h.Folders() {
		if f.Whole {
			t.Error("a folder without end is whole")
		}
	}
	for c := range h.Changes() {
		t.Errorf("a change of what is not known: %+v", c)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestShallow(t *testing.T) {
	r := newRepo(t)
	r.input(history(rand.New(rand.NewPCG(11, 3)), 60, "b"), "fast-import", "--quiet", "--force")
	clone := newRepo(t)
	clone.git("fetch", "-q", "--depth=3", "file://"+r.dir, "refs/heads/*:refs/heads/*")
	x := clone.open(gitpack.Options{})
	h, err := x.History(context.Background(), clone.refs())
	if err != nil || len(h.Missing()) > 0 {
		t.Fatalf("missing %v, %v", h.Missing(), err)
	}
	if n := len(strings.Fields(clone.git("rev-list", "--all"))); n != h.Len() {
		t.Errorf("%d commits, git has %d", h.Len(), n)
	}
	cut := 0
	for i := range h.Len() {
		if h.Boundary(i) {
			cut++
		}
	}
	if cut == 0 {
		t.Error("no commit is at the boundary")
	}
	for c := range h.Changes() {
		if !h.Boundary(c.Commit) {
			continue
		}
		names := strings.Fields(clone.git("cat-file", "commit", h.OID(c.Commit).String()))
		if c.Parent < 0 || !x.Has(oid(t, names[3+2*c.Parent])) {
			t.Errorf("%s is said to have changed %s against parent %d", h.OID(c.Commit), c.Path, c.Parent)
		}
	}
}

// What the store lacks is said, and the rest is answered.
func TestMissingObjects(t *testing.T) {
	r := newRepo(t)
	r.git("config", "fastimport.unpackLimit", "10000")
	r.input(history(rand.New(rand.NewPCG(12, 3)), 40, "b"), "fast-import", "--quiet", "--force")
	refs := r.refs()
	commits := strings.Fields(r.git("rev-list", "--all", "--date-order"))
	gone := map[gitpack.OID]bool{}
	remove := func(name string) {
		o := oid(t, name)
		gone[o] = true
		if err := os.Remove(filepath.Join(r.dir, "objects", o.String()[:2], o.String()[2:])); err != nil {
			t.Fatal(err)
		}
	}
	root := r.git("rev-parse", commits[3]+"^{tree}")
	parent := r.git("rev-parse", commits[len(commits)/2])
	flows := ""
	for _, c := range commits[4 : len(commits)/2] {
		if said := strings.Fields(r.git("ls-tree", "-d", c, ".github/workflows")); len(said) > 0 {
			flows = said[2]
			break
		}
	}
	if flows == "" {
		t.Fatal("no commit has workflows")
	}
	remove(root)
	remove(parent)
	remove(flows)
	x := r.open(gitpack.Options{})
	h, err := x.History(context.Background(), refs, []gitpack.OID{{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	gone[gitpack.OID{1, 2, 3}] = true
	checkEverything(t, x, append(refs, gitpack.OID{1, 2, 3}))
	roles := map[gitpack.OID]gitpack.Role{oid(t, root): gitpack.AsTree, oid(t, flows): gitpack.AsTree, oid(t, parent): gitpack.AsParent}
	for _, a := range h.Missing() {
		if !gone[a.OID] || a.Role != roles[a.OID] {
			t.Errorf("%+v is missing", a)
		}
		delete(gone, a.OID)
	}
	if len(gone) > 0 {
		t.Errorf("not said to be missing: %v", gone)
	}
	for i := range h.Len() {
		if _, known := h.Workflows(i); known == (h.Tree(i) == oid(t, root)) {
			t.Errorf("%s: known %v", h.OID(i), known)
		}
	}
	if _, _, err := x.Read(oid(t, root), 0); !errors.Is(err, gitpack.ErrNotFound) {
		t.Errorf("read: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	r := newRepo(t)
	r.input(history(rand.New(rand.NewPCG(13, 3)), 40, "b"), "fast-import", "--quiet", "--force")
	ctx, cancel := context.WithCancel(context.Background())
	x := r.open(gitpack.Options{})
	h, err := x.History(ctx, r.refs())
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	if err := h.Raw(ctx, func(int, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("raw: %v", err)
	}
	cancel()
	if err := h.Raw(ctx, func(int, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("raw: %v", err)
	}
	if _, err := wholly(ctx, x, r.refs(), 1<<30); !errors.Is(err, context.Canceled) {
		t.Errorf("everything: %v", err)
	}
	if _, err := x.History(ctx, r.refs()); !errors.Is(err, context.Canceled) {
		t.Errorf("history: %v", err)
	}
}
