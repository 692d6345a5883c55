package casefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"pentimento/internal/evidence"
)

// prepared is what of an observation costs time and no right to write: it is made before the transaction begins.
type prepared struct {
	via    string
	blocks []block
	texts  []stored // of obs.Blobs; without digest where the case has the text
}

// prepare packs the commits and texts of an observation on all processors. A block that the case has already is not packed again.
func (c *Case) prepare(ctx context.Context, obs evidence.Observation) (prepared, error) {
	p := prepared{texts: make([]stored, len(obs.Blobs))}
	if len(obs.Bulks) > 0 {
		p.via = obs.Bulks[0].Via
	}
	cut := cutBlocks(obs.Bulks)
	p.blocks = make([]block, len(cut))
	err := onEach(len(cut), func() func(int) error {
		var e encoder
		return func(i int) (err error) {
			p.blocks[i], err = c.pack(ctx, e.encode(obs.Bulks, cut[i]))
			return err
		}
	})
	if err == nil {
		err = onEach(len(obs.Blobs), func() func(int) error {
			return func(i int) (err error) {
				p.texts[i], err = c.packText(ctx, obs.Blobs[i])
				return err
			}
		})
	}
	return p, err
}

// pack compresses the detail of a block that the case does not have.
func (c *Case) pack(ctx context.Context, b block) (block, error) {
	var have int
	switch err := c.db.QueryRowContext(ctx, "SELECT 1 FROM commit_block WHERE id = ?", b.id).Scan(&have); {
	case err == nil:
		b.graph, b.detail = nil, nil
	case errors.Is(err, sql.ErrNoRows):
		b.detail = c.codec.fast.EncodeAll(b.detail, nil)
	default:
		return block{}, err
	}
	return b, nil
}

// packText redacts and compresses a workflow text that the case does not have.
func (c *Case) packText(ctx context.Context, b evidence.Blob) (stored, error) {
	var have int
	switch err := c.db.QueryRowContext(ctx, "SELECT 1 FROM workflow_blob WHERE oid = ?", string(b.OID)).Scan(&have); {
	case err == nil:
		return stored{}, nil
	case errors.Is(err, sql.ErrNoRows):
		return c.codec.packWorkflow(b.Text), nil
	default:
		return stored{}, err
	}
}

// onEach calls what worker makes for 0 to n-1, on as many goroutines as there are processors, and gives the first error.
func onEach(n int, worker func() func(int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		work := worker()
		for i := range n {
			if err := work(i); err != nil {
				return err
			}
		}
		return nil
	}
	next, failed := make(chan int), make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			work := worker()
			for i := range next {
				if failed[w] == nil {
					failed[w] = work(i)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return errors.Join(failed...)
}

// bulk writes the blocks of an observation.
func (a *appender) bulk(obs evidence.Observation) error {
	for _, b := range a.prepared.blocks {
		if b.graph != nil {
			err := a.exec("INSERT OR IGNORE INTO commit_block (id, commits, graph, detail) VALUES (?, ?, ?, ?)", b.id, b.commits, b.graph, b.detail)
			if err != nil {
				return fmt.Errorf("block of commits: %w", err)
			}
		}
		err := a.exec("INSERT OR IGNORE INTO commit_block_seen (repository, block, via, source) VALUES (?, ?, ?, ?)", a.repository, b.id, a.prepared.via, a.source)
		if err != nil {
			return fmt.Errorf("block of commits: %w", err)
		}
	}
	return nil
}
