package drill

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

// statuses and conclusions are GitHub's words for runs, jobs and steps.
const (
	statuses    = "queued in_progress completed waiting requested pending"
	conclusions = "success failure neutral cancelled skipped timed_out action_required stale startup_failure"
)

// outcome reads status and conclusion: completed unless said, and a conclusion only with that.
func (l *line) outcome() (status, conclusion string, err error) {
	status, conclusion = l.named["status"], l.named["conclusion"]
	if status == "" {
		status = "completed"
	}
	if err := oneOf(status, statuses); err != nil {
		return "", "", fmt.Errorf("status %w", err)
	}
	if status != "completed" {
		if conclusion != "" {
			return "", "", fmt.Errorf("status %q has no conclusion yet", status)
		}
		return status, "", nil
	}
	if err := oneOf(conclusion, conclusions); err != nil {
		return "", "", fmt.Errorf("conclusion %w", err)
	}
	return status, conclusion, nil
}

// times reads started and ended, which are after the base: of the run for attempts, jobs and steps.
func (l *line) times(base time.Time) (started, ended time.Time, err error) {
	if started, err = instant(base, l.named["started"]); err != nil {
		return
	}
	if l.named["ended"] == "" {
		return started, time.Time{}, nil
	}
	ended, err = instant(base, l.named["ended"])
	if err == nil && ended.Before(started) {
		err = errors.New("ends before it starts")
	}
	return
}

func (p *parser) findRun(id string) (*run, error) {
	for _, r := range p.repo.runs {
		if strconv.FormatInt(r.id, 10) == id {
			return r, nil
		}
	}
	return nil, fmt.Errorf("no run %q", id)
}

// campaignWorkflow is the file of a run that names none.
const campaignWorkflow = "github_actions_security.yml"

var runKeys = []string{"of", "event", "head", "branch", "by", "name", "status", "conclusion", "created", "started", "ended", "fork"}

