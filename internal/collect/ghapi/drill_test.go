package ghapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
	"pentimento/internal/openapicheck"
)

// TestDrill collects every repository of the bundled recipe with every unit, each exchange held to GitHub's description. No answer may be
// one that we cannot read, and asking again tells the same facts.
func TestDrill(t *testing.T) {
	recipe, err := drill.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(context.Background(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	base, err := url.Parse(server.URL() + prefix)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := openapicheck.New(description, prefix, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Base: base, Client: wire.NewClient(wire.Config{Base: checked, Hosts: []string{base.Host}}),
		Now: func() time.Time { return recipe.Now }})
	if err != nil {
		t.Fatal(err)
	}
	var all told
	for _, r := range recipe.Scope() {
		first, second := everything(t, c, r), everything(t, c, r)
		same(t, string(r), second.ids(), first.ids())
		for _, gap := range first.Gaps {
			if gap.Kind == evidence.GapRefused || gap.Kind == evidence.GapUnreadable || gap.Kind == evidence.GapServer || gap.Kind == evidence.GapIdentity {
				t.Error(gap)
			}
		}
		all.Runs, all.Jobs, all.Commits = append(all.Runs, first.Runs...), append(all.Jobs, first.Jobs...), append(all.Commits, first.Commits...)
		all.Updates = append(all.Updates, first.Updates...)
	}
	if len(all.Runs) == 0 || len(all.Jobs) == 0 || len(all.Commits) == 0 || len(all.Updates) == 0 {
		t.Errorf("runs %d, jobs %d, commits %d, updates %d", len(all.Runs), len(all.Jobs), len(all.Commits), len(all.Updates))
	}
}

// everything collects one repository as the path of the data does: what names a commit is asked before the commit.
func everything(t *testing.T, c *Collector, r evidence.Repository) told {
	t.Helper()
	ctx := context.Background()
	var g told
	_, usable, err := c.Repository(ctx, r, g.emit)
	if err != nil {
		t.Fatal(err)
	}
	if !usable {
		return g
	}
	for _, collect := range []func(context.Context, evidence.Repository, Emit) error{c.Activity, c.Events, c.Runs} {
		if err := collect(ctx, r, g.emit); err != nil {
			t.Fatal(err)
		}
	}
	var refs []RunRef
	for _, run := range g.Runs {
		refs = append(refs, RunRef{run.RunID, run.Attempt})
	}
	if err := c.Jobs(ctx, r, refs, g.emit); err != nil {
		t.Fatal(err)
	}
	var wants []Want
	for _, up := range g.Updates {
		if up.After.Object() && !slices.ContainsFunc(wants, func(w Want) bool { return w.OID == up.After }) {
			wants = append(wants, Want{OID: up.After, NamedBy: []string{up.ID()}})
		}
	}
	if _, err := c.Objects(ctx, r, wants, g.emit); err != nil {
		t.Fatal(err)
	}
	return g
}
