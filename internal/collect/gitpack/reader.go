package gitpack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// Reader reads one repository. It may be used by several goroutines at once. Files that come after Open are not seen.
type Reader struct {
	limits  Limits
	packs   []*pack
	base    []uint32 // the first slot of each pack; loose objects come after the last
	loose   []looseObject
	total   uint32
	shallow map[OID]bool
	recent  recent
	closed  atomic.Bool
}

// slot numbers every copy of an object in the store: those of the packs in the order of their indexes, then the loose ones. find gives the
// same slot for a name each time, so that slots stand for names.
type slot uint32

// Options of [Open].
type Options struct {
	Limits Limits
	// Alternates are further objects folders that belong to the repository. What objects/info/alternates names is not followed, because it
	// may point anywhere: whoever trusts it names it here.
	Alternates []string
}

// Open maps the packs of a bare repository, or of a clone's .git folder, and lists its loose objects. Nothing is written or locked; a
// repack that removes packs meanwhile does no harm on systems where removed files can still be read.
func Open(dir string, opts Options) (*Reader, error) {
	r := &Reader{limits: opts.Limits.filled(runtime.GOMAXPROCS(0))}
	if err := r.open(dir, opts.Alternates); err != nil {
		return nil, errors.Join(fmt.Errorf("open object store: %w", err), r.Close())
	}
	return r, nil
}

func (r *Reader) open(dir string, alternates []string) error {
	for _, objects := range append([]string{filepath.Join(dir, "objects")}, alternates...) {
		if err := r.listPacks(filepath.Join(objects, "pack")); err != nil {
			return err
		}
		if err := r.listLoose(objects); err != nil {
			return err
		}
	}
	// The largest first: most names are found there.
	slices.SortStableFunc(r.packs, func(a, b *pack) int {
		return cmp.Or(cmp.Compare(b.count(), a.count()), strings.Compare(a.name, b.name))
	})
	var sum uint64
	for _, p := range r.packs {
		r.base = append(r.base, uint32(sum))
		if sum += uint64(p.count()); sum >= maxObjects {
			return fmt.Errorf("%w: more than %d objects", ErrLimit, maxObjects)
		}
	}
	slices.SortFunc(r.loose, func(a, b looseObject) int { return bytes.Compare(a.oid[:], b.oid[:]) })
	r.loose = slices.CompactFunc(r.loose, func(a, b looseObject) bool { return a.oid == b.oid })
	if sum += uint64(len(r.loose)); sum >= maxObjects {
		return fmt.Errorf("%w: more than %d objects", ErrLimit, maxObjects)
	}
	r.total = uint32(sum)
	return r.readShallow(filepath.Join(dir, "shallow"))
}

func (r *Reader) listPacks(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "pack-") || !strings.HasSuffix(e.Name(), ".pack") {
			continue
		}
		if len(r.packs) == maxPacks {
			return fmt.Errorf("%w: more than %d packs", ErrLimit, maxPacks)
		}
		p, err := openPack(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		r.packs = append(r.packs, p)
	}
	return nil
}

// maxShallow bounds the shallow file: 41 bytes for each commit at the boundary.
const maxShallow = 64 << 20

func (r *Reader) readShallow(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxShallow {
		return fmt.Errorf("%w: the shallow file", ErrUnsupported)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.shallow = map[OID]bool{}
	for line := range bytes.Lines(text) {
		o, ok := parseHex(bytes.TrimSpace(line))
		if !ok {
			return fmt.Errorf("%w: the shallow file", ErrDamaged)
		}
		r.shallow[o] = true
	}
	return nil
}

// Close lets go of the files. Nothing may be reading.
func (r *Reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	var errs []error
	for _, p := range r.packs {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// Has reports whether the store has an object of that name.
func (r *Reader) Has(o OID) bool {
	found := false
	err := guard(func() error {
		_, found = r.find(&o)
		return nil
	})
	return err == nil && found
}

func (r *Reader) find(o *OID) (slot, bool) {
	for k, p := range r.packs {
		if i, ok := p.find(o); ok {
			return slot(r.base[k] + i), true
		}
	}
	i, ok := slices.BinarySearchFunc(r.loose, *o, func(l looseObject, o OID) int { return bytes.Compare(l.oid[:], o[:]) })
	if !ok {
		return 0, false
	}
	return slot(r.firstLoose() + uint32(i)), true
}

func (r *Reader) firstLoose() uint32 { return r.total - uint32(len(r.loose)) }

// place is where a slot's object lies: at an offset of a pack, or, where the pack is -1, in a loose file of that number.
type place struct {
	pack int
	at   int64
}

func (r *Reader) place(s slot) (place, error) {
	if uint32(s) >= r.firstLoose() {
		return place{-1, int64(uint32(s) - r.firstLoose())}, nil
	}
	k := r.packOf(s)
	at, err := r.packs[k].offset(uint32(s) - r.base[k])
	return place{k, at}, err
}

func (r *Reader) packOf(s slot) int {
	if len(r.base) == 1 || uint32(s) < r.base[1] {
		return 0
	}
	k, exact := slices.BinarySearch(r.base, uint32(s))
	if !exact {
		k--
	}
	for k+1 < len(r.base) && r.base[k+1] == uint32(s) { // empty packs share a first slot
		k++
	}
	return k
}

func (r *Reader) oid(s slot) OID {
	if uint32(s) >= r.firstLoose() {
		return r.loose[uint32(s)-r.firstLoose()].oid
	}
	k := r.packOf(s)
	return r.packs[k].oid(uint32(s) - r.base[k])
}
