package evidence_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
)

func oid(n int) evidence.OID { return evidence.OID(fmt.Sprintf("%040x", n+1)) }

// graph is a random commit graph: parents have lower numbers; some commits were not had.
type graph struct {
	parents [][]int
	had     []bool
	history *evidence.History
}

func anyGraph(t *rapid.T) graph {
	n := rapid.IntRange(1, 9).Draw(t, "commits")
	g := graph{parents: make([][]int, n), had: make([]bool, n)}
	var commits []evidence.Commit
	for i := range n {
		if i > 0 {
			g.parents[i] = rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, 3, rapid.ID[int]).Draw(t, "parents")
		}
		g.had[i] = rapid.IntRange(0, 5).Draw(t, "had") > 0
		if !g.had[i] {
			continue
		}
		c := evidence.Commit{OID: oid(i)}
		for _, p := range g.parents[i] {
			c.Parents = append(c.Parents, oid(p))
		}
		commits = append(commits, c)
	}
	commits = rapid.Permutation(commits).Draw(t, "order")
	g.history = evidence.NewHistory(append(commits, commits...), nil, nil) // facts repeat
	return g
}

// closure is the brute-force answer: everything that can be named from b by following had commits, with whether one on the way was not had.
func (g graph) closure(b int) (named map[int]bool, whole bool) {
	named, whole = map[int]bool{b: true}, true
	for range g.parents {
		for i := range g.parents {
			if named[i] && g.had[i] {
				for _, p := range g.parents[i] {
					named[p] = true
				}
			}
		}
	}
	for i := range named {
		whole = whole && g.had[i]
	}
	return named, whole
}

func TestHistoryAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		for b := range g.parents {
			named, whole := g.closure(b)
			reachable := g.history.Reachable(oid(b))
			for a := range g.parents {
				want := evidence.AncestryUnknown
				switch {
				case named[a]:
					want = evidence.Ancestor
				case whole:
					want = evidence.NotAncestor
				}
				if got := g.history.Ancestry(oid(a), oid(b)); got != want {
					t.Fatalf("is %d an ancestor of %d: %d, want %d", a, b, got, want)
				}
				if got := reachable[oid(a)]; got != (named[a] && g.had[a]) {
					t.Fatalf("%d reaches %d: %t", b, a, got)
				}
				isChild := g.had[b] && slices.Contains(g.parents[b], a)
				if got := slices.Contains(g.history.Children(oid(a)), oid(b)); got != isChild {
					t.Fatalf("%d is a child of %d: %t", b, a, got)
				}
			}
			var chain []evidence.OID
			for i := b; g.had[i]; i = g.parents[i][0] {
				if chain = append(chain, oid(i)); len(g.parents[i]) == 0 {
					break
				}
			}
			if got := g.history.FirstParents(oid(b)); !slices.Equal(got, chain) {
				t.Fatalf("first parents of %d: %v, want %v", b, got, chain)
			}
		}
		if all := g.history.All(); !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Fatalf("commits are not sorted and unique: %v", all)
		}
	})
}

func TestReachableJoinsItsTips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		a, b := rapid.IntRange(0, len(g.parents)-1).Draw(t, "a"), rapid.IntRange(0, len(g.parents)-1).Draw(t, "b")
		both, one, other := g.history.Reachable(oid(a), oid(b)), g.history.Reachable(oid(a)), g.history.Reachable(oid(b))
		for i := range g.parents {
			if both[oid(i)] != (one[oid(i)] || other[oid(i)]) {
				t.Fatalf("%d from %d and %d: %t", i, a, b, both[oid(i)])
			}
		}
	})
}

// No id is not an ancestor of no id: an update without SHAs must not read as a fast-forward.
func TestAncestryOfNothing(t *testing.T) {
	h := evidence.NewHistory([]evidence.Commit{{OID: oid(1)}}, nil, nil)
	for _, nothing := range []evidence.OID{"", evidence.ZeroOID} {
		if got := h.Ancestry(nothing, nothing); got != evidence.AncestryUnknown {
			t.Errorf("%q in %q: %d", nothing, nothing, got)
		}
		if got := h.Ancestry(nothing, oid(1)); got == evidence.Ancestor {
			t.Errorf("%q is an ancestor", nothing)
		}
		if got := h.Ancestry(oid(1), nothing); got != evidence.AncestryUnknown {
			t.Errorf("ancestry in %q: %d", nothing, got)
		}
	}
	if got := h.Ancestry(oid(7), oid(7)); got != evidence.Ancestor {
		t.Errorf("a commit that was not had and itself: %d", got)
	}
}

