package ghexport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// splitter cuts a text into rows: the objects of a JSON array, one object a line, or objects one after another over several lines. It holds
// one row at a time.
type splitter struct {
	in   *bufio.Reader
	n    int
	list bool // the text is an array
	last byte // outside of objects, or the brace that began one
	junk bool // in what is neither an object nor a sign of an array
}

// errOpen is an array that does not end: the rest of the file is not there.
var errOpen = errors.New("the list has no end")

// readError is a failure of the input, as against one of whoever takes the rows.
type readError struct{ error }

// each calls take with every row; why is set where it is none.
func (s *splitter) each(take func(n int, raw []byte, why error) error) error {
	first, err := s.start()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return readError{err}
	}
	if s.list = first == '['; s.list {
		return s.objects(take)
	}
	// One object a line, if the first line is one: then a damaged line costs no other.
	line, over, end := s.line()
	if whole := bytes.TrimSpace(line); len(whole) > 0 && whole[len(whole)-1] != '}' && !over && whole[0] == '{' && end == nil {
		s.in = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(append(line, '\n')), s.in), 1<<16)
		return s.objects(take)
	}
	for {
		if err := s.give(line, over, take); err != nil {
			return err
		}
		if errors.Is(end, io.EOF) {
			return nil
		}
		if end != nil {
			return readError{end}
		}
		line, over, end = s.line()
	}
}

// start passes over blanks and gives the first byte without taking it.
func (s *splitter) start() (byte, error) {
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, s.in.UnreadByte()
		}
	}
}

// line reads one line without its end; over says that it was longer than a row may be and is not given.
func (s *splitter) line() (line []byte, over bool, err error) {
	for {
		part, err := s.in.ReadSlice('\n')
		if !over {
			line = append(line, part...)
		}
		if len(line) > maxRow {
			line, over = nil, true
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return bytes.TrimSuffix(line, []byte("\n")), over, err
	}
}

// give hands a row on; empty lines are none.
func (s *splitter) give(raw []byte, over bool, take func(n int, raw []byte, why error) error) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 && !over {
		return nil
	}
	s.n++
	switch {
	case over:
		return take(s.n, nil, badRow("is longer than 10 MiB"))
	case raw[0] != '{':
		return take(s.n, nil, badRow("is no object"))
	}
	return take(s.n, raw, nil)
}

// objects takes every outermost object; what stands between them and is no comma or bracket counts as a bad row. An end of line within a string ends the row as a bad one: JSON has none
// there, so the row was cut off.
func (s *splitter) objects(take func(n int, raw []byte, why error) error) error {
	var raw []byte
	depth, quoted, escaped, over := 0, false, false, false
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			if depth > 0 {
				s.n++
				if err := take(s.n, nil, badRow("is cut off")); err != nil {
					return err
				}
			}
			switch {
			case !errors.Is(err, io.EOF):
				return readError{err}
			case s.list && s.last != ']':
				return readError{errOpen}
			}
			return nil
		}
		if depth > 0 && !over {
			raw = append(raw, c)
		}
		switch {
		case quoted && c == '\n':
			s.n++
			if err := take(s.n, nil, badRow("is cut off in a string")); err != nil {
				return err
			}
			raw, depth, quoted, escaped, over = raw[:0], 0, false, false, false
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case c == '{':
			if depth == 0 {
				raw, s.last, s.junk = append(raw[:0], c), c, false
			}
			depth++
		case c == '}' && depth > 0:
			if depth--; depth == 0 {
				if err := s.give(raw, over, take); err != nil {
					return err
				}
				raw, over = raw[:0], false
			}
		case depth == 0:
			if err := s.between(c, take); err != nil {
				return err
			}
		}
		if len(raw) > maxRow {
			raw, over = raw[:0], true
		}
	}
}

// between takes a byte outside of objects.
func (s *splitter) between(c byte, take func(n int, raw []byte, why error) error) error {
	switch c {
	case ' ', '\t', '\r', '\n':
	case ',', '[', ']':
		s.last, s.junk = c, false
	default:
		s.last = c
		if !s.junk {
			s.junk = true
			s.n++
			return take(s.n, nil, badRow("is no object"))
		}
	}
	return nil
}
