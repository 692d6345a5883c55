package gitremote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// Want is a commit that something names: NamedBy are the ids of the facts that do.
type Want struct {
	OID     evidence.OID
	NamedBy []string
}

// Recover has the wanted commits fetched by SHA and emits (unit "git/recovery") those that no ref of a present or earlier listing
// reaches, with the history that comes with them. An ancestor is said to be named by what names the want that led to it, the first by
// id if several do. What is emitted depends on the wants and on what the server serves, not on what an earlier run already fetched.
//
// It gives back what nobody served, sorted by id: not had for whatever reason, or no commit. It emits a gap for a reason that
// concerns the server, not for each missing commit: another origin may still have them. A want that a ref reaches is neither missing
// nor emitted: Collect said it. Errors are as of [Collector.Collect].
func (c *Collector) Recover(ctx context.Context, repo evidence.Repository, wants []Want, emit func(evidence.Observation) error) (missing []Want, err error) {
	if len(wants) == 0 {
		return nil, nil
	}
	missing, err = c.recoverAll(ctx, repo, mergeWants(wants), living(ctx, emit))
	if err != nil {
		return nil, fmt.Errorf("recover commits of %s: %w", repo, err)
	}
	return missing, nil
}

func mergeWants(wants []Want) []Want {
	byID := map[evidence.OID][]string{}
	for _, w := range wants {
		if w.OID.Object() {
			byID[w.OID] = append(byID[w.OID], w.NamedBy...)
		}
	}
	out := make([]Want, 0, len(byID))
	for oid, names := range byID {
		slices.Sort(names)
		out = append(out, Want{OID: oid, NamedBy: slices.Compact(names)})
	}
	slices.SortFunc(out, func(a, b Want) int { return strings.Compare(string(a.OID), string(b.OID)) })
	return out
}

func (c *Collector) recoverAll(ctx context.Context, repo evidence.Repository, wants []Want, emit func(evidence.Observation) error) ([]Want, error) {
	st, err := c.openStore(repo)
	if err != nil {
		return nil, err
	}
	defer st.close()
	w := newWalk(st, repo, unitRecovery, "recovery", emit)
	rem, err := c.connect(ctx, repo)
	if err != nil {
		if err := w.fail(err, "commits named by other evidence"); err != nil {
			return nil, err
		}
	} else {
		w.source(c.recoverySource(rem, wants))
		if err := rem.fetchWants(ctx, st, wants, w); err != nil {
			return nil, err
		}
	}
	return w.recovered(ctx, rem, wants)
}

// recoverySource lists what was wanted, a line each: what came of it are the objects.
func (c *Collector) recoverySource(rem *remote, wants []Want) evidence.Source {
	var body strings.Builder
	for _, x := range wants {
		body.WriteString(string(x.OID) + "\n")
	}
	return evidence.Source{
		Repository: rem.repo, Origin: evidence.OriginGitPack, Method: http.MethodPost, URL: rem.address(), Target: rem.target("fetch by SHA"),
		Status: http.StatusOK, FetchedAt: c.cfg.Now().UTC(), Body: []byte(body.String()),
	}
}

// fetchWants brings into the store what of the wants it lacks and the server has.
func (rem *remote) fetchWants(ctx context.Context, st *store, wants []Want, w *walk) error {
	var lacking []plumbing.Hash
	for _, x := range wants {
		if h := hashOf(x.OID); !st.has(h) {
			lacking = append(lacking, h)
		}
	}
	batches := slices.Collect(slices.Chunk(lacking, maxWants))
	for halved := 0; len(batches) > 0; {
		batch := batches[len(batches)-1]
		batches = batches[:len(batches)-1]
		_, err := rem.fetchServed(ctx, st, slices.Clone(batch), true)
		switch {
		case err == nil:
		case ofSelection(err) && len(batch) > 1 && halved < maxHalvings:
			halved++
			batches = append(batches, batch[len(batch)/2:], batch[:len(batch)/2])
		default: // the other batches may still work
			if err := w.fail(err, "commits named by other evidence"); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxHalvings bounds the requests spent on one want that spoils all others: two of them among a thousand are found by forty.
const maxHalvings = 40

// ofSelection tells failures that fewer wants may do without: a server that says no in words to a request as a whole, a pack beyond our
// limits, more missing ones than were dropped one by one. A server that is down, or forbids, is asked no more often for it.
func ofSelection(err error) bool {
	var f *failure
	var n *notServed
	return errors.As(err, &n) || errors.As(err, &f) && (f.spoken || f.kind == evidence.GapRefused)
}

// recovered emits what the wants reach and no listed ref does.
func (w *walk) recovered(ctx context.Context, rem *remote, wants []Want) ([]Want, error) {
	var missing, had []Want
	for _, x := range wants {
		h, err := w.st.commitBehind(hashOf(x.OID))
		if err == nil {
			w.names[h] = x.NamedBy
			had = append(had, Want{OID: oidOf(h), NamedBy: x.NamedBy})
			continue
		}
		missing = append(missing, x)
		if errors.Is(err, errNoObject) {
			continue
		}
		if err := w.fail(err, string(x.OID)); err != nil {
			return nil, err
		}
	}
	unlisted, err := w.unlisted(ctx, had)
	if err != nil {
		return nil, err
	}
	if err := w.st.addRecovered(unlisted); err != nil {
		return nil, err
	}
	if err := w.contents(ctx, rem); err != nil {
		return nil, err
	}
	return missing, w.finish()
}

// skipListed marks every commit that a listed or kept ref reaches as emitted: Collect does that.
func (w *walk) skipListed(ctx context.Context) error {
	stack := append(w.st.refs.listed(), w.st.refs.kept()...)
	for i, h := range stack {
		commit, err := w.st.commitBehind(h)
		if err != nil {
			commit = h // no commit, or not had: nothing below it is either
		}
		stack[i] = commit
		w.seen[commit] = struct{}{}
	}
	for len(stack) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		typ, raw, err := w.st.read(h, maxObject)
		if err != nil || typ != plumbing.CommitObject {
			continue // Collect has said so
		}
		_, _, parents, _, err := parseCommit(h, raw)
		if err != nil {
			continue
		}
		for _, p := range parents {
			if _, ok := w.seen[p]; !ok {
				w.seen[p] = struct{}{}
				stack = append(stack, p)
			}
		}
	}
	return nil
}
