package tokenlog

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Logs of GitHub, by how long and where they are kept: events of the web and API 180 days, git events 7 days, API requests only where an enterprise
// streams them, and a user's own security log 90 days. One that was had whole says nothing of the others. [GitHub docs, "Reviewing the audit log"]
const (
	logGitHubAudit    = "github/audit"
	logGitHubGit      = "github/git"
	logGitHubAPI      = "github/api"
	logGitHubSecurity = "github/security"
)

// noTokens is noted of a file in which no event names a token. [GitHub docs, "Identifying audit log events performed by an access token"]
const noTokens = "no event names a token: exports of the web interface may leave hashed_token out, so that a token that is not found here may have been used all the same"

func gitHubFormats() []Format {
	return []Format{
		{
			Name: "github-audit", Kinds: []string{KindUsage},
			About: "audit log of an organization or enterprise: JSON or CSV export, git events export, REST pages, streamed files",
			Guess: guessGitHubAudit,
			Read: func(ctx context.Context, in *Input, out *Sink) error {
				return readGitHubLog(ctx, in, out, logGitHubAudit)
			},
		},
		{
			Name: "github-security-log", Kinds: []string{KindUsage}, Log: logGitHubSecurity,
			About: "security log of a user: JSON or CSV export of the web interface",
			Guess: func(s Sample) int {
				if !strings.Contains(strings.ToLower(s.Name), "security") {
					return 0
				}
				return min(100, guessGitHubAudit(s)+4)
			},
			Read: func(ctx context.Context, in *Input, out *Sink) error {
				return readGitHubLog(ctx, in, out, logGitHubSecurity)
			},
		},
		{
			Name: "github-pats", Kinds: []string{KindCredentials},
			About: "fine-grained personal access tokens with access to an organization: GET /orgs/ORG/personal-access-tokens",
			Guess: guessGitHubPATs, Read: readGitHubPATs,
		},
		{
			Name: "github-sso-credentials", Kinds: []string{KindCredentials},
			About: "credentials authorized for SAML single sign-on: GET /orgs/ORG/credential-authorizations",
			Guess: guessGitHubSSO, Read: readGitHubSSO,
		},
	}
}

func guessGitHubAudit(s Sample) int {
	switch {
	case s.keys("action", "@timestamp", "_document_id"):
		return 95
	case s.keys("action", "actor", "@timestamp"):
		return 90
	case s.keys("action", "actor", "created_at", "org") || s.keys("action", "actor", "created_at", "user"):
		return 80
	case s.columns("action", "actor", "@timestamp") || s.columns("action", "actor", "created_at", "org") || s.columns("action", "actor", "created_at", "user"):
		return 90
	}
	return 0
}

// auditRecord is one event: a flat object as streamed, with extras under data as older exports have them, or with their dotted names as columns.
type auditRecord struct{ object }

// field is the text of a field wherever the shape has it.
func (a auditRecord) field(name string) string {
	for _, v := range []string{a.text(name), a.text("data", name), a.text("data." + name)} {
		if v != "" {
			return v
		}
	}
	return ""
}

// names are the strings of a list wherever the shape has it: as an array, or as the text of one in a cell of a CSV file.
func (a auditRecord) names(name string) []string {
	for _, list := range [][]any{a.list(name), a.list("data", name)} {
		if len(list) > 0 {
			return texts(list)
		}
	}
	cell := strings.Trim(a.field(name), "[] ")
	if cell == "" {
		return nil
	}
	var all []string
	for part := range strings.SplitSeq(cell, ",") {
		if part = strings.Trim(part, `" `); part != "" && len(all) < maxNames {
			all = append(all, part)
		}
	}
	return all
}

// auditReader gives on the events of one log.
type auditReader struct {
	in      *Input
	out     *Sink
	log     string
	events  int64
	tokened int64
	aliases map[[2]string]bool
}

// readGitHubLog reads any shape of the audit log: an array, JSON lines, or CSV with the same keys as columns. Times are UTC.
func readGitHubLog(ctx context.Context, in *Input, out *Sink, log string) error {
	a := &auditReader{in: in, out: out, log: log, aliases: map[[2]string]bool{}}
	csv, err := in.isCSV()
	if err != nil {
		return err
	}
	if csv {
		err = eachRecord(ctx, in, out, func(r *record) error {
			o := make(object, len(r.names))
			for i, name := range r.names {
				if r.fields[i] != "" && o[name] == nil {
					o[name] = r.fields[i]
				}
			}
			return a.event(auditRecord{o})
		})
	} else {
		err = eachObject(ctx, in, out, nil, func(o object) error { return a.event(auditRecord{o}) })
	}
	if err == nil && a.events > 0 && a.tokened == 0 {
		out.Note(noTokens)
	}
	return err
}

