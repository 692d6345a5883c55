// Package collect runs the steps of a collection over many repositories: bounded concurrency, one repository's failure never another's,
// units that are done skipped on a rerun. It takes steps and a place for their observations; it gives back what no step may swallow,
// a store that fails or a cancelled context. It knows neither git nor GitHub, and concludes nothing.
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

// Step is one part of the work on a repository. It is skipped when all its units are done; Within are further units that it may emit. Run turns whatever it meets at the other end
// into gaps; an error from it means that going on makes no sense for this repository.
type Step struct {
	Units  []string
	Within []string
	Run    func(ctx context.Context, repo evidence.Repository, emit Emit) error
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
	// Steps gives the steps of a repository, in order.
	Steps func(repo evidence.Repository) []Step
	// Finished is told of each repository that was worked off; may be nil.
	Finished func(repo evidence.Repository, err error)

	writing sync.Mutex
}

// Run works all repositories off. Errors of single repositories are joined; a cancelled context ends everything at once.
func (r *Runner) Run(ctx context.Context, repos []evidence.Repository) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.Concurrency))
	var mu sync.Mutex
	var failed []error
	for _, repo := range repos {
		group.Go(func() error {
			err := r.one(ctx, repo)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.Finished != nil {
				r.Finished(repo, err)
			}
			if err != nil {
				mu.Lock()
				failed = append(failed, fmt.Errorf("collect %s: %w", repo, err))
				mu.Unlock()
			}
			return nil
		})
	}
	return errors.Join(append(failed, group.Wait())...)
}

func (r *Runner) one(ctx context.Context, repo evidence.Repository) error {
	steps := r.Steps(repo)
	for i, step := range steps {
		done, err := r.Store.Done(ctx, repo)
		if err != nil {
			return err
		}
		if allDone(step.Units, done) {
			continue
		}
		if err := r.Store.Reopen(ctx, repo, openFrom(steps, i)); err != nil {
			return err
		}
		if err := step.Run(ctx, repo, r.emit(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// openFrom lists the units to be asked again when step i is: its own and those of all later steps, which ask for what it finds. What an
// earlier step has begun to say in this attempt stands.
func openFrom(steps []Step, i int) []string {
	said := map[string]bool{}
	for _, s := range steps[:i] {
		for _, u := range s.Units {
			said[u] = true
		}
	}
	var units []string
	for _, s := range steps[i:] {
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

// emit appends one observation at a time, with a gap for each time in it that lies after the case's now.
func (r *Runner) emit(ctx context.Context) Emit {
	return func(obs evidence.Observation) error {
		obs.Gaps = append(obs.Gaps, r.future(obs)...)
		r.writing.Lock()
		defer r.writing.Unlock()
		return r.Store.Append(ctx, obs)
	}
}

// future finds what a server dates later than the case's now. It is kept, and said: the case cannot speak of a time that it has not seen.
func (r *Runner) future(obs evidence.Observation) []evidence.Gap {
	limit := r.Now().Add(futureSlack)
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
	for _, x := range obs.Runs {
		note(x.ID(), x.CreatedAt)
	}
	return gaps
}
