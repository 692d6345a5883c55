package gitpack

import (
	"encoding/binary"
	"fmt"
)

// inflater decodes one zlib stream (RFC 1950, RFC 1951) held in memory, only as far as asked: of a commit of a kilobyte the first hundred
// bytes are wanted, and there most of the time goes into the Huffman tables, not into the text. It can go on where it stopped. The
// Adler-32 at the end is not looked at: what is read whole is checked by its SHA-1, and of a prefix there is no checksum.
//
// One inflater serves many streams, one after the other; out is overwritten by the next.
type inflater struct {
	in   []byte
	pos  int
	bits uint64 // the next bits of the stream, first one lowest
	n    uint   // how many of them are valid
	out  []byte
	size int // what the stream must come to
	mode blockMode
	last bool // this is the last block
	left int  // bytes to come of a stored block

	lit, dist       *huffman // of the present block
	ownLit, ownDist huffman
}

type blockMode uint8

const (
	atBlock blockMode = iota // a block header comes next
	inStored
	inCoded
	atEnd
)

// slackIn is how many bytes of input beyond the output's size a stream may have. Deflate's worst case by any sane encoder is nine bits a
// byte (fixed codes); without a bound, a stream of empty blocks costs a pass over the whole pack for one object.
func slackIn(size int) int { return size/8 + 4096 }

// start begins a stream that must come to size bytes; in may be longer than the stream.
func (z *inflater) start(in []byte, size int) error {
	if most := size + slackIn(size); len(in) > most {
		in = in[:most]
	}
	if len(in) < 2 || in[0]&0x0f != 8 || (uint(in[0])<<8|uint(in[1]))%31 != 0 || in[1]&0x20 != 0 {
		return fmt.Errorf("%w: no zlib stream", ErrDamaged)
	}
	z.in, z.pos, z.bits, z.n, z.size, z.mode, z.last = in, 2, 0, 0, size, atBlock, false
	z.out = z.out[:0]
	return nil
}

// longestMatch is deflate's: decoding stops at a symbol, so that it may be ahead of what was asked for by as much.
const longestMatch = 258

// reach decodes until out holds at least n bytes, or all of them where the stream is shorter. n is at most the size.
func (z *inflater) reach(n int) error {
	n = min(n, z.size)
	if room := min(z.size, n+longestMatch); cap(z.out) < room {
		grown := make([]byte, len(z.out), max(room, 2*cap(z.out), 512))
		copy(grown, z.out)
		z.out = grown
	}
	for len(z.out) < n {
		if err := z.step(n); err != nil {
			return err
		}
		if z.mode == atEnd && len(z.out) < n {
			return fmt.Errorf("%w: a stream that is shorter than it says", ErrDamaged)
		}
	}
	return nil
}

// whole decodes all of it and makes sure that nothing follows.
func (z *inflater) whole() error {
	if err := z.reach(z.size); err != nil {
		return err
	}
	for z.mode != atEnd {
		if err := z.step(z.size + 1); err != nil {
			return err
		}
	}
	return nil
}

// step decodes on in the present block until out holds n bytes or the block ends, or reads the next block's header.
func (z *inflater) step(n int) error {
	switch z.mode {
	case atBlock:
		return z.header()
	case inStored:
		return z.stored(n)
	default:
		return z.coded(n)
	}
}

var errCutOff = fmt.Errorf("%w: a stream that is cut off", ErrDamaged)

