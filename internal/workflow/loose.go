package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"pentimento/internal/script"
)

// loose reads the steps of a parsed file that stand in no job as this program knows jobs: behind a key that is there twice, in an action's file, or
// in a section newer than this program. Where GitHub refuses the file they did not run; it is not for an attacker to know better.
func (r *reader) loose(f *File, root *yaml.Node) {
	known := map[int]bool{}
	for s := range f.Steps() {
		known[s.Line] = true
	}
	var found []looseStep
	findLoose(root, nil, known, &found)
	if len(found) == 0 {
		return
	}
	nodes := make([]*yaml.Node, len(found))
	for i, l := range found {
		nodes[i] = l.node
	}
	_, w, err := stepsOf(nodes)
	if err != nil {
		r.problem("line %d: steps that stand where none is could not be read: %s", found[0].node.Line, oneLine(err.Error()))
		return
	}
	sub := r.below("", nil)
	for _, j := range w.Jobs {
		run := jobRun{reader: sub, scope: sub.scope(nil), left: script.Job{Files: map[string]script.Carried{}, Outputs: map[string]script.Carried{}}}
		for i, s := range j.Steps {
			if s == nil || i >= len(found) {
				continue
			}
			n := found[i].node
			run.env = sub.above(found[i].env, run.scope)
			step := run.step(i, s)
			step.move(n.Line)
			for k := range step.Destinations {
				step.Destinations[k].Line = r.where.line(0, n.Line, step.Destinations[k].URL)
			}
			f.Loose = append(f.Loose, step)
			f.Destinations = append(f.Destinations, step.Destinations...)
			r.problem("line %d: a script stands where no step is", n.Line)
		}
	}
	for _, p := range sub.problems {
		r.problem("line %d: in a step that stands where none is: %s", found[0].node.Line, p)
	}
}

// looseStep is a mapping that looks like a step, with the sections of variables around it, outer ones first.
type looseStep struct {
	node *yaml.Node
	env  []*yaml.Node
}

// findLoose lists the mappings with a script or an action that are not among those on the known lines. A job that calls a workflow has an action,
// too, and is none.
func findLoose(n *yaml.Node, env []*yaml.Node, known map[int]bool, found *[]looseStep) {
	if n == nil || len(*found) >= maxBlocks {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			findLoose(c, env, known, found)
		}
		return
	}
	run, uses := child(n, "run"), child(n, "uses")
	script := run != nil && run.Kind == yaml.ScalarNode
	action := uses != nil && uses.Kind == yaml.ScalarNode && !strings.Contains(uses.Value, ".github/workflows/") && child(n, "secrets") == nil
	if script || action {
		if !known[n.Line] {
			*found = append(*found, looseStep{node: n, env: env})
		}
		return
	}
	if e := child(n, "env"); e != nil && e.Kind == yaml.MappingNode {
		env = append(slices.Clip(env), e)
	}
	for i := 1; i < len(n.Content); i += 2 {
		findLoose(n.Content[i], env, known, found)
	}
}

// above is the environment that sections of variables make.
func (r *reader) above(sections []*yaml.Node, s *scope) environment {
	var out environment
	for _, e := range sections {
		for i := 0; i+1 < len(e.Content) && len(out.list) < maxEnv; i += 2 {
			v := s.resolve(e.Content[i+1].Value)
			for _, ref := range through(v.Carried, e.Content[i+1].Line, e.Content[i+1].Column) {
				out.refs, out.of = append(out.refs, ref), append(out.of, len(out.list))
			}
			out.list = append(out.list, script.Variable{Name: e.Content[i].Value, Value: v.text, Carried: v.Carried})
		}
	}
	return out
}

// stepsOf parses steps that stand elsewhere than in a job, by writing them out again as those of one: actionlint parses workflows alone.
func stepsOf(steps any) (text []byte, w *actionlint.Workflow, err error) {
	defer recovered(&err)
	text, err = yaml.Marshal(map[string]any{"on": "push", "jobs": map[string]any{"a": map[string]any{"runs-on": "a", "steps": steps}}})
	if err != nil {
		return nil, nil, fmt.Errorf("write steps: %w", err)
	}
	w, _, err = syntax(text)
	return text, w, err
}

// serves is what a job's service or container is told of hosts and given to send there: its image runs beside the steps, or around them, and what it
// does is not seen. It is a step in no job, since GitHub records none for it.
func (r *reader) serves(job Job, name string, c *actionlint.Container, s *scope) (Step, bool) {
	if c == nil || c.Env == nil {
		return Step{}, false
	}
	image := written(c.Image)
	step := Step{Index: -1, Name: name, Uses: "docker://" + image, Action: action("docker://"+image, job.Line), Line: job.Line}
	var list []input
	for _, k := range sortedKeys(c.Env.Vars) {
		v := c.Env.Vars[k].Value
		if v == nil || v.Pos == nil {
			continue
		}
		step.Secrets = append(step.Secrets, r.at(v, s)...)
		list = append(list, input{name: strings.ToLower(k), means: unclear, at: v, value: s.resolve(v.Value)})
	}
	if len(step.Secrets) == 0 {
		return Step{}, false
	}
	run := jobRun{reader: r, scope: s}
	run.hosts(&step, list, value{}, script.Carried{})
	return step, slices.ContainsFunc(step.Destinations, func(d Destination) bool { return !d.Computed })
}

// services reads what the services of a job are told.
func (r *reader) services(job Job, j *actionlint.Job, s *scope) {
	if j.Services == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(j.Services.Value)) {
		if step, ok := r.serves(job, name, j.Services.Value[name].Container, s); ok {
			r.beside = append(r.beside, step)
		}
	}
}
