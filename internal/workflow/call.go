package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"pentimento/internal/script"
)

// Bounds on what is followed within a repository. GitHub takes ten levels of called workflows and fifty in one run, and ten levels of composite
// actions (https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations).
const (
	maxLevels = 10
	maxFollow = 50
)

// call reads what a job hands to a reusable workflow, and gives the jobs of that, where its text was handed in.
func (r *reader) call(j *actionlint.Job, job *Job, s *scope) []Job {
	c := j.WorkflowCall
	if c == nil {
		return nil
	}
	job.Uses = written(c.Uses)
	given, inputs := map[string]value{}, map[string]value{}
	for _, k := range sortedKeys(c.Secrets) {
		job.Secrets = append(job.Secrets, r.at(c.Secrets[k].Value, s)...)
		given[strings.ToUpper(k)] = s.resolve(written(c.Secrets[k].Value))
	}
	for _, k := range sortedKeys(c.Inputs) {
		job.Secrets = append(job.Secrets, r.at(c.Inputs[k].Value, s)...)
		inputs[strings.ToLower(k)] = s.resolve(written(c.Inputs[k].Value))
	}
	if c.InheritSecrets {
		for _, ref := range s.mapped([]SecretRef{{Name: allSecrets, Line: r.where.line(0, j.Pos.Line, "inherit"), Col: 1, Form: "inherit"}}) {
			r.inherited, job.Secrets = append(r.inherited, ref), append(job.Secrets, ref)
		}
		given = r.given
	}
	path, ok := strings.CutPrefix(job.Uses, "./")
	if !ok {
		return nil
	}
	w, sub, why := r.open(path, []string{path})
	if why == "" && !slices.ContainsFunc(w.On, func(e actionlint.Event) bool { return e.EventName() == "workflow_call" }) {
		why = "is not started by workflow_call"
	}
	r.local = append(r.local, Local{Path: path, Line: r.where.line(0, j.Pos.Line, "./"+path), Job: job.ID, Read: why == "", Why: why})
	if why != "" {
		return nil
	}
	sub.given, sub.inputs = given, inputs
	for _, e := range w.On {
		if e, ok := e.(*actionlint.WorkflowCallEvent); ok {
			sub.assume(e)
		}
	}
	f := sub.file(w)
	r.adopt(sub, job.Line)
	r.needs[strings.ToLower(job.ID)] = sub.results(w)
	return under(*job, path, f.Jobs)
}

// assume gives inputs that a caller leaves out what the called workflow says of them.
func (r *reader) assume(e *actionlint.WorkflowCallEvent) {
	for _, in := range e.Inputs {
		if _, told := r.inputs[strings.ToLower(in.ID)]; !told && in.Default != nil {
			r.inputs[strings.ToLower(in.ID)] = value{text: written(in.Default)}
		}
	}
}

// results is what a called workflow gives back to the job that calls it.
func (r *reader) results(w *actionlint.Workflow) map[string]value {
	out := map[string]value{}
	for _, e := range w.On {
		if e, ok := e.(*actionlint.WorkflowCallEvent); ok {
			for _, k := range sortedKeys(e.Outputs) {
				out[strings.ToLower(k)] = r.scope(nil).resolve(written(e.Outputs[k].Value))
			}
		}
	}
	return out
}

// under puts the jobs of a called workflow under the job that calls it, as GitHub names them.
func under(job Job, path string, called []Job) []Job {
	for i := range called {
		c := &called[i]
		var names []string
		for _, outer := range job.Names {
			for _, inner := range c.Names {
				if len(names) < maxCombinations {
					names = append(names, outer+" / "+inner)
				}
			}
		}
		c.ID, c.Name, c.Names, c.Line = job.ID+" / "+c.ID, job.Name+" / "+c.Name, union(names), job.Line
		if c.Via == "" {
			c.Via = path
		}
		for k := range c.Secrets {
			c.Secrets[k].Line, c.Secrets[k].Col = job.Line, 1
		}
		for k := range c.Steps {
			c.Steps[k].move(job.Line)
		}
	}
	return called
}

// move puts all that a step of another file does on one line of this one.
func (s *Step) move(line int) {
	s.Line, s.Action.Line = line, line
	for i := range s.Secrets {
		s.Secrets[i].Line, s.Secrets[i].Col = line, 1
	}
	for i := range s.Destinations {
		s.Destinations[i].Line = line
	}
	for i := range s.Exits {
		s.Exits[i].Line = line
	}
	for i := range s.Payloads {
		s.Payloads[i].Line = line
	}
}

// open parses another file of the repository, which may stand at any of the paths. Where it cannot be had, why says so.
func (r *reader) open(name string, paths []string) (w *actionlint.Workflow, sub *reader, why string) {
	text, why := r.find(name, paths)
	if why != "" {
		return nil, nil, why
	}
	if _, err := vet(text); err != nil {
		return nil, nil, err.Error()
	}
	w, _, err := syntax(text)
	if err != nil {
		return nil, nil, err.Error()
	}
	return w, r.below(name, text), ""
}

