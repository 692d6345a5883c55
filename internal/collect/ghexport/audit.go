package ghexport

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// AuditLog reads an exported or streamed audit log of organisations or an enterprise at the paths, all as one export: files, or all files below folders,
// as JSON array or JSON Lines, plain, gzip or zstd. Times are GitHub's. The unit of each repository is "audit-log/NAME-DIGEST" (in the summary); what
// the export as a whole is worth is of the unit "audit-log", for every repository of the case.
//
// Events of git seldom say more than who and when: such pushes stay in the stored rows, and a gap counts them. Rows of a whole organisation
// that concern its secrets are filed under each of its repositories that the export names or covers.
//
// Errors: a path that cannot be opened, a cancelled context, a failing emit.
func AuditLog(ctx context.Context, paths []string, cfg Config, emit Emit) (Summary, error) {
	e := &export{cfg: cfg, origin: evidence.OriginAuditLog, kind: "audit-log", emit: emit, facts: auditFacts}
	sum, err := e.run(ctx, paths, e.takeAudit)
	if err != nil {
		return sum, fmt.Errorf("read audit log: %w", err)
	}
	return sum, nil
}

// glance is what tells a row of a repository that is not in the case, without decoding the rest: most rows of an organisation are.
type glance struct {
	Action     json.RawMessage `json:"action"`
	Org        json.RawMessage `json:"org"`
	Repo       json.RawMessage `json:"repo"`
	Repository json.RawMessage `json:"repository"`
	RepoID     json.RawMessage `json:"repo_id"`
}

// foreign reports a valid row that names, in the plain way, a repository that is not in the case, by name and by id. A row that renames one may
// name it in others, and one of the organisation concerns all.
func (e *export) foreign(raw []byte) bool {
	var g glance
	if json.Unmarshal(raw, &g) != nil || bytes.HasPrefix(g.Action, []byte(`"repo.rename`)) || bytes.HasPrefix(g.Action, []byte(`"repo.transfer`)) ||
		bytes.HasPrefix(g.Action, []byte(`"org.`)) {
		return false
	}
	field := g.Repo
	if field == nil {
		field = g.Repository
	}
	name, ok := quoted(field)
	org, told := quoted(g.Org)
	id, err := strconv.ParseInt(string(g.RepoID), 10, 64)
	if !ok || !told || err != nil || id <= 0 || !strings.Contains(name, "/") || e.members.byName[strings.ToLower(name)] != nil || e.members.byID[id] != nil {
		return false
	}
	e.members.tells(org)
	return true
}

