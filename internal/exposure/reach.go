package exposure

import (
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

// Whether a job began, by the records of its run.
const (
	Began       = "yes"
	NeverBegan  = "no" // a complete record shows it
	MayHave     = "unknown"
	IDToken     = "id-token"     // stands for the OIDC tokens that a job could ask for
	GitHubToken = "GITHUB_TOKEN" // each job's own
)

// CouldRead is what one job of one attempt could read, as its file says: from the moment it began, whatever it did.
type CouldRead struct {
	Execution timeline.Execution
	Job       string // its id in the file; empty where the file could not be read as jobs
	Began     string
	detect.Reach
	Reason   string
	Evidence []string
}

// Names lists the secrets, with the words that stand for more than one.
func (c CouldRead) Names() []string {
	out := slices.Clone(c.Secrets)
	if c.AllSecrets {
		out = append(out, AllSecrets)
	}
	if c.History {
		out = append(out, History)
	}
	return out
}

// CouldBeRead lists the jobs of every run that gets the repository's secrets. A job of a pull request from a fork, or of Dependabot, gets none.
func CouldBeRead(in Input) []CouldRead {
	w := newWindows(in)
	var out []CouldRead
	for _, e := range in.Timeline.Executions {
		if !w.ownRun(e) {
			continue
		}
		for _, r := range in.Findings[e.Blob].Reach {
			c := CouldRead{Execution: e, Job: r.JobID, Reach: r, Evidence: []string{e.RunFact, "blob-" + string(e.Blob)}}
			c.began()
			w.handed(&c)
			c.Evidence = sortedIDs(c.Evidence)
			out = append(out, c)
		}
	}
	return out
}

// began judges by the records of the attempt whether the job began: one with a step that is no skipped one did. An environment's protection
// lets a job begin or not: what has begun had its secrets.
func (c *CouldRead) began() {
	e := c.Execution
	c.Began = MayHave
	matched, gone := 0, false
	for _, j := range e.Jobs {
		if c.Job != "" && !timeline.Shows(j, c.JobID, c.JobName, c.Calls) {
			continue
		}
		matched++
		ran := slices.ContainsFunc(j.Steps, func(s evidence.Step) bool {
			return s.Conclusion != "skipped" && (s.Conclusion != "" || s.Status == "in_progress")
		})
		gone = gone || len(j.Steps) == 0 && j.RunnerName != ""
		switch {
		case ran:
			c.Began, c.Reason = Began, fmt.Sprintf("job %q began a step", j.Name)
			c.Evidence = append(c.Evidence, j.ID())
			if c.Environment != "" {
				c.Reason += "; the environment let it pass"
			}
			return
		case j.Status == "waiting":
			c.Reason = fmt.Sprintf("job %q waits for its environment", j.Name)
		}
	}
	recorded := (e.Ladder == timeline.Started || e.Ladder == timeline.Executed) && e.Whole && e.Run.Status == "completed"
	switch {
	case e.Ladder == timeline.Blocked:
		c.Began, c.Reason = NeverBegan, e.Reason
	case recorded && matched > 0 && !gone && !c.Calls:
		c.Began, c.Reason = NeverBegan, "its record has no step that ran"
	case c.Reason == "":
		c.Reason = e.Reason
	}
}

// handed adds what the audit log says was handed to the job, by name, which is more certain than what its file says.
func (w *windows) handed(c *CouldRead) {
	var names []string
	for _, s := range w.Facts.Secrets {
		if s.Action == evidence.SecretPassed && s.RunID == c.Execution.Run.RunID && (s.Job == c.JobName || s.Job == c.Job) && s.Job != "" {
			names, c.Evidence = append(names, s.Name), append(c.Evidence, s.ID())
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	c.Reason += "; the audit log says that it was handed " + strings.Join(slices.Compact(names), ", ")
	for _, n := range names {
		if n != GitHubToken && !slices.Contains(c.Secrets, n) {
			c.Secrets = append(slices.Clone(c.Secrets), n)
			slices.Sort(c.Secrets)
		}
	}
}

func sortedIDs(ids []string) []string {
	ids = slices.Sorted(slices.Values(ids))
	return slices.Compact(ids)
}
