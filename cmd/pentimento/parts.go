package main

import (
	"context"
	"slices"

	"pentimento/internal/collect"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

// part is one name that --only takes.
type part struct {
	name  string
	needs []string // parts whose finds it asks about: see collect.Step
	// steps gives what is done for one repository, with Units, Within and Run; none where there is nothing to do. Nil for what is read
	// of all repositories at a time.
	steps func(s *steps, repo evidence.Repository) []collect.Step
}

// phase is worked off for all repositories before the next one begins: what may expire or be deleted first, the rest after.
type phase struct {
	name  string
	parts []part
	first func(*steps) func(context.Context, collect.Emit) error // nil for nothing: see collect.Phase
}

// phases is all that a collection does, in its order. A further collector is a line here.
var phases = []phase{
	{"repository", []part{
		{"repository", nil, (*steps).ofRepository},
	}, nil},
	{"activity", []part{
		{"activity", []string{"repository"}, asks(ghapi.UnitActivity, (*ghapi.Collector).Activity)},
	}, nil},
	{"events", []part{
		{"events", []string{"repository"}, asks(ghapi.UnitEvents, (*ghapi.Collector).Events)},
	}, nil},
	{"runs", []part{
		{"runs", []string{"repository"}, asks(ghapi.UnitRuns, (*ghapi.Collector).Runs)},
	}, nil},
	{"api", []part{
		{"releases", []string{"repository"}, asks(ghapi.UnitReleases, (*ghapi.Collector).Releases)},
		{"pulls", []string{"repository"}, asks(ghapi.UnitPulls, (*ghapi.Collector).PullTimelines)},
	}, nil},
	{"git", []part{
		{"git", []string{"repository"}, (*steps).ofGit},
	}, nil},
	{"kept", []part{
		{"clones", nil, (*steps).ofClones},
		{"exports", nil, nil},
		{"archives", nil, nil},
	}, (*steps).ofPlaces},
	{"further", []part{
		{"catch-up", []string{"activity", "runs", "git"}, (*steps).ofCatchUp},
		{"check-suites", []string{"activity", "events", "runs", "pulls", "git", "clones", "catch-up"}, asksFor(ghapi.UnitCheckSuites, (*steps).checkSuites)},
		{"recovery", []string{"activity", "events", "runs", "pulls", "git", "clones", "catch-up", "check-suites"}, (*steps).ofRecovery},
		{"signatures", []string{"git", "clones", "recovery"}, asksFor(ghapi.UnitSignatures, (*steps).signatures)},
		{"jobs", []string{"runs", "git", "catch-up", "recovery"}, asksFor(ghapi.UnitJobs, (*steps).jobs)},
		{"admin", []string{"repository"}, (*steps).ofAdmin},
		{"logs", []string{"jobs"}, (*steps).ofLogs},
	}, nil},
	{"actors", []part{
		{"actors", []string{"activity", "events", "runs", "pulls", "git", "clones", "catch-up", "check-suites", "recovery"}, (*steps).ofActors},
	}, (*steps).findLeads},
}

// partNames are the names that --only takes, in the order of the work.
func partNames() []string {
	var out []string
	for _, ph := range phases {
		for _, p := range ph.parts {
			out = append(out, p.name)
		}
	}
	return out
}

// asking is how a collector of the API is called for one repository.
type asking = func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error

// asks is a part that is one unit of the API, of a collector that needs to know nothing but the repository.
func asks(unit string, run func(api *ghapi.Collector, ctx context.Context, repo evidence.Repository, emit collect.Emit) error) func(*steps, evidence.Repository) []collect.Step {
	return asksFor(unit, func(s *steps, ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		return run(s.api, ctx, repo, emit)
	})
}

// asksFor is a part that is one unit of the API and asks about what the case holds.
func asksFor(unit string, run func(s *steps, ctx context.Context, repo evidence.Repository, emit collect.Emit) error) func(*steps, evidence.Repository) []collect.Step {
	return func(s *steps, _ evidence.Repository) []collect.Step {
		if s.api == nil {
			return nil
		}
		return []collect.Step{{Units: []string{unit}, Run: s.ofAPI(unit, func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
			return run(s, ctx, repo, emit)
		})}}
	}
}

// ofAPI leaves a unit of the API out where that does not have the repository, for then the one gap of unit api/repository says it all, and
// puts it off where the calls allowed are spent.
func (s *steps) ofAPI(unit string, run asking) asking {
	return func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		barred, err := s.barred(ctx, repo, evidence.GapGone, evidence.GapBlocked, evidence.GapNotCollected, evidence.GapForbidden, evidence.GapIdentity)
		switch {
		case err != nil:
			return err
		case barred:
			return emit(evidence.Observation{Repository: repo, Unit: unit, Done: true})
		}
		return s.affordable(unit, run)(ctx, repo, emit)
	}
}

// affordable puts a unit of the API off where the calls allowed are spent.
func (s *steps) affordable(unit string, run asking) asking {
	return func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
		if spent := s.allowance(repo).Left(); spent != nil {
			return emit(evidence.Observation{Repository: repo, Unit: unit, Gaps: []evidence.Gap{{Unit: unit, Kind: evidence.GapBudget, Subject: "all of it",
				Detail: spent.Error(), Hint: "run collect again: it goes on where this run stopped"}}})
		}
		return run(ctx, repo, emit)
	}
}

// planned reports whether --only leaves a part in. What has to catch up is implied by what it catches up with, and to name places is to ask
// for them. What administrators see, and logs, have to be asked for.
func (s *steps) planned(name string) bool {
	switch name {
	case "exports":
		return len(s.places.audits)+len(s.places.webhooks) > 0
	case "archives":
		return len(s.places.archives) > 0
	}
	if name == "admin" && !s.admin || name == "logs" && !s.logs {
		return false
	}
	if len(s.only) == 0 || slices.Contains(s.only, name) {
		return true
	}
	return name == "catch-up" && slices.Contains(s.only, "git") && (slices.Contains(s.only, "activity") || slices.Contains(s.only, "runs"))
}

// phases gives the runner the phases of this collection. Requests count against the allowance of the repository that they are made for.
func (s *steps) phases() []collect.Phase {
	var out []collect.Phase
	for _, ph := range phases {
		parts := slices.DeleteFunc(slices.Clone(ph.parts), func(p part) bool { return !s.planned(p.name) })
		if len(parts) == 0 {
			continue
		}
		var first func(context.Context, collect.Emit) error
		if ph.first != nil {
			first = ph.first(s)
			if first == nil && len(s.clones) == 0 {
				continue // nobody kept anything
			}
		}
		out = append(out, collect.Phase{Name: ph.name, First: first, Steps: func(repo evidence.Repository) []collect.Step {
			var all []collect.Step
			for _, p := range parts {
				if p.steps == nil {
					continue
				}
				for _, step := range p.steps(s, repo) {
					run := step.Run
					step.Part, step.Needs = p.name, p.needs
					step.Run = func(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
						return run(wire.WithAllowance(ctx, s.allowance(repo)), repo, emit)
					}
					all = append(all, step)
				}
			}
			return all
		}})
	}
	return out
}

// allowance is what may be asked for one repository. Where only the run has a bound, that is the same for all; a bound for each repository
// has to be kept until the last phase.
func (s *steps) allowance(repo evidence.Repository) *wire.Allowance {
	if s.perRepository == 0 {
		return s.calls
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.allowances[repo]
	if a == nil {
		a = wire.NewAllowance(string(repo), s.perRepository, s.calls)
		s.allowances[repo] = a
	}
	return a
}
