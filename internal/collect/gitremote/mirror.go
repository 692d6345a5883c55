package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/collect/gitpack"
	"pentimento/internal/evidence"
)

// Mirror reads a clone or bare repository that somebody made (unit "git/mirror"): its refs (for a plain clone,
// what it last saw of its origin's branches), every commit that they reach, and every other commit object that it holds; the latter are said
// to be named by the source of the reading, since no ref leads to them.
//
// dir is only read. Its configuration, hooks, attributes, replacements, grafts and commit graph are not looked at. Alternates are not
// followed, because they may point anywhere on this machine; a repository that has them leaves a gap. So do SHA-256, reftable and
// linked worktrees, whose objects lie elsewhere. Errors are as of [Collector.Collect].
func (c *Collector) Mirror(ctx context.Context, repo evidence.Repository, dir string, emit func(evidence.Observation) error) error {
	if err := c.mirror(ctx, repo, dir, living(ctx, emit)); err != nil {
		return fmt.Errorf("read mirror of %s: %w", repo, err)
	}
	return nil
}

func (c *Collector) mirror(ctx context.Context, repo evidence.Repository, dir string, emit func(evidence.Observation) error) error {
	obs := evidence.Observation{Repository: repo, Unit: unitMirror, Done: true}
	st, err := openMirror(dir)
	var w *walk
	if err == nil {
		defer st.close()
		w = newWalk(st, repo, unitMirror, "mirror", emit)
		defer w.begin(ctx)()
		err = mirrorDamage(st.readRefs())
	}
	if err != nil {
		g, ok := gapOf(err, repo, unitMirror, "mirror")
		if !ok {
			return err
		}
		obs.Gaps = append(obs.Gaps, g)
		return emit(obs)
	}
	list, err := st.listing()
	if err != nil {
		return err
	}
	source := func(origin evidence.Origin, target string, body []byte) evidence.Source {
		return evidence.Source{Repository: repo, Origin: origin, Method: "FILE", URL: "file://" + filepath.ToSlash(dir), Target: target,
			FetchedAt: c.cfg.Now().UTC(), Body: body}
	}
	refs := source(evidence.OriginGitRefs, "mirror refs", list.text())
	if last := st.lastFetch(); !last.IsZero() && last.Before(refs.FetchedAt) {
		refs.FetchedAt = last
	}
	pack := source(evidence.OriginGitPack, "mirror objects", tipsText(list.refs))
	if err := emit(evidence.Observation{Repository: repo, Unit: unitMirror, Sources: []evidence.Source{refs}, Refs: list.refs,
		Gaps: append(st.mirrorGaps(repo), staleness(repo, refs.FetchedAt))}); err != nil {
		return err
	}
	w.source(pack)
	var tips []plumbing.Hash
	for _, r := range list.refs {
		tips = append(tips, hashOf(r.OID))
	}
	if err := w.everything(ctx, unique(tips), pack.ID()); err != nil {
		return err
	}
	if err := w.contents(ctx, nil); err != nil {
		return err
	}
	return w.finish()
}

// unreached emits the commit objects that no ref led to.
func (w *walk) unreached(ctx context.Context, source string) error {
	var rest []plumbing.Hash
	err := w.st.allCommits(ctx, func(h plumbing.Hash) error {
		if _, ok := w.seen[h]; !ok {
			rest = append(rest, h)
		}
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.fail(err, "commits that no ref reaches"); err != nil {
			return err
		}
	}
	slices.SortFunc(rest, compareHashes)
	return w.from(ctx, rest, []string{source})
}

// openMirror opens the repository in dir: a bare one, or the .git folder of a clone.
func openMirror(dir string) (*store, error) {
	hint := "give the folder of a clone or of a bare repository"
	if info, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
		if !info.IsDir() {
			return nil, unsupported("give the main clone instead", "a linked worktree or submodule: its objects lie elsewhere")
		}
		dir = filepath.Join(dir, ".git")
	}
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil, unsupported(hint, "no git repository: %s is missing", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "reftable")); err == nil {
		return nil, unsupported("git clone --mirror it with the default ref format", "refs are kept as reftable")
	}
	s := &store{dir: dir}
	if err := s.reopen(); err != nil {
		return nil, mirrorDamage(err)
	}
	return s, nil
}

func mirrorDamage(err error) error {
	if errors.Is(err, errDamaged) {
		return &failure{kind: evidence.GapUnreadable, detail: evidence.Printable(err.Error()), hint: "git fsck in that folder says more"}
	}
	return err
}

