package script

import (
	"slices"
	"strings"
)

// operator reads one operator and what is behind it; false where the expression ends.
func (r *source) operator(v value, end int) (value, bool) {
	t := r.peek(0)
	if t.kind == anEnd {
		return r.nextLine(v, end)
	}
	if t.kind == aWord {
		return r.wordOperator(v, t, end)
	}
	if t.kind == aString && v.name == "" && r.d.layout && r.i > 0 && r.toks[r.i-1].kind == aString { // strings side by side
		return r.join(v, r.operand(end)), true
	}
	if t.kind != aSign {
		if r.commands() && v.name != "" && v.text == "" && t.kind != anEnd {
			return r.bareCall(v, end), true
		}
		return v, false
	}
	if r.d.ticks && t.text == "," && r.commas {
		r.i++
		next := r.listOf([]value{r.operand(end)})
		if !v.isList {
			v = r.listOf([]value{v})
		}
		return r.join(v, next), true
	}
	if r.d.ticks && t.text == "-" && r.peek(1).kind == aWord && !r.peek(1).spaced {
		return r.dashed(v, end), true
	}
	if out, ok := r.signed(v, t.text, end); ok {
		return out, true
	}
	if r.commands() && v.name != "" && v.text == "" && v.from == "" && strings.Contains("[{:", t.text) && t.spaced && t.text != "{" {
		return r.bareCall(v, end), true
	}
	return v, false
}

// signed goes on with an operator that is a sign.
func (r *source) signed(v value, sign string, end int) (value, bool) {
	switch sign {
	case r.d.concat, "+", "..", "~":
		r.i++
		return r.join(v, r.operand(end)), true
	case "%":
		r.i++
		w := r.operand(end)
		return r.percent(v, w), true
	case "*":
		r.i++
		return r.times(v, r.operand(end)), true
	case "||", "??", "//", "?:":
		r.i++
		return r.either(v, r.operand(end)), true
	case "?":
		r.i++
		a := r.expression(end)
		if r.is(":") {
			r.i++
			return r.either(a, r.expression(end)), true
		}
		return a, true
	case "|":
		if r.d.ticks {
			r.i++
			return r.piped(v, end), true
		}
		r.i++
		return r.mixed("|", v, r.operand(end)), true
	case "==", "!=", "===", "!==", "<", ">", "<=", ">=", "=~":
		r.i++
		r.operand(end)
		return value{name: "..."}, true
	case "&&":
		r.i++
		return r.either(r.operand(end), v), true
	case "-", "/", "^", "&", "**", ">>":
		r.i++
		return r.mixed("...", v, r.operand(end)), true
	case "<<":
		r.i++
		w := r.operand(end)
		if v.from != "" {
			r.put(v.from, r.join(v, w))
		}
		return r.join(v, w), true
	}
	return v, false
}

// nextLine goes on with an expression that goes on, on the next line, with a point or an operator.
func (r *source) nextLine(v value, end int) (value, bool) {
	if r.d.layout || r.peek(0).text == ";" {
		return v, false
	}
	n := 0
	for r.i+n < end && r.peek(n).kind == anEnd && r.peek(n).text == "\n" && n < maxAhead {
		n++
	}
	if t := r.peek(n); t.kind == aSign && r.i+n < end && slices.Contains([]string{".", "->", "?.", "&.", "+", "||", "??", "?", "|"}, t.text) {
		r.i += n
		return r.postfix(v, end), true
	}
	return v, false
}

// wordOperator reads an operator that is a word.
func (r *source) wordOperator(v value, t token, end int) (value, bool) {
	switch strings.ToLower(t.text) {
	case "or":
		r.i++
		return r.either(v, r.operand(end)), true
	case "and":
		r.i++
		return r.either(r.operand(end), v), true
	case "in", "is", "not", "eq", "ne", "instanceof", "cmp":
		r.i++
		r.operand(end)
		return value{name: "..."}, true
	case "x":
		if r.d.name == "perl" {
			r.i++
			return r.times(v, r.operand(end)), true
		}
	case "if", "unless":
		if r.d.layout { // a if c else b
			r.i++
			r.expression(end)
			if r.is("else") {
				r.i++
				return r.either(v, r.expression(end)), true
			}
			return v, true
		}
		return v, false
	case "as", "for", "else", "do", "end", "then", "while", "until", "foreach", "rescue":
		return v, false
	}
	if r.commands() && v.name != "" && v.text == "" {
		return r.bareCall(v, end), true
	}
	return v, false
}

// commands reports a language in which a function's arguments may stand without brackets.
func (r *source) commands() bool {
	return r.d.name == "ruby" || r.d.name == "perl" || r.d.name == "php"
}

// bareCall reads the arguments of a call without brackets, up to the end of the line.
func (r *source) bareCall(v value, end int) value {
	at := r.peek(0)
	args := r.arguments(end)
	r.at(at)
	return r.callOf(v, args)
}
