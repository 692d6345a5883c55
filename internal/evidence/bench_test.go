package evidence

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"testing"
)

// longColumns is a history of n commits with merges, in the order of their dates, whose workflow trees change now and then.
func longColumns(n int) Columns {
	r := rand.New(rand.NewPCG(3, 4))
	c := Columns{ParentAt: []int32{0}, Commit: func(int) (Commit, error) { return Commit{}, nil }}
	folder := NoFolder
	for i := range n {
		c.OIDs, c.Trees = append(c.OIDs, sha1.Sum(fmt.Append(nil, "commit ", i))), append(c.Trees, sha1.Sum(fmt.Append(nil, "tree ", i)))
		c.Committed, c.Subjects = append(c.Committed, int64(i)*900), append(c.Subjects, r.Uint32())
		if r.IntN(150) == 0 {
			c.Folders = append(c.Folders, sha1.Sum(fmt.Append(nil, "workflows ", i)))
			folder = int32(len(c.Folders))
		}
		c.Folder = append(c.Folder, folder)
		if i > 0 {
			c.Parents = append(c.Parents, int32(i-1))
		}
		if i > 50 && r.IntN(4) == 0 {
			c.Others = append(c.Others, c.OIDs[i-2-r.IntN(48)])
			c.Parents = append(c.Parents, -int32(len(c.Others)))
		}
		c.ParentAt = append(c.ParentAt, int32(len(c.Parents)))
	}
	return c
}

// TestLongHistoryIsJoined: commits have the same numbers, parents and trees whether they are few or so many that they are sorted otherwise.
func TestLongHistoryIsJoined(t *testing.T) {
	c := longColumns(10_000)
	h := JoinHistory(c, nil, nil, nil)
	if h.Len() != c.Len() || h.Nodes() != c.Len() {
		t.Fatalf("%d commits, %d nodes of %d", h.Len(), h.Nodes(), c.Len())
	}
	last := OID("")
	for n := range int32(h.Len()) {
		o := h.ID(n)
		if at, ok := h.Had(o); o <= last || !ok || at != n || h.All()[n] != o {
			t.Fatalf("%s after %s has number %d", o, last, at)
		}
		last = o
	}
	for row := range c.Len() {
		n, _ := h.Had(c.OIDs[row].OID())
		if h.Tree(n) != c.Trees[row] || h.Subject(n) != c.Subjects[row] {
			t.Fatalf("row %d has the tree or subject of another", row)
		}
		for i, p := range c.Parents[c.ParentAt[row]:c.ParentAt[row+1]] {
			want := Hash{}
			if p >= 0 {
				want = c.OIDs[p]
			} else {
				want = c.Others[-p-1]
			}
			if got := h.ID(h.ParentsOf(n)[i]); got != want.OID() {
				t.Fatalf("parent %s, want %s", got, want.OID())
			}
		}
	}
}

// BenchmarkJoinHistory makes a history of 200,000 commits out of columns.
func BenchmarkJoinHistory(b *testing.B) {
	c := longColumns(200_000)
	for b.Loop() {
		JoinHistory(c, nil, nil, nil)
	}
}

// BenchmarkReach walks all of it.
func BenchmarkReach(b *testing.B) {
	c := longColumns(200_000)
	h := JoinHistory(c, nil, nil, nil)
	tip := c.OIDs[c.Len()-1].OID()
	for b.Loop() {
		h.Reach(tip)
	}
}
