package script

import (
	"slices"
	"strings"
)

// peek gives the token that is some places further on; an end where there is none.
func (r *source) peek(n int) token {
	if i := r.i + n; i >= 0 && i < len(r.toks) {
		return r.toks[i]
	}
	return token{kind: anEnd}
}

// is reports that the present token is one of some signs or words.
func (r *source) is(texts ...string) bool {
	t := r.peek(0)
	return (t.kind == aSign || t.kind == aWord) && slices.Contains(texts, t.text)
}

// statements reads up to a token.
func (r *source) statements(end int) {
	if r.deep >= maxDeep {
		r.i = end
		return
	}
	r.deep++
	for r.i < end && r.spend() {
		before := r.i
		r.statement(end)
		if r.i == before {
			r.i++
		}
	}
	r.deep--
	r.i = max(r.i, end)
}

// passed are words that begin a statement and say nothing of what it does.
var passed = []string{"if", "elif", "elsif", "elseif", "else", "while", "until", "unless", "try", "catch", "rescue", "ensure", "finally", "except", "begin", "do", "then", "return", "await", "async",
	"export", "default", "switch", "case", "when", "in", "and", "or", "end", "assert", "raise", "throw", "yield", "pass", "const", "let", "var", "my", "our", "local", "static", "public",
	"private", "final", "global", "use", "BEGIN", "process", "param", "@", "next", "last", "break", "continue", "of", "loop"}

func (r *source) statement(end int) {
	t := r.peek(0)
	r.at(t)
	if t.kind == anEnd || t.kind == aSign && strings.Contains(")]}{,:", t.text) && !r.unpacks(t) {
		r.i++
		return
	}
	if t.kind == aWord {
		switch t.text {
		case "import", "from", "require", "use", "using":
			if r.imports(end) {
				return
			}
		case "def", "function", "sub", "fn", "func":
			if r.skipFunction(end) {
				return
			}
		case "class", "module", "package", "namespace", "interface":
			r.i += 2
			return
		case "for", "foreach":
			r.each(end)
			return
		case "with":
			r.with(end)
			return
		case "set":
		}
		if slices.Contains(passed, t.text) && !(r.peek(1).kind == aSign && slices.Contains([]string{".", "=", "->"}, r.peek(1).text)) {
			r.i++
			return
		}
	}
	v := r.expression(end)
	r.assignment(v, end)
}

// unpacks reports a bracket that begins const {a, b} = ...
func (r *source) unpacks(t token) bool {
	return t.text == "{" && t.pair > r.i && t.pair+1 < len(r.toks) && r.toks[t.pair+1].kind == aSign && r.toks[t.pair+1].text == "="
}

// assignment reads what is assigned to what was just read, if anything is.
func (r *source) assignment(left value, end int) {
	targets := []value{left}
	for r.i < end && r.is(",") && r.listAhead(end) { // a, b = ...
		r.i++
		targets = append(targets, r.expression(end))
	}
	if r.i < end && r.is(":") && r.d.layout && left.from != "" && r.annotated(end) {
		for r.i < end && !r.is("=") {
			r.i++
		}
	}
	if r.i >= end || !r.is("=", ":=", "+=", ".=", "<<=", "||=", "??=", "|=", "<<") {
		return
	}
	op := r.peek(0).text
	r.i++
	v := r.expression(end)
	if r.is(",") && r.d.layout { // a tuple without brackets
		list := []value{v}
		for r.is(",") && r.i < end {
			r.i++
			list = append(list, r.expression(end))
		}
		v = r.listOf(list)
	}
	for r.i < end && r.is("=") { // a = b = c
		r.i++
		targets = append(targets, v)
		v = r.expression(end)
	}
	if len(targets) == 1 && (!left.isList || left.from != "") && left.fields == nil || left.from != "" && len(targets) == 1 {
		r.assign(left, op, v)
		return
	}
	r.spread(targets, left, v)
}

