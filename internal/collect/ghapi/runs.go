package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

const (
	// runsPerQuery is where GitHub ends the result of a filtered query.
	runsPerQuery = 1000
	// maxRunQueries bounds the windows asked for one repository, against a server that always counts too many: bisection to single
	// seconds would never end. It allows about a million runs.
	maxRunQueries = 2000
	// maxAttempts bounds the attempts of one run; GitHub allows 50 re-runs.
	maxAttempts = 100
)

// RunRef names one attempt of a run.
type RunRef struct {
	RunID   int64
	Attempt int
}

func (r RunRef) String() string { return fmt.Sprintf("run %d attempt %d", r.RunID, r.Attempt) }

// window is a span of creation times, both ends included, in whole seconds.
type window struct{ from, to time.Time }

// String is GitHub's range syntax.
func (w window) String() string {
	return w.from.Format("2006-01-02T15:04:05Z") + ".." + w.to.Format("2006-01-02T15:04:05Z")
}

// halves splits a window; the newer half comes first.
func (w window) halves() (newer, older window) {
	middle := w.from.Add(w.to.Sub(w.from) / 2).Truncate(time.Second)
	return window{middle.Add(time.Second), w.to}, window{w.from, middle}
}

// runsUnit is the collection of the runs of one repository under way.
type runsUnit struct {
	unit
	latest   map[int64]int // attempt listed, by run
	failed   failures
	oldest   time.Time
	complete bool
	gaps     []evidence.Gap
}

// Runs lists the runs created from Since (else [RunRetention] before Now) to Until (else Now), in windows halved until each holds fewer than
// 1,000, and then the earlier attempts of those that were run again. Anyone with write access can delete runs: an absent one
// proves nothing.
func (c *Collector) Runs(ctx context.Context, repo evidence.Repository, emit Emit) error {
	now := c.cfg.Now()
	span := window{c.cfg.Since, c.cfg.Until}
	if span.from.IsZero() {
		span.from = now.Add(-RunRetention)
	}
	if span.to.IsZero() || span.to.After(now) {
		span.to = now
	}
	span = window{span.from.UTC().Truncate(time.Second), span.to.UTC().Truncate(time.Second)}
	r := runsUnit{unit: unit{Collector: c, repo: repo, name: UnitRuns, origin: evidence.OriginRuns, emit: emit}, latest: map[int64]int{}, complete: true}
	coverage := evidence.Coverage{Origin: r.origin, From: span.from, To: span.to}
	held, joins, err := r.held(ctx)
	if err != nil {
		return err
	}
	if joins {
		span.from = later(span.from, held.Coverage.To.Add(-rerunWithin).Truncate(time.Second))
	}
	on, err := r.list(ctx, span)
	if err == nil && on {
		err = r.attempts(ctx)
	}
	if err == nil && on && joins {
		err = r.open(ctx, held, span.from)
	}
	if err != nil {
		return err
	}
	coverage.Complete, coverage.Oldest = r.complete, r.oldest
	if joins {
		coverage = held.join(coverage)
	}
	return r.finish([]evidence.Coverage{coverage}, r.gaps)
}

// list asks window after window, newest first. on is false where the API refused: asking on is pointless.
func (r *runsUnit) list(ctx context.Context, span window) (on bool, err error) {
	if span.to.Before(span.from) {
		return true, nil
	}
	todo := []window{span}
	for n := 0; len(todo) > 0; n++ {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n >= maxRunQueries {
			r.miss(evidence.Gap{Kind: evidence.GapTruncated, Subject: "runs created up to " + evidence.Stamp(w.to),
				Detail: fmt.Sprintf("more than %d queries would be needed", maxRunQueries), Hint: "collect with a later --since"})
			return true, nil
		}
		end, err := r.window(ctx, w)
		switch {
		case err != nil:
			return false, err
		case end.refusal != nil:
			r.complete = false
			return false, nil
		case end.total < runsPerQuery:
			continue
		case w.from.Equal(w.to):
			r.miss(evidence.Gap{Kind: evidence.GapTruncated, Subject: "runs created at " + evidence.Stamp(w.from),
				Detail: fmt.Sprintf("GitHub lists at most %d runs of one second and counts %d", runsPerQuery, end.total)})
		default:
			newer, older := w.halves()
			todo = append(todo, older, newer)
		}
	}
	return true, nil
}

func (r *runsUnit) miss(g evidence.Gap) {
	r.complete = false
	r.gaps = append(r.gaps, g)
}

// window lists one window to its end, or only its first page where that says that the window is to be halved.
func (r *runsUnit) window(ctx context.Context, w window) (listed, error) {
	end, err := r.walk(ctx, list{
		path: "/actions/runs", subject: "runs", most: runsPerQuery / perPage,
		query: url.Values{"per_page": {strconv.Itoa(perPage)}, "created": {w.String()}},
		read: func(body []byte) (page, error) {
			p, err := readRuns(r.repo, r.id(r.repo), body)
			p.enough = p.total >= runsPerQuery && w.from.Before(w.to)
			for _, run := range p.facts.Runs {
				r.latest[run.RunID] = max(r.latest[run.RunID], run.Attempt)
				r.oldest = oldest(r.oldest, run.CreatedAt)
			}
			return p, err
		},
	})
	if err != nil || end.refusal != nil || end.total >= runsPerQuery {
		return end, err
	}
	if end.bad > 0 { // each page has its own gap
		r.complete = false
	}
	if end.cut || end.rows < end.total {
		r.miss(evidence.Gap{Kind: evidence.GapTruncated, Subject: "runs created " + w.String(),
			Detail: fmt.Sprintf("GitHub counts %d runs and listed %d", end.total, end.rows), Hint: hintLater})
	}
	return end, nil
}

