package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// input is one input of an action, values put in.
type input struct {
	name  string
	means meaning
	at    *actionlint.String
	value
}

func (run *jobRun) inputs(e *actionlint.ExecAction, s *scope) []input {
	var out []input
	for _, k := range sortedKeys(e.Inputs) {
		if v := e.Inputs[k].Value; v != nil && v.Pos != nil {
			name := strings.ToLower(k)
			out = append(out, input{name: name, means: run.reader.parser.meaning(name), at: v, value: s.resolve(v.Value)})
		}
	}
	return out
}

// action reads the inputs of an action as scripts where they are some, and the action's own steps where it stands in this repository. It gives
// the text in which variables may be named.
func (run *jobRun) action(step *Step, e *actionlint.ExecAction, list []input, s *scope) string {
	r := run.reader
	var reads strings.Builder
	for _, in := range list {
		step.Secrets = append(step.Secrets, r.at(in.at, s)...)
		reads.WriteString(in.at.Value + "\n")
		if in.means == aScript && !step.Action.Image {
			shell := ""
			if strings.HasSuffix(step.Action.Name(), "github-script") || javaScript.MatchString(in.text) {
				shell = "node"
			}
			run.read(step, in.text, shell, "", s, r.firstLine(in.at))
		}
	}
	if step.Action.Image {
		args, entry := s.resolve(written(e.Args)), s.resolve(written(e.Entrypoint))
		step.Secrets = append(append(step.Secrets, r.at(e.Args, s)...), r.at(e.Entrypoint, s)...)
		reads.WriteString(args.text + "\n" + entry.text + "\n")
		program := entry.text
		if program == "" { // the image's own program: images of programs bear their names
			program = step.Action.Path[strings.LastIndexByte(step.Action.Path, '/')+1:]
		}
		if written(e.Args) != "" || entry.text != "" {
			run.read(step, program+" "+args.text, "", "", s, step.Line)
		}
	}
	if step.Action.Local {
		run.composite(step, list, s)
	}
	return reads.String()
}

// firstLine is the line on which the text of a value begins.
func (r *reader) firstLine(v *actionlint.String) int {
	if at := r.where.offset(v.Pos.Line, v.Pos.Col); at < len(r.text) && (r.text[at] == '|' || r.text[at] == '>') {
		return v.Pos.Line + 1
	}
	return v.Pos.Line
}

// told reads what an action is told: hosts, and by which way it takes out what.
func (run *jobRun) told(step *Step, list []input) {
	var body value
	var files script.Carried
	for _, in := range list {
		switch {
		case in.means == aBody:
			body.text, body.Carried = body.text+in.text+"\n", join(body.Carried, in.Carried)
		case in.means == aPath:
			files = join(files, matching(run.left.Files, in.text))
		}
	}
	run.hosts(step, list, body, files)
	run.ways(step, list, body, files)
}

// hosts lists the hosts that an action is told of. A body goes to those that an input for a URL names; which of the step's secrets go to the
// others is the action's to say.
func (run *jobRun) hosts(step *Step, list []input, body value, files script.Carried) {
	r := run.reader
	var secrets []string
	for _, ref := range step.Secrets {
		secrets = append(secrets, ref.Name)
	}
	secrets = union(secrets, body.Secrets)
	sent := join(body.Carried, files)
	seen := map[string]bool{}
	for _, d := range step.Destinations {
		seen[d.URL] = true
	}
	for _, in := range list {
		d := Destination{Program: "with", Secrets: secrets}
		if slices.Contains(secrets, allSecrets) {
			d.Posted = []string{allSecrets}
		}
		url := in.means == aURL
		if url {
			d.Uploads, d.Posted, d.Loot, d.Encodings = body.text != "", union(d.Posted, sent.Secrets), sent.Loot, sent.Encodings
			d.SelfNamed = pairs(body.text)
		}
		urls := named(in.text)
		if url && len(urls) == 0 && !empty(sent) {
			urls = []string{strings.TrimSpace(in.text)}
		}
		for _, u := range urls {
			if d = d.At(u); d.Computed && (!url || empty(sent)) || seen[u] {
				continue
			}
			if len(step.Destinations) == MaxDestinations {
				r.problem("line %d: only the first %d destinations are listed", step.Line, MaxDestinations)
				return
			}
			seen[u] = true
			d.Line = r.where.line(0, in.at.Pos.Line, u)
			step.Destinations = append(step.Destinations, d)
		}
	}
}

