package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/collect/gitremote"
	"pentimento/internal/evidence"
	"pentimento/internal/preserve"
)

// preservation is where a capture goes and what belongs to it.
type preservation struct {
	file    *casefile.Case
	git     *gitremote.Collector
	to      string
	objects bool
	waiting int // repositories of which the collection has not had everything yet
	now     time.Time
}

// freePlace refuses an archive that could not be written, before hours of collection are spent.
func freePlace(to string) error {
	if _, err := os.Lstat(to); err == nil {
		return hint(usagef("--preserve %s: the file exists", to), "a capture is never written over: name another one")
	}
	if info, err := os.Stat(filepath.Dir(to)); err != nil || !info.IsDir() {
		return usagef("--preserve %s: no such folder", to)
	}
	return nil
}

// preserve writes the archive under another name and gives it its own when it is whole.
func (p *program) preserve(ctx context.Context, v preservation) (err error) {
	if v.waiting, err = v.file.Waiting(ctx); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(v.to), filepath.Base(v.to)+".*.unfinished")
	if err != nil {
		return fmt.Errorf("preserve: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	path := filepath.Join(scratch, "archive")
	sum, lacking, err := v.write(ctx, path, filepath.Join(scratch, "case"))
	if err != nil {
		return err
	}
	if err := place(path, v.to); err != nil {
		return fmt.Errorf("preserve: %w", err)
	}
	p.say("preserved in %s, SHA-256 %s", v.to, sum)
	p.say("keep that digest in another place: pentimento verify compares the archive with itself alone")
	if v.waiting > 0 {
		p.say("%d repositories were not collected whole when it was made, which its manifest says", v.waiting)
	}
	if v.objects {
		p.say("the archive holds git objects as they came: they can hold secrets that somebody committed; do not publish it")
	}
	if lacking > 0 {
		p.say("%d objects or repositories that should be in it could not be had: pentimento verify counts them, manifest.json names them", lacking)
	}
	return nil
}

// place gives a finished file its name and never writes over another. Where the file system has no hard links it is copied.
func place(from, to string) (err error) {
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return errors.Join(copyFile(f, from), f.Sync())
}

func (v preservation) write(ctx context.Context, path, copy string) (sum string, lacking int, err error) {
	if err := v.file.Snapshot(ctx, copy); err != nil {
		return "", 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, fmt.Errorf("preserve: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(f, digest), 1<<20)
	w := preserve.NewWriter(buffered, preserve.Manifest{MadeAt: v.now, MadeBy: version(), Objects: v.objects, Waiting: v.waiting})
	if err := w.Add(preserve.CaseName, func(to io.Writer) error { return copyFile(to, copy) }); err != nil {
		return "", 0, err
	}
	if v.objects {
		if err := v.bundles(ctx, w, filepath.Dir(path)); err != nil {
			return "", 0, err
		}
	}
	lacking = w.Lacking()
	if err := errors.Join(w.Close(), buffered.Flush(), f.Sync()); err != nil {
		return "", 0, fmt.Errorf("preserve: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), lacking, nil
}

func copyFile(to io.Writer, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(to, f)
	return err
}

// bundles adds the relevant git objects of each repository, one repository at a time.
func (v preservation) bundles(ctx context.Context, w *preserve.Writer, scratch string) error {
	targets, err := v.file.Targets(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		facts, err := v.file.Facts(ctx, t.Repository)
		if err != nil {
			return err
		}
		if !facts.Listing.Known() {
			w.Lacks(preserve.Missing{Name: bundleName(t.Repository), What: "all", Reason: "the refs of the repository were never listed"})
		}
		wanted := relevant(facts)
		if len(wanted) == 0 {
			continue
		}
		if err := v.bundle(ctx, w, t, wanted, scratch); err != nil {
			return err
		}
	}
	return nil
}

// bundle goes by way of a file: whether there is anything to add is known at the end alone.
func (v preservation) bundle(ctx context.Context, w *preserve.Writer, t casefile.Target, wanted []evidence.OID, scratch string) (err error) {
	f, err := os.CreateTemp(scratch, "bundle-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	has, lost, err := v.git.Bundle(ctx, t.Repository, t.Mirror, wanted, f)
	if err != nil {
		return err
	}
	name := bundleName(t.Repository)
	for _, l := range lost {
		w.Lacks(preserve.Missing{Name: name, What: string(l.OID), Reason: l.Reason})
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil || !has {
		return err
	}
	return w.Add(name, func(to io.Writer) error { _, err := io.Copy(to, f); return err })
}

func bundleName(repo evidence.Repository) string { return "objects/" + repo.Key() + ".bundle" }

// relevant lists the commits of which the objects are kept: those that no ref reaches any more, which the server may drop at any time, those
// that changed the workflows against their first parent, and the tips.
func relevant(facts *casefile.Facts) []evidence.OID {
	h, kept := facts.History, map[evidence.OID]bool{}
	var tips []evidence.OID
	for _, l := range facts.Listing.Refs {
		tips = append(tips, l.Target())
		kept[l.Target()] = h.Has(l.Target())
	}
	reached := h.Reach(tips...)
	for _, o := range h.All() {
		changed := h.Holding(o).Workflows != h.Holding(h.FirstParent(o)).Workflows
		kept[o] = kept[o] || changed || !reached.HasID(o)
	}
	var out []evidence.OID
	for o, keep := range kept {
		if keep {
			out = append(out, o)
		}
	}
	slices.Sort(out)
	return out
}
