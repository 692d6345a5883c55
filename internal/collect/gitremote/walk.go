package gitremote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// walk emits the facts of commits in chunks: the commit, that it was had, what its tree holds at .github/workflows, and once per tree and
// file the entries and texts. It reads raw objects and remembers ids only, so that memory grows by some 60 bytes per commit.
type walk struct {
	st   *store
	repo evidence.Repository
	unit string
	via  string
	emit func(evidence.Observation) error

	obs   evidence.Observation
	bytes int
	again bool // something failed that may pass: the unit is not done
	gaps  int  // missing objects named so far
	more  int  // and not named

	seen    map[plumbing.Hash]struct{}      // commits emitted, queued or given up
	folders map[plumbing.Hash]plumbing.Hash // tree at .github -> tree at workflows, zero for none
	listed  map[plumbing.Hash]int           // workflow trees -> how many files, -1 for unreadable ones
	names   map[plumbing.Hash][]string      // commits that are named by themselves, not by what reaches them
	files   map[plumbing.Hash]struct{}      // workflow blobs to emit
	lacking map[plumbing.Hash]bool          // missing objects noted so far
	entries int
	roots   *trees
	readmes []readme
	ahead   *ahead // of a clone
}

func newWalk(st *store, repo evidence.Repository, unit, via string, emit func(evidence.Observation) error) *walk {
	return &walk{
		st: st, repo: repo, unit: unit, via: via, emit: emit, obs: evidence.Observation{Repository: repo, Unit: unit},
		seen: map[plumbing.Hash]struct{}{}, folders: map[plumbing.Hash]plumbing.Hash{}, listed: map[plumbing.Hash]int{},
		names: map[plumbing.Hash][]string{}, files: map[plumbing.Hash]struct{}{}, roots: newTrees(st),
		lacking: map[plumbing.Hash]bool{},
	}
}

func (w *walk) source(s evidence.Source) { w.obs.Sources = append(w.obs.Sources, s) }

func (w *walk) gap(g evidence.Gap) { w.obs.Gaps = append(w.obs.Gaps, g) }

// fail makes a gap of a failure; other errors come back.
func (w *walk) fail(err error, subject string) error {
	g, ok := gapOf(err, w.repo, w.unit, subject)
	if !ok {
		return err
	}
	w.again = w.again || passing(g)
	w.numbered(g)
	return nil
}

// missing notes an object that was not had, once.
func (w *walk) missing(h plumbing.Hash, why string) {
	if w.lacking[h] {
		return
	}
	w.lacking[h] = true
	w.numbered(missingObject(w.repo, w.unit, oidOf(h), why))
}

// numbered keeps a repository made of holes from filling the case.
func (w *walk) numbered(g evidence.Gap) {
	if w.gaps++; w.gaps > maxGaps {
		w.more++
		return
	}
	w.gap(g)
}

// from emits the commits that the tips reach and that were not emitted yet. Tips that are no commits (tags of trees) are passed over.
func (w *walk) from(ctx context.Context, tips []plumbing.Hash, namedBy []string) error {
	for _, tip := range tips {
		h, err := w.st.commitBehind(tip)
		if errors.Is(err, errNoObject) {
			if !w.st.has(h) {
				w.missing(h, "a ref or tag names it, and it was not had")
			}
			continue
		}
		if err == nil {
			err = w.reach(ctx, h, namedBy)
		}
		if err == nil {
			continue
		}
		if err := w.fail(err, tip.String()); err != nil {
			return err
		}
	}
	return nil
}

