package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/when"
)

// Origin names the kind of answer a source is.
type Origin string

// Origins of this version. GitRefs and GitPack come over git; the next are endpoints of GitHub's API, by REST if nothing else is said;
// the last come from files.
const (
	OriginGitRefs    Origin = "git-refs"   // one listing of advertised refs
	OriginGitPack    Origin = "git-pack"   // objects fetched or read from a mirror; the body says which were wanted
	OriginRepository Origin = "repository" // GET /repos/{owner}/{repo}
	OriginActivity   Origin = "activity"   // GET /repos/{owner}/{repo}/activity
	OriginEvents     Origin = "events"     // GET /repos/{owner}/{repo}/events
	OriginRuns       Origin = "runs"       // GET /repos/{owner}/{repo}/actions/runs
	OriginJobs       Origin = "jobs"       // GET .../actions/runs/{id}/attempts/{n}/jobs
	OriginGitData    Origin = "git-data"   // GET .../git/commits, git/trees, git/blobs

	OriginCheckSuites  Origin = "check-suites"  // GET .../commits/{sha}/check-suites
	OriginPullTimeline Origin = "pull-timeline" // GraphQL: force-pushes and deletions of the branches of pull requests
	OriginSignatures   Origin = "signatures"    // GraphQL: who verified the signature of a commit, and when
	OriginForks        Origin = "forks"         // GET .../forks
	OriginReleases     Origin = "releases"      // GET .../releases
	OriginSecrets      Origin = "secrets"       // GET .../actions/secrets and its like, for administrators
	OriginAccess       Origin = "access"        // GET .../keys, hooks, collaborators, actions/runners, for administrators
	OriginRunLogs      Origin = "run-logs"      // GET .../actions/jobs/{id}/logs
	OriginUserEvents   Origin = "user-events"   // GET /users/{username}/events/public: what an account did, wherever

	OriginArchive  Origin = "archive"   // GH Archive: hours of public events, or the answer of a warehouse that holds them
	OriginAuditLog Origin = "audit-log" // an organisation's audit log, exported
	OriginWebhooks Origin = "webhooks"  // deliveries of webhooks, saved by whoever received them
	OriginReflog   Origin = "reflog"    // what a clone noted of its refs
)

// Source is one answer of one origin. Target is the request target without the host ("/repos/o/r/activity?per_page=100"), or the file
// read. Body is the answer as received; the case file redacts, digests and compresses it.
type Source struct {
	Repository Repository
	Origin     Origin
	Method     string // GET, POST, or FILE for a mirror
	URL        string // as asked, without credentials
	Target     string // path and query alone: part of the id, so that a host's port is not
	Status     int    // HTTP status, 0 for files
	ETag       string
	FetchedAt  time.Time
	Body       []byte
}

// Digest is the SHA-256 of the body as received, in hex.
func (s Source) Digest() string {
	sum := sha256.Sum256(s.Body)
	return hex.EncodeToString(sum[:])
}

// ID is the same for the same answer to the same question, whenever it was asked.
func (s Source) ID() string {
	return ID("src", s.Repository.Key(), string(s.Origin), s.Method, s.Target, strconv.Itoa(s.Status), s.Digest())
}

// RepositoryState is what the API said of a repository. Status is "ok" or why nothing more can be had ("gone", "blocked", ...).
type RepositoryState struct {
	GitHubID      int64
	FullName      string // the present name: differs from the asked one after a rename
	DefaultBranch string
	ForkOf        string // full name of the parent, empty for no fork
	Private       bool
	Archived      bool
	Disabled      bool
	CreatedAt     time.Time
	PushedAt      time.Time
}

// ListedRef is one advertised ref. Peeled is the object behind an annotated tag, else empty.
type ListedRef struct {
	Ref    Ref
	OID    OID
	Peeled OID
	Symref Ref // target of a symbolic ref (HEAD)
}

// Target is the object that the ref stands for: the peeled one where there is one.
func (l ListedRef) Target() OID {
	if l.Peeled != "" {
		return l.Peeled
	}
	return l.OID
}

// Kind of a ref update, in GitHub's words (activity_type of the activity API).
type Kind string

// Kinds. A source that does not tell a push from a force-push says Push; whether it was forced is inferred from ancestry.
const (
	Push           Kind = "push"
	ForcePush      Kind = "force_push"
	BranchCreation Kind = "branch_creation"
	BranchDeletion Kind = "branch_deletion"
	TagCreation    Kind = "tag_creation"
	TagDeletion    Kind = "tag_deletion"
	PRMerge        Kind = "pr_merge"
	MergeQueue     Kind = "merge_queue_merge"
)

// RefUpdate is one move of one ref as one source told it. Before and After are empty where the source does not say (CreateEvent and
// DeleteEvent carry no SHAs), [ZeroOID] where it says "none".
type RefUpdate struct {
	Repository Repository
	Origin     Origin
	ExternalID string // the origin's own id of the row
	Ref        Ref
	Before     OID
	After      OID
	Kind       Kind
	At         time.Time
	Clock      when.Clock // whose time At is; never when.NoClock or when.Git
	By         bool       // the move was made at At or earlier: a check suite is created some time after the push
	Actor      string     // login, empty if the source names none
}

// ID of the fact.
func (u RefUpdate) ID() string {
	return ID("upd", u.Repository.Key(), string(u.Origin), u.ExternalID, string(u.Ref), string(u.Before), string(u.After),
		string(u.Kind), Stamp(u.At), u.Clock.String(), strconv.FormatBool(u.By), u.Actor)
}

