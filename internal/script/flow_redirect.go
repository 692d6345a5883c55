package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirected runs a statement whose input or output goes elsewhere.
func (st *state) redirected(s *syntax.Stmt) {
	stdins, out := st.stdins, st.sink
	var targets []target
	for _, r := range s.Redirs {
		fd := ""
		if r.N != nil {
			fd = r.N.Value
		}
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			if r.Hdoc != nil {
				st.stdins = st.word(r.Hdoc)
			}
		case syntax.WordHdoc:
			st.stdins = nil
			for _, t := range st.word(r.Word) {
				st.stdins = append(st.stdins, t+"\n")
			}
		case syntax.RdrIn, syntax.DplIn, syntax.RdrInOut:
			st.input(r, fd)
		default:
			if t, ok := st.output(r, fd); ok {
				targets = append(targets, t)
			}
		}
	}
	var taken *sink
	if len(targets) > 0 {
		taken = &sink{}
		st.sink = taken
	}
	line := st.line
	_, isBare := s.Cmd.(*syntax.CallExpr)
	if s.Cmd != nil {
		st.command(s.Cmd)
	}
	st.stdins, st.sink, st.line = stdins, out, line
	for _, t := range targets {
		texts := taken.texts
		if len(texts) == 0 {
			texts = []string{""}
		}
		st.writeAny(t.path, texts, t.more, !isBare && s.Cmd == nil)
	}
}

// target is a file that takes output; more says that it keeps what it has.
type target struct {
	path string
	more bool
}

// input is a file or a descriptor that a command reads.
func (st *state) input(r *syntax.Redirect, fd string) {
	var texts []string
	for _, path := range st.word(r.Word) {
		if r.Op == syntax.DplIn {
			known, ok := st.fds[strings.TrimSuffix(path, "-")]
			if !ok {
				return
			}
			path = known
		}
		if fd != "" && fd != "0" {
			st.fds[strings.Trim(fd, "{}")] = path
			if network(path) {
				st.writeAny(path, []string{""}, true, true)
			}
			continue
		}
		text := st.read(path)
		st.spend(len(text))
		texts = append(texts, text)
	}
	if len(texts) > 0 {
		st.stdins = texts
	}
}

// output is where a redirection sends standard output; false where it does not.
func (st *state) output(r *syntax.Redirect, fd string) (target, bool) {
	more := r.Op == syntax.AppOut || r.Op == syntax.AppAll || r.Op == syntax.DplOut
	paths := st.word(r.Word)
	if len(paths) == 0 {
		return target{}, false
	}
	path := paths[len(paths)-1]
	if r.Op == syntax.DplOut {
		known, ok := st.fds[strings.TrimSuffix(path, "-")]
		if _, err := strconv.Atoi(strings.TrimSuffix(path, "-")); err == nil && !ok || path == "-" {
			return target{}, false
		}
		if ok {
			path = known
		}
	}
	switch {
	case fd == "" || fd == "1":
		return target{path, more}, true
	case fd != "2":
		st.fds[strings.Trim(fd, "{}")] = path
	}
	return target{}, false
}

// writeAny writes one of several texts to a file. Opened says that nothing was written, but a connection was opened.
func (st *state) writeAny(path string, texts []string, more, opened bool) {
	if host, ok := device(path); ok {
		var body string
		for _, t := range texts {
			body += t
		}
		st.destination(host, sending{program: devName(path), body: st.limited(body), uploads: body != "", line: -1})
		return
	}
	key := st.path(path)
	switch {
	case key == "/dev/null", !st.spend(total(texts)):
	case key == "/dev/stdout", key == "/dev/stderr", key == "/dev/tty", strings.HasPrefix(key, "/proc/") && strings.Contains(key, "/fd/"):
		sink := st.sink
		if key != "/dev/stdout" {
			st.sink = nil
		}
		st.printAny(texts, "redirection")
		st.sink = sink
	case strings.HasPrefix(key, pipePath):
		st.into(key, texts)
	case key == "$GITHUB_ENV" || key == "$GITHUB_OUTPUT" || key == "$GITHUB_STEP_SUMMARY" || key == "$GITHUB_STATE":
		for _, t := range texts {
			st.toRunner(key, t)
		}
	default:
		text := texts[0]
		for _, t := range texts[1:] {
			text += "\n" + t
		}
		if old, ok := st.files[key]; ok && more {
			text = old + text
		}
		st.write(key, st.limited(text))
	}
}

// pipePath begins the paths of >( ).
const pipePath = "/dev/fd/pipe"

// into runs the commands behind >( ) with what is written there.
func (st *state) into(key string, texts []string) {
	p, ok := st.pipes[key]
	if !ok || !st.enter() {
		return
	}
	defer st.leave()
	stdins, u := st.stdins, st.unit
	st.stdins, st.unit = texts, p.unit
	st.push(false)
	st.stmts(p.stmts)
	st.pop()
	st.stdins, st.unit = stdins, u
}

// toRunner reads a text written to a file by which steps tell the runner of variables, outputs or a summary
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files).
func (st *state) toRunner(key, text string) {
	if key == "$GITHUB_STEP_SUMMARY" {
		if c := st.carried(text); !c.empty() {
			st.exit(Exit{Way: Log, Program: "summary", Target: "GITHUB_STEP_SUMMARY", Carried: c})
		}
		return
	}
	lines := strings.Split(text, "\n")
	st.spend(len(lines) * costOfName)
	for i := 0; i < len(lines); i++ {
		name, value, assigned := strings.Cut(lines[i], "=")
		if n, end, ok := strings.Cut(lines[i], "<<"); ok && (!assigned || len(n) < len(name)) {
			from := i + 1
			for i = from; i < len(lines) && lines[i] != end; i++ {
			}
			name, value, assigned = n, strings.Join(append(slices.Clip(lines[from:i]), ""), "\n"), true
		}
		name = strings.TrimSpace(name)
		if !assigned || name == "" || !plain(name) {
			name, value = "*", lines[i:][0]
		}
		c := st.carried(value)
		if key == "$GITHUB_ENV" {
			if name != "*" || !c.empty() {
				st.leaveVariable(Variable{Name: name, Value: st.show(strings.TrimSuffix(value, "\n")), Carried: c})
			}
		} else if key == "$GITHUB_OUTPUT" && !c.empty() {
			if st.out.Left.Outputs == nil {
				st.out.Left.Outputs = map[string]Carried{}
			}
			if len(st.out.Left.Outputs) < maxFiles {
				st.out.Left.Outputs[name] = joinCarried(st.out.Left.Outputs[name], c)
			}
		}
	}
}

// leaveVariable leaves a variable to later steps; a later value hides an earlier one.
func (st *state) leaveVariable(v Variable) {
	if i := slices.IndexFunc(st.out.Left.Env, func(o Variable) bool { return o.Name == v.Name }); i >= 0 {
		st.out.Left.Env[i] = v
	} else if len(st.out.Left.Env) < maxFiles {
		st.out.Left.Env = append(st.out.Left.Env, v)
	}
}

// network reports the path of a device that is a connection.
func network(path string) bool { _, ok := device(path); return ok }

// device gives the host of one of bash's network devices.
func device(path string) (host string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/dev/tcp/")
	if !ok {
		rest, ok = strings.CutPrefix(path, "/dev/udp/")
	}
	host, _, _ = strings.Cut(rest, "/")
	return host, ok
}

func devName(path string) string { return path[:len("/dev/tcp")] }
