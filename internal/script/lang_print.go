package script

import (
	"slices"
	"strconv"
	"strings"
)

// printers are functions whose arguments go into the log.
var printers = []string{"print", "echo", "puts", "p", "pp", "say", "warn", "print_r", "var_dump", "var_export", "printf", "die", "error_log", "console.log", "console.error", "console.warn", "console.info", "console.debug",
	"console.dir", "console.table", "sys.stdout.write", "sys.stderr.write", "process.stdout.write", "process.stderr.write", "STDOUT.puts", "$stdout.puts", "STDERR.puts", "stdout.puts", "pprint", "pprint.pprint", "core.info",
	"core.debug", "core.notice", "core.warning", "core.error", "core.setFailed", "logging.info", "logging.debug", "logging.warning", "logging.error", "logger.info", "logger.debug", "log.info", "console.writeline",
	"console.write", "core.summary.addRaw", "core.summary.addCodeBlock", "Deno.stdout.write", "syslog"}

// prints tells what a call writes into the log, and what it gives to the runner.
func (r *source) prints(name string, recv value, args arguments) (value, bool) {
	var list []string
	var gathered strings.Builder
	for _, a := range args.list {
		t := r.as(a)
		list = append(list, t)
		r.gathered(&gathered, t, " ")
	}
	all := r.limit(strings.TrimSuffix(gathered.String(), " "))
	switch {
	case name == "core.setOutput" || name == "core.exportVariable" || name == "core.saveState":
		if len(list) > 1 {
			key := map[string]string{"core.setOutput": "$GITHUB_OUTPUT", "core.exportVariable": "$GITHUB_ENV", "core.saveState": "$GITHUB_STATE"}[name]
			r.told(list[1])
			r.st.toRunner(key, list[0]+"="+list[1])
			if name == "core.exportVariable" && plain(list[0]) {
				r.env[list[0]] = list[1]
			}
		}
	case strings.HasSuffix(name, "uploadArtifact"), strings.HasSuffix(name, "saveCache"):
		way, c := Artifact, Carried{}
		if strings.HasSuffix(name, "saveCache") {
			way = Cache
		}
		for _, a := range args.list {
			for _, p := range append([]string{r.as(a)}, a.list...) {
				c = joinCarried(c, joinCarried(r.carried(p), r.carried(r.st.contents(p))))
			}
		}
		if !c.empty() {
			r.st.exit(Exit{Way: way, Program: programOf(name), Target: r.st.show(strings.Join(list[:min(1, len(list))], "")), Carried: c})
		}
	case slices.Contains(printers, name) && len(args.list) > 0:
		if v := args.list[0]; v.target != "" && v.kind != "" && len(list) > 1 { // print $socket $data
			r.tell(v.target, sending{program: programOf(v.kind), body: all, all: all, uploads: true, line: -1})
			return value{}, true
		}
		if v := args.list[0]; v.file != "" && len(list) > 1 {
			r.st.writeAny(v.file, list[1:2], true, false)
			return value{}, true
		}
		if f, ok := args.named["file"]; ok && f.file != "" {
			r.st.writeAny(f.file, []string{all}, true, false)
			return value{}, true
		}
		r.told(all)
		r.st.print(all+"\n", programOf(name))
	default:
		return value{}, false
	}
	return value{}, true
}

