package tokenlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Bounds of one row. Rows beyond them are rejected, and the file goes on behind them.
const (
	// maxRow is the most that one row may have, in bytes: a record of CloudTrail has at most 256 KiB, a row of an event table some kilobytes.
	maxRow = 4 << 20
	// maxColumns bounds the header of a CSV file: the widest known export (BigQuery's distribution_metadata) has 45.
	maxColumns = 1000
	// firstBuffer is how much is asked of a file at once.
	firstBuffer = 256 << 10
	// contextEvery is after how many rows a reader looks whether it is to stop.
	contextEvery = 1024
)

// Reasons for which the row helpers keep a row aside.
const (
	reasonLong   = "the row has more than 4 MiB"
	reasonCut    = "the file ends within the row"
	reasonQuote  = "a quoted field does not end, or goes on behind its closing quote"
	reasonNoJSON = "this is no JSON object"
	reasonDeep   = "the JSON is nested too deeply"
)

// Present is the text of the row that was begun last, as far as it is known; it is valid until the next one begins. It may hold anything.
func (s *Sink) Present() []byte { return s.present }

// begin counts a row and keeps its text for those who reject it.
func (s *Sink) begin(line int64, text []byte) error {
	s.present = text
	return s.Row(line)
}

// lineReader cuts text into lines without copying them. A line that is too long is passed over.
type lineReader struct {
	r      io.Reader
	buf    []byte
	from   int   // of the next line
	to     int   // of what is read
	number int64 // of the line that was given last, from 1
	end    error // io.EOF, io.ErrUnexpectedEOF (cut off) or what else the reader gave
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: r, buf: make([]byte, firstBuffer)} }

// fill reads more behind what is there; false at the end.
func (l *lineReader) fill() bool {
	if l.end != nil {
		return false
	}
	if l.from > 0 && l.to == len(l.buf) {
		l.to = copy(l.buf, l.buf[l.from:l.to])
		l.from = 0
	}
	if l.to == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := l.r.Read(l.buf[l.to:])
	l.to += n
	l.end = err
	return n > 0 || err == nil
}

// ended is the error of reading; nil where the text ended well, or was cut off, of which the opener makes a note.
func (l *lineReader) ended() error {
	if l.end == nil || errors.Is(l.end, io.EOF) || errors.Is(l.end, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("read line %d: %w", l.number+1, l.end)
}

// cut reports that the text ends where its file does not.
func (l *lineReader) cut() bool { return errors.Is(l.end, io.ErrUnexpectedEOF) }

// lineEnd finds the end of the line that begins at from+offset: the length of the rest with it up to its newline (not included). ok is false where
// the text ends before; long where the line goes over maxRow.
func (l *lineReader) lineEnd(offset int) (length int, ok, long bool) {
	seen := offset
	for {
		if i := bytes.IndexByte(l.buf[l.from+seen:l.to], '\n'); i >= 0 {
			return seen + i, true, seen+i > maxRow
		}
		seen = l.to - l.from
		if seen > maxRow {
			return seen, false, true
		}
		if !l.fill() {
			return l.to - l.from, false, false
		}
	}
}

// next gives the next line without its newline, or carriage return and newline. more is false at the end; long lines come without their rest.
func (l *lineReader) next() (line []byte, long, more bool) {
	length, ok, long := l.lineEnd(0)
	line = l.buf[l.from : l.from+length]
	if !ok && !long && len(line) == 0 {
		return nil, false, false
	}
	l.number++
	l.skip(length, ok)
	if long && !ok {
		kept := bytes.Clone(line[:min(len(line), maxShown)])
		l.passLine()
		return kept, true, true
	}
	return bytes.TrimSuffix(line, []byte{'\r'}), long, true
}

// maxShown is how much of a row that is too long is shown to those who keep rows aside.
const maxShown = 4 << 10

// skip goes behind a line.
func (l *lineReader) skip(length int, newline bool) {
	l.from += length
	if newline {
		l.from++
	}
}

// passLine drops everything to the end of the line.
func (l *lineReader) passLine() {
	for {
		if i := bytes.IndexByte(l.buf[l.from:l.to], '\n'); i >= 0 {
			l.from += i + 1
			return
		}
		l.from, l.to = 0, 0
		if !l.fill() {
			return
		}
	}
}

// lastCut reports that the line given last has no end because the file was cut off there.
func (l *lineReader) lastCut() bool {
	return l.from == l.to && l.cut() && (l.to == 0 || l.buf[l.to-1] != '\n')
}

// eachLine calls f with every line that is not blank, without its end. The text is valid until f returns.
func eachLine(ctx context.Context, in *Input, out *Sink, f func(line []byte) error) error {
	l := newLineReader(in.R)
	for n := 0; ; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, long, more := l.next()
		if !more {
			return l.ended()
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := out.begin(l.number, line); err != nil {
			return err
		}
		err := error(nil)
		switch {
		case long:
			err = out.Reject(reasonLong)
		case l.lastCut():
			err = out.Reject(reasonCut)
		default:
			err = f(line)
		}
		if err != nil {
			return err
		}
	}
}
