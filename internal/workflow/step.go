package workflow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// jobRun is a job of which the steps are read in order: what one leaves, the next ones find.
type jobRun struct {
	reader *reader
	scope  *scope // of the job
	env    environment
	left   script.Job
	shell  string // of defaults
	own    string // the runner's own shell, where it is no POSIX shell
	folder string // working-directory of defaults
	matrix matrix
	job    string // id
}

// at is the scope of a step with its environment.
func (run *jobRun) at(env []script.Variable) *scope {
	s := *run.scope
	s.env, s.steps = env, run.left.Outputs
	return &s
}

func (run *jobRun) step(index int, s *actionlint.Step) Step {
	r := run.reader
	step := Step{Index: index, ID: written(s.ID), Name: written(s.Name), If: written(s.If), ContinueOnError: boolean(s.ContinueOnError), Line: s.Pos.Line}
	base := run.env
	base.list = append(slices.Clip(base.list), run.left.Env...)
	env := r.within(base, s.Env, run.at(base.list))
	step.Secrets = append(step.Secrets, env.refs[len(base.refs):]...)
	scope := run.at(env.list)
	var list []input // of an action
	var reads string // what can name a variable of job or workflow
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		step.Run, step.Shell = written(e.Run), cmp.Or(written(e.Shell), run.shell)
		step.Secrets = append(step.Secrets, r.at(e.Run, scope)...)
		run.script(&step, e, scope)
		reads = step.Run
	case *actionlint.ExecAction:
		step.Uses = written(e.Uses)
		step.Action = action(step.Uses, step.Line)
		list = run.inputs(e, scope)
		reads = run.action(&step, e, list, scope)
	}
	step.Secrets = append(step.Secrets, passed(base, run.left.Env, reads, slices.Contains(step.Loot, script.Environment), step.Line)...)
	if _, ok := s.Exec.(*actionlint.ExecAction); ok {
		run.told(&step, list)
	}
	if step.Name == "" {
		what := step.Uses
		if step.Run != "" {
			what, _, _ = strings.Cut(strings.TrimSpace(step.Run), "\n")
		}
		step.Name = "Run " + strings.TrimSpace(what)
	}
	return step
}

// passed lists the secrets of the variables that a text reads, by their names or by reading them all.
func passed(env environment, left []script.Variable, text string, whole bool, line int) []SecretRef {
	var out []SecretRef
	for i, ref := range env.refs {
		if whole || mentions(text, env.list[env.of[i]].Name) {
			out = append(out, ref)
		}
	}
	for _, v := range left {
		if len(v.Secrets) > 0 && (whole || mentions(text, v.Name)) {
			out = append(out, through(v.Carried, line, 1)...)
		}
	}
	return out
}

// through lists what is carried without being named where it is used.
func through(c script.Carried, line, col int) []SecretRef {
	var out []SecretRef
	for _, name := range c.Secrets {
		out = append(out, SecretRef{Name: name, Line: line, Col: col, Form: "through"})
	}
	return out
}

// script reads a run step, and the template of its shell where that is a command line of its own.
func (run *jobRun) script(step *Step, e *actionlint.ExecRun, s *scope) {
	if e.Run == nil || e.Run.Pos == nil {
		return
	}
	r := run.reader
	first := e.Run.Pos.Line
	if at := r.where.offset(first, e.Run.Pos.Col); at < len(r.text) && (r.text[at] == '|' || r.text[at] == '>') {
		first++
	}
	text := s.resolve(step.Run)
	folder := cmp.Or(written(e.WorkingDirectory), run.folder)
	shell := cmp.Or(step.Shell, run.own)
	if variants := run.variants(text.text, s); len(variants) > 0 {
		for _, v := range variants {
			run.read(step, v, shell, folder, s, first)
		}
		step.once()
	} else {
		run.read(step, text.text, shell, folder, s, first)
	}
	if words := strings.Fields(step.Shell); len(words) > 1 && strings.Contains(step.Shell, "{0}") {
		const file = "step-script"
		was, had := run.left.Files[file]
		run.left.Files[file] = text.Carried
		run.read(step, strings.ReplaceAll(s.resolve(step.Shell).text, "{0}", file), "", folder, s, step.Line)
		if delete(run.left.Files, file); had {
			run.left.Files[file] = was
		}
	}
}

