package script

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// filter gives what a program does that prints what it reads, changed or not.
func filter(name string) func(*state, *call) {
	switch name {
	case "cat", "tac", "head", "tail", "sort", "uniq", "tee", "nl", "fold", "paste", "pv", "bat", "less", "more", "zcat", "strings", "column", "fmt", "expand", "iconv", "dos2unix",
		"unix2dos", "grep", "egrep", "fgrep", "rg", "zgrep", "jq", "yq", "awk", "gawk", "mawk", "comm", "join", "shuf", "split", "xmllint", "sponge", "ts", "envsubst":
		return (*state).reader
	case "base64", "base32", "basenc", "gbase64", "openssl", "xxd", "od", "hexdump", "hd", "uuencode", "uudecode":
		return (*state).coder
	case "gzip", "gunzip", "zcat.", "bzip2", "bunzip2", "xz", "unxz", "zstd", "lz4", "compress", "pigz", "gpg", "age":
		return (*state).coder
	case "rev":
		return (*state).rev
	case "tr":
		return (*state).tr
	case "cut":
		return (*state).cut
	case "sed":
		return (*state).sed
	case "env.", "printenv":
		return (*state).printenv
	case "seq", "date", "mktemp", "hostname", "basename", "dirname", "realpath", "readlink", "pwd", "ls", "expr", "wc", "sha256sum", "md5sum", "nproc", "tput", "jobs", "ps", "pgrep":
		return (*state).measure
	case "cp", "mv", "install", "dd", "tar", "zip", "7z", "rsync.":
		return (*state).copy
	case "gcore", "gdb", "memdump", "procdump", "lldb":
		return (*state).memory
	}
	return nil
}

// inputOf is what a program reads: files, or its standard input where none is given.
func (st *state) inputOf(c *call, files ...string) string {
	if len(files) == 0 {
		return c.in
	}
	var b strings.Builder
	for _, f := range files {
		if f == "-" || f == "/dev/stdin" || f == "/dev/fd/0" {
			b.WriteString(c.in)
		} else {
			b.WriteString(st.contents(f))
		}
		if b.Len() > maxText {
			break
		}
	}
	st.spend(b.Len())
	return st.limited(b.String())
}

// reader is a program that prints all or some of what it reads: all of it is taken for printed.
func (st *state) reader(c *call) {
	files := c.operands()
	switch c.name {
	case "tee":
		for _, f := range files {
			st.writeAny(f, []string{c.in}, c.has("-a", "--append"), false)
		}
		c.print(c.in)
		return
	case "grep", "egrep", "fgrep", "rg", "zgrep", "jq", "yq", "awk", "gawk", "mawk":
		if _, ok := c.option("-e", "-f", "--regexp", "--file"); !ok && len(files) > 0 {
			if strings.HasSuffix(c.name, "awk") {
				st.awk(files[0], c)
			}
			if c.name == "jq" && (c.has("-n", "--arg", "--argjson") || strings.Contains(files[0], "env")) {
				st.jq(files[0], c)
			}
			files = files[1:]
		}
	case "head", "tail", "fold", "split", "shuf":
		files = slices.DeleteFunc(files, func(f string) bool { _, err := strconv.Atoi(strings.TrimRight(f, "kKmMbB")); return err == nil })
	}
	text := st.inputOf(c, files...)
	switch c.name {
	case "cat", "tac", "sort", "uniq", "pv", "bat", "less", "more", "paste", "nl", "column":
	case "head", "tail":
		if !plain(text) && (c.has("-c") || slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "-c") })) {
			text = st.opaque(st.commandText(c), text, "cut")
		}
	case "fold":
		if !plain(text) {
			text = st.opaque(st.commandText(c), text, "fold")
		}
	case "envsubst":
		text = st.substitutedVariables(text)
	default:
		text = st.opaque(st.commandText(c), text)
	}
	c.print(text)
}

