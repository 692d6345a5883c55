package script

import (
	"strings"
)

// maxLines bounds the commands of one batch text.
const maxLines = 20_000

// batch reads a text of Windows' command interpreter: variables are put in, and each command is run as a shell would run it.
func (st *state) batch(text string, line int) {
	vars := map[string]string{}
	for name, v := range st.exported() {
		vars[strings.ToUpper(name)] = v
	}
	text = strings.NewReplacer("^\r\n", " ", "^\n", " \n", "\r\n", "\n").Replace(text)
	at := line - 1
	for l := range strings.Lines(text) {
		at++
		if at-line >= maxLines || !st.spend(len(l)) {
			st.problem("the batch text is longer than is followed")
			return
		}
		st.line = at
		l = strings.TrimLeft(strings.TrimSpace(l), "@( ")
		lower := strings.ToLower(l)
		if l == "" || strings.HasPrefix(l, "::") || strings.HasPrefix(l, ":") || strings.HasPrefix(lower, "rem ") {
			continue
		}
		for _, c := range batchCommands(st.batchFilled(l, vars)) {
			st.batchPipe(c, vars)
		}
	}
}

// batchFilled puts in %NAME%, !NAME! and parts of them: %NAME:a=b%, %NAME:~0,4%.
func (st *state) batchFilled(l string, vars map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(l); {
		c := l[i]
		end := -1
		if c == '%' || c == '!' {
			end = strings.IndexByte(l[i+1:min(len(l), i+1+maxInside)], c)
		}
		if end <= 0 || b.Len() > maxText {
			b.WriteByte(c)
			i++
			continue
		}
		name, change, changed := strings.Cut(l[i+1:i+1+end], ":")
		value, ok := vars[strings.ToUpper(name)]
		if !ok || strings.ContainsAny(name, " \"&|") {
			b.WriteByte(c)
			i++
			continue
		}
		if from, to, ok := strings.Cut(change, "="); changed && ok && from != "" {
			if !st.spend(len(value) + strings.Count(value, from)*len(to)) {
				break
			}
			value = st.limited(strings.ReplaceAll(value, from, to))
		}
		b.WriteString(value)
		i += end + 2
	}
	st.spend(b.Len())
	return st.limited(b.String())
}

// batchCommands cuts a line at &, && and || outside quotes. A caret takes the meaning of the next character away.
func batchCommands(l string) []string {
	var out []string
	var b strings.Builder
	quoted := false
	for i := 0; i < len(l); i++ {
		switch c := l[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case c == '^' && !quoted && i+1 < len(l):
			i++
			b.WriteByte(l[i])
		case c == '&' && !quoted, c == '|' && !quoted && i+1 < len(l) && l[i+1] == '|':
			if i+1 < len(l) && l[i+1] == c {
				i++
			}
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(out, b.String())
}

// batchPipe runs the commands of one pipeline.
func (st *state) batchPipe(l string, vars map[string]string) {
	stages := outsideQuotes(l, '|')
	outer := st.stdins
	for i, stage := range stages {
		if i == len(stages)-1 {
			st.batchCommand(stage, vars)
			break
		}
		st.stdins = st.captured(func() { st.batchCommand(stage, vars) })
	}
	st.stdins = outer
}

// outsideQuotes cuts a text at a character outside double quotes.
func outsideQuotes(l string, at byte) []string {
	var out []string
	quoted, from := false, 0
	for i := range len(l) {
		if l[i] == '"' {
			quoted = !quoted
		} else if l[i] == at && !quoted {
			out, from = append(out, l[from:i]), i+1
		}
	}
	return append(out, l[from:])
}

func (st *state) batchCommand(l string, vars map[string]string) {
	l = strings.TrimSpace(strings.TrimLeft(l, "@( "))
	command, more := l, false
	var file string
	if parts := outsideQuotes(l, '>'); len(parts) > 1 {
		command = strings.TrimRight(parts[0], " 12")
		file = strings.Trim(strings.TrimSpace(parts[len(parts)-1]), `"`)
		more = len(parts) > 2 && strings.TrimSpace(parts[1]) == ""
	}
	if file == "" {
		st.batchRun(command, vars)
		return
	}
	texts := st.captured(func() { st.batchRun(command, vars) })
	if name, ok := strings.CutPrefix(file, "%"); ok {
		file = "$" + strings.TrimSuffix(name, "%")
	}
	st.writeAny(file, texts, more, false)
}

// batchRun runs one command.
func (st *state) batchRun(l string, vars map[string]string) {
	words := batchWords(l)
	if len(words) == 0 {
		return
	}
	name := strings.ToLower(strings.TrimSuffix(strings.ToLower(words[0][strings.LastIndexAny(words[0], `\/`)+1:]), ".exe"))
	switch name {
	case "set":
		assigned := strings.Trim(strings.TrimSpace(l[min(len(l), 3):]), `"`)
		assigned = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(assigned, "/a"), "/A"))
		if k, v, ok := strings.Cut(assigned, "="); ok {
			if len(vars) < maxFiles {
				vars[strings.ToUpper(strings.TrimSpace(k))] = v
			}
		} else {
			st.print(st.environment(), "set")
		}
	case "echo", "echo.":
		st.print(strings.TrimSpace(l[min(len(l), 4):])+"\n", "echo")
	case "type", "more":
		for _, w := range words[1:] {
			st.print(st.read(strings.ReplaceAll(w, `\`, "/")), name)
		}
	case "certutil", "bitsadmin":
		st.batchFetch(name, words)
	case "call", "start", "cmd":
		rest := words[1:]
		for len(rest) > 0 && (strings.HasPrefix(rest[0], "/") || rest[0] == "") {
			rest = rest[1:]
		}
		if len(rest) > 0 && st.enter() {
			st.batchCommand(strings.Join(rest, " "), vars)
			st.leave()
		}
	case "if", "for", "else", "do":
		for i, w := range words[1:] {
			if client(strings.ToLower(strings.TrimLeft(w, "("))) != nil && st.enter() {
				st.batchCommand(strings.Join(words[i+1:], " "), vars)
				st.leave()
				return
			}
		}
	default:
		lines := make([]int, len(words))
		for i := range lines {
			lines[i] = st.line
		}
		words[0] = name
		st.dispatch([]call{{args: words, lines: lines}})
	}
}

// batchFetch is a program of Windows that fetches or decodes files.
func (st *state) batchFetch(name string, words []string) {
	st.runs(name)
	all := strings.Join(words, " ")
	for i, w := range words {
		if strings.Contains(w, "://") {
			st.destination(w, sending{program: name, body: "", all: all, line: -1})
		} else if strings.EqualFold(w, "-decode") && i+2 < len(words) {
			if out, ok := undo("base64", st.read(words[i+1])); ok && plain(out) && printable(out) {
				st.remember(clean(out), "base64", st.read(words[i+1]))
				st.writeAny(words[i+2], []string{clean(out)}, false, false)
			}
		}
	}
}

// batchWords cuts a command into words: double quotes hold together what they surround.
func batchWords(l string) []string {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	for i := 0; i < len(l); i++ {
		switch c := l[i]; {
		case c == '\\' && quoted && i+1 < len(l) && l[i+1] == '"':
			i++
			b.WriteByte('"')
		case c == '"':
			quoted, any = !quoted, true
		case (c == ' ' || c == '\t' || c == ',' && !quoted && b.Len() == 0) && !quoted:
			if any || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteByte(c)
		}
	}
	if any || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}
