package casefile

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/tokens"
)

// usedOften is a case with uses of 37 credentials, of each more than one block, and the names of these among many that nothing was heard of: several
// stretches to read ahead.
func usedOften(t *testing.T) (*Case, []tokens.Ref) {
	t.Helper()
	c := newCase(t)
	feed(t, c, "f", nil, 0, 37*3*blockRead, true)
	refs := []tokens.Ref{"pypi:c003", ""}
	for i := 36; i >= 0; i-- {
		ref := tokens.Ref(fmt.Sprintf("pypi:c%03d", i))
		refs = append(refs, ref)
		for j := range stretchRefs / 3 {
			refs = append(refs, tokens.Ref(fmt.Sprintf("%s-%d", ref, j)))
		}
	}
	return c, refs
}

// TestUsesAhead: credentials that are asked for by name give what all of them give, in that order.
func TestUsesAhead(t *testing.T) {
	c, refs := usedOften(t)
	want := all(t, c, UseFilter{})
	if got := all(t, c, UseFilter{Credentials: refs}); !slices.Equal(got, want) {
		t.Errorf("%d uses by name, %d in all", len(got), len(want))
	}
	if got := all(t, c, UseFilter{Credentials: []tokens.Ref{"pypi:nobody"}}); len(got) > 0 {
		t.Errorf("%d uses of what was never used", len(got))
	}
}

// TestUsesAheadEnds: whoever takes the uses can refuse one, and a caller can go away, at any of them; the error is theirs, and nothing reads on.
func TestUsesAheadEnds(t *testing.T) {
	c, refs := usedOften(t)
	total := len(all(t, c, UseFilter{Credentials: refs}))
	refused := errors.New("refused")
	for _, at := range []int{1, 2, blockRead, blockRead + 1, total / 2, total} {
		for _, want := range []error{refused, context.Canceled} {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			err := c.EachUse(ctx, UseFilter{Credentials: refs}, func(*tokens.Use) error {
				if n++; n == at && want == refused {
					return refused
				} else if n == at {
					cancel()
				}
				return nil
			})
			cancel()
			if last := at == total && want != refused; !errors.Is(err, want) && (!last || err != nil) {
				t.Errorf("stopped at %d: %v, want %v", at, err, want)
			}
			if want == refused && n != at {
				t.Errorf("%d uses were given, refused was number %d", n, at)
			}
			stacks := make([]byte, 1<<20)
			if stacks = stacks[:runtime.Stack(stacks, true)]; strings.Contains(string(stacks), "useStretch") {
				t.Fatalf("stopped at %d: somebody reads on\n%s", at, stacks)
			}
		}
	}
}

// TestUsesAheadFails: an error of one reader is told behind the uses that come before it.
func TestUsesAheadFails(t *testing.T) {
	c, refs := usedOften(t)
	if _, err := c.db.Exec("UPDATE use SET agent = 99999999 WHERE credential = (SELECT id FROM word WHERE text = 'pypi:c020')"); err != nil {
		t.Fatal(err)
	}
	last := ""
	err := c.EachUse(t.Context(), UseFilter{Credentials: refs}, func(u *tokens.Use) error { last = u.Credential; return nil })
	if err == nil || !strings.Contains(err.Error(), "a word that is not there") {
		t.Errorf("error %v", err)
	}
	if last > "c019" {
		t.Errorf("uses of %s were given behind those that cannot be read", last)
	}
}
