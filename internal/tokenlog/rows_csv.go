package tokenlog

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// header are the columns of a CSV file by their names in lower case, trimmed. Of two with the same name the first counts.
type header struct {
	names []string
	index map[string]int
}

func newHeader(fields []string) *header {
	h := &header{index: make(map[string]int, len(fields))}
	for i, f := range fields {
		name := columnName(f)
		h.names = append(h.names, name)
		if _, ok := h.index[name]; !ok {
			h.index[name] = i
		}
	}
	return h
}

func columnName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// record is one row of a CSV file. It is valid until the next one is read; its texts stay.
type record struct {
	*header
	fields []string
}

// get is the first column of that name that exists, trimmed; "" where there is none.
func (r *record) get(names ...string) string {
	for _, name := range names {
		if i, ok := r.index[name]; ok {
			return strings.TrimSpace(r.fields[i])
		}
	}
	return ""
}

// has reports that the file has the column.
func (r *record) has(name string) bool {
	_, ok := r.index[name]
	return ok
}

// separators of columns that are known by the header; the first of those that are as frequent counts.
var separators = []byte{',', '\t', ';', '|'}

// separatorOf guesses what stands between columns: what a header has most often outside of quotes.
func separatorOf(line []byte) byte {
	var count [256]int
	quoted := false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case !quoted:
			count[b]++
		}
	}
	return slices.MaxFunc(separators, func(a, b byte) int { return count[a] - count[b] })
}

// csvReader reads records of RFC 4180, and what is usual beside it: bare quotes within unquoted fields, either end of line, blank lines.
type csvReader struct {
	lines     *lineReader
	separator byte
	fields    []string
	line      int64  // at which the present record begins
	text      []byte // of the present record
	reason    string // for which it cannot be used; empty: it can
}

// next reads one record; false at the end. A record whose quotes do not match is rejected as its first line alone, and the next line begins another
// record, so that a stray quote costs one row.
func (c *csvReader) next() bool {
	l := c.lines
	for {
		length, ok, long := l.lineEnd(0)
		line := l.buf[l.from : l.from+length]
		if !ok && !long && len(line) == 0 {
			return false
		}
		c.line, c.reason = l.number+1, ""
		if long {
			c.text, _, _ = l.next()
			c.fields, c.reason = c.fields[:0], reasonLong
			return true
		}
		if len(bytes.TrimSpace(line)) == 0 {
			l.skip(length, ok)
			l.number++
			continue
		}
		if bytes.IndexByte(line, '"') >= 0 {
			c.quoted(length, ok)
			return true
		}
		l.skip(length, ok)
		l.number++
		c.text = bytes.TrimSuffix(line, []byte{'\r'})
		c.split(c.text)
		if !ok && l.cut() {
			c.reason = reasonCut
		}
		return true
	}
}

// split cuts a line without quotes. One text is made of it, of which the fields are parts.
func (c *csvReader) split(line []byte) {
	rest := string(line)
	c.fields = c.fields[:0]
	for {
		i := strings.IndexByte(rest, c.separator)
		if i < 0 {
			c.fields = append(c.fields, rest)
			return
		}
		c.fields = append(c.fields, rest[:i])
		rest = rest[i+1:]
	}
}

// quoted reads a record with quotes, which may go over several lines. length is that of its first line.
func (c *csvReader) quoted(length int, ended bool) {
	l := c.lines
	first, firstEnded := length, ended
	lines := int64(1)
	var state quoteState
	c.fields = c.fields[:0]
	for {
		text := l.buf[l.from : l.from+length]
		open, bad := c.parse(text, &state)
		if !open && !bad {
			l.skip(length, ended)
			l.number += lines
			c.text = text
			if !ended && l.cut() {
				c.reason = reasonCut
			}
			return
		}
		if bad || !ended || length >= maxRow {
			break
		}
		// The next line, unless it has no quote that could close the field: whole runs of such lines are taken at once.
		more, ok, long := l.quoteLine(length + 1)
		if long {
			break
		}
		lines += int64(bytes.Count(l.buf[l.from+length:l.from+more], []byte{'\n'}))
		length, ended = more, ok
	}
	c.fields, c.reason = c.fields[:0], reasonQuote
	if !firstEnded && l.cut() {
		c.reason = reasonCut
	}
	c.text = bytes.Clone(l.buf[l.from : l.from+min(first, maxShown)])
	l.skip(first, firstEnded)
	l.number++
}

