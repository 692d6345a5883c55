package gitremote

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// Our own refs in a store. Kept are tips of earlier listings that no later one reaches; recovered are commits fetched by SHA. They hold
// what they point at against git gc, and say how it came in, whatever run was interrupted when.
const (
	ownRefs       = "refs/pentimento/"
	keptRefs      = ownRefs + "kept/"
	recoveredRefs = ownRefs + "recovered/"
)

// refTable is what a store's refs point at, sorted by name. It stands in one packed-refs file, so that it changes at once.
type refTable []refEntry

type refEntry struct {
	name string
	to   plumbing.Hash
}

// listed are the tips that the last listing named, in order, each once.
func (t refTable) listed() []plumbing.Hash {
	return t.tips(func(name string) bool { return !strings.HasPrefix(name, ownRefs) })
}

// kept are the tips that earlier listings named and that nothing listed now reaches.
func (t refTable) kept() []plumbing.Hash {
	return t.tips(func(name string) bool { return strings.HasPrefix(name, keptRefs) })
}

func (t refTable) tips(take func(string) bool) []plumbing.Hash {
	var out []plumbing.Hash
	for _, e := range t {
		if take(e.name) {
			out = append(out, e.to)
		}
	}
	return unique(out)
}

// haves are what a server may leave out: branches and tags before pull requests.
func (t refTable) haves() []plumbing.Hash {
	var first, rest []plumbing.Hash
	for _, e := range t {
		if strings.HasPrefix(e.name, "refs/heads/") || strings.HasPrefix(e.name, "refs/tags/") {
			first = append(first, e.to)
		} else {
			rest = append(rest, e.to)
		}
	}
	all := unique(append(first, rest...))
	return all[:min(len(all), maxHaves)]
}

// anchor is an object that the server had when it last listed its refs, a branch if possible.
func (t refTable) anchor() (plumbing.Hash, bool) {
	for _, prefix := range []string{"refs/heads/", "refs/"} {
		for _, e := range t {
			if strings.HasPrefix(e.name, prefix) && !strings.HasPrefix(e.name, ownRefs) {
				return e.to, true
			}
		}
	}
	return plumbing.ZeroHash, false
}

func unique(in []plumbing.Hash) []plumbing.Hash {
	seen := make(map[plumbing.Hash]bool, len(in))
	return slices.DeleteFunc(in, func(h plumbing.Hash) bool {
		dup := seen[h]
		seen[h] = true
		return dup
	})
}

// setListed points the refs to what was listed, as far as the store has it, and keeps the tips that are no longer named.
func (s *store) setListed(list []evidence.ListedRef) error {
	var next refTable
	named := map[plumbing.Hash]bool{}
	for _, r := range list {
		h := hashOf(r.OID)
		if r.Ref == "HEAD" || strings.HasPrefix(string(r.Ref), ownRefs) || !s.has(h) {
			continue
		}
		next = append(next, refEntry{string(r.Ref), h})
		named[h] = true
	}
	for _, e := range s.refs {
		switch {
		case strings.HasPrefix(e.name, recoveredRefs):
			next = append(next, e)
		case !named[e.to]:
			next = append(next, refEntry{keptRefs + e.to.String(), e.to})
			named[e.to] = true
		}
	}
	if err := s.setHead(list); err != nil {
		return err
	}
	return s.setRefs(next)
}

// dropKept forgets kept tips that a listed ref reaches: a branch that moved on.
func (s *store) dropKept(reached func(plumbing.Hash) bool) error {
	next := slices.DeleteFunc(slices.Clone(s.refs), func(e refEntry) bool {
		return strings.HasPrefix(e.name, keptRefs) && reached(e.to)
	})
	if len(next) == len(s.refs) {
		return nil
	}
	return s.setRefs(next)
}

// addRecovered remembers commits fetched by SHA.
func (s *store) addRecovered(oids []plumbing.Hash) error {
	if len(oids) == 0 {
		return nil
	}
	next := slices.Clone(s.refs)
	for _, h := range oids {
		next = append(next, refEntry{recoveredRefs + h.String(), h})
	}
	return s.setRefs(next)
}

func (s *store) setRefs(next refTable) error {
	slices.SortFunc(next, func(a, b refEntry) int { return strings.Compare(a.name, b.name) })
	next = slices.CompactFunc(next, func(a, b refEntry) bool { return a.name == b.name })
	err := writeFile(filepath.Join(s.dir, "packed-refs"), func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprint(b, "# pack-refs with: sorted \n")
		for _, e := range next {
			fmt.Fprintf(b, "%s %s\n", e.to, e.name)
		}
		return b.Flush()
	})
	if err == nil {
		s.refs = next
	}
	return err
}

// setHead lets git start where the server's HEAD does.
func (s *store) setHead(list []evidence.ListedRef) error {
	for _, r := range list {
		if r.Ref == "HEAD" && r.Symref.Branch() {
			return writeFile(filepath.Join(s.dir, "HEAD"), func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "ref: %s\n", r.Symref)
				return err
			})
		}
	}
	return nil
}

// readPackedRefs reads "oid name" lines, skipping comments and peeled lines; no file is no refs.
func readPackedRefs(name string) (refTable, error) {
	f, err := openRegular(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out refTable
	lines := bufio.NewScanner(io.LimitReader(f, maxMirrorRef))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' || line[0] == '^' {
			continue
		}
		oid, ref, _ := strings.Cut(line, " ")
		h, err := parseHash(oid)
		if err != nil || !validRef(ref) {
			return nil, fmt.Errorf("%w: line %q in packed-refs", errDamaged, evidence.Printable(line))
		}
		out = append(out, refEntry{ref, h})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: packed-refs: %w", errDamaged, err)
	}
	return out, nil
}

// openRegular does not wait for the other end of a pipe that somebody left in a repository.
func openRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", errDamaged, filepath.Base(name))
	}
	return os.Open(name)
}
