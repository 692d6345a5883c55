package drill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// auditRow is one event of an organisation's audit log as its export and its API write it. Times are milliseconds since 1970.
type auditRow struct {
	At         int64               `json:"@timestamp"`
	CreatedAt  int64               `json:"created_at"`
	DocumentID string              `json:"_document_id"`
	Action     string              `json:"action"`
	Actor      string              `json:"actor"`
	ActorID    int64               `json:"actor_id"`
	Org        string              `json:"org"`
	Repo       evidence.Repository `json:"repo"`
	RepoID     int64               `json:"repo_id"`
	Operation  string              `json:"operation_type,omitempty"`
	UserAgent  string              `json:"user_agent,omitempty"`

	Transport string       `json:"transport_protocol_name,omitempty"` // of git events
	Ref       evidence.Ref `json:"ref,omitempty"`
	Before    evidence.OID `json:"before,omitempty"`
	After     evidence.OID `json:"after,omitempty"`

	RunID         int64        `json:"workflow_run_id,omitempty"` // of workflows
	Attempt       int          `json:"run_attempt,omitempty"`
	HeadSHA       evidence.OID `json:"head_sha,omitempty"`
	HeadBranch    string       `json:"head_branch,omitempty"`
	Event         string       `json:"event,omitempty"`
	WorkflowName  string       `json:"name,omitempty"`
	Conclusion    string       `json:"conclusion,omitempty"`
	JobName       string       `json:"job_name,omitempty"`
	JobRef        string       `json:"job_workflow_ref,omitempty"`
	Hosted        *bool        `json:"is_hosted_runner,omitempty"`
	SecretsPassed []string     `json:"secrets_passed,omitempty"`

	Key         string `json:"key,omitempty"` // the name of a secret
	Environment string `json:"environment_name,omitempty"`
	User        string `json:"user,omitempty"` // the member added
	Title       string `json:"title,omitempty"`
}

// auditRows lists what the audit log of a repository's organisation has of it, oldest first.
func (r *Repository) auditRows() []auditRow {
	var out []auditRow
	add := func(action string, at time.Time, by *actor, fill func(*auditRow)) {
		row := auditRow{At: at.UnixMilli(), CreatedAt: at.UnixMilli(), Action: action, Org: r.fullName().Owner(), Repo: r.fullName(), RepoID: r.ID,
			DocumentID: fmt.Sprintf("doc-%d-%d", r.ID, len(out)+1)}
		if by != nil {
			row.Actor, row.ActorID = by.login, by.id
		}
		fill(&row)
		out = append(out, row)
	}
	for _, u := range r.updates {
		if u.unlisted["audit"] || u.kind == evidence.PRMerge { // what is done in the browser is no git event
			continue
		}
		add("git.push", u.at.Add(r.lag["activity"]), u.actor, func(row *auditRow) {
			row.Transport, row.Ref, row.Before, row.After, row.UserAgent = "http", u.ref, u.before, u.after, "git/2.39.5"
		})
	}
	for _, x := range r.runs {
		r.auditRun(x, add)
	}
	for _, s := range r.secrets {
		scope := "repo"
		switch {
		case s.organisation:
			scope = "org"
		case s.environment != "":
			scope = "environment"
		}
		name := func(row *auditRow) { row.Key, row.Environment = s.name, s.environment }
		add(scope+".create_actions_secret", s.created, s.by, name)
		if s.updated.After(s.created) {
			add(scope+".update_actions_secret", s.updated, s.by, name)
		}
	}
	for _, g := range r.grants {
		action := map[string]string{"deploy-key": "public_key.create", "webhook": "hook.create", "collaborator": "repo.add_member",
			"runner": "repo.register_self_hosted_runner"}[g.kind]
		add(action, g.at, g.by, func(row *auditRow) {
			if g.kind == "collaborator" {
				row.User = g.name
				return
			}
			row.Title = g.name
		})
	}
	slices.SortStableFunc(out, func(a, b auditRow) int { return int(a.At - b.At) })
	return out
}

