package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// reader turns actionlint's tree into a [File].
type reader struct {
	text      []byte
	where     *locator
	problems  []string
	scripts   *Parser
	inherited []SecretRef // "secrets: inherit" of the jobs read so far: no expression, so no scalar shows it
}

func (r *reader) file(w *actionlint.Workflow) File {
	f := File{Name: value(w.Name)}
	for _, e := range w.On {
		f.Triggers = append(f.Triggers, trigger(e))
	}
	global := r.environment(w.Env, nil)
	jobs := make([]*actionlint.Job, 0, len(w.Jobs))
	for _, j := range w.Jobs {
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b *actionlint.Job) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), strings.Compare(value(a.ID), value(b.ID)))
	})
	for _, j := range jobs {
		job := r.job(j, global)
		for _, s := range job.Steps {
			f.Destinations = append(f.Destinations, s.Destinations...)
		}
		f.Jobs = append(f.Jobs, job)
	}
	return f
}

func (r *reader) job(j *actionlint.Job, global []variable) Job {
	job := Job{ID: value(j.ID), Name: value(j.Name), Line: j.Pos.Line, If: value(j.If)}
	if job.Name == "" {
		job.Name = job.ID
	}
	if j.Environment != nil {
		job.Environment = value(j.Environment.Name)
	}
	if j.RunsOn != nil {
		for _, l := range j.RunsOn.Labels {
			job.RunsOn = append(job.RunsOn, value(l))
		}
		if j.RunsOn.LabelsExpr != nil {
			job.RunsOn = append(job.RunsOn, value(j.RunsOn.LabelsExpr))
		}
	}
	env := r.environment(j.Env, global)
	for _, v := range env[len(global):] {
		job.Secrets = append(job.Secrets, v.secrets...)
	}
	job.Secrets = append(job.Secrets, r.container(j.Container)...)
	if j.Services != nil {
		for _, name := range sortedKeys(j.Services.Value) {
			job.Secrets = append(job.Secrets, r.container(j.Services.Value[name].Container)...)
		}
	}
	job.Secrets = append(job.Secrets, r.call(j, &job)...)
	for i, s := range j.Steps {
		if s != nil {
			job.Steps = append(job.Steps, r.step(i, s, env, shellOf(j)))
		}
	}
	return job
}

// call reads what a job hands to a reusable workflow.
func (r *reader) call(j *actionlint.Job, job *Job) []SecretRef {
	c := j.WorkflowCall
	if c == nil {
		return nil
	}
	job.Uses = value(c.Uses)
	var out []SecretRef
	for _, k := range sortedKeys(c.Secrets) {
		out = append(out, r.at(c.Secrets[k].Value)...)
	}
	for _, k := range sortedKeys(c.Inputs) {
		out = append(out, r.at(c.Inputs[k].Value)...)
	}
	if c.InheritSecrets {
		all := SecretRef{Name: allSecrets, Line: r.where.line(0, j.Pos.Line, "inherit"), Col: 1, Form: "inherit"}
		r.inherited = append(r.inherited, all)
		out = append(out, all)
	}
	return out
}

func (r *reader) container(c *actionlint.Container) []SecretRef {
	if c == nil {
		return nil
	}
	var out []SecretRef
	if c.Credentials != nil {
		out = append(r.at(c.Credentials.Username), r.at(c.Credentials.Password)...)
	}
	for _, v := range r.environment(c.Env, nil) {
		out = append(out, v.secrets...)
	}
	return out
}

