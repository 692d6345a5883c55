package gitremote

import (
	"context"
	"errors"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/collect/gitpack"
	"pentimento/internal/evidence"
)

// A walk has two ways. The fast one reads the packs itself (package gitpack); the slow one, in walk.go, goes from object to object through
// go-git, and is there for stores that the fast one refuses. Both say the same.

// group is some tips and what names them: nothing for those that refs list.
type group struct {
	tips    []plumbing.Hash
	namedBy []string
	silent  bool // others say what these tips reach
}

// Bounds on commits that are handed over at once. A history is one bulk if it can be, because what is stored of it is cut by its dates; only
// the largest are handed over in parts, which costs some commits being stored twice after the next collection.
const (
	bulkCommits = 1 << 20
	bulkBytes   = 256 << 20
)

// fast emits what the groups reach, each commit as of the first that does. It gives nil where the store is one for the slow way; then it has
// emitted nothing that the slow way would not say again.
func (w *walk) fast(ctx context.Context, groups []group) (*gitpack.History, error) {
	if w.st.packs == nil {
		return nil, nil
	}
	tips := make([][]gitpack.OID, len(groups))
	for i, g := range groups {
		for _, h := range g.tips {
			tips[i] = append(tips[i], gitpack.OID(h))
		}
	}
	h, err := w.st.packs.History(ctx, tips...)
	if err != nil {
		return nil, unlessSlower(err)
	}
	w.absent(h, groups)
	f := fastWalk{walk: w, h: h, groups: groups, bulk: &evidence.Bulk{Via: w.via}}
	f.bulk.Grow(min(h.Len(), bulkCommits))
	err = gitpack.Each(ctx, h, f.reader, f.commit)
	if err == nil {
		err = f.flushBulk()
	}
	if err != nil {
		return nil, unlessSlower(err)
	}
	return h, nil
}

// unlessSlower is nil for errors after which the slow way has its turn.
func unlessSlower(err error) error {
	if slower(err) {
		return nil
	}
	return err
}

// absent notes what the store lacks. What only silent groups reach others have said.
func (w *walk) absent(h *gitpack.History, groups []group) {
	if len(groups) > 0 && groups[0].silent {
		return
	}
	for _, a := range h.Missing() {
		why := "a commit's tree, and it was not had"
		switch a.Role {
		case gitpack.AsTip:
			why = "a ref or tag names it, and it was not had"
		case gitpack.AsParent:
			why = "a commit names it as its parent, and it was not had"
		}
		w.missing(plumbing.Hash(a.OID), why)
	}
}

// fastWalk turns the raw commits of a history into facts.
type fastWalk struct {
	*walk
	h      *gitpack.History
	groups []group
	bulk   *evidence.Bulk
	size   int // of the text in bulk
	one    evidence.BulkCommit
}

// readAhead is what is read of a commit before its turn comes, beside others.
type readAhead struct {
	commit  evidence.BulkCommit
	size    int
	cuts    []string
	err     error
	unread  error // of its own root tree, where it was to be compared
	silent  bool
	folder  gitpack.OID
	before  plumbing.Hash // the root tree with which its own was compared
	changes []string
}

// parentSlab is for how many parents room is made at once.
const parentSlab = 1024

// reader makes what reads commits ahead. It notes nothing: gaps are told in the order of the commits.
func (f *fastWalk) reader() func(int, []byte) readAhead {
	roots := newTrees(f.st)
	var slab []evidence.Hash
	return func(i int, raw []byte) (r readAhead) {
		if r.silent = f.groups[f.h.Group(i)].silent; r.silent {
			return r
		}
		if len(slab) < 2 {
			slab = make([]evidence.Hash, parentSlab)
		}
		r.size, r.commit.Parents = len(raw), slab[:0]
		if r.cuts, r.err = readCommit(raw, &r.commit); r.err != nil {
			return r
		}
		n := len(r.commit.Parents)
		slab = slab[min(n, len(slab)):]
		r.commit.Parents = r.commit.Parents[:n:n]
		r.commit.OID = evidence.Hash(f.h.OID(i))
		r.folder, r.commit.Known = f.h.Workflows(i)
		if before, ok := f.compared(i, &r); ok {
			r.before = before
			r.changes, r.unread = roots.changed(before, plumbing.Hash(f.h.Tree(i)))
		}
		return r
	}
}

// compared gives the root tree with which that of a commit is compared, zero for none, where what differs is told.
func (f *fastWalk) compared(i int, r *readAhead) (root plumbing.Hash, ok bool) {
	if !r.commit.Known || f.h.ParentCount(i) > 1 {
		return root, false
	}
	var before gitpack.OID
	p, known := f.h.FirstParent(i)
	if known {
		root = plumbing.Hash(f.h.Tree(p))
		before, known = f.h.Workflows(p)
	}
	if f.h.ParentCount(i) > 0 && !known {
		return root, false // the parent's own turn says what is missing
	}
	return root, r.folder != before || telling(r.commit.Message, r.commit.Signed)
}

// commit adds the facts of commit i. One that cannot be understood is a gap, and no fact.
func (f *fastWalk) commit(i int, r readAhead) error {
	if r.silent {
		return nil
	}
	g := &f.groups[f.h.Group(i)]
	oid := plumbing.Hash(f.h.OID(i))
	if r.err != nil {
		return f.fail(r.err, oid.String())
	}
	f.one = r.commit
	f.cuts(oidOf(oid), r.cuts)
	if err := f.hold(i, &r); err != nil {
		return err
	}
	namedBy := g.namedBy
	if own, ok := f.names[oid]; ok {
		namedBy = own
	}
	if len(namedBy) > 0 {
		return f.named(namedBy)
	}
	f.bulk.Add(f.one)
	if f.size += r.size; f.size >= bulkBytes || f.bulk.Len() >= bulkCommits {
		return f.flushBulk()
	}
	return nil
}

