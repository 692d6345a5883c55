package evidence

import (
	"encoding/hex"
	"slices"
	"time"
)

// Has reports whether the commit object was had.
func (h *History) Has(o OID) bool { _, ok := h.Had(o); return ok }

// Commit returns the commit object; the zero Commit where it was not had. It reads the whole object: see [History.Parents] and
// [History.Committed] for what costs nothing.
func (h *History) Commit(o OID) Commit {
	n, ok := h.Had(o)
	if !ok {
		return Commit{}
	}
	return h.Object(n)
}

// CommittedAt is [History.Committed] by name; zero for a commit that was not had.
func (h *History) CommittedAt(o OID) time.Time {
	n, ok := h.Had(o)
	if !ok {
		return time.Time{}
	}
	return h.Committed(n)
}

// All lists the ids of every commit that was had, sorted by id.
func (h *History) All() []OID {
	if h.names == nil {
		const digits = 2 * len(Hash{})
		text := make([]byte, digits*len(h.ids))
		for i, id := range h.ids {
			hex.Encode(text[i*digits:], id[:])
		}
		all := string(text)
		h.names = make([]OID, len(h.ids))
		for i := range h.names {
			h.names[i] = OID(all[i*digits : (i+1)*digits])
		}
	}
	return h.names
}

// Parents lists the ids of the parents of a commit; none for one that was not had.
func (h *History) Parents(o OID) []OID {
	n, ok := h.Had(o)
	if !ok {
		return nil
	}
	return h.idsOf(h.ParentsOf(n))
}

// Children lists the commits that name o as a parent, sorted by id.
func (h *History) Children(o OID) []OID {
	n, ok := h.Number(o)
	if !ok {
		return nil
	}
	return h.idsOf(h.ChildrenOf(n))
}

func (h *History) idsOf(numbers []int32) []OID {
	if len(numbers) == 0 {
		return nil
	}
	out := make([]OID, len(numbers))
	for i, n := range numbers {
		out[i] = h.ID(n)
	}
	return out
}

// Holding says what is known of the tree of a commit.
func (h *History) Holding(o OID) Holding {
	n, ok := h.Had(o)
	if !ok {
		return h.columns.lone[o]
	}
	if h.folder[n] == UnknownFolder {
		return Holding{}
	}
	out := Holding{Commit: o, Known: true, RootChanges: h.columns.Changes[h.rows[n]]}
	if f := h.columns.Folder[h.rows[n]]; f > 0 {
		out.Workflows = h.columns.Folders[f-1].OID()
	}
	return out
}

// Workflows lists the workflow files of a commit's tree by path. ok is false where the tree could not be had: then an empty list says
// nothing.
func (h *History) Workflows(o OID) (entries []WorkflowEntry, ok bool) {
	n, named := h.Number(o)
	if !named || h.folder[n] == UnknownFolder {
		return nil, false
	}
	return h.Folder(h.folder[n]), true
}

// BlobAt is the blob at a workflow path of a commit's tree; empty where there is none. ok is false where the tree is unknown.
func (h *History) BlobAt(o OID, path string) (blob OID, ok bool) {
	entries, ok := h.Workflows(o)
	for _, e := range entries {
		if e.Path == path {
			return e.Blob, ok
		}
	}
	return "", ok
}

// FirstParent is the first parent of a commit, empty for a root or a commit that was not had.
func (h *History) FirstParent(o OID) OID {
	if n, ok := h.Had(o); ok {
		if p := h.ParentsOf(n); len(p) > 0 {
			return h.ID(p[0])
		}
	}
	return ""
}

// FirstParents walks from a tip along first parents, newest first, the tip included, as far as commits were had.
func (h *History) FirstParents(tip OID) []OID {
	n, ok := h.Had(tip)
	if !ok {
		return nil
	}
	var out []OID
	for seen := h.NoCommits(); int(n) < h.Len() && seen.Add(n); {
		out = append(out, h.ID(n))
		parents := h.ParentsOf(n)
		if len(parents) == 0 {
			break
		}
		n = parents[0]
	}
	return out
}

// Marked is a set of the numbered commits of one history.
type Marked struct {
	h    *History
	bits []uint64
}

// NoCommits is an empty set, to add to.
func (h *History) NoCommits() Marked { return Marked{h, make([]uint64, (h.Nodes()+63)/64)} }

// Add puts a commit into the set; it reports whether it is new there.
func (m Marked) Add(n int32) bool {
	word, bit := &m.bits[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// Has reports whether a numbered commit is in the set.
func (m Marked) Has(n int32) bool { return m.bits[n/64]&(1<<(n%64)) != 0 }

// HasID is Has by name; false for a commit that nothing names.
func (m Marked) HasID(o OID) bool {
	n, ok := m.h.Number(o)
	return ok && m.Has(n)
}

// Reach is the set of commits that the tips reach, themselves included, as far as commits were had.
func (h *History) Reach(tips ...OID) Marked {
	seen, stack := h.NoCommits(), []int32{}
	for _, o := range tips {
		if n, ok := h.Had(o); ok && seen.Add(n) {
			stack = append(stack, n)
		}
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range h.ParentsOf(n) {
			if int(p) < h.Len() && seen.Add(p) {
				stack = append(stack, p)
			}
		}
	}
	return seen
}

// Reachable is Reach as a map, which a long history is too much for.
func (h *History) Reachable(tips ...OID) map[OID]bool {
	out := map[OID]bool{}
	reached := h.Reach(tips...)
	for n := range int32(h.Len()) {
		if reached.Has(n) {
			out[h.ID(n)] = true
		}
	}
	return out
}

// Ancestry is the answer to "is a an ancestor of b".
type Ancestry uint8

// Answers. Unknown is the zero value: a commit on the way was not had, so "no" cannot be told from "not seen".
const (
	AncestryUnknown Ancestry = iota
	Ancestor
	NotAncestor
)

// Ancestry tells whether a is b or an ancestor of b. Where either names no object nothing can be told.
func (h *History) Ancestry(a, b OID) Ancestry {
	if !a.Object() || !b.Object() {
		return AncestryUnknown
	}
	if a == b {
		return Ancestor
	}
	from, ok := h.Had(b)
	if !ok {
		return AncestryUnknown
	}
	to, named := h.Number(a)
	whole, seen, stack := true, h.NoCommits(), []int32{from}
	seen.Add(from)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if named && n == to {
			return Ancestor
		}
		whole = whole && int(n) < h.Len()
		for _, p := range h.ParentsOf(n) {
			if seen.Add(p) {
				stack = append(stack, p)
			}
		}
	}
	if whole {
		return NotAncestor
	}
	return AncestryUnknown
}

// Versions lists the workflow files that any commit holds: each blob with the paths at which it stands, sorted.
func (h *History) Versions() map[OID][]string {
	out := map[OID][]string{}
	for _, list := range h.folders {
		for _, e := range list {
			if at, there := slices.BinarySearch(out[e.Blob], e.Path); !there {
				out[e.Blob] = slices.Insert(out[e.Blob], at, e.Path)
			}
		}
	}
	return out
}
