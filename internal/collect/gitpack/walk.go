package gitpack

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// link names an object by its slot, or, where the store lacks it, by its number among the missing ones.
type link uint32

const absent link = 1 << 31

// node is a commit as the walk found it. Its parents are at [parents:parents+n] of the worker's list.
type node struct {
	at      slot
	tree    link
	parents uint32
	n       uint16
	group   uint16
	cut     bool // at the boundary of a shallow clone
}

// walk finds the commits that tips reach. Workers share a bitmap of what was seen, and a stack from which those without work take.
type walk struct {
	r    *Reader
	seen []uint32 // a bit for each slot
	lost absentees

	mu     sync.Mutex
	wake   *sync.Cond
	stack  []slot
	idle   int
	hungry atomic.Bool // somebody waits
	found  atomic.Int64

	nodes   [][]node // by worker
	parents [][]link
}

// Absent is an object that the store should have and lacks.
type Absent struct {
	OID  OID
	Role Role
}

// Role says what led to an object.
type Role uint8

// Roles. An object that has several is said to have the first of them.
const (
	AsTip    Role = iota // a tip of the caller's, or the target of a tag
	AsParent             // a commit names it as its parent
	AsTree               // a commit or tree names it, on the way to workflows
)

// absentees numbers the objects that the store lacks.
type absentees struct {
	mu    sync.Mutex
	names []Absent
	index map[OID]link
}

func (a *absentees) link(o OID, role Role) (link, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l, ok := a.index[o]; ok {
		known := &a.names[l&^absent]
		known.Role = min(known.Role, role)
		return l, nil
	}
	if len(a.names) == maxMissing {
		return 0, fmt.Errorf("%w: more than %d missing objects", ErrLimit, maxMissing)
	}
	if a.index == nil {
		a.index = map[OID]link{}
	}
	l := absent | link(len(a.names))
	a.index[o] = l
	a.names = append(a.names, Absent{o, role})
	return l, nil
}

func newWalk(r *Reader) *walk {
	n := r.limits.Workers
	w := &walk{r: r, seen: make([]uint32, (uint64(r.total)+31)/32), nodes: make([][]node, n), parents: make([][]link, n)}
	w.wake = sync.NewCond(&w.mu)
	return w
}

// mark notes a slot and reports whether it is new.
func (w *walk) mark(s slot) bool {
	word, bit := &w.seen[s/32], uint32(1)<<(s%32)
	if atomic.LoadUint32(word)&bit != 0 {
		return false
	}
	return atomic.OrUint32(word, bit)&bit == 0
}

// from walks all that tips reach and no earlier group did. Tags are followed; tips that lead to something else than a commit are
// passed over.
func (w *walk) from(ctx context.Context, tips []OID, group uint16) error {
	w.stack, w.idle = w.stack[:0], 0
	z := &inflater{}
	for _, tip := range tips {
		if s, ok := w.r.find(&tip); ok && w.seen[s/32]&(1<<(s%32)) != 0 {
			continue
		}
		s, ok, err := w.r.peel(z, tip, &w.lost)
		if err != nil {
			return err
		}
		if ok && w.mark(s) {
			w.stack = append(w.stack, s)
		}
	}
	return crew(ctx, w.r.limits.Workers, func(ctx context.Context, id int) error {
		stop := context.AfterFunc(ctx, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.wake.Broadcast()
		})
		defer stop()
		return w.work(ctx, id, group)
	})
}

// peel follows tags from a tip to its commit.
func (r *Reader) peel(z *inflater, tip OID, lost *absentees) (slot, bool, error) {
	for range maxTagging {
		s, ok := r.find(&tip)
		if !ok {
			_, err := lost.link(tip, AsTip)
			return 0, false, err
		}
		at, err := r.place(s)
		if err != nil {
			return 0, false, err
		}
		kind, err := r.kind(at, nil)
		if err != nil || kind == Commit {
			return s, err == nil, err
		}
		if kind != Tag {
			return 0, false, nil
		}
		_, raw, err := r.object(z, at, r.limits.Object)
		if err != nil {
			return 0, false, err
		}
		const line = len("object ") + 40 + 1
		if len(raw) < line {
			return 0, false, nil
		}
		if tip, ok = hexLine(raw, "object "); !ok {
			return 0, false, nil
		}
	}
	return 0, false, nil
}

