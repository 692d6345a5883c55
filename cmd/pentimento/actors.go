package main

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pentimento/internal/casefile"
	"pentimento/internal/collect"
	"pentimento/internal/collect/ghapi"
	"pentimento/internal/collect/gharchive"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

// maxPushers bounds the accounts of a whole case: each is up to three calls, and one name in memory.
const maxPushers = 20_000

// leads are the accounts that pushed for a campaign, each with the one repository that asks for what it did elsewhere.
type leads struct {
	of     map[evidence.Repository][]string
	inside map[string]bool // names of the case's repositories, and those that they have now
	ids    map[int64]bool
}

// findLeads looks through all repositories before any asks: which of those that an account pushed to asks for it is the same whatever
// the order of the work and however often it was interrupted.
func (s *steps) findLeads() func(context.Context, collect.Emit) error {
	return func(ctx context.Context, _ collect.Emit) error {
		if s.api == nil {
			return nil
		}
		l := leads{of: map[evidence.Repository][]string{}, inside: map[string]bool{}, ids: map[int64]bool{}}
		var repos []evidence.Repository
		err := s.eachTarget(ctx, func(t gharchive.Target) {
			repos = append(repos, t.Repository)
			for _, name := range append(t.Aliases, t.Repository) {
				l.inside[name.Key()] = true
			}
			l.ids[t.GitHubID] = true
		})
		if err != nil {
			return err
		}
		delete(l.ids, 0) // of those that GitHub told none of
		first, err := s.firstPushed(ctx, repos)
		if err != nil {
			return err
		}
		for _, login := range slices.Sorted(maps.Keys(first)) {
			l.of[first[login].repo] = append(l.of[first[login].repo], first[login].login)
		}
		s.leads = l
		return nil
	}
}

// pusher is an account as the first of the repositories that it pushed to, by name, has it.
type pusher struct {
	repo  evidence.Repository
	login string
}

// firstPushed gives for each account, in lower case, the repository that comes first. Of more than [maxPushers] the rest is left out.
func (s *steps) firstPushed(ctx context.Context, repos []evidence.Repository) (map[string]pusher, error) {
	slices.SortFunc(repos, func(a, b evidence.Repository) int { return strings.Compare(a.Key(), b.Key()) })
	out, mu := map[string]pusher{}, sync.Mutex{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0)) // each holds the facts of one repository
	for _, repo := range repos {
		group.Go(func() error {
			logins, err := s.pushersOf(ctx, repo)
			mu.Lock()
			defer mu.Unlock()
			for _, login := range logins {
				key := strings.ToLower(login)
				if was, ok := out[key]; !ok || repo.Key() < was.repo.Key() {
					out[key] = pusher{repo, login}
				}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for n, key := range slices.Sorted(maps.Keys(out)) {
		if n >= maxPushers {
			delete(out, key)
		}
	}
	return out, nil
}

// pushersOf lists the accounts that sources name for pushes of the campaign's commits, and for the runs that these started: whoever
// removed its files, and programs, are left out.
func (s *steps) pushersOf(ctx context.Context, repo evidence.Repository) ([]string, error) {
	facts, err := s.file.Facts(ctx, repo)
	if err != nil {
		return nil, err
	}
	commits, err := s.campaignOf(ctx, facts)
	if err != nil {
		return nil, err
	}
	return pushers(facts, commits), nil
}

func pushers(facts *casefile.Facts, commits []detect.Commit) []string {
	hostile := map[evidence.OID]bool{}
	for _, k := range commits {
		if k.Role != detect.Removal {
			hostile[k.OID] = true
		}
	}
	var out []string
	for _, u := range facts.Updates {
		if hostile[u.After] {
			out = append(out, u.Actor)
		}
	}
	for _, r := range facts.Runs {
		if hostile[r.HeadSHA] && r.Event == "push" {
			out = append(out, r.Actor)
		}
	}
	out = slices.DeleteFunc(out, func(login string) bool { return login == "" || isProgram(login) })
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(out, strings.EqualFold)
}

// programs are accounts of GitHub's own that push, or that web pages push as.
var programs = []string{"dependabot", "dependabot-preview", "github-actions", "web-flow"}

func isProgram(login string) bool {
	login = strings.ToLower(login)
	return strings.HasSuffix(login, "[bot]") || slices.Contains(programs, login)
}

// ofActors asks what the pushers that are this repository's to ask for did elsewhere. It asks of accounts, so a repository that the API does
// not have is no reason to leave it out; an API that is not there is.
func (s *steps) ofActors(evidence.Repository) []collect.Step {
	if s.api == nil {
		return nil
	}
	return []collect.Step{{Units: []string{ghapi.UnitActors}, Run: s.affordable(ghapi.UnitActors, s.actors)}}
}

func (s *steps) actors(ctx context.Context, repo evidence.Repository, emit collect.Emit) error {
	barred, err := s.barred(ctx, repo, evidence.GapNotCollected)
	if err != nil {
		return err
	}
	ask := ghapi.Leads{Logins: s.leads.of[repo], Inside: s.leads.has}
	if barred {
		ask.Logins = nil
	}
	ask.Messages, ask.Branches = s.marks()
	return s.api.Actors(ctx, repo, ask, emit)
}

// has reports a repository of the case.
func (l leads) has(name evidence.Repository, id int64) bool { return l.inside[name.Key()] || l.ids[id] }

// marks are what pushes of the case's campaigns bear: parts of messages, and patterns of branches.
func (s *steps) marks() (messages, branches []string) {
	for _, p := range s.packs {
		for _, m := range p.Indicators.Messages {
			messages = append(messages, m.Text)
		}
		branches = append(branches, p.Indicators.Branches...)
	}
	return messages, branches
}
