package evidence

import (
	"strconv"
	"time"

	"pentimento/internal/when"
)

// Sighting is one source's word that a ref held an object at an instant. How it came there, and since when, it does not say. OID is
// [ZeroOID] where the ref was looked for and not there.
type Sighting struct {
	Repository Repository
	Origin     Origin
	ExternalID string // the origin's own id of the row, or the ref's place in the file that says it
	Ref        Ref
	OID        OID // the commit (of an annotated tag, the peeled one)
	At         time.Time
	Clock      when.Clock
}

// ID of the fact.
func (s Sighting) ID() string {
	return ID("sgt", s.Repository.Key(), string(s.Origin), s.ExternalID, string(s.Ref), string(s.OID), Stamp(s.At), s.Clock.String())
}

// Signature check of a commit by GitHub. VerifiedAt is when the check was made and kept (since November 2024 that is at the first push to
// anywhere in the fork network): the commit existed by then. A commit that ByGitHub signs was made at its committer date: that date is
// GitHub's own, and no ref held the commit before it.
type SignatureCheck struct {
	Commit     OID
	Verified   bool
	Reason     string    // GitHub's word: "valid", "unsigned", ...
	VerifiedAt time.Time // server clock; zero where GitHub does not say
	ByGitHub   bool      // made in the browser or by the merge button
}

// ID of the fact.
func (c SignatureCheck) ID() string {
	return ID("chk", string(c.Commit), strconv.FormatBool(c.Verified), c.Reason, Stamp(c.VerifiedAt), strconv.FormatBool(c.ByGitHub))
}

// OtherThanGit is the detail of the coverage of an audit log that is about everything but moves of refs: GitHub keeps those for 7 days and the
// rest for 180.
const OtherThanGit = "events other than of git"

// SecretScope says where an Actions secret is stored.
type SecretScope string

// Scopes of secrets.
const (
	RepositorySecret   SecretScope = "repository"
	EnvironmentSecret  SecretScope = "environment"
	OrganisationSecret SecretScope = "organisation"
)

// SecretAction is what a source says happened to a stored secret.
type SecretAction string

// What sources tell of secrets. A listing names what is stored at the time; the audit log tells the moves; a prepared job names what was
// handed to it.
const (
	SecretListed  SecretAction = "listed"
	SecretCreated SecretAction = "created"
	SecretUpdated SecretAction = "updated"
	SecretRemoved SecretAction = "removed"
	SecretPassed  SecretAction = "passed" // handed to the job Job of run RunID
)

// SecretRecord is one source's word on a stored secret, by name: no API tells its value.
type SecretRecord struct {
	Repository  Repository
	Origin      Origin // secrets or audit-log
	ExternalID  string // the origin's id of the row, empty for listings
	Scope       SecretScope
	Environment string // for environment secrets
	Name        string // upper case, as GitHub stores it
	Action      SecretAction
	At          time.Time // of the move; of a listing, when it was made. Server clock
	CreatedAt   time.Time // of a listing: when a secret of this name was last created; zero where the source does not say
	UpdatedAt   time.Time // of a listing: when its value was last set
	Actor       string
	RunID       int64  // for [SecretPassed]
	Job         string // for [SecretPassed], the job's name
}

// ID of the fact. When a listing was made is left out: the same listing again is the same fact.
func (s SecretRecord) ID() string {
	at := Stamp(s.At)
	if s.Action == SecretListed {
		at = ""
	}
	return ID("sec", s.Repository.Key(), string(s.Origin), s.ExternalID, string(s.Scope), s.Environment, s.Name, string(s.Action), at,
		Stamp(s.CreatedAt), Stamp(s.UpdatedAt), s.Actor, strconv.FormatInt(s.RunID, 10), s.Job)
}

// AccessKind is a way into a repository that an attacker can leave behind.
type AccessKind string

// Ways in.
const (
	DeployKey        AccessKind = "deploy_key"
	Webhook          AccessKind = "webhook"
	Collaborator     AccessKind = "collaborator"
	SelfHostedRunner AccessKind = "self_hosted_runner"
)

// AccessGrant is a way into the repository that an administrator's listing or the audit log shows. CreatedAt is zero where no source says.
type AccessGrant struct {
	Repository Repository
	Origin     Origin // access or audit-log
	ExternalID string
	Kind       AccessKind
	Name       string // title of the key, host of the webhook, login, name of the runner
	Detail     string // read-only or not, events, permission, labels; no key material, no path or query of an address
	CreatedAt  time.Time
	AddedBy    string
}

// ID of the fact.
func (g AccessGrant) ID() string {
	return ID("acc", g.Repository.Key(), string(g.Origin), g.ExternalID, string(g.Kind), g.Name, g.Detail, Stamp(g.CreatedAt), g.AddedBy)
}

// Fork is a repository of the same fork network: its server may still hold what was erased in the victim.
type Fork struct {
	Repository Repository // the victim
	FullName   Repository
	GitHubID   int64
	Parent     bool // the victim's own parent
	CreatedAt  time.Time
	PushedAt   time.Time
}

// ID of the fact.
func (f Fork) ID() string {
	return ID("frk", f.Repository.Key(), f.FullName.Key(), strconv.FormatInt(f.GitHubID, 10), strconv.FormatBool(f.Parent), Stamp(f.CreatedAt), Stamp(f.PushedAt))
}

// RunLog is the log of one job. The text is the body of its source, redacted and cut at a bound.
type RunLog struct {
	Repository Repository
	RunID      int64
	Attempt    int
	JobID      int64
	Bytes      int64 // as received
	Truncated  bool  // more came than was kept
}

// ID of the fact.
func (l RunLog) ID() string {
	return ID("log", l.Repository.Key(), strconv.FormatInt(l.RunID, 10), strconv.Itoa(l.Attempt), strconv.FormatInt(l.JobID, 10),
		strconv.FormatInt(l.Bytes, 10), strconv.FormatBool(l.Truncated))
}
