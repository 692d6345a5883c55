package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxJobPages bounds the jobs of one attempt at 5,000: a matrix makes at most 256, a run some of those.
	maxJobPages = 50
	// maxSteps bounds the steps of one job; GitHub allows 1,000.
	maxSteps = 2000
)

// Jobs lists the jobs and steps of each given attempt. An attempt whose list is empty has no jobs as far as the API tells: the coverage
// says that it was asked.
func (c *Collector) Jobs(ctx context.Context, repo evidence.Repository, runs []RunRef, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitJobs, origin: evidence.OriginJobs, emit: emit}
	var coverage []evidence.Coverage
	var gaps []evidence.Gap
	var final *refusal
	var failed failures
	for _, ref := range runs {
		cover := evidence.Coverage{Origin: u.origin, Detail: ref.String(), To: c.cfg.Now()}
		if final != nil { // each attempt has a gap of its own, but is not asked for in vain
			gaps = append(gaps, final.gap(ref.String()))
			coverage = append(coverage, cover)
			continue
		}
		end, err := u.jobs(ctx, ref)
		if err != nil {
			return err
		}
		if failed.final(end.refusal) {
			final = end.refusal
		}
		short := end.refusal == nil && end.bad == 0 && end.rows < end.total
		if end.cut || short {
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: ref.String(), Hint: hintLater,
				Detail: fmt.Sprintf("GitHub counts %d jobs and listed %d", end.total, end.rows)})
		}
		cover.Complete = end.whole() && !short
		coverage = append(coverage, cover)
	}
	return u.finish(coverage, gaps)
}

func (u unit) jobs(ctx context.Context, ref RunRef) (listed, error) {
	return u.walk(ctx, list{
		path:    fmt.Sprintf("/actions/runs/%d/attempts/%d/jobs", ref.RunID, ref.Attempt),
		subject: ref.String(), most: maxJobPages, query: url.Values{"per_page": {strconv.Itoa(perPage)}}, reword: gone,
		read: func(body []byte) (page, error) { return readJobs(u.repo, ref, body) },
	})
}

type jobRow struct {
	ID          int64      `json:"id"`
	RunID       int64      `json:"run_id"`
	Attempt     int        `json:"run_attempt"`
	Name        string     `json:"name"`
	Status      string     `json:"status"`
	Conclusion  string     `json:"conclusion"`
	RunnerName  string     `json:"runner_name"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	Steps       []stepRow  `json:"steps"`
}

type stepRow struct {
	Number      int64      `json:"number"`
	Name        string     `json:"name"`
	Status      string     `json:"status"`
	Conclusion  string     `json:"conclusion"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
}

func readJobs(repo evidence.Repository, ref RunRef, body []byte) (page, error) {
	var p page
	var reply struct {
		Total int               `json:"total_count"`
		Jobs  []json.RawMessage `json:"jobs"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return p, err
	}
	if reply.Jobs == nil || reply.Total < 0 {
		return p, errors.New("no list of jobs")
	}
	p.total = reply.Total
	each(&p, reply.Jobs, func(row jobRow) error {
		job, err := row.job(repo, ref)
		if err == nil {
			p.facts.Jobs = append(p.facts.Jobs, job)
		}
		return err
	})
	return p, nil
}

// job refuses rows of another run or attempt than was asked for. Older servers leave run_attempt out.
func (r jobRow) job(repo evidence.Repository, ref RunRef) (evidence.Job, error) {
	j := evidence.Job{Repository: repo, RunID: ref.RunID, Attempt: ref.Attempt, JobID: r.ID, Name: r.Name, Status: r.Status,
		Conclusion: r.Conclusion, RunnerName: r.RunnerName}
	switch {
	case r.ID <= 0:
		return j, errors.New("a job without id")
	case r.RunID != ref.RunID || (r.Attempt != 0 && r.Attempt != ref.Attempt):
		return j, fmt.Errorf("a job of run %d attempt %d", r.RunID, r.Attempt)
	case len(r.Steps) > maxSteps:
		return j, fmt.Errorf("a job of %d steps", len(r.Steps))
	}
	if err := stamps(map[*time.Time]*time.Time{&j.StartedAt: r.StartedAt, &j.CompletedAt: r.CompletedAt}); err != nil {
		return j, err
	}
	for _, s := range r.Steps {
		step := evidence.Step{Number: s.Number, Name: s.Name, Status: s.Status, Conclusion: s.Conclusion}
		if err := stamps(map[*time.Time]*time.Time{&step.StartedAt: s.StartedAt, &step.CompletedAt: s.CompletedAt}); err != nil {
			return j, err
		}
		if err := plain(s.Name, s.Status, s.Conclusion); err != nil {
			return j, err
		}
		j.Steps = append(j.Steps, step)
	}
	return j, plain(j.Name, j.Status, j.Conclusion, j.RunnerName)
}