// listAhead reports that an assignment follows the names that come next.
func (r *source) listAhead(end int) bool {
	for i := r.i; i < min(end, r.i+maxAhead); i++ {
		switch t := r.toks[i]; {
		case t.kind == aSign && t.text == "=":
			return true
		case t.kind == aWord, t.kind == aSign && (t.text == "," || t.text == "." || t.text == "*"):
		default:
			return false
		}
	}
	return false
}

// annotated reports that a type and an assignment follow a colon on the same line.
func (r *source) annotated(end int) bool {
	for i := r.i + 1; i < min(end, r.i+maxAhead) && r.toks[i].kind != anEnd; i++ {
		if r.toks[i].kind == aSign && r.toks[i].text == "=" {
			return true
		}
	}
	return false
}

// maxAhead bounds how far is looked ahead, in tokens.
const maxAhead = 24

// spread assigns the parts of a value to several names.
func (r *source) spread(targets []value, left, v value) {
	switch {
	case len(targets) > 1:
	case left.fields != nil: // const {A, B: c} = process.env
		r.look(len(left.fields) * costOfPut)
		for _, k := range sortedKeys(left.fields) {
			name := left.fields[k].from
			if name == "" {
				name = k
			}
			r.put(name, r.member(v, k))
		}
		return
	default:
		targets = nil
		for _, name := range left.list {
			targets = append(targets, value{from: r.nameOf(name)})
		}
	}
	for i, t := range targets {
		e := v
		if v.isList && i < len(v.list) {
			e = value{text: v.list[i], undone: v.undone}
		} else if v.name == "" || environments[v.name] {
			e = textOf(r.as(v))
		}
		if t.from != "" {
			r.put(t.from, e)
		}
	}
}

// nameOf is the name of an unset variable of which a list was made.
func (r *source) nameOf(text string) string {
	if _, _, a := r.st.nextAtom(text); a != nil {
		return a.show
	}
	return text
}

// assign gives a variable its value, or a part of one.
func (r *source) assign(left value, op string, v value) {
	base, key, part := strings.Cut(left.from, "\x06")
	if base == "" {
		return
	}
	if environments[base] || strings.HasPrefix(base, "$env:") {
		name := key
		if name == "" {
			name = strings.TrimPrefix(base, "$env:")
		}
		r.env[name] = r.as(v)
		return
	}
	old, known := r.vars[base]
	switch {
	case part:
		was := old.text
		old.set(key, v)
		old.text = r.limit(was + " " + key + ": " + r.as(v))
		if old.target != "" {
			old.body = r.limit(old.body + " " + key + "=" + r.as(v))
		}
		old.name = ""
		old.from = base
		r.put(base, old)
	case op == "=" || op == ":=" || !known:
		r.put(base, v)
	case op == "||=" || op == "??=":
		r.put(base, r.either(old, v))
	default:
		r.put(base, r.join(old, v))
	}
}

// put gives a variable its value. A program whose variables are too many or too long keeps the first.
func (r *source) put(name string, v value) {
	if len(r.vars) >= maxFiles*8 {
		if _, ok := r.vars[name]; !ok {
			r.st.problem("the program has more variables than are followed")
			return
		}
	}
	v.from = ""
	r.vars[name] = v
}

// expression reads one expression.
func (r *source) expression(end int) value {
	if r.deep >= maxDeep || !r.spend() {
		return r.skipped(end)
	}
	r.deep++
	v := r.operand(end)
	for r.i < end && r.spend() {
		next, ok := r.operator(v, end)
		if !ok {
			break
		}
		v = next
	}
	r.deep--
	return v
}

// skipped passes what is nested too deeply: it carries what its strings and atoms do.
func (r *source) skipped(end int) value {
	from := r.i
	if t := r.peek(0); t.kind == aSign && t.pair > r.i {
		r.i = min(t.pair+1, end)
	} else {
		r.i++
	}
	var b strings.Builder
	r.look(r.i - from)
	for _, t := range r.toks[from:min(r.i, len(r.toks))] {
		if (t.kind == aString || t.kind == anAtom) && b.Len() < maxText {
			b.WriteString(t.text + " ")
		}
	}
	r.st.problem("the program is nested deeper than is followed")
	return textOf(r.limit(b.String()))
}
