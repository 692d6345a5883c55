package script

import (
	"strconv"
	"strings"
)

// builtin gives what a command of the shell itself does; nil for one that is none or does nothing of interest here.
func builtin(name string) func(*state, *call) {
	switch name {
	case "echo":
		return (*state).echo
	case "printf":
		return (*state).printf
	case "read":
		return (*state).readVariables
	case "mapfile", "readarray":
		return (*state).mapfile
	case "eval":
		return (*state).eval
	case "source", ".":
		return (*state).source
	case "alias":
		return (*state).alias
	case "set":
		return (*state).setOptions
	case "export", "declare", "typeset", "local", "readonly":
		return (*state).declaration
	case "compgen":
		return (*state).compgen
	case "trap":
		return (*state).trap
	case "unset":
		return (*state).unsetVariables
	case "shift":
		return (*state).shift
	case "exec", "command", "builtin":
		return (*state).wrapped
	case ":", "true", "false", "test", "[", "exit", "return", "break", "continue", "cd", "pushd", "popd", "wait", "shopt", "ulimit", "umask", "type", "hash", "getopts",
		"unalias", "let", "sleep", "mkdir", "rm", "chmod", "chown", "touch", "which", "whereis", "rmdir", "ln", "id", "whoami", "uname", "true.", "kill", "pkill":
		return (*state).silent
	}
	return nil
}

// silent is a command that prints nothing that carries something.
func (st *state) silent(c *call) {
	switch c.name {
	case "id", "whoami", "uname", "which", "type", "whereis":
		c.print(st.unknown(st.commandText(c)) + "\n")
	}
}

// commandText is how a command's output is shown.
func (st *state) commandText(c *call) string {
	text := c.name
	for _, a := range c.args {
		if len(text) > maxName {
			text += " ..."
			break
		}
		text += " " + st.show(a)
	}
	return "$(" + text + ")"
}

func (st *state) echo(c *call) {
	args, end, escapes := c.args, "\n", false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0], "neE") == "-" {
		if strings.Contains(args[0], "n") {
			end = ""
		}
		escapes = escapes || strings.Contains(args[0], "e")
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		text = cleanMade(unbackslash(text, false))
	}
	if st.workflowCommand(text) {
		return
	}
	c.print(text + end)
}

// workflowCommand reads a command to the runner in what is printed; true where it is not seen in the log
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
func (st *state) workflowCommand(text string) bool {
	if !strings.HasPrefix(text, "::") || st.sink != nil {
		return false
	}
	if rest, ok := strings.CutPrefix(text, "::set-output name="); ok {
		name, value, _ := strings.Cut(rest, "::")
		st.toRunner("$GITHUB_OUTPUT", name+"="+value)
		return true
	}
	if rest, ok := strings.CutPrefix(text, "::set-env name="); ok {
		name, value, _ := strings.Cut(rest, "::")
		st.toRunner("$GITHUB_ENV", name+"="+value)
		return true
	}
	return strings.HasPrefix(text, "::add-mask::")
}

