package gharchive

import (
	"fmt"
	"math/bits"
)

// An entry of a table packs a symbol and the length of its code: bits 0 to 3 the length of the code, 4 to 7 how many extra bits follow, 8 to
// 23 the literal or the base of a length or distance, then what it is. Zero stands for a longer code or for none.
const (
	isLiteral   = 1 << 31
	endOfBlock  = 1 << 30
	meaningless = 1 << 29 // a code that RFC 1951 leaves without a meaning

	tableBits = 11 // 2,048 entries fill 8 KiB; longer codes are rare and take the slow way
	maxCode   = 15
)

// litEntries and distEntries are the symbols of RFC 1951, 3.2.5, without the lengths of their codes.
var litEntries, distEntries = symbols()

func symbols() (lit [maxLit]uint32, dist [maxDist]uint32) {
	for i := range 256 {
		lit[i] = isLiteral | uint32(i)<<8
	}
	lit[256] = endOfBlock
	base := uint32(3)
	for i := range uint32(28) {
		extra := uint32(0)
		if i >= 8 {
			extra = i/4 - 1
		}
		lit[257+i] = base<<8 | extra<<4
		base += 1 << extra
	}
	lit[285] = longest << 8
	lit[286], lit[287] = meaningless, meaningless
	base = 1
	for i := range uint32(30) {
		extra := uint32(0)
		if i >= 4 {
			extra = i/2 - 1
		}
		dist[i] = base<<8 | extra<<4
		base += 1 << extra
	}
	dist[30], dist[31] = meaningless, meaningless
	return lit, dist
}

// codes decodes one canonical Huffman code.
type codes struct {
	table  [1 << tableBits]uint32
	first  [maxCode + 1]uint16 // the first code of each length
	count  [maxCode + 1]uint16
	start  [maxCode + 1]uint16 // where the symbols of each length begin in sorted
	sorted [maxLit]uint32      // entries by code
}

// build makes the tables from the lengths of the codes.
func (c *codes) build(lens []uint8, entries []uint32) error {
	c.count = [maxCode + 1]uint16{}
	for _, l := range lens {
		c.count[l]++
	}
	c.count[0] = 0
	if err := complete(&c.count); err != nil {
		return err
	}
	var next [maxCode + 1]uint16
	code, at := uint16(0), uint16(0)
	for l := 1; l <= maxCode; l++ {
		code <<= 1
		c.first[l], c.start[l], next[l] = code, at, code
		code += c.count[l]
		at += c.count[l]
	}
	clear(c.table[:])
	for sym, l := range lens {
		if l == 0 {
			continue
		}
		e := entries[sym] | uint32(l)
		c.sorted[c.start[l]+next[l]-c.first[l]] = e
		if l <= tableBits {
			for at := int(bits.Reverse16(next[l]) >> (16 - l)); at < len(c.table); at += 1 << l {
				c.table[at] = e
			}
		}
		next[l]++
	}
	return nil
}

// long finds a code that is longer than the table's; zero for none.
func (c *codes) long(reg uint64) uint32 {
	code := bits.Reverse16(uint16(reg)) >> (16 - maxCode)
	for l := tableBits + 1; l <= maxCode; l++ {
		at := code >> (maxCode - l)
		if at >= c.first[l] && at-c.first[l] < c.count[l] {
			return c.sorted[c.start[l]+at-c.first[l]]
		}
	}
	return 0
}

// complete refuses codes that claim more than all bit patterns, or leave some unclaimed. A single code of one bit may stand alone, and so
// may none at all: a block without matches has no distances. zlib takes just these too.
func complete(count *[maxCode + 1]uint16) error {
	left, total := 1, 0
	for _, n := range count[1:] {
		if left = left<<1 - int(n); left < 0 {
			return fmt.Errorf("%w: more codes than there are bit patterns", errCorrupt)
		}
		total += int(n)
	}
	if left > 0 && total > 0 && (total != 1 || count[1] != 1) {
		return fmt.Errorf("%w: a code with gaps", errCorrupt)
	}
	return nil
}

// The fixed codes of RFC 1951, 3.2.6.
var fixedLit, fixedDist = fixedCodes()

func fixedCodes() (lit, dist codes) {
	var lens [maxLit]uint8
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
	var far [maxDist]uint8
	for i := range far {
		far[i] = 5
	}
	if err := lit.build(lens[:], litEntries[:]); err != nil {
		panic(err) // constants of a standard
	}
	if err := dist.build(far[:], distEntries[:]); err != nil {
		panic(err)
	}
	return lit, dist
}

// tables reads the codes of a dynamic block (RFC 1951, 3.2.7).
func (z *inflater) tables() error {
	v, err := z.take(14)
	if err != nil {
		return err
	}
	nlit, ndist, ncode := int(v&31)+257, int(v>>5&31)+1, int(v>>10)+4
	if nlit > 286 || ndist > 30 {
		return fmt.Errorf("%w: too many codes", errCorrupt)
	}
	var short [19]uint8
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	for _, at := range order[:ncode] {
		if v, err = z.take(3); err != nil {
			return err
		}
		short[at] = uint8(v)
	}
	lens := z.lens[:nlit+ndist]
	if err := z.lengths(short, lens); err != nil {
		return err
	}
	if lens[256] == 0 {
		return fmt.Errorf("%w: a block without an end", errCorrupt)
	}
	if err := z.ownLit.build(lens[:nlit], litEntries[:]); err != nil {
		return err
	}
	return z.ownDist.build(lens[nlit:], distEntries[:])
}

// lengths reads the lengths of codes, which are coded themselves, by codes of at most seven bits.
func (z *inflater) lengths(short [19]uint8, lens []uint8) error {
	var entries [19]uint32
	for i := range entries {
		entries[i] = uint32(i) << 8
	}
	if err := z.ownLit.build(short[:], entries[:]); err != nil { // free until the lengths are known
		return err
	}
	for i := 0; i < len(lens); {
		sym, err := z.symbol(&z.ownLit)
		if err != nil {
			return err
		}
		value, same, more := uint8(0), 3, uint(0)
		switch {
		case sym < 16:
			value, same = uint8(sym), 1
		case sym == 16 && i == 0:
			return fmt.Errorf("%w: a length that repeats nothing", errCorrupt)
		case sym == 16:
			value, more = lens[i-1], 2
		case sym == 17:
			more = 3
		default:
			same, more = 11, 7
		}
		k, err := z.take(more)
		if err != nil {
			return err
		}
		if same += int(k); i+same > len(lens) {
			return fmt.Errorf("%w: more lengths than codes", errCorrupt)
		}
		for range same {
			lens[i] = value
			i++
		}
	}
	return nil
}

// symbol reads one code bit by bit: the header of a block may end the input.
func (z *inflater) symbol(c *codes) (uint32, error) {
	code := uint16(0)
	for l := 1; l <= maxCode; l++ {
		bit, err := z.take(1)
		if err != nil {
			return 0, err
		}
		code = code<<1 | uint16(bit)
		if at := code - c.first[l]; code >= c.first[l] && at < c.count[l] {
			return c.sorted[c.start[l]+at] >> 8, nil
		}
	}
	return 0, errNoCode
}
