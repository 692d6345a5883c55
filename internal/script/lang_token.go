package script

import (
	"strings"
)

// token is one unit of a program's text.
type token struct {
	kind   byte   // see below
	text   string // a string's is what stands between its quotes, escapes undone unless filled
	filled bool   // a string in which values are put in when it is read
	shell  bool   // a string that a shell runs
	spaced bool   // something blank stands before it
	line   int    // offset from the text's first line
	pair   int    // of a bracket: the number of the one that closes it
}

// Kinds of tokens.
const (
	aWord   = 'w' // a name, with its sigil
	aString = 's'
	aNumber = 'n'
	anAtom  = 'a' // what the shell or an expression put in
	aSign   = '.'
	aType   = 't' // [Type] of PowerShell
	anEnd   = ';' // of a line or of a statement
)

// maxTokens bounds the units of one text. Programs in workflows have a few thousand.
const maxTokens = 300_000

// tokenLength is how many bytes a token of a program has, about, with what stands before it.
const tokenLength = 4

// scanner makes tokens of a text.
type scanner struct {
	d    *dialect
	s    string
	i    int
	line int
	out  []token
	open []int // brackets that wait for their end
	// A here-document stands between the end of the present line and what follows it.
	jumpAt, jumpTo, documents int
	vain                      int  // bytes looked at for an end that is not there
	broken                    bool // a string or a bracket is never closed, or there is too much of it
}

// scan makes tokens of a program's text.
func scan(d *dialect, text string) ([]token, bool) {
	sc := scanner{d: d, s: text, out: make([]token, 0, min(len(text)/tokenLength+8, maxTokens))}
	for sc.i < len(text) && len(sc.out) < maxTokens {
		sc.step()
	}
	sc.broken = sc.broken || sc.i < len(text) || len(sc.open) > 0
	for _, at := range sc.open {
		sc.out[at].pair = len(sc.out)
	}
	return sc.out, !sc.broken
}

// maxVain bounds the bytes that are looked at for the ends of what is never closed: each opener may be looked after up to the end of the text.
const maxVain = 8 << 20

// looks reports that an end may still be looked for.
func (sc *scanner) looks() bool {
	if sc.vain > maxVain {
		sc.broken = true
	}
	return sc.vain <= maxVain
}

func (sc *scanner) add(t token, length int) {
	t.line = sc.line
	t.spaced = sc.i == 0 || strings.IndexByte(" \t\r\n", sc.s[sc.i-1]) >= 0
	sc.advance(length)
	sc.out = append(sc.out, t)
}

func (sc *scanner) advance(n int) {
	end := min(sc.i+n, len(sc.s))
	sc.line += strings.Count(sc.s[sc.i:end], "\n")
	sc.i = end
}

