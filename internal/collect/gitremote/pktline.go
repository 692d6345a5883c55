package gitremote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// https://git-scm.com/docs/protocol-common#_pkt_line_format and https://git-scm.com/docs/protocol-v2.
const (
	pktMax    = 65_520 // with its four digits of length
	pktHeader = 4
)

type pktKind uint8

const (
	pktData pktKind = iota
	pktFlush
	pktDelimiter
	pktEnd
)

// pktReader reads pkt-lines into one buffer: a payload is valid until the next read.
type pktReader struct {
	r   io.Reader
	buf [pktMax]byte
}

// next gives the next pkt-line. io.EOF stands only between lines; an "ERR " line is given as an error.
func (p *pktReader) next() (pktKind, []byte, error) {
	head := p.buf[:pktHeader]
	if _, err := io.ReadFull(p.r, head); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = malformed("it ends within a pkt-line")
		}
		return pktData, nil, err
	}
	n := 0
	for _, b := range head {
		d := strings.IndexByte("0123456789abcdef", b|0x20)
		if d < 0 {
			return pktData, nil, malformed("%q is no pkt-line length", evidence.Printable(string(head)))
		}
		n = n<<4 | d
	}
	switch {
	case n == 0:
		return pktFlush, nil, nil
	case n == 1:
		return pktDelimiter, nil, nil
	case n == 2:
		return pktEnd, nil, nil
	case n < pktHeader || n > pktMax:
		return pktData, nil, malformed("a pkt-line of length %d", n)
	}
	body := p.buf[pktHeader:n]
	if _, err := io.ReadFull(p.r, body); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = malformed("it ends within a pkt-line")
		}
		return pktData, nil, err
	}
	if text, ok := bytes.CutPrefix(body, []byte("ERR ")); ok {
		return pktData, nil, said(string(text))
	}
	return pktData, body, nil
}

// line is next for text: without the newline at its end.
func (p *pktReader) line() (pktKind, string, error) {
	kind, body, err := p.next()
	return kind, strings.TrimSuffix(string(body), "\n"), err
}

// pktRequest is a request under construction: writes into memory cannot fail.
type pktRequest struct{ bytes.Buffer }

func (q *pktRequest) linef(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	fmt.Fprintf(&q.Buffer, "%04x%s\n", len(s)+pktHeader+1, s)
}

func (q *pktRequest) delimiter() { q.WriteString("0001") }
func (q *pktRequest) flush()     { q.WriteString("0000") }

// demux copies the pack out of the sideband (https://git-scm.com/docs/protocol-v2, "packfile" section) until the flush that ends it.
// Band 2 is progress for people and dropped.
func (p *pktReader) demux(pack io.Writer) error {
	for {
		kind, body, err := p.next()
		switch {
		case errors.Is(err, io.EOF):
			return broken("the answer ends within the pack")
		case err != nil:
			return err
		case kind != pktData:
			return nil
		case len(body) == 0:
			return malformed("an empty sideband line")
		}
		switch body[0] {
		case 1:
			if _, err := pack.Write(body[1:]); err != nil {
				return err
			}
		case 2:
		case 3:
			return said(string(body[1:]))
		default:
			return malformed("sideband %d", body[0])
		}
	}
}

func hashOf(o evidence.OID) plumbing.Hash { return plumbing.NewHash(string(o)) }
func oidOf(h plumbing.Hash) evidence.OID  { return evidence.OID(h.String()) }
