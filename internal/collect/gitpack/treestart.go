package gitpack

import (
	"bytes"
	"fmt"
)

// begin gives at least want bytes of a tree, or all of it, which complete says. The bytes are nobody else's to change.
func (w *treeWorker) begin(at place, near, want, depth int) (data []byte, complete bool, err error) {
	if depth > maxDepth {
		return nil, false, fmt.Errorf("%w: a delta chain of more than %d", ErrDamaged, maxDepth)
	}
	if at.pack < 0 {
		return w.looseTree(at)
	}
	e, err := w.r.packs[at.pack].entry(at.at)
	if err != nil {
		return nil, false, err
	}
	if e.size > w.r.limits.Object {
		return nil, false, tooLarge(e.size, w.r.limits.Object)
	}
	switch e.kind {
	case Tree:
		if err := w.z.start(e.body, int(e.size)); err != nil {
			return nil, false, err
		}
		if err := w.z.reach(want); err != nil {
			return nil, false, err
		}
		return bytes.Clone(w.z.out), len(w.z.out) == w.z.size, w.spend(len(w.z.out))
	case offsetDelta, refDelta:
		return w.beginDelta(at, near, e, want, depth)
	}
	return nil, false, fmt.Errorf("%w: a %s where a tree should be", ErrDamaged, e.kind)
}

func (w *treeWorker) looseTree(at place) ([]byte, bool, error) {
	kind, raw, err := w.r.readLoose(w.r.loose[at.at], false)
	if err == nil && kind != Tree {
		err = fmt.Errorf("%w: a %s where a tree should be", ErrDamaged, kind)
	}
	if err != nil {
		return nil, false, err
	}
	return raw, true, w.spend(len(raw))
}

// beginDelta gives the beginning of a tree that is stored as a delta: as many instructions as it takes, and as much of the base as they
// copy from.
func (w *treeWorker) beginDelta(at place, near int, e entry, want, depth int) ([]byte, bool, error) {
	from, err := w.r.baseOf(at, e)
	if err != nil {
		return nil, false, err
	}
	ops, size, reach, err := w.instructions(e, want)
	if err != nil {
		return nil, false, err
	}
	want = int(min(int64(want), size))
	// What is known of the base may be enough.
	var base []byte
	if s, _ := w.known(from, near); s != nil {
		base = s.data
	}
	if int64(len(base)) < reach {
		if base, err = w.baseStart(from, near, int(reach), depth); err != nil {
			return nil, false, err
		}
	}
	out := make([]byte, 0, want)
	for len(out) < want {
		o, rest, ok := nextOp(ops)
		if !ok {
			return nil, false, errDelta
		}
		ops = rest
		part := o.insert
		if part == nil {
			part = base[min(o.from, int64(len(base))):min(o.from+o.size, int64(len(base)))]
			// The last instruction may copy more than is wanted, and so more than the base was read for.
			if int64(len(part)) < min(o.size, int64(want-len(out))) {
				return nil, false, errDelta
			}
		}
		out = append(out, part[:min(len(part), want-len(out))]...)
	}
	return out, int64(want) == size, w.spend(want)
}

// instructions inflates as much of a delta as makes want bytes of its result. It gives the instructions, the size of the whole result,
// and how far into the base those bytes reach.
func (w *treeWorker) instructions(e entry, want int) (ops []byte, size, reach int64, err error) {
	if err := w.z.start(e.body, int(e.size)); err != nil {
		return nil, 0, 0, err
	}
	for n := firstDelta; ; n *= 4 {
		if err := w.z.reach(n); err != nil {
			return nil, 0, 0, err
		}
		complete := len(w.z.out) == w.z.size
		_, size, rest, ok := deltaSizes(w.z.out)
		if ok {
			if size > w.r.limits.Object {
				return nil, 0, 0, tooLarge(size, w.r.limits.Object)
			}
			if reach, ok = extent(rest, min(int64(want), size)); ok {
				return bytes.Clone(rest), size, reach, w.spend(len(w.z.out))
			}
		}
		if complete {
			return nil, 0, 0, errDelta
		}
	}
}

// extent says how far into the base the first want bytes of a result reach; ok is false when the instructions make fewer.
func extent(ops []byte, want int64) (reach int64, ok bool) {
	for made := int64(0); made < want; {
		var o op
		if o, ops, ok = nextOp(ops); !ok {
			return 0, false
		}
		used := min(o.size, want-made)
		if o.insert == nil {
			reach = max(reach, o.from+used)
		}
		made += used
	}
	return reach, true
}

// baseStart reads more of a base than is known of it, and remembers that. Twice as much as asked for, so that a base is not read over
// and over for a little more each time.
func (w *treeWorker) baseStart(from place, near, reach, depth int) ([]byte, error) {
	data, _, err := w.begin(from, near, 2*reach, depth+1)
	if err != nil {
		return nil, err
	}
	if len(data) < reach {
		return nil, errDelta
	}
	if s, i := w.known(from, near); s != nil {
		w.keep(from, i, &start{data: data, end: s.end, git: s.git})
		if err := w.hold(len(data)); err != nil {
			return nil, err
		}
	}
	return data, nil
}
