package gitremote

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"pentimento/internal/evidence"
)

// Lost is an object that should be in a bundle and that the store has not, or not as git writes it.
type Lost struct {
	OID    evidence.OID
	Reason string
}

// Bundle writes the given commits of a repository with their root trees, workflow folders and workflow files as a git bundle of version 3
// (https://git-scm.com/docs/gitformat-bundle), each commit as refs/pentimento/OID. The objects are as the server gave them: nothing is
// redacted. The history behind the commits and all other files are left out, as the filter in its header says; git takes such a bundle
// with "git bundle unbundle" and not with clone. mirror is the clone that the repository is read from; empty for the collector's own store.
//
// has is false, and nothing is written, where not one of the commits could be had.
func (c *Collector) Bundle(ctx context.Context, repo evidence.Repository, mirror string, commits []evidence.OID, w io.Writer) (has bool, lost []Lost, err error) {
	st, err := c.bundled(repo, mirror)
	if err != nil {
		return false, nil, fmt.Errorf("bundle of %s: %w", repo, err)
	}
	if st == nil {
		return false, allLost(commits, "no git objects of the repository are here"), nil
	}
	defer st.close()
	b := &bundle{st: st, seen: map[plumbing.Hash]bool{}}
	var tips []plumbing.Hash
	for _, oid := range slices.Sorted(slices.Values(commits)) {
		if err := ctx.Err(); err != nil {
			return false, nil, err
		}
		if h := plumbing.NewHash(string(oid)); b.commit(h) {
			tips = append(tips, h)
		}
	}
	if len(tips) == 0 {
		return false, b.lost, nil
	}
	if err := b.write(w, slices.Compact(tips)); err != nil {
		return false, nil, fmt.Errorf("bundle of %s: %w", repo, err)
	}
	return true, b.lost, nil
}

// bundled opens what to read from; nil where there is nothing.
func (c *Collector) bundled(repo evidence.Repository, mirror string) (*store, error) {
	if mirror != "" {
		st, err := openMirror(mirror)
		if err == nil {
			if err = mirrorDamage(st.readRefs()); err != nil {
				st.close()
			}
		}
		if _, known := gapOf(err, repo, unitMirror, "mirror"); err != nil && known {
			return nil, nil
		}
		return st, err
	}
	if has, err := c.hasStore(repo); err != nil || !has {
		return nil, err
	}
	return c.openStore(repo)
}

func allLost(commits []evidence.OID, reason string) []Lost {
	out := make([]Lost, 0, len(commits))
	for _, oid := range commits {
		out = append(out, Lost{OID: oid, Reason: reason})
	}
	return out
}

// bundle gathers the objects, each once, in the order in which they were reached.
type bundle struct {
	st   *store
	seen map[plumbing.Hash]bool
	list []plumbing.Hash
	lost []Lost
}

// take reads an object and puts it on the list. It was measured when it came: its size needs no other limit here.
func (b *bundle) take(h plumbing.Hash, want plumbing.ObjectType) (raw []byte, ok bool) {
	typ, raw, err := b.st.read(h, int64(maxBlob))
	if err == nil && typ != want {
		err = fmt.Errorf("it is a %s and was named as a %s", typ, want)
	}
	if err != nil {
		if !b.seen[h] {
			b.lost = append(b.lost, Lost{OID: oidOf(h), Reason: evidence.Printable(err.Error())})
		}
		b.seen[h] = true
		return nil, false
	}
	if !b.seen[h] {
		b.list = append(b.list, h)
	}
	b.seen[h] = true
	return raw, true
}

// commit takes a commit and what it holds at .github/workflows; what of that is missing is noted.
func (b *bundle) commit(h plumbing.Hash) bool {
	raw, ok := b.take(h, plumbing.CommitObject)
	if !ok {
		return false
	}
	_, tree, _, _, err := parseCommit(h, raw)
	if err != nil {
		b.lost = append(b.lost, Lost{OID: oidOf(h), Reason: evidence.Printable(err.Error())})
		return true
	}
	for _, name := range []string{".github", "workflows"} {
		raw, ok := b.take(tree, plumbing.TreeObject)
		if !ok {
			return true
		}
		e, found, err := findEntry(raw, name)
		if err != nil || !found || !e.folder() {
			return true
		}
		tree = e.oid
	}
	b.files(tree)
	return true
}

// files takes the folder of workflows and the files in it.
func (b *bundle) files(tree plumbing.Hash) {
	if b.seen[tree] {
		return
	}
	raw, ok := b.take(tree, plumbing.TreeObject)
	if !ok {
		return
	}
	entries, _, err := workflowFiles(tree, raw)
	if err != nil {
		b.lost = append(b.lost, Lost{OID: oidOf(tree), Reason: evidence.Printable(err.Error())})
	}
	for _, e := range entries {
		b.take(plumbing.NewHash(string(e.Blob)), plumbing.BlobObject)
	}
}

func (b *bundle) write(w io.Writer, tips []plumbing.Hash) error {
	var head strings.Builder
	head.WriteString("# v3 git bundle\n@object-format=sha1\n@filter=tree:0\n")
	for _, h := range tips {
		fmt.Fprintf(&head, "%s refs/pentimento/%s\n", h, h)
	}
	head.WriteString("\n")
	_, err := io.WriteString(w, head.String())
	if err == nil {
		_, err = packfile.NewEncoder(w, b.st.objects, false).Encode(b.list, 0)
	}
	return err
}