// github tells what is written through a client of GitHub's API; false for other calls.
func (r *source) github(lower string, recv value, args arguments) bool {
	if !strings.HasPrefix(lower, "github.") && !strings.Contains(lower, "octokit") && !strings.Contains(lower, ".rest.") &&
		!slices.ContainsFunc([]string{"create_comment", "create_issue", "create_gist", "create_issue_comment", "create_git_release", "add_comment", "create_file", "update_file"}, func(s string) bool { return strings.HasSuffix(lower, s) }) {
		return false
	}
	last := lower[strings.LastIndexByte(lower, '.')+1:]
	if last == "getoctokit" {
		return false
	}
	var all string
	target := ""
	for _, a := range args.list {
		t := r.as(a)
		all = r.limit(all + t + " ")
		if f, ok := a.field("issue_number", "repo", "tag_name"); ok && target == "" {
			target = r.st.show(r.as(f))
		}
	}
	for _, k := range sortedKeys(args.named) {
		all = r.limit(all + r.as(args.named[k]) + " ")
	}
	c := r.carried(all)
	if c.empty() || strings.HasPrefix(last, "get") || strings.HasPrefix(last, "list") {
		return strings.HasPrefix(lower, "github.rest.") || strings.Contains(lower, "octokit.rest.")
	}
	way := Comment
	switch {
	case strings.Contains(last, "contents") || strings.Contains(last, "_file") || last == "createblob" || last == "createcommit" || last == "createtree":
		way = Repository
	case strings.Contains(last, "secret"), last == "setup", last == "log":
		return true
	}
	r.told(all)
	r.st.exit(Exit{Way: way, Program: programOf(strings.TrimPrefix(lower, ".")), Target: target, Carried: c})
	return true
}

// percent is a format with its values: "%s/%s" % (a, b), sprintf.
func (r *source) percent(format, values value) value {
	list := []string{}
	switch {
	case values.isList:
		list = values.list
	default:
		list = append(list, r.as(values))
	}
	f := r.as(format)
	r.look(len(f) * 2)
	var b strings.Builder
	n := 0
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 >= len(f) {
			b.WriteByte(f[i])
			continue
		}
		end := i + 1
		if f[end] == '(' { // %(name)s
			if close := strings.IndexByte(f[end:min(len(f), end+maxName)], ')'); close > 0 {
				if v, ok := values.fields[f[end+1:end+close]]; ok {
					b.WriteString(r.as(v))
					i = end + close + 1
					continue
				}
			}
		}
		for end < len(f) && strings.IndexByte("0123456789.-+ $", f[end]) >= 0 {
			end++
		}
		switch {
		case end < len(f) && f[end] == '%':
			b.WriteByte('%')
		case end < len(f) && strings.IndexByte("sdrixXufcv", f[end]) >= 0 && n < len(list):
			if k, err := strconv.Atoi(list[n]); f[end] == 'c' && err == nil && k > 5 && k < 0x7f {
				b.WriteByte(byte(k))
			} else {
				b.WriteString(list[n])
			}
			n++
		default:
			b.WriteString(f[i:min(end+1, len(f))])
		}
		i = end
		if b.Len() > maxText {
			break
		}
	}
	if n < len(list) { // values that the format did not name still count
		if rest := strings.Join(list[n:], " "); !r.carried(rest).empty() {
			b.WriteString(rest)
		}
	}
	return value{text: r.limit(b.String()), undone: slices.Concat(format.undone, values.undone)}
}

// braces is a text with its values: "{}/{name}".format(a, name=b), '{0}' -f a.
func (r *source) braces(format value, args arguments) value {
	f := r.as(format)
	r.look(len(f) * 2)
	var b strings.Builder
	next := 0
	for f != "" && b.Len() <= maxText {
		i := strings.IndexAny(f, "{}")
		if i < 0 {
			break
		}
		b.WriteString(f[:i])
		if i+1 < len(f) && f[i+1] == f[i] {
			b.WriteByte(f[i])
			f = f[i+2:]
			continue
		}
		end := strings.IndexByte(f[i:min(len(f), i+maxName)], '}')
		if f[i] == '}' || end < 0 || end > maxName {
			b.WriteByte(f[i])
			f = f[i+1:]
			continue
		}
		key, _, _ := strings.Cut(f[i+1:i+end], ":")
		key, _, _ = strings.Cut(key, "!")
		n, err := strconv.Atoi(key)
		if key == "" {
			n, err = next, nil
			next++
		}
		if v, ok := args.named[key]; ok {
			b.WriteString(r.as(v))
		} else if err == nil && n >= 0 && n < len(args.list) {
			b.WriteString(r.as(args.list[n]))
		}
		f = f[i+end+1:]
	}
	b.WriteString(f)
	var undone []string
	for _, a := range args.list {
		undone = append(undone, a.undone...)
	}
	return value{text: r.limit(b.String()), undone: undone}
}

