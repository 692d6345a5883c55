package gharchive

import "io"

// blocks is how many pieces of [chunk] bytes are inflated ahead of the scan: enough to bridge a line that takes long to decode.
const blocks = 4

// ahead reads a stream in a goroutine of its own, so that inflating and scanning run side by side: a DEFLATE stream cannot be split, but
// it need not wait.
type ahead struct {
	full chan block
	free chan []byte
	stop chan struct{}
	over chan struct{}

	last []byte // the block in hand, to give back
	rest []byte // what is left of it
	err  error
}

// block is a piece of the stream and, with its last byte, why there is no more.
type block struct {
	bytes []byte
	err   error
}

// readAhead begins to read; close ends it.
func readAhead(in io.Reader) *ahead {
	a := &ahead{full: make(chan block, blocks), free: make(chan []byte, blocks), stop: make(chan struct{}), over: make(chan struct{})}
	for range blocks {
		a.free <- make([]byte, chunk)
	}
	go a.run(in)
	return a
}

func (a *ahead) run(in io.Reader) {
	defer close(a.over)
	for {
		var b []byte
		select {
		case b = <-a.free:
		case <-a.stop:
			return
		}
		var n int
		var err error
		for n < len(b) && err == nil {
			var k int
			k, err = in.Read(b[n:])
			n += k
		}
		select {
		case a.full <- block{b[:n], err}:
		case <-a.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read gives what has been read ahead.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.last != nil {
			a.free <- a.last[:cap(a.last)]
		}
		next := <-a.full
		a.last, a.rest, a.err = next.bytes, next.bytes, next.err
	}
	n := copy(p, a.rest)
	if a.rest = a.rest[n:]; len(a.rest) == 0 {
		return n, a.err
	}
	return n, nil
}

// close returns when the stream is not touched any more.
func (a *ahead) close() {
	close(a.stop)
	<-a.over
}
