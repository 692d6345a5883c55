package evidence

import (
	"slices"
	"strings"
)

// History is what is known of the commits of one repository: the graph and what each tree holds at .github/workflows, reachable from a
// present ref or not. It joins facts and concludes nothing. Commits that are named as parents but were not had are simply absent;
// see [History.Has].
type History struct {
	commits  map[OID]Commit
	holdings map[OID]Holding
	trees    map[OID][]WorkflowEntry
	children map[OID][]OID
	order    []OID
}

// NewHistory joins the facts of one repository. Facts may repeat; a holding whose tree is known stands over one whose tree is not,
// whichever comes first. Entries of trees that no holding names are kept: they cost nothing.
func NewHistory(commits []Commit, holdings []Holding, entries []WorkflowEntry) *History {
	h := &History{
		commits: make(map[OID]Commit, len(commits)), holdings: make(map[OID]Holding, len(holdings)),
		trees: map[OID][]WorkflowEntry{}, children: map[OID][]OID{},
	}
	for _, c := range commits {
		if _, dup := h.commits[c.OID]; dup {
			continue
		}
		h.commits[c.OID] = c
		h.order = append(h.order, c.OID)
		for _, p := range c.Parents {
			h.children[p] = append(h.children[p], c.OID)
		}
	}
	slices.Sort(h.order)
	for _, x := range holdings {
		if !h.holdings[x.Commit].Known {
			h.holdings[x.Commit] = x
		}
	}
	for _, e := range entries {
		h.trees[e.Tree] = append(h.trees[e.Tree], e)
	}
	for tree, list := range h.trees {
		slices.SortFunc(list, func(a, b WorkflowEntry) int { return strings.Compare(a.Path, b.Path) })
		h.trees[tree] = slices.Compact(list)
	}
	for _, list := range h.children {
		slices.Sort(list)
	}
	return h
}

// Has reports whether the commit object was had.
func (h *History) Has(o OID) bool { _, ok := h.commits[o]; return ok }

// Commit returns the commit object; the zero Commit where it was not had.
func (h *History) Commit(o OID) Commit { return h.commits[o] }

// All lists the ids of every commit that was had, sorted by id.
func (h *History) All() []OID { return h.order }

// Children lists the commits that name o as a parent, sorted by id.
func (h *History) Children(o OID) []OID { return h.children[o] }

// Holding says what is known of the tree of a commit.
func (h *History) Holding(o OID) Holding { return h.holdings[o] }

// Workflows lists the workflow files of a commit's tree by path. ok is false where the tree could not be had: then an empty list says
// nothing.
func (h *History) Workflows(o OID) (entries []WorkflowEntry, ok bool) {
	x, have := h.holdings[o]
	if !have || !x.Known {
		return nil, false
	}
	if x.Workflows == "" {
		return nil, true
	}
	return h.trees[x.Workflows], true
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
	if c, ok := h.commits[o]; ok && len(c.Parents) > 0 {
		return c.Parents[0]
	}
	return ""
}

// FirstParents walks from a tip along first parents, newest first, the tip included, as far as commits were had.
func (h *History) FirstParents(tip OID) []OID {
	var out []OID
	seen := map[OID]bool{}
	for o := tip; h.Has(o) && !seen[o]; o = h.FirstParent(o) {
		seen[o] = true
		out = append(out, o)
	}
	return out
}

// Reachable is the set of commits that the tips reach, themselves included, as far as commits were had.
func (h *History) Reachable(tips ...OID) map[OID]bool {
	seen := map[OID]bool{}
	stack := slices.Clone(tips)
	for len(stack) > 0 {
		o := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[o] || !h.Has(o) {
			continue
		}
		seen[o] = true
		stack = append(stack, h.commits[o].Parents...)
	}
	return seen
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
	whole, seen, stack := true, map[OID]bool{}, []OID{b}
	for len(stack) > 0 {
		o := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if o == a {
			return Ancestor
		}
		if seen[o] {
			continue
		}
		seen[o] = true
		if !h.Has(o) {
			whole = false
			continue
		}
		stack = append(stack, h.commits[o].Parents...)
	}
	if whole {
		return NotAncestor
	}
	return AncestryUnknown
}