// fill makes at least 48 bits valid, or all that are left.
func (z *inflater) fill() {
	if z.pos+8 <= len(z.in) {
		z.bits |= binary.LittleEndian.Uint64(z.in[z.pos:]) << z.n
		z.pos += int((63 - z.n) >> 3)
		z.n |= 56
		return
	}
	for z.n < 56 && z.pos < len(z.in) {
		z.bits |= uint64(z.in[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
}

// take removes k bits, at most 16.
func (z *inflater) take(k uint) (uint, error) {
	if z.n < k {
		if z.fill(); z.n < k {
			return 0, errCutOff
		}
	}
	v := uint(z.bits & (1<<k - 1))
	z.bits >>= k
	z.n -= k
	return v, nil
}

func (z *inflater) header() error {
	if z.last {
		z.mode = atEnd
		return nil
	}
	v, err := z.take(3)
	if err != nil {
		return err
	}
	z.last = v&1 != 0
	switch v >> 1 {
	case 0:
		return z.storedHeader()
	case 1:
		z.lit, z.dist = &fixedLit, &fixedDist
	case 2:
		if err := z.tables(); err != nil {
			return err
		}
		z.lit, z.dist = &z.ownLit, &z.ownDist
	default:
		return fmt.Errorf("%w: a deflate block of no kind", ErrDamaged)
	}
	z.mode = inCoded
	return nil
}

func (z *inflater) storedHeader() error {
	z.pos -= int(z.n / 8) // whole bytes go back, the rest is padding
	z.bits, z.n = 0, 0
	if z.pos+4 > len(z.in) {
		return errCutOff
	}
	size := binary.LittleEndian.Uint16(z.in[z.pos:])
	if size != ^binary.LittleEndian.Uint16(z.in[z.pos+2:]) {
		return fmt.Errorf("%w: a stored block's length", ErrDamaged)
	}
	z.pos += 4
	z.left, z.mode = int(size), inStored
	return nil
}

func (z *inflater) stored(n int) error {
	k := min(z.left, n-len(z.out))
	if len(z.out)+k > z.size {
		return errTooLong
	}
	if z.pos+k > len(z.in) {
		return errCutOff
	}
	z.out = append(z.out, z.in[z.pos:z.pos+k]...)
	z.pos += k
	if z.left -= k; z.left == 0 {
		z.mode = atBlock
	}
	return nil
}

var errTooLong = fmt.Errorf("%w: a stream that is longer than it says", ErrDamaged)

// RFC 1951, 3.2.5: length and distance codes.
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthMore = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase   = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
		8193, 12289, 16385, 24577}
	distMore = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

const endOfBlock = 256

// coded decodes symbols of a Huffman block until out holds n bytes or the block ends. A symbol with all that belongs to it takes at most
// 15+5+15+13 = 48 bits, which one fill provides.
func (z *inflater) coded(n int) error {
	lit, out := z.lit, z.out
	defer func() { z.out = out }()
	for len(out) < n {
		if z.n < 48 {
			z.fill()
		}
		e := lit.table[z.bits&(1<<tableBits-1)]
		if e == 0 {
			if e = lit.long(z.bits); e == 0 {
				return errNoCode
			}
		}
		if z.n < uint(e&15) {
			return errCutOff
		}
		z.bits >>= e & 15
		z.n -= uint(e & 15)
		sym := e >> 4
		switch {
		case sym < endOfBlock:
			if len(out) >= z.size {
				return errTooLong
			}
			out = append(out, byte(sym))
		case sym == endOfBlock:
			z.mode = atBlock
			return nil
		default:
			length, dist, err := z.match(sym - endOfBlock - 1)
			if err != nil {
				return err
			}
			if dist > len(out) {
				return fmt.Errorf("%w: a match before the start", ErrDamaged)
			}
			if len(out)+length > z.size {
				return errTooLong
			}
			out = repeat(out, length, dist)
		}
	}
	return nil
}

// repeat appends length bytes that stand dist back; they may overlap what is being written.
func repeat(out []byte, length, dist int) []byte {
	from := len(out) - dist
	if dist >= length {
		return append(out, out[from:from+length]...)
	}
	for range length {
		out = append(out, out[from])
		from++
	}
	return out
}

// match reads what follows a length symbol.
func (z *inflater) match(sym uint16) (length, dist int, err error) {
	if int(sym) >= len(lengthBase) {
		return 0, 0, errNoCode
	}
	more := uint(lengthMore[sym])
	length = int(lengthBase[sym]) + int(z.bits&(1<<more-1))
	if z.n < more {
		return 0, 0, errCutOff
	}
	z.bits >>= more
	z.n -= more
	e := z.dist.table[z.bits&(1<<tableBits-1)]
	if e == 0 {
		e = z.dist.long(z.bits)
	}
	if e == 0 || int(e>>4) >= len(distBase) {
		return 0, 0, errNoCode
	}
	k := uint(e & 15)
	sym, more = e>>4, uint(distMore[e>>4])
	if z.n < k+more {
		return 0, 0, errCutOff
	}
	dist = int(distBase[sym]) + int(z.bits>>k&(1<<more-1))
	z.bits >>= k + more
	z.n -= k + more
	return length, dist, nil
}

var errNoCode = fmt.Errorf("%w: a bit pattern that no code has", ErrDamaged)
