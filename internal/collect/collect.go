// Package collect runs the steps of a collection over many repositories: phase by phase over all of them, so that what may expire is had
// of every repository before the rest is asked of any; bounded concurrency, one repository's failure never another's, units that are done
// skipped on a rerun. It takes phases of steps and a place for their observations; it gives back what no step may swallow, a store that
// fails or a cancelled context. It keeps nothing of a repository but that it failed. It knows neither git nor GitHub, and concludes
// nothing.
package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pentimento/internal/evidence"
)

// futureSlack is how far a source's clock may run ahead of the case's before its times are said to contradict the case.
const futureSlack = 5 * time.Minute

// Emit takes one observation; it is stored whole or not at all.
type Emit = func(evidence.Observation) error

// Step is one part of the work on a repository. It is skipped when all its units are done; Within are further units that it may emit. Run
// turns whatever it meets at the other end into gaps; an error from it means that going on makes no sense for this repository.
type Step struct {
	Part   string   // what it belongs to, in the words of Needs
	Needs  []string // parts whose finds it asks about: it is asked again when one of them is, and so is all that needs it
	Units  []string
	Within []string
	Run    func(ctx context.Context, repo evidence.Repository, emit Emit) error
}

// Phase is done for all repositories before the next is begun for any.
type Phase struct {
	Name string
	// First is done before any repository: for sources that tell of many at a time. Nil for nothing. An error from it ends everything.
	First func(ctx context.Context, emit Emit) error
	// Steps gives the steps of a repository, in order.
	Steps func(repo evidence.Repository) []Step
}

// Store is where observations go. All its functions may be called from several goroutines; Append is not called twice at a time.
type Store struct {
	Append func(ctx context.Context, obs evidence.Observation) error
	Done   func(ctx context.Context, repo evidence.Repository) (map[string]bool, error)
	// Reopen forgets what an interrupted attempt at these units came to in this collection, done or not: they are asked again.
	Reopen func(ctx context.Context, repo evidence.Repository, units []string) error
}

// Runner works repositories off.
type Runner struct {
	Store       Store
	Now         func() time.Time // the case's clock
	Concurrency int
	Phases      []Phase
	// Finished is told of each repository of which a phase was worked off, if there was anything to do in it; may be nil. It is called from several goroutines.
	Finished func(phase string, repo evidence.Repository, err error)

	writing sync.Mutex
}

// Run works all repositories off. Errors of single repositories are joined, and their later phases left out; a cancelled context ends
// everything at once.
func (r *Runner) Run(ctx context.Context, repos []evidence.Repository) error {
	failed := map[evidence.Repository]error{}
	for n, p := range r.Phases {
		if p.First != nil {
			if err := p.First(ctx, r.emit(ctx)); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		if err := r.phase(ctx, n, repos, failed); err != nil {
			return err
		}
	}
	var all []error
	for _, repo := range repos {
		if err := failed[repo]; err != nil {
			all = append(all, fmt.Errorf("collect %s: %w", repo, err))
		}
	}
	return errors.Join(all...)
}

func (r *Runner) phase(ctx context.Context, n int, repos []evidence.Repository, failed map[evidence.Repository]error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.Concurrency))
	var mu sync.Mutex
	for _, repo := range repos {
		mu.Lock()
		skip := failed[repo] != nil
		mu.Unlock()
		if skip || len(r.Phases[n].Steps(repo)) == 0 {
			continue
		}
		group.Go(func() error {
			err := r.one(ctx, n, repo)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.Finished != nil {
				r.Finished(r.Phases[n].Name, repo, err)
			}
			if err != nil {
				mu.Lock()
				failed[repo] = err
				mu.Unlock()
			}
			return nil
		})
	}
	return group.Wait()
}

// one works the n-th phase of a repository off.
func (r *Runner) one(ctx context.Context, n int, repo evidence.Repository) error {
	var steps []Step
	first := 0
	for i, p := range r.Phases {
		if i == n {
			first = len(steps)
		}
		steps = append(steps, p.Steps(repo)...)
	}
	last := first + len(r.Phases[n].Steps(repo))
	for i := first; i < last; i++ {
		done, err := r.Store.Done(ctx, repo)
		if err != nil {
			return err
		}
		if allDone(steps[i].Units, done) {
			continue
		}
		if err := r.Store.Reopen(ctx, repo, openFrom(steps, i)); err != nil {
			return err
		}
		if err := steps[i].Run(ctx, repo, r.emit(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// openFrom lists the units to be asked again when step i is: its own and those of later steps that need what it finds. What an earlier
// step has begun to say in this attempt stands.
func openFrom(steps []Step, i int) []string {
	said := map[string]bool{}
	for _, s := range steps[:i] {
		for _, u := range s.Units {
			said[u] = true
		}
	}
	var units []string
	again := map[string]bool{steps[i].Part: true}
	for _, s := range steps[i:] {
		if !again[s.Part] && !slices.ContainsFunc(s.Needs, func(part string) bool { return again[part] }) {
			continue
		}
		again[s.Part] = true
		for _, u := range slices.Concat(s.Units, s.Within) {
			if !said[u] {
				units = append(units, u)
			}
		}
	}
	return units
}

func allDone(units []string, done map[string]bool) bool {
	for _, u := range units {
		if !done[u] {
			return false
		}
	}
	return true
}

// emit appends one observation at a time, with a gap for each time in it that lies after the case's now. A step that met the end of the
// calls allowed is not done, whatever it says of itself: the next run asks it again.
func (r *Runner) emit(ctx context.Context) Emit {
	cut := false
	return func(obs evidence.Observation) error {
		obs.Gaps = append(obs.Gaps, Future(r.Now(), obs)...)
		r.writing.Lock()
		defer r.writing.Unlock()
		cut = cut || slices.ContainsFunc(obs.Gaps, func(g evidence.Gap) bool { return g.Kind == evidence.GapBudget })
		obs.Done = obs.Done && !cut
		return r.Store.Append(ctx, obs)
	}
}

// Future finds what a source dates later than the case's now. It is kept, and said: the case cannot speak of a time that it has not seen.
func Future(now time.Time, obs evidence.Observation) []evidence.Gap {
	limit := now.Add(futureSlack)
	var gaps []evidence.Gap
	note := func(subject string, at time.Time) {
		if at.After(limit) {
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapContradiction, Subject: subject,
				Detail: "dated " + evidence.Stamp(at) + ", later than the case's now", Hint: "make the case with a later --now, or check the clock of this machine"})
		}
	}
	for _, u := range obs.Updates {
		note(u.ID(), u.At)
	}
	for _, s := range obs.Sightings {
		note(s.ID(), s.At)
	}
	for _, x := range obs.Runs {
		note(x.ID(), x.CreatedAt)
	}
	return gaps
}
