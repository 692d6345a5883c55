package script

import (
	"slices"
	"strings"
)

// arguments are those of one call: by place and by name.
type arguments struct {
	list  []value
	named map[string]value
}

// bracketed reads the arguments between brackets.
func (r *source) bracketed(t token) arguments {
	end := min(t.pair, len(r.toks))
	r.i++
	if list, ok := r.comprehension(end); ok {
		r.i = end + 1
		return arguments{list: []value{list}}
	}
	commas := r.commas
	r.commas = false
	args := r.argumentsTo(end, false)
	r.commas = commas
	r.i = end + 1
	return args
}

// arguments reads arguments without brackets, up to the end of the line.
func (r *source) arguments(end int) arguments { return r.argumentsTo(end, true) }

func (r *source) argumentsTo(end int, line bool) arguments {
	args := arguments{named: map[string]value{}}
	for r.i < end && r.spend() {
		t := r.peek(0)
		if line && (t.kind == anEnd || t.kind == aSign && strings.Contains(")]}", t.text) || t.kind == aWord && slices.Contains([]string{"if", "unless", "or", "and", "do", "end"}, t.text)) {
			break
		}
		if t.kind == anEnd || t.kind == aSign && t.text == "," {
			r.i++
			continue
		}
		start := r.i
		name := ""
		if next := r.peek(1); next.kind == aSign && (next.text == "=" || next.text == ":" || next.text == "=>") && (t.kind == aWord || t.kind == aString) && r.arrowless() {
			name = strings.TrimPrefix(t.text, "$")
			r.i += 2
		} else if t.kind == aSign && t.text == ":" && next.kind == aWord { // a symbol of Ruby
			r.i++
			if after := r.peek(1); after.kind == aSign && after.text == "=>" {
				name = next.text
				r.i += 2
			}
		}
		v := r.expression(end)
		if name != "" {
			args.named[name] = v
		} else {
			args.list = append(args.list, v)
		}
		if r.i == start {
			r.i++
		}
		if len(args.list) >= maxElements {
			r.i = end
		}
	}
	return args
}

// arrowless reports that "=>" behind the present token makes no function: JavaScript alone has those.
func (r *source) arrowless() bool { return r.d.name != "node" || r.peek(1).text == ":" }

// group reads (...) or [...]: one value, or a list.
func (r *source) group(t token) value {
	end := min(t.pair, len(r.toks))
	r.i++
	if list, ok := r.comprehension(end); ok {
		r.i = end + 1
		return list
	}
	comma, commas := t.text == "[", r.commas
	r.commas = t.text == "("
	defer func() { r.commas = commas }()
	var values []value
	out := value{}
	for r.i < end && r.spend() {
		switch n := r.peek(0); {
		case n.kind == anEnd:
			r.i++
			continue
		case n.kind == aSign && (n.text == "," || n.text == ";"):
			comma = true
			r.i++
			continue
		}
		start := r.i
		v := r.expression(end)
		if r.is("=>", ":") { // an array of PHP or Perl with keys
			r.i++
			w := r.expression(end)
			out.set(r.as(v), w)
			v = textOf(r.as(v) + ": " + r.as(w))
			comma = true
		} else if r.is("=", ":=", "+=") {
			r.assignment(v, end)
		}
		if r.i == start {
			r.i++
		}
		values = append(values, v)
	}
	r.i = end + 1
	if !comma && len(values) == 1 {
		return values[0]
	}
	list := r.listOf(values)
	list.fields = out.fields
	return list
}

// object reads {...}: an object, a set, or a block whose statements are read.
func (r *source) object(t token) value {
	end := min(t.pair, len(r.toks))
	r.i++
	if list, ok := r.comprehension(end); ok {
		r.i = end + 1
		return list
	}
	var out value
	var b strings.Builder
	out.fields = map[string]value{}
	for r.i < end && r.spend() {
		n := r.peek(0)
		if n.kind == anEnd || n.kind == aSign && n.text == "," {
			r.i++
			continue
		}
		start := r.i
		key, v := r.pair(n, end)
		if key != "" {
			out.set(key, v)
			b.WriteString(key + ": ")
		}
		if b.Len() < maxText {
			b.WriteString(r.as(v) + ", ")
		}
		out.undone = chained(out.undone, v.undone...)
		if r.i == start {
			r.i++
		}
	}
	r.i = end + 1
	out.text = r.limit(b.String())
	return out
}

// pair reads one key and its value; a value alone has no key unless it is a name that stands for both.
func (r *source) pair(t token, end int) (string, value) {
	if next := r.peek(1); next.kind == aSign && (next.text == ":" || next.text == "=>" || next.text == "=") && t.kind != aSign {
		key := t.text
		if t.kind == aString && t.filled {
			key = r.fill(key)
		}
		r.i += 2
		return key, r.expression(end)
	}
	if t.kind == aSign && t.text == ":" && r.peek(1).kind == aWord && r.peek(2).text == "=>" {
		key := r.peek(1).text
		r.i += 3
		return key, r.expression(end)
	}
	v := r.expression(end)
	switch {
	case r.is(":", "=>", "="):
		r.i++
		return r.as(v), r.expression(end)
	case v.from != "" && !strings.Contains(v.from, "\x06") && t.kind == aWord:
		return v.from, v
	}
	return "", v
}

// comprehension reads "expression for names in list" up to a token, with the names bound to each element.
func (r *source) comprehension(end int) (value, bool) {
	if !r.d.layout {
		return value{}, false
	}
	at, i := -1, r.i
	for ; i < end; i++ {
		t := r.toks[i]
		if t.kind == aSign && t.pair > i {
			i = t.pair
		} else if t.kind == aWord && t.text == "for" {
			at = i
			break
		}
	}
	if r.look(min(i, end) - r.i); at < 0 || r.deep >= maxDeep {
		return value{}, false
	}
	from := r.i
	r.i = at + 1
	names := r.names(end)
	list := r.expression(end)
	for r.is("if") || r.is("for") { // conditions and further loops: what they name is bound to all of it
		if r.is("for") {
			r.i++
			for _, n := range r.names(end) {
				r.put(n, textOf(r.as(r.expression(end))))
			}
			continue
		}
		r.i++
		r.expression(end)
	}
	var values []value
	r.deep++
	for _, e := range r.elements(list) {
		if !r.spend() {
			break
		}
		for _, n := range names {
			r.put(n, e)
		}
		r.i = from
		v := r.expression(at)
		if r.is(":") { // of a dictionary
			r.i++
			v = textOf(r.as(v) + ": " + r.as(r.expression(at)))
		}
		values = append(values, v)
	}
	r.deep--
	out := r.listOf(values)
	out.undone = chained(out.undone, list.undone...)
	return out, true
}

// names reads the names between "for" and "in".
func (r *source) names(end int) []string {
	var out []string
	for r.i < end && !r.is("in", "of", "=", "as", "=>") {
		if t := r.peek(0); t.kind == aWord && !slices.Contains(before, t.text) {
			out = append(out, t.text)
		} else if t.kind == anEnd {
			return out
		}
		r.i++
	}
	if r.is("in", "of", "as") {
		r.i++
	}
	return out
}
