package gitpack

import (
	"bytes"
	"crypto/sha1" // the name of an object is its SHA-1: https://git-scm.com/docs/hash-function-transition
	"fmt"
	"strconv"
	"sync"
)

// Read gives an object whole, by its name, and checks that it hashes to it. The error wraps [ErrNotFound] if the store does not have
// it, [ErrLimit] if it is larger than Limits.Object or than limit (zero for none of its own), [ErrDamaged] if it is broken. The
// bytes must not be changed.
func (r *Reader) Read(o OID, limit int64) (Kind, []byte, error) {
	var kind Kind
	var raw []byte
	err := guard(func() (err error) {
		kind, raw, err = r.read(o, limit)
		return err
	})
	if err != nil {
		return kind, nil, fmt.Errorf("read object %s: %w", o, err)
	}
	return kind, raw, nil
}

func (r *Reader) read(o OID, limit int64) (Kind, []byte, error) {
	if limit <= 0 || limit > r.limits.Object {
		limit = r.limits.Object
	}
	s, ok := r.find(&o)
	if !ok {
		if o == EmptyTree {
			return Tree, nil, nil
		}
		return 0, nil, ErrNotFound
	}
	at, err := r.place(s)
	if err != nil {
		return 0, nil, err
	}
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	kind, raw, err := r.object(z, at, limit)
	if err != nil {
		return kind, nil, err
	}
	if nameOf(kind, raw) != o {
		return kind, nil, fmt.Errorf("%w: an object that does not hash to its name", ErrDamaged)
	}
	return kind, raw, nil
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// nameOf is the SHA-1 of an object with its head, as git computes it.
func nameOf(kind Kind, raw []byte) (o OID) {
	h := sha1.New()
	var head [looseHead]byte
	b := append(head[:0], kind.String()...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(raw)), 10)
	h.Write(append(b, 0))
	h.Write(raw)
	h.Sum(o[:0])
	return o
}

// object gives the object at a place, whole and unchecked. The bytes of a tree are shared, those of other objects the caller's.
func (r *Reader) object(z *inflater, at place, limit int64) (Kind, []byte, error) {
	deltas, kind, raw, err := r.chain(z, at)
	if err != nil {
		return kind, nil, err
	}
	var sum int64
	for i := len(deltas) - 1; i >= 0; i-- {
		if err := z.start(deltas[i].body, int(deltas[i].size)); err != nil {
			return kind, nil, err
		}
		if err := z.whole(); err != nil {
			return kind, nil, err
		}
		if raw, err = applyDelta(raw, z.out, r.limits.Object); err != nil {
			return kind, nil, err
		}
		if sum += int64(len(raw)); sum > r.limits.Chain {
			return kind, nil, fmt.Errorf("%w: the results of a delta chain have more than %d bytes", ErrLimit, r.limits.Chain)
		}
	}
	if int64(len(raw)) > limit {
		return kind, nil, tooLarge(int64(len(raw)), limit)
	}
	if kind == Tree {
		r.recent.put(at, raw)
	}
	return kind, raw, nil
}

// chain follows the deltas of an object to one that is none, or was read lately. It gives that one's kind and bytes.
func (r *Reader) chain(z *inflater, at place) (deltas []entry, kind Kind, raw []byte, err error) {
	var sum int64
	for {
		if raw, ok := r.recent.get(at); ok {
			return deltas, Tree, raw, nil
		}
		if at.pack < 0 { // the base of a delta may be loose where a pack was kept thin
			kind, raw, err = r.readLoose(r.loose[at.at], false)
			return deltas, kind, raw, err
		}
		e, err := r.packs[at.pack].entry(at.at)
		if err != nil {
			return nil, 0, nil, err
		}
		if e.size > r.limits.Object {
			return nil, e.kind, nil, tooLarge(e.size, r.limits.Object)
		}
		if e.kind != offsetDelta && e.kind != refDelta {
			raw, err = plain(z, e)
			return deltas, e.kind, raw, err
		}
		if sum += e.size; sum > r.limits.Chain {
			return nil, 0, nil, fmt.Errorf("%w: a delta chain of more than %d bytes", ErrLimit, r.limits.Chain)
		}
		if len(deltas) == maxDepth {
			return nil, 0, nil, fmt.Errorf("%w: a delta chain of more than %d", ErrDamaged, maxDepth)
		}
		deltas = append(deltas, e)
		if at, err = r.baseOf(at, e); err != nil {
			return nil, 0, nil, err
		}
	}
}

// plain inflates an object that is no delta.
func plain(z *inflater, e entry) ([]byte, error) {
	if err := z.start(e.body, int(e.size)); err != nil {
		return nil, err
	}
	if err := z.whole(); err != nil {
		return nil, err
	}
	return bytes.Clone(z.out), nil
}

// baseOf is where the base of a delta lies.
func (r *Reader) baseOf(at place, e entry) (place, error) {
	if e.kind == offsetDelta {
		return place{at.pack, e.base}, nil
	}
	p := r.packs[at.pack] // git writes complete packs: the base is here, whatever other packs hold
	if i, ok := p.find(&e.ref); ok {
		off, err := p.offset(i)
		return place{at.pack, off}, err
	}
	s, ok := r.find(&e.ref)
	if !ok {
		return place{}, fmt.Errorf("%w: a delta without its base", ErrDamaged)
	}
	return r.place(s)
}
