package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

// checkSuite is GitHub's "check-suite".
type checkSuite struct {
	ID              int64             `json:"id"`
	NodeID          string            `json:"node_id"`
	HeadBranch      string            `json:"head_branch"`
	HeadSHA         evidence.OID      `json:"head_sha"`
	Status          string            `json:"status"`
	Conclusion      *string           `json:"conclusion"`
	URL             string            `json:"url"`
	Before          evidence.OID      `json:"before"`
	After           evidence.OID      `json:"after"`
	PullRequests    []string          `json:"pull_requests"`
	App             integration       `json:"app"`
	CreatedAt       string            `json:"created_at"`
	UpdatedAt       string            `json:"updated_at"`
	LatestRunsCount int               `json:"latest_check_runs_count"`
	RunsURL         string            `json:"check_runs_url"`
	HeadCommit      headCommit        `json:"head_commit"`
	Repository      minimalRepository `json:"repository"`
}

// integration is a GitHub App.
type integration struct {
	ID          int64             `json:"id"`
	Slug        string            `json:"slug"`
	NodeID      string            `json:"node_id"`
	Owner       simpleUser        `json:"owner"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
	ExternalURL string            `json:"external_url"`
	HTMLURL     string            `json:"html_url"`
	CreatedAt   string            `json:"created_at"`
	UpdatedAt   string            `json:"updated_at"`
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"`
}

// suite is the record that an app has of a push: one for each head, however often that is pushed.
type suite struct {
	id     int64
	app    *app
	update *update
	at     time.Time
}

// suites lists what the apps have of a head, in the order in which they came.
func (r *Repository) suites(head evidence.OID) []suite {
	var out []suite
	if r.recipe.silent[evidence.OriginCheckSuites] {
		return nil
	}
	for n, a := range r.apps {
		for i, u := range r.updates {
			if !u.ref.Branch() || u.after != head || u.at.Before(a.since) {
				continue
			}
			at := u.at.Add(a.lag)
			if !u.unlisted["suite"] && !at.Before(r.horizon["suites"]) {
				out = append(out, suite{id: suiteBase + r.serial(i)*maxApps + int64(n), app: a, update: u, at: at})
			}
			break
		}
	}
	return out
}

const (
	suiteBase = 30_000_000_000
	// maxApps keeps the ids of suites apart.
	maxApps = 10
)

// checkSuites answers /commits/{ref}/check-suites for a full SHA, reachable or not.
func (c *call) checkSuites(ref string) {
	oid, err := evidence.ParseOID(ref)
	o, ok := c.repo.objects[oid]
	if len(c.repo.order) == 0 {
		c.fail(http.StatusConflict, "Git Repository is empty.")
		return
	}
	if err != nil || !ok || o.kind != "commit" {
		c.fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+ref)
		return
	}
	rows := slices.DeleteFunc(c.repo.suites(oid), func(s suite) bool {
		return !matches(c.query.Get("app_id"), strconv.FormatInt(s.app.id, 10))
	})
	out := []checkSuite{}
	for _, s := range page(c, "check-suites", rows) {
		out = append(out, c.repo.checkSuite(s, o.commit))
	}
	c.json(struct {
		TotalCount  int          `json:"total_count"`
		CheckSuites []checkSuite `json:"check_suites"`
	}{len(rows), out})
}

func (r *Repository) checkSuite(s suite, head *commit) checkSuite {
	url := r.api(fmt.Sprintf("/check-suites/%d", s.id))
	done := "success"
	return checkSuite{
		ID: s.id, NodeID: fmt.Sprintf("CS_%d", s.id), HeadBranch: s.update.ref.Short(), HeadSHA: head.oid, Status: "completed", Conclusion: &done,
		URL: url, Before: s.update.before, After: s.update.after, PullRequests: []string{}, App: s.app.integration(),
		CreatedAt: stamp(s.at), UpdatedAt: stamp(s.at.Add(time.Minute)), LatestRunsCount: 1, RunsURL: url + "/check-runs",
		HeadCommit: headOf(head), Repository: r.minimal(),
	}
}

func (a *app) integration() integration {
	return integration{
		ID: a.id, Slug: a.slug, NodeID: fmt.Sprintf("A_%d", a.id), Owner: user("apps-of-"+a.slug, a.id+1), Name: a.slug,
		ExternalURL: site + "/apps/" + a.slug, HTMLURL: site + "/apps/" + a.slug, CreatedAt: "2019-01-01T00:00:00Z", UpdatedAt: "2019-01-01T00:00:00Z",
		Permissions: map[string]string{"checks": "write", "metadata": "read"}, Events: []string{"push"},
	}
}

// headOf is the short form of a commit that runs and suites carry.
func headOf(c *commit) headCommit {
	by := c.committer()
	return headCommit{ID: c.oid, TreeID: c.tree, Message: c.message, Timestamp: stamp(c.date), Author: nameAddress{c.author.name, c.author.email},
		Committer: nameAddress{by.name, by.email}}
}
