package gitremote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// addPack spools what receive writes, vets it, indexes it and makes it part of the store. Nothing is left behind if any of this ends
// early, but for a kill: [Collector.openStore] sweeps then.
func (s *store) addPack(ctx context.Context, c *Collector, receive func(io.Writer) error) (err error) {
	spool, err := os.CreateTemp(s.packDir(), "tmp_pack_*")
	if err != nil {
		return err
	}
	defer func() {
		spool.Close()
		os.Remove(spool.Name()) // gone already if it became a pack
	}()
	capped := &cappedWriter{w: spool, left: c.limits.pack.bytes}
	if err := receive(capped); err != nil {
		return err
	}

	// One pack at a time: the limits on packs are limits on memory, whatever the number of repositories in work.
	select {
	case c.index <- struct{}{}:
		defer func() { <-c.index }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// And the heap is not let grow to twice what is live, as it is by default: what a pack may cost is counted in live bytes.
	defer debug.SetGCPercent(debug.SetGCPercent(indexGC))
	timed, stop := context.WithTimeoutCause(ctx, c.limits.index, refused("the pack took longer than %s to index", c.limits.index))
	defer stop()
	file := &cancelledFile{File: spool, ctx: timed}
	if err = vetAndIndex(timed, file, c.limits.pack, capped.n, s); errors.Is(err, errEmptyPack) {
		return nil
	}
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		return context.Cause(timed)
	}
	return err
}

func vetAndIndex(ctx context.Context, file *cancelledFile, lim packLimits, size int64, s *store) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := vetPack(ctx, file, size, lim); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return s.install(file)
}

// install indexes a vetted pack with go-git and moves both files to their place. It does what storer.PackfileWriter does without
// copying the pack and without a moment in which a killed process leaves half an index: go-git finds packs by their .pack file, so
// that one comes last.
func (s *store) install(file *cancelledFile) error {
	writer := &idxfile.Writer{}
	parser, err := packfile.NewParser(packfile.NewScanner(file), writer)
	if err != nil {
		return err
	}
	sum, err := parser.Parse()
	if err != nil {
		return packError(err)
	}
	index, err := writer.Index()
	if err != nil {
		return packError(err)
	}
	base := filepath.Join(s.packDir(), "pack-"+sum.String())
	err = writeFile(base+".idx", func(w io.Writer) error {
		_, err := idxfile.NewEncoder(w).Encode(index)
		return err
	})
	if err != nil {
		return fmt.Errorf("index a pack: %w", err)
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Chmod(file.Name(), 0o444); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), base+".pack"); err != nil {
		return err
	}
	return s.reopen()
}

// writeFile writes through a temporary file in the same folder, so that the name never shows half a file.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "tmp_*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(0o444); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// cappedWriter refuses bytes over its cap.
type cappedWriter struct {
	w       io.Writer
	n, left int64
}

func (c *cappedWriter) Write(p []byte) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		return 0, refused("the pack is larger than the limit for it")
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// cancelledFile ends go-git's reading, which knows no context.
type cancelledFile struct {
	*os.File
	ctx context.Context
}

func (f *cancelledFile) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}
