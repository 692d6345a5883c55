package gitpack_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pentimento/internal/collect/gitpack"
)

// wholly reads a store at once: every commit's bytes, in the order in which they come.
func wholly(ctx context.Context, x *gitpack.Reader, tips []gitpack.OID, limit int64) (gitpack.Whole[[]byte], error) {
	s, err := gitpack.NewSweep(ctx, x, limit, func() func(gitpack.OID, []byte) []byte {
		return func(_ gitpack.OID, raw []byte) []byte { return slices.Clone(raw) }
	})
	if err != nil {
		return gitpack.Whole[[]byte]{}, err
	}
	return s.From(ctx, tips)
}

// checkEverything compares reading a store at once with listing its commits, walking them and reading them.
func checkEverything(t *testing.T, x *gitpack.Reader, tips []gitpack.OID) {
	t.Helper()
	ctx := context.Background()
	all, err := x.AllCommits(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want, err := x.History(ctx, tips, all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wholly(ctx, x, tips, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() != want.Len() || !slices.Equal(got.Missing(), want.Missing()) {
		t.Fatalf("%d commits and %v missing, apart %d and %v", got.Len(), got.Missing(), want.Len(), want.Missing())
	}
	for i := range want.Len() {
		tree, known := got.Workflows(i)
		wanted, wantKnown := want.Workflows(i)
		p, ok := got.FirstParent(i)
		q, wantOK := want.FirstParent(i)
		if got.OID(i) != want.OID(i) || got.Tree(i) != want.Tree(i) || got.Group(i) != want.Group(i) || got.ParentCount(i) != want.ParentCount(i) ||
			tree != wanted || known != wantKnown || p != q || ok != wantOK {
			t.Errorf("commit %d is %s, apart %s", i, got.OID(i), want.OID(i))
		}
	}
	var order []uint32
	err = want.Raw(ctx, func(i int, raw []byte) error {
		if k := len(order); string(got.Made[k]) != string(raw) {
			t.Errorf("commit %s: %q, apart %q", want.OID(i), got.Made[k], raw)
		}
		order = append(order, uint32(i))
		return nil
	})
	if err != nil || !slices.Equal(got.Numbers, order) {
		t.Errorf("the commits came as %v, apart as %v; %v", got.Numbers, order, err)
	}
	if _, err := wholly(ctx, x, tips, 100); want.Len() > 0 && !errors.Is(err, gitpack.ErrMany) {
		t.Errorf("with room for hundred bytes: %v", err)
	}
}
