package gitremote

import (
	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// trees reads root trees through a small cache. Emptying it whole is crude and enough: its use is the neighbour in history. It is for one
// goroutine.
type trees struct {
	st   *store
	held map[plumbing.Hash][]byte
	size int
}

func newTrees(st *store) *trees { return &trees{st: st, held: map[plumbing.Hash][]byte{}} }

func (t *trees) root(tree plumbing.Hash) ([]byte, error) {
	if raw, ok := t.held[tree]; ok {
		return raw, nil
	}
	raw, err := t.st.tree(tree)
	if err != nil {
		return nil, err
	}
	if t.size += len(raw); t.size > maxTreeCache {
		clear(t.held)
		t.size = len(raw)
	}
	t.held[tree] = raw
	return raw, nil
}

// changed compares two root trees; zero stands for none. The error is of the later one; of the earlier one its commit's own turn says what is
// missing, and there are no names then.
func (t *trees) changed(before, after plumbing.Hash) ([]string, error) {
	if before == after {
		return nil, nil
	}
	var old []byte
	if !before.IsZero() {
		var err error
		if old, err = t.root(before); err != nil {
			return nil, nil
		}
	}
	now, err := t.root(after)
	if err != nil {
		return nil, err
	}
	return treeChanges(old, now, evidence.MaxRootChanges)
}

// emptyTree needs not be in any store: git knows it by heart.
var emptyTree = plumbing.NewHash("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

func (s *store) tree(h plumbing.Hash) ([]byte, error) {
	if h == emptyTree {
		return []byte{}, nil
	}
	typ, raw, err := s.read(h, maxObject)
	if err == nil && typ != plumbing.TreeObject {
		err = malformed("a %s where a tree should be", typ)
	}
	return raw, err
}
