package gitpack

import "fmt"

// A delta is two sizes, of its base and of its result, and instructions: copy a stretch of the base, or insert bytes that follow.
// https://git-scm.com/docs/pack-format#_deltified_representation

// deltaSizes reads the head of a delta; rest is what was read of its instructions.
func deltaSizes(d []byte) (base, result int64, rest []byte, ok bool) {
	if base, d, ok = deltaSize(d); !ok {
		return
	}
	result, rest, ok = deltaSize(d)
	return
}

func deltaSize(d []byte) (int64, []byte, bool) {
	var v int64
	for i, c := range d[:min(len(d), 9)] {
		v |= int64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return v, d[i+1:], true
		}
	}
	return 0, nil, false
}

// op is one instruction. insert is nil for a copy.
type op struct {
	insert []byte
	from   int64
	size   int64
}

// nextOp reads an instruction. ok is false where the bytes end within it, or where it is the reserved one.
func nextOp(d []byte) (o op, rest []byte, ok bool) {
	if len(d) == 0 || d[0] == 0 {
		return o, nil, false
	}
	c := d[0]
	d = d[1:]
	if c&0x80 == 0 {
		if len(d) < int(c) {
			return o, nil, false
		}
		return op{insert: d[:c], size: int64(c)}, d[c:], true
	}
	for i := range 4 {
		if c&(1<<i) != 0 {
			if len(d) == 0 {
				return o, nil, false
			}
			o.from |= int64(d[0]) << (8 * i)
			d = d[1:]
		}
	}
	for i := range 3 {
		if c&(0x10<<i) != 0 {
			if len(d) == 0 {
				return o, nil, false
			}
			o.size |= int64(d[0]) << (8 * i)
			d = d[1:]
		}
	}
	if o.size == 0 {
		o.size = 0x10000
	}
	return o, d, true
}

var errDelta = fmt.Errorf("%w: a delta that does not fit its base", ErrDamaged)

// applyDelta gives the result of a whole delta, of at most limit bytes.
func applyDelta(base, delta []byte, limit int64) ([]byte, error) {
	from, size, rest, ok := deltaSizes(delta)
	if !ok || from != int64(len(base)) {
		return nil, errDelta
	}
	if size > limit {
		return nil, tooLarge(size, limit)
	}
	out := make([]byte, 0, size)
	for len(rest) > 0 {
		var o op
		if o, rest, ok = nextOp(rest); !ok || int64(len(out))+o.size > size {
			return nil, errDelta
		}
		if o.insert != nil {
			out = append(out, o.insert...)
			continue
		}
		if o.from+o.size > from {
			return nil, errDelta
		}
		out = append(out, base[o.from:o.from+o.size]...)
	}
	if int64(len(out)) != size {
		return nil, errDelta
	}
	return out, nil
}

func tooLarge(size, limit int64) error {
	return fmt.Errorf("%w: an object of %d bytes, the limit is %d", ErrLimit, size, limit)
}
