package workflow

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// reader turns actionlint's tree into a [File].
type reader struct {
	text      []byte
	where     *locator
	parser    *Parser
	problems  []string                  // why not all was read
	beside    []Step                    // what services are told, see [reader.serves]
	notes     []string                  // what is odd of scripts that were read
	inherited []SecretRef               // "secrets: inherit" of the jobs read so far: no expression, so no scalar shows it
	stood     map[string]script.Carried // see scope; shared with the files that this one calls
	budget    *int                      // likewise
	work      *int                      // bytes that scripts may still be read with, environment included; shared likewise
	local     []Local
	lookup    func(path string) ([]byte, bool) // nil where no other file can be had
	calls     []string                         // paths of the files that lead here, against cycles
	follow    *int                             // files followed so far
	given     map[string]value                 // see scope
	inputs    map[string]value
	needs     map[string]map[string]value
	defaults  *actionlint.Defaults
	fallback  Permissions
}

const (
	// maxSubstituted bounds the text that takes the place of expressions, per file: values are made of values.
	maxSubstituted = 4 << 20
	// maxWork bounds the scripts of a file together with the environment that each is read with: every step has that of its job.
	maxWork = 24 << 20
	// maxEnv bounds the variables around one step.
	maxEnv = 2000
)

func (p *Parser) reader(text []byte) *reader {
	budget, work, follow := maxSubstituted, maxWork, 0
	return &reader{text: text, where: newLocator(text, &p.expressions), parser: p, budget: &budget, work: &work, follow: &follow, stood: map[string]script.Carried{}, needs: map[string]map[string]value{}}
}

func (r *reader) scope(env []script.Variable) *scope {
	return &scope{given: r.given, inputs: r.inputs, needs: r.needs, env: env, stood: r.stood, budget: r.budget, expressions: &r.parser.expressions}
}

func (r *reader) file(w *actionlint.Workflow) File {
	f := File{Name: written(w.Name), RunName: written(w.RunName), Permissions: permissions(w.Permissions), Concurrency: concurrency(w.Concurrency)}
	for _, e := range w.On {
		f.Triggers = append(f.Triggers, trigger(e))
	}
	r.defaults, r.fallback = w.Defaults, f.Permissions
	global := r.environment(w.Env, r.scope(nil))
	jobs := make([]*actionlint.Job, 0, len(w.Jobs))
	for _, j := range w.Jobs {
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b *actionlint.Job) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), strings.Compare(written(a.ID), written(b.ID)))
	})
	read := map[*actionlint.Job][]Job{}
	for _, j := range inOrder(jobs) {
		read[j] = r.job(j, global)
	}
	for _, j := range jobs {
		f.Jobs = append(f.Jobs, read[j]...)
	}
	for _, j := range f.Jobs {
		for _, s := range j.Steps {
			f.Destinations = append(f.Destinations, s.Destinations...)
		}
	}
	for _, s := range r.beside {
		f.Destinations = append(f.Destinations, s.Destinations...)
	}
	f.Local, f.Loose = r.local, r.beside
	return f
}

// inOrder puts the jobs that others need before those, as far as that can be.
func inOrder(jobs []*actionlint.Job) []*actionlint.Job {
	if !slices.ContainsFunc(jobs, func(j *actionlint.Job) bool { return len(j.Needs) > 0 }) {
		return jobs
	}
	byID := map[string]*actionlint.Job{}
	for _, j := range jobs {
		byID[strings.ToLower(written(j.ID))] = j
	}
	out := make([]*actionlint.Job, 0, len(jobs))
	seen := map[*actionlint.Job]bool{}
	var visit func(j *actionlint.Job, depth int)
	visit = func(j *actionlint.Job, depth int) {
		if j == nil || seen[j] || depth > maxNeeds {
			return
		}
		seen[j] = true
		for _, n := range j.Needs {
			visit(byID[strings.ToLower(written(n))], depth+1)
		}
		out = append(out, j)
	}
	for _, j := range jobs {
		visit(j, 0)
	}
	return out
}

// maxNeeds bounds how long a chain of jobs is followed: it is walked by recursion.
const maxNeeds = 1000

