package ghexport

import (
	"strconv"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// webhookFacts says what the deliveries of one chunk tell. Releases, publications and what else was sent stay in the stored rows.
func webhookFacts(g *group, rows []row) evidence.Observation {
	var obs evidence.Observation
	for _, r := range rows {
		d, _, err := open(r.record)
		if err != nil {
			continue // the row was opened before it was filed
		}
		switch d.event {
		case "push", "create", "delete":
			if u, ok := d.update(g.repo, r.id); ok {
				obs.Updates = append(obs.Updates, u)
			}
		case "check_suite":
			if u, ok := d.suite(g.repo); ok {
				obs.Updates = append(obs.Updates, u)
			}
		case "workflow_run":
			if x, ok := d.run(g.repo); ok {
				obs.Runs = append(obs.Runs, x)
			}
		case "workflow_job":
			if x, ok := d.job(g.repo); ok {
				obs.Jobs = append(obs.Jobs, x)
			}
		case "member", "deploy_key":
			if a, ok := d.grant(g.repo, r.id); ok {
				obs.Access = append(obs.Access, a)
			}
		}
	}
	return obs
}

// update reads the move of a ref. Creations and deletions that come without a push (three tags and more at once) name no commit.
func (d delivery) update(repo evidence.Repository, id string) (u evidence.RefUpdate, ok bool) {
	p := d.payload
	u = evidence.RefUpdate{Repository: repo, Origin: evidence.OriginWebhooks, ExternalID: id, Actor: p.object("sender").text("login")}
	if u.Actor == "" {
		u.Actor = p.object("pusher").text("name")
	}
	u.At, u.Clock, u.By = d.moved()
	ref := p.text("ref")
	if d.event == "push" {
		u.Ref, u.Before, u.After = fullRef(ref), p.oid("before"), p.oid("after")
		u.Kind = kindOf(u.Ref, u.Before, u.After, p.yes("forced"))
		return u, u.Ref != "" && strings.HasPrefix(ref, "refs/") && u.After != ""
	}
	prefix := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[p.text("ref_type")]
	u.Kind = map[string]evidence.Kind{"create branch": evidence.BranchCreation, "create tag": evidence.TagCreation,
		"delete branch": evidence.BranchDeletion, "delete tag": evidence.TagDeletion}[d.event+" "+p.text("ref_type")]
	u.Ref = fullRef(prefix + ref)
	return u, ref != "" && u.Ref != "" && u.Kind != ""
}

// suite reads the push for which a suite of checks was made, as from the API: it is created seconds after. One without "before" was asked
// for by an app, and one of a branch of a fork belongs to a push elsewhere.
func (d delivery) suite(repo evidence.Repository) (u evidence.RefUpdate, ok bool) {
	s := d.payload.object("check_suite")
	ref := fullRef("refs/heads/" + s.text("head_branch"))
	u = evidence.RefUpdate{Repository: repo, Origin: evidence.OriginWebhooks, ExternalID: "check_suite " + strconv.FormatInt(s.number("id"), 10), Ref: ref,
		Before: s.oid("before"), After: s.oid("after"), At: s.time("created_at"), Clock: when.Server, By: true}
	u.Kind = kindOf(ref, u.Before, u.After, false)
	pulls, _ := s.field("pull_requests").([]any)
	return u, s.text("head_branch") != "" && s.number("id") > 0 && !u.At.IsZero() && u.Before != "" && u.After.Object() && u.After == s.oid("head_sha") &&
		u.Before != u.After && !foreign(pulls)
}

// foreign reports that every pull request of a suite comes from another repository.
func foreign(pulls []any) bool {
	for _, v := range pulls {
		m, _ := v.(map[string]any)
		pull := record(m)
		if pull.object("head").object("repo").number("id") == pull.object("base").object("repo").number("id") {
			return false
		}
	}
	return len(pulls) > 0
}

func (d delivery) run(repo evidence.Repository) (evidence.Run, bool) {
	x := d.payload.object("workflow_run")
	r := evidence.Run{Repository: repo, RunID: x.number("id"), Attempt: attempt(x), WorkflowID: max(0, x.number("workflow_id")), Name: x.text("name"),
		Path: x.text("path"), Event: x.text("event"), Status: x.text("status"), Conclusion: x.text("conclusion"), HeadBranch: x.text("head_branch"),
		HeadSHA: x.oid("head_sha"), HeadRepository: x.object("head_repository").text("full_name"), Actor: x.object("actor").text("login"),
		TriggeringActor: x.object("triggering_actor").text("login"), CreatedAt: x.time("created_at"), StartedAt: x.time("run_started_at"),
		UpdatedAt: x.time("updated_at")}
	return r, r.RunID > 0 && !r.CreatedAt.IsZero()
}

func attempt(x record) int { return int(max(1, min(x.number("run_attempt"), 1<<20))) }

func (d delivery) job(repo evidence.Repository) (evidence.Job, bool) {
	const maxSteps = 2000 // GitHub allows 1,000
	x := d.payload.object("workflow_job")
	j := evidence.Job{Repository: repo, RunID: x.number("run_id"), Attempt: attempt(x), JobID: x.number("id"), Name: x.text("name"), Status: x.text("status"),
		Conclusion: x.text("conclusion"), RunnerName: x.text("runner_name"), StartedAt: x.time("started_at"), CompletedAt: x.time("completed_at")}
	steps, _ := x.field("steps").([]any)
	for _, v := range steps[:min(len(steps), maxSteps)] {
		m, _ := v.(map[string]any)
		s := record(m)
		j.Steps = append(j.Steps, evidence.Step{Number: s.number("number"), Name: s.text("name"), Status: s.text("status"), Conclusion: s.text("conclusion"),
			StartedAt: s.time("started_at"), CompletedAt: s.time("completed_at")})
	}
	return j, j.RunID > 0 && j.JobID > 0
}

// grant reads a collaborator or deploy key that was added.
func (d delivery) grant(repo evidence.Repository, id string) (evidence.AccessGrant, bool) {
	p := d.payload
	a := evidence.AccessGrant{Repository: repo, Origin: evidence.OriginWebhooks, ExternalID: id, CreatedAt: d.when(), AddedBy: p.object("sender").text("login")}
	switch d.event + " " + p.text("action") {
	case "member added", "member edited":
		a.Kind, a.Name = evidence.Collaborator, p.object("member").text("login")
		a.Detail = join("member "+p.text("action"), p.object("changes").object("permission").text("to"))
	case "deploy_key created":
		a.Kind, a.Name = evidence.DeployKey, p.object("key").text("title")
		a.Detail = map[string]string{"true": "read-only", "false": "read and write"}[p.object("key").said("read_only")]
	}
	return a, a.Kind != "" && a.Name != ""
}
