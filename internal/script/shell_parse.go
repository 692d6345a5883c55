package script

import (
	"sort"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// parsers are shell parsers at rest, by variant: one is taken for each text that is read inside another.
type parsers [3][]*syntax.Parser

// Variants, in the order in which they are tried. The last one makes up what is missing: a "fi", a quote that is never closed.
const (
	bash = iota
	korn
	mending
)

// maxMended bounds what is made up.
const maxMended = 5

func (p *parsers) take(variant int) *syntax.Parser {
	if n := len(p[variant]); n > 0 {
		out := p[variant][n-1]
		p[variant] = p[variant][:n-1]
		return out
	}
	switch variant {
	case korn:
		return syntax.NewParser(syntax.Variant(syntax.LangMirBSDKorn))
	case mending:
		return syntax.NewParser(syntax.RecoverErrors(maxMended))
	}
	return syntax.NewParser()
}

func (p *parsers) give(variant int, used *syntax.Parser) { p[variant] = append(p[variant], used) }

// unit is a text that is being read as shell. Each atom stands in it as an identifier, which the parser takes anywhere: the mark, the number
// of the value, "_".
type unit struct {
	text   string
	mark   string
	values []string
	shifts []shift
	line   int  // of the first line of text, as offset from the script's first line
	fixed  bool // all of it is told with that line
}

// shift says that lines after one of a unit's lines are so much further down in the script: expressions of several lines stood before. They are
// in the order of their lines.
type shift struct{ after, by int }

// newUnit prepares a text for the parser: expressions and atoms become identifiers.
func (st *state) newUnit(text string) *unit {
	u := &unit{mark: "pAtm"}
	for strings.Contains(text, u.mark) && len(u.mark) < maxMark {
		u.mark += "q"
	}
	if plain(text) && !strings.Contains(text, "${{") {
		u.text = text
		return u
	}
	var b strings.Builder
	line, lostAll := 0, 0
	write := func(t string) { line += strings.Count(t, "\n"); b.WriteString(t) }
	known := plain(text)
	for text != "" && b.Len() < maxSource {
		at, to, value := st.nextValue(text, known)
		if at < 0 {
			break
		}
		write(text[:at])
		before := line
		for value != "" {
			from, end, a := st.nextAtom(value)
			if a == nil {
				write(value)
				break
			}
			write(value[:from])
			u.values = append(u.values, value[from:end])
			write(u.mark + strconv.Itoa(len(u.values)-1) + "_")
			value = value[end:]
		}
		if lost := strings.Count(text[at:to], "\n") - (line - before); lost != 0 {
			lostAll += lost
			u.shifts = append(u.shifts, shift{after: line, by: lostAll})
		}
		text = text[to:]
	}
	b.WriteString(text)
	u.text = b.String()
	return u
}

// maxMark bounds the mark that a text is searched for not to contain; one that contains them all is read with the last.
const maxMark = 24

// nextValue finds the next expression or atom of a text, and what stands for it. Known says that the text has no atoms: looking for the next one
// would go to its end each time.
func (st *state) nextValue(text string, known bool) (from, to int, value string) {
	from = -1
	if !known {
		var a *atom
		if from, to, a = st.nextAtom(text); a != nil {
			value = text[from:to]
		}
	}
	i := strings.Index(text, "${{")
	if i < 0 || from >= 0 && from < i {
		return from, to, value
	}
	n, closed := expressionLength(text[i+3:])
	if !closed {
		return from, to, value
	}
	return i, i + 3 + n + 2, st.expression(text[i+3 : i+3+n])
}

// restore puts the atoms back into a part of a unit's text.
func (u *unit) restore(s string) string {
	if len(u.values) == 0 || !strings.Contains(s, u.mark) {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, u.mark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		number, rest, _ := strings.Cut(after, "_")
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(u.values) {
			b.WriteString(u.values[i])
			s = rest
		} else {
			b.WriteString(u.mark)
			s = after
		}
	}
}

// lineOf is the offset of a place from the script's first line.
func (u *unit) lineOf(p syntax.Pos) int {
	if u.fixed || !p.IsValid() {
		return u.line
	}
	line := int(p.Line()) - 1
	add := 0
	if i := sort.Search(len(u.shifts), func(i int) bool { return u.shifts[i].after >= line }); i > 0 {
		add = u.shifts[i-1].by
	}
	return u.line + line + add
}

// lineAt is the unit's part that begins so many lines further down.
func (u *unit) part(text string, line int) *unit {
	return &unit{text: text, mark: u.mark, values: u.values, fixed: u.fixed, line: u.lineOf(syntax.NewPos(0, uint(line+1), 1))}
}

// runUnit runs the statements of a unit. Each is run once it is parsed, so that the trees of a large script are not held together. What cannot be
// parsed is read in pieces.
func (st *state) runUnit(u *unit) {
	if !shallow(u.text) {
		st.problem("the script is nested too deeply to be parsed: it was read command by command")
		st.pieces(u, u.text, 0)
		return
	}
	if len(u.text) > maxTried {
		st.stream(u)
		return
	}
	for variant := range st.parsers {
		p := st.parsers.take(variant)
		f, err := p.Parse(strings.NewReader(u.text), "")
		st.parsers.give(variant, p)
		if err != nil || variant == mending && swallowed(f) {
			continue
		}
		if variant == mending {
			st.problem("the script is no valid shell: what was missing was made up")
		}
		st.within(u, f.Stmts)
		return
	}
	st.stream(u)
}

// swallowed reports that a quote was closed for the script: what stands behind it would be read as text.
func swallowed(f *syntax.File) bool {
	found := false
	syntax.Walk(f, func(n syntax.Node) bool {
		switch q := n.(type) {
		case *syntax.SglQuoted:
			found = found || q.Right.IsRecovered()
		case *syntax.DblQuoted:
			found = found || q.Right.IsRecovered()
		}
		return !found
	})
	return found
}

// maxTried is the size of a text, in bytes, up to which it is parsed as a whole before any of it is run: its tree takes up to 200 times as much.
const maxTried = 96 << 10

// stream runs statements as they are parsed, up to the first that cannot be; the rest is read in pieces.
func (st *state) stream(u *unit) {
	p := st.parsers.take(bash)
	var last syntax.Pos
	var err error
	for s, failed := range p.StmtsSeq(strings.NewReader(u.text)) {
		switch { // there is no leaving the loop: the parser tells an error again after that, which is a panic
		case failed != nil:
			err = failed
		case st.steps < maxSteps && st.work <= maxWork:
			st.within(u, []*syntax.Stmt{s})
			last = s.End()
		case st.steps >= maxSteps:
			st.problem("the script runs more commands than this program follows")
		}
	}
	if err == nil {
		st.parsers.give(bash, p)
		return
	}
	st.problem("the script is no valid shell: it was read command by command")
	from, line := 0, 0
	if last.IsValid() {
		from = min(int(last.Offset()), len(u.text))
		line = strings.Count(u.text[:from], "\n")
	}
	st.pieces(u, u.text[from:], line)
}

// within runs statements of a unit.
func (st *state) within(u *unit, stmts []*syntax.Stmt) {
	outer := st.unit
	st.unit = u
	st.stmts(stmts)
	st.unit = outer
}

// pieces runs a part of a unit command by command. One that is no shell even so is taken as words.
func (st *state) pieces(u *unit, text string, line int) {
	for _, c := range split(text) {
		if !st.spend(len(c.text)) || st.steps >= maxSteps {
			return
		}
		if st.piece(u.part(c.text, line+c.line)) {
			continue
		}
		at := line + c.line
		for l := range strings.Lines(c.text) {
			st.piece(u.part(l, at))
			at++
		}
	}
}

// piece runs one command of a unit, and reports whether it is worth no second look.
func (st *state) piece(u *unit) bool {
	text := strings.TrimSpace(u.text)
	for _, k := range openers {
		text = strings.TrimSpace(strings.TrimPrefix(text, k))
	}
	if text == "" {
		return true
	}
	at := strings.Count(u.text[:strings.Index(u.text, text)], "\n")
	part := u.part(text, at)
	if shallow(text) && len(text) <= maxTried && st.parsed(part, text) {
		return true
	}
	if strings.Contains(text, "\n") {
		return false
	}
	st.parsed(part, quotedWords(text[:min(len(text), maxCrude)]))
	return true
}

// parsed runs a text in the place of a unit, if it is shell.
func (st *state) parsed(u *unit, text string) bool {
	p := st.parsers.take(bash)
	f, err := p.Parse(strings.NewReader(text), "")
	st.parsers.give(bash, p)
	if err != nil {
		st.steps++ // so that what is no shell has an end, too
		return false
	}
	st.within(u, f.Stmts)
	return true
}

// openers begin a compound command whose rest stands elsewhere.
var openers = []string{"if ", "then ", "elif ", "else ", "while ", "until ", "do ", "{ ", "( ", "! ", "(", "then\n", "do\n", "else\n"}

// maxCrude bounds a text that is taken as the words of one command, in bytes.
const maxCrude = 4 << 10
