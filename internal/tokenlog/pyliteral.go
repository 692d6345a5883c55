package tokenlog

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a Python literal: the admin pages of PyPI print a small dict.
const (
	maxLiteral      = 1 << 20
	maxLiteralDepth = 32
)

var errLiteral = errors.New("this is no Python literal")

// pythonLiteral reads what Python's repr makes of values that came from JSON: dict, list, tuple, str, int, float, True, False, None. Dicts become
// objects, tuples arrays, numbers json.Number.
func pythonLiteral(text string) (any, error) {
	if len(text) > maxLiteral {
		return nil, errLiteral
	}
	p := &literal{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at != len(p.text) {
		return nil, errLiteral
	}
	return v, nil
}

// literal is under way in a text.
type literal struct {
	text string
	at   int
}

func (p *literal) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take goes behind a byte if it comes next.
func (p *literal) take(b byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == b {
		p.at++
		return true
	}
	return false
}

func (p *literal) value(depth int) (any, error) {
	if p.space(); p.at == len(p.text) || depth > maxLiteralDepth {
		return nil, errLiteral
	}
	switch b := p.text[p.at]; b {
	case '{':
		return p.dict(depth)
	case '[', '(':
		return p.sequence(depth, map[byte]byte{'[': ']', '(': ')'}[b])
	case '\'', '"':
		return p.quoted()
	default:
		return p.word()
	}
}

func (p *literal) dict(depth int) (any, error) {
	out := map[string]any{}
	for p.at++; !p.take('}'); {
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok || !p.take(':') {
			return nil, errLiteral
		}
		if out[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if !p.take(',') {
			if !p.take('}') {
				return nil, errLiteral
			}
			break
		}
	}
	return out, nil
}

func (p *literal) sequence(depth int, end byte) (any, error) {
	out := []any{}
	for p.at++; !p.take(end); {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.take(',') {
			if !p.take(end) {
				return nil, errLiteral
			}
			break
		}
	}
	return out, nil
}

// word reads a number or a name.
func (p *literal) word() (any, error) {
	end := strings.IndexAny(p.text[p.at:], ",:]}) \t\r\n")
	if end < 0 {
		end = len(p.text) - p.at
	}
	w := p.text[p.at : p.at+end]
	p.at += end
	switch w {
	case "None":
		return nil, nil
	case "True":
		return true, nil
	case "False":
		return false, nil
	}
	if !json.Valid([]byte(w)) || w == "" || w[0] != '-' && (w[0] < '0' || w[0] > '9') {
		return nil, errLiteral
	}
	return json.Number(w), nil
}

// escapes are the short ones that repr writes, and those that Python reads besides.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'v': 11}

// widths are the hex digits behind \x, \u and \U.
var widths = map[byte]int{'x': 2, 'u': 4, 'U': 8}

func (p *literal) quoted() (any, error) {
	quote := p.text[p.at]
	var out strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		b := p.text[p.at]
		switch {
		case b == quote:
			p.at++
			return out.String(), nil
		case b != '\\':
			out.WriteByte(b)
			continue
		}
		if p.at++; p.at == len(p.text) {
			break
		}
		b = p.text[p.at]
		if plain, ok := escapes[b]; ok {
			out.WriteByte(plain)
			continue
		}
		n, ok := widths[b]
		if !ok || p.at+n >= len(p.text) {
			return nil, errLiteral
		}
		code, err := strconv.ParseUint(p.text[p.at+1:p.at+1+n], 16, 32)
		if err != nil || code > utf8.MaxRune {
			return nil, errLiteral
		}
		out.WriteRune(rune(code))
		p.at += n
	}
	return nil, errLiteral
}
