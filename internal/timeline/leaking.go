package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// leaked looks for the leaking steps' own records, and takes the first to end. skipped reports that the records show of every leaking step
// that it did not run. A step that has begun counts, however it ended: what it sent first is sent.
func (r *reader) leaked(e *Execution) (skipped bool) {
	leaks := r.Malicious[e.Blob].Leaks
	skipped = len(leaks) > 0
	for _, leak := range leaks {
		seen := false
		for _, job := range e.Jobs {
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
			case found && !step.StartedAt.IsZero() && (step.Conclusion != "" || step.Status == "in_progress"):
				skipped = false
				at := when.Between(when.Bound{At: step.StartedAt, Clock: when.Runner}, runnerBound(step.CompletedAt), job.ID())
				if e.Ladder != Executed || at.NotAfter.Known() && (!e.Leaked.NotAfter.Known() || at.NotAfter.At.Before(e.Leaked.NotAfter.At)) {
					e.Ladder, e.Leaked = Executed, at
					e.Reason = fmt.Sprintf("step %q of job %q %s", step.Name, job.Name, outcome(step))
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

func outcome(s evidence.Step) string {
	switch s.Conclusion {
	case "":
		return "began, and its end is not on record"
	case "cancelled":
		return "was cancelled after it had begun"
	}
	return "ended with " + s.Conclusion
}

func runnerBound(t time.Time) when.Bound {
	if t.IsZero() {
		return when.Bound{}
	}
	return when.Bound{At: t, Clock: when.Runner}
}

// jobIs matches the record of a job that leaks.
func jobIs(job evidence.Job, leak Leak) bool {
	return Shows(job, leak.JobID, leak.JobName, leak.StepIndex < 0)
}

// Shows reports whether a record is of the job with this id and name in the file. The shown name is what the record has; a matrix adds
// " (values)" and a reusable workflow "caller / " to it. A job that calls such a workflow is all that this runs.
func Shows(job evidence.Job, id, name string, calls bool) bool {
	shown := job.Name
	if calls {
		shown, _, _ = strings.Cut(shown, " / ")
	} else {
		shown, id, name = innermost(shown), innermost(id), innermost(name)
	}
	bare, _, _ := strings.Cut(shown, " (")
	return shown == name || bare == name || shown == id || bare == id
}

// innermost is the last part of "caller / called".
func innermost(s string) string {
	if i := strings.LastIndex(s, " / "); i >= 0 {
		return s[i+len(" / "):]
	}
	return s
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
