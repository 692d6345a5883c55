package gitremote

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// readme is a commit that changed the README and nothing else at the root; before is the first parent's root tree, zero for none.
type readme struct {
	commit        evidence.OID
	at            int64 // committer date, Unix seconds
	name          string
	before, after plumbing.Hash
}

// noteReadme keeps a commit for later if what it changed is a README alone.
func (w *walk) noteReadme(r readme, changes []string) {
	if len(changes) == 1 && len(changes[0]) >= len("readme") && strings.EqualFold(changes[0][:len("readme")], "readme") {
		r.name = changes[0]
		w.readmes = append(w.readmes, r)
	}
}

// readmeChanges emits what the noted commits added, fetching the files first where there is a remote. Of too many the newest are read.
func (w *walk) readmeChanges(ctx context.Context, rem *remote) error {
	slices.SortFunc(w.readmes, func(a, b readme) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.commit, b.commit)) })
	w.readmes = slices.CompactFunc(w.readmes, func(a, b readme) bool { return a.commit == b.commit })
	if n := len(w.readmes); n > maxReadmes {
		w.gap(evidence.Gap{Repository: w.repo, Unit: w.unit, Kind: evidence.GapTruncated, Subject: "changes of the README",
			Detail: fmt.Sprintf("%d commits change the README alone; what the newest %d added was read", n, maxReadmes)})
		w.readmes = w.readmes[:maxReadmes]
	}
	changes, files := w.readmeFiles()
	lacking := slices.DeleteFunc(unique(files), w.st.has)
	if rem != nil && len(lacking) > 0 {
		if err := rem.fetchBlobs(ctx, w.st, lacking, w); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(changes, textsAtOnce/2) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.compareReadmes(part); err != nil {
			return err
		}
	}
	return nil
}

// readmeFiles looks the files up that the noted commits and their parents hold.
func (w *walk) readmeFiles() (changes []evidence.ReadmeChange, files []plumbing.Hash) {
	for _, r := range w.readmes {
		c := evidence.ReadmeChange{Commit: r.commit, Path: r.name}
		before, after := w.fileIn(r.before, r.name), w.fileIn(r.after, r.name)
		if after.IsZero() {
			continue // it was removed, or the tree is a hole that was noted
		}
		if files = append(files, after); !before.IsZero() {
			files, c.Before = append(files, before), oidOf(before)
		}
		c.After = oidOf(after)
		changes = append(changes, c)
	}
	return changes, files
}

// fileIn gives the file of a name in a root tree; zero where there is none, or none that can be read.
func (w *walk) fileIn(root plumbing.Hash, name string) plumbing.Hash {
	if root.IsZero() {
		return root
	}
	raw, err := w.roots.root(root)
	if err != nil {
		return plumbing.ZeroHash
	}
	e, ok, err := findEntry(raw, name)
	if err != nil || !ok || e.folder() {
		return plumbing.ZeroHash
	}
	return e.oid
}

func (w *walk) compareReadmes(changes []evidence.ReadmeChange) error {
	var files []plumbing.Hash
	for _, c := range changes {
		if files = append(files, hashOf(c.After)); c.Before != "" {
			files = append(files, hashOf(c.Before))
		}
	}
	held := map[evidence.OID]text{}
	for i, read := range w.st.texts(files, maxReadme) {
		held[oidOf(files[i])] = read
	}
	for _, c := range changes {
		before, after := held[c.Before], held[c.After]
		switch err := cmp.Or(before.err, after.err); {
		case errors.Is(err, errNoObject):
			w.missing(hashOf(c.After), "the README of a commit that changed nothing else, or the one before it, and it was not had")
			continue
		case err != nil:
			if err := w.fail(err, string(c.After)); err != nil {
				return err
			}
			continue
		}
		c.Added, c.Cut = addedLines(before.raw, after.raw)
		w.obs.Readmes = append(w.obs.Readmes, c)
	}
	return nil
}

// addedLines gives the lines that a text has and another has not.
func addedLines(before, after []byte) (added []string, cut bool) {
	old := map[string]bool{}
	for line := range bytes.Lines(before) {
		old[string(bytes.TrimRight(line, "\r\n"))] = true
	}
	for line := range bytes.Lines(after) {
		text := string(bytes.TrimRight(line, "\r\n"))
		if old[text] || strings.TrimSpace(text) == "" {
			continue
		}
		if len(added) == maxAdded {
			return added, true
		}
		if len(text) > maxLine {
			text, cut = text[:maxLine], true
		}
		added = append(added, strings.ToValidUTF8(text, "?"))
	}
	return added, cut
}
