package script

import (
	"slices"
	"strconv"
	"strings"
)

// before are words and signs that stand before an operand and change nothing that counts here.
var before = []string{"await", "new", "not", "typeof", "return", "yield", "void", "my", "our", "local", "const", "let", "var", "async", "static", "print_r", "defined", "delete",
	"!", "-", "+", "~", "*", "**", "...", "&", "@", "\\", "++", "--", "<", "->"}

// operand reads one operand with what hangs on it. Operands stand in operands without a bracket between them: -join -join a.
func (r *source) operand(end int) value {
	if r.deep >= 2*maxDeep || !r.spend() {
		return r.skipped(end)
	}
	r.deep++
	defer func() { r.deep-- }()
	return r.operandOf(end)
}

func (r *source) operandOf(end int) value {
	if r.d.ticks && r.is("-") && r.peek(1).kind == aWord && slices.Contains([]string{"join", "split"}, strings.ToLower(r.peek(1).text)) {
		return r.dashed(value{}, end)
	}
	for r.i < end && (r.is(before...) || r.peek(0).kind == anEnd && r.peek(0).text == "\n" && r.i > 0 && r.toks[r.i-1].kind == aSign && !strings.Contains(")]}", r.toks[r.i-1].text)) {
		if r.is("-", "+") && r.peek(1).kind == aNumber {
			sign := r.peek(0).text
			r.i += 2
			return r.postfix(textOf(strings.TrimPrefix(sign, "+")+decimal(r.toks[r.i-1].text)), end)
		}
		if r.is("@", "*", "&") && r.d.name == "ruby" && r.peek(0).text == "@" {
			r.i++
			break
		}
		r.i++
	}
	if r.i >= end {
		return value{}
	}
	t := r.peek(0)
	switch t.kind {
	case anEnd:
		return value{}
	case aString:
		r.i++
		return r.postfix(r.literal(t), end)
	case anAtom:
		r.i++
		return r.postfix(textOf(t.text), end)
	case aNumber:
		r.i++
		return r.postfix(textOf(decimal(t.text)), end)
	case aType:
		r.i++
		return r.typed(t, end)
	case aWord:
		return r.wordOperand(t, end)
	}
	switch t.text {
	case "(", "[":
		if f := r.arrow(end); f != nil {
			return value{fn: f, name: "function"}
		}
		return r.postfix(r.group(t), end)
	case "{":
		return r.postfix(r.object(t), end)
	case ")", "]", "}", ",", ":":
		return value{}
	}
	r.i++
	return value{}
}

// decimal writes a number literal in decimal, as it is used as text.
func decimal(s string) string {
	s = strings.TrimSuffix(strings.ReplaceAll(s, "_", ""), "n")
	if n, err := strconv.ParseInt(s, 0, 64); err == nil && (len(s) < 2 || s[0] != '0' || s[1] > '9') {
		return strconv.FormatInt(n, 10)
	}
	return s
}

// literal gives the text of a string; one that a shell runs is what the shell prints.
func (r *source) literal(t token) value {
	text := t.text
	if t.filled {
		text = r.fill(text)
	}
	if t.shell {
		r.at(t)
		return r.shell(textOf(text), nil, "`")
	}
	if strings.Contains(text, "\x00") || t.filled {
		return textOf(text)
	}
	return textOf(clean(text))
}

// wordOperand reads a name, a function literal, or a keyword that makes a value.
func (r *source) wordOperand(t token, end int) value {
	switch t.text {
	case "function", "sub", "fn", "func", "lambda", "proc", "Proc":
		if f := r.functionLiteral(end); f != nil {
			return r.postfix(value{fn: f, name: "function"}, end)
		}
	case "True", "False", "None", "true", "false", "null", "nil", "undefined":
		r.i++
		return r.postfix(value{name: t.text}, end)
	case "for", "if", "in", "else", "of", "as", "do", "then", "end":
		return value{}
	}
	if f := r.arrow(end); f != nil {
		return value{fn: f, name: "function"}
	}
	if r.d.ticks && !strings.HasPrefix(t.text, "$") && !strings.HasPrefix(t.text, "@") {
		return r.command(value{}, end)
	}
	r.i++
	return r.postfix(r.named(t), end)
}

// named is what a name stands for.
func (r *source) named(t token) value {
	name := t.text
	if r.d.sigils && !r.d.ticks {
		switch {
		case name == "$ENV", name == "%ENV", name == "$_ENV", name == "$_SERVER":
			return value{name: name, from: name}
		case strings.HasPrefix(name, "@"), strings.HasPrefix(name, "%"):
			name = "$" + name[1:]
		}
	}
	if r.d.ticks {
		lower := strings.ToLower(name)
		if env, ok := strings.CutPrefix(lower, "$env:"); ok {
			v := r.variable(name[len("$env:"):])
			v.from = "$env:" + strings.ToUpper(env)
			return v
		}
		name = strings.NewReplacer("$script:", "$", "$global:", "$", "@", "$").Replace(lower)
	}
	v, ok := r.vars[name]
	if !ok {
		v = value{name: strings.TrimPrefix(name, "$")}
		if strings.HasPrefix(name, "$") {
			v = textOf(r.st.unknown(name))
		}
		if f, ok := r.funcs[name]; ok {
			v.fn = f
		}
	}
	v.from = name
	return v
}