// awk reads what a program of awk's says of the environment and runs.
func (st *state) awk(code string, c *call) {
	if strings.Contains(code, "ENVIRON") {
		c.print(st.environment())
	}
	if strings.Contains(code, "system(") || strings.Contains(code, "getline") || strings.Contains(code, "/inet/") {
		st.language("awk", code, st.line)
	}
}

// jq prints its arguments and the environment where its program asks for them.
func (st *state) jq(code string, c *call) {
	for i, a := range c.args {
		if (a == "--arg" || a == "--argjson") && i+2 < len(c.args) {
			c.print(c.args[i+1] + ":" + c.args[i+2] + "\n")
		}
	}
	if strings.Contains(code, "$ENV") || strings.Contains(" "+code, " env") {
		c.print(st.environment())
	}
}

// substitutedVariables puts in the variables of a text, as envsubst does.
func (st *state) substitutedVariables(text string) string {
	values := st.exported()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if strings.Contains(text, "$"+name) || strings.Contains(text, "${"+name+"}") {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "${"+name+"}", value), "$"+name, value)
			if len(text) > maxText {
				break
			}
		}
	}
	return st.limited(text)
}

func (st *state) rev(c *call) {
	text := st.inputOf(c, c.operands()...)
	if !plain(text) {
		c.print(st.opaque(st.commandText(c), text, "rev"))
		return
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		r := []rune(l)
		slices.Reverse(r)
		lines[i] = string(r)
	}
	out := strings.Join(lines, "\n")
	st.remember(out, "rev", text)
	c.print(out)
}

func (st *state) tr(c *call) {
	o := c.operands()
	deletes := slices.ContainsFunc(c.args, func(a string) bool { return strings.HasPrefix(a, "-") && strings.Contains(a, "d") })
	if len(o) == 0 {
		return
	}
	from := characters(o[0])
	if !plain(c.in) || c.has("-c", "-C", "-cd", "-dc") {
		if onlyBlank(from) {
			c.print(st.blanksChanged(c.in, deletes, o))
			return
		}
		c.print(st.recoded(c.in, "tr"))
		return
	}
	var to []rune
	if len(o) > 1 {
		to = characters(o[1])
	}
	table := map[rune]rune{}
	for i, r := range from {
		switch {
		case deletes:
			table[r] = -1
		case len(to) > 0:
			table[r] = to[min(i, len(to)-1)]
		}
	}
	out := strings.Map(func(r rune) rune {
		if t, ok := table[r]; ok {
			return t
		}
		return r
	}, c.in)
	if !onlyBlank(from) {
		st.remember(out, "tr", c.in)
	}
	c.print(cleanMade(out))
}

// onlyBlank reports that characters are white space and NUL, which are changed around what is carried and not in it.
func onlyBlank(set []rune) bool {
	return !slices.ContainsFunc(set, func(r rune) bool { return r > ' ' })
}

func (st *state) blanksChanged(text string, deletes bool, o []string) string {
	to := ""
	if !deletes && len(o) > 1 {
		to = string(characters(o[1])[:min(1, len(characters(o[1])))])
	}
	var list []string
	for _, r := range characters(o[0]) {
		if r > braceEnd {
			list = append(list, string(r), to)
		}
	}
	return strings.NewReplacer(list...).Replace(text)
}

// characters are those of a set as tr takes it.
func characters(set string) []rune {
	for name, s := range map[string]string{"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:digit:]": "0-9", "[:space:]": " \t\n\r", "[:blank:]": " \t", "[:alpha:]": "A-Za-z", "[:alnum:]": "A-Za-z0-9"} {
		set = strings.ReplaceAll(set, name, s)
	}
	r := []rune(unbackslash(set, false))
	var out []rune
	for i := 0; i < len(r); i++ {
		if i+2 < len(r) && r[i+1] == '-' && r[i+2] >= r[i] && r[i+2]-r[i] < 256 {
			for c := r[i]; c <= r[i+2]; c++ {
				out = append(out, c)
			}
			i += 2
		} else {
			out = append(out, r[i])
		}
	}
	return out
}
