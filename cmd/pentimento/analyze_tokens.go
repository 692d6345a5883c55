package main

import (
	"context"
	"maps"
	"slices"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/linkage"
	"pentimento/internal/timeline"
	"pentimento/internal/tokens"
	"pentimento/internal/verdict"
)

// tokenFacts is what the case holds about credentials, and what repositories add to it while they are worked out.
type tokenFacts struct {
	book  *linkage.Book
	lives exposure.Lives
	world verdict.World
	any   bool // anything was imported: else runs need not be kept
}

// loadTokens reads what was imported about credentials.
func (a *analysis) loadTokens(ctx context.Context) error {
	rows, err := a.file.Credentials(ctx)
	if err != nil {
		return err
	}
	events, err := a.file.CredentialEvents(ctx)
	if err != nil {
		return err
	}
	listings, err := a.file.Listings(ctx)
	if err != nil {
		return err
	}
	releases, err := a.file.Releases(ctx)
	if err != nil {
		return err
	}
	mappings, err := a.file.Mappings(ctx)
	if err != nil {
		return err
	}
	coverage, err := a.file.LogCoverages(ctx)
	if err != nil {
		return err
	}
	used, err := a.file.UsedCredentials(ctx)
	if err != nil {
		return err
	}
	published, err := linkage.Publishing(ctx, a.file, rows)
	if err != nil {
		return err
	}
	t := &a.tokens
	t.any = len(rows)+len(events)+len(releases)+len(mappings)+len(coverage) > 0
	t.book = linkage.NewBook(linkage.Input{Mappings: mappings, Credentials: rows, Events: events, Releases: releases, Published: published})
	t.lives = exposure.NewLives(t.book, rows, events, listings)
	t.world = verdict.World{Now: a.info.Now, Book: t.book, Credentials: rows, Coverage: coverage, Releases: releases, Used: used, Runs: map[string][]verdict.Run{}}
	t.world.Networks, err = a.networks(ctx)
	return err
}

// link leads the windows of one repository to credentials and closes those that their providers are seen to refuse.
func (a *analysis) link(in *casefile.Inferences, facts *casefile.Facts, read *timeline.Result, list []*exposure.Window) ([]*exposure.Window, error) {
	t := &a.tokens
	links := t.book.Of(facts.Repository, exposure.Secrets(list))
	if err := linkage.Store(in, facts.ID, links); err != nil {
		return nil, err
	}
	if !t.any {
		return list, nil
	}
	list = exposure.Linked(facts, list, links, t.lives)
	for _, w := range list {
		t.lives.Close(w, a.info.Now)
	}
	if len(list) > 0 {
		t.world.Runs[facts.Repository.Key()] = runsOf(facts, read)
	}
	return list, nil
}

// runsOf gives when each job of a repository ran, and the whole run where no job of it is known. What ran a malicious version, or may have, is marked.
func runsOf(facts *casefile.Facts, read *timeline.Result) []verdict.Run {
	malicious := map[int64]bool{}
	for _, e := range read.Executions {
		malicious[e.Run.RunID] = true
	}
	var out []verdict.Run
	for _, r := range facts.Runs {
		run := verdict.Run{ID: r.RunID, Fact: r.ID(), From: r.StartedAt, To: r.UpdatedAt, Head: r.HeadSHA, Branch: r.HeadBranch, Path: r.WorkflowPath(), Malicious: malicious[r.RunID]}
		if run.From.IsZero() {
			run.From = r.CreatedAt
		}
		timed := false
		for _, j := range facts.Jobs[casefile.Attempt{RunID: r.RunID, Attempt: r.Attempt}] {
			if j.StartedAt.IsZero() || j.CompletedAt.IsZero() || j.Conclusion == "skipped" {
				continue
			}
			timed = true
			job := run
			job.From, job.To = j.StartedAt, j.CompletedAt
			out = append(out, job)
		}
		if !timed {
			out = append(out, run)
		}
	}
	return out
}

// pushers joins the pushing credentials of all repositories, judges the uses in all windows, then stores them.
func (a *analysis) pushers(ctx context.Context, in *casefile.Inferences) error {
	ids := slices.Sorted(maps.Keys(a.windows))
	var all []*exposure.Window
	for _, id := range ids {
		all = append(all, a.windows[id]...)
	}
	exposure.JoinPushers(all)
	if err := a.verdicts(ctx, in); err != nil {
		return err
	}
	for _, id := range ids {
		if err := exposure.StoreWindows(in, id, a.windows[id]); err != nil {
			return err
		}
	}
	return a.rotate(in)
}

// verdicts judges the uses in all windows. What refutes a closure reopens its window, so windows are stored after it.
func (a *analysis) verdicts(ctx context.Context, in *casefile.Inferences) error {
	var list []verdict.Subject
	for _, id := range slices.Sorted(maps.Keys(a.windows)) {
		for _, w := range a.windows[id] {
			list = append(list, verdict.Subject{Repository: a.names[id], Window: w})
		}
	}
	uses := func(ctx context.Context, refs []tokens.Ref, f func(*tokens.Use) error) error {
		return a.file.EachUse(ctx, casefile.UseFilter{Credentials: refs}, f)
	}
	all, err := verdict.Judge(ctx, a.tokens.world, uses, list)
	if err != nil {
		return err
	}
	return verdict.Store(in, all)
}

// named keeps the name of a repository by its row.
func (a *analysis) named(facts *casefile.Facts) {
	if a.names == nil {
		a.names = map[int64]evidence.Repository{}
	}
	a.names[facts.ID] = facts.Repository
}
