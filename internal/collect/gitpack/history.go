package gitpack

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"slices"
)

// History is what the commits reachable from some tips hold at .github/workflows. Commits are numbered from 0, in an order that depends
// on the store's packs alone. It belongs to its Reader, and is read only.
type History struct {
	r       *Reader
	seen    []uint32 // by slot: what was walked
	before  []uint32 // for each word of seen, how many bits stand before it
	nodes   []node   // by number; parents index the list below
	parents []link
	missing []Absent
	git     []uint32 // by number: what .github is, an index of folders.git
	folders *folders
}

// OIDs compare by their bytes.
func compareOIDs(a, b OID) int { return bytes.Compare(a[:], b[:]) }

// History walks the commits that the tips reach: those of the first group, then what the second reaches beyond, and so on, at most 65536
// groups. Tips may be tags. A tip, parent or tree that the store lacks is listed by [History.Missing] and stops nothing; the error wraps
// the context's, [ErrDamaged], [ErrLimit] or [ErrUnsupported].
func (r *Reader) History(ctx context.Context, groups ...[]OID) (*History, error) {
	h, err := r.history(ctx, groups)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return h, nil
}

func (r *Reader) history(ctx context.Context, groups [][]OID) (*History, error) {
	if len(groups) > maxGroups {
		return nil, fmt.Errorf("%w: more than %d groups of tips", ErrLimit, maxGroups)
	}
	w := newWalk(r)
	for g, tips := range groups {
		if err := guard(func() error { return w.from(ctx, tips, uint16(g)) }); err != nil {
			return nil, err
		}
	}
	h := w.gather()
	err := guard(func() error { return h.trees(ctx, &w.lost) })
	h.missing = w.lost.names
	return h, err
}

// trees finds what the commits hold at .github/workflows.
func (h *History) trees(ctx context.Context, lost *absentees) (err error) {
	t := newTreeScan(h.r)
	if h.git, err = t.scan(ctx, h.nodes); err != nil {
		return err
	}
	h.folders, err = h.r.openFolders(ctx, t.names, lost)
	return err
}

// gather numbers the commits by their slots: the number is then a count of bits, and needs no map.
func (w *walk) gather() *History {
	h := &History{r: w.r, seen: w.seen, before: make([]uint32, len(w.seen))}
	var n, edges uint32
	for i, word := range w.seen {
		h.before[i] = n
		n += uint32(bits.OnesCount32(word))
	}
	for _, list := range w.parents {
		edges += uint32(len(list))
	}
	h.nodes, h.parents = make([]node, n), make([]link, 0, edges)
	for id, list := range w.nodes {
		shift := uint32(len(h.parents))
		for _, n := range list {
			n.parents += shift
			h.nodes[h.number(n.at)] = n
		}
		h.parents = append(h.parents, w.parents[id]...)
		w.nodes[id], w.parents[id] = nil, nil
	}
	return h
}

// number of a slot that was walked.
func (h *History) number(s slot) int {
	word := h.seen[s/32] & (1<<(s%32) - 1)
	return int(h.before[s/32]) + bits.OnesCount32(word)
}

func (h *History) walked(l link) bool {
	return l&absent == 0 && h.seen[l/32]&(1<<(l%32)) != 0
}

// Len is the number of commits.
func (h *History) Len() int { return len(h.nodes) }

// Missing names the objects that the store should have and lacks, by their names: tips, parents (not those beyond a shallow boundary), root
// trees of commits, and folders on the way to workflows.
func (h *History) Missing() []Absent {
	return slices.SortedFunc(slices.Values(h.missing), func(a, b Absent) int { return compareOIDs(a.OID, b.OID) })
}

// Find gives the number of a commit.
func (h *History) Find(o OID) (int, bool) {
	var l link
	found := false
	err := guard(func() error {
		s, ok := h.r.find(&o)
		l, found = link(s), ok
		return nil
	})
	if err != nil || !found || !h.walked(l) {
		return 0, false
	}
	return h.number(slot(l)), true
}

// OID is the name of commit i.
func (h *History) OID(i int) OID { return h.r.oid(h.nodes[i].at) }

// Tree is the name of the root tree of commit i.
func (h *History) Tree(i int) OID { return h.name(h.nodes[i].tree) }

// Group says which group of tips reached commit i first.
func (h *History) Group(i int) int { return int(h.nodes[i].group) }

// FirstParent is the number of the first parent of commit i; false where it has none, or none that was walked.
func (h *History) FirstParent(i int) (int, bool) {
	n := &h.nodes[i]
	if n.n == 0 || !h.walked(h.parents[n.parents]) {
		return 0, false
	}
	return h.number(slot(h.parents[n.parents])), true
}

// ParentCount is how many parents commit i names.
func (h *History) ParentCount(i int) int { return int(h.nodes[i].n) }

func (h *History) name(l link) OID {
	switch {
	case l == emptyTree:
		return EmptyTree
	case l == beyond:
		return OID{}
	case l&absent != 0:
		return h.missing[l&^absent].OID
	}
	return h.r.oid(slot(l))
}

// folder is what commit i holds at .github/workflows, as an index of folders.list.
func (h *History) folder(i int) int32 { return h.folders.of(h.git[i]) }

// Workflows says what commit i holds at .github/workflows: the name of the tree, zero for none or for something that is no folder.
// known is false when a tree on the way is not in the store.
func (h *History) Workflows(i int) (tree OID, known bool) {
	k := h.folder(i)
	if k == unknownFolder {
		return OID{}, false
	}
	if f := &h.folders.list[k]; f.Mode == modeTree {
		return f.OID, true
	}
	return OID{}, true
}
