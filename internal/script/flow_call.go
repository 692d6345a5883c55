package script

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call is one run of a program: its arguments and what it reads are known as far as they are. A command whose words may stand for several
// texts is run once for each text.
type call struct {
	name  string // without path
	args  []string
	lines []int // of args, as offsets from the script's first line
	in    string
	read  bool // there is standard input
	out   string
}

// print adds to what the program prints.
func (c *call) print(text string) { c.out += text }

// has reports that one of the arguments is given.
func (c *call) has(options ...string) bool {
	return slices.ContainsFunc(c.args, func(a string) bool { return slices.Contains(options, a) })
}

// option gives what stands behind an option, as its next argument or behind "=".
func (c *call) option(names ...string) (string, bool) {
	for i, a := range c.args {
		for _, n := range names {
			if a == n && i+1 < len(c.args) {
				return c.args[i+1], true
			}
			if v, ok := strings.CutPrefix(a, n+"="); ok && strings.HasPrefix(n, "-") {
				return v, true
			}
		}
	}
	return "", false
}

// operands lists the arguments that are no options.
func (c *call) operands() []string {
	var out []string
	for _, a := range c.args {
		if !strings.HasPrefix(a, "-") || a == "-" {
			out = append(out, a)
		}
	}
	return out
}

// call runs a simple command.
func (st *state) call(c *syntax.CallExpr) {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			st.assign(a, false, false)
		}
		return
	}
	if len(c.Assigns) > 0 { // they hold for this command only
		st.push(false)
		for _, a := range c.Assigns {
			st.assign(a, false, true)
		}
	}
	calls := st.expanded(c.Args)
	st.dispatch(calls)
	if len(c.Assigns) > 0 {
		given := st.pop()
		for _, a := range c.Assigns {
			if a.Name != nil {
				delete(given.vars, st.unit.restore(a.Name.Value))
			}
		}
		for name, v := range given.vars {
			st.set(name, *v)
		}
	}
}

// expanded gives the commands that words may stand for: each text of each word is in at least one.
func (st *state) expanded(words []*syntax.Word) []call {
	lists := make([][][]string, len(words))
	most := 1
	for i, w := range words {
		lists[i] = st.fields(w)
		most = max(most, len(lists[i]))
	}
	calls := make([]call, most)
	for n := range calls {
		c := &calls[n]
		for i, list := range lists {
			if len(list) == 0 {
				continue
			}
			line := st.unit.lineOf(words[i].Pos())
			for _, f := range list[n%len(list)] {
				c.args = append(c.args, f)
				c.lines = append(c.lines, line)
			}
		}
	}
	return calls
}

// assign assigns to a variable or to an element of an array.
func (st *state) assign(a *syntax.Assign, local, exported bool) {
	if a.Name == nil {
		return
	}
	name := st.unit.restore(a.Name.Value)
	v := variable{exported: exported}
	old := st.lookup(name)
	switch {
	case a.Naked && a.Array == nil && a.Value == nil:
		if old != nil && !local {
			v = *old
			v.exported = v.exported || exported
		} else if exported {
			return
		} else {
			v.texts = []string{""}
		}
	case a.Array != nil:
		v.list, v.keys = st.elements(a.Array)
		if a.Append && old != nil {
			v.list, v.keys = slices.Concat(old.list, v.list), slices.Concat(old.keys, v.keys)
		}
		if len(v.list) > maxFiles || !st.spend(len(v.list)*costOfName+total(v.list)) { // its joined text still carries all
			v.texts = []string{st.limited(strings.Join(v.list, " "))}
			v.list, v.keys = nil, nil
			break
		}
		v.texts = []string{st.limited(strings.Join(v.list, " "))}
	case a.Index != nil:
		v = st.indexed(a, old)
	default:
		v.texts = st.word(a.Value)
		if a.Append && old != nil && len(old.texts) > 0 {
			v.texts = st.product(old.texts, v.texts)
			v.list, v.keys = old.list, old.keys
		}
	}
	if local {
		st.declare(name, v)
		return
	}
	st.set(name, v)
}

// elements are those of an array, with their keys if any has one.
func (st *state) elements(a *syntax.ArrayExpr) (list, keys []string) {
	for _, e := range a.Elems {
		if len(list) >= maxFiles {
			st.problem("an array has more elements than this program follows")
			break
		}
		if e.Index != nil && e.Value != nil {
			key := "?"
			if w, ok := e.Index.(*syntax.Word); ok {
				key = st.word(w)[0]
			}
			list, keys = append(list, st.word(e.Value)[0]), append(keys, key)
			continue
		}
		if e.Value != nil {
			for _, fields := range st.fields(e.Value) {
				list = append(list, fields...)
			}
		}
	}
	return list, keys
}

