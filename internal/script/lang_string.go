package script

import (
	"strings"
)

// string takes a string literal in any form of the dialect.
func (sc *scanner) string(rest string) bool {
	n := 0
	if sc.d.prefixes {
		for n < 2 && n < len(rest) && strings.IndexByte("rRbBfFuU", rest[n]) >= 0 {
			n++
		}
		if n > 0 && (n >= len(rest) || rest[n] != '"' && rest[n] != '\'') {
			n = 0
		}
	}
	prefix, q := strings.ToLower(rest[:n]), rest[n]
	switch {
	case sc.d.heredocs && strings.HasPrefix(rest, "<<"):
		return sc.hereDocument(rest)
	case sc.d.ticks && (strings.HasPrefix(rest, "@'") || strings.HasPrefix(rest, "@\"")):
		return sc.until(rest, 2, "\n"+rest[1:2]+"@", token{kind: aString, filled: rest[1] == '"'}, false)
	case sc.d.percents && (rest[0] == 'q' || rest[0] == '%'):
		return sc.percent(rest)
	case q == '`' && sc.d.ticks, q != '\'' && q != '"' && q != '`', q == '`' && sc.d.prefixes:
		return false
	}
	t := token{kind: aString, filled: strings.Contains(prefix, "f") || strings.IndexByte(sc.d.fills, q) >= 0, shell: q == '`' && sc.d.shells}
	quote, raw := rest[n:n+1], strings.Contains(prefix, "r") || q == '\'' && sc.d.sigils
	if sc.d.prefixes && strings.HasPrefix(rest[n:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	return sc.until(rest, n+len(quote), quote, t, raw)
}

// until takes a string up to its closing quote.
func (sc *scanner) until(rest string, from int, quote string, t token, raw bool) bool {
	i := from
	for ; i < len(rest); i++ {
		c := rest[i]
		if strings.HasPrefix(rest[i:], quote) {
			if sc.d.ticks && len(quote) == 1 && i+1 < len(rest) && rest[i+1] == quote[0] {
				i++ // a quote doubled
				continue
			}
			break
		}
		switch {
		case c == '\\' && !sc.d.ticks || c == '`' && sc.d.ticks && t.filled:
			i++
		case c == '\n' && len(quote) == 1 && quote != "`" && !sc.d.sigils && sc.d.name != "ruby":
			sc.broken = true
			t.text = sc.plainText(rest[from:i], t, raw, quote)
			sc.add(t, i)
			return true
		case c == '$' && quote == "`" && !sc.d.sigils && strings.HasPrefix(rest[i:], "${"):
			if sc.looks() {
				n := nested(rest[i+1:])
				if n == 0 {
					sc.vain += min(maxInside, len(rest)-i)
				}
				i += n
			}
		}
	}
	if i >= len(rest) {
		sc.broken = true
		i = len(rest)
	}
	t.text = sc.plainText(rest[from:i], t, raw, quote)
	sc.add(t, i+len(quote))
	return true
}

// maxInside bounds an expression inside a string, in bytes: each is passed to find the string's end.
const maxInside = 1 << 10

// nested gives the length of {...} with which a text begins, 0 where it is not closed.
func nested(s string) int {
	open := 0
	for i := 0; i < len(s) && i < maxInside; i++ {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// plainText undoes the escapes of a string in which nothing is put in; others are undone when they are filled.
func (sc *scanner) plainText(s string, t token, raw bool, quote string) string {
	switch {
	case t.filled:
		return s
	case sc.d.ticks:
		return strings.ReplaceAll(s, quote+quote, quote)
	case raw && sc.d.sigils:
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(s)
	case raw:
		return s
	}
	return sc.d.unescaped(s)
}

// unescaped undoes the escapes of a string.
func (d *dialect) unescaped(s string) string {
	mark := byte('\\')
	if d.ticks {
		mark = '`'
	}
	if strings.IndexByte(s, mark) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != mark || i+1 >= len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		if c, n := escapeAt(s[i:]); n > 0 && mark == '\\' {
			if c != 0 {
				b.WriteByte(c)
			} else {
				b.WriteString(s[i : i+n])
			}
			i += n
			continue
		}
		switch s[i+1] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '0', '\n':
		default:
			b.WriteByte(s[i+1])
		}
		i += 2
	}
	return b.String()
}

// closing quotes of q(), %w[] and the like.
var closing = map[byte]string{'(': ")", '[': "]", '{': "}", '<': ">"}

// percent takes q(), qq(), qx() and qw() of Perl, %q(), %Q(), %x(), %w() and %() of Ruby.
func (sc *scanner) percent(rest string) bool {
	n := 1
	for n < len(rest) && n < 3 && strings.IndexByte("qQwWxi", rest[n]) >= 0 {
		n++
	}
	kind := rest[1:n]
	if n >= len(rest) || sc.i > 0 && (wordByte(sc.s[sc.i-1]) || strings.IndexByte("$@%", sc.s[sc.i-1]) >= 0) {
		return false
	}
	if rest[0] == 'q' && sc.d.name != "perl" || rest[0] == '%' && (sc.d.name != "ruby" || sc.operand()) {
		return false
	}
	end, ok := closing[rest[n]]
	if !ok {
		if strings.IndexByte("/|!~", rest[n]) < 0 {
			return false
		}
		end = rest[n : n+1]
	}
	filled := kind == "q" && rest[0] == 'q' || kind == "Q" || strings.Contains(kind, "x") || kind == "" && rest[0] == '%'
	return sc.until(rest, n+1, end, token{kind: aString, filled: filled, shell: strings.Contains(kind, "x")}, !filled)
}

// hereDocument takes <<"EOF", <<~EOF and <<<'EOF' with the text on the lines behind.
func (sc *scanner) hereDocument(rest string) bool {
	head := rest[:min(len(rest), 8)]
	n := len(head) - len(strings.TrimLeft(head, "<~-"))
	if n > 4 || n >= len(rest) || sc.documents >= maxDocuments || !sc.looks() {
		return false
	}
	quote := ""
	if rest[n] == '\'' || rest[n] == '"' {
		quote = rest[n : n+1]
		n++
	}
	end := n
	for end < len(rest) && wordByte(rest[end]) {
		end++
	}
	word := rest[n:end]
	if word == "" || word[0] >= '0' && word[0] <= '9' || quote == "" && strings.ToUpper(word) != word || quote != "" && !strings.HasPrefix(rest[end:], quote) {
		return false
	}
	line := strings.IndexByte(rest, '\n')
	if line < 0 {
		sc.vain += len(rest) / 16
		return false
	}
	body, length := rest[line+1:], 0
	for length < len(body) {
		l, _, _ := strings.Cut(body[length:], "\n")
		if strings.TrimRight(strings.TrimSpace(l), ";") == word {
			break
		}
		length = min(length+len(l)+1, len(body))
	}
	if length == len(body) {
		sc.vain += length
		return false
	}
	sc.documents++
	t := token{kind: aString, text: body[:length], filled: quote != "'"}
	sc.add(t, end+len(quote))
	after, _, _ := strings.Cut(body[length:], "\n")
	sc.jumpAt = sc.i + line - end - len(quote)
	sc.jumpTo = sc.jumpAt + length + len(strings.TrimRight(after, ";) \t\r")) + 1
	return true
}

// maxDocuments bounds here-documents: each may be searched for up to the end of the text.
const maxDocuments = 64
