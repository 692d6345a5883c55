package script

import (
	"slices"
	"strings"
)

// declare finds the functions of a program, so that they are known before they are called.
func (r *source) declare() {
	for i := 0; i+2 < len(r.toks) && len(r.funcs) < maxFunctions && r.st.looked < maxLooked; i++ { // each may be looked through for its end
		t := r.toks[i]
		if t.kind != aWord || !slices.Contains([]string{"def", "function", "sub", "Function"}, t.text) || r.toks[i+1].kind != aWord {
			continue
		}
		if f := r.functionAt(i + 2); f != nil {
			r.funcs[r.toks[i+1].text] = f
		}
	}
}

// functionAt reads parameters and the bounds of the body of a function, from its parameters on; nil where there is none.
func (r *source) functionAt(i int) *lambda {
	f := &lambda{toks: r.toks}
	if i < len(r.toks) && r.toks[i].kind == aSign && r.toks[i].text == "(" {
		end := min(r.toks[i].pair, len(r.toks))
		f.params = parameters(r.toks[i+1 : end])
		i = end + 1
	}
	for n := 0; i < len(r.toks) && n < maxAhead; n++ { // a type, "use (...)", "->"
		if t := r.toks[i]; t.kind == aSign && (t.text == "{" || t.text == ":") || t.kind == anEnd && r.d.name == "ruby" {
			break
		}
		i++
	}
	if i >= len(r.toks) {
		return nil
	}
	switch t := r.toks[i]; {
	case t.text == "{":
		f.from, f.end = i+1, min(t.pair, len(r.toks))
	case r.d.layout:
		f.from, f.end = i+1, r.indented(i)
		r.look(f.end - i)
	case r.d.name == "ruby":
		f.from, f.end = i, r.ended(i)
		r.look(f.end - i)
	default:
		return nil
	}
	return f
}

// parameters lists the names of parameters; defaults and types are passed.
func parameters(toks []token) []string {
	var out []string
	take := true
	for i := 0; i < len(toks); i++ {
		switch t := toks[i]; {
		case t.kind == aSign && t.text == ",":
			take = true
		case t.kind == aSign && (t.text == "=" || t.text == ":"):
			take = false
		case t.kind == aSign && t.text == "{":
			take = true
		case t.kind == aWord && take:
			out = append(out, t.text)
			take = strings.HasPrefix(t.text, "int") || t.text == "string" || t.text == "array"
			if take {
				out = out[:len(out)-1]
			}
		}
	}
	return out
}

// indented gives the end of the block behind a colon: the first later line that begins no further right than the line of the colon.
func (r *source) indented(colon int) int {
	line := r.toks[colon].line
	i := colon + 1
	for i < len(r.toks) && r.toks[i].line == line {
		if r.toks[i].kind == anEnd && r.toks[i].text == "\n" {
			break
		}
		i++
	}
	base := r.column(line)
	for ; i < len(r.toks); i++ {
		if t := r.toks[i]; t.kind != anEnd && i > 0 && r.toks[i-1].kind == anEnd && t.line > line && r.column(t.line) <= base {
			return i
		}
		if t := r.toks[i]; t.kind == aSign && t.pair > i {
			i = t.pair
		}
	}
	return len(r.toks)
}

// column is the indentation of a line.
func (r *source) column(line int) int {
	if line < len(r.columns) {
		return r.columns[line]
	}
	return 0
}

// ended gives the place of the "end" that closes a function of Ruby.
func (r *source) ended(i int) int {
	open := 1
	for ; i < len(r.toks); i++ {
		t := r.toks[i]
		if t.kind != aWord {
			continue
		}
		first := i == 0 || r.toks[i-1].kind == anEnd
		switch {
		case t.text == "end":
			if open--; open == 0 {
				return i
			}
		case t.text == "do", first && slices.Contains([]string{"if", "unless", "while", "until", "case", "begin", "def", "for", "class", "module"}, t.text):
			open++
		}
	}
	return i
}

// skipFunction passes the declaration of a function that is called somewhere; the body of one that is not is read as it stands.
func (r *source) skipFunction(end int) bool {
	if r.peek(1).kind != aWord {
		return false
	}
	f := r.funcs[r.peek(1).text]
	if f == nil || f.from < r.i || f.end > end {
		r.i += 2
		return true
	}
	if r.mentioned(r.peek(1).text) {
		r.i = f.end
		if r.i < end && r.peek(0).text == "}" {
			r.i++
		}
		return true
	}
	for _, p := range f.params {
		r.put(p, textOf(r.st.unknown(p)))
	}
	r.i = f.from
	return true
}

// mentioned reports that a function's name stands in the program in another place than its declaration.
func (r *source) mentioned(name string) bool {
	if r.counts == nil {
		r.counts = map[string]int{}
		for _, t := range r.toks {
			if t.kind == aWord {
				r.counts[t.text]++
			}
		}
	}
	return r.counts[name] > 1
}

