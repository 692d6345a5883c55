package gharchive

import (
	"bytes"
	"encoding/json"
	"path"
	"testing"
)

// TestEveryName: what is looked for in a line before it is decoded stands in every name of the pattern, as JSON writes it.
func TestEveryName(t *testing.T) {
	for _, c := range []struct{ pattern, name, want string }{
		{"stale-*", "stale-17", "stale-"}, {"*evil?branch*", "an-evil-branch-1", "branch"}, {"plain", "plain", "plain"},
		{"[ab]-evil", "a-evil", ""}, {`a[\]]longer`, "a]longer", "a"}, {`b\*longer`, "b*longer", "b"}, {"ab[^x-z]*", "abc", "ab"},
		{"feature/evil-*", "feature/evil-1", "feature"}, {"h\u00e4fen-*", "h\u00e4fen-1", "fen-"}, {"a&b-*", "a&b-1", "b-"},
	} {
		if is, err := path.Match(c.pattern, c.name); !is || err != nil {
			t.Errorf("%q is not of %q: %v", c.name, c.pattern, err)
		}
		written, err := json.Marshal(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := everyName(c.pattern); string(got) != c.want || !bytes.Contains(written, got) {
			t.Errorf("%q: %q, want %q, in %s", c.pattern, got, c.want, written)
		}
	}
}
