package drill

import (
	_ "embed"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Recipe is a parsed and validated recipe. Its objects have their ids already: they depend on its lines alone.
type Recipe struct {
	Name         string
	Now          time.Time // the drill's present
	Repositories []*Repository
	Declarations []Declaration
	Imports      []*Import // in the order in which they are sent
	Truth        Truth

	actors  map[string]*actor
	caps    map[string]int // rows per page by endpoint ("activity", "events", "runs", "jobs"), and "search": rows of a filtered search
	limits  []limit
	era     string                   // "old" or "new" payloads of pushes whatever the date, empty for by date
	silent  map[evidence.Origin]bool // these tell nothing at all
	archive archiveState
	tokened bool                   // GraphQL answers nobody without a token
	byName  map[string]*Repository // by the keys of present and former names
	byID    map[int64]*Repository
	runIDs  map[int64]bool
}

// Repository is what a recipe tells of one repository: what was done to it, and what is lost.
type Repository struct {
	Name          evidence.Repository // as a responder knows it; the old name after a rename
	ID            int64
	DefaultBranch string
	CreatedAt     time.Time
	ForkOf        evidence.Repository
	RenamedTo     evidence.Repository
	Archived      bool
	Private       bool
	Gone          bool
	Blocked       string // reason: "dmca" or "tos"
	NoAPI         bool   // the API does not know what git serves
	ActionsOff    bool

	recipe  *Recipe
	commits map[string]*commit
	order   []*commit
	objects map[evidence.OID]object
	heads   map[string]*commit            // the pushers' own branches, before they are pushed
	refs    map[evidence.Ref]evidence.OID // as GitHub holds them at the end
	tags    map[evidence.Ref]*tag         // annotated ones
	tagged  []*tag                        // those that were ever pushed
	updates []*update
	runs    []*run
	lag     map[string]time.Duration // of "activity" and "events" behind the git dates
	horizon map[string]time.Time     // origins list nothing older: "activity", "events", "runs"
	maximum map[string]int           // and not more rows than this in all: "events"

	apps         []*app
	pulls        []*pullRequest
	releases     []*release
	secrets      []*secret
	grants       []*grant
	environments []string
	admin        bool // whoever asks with a token is an administrator
	clones       map[string]*localClone
	madePublic   time.Time
}

// Declaration is what a person knows and tells the case, as `pentimento declare` takes it.
type Declaration struct {
	Repository evidence.Repository
	Secret     string
	Fact       string // revoked, replaced, not-used, false-positive, confirmed
	At         time.Time
	By         string
	Because    string
}

// app gets a check suite for every push to a branch from since on, lag after it.
type app struct {
	id    int64
	slug  string
	since time.Time
	lag   time.Duration
}

// pullRequest is what GraphQL tells of one; what happened to its head and its base are updates of the repository.
type pullRequest struct {
	number  int
	head    string // a branch, here or in the fork
	base    string
	fork    evidence.Repository // holds the head; empty for this repository
	tip     *commit
	by      *actor
	opened  time.Time
	merged  time.Time // zero for not
	foreign bool      // the head branch was never here
}

type release struct {
	id  int64
	tag string
	by  *actor
	at  time.Time
}

// secret is the record of a stored Actions secret: no value is ever part of a recipe.
type secret struct {
	name, environment string
	organisation      bool
	created, updated  time.Time
	by                *actor
}

// grant is a deploy key, a webhook, a collaborator or a runner.
type grant struct {
	id                 int64
	kind, name, detail string
	at                 time.Time
	by                 *actor
}

type actor struct {
	login, name, email, zone string
	id                       int64
}

type update struct {
	ref           evidence.Ref
	before, after evidence.OID
	kind          evidence.Kind
	at            time.Time
	actor         *actor
	nth           int // of this ref, from 1
	unlisted      map[string]bool
	twice         bool // an archive has it twice
}

type run struct {
	id                  int64
	path, event, branch string
	name                string
	head                *commit
	headRepository      evidence.Repository // differs from the repository for a pull request from a fork
	actor               *actor
	created             time.Time
	attempts            []*attempt
	deleted, lostJobs   bool
	number              int
}

type attempt struct {
	number             int
	started, updated   time.Time
	status, conclusion string
	actor              *actor
	jobs               []*job
}

type job struct {
	id                 int64
	name, runner       string
	started, completed time.Time
	status, conclusion string
	steps              []step
	log                []logLine // nil where no log is kept
}

type logLine struct {
	at   time.Time // the runner's
	text string
}

type step struct {
	name               string
	started, completed time.Time
	status, conclusion string
}

// witnesses are the origins that can be made silent. What remains is the answer to "what is this repository", and git itself.
var witnesses = []evidence.Origin{
	evidence.OriginActivity, evidence.OriginEvents, evidence.OriginRuns, evidence.OriginCheckSuites, evidence.OriginPullTimeline,
	evidence.OriginSignatures, evidence.OriginForks, evidence.OriginReleases, evidence.OriginSecrets, evidence.OriginAccess,
	evidence.OriginRunLogs, evidence.OriginUserEvents, evidence.OriginArchive, evidence.OriginAuditLog, evidence.OriginWebhooks, evidence.OriginReflog,
}

// Only makes every origin but these lose all that it had, so that one witness can be heard alone. None of them leaves git. It is called
// before [Start] and before anything is written.
func (r *Recipe) Only(kept ...evidence.Origin) {
	for _, origin := range witnesses {
		r.silent[origin] = !slices.Contains(kept, origin)
	}
}

// Era renders the payloads of pushes as GitHub made them before 2025-10-07 ("old") or since ("new"), whatever their date; empty is by
// date. It is called before [Start] and before anything is written.
func (r *Recipe) Era(era string) { r.era = era }

// fullName is the present name.
func (r *Repository) fullName() evidence.Repository {
	if r.RenamedTo != "" {
		return r.RenamedTo
	}
	return r.Name
}

// hidden reports a repository that an outsider cannot tell from one that never was.
func (r *Repository) hidden() bool { return r.Gone || r.Private }

// Scope lists the repositories that a responder is given, in the order of the recipe.
func (r *Recipe) Scope() []evidence.Repository {
	var out []evidence.Repository
	for _, repo := range r.Repositories {
		out = append(out, repo.Name)
	}
	return out
}

// OID resolves "owner/name:commit" to a commit and "owner/name:commit:path" to a blob of its tree. The repository may be left out
// where the commit's name is unique in the recipe. An unknown name gives the empty OID.
func (r *Recipe) OID(name string) evidence.OID {
	where, rest, qualified := strings.Cut(name, ":")
	if !qualified || !strings.Contains(where, "/") {
		where, rest = "", name
	}
	label, path, _ := strings.Cut(rest, ":")
	var found []*commit
	for _, repo := range r.Repositories {
		if where != "" && repo.Name.Key() != evidence.Repository(where).Key() {
			continue
		}
		if c := repo.commits[label]; c != nil {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return ""
	}
	if path == "" {
		return found[0].oid
	}
	text, ok := found[0].files[path]
	if !ok {
		return ""
	}
	return hash("blob", []byte(text)).oid()
}

// repository finds by present or former name, without case.
func (r *Recipe) repository(name string) *Repository { return r.byName[strings.ToLower(name)] }

//go:embed recipes/campaign.recipe
var campaignText []byte

//go:embed recipes/pair.recipe
var pairText []byte

//go:embed recipes/sources.recipe
var sourcesText []byte

//go:embed recipes/runs.recipe
var runsText []byte

//go:embed recipes/used.recipe
var usedText []byte

// BundledText is the recipe that `pentimento drill` plays: a campaign of invented repositories.
func BundledText() []byte { return campaignText }

// Bundled is the parsed [BundledText].
func Bundled() (*Recipe, error) { return Parse("campaign.recipe", campaignText) }

// Small is a recipe of two repositories that gives rise to every kind of request.
func Small() (*Recipe, error) { return Parse("pair.recipe", pairText) }

// Sources is a recipe of one repository of which every witness can tell, to be played with all but some of them silenced: see
// [Recipe.Only]. Its clone is named "laptop", its truth is in [Truth.Held].
func Sources() (*Recipe, error) { return Parse("sources.recipe", sourcesText) }

// Runs is a recipe of what can become of a start: every kind of run, and of none. Its truth is in [Truth.Runs], [Truth.Starts], [Truth.Reads] and
// [Truth.Rungs].
func Runs() (*Recipe, error) { return Parse("runs.recipe", runsText) }

// Used is a recipe of what can come of a stolen token, with the files that a responder is sent. Its truth is in [Truth.Verdicts] and [Truth.Releases].
func Used() (*Recipe, error) { return Parse("used.recipe", usedText) }
