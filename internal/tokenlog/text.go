package tokenlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// textReader gives UTF-8 of whatever a file is written in: with a byte order mark UTF-8 or UTF-16, UTF-16 without one where every second byte is NUL,
// else UTF-8 in which a byte that is none is taken for Latin-1. NUL bytes are left out. Each of these is noted once.
type textReader struct {
	r     io.Reader
	note  func(string)
	order binary.ByteOrder // of UTF-16; nil: UTF-8
	raw   []byte           // read and not decoded
	out   []byte           // decoded and not given
	err   error
	begun bool
	told  map[string]bool
}

func newTextReader(r io.Reader, note func(string)) *textReader {
	return &textReader{r: r, note: note, told: map[string]bool{}}
}

func (t *textReader) once(text string) {
	if !t.told[text] {
		t.told[text] = true
		t.note(text)
	}
}

// textBuffer is how much is decoded at once.
const textBuffer = 256 << 10

func (t *textReader) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil && len(t.raw) == 0 {
			return 0, t.err
		}
		if t.begun && t.order == nil && len(t.raw) == 0 && len(p) >= utf8.UTFMax {
			return t.direct(p)
		}
		t.more()
		if !t.begun && (len(t.raw) >= textBuffer/2 || t.err != nil) {
			t.begin()
		}
		if t.begun {
			t.decode()
		}
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// direct reads into the caller's buffer where what comes is clean UTF-8, as nearly everything is.
func (t *textReader) direct(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.err = err
	if n > 0 && (bytes.IndexByte(p[:n], 0) >= 0 || !utf8.Valid(p[:n])) {
		t.raw = append(t.raw[:0], p[:n]...)
		t.decode()
		n = copy(p, t.out)
		t.out = t.out[n:]
	}
	if n > 0 {
		return n, nil
	}
	if len(t.raw) == 0 && err != nil {
		return 0, err
	}
	return 0, nil
}

func (t *textReader) more() {
	if t.err != nil {
		return
	}
	from := len(t.raw)
	t.raw = append(t.raw, make([]byte, textBuffer)...)
	n, err := t.r.Read(t.raw[from:])
	t.raw, t.err = t.raw[:from+n], err
}

// begin looks for a byte order mark, or for what UTF-16 without one looks like.
func (t *textReader) begin() {
	t.begun = true
	switch {
	case bytes.HasPrefix(t.raw, []byte{0xef, 0xbb, 0xbf}):
		t.raw = t.raw[3:]
	case bytes.HasPrefix(t.raw, []byte{0xff, 0xfe}):
		t.raw, t.order = t.raw[2:], binary.LittleEndian
	case bytes.HasPrefix(t.raw, []byte{0xfe, 0xff}):
		t.raw, t.order = t.raw[2:], binary.BigEndian
	default:
		t.order = nulsOf(t.raw)
	}
	if t.order != nil {
		t.once("the file is in UTF-16: it was read as such")
	}
}

// nulsOf guesses UTF-16 without a mark: of mostly Latin text, nearly every second byte is NUL.
func nulsOf(b []byte) binary.ByteOrder {
	b = b[:min(len(b), 4096)&^1]
	var even, odd int
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 {
			even++
		}
		if b[i+1] == 0 {
			odd++
		}
	}
	pairs := len(b) / 2
	switch {
	case pairs == 0:
		return nil
	case odd > pairs*4/5 && even < pairs/5:
		return binary.LittleEndian
	case even > pairs*4/5 && odd < pairs/5:
		return binary.BigEndian
	}
	return nil
}

// decode turns what is there into UTF-8; a character that is not whole waits for its rest.
func (t *textReader) decode() {
	if t.order != nil {
		t.decode16()
		return
	}
	if utf8.Valid(t.raw) && bytes.IndexByte(t.raw, 0) < 0 {
		t.out, t.raw = append(t.out[:0], t.raw...), t.raw[:0]
		return
	}
	t.out = t.out[:0]
	rest := t.raw
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == 0:
			t.once("the file has NUL bytes: they were left out")
		case r != utf8.RuneError || size > 1:
			t.out = append(t.out, rest[:size]...)
		case !utf8.FullRune(rest) && t.err == nil:
			t.raw = append(t.raw[:0], rest...)
			return
		default:
			t.once("the file is not all UTF-8: bytes that are none were read as Latin-1")
			t.out = utf8.AppendRune(t.out, rune(rest[0]))
		}
		rest = rest[size:]
	}
	t.raw = t.raw[:0]
}

func (t *textReader) decode16() {
	t.out = t.out[:0]
	whole := len(t.raw) &^ 1
	if whole >= 2 && t.err == nil && t.order.Uint16(t.raw[whole-2:])&0xfc00 == 0xd800 {
		whole -= 2 // the first half of a character: its rest comes
	}
	units := make([]uint16, 0, whole/2)
	for i := 0; i < whole; i += 2 {
		units = append(units, t.order.Uint16(t.raw[i:]))
	}
	t.raw = append(t.raw[:0], t.raw[whole:]...)
	for _, r := range utf16.Decode(units) {
		if r == 0 {
			t.once("the file has NUL characters: they were left out")
			continue
		}
		t.out = utf8.AppendRune(t.out, r)
	}
	if t.err != nil && len(t.raw) > 0 {
		t.once("the file ends within a character")
		t.raw = nil
		if errors.Is(t.err, io.EOF) {
			t.err = io.ErrUnexpectedEOF
		}
	}
}
