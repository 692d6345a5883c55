package casefile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pentimento/internal/evidence"
)

func (c *Case) loadRuns(ctx context.Context, f *Facts) error {
	last := map[Attempt]evidence.Run{}
	err := c.each(ctx, `SELECT run_id, attempt, workflow_id, name, path, event, status, conclusion, head_branch, head_sha, head_repository, actor,
		triggering_actor, created_at, started_at, updated_at, number FROM run WHERE repository = ? ORDER BY updated_at, status = 'completed', id`,
		[]any{f.ID}, func(scan func(...any) error) error {
			r := evidence.Run{Repository: f.Repository}
			var created, started, updated string
			err := scan(&r.RunID, &r.Attempt, &r.WorkflowID, &r.Name, &r.Path, &r.Event, &r.Status, &r.Conclusion, &r.HeadBranch, &r.HeadSHA,
				&r.HeadRepository, &r.Actor, &r.TriggeringActor, &created, &started, &updated, &r.Number)
			if err != nil {
				return err
			}
			err = parseStamps(pair{created, &r.CreatedAt}, pair{started, &r.StartedAt}, pair{updated, &r.UpdatedAt})
			last[Attempt{r.RunID, r.Attempt}] = r
			return err
		})
	for _, r := range last {
		f.Runs = append(f.Runs, r)
	}
	slices.SortFunc(f.Runs, func(a, b evidence.Run) int {
		if n := a.CreatedAt.Compare(b.CreatedAt); n != 0 {
			return n
		}
		if a.RunID != b.RunID {
			return cmp.Compare(a.RunID, b.RunID)
		}
		return a.Attempt - b.Attempt
	})
	return err
}

func (c *Case) loadJobs(ctx context.Context, f *Facts) error {
	type key struct {
		Attempt
		job int64
	}
	last, lastID := map[key]evidence.Job{}, map[key]string{}
	err := c.each(ctx, `SELECT id, run_id, attempt, job_id, name, status, conclusion, runner_name, started_at, completed_at FROM job
		WHERE repository = ? ORDER BY completed_at, started_at, (SELECT count(*) FROM step WHERE step.job = job.id), id`, []any{f.ID}, func(scan func(...any) error) error {
		j := evidence.Job{Repository: f.Repository}
		var id, started, completed string
		if err := scan(&id, &j.RunID, &j.Attempt, &j.JobID, &j.Name, &j.Status, &j.Conclusion, &j.RunnerName, &started, &completed); err != nil {
			return err
		}
		err := parseStamps(pair{started, &j.StartedAt}, pair{completed, &j.CompletedAt})
		k := key{Attempt{j.RunID, j.Attempt}, j.JobID}
		last[k], lastID[k] = j, id
		return err
	})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	steps := map[string][]evidence.Step{}
	err = c.each(ctx, `SELECT s.job, s.number, s.name, s.status, s.conclusion, s.started_at, s.completed_at FROM step s JOIN job j ON j.id = s.job
		WHERE j.repository = ? ORDER BY s.job, s.number, s.name`, []any{f.ID}, func(scan func(...any) error) error {
		var s evidence.Step
		var job, started, completed string
		if err := scan(&job, &s.Number, &s.Name, &s.Status, &s.Conclusion, &started, &completed); err != nil {
			return err
		}
		err := parseStamps(pair{started, &s.StartedAt}, pair{completed, &s.CompletedAt})
		steps[job] = append(steps[job], s)
		return err
	})
	if err != nil {
		return fmt.Errorf("steps: %w", err)
	}
	for k, j := range last {
		j.Steps = steps[lastID[k]]
		f.Jobs[k.Attempt] = append(f.Jobs[k.Attempt], j)
	}
	for _, list := range f.Jobs {
		slices.SortFunc(list, func(a, b evidence.Job) int { return cmp.Compare(a.JobID, b.JobID) })
	}
	return nil
}

func (c *Case) loadCoverage(ctx context.Context, f *Facts) error {
	return c.each(ctx, "SELECT origin, detail, not_before, not_after, complete, oldest FROM coverage WHERE repository = ? ORDER BY 1, 2, 3, 4, 5, 6",
		[]any{f.ID}, func(scan func(...any) error) error {
			var v evidence.Coverage
			var from, to, oldest string
			if err := scan(&v.Origin, &v.Detail, &from, &to, &v.Complete, &oldest); err != nil {
				return err
			}
			err := parseStamps(pair{from, &v.From}, pair{to, &v.To}, pair{oldest, &v.Oldest})
			f.Coverage = append(f.Coverage, v)
			return err
		})
}

func (c *Case) loadGaps(ctx context.Context, f *Facts) (err error) {
	f.Gaps, err = c.Gaps(ctx, f.Repository)
	return err
}