// functionLiteral reads function (...) {...}, sub {...} and lambda x: ...
func (r *source) functionLiteral(end int) *lambda {
	if r.is("lambda") && r.d.layout {
		i := r.i + 1
		for i < end && r.toks[i].kind != anEnd && !(r.toks[i].kind == aSign && r.toks[i].text == ":") {
			i++
		}
		f := &lambda{toks: r.toks, params: parameters(r.toks[r.i+1 : i]), from: i + 1, single: true}
		r.look((i - r.i) * costOfEntry)
		for i++; i < end && r.toks[i].kind != anEnd && !(r.toks[i].kind == aSign && strings.Contains(",)]}", r.toks[i].text)); i++ {
			if r.toks[i].kind == aSign && r.toks[i].pair > i {
				i = r.toks[i].pair
			}
		}
		f.end = min(i, end)
		r.look(f.end - r.i)
		r.i = f.end
		return f
	}
	i := r.i + 1
	if r.peek(1).kind == aWord {
		i++
	}
	if i >= end || r.toks[i].kind != aSign || !strings.Contains("({", r.toks[i].text) {
		return nil
	}
	f := r.functionAt(i)
	if f == nil || f.end > end {
		return nil
	}
	r.i = min(f.end+1, end)
	return f
}

// arrow reads (a, b) => ... and a => ..., nil where there is none.
func (r *source) arrow(end int) *lambda {
	if r.d.name != "node" && r.d.name != "php" {
		return nil
	}
	t, after := r.peek(0), r.i+1
	if t.kind == aSign {
		if t.text != "(" {
			return nil
		}
		after = t.pair + 1
	}
	if r.d.name == "php" || after >= end || r.toks[after].kind != aSign || r.toks[after].text != "=>" {
		return nil
	}
	f := &lambda{toks: r.toks, params: parameters(r.toks[r.i:after]), from: after + 1}
	if f.from < end && r.toks[f.from].kind == aSign && r.toks[f.from].text == "{" {
		f.end = min(r.toks[f.from].pair, end)
		f.from++
		r.i = min(f.end+1, end)
		return f
	}
	f.single = true
	i := f.from
	for ; i < end && !(r.toks[i].kind == anEnd && r.toks[i].text == ";") && !(r.toks[i].kind == aSign && strings.Contains(",)]}", r.toks[i].text)); i++ {
		if r.toks[i].kind == aSign && r.toks[i].pair > i {
			i = r.toks[i].pair
		}
	}
	f.end = min(i, end)
	r.look(f.end - r.i)
	r.i = f.end
	return f
}

// apply reads a function's body with its parameters bound, and gives what it gives back, or its last value.
func (r *source) apply(f *lambda, args []value, named map[string]value) value {
	if f.busy || r.deep >= maxDeep || !r.spend() {
		return r.mixed("...", args...)
	}
	r.look(len(f.params) * costOfEntry)
	for i, p := range f.params {
		switch {
		case i < len(args):
			r.put(p, args[i])
		case named[p].text != "" || named[p].name != "":
			r.put(p, named[p])
		}
	}
	toks, at, line := r.toks, r.i, r.st.line
	r.toks, r.i, f.busy = f.toks, f.from, true
	r.deep++
	var out value
	if f.single {
		out = r.expression(f.end)
	} else {
		back := r.back
		r.back = nil
		for r.i < f.end && r.spend() {
			before := r.i
			if r.is("return") {
				r.i++
				v := r.expression(f.end)
				r.back = append(r.back, v)
			} else {
				r.statement(f.end)
			}
			if r.i == before {
				r.i++
			}
		}
		for i, v := range r.back {
			if i == 0 {
				out = v
			} else {
				out = r.either(out, v)
			}
		}
		r.back = back
	}
	r.deep--
	r.toks, r.i, f.busy = toks, at, false
	r.st.line = line
	return out
}

// each reads the head of a loop: its names are bound to all that is looped over, or to each of it where that is known.
func (r *source) each(end int) {
	r.i++
	if r.is("await") {
		r.i++
	}
	limit := end
	if t := r.peek(0); t.kind == aSign && t.text == "(" {
		limit = min(t.pair, end)
		r.i++
	}
	if r.d.name == "php" { // foreach (list as $k => $v)
		list := r.expression(limit)
		r.i++
		for _, n := range r.names(limit) {
			r.put(n, textOf(r.as(list)))
		}
		for r.i < limit && r.peek(0).kind == aWord {
			r.put(r.peek(0).text, textOf(r.as(list)))
			r.i++
		}
		r.i = limit
		return
	}
	from := r.i
	names := r.names(limit)
	if r.look(r.i - from); r.i >= limit && limit != end { // for (;;)
		r.i = from
		return
	}
	list := r.expression(limit)
	for _, n := range names {
		v := textOf(r.as(list))
		if len(names) == 1 && list.isList && len(list.list) == 1 {
			v = textOf(list.list[0])
		}
		if r.d.ticks {
			n = strings.ToLower(n)
		}
		r.put(n, v)
	}
	if limit != end {
		r.i = limit
	}
}

// with reads "with a as b, c as d:".
func (r *source) with(end int) {
	r.i++
	for r.i < end && r.spend() {
		if r.is("(") {
			r.i++
		}
		v := r.expression(end)
		if r.is("as") && r.peek(1).kind == aWord {
			r.put(r.peek(1).text, v)
			r.i += 2
		}
		if !r.is(",") {
			return
		}
		r.i++
	}
}
