package gitremote

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"pentimento/internal/evidence"
)

// vetted is what the vetting pass remembers of each object: 16 bytes.
type vetted struct {
	offset int64
	chain  int64 // inflated bytes of the object and of its delta bases
}

// errEmptyPack is a pack without objects: everything was there.
var errEmptyPack = errors.New("empty pack")

// vetPack scans a received pack before go-git indexes it, which trusts what a pack says of itself: the header's count is allocated at
// once, every object and all bases of its delta chain are held in memory. The scan itself holds 16 bytes per object. Deltas on bases
// named by hash are refused: we ask for ofs-delta, and only offsets let a chain be measured.
// file is read from its start to its end; size is its length.
func vetPack(ctx context.Context, file io.ReadSeeker, size int64, lim packLimits) error {
	s := packfile.NewScanner(file)
	_, count, err := s.Header()
	switch {
	case err != nil:
		return packError(err)
	case count > lim.objects:
		return refused("the pack says it holds %d objects; the limit is %d", count, lim.objects)
	}
	seen := make([]vetted, 0, min(count, 1<<12))
	var total int64
	for i := range count {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		v, inflated, err := vetObject(s, seen, lim)
		if err != nil {
			return err
		}
		seen = append(seen, v)
		if total += inflated; total > lim.total {
			return refused("the pack inflates to more than %s", sizeText(lim.total))
		}
	}
	if _, err := s.Checksum(); err != nil {
		return packError(err)
	}
	if end, err := s.SeekFromStart(0); err != nil {
		return err
	} else if end != size {
		return malformed("the pack goes on after its end")
	}
	if count == 0 {
		return errEmptyPack
	}
	return nil
}

// vetObject reads one object and gives its own inflated size, or the larger one that its delta makes.
func vetObject(s *packfile.Scanner, seen []vetted, lim packLimits) (vetted, int64, error) {
	h, err := s.NextObjectHeader()
	if err != nil {
		return vetted{}, 0, packError(err)
	}
	inflated, chain := h.Length, int64(0)
	switch h.Type {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		at, ok := slices.BinarySearchFunc(seen, h.OffsetReference, func(v vetted, o int64) int { return int(v.offset - o) })
		if !ok {
			return vetted{}, 0, malformed("a delta in the pack has no base")
		}
		chain = seen[at].chain
	case plumbing.REFDeltaObject:
		return vetted{}, 0, refused("the pack names delta bases by hash")
	default:
		return vetted{}, 0, malformed("an object of type %d", h.Type)
	}
	if h.Length > lim.object {
		return vetted{}, 0, refused("the pack holds an object of %s; the limit is %s", sizeText(h.Length), sizeText(lim.object))
	}
	var start head
	n, _, err := s.NextObject(&start)
	if err != nil {
		return vetted{}, 0, packError(err)
	}
	if n != h.Length {
		return vetted{}, 0, malformed("an object of the pack is shorter than it says")
	}
	if h.Type == plumbing.OFSDeltaObject {
		target, ok := start.deltaTarget()
		if !ok || target > lim.object {
			return vetted{}, 0, refused("a delta of the pack makes an object larger than %s", sizeText(lim.object))
		}
		inflated = max(inflated, target)
	}
	if chain += inflated; chain > lim.chain {
		return vetted{}, 0, refused("a delta chain of the pack needs more than %s", sizeText(lim.chain))
	}
	return vetted{offset: h.Offset, chain: chain}, inflated, nil
}

// head keeps the first bytes written: enough for the two sizes that a delta begins with.
type head struct {
	b [2 * binary.MaxVarintLen64]byte
	n int
}

func (h *head) Write(p []byte) (int, error) {
	h.n += copy(h.b[h.n:], p)
	return len(p), nil
}

// deltaTarget reads the second size: https://git-scm.com/docs/pack-format#_deltified_representation
func (h *head) deltaTarget() (int64, bool) {
	_, n := binary.Uvarint(h.b[:h.n])
	if n <= 0 {
		return 0, false
	}
	target, m := binary.Uvarint(h.b[n:h.n])
	if m <= 0 || target > 1<<62 {
		return 0, false
	}
	return int64(target), true
}

// packError words what go-git found wrong with a pack; a cancelled context and our own failures pass through.
func packError(err error) error {
	var f *failure
	switch {
	case errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return malformed("the pack is cut off")
	}
	return malformed("the pack is broken: %s", evidence.Printable(err.Error()))
}
