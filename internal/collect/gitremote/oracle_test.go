package gitremote

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestAgainstGit compares the walk with the git command line on repositories made by a seeded generator, commit by commit.
func TestAgainstGit(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := serveGit(t, asGitHub)
			r := s.create(t, demo)
			r.gitInput(randomHistory(rand.New(rand.NewPCG(seed, 7))), "fast-import", "--quiet", "--force")
			r.git("tag", "-a", "-m", "t", "deep", "refs/heads/b0")
			r.git("tag", "-a", "-m", "t", "deeper", "deep")
			r.git("tag", "-a", "-m", "t", "tree", "refs/heads/b0^{tree}")
			if seed%2 == 0 {
				r.git("repack", "-q", "-a", "-d", "--depth=50")
			}
			c := collector(t, s)
			fast := collect(t, c, demo)
			checkAgainstGit(t, r, fast)
			slow := walkSlowly(t, c, demo)
			checkAgainstGit(t, r, slow)
			if !reflect.DeepEqual(fast.seen, slow.seen) || !reflect.DeepEqual(fast.entries, slow.entries) {
				t.Error("the two ways differ")
			}
		})
	}
}

// walkSlowly reads a store as if the fast reader did not read it.
func walkSlowly(t *testing.T, c *Collector, name evidence.Repository) *facts {
	t.Helper()
	st, err := c.openStore(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.packs.Close(); err != nil {
		t.Fatal(err)
	}
	st.packs = nil
	defer st.close()
	f := newFacts()
	w := newWalk(st, name, unitHistory, "fetch", f.add)
	if err := errors.Join(w.listedAndKept(context.Background()), w.contents(context.Background(), nil), w.finish()); err != nil {
		t.Fatal(err)
	}
	if len(f.commits) > 0 && len(f.all[0].Bulks) > 0 {
		t.Error("that was not the slow way")
	}
	return f
}

func checkAgainstGit(t *testing.T, r repo, f *facts) {
	t.Helper()
	all := strings.Fields(r.git("rev-list", "--all"))
	if len(all) != len(f.commits) || len(f.gaps) > 0 {
		t.Errorf("%d commits, git has %d; gaps %v", len(f.commits), len(all), f.gaps)
	}
	for _, x := range all {
		oid := evidence.OID(x)
		c, h := f.commits[oid], f.holdings[oid]
		const format = "%T|%P|%an|%ae|%at|%cn|%ce|%ct"
		parents := make([]string, len(c.Parents))
		for i, p := range c.Parents {
			parents[i] = string(p)
		}
		got := strings.Join([]string{string(c.Tree), strings.Join(parents, " "), c.Author.Name, c.Author.Email, fmt.Sprint(c.Author.Date.Unix()),
			c.Committer.Name, c.Committer.Email, fmt.Sprint(c.Committer.Date.Unix())}, "|")
		if want := strings.TrimSpace(r.git("log", "-1", "--format="+format, x)); got != want {
			t.Errorf("%s: %s, git says %s", x, got, want)
		}
		if raw := r.git("cat-file", "commit", x); !strings.HasSuffix(raw, "\n\n"+c.Message) {
			t.Errorf("%s: message %q of %q", x, c.Message, raw)
		}
		var files []string
		for _, e := range f.entries[h.Workflows] {
			files = append(files, e.Mode+" blob "+string(e.Blob)+"\t"+e.Path)
			if want := r.git("cat-file", "blob", string(e.Blob)); f.blobs[e.Blob] != want {
				t.Errorf("blob %s: %q, git says %q", e.Blob, f.blobs[e.Blob], want)
			}
		}
		if want := lsTree(r, x); !h.Known || !slices.Equal(files, want) {
			t.Errorf("%s: known %v, %q, git says %q", x, h.Known, files, want)
		}
		if want := rootChanges(r, x, c.Parents); !slices.Equal(h.RootChanges, want) {
			t.Errorf("%s: root changes %q, git says %q", x, h.RootChanges, want)
		}
	}
}

// lsTree is git's word for the workflow files of a commit.
func lsTree(r repo, commit string) []string {
	var out []string
	for line := range strings.SplitSeq(r.git("ls-tree", "-z", commit, ".github/workflows/"), "\x00") {
		if strings.Contains(line, " blob ") && (strings.HasSuffix(line, ".yml") || strings.HasSuffix(line, ".yaml")) {
			out = append(out, line)
		}
	}
	return out
}

// rootChanges is git's word for what differs from the first parent, of the commits of which that is told. A file that becomes a folder is two changes of one name to git.
func rootChanges(r repo, commit string, parents []evidence.OID) []string {
	if len(parents) > 1 {
		return nil
	}
	before, flows := emptyTree.String(), ""
	if len(parents) > 0 {
		before = string(parents[0])
		flows = r.git("ls-tree", "-d", before, ".github/workflows")
	}
	raw := r.git("cat-file", "commit", commit)
	if !strings.Contains(flows, " tree ") {
		flows = ""
	}
	now := r.git("ls-tree", "-d", commit, ".github/workflows")
	if !strings.Contains(now, " tree ") {
		now = ""
	}
	if now == flows && (strings.HasSuffix(raw, "\n")) {
		return nil
	}
	var out []string
	fields := strings.Split(r.git("diff-tree", "-z", "--no-renames", "--raw", before, commit), "\x00")
	for i := 1; i < len(fields); i += 2 {
		out = append(out, fields[i])
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), evidence.MaxRootChanges)]
}

