// Package ghapi answers what GitHub's API still says of a repository: its state, the moves of its refs (activity, events), its workflow
// runs with every attempt, their jobs, steps and logs, and single objects that git no longer serves; further witnesses of its refs, which
// are check suites, releases and, over GraphQL, the timelines of pull requests and the checks of signatures; its forks; and, for an
// administrator, the names of its secrets and the ways into it. It is the one door to go-github, whose requests, errors and paging it
// uses; it decodes rows itself, from the bytes that it keeps, because go-github v66 lacks the activity endpoint and GraphQL, and one
// mistyped field would cost it a whole page.
//
// It takes a client that already waits for limits (see package wire) and gives observations: one for each page, with the answer as its
// source, then a last one with Done, the coverage and the gaps. An answer that cannot be had, read or believed is asked for again a few
// times, then it is a gap, and collection goes on; an error means that the context ended, that the caller could not keep an observation,
// or a mistake in the program.
//
// It refuses to conclude: a 404 is not "deleted", a push is not "forced", a missing run is not "did not run", a secret that is not listed
// was not "never there".
package ghapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"pentimento/internal/evidence"
)

// Units of collection, as they stand in observations and gaps.
const (
	UnitRepository = "api/repository"
	UnitActivity   = "api/activity"
	UnitEvents     = "api/events"
	UnitRuns       = "api/runs"
	UnitJobs       = "api/jobs"
	UnitGitData    = "api/git-data"

	UnitCheckSuites = "api/check-suites"
	UnitPulls       = "api/pulls"
	UnitSignatures  = "api/signatures"
	UnitForks       = "api/forks"
	UnitReleases    = "api/releases"
	UnitAdmin       = "api/admin"
	UnitLogs        = "api/logs"
	UnitActors      = "api/actors"
)

const (
	// perPage is the most that the lists give.
	perPage = 100
	// RunRetention is how far back runs are asked for where no lower bound is given: GitHub archives checks data after 400 days
	// (changelog of 2022-12-07).
	RunRetention = 400 * 24 * time.Hour
)

// Config of a collector.
type Config struct {
	Base   *url.URL     // https://api.github.com/ or https://HOST/api/v3/, without credentials
	Client *http.Client // see package wire; it authenticates, waits and bounds
	// Since and Until bound what is listed. The zero Since asks activity and events back to their own horizon, and runs for
	// [RunRetention] before Now; the coverage of each unit says which. The zero Until is Now. Activity and events cannot be cut from
	// above and are listed up to Now; nothing listed is dropped for its time.
	Since, Until time.Time
	Now          func() time.Time
	// Cached gives the answer that the case holds for a target, so that an unchanged one costs no rate limit; nil for none. The body must
	// be the one received: an answer that was redacted is another. An error of this and of the next two ends the collection.
	Cached func(ctx context.Context, repo evidence.Repository, target string) (etag string, body []byte, ok bool, err error)
	// Held gives the list of an origin that the case holds to its end, so that no more is listed than what came since; nil to list all.
	Held func(ctx context.Context, repo evidence.Repository, origin evidence.Origin) (Held, bool, error)
	// Known is GitHub's id of the repository as the case has it, 0 for none: another process may have asked. Nil for none.
	Known func(ctx context.Context, repo evidence.Repository) (int64, error)
	// LogHosts are the hosts that the log of a job may be fetched from, beside the API's own; nil for [LogHosts].
	LogHosts []string
}

// Emit takes an observation; an error from it ends the collection.
type Emit = func(evidence.Observation) error

// Collector asks one API. It is safe for concurrent use on different repositories.
type Collector struct {
	cfg Config

	mu  sync.Mutex
	ids map[string]int64 // GitHub's id by repository key, as the repository itself was answered
}

// New checks the configuration.
func New(cfg Config) (*Collector, error) {
	switch {
	case cfg.Base == nil || cfg.Base.Host == "" || (cfg.Base.Scheme != "https" && cfg.Base.Scheme != "http"):
		return nil, errors.New("the API address is not an http or https URL")
	case cfg.Base.User != nil || cfg.Base.RawQuery != "" || cfg.Base.Fragment != "":
		return nil, errors.New("the API address holds more than scheme, host and path")
	case cfg.Client == nil || cfg.Now == nil:
		return nil, errors.New("the API collector needs a client and a clock")
	}
	base := *cfg.Base
	if !strings.HasSuffix(base.Path, "/") { // go-github insists
		base.Path += "/"
	}
	cfg.Base = &base
	if cfg.Cached == nil {
		cfg.Cached = func(context.Context, evidence.Repository, string) (string, []byte, bool, error) {
			return "", nil, false, nil
		}
	}
	if cfg.Known == nil {
		cfg.Known = func(context.Context, evidence.Repository) (int64, error) { return 0, nil }
	}
	if cfg.Held == nil {
		cfg.Held = func(context.Context, evidence.Repository, evidence.Origin) (Held, bool, error) {
			return Held{}, false, nil
		}
	}
	if cfg.LogHosts == nil {
		cfg.LogHosts = LogHosts
	}
	return &Collector{cfg: cfg, ids: map[string]int64{}}, nil
}

// id is GitHub's id of the repository as first answered, 0 while unknown.
func (c *Collector) id(repo evidence.Repository) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ids[repo.Key()]
}

// recall takes up what the case knows of the id, before the first answer of this process is held against it.
func (c *Collector) recall(ctx context.Context, repo evidence.Repository) error {
	c.mu.Lock()
	_, asked := c.ids[repo.Key()]
	c.mu.Unlock()
	if asked {
		return nil
	}
	id, err := c.cfg.Known(ctx, repo)
	if err != nil {
		return err
	}
	c.learn(repo, id)
	return nil
}

func (c *Collector) learn(repo evidence.Repository, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[repo.Key()] = id
}

// unit is one unit of collection of one repository under way.
type unit struct {
	*Collector
	repo   evidence.Repository
	name   string
	origin evidence.Origin
	of     string // what is asked of where that is not the repository: "users/LOGIN"
	emit   Emit
}

// keep hands on what one answer told.
func (u unit) keep(obs evidence.Observation) error {
	obs.Repository, obs.Unit = u.repo, u.name
	for i := range obs.Gaps {
		obs.Gaps[i].Repository, obs.Gaps[i].Unit = u.repo, u.name
	}
	return u.emit(obs)
}

// finish hands on the last observation of the unit.
func (u unit) finish(coverage []evidence.Coverage, gaps []evidence.Gap) error {
	return u.keep(evidence.Observation{Done: true, Coverage: coverage, Gaps: gaps})
}