// indexed is a variable after one of its elements was assigned.
func (st *state) indexed(a *syntax.Assign, old *variable) variable {
	v := variable{}
	if old != nil {
		v = *old
		v.list, v.keys = slices.Clone(old.list), slices.Clone(old.keys)
	}
	value := st.word(a.Value)[0]
	if !st.spend(len(v.list)*costOfName + total(v.list)) {
		return v
	}
	key := ""
	if w, ok := a.Index.(*syntax.Word); ok {
		key = st.word(w)[0]
	}
	n, known := st.arithmetic(a.Index)
	switch i := slices.Index(v.keys, key); {
	case i >= 0:
		v.list[i] = value
	case known && len(v.keys) == 0 && n >= 0 && n < int64(len(v.list)):
		v.list[n] = value
	case known && len(v.keys) == 0 && n >= 0 && n < maxFiles:
		for int64(len(v.list)) < n {
			v.list = append(v.list, "")
		}
		v.list = append(v.list, value)
	case len(v.list) < maxFiles:
		for len(v.keys) < len(v.list) {
			v.keys = append(v.keys, "")
		}
		v.list, v.keys = append(v.list, value), append(v.keys, key)
	}
	v.texts = []string{st.limited(strings.Join(v.list, " "))}
	return v
}

// dispatch runs the commands that one may be, and prints what one of them prints.
func (st *state) dispatch(calls []call) {
	var printed []string
	name := ""
	for i := range calls {
		c := &calls[i]
		if len(c.args) == 0 {
			continue
		}
		if len(st.stdins) > 0 {
			c.in, c.read = st.stdins[i%len(st.stdins)], true
		}
		st.run(c)
		name = c.name
		if st.spend(len(c.out)) && c.out != "" {
			printed = alternatives(printed, []string{st.limited(c.out)})
		}
	}
	if len(printed) > 0 {
		st.printAny(printed, name)
	}
}

// run runs one command: args[0] is what it is called by.
func (st *state) run(c *call) {
	size := len(c.in)
	for _, a := range c.args {
		size += len(a)
	}
	if st.steps++; st.steps >= maxSteps || !st.spend(size) || !st.enter() {
		return
	}
	defer st.leave()
	full := c.args[0]
	c.args, c.lines = c.args[1:], c.lines[1:]
	if alias, ok := st.aliases[full]; ok && !slices.Contains(alias[:1], full) {
		c.args = slices.Concat(alias, c.args)
		c.lines = append(slices.Repeat([]int{st.line}, len(alias)), c.lines...)
		st.run(c)
		return
	}
	if f, ok := st.funcs[full]; ok && st.called < maxNesting/2 {
		c.name = full
		st.function(f, c)
		return
	}
	c.name = programName(full)
	if st.trace {
		if carried := st.carried(strings.Join(c.args, " ")); !carried.empty() {
			st.exit(Exit{Way: Log, Program: "set -x", Carried: carried})
		}
	}
	st.program(full, c)
}

// function runs the body of a function with its parameters.
func (st *state) function(f function, c *call) {
	params, u, line := st.params, st.unit, st.line
	st.params, st.unit = c.args, f.unit
	st.push(true)
	st.called++
	st.stmt(f.body)
	st.called--
	st.pop()
	st.params, st.unit, st.line = params, u, line
}

var globbed = regexp.MustCompile(`^[a-z?*\[\]-]+$`)

// programName is the name of a program without its path. One written as a pattern is the first that is known of those that it matches.
func programName(full string) string {
	name := full[strings.LastIndexByte(full, '/')+1:]
	name = strings.TrimSuffix(name, ".exe")
	if strings.ContainsAny(name, "?*[") && globbed.MatchString(name) && len(name) > 1 {
		for _, known := range sought {
			if matches(name, known) {
				return known
			}
		}
	}
	return name
}

// sought are the programs that a pattern for a path is taken for.
var sought = []string{"curl", "wget", "nc", "ncat", "netcat", "base64", "bash", "sh", "python3", "python", "cat", "env", "printenv", "openssl", "dig", "socat", "perl", "node"}

// runs notes that a program is run.
func (st *state) runs(name string) {
	if name != "" && plain(name) && len(name) <= maxName && len(st.programs) < maxPrograms {
		st.programs[name] = true
	}
}

const (
	maxName     = 64   // bytes of a program's name
	maxPrograms = 1000 // different programs of one script
)
