package gharchive

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func TestReadAhead(t *testing.T) {
	broken := errors.New("broken")
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 6*chunk + 17} {
		for name, end := range map[string]error{"whole": io.EOF, "broken": broken} {
			want := make([]byte, size)
			for i := range want {
				want[i] = byte(rand.Uint32())
			}
			a := readAhead(io.MultiReader(bytes.NewReader(want), iotest.ErrReader(end)))
			got, err := io.ReadAll(a)
			if n, again := a.Read(make([]byte, 1)); n != 0 || again != end {
				t.Errorf("%s, %d bytes: then %d, %v", name, size, n, again)
			}
			a.close()
			if !bytes.Equal(got, want) || (end == io.EOF) != (err == nil) {
				t.Errorf("%s: %d of %d bytes, %v", name, len(got), size, err)
			}
		}
	}
}

// Whoever stops early waits for the goroutine, which must not read on.
func TestReadAheadStops(t *testing.T) {
	endless := &stepCounter{}
	a := readAhead(endless)
	if _, err := io.ReadFull(a, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	a.close()
	before := endless.n
	if before > (blocks+2)*chunk || endless.n != before {
		t.Errorf("%d bytes were read ahead", before)
	}
}

type stepCounter struct{ n int }

func (s *stepCounter) Read(p []byte) (int, error) {
	s.n += len(p)
	return len(p), nil
}
