package tokenlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Bounds of JSON.
const (
	// maxDocument is the most that a document may have which is read whole: the largest packuments have some tens of megabytes.
	maxDocument = 128 << 20
	// maxDepth is how deep objects and arrays may stand in each other: the deepest known record (CloudTrail with a policy) has about 15.
	maxDepth = 64
)

// object is a JSON object; its numbers are json.Number.
type object map[string]any

// at follows a path of keys.
func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// text is the string at a path, trimmed, or the digits of a number; "" for everything else.
func (o object) text(path ...string) string {
	switch v := o.at(path...).(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	default:
		return ""
	}
}

// number is the whole number at a path, also one that is written as a string or with a fraction of zero.
func (o object) number(path ...string) (int64, bool) {
	text := o.text(path...)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// flag is the truth value at a path; told is false where there is none.
func (o object) flag(path ...string) (value, told bool) {
	switch v := o.at(path...).(type) {
	case bool:
		return v, true
	case string:
		value, err := strconv.ParseBool(strings.TrimSpace(v))
		return value, err == nil
	default:
		return false, false
	}
}

// object is the object at a path; nil where there is none, of which everything can be asked too.
func (o object) object(path ...string) object {
	m, ok := o.at(path...).(map[string]any)
	if !ok {
		return nil
	}
	return object(m)
}

// list is the array at a path.
func (o object) list(path ...string) []any {
	l, ok := o.at(path...).([]any)
	if !ok {
		return nil
	}
	return l
}

// errDeep is a text whose brackets stand too deep in each other.
var errDeep = errors.New("nested too deeply")

// parseObject reads one JSON object and nothing behind it.
func parseObject(text []byte) (object, error) {
	if !shallow(text) {
		return nil, errDeep
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("null")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the object")
	}
	return o, nil
}

// shallow reports that brackets stand at most maxDepth deep. It is asked before the decoder, which follows them on the stack.
func shallow(text []byte) bool {
	var m matcher
	for _, b := range text {
		if m.step(b); m.depth > maxDepth {
			return false
		}
	}
	return true
}

// matcher follows strings and brackets, to find where a value ends.
type matcher struct {
	depth           int
	quoted, escaped bool
}

// step takes one byte and reports that a bracket closed the outermost value.
func (m *matcher) step(b byte) bool {
	switch {
	case m.escaped:
		m.escaped = false
	case m.quoted:
		m.quoted, m.escaped = b != '"', b == '\\'
	case b == '"':
		m.quoted = true
	case b == '{' || b == '[':
		m.depth++
	case b == '}' || b == ']':
		m.depth--
		return m.depth == 0
	}
	return false
}

// eachObject calls f for every object of an array, of lines, of objects one behind the other, or of the array under one of the members where an object
// has such. A line (or an element) that is none is rejected and the rest goes on. Lines count from 1; where objects stand in one document, they do.
func eachObject(ctx context.Context, in *Input, out *Sink, members []string, f func(object) error) error {
	l := newLineReader(in.R)
	j := &jsonReader{ctx: ctx, out: out, members: members, give: f}
	if l.jsonLines() {
		return j.byLine(l)
	}
	return j.document(l)
}

// jsonLines reports that the text has one object a line: its first line is a whole one.
func (l *lineReader) jsonLines() bool {
	for seen := 0; ; {
		length, ok, long := l.lineEnd(seen)
		if long {
			return false
		}
		line := bytes.TrimSpace(l.buf[l.from+seen : l.from+length])
		if len(line) == 0 && ok {
			seen = length + 1
			continue
		}
		if len(line) == 0 || line[0] != '{' {
			return len(line) > 0 && line[0] != '['
		}
		var m matcher
		for i, b := range line {
			if m.step(b) {
				// Several on the line are told apart as a document is.
				return i == len(line)-1
			}
		}
		return m.quoted // a string does not go over lines: the line is bad, those behind it need not be
	}
}

// jsonReader gives objects on.
type jsonReader struct {
	ctx     context.Context
	out     *Sink
	members []string
	give    func(object) error
	count   int64
}

// row judges one text: as an object, as one whose member has the objects, or as none.
func (j *jsonReader) row(line int64, text []byte) error {
	if j.count++; j.count%contextEvery == 0 && j.ctx.Err() != nil {
		return j.ctx.Err()
	}
	o, err := parseObject(text)
	if err == nil {
		for _, m := range j.members {
			if list, ok := o[m].([]any); ok && (len(list) == 0 || isObject(list[0])) {
				return j.list(line, list)
			}
		}
	}
	if err := j.out.begin(line, text); err != nil {
		return err
	}
	switch {
	case errors.Is(err, errDeep):
		return j.out.Reject(reasonDeep)
	case err != nil:
		return j.out.Reject(reasonNoJSON)
	default:
		return j.give(o)
	}
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// list gives on the objects of a member on one line.
func (j *jsonReader) list(line int64, list []any) error {
	for _, v := range list {
		if err := j.out.begin(line, nil); err != nil {
			return err
		}
		o, ok := v.(map[string]any)
		err := error(nil)
		if ok {
			err = j.give(o)
		} else {
			err = j.out.Reject(reasonNoJSON)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bad rejects a row that has no object at all.
func (j *jsonReader) bad(line int64, text []byte, reason string) error {
	if err := j.out.begin(line, text); err != nil {
		return err
	}
	return j.out.Reject(reason)
}

// byLine reads one object a line.
func (j *jsonReader) byLine(l *lineReader) error {
	for {
		line, long, more := l.next()
		if !more {
			return l.ended()
		}
		if long {
			if err := j.bad(l.number, line, reasonLong); err != nil {
				return err
			}
			continue
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if l.lastCut() {
			return errors.Join(j.bad(l.number, line, reasonCut), l.ended())
		}
		if err := j.row(l.number, line); err != nil {
			return err
		}
	}
}

// refuse keeps aside a file that is one row: nothing of it could be read.
func (s *Sink) refuse(reason string, text []byte) error {
	if err := s.begin(1, text); err != nil {
		return err
	}
	return s.Reject(reason)
}

// scalar is the text of a string, trimmed, a number or a boolean; "" for everything else.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// readDocument reads the one object of a file whole. A file that is none, or is too large, is kept aside and gives nil.
func readDocument(in *Input, out *Sink) (object, error) {
	text, err := io.ReadAll(io.LimitReader(in.R, maxDocument+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = nil // noted where it was opened; what is there is judged as any other text
	case err != nil:
		return nil, fmt.Errorf("read document: %w", err)
	}
	if len(text) > maxDocument {
		return nil, out.refuse("the document has more than 128 MiB: nothing of it was read", nil)
	}
	o, err := parseObject(bytes.TrimSpace(text))
	if err != nil {
		return nil, out.refuse("the file is no JSON object: nothing of it was read", text)
	}
	return o, nil
}