// reach walks depth first, first parents before others: the next root tree is then mostly the one just compared with.
func (w *walk) reach(ctx context.Context, tip plumbing.Hash, namedBy []string) error {
	if _, ok := w.seen[tip]; ok {
		return nil
	}
	w.seen[tip] = struct{}{}
	for stack := []plumbing.Hash{tip}; len(stack) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		parents, err := w.commit(h, namedBy)
		if errors.Is(err, errNoObject) {
			w.missing(h, "a commit names it as its parent, and it was not had")
			continue
		}
		if err != nil {
			if err := w.fail(err, h.String()); err != nil {
				return err
			}
			continue
		}
		for _, p := range slices.Backward(parents) {
			if _, ok := w.seen[p]; !ok {
				w.seen[p] = struct{}{}
				stack = append(stack, p)
			}
		}
		if len(w.obs.Commits) >= chunkCommits || w.bytes >= chunkBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// commit adds the facts of one commit to the chunk and gives its parents.
func (w *walk) commit(h plumbing.Hash, namedBy []string) ([]plumbing.Hash, error) {
	typ, raw, err := w.st.read(h, maxObject)
	if err != nil {
		return nil, err
	}
	if typ != plumbing.CommitObject {
		return nil, malformed("a commit names a %s as its parent", typ)
	}
	c, tree, parents, cuts, err := parseCommit(h, raw)
	if err != nil {
		return nil, err
	}
	w.cuts(c.OID, cuts)
	holding, err := w.holding(&c, tree, parents)
	if err != nil {
		return nil, err
	}
	w.obs.Commits = append(w.obs.Commits, c)
	w.obs.Holdings = append(w.obs.Holdings, holding)
	if own, ok := w.names[h]; ok {
		namedBy = own
	}
	w.obs.Seen = append(w.obs.Seen, evidence.CommitSeen{Commit: c.OID, Via: w.via, NamedBy: namedBy})
	w.bytes += len(c.Message) + 48*len(parents) + len(c.Author.Name) + len(c.Committer.Name)
	return parents, nil
}

// holding looks up .github/workflows in a commit's tree. Its root is compared with the first parent's as [evidence.Holding] says; a
// commit without parents is compared with the empty tree. A folder without workflow files counts as none.
func (w *walk) holding(c *evidence.Commit, tree plumbing.Hash, parents []plumbing.Hash) (evidence.Holding, error) {
	out := evidence.Holding{Commit: c.OID}
	folder, err := w.folder(tree)
	files := 0
	if err == nil && !folder.IsZero() {
		files, err = w.list(folder)
	}
	if err != nil {
		return out, w.holes(tree, err)
	}
	out.Known = true
	if files > 0 {
		out.Workflows = oidOf(folder)
	}
	if len(parents) > 1 {
		return out, nil
	}
	var parentTree, before plumbing.Hash
	if len(parents) > 0 {
		if parentTree, err = w.treeOf(parents[0]); err == nil {
			before, err = w.folder(parentTree)
		}
		if err != nil {
			return out, nil // the parent's own turn says what is missing
		}
	}
	if folder != before || telling(c.Message, c.Signed) {
		if out.RootChanges, err = w.roots.changed(parentTree, tree); err != nil {
			err = w.holes(tree, err)
		}
		if telling(c.Message, c.Signed) {
			w.noteReadme(readme{commit: c.OID, at: c.Committer.Date.Unix(), before: parentTree, after: tree}, out.RootChanges)
		}
	}
	return out, err
}

// folder finds the tree at .github/workflows below a root tree; zero for none.
func (w *walk) folder(tree plumbing.Hash) (plumbing.Hash, error) {
	root, err := w.roots.root(tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return w.workflows(root)
}

// telling reports the mark of a commit that the contents API made: no newline at the end, no signature. See [evidence.Holding].
func telling[T string | []byte](message T, signed bool) bool {
	return !signed && len(message) > 0 && message[len(message)-1] != '\n'
}

// errNoted stands for a hole below a tree that has been noted already.
var errNoted = errors.New("noted")

// holes notes a tree that could not be had or read.
func (w *walk) holes(tree plumbing.Hash, err error) error {
	if errors.Is(err, errNoted) {
		return nil
	}
	if errors.Is(err, errNoObject) {
		w.missing(tree, "a commit's tree, and it was not had")
		return nil
	}
	return w.fail(err, tree.String())
}

func (w *walk) treeOf(commit plumbing.Hash) (plumbing.Hash, error) {
	_, raw, err := w.st.read(commit, maxObject)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	_, tree, _, _, err := parseCommit(commit, raw)
	return tree, err
}

// workflows finds the tree at .github/workflows below a root; zero for none.
func (w *walk) workflows(root []byte) (plumbing.Hash, error) {
	github, ok, err := findEntry(root, ".github")
	if err != nil || !ok || !github.folder() {
		return plumbing.ZeroHash, err
	}
	if folder, ok := w.folders[github.oid]; ok {
		return folder, nil
	}
	raw, err := w.st.tree(github.oid)
	if err != nil {
		return plumbing.ZeroHash, w.unknown(github.oid, err)
	}
	e, ok, err := findEntry(raw, "workflows")
	if err != nil {
		return plumbing.ZeroHash, w.unknown(github.oid, err)
	}
	folder := plumbing.ZeroHash
	if ok && e.folder() {
		folder = e.oid
	}
	w.folders[github.oid] = folder
	return folder, nil
}

// unknown notes a hole on the way to the workflows and gives an error in any case.
func (w *walk) unknown(tree plumbing.Hash, err error) error {
	if err := w.holes(tree, err); err != nil {
		return err
	}
	return errNoted
}

func sortedKeys(set map[string]bool, limit int) []string {
	keys := slices.Sorted(maps.Keys(set))
	return keys[:min(len(keys), limit)]
}

func (w *walk) flush() error {
	if err := w.emit(w.obs); err != nil {
		return err
	}
	w.obs, w.bytes = evidence.Observation{Repository: w.repo, Unit: w.unit}, 0
	return nil
}

// finish emits the last chunk, which closes the unit.
func (w *walk) finish() error {
	if w.more > 0 {
		w.gap(evidence.Gap{Repository: w.repo, Unit: w.unit, Kind: evidence.GapTruncated, Subject: "more missing objects",
			Detail: fmt.Sprintf("%d gaps of this kind are named, %d more are not", maxGaps, w.more)})
	}
	w.obs.Done = !w.again
	return w.flush()
}
