package ghexport

import (
	"fmt"
	"net/url"
	"strings"

	"pentimento/internal/evidence"
)

// workflow reads what happened to a run or job. Rows of runs leave out the workflow's file; a job of the same run tells it, in the same chunk.
func (g *group) workflow(obs *evidence.Observation, r row, action string, paths map[int64]string) {
	id := r.number("workflow_run_id")
	if id <= 0 {
		return
	}
	switch action {
	case "created_workflow_run", "rerun_workflow_run":
		obs.Runs = append(obs.Runs, g.run(r, id, "requested", paths))
	case "completed_workflow_run":
		obs.Runs = append(obs.Runs, g.run(r, id, "completed", paths))
	case "prepared_workflow_job":
		passed(obs, g.repo, r, id)
	case "delete_workflow_run":
		// Only what is completed can be deleted: https://docs.github.com/en/actions/how-tos/manage-workflow-runs/delete-a-workflow-run
		run := g.run(r, id, "completed", paths)
		obs.Runs = append(obs.Runs, run)
		g.gap(obs, evidence.Gap{Kind: evidence.GapObjectMissing, Subject: fmt.Sprintf("run %d", id),
			Detail: fmt.Sprintf("%s deleted the run at %s, with its jobs and logs; its head was %s", actorOf(r), evidence.Stamp(r.at), run.HeadSHA.Short()),
			Hint:   "webhook deliveries or mails of that time may tell of its jobs"})
	}
}

// run is an attempt as far as its row goes. UpdatedAt stays unset: any listing of the run itself stands over this. CreatedAt is the earliest
// time of the server that the row gives, which for a later attempt is its own begin.
func (g *group) run(r row, id int64, status string, paths map[int64]string) evidence.Run {
	x := evidence.Run{Repository: g.repo, RunID: id, Attempt: int(max(1, min(r.number("run_attempt"), 1<<20))), WorkflowID: max(0, r.number("workflow_id")),
		Number: max(0, r.number("run_number")), Name: r.text("name"), Path: paths[id], Event: r.text("event"), Status: status, HeadBranch: r.text("head_branch"), HeadSHA: r.oid("head_sha"),
		Actor: r.text("actor"), StartedAt: r.stamp("started_at"), CreatedAt: r.at}
	if status == "completed" {
		x.Conclusion = r.text("conclusion")
		if x.CreatedAt = x.StartedAt; x.CreatedAt.IsZero() {
			x.CreatedAt = r.at
		}
	}
	return x
}

// jobPaths tells the workflow file of a run from its jobs: job_workflow_ref is "owner/name/path@ref" of the file that holds the job, which is the
// run's own unless that was called by another (then calling_workflow_refs lists the callers, the outermost last or first: with one alone
// there is no doubt).
func jobPaths(repo evidence.Repository, rows []row) map[int64]string {
	paths := map[int64]string{}
	for _, r := range rows {
		if r.text("action") != "workflows.prepared_workflow_job" {
			continue
		}
		ref := r.text("job_workflow_ref")
		switch callers := r.list("calling_workflow_refs"); len(callers) {
		case 0:
		case 1:
			ref = callers[0]
		default:
			continue
		}
		file, _, _ := strings.Cut(ref, "@")
		const owner = 2
		parts := strings.SplitN(file, "/", owner+1)
		if len(parts) == owner+1 && strings.EqualFold(parts[0]+"/"+parts[1], repo.Key()) && strings.HasPrefix(parts[2], ".github/workflows/") {
			paths[r.number("workflow_run_id")] = parts[2]
		}
	}
	return paths
}

// passed lists the secrets that were handed to a job: what it could read, whatever its file said. Where each is stored is not told.
func passed(obs *evidence.Observation, repo evidence.Repository, r row, id int64) {
	for _, s := range r.list("secrets_passed") {
		if name, ok := secretName(s); ok {
			obs.Secrets = append(obs.Secrets, evidence.SecretRecord{Repository: repo, Origin: evidence.OriginAuditLog, ExternalID: r.id, Name: name,
				Action: evidence.SecretPassed, At: r.at, Actor: r.text("actor"), RunID: id, Job: r.text("job_name")})
		}
	}
}

// access reads ways in that were added or widened. Key material, addresses beyond their host and fingerprints stay in the stored row.
func access(obs *evidence.Observation, repo evidence.Repository, r row, action string) {
	a := evidence.AccessGrant{Repository: repo, Origin: evidence.OriginAuditLog, ExternalID: r.id, CreatedAt: r.at, AddedBy: r.text("actor")}
	switch action {
	case "repo.add_member", "repo.update_member", "repository_invitation.accept":
		a.Kind, a.Name = evidence.Collaborator, r.text("user", "invitee")
		a.Detail = join(strings.TrimPrefix(action, "repo."), r.text("new_repo_permission", "permission", "new_repo_base_role"))
	case "public_key.create", "public_key.update", "deploy_key.create":
		a.Kind, a.Name = evidence.DeployKey, r.text("title", "name")
		a.Detail = map[string]string{"true": "read-only", "false": "read and write"}[r.said("read_only")]
	case "hook.create", "hook.config_changed", "hook.events_changed", "hook.active_changed":
		a.Kind, a.Name = evidence.Webhook, hostOf(r.object("config").text("url"))
		if a.Name == "" {
			a.Name = strings.TrimSpace("hook " + r.text("hook_id"))
		}
		a.Detail = join(strings.TrimPrefix(action, "hook."), r.list("events")...)
	case "repo.register_self_hosted_runner", "repo.configure_self_hosted_jit_runner":
		a.Kind, a.Name = evidence.SelfHostedRunner, r.text("runner_name", "name")
		a.Detail = join(strings.TrimPrefix(action, "repo."), r.list("runner_labels")...)
	default:
		return
	}
	obs.Access = append(obs.Access, a)
}

// hostOf is the host of an address, without what can hold a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

func join(first string, more ...string) string {
	out := strings.ReplaceAll(first, "_", " ")
	var words []string
	for _, m := range more {
		if m != "" {
			words = append(words, m)
		}
	}
	if len(words) > 0 {
		out += ": " + strings.Join(words, ", ")
	}
	return evidence.Printable(out)
}