// attempts asks for the attempts before the one that the list gives.
func (r *runsUnit) attempts(ctx context.Context) error {
	ids := make([]int64, 0, len(r.latest))
	for id, n := range r.latest {
		if n > 1 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if r.latest[id] > maxAttempts {
			r.miss(evidence.Gap{Kind: evidence.GapRefused, Subject: RunRef{id, r.latest[id]}.String(),
				Detail: fmt.Sprintf("no run has %d attempts: only the first %d were asked for", r.latest[id], maxAttempts)})
		}
		for n := 1; n < min(r.latest[id], maxAttempts+1); n++ {
			if on, err := r.attempt(ctx, RunRef{id, n}); err != nil || !on {
				return err
			}
		}
	}
	return nil
}

// attempt asks for one attempt; on is false where the next would fare no better.
func (r *runsUnit) attempt(ctx context.Context, ref RunRef) (on bool, err error) {
	var run evidence.Run
	var of home
	a, refusal, err := r.have(ctx, fmt.Sprintf("/actions/runs/%d/attempts/%d", ref.RunID, ref.Attempt), nil, true, func(body []byte) (err error) {
		run, of, err = readAttempt(r.repo, ref, body)
		return err
	})
	if err != nil {
		return false, err
	}
	if known := r.id(r.repo); refusal == nil && known != 0 && of.ID != 0 && of.ID != known {
		refusal = r.otherRepository(of.ID, &a.source)
	}
	on = !r.failed.final(refusal)
	if refusal != nil {
		r.complete = false
		gone(refusal)
		return on, r.keep(refusal.observation(ref.String()))
	}
	return true, r.keep(evidence.Observation{Sources: []evidence.Source{a.source}, Runs: []evidence.Run{run}})
}

// readAttempt reads one attempt, and the repository that it says it belongs to.
func readAttempt(repo evidence.Repository, ref RunRef, body []byte) (evidence.Run, home, error) {
	var row runRow
	if err := json.Unmarshal(body, &row); err != nil {
		return evidence.Run{}, home{}, err
	}
	run, err := row.run(repo)
	if err != nil || run.RunID != ref.RunID || run.Attempt != ref.Attempt {
		return evidence.Run{}, home{}, errors.Join(fmt.Errorf("it is not %s", ref), err)
	}
	return run, row.Repository, nil
}

// gone rewords a 404 for a run that was listed or named before.
func gone(r *refusal) {
	if r.status == 404 {
		r.kind, r.detail, r.hint = evidence.GapGone, "the API does not serve it (404): the run was deleted, or is hidden from this token", hintToken
	}
}

// runRow is a run as listed, or one attempt of it.
type runRow struct {
	ID              int64      `json:"id"`
	Attempt         int        `json:"run_attempt"`
	WorkflowID      int64      `json:"workflow_id"`
	Number          int64      `json:"run_number"`
	Name            string     `json:"name"`
	Path            string     `json:"path"`
	Event           string     `json:"event"`
	Status          string     `json:"status"`
	Conclusion      string     `json:"conclusion"`
	HeadBranch      string     `json:"head_branch"`
	HeadSHA         string     `json:"head_sha"`
	Actor           *account   `json:"actor"`
	TriggeringActor *account   `json:"triggering_actor"`
	CreatedAt       *time.Time `json:"created_at"`
	StartedAt       *time.Time `json:"run_started_at"`
	UpdatedAt       *time.Time `json:"updated_at"`
	Repository      home       `json:"repository"`
	HeadRepository  *struct {
		FullName string `json:"full_name"`
	} `json:"head_repository"`
}

func readRuns(repo evidence.Repository, known int64, body []byte) (page, error) {
	var p page
	var reply struct {
		Total int               `json:"total_count"`
		Runs  []json.RawMessage `json:"workflow_runs"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return p, err
	}
	if reply.Runs == nil || reply.Total < 0 {
		return p, errors.New("no list of runs")
	}
	p.total = reply.Total
	each(&p, reply.Runs, func(row runRow) error {
		p.claims(row.Repository, known)
		run, err := row.run(repo)
		if err == nil {
			p.facts.Runs = append(p.facts.Runs, run)
		}
		return err
	})
	return p, nil
}

func (r runRow) run(repo evidence.Repository) (evidence.Run, error) {
	run := evidence.Run{Repository: repo, RunID: r.ID, Attempt: max(r.Attempt, 1), WorkflowID: r.WorkflowID, Number: max(r.Number, 0), Name: r.Name, Path: r.Path,
		Event: r.Event, Status: r.Status, Conclusion: r.Conclusion, HeadBranch: r.HeadBranch, Actor: r.Actor.login(),
		TriggeringActor: r.TriggeringActor.login()}
	if r.HeadRepository != nil {
		run.HeadRepository = r.HeadRepository.FullName
	}
	var err error
	if run.HeadSHA, err = oid(r.HeadSHA); err != nil {
		return run, err
	}
	if err := stamps(map[*time.Time]*time.Time{&run.CreatedAt: r.CreatedAt, &run.StartedAt: r.StartedAt, &run.UpdatedAt: r.UpdatedAt}); err != nil {
		return run, err
	}
	if run.RunID <= 0 || run.CreatedAt.IsZero() {
		return run, errors.New("no id or no created_at")
	}
	return run, plain(run.Name, run.Path, run.Event, run.Status, run.Conclusion, run.HeadBranch, run.HeadRepository, run.Actor, run.TriggeringActor)
}
