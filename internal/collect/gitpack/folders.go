package gitpack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Folder is one state of .github/workflows. Mode and OID are those of the entry "workflows": mostly a tree, at times a file, a symbolic
// link or a submodule. Files are all files below it, sorted by path; where it is no tree, it is the one file itself.
type Folder struct {
	Mode  uint32
	OID   OID
	Files []File
	// Whole is false when a tree below is not in the store, or there are more files than the limit: Files says less than there is.
	Whole bool
}

// File is one entry below a root tree. Path is relative to the root, with slashes, as stored: any byte but NUL.
type File struct {
	Path string
	Mode uint32
	OID  OID
}

// folders holds the states of .github/workflows of a history. The first is "none".
type folders struct {
	list []Folder
	git  []int32 // by .github tree: index of list, or unknownFolder
}

const unknownFolder int32 = -1

func (f *folders) of(git uint32) int32 {
	if git == unknownGit {
		return unknownFolder
	}
	return f.git[git]
}

// openFolders reads the .github trees, and each distinct folder of workflows once.
func (r *Reader) openFolders(ctx context.Context, gits []OID, lost *absentees) (*folders, error) {
	type key struct {
		mode uint32
		oid  OID
	}
	out := &folders{list: []Folder{{Whole: true}}, git: make([]int32, len(gits))}
	index := map[key]int32{}
	budget := r.limits.Entries
	for i, git := range gits {
		if i == 0 { // none
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, known, err := r.workflows(git, lost)
		if err != nil {
			return nil, err
		}
		if !known {
			out.git[i] = unknownFolder
			continue
		}
		if e.Mode == 0 {
			continue
		}
		k, ok := index[key{e.Mode, e.OID}]
		if !ok {
			f, err := r.openFolder(e, lost)
			if err != nil {
				return nil, err
			}
			if budget -= len(f.Files); budget < 0 {
				return nil, fmt.Errorf("%w: more than %d entries of workflow folders", ErrLimit, r.limits.Entries)
			}
			k = int32(len(out.list))
			index[key{e.Mode, e.OID}] = k
			out.list = append(out.list, f)
		}
		out.git[i] = k
	}
	return out, nil
}

// tree reads a tree whole and checked; known is false when the store lacks it.
func (r *Reader) tree(o OID, lost *absentees) (raw []byte, known bool, err error) {
	kind, raw, err := r.read(o, 0)
	if errors.Is(err, ErrNotFound) {
		_, err = lost.link(o, AsTree)
		return nil, false, err
	}
	if err == nil && kind != Tree {
		err = fmt.Errorf("%w: a %s where a tree should be", ErrDamaged, kind)
	}
	if err != nil {
		return nil, false, fmt.Errorf("tree %s: %w", o, err)
	}
	return raw, true, nil
}

// workflows finds the entry of that name in a .github tree; its mode is zero for none.
func (r *Reader) workflows(git OID, lost *absentees) (found TreeEntry, known bool, err error) {
	raw, known, err := r.tree(git, lost)
	for len(raw) > 0 && err == nil {
		var e TreeEntry
		if e, raw, err = NextEntry(raw); err == nil && string(e.Name) == "workflows" {
			return e, true, nil
		}
	}
	return TreeEntry{}, known, err
}

// workflowFolder is where a repository keeps its workflows.
const workflowFolder = ".github/workflows"

func (r *Reader) openFolder(e TreeEntry, lost *absentees) (Folder, error) {
	l := lister{r: r, lost: lost, folder: Folder{Mode: e.Mode, OID: e.OID, Whole: true}}
	if !e.folder() {
		l.folder.Files = []File{{workflowFolder, e.Mode, e.OID}}
		return l.folder, nil
	}
	l.folder.Mode = modeTree
	if err := l.list(workflowFolder, e.OID, 0); err != nil {
		return l.folder, err
	}
	// A tree's own order is that of its paths, unless somebody made it by hand.
	slices.SortStableFunc(l.folder.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return l.folder, nil
}

// lister lists one workflow folder. It counts folders too: a few trees that name each other many times make more paths than there are atoms.
type lister struct {
	r       *Reader
	lost    *absentees
	folder  Folder
	entries int
}

func (l *lister) list(path string, tree OID, depth int) error {
	raw, known, err := l.r.tree(tree, l.lost)
	if err != nil {
		return err
	}
	l.folder.Whole = l.folder.Whole && known && depth <= maxNesting
	for len(raw) > 0 && l.folder.Whole {
		var e TreeEntry
		if e, raw, err = NextEntry(raw); err != nil {
			return fmt.Errorf("tree %s: %w", tree, err)
		}
		if l.entries++; l.entries > l.r.limits.Folder {
			l.folder.Whole = false
			return nil
		}
		below := path + "/" + string(e.Name)
		if !e.folder() {
			l.folder.Files = append(l.folder.Files, File{below, e.Mode, e.OID})
		} else if err := l.list(below, e.OID, depth+1); err != nil {
			return err
		}
	}
	return nil
}
