package evidence

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// History is what is known of the commits of one repository: the graph and what each tree holds at .github/workflows, reachable from a
// present ref or not. It joins facts and concludes nothing. Commits that are named as parents but were not had are simply absent;
// see [History.Has].
//
// A history may be long, so commits have numbers: those that were had come first, by id, then those that are only named as parents, by id.
// Whoever goes through a history does so by number; names are for single commits. What a commit object says beyond graph, tree and committer date is
// read when it is asked for, which may fail: see [History.Err]. A History is not safe for concurrent use.
type History struct {
	columns Columns
	rows    []int32 // number -> row
	ids     []Hash  // number -> id, of the commits that were had
	absent  []Hash  // number - len(ids) -> id, of the others

	parentAt, parents []int32 // numbers
	childAt, children []int32 // made when first asked for
	names             []OID   // made when first asked for
	folders           [][]WorkflowEntry
	folder            []int32 // number -> UnknownFolder, NoFolder, or 1 + an index of folders; equal trees have one index
	err               error
}

// NewHistory joins the facts of one repository. Facts may repeat; a holding whose tree is known stands over one whose tree is not,
// whichever comes first. Entries of trees that no holding names are left out.
func NewHistory(commits []Commit, holdings []Holding, entries []WorkflowEntry) *History {
	return JoinHistory(Columns{}, commits, holdings, entries)
}

// JoinHistory is NewHistory for a repository of which commits stand in columns as well.
func JoinHistory(columns Columns, commits []Commit, holdings []Holding, entries []WorkflowEntry) *History {
	columns.add(commits, holdings)
	h := &History{columns: columns}
	number := h.order()
	h.link(number)
	h.hold(entries)
	return h
}

// order numbers the commits, and gives the number of each row.
func (h *History) order() (number []int32) {
	c := &h.columns
	number = make([]int32, c.Len())
	h.rows = c.sorted()
	n := 0
	for _, row := range h.rows {
		if n == 0 || c.OIDs[row] != h.ids[n-1] {
			h.ids = append(h.ids, c.OIDs[row])
			h.rows[n] = row
			n++
		}
		number[row] = int32(n - 1)
	}
	h.rows = h.rows[:n]
	return number
}

// link turns the parents of rows into numbers.
func (h *History) link(number []int32) {
	c := &h.columns
	other := make([]int32, len(c.Others)) // -1 for those that were not had
	for i, o := range c.Others {
		n, ok := h.search(o)
		if other[i] = n; !ok {
			other[i] = -1
			h.absent = append(h.absent, o)
		}
	}
	slices.SortFunc(h.absent, Hash.Compare)
	h.absent = slices.Compact(h.absent)
	h.parentAt, h.parents = make([]int32, 1, len(h.ids)+1), make([]int32, 0, len(c.Parents))
	for _, row := range h.rows {
		for _, p := range c.Parents[c.ParentAt[row]:c.ParentAt[row+1]] {
			switch {
			case p >= 0:
				p = number[p]
			case other[-p-1] >= 0:
				p = other[-p-1]
			default:
				at, _ := slices.BinarySearchFunc(h.absent, c.Others[-p-1], Hash.Compare)
				p = int32(len(h.ids) + at)
			}
			h.parents = append(h.parents, p)
		}
		h.parentAt = append(h.parentAt, int32(len(h.parents)))
	}
}

// hold finds the files of each workflow tree.
func (h *History) hold(entries []WorkflowEntry) {
	c, lone := &h.columns, map[OID]int32{}
	for _, x := range c.lone {
		lone[x.Workflows] = c.folder(x, lone)
	}
	index, same := make(map[Hash]int32, len(c.Folders)), make([]int32, len(c.Folders))
	for i, f := range c.Folders {
		at, ok := index[f]
		if !ok {
			at = int32(len(index))
			index[f] = at
		}
		same[i] = at + 1
	}
	h.folders = make([][]WorkflowEntry, len(index))
	var last OID
	at, named := int32(0), false
	for _, e := range entries {
		if e.Tree != last {
			last = e.Tree
			at, named = index[last.Hash()]
		}
		if named {
			h.folders[at] = append(h.folders[at], e)
		}
	}
	for i, list := range h.folders {
		slices.SortFunc(list, func(a, b WorkflowEntry) int { return strings.Compare(a.Path, b.Path) })
		h.folders[i] = slices.Compact(list)
	}
	h.folder = make([]int32, h.Nodes())
	for n := range h.folder {
		h.folder[n] = UnknownFolder
		if n < len(h.rows) {
			h.folder[n] = c.Folder[h.rows[n]]
		} else if x := c.lone[h.ID(int32(n))]; x.Known {
			h.folder[n] = lone[x.Workflows]
		}
		if h.folder[n] > 0 {
			h.folder[n] = same[h.folder[n]-1]
		}
	}
}

