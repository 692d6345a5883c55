package script

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// program does what a program does, as far as it matters here.
func (st *state) program(full string, c *call) {
	if text, ok := st.files[st.path(full)]; ok && strings.Contains(full, "/") {
		params := st.params
		st.params = c.args
		st.runFile(text, c)
		st.params = params
		return
	}
	st.runs(c.name)
	lower := c.name
	if strings.ContainsAny(lower, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		lower = strings.ToLower(lower)
	}
	for _, find := range []func(string) func(*state, *call){builtin, wrapper, filter, client, publisher} {
		if do := find(lower); do != nil {
			do(st, c)
			return
		}
	}
	st.registration(full, c)
	st.other(c)
}

// registration sees a self-hosted runner being configured or asked for
// (https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/add-runners).
func (st *state) registration(full string, c *call) {
	switch {
	case (c.name == "config.sh" || c.name == "config.cmd") && c.has("--url", "--token", "--jitconfig", "--unattended"),
		(c.name == "run.sh" || c.name == "run.cmd") && (c.has("--jitconfig") || strings.Contains(full, "runner")),
		c.name == "Runner.Listener":
		st.out.Registers = true
	}
}

// asksRunner reports that a URL or a path of GitHub's API asks for a token to register a runner.
func asksRunner(text string) bool {
	return strings.Contains(text, "actions/runners/registration-token") || strings.Contains(text, "actions/runners/generate-jitconfig")
}

// other is a program of which nothing is known. A program of the network among its arguments is run by it, and so is a text that names one.
func (st *state) other(c *call) {
	for i, a := range c.args {
		if client(a) != nil && i+1 < len(c.args) && !onlyNames(c.name) {
			st.run(&call{args: c.args[i:], lines: c.lines[i:], in: c.in, read: c.read})
			return
		}
		if strings.ContainsAny(a, " \t\n") && inner.MatchString(a) && !onlyNames(c.name) {
			st.runText(a, c.name, c)
		}
	}
	if st.sink != nil {
		c.print(st.opaque(st.commandText(c), c.in))
	}
}

// inner finds a program of the network in a text that another program is given.
var inner = regexp.MustCompile(`(?:^|[\s;|&(])(?:curl|wget|ncat|netcat|nc|dig|nslookup|socat)\s+\S|/dev/tcp/|\bbase64\s+(?:-d|--decode|-D)`)

// onlyNames reports a program that only names others.
func onlyNames(name string) bool {
	return slices.Contains([]string{"apt", "apt-get", "yum", "dnf", "apk", "brew", "choco", "pip", "pip3", "npm", "snap", "pacman", "zypper", "microdnf", "winget", "scoop",
		"gem", "cargo", "conda", "mamba", "man", "killall", "setcap", "dpkg", "rpm", "asdf"}, name)
}

// wrapper gives what a program does that runs another one.
func wrapper(name string) func(*state, *call) {
	switch name {
	case "sudo", "doas", "env", "nohup", "time", "timeout", "gtimeout", "nice", "ionice", "stdbuf", "setsid", "unbuffer", "chronic", "strace", "ltrace", "busybox", "toybox", "retry",
		"proxychains", "proxychains4", "torsocks", "torify", "unshare", "chroot", "firejail", "catchsegv", "xvfb-run", "watch", "flock", "parallel", "start-stop-daemon":
		return (*state).wrapped
	case "xargs":
		return (*state).xargs
	case "find":
		return (*state).find
	case "bash", "sh", "dash", "zsh", "ksh", "ash", "mksh", "rbash":
		return (*state).shell
	case "su", "runuser", "script":
		return (*state).shell
	case "awk", "gawk", "mawk", "sed":
		return nil
	}
	if languageOf(name) != "" && name != "cmd" {
		return (*state).interpreter
	}
	return nil
}

// valued are the options of wrapping programs that take the next argument.
var valued = regexp.MustCompile(`^(?:-[ugpCTRDnksoeUciw]|--(?:user|group|signal|kill-after|adjustment|chdir|unset|split-string|attempts|delay|output|trace))$`)

// wrapped runs the command in the arguments of a program.
func (st *state) wrapped(c *call) {
	args := c.args
	assigned := map[string]string{}
	ignore := c.name == "env" && (slices.Contains(args, "-i") || slices.Contains(args, "-"))
	numbered := map[string]bool{"timeout": true, "gtimeout": true, "flock": true, "chroot": true}[c.name]
	for len(args) > 0 {
		a := args[0]
		name, value, assigns := strings.Cut(a, "=")
		switch {
		case c.name == "env" && (a == "-S" || a == "--split-string") && len(args) > 1:
			st.runText(strings.Join(args[1:], " "), "env", c)
			return
		case valued.MatchString(a) && len(args) > 1 && (c.name != "env" || a == "-u" || a == "-C") && (c.name != "exec" || a != "-c") && c.name != "command" && c.name != "xvfb-run":
			args = args[1:]
		case strings.HasPrefix(a, "-") && len(a) > 1:
			if c.name == "command" && (a == "-v" || a == "-V") {
				return
			}
		case assigns && (c.name == "env" || c.name == "sudo") && plain(name) && !strings.ContainsAny(name, "/ "):
			assigned[name] = value
		case numbered:
			numbered = false
		default:
			goto found
		}
		args = args[1:]
	}
found:
	if len(args) == 0 {
		if c.name == "env" {
			text := ""
			for _, v := range slices.Sorted(maps.Values(assigned)) {
				text += v + "\n"
			}
			if !ignore {
				text += st.environment()
			}
			c.print(text)
		}
		return
	}
	st.push(false)
	for name, value := range assigned {
		st.frame.put(name, variable{texts: []string{value}, exported: true})
	}
	inside := &call{args: args, lines: c.lines[len(c.lines)-len(args):], in: c.in, read: c.read}
	if c.name == "command" || c.name == "builtin" {
		if f, ok := st.funcs[args[0]]; ok {
			delete(st.funcs, args[0])
			st.run(inside)
			st.funcs[args[0]] = f
		} else {
			st.run(inside)
		}
	} else {
		st.run(inside)
	}
	c.out += inside.out
	st.pop()
}

