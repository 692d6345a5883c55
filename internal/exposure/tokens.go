package exposure

import (
	"slices"
	"time"

	"pentimento/internal/detect"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

const (
	// longestRun is how long after it was made a run can still begin a job (https://docs.github.com/en/actions/reference/limits).
	longestRun = 35 * 24 * time.Hour
	// tokenLife is how long a job's own token lives where the job does not end before
	// (https://docs.github.com/en/actions/concepts/security/github_token). OIDC tokens live for minutes.
	tokenLife = 24 * time.Hour
)

// ofJobs reports a credential that is made for each job and ends with it.
func ofJobs(secret string) bool { return secret == GitHubToken || secret == IDToken }

// identifies reports a version of which a job could ask for OIDC tokens.
func identifies(f detect.Finding) bool {
	return slices.ContainsFunc(f.Reach, func(r detect.Reach) bool { return r.IDToken == "yes" })
}

// expire closes the window of a token that ends with its job, where every job that could have had one has ended by now: of a run that is known
// when that was last changed, of one that nobody saw when no run of that time can last. What was done with it, above all a cloud session that an
// OIDC token opened, can outlive it.
func (w *windows) expire(x *Window) {
	if !ofJobs(x.Secret) || x.State == Closed {
		return
	}
	end, known := time.Time{}, true
	note := func(t time.Time) {
		if t.After(end) {
			end = t
		}
	}
	var ids []string
	var last time.Time // the last job that is on record
	for _, o := range w.Timeline.Opportunities {
		if o.Excluded || !exposes(w.rows[o.Presence]) || !w.takes(o.Blob, x.Secret) || o.Status == timeline.Matched && o.Head != "" {
			continue
		}
		if known = known && o.At.NotAfter.Known() && o.At.NotAfter.Clock >= when.Archive; known {
			note(o.At.NotAfter.At.Add(longestRun + tokenLife))
		}
	}
	for _, e := range w.Timeline.Executions {
		if !w.takes(e.Blob, x.Secret) || !w.ownRun(e) {
			continue
		}
		known = known && e.Run.Status == "completed" && e.Ladder != timeline.Pending
		note(e.Run.UpdatedAt)
		ids = append(ids, e.RunFact)
		for _, j := range e.Jobs {
			if j.CompletedAt.After(last) {
				last = j.CompletedAt
			}
		}
	}
	x.Reason = annotate(x.Reason, "a token of this kind ends with its job, after 24 hours at the latest; what was done with it can outlive it")
	if !known || end.IsZero() || end.After(w.Now) {
		return
	}
	from := when.Bound{At: last, Clock: when.Runner}
	if last.IsZero() || last.After(end) {
		from = when.Bound{}
	}
	x.State, x.Closed = Closed, when.Between(from, when.Bound{At: end, Clock: when.Server}, sortedIDs(ids)...)
}