// randomHistory is a fast-import stream of some branches with merges of two and more parents, several roots, commits without changes,
// and files, links and submodules in the place of .github and its workflows.
func randomHistory(r *rand.Rand) string {
	var b strings.Builder
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	commits := 20 + r.IntN(40)
	for i := 1; i <= commits; i++ {
		message := pick("fix\n", "no newline", "", "two\n\nparagraphs\n", strings.Repeat("long ", 50))
		fmt.Fprintf(&b, "commit refs/heads/b%d\nmark :%d\nauthor %s <a@example.invalid> %d %s\ncommitter Bo <> %d +0000\ndata %d\n%s\n", r.IntN(4), i,
			pick("Ada", "Ärne", "A B C"), r.IntN(2_000_000_000), pick("+0000", "-0730", "+1400"), 1_600_000_000+i, len(message), message)
		if i > 1 && r.IntN(12) > 0 {
			seen := map[int]bool{}
			for n := range 1 + r.IntN(2)*r.IntN(4) {
				p := 1 + r.IntN(i-1)
				if seen[p] {
					continue
				}
				seen[p] = true
				fmt.Fprintf(&b, "%s :%d\n", [2]string{"from", "merge"}[min(n, 1)], p)
			}
		}
		for range r.IntN(5) {
			text := fmt.Sprintf("text %d", r.IntN(8))
			inline := func(mode, path string) {
				fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, path, len(text), text)
			}
			switch r.IntN(9) {
			case 0, 1, 2:
				inline("100644", ".github/workflows/"+pick("ci.yml", "x.yaml", "note.txt", "deep/ci.yml", "é.yml"))
			case 3:
				inline(pick("100755", "120000"), ".github/workflows/"+pick("ci.yml", "link.yml"))
			case 4:
				inline(pick("100644", "120000"), pick(".github", ".github/workflows"))
			case 5:
				fmt.Fprintf(&b, "M 160000 %040x %s\n", r.IntN(9)+1, pick(".github", ".github/workflows", "sub", ".github/workflows/s.yml"))
			case 6:
				fmt.Fprintf(&b, "D %s\n", pick(".github", ".github/workflows", "a", "README"))
			default:
				inline("100644", pick("README", "a", "a.b", "a/b", "a-b", ".github.txt", ".github-x/y", "b", "c", "d", "e", "f", "g"))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
