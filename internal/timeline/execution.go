package timeline

import (
	"maps"
	"time"

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

const (
	// jobRetention is how long GitHub keeps the records of jobs and steps: archived after 400 days
	// (https://github.blog/changelog/2022-12-07-changes-to-checks-data-retention/). Older, "no jobs" says nothing.
	jobRetention = 400 * 24 * time.Hour
	// approvalTime is how long a run can wait for approval; then GitHub gives it up
	// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/approve-runs-from-forks).
	approvalTime = 30 * 24 * time.Hour
	// runLimit is how long a run can last, waiting and approvals included (https://docs.github.com/en/actions/reference/limits).
	runLimit = 35 * 24 * time.Hour
	// rerunTime is how long after it was made a run can be run again, with the file and the commit that it had
	// (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs).
	rerunTime = 30 * 24 * time.Hour
)

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
	Excluded bool           // a complete record shows that the leaking step did not run
	Leaked   when.Instant   // the leaking step, from its start to its end; unknown unless executed
	Jobs     []evidence.Job // the records of the attempt, by id
	Whole    bool           // they were listed to the end, and nothing speaks for one that is gone since

	during  *Wave        // of a version that does harm in waves alone: the one in which it ran
	got     when.Instant // and when it got what the wave is about
	outside bool         // it ran in none
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
	r.findDeletions()
	var out []Execution
	for _, run := range r.runs {
		file := r.supplied(run, rows)
		if file.blob == "" && (file.known || !paths[file.path]) {
			continue
		}
		e := Execution{RunFact: run.ID(), Run: run, Ref: r.runRef(run), Path: file.path, Blob: file.blob, Campaign: r.Malicious[file.blob].Campaign}
		r.climb(&e)
		if file.why != "" {
			e.Reason += "; " + file.why
		}
		out = append(out, e)
	}
	return out
}