// ways lists by which ways, other than to a host, an action takes out what is worth stealing, by what kind of action it is.
func (run *jobRun) ways(step *Step, list []input, body value, files script.Carried) {
	name := step.Action.Name()
	out := func(w script.Way, c script.Carried, target string) {
		if !empty(c) {
			step.Exits = append(step.Exits, Exit{Way: w, Line: step.Line, Program: name, Target: target, Carried: c})
		}
	}
	get := func(name string) value {
		for _, in := range list {
			if in.name == name {
				return in.value
			}
		}
		return value{}
	}
	switch run.reader.parser.kind(name) {
	case artifacts:
		target := get("name")
		out(script.Artifact, join(files, target.Carried), target.text)
	case caches:
		out(script.Cache, join(files, get("key").Carried), get("key").text)
	case committers:
		out(script.Repository, join(matching(run.left.Files, "."), body.Carried), get("branch").text)
	case commenters:
		out(script.Comment, join(body.Carried, files), get("issue-number").text)
	case publishers:
		stored := join(get("build-args").Carried, get("labels").Carried)
		if get("push").text != "false" {
			out(script.Registry, join(stored, files), get("tags").text)
		}
	case printers:
		step.Loot = union(step.Loot, []Loot{script.Context})
		out(script.Log, script.Carried{Loot: []Loot{script.Context}}, "")
	}
}

// matching is what the files carry that the patterns name, one pattern a line as of upload-artifact: a folder stands for all below it, a line that
// begins with "!" leaves out.
func matching(files map[string]script.Carried, patterns string) script.Carried {
	var out script.Carried
	lines := strings.FieldsFunc(patterns, func(r rune) bool { return r == '\n' || r == ',' })
	for _, p := range lines[:min(len(lines), maxLeft)] {
		p = place(p)
		if credentials.MatchString(p) {
			out = join(out, script.Carried{Loot: []Loot{script.Files}})
		}
	}
	for _, file := range sortedKeys(files) {
		in := false
		for _, p := range lines[:min(len(lines), maxLeft)] {
			p = strings.TrimSpace(p)
			positive := strings.TrimPrefix(p, "!")
			if covers(place(positive), place(file)) {
				in = positive == p
			}
		}
		if in {
			out = join(out, files[file])
		}
	}
	return out
}

// credentials finds paths at which credentials lie.
var credentials = regexp.MustCompile(`(?:^|/)\.(?:aws|ssh|docker|kube|gnupg|npmrc|netrc|pypirc|git-credentials|git/config|config/gcloud|config/gh)\b`)

// workspace finds the ways to write the folder in which a job begins.
var workspace = regexp.MustCompile(`^(?:\$\{\{\s*github\.workspace\s*\}\}|\$\{?GITHUB_WORKSPACE\}?|/home/runner/work/[^/]+/[^/]+)(?:/|$)`)

// temporary likewise the runner's folder for temporary files, and home the user's.
var (
	temporary = regexp.MustCompile(`^(?:\$\{\{\s*runner\.temp\s*\}\}|\$\{?RUNNER_TEMP\}?)`)
	home      = regexp.MustCompile(`^(?:\$\{?HOME\}?|/home/runner|/root)(?:/|$)`)
)

// place writes a path in one way.
func place(path string) string {
	path = strings.Trim(strings.TrimSpace(path), `"'`)
	path = workspace.ReplaceAllString(path, "")
	path = temporary.ReplaceAllString(path, "$$RUNNER_TEMP")
	path = home.ReplaceAllString(path, "~/")
	for strings.HasPrefix(path, "./") {
		path = strings.TrimLeft(path[2:], "/")
	}
	if path == "." {
		return ""
	}
	if len(path) > 1 {
		path = strings.TrimRight(path, "/")
	}
	return path
}

// covers reports that a pattern names a file or a folder above it. The empty one is the folder in which the job begins.
func covers(pattern, file string) bool {
	if pattern == "" {
		return !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "$") && !strings.HasPrefix(file, "~")
	}
	if pattern == file || strings.HasPrefix(file, pattern+"/") {
		return true
	}
	return strings.ContainsAny(pattern, "*?[") && len(pattern) < 1000 && (glob(pattern, file) || glob(pattern+"/**", file))
}
