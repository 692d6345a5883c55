package gitpack

import (
	"fmt"
	"iter"
	"strings"
)

// Status of a change, in git's letters.
type Status byte

// What git log --raw --no-renames says of a file.
const (
	Added    Status = 'A'
	Deleted  Status = 'D'
	Modified Status = 'M'
	Retyped  Status = 'T' // a file became a symbolic link or a submodule, or the like
)

// Change is one row of `git log -m --raw --no-renames`: one file of .github/workflows that differs between a commit and one of its parents.
type Change struct {
	Commit   int // number in the History
	Parent   int // which parent, from 0; -1 for a commit without parents, which is compared with nothing
	Status   Status
	OldMode  uint32 // zero for none
	NewMode  uint32
	Old, New OID // zero for none
	Path     string
}

// Changes yields all rows, by commit number, parent and path. Edges of which one side is not known yield nothing: what is missing is listed
// by [History.Missing]. Nor do parents beyond the boundary of a shallow clone; git shows such commits as if they had added all.
func (h *History) Changes() iter.Seq[Change] {
	type pair struct{ old, new int32 }
	diffs := map[pair][]Change{}
	return func(yield func(Change) bool) {
		emit := func(commit, parent int, old, new int32) bool {
			if old == new || old == unknownFolder || new == unknownFolder {
				return true
			}
			rows, ok := diffs[pair{old, new}]
			if !ok {
				rows = diffFolders(&h.folders.list[old], &h.folders.list[new])
				diffs[pair{old, new}] = rows
			}
			for _, c := range rows {
				c.Commit, c.Parent = commit, parent
				if !yield(c) {
					return false
				}
			}
			return true
		}
		for i := range h.nodes {
			n := &h.nodes[i]
			now := h.folder(i)
			if n.n == 0 && !emit(i, -1, 0, now) {
				return
			}
			for k, p := range h.parents[n.parents:][:n.n] {
				if h.walked(p) && !emit(i, k, h.folder(h.number(slot(p))), now) {
					return
				}
			}
		}
	}
}

// Folders yields every distinct state of .github/workflows that some commit holds, "none" aside, in an order that depends on the store.
func (h *History) Folders() iter.Seq[*Folder] {
	return func(yield func(*Folder) bool) {
		for i := range h.folders.list[1:] {
			if !yield(&h.folders.list[i+1]) {
				return
			}
		}
	}
}

// diffFolders compares two folders, side by side. Where one of them is not whole there is nothing to say.
func diffFolders(a, b *Folder) (rows []Change) {
	if !a.Whole || !b.Whole {
		return nil
	}
	old, new := a.Files, b.Files
	for len(old) > 0 || len(new) > 0 {
		order := 0
		switch {
		case len(old) == 0:
			order = 1
		case len(new) == 0:
			order = -1
		default:
			order = strings.Compare(old[0].Path, new[0].Path)
		}
		switch {
		case order < 0:
			rows = append(rows, Change{Status: Deleted, OldMode: old[0].Mode, Old: old[0].OID, Path: old[0].Path})
			old = old[1:]
		case order > 0:
			rows = append(rows, Change{Status: Added, NewMode: new[0].Mode, New: new[0].OID, Path: new[0].Path})
			new = new[1:]
		default:
			if old[0].Mode != new[0].Mode || old[0].OID != new[0].OID {
				status := Modified
				if (old[0].Mode^new[0].Mode)&modeKind != 0 {
					status = Retyped
				}
				rows = append(rows, Change{Status: status, OldMode: old[0].Mode, NewMode: new[0].Mode, Old: old[0].OID, New: new[0].OID,
					Path: old[0].Path})
			}
			old, new = old[1:], new[1:]
		}
	}
	return rows
}

// Boundary reports that a shallow clone ends at commit i: a parent was left out, and nothing is said of what changed against it.
func (h *History) Boundary(i int) bool { return h.nodes[i].cut }

// ParseOID accepts 40 hex digits in either case.
func ParseOID(s string) (OID, error) {
	o, ok := parseHex([]byte(s))
	if !ok {
		return o, fmt.Errorf("%.60q is not a SHA-1 object name", s)
	}
	return o, nil
}
