package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cut prints parts of lines: fields by a delimiter, where that can be followed, or characters.
func (st *state) cut(c *call) {
	delimiter, list, characterwise := "\t", "", false
	var files []string
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		value := func() string {
			if len(a) > 2 {
				return a[2:]
			}
			if i+1 < len(c.args) {
				i++
				return c.args[i]
			}
			return ""
		}
		switch {
		case strings.HasPrefix(a, "-d"):
			delimiter = value()
		case strings.HasPrefix(a, "-f"):
			list = value()
		case strings.HasPrefix(a, "-c"), strings.HasPrefix(a, "-b"):
			list, characterwise = value(), true
		case !strings.HasPrefix(a, "-"):
			files = append(files, a)
		}
	}
	text := st.inputOf(c, files...)
	if !plain(text) {
		c.print(st.opaque(st.commandText(c), text, "cut"))
		return
	}
	var b strings.Builder
	st.spend(len(text) * costOfEach)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		var parts []string
		joint := delimiter
		if characterwise {
			joint = ""
			for _, r := range line {
				parts = append(parts, string(r))
			}
		} else if parts = strings.Split(line, delimiter); len(parts) == 1 {
			b.WriteString(line + "\n")
			continue
		}
		b.WriteString(strings.Join(chosen(parts, list), joint) + "\n")
	}
	out := b.String()
	st.remember(out, "cut", text)
	c.print(out)
}