// quoted is a text that is written without escapes.
func quoted(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

// takeAudit reads one row and files it under its repository.
func (e *export) takeAudit(raw []byte) error {
	if e.foreign(raw) {
		e.sum.Foreign++
		return nil
	}
	raw, err := compact(raw)
	if err != nil {
		return err
	}
	rec, err := decode(raw)
	if err != nil {
		return err
	}
	r := row{raw: raw, record: rec, at: rec.time("@timestamp", "created_at", "timestamp"), id: rec.text("_document_id", "document_id"), url: e.url}
	action := rec.text("action")
	if action == "" {
		return badRow("names no action")
	}
	if r.at.IsZero() {
		return badRow("has no time")
	}
	if r.id == "" {
		r.id = rowID(raw)
	}
	e.members.tells(rec.text("org"))
	if action == "org.rename" {
		e.members.doubt(rec.text("org"))
	}
	return e.place(r, action)
}

// place decides whose row it is. One on a secret that names too little to say whose, or which, is as good as unread.
func (e *export) place(r row, action string) error {
	full, id := r.fullName(), max(0, r.number("repo_id"), r.number("repository_id"))
	_, named := secretName(r.text("key", "name"))
	if orgSecrets[action] != "" {
		return e.keep(r, named)
	}
	m := e.members.of(id, r.names(full, action)...)
	of := repoSecrets[action] != "" || environmentSecrets[action] != ""
	switch {
	case m != nil && of && !named:
		return badRow("names no secret")
	case m != nil:
		m.transferred = m.transferred || strings.HasPrefix(action, "repo.transfer")
		m.unsettled = m.unsettled || unsettling[action]
		return e.file(m, r)
	case full != "" || id != 0:
		e.sum.Foreign++
		if id == 0 {
			e.members.doubt(full)
			e.members.doubt(r.text("org"))
		}
	case of:
		return badRow("names no repository")
	default:
		e.sum.Unnamed++
	}
	return nil
}

// keep keeps a row on a secret of an organisation until it is known which repositories it concerns, whether it names one or not.
func (e *export) keep(r row, named bool) error {
	switch {
	case !named:
		return badRow("names no secret")
	case r.text("org") == "":
		return badRow("names no organisation")
	case len(e.shared) >= maxShared || e.sharedBytes+len(r.raw) > heldBytes:
		e.dropped++
		e.sum.Unnamed++
	default:
		e.shared = append(e.shared, r)
		e.sharedBytes += len(r.raw)
	}
	return nil
}

// unsettling is after what a secret may be out of reach, or gone with its environment, without a row that names it.
var unsettling = map[string]bool{"repo.access": true, "environment.delete": true}

// fullName is "owner/name" of the row's repository, empty where it names none.
func (r record) fullName() string {
	for _, name := range []string{"repo", "repository"} {
		full := r.text(name)
		if full == "" {
			continue
		}
		if !strings.Contains(full, "/") && r.text("org") != "" {
			full = r.text("org") + "/" + full
		}
		if strings.Contains(full, "/") {
			return full
		}
	}
	return ""
}

// names are those by which a row may mean a repository of the case: of one that was renamed or transferred the former too.
func (r record) names(full, action string) []string {
	names := []string{full}
	switch action {
	case "repo.rename":
		if owner, _, ok := strings.Cut(full, "/"); ok {
			names = append(names, owner+"/"+r.text("old_name"))
		}
	case "repo.transfer":
		names = append(names, r.text("repo_was"))
	}
	return names
}

// Actions on secrets of Actions, by where the secret is stored. Those of Codespaces and Dependabot (*_integration_secret) are other secrets.
// https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
var (
	orgSecrets = map[string]evidence.SecretAction{"org.create_actions_secret": evidence.SecretCreated,
		"org.update_actions_secret": evidence.SecretUpdated, "org.remove_actions_secret": evidence.SecretRemoved}
	repoSecrets = map[string]evidence.SecretAction{"repo.create_actions_secret": evidence.SecretCreated,
		"repo.update_actions_secret": evidence.SecretUpdated, "repo.remove_actions_secret": evidence.SecretRemoved}
	environmentSecrets = map[string]evidence.SecretAction{"environment.create_actions_secret": evidence.SecretCreated,
		"environment.update_actions_secret": evidence.SecretUpdated, "environment.remove_actions_secret": evidence.SecretRemoved}
)

// auditFacts says what the rows of one chunk tell.
func auditFacts(g *group, rows []row) evidence.Observation {
	var obs evidence.Observation
	paths := jobPaths(g.repo, rows)
	for _, r := range rows {
		action := r.text("action")
		switch {
		case action == "git.push", action == "protected_branch.policy_override":
			g.push(&obs, r)
		case strings.HasPrefix(action, "workflows."):
			g.workflow(&obs, r, strings.TrimPrefix(action, "workflows."), paths)
		case orgSecrets[action] != "":
			secret(&obs, g.repo, r, evidence.OrganisationSecret, orgSecrets[action])
		case repoSecrets[action] != "":
			secret(&obs, g.repo, r, evidence.RepositorySecret, repoSecrets[action])
		case environmentSecrets[action] != "":
			secret(&obs, g.repo, r, evidence.EnvironmentSecret, environmentSecrets[action])
		case fates[action] != "":
			g.fate(&obs, r, action)
		default:
			access(&obs, g.repo, r, action)
		}
	}
	return obs
}

// push reads a move of a ref. An administrator's push over a branch protection names the branch; plain events of git do in no version that is
// documented, but other exports of the same log do.
func (g *group) push(obs *evidence.Observation, r row) {
	ref := fullRef(r.text("ref", "branch"))
	if ref == "" {
		if r.text("action") == "git.push" {
			g.silent++
			g.silentFrom, g.silentTo = widen(g.silentFrom, g.silentTo, r.at)
		}
		return
	}
	before, after := r.oid("before", "before_sha"), r.oid("after", "after_sha")
	obs.Updates = append(obs.Updates, evidence.RefUpdate{Repository: g.repo, Origin: evidence.OriginAuditLog, ExternalID: r.id, Ref: ref,
		Before: before, After: after, Kind: kindOf(ref, before, after, r.yes("forced")), At: r.at, Clock: when.Server, Actor: r.text("actor")})
}

// fullRef takes a branch by its short name as well; empty for what is no ref.
func fullRef(s string) evidence.Ref {
	const most = 1024
	switch {
	case s == "" || len(s) > most || strings.ContainsFunc(s, func(c rune) bool { return c <= 0x20 || c == 0x7f }):
		return ""
	case strings.HasPrefix(s, "refs/"):
		return evidence.Ref(s)
	}
	return evidence.Ref("refs/heads/" + s)
}

func kindOf(ref evidence.Ref, before, after evidence.OID, forced bool) evidence.Kind {
	switch {
	case before == evidence.ZeroOID && ref.Tag():
		return evidence.TagCreation
	case after == evidence.ZeroOID && ref.Tag():
		return evidence.TagDeletion
	case before == evidence.ZeroOID:
		return evidence.BranchCreation
	case after == evidence.ZeroOID:
		return evidence.BranchDeletion
	case forced:
		return evidence.ForcePush
	}
	return evidence.Push
}

func secret(obs *evidence.Observation, repo evidence.Repository, r row, scope evidence.SecretScope, action evidence.SecretAction) {
	name, ok := secretName(r.text("key", "name"))
	if !ok {
		return
	}
	s := evidence.SecretRecord{Repository: repo, Origin: evidence.OriginAuditLog, ExternalID: r.id, Scope: scope, Name: name, Action: action, At: r.at,
		Actor: r.text("actor")}
	if scope == evidence.EnvironmentSecret {
		s.Environment = r.text("environment_name", "environment")
	}
	obs.Secrets = append(obs.Secrets, s)
}

// secretName checks and folds a name: https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets
func secretName(s string) (string, bool) {
	s = strings.ToUpper(strings.TrimPrefix(s, "secrets."))
	if s == "" || len(s) > 255 || (s[0] >= '0' && s[0] <= '9') {
		return "", false
	}
	return s, !strings.ContainsFunc(s, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' })
}

// fates are what ends or moves a repository, in words.
var fates = map[string]string{
	"repo.rename":   "renamed",
	"repo.transfer": "transferred",
	"repo.destroy":  "deleted",
	"repo.access":   "made more or less visible",
	"repo.archived": "archived",
}

// fate keeps what happened to the repository as a whole as a gap: what it held then is not told by later listings under its name.
func (g *group) fate(obs *evidence.Observation, r row, action string) {
	kind := evidence.GapUnconfirmedEnd
	detail := fmt.Sprintf("%s %s it at %s", actorOf(r), fates[action], evidence.Stamp(r.at))
	switch action {
	case "repo.rename", "repo.transfer":
		kind = evidence.GapRenamed
		if was := r.text("old_name", "repo_was", "old_user"); was != "" {
			detail += ", from " + evidence.Printable(was)
		}
	case "repo.access":
		if is := r.text("visibility"); is != "" {
			detail += fmt.Sprintf(" (%s, was %s)", evidence.Printable(is), evidence.Printable(r.text("previous_visibility")))
		}
	}
	g.gap(obs, evidence.Gap{Kind: kind, Subject: "repository " + fates[action] + " at " + evidence.Stamp(r.at), Detail: detail})
}

// gap keeps a repository of endless events from filling the case.
func (g *group) gap(obs *evidence.Observation, gap evidence.Gap) {
	if g.gaps++; g.gaps <= maxNamed {
		obs.Gaps = append(obs.Gaps, gap)
	}
}

func actorOf(r row) string {
	if a := r.text("actor"); a != "" {
		return evidence.Printable(a)
	}
	return "somebody"
}

// stamp is when the row's own clock says something began or ended, else zero.
func (r row) stamp(name string) time.Time { return asTime(r.text(name)) }
