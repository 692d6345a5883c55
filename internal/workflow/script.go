package workflow

import (
	"regexp"
	"slices"
	"strings"
)

// runScript is a run step's text with the environment it sees. Shell is the step's shell; empty for the runner's own, a POSIX shell or
// PowerShell.
type runScript struct {
	text  string
	env   []variable
	shell string
}

// reading is what a script does, as far as its text tells. Lines of destinations are offsets from the script's first line.
type reading struct {
	destinations []Destination
	history      bool
	unread       bool // a command was not read with its variables put in: too long
}

// Reads of past content: patches, searches through patches, all objects. A plain "git log" prints no file content.
var readsHistory = regexp.MustCompile(`\bgit\b[^\n;|&]*?\s(?:log\b[^\n;|&]*\s(?:-p|-u|--patch|-G|-S)(?:\W|$)|rev-list\b[^\n;|&]*\s--all\b|` +
	`fast-export\b|bundle\s+create\b|cat-file\b[^\n;|&]*\s--batch)`)

var dumpsEnvironment = regexp.MustCompile(`(?m)(?:^|[|;&(\s` + "`" + `])(?:env|printenv|export\s+-p|declare\s+-[xp]+|set|(?:Get-ChildItem|gci|dir|ls)\s+env:\S*)\s*(?:[|>);&` + "`" + `]|$)`)

// dumps reports that a script prints its whole environment. The cheap test first: an expression over every command of a hostile file is
// what costs most.
func dumps(s string) bool {
	for _, word := range []string{"env", "set", "export", "declare"} {
		if strings.Contains(s, word) {
			return dumpsEnvironment.MatchString(s)
		}
	}
	return false
}

// readScript goes through the commands in order and replaces variables by what the environment or an earlier assignment gave them, so that
// a secret or a host put into a variable, or a secret written to a file, is still seen where it is sent.
func readScript(s runScript) reading {
	state := shellState{vars: map[string]string{}, files: map[string][]string{}, languages: interpreted.MatchString(s.shell)}
	for _, v := range s.env {
		state.vars[v.name] = expand(v.value, state.vars)
		for _, r := range v.secrets {
			state.env = append(state.env, r.Name)
		}
	}
	commands := []command{{text: s.text}}
	if !state.languages {
		commands = split(s.text)
	}
	out := reading{history: strings.Contains(s.text, "git") && readsHistory.MatchString(s.text)}
	total := 0
	for _, c := range commands {
		full, whole := expanded(c.text, state.vars)
		if total += len(full); total > MaxScript {
			full, whole = c.text, false // from here on as written: assignments have doubled the text too often
		}
		out.unread = out.unread || !whole
		sent := state.secretsOf(c.text, full)
		state.remember(full, sent)
		for _, d := range destinations(full, sent, state) {
			d.Line = c.line
			if i := strings.Index(c.text, d.URL); i > 0 {
				d.Line += strings.Count(c.text[:i], "\n")
			}
			if len(out.destinations) == MaxDestinations {
				return out
			}
			out.destinations = append(out.destinations, d)
		}
	}
	return out
}

var interpreted = regexp.MustCompile(`(?i)^(?:python|node|perl|ruby)`)

// shellState is what earlier commands left behind: variables with their text, files with the secrets written to them.
type shellState struct {
	vars      map[string]string
	files     map[string][]string
	env       []string // secrets of the whole environment
	languages bool     // no shell: variables are read by their names
}

