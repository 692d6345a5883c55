package gitpack

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// treeScan finds the .github entry of many root trees. Trees are taken in the order in which they lie, so that a delta's base was mostly
// seen just before.
type treeScan struct {
	r    *Reader
	keys [][]uint64                // by pack: offset of a commit's tree, and the commit's number
	head [][]atomic.Pointer[start] // by pack and place in keys
	git  []uint32                  // by commit: an index of names; 0 for none, unknownGit
	held atomic.Int64
	work atomic.Int64

	mu    sync.Mutex
	names []OID // .github trees; the first is zero: none
	index map[OID]uint32
}

// unknownGit stands for a root tree that the store lacks.
const unknownGit uint32 = 1<<32 - 1

// start is the beginning of a tree. Trees that begin alike share one.
type start struct {
	data []byte // as much as is known
	end  int    // how many bytes decided what .github is; see verdict
	git  uint32 // index of names
}

func newTreeScan(r *Reader) *treeScan {
	return &treeScan{r: r, keys: make([][]uint64, len(r.packs)), head: make([][]atomic.Pointer[start], len(r.packs)),
		names: make([]OID, 1), index: map[OID]uint32{}}
}

func (t *treeScan) name(o OID) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.index[o]; ok {
		return i
	}
	t.names = append(t.names, o)
	t.index[o] = uint32(len(t.names) - 1)
	return t.index[o]
}

// scan answers for each commit.
func (t *treeScan) scan(ctx context.Context, nodes []node) ([]uint32, error) {
	t.git = make([]uint32, len(nodes))
	var loose []int
	for i := range nodes {
		tree := nodes[i].tree
		if tree&absent != 0 {
			if tree != emptyTree {
				t.git[i] = unknownGit
			}
			continue
		}
		at, err := t.r.place(slot(tree))
		if err != nil {
			return nil, err
		}
		if at.pack < 0 {
			loose = append(loose, i)
			continue
		}
		key, err := sortKey(at.at, uint32(i))
		if err != nil {
			return nil, err
		}
		t.keys[at.pack] = append(t.keys[at.pack], key)
	}
	for k := range t.keys {
		sortKeys(t.keys[k])
		t.head[k] = make([]atomic.Pointer[start], len(t.keys[k]))
	}
	for k := range t.keys {
		if err := t.pack(ctx, k); err != nil {
			return nil, fmt.Errorf("pack %.80s: %w", t.r.packs[k].name, err)
		}
	}
	return t.git, t.loose(ctx, nodes, loose)
}

// lot is how many trees a worker takes at once: enough to share bases among them, few enough to end together.
const lot = 1024

func (t *treeScan) pack(ctx context.Context, k int) error {
	keys := t.keys[k]
	var next atomic.Int64
	return crew(ctx, t.r.limits.Workers, func(ctx context.Context, _ int) error {
		w := &treeWorker{treeScan: t, others: map[place]*start{}}
		for {
			from := int(next.Add(lot)) - lot
			if from >= len(keys) || ctx.Err() != nil {
				return ctx.Err()
			}
			for i := from; i < min(from+lot, len(keys)); i++ {
				s, err := w.at(place{k, keyOffset(keys[i])}, i, 0)
				if err != nil {
					return fmt.Errorf("tree at %d: %w", keyOffset(keys[i]), err)
				}
				t.git[keyIndex(keys[i])] = s.git
			}
		}
	})
}

func (t *treeScan) loose(ctx context.Context, nodes []node, commits []int) error {
	w := &treeWorker{treeScan: t, others: map[place]*start{}}
	for _, i := range commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, err := t.r.place(slot(nodes[i].tree))
		if err != nil {
			return err
		}
		s, err := w.at(at, -1, 0)
		if err != nil {
			return fmt.Errorf("tree %s: %w", t.r.oid(slot(nodes[i].tree)), err)
		}
		t.git[i] = s.git
	}
	return nil
}

// treeWorker is one goroutine's part of the scan.
type treeWorker struct {
	*treeScan
	z      inflater
	others map[place]*start // beginnings of trees that are no commit's own: bases of deltas, loose trees
}

