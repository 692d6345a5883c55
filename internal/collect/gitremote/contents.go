package gitremote

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// list emits the entries of a .github/workflows tree once and gives their number. A tree that cannot be had leaves a gap; what it
// holds is unknown then.
func (w *walk) list(tree plumbing.Hash) (int, error) {
	if n, done := w.listed[tree]; done && n < 0 {
		return 0, errNoted
	} else if done {
		return n, nil
	}
	raw, err := w.st.tree(tree)
	var entries []evidence.WorkflowEntry
	var odd int
	if err == nil {
		entries, odd, err = workflowFiles(tree, raw)
	}
	if err == nil && w.entries+len(entries) > maxEntries {
		err = refused("the repository has more than %d workflow entries", maxEntries)
	}
	if err != nil {
		w.listed[tree] = -1
		return 0, w.unknown(tree, err)
	}
	w.listed[tree] = len(entries)
	if odd > 0 {
		w.numbered(evidence.Gap{Repository: w.repo, Unit: w.unit, Kind: evidence.GapUnreadable, Subject: tree.String(),
			Detail: fmt.Sprintf("%d entries of the workflow folder were passed over: repeated names, names with a slash, or more than %d", odd, maxFolder)})
	}
	for _, e := range entries {
		w.files[hashOf(e.Blob)] = struct{}{}
	}
	w.entries += len(entries)
	w.bytes += 128 * len(entries)
	w.obs.Entries = append(w.obs.Entries, entries...)
	return len(entries), nil
}

// contents fetches the workflow files that the store lacks, where there is a remote, and emits all texts, and what was added to READMEs.
func (w *walk) contents(ctx context.Context, rem *remote) error {
	if err := w.workflowTexts(ctx, rem); err != nil {
		return err
	}
	return w.readmeChanges(ctx, rem)
}

func (w *walk) workflowTexts(ctx context.Context, rem *remote) error {
	oids := make([]plumbing.Hash, 0, len(w.files))
	for h := range w.files {
		oids = append(oids, h)
	}
	slices.SortFunc(oids, compareHashes)
	if len(oids) > maxBlobs {
		w.gap(evidence.Gap{Repository: w.repo, Unit: w.unit, Kind: evidence.GapRefused, Subject: "contents of workflow files",
			Detail: fmt.Sprintf("%d distinct workflow files; %d were read", len(oids), maxBlobs)})
		oids = oids[:maxBlobs]
	}
	if rem != nil {
		lacking := slices.DeleteFunc(slices.Clone(oids), w.st.has)
		if err := rem.fetchBlobs(ctx, w.st, lacking, w); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(oids, textsAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.texts(part, w.st.texts(part, maxBlob)); err != nil {
			return err
		}
	}
	return nil
}

// textsAtOnce is how many workflow files are read before they are handed on: at most some dozen megabytes, mostly some hundred kilobytes.
const textsAtOnce = 64

// text is a workflow file as read.
type text struct {
	raw []byte
	err error
}

// texts reads some files of at most so many bytes on all processors: each is at the end of a chain of deltas.
func (s *store) texts(oids []plumbing.Hash, limit int64) []text {
	out := make([]text, len(oids))
	var next atomic.Int32
	var all sync.WaitGroup
	for range min(len(oids), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(oids); i = next.Add(1) - 1 {
				typ, raw, err := s.read(oids[i], limit)
				if err == nil && typ != plumbing.BlobObject {
					err = malformed("a %s where a file should be", typ)
				}
				out[i] = text{raw, err}
			}
		})
	}
	all.Wait()
	return out
}

// texts emits files that were read.
func (w *walk) texts(oids []plumbing.Hash, read []text) error {
	for i, h := range oids {
		raw, err := read[i].raw, read[i].err
		if errors.Is(err, errNoObject) {
			w.missing(h, "the text of a workflow file, and it was not had")
			continue
		}
		if err != nil {
			if err := w.fail(err, h.String()); err != nil {
				return err
			}
			continue
		}
		w.obs.Blobs = append(w.obs.Blobs, evidence.Blob{OID: oidOf(h), Text: raw})
		if w.bytes += len(raw); w.bytes >= chunkBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
