package drill

import (
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Truth is what the author of a recipe states by hand about what an investigation must find. Names of commits are resolved to ids and
// nothing is worked out: it shares no code with the analysis that it judges. Lists keep the order of the recipe.
//
// Instants carry no evidence ids. Where the analysis says null for an instant, the pointer is nil.
type Truth struct {
	Repos     []TruthRepo
	Commits   []TruthCommit
	Presence  []TruthPresence
	Held      []TruthHeld // in recipes that ask what each witness can tell, instead of Presence
	Contains  []TruthContains
	Findings  []TruthFinding
	Runs      []TruthRun
	Starts    []TruthStart // where a recipe asks for them
	Reads     []TruthReads
	Rungs     []TruthRung
	Windows   []TruthWindow // of secrets; the pushing credentials are Pushers
	Pushers   []TruthPusher
	Verdicts  []TruthVerdict // of recipes that send files about tokens
	Releases  []TruthRelease
	Gaps      []TruthGap
	Recovered []TruthRecovered
}

// TruthRepo is the state word of a repository.
type TruthRepo struct {
	Repository evidence.Repository
	State      string
}

// TruthCommit is a commit of the campaign or, with role "removal", one that ended a presence.
type TruthCommit struct {
	Repository evidence.Repository
	SHA        evidence.OID
	Role       string
	Pushed     *when.Instant
	Recovered  bool
}

// TruthPresence is a span in which a ref's tip held a malicious version.
type TruthPresence struct {
	Repository evidence.Repository
	Ref        evidence.Ref // empty where none can be named
	Path       string
	Versions   []TruthVersion // the first is the row's blob
	State      string         // proven, possible
	Armed      string         // armed, proposed, inherited, no
	Added      when.Instant
	AddedBy    evidence.OID // empty where the ref came with the file: what brought it is the update
	Removed    *when.Instant
	RemovedBy  evidence.OID // the commit that took it away; empty for none, and for force-pushes and deletions, which are no commit
	How        string
}

// TruthHeld is a span in which a ref held the file, as it was at the server whoever tells of it. Until is zero where it still does.
type TruthHeld struct {
	Repository  evidence.Repository
	Ref         evidence.Ref
	Path        string
	Commits     []evidence.OID // that brought the versions, in order
	From, Until time.Time
}

// TruthVersion is a version in the order in which a ref held them.
type TruthVersion struct {
	Blob   evidence.OID
	Commit evidence.OID
}

// TruthContains is a ref that reaches the commit that brought a version and never held the file itself.
type TruthContains struct {
	Repository evidence.Repository
	Ref        evidence.Ref
	Commit     evidence.OID
}

// TruthFinding is a malicious version over all repositories.
type TruthFinding struct {
	Blob         evidence.OID
	Repositories []evidence.Repository
	Paths        []string
	Secrets      []string
	Destinations []string
}

// TruthRun is the ladder step of a run of a malicious version, the best of its attempts.
type TruthRun struct {
	Repository evidence.Repository
	RunID      int64
	Execution  string
}

// TruthWindow is the exposure window of one value of a secret: a secret that was replaced while armed has two, in order of time.
type TruthWindow struct {
	Repository evidence.Repository
	Secret     string
	Credential string // "unlinked" unless said
	Opened     when.Instant
	Closed     *when.Instant
	State      string // closed, open, not_known_closed
	Execution  string
}

// TruthPusher is the GitHub credential behind the campaign's pushes: one per actor over all repositories, as servers name them. Its window
// has no beginning that anybody knows and opened before the first such push at the latest.
type TruthPusher struct {
	Actor  string
	Opened when.Instant
}

// TruthGap is a gap that must be reported. Subject "*" stands for any: the kind says it all.
type TruthGap struct {
	Repository evidence.Repository
	Kind       evidence.GapKind
	Subject    string
}

// TruthRecovered is a commit that no present ref reaches and that must be had all the same.
type TruthRecovered struct {
	Repository evidence.Repository
	SHA        evidence.OID
}
