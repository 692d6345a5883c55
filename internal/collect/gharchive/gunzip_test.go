package gharchive

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// gzipped packs text into members of the given level, with or without the optional parts of a header.
func gzipped(t testing.TB, level int, flush int, named bool, text ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range text {
		z, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if named {
			z.Name, z.Comment, z.Extra = "hour.json", "invented", []byte{1, 2, 3}
		}
		for from := 0; from < len(part); from += flush {
			if _, err := z.Write(part[from:min(len(part), from+flush)]); err != nil {
				t.Fatal(err)
			}
			if err := z.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// mixed is text with short and far repeats, and noise.
func mixed(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 0, n)
	for len(b) < n {
		switch r.IntN(4) {
		case 0:
			for range r.IntN(200) {
				b = append(b, byte(r.Uint32()))
			}
		case 1:
			b = append(b, bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(600))...)
		case 2:
			b = append(b, pick(r, 1+r.IntN(30), " ")...)
		default:
			if far := min(len(b), 1+r.IntN(reach)); far > 0 {
				b = append(b, b[len(b)-far:len(b)-far+min(far, r.IntN(400))]...)
			}
		}
	}
	return b[:n]
}

func TestGunzip(t *testing.T) {
	for _, size := range []int{0, 1, 7, 300, reach - 1, reach + 1, outSize - 1, outSize, outSize + 1, 3*outSize + 5} {
		text := mixed(uint64(size), size)
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, 6, flate.BestCompression} {
			packed := gzipped(t, level, 1<<20, size%2 == 1, text)
			got, err := io.ReadAll(newGunzip(bytes.NewReader(packed)))
			if err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d bytes, level %d: got %d, %v", size, level, len(got), err)
			}
		}
	}
}

func TestGunzipAnyStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts [][]byte
		var all []byte
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			part := mixed(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 5_000).Draw(t, "size"))
			parts, all = append(parts, part), append(all, part...)
		}
		var b bytes.Buffer
		level, flush := rapid.IntRange(-2, 9).Draw(t, "level"), rapid.IntRange(500, 6_000).Draw(t, "flush")
		for _, part := range parts {
			z, err := gzip.NewWriterLevel(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < len(part); from += flush {
				if _, err := z.Write(part[from:min(len(part), from+flush)]); err != nil {
					t.Fatal(err)
				}
				if err := z.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		}
		in := io.Reader(bytes.NewReader(b.Bytes()))
		if rapid.Bool().Draw(t, "drip") {
			in = iotest.HalfReader(in)
		}
		got, err := io.ReadAll(newGunzip(in))
		if err != nil || !bytes.Equal(got, all) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(all), err)
		}
		// A cut stream gives a prefix and says that it is cut.
		cut := rapid.IntRange(0, b.Len()-1).Draw(t, "cut")
		got, err = io.ReadAll(newGunzip(bytes.NewReader(b.Bytes()[:cut])))
		ends, size := map[int]bool{}, 0
		for _, part := range parts {
			size += len(part)
			ends[size] = true
		}
		if !bytes.HasPrefix(all, got) || (err == nil && !ends[len(got)]) {
			t.Fatalf("cut at %d of %d: %d bytes, %v", cut, b.Len(), len(got), err)
		}
	})
}

// What the standard library takes, we take, with the same bytes; what it refuses, we refuse. That holds for damage anywhere.
func agree(t *testing.T, packed []byte) {
	t.Helper()
	var want []byte
	z, refused := gzip.NewReader(bytes.NewReader(packed))
	if refused == nil {
		want, refused = io.ReadAll(io.LimitReader(z, 8<<20))
	}
	got, err := io.ReadAll(io.LimitReader(newGunzip(bytes.NewReader(packed)), 8<<20))
	if (err == nil) != (refused == nil) || (err == nil && !bytes.Equal(got, want)) {
		t.Fatalf("we give %d bytes and %v, the standard library %d and %v", len(got), err, len(want), refused)
	}
}

func TestGunzipDamage(t *testing.T) {
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6} {
		whole := gzipped(t, level, 3000, false, mixed(5, 6000), mixed(6, 2000))
		r := rand.New(rand.NewPCG(uint64(level+9), 3))
		for range 400 {
			bad := bytes.Clone(whole)
			at := 10 + r.IntN(len(bad)-10) // headers have flags and reserved bits that readers treat each in their way
			bad[at] ^= 1 << r.IntN(8)
			t.Run(fmt.Sprint(level, " ", at), func(t *testing.T) { agree(t, bad) })
		}
	}
}

func FuzzGunzip(f *testing.F) {
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6} {
		f.Add(gzipped(f, level, 100, level == 6, []byte("octo octo octo demo"), mixed(1, 300)))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		if len(packed) > 10 && packed[3]&^(hasExtra|hasName|hasComment) == 0 {
			agree(t, packed)
		}
	})
}
