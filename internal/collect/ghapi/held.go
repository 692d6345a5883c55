package ghapi

import (
	"context"
	"time"

	"pentimento/internal/evidence"
)

// Held is a list that the case holds to its end: a refresh reads down to where it begins, and joins its coverage to it.
type Held struct {
	Coverage evidence.Coverage
	Gaps     []evidence.Gap // that still stand
	// Open are the attempts of runs that were not completed when they were last told.
	Open []evidence.Run
}

const (
	// rerunWithin is how long after its creation a run may get further attempts, which do not change its place in the list
	// (https://docs.github.com/en/actions/managing-workflow-runs/re-running-workflows-and-jobs says 30 days), and a day more.
	rerunWithin = 31 * 24 * time.Hour
	// activityLag is how far below the end of a listing another goes: a row that came late must not be missed. How late they come is
	// documented for events alone.
	activityLag = eventLatency
)

// held is what a list may be joined to: it must reach as far back as this listing asks.
func (u unit) held(ctx context.Context) (Held, bool, error) {
	h, ok, err := u.cfg.Held(ctx, u.repo, u.origin)
	return h, ok && h.Coverage.Complete && (h.Coverage.From.IsZero() || u.cfg.Since.IsZero() || !h.Coverage.From.After(u.cfg.Since)), err
}

// join makes one coverage of a listing and the held one that it reached down to.
func (h Held) join(v evidence.Coverage) evidence.Coverage {
	v.From, v.Oldest = h.Coverage.From, oldest(v.Oldest, h.Coverage.Oldest)
	if v.To.Before(h.Coverage.To) {
		v.To = h.Coverage.To
	}
	return v
}

// open asks for the attempts that were not completed and lie before what is listed again.
func (r *runsUnit) open(ctx context.Context, h Held, from time.Time) error {
	for _, run := range h.Open {
		if !run.CreatedAt.Before(from) {
			continue
		}
		if on, err := r.attempt(ctx, RunRef{run.RunID, run.Attempt}); err != nil || !on {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