// Signature of a person in a commit: name, address and date are whatever the maker wrote. Zone is the offset as written ("+0200").
type Signature struct {
	Name  string
	Email string
	Date  time.Time // UTC
	Zone  string
}

// Commit is a commit object. It is the same fact in every repository that holds it.
type Commit struct {
	OID       OID
	Tree      OID
	Parents   []OID
	Author    Signature
	Committer Signature
	Message   string // as stored, trailing newline included or not: its absence is a fingerprint
	Signed    bool   // a gpgsig header is there; nobody has checked it
}

// ID of the fact.
func (c Commit) ID() string { return CommitID(c.OID) }

// CommitID is the evidence id of a commit object: its name is digest enough.
func CommitID(o OID) string { return "cmt-" + string(o) }

// Holding says what the tree of a commit holds at .github/workflows, and how its root differs from its first parent's.
type Holding struct {
	Commit OID
	// Workflows is the object id of the .github/workflows tree; empty when the commit has none. See Known.
	Workflows OID
	// Known is false when a tree on the way could not be had: then Workflows says nothing.
	Known bool
	// RootChanges names the root entries (files or folders) that differ from the first parent's, sorted, at most [MaxRootChanges]. It is
	// told of two kinds of commits, because root trees cost ten times what all else of a history does: those that changed
	// .github/workflows, and those with the mark of the contents API, a message without a newline at its end and no signature. Merges are of
	// neither kind. It may be empty for all others, and is for a commit whose tree equals its parent's and for one whose trees are unknown.
	RootChanges []string
}

// MaxRootChanges bounds Holding.RootChanges: enough to tell "README alone" from a real change.
const MaxRootChanges = 8

// WorkflowEntry is one file of a .github/workflows tree. Path is the full path in the repository.
type WorkflowEntry struct {
	Tree OID // the .github/workflows tree
	Path string
	Blob OID
	Mode string // "100644", "120000", ...
}

// Blob is the text of a workflow file.
type Blob struct {
	OID  OID
	Text []byte
}

// ReadmeChange is what a commit of the contents API's shape (no signature, no newline at the end of its message) added to the README at the root,
// where it changed nothing else there: campaigns start their workflow by such commits and leave stamps in them. Lines are those that the
// file has and the first parent's has not, in their order; Cut says that there are more, or that one was shortened.
type ReadmeChange struct {
	Commit OID
	Path   string
	Before OID // of the file; empty where there was none
	After  OID
	Added  []string
	Cut    bool
}

// CommitSeen says that a commit object was had for a repository. A SHA that resolves is no proof that it was pushed there: GitHub
// serves the objects of the whole fork network. NamedBy holds the ids of the facts that name it; empty when a listed ref reaches it.
type CommitSeen struct {
	Commit  OID
	Via     string // "fetch", "recovery", "mirror", "git-data"
	NamedBy []string
}

// Run is one attempt of one workflow run, as listed.
type Run struct {
	Repository      Repository
	RunID           int64
	Attempt         int
	WorkflowID      int64
	Number          int64 // of the runs of its workflow, from 1; 0 where the source does not say. No part of the id: it never changes
	Name            string
	Path            string // the workflow file; may carry "@ref"
	Event           string
	Status          string
	Conclusion      string
	HeadBranch      string
	HeadSHA         OID
	HeadRepository  string
	Actor           string
	TriggeringActor string
	CreatedAt       time.Time // server clock
	StartedAt       time.Time // of this attempt
	UpdatedAt       time.Time
}

// ID of the fact: a run that has changed since (queued, then completed) is another fact.
func (r Run) ID() string {
	return ID("run", r.Repository.Key(), strconv.FormatInt(r.RunID, 10), strconv.Itoa(r.Attempt), r.Path, r.Event, r.Status, r.Conclusion,
		r.HeadBranch, string(r.HeadSHA), Stamp(r.CreatedAt), Stamp(r.StartedAt), Stamp(r.UpdatedAt))
}

// WorkflowPath is Path without the "@ref" that GitHub adds for reusable workflows.
func (r Run) WorkflowPath() string {
	path, _, _ := strings.Cut(r.Path, "@")
	return path
}

// Step of a job. Times are the runner's.
type Step struct {
	Number      int64
	Name        string
	Status      string
	Conclusion  string
	StartedAt   time.Time
	CompletedAt time.Time
}

// Job of a run attempt.
type Job struct {
	Repository  Repository
	RunID       int64
	Attempt     int
	JobID       int64
	Name        string
	Status      string
	Conclusion  string
	RunnerName  string
	StartedAt   time.Time
	CompletedAt time.Time
	Steps       []Step
}

// ID of the fact.
func (j Job) ID() string {
	parts := []string{j.Repository.Key(), strconv.FormatInt(j.RunID, 10), strconv.Itoa(j.Attempt), strconv.FormatInt(j.JobID, 10),
		j.Name, j.Status, j.Conclusion, Stamp(j.StartedAt), Stamp(j.CompletedAt)}
	for _, s := range j.Steps {
		parts = append(parts, strconv.FormatInt(s.Number, 10), s.Name, s.Status, s.Conclusion, Stamp(s.StartedAt), Stamp(s.CompletedAt))
	}
	return ID("job", parts...)
}

// Coverage says over which time an origin was listed to its end. The zero From means "back to the origin's own horizon".
type Coverage struct {
	Origin   Origin
	From     time.Time
	To       time.Time
	Complete bool      // false: pages were missing or a limit cut the list
	Oldest   time.Time // the oldest row returned: the origin's horizon may lie there
	Detail   string    // e.g. "run 17 attempt 2" for jobs; empty for whole origins
}
