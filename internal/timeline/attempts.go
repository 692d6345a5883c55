package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// climb finds the highest step of the ladder that the records of one attempt show.
func (r *reader) climb(e *Execution) {
	key := keyOf(e.Run)
	e.Jobs = slices.SortedFunc(slices.Values(r.Facts.Jobs[key]), func(a, b evidence.Job) int { return cmp.Compare(a.JobID, b.JobID) })
	bare := func(j evidence.Job) bool { return j.Conclusion == "success" && len(j.Steps) == 0 }
	last := e.Run.UpdatedAt
	if last.Before(e.Run.CreatedAt) {
		last = e.Run.CreatedAt
	}
	// A list that was made while the run went on does not speak of what came after.
	told := r.jobsTold[key]
	e.Whole = !told.IsZero() && !told.Before(last) && !slices.ContainsFunc(e.Jobs, bare)
	skipped := r.leaked(e)
	since := r.Now.Sub(last)
	switch {
	case e.Ladder == Executed:
		r.readOutput(e)
	case e.Run.Status != "completed" && since > runLimit:
		e.Ladder, e.Reason = Unknown, fmt.Sprintf("the run was %s when it was last listed, %s, and no run lasts longer than 35 days: how it ended was not had",
			e.Run.Status, evidence.Stamp(last))
	case e.Run.Status != "completed":
		e.Ladder, e.Reason = Pending, awaited(e)
	case e.Run.Conclusion == "action_required" && since <= approvalTime:
		e.Ladder, e.Reason = Pending, "the run waits for approval; it can still be approved"
	case e.Run.Conclusion == "action_required" && len(e.Jobs) == 0 && !told.After(last.Add(approvalTime)):
		e.Ladder, e.Reason = Unknown, "the run waited for approval when its jobs were last listed: whether it was approved later was not looked at"
	case !anyStep(e.Jobs):
		r.stepless(e)
	default:
		e.Ladder, e.Excluded = Started, skipped && e.Whole && r.everyAttempt(e.Run.RunID)
		during := ""
		if e.Run.Conclusion == "cancelled" {
			during = "cancelled while its jobs ran; "
		}
		e.Reason = during + cmp.Or(e.Reason, "jobs ran; the leaking step is not among their records")
	}
}

// awaited says what a run that has not ended waits for.
func awaited(e *Execution) string {
	for _, j := range e.Jobs {
		if j.Status == "waiting" {
			return fmt.Sprintf("job %q waits for the approval or the timer of its environment", j.Name)
		}
	}
	switch e.Run.Status {
	case "waiting":
		return "the run is waiting for the approval or the timer of an environment"
	case "in_progress":
		return "the run is in_progress; of the leaking step there is no record yet"
	}
	return fmt.Sprintf("the run is %s: for a runner, or for its turn", e.Run.Status)
}

// stepless judges a completed attempt of which no step is on record: blocked only where nothing speaks for a record that is gone. A job that
// got a runner has steps, if only GitHub's own.
func (r *reader) stepless(e *Execution) {
	e.Ladder = Unknown
	gone, deleted := r.deleted[e.Run.RunID]
	ran := slices.IndexFunc(e.Jobs, func(j evidence.Job) bool { return j.RunnerName != "" })
	logged := slices.IndexFunc(e.Jobs, func(j evidence.Job) bool { return r.logOf(e.Run, j).Bytes > 0 })
	switch {
	case deleted:
		e.Reason = "the run was deleted, with the records of its jobs (" + gone + ")"
	case logged >= 0:
		e.Ladder, e.Reason = Started, fmt.Sprintf("job %q wrote a log; no step of it is on record", e.Jobs[logged].Name)
	case e.Run.Conclusion == "success":
		e.Reason = "the run ended with success, and no step is on record: the records are gone"
	case !e.Whole && len(e.Jobs) == 0:
		e.Reason = "the run exists; its jobs could not be listed"
	case !e.Whole:
		e.Reason = "no step is on record; its jobs were not listed to the end, or their steps are gone"
	case min(r.Now.Sub(e.Run.CreatedAt), r.jobsTold[keyOf(e.Run)].Sub(e.Run.CreatedAt)) > jobRetention:
		e.Reason = "the run is older than the 400 days for which records of jobs are kept"
	case !r.everyAttempt(e.Run.RunID):
		e.Reason = "no step is on record; another attempt of the run could not be had"
	case ran >= 0:
		e.Reason = fmt.Sprintf("a runner took job %q, and no step of it is on record: its steps are gone", e.Jobs[ran].Name)
	case len(e.Jobs) == 0:
		e.Ladder, e.Reason, e.Excluded = Blocked, ended(e.Run.Conclusion)+" without a job", true
	default:
		e.Ladder, e.Reason, e.Excluded = Blocked, fmt.Sprintf("%s: %d job(s), none began a step", ended(e.Run.Conclusion), len(e.Jobs)), true
	}
}

// ended words a conclusion for a run of which no job began.
func ended(conclusion string) string {
	switch conclusion {
	case "cancelled":
		return "completed (cancelled before a job began, by somebody or for another run of its concurrency group)"
	case "startup_failure":
		return "completed (startup_failure: GitHub could not or may not start it)"
	case "action_required":
		return "completed (action_required: nobody approved it in time)"
	}
	return "completed (" + conclusion + ")"
}

// everyAttempt reports that no attempt of a run is missing before the last one.
func (r *reader) everyAttempt(run int64) bool {
	last := 0
	for n := range r.attempts[run] {
		last = max(last, n)
	}
	return len(r.attempts[run]) == last
}

func keyOf(run evidence.Run) casefile.Attempt {
	return casefile.Attempt{RunID: run.RunID, Attempt: run.Attempt}
}

func anyStep(jobs []evidence.Job) bool {
	return slices.ContainsFunc(jobs, func(j evidence.Job) bool { return len(j.Steps) > 0 })
}

// countAttempts notes which attempts of each run were had, and when the jobs of each were last listed to the end, even if there were none.
func (r *reader) countAttempts() {
	r.attempts, r.jobsTold = map[int64]map[int]bool{}, map[casefile.Attempt]time.Time{}
	told := map[string]time.Time{}
	for _, v := range r.Facts.Coverage {
		if v.Origin == evidence.OriginJobs && v.Complete && v.To.After(told[v.Detail]) {
			told[v.Detail] = v.To
		}
	}
	for _, run := range r.runs {
		if r.attempts[run.RunID] == nil {
			r.attempts[run.RunID] = map[int]bool{}
		}
		r.attempts[run.RunID][run.Attempt] = true
		r.jobsTold[keyOf(run)] = told[fmt.Sprintf("run %d attempt %d", run.RunID, run.Attempt)]
	}
	r.logs = map[evidence.RunLog]evidence.RunLog{}
	for _, l := range r.Facts.Logs {
		r.logs[evidence.RunLog{RunID: l.RunID, Attempt: l.Attempt, JobID: l.JobID}] = l
	}
}

// logOf is the log of a job that the case holds; the zero log for none.
func (r *reader) logOf(run evidence.Run, j evidence.Job) evidence.RunLog {
	return r.logs[evidence.RunLog{RunID: run.RunID, Attempt: run.Attempt, JobID: j.JobID}]
}
