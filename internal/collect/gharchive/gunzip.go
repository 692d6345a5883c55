package gharchive

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// gunzip reads a gzip file (RFC 1952) of any number of members.
type gunzip struct {
	z    *inflater
	read int // out[read:w] is decoded and not yet given
	sum  uint32
	size uint32
	open bool // within a member
	any  bool // a member has been read
	err  error
}

func newGunzip(src io.Reader) *gunzip { return &gunzip{z: newInflater(src)} }

// Read gives all that could be decoded before an error, then the error.
func (g *gunzip) Read(p []byte) (int, error) {
	for g.read == g.z.w && g.err == nil {
		g.err = g.more()
	}
	if g.read == g.z.w {
		return 0, g.err
	}
	n := copy(p, g.z.out[g.read:g.z.w])
	g.read += n
	return n, nil
}

// more decodes the next piece, all of the last having been given.
func (g *gunzip) more() error {
	if !g.open {
		if err := g.header(); err != nil {
			return err
		}
		g.open, g.any, g.sum, g.size = true, true, 0, 0
		g.z.start()
	}
	g.z.room()
	g.read = g.z.w
	err := g.z.decode()
	fresh := g.z.out[g.read:g.z.w]
	g.sum = crc32.Update(g.sum, crc32.IEEETable, fresh)
	g.size += uint32(len(fresh))
	if err != nil || g.z.mode != atEnd {
		return err
	}
	g.open = false
	var end [8]byte
	if err := g.bytes(end[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(end[:]) != g.sum || binary.LittleEndian.Uint32(end[4:]) != g.size {
		return fmt.Errorf("%w: the checksum of a member is wrong", errCorrupt)
	}
	return nil
}

// bytes takes whole bytes; the register is empty.
func (g *gunzip) bytes(p []byte) error {
	for i := range p {
		v, err := g.z.take(8)
		if err != nil {
			return err
		}
		p[i] = byte(v)
	}
	return nil
}

// Flags of a member's header.
const (
	hasCRC     = 1 << 1
	hasExtra   = 1 << 2
	hasName    = 1 << 3
	hasComment = 1 << 4
)

// header reads the header of a member; [io.EOF] where the file ends before it.
func (g *gunzip) header() error {
	if g.z.pos >= g.z.end {
		if err := g.z.load(); err != nil {
			return err
		}
		if g.z.pos >= g.z.end && g.any {
			return io.EOF
		}
	}
	var head [10]byte
	if err := g.bytes(head[:]); err != nil {
		return err
	}
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 {
		return fmt.Errorf("%w: no gzip header", errCorrupt)
	}
	flags := head[3]
	if flags&hasExtra != 0 {
		n, err := g.z.take(16)
		if err != nil {
			return err
		}
		if err := g.bytes(make([]byte, n)); err != nil {
			return err
		}
	}
	for _, text := range []byte{hasName, hasComment} {
		for b := uint(1); flags&text != 0 && b != 0; {
			var err error
			if b, err = g.z.take(8); err != nil {
				return err
			}
		}
	}
	if flags&hasCRC != 0 {
		_, err := g.z.take(16)
		return err
	}
	return nil
}
