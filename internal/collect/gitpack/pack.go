package gitpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// pack is one pack with its index, both mapped. https://git-scm.com/docs/pack-format
type pack struct {
	name   string // for messages: the file's name without folders
	data   []byte // of the pack, without the checksum at its end
	fanout [257]uint32
	oids   []byte // 20 bytes each, sorted
	offs   []byte // 4 bytes each
	large  []byte // 8 bytes each, for offsets of more than 31 bits
	unmap  []func() error
}

const (
	idxHead  = 8 + 256*4
	packHead = 12
	sumSize  = 20
)

// openPack maps a pack and its index and checks that they belong together. The checksums over their contents are not computed: that
// would cost more than all reading.
func openPack(path string) (*pack, error) {
	p := &pack{name: filepath.Base(path)}
	idx, err := p.load(strings.TrimSuffix(path, ".pack") + ".idx")
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: a pack without an index", ErrUnsupported)
	}
	if err == nil {
		err = p.index(idx)
	}
	var data []byte
	if err == nil {
		data, err = p.load(path)
	}
	if err == nil {
		err = guard(func() error { return p.check(data, idx) })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pack %.80s: %w", p.name, err), p.close())
	}
	return p, nil
}

func (p *pack) close() error {
	var errs []error
	for _, f := range p.unmap {
		errs = append(errs, f())
	}
	p.unmap = nil
	return errors.Join(errs...)
}

// load maps a regular file; a link to one is followed as git does, anything else is refused.
func (p *pack) load(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %.80s is no file", ErrUnsupported, filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, unmap, err := mapFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	p.unmap = append(p.unmap, unmap)
	return data, nil
}

// index cuts an index of version 2 into its parts.
func (p *pack) index(idx []byte) error {
	if !bytes.HasPrefix(idx, []byte("\xfftOc")) {
		return fmt.Errorf("%w: an index of version 1, or none", ErrUnsupported)
	}
	if len(idx) < idxHead || binary.BigEndian.Uint32(idx[4:]) != 2 {
		return fmt.Errorf("%w: an index of another version than 2", ErrUnsupported)
	}
	for i := range 256 {
		p.fanout[i+1] = binary.BigEndian.Uint32(idx[8+4*i:])
		if p.fanout[i+1] < p.fanout[i] {
			return fmt.Errorf("%w: an index with a broken fanout", ErrDamaged)
		}
	}
	n := int64(p.fanout[256])
	body := int64(len(idx)) - idxHead
	large := body - 28*n - 2*sumSize
	if large < 0 || large%8 != 0 || large > 8*n {
		if wide := body - 40*n - 64; wide >= 0 && wide%8 == 0 {
			return fmt.Errorf("%w: an index of SHA-256", ErrUnsupported)
		}
		return fmt.Errorf("%w: an index is not as long as it says", ErrDamaged)
	}
	p.oids = idx[idxHead:][:20*n]
	p.offs = idx[idxHead+24*n:][:4*n]
	p.large = idx[idxHead+28*n:][:large]
	return nil
}

// check compares the pack's head and checksum with what the index says of it.
func (p *pack) check(data, idx []byte) error {
	if len(data) < packHead+sumSize || string(data[:4]) != "PACK" {
		return fmt.Errorf("%w: no pack", ErrDamaged)
	}
	if v := binary.BigEndian.Uint32(data[4:]); v != 2 && v != 3 {
		return fmt.Errorf("%w: a pack of version %d", ErrUnsupported, v)
	}
	if binary.BigEndian.Uint32(data[8:]) != p.fanout[256] {
		return fmt.Errorf("%w: pack and index differ in their number of objects", ErrDamaged)
	}
	end := len(data) - sumSize
	if !bytes.Equal(data[end:], idx[len(idx)-2*sumSize:len(idx)-sumSize]) {
		return fmt.Errorf("%w: the index is of another pack", ErrDamaged)
	}
	p.data = data[:end]
	return nil
}

func (p *pack) count() uint32 { return p.fanout[256] }

func (p *pack) oid(i uint32) OID { return OID(p.oids[20*int64(i):]) }

