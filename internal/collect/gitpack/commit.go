package gitpack

import (
	"bytes"
	"fmt"
)

// commitHead is what a commit says first: its tree, and its parents in their order. more means that the bytes ended before it was clear
// that no parent follows.
type commitHead struct {
	tree    OID
	parents []OID
	more    bool
}

const (
	treeLine   = len("tree ") + 40 + 1
	parentLine = len("parent ") + 40 + 1
	// firstCommit is enough of a commit with one parent to see that no second one follows.
	firstCommit = treeLine + parentLine + len("author ")
)

var errCommit = fmt.Errorf("%w: a commit without its tree", ErrDamaged)

// parse reads the head as git does: the tree first, then all lines that say "parent". complete means that b is the whole commit.
func (c *commitHead) parse(b []byte, complete bool) error {
	c.parents, c.more = c.parents[:0], false
	if len(b) < treeLine {
		c.more = !complete
		if complete {
			return errCommit
		}
		return nil
	}
	var ok bool
	if c.tree, ok = hexLine(b, "tree "); !ok {
		return errCommit
	}
	for b = b[treeLine:]; ; b = b[parentLine:] {
		if len(b) < parentLine {
			// Anything but a parent begins with other letters.
			c.more = !complete && bytes.HasPrefix([]byte("parent "), b[:min(len(b), len("parent "))])
			if complete && bytes.HasPrefix(b, []byte("parent ")) {
				return errCommit
			}
			return nil
		}
		if !bytes.HasPrefix(b, []byte("parent ")) {
			return nil
		}
		p, ok := hexLine(b, "parent ")
		if !ok {
			return errCommit
		}
		if len(c.parents) == maxParents {
			return fmt.Errorf("%w: a commit with more than %d parents", ErrLimit, maxParents)
		}
		c.parents = append(c.parents, p)
	}
}

// hexLine reads "word <40 hex>\n" at the start of b, which is long enough.
func hexLine(b []byte, word string) (o OID, ok bool) {
	if string(b[:len(word)]) != word || b[len(word)+40] != '\n' {
		return o, false
	}
	b = b[len(word):]
	for i := range o {
		hi, lo := hexDigit[b[2*i]], hexDigit[b[2*i+1]]
		if hi|lo > 15 {
			return o, false
		}
		o[i] = hi<<4 | lo
	}
	return o, true
}

// hexDigit gives the value of a lower- or upper-case hex digit, 255 for other bytes.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = byte(10 + i)
	}
	return t
}()

// commitAt reads the head of the commit at a place, inflating no more than that takes.
func (r *Reader) commitAt(z *inflater, at place, c *commitHead) error {
	if at.pack >= 0 {
		e, err := r.packs[at.pack].entry(at.at)
		if err != nil {
			return err
		}
		if e.kind == Commit && e.size <= r.limits.Object {
			return c.prefix(z, e)
		}
	}
	kind, raw, err := r.object(z, at, r.limits.Object)
	if err != nil {
		return err
	}
	if kind != Commit {
		return fmt.Errorf("%w: a %s where a commit should be", ErrDamaged, kind)
	}
	return c.parse(raw, true)
}

func (c *commitHead) prefix(z *inflater, e entry) error {
	if err := z.start(e.body, int(e.size)); err != nil {
		return err
	}
	for n := firstCommit; ; n = 2*n + parentLine {
		if err := z.reach(n); err != nil {
			return err
		}
		if err := c.parse(z.out, len(z.out) == z.size); err != nil || !c.more {
			return err
		}
	}
}
