package gitpack

import (
	"fmt"
	"math/bits"
)

const (
	tableBits = 9 // 512 entries fill a kilobyte; longer codes are rare and take the slow way
	shortBits = 7 // the longest code of a code length (RFC 1951, 3.2.7)
	longest   = 15
)

// huffman decodes one canonical code. An entry is symbol<<4 | length; zero stands for a longer code or for none.
type huffman struct {
	table  [1 << tableBits]uint16
	first  [longest + 1]uint16 // the first code of each length
	count  [longest + 1]uint16
	start  [longest + 1]uint16 // where the symbols of each length begin in sorted
	sorted [288]uint16         // symbols by code
}

// build makes the tables. Writing each symbol once and doubling the table for each length is what keeps it cheap.
func (h *huffman) build(lens []uint8) error {
	h.count = [longest + 1]uint16{}
	for _, l := range lens {
		h.count[l]++
	}
	h.count[0] = 0
	if err := complete(&h.count); err != nil {
		return err
	}
	var next [longest + 1]uint16
	code, at := uint16(0), uint16(0)
	for l := 1; l <= longest; l++ {
		code <<= 1
		h.first[l], h.start[l], next[l] = code, at, at
		code += h.count[l]
		at += h.count[l]
	}
	for sym, l := range lens {
		if l > 0 {
			h.sorted[next[l]] = uint16(sym)
			next[l]++
		}
	}
	h.table[0] = 0
	size := 1
	for l := 1; l <= tableBits; l++ {
		copy(h.table[size:2*size], h.table[:size])
		size *= 2
		code := h.first[l]
		for _, sym := range h.sorted[h.start[l] : h.start[l]+h.count[l]] {
			h.table[reversed(code, l)] = sym<<4 | uint16(l)
			code++
		}
	}
	return nil
}

// long finds a code that is longer than the table's; zero for none.
func (h *huffman) long(stream uint64) uint16 {
	code := bits.Reverse16(uint16(stream)) >> (16 - longest)
	for l := tableBits + 1; l <= longest; l++ {
		at := code>>(longest-l) - h.first[l]
		if code>>(longest-l) >= h.first[l] && at < h.count[l] {
			return h.sorted[h.start[l]+at]<<4 | uint16(l)
		}
	}
	return 0
}

// shortHuffman is the code of the code lengths, of at most 19 symbols and seven bits.
type shortHuffman [1 << shortBits]uint16

func (h *shortHuffman) build(lens []uint8) error {
	var count [longest + 1]uint16
	for _, l := range lens {
		count[l]++
	}
	count[0] = 0
	if err := complete(&count); err != nil {
		return err
	}
	code := uint16(0)
	for l := 1; l <= shortBits; l++ {
		code <<= 1
		for sym, k := range lens {
			if int(k) != l {
				continue
			}
			for at := int(reversed(code, l)); at < len(h); at += 1 << l {
				h[at] = uint16(sym)<<4 | uint16(l)
			}
			code++
		}
	}
	return nil
}

// complete refuses codes that claim more than all bit patterns, or leave some unclaimed. A single code of one bit may stand alone, and so
// may none at all (a block without matches has no distances); zlib takes just these too.
func complete(count *[longest + 1]uint16) error {
	left, total := 1, 0
	for _, n := range count[1:] {
		left = left<<1 - int(n)
		if left < 0 {
			return fmt.Errorf("%w: a code with more leaves than it has room for", ErrDamaged)
		}
		total += int(n)
	}
	if left > 0 && total > 0 && (total != 1 || count[1] != 1) {
		return fmt.Errorf("%w: a code with gaps", ErrDamaged)
	}
	return nil
}

// The fixed codes of RFC 1951, 3.2.6.
var fixedLit, fixedDist = fixedCodes()

func fixedCodes() (lit, dist huffman) {
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144, i >= 280:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		default:
			lens[i] = 7
		}
	}
	var far [32]uint8
	for i := range far {
		far[i] = 5
	}
	if err := lit.build(lens[:]); err != nil {
		panic(err) // constants of a standard
	}
	if err := dist.build(far[:]); err != nil {
		panic(err)
	}
	return lit, dist
}

// reversed turns the k low bits of a code around: Huffman codes stand in the stream with their first bit lowest.
func reversed(code uint16, k int) uint16 { return bits.Reverse16(code) >> (16 - k) }