// event gives on one event as a use, and what it tells of the life of a credential.
func (a *auditReader) event(r auditRecord) error {
	action := r.field("action")
	if action == "" {
		return a.out.Reject("the event has no action")
	}
	at, within, err := instant(firstText(r.field("@timestamp"), r.field("created_at")), a.in.zone(time.UTC))
	if err != nil {
		return a.out.Reject(err.Error())
	}
	u := tokens.Use{
		Log: a.log, Provider: tokens.GitHub, Account: r.actor(), Action: action, Class: auditClass(r, action), Project: r.project(), Subject: r.subject(action),
		At: at, Within: within, UserAgent: r.field("user_agent"), Outcome: auditOutcome(r, action), External: r.field("_document_id"),
		Country: country(firstText(r.text("actor_location", "country_code"), r.text("actor_location.country_code"), r.text("data", "actor_location", "country_code"))),
	}
	if a.log == logGitHubAudit {
		u.Log = auditLog(action)
	}
	u.Address, u.Origin = place(firstText(r.field("actor_ip"), r.field("ip")))
	u.RunID = r.id("workflow_run_id")
	if oid, err := evidence.ParseOID(firstText(r.field("head_sha"), r.field("after"))); err == nil {
		u.Commit = oid
	}
	kind := r.field("programmatic_access_type")
	number, hash := r.id("token_id"), tokens.NormalHash(r.field("hashed_token"))
	if u.Credential = hash; hash == "" && number != 0 {
		u.Credential = numberID(number)
	}
	if a.events++; u.Credential != "" || kind != "" {
		a.tokened++
		u.Via = tokens.ViaToken
	}
	if err := a.out.Use(&u); err != nil {
		return err
	}
	if err := a.alias(r, kind, number, hash); err != nil {
		return err
	}
	return a.lifecycle(r, &u)
}

// alias gives on, once a file, that a number and a hash name the same token.
func (a *auditReader) alias(r auditRecord, kind string, number int64, hash string) error {
	if number == 0 || hash == "" {
		return nil
	}
	c := tokens.Credential{Provider: tokens.GitHub, ID: numberID(number), Alias: hash, Kind: kind, Account: r.actor()}
	key := [2]string{c.ID, hash}
	if a.aliases[key] {
		return nil
	}
	if len(a.aliases) < maxAliases {
		a.aliases[key] = true
	}
	return a.out.Credential(&c)
}

// numberID names a token by the number that GitHub's audit log and inventories give it.
func numberID(n int64) string { return "token_id:" + strconv.FormatInt(n, 10) }

// id is a whole number above zero; exports write an absent one as 0, "", or null.
func (a auditRecord) id(name string) int64 {
	n, err := strconv.ParseInt(a.field(name), 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(a.field(name), 64)
		if err != nil || f < 1 || f > 1<<53 {
			return 0
		}
		n = int64(f)
	}
	return max(n, 0)
}

// actor is the login, or the number where that is all: git events over SSH have no login.
func (a auditRecord) actor() string {
	if login := a.field("actor"); login != "" {
		return login
	}
	if n := a.id("actor_id"); n != 0 {
		return "id:" + strconv.FormatInt(n, 10)
	}
	return ""
}

// project is the repository as owner/name. Some collectors hand repo on as an array.
func (a auditRecord) project() string {
	name := firstText(a.field("repo"), a.field("repository"))
	if name == "" {
		name = firstText(append(a.names("repo"), a.names("repository")...)...)
	}
	return lowered(name)
}

// subject is what of the repository the event is about: the job with the names of the secrets that it was handed, the branch, the route, the setting.
func (a auditRecord) subject(action string) string {
	if action == "workflows.prepared_workflow_job" {
		return strings.TrimSpace(a.field("job_name") + passed(a.names("secrets_passed")))
	}
	if strings.HasPrefix(action, "git.") {
		return firstText(a.field("ref"), a.field("head_branch"), a.field("transport_protocol_name"))
	}
	return firstText(a.field("head_branch"), a.field("route"), a.field("key"), a.field("name"), a.field("title"))
}

// passed lists names of secrets. What is no name of a secret is counted and not repeated: it could be a value.
func passed(names []string) string {
	if len(names) == 0 {
		return ""
	}
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	all := len(names)
	names = slices.DeleteFunc(names, func(s string) bool { return !secretName(s) })
	text := " (secrets: " + strings.Join(names, ", ")
	if left := all - len(names); left > 0 {
		text += " and " + strconv.Itoa(left) + " that are no names"
	}
	return text + ")"
}

// maxSecretName is the most that GitHub allows for the name of a secret.
const maxSecretName = 255

// secretName reports that a text can be the name of a secret of GitHub Actions, which are kept in capitals, digits and underscores. Values have lower
// case, or are long with digits and no underscore.
func secretName(s string) bool {
	if s == "github_token" {
		return true
	}
	if s == "" || len(s) > maxSecretName || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	digits, parts := false, false
	for _, c := range []byte(s) {
		switch {
		case c == '_':
			parts = true
		case c >= '0' && c <= '9':
			digits = true
		case c < 'A' || c > 'Z':
			return false
		}
	}
	return parts || !digits || len(s) < shortestValue
}

// shortestValue is the length from which capitals and digits without an underscore may be a value: access keys of AWS have 20.
const shortestValue = 16