// named adds a commit that something names by itself.
func (f *fastWalk) named(namedBy []string) error {
	c := f.one.Commit()
	f.obs.Commits = append(f.obs.Commits, c)
	f.obs.Seen = append(f.obs.Seen, evidence.CommitSeen{Commit: c.OID, Via: f.via, NamedBy: namedBy})
	f.obs.Holdings = append(f.obs.Holdings, evidence.Holding{Commit: c.OID, Workflows: f.one.Workflows.OID(), Known: f.one.Known, RootChanges: f.one.RootChanges})
	f.bytes += len(c.Message) + 48*len(c.Parents)
	if len(f.obs.Commits) >= chunkCommits || f.bytes >= chunkBytes {
		return f.flush()
	}
	return nil
}

// flushBulk hands over the commits that refs reach.
func (f *fastWalk) flushBulk() error {
	if f.bulk.Len() == 0 {
		return nil
	}
	f.obs.Bulks = append(f.obs.Bulks, f.bulk)
	f.bulk, f.size = &evidence.Bulk{Via: f.via}, 0
	return f.flush()
}

// hold says of the present commit what its tree holds. A folder without workflow files counts as none.
func (f *fastWalk) hold(i int, r *readAhead) error {
	if !f.one.Known {
		return nil
	}
	files := 0
	folder := plumbing.Hash(r.folder)
	if !folder.IsZero() {
		var err error
		if files, err = f.list(folder); err != nil && !errors.Is(err, errNoted) {
			return err
		}
		f.one.Known = err == nil
	}
	if files > 0 {
		f.one.Workflows = evidence.Hash(folder)
	}
	f.one.RootChanges = r.changes
	if telling(f.one.Message, f.one.Signed) {
		f.noteReadme(readme{commit: f.one.OID.OID(), at: f.one.Committer.Seconds, before: r.before, after: plumbing.Hash(f.h.Tree(i))}, r.changes)
	}
	if r.unread != nil {
		return f.holes(plumbing.Hash(f.h.Tree(i)), r.unread)
	}
	return nil
}

// cuts notes what of a commit was left out.
func (w *walk) cuts(oid evidence.OID, said []string) {
	for _, s := range said {
		w.numbered(evidence.Gap{Repository: w.repo, Unit: w.unit, Kind: evidence.GapRefused, Subject: string(oid), Detail: s})
	}
}

// reached tells which commits the first groups of a history reach.
func reached(h *gitpack.History, groups int) func(plumbing.Hash) bool {
	return func(o plumbing.Hash) bool {
		i, ok := h.Find(gitpack.OID(o))
		return ok && h.Group(i) < groups
	}
}

// listedAndKept emits what the store's refs reach, and forgets kept tips that a listed one reaches.
func (w *walk) listedAndKept(ctx context.Context) error {
	listed, kept := w.st.refs.listed(), w.st.refs.kept()
	h, err := w.fast(ctx, []group{{tips: listed}, {tips: kept}})
	if err != nil {
		return err
	}
	if h != nil {
		return w.st.dropKept(reached(h, 1))
	}
	if err := w.from(ctx, listed, nil); err != nil {
		return err
	}
	if err := w.st.dropKept(w.emitted); err != nil {
		return err
	}
	return w.from(ctx, w.st.refs.kept(), nil)
}

func (w *walk) emitted(h plumbing.Hash) bool {
	_, ok := w.seen[h]
	return ok
}

// everything emits what the tips reach, and every other commit object of the store as named by source.
func (w *walk) everything(ctx context.Context, tips []plumbing.Hash, source string) error {
	if w.st.packs != nil {
		if done, err := w.atOnce(ctx, tips, source); done || err != nil {
			return err
		}
		all, err := w.st.packs.AllCommits(ctx)
		if err := unlessSlower(err); err != nil {
			return err
		}
		rest := make([]plumbing.Hash, len(all))
		for i, o := range all {
			rest[i] = plumbing.Hash(o)
		}
		if err == nil {
			h, err := w.fast(ctx, []group{{tips: tips}, {tips: rest, namedBy: []string{source}}})
			if err != nil || h != nil {
				return err
			}
		}
	}
	if err := w.from(ctx, tips, nil); err != nil {
		return err
	}
	return w.unreached(ctx, source)
}

// unlisted emits what the wants reach and no ref of the store does. It gives the wants among them.
func (w *walk) unlisted(ctx context.Context, wants []Want) ([]plumbing.Hash, error) {
	groups := []group{{tips: slices.Concat(w.st.refs.listed(), w.st.refs.kept()), silent: true}}
	for _, x := range wants {
		groups = append(groups, group{tips: []plumbing.Hash{hashOf(x.OID)}, namedBy: x.NamedBy})
	}
	h, err := w.fast(ctx, groups)
	if err != nil {
		return nil, err
	}
	listed := w.emitted
	if h != nil {
		listed = reached(h, 1)
	} else if err := w.skipListed(ctx); err != nil {
		return nil, err
	}
	var rest []plumbing.Hash
	for _, x := range wants {
		if o := hashOf(x.OID); !listed(o) {
			rest = append(rest, o)
		}
	}
	if h != nil {
		return rest, nil
	}
	for _, x := range wants {
		if err := w.from(ctx, []plumbing.Hash{hashOf(x.OID)}, x.NamedBy); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