// run is a workflow run with its first attempt; "attempt 2" lines add more. It is created at the time of the diary, or "created" after it.
//
// Three words stand for whole records of the campaign's file: "leaks" is a run whose steps all succeed, the leaking one from 9 to 11
// seconds after the run; "dies" is a job that fails before its first step; "hangs" is a run that ends waiting for approval, with no job.
func (p *parser) run(l *line) error {
	id, err := whole(l.args[0])
	if err != nil {
		return err
	}
	if p.recipe.runIDs[id] {
		return fmt.Errorf("%d is there already", id)
	}
	p.recipe.runIDs[id] = true
	if p.repo.ActionsOff {
		return errors.New("the repository has its Actions disabled")
	}
	head, err := p.find(l.named["head"])
	if err != nil {
		return err
	}
	by, err := p.who(l)
	if err != nil {
		return err
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	if at, err = instant(at, l.named["created"]); err != nil {
		return err
	}
	l.campaignRun()
	r := &run{
		id: id, path: ".github/workflows/" + l.named["of"], event: l.named["event"], branch: l.named["branch"], name: l.named["name"],
		head: head, headRepository: evidence.Repository(l.named["fork"]), actor: by, created: at,
	}
	if r.event == "" || r.branch == "" {
		return errors.New("needs event and branch")
	}
	if r.name == "" {
		r.name = r.path
	}
	r.number = p.numberOf(r.path)
	p.repo.runs = append(p.repo.runs, r)
	if err := p.addAttempt(l, r, by); err != nil {
		return err
	}
	p.campaignJob(l, r)
	return nil
}

// numberOf is the number of the next run of a workflow: GitHub counts those of each file from 1, and gives no number twice.
func (p *parser) numberOf(path string) int {
	n := 1
	for _, r := range p.repo.runs {
		if r.path == path {
			n++
		}
	}
	return n
}

// campaignRun fills in what the words leaks, dies and hangs say of a run.
func (l *line) campaignRun() {
	fill := map[string]string{}
	switch {
	case l.flags["leaks"]:
		fill = map[string]string{"conclusion": "success", "started": "+0s", "ended": "+14s"}
	case l.flags["dies"]:
		fill = map[string]string{"conclusion": "failure", "started": "+0s", "ended": "+4s"}
	case l.flags["hangs"]:
		fill = map[string]string{"conclusion": "action_required", "started": "+0s", "ended": "+0s"}
	}
	if l.named["of"] == "" {
		fill["of"], fill["name"] = campaignWorkflow, "Github Actions Security"
	}
	for key, value := range fill {
		if l.named[key] == "" {
			l.named[key] = value
		}
	}
}

// campaignJob adds the job that the words leaks and dies stand for.
func (p *parser) campaignJob(l *line, r *run) {
	after := func(seconds int) time.Time { return r.created.Add(time.Duration(seconds) * time.Second) }
	j := &job{id: r.id*100 + 10, name: "send-secrets", status: "completed"}
	switch {
	case l.flags["leaks"]:
		j.conclusion, j.runner, j.started, j.completed = "success", "GitHub Actions 1", after(6), after(13)
		for i, name := range []string{"Set up job", "Prepare Cache Busting", "Github Actions Security", "Complete job"} {
			ends := []int{6, 8, 9, 11, 13}
			j.steps = append(j.steps, step{name: name, status: "completed", conclusion: "success", started: after(ends[i]), completed: after(ends[i+1])})
		}
	case l.flags["dies"]:
		j.conclusion, j.started, j.completed = "failure", after(2), after(4)
	default:
		return
	}
	r.attempts[0].jobs = append(r.attempts[0].jobs, j)
}

func (p *parser) addAttempt(l *line, r *run, by *actor) error {
	a := &attempt{number: len(r.attempts) + 1, actor: by}
	var err error
	if a.status, a.conclusion, err = l.outcome(); err != nil {
		return err
	}
	if a.started, a.updated, err = l.times(r.created); err != nil {
		return err
	}
	if a.updated.IsZero() {
		a.updated = a.started
	}
	r.attempts = append(r.attempts, a)
	return nil
}

// last is the run that attempt, job and step lines belong to.
func (p *parser) last() (*run, error) {
	if len(p.repo.runs) == 0 {
		return nil, errors.New("needs a run before it")
	}
	return p.repo.runs[len(p.repo.runs)-1], nil
}

func (p *parser) attempt(l *line) error {
	r, err := p.last()
	if err != nil {
		return err
	}
	if l.args[0] != strconv.Itoa(len(r.attempts)+1) {
		return fmt.Errorf("attempt %d comes next", len(r.attempts)+1)
	}
	by, err := p.who(l)
	if err != nil {
		return err
	}
	return p.addAttempt(l, r, by)
}

func (p *parser) job(l *line) error {
	r, err := p.last()
	if err != nil {
		return err
	}
	a := r.attempts[len(r.attempts)-1]
	j := &job{id: r.id*100 + int64(a.number*10+len(a.jobs)), name: l.args[0], runner: l.named["runner"]}
	if l.named["id"] != "" {
		if j.id, err = whole(l.named["id"]); err != nil {
			return err
		}
	}
	if j.status, j.conclusion, err = l.outcome(); err != nil {
		return err
	}
	if j.started, j.completed, err = l.times(r.created); err != nil {
		return err
	}
	a.jobs = append(a.jobs, j)
	return nil
}

func (p *parser) step(l *line) error {
	r, err := p.last()
	if err != nil {
		return err
	}
	jobs := r.attempts[len(r.attempts)-1].jobs
	if len(jobs) == 0 {
		return errors.New("needs a job before it")
	}
	s := step{name: l.args[0]}
	if s.status, s.conclusion, err = l.outcome(); err != nil {
		return err
	}
	if s.started, s.completed, err = l.times(r.created); err != nil {
		return err
	}
	j := jobs[len(jobs)-1]
	j.steps = append(j.steps, s)
	return nil
}

func (p *parser) deleteRun(l *line) error {
	r, err := p.findRun(l.args[0])
	if err != nil {
		return err
	}
	r.deleted = true
	return nil
}
