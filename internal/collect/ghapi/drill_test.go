package ghapi

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// witnesses is a repository of which every endpoint has something to say.
const witnesses = `now 2025-11-26T12:00:00Z
actor ada id=1 name="Ada" email=ada@mail.example.invalid
actor bob id=2 name="Bob" email=bob@mail.example.invalid

repository owner/main id=201 default=main created=2024-01-01T00:00:00Z
admin
secret NPM_TOKEN created=2025-01-01T00:00:00Z updated=2025-11-02T00:00:00Z
secret DEPLOY created=2025-01-01T00:00:00Z environment=production
secret ORG_KEY created=2025-01-01T00:00:00Z organisation
at 2025-10-01T10:00:00Z
app github-actions id=15368 lag=3s
commit a on main by ada "first"
  file README.md
    | hello
push main by ada
tag v1 to a by ada annotated "one"
at +1h
commit x on side from a by ada "bad"
  file bad.txt
    | bad
push side by ada
pull 7 head=side by=ada
run 11 of ci.yml event=push head=x branch=side by ada conclusion=success ended=+9s
  job build runner=r1 conclusion=success ended=+9s
    log "step one"
    log "TOKEN={secret}"
release v1 by ada
at +1h
force-push side to a by bob
pull 7 head=side
at +1h
delete branch side by bob
deploy-key "left behind" by bob
webhook 192.0.2.7 by bob
collaborator bob by ada permission=maintain
runner box-1 by bob
ends main a
ends tag/v1 a
ends pull/7 a
`

// TestDrill collects every repository of the bundled recipes with every unit, each exchange held to GitHub's description. No answer may be
// one that we cannot read, and asking again tells the same facts.
func TestDrill(t *testing.T) {
	var all told
	for name, recipe := range map[string]func() (*drill.Recipe, error){"campaign": drill.Bundled, "sources": drill.Sources,
		"witnesses": func() (*drill.Recipe, error) { return drill.Parse("witnesses", []byte(witnesses)) }} {
		t.Run(name, func(t *testing.T) {
			r, err := recipe()
			if err != nil {
				t.Fatal(err)
			}
			drilled(t, r, &all)
		})
	}
	counts := []int{len(all.Runs), len(all.Jobs), len(all.Commits), len(all.Updates), len(all.Checks), len(all.Secrets), len(all.Access), len(all.Forks), len(all.Logs)}
	if slices.Contains(counts, 0) {
		t.Errorf("runs, jobs, commits, updates, checks, secrets, access, forks, logs: %v", counts)
	}
}

func drilled(t *testing.T, recipe *drill.Recipe, all *told) {
	server, err := drill.Start(context.Background(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	base, err := url.Parse(server.URL() + prefix)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Base: base, Client: wire.NewClient(wire.Config{Base: checked(t), Hosts: []string{base.Host},
		Credentials: []*wire.Credential{wire.Token(strings.Join([]string{"not", "a", "token"}, "-"))}}),
		Now: func() time.Time { return recipe.Now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipe.Scope() {
		first, second := everything(t, c, r), everything(t, c, r)
		same(t, string(r), second.ids(), first.ids())
		for _, gap := range first.Gaps {
			if gap.Kind == evidence.GapRefused || gap.Kind == evidence.GapUnreadable || gap.Kind == evidence.GapServer || gap.Kind == evidence.GapIdentity {
				t.Error(gap)
			}
		}
		all.Runs, all.Jobs, all.Commits = append(all.Runs, first.Runs...), append(all.Jobs, first.Jobs...), append(all.Commits, first.Commits...)
		all.Updates, all.Checks = append(all.Updates, first.Updates...), append(all.Checks, first.Checks...)
		all.Secrets, all.Access, all.Forks, all.Logs = append(all.Secrets, first.Secrets...), append(all.Access, first.Access...), append(all.Forks, first.Forks...), append(all.Logs, first.Logs...)
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
	var jobs []JobRef
	for _, j := range g.Jobs {
		jobs = append(jobs, JobRef{j.RunID, j.Attempt, j.JobID})
	}
	var oids []evidence.OID
	for _, w := range wants {
		oids = append(oids, w.OID)
	}
	_, err = c.Objects(ctx, r, wants, g.emit)
	for _, err := range []error{err, c.CheckSuites(ctx, r, wants, nil, g.emit), c.PullTimelines(ctx, r, g.emit), c.Signatures(ctx, r, oids, g.emit),
		c.Forks(ctx, r, g.emit), c.Releases(ctx, r, g.emit), c.Admin(ctx, r, c.cfg.Now(), g.emit), c.Logs(ctx, r, jobs, g.emit)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return g
}
