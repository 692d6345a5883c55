package gitpack

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// looseObject is a file of one object: zlib over "kind size NUL" and the bytes.
type looseObject struct {
	oid OID
	dir string // the objects folder
}

func (l looseObject) path() string {
	name := l.oid.String()
	return filepath.Join(l.dir, name[:2], name[2:])
}

// listLoose lists the files objects/xx/yyyy. Other names are leftovers of git and passed over.
func (r *Reader) listLoose(objects string) error {
	for i := range 256 {
		sub := hex.EncodeToString([]byte{byte(i)})
		entries, err := os.ReadDir(filepath.Join(objects, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		for _, e := range entries {
			if len(e.Name()) == 62 && !strings.Contains(e.Name(), ".") {
				return fmt.Errorf("%w: loose objects of SHA-256", ErrUnsupported)
			}
			o, ok := parseHex([]byte(sub + e.Name()))
			if !ok {
				continue
			}
			if len(r.loose) == maxLoose {
				return fmt.Errorf("%w: more than %d loose objects", ErrLimit, maxLoose)
			}
			r.loose = append(r.loose, looseObject{o, objects})
		}
	}
	return nil
}

// looseHead is the longest "kind size NUL" that is looked for.
const looseHead = 32

// readLoose gives a loose object whole, or its kind alone.
func (r *Reader) readLoose(l looseObject, headOnly bool) (Kind, []byte, error) {
	compressed, err := readRegular(l.path(), r.limits.Object+int64(slackIn(int(r.limits.Object))))
	if err != nil {
		return 0, nil, err
	}
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	// The size is inside: decode the head first, then start again with what it says.
	if err := z.start(compressed, looseHead+longestMatch); err != nil {
		return 0, nil, err
	}
	if err := z.reach(looseHead); err != nil && len(z.out) == 0 {
		return 0, nil, err
	}
	kind, size, head, err := parseLooseHead(z.out[:min(len(z.out), looseHead)])
	if err != nil || headOnly {
		return kind, nil, err
	}
	if size > r.limits.Object {
		return kind, nil, tooLarge(size, r.limits.Object)
	}
	if err := z.start(compressed, head+int(size)); err != nil {
		return kind, nil, err
	}
	if err := z.whole(); err != nil {
		return kind, nil, err
	}
	return kind, bytes.Clone(z.out[head:]), nil
}

// parseLooseHead also gives the length of the head.
func parseLooseHead(b []byte) (Kind, int64, int, error) {
	head, _, ok := bytes.Cut(b, []byte{0})
	name, digits, spaced := strings.Cut(string(head), " ")
	size, err := strconv.ParseInt(digits, 10, 64)
	kind, known := map[string]Kind{"commit": Commit, "tree": Tree, "blob": Blob, "tag": Tag}[name]
	if !ok || !spaced || err != nil || size < 0 || !known {
		return 0, 0, 0, fmt.Errorf("%w: a loose object without its head", ErrDamaged)
	}
	return kind, size, len(head) + 1, nil
}

// readRegular reads a whole file of at most limit bytes, and nothing but a file.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: a loose object is no file", ErrDamaged)
	}
	if info.Size() > limit {
		return nil, tooLarge(info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw := make([]byte, info.Size())
	if _, err := io.ReadFull(f, raw); err != nil {
		return nil, fmt.Errorf("%w: a loose object changed while it was read: %w", ErrDamaged, err)
	}
	return raw, nil
}