// search finds the number of a commit that was had. Ids are digests: where one stands is guessed from its first bytes, then the place is
// closed in from there, so that ids that somebody made alike cost no more than a search by halves.
func (h *History) search(id Hash) (int32, bool) {
	n := len(h.ids)
	if n == 0 {
		return 0, false
	}
	first := binary.BigEndian.Uint64(id[:])
	before := func(i int) bool { // whether ids[i] comes before id; the first bytes nearly always tell
		if x := binary.BigEndian.Uint64(h.ids[i][:]); x != first {
			return x < first
		}
		return h.ids[i].Compare(id) < 0
	}
	hi, _ := bits.Mul64(first, uint64(n))
	low, high := int(hi), int(hi)
	for step := 8; low > 0 && !before(low); step *= 2 {
		low, high = max(0, low-step), low
	}
	for step := 8; high < n && before(high); step *= 2 {
		low, high = high, min(n, high+step)
	}
	for low < high {
		if mid := int(uint(low+high) >> 1); before(mid) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return int32(low), low < n && h.ids[low] == id
}

// Err is the first failure to read a commit object: what was asked since then may have come back empty.
func (h *History) Err() error { return h.err }

// Len is the number of commits that were had: their numbers are below it.
func (h *History) Len() int { return len(h.ids) }

// Nodes is the number of all commits, those included that are only named as parents.
func (h *History) Nodes() int { return len(h.ids) + len(h.absent) }

// Number finds the number of a commit; ok is false for one that nothing here names.
func (h *History) Number(o OID) (n int32, ok bool) {
	id := o.Hash()
	if id == (Hash{}) {
		return 0, false
	}
	if n, ok = h.search(id); ok {
		return n, true
	}
	at, ok := slices.BinarySearchFunc(h.absent, id, Hash.Compare)
	return int32(len(h.ids) + at), ok
}

// Had is Number for a commit that was had.
func (h *History) Had(o OID) (n int32, ok bool) {
	id := o.Hash()
	if id == (Hash{}) {
		return 0, false
	}
	return h.search(id)
}

// ID is the id of a numbered commit.
func (h *History) ID(n int32) OID {
	if h.names != nil && int(n) < len(h.names) {
		return h.names[n]
	}
	if int(n) < len(h.ids) {
		return h.ids[n].OID()
	}
	return h.absent[int(n)-len(h.ids)].OID()
}

// ParentsOf lists the parents of a commit by number; none for a commit that was not had. The slice is not the caller's.
func (h *History) ParentsOf(n int32) []int32 {
	if int(n) >= len(h.ids) {
		return nil
	}
	return h.parents[h.parentAt[n]:h.parentAt[n+1]]
}

// ChildrenOf lists the commits that name one as a parent, in the order of their numbers. The slice is not the caller's.
func (h *History) ChildrenOf(n int32) []int32 {
	if h.childAt == nil {
		h.turn()
	}
	return h.children[h.childAt[n]:h.childAt[n+1]]
}

// turn makes the children of the parents. A commit that names a parent twice is its child twice.
func (h *History) turn() {
	h.childAt, h.children = make([]int32, h.Nodes()+1), make([]int32, len(h.parents))
	for _, p := range h.parents {
		h.childAt[p+1]++
	}
	for i := range h.Nodes() {
		h.childAt[i+1] += h.childAt[i]
	}
	next := slices.Clone(h.childAt)
	for n := range h.ids {
		for _, p := range h.ParentsOf(int32(n)) {
			h.children[next[p]] = int32(n)
			next[p]++
		}
	}
}

// Committed is the committer date of a commit that was had; zero where it could not be read. The clock is git: its maker chose it.
func (h *History) Committed(n int32) time.Time { return dateOf(h.columns.Committed[h.rows[n]]) }

// Tree is the id of the root tree of a commit that was had.
func (h *History) Tree(n int32) Hash { return h.columns.Trees[h.rows[n]] }

// Subject is the [SubjectSum] of the message of a commit that was had.
func (h *History) Subject(n int32) uint32 { return h.columns.Subjects[h.rows[n]] }

// FolderOf is what the tree of a commit holds at .github/workflows: UnknownFolder, NoFolder, or a number that stands for the tree: equal
// trees have equal ones. It is for [History.Folder]. The tree of a commit may be known that was not had.
func (h *History) FolderOf(n int32) int32 { return h.folder[n] }

// Folders is the number of different workflow trees that commits hold: their numbers are 1 to Folders.
func (h *History) Folders() int { return len(h.folders) }

// Folder lists the workflow files of a tree by path. The slice is not the caller's.
func (h *History) Folder(f int32) []WorkflowEntry {
	if f <= 0 {
		return nil
	}
	return h.folders[f-1]
}

// Object reads the whole commit object of a commit that was had. Where it cannot be read all but graph, tree and committer date is empty, and [History.Err]
// says why.
func (h *History) Object(n int32) Commit {
	c, err := h.columns.Commit(int(h.rows[n]))
	if err == nil {
		return c
	}
	h.err = errors.Join(h.err, err)
	c = Commit{OID: h.ID(n), Tree: h.Tree(n).OID(), Committer: Signature{Date: h.Committed(n)}}
	for _, p := range h.ParentsOf(n) {
		c.Parents = append(c.Parents, h.ID(p))
	}
	return c
}
