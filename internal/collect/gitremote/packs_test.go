package gitremote

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"hash/adler32"
	"io"
	"strconv"
)

// packWriter writes packs as nobody should.
type packWriter struct {
	w    io.Writer
	sum  io.Writer
	hash interface{ Sum([]byte) []byte }
	at   int64
}

func newPack(w io.Writer, count uint32) *packWriter {
	h := sha1.New()
	p := &packWriter{w: io.MultiWriter(w, h), hash: h, sum: w}
	p.write([]byte("PACK\x00\x00\x00\x02"))
	p.write(binary.BigEndian.AppendUint32(nil, count))
	return p
}

func (p *packWriter) write(b []byte) {
	p.at += int64(len(b))
	p.w.Write(b) // a bufio.Writer over a file, which is checked when it is flushed
}

func (p *packWriter) trailer() { p.sum.Write(p.hash.Sum(nil)) }

const (
	packCommit   = 1
	packBlob     = 3
	packOfsDelta = 6
	packRefDelta = 7
)

// object writes a header that declares size, what stands between header and data, and the data; it gives the object's offset.
func (p *packWriter) object(kind byte, size int64, between, zlibbed []byte) int64 {
	at := p.at
	b := kind<<4 | byte(size&15)
	head := []byte{}
	for size >>= 4; size > 0; size >>= 7 {
		head = append(head, b|0x80)
		b = byte(size & 0x7f)
	}
	p.write(append(head, b))
	p.write(between)
	p.write(zlibbed)
	return at
}

// distance is the offset encoding of an ofs-delta.
func distance(n int64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

// stored is a zlib stream without compression: quick to make.
func stored(b []byte) []byte {
	out := []byte{0x78, 0x01}
	for rest := b; ; {
		n := min(len(rest), 65_535)
		final := byte(0)
		if n == len(rest) {
			final = 1
		}
		out = append(out, final, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		out = append(out, rest[:n]...)
		if rest = rest[n:]; len(rest) == 0 {
			return binary.BigEndian.AppendUint32(out, adler32.Checksum(b))
		}
	}
}

// zeros is a zlib stream of n zero bytes.
func zeros(n int64) []byte {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	io.CopyN(z, zeroReader{}, n)
	z.Close()
	return b.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// copyDelta makes a delta that copies the first size bytes of its base times over.
func copyDelta(size, times int64) []byte {
	d := binary.AppendUvarint(nil, uint64(size))
	d = binary.AppendUvarint(d, uint64(size*times))
	for range times {
		for at := int64(0); at < size; at += 0xffffff {
			n := min(size-at, 0xffffff)
			d = append(d, 0xff, byte(at), byte(at>>8), byte(at>>16), byte(at>>24), byte(n), byte(n>>8), byte(n>>16))
		}
	}
	return d
}

// hostilePacks are the attacks by name: field observations of what kills go-git, and the worst that our limits let through.
var hostilePacks = map[string]struct {
	reason string // in a gap; empty for packs that are let through
	write  func(w io.Writer)
}{
	"count": {"4294967295 objects", func(w io.Writer) { newPack(w, 1<<32-1).trailer() }},
	"bomb": {"3.0 GiB", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 3<<30, nil, zeros(64<<20)) // the header alone is enough to refuse it
		p.trailer()
	}},
	"delta": {"larger than", func(w io.Writer) {
		p := newPack(w, 2)
		base := p.object(packBlob, 0xffffff, nil, zeros(0xffffff))
		d := copyDelta(0xffffff, 192)
		p.object(packOfsDelta, int64(len(d)), distance(p.at-base), stored(d))
		p.trailer()
	}},
	"tiny": {"2000000 objects", func(w io.Writer) {
		p := newPack(w, 2_000_000)
		for i := range smallObjects {
			b := []byte(strconv.Itoa(i))
			p.object(packBlob, int64(len(b)), nil, stored(b))
		}
		p.trailer()
	}},
	"truncated":  {"cut off", func(w io.Writer) { newPack(w, 5).object(packBlob, 3, nil, stored([]byte("abc"))) }},
	"no trailer": {"cut off", func(w io.Writer) { newPack(w, 1).object(packBlob, 3, nil, stored([]byte("abc"))) }},
	"lie": {"exceeds declared", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 10, nil, zeros(64<<20))
		p.trailer()
	}},
	"short": {"shorter", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 10, nil, stored([]byte("abc")))
		p.trailer()
	}},
	"more": {"after its end", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packBlob, 3, nil, stored([]byte("abc")))
		p.trailer()
		w.Write([]byte("more"))
	}},
	"type 5": {"type 5", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(5, 3, nil, stored([]byte("abc")))
		p.trailer()
	}},
	"ref delta": {"by hash", func(w io.Writer) {
		p := newPack(w, 1)
		p.object(packRefDelta, 3, make([]byte, 20), stored([]byte("abc")))
		p.trailer()
	}},
	"chain": {"delta chain", func(w io.Writer) { // 40 times 4 MiB, one upon the other
		p := newPack(w, 40)
		chain(p, p.object(packBlob, 4<<20, nil, zeros(4<<20)), 4<<20, 39)
		p.trailer()
	}},
	// Chains as heavy as the limit allows, whose middles are asked for again when the cache of bases has lost them, in a pack with as
	// many objects as the limit allows.
	"all limits": {"", func(w io.Writer) {
		const size, small, chains = heavyBase, smallObjects, heavyChains
		p := newPack(w, small+chains*4)
		for i := range small {
			b := []byte(strconv.Itoa(i))
			p.object(packBlob, int64(len(b)), nil, stored(b))
		}
		var middles []int64
		for i := range chains {
			base := bytes.Repeat([]byte{byte(i)}, size)
			at := p.object(packBlob, size, nil, deflated(base))
			middles = append(middles, chain(p, at, size, 2))
		}
		for _, at := range middles {
			chain(p, at, size, 1)
		}
		p.trailer()
	}},
}

// chain puts n deltas on an object, each on the one before and as large, each with bytes of its own in front.
func chain(p *packWriter, base, size int64, n int) int64 {
	for i := range n {
		d := binary.AppendUvarint(nil, uint64(size))
		d = binary.AppendUvarint(d, uint64(size))
		d = append(d, 8, byte(i), byte(p.at), byte(p.at>>8), byte(p.at>>16), byte(p.at>>24), 0, 0, 0)
		for at := int64(8); at < size; at += 0xffffff {
			n := min(size-at, 0xffffff)
			d = append(d, 0xff, byte(at), byte(at>>8), byte(at>>16), byte(at>>24), byte(n), byte(n>>8), byte(n>>16))
		}
		at := p.at
		p.object(packOfsDelta, int64(len(d)), distance(at-base), stored(d))
		base = at
	}
	return base
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	z.Write(b)
	z.Close()
	return out.Bytes()
}
