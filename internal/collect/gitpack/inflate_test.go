package gitpack

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
)

// deflated is a zlib stream made by the standard library.
func deflated(tb testing.TB, text []byte, level int) []byte {
	var buf bytes.Buffer
	w, err := zlib.NewWriterLevel(&buf, level)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// Text that compresses in many ways: random bytes, few letters, repeated stretches.
func text(rng *rand.Rand, size int) []byte {
	out := make([]byte, 0, size)
	for len(out) < size {
		n := 1 + rng.IntN(60)
		switch rng.IntN(4) {
		case 0:
			for range n {
				out = append(out, byte(rng.Uint32()))
			}
		case 1:
			for range n {
				out = append(out, "etaoin \n"[rng.IntN(8)])
			}
		default:
			from := 0
			if len(out) > 0 {
				from = rng.IntN(len(out))
			}
			for i := range min(n*5, len(out)-from) {
				out = append(out, out[from+i])
			}
		}
	}
	return out[:size]
}

// Whatever the stream and wherever decoding stops and goes on, the bytes are those that went in.
func TestInflate(t *testing.T) {
	z := &inflater{}
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		want := text(rng, rapid.IntRange(0, 1<<rapid.IntRange(0, 17).Draw(t, "bits")).Draw(t, "size"))
		var buf bytes.Buffer
		w, err := zlib.NewWriterLevel(&buf, rapid.SampledFrom([]int{flate.HuffmanOnly, 0, 1, 6, 9}).Draw(t, "level"))
		if err != nil {
			t.Fatal(err)
		}
		for part := want; len(part) > 0; { // several blocks
			n := 1 + rng.IntN(len(part))
			if _, err := w.Write(part[:n]); err != nil {
				t.Fatal(err)
			}
			if part = part[n:]; rng.IntN(3) == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		in := append(buf.Bytes(), rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "after")...)
		if err := z.start(in, len(want)); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(want); {
			n += 1 + rng.IntN(len(want)-n)
			if err := z.reach(n); err != nil || len(z.out) < n || !bytes.Equal(z.out, want[:len(z.out)]) {
				t.Fatalf("the first %d of %d: %d bytes, %v", n, len(want), len(z.out), err)
			}
		}
		if err := z.whole(); err != nil || !bytes.Equal(z.out, want) {
			t.Fatalf("whole: %d of %d bytes, %v", len(z.out), len(want), err)
		}
		if len(want) > 0 {
			if err := z.start(in, len(want)-1); err != nil || z.whole() == nil {
				t.Fatal("a stream that is longer than it should be was taken")
			}
		}
		if err := z.start(buf.Bytes(), len(want)+1); err != nil || z.whole() == nil {
			t.Fatal("a stream that is shorter than it should be was taken")
		}
	})
}

// FuzzInflate compares with the standard library on any bytes: where both decode, they say the same, and what it takes whole, we take,
// but for blocks without an end symbol, which zlib refuses as well, and streams that are far longer than what they hold.
func FuzzInflate(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
		for _, size := range []int{0, 1, 100, 3000} {
			f.Add(deflated(f, text(rng, size), level)[2:])
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		const most = 1 << 16
		in := append([]byte{0x78, 0x9c}, stream...)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(stream)), most))
		z := &inflater{}
		if z.start(in, len(want)) != nil {
			t.Fatal("the head is right")
		}
		own := z.reach(len(want))
		if !bytes.HasPrefix(want, z.out) {
			t.Fatalf("%x: %q, the standard library says %q", stream, z.out, want)
		}
		if err == nil && len(want) < most && len(in) <= slackIn(0) && own == nil {
			own = z.whole()
		}
		if err == nil && own != nil && len(in) <= slackIn(0) && own.Error() != errNoEnd.Error() {
			t.Fatalf("%x: %v, the standard library takes it", stream, own)
		}
	})
}

func BenchmarkInflateCommit(b *testing.B) {
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 0f1e2d3c4b5a69788796a5b4c3d2e1f001122334\n"
	commit := []byte(head + "author A. Person <person@example.invalid> 1700000000 +0100\n" +
		"committer A. Person <person@example.invalid> 1700000000 +0100\n\nwalk: read no more than needed\n\n" +
		"Most of the time went into text that nobody looked at. Stop where the header ends, and go on only if there are more parents.\n")
	in := deflated(b, commit, 6)
	for name, n := range map[string]int{"head": firstCommit, "whole": len(commit)} {
		b.Run(name, func(b *testing.B) {
			z := &inflater{}
			for b.Loop() {
				if z.start(in, len(commit)) != nil || z.reach(n) != nil {
					b.Fatal("not decoded")
				}
			}
		})
	}
}
