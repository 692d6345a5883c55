package tokenlog

import (
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/tokens"
)

// auditLog is which of GitHub's logs an event of the audit log belongs to.
func auditLog(action string) string {
	switch {
	case strings.HasPrefix(action, "git."):
		return logGitHubGit
	case action == "api.request":
		return logGitHubAPI
	default:
		return logGitHubAudit
	}
}

// accessCategories are the categories of events that change who may do what. [GitHub docs, "Audit log events for your enterprise"]
var accessCategories = []string{
	"personal_access_token", "oauth_access", "oauth_authorization", "oauth_application", "public_key", "deploy_key", "org_credential_authorization", "integration_installation",
	"integration", "two_factor_authentication", "passkey", "members", "team", "protected_branch", "repository_ruleset", "external_identity", "ssh_certificate_authority", "gpg_key",
}

// auditClass places an action; operationType is what GitHub says of those that are not known by name.
func auditClass(r auditRecord, action string) tokens.Class {
	category, act, _ := strings.Cut(action, ".")
	switch {
	case action == "git.push":
		return tokens.Write
	case category == "git" || action == "repo.download_zip":
		return tokens.Read
	case category == "api":
		return methodClass(r.field("request_method"))
	case category == "workflows" && !strings.Contains(act, "delete"):
		return tokens.Run
	case category == "packages" && strings.HasSuffix(act, "published"), category == "release" && (act == "published" || act == "create"):
		return tokens.Publish
	case category == "user" && strings.Contains(act, "login"), category == "user_session":
		return tokens.Auth
	case slices.Contains(accessCategories, category), strings.HasSuffix(act, "_member"), strings.HasSuffix(act, "_secret"), act == "register_self_hosted_runner":
		return tokens.Access
	}
	switch r.field("operation_type") {
	case "create", "modify", "remove", "restore", "transfer":
		return tokens.Write
	case "access":
		return tokens.Read
	case "authentication":
		return tokens.Auth
	}
	return verbClass(act)
}

// verbClass places an action without an operation type by its verb.
func verbClass(act string) tokens.Class {
	for _, verb := range []string{"create", "update", "delete", "destroy", "remove", "add", "rename", "transfer", "archive", "enable", "disable", "access"} {
		if strings.HasPrefix(act, verb) {
			return tokens.Write // "repo.access" changes the visibility
		}
	}
	return tokens.Other
}

// methodClass places a request by its method.
func methodClass(method string) tokens.Class {
	switch strings.ToUpper(method) {
	case "GET", "HEAD", "OPTIONS", "PROPFIND":
		return tokens.Read
	case "POST", "PUT", "PATCH", "DELETE":
		return tokens.Write
	default:
		return tokens.Other
	}
}

// statusRefused is the first status of HTTP that tells of a failure.
const statusRefused = 400

// auditOutcome is told of requests and logins alone: other events are written of what was done.
func auditOutcome(r auditRecord, action string) string {
	if status := r.id("status_code"); status != 0 {
		return statusOutcome(status)
	}
	if strings.Contains(action, "failed_login") {
		return tokens.Failed
	}
	return ""
}

func statusOutcome(status int64) string {
	if status >= statusRefused {
		return tokens.Failed
	}
	return tokens.Succeeded
}

// steps are actions that tell of the life of a credential. Of a personal access token, an organization grants and revokes its own access alone: to all
// else the token goes on to work, so that this refuses and does not remove. [GitHub docs, "Security log events", "Audit log events for your organization"]
var steps = map[string]string{
	"oauth_access.create":                          tokens.Created,
	"oauth_access.regenerate":                      tokens.Rotated,
	"oauth_access.revoke":                          tokens.Removed,
	"oauth_access.destroy":                         tokens.Removed,
	"oauth_authorization.create":                   tokens.Created,
	"oauth_authorization.destroy":                  tokens.Removed,
	"personal_access_token.create":                 tokens.Created,
	"personal_access_token.access_granted":         tokens.Enabled,
	"personal_access_token.access_revoked":         tokens.Disabled,
	"personal_access_token.credential_regenerated": tokens.Rotated,
	"personal_access_token.credential_revoked":     tokens.Removed,
	"personal_access_token.destroy":                tokens.Removed,
	"public_key.create":                            tokens.Created,
	"public_key.delete":                            tokens.Removed,
	"deploy_key.create":                            tokens.Created,
	"deploy_key.delete":                            tokens.Removed,
	"org_credential_authorization.grant":           tokens.Enabled,
	"org_credential_authorization.revoke":          tokens.Disabled,
	"org_credential_authorization.deauthorize":     tokens.Disabled,
}

// lifecycle gives on a step in the life of a credential. hashed_token and token_id of such an event are those of who acted, not of what was acted on,
// which is named by its label; keys alone have an identifier of their own, their fingerprint.
func (a *auditReader) lifecycle(r auditRecord, u *tokens.Use) error {
	what := steps[u.Action]
	if what == "" {
		return nil
	}
	e := tokens.Event{
		Provider: tokens.GitHub, Account: firstText(r.field("user"), r.actor()), What: what, At: u.At, By: r.actor(), Log: u.Log, External: u.External,
		Label: firstText(r.field("user_programmatic_access_name"), r.field("token_name"), r.field("title"), r.field("oauth_application_name"), r.field("oauth_application")),
	}
	if print := r.field("fingerprint"); print != "" {
		e.ID = "key:" + print
	}
	e.Detail = stepDetail(r, u.Action)
	return a.out.Event(&e)
}

// stepDetail says what else an event tells of the credential.
func stepDetail(r auditRecord, action string) string {
	parts := []string{action}
	add := func(name, text string) {
		if text != "" {
			parts = append(parts, name+" "+text)
		}
	}
	if n := r.id("user_programmatic_access_id"); n != 0 {
		add("access", strconv.FormatInt(n, 10))
	}
	add("of", r.field("org"))
	add("repository", r.field("repo"))
	add("selection", r.field("repository_selection"))
	add("scopes", r.field("scopes"))
	add("because", r.field("explanation"))
	return strings.Join(parts, "; ")
}