// times is a text or a list so many times.
func (r *source) times(a, b value) value {
	t := r.as(a)
	n, err := strconv.Atoi(r.as(b))
	if err != nil {
		if n, err = strconv.Atoi(t); err != nil {
			return r.mixed("*", a, b)
		}
		t = r.as(b)
	}
	if n < 0 || n > maxText || n*len(t) > maxText || !r.st.spend(max(0, n*len(t))) {
		return textOf(r.opaque("...", t))
	}
	return textOf(strings.Repeat(t, n))
}

// fill puts values into a string: {x} of Python, ${x} of JavaScript, #{x} of Ruby, $x of Perl, PHP and PowerShell.
func (r *source) fill(s string) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() <= maxText; {
		expr, n := r.hole(s[i:])
		r.look(n)
		switch {
		case n > 0:
			b.WriteString(r.inside(expr))
			i += n
		case s[i] == '\\' && !r.d.ticks && i+1 < len(s), s[i] == '`' && r.d.ticks && i+1 < len(s):
			n := 2
			if _, long := escapeAt(s[i:]); long > 0 && !r.d.ticks {
				n = long
			}
			b.WriteString(clean(r.d.unescaped(s[i : i+n])))
			i += n
		case r.d.prefixes && strings.IndexByte("{}", s[i]) >= 0 && i+1 < len(s) && s[i+1] == s[i]:
			b.WriteByte(s[i])
			i += 2
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return r.limit(b.String())
}

// hole finds an expression at the beginning of a part of a string: its text and its length, 0 for none.
func (r *source) hole(s string) (expr string, n int) {
	switch {
	case r.d.prefixes && s[0] == '{' && !strings.HasPrefix(s, "{{"):
		n = r.nested(s)
		if n > 0 {
			expr, _, _ = strings.Cut(s[1:n-1], "!")
		}
	case r.d.name == "ruby" && strings.HasPrefix(s, "#{"), (r.d.name == "node" || r.d.name == "perl") && strings.HasPrefix(s, "${"):
		if n = r.nested(s[1:]); n > 0 {
			expr, n = s[2:n], n+1
			if r.d.name == "perl" {
				expr = "$" + expr
			}
		}
	case r.d.ticks && strings.HasPrefix(s, "$("):
		if n = r.closed(s[1:]); n > 0 {
			expr, n = s[2:n], n+1
		}
	case r.d.name == "php" && strings.HasPrefix(s, "{$"):
		if n = r.nested(s); n > 0 {
			expr = s[1 : n-1]
		}
	case r.d.sigils && (s[0] == '$' || s[0] == '@' && r.d.name == "perl"):
		n = variableLength(s, r.d)
		expr = s[:n]
	}
	return expr, n
}

// variableLength is the length of a variable in a string, with its keys.
func variableLength(s string, d *dialect) int {
	n := 1
	if n < len(s) && s[n] == '{' {
		if end := strings.IndexByte(s[:min(len(s), maxName)], '}'); end > 0 {
			return end + 1
		}
	}
	for n < len(s) && (wordByte(s[n]) || d.ticks && s[n] == ':' && n+1 < len(s) && wordByte(s[n+1])) {
		n++
	}
	if n == 1 {
		return 0
	}
	for n < len(s) && !d.ticks && (s[n] == '{' || s[n] == '[') {
		end := strings.IndexAny(s[n:min(len(s), n+maxName)], "]}")
		if end < 0 {
			break
		}
		n += end + 1
	}
	return n
}

// closed gives the length of (...) with which a text begins, 0 where it is not closed.
func closed(s string) int {
	open := 0
	for i := 0; i < len(s) && i < maxInside; i++ {
		switch s[i] {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// inside reads an expression that stands in a string.
func (r *source) inside(expr string) string {
	if r.deep >= maxDeep || !r.spend() {
		return r.st.unknown("${" + expr + "}")
	}
	toks, ok := scan(r.d, expr)
	if !ok || len(toks) == 0 {
		return r.st.unknown("${" + expr + "}")
	}
	outer, at := r.toks, r.i
	r.toks, r.i = toks, 0
	r.deep++
	v := r.expression(len(toks))
	r.deep--
	r.toks, r.i = outer, at
	return r.as(v)
}
