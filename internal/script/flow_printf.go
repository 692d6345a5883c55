package script

import (
	"strconv"
	"strings"
)

func (st *state) printf(c *call) {
	args, name := c.args, ""
	if len(args) > 1 && args[0] == "-v" {
		name, args = args[1], args[2:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	text := st.formattedBy(args[0], args[1:])
	if name != "" {
		st.set(name, variable{texts: []string{text}})
		return
	}
	if !st.workflowCommand(text) {
		c.print(text)
	}
}

// formattedBy is what printf makes of a format, which it uses again while there are arguments.
func (st *state) formattedBy(format string, args []string) string {
	var b strings.Builder
	for turn := 0; turn == 0 || len(args) > 0 && turn < maxTurns; turn++ {
		before := len(args)
		rest := format
		for {
			text, verb, after := cutVerb(rest)
			b.WriteString(cleanMade(unbackslash(text, false)))
			if verb == "" {
				break
			}
			rest = after
			arg := ""
			if len(args) > 0 {
				arg, args = args[0], args[1:]
			}
			b.WriteString(st.verb(verb, arg))
		}
		if len(args) == before || b.Len() > maxText || !st.spend(len(format)) {
			break
		}
	}
	return st.limited(b.String())
}

// cutVerb cuts a format before and behind its next verb; %% is text.
func cutVerb(format string) (text, verb, rest string) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		end := i + 1
		for end < len(format) && strings.IndexByte("-+ #0123456789.'*", format[end]) >= 0 {
			end++
		}
		if end == len(format) || format[end] == '%' {
			b.WriteByte('%')
			i = end
			continue
		}
		return b.String(), format[i : end+1], format[end+1:]
	}
	return b.String(), "", ""
}

func (st *state) verb(verb, arg string) string {
	switch verb[len(verb)-1] {
	case 's':
		if _, precision, ok := strings.Cut(verb[:len(verb)-1], "."); ok && plain(arg) {
			if n, err := strconv.Atoi(precision); err == nil {
				return arg[:min(n, len(arg))]
			}
		} else if ok {
			return st.opaque("$(printf)", arg, "cut")
		}
		return arg
	case 'b':
		return cleanMade(unbackslash(arg, false))
	case 'd', 'i', 'u', 'x', 'X', 'o', 'c':
		return st.numberVerb(verb, arg)
	}
	return st.recoded(arg, "quote")
}

func (st *state) numberVerb(verb, arg string) string {
	kind := verb[len(verb)-1]
	if rest, ok := strings.CutPrefix(arg, "'"); ok || strings.HasPrefix(arg, `"`) {
		if !plain(rest) {
			return st.opaque("$(printf)", arg, "ordinal")
		}
		for _, r := range strings.TrimPrefix(rest, `"`) {
			arg = strconv.Itoa(int(r))
			break
		}
	}
	n, err := strconv.ParseInt(arg, 0, 64)
	if err != nil {
		if kind == 'c' && plain(arg) {
			return arg[:min(1, len(arg))]
		}
		return st.recoded(arg, "number")
	}
	out := strconv.FormatInt(n, map[byte]int{'x': 16, 'X': 16, 'o': 8}[kind]|map[byte]int{'d': 10, 'i': 10, 'u': 10, 'c': 10}[kind])
	width, err := strconv.Atoi(strings.TrimLeft(verb[1:len(verb)-1], "0-+ #"))
	if err == nil && width < maxName && strings.HasPrefix(verb, "%0") {
		out = strings.Repeat("0", max(0, width-len(out))) + out
	}
	return out
}