func (r *reader) step(index int, s *actionlint.Step, env []variable, shell string) Step {
	step := Step{Index: index, ID: value(s.ID), Name: value(s.Name), Line: s.Pos.Line}
	all := r.environment(s.Env, env)
	for _, v := range all[len(env):] {
		step.Secrets = append(step.Secrets, v.secrets...)
	}
	read := "" // what can name a variable of job or workflow
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		step.Run = value(e.Run)
		read = step.Run
		step.Secrets = append(step.Secrets, r.at(e.Run)...)
		r.script(&step, e, all, cmp.Or(value(e.Shell), shell))
	case *actionlint.ExecAction:
		step.Uses = value(e.Uses)
		for _, k := range sortedKeys(e.Inputs) {
			step.Secrets = append(step.Secrets, r.at(e.Inputs[k].Value)...)
			read += value(e.Inputs[k].Value) + "\n"
		}
	}
	step.Secrets = append(step.Secrets, passed(env, read)...)
	if e, ok := s.Exec.(*actionlint.ExecAction); ok {
		r.inputs(&step, e, all)
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

// passed lists the secrets of the variables that a text reads, by their names or by printing them all.
func passed(env []variable, text string) []SecretRef {
	var out []SecretRef
	if !slices.ContainsFunc(env, func(v variable) bool { return len(v.secrets) > 0 }) {
		return nil // which is so of most steps: the search for a dump costs more than the rest
	}
	whole := dumps(text)
	for _, v := range env {
		if len(v.secrets) > 0 && (whole || mentions(text, v.name)) {
			out = append(out, v.secrets...)
		}
	}
	return out
}

// script reads the destinations of a run step and puts them on their lines of the file.
func (r *reader) script(step *Step, e *actionlint.ExecRun, env []variable, shell string) {
	if e.Run == nil || e.Run.Pos == nil {
		return
	}
	first := e.Run.Pos.Line
	if at := r.where.offset(first, e.Run.Pos.Col); at < len(r.text) && (r.text[at] == '|' || r.text[at] == '>') {
		first++
	}
	got := r.scripts.read(runScript{text: step.Run, env: env, shell: shell})
	for _, d := range got.destinations {
		d.Line = r.where.line(d.Line, first, d.URL)
		step.Destinations = append(step.Destinations, d)
	}
	step.ReadsHistory = got.history
	if len(got.destinations) == MaxDestinations {
		r.cut(step)
	}
	if got.unread {
		r.problems = append(r.problems, fmt.Sprintf("line %d: a command grew too long once its variables were put in, and was read as written", step.Line))
	}
}

// inputs reads the hosts that an action is told of. Which secret goes to which is the action's to say: all of the step may.
func (r *reader) inputs(step *Step, e *actionlint.ExecAction, env []variable) {
	vars := map[string]string{}
	for _, v := range env {
		vars[v.name] = expand(v.value, vars)
	}
	var secrets, posted []string
	for _, s := range step.Secrets {
		secrets = append(secrets, s.Name)
		if s.All() {
			posted = []string{allSecrets}
		}
	}
	for _, k := range sortedKeys(e.Inputs) {
		v := e.Inputs[k].Value
		if v == nil || v.Pos == nil {
			continue
		}
		for _, u := range named(expand(v.Value, vars)) {
			d := to(Destination{Program: "with", Secrets: union(secrets), Posted: posted}, u)
			if d.Computed || len(step.Destinations) == MaxDestinations {
				continue
			}
			d.Line = r.where.line(0, v.Pos.Line, u)
			step.Destinations = append(step.Destinations, d)
		}
	}
	if len(step.Destinations) == MaxDestinations {
		r.cut(step)
	}
}

func (r *reader) cut(step *Step) {
	r.problems = append(r.problems, fmt.Sprintf("line %d: only the first %d destinations are listed", step.Line, MaxDestinations))
}

// variable is one environment variable with the secrets in its value.
type variable struct {
	name    string
	value   string
	secrets []SecretRef
}

// environment appends the variables of one env section, by name, to those of the sections around it.
func (r *reader) environment(e *actionlint.Env, outer []variable) []variable {
	out := slices.Clip(outer)
	if e == nil {
		return out
	}
	if e.Expression != nil {
		return append(out, variable{value: e.Expression.Value, secrets: r.at(e.Expression)})
	}
	for _, k := range sortedKeys(e.Vars) {
		v := e.Vars[k]
		out = append(out, variable{name: value(v.Name), value: value(v.Value), secrets: r.at(v.Value)})
	}
	return out
}

func shellOf(j *actionlint.Job) string {
	if j.Defaults == nil || j.Defaults.Run == nil {
		return ""
	}
	return value(j.Defaults.Run.Shell)
}

func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