// readVariables is the builtin read: the words of a line go to the variables. The last takes the rest.
func (st *state) readVariables(c *call) {
	var names []string
	array, delimiter, ifs := false, "\n", " \t\n"
	if v, ok := st.variable("IFS"); ok {
		ifs = v
	}
	for i := 0; i < len(c.args); i++ {
		switch a := c.args[i]; {
		case strings.HasPrefix(a, "-"):
			array = array || strings.Contains(a, "a")
			if len(a) > 1 && strings.IndexByte("dnNptu", a[len(a)-1]) >= 0 && i+1 < len(c.args) {
				i++
				if a[len(a)-1] == 'd' {
					delimiter = c.args[i]
				}
			}
		default:
			names = append(names, a)
		}
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	text := c.in
	if !c.read {
		text = st.unknown("$(read)")
	}
	if st.loops > 0 { // each line in turn: all of them at once carry the same
		delimiter = ""
	}
	if line, _, ok := strings.Cut(text, delimiter); ok && delimiter != "" && line != "" {
		text = line
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(ifs, r) })
	if ifs == "" || len(words) == 0 {
		words = []string{strings.TrimRight(text, "\n")}
	}
	if array {
		st.set(names[0], variable{texts: []string{strings.Join(words, " ")}, list: words})
		return
	}
	if st.loops > 0 && len(names) == 1 {
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		st.set(names[0], variable{texts: alternatives(nil, lines)})
		return
	}
	for i, name := range names {
		value := ""
		if i < len(words) {
			value = words[i]
		}
		if i == len(names)-1 && i < len(words) {
			value = strings.Join(words[i:], string(ifs[:min(1, len(ifs))]))
		}
		if value == "" && !st.carried(text).empty() {
			value = text
		}
		st.set(name, variable{texts: []string{value}})
	}
}

func (st *state) mapfile(c *call) {
	name := "MAPFILE"
	if o := c.operands(); len(o) > 0 {
		name = o[len(o)-1]
	}
	lines := strings.Split(strings.TrimRight(c.in, "\n"), "\n")
	st.set(name, variable{texts: []string{c.in}, list: lines[:min(len(lines), maxFiles)]})
}

func (st *state) eval(c *call) { st.runText(strings.Join(c.args, " "), "eval", c) }

func (st *state) source(c *call) {
	if len(c.args) == 0 {
		return
	}
	params := st.params
	if len(c.args) > 1 {
		st.params = c.args[1:]
	}
	st.runText(st.inputOf(c, c.args[0]), "source", c)
	st.params = params
}

func (st *state) alias(c *call) {
	for _, a := range c.args {
		if name, value, ok := strings.Cut(a, "="); ok && len(st.aliases) < maxFiles {
			if words := strings.Fields(value); len(words) > 0 {
				st.aliases[name] = words
			}
		}
	}
}

func (st *state) setOptions(c *call) {
	if len(c.args) == 0 {
		c.print(st.environment())
		return
	}
	for i, a := range c.args {
		switch {
		case a == "--":
			st.params = c.args[i+1:]
			return
		case len(a) > 1 && (a[0] == '-' || a[0] == '+') && a[1] != '-':
			if strings.Contains(a, "x") {
				st.trace = a[0] == '-'
			}
		case a == "xtrace" && i > 0:
			st.trace = c.args[i-1] == "-o"
		}
	}
}

// declaration is export and its like where the parser saw an ordinary command.
func (st *state) declaration(c *call) {
	printed := len(c.args) == 0
	for _, a := range c.args {
		name, value, assigned := strings.Cut(a, "=")
		switch {
		case strings.HasPrefix(a, "-"):
			printed = printed || strings.Contains(a, "p")
		case assigned && plain(name):
			st.set(name, variable{texts: []string{value}, exported: c.name == "export"})
		}
	}
	if printed {
		c.print(st.environment())
	}
}

func (st *state) compgen(c *call) {
	if c.has("-e", "-v", "-A") {
		c.print(st.gather("$(compgen)", Environment))
	}
}

func (st *state) trap(c *call) {
	if len(c.args) > 1 && c.args[0] != "-" {
		st.runText(c.args[0], "trap", &call{name: "trap"})
	}
}

func (st *state) unsetVariables(c *call) {
	for _, name := range c.operands() {
		delete(st.funcs, name)
		if c.has("-f") {
			continue
		}
		for f := st.frame; f != nil; f = f.parent {
			if _, ok := f.vars[name]; ok {
				delete(f.vars, name)
				break
			}
		}
	}
}

func (st *state) shift(c *call) {
	n := 1
	if len(c.args) > 0 {
		if v, err := strconv.Atoi(c.args[0]); err == nil && v >= 0 {
			n = v
		}
	}
	st.params = st.params[min(n, len(st.params)):]
}