// auditRun tells of a run: that it was made, which secrets each of its jobs was given, and how it ended. A run that somebody deleted is
// still told of, and so is the deletion's absence: recipes do not say who deletes.
func (r *Repository) auditRun(x *run, add func(string, time.Time, *actor, func(*auditRow))) {
	common := func(row *auditRow) {
		row.RunID, row.HeadSHA, row.HeadBranch, row.Event, row.WorkflowName = x.id, x.head.oid, x.branch, x.event, x.name
	}
	add("workflows.created_workflow_run", x.created, x.actor, common)
	passed := secretReference.FindAllStringSubmatch(x.head.files[x.path], -1)
	hosted := true
	for _, a := range x.attempts {
		for _, j := range a.jobs {
			add("workflows.prepared_workflow_job", j.started, x.actor, func(row *auditRow) {
				common(row)
				row.Attempt, row.JobName, row.Hosted, row.JobRef = a.number, j.name, &hosted, fmt.Sprintf("%s/%s@refs/heads/%s", r.fullName(), x.path, x.branch)
				for _, m := range passed {
					if !slices.Contains(row.SecretsPassed, m[1]) {
						row.SecretsPassed = append(row.SecretsPassed, m[1])
					}
				}
			})
		}
		if a.conclusion != "" {
			add("workflows.completed_workflow_run", a.updated, x.actor, func(row *auditRow) {
				common(row)
				row.Attempt, row.Conclusion = a.number, a.conclusion
			})
		}
	}
}

// WriteAuditLog writes the audit log of the recipe's organisations to a file, one event a line, oldest first.
func (r *Recipe) WriteAuditLog(file string) error {
	var rows []any
	for _, repo := range r.Repositories {
		if r.silent[evidence.OriginAuditLog] {
			break
		}
		for _, row := range repo.auditRows() {
			rows = append(rows, row)
		}
	}
	return writeLines(file, rows)
}

// delivery is a webhook as a receiver of ours would save it: GitHub's headers, when it was received, and the payload.
type delivery struct {
	DeliveredAt string            `json:"delivered_at"`
	Headers     map[string]string `json:"headers"`
	Payload     any               `json:"payload"`
}

type webhookPush struct {
	Ref        evidence.Ref      `json:"ref"`
	Before     evidence.OID      `json:"before"`
	After      evidence.OID      `json:"after"`
	Created    bool              `json:"created"`
	Deleted    bool              `json:"deleted"`
	Forced     bool              `json:"forced"`
	BaseRef    *string           `json:"base_ref"`
	Compare    string            `json:"compare"`
	Commits    []pushedCommit    `json:"commits"`
	HeadCommit *headCommit       `json:"head_commit"`
	Repository minimalRepository `json:"repository"`
	Pusher     nameAddress       `json:"pusher"`
	Sender     simpleUser        `json:"sender"`
}

// deliveries lists the push webhooks of a repository, oldest first, each delivered a second after the server knew.
func (r *Repository) deliveries() []any {
	var out []any
	for i, u := range r.updates {
		if u.unlisted["webhook"] || r.recipe.silent[evidence.OriginWebhooks] {
			continue
		}
		var told pushPayload
		r.tellCommits(&told, u)
		push := webhookPush{
			Ref: u.ref, Before: u.before, After: u.after, Created: u.before == evidence.ZeroOID, Deleted: u.after == evidence.ZeroOID,
			Forced: u.kind == evidence.ForcePush, Compare: r.web("/compare/" + u.before.Short() + "..." + u.after.Short()), Commits: *told.Commits,
			Repository: r.minimal(), Pusher: nameAddress{u.actor.login, u.actor.email}, Sender: user(u.actor.login, u.actor.id),
		}
		if c := r.named(u.after); c != nil {
			head := headOf(c)
			push.HeadCommit = &head
		}
		out = append(out, delivery{
			DeliveredAt: stamp(u.at.Add(r.lag["activity"] + time.Second)), Payload: push,
			Headers: map[string]string{"X-GitHub-Event": "push", "X-GitHub-Delivery": fmt.Sprintf("00000000-0000-4000-8000-%012d", r.serial(i))},
		})
	}
	return out
}

// WriteWebhooks writes the push deliveries of all repositories to a file, one a line.
func (r *Recipe) WriteWebhooks(file string) error {
	var rows []any
	for _, repo := range r.Repositories {
		rows = append(rows, repo.deliveries()...)
	}
	return writeLines(file, rows)
}

func writeLines(file string, rows []any) error {
	var b bytes.Buffer
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("drill: %s: %w", file, err)
		}
		b.WriteString(strings.TrimSpace(string(line)) + "\n")
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	return nil
}