// job gives a job, and behind it the jobs of the workflow that it calls, where that was handed in.
func (r *reader) job(j *actionlint.Job, global environment) []Job {
	m := matrixOf(j.Strategy)
	job := Job{ID: written(j.ID), Name: written(j.Name), Line: j.Pos.Line, If: written(j.If), Needs: values(j.Needs), Concurrency: concurrency(j.Concurrency),
		ContinueOnError: boolean(j.ContinueOnError), Permissions: r.fallback}
	job.Name = cmp.Or(job.Name, job.ID)
	job.Names = m.names(job.Name, &r.parser.expressions)
	if j.Permissions != nil {
		job.Permissions = permissions(j.Permissions)
	}
	if j.TimeoutMinutes != nil {
		job.Timeout = number(j.TimeoutMinutes)
	}
	s := r.scope(global.list)
	s.matrix = m.values
	if j.Environment != nil {
		job.Environment, job.EnvironmentURL = written(j.Environment.Name), written(j.Environment.URL)
	}
	job.RunsOn = runsOn(j.RunsOn, s)
	env := r.within(global, j.Env, s)
	job.Secrets = append(job.Secrets, env.refs[len(global.refs):]...)
	before := len(env.refs)
	env = r.container(&job, j.Container, env, s)
	if j.Services != nil {
		for _, name := range sortedKeys(j.Services.Value) {
			r.container(&job, j.Services.Value[name].Container, env, s)
		}
	}
	env.own = before
	run := jobRun{reader: r, scope: s, env: env, shell: shellOf(j.Defaults, r.defaults), folder: folderOf(j.Defaults, r.defaults), matrix: m, job: job.ID,
		left: script.Job{Files: map[string]script.Carried{}, Outputs: map[string]script.Carried{}}}
	r.services(job, j, s)
	if len(job.RunsOn) > 0 && !slices.ContainsFunc(job.RunsOn, func(l string) bool { return !strings.HasPrefix(strings.ToLower(l), "windows") }) {
		run.own = "pwsh" // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
	}
	called := r.call(j, &job, s)
	job.Steps = slices.Grow(job.Steps, len(j.Steps))
	for i, st := range j.Steps {
		if st != nil {
			job.Steps = append(job.Steps, run.step(i, st))
		}
	}
	r.hand(&run, j)
	return append([]Job{job}, called...)
}

// hand keeps what the outputs of a job give to the jobs that need it.
func (r *reader) hand(run *jobRun, j *actionlint.Job) {
	if len(j.Outputs) == 0 {
		return
	}
	s := run.at(run.env.list)
	out := map[string]value{}
	for _, k := range sortedKeys(j.Outputs) {
		v := s.resolve(written(j.Outputs[k].Value))
		if strings.Contains(v.text, "steps.") {
			v.text = ""
		}
		out[strings.ToLower(k)] = v
	}
	r.needs[strings.ToLower(written(j.ID))] = out
}

func runsOn(r *actionlint.Runner, s *scope) []string {
	if r == nil {
		return nil
	}
	var out []string
	for _, l := range append(slices.Clip(r.Labels), r.LabelsExpr) {
		if l == nil {
			continue
		}
		text := s.resolve(l.Value).text
		if m := wholeMatrix.FindStringSubmatch(text); m != nil && len(s.matrix[strings.ToLower(m[1])]) > 0 {
			out = append(out, s.matrix[strings.ToLower(m[1])]...)
			continue
		}
		out = append(out, text)
	}
	return out
}

// container reads the environment, the credentials and the options of a container; run steps of the job see its variables.
func (r *reader) container(job *Job, c *actionlint.Container, env environment, s *scope) environment {
	if c == nil {
		return env
	}
	var texts []*actionlint.String
	if c.Credentials != nil {
		texts = append(texts, c.Credentials.Username, c.Credentials.Password)
	}
	for _, t := range append(append(texts, c.Image, c.Options), c.Volumes...) {
		job.Secrets = append(job.Secrets, r.at(t, s)...)
	}
	with := r.within(env, c.Env, s)
	job.Secrets = append(job.Secrets, with.refs[len(env.refs):]...)
	return with
}

func shellOf(levels ...*actionlint.Defaults) string {
	for _, d := range levels {
		if d != nil && d.Run != nil && d.Run.Shell != nil {
			return written(d.Run.Shell)
		}
	}
	return ""
}

func folderOf(levels ...*actionlint.Defaults) string {
	for _, d := range levels {
		if d != nil && d.Run != nil && d.Run.WorkingDirectory != nil {
			return written(d.Run.WorkingDirectory)
		}
	}
	return ""
}
