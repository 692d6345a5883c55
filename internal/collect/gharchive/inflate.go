package gharchive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// inflater decodes a raw DEFLATE stream (RFC 1951) as it comes. Inflating is most of the work on an hour, and a decoder that keeps bits,
// tables and window in a few locals takes about half of the time of those that are at hand.
//
// Bits are taken from a register that is refilled eight bytes at a time, whether or not all eight are new; what stands above the n valid
// bits is the begin of the next bytes, so that filling over it changes nothing. After the end of the input the register is fed zeros, and
// every turn looks whether it has used any.
type inflater struct {
	src io.Reader
	buf []byte // buf[pos:end] is not yet in the register
	pos int
	end int
	eof bool
	reg uint64
	n   uint // valid bits of reg

	out  []byte // out[:w] is decoded, of which the last 32 KiB may be copied from
	w    int
	base int // where the present member begins; matches do not reach before it

	lit, dist       *codes // of the present block
	ownLit, ownDist codes
	lens            [maxLit + maxDist]uint8
	left            int // bytes to come of a stored block
	mode            blockMode
	last            bool
}

type blockMode uint8

const (
	atBlock blockMode = iota // a block header comes next
	inStored
	inCoded
	atEnd
)

const (
	reach    = 32 << 10 // how far back a match goes
	outSize  = reach + 256<<10
	longest  = 258
	slack    = longest + 16     // room for what one turn may write at most
	inSize   = 256 << 10        // of compressed bytes in hand
	overRead = 32               // zeros after the end of the input
	maxLit   = 288              // codes of literals and lengths, two of them of no meaning
	maxDist  = 32               // likewise of distances
	enough   = 15 + 5 + 15 + 13 // bits of the longest match
)

var (
	errCorrupt = errors.New("the compressed data is damaged")
	errNoCode  = fmt.Errorf("%w: a bit pattern that no code has", errCorrupt)
)

func newInflater(src io.Reader) *inflater {
	return &inflater{src: src, buf: make([]byte, inSize+overRead), out: make([]byte, outSize+slack)}
}

