package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

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

// stepNames are the parts of a collection that --only takes, in their order.
var stepNames = []string{"repository", "git", "activity", "events", "runs", "recovery", "jobs"}

// Units of this package: they span what two collectors do.
const (
	unitRecovery = "recovery"
	unitAPI      = "api"
)

// steps builds the work on one repository from the collectors.
type steps struct {
	file    *casefile.Case
	info    casefile.Info
	now     func() time.Time
	only    []string
	targets map[string]casefile.Target
	meter   *meter

	git *gitremote.Collector
	api *ghapi.Collector // nil: --api none

	mu      sync.Mutex
	unknown map[string]evidence.Observation // what the API said of repositories that it does not know, by key
}

func (s *steps) connect(token string, host, api *url.URL) error {
	hosts := []string{host.Host}
	if api != nil {
		hosts = append(hosts, api.Host)
	}
	client := wire.NewClient(wire.Config{Token: token, Hosts: hosts, UserAgent: userAgent(), OnWait: s.meter.waiting, Budget: s.meter.budget})
	s.git = gitremote.New(gitremote.Config{Host: host, Client: client, Mirrors: s.file.Mirrors(), Now: s.now, UserAgent: userAgent(), Progress: s.meter.received})
	if api == nil {
		return nil
	}
	var err error
	s.api, err = ghapi.New(ghapi.Config{Base: api, Client: client, Since: s.info.Since, Until: s.info.Until, Now: s.now, Cached: s.cached})
	return err
}

// cached offers the stored answer for a conditional request. A store that cannot be read will fail the next append with its own error:
// here it only costs one full answer.
func (s *steps) cached(repo evidence.Repository, target string) (string, []byte, bool) {
	etag, body, ok, err := s.file.Cached(context.Background(), repo, target)
	return etag, body, ok && err == nil
}

// of lists the steps of a repository in the order that later ones need: what names a commit comes before its recovery, and what holds a
// malicious file before the jobs of its runs.
func (s *steps) of(repo evidence.Repository) []collect.Step {
	git := collect.Step{Units: []string{"git/refs", "git/history"}, Run: s.fetch}
	if s.targets[repo.Key()].Mirror != "" {
		git = collect.Step{Units: []string{"git/mirror"}, Run: s.mirror}
	}
	all := map[string][]collect.Step{
		"git":      {git},
		"recovery": {{Units: []string{unitRecovery}, Within: []string{"git/recovery", ghapi.UnitGitData}, Run: s.recover}},
	}
	if s.api != nil {
		all["repository"] = []collect.Step{{Units: []string{ghapi.UnitRepository}, Run: s.identify}, {Units: []string{unitAPI}, Run: askedAPI}}
		all["git"] = append(all["git"], collect.Step{Units: []string{ghapi.UnitRepository}, Run: s.tellUnknown})
		all["activity"] = s.ofAPI(ghapi.UnitActivity, s.api.Activity)
		all["events"] = s.ofAPI(ghapi.UnitEvents, s.api.Events)
		all["runs"] = s.ofAPI(ghapi.UnitRuns, s.api.Runs)
		all["jobs"] = s.ofAPI(ghapi.UnitJobs, s.jobs)
	} else {
		all["repository"] = []collect.Step{{Units: []string{unitAPI}, Run: missingAPI}}
	}
	var out []collect.Step
	for _, name := range stepNames {
		if s.planned(name) {
			out = append(out, all[name]...)
		}
	}
	return out
}

// planned reports whether --only leaves a part in.
func (s *steps) planned(part string) bool { return len(s.only) == 0 || slices.Contains(s.only, part) }

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
	return s.git.Mirror(ctx, repo, s.targets[repo.Key()].Mirror, emit)
}

// identify asks the API what the repository is, before anything is filed under its name. An answer that it does not know the repository
// is held back until git has spoken, where git is asked: see [steps.tellUnknown].
func (s *steps) identify(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	_, _, err = s.api.Repository(ctx, repo, func(obs evidence.Observation) error {
		if s.planned("git") && slices.ContainsFunc(obs.Gaps, func(g evidence.Gap) bool { return g.Kind == evidence.GapGone }) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.unknown[repo.Key()] = obs
			return nil
		}
		if was, is := facts.State, obs.State; was != nil && is != nil && was.GitHubID != is.GitHubID {
			obs.State = nil
			obs.Gaps = append(obs.Gaps, evidence.Gap{Unit: obs.Unit, Kind: evidence.GapIdentity, Subject: string(repo),
				Detail: fmt.Sprintf("the name belonged to repository %d and belongs to %d now: nothing more is collected under it", was.GitHubID, is.GitHubID),
				Hint:   "find the first one under its present name and add that"})
		}
		return emit(obs)
	})
	return err
}

