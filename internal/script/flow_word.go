package script

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word gives the texts that a word may stand for, unsplit: at least one.
func (st *state) word(w *syntax.Word) []string {
	if w == nil {
		return []string{""}
	}
	return st.parts(w.Parts, true, false)
}

// fields gives the lists of fields into which a word may fall.
func (st *state) fields(w *syntax.Word) [][]string {
	if len(w.Parts) == 1 { // the usual word
		if l, ok := w.Parts[0].(*syntax.Lit); ok && !strings.ContainsAny(l.Value, `\{~`) {
			return [][]string{{st.unit.restore(l.Value)}}
		}
	}
	quoted, open, end := false, false, false
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			quoted = true
		case *syntax.Lit:
			open, end = open || strings.Contains(p.Value, "{"), end || strings.Contains(p.Value, "}")
		}
	}
	outer := st.braced
	st.braced = open && end
	defer func() { st.braced = outer }()
	var out [][]string
	for _, text := range st.parts(w.Parts, false, false) {
		fields := []string{text}
		if strings.IndexByte(text, fieldBreak) >= 0 {
			fields = strings.FieldsFunc(text, func(r rune) bool { return r == fieldBreak })
		}
		if text == "" && !quoted {
			fields = nil
		}
		if strings.IndexByte(text, braceOpen) >= 0 {
			fields = st.braces(fields)
		}
		out = append(out, fields)
	}
	return out
}

// parts joins the parts of a word. Whole says that nothing is split into fields, inside that the parts stand in double quotes.
func (st *state) parts(parts []syntax.WordPart, whole, inside bool) []string {
	out := []string{""}
	for _, p := range parts {
		out = st.product(out, st.part(p, whole, inside))
	}
	return out
}

func (st *state) part(p syntax.WordPart, whole, inside bool) []string {
	if !st.enter() {
		return []string{st.unknown("$(...)")}
	}
	defer st.leave()
	switch p := p.(type) {
	case *syntax.Lit:
		return []string{st.literal(p.Value, whole, inside)}
	case *syntax.SglQuoted:
		text := st.unit.restore(p.Value)
		if p.Dollar {
			text = cleanMade(unbackslash(text, true))
		}
		return []string{text}
	case *syntax.DblQuoted:
		return st.parts(p.Parts, whole, true)
	case *syntax.ParamExp:
		return st.split(st.parameter(p, whole, inside), whole || inside)
	case *syntax.CmdSubst:
		return st.split(st.substituted(p.Stmts), whole || inside)
	case *syntax.ArithmExp:
		n, ok := st.arithmetic(p.X)
		if !ok {
			return []string{st.unknown("$((...))")}
		}
		return []string{strconv.FormatInt(n, 10)}
	case *syntax.ProcSubst:
		return []string{st.process(p)}
	case *syntax.ExtGlob:
		return []string{st.unit.restore(p.Pattern.Value)}
	}
	return []string{""}
}

// literal is unquoted or double-quoted text as the shell takes it.
func (st *state) literal(s string, whole, inside bool) string {
	s = st.unit.restore(s)
	if strings.IndexByte(s, '\\') >= 0 {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] != '\\' || i+1 == len(s) {
				b.WriteByte(s[i])
				continue
			}
			i++
			switch {
			case s[i] == '\n':
			case inside && strings.IndexByte("$`\"\\", s[i]) < 0:
				b.WriteString(s[i-1 : i+1])
			default:
				b.WriteByte(s[i])
			}
		}
		return b.String()
	}
	if !whole && !inside && st.braced {
		s = strings.NewReplacer("{", string(rune(braceOpen)), ",", string(rune(braceComma)), "}", string(rune(braceEnd))).Replace(s)
	}
	return s
}

// split marks where unquoted expansions fall into fields.
func (st *state) split(texts []string, whole bool) []string {
	if whole {
		return texts
	}
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		if strings.ContainsAny(t, " \t\n") {
			t = strings.Map(func(r rune) rune {
				if r == ' ' || r == '\t' || r == '\n' {
					return fieldBreak
				}
				return r
			}, t)
		}
		out = append(out, t)
	}
	return out
}

// braces expands {a,b} in fields; what is no list stays as it is.
func (st *state) braces(fields []string) []string {
	var out []string
	for _, f := range fields {
		out = append(out, expandBraces(f, maxBraces)...)
	}
	if len(out) > maxBraces {
		out = out[:maxBraces]
	}
	for i, f := range out {
		out[i] = strings.Map(func(r rune) rune {
			switch r {
			case braceOpen:
				return '{'
			case braceComma:
				return ','
			case braceEnd:
				return '}'
			}
			return r
		}, f)
	}
	return out
}

// maxBraces bounds the words that braces in one word become.
const maxBraces = 64

