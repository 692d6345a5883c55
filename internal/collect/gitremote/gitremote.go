// Package gitremote reads the git side of a repository: which refs a server lists now, which commits they reach, what the trees of these
// commits hold at .github/workflows, and commits that no ref reaches any more but that other evidence names.
//
// It takes a repository and an HTTP client, speaks git protocol v2 itself (go-git v5 speaks v0 only, and to v0 servers such as
// github.com's refuse unreachable commits), keeps what it fetched in a bare repository per collected one, and gives
// [evidence.Observation]s. What a server cannot or will not give, and what our limits refuse, becomes an [evidence.Gap].
//
// It refuses to conclude: a commit that a server hands out by its SHA was not thereby pushed to that repository (the whole fork
// network shares its objects), and dates in commits are what their maker wrote. No worktree is checked out and no hook, attribute,
// filter or configuration of any repository is obeyed.
//
// A Collector may work on many repositories at once, but on each of them in one call at a time.
package gitremote

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Units of collection, as they stand in observations and gaps.
const (
	unitRefs     = "git/refs"
	unitHistory  = "git/history"
	unitRecovery = "git/recovery"
	unitMirror   = "git/mirror"
)

// Config of a Collector. Only Progress may be nil.
type Config struct {
	// Host is https://github.com or the root of another server; a repository is Host/owner/name.git.
	Host *url.URL
	// Client carries the policies: credentials, redirects to other hosts, retries.
	Client *http.Client
	// Mirrors is the folder of the bare repositories, Mirrors/owner/name.git in lower case. It is a cache and may be deleted.
	Mirrors string
	// Now stamps the sources.
	Now       func() time.Time
	UserAgent string
	// Progress is told the bytes that just came in. Calls come from the goroutine of the collecting call.
	Progress func(repo evidence.Repository, bytes int64)
}

// Collector fetches over git. See [New].
type Collector struct {
	cfg    Config
	limits limits
	index  chan struct{} // held while a pack is indexed: see limits.packObjects
}

// New makes a Collector; nothing is opened or asked before a call.
func New(cfg Config) *Collector {
	return &Collector{cfg: cfg, limits: defaultLimits(), index: make(chan struct{}, 1)}
}

// Collect lists all refs (unit "git/refs"), fetches what they reach without file contents, adds the texts of all workflow files, and emits
// the facts of every commit that a ref of this or an earlier listing reaches (unit "git/history"). Observations of the history come
// in chunks, Done on the last; it stays unset where the server failed in a way that may pass, so that a later run asks again.
// Errors: a cancelled context, a failing emit, a failing disk.
func (c *Collector) Collect(ctx context.Context, repo evidence.Repository, emit func(evidence.Observation) error) error {
	if err := c.collect(ctx, repo, living(ctx, emit)); err != nil {
		return fmt.Errorf("collect git of %s: %w", repo, err)
	}
	return nil
}

// living is emit until the context is cancelled: what that broke off looks like a fault of the server, and nothing is told of it.
func living(ctx context.Context, emit func(evidence.Observation) error) func(evidence.Observation) error {
	return func(o evidence.Observation) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return emit(o)
	}
}

func (c *Collector) collect(ctx context.Context, repo evidence.Repository, emit func(evidence.Observation) error) error {
	rem, listed, err := c.listRefs(ctx, repo, emit)
	if err != nil {
		return err
	}
	if rem == nil || len(listed.refs) == 0 {
		exists, err := c.hasStore(repo)
		if err != nil || !exists {
			return err
		}
	}
	st, err := c.openStore(repo)
	if err != nil {
		return err
	}
	defer st.close()

	w := newWalk(st, repo, unitHistory, "fetch", emit)
	if rem != nil {
		if len(listed.refs) > 0 {
			w.source(c.packSource(rem, listed))
		}
		if err := rem.fetchListed(ctx, st, listed, w); err != nil {
			return err
		}
	}
	if err := w.listedAndKept(ctx); err != nil {
		return err
	}
	if err := w.contents(ctx, rem); err != nil {
		return err
	}
	return w.finish()
}

// listRefs emits the unit "git/refs". The remote is nil where there is nobody to talk to; why is emitted then.
func (c *Collector) listRefs(ctx context.Context, repo evidence.Repository, emit func(evidence.Observation) error) (*remote, listing, error) {
	obs := evidence.Observation{Repository: repo, Unit: unitRefs, Done: true}
	rem, err := c.connect(ctx, repo)
	var list listing
	if err == nil {
		list, err = rem.list(ctx)
	}
	if err != nil {
		g, ok := gapOf(err, repo, unitRefs, "refs")
		if !ok {
			return nil, listing{}, err
		}
		obs.Gaps, obs.Done = append(obs.Gaps, g), !passing(g)
		return nil, listing{}, emit(obs)
	}
	obs.Gaps = append(obs.Gaps, rem.gaps...)
	obs.Gaps = append(obs.Gaps, list.gaps(repo)...)
	obs.Sources = []evidence.Source{c.refsSource(rem, list)}
	obs.Refs = list.refs
	return rem, list, emit(obs)
}

func (c *Collector) refsSource(rem *remote, list listing) evidence.Source {
	return evidence.Source{
		Repository: rem.repo, Origin: evidence.OriginGitRefs, Method: http.MethodPost, URL: rem.address(), Target: rem.target("ls-refs"),
		Status: http.StatusOK, FetchedAt: c.cfg.Now().UTC(), Body: list.text(),
	}
}

// packSource is told by what was wanted, not by what came: a resumed run fetches other packs than an undisturbed one, with the same objects
// in the end. Packs are not kept; each object's own name is its digest.
func (c *Collector) packSource(rem *remote, list listing) evidence.Source {
	return evidence.Source{
		Repository: rem.repo, Origin: evidence.OriginGitPack, Method: http.MethodPost, URL: rem.address(), Target: rem.target("fetch"),
		Status: http.StatusOK, FetchedAt: c.cfg.Now().UTC(), Body: tipsText(list.refs),
	}
}

// tipsText is one line that names the wanted tips as a whole: a listing can have hundreds of thousands, and its own source has them all.
func tipsText(refs []evidence.ListedRef) []byte {
	tips := make([]string, 0, len(refs))
	for _, r := range refs {
		tips = append(tips, string(r.OID))
	}
	slices.Sort(tips)
	return fmt.Appendf(nil, "tips: %x\n", sha256.Sum256([]byte(strings.Join(slices.Compact(tips), "\n"))))
}