// secretsOf lists the secrets that a command handles: written in it, in its variables, in a file it reads, in a dump of the environment.
func (st shellState) secretsOf(raw, full string) []string {
	out := names(full)
	if len(st.env) > 0 && dumps(raw) {
		out = append(out, st.env...)
	}
	for file, secrets := range st.files {
		if mentions(full, file) {
			out = append(out, secrets...)
		}
	}
	if st.languages || strings.Contains(raw, "<<") || embedded.MatchString(raw) {
		for name, text := range st.vars {
			if name != "" && mentions(raw, name) {
				out = append(out, names(text)...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// embedded finds a program text inside a shell command (python -c "...").
var embedded = regexp.MustCompile(`\b(?:python[0-9.]*|node|perl|ruby)\s+-[ceE]\b`)

var (
	assignment = regexp.MustCompile(`^\s*(?:(?:export|local|readonly|declare|typeset)\s+(?:-\w+\s+)*)?([A-Za-z_][A-Za-z0-9_]*)\+?=`)
	psAssign   = regexp.MustCompile(`^\s*\$(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*`)
	redirect   = regexp.MustCompile(`(?:[^<>&0-9-]|^)(?:1?>>?\|?|\btee\s+(?:-a\s+)?)\s*["']?([^\s"'&|;<>()]+)`)
)

// maxFiles bounds the files followed per script: every command is searched for the name of each.
const maxFiles = 64

// assign keeps what a command that is an assignment and nothing else assigns.
func (st *shellState) assign(full string) {
	if m := assignment.FindStringSubmatchIndex(full); m != nil {
		value, end := word(full, m[1])
		if strings.TrimSpace(full[end:]) != "" {
			return // a variable of one command's environment
		}
		name := full[m[2]:m[3]]
		if full[m[1]-2] == '+' {
			value = st.vars[name] + value
		}
		st.vars[name] = clip(value)
	} else if m := psAssign.FindStringSubmatchIndex(full); m != nil {
		st.vars[full[m[2]:m[3]]] = clip(full[m[1]:])
	}
}

// remember keeps what a command assigns, and which files it writes secrets to.
func (st *shellState) remember(full string, secrets []string) {
	if strings.Contains(full, "=") {
		st.assign(full)
	}
	if len(secrets) == 0 || !strings.Contains(full, ">") && !strings.Contains(full, "tee") {
		return
	}
	for _, m := range redirect.FindAllStringSubmatch(full, -1) {
		if !strings.HasPrefix(m[1], "/dev/") {
			if _, known := st.files[m[1]]; known || len(st.files) < maxFiles {
				st.files[m[1]] = union(st.files[m[1]], secrets)
			}
		}
	}
}

var variableUse = regexp.MustCompile(`\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}|\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?:[:#%/^,@][^}]*)?\}|` +
	`\$(?:env:)?([A-Za-z_][A-Za-z0-9_]*)|%([A-Za-z_][A-Za-z0-9_]*)%`)

// expand is expanded where a text that stays as it is will do.
func expand(s string, vars map[string]string) string {
	full, _ := expanded(s, vars)
	return full
}

// expanded puts in the text of each known variable once. Values are expanded when they are assigned, so this does not recurse. A result
// beyond [MaxCommand] is given up: the text stays as it is, and whole is false.
func expanded(s string, vars map[string]string) (full string, whole bool) {
	if len(vars) == 0 || !strings.ContainsAny(s, "$%") {
		return s, true
	}
	var b strings.Builder
	last := 0
	for _, m := range variableUse.FindAllStringSubmatchIndex(s, -1) {
		name := ""
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				name = s[m[g]:m[g+1]]
			}
		}
		value, ok := vars[name]
		if !ok {
			continue
		}
		b.WriteString(s[last:m[0]])
		b.WriteString(value)
		last = m[1]
		if b.Len() > MaxCommand {
			return s, false
		}
	}
	b.WriteString(s[last:])
	return b.String(), true
}

func clip(s string) string { return s[:min(len(s), MaxCommand)] }

// mentions reports that a name stands in a text as a word of its own.
func mentions(s, name string) bool {
	for at := 0; name != ""; {
		i := strings.Index(s[at:], name)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(name)
		if (from == 0 || !wordByte(s[from-1])) && (to == len(s) || !wordByte(s[to])) {
			return true
		}
		at = from + 1
	}
	return false
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