// expandBraces expands the first list in braces of a text and then the rest, to at most so many texts.
func expandBraces(text string, most int) []string {
	from := strings.IndexByte(text, braceOpen)
	if from < 0 || most <= 1 {
		return []string{text}
	}
	depth, last := 0, from+1
	var items []string
	end := -1
	for i := from; i < len(text) && end < 0; i++ {
		switch text[i] {
		case braceOpen:
			depth++
		case braceComma:
			if depth == 1 {
				items = append(items, text[last:i])
				last = i + 1
			}
		case braceEnd:
			if depth--; depth == 0 {
				items = append(items, text[last:i])
				end = i + 1
			}
		}
	}
	if end < 0 || len(items) < 2 {
		var out []string
		for _, rest := range expandBraces(text[from+1:], most) {
			out = append(out, text[:from]+"{"+rest)
		}
		return out
	}
	var out []string
	rests := expandBraces(text[end:], most/len(items))
	for _, item := range items {
		for _, inner := range expandBraces(item, most/len(items)) {
			for _, rest := range rests {
				if len(out) == most {
					return out
				}
				out = append(out, text[:from]+inner+rest)
			}
		}
	}
	return out
}

// substituted is the output of commands, without the line ends behind it.
func (st *state) substituted(stmts []*syntax.Stmt) []string {
	texts := st.captured(func() { st.stmts(stmts) })
	for i, t := range texts {
		texts[i] = strings.TrimRight(t, "\n")
	}
	return texts
}

// captured is what is printed while a function runs, in a subshell.
func (st *state) captured(run func()) []string {
	out, line, stdins := st.sink, st.line, st.stdins
	taken := &sink{}
	st.sink = taken
	st.push(false)
	run()
	st.pop()
	st.sink, st.line, st.stdins = out, line, stdins
	if len(taken.texts) == 0 {
		return []string{""}
	}
	return append([]string(nil), taken.texts...)
}

// process is the path that stands for <( ) or >( ).
func (st *state) process(p *syntax.ProcSubst) string {
	path := pipePath + strconv.Itoa(len(st.pipes))
	if len(st.pipes) >= maxFiles {
		return st.unknown("<(...)")
	}
	st.pipes[path] = pipe{p.Stmts, st.unit}
	if p.Op == syntax.CmdIn {
		texts := st.captured(func() { st.stmts(p.Stmts) })
		st.files[path] = texts[len(texts)-1]
	}
	return path
}

// unbackslash reads the backslashes of $'...' (quoted) or of printf and echo -e.
func unbackslash(s string, quoted bool) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		case c == 'r':
			b.WriteByte('\r')
		case c == 'a', c == 'b', c == 'f', c == 'v':
			b.WriteByte(' ')
		case c == 'e' || c == 'E':
			b.WriteByte(0x1b)
		case c == 'x' || c == 'u' || c == 'U':
			n := digits(s[i+1:], 16, map[byte]int{'x': 2, 'u': 4, 'U': 8}[c])
			if v, err := strconv.ParseUint(s[i+1:i+1+n], 16, 32); err != nil {
				b.WriteString(s[i-1 : i+1])
			} else if c == 'x' {
				b.WriteByte(byte(v))
			} else {
				b.WriteRune(rune(v))
			}
			i += n
		case c >= '0' && c <= '7':
			from := i
			if c == '0' && !quoted {
				from++
			}
			n := digits(s[from:], 8, 3)
			v, err := strconv.ParseUint("0"+s[from:from+n], 8, 32)
			if err == nil {
				b.WriteByte(byte(v))
			}
			i = from + n - 1
		case c == '\\', quoted && (c == '\'' || c == '"' || c == '?'):
			b.WriteByte(c)
		default:
			b.WriteString(s[i-1 : i+1])
		}
	}
	return b.String()
}

// digits counts the digits with which a text begins, at most so many.
func digits(s string, base, most int) int {
	i := 0
	for i < len(s) && i < most {
		if _, err := strconv.ParseUint(s[i:i+1], base, 8); err != nil {
			break
		}
		i++
	}
	return i
}

// cleanMade takes out the marks that escapes made; atoms, which stood in the text before, are kept.
func cleanMade(s string) string {
	var b strings.Builder
	for {
		from := strings.IndexByte(s, atomOpen)
		if from < 0 {
			b.WriteString(clean(s))
			return b.String()
		}
		b.WriteString(clean(s[:from]))
		n := strings.IndexByte(s[from:], atomClose)
		if n < 2 || digits(s[from+1:], 10, maxAtomDigits) != n-1 {
			b.WriteByte(' ')
			s = s[from+1:]
			continue
		}
		b.WriteString(s[from : from+n+1])
		s = s[from+n+1:]
	}
}

// maxAtomDigits bounds the number of an atom, in digits.
const maxAtomDigits = 9
