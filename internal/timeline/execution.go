package timeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
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
	var out []Execution
	for _, run := range r.Facts.Runs {
		path := run.WorkflowPath()
		blob, known := r.supplied(run, rows)
		if blob == "" && (known || !paths[path]) {
			continue
		}
		e := Execution{RunFact: run.ID(), Run: run, Ref: runRef(run, r.listed), Path: path, Blob: blob, Campaign: r.Malicious[blob].Campaign}
		r.climb(&e)
		out = append(out, e)
	}
	return out
}

// runRef is the ref of a run: GitHub gives a bare name, which is a tag's only where no branch of that name is told of.
func runRef(run evidence.Run, listed map[evidence.Ref]evidence.ListedRef) evidence.Ref {
	if run.HeadBranch == "" {
		return ""
	}
	tag, branch := evidence.Ref("refs/tags/"+run.HeadBranch), evidence.Ref("refs/heads/"+run.HeadBranch)
	if _, isTag := listed[tag]; isTag {
		if _, both := listed[branch]; !both {
			return tag
		}
	}
	return branch
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
			return r.presentAt("", path, run.CreatedAt, rows), true
		}
		files, ok := r.malicious(run.HeadSHA)
		return files[path], ok
	}
	return r.presentAt(r.defaultRef, path, run.CreatedAt, rows), true
}

// presentAt is the version that a ref (any, where none is named) may have held at a path at a time.
func (r *reader) presentAt(ref evidence.Ref, path string, at time.Time, rows []Presence) evidence.OID {
	now := when.At(at, when.Server)
	for _, p := range rows {
		if p.Path != path || (ref != "" && p.Ref != ref) || !p.Added.PossiblyBefore(now) || (p.Gone && !now.PossiblyBefore(p.Removed)) {
			continue
		}
		blob := p.Versions[0].Blob
		for _, v := range p.Versions {
			if v.From.PossiblyBefore(now) {
				blob = v.Blob
			}
		}
		return blob
	}
	return ""
}

// climb finds the highest step of the ladder that the records of one attempt show.
func (r *reader) climb(e *Execution) {
	key := casefile.Attempt{RunID: e.Run.RunID, Attempt: e.Run.Attempt}
	jobs := r.Facts.Jobs[key]
	expired := r.Now.Sub(e.Run.CreatedAt) > jobRetention
	if r.leaked(e, jobs) {
		return
	}
	listed := len(jobs) > 0 || r.jobsListed(key)
	switch {
	case e.Run.Status != "completed":
		e.Ladder, e.Reason = Pending, fmt.Sprintf("the run is %s", e.Run.Status)
	case e.Run.Conclusion == "action_required" && r.Now.Sub(e.Run.UpdatedAt) <= approvalTime:
		e.Ladder, e.Reason = Pending, "the run waits for approval; it can still be approved"
	case !listed:
		e.Ladder, e.Reason = Unknown, "the run exists; its jobs could not be listed"
	case expired && !anyStep(jobs):
		e.Ladder, e.Reason = Unknown, "the run is older than the 400 days for which records of jobs are kept"
	case len(jobs) == 0:
		e.Ladder, e.Reason, e.Excluded = Blocked, fmt.Sprintf("completed (%s) without a job", e.Run.Conclusion), true
	case !anyStep(jobs):
		e.Ladder, e.Reason, e.Excluded = Blocked, fmt.Sprintf("completed (%s): %d job(s), none began a step", e.Run.Conclusion, len(jobs)), true
	case e.Reason == "":
		e.Ladder, e.Reason = Started, "jobs ran; the leaking step is not among their records"
	default:
		e.Ladder = Started
	}
}

// leaked looks for the leaking step's own record. It sets a reason where that record shows that the step did not run.
func (r *reader) leaked(e *Execution, jobs []evidence.Job) bool {
	seen, skipped := 0, 0
	for _, leak := range r.Malicious[e.Blob].Leaks {
		for _, job := range jobs {
			if !jobIs(job, leak) {
				continue
			}
			seen++
			step, found := leakingStep(job, leak)
			switch {
			case !found:
			case step.Conclusion == "skipped":
				skipped++
				e.Reason = fmt.Sprintf("step %q of job %q was skipped", step.Name, job.Name)
			case !step.StartedAt.IsZero() && step.Conclusion != "":
				e.Ladder = Executed
				e.Reason = fmt.Sprintf("step %q of job %q ended with %s", step.Name, job.Name, step.Conclusion)
				e.Leaked = when.Between(when.Bound{At: step.StartedAt, Clock: when.Runner}, runnerBound(step.CompletedAt), job.ID())
				return true
			}
		}
	}
	e.Excluded = seen > 0 && skipped == seen
	return false
}

func runnerBound(t time.Time) when.Bound {
	if t.IsZero() {
		return when.Bound{}
	}
	return when.Bound{At: t, Clock: when.Runner}
}

// jobIs matches a job's record by its shown name; a matrix adds " (values)" and a reusable workflow "caller / " to it.
func jobIs(job evidence.Job, leak Leak) bool {
	shown := job.Name
	if i := strings.LastIndex(shown, " / "); i >= 0 {
		shown = shown[i+3:]
	}
	bare, _, _ := strings.Cut(shown, " (")
	return shown == leak.JobName || bare == leak.JobName || shown == leak.JobID || bare == leak.JobID
}

// leakingStep finds the step's record by name, else by place: GitHub numbers from 1 and puts "Set up job" first.
func leakingStep(job evidence.Job, leak Leak) (evidence.Step, bool) {
	const first = 2
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

// jobsListed reports that the jobs of an attempt were listed to the end, even if there were none.
func (r *reader) jobsListed(a casefile.Attempt) bool {
	detail := fmt.Sprintf("run %d attempt %d", a.RunID, a.Attempt)
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		return v.Origin == evidence.OriginJobs && v.Detail == detail && v.Complete
	})
}
