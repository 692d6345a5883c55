package gitpack

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Raw hands out every commit of the history as [Each] does, as it is.
func (h *History) Raw(ctx context.Context, f func(i int, raw []byte) error) error {
	asIs := func() func(int, []byte) []byte { return func(_ int, raw []byte) []byte { return raw } }
	return Each(ctx, h, asIs, f)
}

// Each hands out every commit of the history, whole, checked against its name, and turned into a T by what worker makes; each goroutine makes
// its own. The bytes that it gets are the commit's, and valid until f returns. Packed commits come to f in the order in which they lie,
// pack by pack, then loose ones by name: the same for the same store. f is called by one goroutine at a time, the caller's, while others read
// ahead of it by a few megabytes. An error of f ends it.
func Each[T any](ctx context.Context, h *History, worker func() func(i int, raw []byte) T, f func(i int, made T) error) error {
	order, err := h.layout()
	if err != nil {
		return fmt.Errorf("read commits: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	slots := make(chan *batch[T], 2*h.r.limits.Workers) // in order of delivery: it bounds how far ahead they are
	todo := make(chan *batch[T], cap(slots))
	all.Go(func() {
		defer close(slots)
		defer close(todo)
		for part := range slices.Chunk(order, batchCommits) {
			b := &batch[T]{commits: part, done: make(chan struct{})}
			select {
			case slots <- b:
				todo <- b
			case <-ctx.Done():
				return
			}
		}
	})
	for range h.r.limits.Workers {
		all.Go(func() {
			z, turn := &inflater{}, worker()
			for b := range todo {
				b.err = guard(func() error { return b.fill(ctx, h, z, turn) })
				close(b.done)
			}
		})
	}
	for b := range slots {
		<-b.done
		if b.err != nil {
			return fmt.Errorf("read commits: %w", b.err)
		}
		for k, i := range b.commits {
			if err := f(int(i), b.made[k]); err != nil {
				return err
			}
		}
		b.made = nil
	}
	return ctx.Err()
}

// batchCommits is how many commits a worker reads at once: half a megabyte.
const batchCommits = 512

// batch is some commits that lie near each other.
type batch[T any] struct {
	commits []uint32
	made    []T
	err     error
	done    chan struct{}
}

func (b *batch[T]) fill(ctx context.Context, h *History, z *inflater, turn func(int, []byte) T) error {
	ends := append(make([]int, 0, len(b.commits)+1), 0)
	text := make([]byte, 0, 1024*len(b.commits))
	for _, i := range b.commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := h.nodes[i].at
		at, err := h.r.place(s)
		if err != nil {
			return err
		}
		raw, err := h.r.commit(z, at)
		oid := h.r.oid(s)
		if err == nil && nameOf(Commit, raw) != oid {
			err = fmt.Errorf("%w: an object that does not hash to its name", ErrDamaged)
		}
		if err != nil {
			return fmt.Errorf("commit %s: %w", oid, err)
		}
		text = append(text, raw...)
		ends = append(ends, len(text))
	}
	b.made = make([]T, len(b.commits))
	for k, i := range b.commits {
		b.made[k] = turn(int(i), text[ends[k]:ends[k+1]:ends[k+1]])
	}
	return nil
}

// commit gives a commit whole; the bytes may be the inflater's.
func (r *Reader) commit(z *inflater, at place) ([]byte, error) {
	if at.pack >= 0 {
		e, err := r.packs[at.pack].entry(at.at)
		if err != nil {
			return nil, err
		}
		if e.kind == Commit && e.size <= r.limits.Object {
			if err := z.start(e.body, int(e.size)); err != nil {
				return nil, err
			}
			err := z.whole()
			return z.out, err
		}
	}
	_, raw, err := r.object(z, at, r.limits.Object)
	return raw, err
}

// layout gives the commits' numbers in the order in which they lie.
func (h *History) layout() ([]uint32, error) {
	keys := make([][]uint64, len(h.r.packs))
	var loose []uint32
	err := guard(func() error {
		for i := range h.nodes {
			at, err := h.r.place(h.nodes[i].at)
			if err != nil {
				return err
			}
			if at.pack < 0 {
				loose = append(loose, uint32(i)) // slots of loose objects go by name already
				continue
			}
			key, err := sortKey(at.at, uint32(i))
			if err != nil {
				return err
			}
			keys[at.pack] = append(keys[at.pack], key)
		}
		return nil
	})
	out := make([]uint32, 0, len(h.nodes))
	for _, part := range keys {
		sortKeys(part)
		for _, key := range part {
			out = append(out, keyIndex(key))
		}
	}
	return append(out, loose...), err
}
