package gitpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// known reports that an error is one that callers can tell apart.
func known(err error) bool {
	return err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, ErrLimit) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrNotFound)
}

func FuzzIndex(f *testing.F) {
	idx := make([]byte, idxHead+28*2+2*sumSize)
	copy(idx, "\xfftOc\x00\x00\x00\x02")
	for i := range 256 {
		binary.BigEndian.PutUint32(idx[8+4*i:], uint32(min(2, i/3)))
	}
	copy(idx[idxHead:], bytes.Repeat([]byte{3}, 20))
	copy(idx[idxHead+20:], bytes.Repeat([]byte{6}, 20))
	f.Add(idx)
	f.Add(idx[:100])
	f.Add([]byte("\xfftOc\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, idx []byte) {
		p := &pack{data: make([]byte, 64)}
		if err := p.index(idx); err != nil {
			if !known(err) {
				t.Fatal(err)
			}
			return
		}
		for i := range p.count() {
			if off, err := p.offset(i); !known(err) || err == nil && (off < packHead || off >= int64(len(p.data))) {
				t.Fatalf("offset %d, %v", off, err)
			}
			o := p.oid(i)
			if at, ok := p.find(&o); ok && p.oid(at) != o {
				t.Fatalf("%s was found at %d, where %s is", o, at, p.oid(at))
			}
			o[7] ^= 0x40
			if at, ok := p.find(&o); ok && p.oid(at) != o {
				t.Fatalf("%s was found at %d", o, at)
			}
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte{0x95, 0x0a, 0x78, 0x9c})
	f.Add([]byte{0xe5, 0x0a, 0x81, 0x00, 0x78})
	f.Add(append([]byte{0x75}, bytes.Repeat([]byte{7}, 30)...))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &pack{data: append(make([]byte, packHead+1), b...)}
		e, err := p.entry(packHead + 1)
		if !known(err) || err == nil && (e.size < 0 || e.kind == offsetDelta && (e.base < packHead || e.base > packHead)) {
			t.Fatalf("%+v, %v", e, err)
		}
	})
}

func FuzzDelta(f *testing.F) {
	f.Add([]byte("the base of the delta"), []byte{21, 25, 0x90, 21, 4, 'm', 'o', 'r', 'e'})
	f.Add([]byte("x"), []byte{1, 3, 3, 'a', 'b', 'c'})
	f.Add([]byte{}, []byte{0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0xff})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		const limit = 1 << 20
		out, err := applyDelta(base, delta, limit)
		if !known(err) || len(out) > limit {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
		if err != nil {
			return
		}
		// What the beginning of the result needs is what the whole has there.
		_, size, ops, _ := deltaSizes(delta)
		for _, want := range []int64{0, 1, size / 2, size} {
			want = min(want, size)
			reach, ok := extent(ops, want)
			if !ok || reach > int64(len(base)) {
				t.Fatalf("the first %d bytes reach %d into a base of %d, %v", want, reach, len(base), ok)
			}
		}
	})
}

func FuzzCommit(f *testing.F) {
	tree, parent := "tree "+strings.Repeat("1a", 20)+"\n", "parent "+strings.Repeat("2b", 20)+"\n"
	f.Add([]byte(tree + parent + parent + "author a <a@example.invalid> 1 +0000\n\nm"))
	f.Add([]byte(tree + "\nparent "))
	f.Add([]byte(tree + parent[:20]))
	f.Add([]byte("tree x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var whole, part commitHead
		err := whole.parse(raw, true)
		if !known(err) || err == nil && whole.more {
			t.Fatalf("more of a whole commit, %v", err)
		}
		// However little is read at first, the answer is that of the whole.
		for n := range raw {
			got := part.parse(raw[:n], false)
			if got != nil && err == nil {
				t.Fatalf("the first %d bytes: %v, the whole is right", n, got)
			}
			if got == nil && !part.more && err == nil && (part.tree != whole.tree || len(part.parents) != len(whole.parents)) {
				t.Fatalf("the first %d bytes: %d parents, the whole has %d", n, len(part.parents), len(whole.parents))
			}
		}
	})
}

func FuzzTree(f *testing.F) {
	id := strings.Repeat("i", 20)
	f.Add([]byte("100644 .gitignore\x00" + id + "40000 .github\x00" + id + "100644 a\x00" + id))
	f.Add([]byte("100644 .github\x00" + id + "100644 .github.x\x00" + id + "40000 .githubx\x00" + id))
	f.Add([]byte("40000 .github\x00short"))
	f.Add([]byte("9 a\x00" + id))
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole, decided, err := seek(raw, ".github", true)
		if !known(err) || err == nil && !decided {
			t.Fatalf("a whole tree decides nothing, %v", err)
		}
		for n := range raw {
			v, decided, got := seek(raw[:n], ".github", false)
			if got != nil && err == nil || decided && err == nil && v.entry.OID != whole.entry.OID {
				t.Fatalf("the first %d bytes: %+v, %v; the whole: %+v", n, v, got, whole)
			}
			// What decided is enough, and one byte less is not.
			if decided && (v.end > n || err == nil && v.end != whole.end) {
				t.Fatalf("the first %d bytes decide by %d, the whole by %d", n, v.end, whole.end)
			}
		}
		for rest := raw; len(rest) > 0; {
			var e TreeEntry
			if e, rest, err = NextEntry(rest); err != nil {
				if !known(err) {
					t.Fatal(err)
				}
				break
			}
			if len(e.Name) == 0 {
				t.Fatal("an entry without a name")
			}
		}
	})
}
