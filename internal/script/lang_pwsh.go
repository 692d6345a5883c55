package script

import (
	"strings"
)

// typed reads what stands behind a type of PowerShell: [Convert]::FromBase64String(...), [char]104, [Text.Encoding]::UTF8.
func (r *source) typed(t token, end int) value {
	if r.is("::") && r.peek(1).kind == aWord {
		name := strings.TrimPrefix(t.text, "system.") + "." + strings.ToLower(r.peek(1).text)
		r.i += 2
		if name == "environment.getenvironmentvariables" && !r.is("(") {
			return value{name: "env:"}
		}
		return r.postfix(value{name: name}, end)
	}
	v := r.operand(end)
	switch {
	case t.text != "char" || v.name != "":
		return v
	case v.isList:
		out := r.undo("codes", v)
		return value{isList: true, list: strings.Split(out.text, ""), text: out.text, undone: out.undone}
	}
	if out, ok := undo("codes", v.text); ok && plain(v.text) {
		return value{text: clean(out), undone: []string{"codes"}}
	}
	return v
}

// dashed reads an operator such as -join, -f and -replace with what is behind it.
func (r *source) dashed(v value, end int) value {
	op := strings.ToLower(r.peek(1).text)
	r.i += 2
	w := r.operand(end)
	for r.is(",") && (op == "f" || op == "replace") || r.is(",") && op == "join" && !v.isList && v.text == "" {
		r.i++
		next := r.operand(end)
		if !w.isList {
			w = r.listOf([]value{w})
		}
		w = r.join(w, r.listOf([]value{next}))
	}
	list := w.list
	if !w.isList {
		list = []string{r.as(w)}
	}
	switch op {
	case "join":
		if v.text == "" && !v.isList {
			return r.joined(w, arguments{list: []value{textOf("")}})
		}
		return r.joined(v, arguments{list: []value{textOf(r.as(w))}})
	case "f":
		return r.braces(v, arguments{list: texts(list)})
	case "replace", "creplace", "ireplace":
		list = append(list, "")
		out, _ := r.replaced("replace", v, arguments{list: texts(list[:2])})
		return out
	case "split":
		if plain(v.text) && len(list) == 1 && list[0] != "" {
			return r.listOf(texts(strings.Split(v.text, list[0])))
		}
	}
	return r.mixed("-"+op, v, w)
}

// cmdlet is one command of PowerShell: its parameters by their lower-cased names, its other arguments, and all as words.
type cmdlet struct {
	params map[string]value
	list   []value
	words  []string
}

// command reads a command of PowerShell with its arguments, and what it is piped to.
func (r *source) command(input value, end int) value {
	t := r.peek(0)
	name := r.bareWord(end)
	c := r.cmdlet(end)
	r.at(t)
	return r.cmdletOf(name, input, c)
}

// bareWord reads what stands together without blanks.
func (r *source) bareWord(end int) string {
	var b strings.Builder
	for first := true; r.i < end; first = false {
		t := r.peek(0)
		if !first && t.spaced || t.kind == anEnd || t.kind == aSign && strings.Contains(")}|,{", t.text) {
			break
		}
		r.i++
		switch {
		case t.kind == aWord && strings.HasPrefix(t.text, "$"):
			r.i--
			b.WriteString(r.as(r.wordOperand(t, end)))
		case t.kind == aString:
			b.WriteString(r.as(r.literal(t)))
		case t.kind == aSign && t.pair >= 0 && t.text == "(":
			r.i--
			b.WriteString(r.as(r.group(t)))
		case t.kind == aType:
			b.WriteString("[" + t.text + "]")
		default:
			b.WriteString(t.text)
		}
	}
	return b.String()
}

// cmdlet reads the arguments of a command.
func (r *source) cmdlet(end int) cmdlet {
	c := cmdlet{params: map[string]value{}}
	for r.i < end && r.spend() {
		t := r.peek(0)
		if t.kind == anEnd || t.kind == aSign && (strings.Contains(")}|", t.text) || t.text == "||" || t.text == "&&" || t.text == "&") {
			break
		}
		if t.kind == aSign && t.text == "," {
			r.i++
			continue
		}
		start := r.i
		if next := r.peek(1); t.kind == aSign && t.text == "-" && next.kind == aWord && !next.spaced {
			r.i += 2
			name := strings.ToLower(next.text)
			c.words = append(c.words, "-"+next.text)
			if r.is(":") {
				r.i++
			}
			if n := r.peek(0); r.i < end && n.kind != anEnd && !(n.kind == aSign && strings.Contains("-)}|;", n.text)) && n.spaced {
				v := r.argument(end)
				c.params[name] = v
				c.words = append(c.words, r.as(v))
			} else {
				c.params[name] = value{name: "true"}
			}
			continue
		}
		if t.kind == aWord && strings.HasPrefix(t.text, "@") { // splatting
			if v := r.named(t); v.fields != nil {
				r.look(len(v.fields) * costOfPut)
				for _, k := range sortedKeys(v.fields) {
					c.params[strings.ToLower(k)] = v.fields[k]
				}
				r.i++
				continue
			}
		}
		v := r.argument(end)
		c.list = append(c.list, v)
		c.words = append(c.words, r.as(v))
		if r.i == start {
			r.i++
		}
	}
	return c
}

// argument reads one argument of a command: an operand, or a word with variables in it.
func (r *source) argument(end int) value {
	t := r.peek(0)
	switch {
	case t.kind == aSign && t.text == "{":
		f := &lambda{toks: r.toks, from: r.i + 1, end: min(t.pair, end)}
		r.i = min(t.pair+1, end)
		return value{fn: f, name: "block"}
	case t.kind == aWord && (strings.HasPrefix(t.text, "$")), t.kind == aString, t.kind == anAtom, t.kind == aSign && (t.text == "(" || t.text == "@"), t.kind == aType:
		v := r.operand(end)
		if n := r.peek(0); r.i < end && !n.spaced && n.kind != anEnd && !(n.kind == aSign && strings.Contains(",)}|;", n.text)) {
			v = textOf(r.as(v) + r.bareWord(end))
		}
		for r.is(",") && r.i < end {
			r.i++
			w := r.argument(end)
			if !v.isList {
				v = r.listOf([]value{v})
			}
			v = r.join(v, r.listOf([]value{w}))
		}
		return v
	}
	word := r.bareWord(end)
	if lower := strings.ToLower(word); strings.HasPrefix(lower, "env:") {
		if name := strings.Trim(word[4:], `\/`); name != "" && name != "*" {
			return r.variable(name)
		}
		return value{name: "env:"}
	}
	return textOf(word)
}

// piped reads the commands behind a pipe.
func (r *source) piped(v value, end int) value {
	for r.i < end && r.peek(0).kind == anEnd && r.peek(0).text == "\n" {
		r.i++
	}
	if r.is("%") || r.is("?") {
		r.toks[r.i].text = "ForEach-Object"
	}
	return r.command(v, end)
}

// param is a parameter of a command by any of its names, or the argument at a place.
func (c cmdlet) param(at int, names ...string) (value, bool) {
	for _, n := range names {
		if v, ok := c.params[n]; ok {
			return v, true
		}
	}
	if at >= 0 && at < len(c.list) {
		return c.list[at], true
	}
	return value{}, false
}