// tellUnknown emits the answer of an API that does not know the repository. Where git serves it, that is no sign that it is gone: the API
// is missing, which is one gap.
func (s *steps) tellUnknown(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	s.mu.Lock()
	obs, held := s.unknown[repo.Key()]
	s.mu.Unlock()
	if !held {
		return nil
	}
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return err
	}
	for i, g := range obs.Gaps {
		if g.Kind == evidence.GapGone && facts.Listing.Known() {
			obs.Gaps[i] = evidence.Gap{Unit: g.Unit, Kind: evidence.GapNotCollected, Subject: "GitHub API",
				Detail: "git serves the repository and the API does not know it: erased commits, times of pushes and runs cannot be seen",
				Hint:   "collect with a token that may see the repository, or name its API with --api"}
		}
	}
	return emit(obs)
}

// barred reports whether the API's word on the repository leaves no sense in asking on: it does not have it, or it is another one by now.
func (s *steps) barred(ctx context.Context, repo evidence.Repository, kinds ...evidence.GapKind) (bool, error) {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(facts.Gaps, func(g evidence.Gap) bool { return g.Unit == ghapi.UnitRepository && slices.Contains(kinds, g.Kind) }), nil
}

// ofAPI is a step that makes no sense where the API does not have the repository: then the one gap of unit api/repository says it all.
func (s *steps) ofAPI(unit string, run func(context.Context, evidence.Repository, collect.Emit) error) []collect.Step {
	return []collect.Step{{Units: []string{unit}, Run: func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		barred, err := s.barred(ctx, repo, evidence.GapGone, evidence.GapBlocked, evidence.GapNotCollected, evidence.GapForbidden, evidence.GapIdentity)
		if err != nil {
			return err
		}
		if barred {
			return emit(evidence.Observation{Repository: repo, Unit: unit, Done: true})
		}
		return run(ctx, repo, emit)
	}}}
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
	if s.targets[repo.Key()].Mirror == "" {
		if missing, err = s.git.Recover(ctx, repo, wants, emit); err != nil {
			return err
		}
	}
	last := evidence.Observation{Repository: repo, Unit: unitRecovery, Done: true}
	if s.api != nil && len(missing) > 0 {
		ask := make([]ghapi.Want, 0, len(missing))
		for _, w := range missing {
			ask = append(ask, ghapi.Want{OID: w.OID, NamedBy: w.NamedBy})
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
	reachable := facts.History.Reachable(tips...)
	out := map[evidence.OID][]string{}
	note := func(oid evidence.OID, id string) {
		if oid.Object() && !reachable[oid] && !slices.Contains(out[oid], id) {
			out[oid] = append(out[oid], id)
		}
	}
	for _, u := range facts.Updates {
		note(u.Before, u.ID())
		note(u.After, u.ID())
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
	var runs []ghapi.RunRef
	for _, r := range facts.Runs {
		if paths[r.WorkflowPath()] {
			runs = append(runs, ghapi.RunRef{RunID: r.RunID, Attempt: r.Attempt})
		}
	}
	return s.api.Jobs(ctx, repo, runs, emit)
}

// maliciousPaths lists the workflow paths at which any commit of the repository holds a malicious version.
func (s *steps) maliciousPaths(ctx context.Context, facts *casefile.Facts) (map[string]bool, error) {
	packs, err := casePacks(ctx, s.file)
	if err != nil {
		return nil, err
	}
	paths := map[evidence.OID][]string{}
	for _, o := range facts.History.All() {
		entries, _ := facts.History.Workflows(o)
		for _, e := range entries {
			if !slices.Contains(paths[e.Blob], e.Path) {
				paths[e.Blob] = append(paths[e.Blob], e.Path)
			}
		}
	}
	out := suspectPaths(packs) // runs of a file that was erased for good can still tell whether jobs ran
	for blob, at := range paths {
		text, ok, err := s.file.Text(ctx, blob)
		if err != nil {
			return nil, err
		}
		if ok && len(detect.Versions([]detect.Version{{Blob: blob, Paths: at, Text: text}}, packs)) > 0 {
			for _, path := range at {
				out[path] = true
			}
		}
	}
	return out, nil
}
