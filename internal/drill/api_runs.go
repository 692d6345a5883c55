package drill

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// workflowRun is GitHub's "workflow-run": one attempt of one run. Lists and runs by id show the last attempt.
type workflowRun struct {
	ID              int64             `json:"id"`
	Name            string            `json:"name"`
	NodeID          string            `json:"node_id"`
	HeadBranch      string            `json:"head_branch"`
	HeadSHA         evidence.OID      `json:"head_sha"`
	Path            string            `json:"path"`
	DisplayTitle    string            `json:"display_title"`
	RunNumber       int               `json:"run_number"`
	RunAttempt      int               `json:"run_attempt"`
	Event           string            `json:"event"`
	Status          string            `json:"status"`
	Conclusion      *string           `json:"conclusion"`
	WorkflowID      int64             `json:"workflow_id"`
	URL             string            `json:"url"`
	HTMLURL         string            `json:"html_url"`
	PullRequests    []string          `json:"pull_requests"`
	CreatedAt       string            `json:"created_at"`
	UpdatedAt       string            `json:"updated_at"`
	RunStartedAt    string            `json:"run_started_at"`
	Actor           simpleUser        `json:"actor"`
	TriggeringActor simpleUser        `json:"triggering_actor"`
	JobsURL         string            `json:"jobs_url"`
	LogsURL         string            `json:"logs_url"`
	CheckSuiteURL   string            `json:"check_suite_url"`
	ArtifactsURL    string            `json:"artifacts_url"`
	CancelURL       string            `json:"cancel_url"`
	RerunURL        string            `json:"rerun_url"`
	PreviousURL     *string           `json:"previous_attempt_url"`
	WorkflowURL     string            `json:"workflow_url"`
	HeadCommit      headCommit        `json:"head_commit"`
	Repository      minimalRepository `json:"repository"`
	HeadRepository  minimalRepository `json:"head_repository"`
}

type headCommit struct {
	ID        evidence.OID `json:"id"`
	TreeID    evidence.OID `json:"tree_id"`
	Message   string       `json:"message"`
	Timestamp string       `json:"timestamp"`
	Author    nameAddress  `json:"author"`
	Committer nameAddress  `json:"committer"`
}

type nameAddress struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type workflowJob struct {
	ID              int64        `json:"id"`
	RunID           int64        `json:"run_id"`
	RunURL          string       `json:"run_url"`
	RunAttempt      int          `json:"run_attempt"`
	NodeID          string       `json:"node_id"`
	HeadSHA         evidence.OID `json:"head_sha"`
	HeadBranch      string       `json:"head_branch"`
	WorkflowName    string       `json:"workflow_name"`
	URL             string       `json:"url"`
	HTMLURL         string       `json:"html_url"`
	Status          string       `json:"status"`
	Conclusion      *string      `json:"conclusion"`
	CreatedAt       string       `json:"created_at"`
	StartedAt       string       `json:"started_at"`
	CompletedAt     *string      `json:"completed_at"`
	Name            string       `json:"name"`
	Steps           []jobStep    `json:"steps"`
	CheckRunURL     string       `json:"check_run_url"`
	Labels          []string     `json:"labels"`
	RunnerID        *int64       `json:"runner_id"`
	RunnerName      *string      `json:"runner_name"`
	RunnerGroupID   *int64       `json:"runner_group_id"`
	RunnerGroupName *string      `json:"runner_group_name"`
}

type jobStep struct {
	Name        string  `json:"name"`
	Status      string  `json:"status"`
	Conclusion  *string `json:"conclusion"`
	Number      int     `json:"number"`
	StartedAt   *string `json:"started_at"`
	CompletedAt *string `json:"completed_at"`
}

// maybe is null for the empty string.
func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func maybeStamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return maybe(stamp(t))
}

