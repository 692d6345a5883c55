package gitpack

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrMany means that the commits of a store have more bytes than the caller wants to hold at once.
var ErrMany = errors.New("more commits than are held at once")

// Whole is every commit object of a store. Numbers and Made are of the same length: the commits by number, in the order of [Each], and what was made of them.
type Whole[T any] struct {
	*History
	Numbers []uint32
	Made    []T
}

// NewSweep reads all commit objects of a store and keeps what worker makes of each. [Sweep.From] then gives the same as [Reader.AllCommits],
// [Reader.History] of some tips and then of all of those, and [Each], where each commit is inflated once, and before anybody knows the tips. Where the
// objects together have more than limit bytes it gives up with [ErrMany]. The bytes that a worker gets are good until it returns.
func NewSweep[T any](ctx context.Context, r *Reader, limit int64, worker func() func(o OID, raw []byte) T) (*Sweep[T], error) {
	e := &Sweep[T]{walk: newWalk(r), limit: limit}
	for range r.limits.Workers {
		e.makers = append(e.makers, worker())
	}
	err := guard(func() error {
		for k := range r.packs {
			if err := e.pack(ctx, k); err != nil {
				return fmt.Errorf("pack %.80s: %w", r.packs[k].name, err)
			}
		}
		if err := e.loose(ctx); err != nil {
			return err
		}
		return e.connected()
	})
	if err != nil {
		return nil, fmt.Errorf("read all commits: %w", err)
	}
	return e, nil
}

// From gives the history of what was read: the first group is what the tips reach, the second the rest. It can be asked once.
func (e *Sweep[T]) From(ctx context.Context, tips []OID) (w Whole[T], err error) {
	if w.History, err = e.history(ctx, tips); err != nil {
		return w, fmt.Errorf("read history: %w", err)
	}
	for _, c := range e.chunks {
		for _, s := range c.slots {
			w.Numbers = append(w.Numbers, uint32(w.number(s)))
		}
		w.Made = append(w.Made, c.made...)
	}
	return w, nil
}

// Sweep is a pass through the objects of a store, as they lie, that read those that are commits.
type Sweep[T any] struct {
	*walk
	makers []func(OID, []byte) T // by worker
	limit  int64
	bytes  atomic.Int64
	chunks []swept[T] // in the order of the store
}

// swept is what was found in a stretch of a pack.
type swept[T any] struct {
	slots []slot
	made  []T
}

// stretch is how many objects a worker takes at once. Commits lie together in most packs, so that stretches differ much in what they cost.
const stretch = 4096

// pack reads the commits of a pack.
func (e *Sweep[T]) pack(ctx context.Context, k int) error {
	order, err := e.r.packs[k].layout()
	if err != nil {
		return err
	}
	found := make([]swept[T], (len(order)+stretch-1)/stretch)
	var next atomic.Int64
	err = crew(ctx, e.r.limits.Workers, func(ctx context.Context, id int) error {
		w := sweeper[T]{Sweep: e, id: id, memo: &kindMemo{pack: k}}
		for {
			n := int(next.Add(1)) - 1
			if n >= len(found) || ctx.Err() != nil {
				return ctx.Err()
			}
			for _, key := range order[n*stretch : min((n+1)*stretch, len(order))] {
				if err := w.object(k, keyIndex(key), keyOffset(key), &found[n]); err != nil {
					return err
				}
			}
		}
	})
	e.chunks = append(e.chunks, found...)
	return err
}

// loose reads the commits among the loose objects, by name.
func (e *Sweep[T]) loose(ctx context.Context) error {
	w := sweeper[T]{Sweep: e}
	var found swept[T]
	for i, l := range e.r.loose {
		if i%breather == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, _, err := e.r.readLoose(l, true)
		if err != nil {
			return fmt.Errorf("loose object %s: %w", l.oid, err)
		}
		s, ok := e.r.find(&l.oid)
		if kind != Commit || !ok || !e.mark(s) {
			continue
		}
		if err := w.commit(s, place{-1, int64(i)}, &found); err != nil {
			return fmt.Errorf("loose object %s: %w", l.oid, err)
		}
	}
	e.chunks = append(e.chunks, found)
	return nil
}

// connected makes sure that what commits name as their parents are commits.
func (e *Sweep[T]) connected() error {
	for _, list := range e.parents {
		for _, p := range list {
			if p&absent == 0 && e.seen[p/32]&(1<<(p%32)) == 0 {
				return fmt.Errorf("%w: %s is named as a parent and is no commit", ErrDamaged, e.r.oid(slot(p)))
			}
		}
	}
	return nil
}

func (e *Sweep[T]) history(ctx context.Context, tips []OID) (*History, error) {
	h := e.gather()
	err := guard(func() error {
		if err := e.group(h, tips); err != nil {
			return err
		}
		return h.trees(ctx, &e.lost)
	})
	h.missing = e.lost.names
	return h, err
}

// group puts what the tips reach into the first group.
func (e *Sweep[T]) group(h *History, tips []OID) error {
	for i := range h.nodes {
		h.nodes[i].group = 1
	}
	var stack []int
	take := func(s slot) {
		if i := h.number(s); h.nodes[i].group != 0 {
			h.nodes[i].group = 0
			stack = append(stack, i)
		}
	}
	z := &inflater{}
	for _, tip := range tips {
		s, ok, err := e.r.peel(z, tip, &e.lost)
		if err != nil {
			return err
		}
		if ok {
			take(s)
		}
	}
	for len(stack) > 0 {
		n := &h.nodes[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		for _, p := range h.parents[n.parents:][:n.n] {
			if p&absent == 0 {
				take(slot(p))
			}
		}
	}
	return nil
}

// sweeper is one goroutine's part of a sweep.
type sweeper[T any] struct {
	*Sweep[T]
	id   int
	z    inflater
	head commitHead
	memo *kindMemo
}

// object reads an object of a pack if it is a commit, and no other copy of one.
func (w *sweeper[T]) object(k int, i uint32, off int64, to *swept[T]) error {
	at := place{k, off}
	kind, err := w.r.kind(at, w.memo)
	if err != nil || kind != Commit {
		return err
	}
	s := slot(w.r.base[k] + i)
	o := w.r.oid(s)
	if first, ok := w.r.find(&o); !ok || first != s || !w.mark(s) {
		return nil
	}
	if err := w.commit(s, at, to); err != nil {
		return fmt.Errorf("commit %s: %w", o, err)
	}
	return nil
}

// commit reads one whole and notes it as the walk would.
func (w *sweeper[T]) commit(s slot, at place, to *swept[T]) error {
	raw, err := w.r.commit(&w.z, at)
	o := w.r.oid(s)
	if err == nil && nameOf(Commit, raw) != o {
		err = fmt.Errorf("%w: an object that does not hash to its name", ErrDamaged)
	}
	if err == nil {
		err = w.head.parse(raw, true)
	}
	if err != nil {
		return err
	}
	if w.bytes.Add(int64(len(raw))) > w.limit {
		return ErrMany
	}
	n, err := w.note(&w.head, s, w.id)
	if err != nil {
		return err
	}
	w.nodes[w.id] = append(w.nodes[w.id], n)
	to.slots, to.made = append(to.slots, s), append(to.made, w.makers[w.id](o, raw))
	return nil
}