// postfix reads members, indexes and calls that hang on a value.
func (r *source) postfix(v value, end int) value {
	for r.i < end && r.spend() {
		t := r.peek(0)
		if t.kind != aSign {
			break
		}
		switch {
		case slices.Contains([]string{".", "->", "::", "?.", "&."}, t.text) && !(t.text == "." && r.d.concat == "."):
			next := r.peek(1)
			switch {
			case next.kind == aWord:
				r.i += 2
				from := v.from
				v = r.member(v, next.text)
				if from != "" && v.from == "" {
					v.from = joinedPath(from, next.text)
				}
			case next.kind == aSign && strings.Contains("([{", next.text):
				r.i++
			default:
				return v
			}
		case t.text == "(" && t.pair >= 0 && !(t.spaced && (r.d.ticks || v.name == "" && v.fn == nil)):
			args := r.bracketed(t)
			r.at(t)
			v = r.callOf(v, args)
		case t.text == "[" && (!t.spaced || r.d.layout) && r.i > 0 && r.toks[r.i-1].kind != anEnd:
			v = r.indexed(v, t)
		case t.text == "{" && (r.d.name == "perl" && !t.spaced || r.d.name == "php" && r.toks[r.i-1].text == "->"):
			v = r.indexed(v, t)
		case (t.text == "{") && r.d.name == "ruby" && r.peek(1).text == "|":
			v = r.rubyBlock(v, t)
		default:
			return v
		}
	}
	if r.d.name == "ruby" && r.is("do") {
		r.bindBlock(v)
	}
	return v
}

// joinedPath is the place of a part of a variable: the variable and the key, as [source.assign] takes them.
func joinedPath(base, key string) string {
	base, _, _ = strings.Cut(base, "\x06")
	return base + "\x06" + key
}

// indexed reads [index] or {key} behind a value.
func (r *source) indexed(v value, t token) value {
	close := min(t.pair, len(r.toks))
	inside := r.toks[min(r.i+1, close):close]
	r.look(len(inside))
	from := v.from
	if t.text == "{" && len(inside) == 1 && inside[0].kind == aWord && !strings.HasPrefix(inside[0].text, "$") {
		r.i = close + 1
		out := r.index(v, textOf(inside[0].text))
		out.from = joinedPath(from, inside[0].text)
		return out
	}
	if i := slices.IndexFunc(inside, func(t token) bool { return t.kind == aSign && (t.text == ":" || t.text == "::") }); i >= 0 && r.d.layout {
		out := r.slice(v, inside)
		r.i = close + 1
		return out
	}
	r.i++
	key := r.expression(close)
	if r.d.ticks && r.is("..") || r.is("-") {
		v.text = reversed(v.text)
		r.i = close + 1
		return v
	}
	r.i = close + 1
	out := r.index(v, key)
	if k := r.as(key); from != "" && plain(k) {
		out.from = joinedPath(from, k)
	}
	return out
}

// slice gives a part of a value in the way of Python: [a:b:c], [::-1].
func (r *source) slice(v value, inside []token) value {
	var parts [3]string
	n := 0
	for _, t := range inside {
		switch {
		case t.kind == aSign && t.text == ":":
			n = min(n+1, 2)
		case t.kind == aSign && t.text == "::":
			n = 2
		default:
			parts[n] += decimal(t.text)
		}
	}
	list, isList := v.list, v.isList
	r.look(2*len(v.text)*costOfSplit + len(v.list))
	if !isList {
		if !plain(v.text) || v.text == "" {
			return v
		}
		for _, c := range v.text {
			list = append(list, string(c))
		}
	}
	bound := func(s string, empty int) int {
		k, err := strconv.Atoi(s)
		if err != nil {
			return empty
		}
		if k < 0 {
			k += len(list)
		}
		return max(0, min(k, len(list)))
	}
	from, to := bound(parts[0], 0), bound(parts[1], len(list))
	step, err := strconv.Atoi(parts[2])
	if err != nil || step == 0 {
		step = 1
	}
	var out []string
	list = list[min(from, to):max(from, to)]
	if step < 0 {
		list = slices.Clone(list)
		slices.Reverse(list)
		step = -step
	}
	for i := 0; i < len(list); i += min(step, len(list)) {
		out = append(out, list[i])
	}
	if isList {
		return value{isList: true, list: out, text: r.limit(strings.Join(out, " ")), undone: v.undone}
	}
	undone := v.undone
	if strings.HasPrefix(parts[2], "-") {
		undone = chained(undone, "reverse")
	}
	return value{text: r.limit(strings.Join(out, "")), undone: undone}
}
