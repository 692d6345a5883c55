package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/collect"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/collect/gitremote"
	"pentimento/internal/collect/wire"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// maxConcurrency stays below GitHub's limit of 100 requests at one time
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api), of which a repository has one under way.
const maxConcurrency = 50

// Units of this package: they span what several collectors do.
const (
	unitRecovery = "recovery"
	unitAPI      = "api"
	unitAskAgain = "api/ask-again"
	unitCatchUp  = "api/catch-up"
)

// steps builds the work on one repository from the collectors. It keeps nothing of a repository beyond a step but what is left of its own
// bound of calls, where that is given.
type steps struct {
	file    *casefile.Case
	info    casefile.Info
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error // between tries, see program
	only    []string
	refresh bool
	mirrors map[evidence.Repository]string // of those that are read from a clone instead of fetched
	clones  map[evidence.Repository][]string
	places  places
	admin   bool // ask what administrators see
	logs    bool // download logs of jobs
	packs   []campaign.Pack
	meter   *meter

	host *url.URL
	git  *gitremote.Collector
	api  *ghapi.Collector // nil: --api none
	// late lists no more than what came since the case last listed it, as api does in a refresh.
	late *ghapi.Collector

	calls         *wire.Allowance // of this run
	perRepository int             // bound of calls for each, 0 for none
	leads         leads           // to what pushers did elsewhere, once all repositories have been looked through
	mu            sync.Mutex
	allowances    map[evidence.Repository]*wire.Allowance
}

func (s *steps) connect(credentials []*wire.Credential, host, api *url.URL) error {
	s.host = host
	hosts := []string{host.Host}
	if api != nil {
		hosts = append(hosts, api.Host)
	}
	client := wire.NewClient(wire.Config{Credentials: credentials, Hosts: hosts, UserAgent: userAgent(), OnWait: s.meter.waiting,
		OnRefused: s.meter.refused, Budget: s.meter.budget, Sleep: s.sleep})
	s.git = gitremote.New(gitremote.Config{Host: host, Client: client, Mirrors: s.file.Mirrors(), Now: s.now, UserAgent: userAgent(), Progress: s.meter.received})
	if api == nil {
		return nil
	}
	cfg := ghapi.Config{Base: api, Client: client, Since: s.info.Since, Until: s.info.Until, Now: s.now, Cached: s.file.Cached, Known: s.known, Held: s.held}
	var err error
	if s.api, err = ghapi.New(cfg); err != nil {
		return err
	}
	cfg.Held = s.heldList
	s.late, err = ghapi.New(cfg)
	return err
}

// known is GitHub's id of the repository as it was last answered, 0 for none.
func (s *steps) known(ctx context.Context, repo evidence.Repository) (int64, error) {
	state, err := s.file.State(ctx, repo)
	if err != nil || state == nil {
		return 0, err
	}
	return state.GitHubID, nil
}

func (s *steps) ofRepository(evidence.Repository) []collect.Step {
	if s.api == nil {
		return []collect.Step{{Units: []string{unitAPI}, Run: missingAPI}}
	}
	return []collect.Step{{Units: []string{ghapi.UnitRepository}, Run: s.identify}, {Units: []string{unitAPI}, Run: askedAPI}}
}

func (s *steps) ofGit(repo evidence.Repository) []collect.Step {
	out := []collect.Step{{Units: []string{"git/refs", "git/history"}, Run: s.fetch}}
	if s.mirrors[repo] != "" {
		out = []collect.Step{{Units: []string{"git/mirror"}, Run: s.mirror}}
	}
	if s.api != nil && s.planned("repository") {
		out = append(out, collect.Step{Units: []string{unitAskAgain}, Run: s.askAgain})
	}
	return out
}

func (s *steps) ofRecovery(evidence.Repository) []collect.Step {
	return []collect.Step{{Units: []string{unitRecovery}, Within: []string{"git/recovery", gitremote.UnitForks, ghapi.UnitForks, ghapi.UnitGitData}, Run: s.recover}}
}

func (s *steps) fetch(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	barred, err := s.barred(ctx, repo, evidence.GapIdentity)
	if err != nil {
		return err
	}
	if barred {
		return errors.Join(emit(evidence.Observation{Repository: repo, Unit: "git/refs", Done: true}),
			emit(evidence.Observation{Repository: repo, Unit: "git/history", Done: true}))
	}
	return s.git.Collect(ctx, repo, emit)
}

