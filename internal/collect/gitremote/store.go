package gitremote

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"pentimento/internal/collect/gitpack"
	"pentimento/internal/evidence"
)

// store is a bare repository: ours below Config.Mirrors, or one that somebody made (see [Collector.Mirror]), which is only read.
// Ours is a repository to the git command line too, with the refs as last listed and without file contents other than workflows.
// It is not a partial clone by configuration: looking into it with git must not make git fetch.
type store struct {
	dir     string
	objects *filesystem.Storage // the slow way, for what the fast one does not read
	packs   *gitpack.Reader     // the fast way; nil where it does not read the store
	refs    refTable
	written time.Time  // of a mirror: when a file of its refs was last written
	slow    sync.Mutex // the slow way is one goroutine's at a time
}

// errNoObject means that the store does not have it.
var errNoObject = errors.New("no such object")

// errDamaged means that files of the store are not what git or we write.
var errDamaged = errors.New("damaged store")

func (c *Collector) storeDir(repo evidence.Repository) (string, error) {
	r, err := evidence.ParseRepository(repo.Key())
	if err != nil {
		return "", err
	}
	return filepath.Join(c.cfg.Mirrors, r.Owner(), r.Name()+".git"), nil
}

func (c *Collector) hasStore(repo evidence.Repository) (bool, error) {
	dir, err := c.storeDir(repo)
	if err != nil {
		return false, err
	}
	_, err = os.Stat(filepath.Join(dir, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// openStore opens the repository's store, makes it if there is none, and sweeps what a killed run left. A damaged store is a cache
// that cannot be trusted to be complete: it is made anew.
func (c *Collector) openStore(repo evidence.Repository) (*store, error) {
	dir, err := c.storeDir(repo)
	if err != nil {
		return nil, err
	}
	for range 2 {
		s := &store{dir: dir}
		if err = s.prepare(); err == nil {
			err = s.reopen()
		}
		if err == nil {
			s.refs, err = readPackedRefs(filepath.Join(dir, "packed-refs"))
		}
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errDamaged) {
			break
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("open store: %w", err)
}

func (s *store) packDir() string { return filepath.Join(s.dir, "objects", "pack") }

// prepare makes what is missing of a bare repository, each file at once, and removes leftovers.
func (s *store) prepare() error {
	for _, d := range []string{"objects/pack", "objects/info", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"HEAD":        "ref: refs/heads/main\n",
		"config":      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
		"description": "Evidence store: refs as last listed, no file contents but workflows. May be deleted.\n",
	} {
		path := filepath.Join(s.dir, name)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			return err
		}
	}
	return s.sweep()
}

// sweep removes temporary files and indexes without a pack.
func (s *store) sweep() error {
	for _, pattern := range []string{filepath.Join(s.dir, "tmp_*"), filepath.Join(s.packDir(), "tmp_*"), filepath.Join(s.packDir(), "*.idx")} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if base, isIndex := strings.CutSuffix(name, ".idx"); isIndex {
				if _, err := os.Stat(base + ".pack"); err == nil {
					continue
				}
			}
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// reopen makes both readers see the packs that are there now.
func (s *store) reopen() error {
	s.close()
	if err := checkIndexes(s.packDir()); err != nil {
		return err
	}
	var err error
	if s.packs, err = gitpack.Open(s.dir, gitpack.Options{Limits: gitpack.Limits{Object: maxObject, Folder: maxFolder, Entries: maxEntries}}); err != nil {
		if !slower(err) {
			return err
		}
		s.packs = nil
	}
	s.objects = filesystem.NewStorageWithOptions(readOnly{osfs.New(s.dir)}, cache.NewObjectLRU(32*cache.MiByte),
		filesystem.Options{KeepDescriptors: true, LargeObjectThreshold: int64(maxBlob)})
	return nil
}

func (s *store) close() {
	// Read only: there is nothing to lose.
	if s.objects != nil {
		s.objects.Close()
	}
	if s.packs != nil {
		s.packs.Close()
		s.packs = nil
	}
}

// slower tells errors of the fast reader after which the slow one has its turn: it reads more formats, and more of what is broken.
func slower(err error) bool {
	return errors.Is(err, gitpack.ErrUnsupported) || errors.Is(err, gitpack.ErrDamaged) || errors.Is(err, gitpack.ErrLimit)
}

// readOnly keeps go-git from writing, and from following objects/info/alternates, which may point anywhere on this machine.
type readOnly struct{ billy.Filesystem }

func (r readOnly) Capabilities() billy.Capability { return billy.ReadCapability | billy.SeekCapability }

func (r readOnly) Create(name string) (billy.File, error) { return nil, denied(name) }

func (r readOnly) TempFile(dir, prefix string) (billy.File, error) { return nil, denied(dir) }

func (r readOnly) Rename(from, to string) error { return denied(to) }

func (r readOnly) Remove(name string) error { return denied(name) }

func (r readOnly) MkdirAll(name string, perm os.FileMode) error { return denied(name) }

func (r readOnly) Open(name string) (billy.File, error) {
	if filepath.ToSlash(filepath.Clean(name)) == alternates {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return r.Filesystem.Open(name)
}

func (r readOnly) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	if flag != os.O_RDONLY {
		return nil, denied(name)
	}
	return r.Open(name)
}

const alternates = "objects/info/alternates"

func denied(name string) error { return &fs.PathError{Op: "write", Path: name, Err: fs.ErrPermission} }

// checkIndexes compares every index's own count with its size: go-git allocates by the count.
func checkIndexes(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.pack"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := checkIndex(strings.TrimSuffix(name, ".pack") + ".idx"); err != nil {
			return err
		}
	}
	return nil
}

// checkIndex: https://git-scm.com/docs/pack-format, version 2: magic, version, fanout of 256 counts, per object 20+4+4 bytes, then 8 for
// each large offset, and two checksums.
func checkIndex(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: a pack without an index", errDamaged)
	} else if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var start [8 + 256*4]byte
	if _, err := io.ReadFull(f, start[:]); err != nil || string(start[:8]) != "\xfftOc\x00\x00\x00\x02" {
		return fmt.Errorf("%w: %s is no index of version 2", errDamaged, filepath.Base(name))
	}
	last := uint32(0)
	for i := 8; i < len(start); i += 4 {
		n := binary.BigEndian.Uint32(start[i:])
		if n < last {
			return fmt.Errorf("%w: %s has a broken fanout", errDamaged, filepath.Base(name))
		}
		last = n
	}
	least := int64(len(start)) + 28*int64(last) + 40
	if info.Size() < least || info.Size() > least+8*int64(last) {
		return fmt.Errorf("%w: %s is not as long as it says", errDamaged, filepath.Base(name))
	}
	return nil
}

func (s *store) has(h plumbing.Hash) bool {
	if s.packs != nil {
		return s.packs.Has(gitpack.OID(h))
	}
	return s.objects.HasEncodedObject(h) == nil
}

// read gives an object's type and bytes; errNoObject if the store has none, a failure if it is larger than limit, broken, or does not
// hash to its name.
func (s *store) read(h plumbing.Hash, limit int64) (plumbing.ObjectType, []byte, error) {
	if s.packs != nil {
		kind, raw, err := s.packs.Read(gitpack.OID(h), limit)
		if err == nil {
			return plumbing.ObjectType(kind), raw, nil // both are the numbers of a pack
		}
		if errors.Is(err, gitpack.ErrNotFound) {
			return plumbing.InvalidObject, nil, errNoObject
		}
	}
	return s.readSlowly(h, limit)
}

func (s *store) readSlowly(h plumbing.Hash, limit int64) (plumbing.ObjectType, []byte, error) {
	s.slow.Lock()
	defer s.slow.Unlock()
	o, err := s.objects.EncodedObject(plumbing.AnyObject, h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return plumbing.InvalidObject, nil, errNoObject
	}
	if err != nil {
		return plumbing.InvalidObject, nil, unreadable(err)
	}
	if o.Size() > limit {
		return o.Type(), nil, refused("the object has %s; the limit is %s", sizeText(o.Size()), sizeText(limit))
	}
	r, err := o.Reader()
	if err != nil {
		return o.Type(), nil, unreadable(err)
	}
	defer r.Close()
	raw := make([]byte, o.Size())
	if _, err := io.ReadFull(r, raw); err != nil {
		return o.Type(), nil, unreadable(err)
	}
	if plumbing.ComputeHash(o.Type(), raw) != h {
		return o.Type(), nil, unreadable(errors.New("it does not hash to its name"))
	}
	return o.Type(), raw, nil
}

func unreadable(err error) error {
	return &failure{kind: evidence.GapUnreadable, detail: "the object is broken: " + evidence.Printable(err.Error())}
}

// commitBehind peels tags. errNoObject stands for an object that is missing or that is no commit.
func (s *store) commitBehind(h plumbing.Hash) (plumbing.Hash, error) {
	for range maxTagDepth {
		typ, raw, err := s.read(h, maxObject)
		if err != nil {
			return h, err
		}
		if typ == plumbing.CommitObject {
			return h, nil
		}
		target, ok := tagTarget(raw)
		if typ != plumbing.TagObject || !ok {
			return h, errNoObject
		}
		h = target
	}
	return h, errNoObject
}

// allCommits calls f for every commit object, reachable or not, in no order.
func (s *store) allCommits(ctx context.Context, f func(plumbing.Hash) error) error {
	it, err := s.objects.IterEncodedObjects(plumbing.CommitObject)
	if err != nil {
		return unreadable(err)
	}
	defer it.Close()
	for {
		o, err := it.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(o.Hash()); err != nil {
			return err
		}
	}
}