const (
	handful  = 64 // commits taken from the shared stack at once
	plenty   = 16 // commits above which a worker shares with those that wait
	breather = 256
)

func (w *walk) work(ctx context.Context, id int, group uint16) error {
	z, head := &inflater{}, &commitHead{}
	var own []slot
	for turn := 0; ; turn++ {
		if turn%breather == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if len(own) == 0 {
			if own = w.take(ctx, own); len(own) == 0 {
				return ctx.Err()
			}
		}
		s := own[len(own)-1]
		own = own[:len(own)-1]
		n, err := w.visit(z, head, s, id)
		if err != nil {
			return fmt.Errorf("commit %s: %w", w.r.oid(s), err)
		}
		n.group = group
		w.nodes[id] = append(w.nodes[id], n)
		for _, p := range w.parents[id][n.parents:][:n.n] {
			if p&absent == 0 && w.mark(slot(p)) {
				own = append(own, slot(p))
			}
		}
		if len(own) > plenty && w.hungry.Load() {
			own = w.give(own)
		}
	}
}

// visit reads a commit and notes its parents.
func (w *walk) visit(z *inflater, head *commitHead, s slot, id int) (n node, err error) {
	at, err := w.r.place(s)
	if err != nil {
		return n, err
	}
	if err := w.r.commitAt(z, at, head); err != nil {
		return n, err
	}
	return w.note(head, s, id)
}

// note makes a node of a commit's head.
func (w *walk) note(head *commitHead, s slot, id int) (n node, err error) {
	if total := w.found.Add(1); total > int64(w.r.limits.Commits) {
		return n, fmt.Errorf("%w: more than %d commits", ErrLimit, w.r.limits.Commits)
	}
	n = node{at: s, parents: uint32(len(w.parents[id])), n: uint16(len(head.parents))}
	if n.tree, err = w.tree(&head.tree); err != nil {
		return n, err
	}
	for i := range head.parents {
		p, err := w.parent(&head.parents[i], s)
		if err != nil {
			return n, err
		}
		n.cut = n.cut || p == beyond
		w.parents[id] = append(w.parents[id], p)
	}
	return n, nil
}

func (w *walk) tree(o *OID) (link, error) {
	if s, ok := w.r.find(o); ok {
		return link(s), nil
	}
	if *o == EmptyTree {
		return emptyTree, nil
	}
	return w.lost.link(*o, AsTree)
}

// parent of a commit. What lies beyond a shallow boundary is followed where it is there nevertheless: the shallow file is the clone's word.
func (w *walk) parent(o *OID, of slot) (link, error) {
	if s, ok := w.r.find(o); ok {
		return link(s), nil
	}
	if len(w.r.shallow) > 0 && w.r.shallow[w.r.oid(of)] {
		return beyond, nil
	}
	return w.lost.link(*o, AsParent)
}

// emptyTree stands for a tree that needs not be in the store. No slot and no missing object has this number.
const emptyTree link = 1<<32 - 1

// beyond stands for a parent on the other side of a shallow boundary, which nobody expects to have.
const beyond link = 1<<32 - 2

// take gives a worker something to do, or nothing once all is done or the context has ended.
func (w *walk) take(ctx context.Context, own []slot) []slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle++
	for len(w.stack) == 0 {
		if w.idle == w.r.limits.Workers || ctx.Err() != nil {
			w.wake.Broadcast()
			return own
		}
		w.hungry.Store(true)
		w.wake.Wait()
	}
	w.idle--
	n := min(handful, len(w.stack))
	own = append(own, w.stack[len(w.stack)-n:]...)
	w.stack = w.stack[:len(w.stack)-n]
	return own
}

// give shares the older half of a worker's commits: they lead to more than the younger ones.
func (w *walk) give(own []slot) []slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	half := len(own) / 2
	w.stack = append(w.stack, own[:half]...)
	w.hungry.Store(false)
	w.wake.Broadcast()
	return append(own[:0], own[half:]...)
}