// known finds what was learned of a place. near is a place in its pack's keys to begin at, i where it is among the keys, else -1.
func (w *treeWorker) known(at place, near int) (s *start, i int) {
	if at.pack >= 0 {
		keys := w.keys[at.pack]
		if i = nearby(keys, at.at, near); i < len(keys) && keyOffset(keys[i]) == at.at {
			return w.head[at.pack][i].Load(), i
		}
	}
	return w.others[at], -1
}

// nearby is the place of the first key of an offset, or where it would be. Bases mostly lie shortly before what needs them.
func nearby(keys []uint64, off int64, near int) int {
	want := uint64(off) << keyBits
	lo, hi := 0, len(keys)
	if near >= 0 && near < hi && keys[near] >= want {
		hi = near
		for step := 4; hi > 0; step *= 2 {
			probe := max(0, hi-step)
			if keys[probe] < want {
				lo = probe + 1
				break
			}
			hi = probe
		}
	}
	i, _ := slices.BinarySearch(keys[lo:hi], want)
	return lo + i
}

// at gives a tree's beginning, from memory or from the pack.
func (w *treeWorker) at(at place, near, depth int) (*start, error) {
	s, i := w.known(at, near)
	if s != nil {
		return s, nil
	}
	s, err := w.learn(at, max(i, near), depth)
	if err != nil {
		return nil, err
	}
	w.keep(at, i, s)
	return s, nil
}

func (w *treeWorker) keep(at place, i int, s *start) {
	if i >= 0 {
		w.head[at.pack][i].Store(s)
	} else {
		w.others[at] = s
	}
}

// firstTree is how much of a tree is looked at first; of most repositories it decides.
const firstTree = 256

// firstDelta is how much of a delta is inflated first: both sizes and one instruction.
const firstDelta = 24

func (w *treeWorker) learn(at place, near, depth int) (*start, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: a delta chain of more than %d", ErrDamaged, maxDepth)
	}
	if at.pack >= 0 {
		e, err := w.r.packs[at.pack].entry(at.at)
		if err != nil {
			return nil, err
		}
		if e.kind == offsetDelta || e.kind == refDelta {
			from, err := w.r.baseOf(at, e)
			if err != nil {
				return nil, err
			}
			base, err := w.at(from, near, depth+1)
			if err != nil {
				return nil, err
			}
			same, err := w.sameStart(e, base)
			if same || err != nil {
				return base, err
			}
		}
	}
	for want := firstTree; ; want *= 4 {
		data, complete, err := w.begin(at, near, want, depth)
		if err != nil {
			return nil, err
		}
		v, decided, err := seek(data, ".github", complete)
		if err != nil {
			return nil, err
		}
		if !decided {
			continue
		}
		s := &start{data: data, end: v.end}
		if v.entry.Mode != 0 {
			s.git = w.name(v.entry.OID)
		}
		return s, w.hold(len(data))
	}
}

// sameStart reports that a delta begins by copying all of its base that decided.
func (w *treeWorker) sameStart(e entry, base *start) (bool, error) {
	if err := w.z.start(e.body, int(e.size)); err != nil {
		return false, err
	}
	if err := w.z.reach(firstDelta); err != nil {
		return false, err
	}
	_, _, rest, ok := deltaSizes(w.z.out)
	if !ok {
		return false, nil
	}
	o, _, ok := nextOp(rest)
	return ok && o.insert == nil && o.from == 0 && o.size >= int64(base.end), nil
}

// hold and spend keep a hostile store from costing without end: long beginnings, of many trees.
func (t *treeScan) hold(n int) error {
	if t.held.Add(int64(n)) > t.r.limits.Held {
		return fmt.Errorf("%w: the beginnings of root trees have more than %d bytes", ErrLimit, t.r.limits.Held)
	}
	return nil
}

func (t *treeScan) spend(n int) error {
	if t.work.Add(int64(n)) > t.r.limits.Work {
		return fmt.Errorf("%w: root trees cost more than %d bytes", ErrLimit, t.r.limits.Work)
	}
	return nil
}