// chosen lists the parts that a list such as "1,3-5" names.
func chosen(parts []string, list string) []string {
	var out []string
	for i, p := range parts {
		for r := range strings.SplitSeq(list, ",") {
			from, to, isRange := strings.Cut(r, "-")
			first, err := strconv.Atoi(from)
			if err != nil {
				first = 1
			}
			last := first
			if isRange {
				if last, err = strconv.Atoi(to); err != nil {
					last = len(parts)
				}
			}
			if i+1 >= first && i+1 <= last {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// substitution is a simple command of sed's: s, a delimiter, and what is replaced by what.
var simplePattern = regexp.MustCompile(`^[A-Za-z0-9 _:;,/@#!%&="'<>~-]*$`)

// sed follows substitutions of plain text and those that put something between or take away blanks; other programs of sed change what is carried.
func (st *state) sed(c *call) {
	var scripts, files []string
	inPlace := false
	for i := 0; i < len(c.args); i++ {
		switch a := c.args[i]; {
		case (a == "-e" || a == "--expression" || a == "-f") && i+1 < len(c.args):
			i++
			if a != "-f" {
				scripts = append(scripts, c.args[i])
			}
		case strings.HasPrefix(a, "-"):
			inPlace = inPlace || strings.HasPrefix(a, "-i") || a == "--in-place"
		case len(scripts) == 0:
			scripts = append(scripts, a)
		default:
			files = append(files, a)
		}
	}
	text := st.inputOf(c, files...)
	for _, s := range scripts {
		text = st.sedScript(text, s, c)
	}
	if inPlace {
		for _, f := range files {
			st.write(st.path(f), text)
		}
		return
	}
	c.print(text)
}

func (st *state) sedScript(text, script string, c *call) string {
	for s := range strings.SplitSeq(script, ";") {
		if s = strings.TrimSpace(s); !st.spend(len(text)) {
			break
		}
		if len(s) < 4 || s[0] != 's' {
			if c.has("-n") || s == "" {
				continue
			}
			text = st.recoded(text, "sed")
			continue
		}
		parts := strings.Split(s[2:], s[1:2])
		if len(parts) != 3 {
			text = st.recoded(text, "sed")
			continue
		}
		from, to, flags := parts[0], parts[1], parts[2]
		before := text
		if plain(text) && strings.Trim(from, ".") == "" && from != "" { // s/./&x/g and the like
			text = st.sedEach(text, to)
		} else {
			text = st.recoded(text, "sed")
			if n := 1; simplePattern.MatchString(from) && from != "" && st.spend(len(text)+strings.Count(text, from)*len(to)) {
				if strings.Contains(flags, "g") {
					n = -1
				}
				text = strings.Replace(text, from, strings.ReplaceAll(to, `\/`, "/"), n)
			}
		}
		if plain(text) && text != before {
			st.remember(text, "sed", before)
		}
	}
	return st.limited(text)
}

func (st *state) sedEach(text, to string) string {
	var b strings.Builder
	st.spend(len(text) * costOfEach)
	for _, r := range text {
		if r == '\n' {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.ReplaceAll(to, "&", string(r)))
		if b.Len() > maxText {
			break
		}
	}
	return b.String()
}

// costOfEach is what a character counts that is looked at by itself, in bytes of text made.
const costOfEach = 8

func (st *state) printenv(c *call) {
	names := c.operands()
	if len(names) == 0 {
		c.print(st.environment())
		return
	}
	for _, name := range names {
		if v := st.lookup(name); v != nil {
			c.print(strings.Join(v.texts, " ") + "\n")
		} else {
			c.print(st.unset(name) + "\n")
		}
	}
}

// measure is a program whose output tells nothing of what it reads but its size, its names or its digest.
func (st *state) measure(c *call) {
	o := c.operands()
	if len(o) > 0 && !strings.HasPrefix(o[0], "+") && len(o) < 3 {
		switch at := strings.LastIndexByte(o[0], '/'); c.name {
		case "basename":
			if plain(o[0]) {
				c.print(o[0][at+1:] + "\n")
				return
			}
		case "dirname":
			if plain(o[0]) && at > 0 {
				c.print(o[0][:at] + "\n")
				return
			}
		case "realpath", "readlink":
			c.print(o[len(o)-1] + "\n")
			return
		}
	}
	if c.name == "seq" && len(o) > 0 && len(o) < 3 {
		first, err := strconv.Atoi(o[0])
		last := first
		if len(o) == 2 {
			var err2 error
			if last, err2 = strconv.Atoi(o[1]); err2 != nil {
				err = err2
			}
		} else {
			first = 1
		}
		if err == nil && last-first <= maxTurns {
			for n := first; n <= last; n++ {
				c.print(strconv.Itoa(n) + "\n")
			}
			return
		}
	}
	c.print(st.unknown(st.commandText(c)))
}

// copy puts files into another file: the last operand, or the archive.
func (st *state) copy(c *call) {
	o := c.operands()
	switch c.name {
	case "dd":
		in, _ := c.option("if")
		out := ""
		for _, a := range o {
			if v, ok := strings.CutPrefix(a, "if="); ok {
				in = v
			} else if v, ok := strings.CutPrefix(a, "of="); ok {
				out = v
			}
		}
		text := c.in
		if in != "" {
			text = st.contents(in)
		}
		if out == "" {
			c.print(text)
		} else {
			st.writeAny(out, []string{text}, false, false)
		}
		return
	case "tar":
		st.tar(c)
		return
	case "zip", "7z":
		if len(o) > 0 && c.name == "7z" {
			o = o[1:]
		}
		slices.Reverse(o)
	}
	if len(o) < 2 {
		return
	}
	to := o[len(o)-1]
	var all strings.Builder
	for _, f := range o[:len(o)-1] {
		text := st.contents(f)
		if c.name == "zip" || c.name == "7z" {
			text = st.opaque("$("+c.name+")", text, "zip")
		}
		all.WriteString(text)
		if strings.HasSuffix(to, "/") {
			st.write(st.path(to+f[strings.LastIndexByte(f, '/')+1:]), text)
		}
	}
	if !strings.HasSuffix(to, "/") {
		if c.name == "zip" && !strings.Contains(to, ".") {
			to += ".zip"
		}
		if to == "-" {
			c.print(st.limited(all.String()))
			return
		}
		st.writeAny(to, []string{st.limited(all.String())}, false, false)
	}
}

// tar archives files, or prints and unpacks archives.
func (st *state) tar(c *call) {
	var files []string
	archive, creates, letters := "", false, ""
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch {
		case i == 0 && !strings.HasPrefix(a, "-"), strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--"):
			letters += a
			if strings.HasSuffix(a, "f") && i+1 < len(c.args) {
				i++
				archive = c.args[i]
			} else if strings.HasSuffix(a, "C") && i+1 < len(c.args) {
				i++
				if c.args[i] != "." {
					files = append(files, c.args[i])
				}
			}
		case a == "--create":
			creates = true
		case strings.HasPrefix(a, "--file="):
			archive = a[len("--file="):]
		case !strings.HasPrefix(a, "--"):
			files = append(files, a)
		}
	}
	if creates = creates || strings.Contains(letters, "c"); !creates {
		c.print(st.opaque(st.commandText(c), st.inputOf(c, slices.DeleteFunc([]string{archive}, func(s string) bool { return s == "" || s == "-" })...)))
		return
	}
	text := st.opaque("$(tar)", st.inputOf(c, append(files, "-")...), "tar")
	if strings.ContainsAny(letters, "zJj") {
		text = st.opaque("$(tar)", text, "gzip")
	}
	if archive == "" || archive == "-" {
		c.print(text)
		return
	}
	st.writeAny(archive, []string{text}, false, false)
}

// memory reads the memory of a process.
func (st *state) memory(c *call) {
	if (c.name == "gdb" || c.name == "lldb") && !c.has("-p", "-pid", "--pid", "-n") && !slices.ContainsFunc(c.args, func(a string) bool { return strings.Contains(a, "attach") }) {
		return
	}
	text := st.gather(st.commandText(c), Memory)
	if out, ok := c.option("-o"); ok {
		st.writeAny(out, []string{text}, false, false)
		st.write(st.path(out+".*"), text)
	} else if c.name == "gcore" {
		st.write("core.*", text)
	}
	c.print(text)
}
