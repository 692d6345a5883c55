// Package gitpack reads the history of a git repository's workflow folder from its object files, several times faster than by walking
// objects one by one.
//
// It answers three questions. What did each commit hold at .github/workflows, and which files of it changed against each parent
// ([Reader.History], [History.Changes]: the rows of `git log --full-history -m --raw --no-renames -- .github/workflows` over the same
// tips). What does each commit object say ([History.Raw]). Which commit objects are there at all, reachable or not ([Reader.AllCommits]).
// It takes a bare repository or the .git folder of a clone, and the tips from which to walk: refs are the caller's.
//
// It reads packs (version 2 and 3 with an index of version 2), and loose objects. It obeys no configuration, runs nothing, and looks at no
// replacements, grafts, commit graphs, multi-pack indexes or attributes: all of these can lie. Of a shallow file it
// takes only that the parents which are not there were left out on purpose. What it cannot read it says as [ErrUnsupported], what is
// broken as [ErrDamaged], what is out of bounds as [ErrLimit]; callers have a slower way for all of them.
//
// What is checked: objects that are read whole ([Reader.Read], [History.Raw], .github folders and workflow folders) hash to their name.
// What is not: the heads of commits and the beginnings of root trees, of which [Reader.History] reads just as much as it needs, and
// the index that leads to them. A repository whose files were tampered with can thereby hide a change from History, as it could
// from git, which checks no more; it cannot make up the contents of a commit or of a workflow. Trees that are not sorted as git
// sorts them are read as far as git would.
//
// Three things make it fast. Of each commit and each root tree only the first few hundred bytes are inflated, by a decoder that
// stops there. Where a tree is stored as a delta that begins by copying the base's beginning, the base's answer is the answer. And
// the work goes on as many cores as there are, in the order in which things lie in the pack.
package gitpack

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// Why a repository or an object was not read. Errors of this package wrap one of them, the context's, or that of a file operation.
var (
	// ErrUnsupported means a format that this package does not read: SHA-256, indexes of version 1, a pack without an index.
	ErrUnsupported = errors.New("not supported by the fast reader")
	// ErrDamaged means bytes that no git writes.
	ErrDamaged = errors.New("damaged object store")
	// ErrLimit means a bound of [Limits].
	ErrLimit = errors.New("over the limit")
	// ErrNotFound means that the store does not hold the object.
	ErrNotFound = errors.New("no such object")
)

// OID is a SHA-1 object name.
type OID [20]byte

// EmptyTree is the tree without entries; git knows it by heart, so a store need not hold it.
var EmptyTree = OID{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}

func parseHex(s []byte) (o OID, ok bool) {
	if len(s) != 2*len(o) {
		return o, false
	}
	_, err := hex.Decode(o[:], s)
	return o, err == nil
}

// String is 40 lower-case hex digits.
func (o OID) String() string { return hex.EncodeToString(o[:]) }

// IsZero reports whether it names nothing.
func (o OID) IsZero() bool { return o == OID{} }

// Kind of an object, in the numbers of a pack.
type Kind uint8

// Kinds of objects; https://git-scm.com/docs/pack-format.
const (
	Commit Kind = 1
	Tree   Kind = 2
	Blob   Kind = 3
	Tag    Kind = 4

	offsetDelta Kind = 6
	refDelta    Kind = 7
)

func (k Kind) String() string {
	switch k {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	}
	return fmt.Sprintf("object of kind %d", uint8(k))
}

// Limits bounds what a repository can make us do. The zero value of a field stands for its default.
type Limits struct {
	Object  int64 // bytes of one object, inflated; default 16 MiB: trees and commits of real repositories stay below 1 MiB
	Chain   int64 // bytes of all objects of one delta chain together; default 1 GiB
	Held    int64 // bytes of tree beginnings kept by one History; default 256 MiB, of which git/git needs 20
	Work    int64 // bytes inflated or copied for tree beginnings by one History; default 16 GiB
	Entries int   // entries over all workflow folders of one History; default 2,000,000
	Folder  int   // entries of one workflow folder with its subfolders; default 10,000
	Commits int   // commits of one History; default 50 million
	Workers int   // goroutines; default GOMAXPROCS
}

const (
	maxDepth   = 4_095     // of a delta chain; pack.depth of git allows no more
	maxPacks   = 10_000    // gc.autoPackLimit is 50
	maxLoose   = 2_000_000 // gc.auto is 6,700
	maxObjects = 1 << 31   // of a store; slots are 32 bits, and some of them stand for missing objects
	maxParents = 1_024     // the largest octopus in the Linux kernel has 66
	maxNesting = 64        // folders below .github/workflows
	maxTagging = 16        // tags of tags
	maxMissing = 1 << 24   // distinct missing objects: 20 bytes each
	maxGroups  = 1 << 16
)

func (l Limits) filled(cores int) Limits {
	def := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Object, 16<<20)
	def(&l.Chain, 1<<30)
	def(&l.Held, 256<<20)
	def(&l.Work, 16<<30)
	defInt(&l.Entries, 2_000_000)
	defInt(&l.Folder, 10_000)
	defInt(&l.Commits, 50_000_000)
	defInt(&l.Workers, cores)
	return l
}