// load gets at least eight more bytes, or all there are: at the end the register will be fed zeros.
func (z *inflater) load() error {
	if z.eof {
		return nil
	}
	keep := min(z.pos, 8) // what is in the register may be given back
	z.end = copy(z.buf, z.buf[z.pos-keep:z.end])
	z.pos = keep
	for z.end < z.pos+8 {
		k, err := z.src.Read(z.buf[z.end:inSize])
		z.end += k
		if err == io.EOF {
			z.eof = true
			clear(z.buf[z.end : z.end+overRead])
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take removes k bits, at most 16.
func (z *inflater) take(k uint) (uint, error) {
	for z.n < k {
		if z.pos >= z.end {
			if err := z.load(); err != nil {
				return 0, err
			}
			if z.pos >= z.end {
				return 0, io.ErrUnexpectedEOF
			}
		}
		z.reg = z.reg&(1<<z.n-1) | uint64(z.buf[z.pos])<<z.n
		z.pos++
		z.n += 8
	}
	v := uint(z.reg & (1<<k - 1))
	z.reg >>= k
	z.n -= k
	return v, nil
}

// align drops the bits up to the next byte and gives whole bytes back to the buffer.
func (z *inflater) align() error {
	z.pos -= int(z.n >> 3)
	z.reg, z.n = 0, 0
	if z.pos > z.end {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// start begins a new stream; what is decoded already stays in out.
func (z *inflater) start() {
	z.mode, z.last, z.base = atBlock, false, z.w
}

// room slides the window down. Everything in out must have been used.
func (z *inflater) room() {
	if z.w < outSize {
		return
	}
	shift := z.w - reach
	copy(z.out, z.out[shift:z.w])
	z.w = reach
	z.base = max(0, z.base-shift)
}

// decode goes on until out is full or the stream ends.
func (z *inflater) decode() error {
	for z.w < outSize && z.mode != atEnd {
		var err error
		switch z.mode {
		case atBlock:
			err = z.header()
		case inStored:
			err = z.stored()
		default:
			err = z.coded()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (z *inflater) header() error {
	if z.last {
		z.mode = atEnd
		return z.align()
	}
	v, err := z.take(3)
	if err != nil {
		return err
	}
	z.last = v&1 != 0
	switch v >> 1 {
	case 0:
		if err := z.align(); err != nil {
			return err
		}
		size, err := z.take(16)
		if err != nil {
			return err
		}
		check, err := z.take(16)
		if err != nil {
			return err
		}
		if size != check^0xffff {
			return fmt.Errorf("%w: the length of a stored block", errCorrupt)
		}
		z.left, z.mode = int(size), inStored
		return z.align()
	case 1:
		z.lit, z.dist = &fixedLit, &fixedDist
	case 2:
		if err := z.tables(); err != nil {
			return err
		}
		z.lit, z.dist = &z.ownLit, &z.ownDist
	default:
		return fmt.Errorf("%w: a block of no kind", errCorrupt)
	}
	z.mode = inCoded
	return nil
}

func (z *inflater) stored() error {
	for z.left > 0 && z.w < outSize {
		if z.pos >= z.end {
			if err := z.load(); err != nil {
				return err
			}
			if z.pos >= z.end {
				return io.ErrUnexpectedEOF
			}
		}
		k := copy(z.out[z.w:outSize], z.buf[z.pos:min(z.end, z.pos+z.left)])
		z.pos += k
		z.w += k
		z.left -= k
	}
	if z.left == 0 {
		z.mode = atBlock
	}
	return nil
}

// coded decodes symbols of a Huffman block until out is full or the block ends. Three literals fit into one filling of the register; a
// match is taken only when all of its bits are there.
func (z *inflater) coded() (err error) {
	reg, n, pos, w, before := z.reg, z.n, z.pos, z.w, z.w
	buf, out, lit := z.buf, z.out, &z.lit.table
	defer func() {
		if pos-int(n>>3) > z.end { // the last turn was of the zeros after the end
			w, err = before, io.ErrUnexpectedEOF
		}
		z.reg, z.n, z.pos, z.w = reg, n, pos, w
	}()
	for w < outSize {
		if pos+8 > z.end {
			z.pos = pos
			err = z.load()
			if pos = z.pos; err != nil || pos-int(n>>3) > z.end {
				return err
			}
		}
		before = w
		reg |= binary.LittleEndian.Uint64(buf[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := lit[reg&(1<<tableBits-1)]
		for k := 0; k < 3 && e&isLiteral != 0; k++ {
			out[w] = byte(e >> 8)
			w++
			reg >>= e & 15
			n -= uint(e & 15)
			e = lit[reg&(1<<tableBits-1)]
		}
		if n < enough || e&isLiteral != 0 {
			continue
		}
		if e == 0 {
			e = z.lit.long(reg)
		}
		reg >>= e & 15
		n -= uint(e & 15)
		switch {
		case e&isLiteral != 0: // of a long code
			out[w] = byte(e >> 8)
			w++
			continue
		case e&endOfBlock != 0:
			z.mode = atBlock
			return nil
		case e == 0 || e&meaningless != 0:
			return errNoCode
		}
		var length, distance int
		if length, distance, reg, n = z.match(e, reg, n); distance == 0 {
			return errNoCode
		}
		if distance > w-z.base {
			return fmt.Errorf("%w: a match before the begin", errCorrupt)
		}
		repeat(out, w, length, distance)
		w += length
	}
	return nil
}

// match reads what follows the code of a length. The distance is zero where it has no code.
func (z *inflater) match(e uint32, reg uint64, n uint) (length, distance int, _ uint64, _ uint) {
	length = int(e>>8&0xffff) + int(reg&(1<<(e>>4&15)-1))
	reg >>= e >> 4 & 15
	n -= uint(e >> 4 & 15)
	d := z.dist.table[reg&(1<<tableBits-1)]
	if d == 0 {
		d = z.dist.long(reg)
	}
	if d == 0 || d&meaningless != 0 {
		return 0, 0, reg, n
	}
	reg >>= d & 15
	n -= uint(d & 15)
	distance = int(d>>8&0xffff) + int(reg&(1<<(d>>4&15)-1))
	return length, distance, reg >> (d >> 4 & 15), n - uint(d>>4&15)
}

// repeat writes length bytes at w that stand distance before. It may write up to seven bytes more, which out has room for.
func repeat(out []byte, w, length, distance int) {
	from := out[w-distance : w+length+8]
	to := out[w : w+length+8]
	if distance >= 8 {
		for k := 0; k < length; k += 8 {
			binary.LittleEndian.PutUint64(to[k:], binary.LittleEndian.Uint64(from[k:]))
		}
		return
	}
	for k := range length {
		to[k] = from[k]
	}
}
