package gitpack

import "fmt"

// tables reads the codes of a dynamic block (RFC 1951, 3.2.7).
func (z *inflater) tables() error {
	v, err := z.take(14)
	if err != nil {
		return err
	}
	nlit, ndist, ncode := int(v&31)+257, int(v>>5&31)+1, int(v>>10)+4
	if nlit > 286 || ndist > 30 {
		return fmt.Errorf("%w: too many codes", ErrDamaged)
	}
	var lens [286 + 30]uint8
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	for _, at := range order[:ncode] {
		if v, err = z.take(3); err != nil {
			return err
		}
		lens[at] = uint8(v)
	}
	var codes shortHuffman
	if err := codes.build(lens[:19]); err != nil {
		return err
	}
	clear(lens[:19])
	if err := z.lengths(&codes, lens[:nlit+ndist]); err != nil {
		return err
	}
	if lens[endOfBlock] == 0 {
		return errNoEnd
	}
	if err := z.ownLit.build(lens[:nlit]); err != nil {
		return err
	}
	return z.ownDist.build(lens[nlit : nlit+ndist])
}

var errNoEnd = fmt.Errorf("%w: a block without an end", ErrDamaged)

// lengths reads code lengths, which are themselves coded.
func (z *inflater) lengths(codes *shortHuffman, lens []uint8) error {
	for i := 0; i < len(lens); {
		if z.n < 16 {
			z.fill()
		}
		e := codes[z.bits&(1<<shortBits-1)]
		k := uint(e & 15)
		if e == 0 {
			return errNoCode
		}
		sym, same, more := e>>4, 0, uint(0)
		var value uint8
		switch sym {
		default:
			value, same = uint8(sym), 1
		case 16:
			if i == 0 {
				return fmt.Errorf("%w: a code length that repeats nothing", ErrDamaged)
			}
			value, same, more = lens[i-1], 3, 2
		case 17:
			same, more = 3, 3
		case 18:
			same, more = 11, 7
		}
		if z.n < k+more {
			return errCutOff
		}
		same += int(z.bits >> k & (1<<more - 1))
		z.bits >>= k + more
		z.n -= k + more
		if i+same > len(lens) {
			return fmt.Errorf("%w: more code lengths than codes", ErrDamaged)
		}
		for range same {
			lens[i] = value
			i++
		}
	}
	return nil
}
