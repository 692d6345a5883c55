package tokenlog

import (
	"bytes"
	"slices"
	"strings"
)

// document reads objects that stand in arrays, in a member of one object, or one behind the other over several lines. It holds one object at a time.
func (j *jsonReader) document(l *lineReader) error {
	d := &documentReader{jsonReader: j, l: l}
	for {
		b, ok := d.peek()
		if !ok {
			break
		}
		var err error
		switch b {
		case '[':
			d.l.from++
			err = d.array()
		case '{':
			err = d.top()
		case ',', ']', '}':
			d.l.from++ // what is left of an envelope that was read to its array
		default:
			err = d.garbage()
		}
		if err != nil {
			return err
		}
	}
	return l.ended()
}

// documentReader is under way in one document. Rows are told by their count.
type documentReader struct {
	*jsonReader
	l    *lineReader
	rows int64
}

// peek is the next byte that is no space.
func (d *documentReader) peek() (byte, bool) {
	for {
		for d.l.from < d.l.to {
			switch b := d.l.buf[d.l.from]; b {
			case ' ', '\t', '\n', '\r':
				d.l.from++
			default:
				return b, true
			}
		}
		if !d.l.fill() {
			return 0, false
		}
	}
}

// extent finds the end of the value in brackets that begins at from. long where it goes over maxRow, which is then passed over; whole is false where
// the text ends before.
func (d *documentReader) extent() (text []byte, whole, long bool) {
	var m matcher
	for seen := 0; ; {
		for i, b := range d.l.buf[d.l.from+seen : d.l.to] {
			if m.step(b) {
				text = d.l.buf[d.l.from : d.l.from+seen+i+1]
				d.l.from += seen + i + 1
				return text, true, long || len(text) > maxRow
			}
		}
		seen = d.l.to - d.l.from
		if seen > maxRow {
			// The matcher remembers where it stands: the text need not be kept.
			long = true
			d.l.from, seen = d.l.to, 0
		}
		if !d.l.fill() {
			text = d.l.buf[d.l.from:d.l.to]
			d.l.from = d.l.to
			return text, false, long
		}
	}
}

// element reads one object and gives it on.
func (d *documentReader) element() error {
	text, whole, long := d.extent()
	d.rows++
	switch {
	case long:
		return d.bad(d.rows, text[:min(len(text), maxShown)], reasonLong)
	case !whole:
		return d.bad(d.rows, text, reasonCut)
	default:
		return d.row(d.rows, text)
	}
}

// array reads the elements up to the closing bracket.
func (d *documentReader) array() error {
	for {
		b, ok := d.peek()
		if !ok {
			if d.l.ended() == nil {
				d.out.Note("the list does not end: the file was cut off before that")
			}
			return nil
		}
		var err error
		switch b {
		case ']':
			d.l.from++
			return nil
		case ',':
			d.l.from++
		case '{', '[':
			err = d.element()
		default:
			err = d.garbage()
		}
		if err != nil {
			return err
		}
	}
}

// garbage rejects what is no value in brackets, up to where the next may begin: the end of the line, a comma or a bracket.
func (d *documentReader) garbage() error {
	length := 0
	for {
		rest := d.l.buf[d.l.from+length : d.l.to]
		i := bytes.IndexAny(rest, "\n,[]{}")
		if i >= 0 {
			length += i
			break
		}
		length = d.l.to - d.l.from
		if length > maxRow || !d.l.fill() {
			break
		}
	}
	length = max(length, 1)
	text := d.l.buf[d.l.from : d.l.from+length]
	d.l.from += length
	d.rows++
	return d.bad(d.rows, text, reasonNoJSON)
}

// top reads an object of the document: where one of its members has the rows, those, else itself.
func (d *documentReader) top() error {
	at, ok := d.memberArray()
	if !ok {
		return d.element()
	}
	d.l.from += at
	if err := d.array(); err != nil {
		return err
	}
	d.closeEnvelope()
	return nil
}

// closeEnvelope goes behind the members of an envelope that follow its list: the mark of the next page, counts. It stops before anything that is no
// member, because a list that is broken may have ended early, and what follows are its rows.
func (d *documentReader) closeEnvelope() {
	for {
		b, ok := d.peek()
		if !ok {
			return
		}
		switch b {
		case '}':
			d.l.from++
			return
		case ',':
			d.l.from++
		case '"':
			if !d.passMember() {
				return
			}
		default:
			return
		}
	}
}

// passMember goes behind a name, a colon and a value; false where that is not what follows.
func (d *documentReader) passMember() bool {
	if !d.passString() {
		return false
	}
	if b, ok := d.peek(); !ok || b != ':' {
		return false
	}
	d.l.from++
	b, ok := d.peek()
	switch {
	case !ok:
		return false
	case b == '"':
		return d.passString()
	case b == '{' || b == '[':
		_, whole, _ := d.extent()
		return whole
	}
	for ok && b != ',' && b != '}' && b != '\n' {
		d.l.from++
		b, ok = d.peek()
	}
	return ok
}

// passString goes behind a string.
func (d *documentReader) passString() bool {
	d.l.from++
	for escaped := false; ; d.l.from++ {
		if d.l.from == d.l.to && !d.l.fill() {
			return false
		}
		switch b := d.l.buf[d.l.from]; {
		case escaped:
			escaped = false
		case b == '\\':
			escaped = true
		case b == '"':
			d.l.from++
			return true
		}
	}
}

// memberArray looks in the object that begins at from for one of the members, as far as one row may go, and gives where behind the opening bracket of
// its array the elements begin, counted from the object.
func (d *documentReader) memberArray() (int, bool) {
	if len(d.members) == 0 {
		return 0, false
	}
	var m matcher
	key, keyFrom := "", 0
	for seen := 0; seen <= maxRow; seen++ {
		for d.l.from+seen >= d.l.to {
			if !d.l.fill() {
				return 0, false
			}
		}
		b := d.l.buf[d.l.from+seen]
		was := m
		if m.step(b) {
			return 0, false
		}
		switch {
		case was.depth != 1:
		case !was.quoted && m.quoted:
			keyFrom = seen + 1
		case was.quoted && !m.quoted:
			key = string(d.l.buf[d.l.from+keyFrom : d.l.from+seen])
		case !was.quoted && b == '[' && slices.Contains(d.members, strings.TrimSpace(key)):
			return seen + 1, true
		case !was.quoted && b == ',':
			key = ""
		}
	}
	return 0, false
}