// read reads a script of the step whose first line is the given one of the file, and keeps what it leaves.
func (run *jobRun) read(step *Step, text, shell, folder string, s *scope, first int) {
	r := run.reader
	env := s.env
	cost := len(text) + perName*(len(env)+len(run.left.Files)+len(run.left.Outputs))
	for _, v := range env {
		cost += len(v.Name) + len(v.Value)
	}
	if *r.work -= cost; *r.work < 0 {
		r.problem("line %d: the scripts of the file are more than this program reads", step.Line)
		return
	}
	for i := range env {
		if env[i].Name == "" {
			env = slices.DeleteFunc(slices.Clone(env), func(v script.Variable) bool { return v.Name == "" })
			break
		}
	}
	in := script.Input{Text: text, Shell: shell, Env: env}
	outputs := run.left.Outputs
	if strings.Contains(text, "steps.carried.") {
		outputs = maps.Clone(outputs)
		maps.Copy(outputs, r.stood)
	}
	if len(run.left.Files) > 0 || len(outputs) > 0 {
		in.Job = &script.Job{Files: inFolder(run.left.Files, folder), Outputs: outputs}
	}
	got := r.parser.scripts.Read(in)
	r.tell(step, got, first, strings.Count(text, "\n"))
	run.keep(step, got.Left, folder)
}

// perName is what a variable, a file or an output costs a reading beside its text, in bytes of text.
const perName = 64

// tell puts what was read of a script into the step, on the lines of the file. Where the reading ran into a bound not all of the file was read;
// where a script is no valid shell, or in a language that is not followed, its text was searched instead, and that is a problem of no more weight
// than an error in a script.
func (r *reader) tell(step *Step, got script.Reading, first, lines int) {
	for _, d := range got.Destinations[:min(len(got.Destinations), MaxDestinations-len(step.Destinations))] {
		d.Line = r.where.line(min(d.Line, lines), first, d.URL)
		step.Destinations = append(step.Destinations, d)
	}
	if len(step.Destinations) == MaxDestinations {
		r.problem("line %d: only the first %d destinations are listed", step.Line, MaxDestinations)
	}
	for _, x := range got.Exits {
		x.Line = r.where.line(min(x.Line, lines), first, "")
		step.Exits = append(step.Exits, x)
	}
	for _, p := range got.Payloads {
		p.Line = r.where.line(min(p.Line, lines), first, "")
		step.Payloads = append(step.Payloads, p)
	}
	step.Loot = union(step.Loot, got.Loot)
	step.Programs = union(step.Programs, got.Programs)
	step.Registers = step.Registers || got.Registers
	step.ReadsHistory = slices.Contains(step.Loot, script.History)
	for _, p := range got.Problems {
		if what := fmt.Sprintf("line %d: %s", step.Line, p); strings.Contains(p, " than ") {
			r.problem("%s", what)
		} else if len(r.notes) < MaxProblems && !slices.Contains(r.notes, what) {
			r.notes = append(r.notes, what)
		}
	}
}

// keep remembers what a script leaves to the steps after it.
func (run *jobRun) keep(step *Step, left script.Job, folder string) {
	for _, v := range left.Env {
		i := slices.IndexFunc(run.left.Env, func(have script.Variable) bool { return have.Name == v.Name })
		switch {
		case i >= 0:
			run.left.Env[i] = v
		case len(run.left.Env) < maxEnv:
			run.left.Env = append(slices.Clip(run.left.Env), v)
		}
	}
	for _, path := range sortedKeys(left.Files) {
		if len(run.left.Files) < maxLeft && path != "step-script" {
			run.left.Files[fromFolder(path, folder)] = left.Files[path]
		}
	}
	for _, name := range sortedKeys(left.Outputs) {
		if step.ID != "" && len(run.left.Outputs) < maxLeft && !strings.Contains(name, ".") {
			run.left.Outputs[strings.ToLower(step.ID+"."+name)] = left.Outputs[name]
		}
	}
}

// maxLeft bounds the files and the outputs of a job that are followed, each: every script is read with them.
const maxLeft = 256

// inFolder gives the files of a job by the paths that a script in a folder has for them.
func inFolder(files map[string]script.Carried, folder string) map[string]script.Carried {
	folder = strings.Trim(strings.TrimPrefix(folder, "./"), "/")
	if folder == "" || folder == "." || len(files) == 0 {
		return files
	}
	out := maps.Clone(files)
	for _, path := range sortedKeys(files) {
		if rest, ok := strings.CutPrefix(path, folder+"/"); ok {
			out[rest] = files[path]
		}
	}
	return out
}

// fromFolder is the path in the job of what a script in a folder writes.
func fromFolder(path, folder string) string {
	folder = strings.Trim(strings.TrimPrefix(folder, "./"), "/")
	if folder == "" || folder == "." || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "$") || strings.HasPrefix(path, "~") {
		return path
	}
	return folder + "/" + strings.TrimPrefix(path, "./")
}

// problem says why not all was read, at most [MaxProblems] times.
func (r *reader) problem(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if len(r.problems) < MaxProblems && !slices.Contains(r.problems, what) {
		r.problems = append(r.problems, what)
	}
}
