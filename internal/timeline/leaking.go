package timeline

import (
	"cmp"
	"fmt"
	"regexp"
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
			case found && hasBegun(step):
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
	return bears(shown, name) || bears(bare, name) || shown == id || bare == id
}

// bears reports whether a shown name is one that was written so. An expression in it may become anything.
func bears(shown, written string) bool {
	head, rest, open := strings.Cut(written, "${{")
	if !open {
		return shown == written
	}
	shown, fits := strings.CutPrefix(shown, head)
	for open && fits {
		_, rest, _ = strings.Cut(rest, "}}")
		var literal string
		if literal, rest, open = strings.Cut(rest, "${{"); !open {
			return strings.HasSuffix(shown, literal)
		}
		_, shown, fits = strings.Cut(shown, literal)
	}
	return fits
}

// innermost is the last part of "caller / called".
func innermost(s string) string {
	if i := strings.LastIndex(s, " / "); i >= 0 {
		return s[i+len(" / "):]
	}
	return s
}

// leakingStep finds the step's record by name; of several with one name by place, as far as that is sure. GitHub numbers from 1, puts "Set up job"
// first and steps of its own behind it: where there are such, a step that was skipped may be the one beside.
func leakingStep(job evidence.Job, leak Leak) (step evidence.Step, found bool) {
	const first = 2
	if leak.StepIndex < 0 {
		return evidence.Step{}, false
	}
	place, shifted, began := int64(leak.StepIndex+first), false, false
	var named []evidence.Step
	for _, s := range job.Steps {
		if s.Number >= first && s.Number <= place && inserted.MatchString(s.Name) {
			place, shifted = place+1, true
		}
		if bears(s.Name, leak.StepName) {
			named, began = append(named, s), began || hasBegun(s)
		}
	}
	if len(named) == 0 {
		return evidence.Step{}, false
	}
	i := slices.IndexFunc(named, func(s evidence.Step) bool { return s.Number == place })
	switch {
	case len(named) == 1 || !began:
		return named[0], true
	case i < 0 || shifted && !hasBegun(named[i]):
		return evidence.Step{}, false
	}
	return named[i], true
}

// inserted are names of steps that GitHub puts between "Set up job" and the first of the file.
var inserted = regexp.MustCompile(`^(?:Set up runner$|Initialize containers$|Pre |Build |Pull )`)

func hasBegun(s evidence.Step) bool {
	return !s.StartedAt.IsZero() && s.Conclusion != "skipped" && (s.Conclusion != "" || s.Status == "in_progress")
}