// readRefs reads packed refs and, over them, loose ones. Symbolic refs other than HEAD are passed over: what they stand for is listed.
func (s *store) readRefs() error {
	packed, err := readPackedRefs(filepath.Join(s.dir, "packed-refs"))
	if err != nil {
		return err
	}
	refs := map[string]plumbing.Hash{}
	for _, e := range packed {
		refs[e.name] = e.to
	}
	err = filepath.WalkDir(filepath.Join(s.dir, "refs"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(s.dir, name)
		if err != nil {
			return err
		}
		ref := filepath.ToSlash(rel)
		text, err := readStart(name)
		if err != nil {
			return err
		}
		if h, err := parseHash(text); err == nil && validRef(ref) {
			refs[ref] = h
			s.noteWritten(name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, h := range refs {
		s.refs = append(s.refs, refEntry{name, h})
	}
	slices.SortFunc(s.refs, func(a, b refEntry) int { return strings.Compare(a.name, b.name) })
	return nil
}

// readStart reads a file that should hold one line.
func readStart(name string) (string, error) {
	f, err := openRegular(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRefName+64))
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), err
}

// listing words the refs as a server would, HEAD included.
func (s *store) listing() (listing, error) {
	var l listing
	head, err := readStart(filepath.Join(s.dir, "HEAD"))
	if err != nil {
		return l, err
	}
	byName := map[string]plumbing.Hash{}
	for _, e := range asServed(s.refs) {
		byName[e.name] = e.to
		ref := evidence.ListedRef{Ref: evidence.Ref(e.name), OID: oidOf(e.to)}
		if raw, ok := s.tag(e.to); ok {
			if to, ok := s.peel(raw); ok {
				ref.Peeled = oidOf(to)
			}
		}
		l.refs = append(l.refs, ref)
	}
	if target, ok := strings.CutPrefix(head, "ref: "); ok {
		if h, ok := byName[target]; ok {
			l.refs = append(l.refs, evidence.ListedRef{Ref: "HEAD", OID: oidOf(h), Symref: evidence.Ref(target)})
		}
	} else if h, err := parseHash(head); err == nil {
		l.refs = append(l.refs, evidence.ListedRef{Ref: "HEAD", OID: oidOf(h)})
	}
	l.sort()
	return l, nil
}

// asServed words the refs of an ordinary clone as its server would: what it last saw there of a branch, under refs/remotes/origin/, is that
// branch, and the clone's own branch of the name is not. A bare mirror has none of these and stays as it is.
func asServed(refs refTable) refTable {
	const tracking = "refs/remotes/origin/"
	seen := map[string]bool{}
	for _, e := range refs {
		if name, ok := strings.CutPrefix(e.name, tracking); ok {
			seen["refs/heads/"+name] = true
		}
	}
	var out refTable
	for _, e := range refs {
		name, tracked := strings.CutPrefix(e.name, tracking)
		switch {
		case tracked && name == "HEAD", seen[e.name]:
			continue
		case tracked:
			e.name = "refs/heads/" + name
		}
		out = append(out, e)
	}
	return out
}

// tag reads a tag object. What is none is not read: most refs name commits.
func (s *store) tag(h plumbing.Hash) (raw []byte, ok bool) {
	if s.packs != nil {
		if kind, err := s.packs.Kind(gitpack.OID(h)); err == nil && kind != gitpack.Tag {
			return nil, false
		}
	}
	typ, raw, err := s.read(h, maxObject)
	return raw, err == nil && typ == plumbing.TagObject
}

// peel follows a tag object to what is no tag.
func (s *store) peel(raw []byte) (plumbing.Hash, bool) {
	for range maxTagDepth {
		to, ok := tagTarget(raw)
		if !ok {
			return to, false
		}
		if raw, ok = s.tag(to); !ok {
			return to, true
		}
	}
	return plumbing.ZeroHash, false
}

// lastFetch is when the refs were last written: a clone tells of its server as of its last fetch, whenever it is read. Files say no more
// than that; a copy that did not keep times is younger than it seems.
func (s *store) lastFetch() time.Time {
	s.noteWritten(filepath.Join(s.dir, "FETCH_HEAD"))
	s.noteWritten(filepath.Join(s.dir, "packed-refs"))
	return s.written.UTC().Truncate(time.Second)
}

// noteWritten takes a file's time into account where there is such a file.
func (s *store) noteWritten(path string) {
	if st, err := os.Lstat(path); err == nil && st.Mode().IsRegular() && st.ModTime().After(s.written) {
		s.written = st.ModTime()
	}
}

// staleness is the gap that every clone has: what its server held since.
func staleness(repo evidence.Repository, last time.Time) evidence.Gap {
	return evidence.Gap{Repository: repo, Unit: unitMirror, Kind: evidence.GapNotCollected, Subject: "refs since the clone's last fetch",
		Detail: "the refs are those of a clone, last written at " + evidence.Stamp(last) + "; what the server holds since is not seen",
		Hint:   "collect from the server too, or fetch in the clone and add it again"}
}

// mirrorGaps says what the repository keeps where we do not look.
func (s *store) mirrorGaps(repo evidence.Repository) []evidence.Gap {
	var out []evidence.Gap
	for _, x := range []struct{ file, detail, hint string }{
		{alternates, "the repository borrows objects from another one, which was not followed", "git repack -a -d in a copy of it, then add the copy"},
		{"shallow", "the clone is shallow: history before its boundary is missing", "git fetch --unshallow in a copy of it, or collect from the server"},
	} {
		if text, err := readStart(filepath.Join(s.dir, filepath.FromSlash(x.file))); err == nil && len(bytes.TrimSpace([]byte(text))) > 0 {
			out = append(out, evidence.Gap{Repository: repo, Unit: unitMirror, Kind: evidence.GapUnsupported, Subject: x.file, Detail: x.detail, Hint: x.hint})
		}
	}
	if len(s.refs) == 0 {
		out = append(out, evidence.Gap{Repository: repo, Unit: unitMirror, Kind: evidence.GapEmpty, Subject: "refs", Detail: "the mirror has no refs"})
	}
	return out
}
