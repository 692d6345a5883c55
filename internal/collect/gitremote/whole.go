package gitremote

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/collect/gitpack"
	"pentimento/internal/evidence"
)

// kept is one commit of a store that is read at once: a row of a worker's bulk, or why there is none.
type kept struct {
	bulk *evidence.Bulk
	row  int32
	odd  *oddity
}

// oddity is what hardly any commit has.
type oddity struct {
	err  error
	cuts []string
}

// compared is what a root tree differs in from another one.
type compared struct {
	before  plumbing.Hash
	changes []string
	unread  error // of the later of the two
}

// ahead is the pass over a store's packs while others still look at its refs.
type ahead struct {
	swept *gitpack.Sweep[kept]
	bulks []*evidence.Bulk
	err   error
	done  chan struct{}
}

// begin starts the pass over the packs of a store that the fast way reads. stop ends it; nothing may close the store before.
func (w *walk) begin(ctx context.Context) (stop func()) {
	if w.st.packs == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{done: make(chan struct{})}
	w.ahead = a
	go func() {
		defer close(a.done)
		a.swept, a.err = gitpack.NewSweep(ctx, w.st.packs, bulkBytes, w.keeper)
	}()
	return func() {
		cancel()
		<-a.done
	}
}

// atOnce emits what the tips reach and then all other commits of the store, as named by source, by one pass over its packs. done is false where the
// store is one for another way; then nothing was emitted.
func (w *walk) atOnce(ctx context.Context, tips []plumbing.Hash, source string) (done bool, err error) {
	oids := make([]gitpack.OID, len(tips))
	for i, h := range tips {
		oids[i] = gitpack.OID(h)
	}
	<-w.ahead.done
	if errors.Is(w.ahead.err, gitpack.ErrMany) {
		return false, nil
	}
	var all gitpack.Whole[kept]
	if err = w.ahead.err; err == nil {
		all, err = w.ahead.swept.From(ctx, oids)
	}
	if err != nil {
		return false, unlessSlower(err)
	}
	if len(all.Made) > bulkCommits {
		return false, nil
	}
	f := fastWalk{walk: w, h: all.History, groups: []group{{}, {namedBy: []string{source}}}}
	differ, err := f.differences(ctx, all)
	if err != nil {
		return false, err
	}
	w.absent(f.h, f.groups)
	return true, f.tell(ctx, all, differ)
}

// keeper makes what reads commits into a bulk of its own.
func (w *walk) keeper() func(gitpack.OID, []byte) kept {
	bulk := &evidence.Bulk{Via: w.via}
	w.ahead.bulks = append(w.ahead.bulks, bulk)
	var parents []evidence.Hash
	return func(o gitpack.OID, raw []byte) kept {
		c := evidence.BulkCommit{Parents: parents[:0]}
		cuts, err := readCommit(raw, &c)
		parents = c.Parents
		k := kept{bulk: bulk, row: int32(bulk.Len())}
		if err != nil || len(cuts) > 0 {
			k.odd = &oddity{err, cuts}
		}
		if err == nil {
			c.OID = evidence.Hash(o)
			bulk.Add(c)
		}
		return k
	}
}

// differences compares the root trees of commits with those of their parents where that is told, on all processors; nil for all others. Commits without
// anything to tell one after the other, nearly all, are settled here and lose their bulk.
func (f *fastWalk) differences(ctx context.Context, all gitpack.Whole[kept]) ([]*compared, error) {
	out := make([]*compared, len(all.Made))
	var next atomic.Int64
	var crew sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		crew.Go(func() {
			roots := newTrees(f.st)
			for {
				from := int(next.Add(comparedAtOnce)) - comparedAtOnce
				if from >= len(out) || ctx.Err() != nil {
					return
				}
				for k := from; k < min(from+comparedAtOnce, len(out)); k++ {
					i, made := int(all.Numbers[k]), &all.Made[k]
					if made.odd != nil && made.odd.err != nil {
						continue
					}
					r := f.read(i, made)
					if before, ok := f.compared(i, &r); ok {
						c := &compared{before: before}
						c.changes, c.unread = roots.changed(before, plumbing.Hash(f.h.Tree(i)))
						out[k] = c
					} else if made.odd == nil && f.h.Group(i) == 0 && r.folder.IsZero() {
						made.bulk.Settle(int(made.row), r.commit.Known, evidence.Hash{}, nil)
						made.bulk = nil // there is no more to tell of it
					}
				}
			}
		})
	}
	crew.Wait()
	return out, ctx.Err()
}

// comparedAtOnce is how many commits that lie near each other one worker compares: their trees are mostly deltas of one another.
const comparedAtOnce = 512

// read is a commit as [fastWalk.reader] gives it, but for what its root tree differs in.
func (f *fastWalk) read(i int, k *kept) (r readAhead) {
	r.commit = k.bulk.At(int(k.row))
	r.folder, r.commit.Known = f.h.Workflows(i)
	return r
}

// tell emits the facts of all commits in the order of the packs: those that no tip reaches one by one, the others in bulk.
func (f *fastWalk) tell(ctx context.Context, all gitpack.Whole[kept], differ []*compared) error {
	single := map[*evidence.Bulk]map[int]bool{}
	for k := range all.Made {
		if k%comparedAtOnce == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		made := &all.Made[k]
		if made.bulk == nil {
			continue
		}
		named, err := f.settle(int(all.Numbers[k]), made, differ[k])
		if err != nil {
			return err
		}
		if named {
			if single[made.bulk] == nil {
				single[made.bulk] = map[int]bool{}
			}
			single[made.bulk][int(made.row)] = true
		}
	}
	for _, b := range f.ahead.bulks {
		if rows := single[b]; rows != nil {
			b.Keep(func(row int) bool { return !rows[row] })
		}
		if b.Len() > 0 {
			f.obs.Bulks = append(f.obs.Bulks, b)
		}
	}
	if len(f.obs.Bulks) == 0 {
		return nil
	}
	return f.flush()
}

// settle tells what a commit holds. named reports that it was told by itself, and is to be told no more.
func (f *fastWalk) settle(i int, made *kept, differs *compared) (named bool, err error) {
	if made.odd != nil {
		oid := plumbing.Hash(f.h.OID(i))
		if made.odd.err != nil {
			return false, f.fail(made.odd.err, oid.String())
		}
		f.cuts(oidOf(oid), made.odd.cuts)
	}
	r := f.read(i, made)
	if differs != nil {
		r.before, r.changes, r.unread = differs.before, differs.changes, differs.unread
	}
	f.one = r.commit
	if err := f.hold(i, &r); err != nil {
		return false, err
	}
	if by := f.groups[f.h.Group(i)].namedBy; len(by) > 0 {
		f.one.Parents = slices.Clone(f.one.Parents)
		return true, f.named(by)
	}
	made.bulk.Settle(int(made.row), f.one.Known, f.one.Workflows, f.one.RootChanges)
	return false, nil
}
