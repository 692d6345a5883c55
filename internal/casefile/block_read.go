package casefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"pentimento/internal/evidence"
)

// errBlock is what a block is refused with that this program did not write: a case is a file from elsewhere.
var errBlock = errors.New("a stored block of commits is damaged")

// cursor reads the parts of a block. After the first thing that is not there it is bad, and gives nothing more.
type cursor struct {
	rest []byte
	bad  bool
}

func (r *cursor) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *cursor) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // nearly all are
		x := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(x)
	}
	x, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

func (r *cursor) varint() int64 { return unzigzag(r.uvarint()) }

// count reads the number of things of at least size bytes each that follow.
func (r *cursor) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.rest)/size) {
		r.bad, r.rest = true, nil
		return 0
	}
	return int(n)
}

func (r *cursor) hash() (h evidence.Hash) {
	copy(h[:], r.take(len(h)))
	return h
}

// readGraph appends the commits of a graph to columns and gives the flags of each.
func readGraph(graph []byte, c *evidence.Columns) (flags []byte, err error) {
	r := &cursor{rest: graph}
	if v := r.take(1); r.bad || v[0] != blockVersion {
		return nil, fmt.Errorf("%w: not of a version that this program knows", errBlock)
	}
	n, first := r.count(45), int32(c.Len())
	oids, trees := r.take(20*n), r.take(20*n)
	flags = slices.Clone(r.take(n))
	sums := r.take(4 * n)
	if r.bad {
		return nil, errBlock
	}
	c.OIDs, c.Trees = slices.Grow(c.OIDs, n), slices.Grow(c.Trees, n)
	c.Committed, c.Subjects, c.Folder = slices.Grow(c.Committed, n), slices.Grow(c.Subjects, n), slices.Grow(c.Folder, n)
	seconds := int64(0)
	for i := range n {
		c.OIDs, c.Trees = append(c.OIDs, evidence.Hash(oids[20*i:20*i+20])), append(c.Trees, evidence.Hash(trees[20*i:20*i+20]))
		c.Subjects = append(c.Subjects, binary.LittleEndian.Uint32(sums[4*i:]))
		if flags[i]&flagUndated != 0 {
			c.Committed = append(c.Committed, evidence.NoDate)
			continue
		}
		seconds += r.varint()
		c.Committed = append(c.Committed, seconds)
	}
	readFolders(r, flags, c)
	readParents(r, first, n, c)
	readChanges(r, first, flags, c)
	for range r.count(20) {
		c.Others = append(c.Others, r.hash())
	}
	if outside := 0; !r.bad && len(r.rest) == 0 {
		for _, p := range c.Parents[c.ParentAt[first]:] {
			if p < 0 {
				outside = max(outside, int(-p))
			}
		}
		if outside <= len(c.Others) {
			return flags, nil
		}
	}
	return nil, errBlock
}

func readFolders(r *cursor, flags []byte, c *evidence.Columns) {
	base, n := len(c.Folders), r.count(20)
	for range n {
		c.Folders = append(c.Folders, r.hash())
	}
	for _, f := range flags {
		folder := evidence.UnknownFolder
		switch {
		case f&flagFolder != 0:
			at := r.uvarint()
			if at >= uint64(n) {
				r.bad = true
				return
			}
			folder = int32(base+int(at)) + 1
		case f&flagKnown != 0:
			folder = evidence.NoFolder
		}
		c.Folder = append(c.Folder, folder)
	}
}

func readParents(r *cursor, first int32, n int, c *evidence.Columns) {
	if len(c.ParentAt) == 0 {
		c.ParentAt = append(c.ParentAt, 0)
	}
	external := len(c.Others)
	for i := range n {
		for range r.count(1) {
			x := r.uvarint()
			if x == 0 {
				external++
				c.Parents = append(c.Parents, -int32(external))
				continue
			}
			j := int64(i) - unzigzag(x-1)
			if j < 0 || j >= int64(n) {
				r.bad = true
				j = 0
			}
			c.Parents = append(c.Parents, first+int32(j))
		}
		c.ParentAt = append(c.ParentAt, int32(len(c.Parents)))
	}
}

func readChanges(r *cursor, first int32, flags []byte, c *evidence.Columns) {
	for i, f := range flags {
		if f&flagChanges == 0 {
			continue
		}
		if c.Changes == nil {
			c.Changes = map[int32][]string{}
		}
		var names []string
		for range r.count(1) {
			names = append(names, string(r.take(r.count(1))))
		}
		c.Changes[first+int32(i)] = names
	}
}

// details are the commits of a block as they are read one at a time.
type details struct {
	text  []byte
	flags []byte
	at    []int // where each begins
}

// readDetails finds where each commit of a detail begins.
func readDetails(text, flags []byte) (details, error) {
	d := details{text: text, flags: flags, at: make([]int, len(flags))}
	r := &cursor{rest: text}
	for i := range flags {
		d.at[i] = len(text) - len(r.rest)
		d.commit(r, flags[i], 0)
	}
	if r.bad || len(r.rest) > 0 {
		return details{}, errBlock
	}
	return d, nil
}

// commit reads what a detail says of one commit. The texts point into the detail.
func (d details) commit(r *cursor, flags byte, committed int64) (c evidence.BulkCommit) {
	c.Committer.Seconds, c.Author.Seconds = committed, evidence.NoDate
	var author, committer [3]int
	for i := range author {
		author[i] = r.count(1)
	}
	if flags&flagUnmade == 0 {
		c.Author.Seconds = r.varint()
		if flags&flagUndated == 0 {
			c.Author.Seconds += committed
		}
	}
	if flags&flagOneHand == 0 {
		for i := range committer {
			committer[i] = r.count(1)
		}
	}
	message := r.count(1)
	c.Author.Name, c.Author.Email, c.Author.Zone = r.take(author[0]), r.take(author[1]), r.take(author[2])
	c.Committer.Name, c.Committer.Email, c.Committer.Zone = r.take(committer[0]), r.take(committer[1]), r.take(committer[2])
	if flags&flagOneHand != 0 {
		c.Committer.Name, c.Committer.Email, c.Committer.Zone = c.Author.Name, c.Author.Email, c.Author.Zone
	}
	c.Message = r.take(message)
	c.Signed = flags&flagSigned != 0
	return c
}

// read gives the i-th commit but for what stands in the graph.
func (d details) read(i int, committed int64) (evidence.BulkCommit, error) {
	r := &cursor{rest: d.text[d.at[i]:]}
	c := d.commit(r, d.flags[i], committed)
	if r.bad {
		return evidence.BulkCommit{}, errBlock
	}
	return c, nil
}