// step takes one token, blank or comment.
func (sc *scanner) step() {
	rest := sc.s[sc.i:]
	switch c := rest[0]; {
	case c == '\n' && sc.i == sc.jumpAt && sc.jumpTo > sc.i:
		sc.add(token{kind: anEnd, text: rest[:1]}, min(sc.jumpTo, len(sc.s))-sc.i)
	case c == '\n' || c == ';':
		sc.add(token{kind: anEnd, text: rest[:1]}, 1)
	case c <= ' ' && c != atomOpen || c == 0x7f:
		sc.advance(1)
	case c == '\\' && len(rest) > 1 && (rest[1] == '\n' || rest[1] == '\r'), c == '`' && sc.d.ticks && len(rest) > 1 && (rest[1] == '\n' || rest[1] == '\r'):
		sc.advance(1 + max(1, strings.IndexByte(rest[1:], '\n')+1))
	case c == atomOpen:
		n := strings.IndexByte(rest, atomClose) + 1
		sc.add(token{kind: anAtom, text: rest[:max(n, 1)]}, max(n, 1))
	case sc.comment(rest), sc.string(rest), sc.pattern(rest), sc.typeName(rest):
	case c >= '0' && c <= '9':
		n := 1
		for n < len(rest) && (wordByte(rest[n]) || rest[n] == '.' && sc.d.concat != "." && n+1 < len(rest) && rest[n+1] >= '0' && rest[n+1] <= '9') {
			n++
		}
		sc.add(token{kind: aNumber, text: strings.ReplaceAll(rest[:n], "_", "")}, n)
	case sc.word(rest):
	default:
		sc.sign(rest)
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (sc *scanner) comment(rest string) bool {
	for _, mark := range sc.d.comments {
		if !strings.HasPrefix(rest, mark) || mark == "#" && sc.i > 0 && (sc.s[sc.i-1] == '$' || sc.s[sc.i-1] == '{') {
			continue
		}
		end := "\n"
		switch mark {
		case "/*":
			end = "*/"
		case "<#":
			end = "#>"
		}
		n := strings.Index(rest, end)
		switch {
		case n < 0:
			sc.advance(len(rest))
		case end == "\n":
			sc.advance(n)
		default:
			sc.advance(n + len(end))
		}
		return true
	}
	return false
}

// pattern passes a regular expression literal, which may hold quotes.
func (sc *scanner) pattern(rest string) bool {
	if rest[0] != '/' || !sc.d.patterns || !sc.looks() {
		return false
	}
	if n := len(sc.out); n > 0 {
		switch last := sc.out[n-1]; {
		case last.kind == aSign && strings.Contains(")]}", last.text), last.kind == aString, last.kind == aNumber, last.kind == anAtom:
			return false
		case last.kind == aWord && last.text != "return" && last.text != "in" && last.text != "of" && last.text != "if" && last.text != "split":
			return false
		}
	}
	line, inClass, i := rest[1:], false, 0
	for ; i < len(line) && line[i] != '\n'; i++ {
		switch line[i] {
		case '\\':
			i++
		case '[':
			inClass = true
		case ']':
			inClass = false
		case '/':
			if !inClass {
				sc.add(token{kind: aString, text: ""}, i+2)
				return true
			}
		}
	}
	sc.vain += i
	return false
}

// typeName takes [System.Text.Encoding] and [char[]] of PowerShell, where no index can stand.
func (sc *scanner) typeName(rest string) bool {
	if rest[0] != '[' || !sc.d.ticks || sc.i > 0 && (wordByte(sc.s[sc.i-1]) || strings.IndexByte(")]}", sc.s[sc.i-1]) >= 0) {
		return false
	}
	n := 1
	for n < len(rest) && (wordByte(rest[n]) || rest[n] == '.') {
		n++
	}
	name := rest[1:n]
	if strings.HasPrefix(rest[n:], "[]") {
		n += 2
	}
	if name == "" || n >= len(rest) || rest[n] != ']' || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	name = strings.TrimPrefix(strings.ToLower(name), "system.")
	sc.add(token{kind: aType, text: name}, n+1)
	return true
}

// word takes a name with its sigil.
func (sc *scanner) word(rest string) bool {
	n := 0
	switch c := rest[0]; {
	case c == '$' && sc.d.sigils && strings.HasPrefix(rest, "${"):
		end := strings.IndexByte(rest[:min(len(rest), maxName)], '}')
		if end < 0 || strings.ContainsAny(rest[2:end], " \n({$") {
			return false
		}
		sc.add(token{kind: aWord, text: "$" + rest[2:end]}, end+1)
		return true
	case c == '$', (c == '@' || c == '%' && !sc.operand()) && sc.d.sigils:
		n = 1
	case !wordByte(c):
		return false
	}
	for n < len(rest) {
		c := rest[n]
		colon := c == ':' && n+1 < len(rest) && wordByte(rest[n+1]) && n > 0 && sc.d.ticks && strings.HasPrefix(rest, "$")
		dash := c == '-' && n+1 < len(rest) && wordByte(rest[n+1]) && n > 0 && sc.d.ticks && wordByte(rest[0])
		if !wordByte(c) && !colon && !dash && !(c == '$' && !sc.d.sigils) && !(n == 1 && c == '_' && rest[0] == '$') {
			break
		}
		n++
	}
	if n == 1 && !wordByte(rest[0]) && rest[0] != '$' {
		return false
	}
	text := rest[:n]
	if n < len(rest) && (rest[n] == '?' || rest[n] == '!') && sc.d.name == "ruby" && n+1 < len(rest) && rest[n+1] != '=' {
		n++
	}
	sc.add(token{kind: aWord, text: text}, n)
	return true
}

// operand reports that the last token is one after which a sign between two operands stands.
func (sc *scanner) operand() bool {
	if len(sc.out) == 0 {
		return false
	}
	last := sc.out[len(sc.out)-1]
	return last.kind != anEnd && (last.kind != aSign || strings.Contains(")]}", last.text))
}

// signs of more than one character, longest first.
var signs = []string{"...", "**=", "||=", "&&=", "??=", "<<=", ">>>", "===", "!==", "=>", "->", "::", "?.", "??", "||", "&&", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=",
	".=", "%=", "|=", ":=", "&.", "<<", ">>", "**", "++", "--", "=~", "//", "$("}

func (sc *scanner) sign(rest string) {
	text := rest[:1]
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			text = s
			break
		}
	}
	t := token{kind: aSign, text: text, pair: -1}
	switch text {
	case "(", "[", "{", "$(":
		if text == "$(" {
			t.text = "("
		}
		sc.open = append(sc.open, len(sc.out))
	case ")", "]", "}":
		want := map[string]string{")": "(", "]": "[", "}": "{"}[text]
		if n := len(sc.open); n > 0 && sc.out[sc.open[n-1]].text == want {
			sc.out[sc.open[n-1]].pair = len(sc.out)
			sc.open = sc.open[:n-1]
		} else {
			sc.broken = true
		}
	}
	sc.add(t, len(text))
}
