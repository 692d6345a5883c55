package gitremote

import (
	"context"
	"fmt"

	"pentimento/internal/evidence"
)

// UnitForks is the unit of what forks still had.
const UnitForks = "recovery/forks"

// ViaFork is how a commit was had that another repository of the fork network served.
const ViaFork = "fork"

// RecoverFrom asks the server of a fork, or of the parent, for commits that the repository's own does not serve any more, and emits what it
// gets as [Collector.Recover] does, in unit [UnitForks]. That a fork has a commit is no sign that it was ever in the repository: whatever names the
// want says that. It gives back what this fork did not serve either. A fork that cannot be asked leaves no gap: it was one place to look.
func (c *Collector) RecoverFrom(ctx context.Context, repo, fork evidence.Repository, wants []Want, emit func(evidence.Observation) error) (missing []Want, err error) {
	if len(wants) == 0 {
		return nil, nil
	}
	missing, err = c.recoverFrom(ctx, repo, fork, mergeWants(wants), living(ctx, emit))
	if err != nil {
		return nil, fmt.Errorf("recover commits of %s from %s: %w", repo, fork, err)
	}
	return missing, nil
}

func (c *Collector) recoverFrom(ctx context.Context, repo, fork evidence.Repository, wants []Want, emit func(evidence.Observation) error) ([]Want, error) {
	rem, err := c.connect(ctx, fork)
	if err != nil {
		if _, known := gapOf(err, repo, UnitForks, string(fork)); known && ctx.Err() == nil {
			return wants, nil
		}
		return nil, err
	}
	rem.repo = repo
	st, err := c.openStore(repo)
	if err != nil {
		return nil, err
	}
	defer st.close()
	w := newWalk(st, repo, UnitForks, ViaFork, emit)
	w.source(c.recoverySource(rem, wants))
	if err := rem.fetchWants(ctx, st, wants, w); err != nil {
		return nil, err
	}
	return w.recovered(ctx, rem, wants)
}