// find gives an object's place in the index. Names are random numbers, so a guess by proportion lands near; from there the step doubles
// until it has passed the name, and bisection does the rest.
func (p *pack) find(o *OID) (uint32, bool) {
	lo, hi := p.fanout[o[0]], p.fanout[int(o[0])+1]
	if lo == hi {
		return 0, false
	}
	want := binary.BigEndian.Uint64(o[:])
	at := lo + uint32(uint64(hi-lo)*(want<<8>>32)>>32)
	if p.key(at) < want {
		lo = at + 1
		for step := uint32(8); hi-at > step; step *= 2 {
			if at += step; p.key(at) >= want {
				hi = at + 1
				break
			}
			lo = at + 1
		}
	} else {
		hi = at + 1
		for step := uint32(8); at-lo > step; step *= 2 {
			if at -= step; p.key(at) < want {
				lo = at + 1
				break
			}
			hi = at + 1
		}
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		if p.key(mid) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < p.fanout[int(o[0])+1] && p.key(lo) == want; lo++ { // names that share eight bytes
		if bytes.Equal(p.oids[20*int64(lo):][:20], o[:]) {
			return lo, true
		}
	}
	return 0, false
}

// key is the first eight bytes of a name.
func (p *pack) key(i uint32) uint64 { return binary.BigEndian.Uint64(p.oids[20*int64(i):]) }

// offset gives where an object begins in the pack.
func (p *pack) offset(i uint32) (int64, error) {
	v := binary.BigEndian.Uint32(p.offs[4*int64(i):])
	off := int64(v)
	if v&(1<<31) != 0 {
		at := 8 * int64(v&^(1<<31))
		if at+8 > int64(len(p.large)) {
			return 0, fmt.Errorf("%w: an index with an offset that it lacks", ErrDamaged)
		}
		off = int64(binary.BigEndian.Uint64(p.large[at:]) & (1<<63 - 1))
	}
	if off < packHead || off >= int64(len(p.data)) {
		return 0, fmt.Errorf("%w: an index that points outside of its pack", ErrDamaged)
	}
	return off, nil
}

// entry is the head of an object in a pack.
type entry struct {
	kind Kind
	size int64  // inflated, of a delta: of its instructions
	body []byte // the zlib stream, and whatever follows
	base int64  // offset of an offsetDelta's base
	ref  OID    // name of a refDelta's base
}

var errEntry = fmt.Errorf("%w: an entry of a pack that is cut off", ErrDamaged)

// entry reads the head of the object at an offset.
func (p *pack) entry(off int64) (e entry, err error) {
	if off < packHead || off >= int64(len(p.data)) {
		return e, fmt.Errorf("%w: an offset outside of the pack", ErrDamaged)
	}
	b := p.data[off:]
	c := b[0]
	e.kind, e.size = Kind(c>>4&7), int64(c&15)
	at := 1
	for shift := 4; c&0x80 != 0; shift += 7 {
		if at >= len(b) || shift > 56 {
			return e, errEntry
		}
		c = b[at]
		e.size |= int64(c&0x7f) << shift
		at++
	}
	if e.size < 0 {
		return e, errEntry
	}
	switch e.kind {
	case Commit, Tree, Blob, Tag:
	case offsetDelta:
		back, n := baseDistance(b[at:])
		if n == 0 || back <= 0 || back > off-packHead {
			return e, fmt.Errorf("%w: a delta whose base is outside of the pack", ErrDamaged)
		}
		e.base = off - back
		at += n
	case refDelta:
		if len(b) < at+len(e.ref) {
			return e, errEntry
		}
		copy(e.ref[:], b[at:])
		at += len(e.ref)
	default:
		return e, fmt.Errorf("%w: an object of kind %d", ErrDamaged, e.kind)
	}
	e.body = b[at:]
	return e, nil
}

// baseDistance reads the distance of a base: big-endian groups of seven bits, of which each longer form starts where the shorter ended.
// Zero bytes read stand for an error.
func baseDistance(b []byte) (back int64, n int) {
	for i, c := range b[:min(len(b), 9)] {
		if i > 0 {
			back++
		}
		back = back<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			return back, i + 1
		}
	}
	return 0, 0
}
