package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// Steps of the execution ladder, and the answers beside it.
const (
	Targeted   = "targeted"   // a version was there that could take it
	Triggered  = "triggered"  // GitHub could start the version
	Started    = "started"    // a run exists
	Executed   = "executed"   // a job ran the leaking step
	Confirmed  = "confirmed"  // somebody saw the data
	Blocked    = "blocked"    // complete records: no job started
	Suppressed = "suppressed" // GitHub does not start a run for this
	Pending    = "pending"    // queued, waiting or still approvable: not yet an answer
	Unknown    = "unknown"    // the records that would tell are missing
)

// jobRetention is how long GitHub keeps the records of jobs and steps: archived after 400 days
// (https://github.blog/changelog/2022-12-07-changes-to-checks-data-retention/). Older, "no jobs" says nothing.
const jobRetention = 400 * 24 * time.Hour

// approvalTime is how long a run can wait for approval; then GitHub gives it up
// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/approve-runs-from-forks).
const approvalTime = 30 * 24 * time.Hour

// Execution is how far one attempt of a run of a malicious version got.
type Execution struct {
	RunFact  string // evidence id
	Run      evidence.Run
	Ref      evidence.Ref
	Path     string
	Blob     evidence.OID // empty: the file that it ran could not be had
	Campaign string
	Ladder   string
	Reason   string
	Excluded bool         // a complete record shows that the leaking step did not run
	Leaked   when.Instant // the leaking step, from its start to its end; unknown unless executed
}

// executions judges every run that ran, or may have run, a malicious version.
func (r *reader) executions(rows []Presence) []Execution {
	paths := maps.Clone(r.Suspect)
	if paths == nil {
		paths = map[string]bool{}
	}
	for _, p := range rows {
		paths[p.Path] = true
	}
	r.countAttempts()
	var out []Execution
	for _, run := range r.runs {
		path := run.WorkflowPath()
		blob, known := r.supplied(run, rows)
		if blob == "" && (known || !paths[path]) {
			continue
		}
		e := Execution{RunFact: run.ID(), Run: run, Ref: r.runRef(run), Path: path, Blob: blob, Campaign: r.Malicious[blob].Campaign}
		r.climb(&e)
		out = append(out, e)
	}
	return out
}

// targetMoved is when pull_request_target began to read the default branch instead of the base branch
// (https://github.blog/changelog/2025-11-07-actions-pull_request_target-and-environment-branch-protections-changes/).
var targetMoved = time.Date(2025, 12, 8, 0, 0, 0, 0, time.UTC)

// supplied is the malicious blob that a run ran. For most events the head commit supplies the file; schedule, workflow_run and their like read
// the default branch as it was. known is false where the file could not be had.
func (r *reader) supplied(run evidence.Run, rows []Presence) (blob evidence.OID, known bool) {
	path := run.WorkflowPath()
	base := run.Event == "pull_request_target" && run.CreatedAt.Before(targetMoved)
	if !defaultOnly[run.Event] || base {
		if base {
			return r.presentAt("", run, rows), true
		}
		return r.judged(run.HeadSHA, path)
	}
	return r.presentAt(r.defaultRef, run, rows), true
}

// presentAt is the version that a ref (any, where none is named) may have held at a path at a time, and that an event starts.
func (r *reader) presentAt(ref evidence.Ref, run evidence.Run, rows []Presence) evidence.OID {
	now := when.At(run.CreatedAt, when.Server)
	for _, p := range rows {
		if p.Path != run.WorkflowPath() || (ref != "" && p.Ref != ref) || !p.Added.PossiblyBefore(now) || (p.Gone && !now.PossiblyBefore(p.Removed)) {
			continue
		}
		blob := p.Versions[0].Blob
		for _, v := range p.Versions {
			if v.From.PossiblyBefore(now) {
				blob = v.Blob
			}
		}
		triggers := r.Malicious[blob].Triggers
		if len(triggers) == 0 || slices.ContainsFunc(triggers, func(t workflow.Trigger) bool { return t.Event == run.Event }) {
			return blob
		}
	}
	return ""
}

// climb finds the highest step of the ladder that the records of one attempt show.
func (r *reader) climb(e *Execution) {
	key := casefile.Attempt{RunID: e.Run.RunID, Attempt: e.Run.Attempt}
	jobs := slices.SortedFunc(slices.Values(r.Facts.Jobs[key]), func(a, b evidence.Job) int { return cmp.Compare(a.JobID, b.JobID) })
	skipped := r.leaked(e, jobs)
	complete := r.jobsTold[key]
	last := e.Run.UpdatedAt
	if last.Before(e.Run.CreatedAt) {
		last = e.Run.CreatedAt
	}
	switch {
	case e.Ladder == Executed:
	case e.Run.Status != "completed":
		e.Ladder, e.Reason = Pending, fmt.Sprintf("the run is %s", e.Run.Status)
	case e.Run.Conclusion == "action_required" && r.Now.Sub(last) <= approvalTime:
		e.Ladder, e.Reason = Pending, "the run waits for approval; it can still be approved"
	case !anyStep(jobs):
		r.stepless(e, len(jobs), complete && !slices.ContainsFunc(jobs, func(j evidence.Job) bool { return j.Conclusion == "success" }))
	default:
		e.Ladder, e.Excluded = Started, skipped && complete && r.everyAttempt(e.Run.RunID)
		e.Reason = cmp.Or(e.Reason, "jobs ran; the leaking step is not among their records")
	}
}