// Git objects cannot form a cycle, but an API may answer anything.
func TestHistoryEndsOnACycle(t *testing.T) {
	h := evidence.NewHistory([]evidence.Commit{
		{OID: oid(1), Parents: []evidence.OID{oid(2)}}, {OID: oid(2), Parents: []evidence.OID{oid(1)}},
	}, nil, nil)
	if n := len(h.FirstParents(oid(1))); n != 2 {
		t.Errorf("%d first parents", n)
	}
	if n := len(h.Reachable(oid(1))); n != 2 {
		t.Errorf("%d reachable", n)
	}
	if got := h.Ancestry(oid(3), oid(1)); got != evidence.NotAncestor {
		t.Errorf("ancestry: %d", got)
	}
}

func TestHistoryHoldings(t *testing.T) {
	tree, entry := oid(90), func(path string, blob int) evidence.WorkflowEntry {
		return evidence.WorkflowEntry{Tree: oid(90), Path: path, Blob: oid(blob), Mode: "100644"}
	}
	h := evidence.NewHistory(
		[]evidence.Commit{{OID: oid(1)}, {OID: oid(2)}, {OID: oid(3)}, {OID: oid(4)}},
		[]evidence.Holding{
			{Commit: oid(1), Workflows: tree, Known: true}, {Commit: oid(2), Known: true}, {Commit: oid(3)},
			{Commit: oid(1)}, // met again by a source that could not read the tree
		},
		[]evidence.WorkflowEntry{entry(".github/workflows/z.yml", 81), entry(".github/workflows/a.yml", 80), entry(".github/workflows/z.yml", 81)},
	)
	for name, c := range map[string]struct {
		commit evidence.OID
		files  int
		known  bool
	}{
		"two files": {oid(1), 2, true}, "none": {oid(2), 0, true}, "tree not had": {oid(3), 0, false}, "nothing said": {oid(4), 0, false},
	} {
		entries, ok := h.Workflows(c.commit)
		if len(entries) != c.files || ok != c.known {
			t.Errorf("%s: %v, %t", name, entries, ok)
		}
		if !slices.IsSortedFunc(entries, func(a, b evidence.WorkflowEntry) int { return int(a.Path[18]) - int(b.Path[18]) }) {
			t.Errorf("%s: not sorted: %v", name, entries)
		}
		blob, ok := h.BlobAt(c.commit, ".github/workflows/z.yml")
		if ok != c.known || (blob == oid(81)) != (c.files > 0) {
			t.Errorf("%s: blob %q, %t", name, blob, ok)
		}
	}
}

// TestBulkSettled: what is said of a commit later is as if it had been said at once, and what is not kept is gone with all of its own.
func TestBulkSettled(t *testing.T) {
	commit := func(i byte) evidence.BulkCommit {
		return evidence.BulkCommit{OID: evidence.Hash{i}, Parents: []evidence.Hash{{i + 1}, {i + 2}}, Message: []byte{'m', i}, Known: true, Workflows: evidence.Hash{9, i}}
	}
	var late, want evidence.Bulk
	for i := range byte(6) {
		c := commit(i)
		if i%3 > 0 {
			c.RootChanges = []string{string('a' + rune(i))}
		}
		if i%2 == 0 {
			want.Add(c)
		}
		c.Known, c.Workflows, c.RootChanges = false, evidence.Hash{}, []string{"wrong"}
		late.Add(c)
	}
	for i := range 6 {
		c := commit(byte(i))
		if i%3 > 0 {
			c.RootChanges = []string{string('a' + rune(i))}
		}
		late.Settle(i, true, c.Workflows, c.RootChanges)
	}
	late.Keep(func(i int) bool { return i%2 == 0 })
	if late.Len() != want.Len() {
		t.Fatalf("%d commits, not %d", late.Len(), want.Len())
	}
	for i := range want.Len() {
		if got, want := late.At(i), want.At(i); !reflect.DeepEqual(got, want) {
			t.Errorf("commit %d: %+v, not %+v", i, got, want)
		}
	}
}
