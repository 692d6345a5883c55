package script

import (
	"regexp"
	"strings"
)

// command is one pipeline of a script, continuation lines and here-documents included, with the offset of its first line.
type command struct {
	text string
	line int
}

var hereDoc = regexp.MustCompile(`^<<-?\s*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([A-Za-z_][A-Za-z0-9_]*))`)

// split cuts a script at line ends, ";", "&", "&&" and "||" outside quotes and substitutions. A pipe does not cut: what goes into a
// pipeline comes out of it. Comments are dropped. It is no shell parser; an unclosed quote makes the rest of the script one command.
func split(s string) []command {
	sp := splitter{s: s}
	for sp.i < len(s) {
		sp.step()
	}
	sp.cut(len(s), 0)
	return sp.out
}

type splitter struct {
	s       string
	i       int // the byte looked at
	from    int // where the present command begins
	line    int // line of i
	started int // line of from
	quote   byte
	parens  int
	pending []string // here-documents that begin on the next line
	out     []command
}

func (sp *splitter) cut(end, skip int) {
	if text := sp.s[sp.from:end]; strings.TrimSpace(text) != "" {
		sp.out = append(sp.out, command{text: text, line: sp.started})
	}
	sp.from, sp.started = end+skip, sp.line
}

// step consumes one byte or one unit that cannot be cut.
func (sp *splitter) step() {
	s, i := sp.s, sp.i
	switch c := s[i]; {
	case c == '\\' && sp.quote != '\'':
		sp.advance(2)
	case sp.quote != 0:
		if c == sp.quote {
			sp.quote = 0
		}
		sp.advance(1)
	case c == '\'' || c == '"':
		sp.quote = c
		sp.advance(1)
	case strings.HasPrefix(s[i:], "$("):
		sp.parens++
		sp.advance(2)
	case c == '(' && sp.parens > 0:
		sp.parens++
		sp.advance(1)
	case c == ')' && sp.parens > 0:
		sp.parens--
		sp.advance(1)
	case c == '#' && (i == 0 || strings.IndexByte(" \t\n;", s[i-1]) >= 0):
		sp.comment()
	case c == '<' && !strings.HasPrefix(s[i:], "<<<") && (i == 0 || s[i-1] != '<'):
		sp.redirection()
	case c == '\n' && len(sp.pending) > 0:
		sp.documents()
	default:
		sp.separator(c)
	}
}

// advance moves on and counts the lines passed.
func (sp *splitter) advance(n int) {
	end := min(sp.i+n, len(sp.s))
	sp.line += strings.Count(sp.s[sp.i:end], "\n")
	sp.i = end
}

func (sp *splitter) comment() {
	end := strings.IndexByte(sp.s[sp.i:], '\n')
	if end < 0 {
		end = len(sp.s) - sp.i
	}
	if sp.parens > 0 {
		sp.advance(end)
		return
	}
	sp.cut(sp.i, 0)
	sp.advance(end)
	sp.from, sp.started = sp.i, sp.line
}

func (sp *splitter) redirection() {
	m := hereDoc.FindStringSubmatch(sp.s[sp.i:])
	if m == nil {
		sp.advance(1)
		return
	}
	sp.pending = append(sp.pending, m[1]+m[2]+m[3])
	sp.advance(len(m[0]))
}

// documents takes the here-documents announced on the line that ends here into the command.
func (sp *splitter) documents() {
	sp.advance(1)
	for _, word := range sp.pending {
		for sp.i < len(sp.s) {
			text, _, _ := strings.Cut(sp.s[sp.i:], "\n")
			sp.advance(len(text) + 1)
			if strings.TrimSpace(text) == word {
				break
			}
		}
	}
	sp.pending = nil
	if sp.parens == 0 {
		sp.cut(sp.i, 0)
	}
}

func (sp *splitter) separator(c byte) {
	s, i := sp.s, sp.i
	next, before := byte(0), byte(0)
	if i+1 < len(s) {
		next = s[i+1]
	}
	if i > 0 {
		before = s[i-1]
	}
	width := 0
	switch {
	case sp.parens > 0:
	case c == '\n' && before == '`': // PowerShell continues a line with a backtick
	case c == '\n' || c == ';':
		width = 1
	case c == '&' && next == '&' || c == '|' && next == '|':
		width = 2
	case c == '&' && next != '>' && before != '>' && before != '<':
		width = 1
	}
	if width == 0 {
		sp.advance(1)
		return
	}
	sp.advance(width)
	sp.cut(i, width)
}

// word reads one shell word from an offset: quotes are removed, $( ) stays whole. It gives the offset behind the word.
func word(s string, from int) (text string, end int) {
	var b strings.Builder
	quote, parens := byte(0), 0
	i := from
	for i < len(s) {
		c := s[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(s):
			if s[i+1] != '\n' {
				b.WriteByte(s[i+1])
			}
			i += 2
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && c == '(' && (parens > 0 || i > 0 && s[i-1] == '$'):
			parens++
			b.WriteByte(c)
		case quote == 0 && c == ')' && parens > 0:
			parens--
			b.WriteByte(c)
		case quote == 0 && parens == 0 && strings.IndexByte(" \t\r\n|;&<>)", c) >= 0:
			return b.String(), i
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), i
}
