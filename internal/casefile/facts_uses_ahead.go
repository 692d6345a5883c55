package casefile

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"pentimento/internal/tokens"
)

// Bounds of reading ahead. What is held is useReaders stretches of aheadBlocks blocks each, beside the blocks under way.
const (
	// useReaders is how many connections read uses at once: to read one costs three times what its taker spends on it.
	useReaders = 2
	// stretchRefs is how many credentials one of them reads before it takes the next ones.
	stretchRefs = 32
	blockRead   = 256
	aheadBlocks = 8
)

// useStretch is the uses of some credentials that follow each other, as far as they are read. err counts when blocks is closed.
type useStretch struct {
	refs   []tokens.Ref
	blocks chan []tokens.Use
	err    error
}

// readAhead gives the uses of credentials in their order, while others read those that come next. It ends when its readers have.
func (c *Case) readAhead(ctx context.Context, refs []tokens.Ref, give func(*tokens.Use) error) error {
	var all []*useStretch
	for part := range slices.Chunk(refs, stretchRefs) {
		all = append(all, &useStretch{refs: part, blocks: make(chan []tokens.Use, aheadBlocks)})
	}
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	free := make(chan []tokens.Use, useReaders*aheadBlocks)
	var next atomic.Int64
	for range min(useReaders, len(all)) {
		readers.Go(func() {
			r := newUseReader(c, nil)
			// In order: whoever takes the uses waits for the first stretch that is not read, and that one is under way.
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				all[i].read(ctx, r, free)
			}
		})
	}
	for _, s := range all {
		for block := range s.blocks {
			for i := range block {
				if err := give(&block[i]); err != nil {
					return err
				}
			}
			select {
			case free <- block:
			default:
			}
		}
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

// read fills the blocks of a stretch and closes them.
func (s *useStretch) read(ctx context.Context, r *useReader, free <-chan []tokens.Use) {
	defer close(s.blocks)
	var block []tokens.Use
	send := func() error {
		select {
		case s.blocks <- block:
			block = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.give = func(u *tokens.Use) error {
		if block == nil {
			select {
			case block = <-free:
				block = block[:0]
			default:
				block = make([]tokens.Use, 0, blockRead)
			}
		}
		if block = append(block, *u); len(block) == blockRead {
			return send()
		}
		return nil
	}
	if s.err = r.ofCredentials(ctx, s.refs); s.err == nil && len(block) > 0 {
		s.err = send()
	}
}
