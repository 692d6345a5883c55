package exchange

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of patterns: real ones are a few comparisons long.
const (
	maxPattern = 64 << 10
	maxNesting = 32
)

// comparison is PATH OP VALUE of a pattern; values are several for IN. The path is without quotes: file:hashes.SHA-256.
type comparison struct {
	path, op string
	values   []string
	negated  bool
}

// pattern is what a STIX pattern compares. Notes say where that is less than the whole.
type pattern struct {
	comparisons []comparison
	notes       []string
}

// parsePattern reads a STIX pattern (STIX 2.1, section 9) as far as it compares properties with texts: comparisons joined by AND and OR, in
// brackets and parentheses. A pack has no AND: each comparison stands alone there, and a note says so. Qualifiers of time are not kept.
func parsePattern(text string) (pattern, error) {
	if len(text) > maxPattern {
		return pattern{}, fmt.Errorf("it is longer than %d bytes", maxPattern)
	}
	tokens, err := tokens(text)
	if err != nil {
		return pattern{}, err
	}
	p := patternParser{rest: tokens}
	if err := p.observations(0); err != nil {
		return pattern{}, err
	}
	if len(p.rest) > 0 {
		return pattern{}, fmt.Errorf("%s is not expected", p.rest[0])
	}
	if p.and && len(p.out.comparisons) > 1 {
		p.out.notes = append(p.out.notes, "its comparisons are joined by AND: in the pack each stands alone, which finds more than the pattern asks for")
	}
	if p.timed {
		p.out.notes = append(p.out.notes, "its terms of time (FOLLOWEDBY, WITHIN, REPEATS, START) are not kept")
	}
	return p.out, nil
}

// token is a word, a mark, or the value of a text.
type token struct {
	text   string
	quoted bool
}

func (t token) String() string { return fmt.Sprintf("%.40q", t.text) }

func (t token) is(word string) bool { return !t.quoted && strings.EqualFold(t.text, word) }

var errText = errors.New("a text has no end")

func tokens(s string) ([]token, error) {
	var out []token
	for s != "" {
		c, n := utf8.DecodeRuneInString(s)
		switch {
		case unicode.IsSpace(c):
			s = s[n:]
		case c == '\'':
			value, rest, ok := quoted(s[1:])
			if !ok {
				return nil, errText
			}
			out, s = append(out, token{value, true}), rest
		case strings.ContainsRune("[](),", c):
			out, s = append(out, token{text: s[:1]}), s[1:]
		case strings.ContainsRune("=!<>", c):
			n := len(s) - len(strings.TrimLeft(s, "=!<>"))
			out, s = append(out, token{text: s[:n]}), s[n:]
		default:
			word, rest, err := word(s)
			if err != nil {
				return nil, err
			}
			out, s = append(out, token{text: word}), rest
		}
	}
	return out, nil
}

// quoted reads a text behind its first quote; a backslash takes the next letter as it is.
func quoted(s string) (value, rest string, ok bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			out.WriteByte(s[i])
		case s[i] == '\'':
			return out.String(), s[i+1:], true
		default:
			out.WriteByte(s[i])
		}
	}
	return "", "", false
}

// word reads a keyword, a number or the path of a property, whose steps may be quoted: file:hashes.'SHA-256'.
func word(s string) (text, rest string, err error) {
	var out strings.Builder
	for s != "" {
		c, n := utf8.DecodeRuneInString(s)
		switch {
		case unicode.IsSpace(c) || strings.ContainsRune("(),=!<>", c) || c == ']' || c == '[' && !strings.Contains(out.String(), ":"):
			return out.String(), s, nil
		case c == '\'' && out.Len() == 1 && strings.ContainsRune("tbh", rune(out.String()[0])): // t'...', b'...', h'...'
			value, rest, ok := quoted(s[1:])
			if !ok {
				return "", "", errText
			}
			return value, rest, nil
		case c == '\'':
			value, rest, ok := quoted(s[1:])
			if !ok {
				return "", "", errText
			}
			out.WriteString(value)
			s = rest
		case c == '[':
			end := strings.IndexByte(s, ']')
			if end < 0 {
				return "", "", errors.New("a bracket has no end")
			}
			out.WriteString(s[:end+1])
			s = s[end+1:]
		default:
			out.WriteString(s[:n])
			s = s[n:]
		}
	}
	return out.String(), "", nil
}

