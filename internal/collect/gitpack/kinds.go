package gitpack

import (
	"context"
	"fmt"
	"slices"
)

// AllCommits names every commit object of the store, reachable or not, in the order of their names. It reads the head of every object of
// every pack, by which it is slower than a History, and trusts them: a commit that is broken further on is named too.
func (r *Reader) AllCommits(ctx context.Context) ([]OID, error) {
	var out []OID
	err := guard(func() error {
		for k := range r.packs {
			found, err := r.packCommits(ctx, k)
			if err != nil {
				return fmt.Errorf("pack %.80s: %w", r.packs[k].name, err)
			}
			out = append(out, found...)
		}
		for i, l := range r.loose {
			if i%breather == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			kind, _, err := r.readLoose(l, true)
			if err != nil {
				return fmt.Errorf("loose object %s: %w", l.oid, err)
			}
			if kind == Commit {
				out = append(out, l.oid)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list commits: %w", err)
	}
	slices.SortFunc(out, compareOIDs)
	return slices.Compact(out), nil
}

// packCommits reads the heads in the order in which they lie: a delta's base was then mostly read just before.
func (r *Reader) packCommits(ctx context.Context, k int) ([]OID, error) {
	p := r.packs[k]
	order, err := p.layout()
	if err != nil {
		return nil, err
	}
	parts := make([][]OID, r.limits.Workers)
	err = crew(ctx, r.limits.Workers, func(ctx context.Context, id int) error {
		from, to := id*len(order)/len(parts), (id+1)*len(order)/len(parts)
		memo := &kindMemo{pack: k}
		for i, key := range order[from:to] {
			if i%(16*breather) == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			kind, err := r.kind(place{k, keyOffset(key)}, memo)
			if err != nil {
				return err
			}
			if kind == Commit {
				parts[id] = append(parts[id], p.oid(keyIndex(key)))
			}
		}
		return nil
	})
	return slices.Concat(parts...), err
}

// layout gives the keys of all objects of a pack in the order in which they lie.
func (p *pack) layout() ([]uint64, error) {
	order := make([]uint64, p.count())
	for i := range order {
		off, err := p.offset(uint32(i))
		if err != nil {
			return nil, err
		}
		if order[i], err = sortKey(off, uint32(i)); err != nil {
			return nil, err
		}
	}
	sortKeys(order)
	return order, nil
}

// Kind says of what kind an object is, by the heads of it and of what it is a delta of: it does not read it. The error is as of [Reader.Read].
func (r *Reader) Kind(o OID) (kind Kind, err error) {
	err = guard(func() error {
		s, ok := r.find(&o)
		if !ok {
			return ErrNotFound
		}
		at, err := r.place(s)
		if err == nil {
			kind, err = r.kind(at, nil)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("kind of object %s: %w", o, err)
	}
	return kind, nil
}

// kind follows deltas to say what an object is, up to one that the memo knows.
func (r *Reader) kind(at place, memo *kindMemo) (Kind, error) {
	first := at
	for depth := range maxDepth + 1 {
		if at.pack < 0 {
			kind, _, err := r.readLoose(r.loose[at.at], true)
			return kind, err
		}
		if kind, below := memo.get(at); kind != 0 {
			if depth += below; depth > maxDepth {
				break
			}
			memo.put(first, kind, depth)
			return kind, nil
		}
		e, err := r.packs[at.pack].entry(at.at)
		if err != nil {
			return 0, err
		}
		if e.kind != offsetDelta && e.kind != refDelta {
			memo.put(first, e.kind, depth)
			return e.kind, nil
		}
		if at, err = r.baseOf(at, e); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: a delta chain of more than %d", ErrDamaged, maxDepth)
}

// kindMemo remembers the kinds of some objects of one pack, and how many deltas lie between each and what is none: chains share most of
// their way. A newer object takes the place of an older one, so that it needs no more room for a larger pack. A nil memo knows nothing.
type kindMemo struct {
	pack  int
	known [1 << 14]uint64 // offset, depth and kind in bits 19, 3 and 0; offsets are below maxOffset
}

const depthBits = 16 // hold maxDepth

func memoPlace(off int64) int { return int(uint64(off) * 0x9e3779b97f4a7c15 >> 50) } // of Fibonacci hashing: the upper 14 bits

func (m *kindMemo) get(at place) (Kind, int) {
	if m == nil || at.pack != m.pack {
		return 0, 0
	}
	v := m.known[memoPlace(at.at)]
	if v>>(depthBits+3) != uint64(at.at) {
		return 0, 0
	}
	return Kind(v & 7), int(v >> 3 & (1<<depthBits - 1))
}

func (m *kindMemo) put(at place, kind Kind, depth int) {
	if m != nil && at.pack == m.pack {
		m.known[memoPlace(at.at)] = uint64(at.at)<<(depthBits+3) | uint64(depth)<<3 | uint64(kind)
	}
}

// A key sorts things by their offset in a pack and carries a number of 28 bits.
const (
	keyBits   = 28
	maxOffset = 1 << (64 - keyBits)
)

func sortKey(off int64, i uint32) (uint64, error) {
	if off >= maxOffset || i >= 1<<keyBits {
		return 0, fmt.Errorf("%w: a pack of more than %d bytes or %d objects", ErrUnsupported, int64(maxOffset), 1<<keyBits)
	}
	return uint64(off)<<keyBits | uint64(i), nil
}

func keyOffset(key uint64) int64 { return int64(key >> keyBits) }

func keyIndex(key uint64) uint32 { return uint32(key & (1<<keyBits - 1)) }

// digit is how many bits of an offset one turn of sortKeys sorts by.
const digit = 12

// sortKeys sorts by offset; keys of one offset stay in the order in which they come. The turns go from the lowest digit to the highest.
func sortKeys(keys []uint64) {
	var all uint64
	for _, k := range keys {
		all |= k
	}
	from, to := keys, make([]uint64, len(keys))
	turns := 0
	for shift := keyBits; shift < 64 && all>>shift != 0; shift += digit {
		var place [1<<digit + 1]int
		for _, k := range from {
			place[k>>shift&(1<<digit-1)+1]++
		}
		for i := range 1 << digit {
			place[i+1] += place[i]
		}
		for _, k := range from {
			at := &place[k>>shift&(1<<digit-1)]
			to[*at] = k
			*at++
		}
		from, to = to, from
		turns++
	}
	if turns%2 == 1 {
		copy(keys, from)
	}
}