// runs lists the last attempts, newest first. A filtered search goes no further than GitHub's thousand rows; total_count counts all.
func (c *call) runs() {
	from, to, err := createdRange(c.query.Get("created"))
	if err != nil {
		c.fail(http.StatusUnprocessableEntity, "Validation Failed")
		return
	}
	rows := []*run{}
	for _, r := range c.repo.runs {
		if r.deleted || c.s.recipe.silent[evidence.OriginRuns] || r.created.Before(c.repo.horizon["runs"]) || r.created.Before(from) || (!to.IsZero() && r.created.After(to)) {
			continue
		}
		last := r.attempts[len(r.attempts)-1]
		status := c.query.Get("status")
		if !matches(c.query.Get("event"), r.event) || !matches(c.query.Get("branch"), r.branch) || !matches(c.query.Get("head_sha"), string(r.head.oid)) ||
			!matches(c.query.Get("actor"), r.actor.login) || (!matches(status, last.status) && !matches(status, last.conclusion)) {
			continue
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b *run) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id)) })
	total := len(rows)
	if filtered(c) {
		rows = rows[:min(total, searchCap, cmp.Or(c.s.recipe.caps["search"], searchCap))]
	}
	out := []workflowRun{}
	for _, r := range page(c, "runs", rows) {
		out = append(out, c.workflowRun(r, r.attempts[len(r.attempts)-1]))
	}
	c.json(struct {
		TotalCount   int           `json:"total_count"`
		WorkflowRuns []workflowRun `json:"workflow_runs"`
	}{total, out})
}

func filtered(c *call) bool {
	for _, key := range []string{"actor", "branch", "check_suite_id", "created", "event", "head_sha", "status"} {
		if c.query.Get(key) != "" {
			return true
		}
	}
	return false
}

// createdRange reads the forms of GitHub's date search that a client of ours may use: a..b, >=a, <=b, * for no bound. Both ends count.
func createdRange(s string) (from, to time.Time, err error) {
	a, b, spans := strings.Cut(s, "..")
	switch {
	case s == "":
		return
	case spans:
	case strings.HasPrefix(s, ">="):
		a, b = s[2:], "*"
	case strings.HasPrefix(s, "<="):
		a, b = "*", s[2:]
	default:
		b = a
	}
	if a != "*" {
		if from, err = searchDate(a); err != nil {
			return
		}
	}
	if b != "*" {
		to, err = searchDate(b)
		if err == nil && len(b) == len(time.DateOnly) {
			to = to.Add(24*time.Hour - time.Second)
		}
	}
	return
}

func searchDate(s string) (time.Time, error) {
	if len(s) == len(time.DateOnly) {
		return time.Parse(time.DateOnly, s)
	}
	return time.Parse(time.RFC3339, s)
}