func (s *steps) mirror(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	return s.git.Mirror(ctx, repo, s.mirrors[repo], emit)
}

// identify asks the API what the repository is, before anything is filed under its name.
func (s *steps) identify(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	was, err := s.file.State(ctx, repo)
	if err != nil {
		return err
	}
	_, _, err = s.api.Repository(ctx, repo, func(obs evidence.Observation) error {
		if is := obs.State; was != nil && is != nil && was.GitHubID != is.GitHubID {
			obs.State = nil
			obs.Gaps = append(obs.Gaps, evidence.Gap{Unit: obs.Unit, Kind: evidence.GapIdentity, Subject: string(repo),
				Detail: fmt.Sprintf("the name belonged to repository %d and belongs to %d now: nothing more is collected under it", was.GitHubID, is.GitHubID),
				Hint:   "find the first one under its present name and add that"})
		}
		return emit(obs)
	})
	return err
}

// askAgain asks the API a second time for a repository that it did not know and git has served since. Where it still does not, that is
// no sign that the repository is gone: the API is missing, which is one gap.
func (s *steps) askAgain(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	gaps, err := s.file.Gaps(ctx, repo)
	if err != nil {
		return err
	}
	listing, err := s.file.Listing(ctx, repo)
	if err != nil {
		return err
	}
	last := evidence.Observation{Repository: repo, Unit: unitAskAgain, Done: true}
	unknown := slices.ContainsFunc(gaps, func(g evidence.Gap) bool { return g.Unit == ghapi.UnitRepository && g.Kind == evidence.GapGone })
	unserved := slices.ContainsFunc(gaps, func(g evidence.Gap) bool { return g.Unit == "git/refs" && unanswered[g.Kind] })
	if !unknown || unserved || !listing.Known() || s.mirrors[repo] != "" {
		return emit(last)
	}
	if err := s.file.Reopen(ctx, repo, []string{ghapi.UnitRepository}); err != nil {
		return err
	}
	_, _, err = s.api.Repository(ctx, repo, func(obs evidence.Observation) error {
		for i, g := range obs.Gaps {
			if g.Kind == evidence.GapGone {
				obs.Gaps[i] = evidence.Gap{Unit: g.Unit, Kind: evidence.GapNotCollected, Subject: "GitHub API",
					Detail: "git serves the repository and the API does not know it: erased commits, times of pushes and runs cannot be seen",
					Hint:   "collect with a token that may see the repository, or name its API with --api"}
			}
		}
		if obs.State != nil { // it has come into being, or into sight, since it was first asked for
			last.Gaps = []evidence.Gap{{Unit: unitAskAgain, Kind: evidence.GapServer, Subject: "GitHub API",
				Detail: "the API did not know the repository at first and knew it later: nothing else was asked of it", Hint: "run collect again"}}
		}
		return emit(obs)
	})
	if err != nil {
		return err
	}
	return emit(last)
}

// unanswered are the gaps in unit git/refs that mean that no listing came.
var unanswered = map[evidence.GapKind]bool{evidence.GapGone: true, evidence.GapBlocked: true, evidence.GapForbidden: true, evidence.GapRateLimit: true,
	evidence.GapServer: true, evidence.GapRefused: true, evidence.GapUnsupported: true}

// barred reports whether the API's word on the repository leaves no sense in asking on: it does not have it, or it is another one by now.
func (s *steps) barred(ctx context.Context, repo evidence.Repository, kinds ...evidence.GapKind) (bool, error) {
	gaps, err := s.file.Gaps(ctx, repo)
	return slices.ContainsFunc(gaps, func(g evidence.Gap) bool { return g.Unit == ghapi.UnitRepository && slices.Contains(kinds, g.Kind) }), err
}

// missingAPI is the one gap of a repository whose API nobody asked.
func missingAPI(_ context.Context, repo evidence.Repository, emit collect.Emit) error {
	return emit(evidence.Observation{Repository: repo, Unit: unitAPI, Done: true, Gaps: []evidence.Gap{{
		Unit: unitAPI, Kind: evidence.GapNotCollected, Subject: "GitHub API",
		Detail: "the API was not asked: erased commits, times of pushes and runs cannot be seen from git alone",
		Hint:   "collect without --api none, with GITHUB_TOKEN set",
	}}})
}