// find has the text of another file handed in.
func (r *reader) find(name string, paths []string) (text []byte, why string) {
	switch {
	case r.lookup == nil:
		return nil, "its text is not at hand"
	case slices.Contains(r.calls, name):
		return nil, "calls itself"
	case len(r.calls) >= maxLevels, *r.follow >= maxFollow:
		return nil, fmt.Sprintf("more than %d levels or %d files are called", maxLevels, maxFollow)
	}
	for _, p := range paths {
		if text, ok := r.lookup(p); ok {
			*r.follow++
			if len(text) > MaxSize {
				return nil, "is larger than this program parses"
			}
			return decoded(text), ""
		}
	}
	return nil, "its text is not at hand"
}

// below is a reader for a file that this one refers to.
func (r *reader) below(name string, text []byte) *reader {
	sub := *r
	sub.text, sub.where, sub.calls = text, newLocator(text, r.where.expressions), append(slices.Clip(r.calls), name)
	sub.needs, sub.local, sub.problems, sub.notes, sub.inherited, sub.beside = map[string]map[string]value{}, nil, nil, nil, nil, nil
	return &sub
}

// adopt takes over what a called file refers to and what is wrong with it.
func (r *reader) adopt(sub *reader, line int) {
	for _, l := range sub.local {
		l.Line = line
		r.local = append(r.local, l)
	}
	for _, p := range sub.problems {
		r.problem("line %d: in the file that is used: %s", line, p)
	}
}

// composite reads the steps of an action in the same repository as part of the step that uses it.
func (run *jobRun) composite(step *Step, list []input, s *scope) {
	r := run.reader
	path := step.Action.Path
	text, why := r.find(path, []string{join2(path, "action.yml"), join2(path, "action.yaml")})
	var act compositeAction
	var w *actionlint.Workflow
	if why == "" {
		var err error
		if act, w, err = parseComposite(text); err != nil {
			why = err.Error()
		}
	}
	r.local = append(r.local, Local{Path: path, Line: step.Line, Job: run.job, Read: why == "", Why: why})
	if why != "" {
		return
	}
	sub := r.below(path, nil)
	sub.inputs = map[string]value{}
	for name, text := range act.defaults {
		sub.inputs[name] = value{text: text}
	}
	for _, in := range list {
		sub.inputs[in.name] = in.value
	}
	inner := jobRun{reader: sub, scope: &scope{given: map[string]value{}, inputs: sub.inputs, matrix: s.matrix, needs: map[string]map[string]value{}, stood: s.stood, budget: s.budget, expressions: s.expressions},
		env: environment{list: s.env}, job: run.job, left: script.Job{Files: run.left.Files, Env: run.left.Env, Outputs: map[string]script.Carried{}}}
	for _, j := range w.Jobs {
		for i, st := range j.Steps {
			if st == nil {
				continue
			}
			did := inner.step(i, st)
			did.move(step.Line)
			step.take(did)
		}
	}
	run.left.Files, run.left.Env = inner.left.Files, inner.left.Env
	for name, text := range act.outputs {
		if c := inner.at(s.env).resolve(text).Carried; !empty(c) && step.ID != "" {
			run.left.Outputs[strings.ToLower(step.ID+"."+name)] = c
		}
	}
	r.adopt(sub, step.Line)
}

// take adds what a step of an action does to the step that uses the action.
func (s *Step) take(did Step) {
	s.Secrets = append(s.Secrets, did.Secrets...)
	s.Destinations = append(s.Destinations, did.Destinations[:min(len(did.Destinations), MaxDestinations-len(s.Destinations))]...)
	s.Exits, s.Payloads = append(s.Exits, did.Exits...), append(s.Payloads, did.Payloads...)
	s.Loot, s.Programs = union(s.Loot, did.Loot), union(s.Programs, did.Programs)
	s.Registers, s.ReadsHistory = s.Registers || did.Registers, s.ReadsHistory || did.ReadsHistory
}

func join2(folder, file string) string {
	if folder == "" {
		return file
	}
	return folder + "/" + file
}

// compositeAction is what an action's file says of its inputs and outputs, names lower-cased.
type compositeAction struct {
	defaults map[string]string
	outputs  map[string]string
}

// parseComposite reads an action's file.
func parseComposite(text []byte) (out compositeAction, w *actionlint.Workflow, err error) {
	out = compositeAction{defaults: map[string]string{}, outputs: map[string]string{}}
	root, err := vet(text)
	if err != nil {
		return out, nil, err
	}
	runs := child(child(root, ""), "runs")
	if using := child(runs, "using"); using == nil || using.Value != "composite" {
		return out, nil, errors.New("is an action that is no list of steps")
	}
	steps := child(runs, "steps")
	if steps == nil {
		return out, nil, errors.New("has no steps")
	}
	for name, in := range entries(child(child(root, ""), "inputs")) {
		if d := child(in, "default"); d != nil {
			out.defaults[name] = d.Value
		}
	}
	for name, o := range entries(child(child(root, ""), "outputs")) {
		if v := child(o, "value"); v != nil {
			out.outputs[name] = v.Value
		}
	}
	_, w, err = stepsOf(steps)
	return out, w, err
}

// child is the value of a key; of a document, its root where the key is empty. Nil for none.
func child(n *yaml.Node, key string) *yaml.Node {
	switch {
	case n == nil:
	case n.Kind == yaml.AliasNode:
		return child(n.Alias, key)
	case n.Kind == yaml.DocumentNode && len(n.Content) > 0:
		return n.Content[0]
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

func entries(n *yaml.Node) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[strings.ToLower(n.Content[i].Value)] = n.Content[i+1]
		}
	}
	return out
}