// quoteLine is the end of the first line behind offset that has a quote: a quoted field cannot end before.
func (l *lineReader) quoteLine(offset int) (length int, ok, long bool) {
	seen := offset
	for {
		if i := bytes.IndexByte(l.buf[min(l.from+seen, l.to):l.to], '"'); i >= 0 {
			return l.lineEnd(seen + i)
		}
		seen = max(seen, l.to-l.from)
		if seen > maxRow {
			return seen, false, true
		}
		if !l.fill() {
			return l.to - l.from, false, false
		}
	}
}

// quoteState is where parse stands in a record whose lines come one by one.
type quoteState struct {
	at     int    // in the text of the record
	field  []byte // the quoted field under way, without its quotes
	inside bool
}

// parse cuts a text with quotes into fields; called again with more text it goes on where it stood. open: a quoted field does not end in it; bad:
// something follows a closing quote.
func (c *csvReader) parse(text []byte, q *quoteState) (open, bad bool) {
	for {
		if !q.inside {
			rest := text[q.at:]
			if len(rest) == 0 || rest[0] != '"' {
				i := bytes.IndexByte(rest, c.separator)
				if i < 0 {
					c.fields = append(c.fields, string(bytes.TrimSuffix(rest, []byte{'\r'})))
					return false, false
				}
				c.fields = append(c.fields, string(rest[:i]))
				q.at += i + 1
				continue
			}
			q.at, q.field, q.inside = q.at+1, q.field[:0], true
		}
		rest := text[q.at:]
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			q.field, q.at = append(q.field, rest...), len(text)
			return true, false
		}
		if i+1 < len(rest) && rest[i+1] == '"' {
			q.field, q.at = append(q.field, rest[:i+1]...), q.at+i+2
			continue
		}
		c.fields, q.inside = append(c.fields, string(append(q.field, rest[:i]...))), false
		switch rest = rest[i+1:]; {
		case len(rest) == 0 || string(rest) == "\r":
			return false, false
		case rest[0] != c.separator:
			return false, true
		}
		q.at += i + 2
	}
}

// eachRecord reads CSV with a header line and calls f for each row that has as many fields as the header. Commas, tabs, semicolons and bars are told
// apart by the header. A file without rows is no error; one without a usable header is noted.
func eachRecord(ctx context.Context, in *Input, out *Sink, f func(*record) error) error {
	c := &csvReader{lines: newLineReader(in.R)}
	h, err := c.header(out)
	if h == nil {
		return err
	}
	r := &record{header: h}
	for n := 0; c.next(); n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := out.begin(c.line, c.text); err != nil {
			return err
		}
		reason := c.reason
		if reason == "" && len(c.fields) != len(h.names) {
			reason = fmt.Sprintf("the row has %d fields, the header %d", len(c.fields), len(h.names))
		}
		if r.fields = c.fields; reason != "" {
			err = out.Reject(reason)
		} else {
			err = f(r)
		}
		if err != nil {
			return err
		}
	}
	return c.lines.ended()
}

// header reads the first record; nil where there is none that can be used, of which a note is made.
func (c *csvReader) header(out *Sink) (*header, error) {
	length, _, _ := c.lines.lineEnd(0)
	c.separator = separatorOf(c.lines.buf[c.lines.from : c.lines.from+min(length, maxRow)])
	if !c.next() {
		if err := c.lines.ended(); err != nil {
			return nil, err
		}
		out.Note("the file is empty")
		return nil, nil
	}
	if c.reason != "" || len(c.fields) > maxColumns {
		out.Note("the header cannot be read: nothing of the file was")
		return nil, nil
	}
	return newHeader(slices.Clone(c.fields)), nil
}