// askedAPI ends the gap of [missingAPI] that an earlier collection may have left.
func askedAPI(_ context.Context, repo evidence.Repository, emit collect.Emit) error {
	return emit(evidence.Observation{Repository: repo, Unit: unitAPI, Done: true})
}

// recover fetches every commit that a ref update or a run names and the history lacks: by SHA over git, else from the API. What nobody
// serves is a gap.
func (s *steps) recover(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	named := namedCommits(facts)
	wants := make([]gitremote.Want, 0, len(named))
	for oid, ids := range named {
		wants = append(wants, gitremote.Want{OID: oid, NamedBy: ids})
	}
	missing := wants
	if s.mirrors[repo] == "" {
		if missing, err = s.git.Recover(ctx, repo, wants, emit); err != nil {
			return err
		}
		if missing, err = s.fromForks(ctx, repo, missing, emit); err != nil {
			return err
		}
	}
	last := evidence.Observation{Repository: repo, Unit: unitRecovery, Done: true}
	if s.api != nil && len(missing) > 0 {
		ask := make([]ghapi.Want, 0, len(missing))
		for _, w := range missing {
			ask = append(ask, ghapi.Want{OID: w.OID, NamedBy: w.NamedBy})
		}
		ask, again := s.settled(ask, facts.Seen, facts.Gaps)
		again.Repository, again.Unit = repo, ghapi.UnitGitData
		if err := emit(again); err != nil {
			return err
		}
		if _, err := s.api.Objects(ctx, repo, ask, emit); err != nil { // it makes a gap of each that it does not get
			return err
		}
		return emit(last)
	}
	for _, w := range missing {
		last.Gaps = append(last.Gaps, evidence.Gap{Unit: unitRecovery, Kind: evidence.GapObjectMissing, Subject: string(w.OID),
			Detail: "a ref update or run names the commit, and no source that was asked serves it", Hint: "add a clone that has it with --mirror"})
	}
	return emit(last)
}

// namedCommits lists the commits that updates and runs name and no ref of the listing reaches, with the ids of the facts that name them.
// Those that an earlier collection recovered are asked for again: what is emitted must not depend on an interruption.
func namedCommits(facts *casefile.Facts) map[evidence.OID][]string {
	var tips []evidence.OID
	for _, l := range facts.Listing.Refs {
		tips = append(tips, l.Target())
	}
	reached := facts.History.Reach(tips...)
	out := map[evidence.OID][]string{}
	note := func(oid evidence.OID, id string) {
		if oid.Object() && !reached.HasID(oid) && !slices.Contains(out[oid], id) {
			out[oid] = append(out[oid], id)
		}
	}
	for _, u := range facts.Updates {
		note(u.Before, u.ID())
		note(u.After, u.ID())
	}
	for _, x := range facts.Sightings {
		note(x.OID, x.ID())
	}
	for _, r := range facts.Runs {
		note(r.HeadSHA, r.ID())
	}
	return out
}

// jobs lists jobs and steps of every attempt of the runs of files that ever held a malicious version.
func (s *steps) jobs(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	paths, err := s.maliciousPaths(ctx, facts)
	if err != nil {
		return err
	}
	runs := slices.DeleteFunc(facts.Runs, func(r evidence.Run) bool { return !paths[r.WorkflowPath()] })
	return s.api.Jobs(ctx, repo, s.fresh(runs, facts.Coverage), emit)
}

// maliciousPaths lists the workflow paths at which any commit of the repository holds a malicious version: by itself, or by what the last analysis
// found of its surroundings.
func (s *steps) maliciousPaths(ctx context.Context, facts *casefile.Facts) (map[string]bool, error) {
	findings, err := s.findings(ctx, facts)
	if err != nil {
		return nil, err
	}
	out := suspectPaths(s.packs) // runs of a file that was erased for good can still tell whether jobs ran
	for blob, at := range facts.History.Versions() {
		if _, bad := findings[blob]; bad {
			for _, path := range at {
				out[path] = true
			}
		}
	}
	places, err := detect.Places(ctx, s.file, facts.Repository)
	if err != nil {
		return nil, err
	}
	for _, path := range places {
		out[path] = true
	}
	return out, nil
}