type patternParser struct {
	rest       []token
	out        pattern
	and, timed bool
}

func (p *patternParser) next() token {
	if len(p.rest) == 0 {
		return token{}
	}
	t := p.rest[0]
	p.rest = p.rest[1:]
	return t
}

func (p *patternParser) at(word string) bool { return len(p.rest) > 0 && p.rest[0].is(word) }

// observations reads [ ... ] or ( ... ), joined by AND, OR and FOLLOWEDBY, with qualifiers of time behind them.
func (p *patternParser) observations(depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("it is nested deeper than %d", maxNesting)
	}
	for {
		open := p.next()
		var err error
		switch {
		case open.is("["):
			err = p.comparisons(depth+1, false)
		case open.is("("):
			err = p.observations(depth + 1)
		default:
			return fmt.Errorf("%s stands where a bracket belongs", open)
		}
		if err != nil {
			return err
		}
		if end := p.next(); end.text != map[string]string{"[": "]", "(": ")"}[open.text] {
			return fmt.Errorf("%s stands where a bracket ends", end)
		}
		p.qualifiers()
		if !p.at("AND") && !p.at("OR") && !p.at("FOLLOWEDBY") {
			return nil
		}
		joint := p.next()
		p.and = p.and || joint.is("AND") || joint.is("FOLLOWEDBY")
		p.timed = p.timed || joint.is("FOLLOWEDBY")
	}
}

func (p *patternParser) qualifiers() {
	for p.at("WITHIN") || p.at("REPEATS") || p.at("START") || p.at("STOP") {
		p.timed = true
		p.next()
		p.next()
		if p.at("SECONDS") || p.at("TIMES") {
			p.next()
		}
	}
}

// comparisons reads PATH [NOT] OP VALUE, joined by AND and OR, with parentheses.
func (p *patternParser) comparisons(depth int, negated bool) error {
	if depth > maxNesting {
		return fmt.Errorf("it is nested deeper than %d", maxNesting)
	}
	for {
		not := negated
		if p.at("NOT") {
			p.next()
			not = !not
		}
		if p.at("(") {
			p.next()
			if err := p.comparisons(depth+1, not); err != nil {
				return err
			}
			if end := p.next(); !end.is(")") {
				return fmt.Errorf("%s stands where a parenthesis ends", end)
			}
		} else if err := p.comparison(not); err != nil {
			return err
		}
		if !p.at("AND") && !p.at("OR") {
			return nil
		}
		p.and = p.next().is("AND") || p.and
	}
}

func (p *patternParser) comparison(negated bool) error {
	c := comparison{path: p.next().text, negated: negated}
	if !strings.Contains(c.path, ":") {
		return fmt.Errorf("%.40q stands where a property belongs", c.path)
	}
	if p.at("NOT") {
		p.next()
		c.negated = !c.negated
	}
	c.op = strings.ToUpper(p.next().text)
	if !slices.Contains([]string{"=", "!=", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}, c.op) {
		return fmt.Errorf("%.40q is no comparison", c.op)
	}
	if c.op != "IN" {
		c.values = []string{p.next().text}
		p.out.comparisons = append(p.out.comparisons, c)
		return nil
	}
	if open := p.next(); !open.is("(") {
		return fmt.Errorf("%s stands where a list begins", open)
	}
	for {
		c.values = append(c.values, p.next().text)
		switch end := p.next(); {
		case end.is(")"):
			p.out.comparisons = append(p.out.comparisons, c)
			return nil
		case !end.is(","):
			return fmt.Errorf("%s stands in a list", end)
		}
	}
}