// xargs runs a command with what it reads behind its arguments, or in the place of {}.
func (st *state) xargs(c *call) {
	args, place := c.args, ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		switch {
		case a == "-I" || a == "-i" || a == "--replace":
			if place = "{}"; a == "-I" && len(args) > 1 {
				place, args = args[1], args[1:]
			}
		case strings.HasPrefix(a, "-I"):
			place = a[2:]
		case len(a) == 2 && strings.Contains("nPLdsEa", a[1:]) && len(args) > 1, a == "--max-args" || a == "--max-procs" || a == "--delimiter":
			args = args[min(1, len(args)-1):]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"echo"}
	}
	items := strings.Fields(c.in)
	if len(items) > maxTurns {
		items = items[:maxTurns]
	}
	if place == "" {
		st.nested(c, slices.Concat(args, items))
		return
	}
	var printed strings.Builder
	for line := range strings.Lines(c.in) {
		line = strings.TrimRight(line, "\n")
		made := make([]string, len(args))
		for i, a := range args {
			made[i] = st.limited(strings.ReplaceAll(a, place, line))
		}
		c.out = ""
		st.nested(c, made)
		if printed.WriteString(c.out); st.steps >= maxSteps || !st.spend(len(line)+len(c.out)) || printed.Len() > maxText {
			break
		}
	}
	c.out = st.limited(printed.String())
}

// nested runs a command for another one and takes its output.
func (st *state) nested(c *call, args []string) {
	inside := &call{args: args, lines: slices.Repeat([]int{st.line}, len(args))}
	st.run(inside)
	c.out = st.limited(c.out + inside.out)
}

// find runs the commands behind -exec; the files that it prints are those under its paths.
func (st *state) find(c *call) {
	ran := false
	for i, a := range c.args {
		if a != "-exec" && a != "-execdir" && a != "-ok" {
			continue
		}
		end := slices.IndexFunc(c.args[i:], func(a string) bool { return a == ";" || a == "+" })
		if end < 0 {
			end = len(c.args) - i
		}
		if end > 1 {
			ran = true
			command := slices.Clone(c.args[i+1 : i+end])
			for j := range command {
				command[j] = strings.ReplaceAll(command[j], "{}", c.args[0])
			}
			st.nested(c, command)
		}
	}
	if ran || len(c.args) == 0 {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(st.files)) {
		if strings.HasPrefix(path, strings.TrimSuffix(st.path(c.args[0]), "/")+"/") || c.args[0] == "." {
			c.print(path + "\n")
		}
	}
	if c.out == "" {
		c.print(c.args[0])
	}
}

// shell runs a shell with a text, a file or what it reads.
func (st *state) shell(c *call) {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if (strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.Contains(a, "c") || a == "--command") && i+1 < len(c.args) {
			params := st.params
			st.params = c.args[min(i+3, len(c.args)):]
			st.runText(c.args[i+1], c.name, c)
			st.params = params
			return
		}
		if a == "-o" || a == "+o" || a == "-O" || a == "--rcfile" || a == "--init-file" {
			i++
			continue
		}
		if c.name == "su" || c.name == "runuser" || c.name == "script" || strings.HasPrefix(a, "-") && a != "-" && a != "-s" {
			continue
		}
		params := st.params
		st.params = c.args[i+1:]
		if a == "-" || a == "-s" || a == "/dev/stdin" {
			st.runText(c.in, c.name, c)
		} else {
			st.runFile(st.read(a), c)
		}
		st.params = params
		return
	}
	if c.read {
		st.runText(c.in, c.name, c)
	}
}

// interpreter runs a program of another language.
func (st *state) interpreter(c *call) {
	lang := languageOf(c.name)
	code, ok := c.option("-c", "-e", "-E", "-r", "--eval", "-Command", "-command", "-p", "-pe", "-ne", "-le")
	if encoded, found := c.option("-EncodedCommand", "-enc", "-e", "-ec", "-encodedcommand"); found && lang == "pwsh" {
		if text, done := undo("base64", encoded); done {
			text, _ = undo("utf16", text)
			code, ok = clean(text), true
			st.remember(code, "base64", encoded)
		}
	}
	file := ""
	if !ok && len(c.args) > 0 {
		switch a := c.args[0]; {
		case a == "-m" && len(c.args) > 1:
			st.module(c)
			return
		case a == "-":
			code, ok = c.in, true
		default:
			if o := c.operands(); len(o) > 0 {
				file = o[0]
			}
		}
	}
	if !ok && file != "" {
		code = st.read(file)
	} else if !ok {
		code = c.in
	}
	outer := st.stdins
	st.stdins = nil
	if c.read {
		st.stdins = []string{c.in}
	}
	st.runCode(lang, code, c)
	st.stdins = outer
}

// module is python -m NAME: some publish or serve.
func (st *state) module(c *call) {
	switch c.args[1] {
	case "twine", "poetry", "flit", "pip", "awscli":
		st.run(&call{args: c.args[1:], lines: c.lines[1:], in: c.in, read: c.read})
	}
}