// run answers /actions/runs/{id}, its attempts and their jobs.
func (c *call) run(id string, rest []string) {
	i := slices.IndexFunc(c.repo.runs, func(r *run) bool { return strconv.FormatInt(r.id, 10) == id })
	if i < 0 || c.repo.runs[i].deleted {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	r := c.repo.runs[i]
	number := len(r.attempts)
	if len(rest) >= 2 && rest[0] == "attempts" {
		if n, err := strconv.Atoi(rest[1]); err == nil && n >= 1 && n <= len(r.attempts) {
			number, rest = n, rest[2:]
		}
	}
	a := r.attempts[number-1]
	switch {
	case len(rest) == 0:
		c.json(c.workflowRun(r, a))
	case len(rest) == 1 && rest[0] == "jobs" && !r.lostJobs:
		c.jobs(r, a)
	default:
		c.fail(http.StatusNotFound, "Not Found")
	}
}

func (c *call) jobs(r *run, a *attempt) {
	rows := []workflowJob{}
	for _, j := range page(c, "jobs", a.jobs) {
		rows = append(rows, c.repo.workflowJob(r, a, j))
	}
	c.json(struct {
		TotalCount int           `json:"total_count"`
		Jobs       []workflowJob `json:"jobs"`
	}{len(a.jobs), rows})
}

func (c *call) workflowRun(r *run, a *attempt) workflowRun {
	repo := c.repo
	workflow := workflowID(repo, r.path)
	url := repo.api(fmt.Sprintf("/actions/runs/%d", r.id))
	head := repo.minimal()
	if r.headRepository != "" {
		head = (&Repository{Name: r.headRepository, ID: ownerID(r.headRepository) + 1, ForkOf: repo.Name}).minimal()
	}
	title, _, _ := strings.Cut(r.head.message, "\n")
	out := workflowRun{
		ID: r.id, Name: r.name, NodeID: fmt.Sprintf("WFR_%d", r.id), HeadBranch: r.branch, HeadSHA: r.head.oid, Path: r.path, DisplayTitle: title,
		RunNumber: r.number, RunAttempt: a.number, Event: r.event, Status: a.status, Conclusion: maybe(a.conclusion), WorkflowID: workflow,
		URL: url, HTMLURL: repo.web(fmt.Sprintf("/actions/runs/%d", r.id)), PullRequests: []string{}, CreatedAt: stamp(r.created),
		UpdatedAt: stamp(a.updated), RunStartedAt: stamp(a.started), Actor: user(r.actor.login, r.actor.id),
		TriggeringActor: user(a.actor.login, a.actor.id), JobsURL: url + "/jobs", LogsURL: url + "/logs",
		CheckSuiteURL: repo.api(fmt.Sprintf("/check-suites/%d", r.id+1)), ArtifactsURL: url + "/artifacts", CancelURL: url + "/cancel",
		RerunURL: url + "/rerun", WorkflowURL: repo.api(fmt.Sprintf("/actions/workflows/%d", workflow)),
		HeadCommit: headOf(r.head),
		Repository: repo.minimal(), HeadRepository: head,
	}
	if a.number > 1 {
		out.PreviousURL = maybe(fmt.Sprintf("%s/attempts/%d", url, a.number-1))
	}
	return out
}

// workflowID numbers the workflow files of a repository in the order in which their first runs stand in the recipe.
func workflowID(r *Repository, path string) int64 {
	var seen []string
	for _, x := range r.runs {
		if !slices.Contains(seen, x.path) {
			seen = append(seen, x.path)
		}
	}
	return r.ID*100 + int64(slices.Index(seen, path))
}

func (r *Repository) workflowJob(of *run, a *attempt, j *job) workflowJob {
	out := workflowJob{
		ID: j.id, RunID: of.id, RunURL: r.api(fmt.Sprintf("/actions/runs/%d", of.id)), RunAttempt: a.number, NodeID: fmt.Sprintf("CR_%d", j.id),
		HeadSHA: of.head.oid, HeadBranch: of.branch, WorkflowName: of.name, URL: r.api(fmt.Sprintf("/actions/jobs/%d", j.id)),
		HTMLURL: r.web(fmt.Sprintf("/actions/runs/%d/job/%d", of.id, j.id)), Status: j.status, Conclusion: maybe(j.conclusion),
		CreatedAt: stamp(a.started), StartedAt: stamp(j.started), CompletedAt: maybeStamp(j.completed), Name: j.name, Steps: []jobStep{},
		CheckRunURL: r.api(fmt.Sprintf("/check-runs/%d", j.id)), Labels: []string{"ubuntu-latest"}, RunnerName: maybe(j.runner),
	}
	if j.runner != "" {
		id, group := int64(1), "GitHub Actions"
		out.RunnerID, out.RunnerGroupID, out.RunnerGroupName = &id, &id, &group
	}
	for i, s := range j.steps {
		out.Steps = append(out.Steps, jobStep{
			Name: s.name, Status: s.status, Conclusion: maybe(s.conclusion), Number: i + 1, StartedAt: maybeStamp(s.started), CompletedAt: maybeStamp(s.completed),
		})
	}
	return out
}