// stepless judges a completed attempt of which no step is on record: blocked only where nothing speaks for a record that is gone.
func (r *reader) stepless(e *Execution, jobs int, complete bool) {
	e.Ladder = Unknown
	switch {
	case e.Run.Conclusion == "success":
		e.Reason = "the run ended with success, and no step is on record: the records are gone"
	case !complete && jobs == 0:
		e.Reason = "the run exists; its jobs could not be listed"
	case !complete:
		e.Reason = "no step is on record; its jobs were not listed to the end, or their steps are gone"
	case r.Now.Sub(e.Run.CreatedAt) > jobRetention:
		e.Reason = "the run is older than the 400 days for which records of jobs are kept"
	case !r.everyAttempt(e.Run.RunID):
		e.Reason = "no step is on record; another attempt of the run could not be had"
	case jobs == 0:
		e.Ladder, e.Reason, e.Excluded = Blocked, fmt.Sprintf("completed (%s) without a job", e.Run.Conclusion), true
	default:
		e.Ladder, e.Reason, e.Excluded = Blocked, fmt.Sprintf("completed (%s): %d job(s), none began a step", e.Run.Conclusion, jobs), true
	}
}

// everyAttempt reports that no attempt of a run is missing before the last one.
func (r *reader) everyAttempt(run int64) bool {
	last := 0
	for n := range r.attempts[run] {
		last = max(last, n)
	}
	return len(r.attempts[run]) == last
}

// leaked looks for the leaking steps' own records, and takes the first to end. skipped reports that the records show of every leaking step
// that it did not run.
func (r *reader) leaked(e *Execution, jobs []evidence.Job) (skipped bool) {
	leaks := r.Malicious[e.Blob].Leaks
	skipped = len(leaks) > 0
	for _, leak := range leaks {
		seen := false
		for _, job := range jobs {
			if !jobIs(job, leak) {
				continue
			}
			seen = true
			step, found := leakingStep(job, leak)
			switch {
			case job.Conclusion == "skipped" && len(job.Steps) == 0:
				e.Reason = cmp.Or(e.Reason, fmt.Sprintf("job %q was skipped", job.Name))
			case found && step.Conclusion == "skipped":
				e.Reason = cmp.Or(e.Reason, fmt.Sprintf("step %q of job %q was skipped", step.Name, job.Name))
			case found && !step.StartedAt.IsZero() && step.Conclusion != "":
				skipped = false
				at := when.Between(when.Bound{At: step.StartedAt, Clock: when.Runner}, runnerBound(step.CompletedAt), job.ID())
				if e.Ladder != Executed || at.NotAfter.Known() && (!e.Leaked.NotAfter.Known() || at.NotAfter.At.Before(e.Leaked.NotAfter.At)) {
					e.Ladder, e.Leaked = Executed, at
					e.Reason = fmt.Sprintf("step %q of job %q ended with %s", step.Name, job.Name, step.Conclusion)
				}
			default:
				skipped = false
			}
		}
		skipped = skipped && seen
	}
	if !skipped && e.Ladder != Executed {
		e.Reason = ""
	}
	return skipped
}

func runnerBound(t time.Time) when.Bound {
	if t.IsZero() {
		return when.Bound{}
	}
	return when.Bound{At: t, Clock: when.Runner}
}

// jobIs matches a job's record by its shown name; a matrix adds " (values)" and a reusable workflow "caller / " to it. A leak without a step
// is a job that hands its secrets to such a workflow: all that it calls is that job.
func jobIs(job evidence.Job, leak Leak) bool {
	shown := job.Name
	if leak.StepIndex < 0 {
		shown, _, _ = strings.Cut(shown, " / ")
	} else if i := strings.LastIndex(shown, " / "); i >= 0 {
		shown = shown[i+3:]
	}
	bare, _, _ := strings.Cut(shown, " (")
	return shown == leak.JobName || bare == leak.JobName || shown == leak.JobID || bare == leak.JobID
}

// leakingStep finds the step's record by name; of several with one name, by place: GitHub numbers from 1 and puts "Set up job" first.
func leakingStep(job evidence.Job, leak Leak) (evidence.Step, bool) {
	const first = 2
	if leak.StepIndex < 0 {
		return evidence.Step{}, false
	}
	i := slices.IndexFunc(job.Steps, func(s evidence.Step) bool { return s.Name == leak.StepName && s.Number == int64(leak.StepIndex+first) })
	if i < 0 {
		i = slices.IndexFunc(job.Steps, func(s evidence.Step) bool { return s.Name == leak.StepName })
	}
	if i < 0 {
		return evidence.Step{}, false
	}
	return job.Steps[i], true
}

func anyStep(jobs []evidence.Job) bool {
	return slices.ContainsFunc(jobs, func(j evidence.Job) bool { return len(j.Steps) > 0 })
}

// countAttempts notes which attempts of each run were had, and of which the jobs were listed to the end, even if there were none.
func (r *reader) countAttempts() {
	r.attempts, r.jobsTold = map[int64]map[int]bool{}, map[casefile.Attempt]bool{}
	complete := map[string]bool{}
	for _, v := range r.Facts.Coverage {
		if v.Origin == evidence.OriginJobs && v.Complete {
			complete[v.Detail] = true
		}
	}
	for _, run := range r.runs {
		if r.attempts[run.RunID] == nil {
			r.attempts[run.RunID] = map[int]bool{}
		}
		r.attempts[run.RunID][run.Attempt] = true
		r.jobsTold[casefile.Attempt{RunID: run.RunID, Attempt: run.Attempt}] = complete[fmt.Sprintf("run %d attempt %d", run.RunID, run.Attempt)]
	}
}
