package gitremote

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// TestPackSources: a pack leaves an answer that says what was wanted, the same however often and in which order it is asked.
func TestPackSources(t *testing.T) {
	s := serveGit(t, asGitHub)
	r, good, evil := lost(t, s)
	absent := evidence.OID(strings.Repeat("12", 20))
	wants := []Want{{OID: evil, NamedBy: []string{"upd-1"}}, {OID: absent, NamedBy: []string{"upd-2"}}}
	packs := func(c *Collector) []evidence.Source {
		t.Helper()
		var out []evidence.Source
		emit := func(obs evidence.Observation) error {
			for _, x := range obs.Sources {
				if x.Origin == evidence.OriginGitPack && !slices.ContainsFunc(out, func(y evidence.Source) bool { return y.ID() == x.ID() }) {
					out = append(out, x)
				}
			}
			return nil
		}
		if err := c.Collect(context.Background(), demo, emit); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Recover(context.Background(), demo, wants, emit); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(wants)
		return out
	}
	c := collector(t, s)
	first := packs(c)
	tips := []string{string(good), string(r.oid("v1"))}
	slices.Sort(tips)
	want := []string{fmt.Sprintf("tips: %x\n", sha256.Sum256([]byte(strings.Join(tips, "\n")))), fmt.Sprintf("%s\n%s\n", min(absent, evil), max(absent, evil))}
	if len(first) != 2 || string(first[0].Body) != want[0] || string(first[1].Body) != want[1] {
		t.Fatalf("sources %+v, want %q", first, want)
	}
	for name, c := range map[string]*Collector{"the same store": c, "an empty store": collector(t, s)} {
		if again := packs(c); len(again) != 2 || again[0].ID() != first[0].ID() || again[1].ID() != first[1].ID() {
			t.Errorf("%s: %+v", name, again)
		}
	}
	r.git("update-ref", "refs/heads/next", string(evil))
	if moved := packs(c); moved[0].ID() == first[0].ID() {
		t.Error("other tips, and the same answer")
	}
}
