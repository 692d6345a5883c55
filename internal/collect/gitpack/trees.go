package gitpack

import (
	"bytes"
	"fmt"
)

// TreeEntry is one entry of a tree; Name points into the tree's bytes.
type TreeEntry struct {
	Mode uint32
	Name []byte
	OID  OID
}

// Modes of entries by their upper bits.
const (
	modeKind = 0o170000
	modeTree = 0o040000

	maxMode = 7 // characters of a mode, with the space after it
)

func (e *TreeEntry) folder() bool { return e.Mode&modeKind == modeTree }

// NextEntry cuts the first entry off a tree's bytes: "mode name NUL" and 20 bytes.
func NextEntry(raw []byte) (TreeEntry, []byte, error) {
	e, size, ok := cutEntry(raw)
	if !ok || size == 0 {
		return TreeEntry{}, nil, errTree
	}
	return e, raw[size:], nil
}

var errTree = fmt.Errorf("%w: a tree that git would not write", ErrDamaged)

// cutEntry reads the first entry. A size of zero means that more bytes could complete it; ok is false when none could.
func cutEntry(raw []byte) (e TreeEntry, size int, ok bool) {
	space := bytes.IndexByte(raw[:min(len(raw), maxMode)], ' ')
	if space < 1 {
		return e, 0, space < 0 && len(raw) < maxMode
	}
	for _, c := range raw[:space] {
		if c < '0' || c > '7' {
			return e, 0, false
		}
		e.Mode = e.Mode<<3 | uint32(c-'0')
	}
	nul := bytes.IndexByte(raw[space:], 0)
	if nul < 0 {
		return e, 0, true
	}
	if nul < 2 {
		return e, 0, false
	}
	e.Name = raw[space+1 : space+nul]
	end := space + nul + 1
	if len(raw) < end+len(e.OID) {
		return e, 0, true
	}
	copy(e.OID[:], raw[end:])
	return e, end + len(e.OID), true
}

// ahead compares an entry with the place of a folder of some name in git's order, in which folders sort as if their name ended in a slash:
// negative before, positive after. An entry of that very name is zero, whatever it is.
func (e *TreeEntry) ahead(name string) int {
	n := min(len(e.Name), len(name))
	if c := bytes.Compare(e.Name[:n], []byte(name[:n])); c != 0 {
		return c
	}
	if len(e.Name) == len(name) {
		return 0
	}
	if len(e.Name) < len(name) {
		if e.folder() && name[n] < '/' {
			return 1
		}
		return -1
	}
	if e.Name[n] < '/' {
		return -1
	}
	return 1
}

// verdict is what the beginning of a tree says of one name.
type verdict struct {
	entry TreeEntry // the entry of that name, or of mode zero for none
	end   int       // how many bytes decided it; beyond the tree's size where its end did
}

// seek looks for a folder of some name in the beginning of a tree, as far as the order of a tree demands. decided is false when more
// bytes are needed; complete says that there are none.
func seek(raw []byte, name string, complete bool) (v verdict, decided bool, err error) {
	for at := 0; ; {
		if at == len(raw) {
			return verdict{end: len(raw) + 1}, complete, nil
		}
		e, size, ok := cutEntry(raw[at:])
		if !ok || size == 0 && complete {
			return v, false, errTree
		}
		if size == 0 {
			return v, false, nil
		}
		at += size
		switch c := e.ahead(name); {
		case c == 0 && e.folder():
			e.Name = nil // not to keep the tree alive
			return verdict{e, at}, true, nil
		case c > 0:
			return verdict{end: at}, true, nil
		}
	}
}
