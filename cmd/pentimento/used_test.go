package main

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// logged is what inventories, logs and registries tell of one repository of the world: its token, its owner and its project have the repository's name.
type logged struct {
	t    *testing.T
	name string
	in   *casefile.Import
	line int64
}

// theft is when the malicious workflow was pushed to each repository; its run leaked seconds later. The case's now is 2025-09-12T12:00:00Z.
var theft = time.Date(2025, 9, 2, 3, 20, 38, 0, time.UTC)

func (l *logged) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *logged) row() {
	l.line++
	l.check(l.in.Row(l.line))
}

// hours is a time after the theft.
func hours(h float64) time.Time { return theft.Add(time.Duration(h * float64(time.Hour))) }

func (l *logged) mapped(id string) {
	l.row()
	l.check(l.in.Mapping(&tokens.Mapping{Repository: evidence.Repository("wrack/" + l.name), Secret: "PYPI_API_TOKEN", Provider: tokens.PyPI, Credential: id, Because: "the owner says so"}))
}

func (l *logged) listed(id string, at float64, used time.Time, projects ...string) {
	l.row()
	l.check(l.in.Credential(&tokens.Credential{Provider: tokens.PyPI, ID: id, Account: l.name, Label: "ci", CreatedAt: hours(-2000), LastUsedAt: used, LastUsedTold: true,
		AccountWide: len(projects) == 0, Projects: projects, ListedAt: hours(at)}))
}

func (l *logged) event(id, what string, at float64) {
	l.row()
	l.check(l.in.Event(&tokens.Event{Provider: tokens.PyPI, ID: id, Account: l.name, What: what, At: hours(at), Log: "pypi/user_events"}))
}

// used is a row of the registry's own log of requests, which names the token.
func (l *logged) used(id string, at float64, address, agent string) {
	l.row()
	l.check(l.in.Use(&tokens.Use{Log: "registry/requests", Provider: tokens.PyPI, Credential: id, Account: l.name, Action: "upload", Class: tokens.Publish, Project: l.name, At: hours(at),
		Address: netip.MustParseAddr(address), UserAgent: agent, Outcome: tokens.Succeeded}))
}

// usual is use from the owner's office in the weeks before.
func (l *logged) usual(id string) {
	for i := range 12 {
		l.used(id, float64(-600+48*i), "192.0.2.10", "twine/4.0.2")
	}
}

func (l *logged) whole() { l.covered("registry/requests", -1000, 250) }

func (l *logged) covered(log string, from, to float64) {
	l.check(l.in.Coverage(&tokens.Coverage{Log: log, Provider: tokens.PyPI, Account: l.name, From: hours(from), To: hours(to), Basis: tokens.CoverageDeclared}))
}

func (l *logged) released(version string, at float64, set func(*tokens.Release)) {
	r := tokens.Release{Provider: tokens.PyPI, Project: l.name, Version: version, File: l.name + "-" + version + ".tar.gz", At: hours(at), Document: "pypi/json"}
	if set != nil {
		set(&r)
	}
	l.row()
	l.check(l.in.Release(&r))
}

const (
	officeNear = "192.0.2.77"
	stranger   = "203.0.113.66"
)

// stories are the cases, each a repository "wrack/NAME": what is told of its token, and the truth: state, verdict and rule of each window of
// PYPI_API_TOKEN by credential and project, and the releases with their states.
var stories = []struct {
	name  string
	told  func(l *logged)
	truth []string
}{
	{"no-use", func(l *logged) { l.listed("no-use", 300, hours(-10), "no-use"); l.usual("no-use"); l.whole() },
		[]string{"pypi:no-use pypi:no-use #1 open none_seen covered"}},
	{"last-before", func(l *logged) { l.listed("last-before", 30, hours(-10), "last-before") }, []string{"pypi:last-before pypi:last-before #1 open none_seen recorded"}},
	{"last-inside", func(l *logged) { l.listed("last-inside", 30, hours(5), "last-inside") }, []string{"pypi:last-inside pypi:last-inside #1 open unexplained last-used"}},
	{"last-after", func(l *logged) {
		l.event("last-after", tokens.Disabled, 10)
		l.listed("last-after", 30, hours(20), "last-after")
	},
		[]string{"pypi:last-after pypi:last-after #1 open unexplained last-used"}},
	{"own-ci", func(l *logged) {
		l.listed("own-ci", 300, hours(-10), "own-ci")
		l.usual("own-ci")
		l.used("own-ci", 24, officeNear, "twine/4.0.2") // a runner in the owner's own network
		l.whole()
	}, []string{"pypi:own-ci pypi:own-ci #1 open consistent own-run"}},
	{"new-network", func(l *logged) {
		l.listed("new-network", 300, hours(30), "new-network")
		l.usual("new-network")
		l.used("new-network", 30, stranger, "python-requests/2.31")
		l.whole()
	}, []string{"pypi:new-network pypi:new-network #1 open suspicious unlike-before"}},
	{"before-theft", func(l *logged) {
		l.listed("before-theft", 300, hours(-1), "before-theft")
		l.usual("before-theft")
		l.used("before-theft", -1, stranger, "python-requests/2.31")
		l.whole()
	}, []string{"pypi:before-theft pypi:before-theft #1 open none_seen covered"}},
	{"after-revocation", func(l *logged) {
		l.event("after-revocation", tokens.Removed, 10)
		l.usual("after-revocation")
		l.used("after-revocation", 20, stranger, "python-requests/2.31")
		l.whole()
	}, []string{"pypi:after-revocation - #1 open suspicious unlike-before"}},
	{"revoked-before-export", func(l *logged) {
		l.event("revoked-before-export", tokens.Removed, 10)
		l.check(l.in.Listing(&tokens.Listing{Provider: tokens.PyPI, Account: l.name, At: hours(20), Complete: true}))
	}, []string{"pypi:revoked-before-export - #1 closed unknown no-coverage"}},
	{"deleted-release", func(l *logged) {
		l.listed("deleted-release", 5, hours(-10), "deleted-release")
		l.event("deleted-release", tokens.Removed, 50)
		l.released("1.0", -500, func(r *tokens.Release) { r.Trusted = "no" })
		l.released("1.1", 20, func(r *tokens.Release) { r.Removed, r.Document = true, "pypi/journals" })
		l.covered("pypi/file_events", -1000, 250)
	}, []string{"pypi:deleted-release pypi:deleted-release #1 closed unexplained release", "release 1.1 unexplained"}},
	{"own-release", func(l *logged) {
		l.event("own-release", tokens.Removed, 50)
		l.listed("own-release", 40, hours(-600), "own-release")
		l.released("1.0", -500, func(r *tokens.Release) { r.Uploader = "own-release" })
		l.released("1.1", 24, func(r *tokens.Release) { r.Uploader = "own-release" }) // the run for tag v1.1
		l.covered("pypi/project_events", -1000, 250)
	}, []string{"pypi:own-release pypi:own-release #1 closed none_seen covered", "release 1.1 explained"}},
	{"account-wide", func(l *logged) {
		l.listed("account-wide", 300, hours(-10))
		l.released("1.0", -500, func(r *tokens.Release) { r.Uploader = l.name })
		l.released("3.0", -400, func(r *tokens.Release) { r.Uploader, r.Project, r.File = l.name, "kelp", "kelp-3.0.tar.gz" })
		l.usual("account-wide")
		l.used("account-wide", 30, stranger, "python-requests/2.31")
		l.whole()
	}, []string{"pypi:account-wide pypi:account-wide #1 open suspicious unlike-before", "pypi:account-wide pypi:kelp #1 open none_seen covered"}},
	{"rotated-armed", func(l *logged) {
		l.row()
		l.check(l.in.Credential(&tokens.Credential{Provider: tokens.PyPI, ID: "rotated-armed-2", Account: l.name, CreatedAt: hours(59), LastUsedTold: true,
			Projects: []string{l.name}, ListedAt: hours(300)}))
		l.listed("rotated-armed", 50, hours(-10), l.name)
		l.event("rotated-armed", tokens.Removed, 61)
		l.mapped("rotated-armed-2")
		l.usual("rotated-armed")
		l.used("rotated-armed-2", 100, stranger, "python-requests/2.31")
		l.whole()
	}, []string{"pypi:rotated-armed pypi:rotated-armed #1 closed none_seen covered", "pypi:rotated-armed-2 pypi:rotated-armed #2 open unexplained no-baseline"}},
	{"by-digest", func(l *logged) {
		l.listed("by-digest", 300, hours(-10), "by-digest")
		l.usual("by-digest")
		l.used(tokens.HashPrefix+strings.Repeat("5a", 32), 30, stranger, "python-requests/2.31") // under what the log's owner stores of the value
		l.whole()
	}, []string{"pypi:by-digest pypi:by-digest #1 open unknown named-otherwise"}},
}

// world writes the recipe: one diary for each story. The workflow stands until hour 1, where the secret was rotated while it was armed until hour 200.
func world(t *testing.T) *drill.Recipe {
	t.Helper()
	var b strings.Builder
	b.WriteString("now 2025-09-12T12:00:00Z\nactor ada-flint id=900001 name=\"Ada Flint\" email=ada@mail.example.invalid zone=+0200\n")
	for i, s := range stories {
		fmt.Fprintf(&b, "\nrepository wrack/%s id=%d default=main created=2024-03-01T09:00:00Z\nat 2025-08-01T10:00:00Z\n", s.name, 700101+i)
		b.WriteString("commit first on main by ada-flint \"A beginning\"\n  file README.md\n    | # wrack\npush main by ada-flint\n")
		fmt.Fprintf(&b, "at 2025-09-02T03:20:38Z\ncommit plant on main by ada-flint \"Add Github Actions Security workflow\" no-newline\n"+
			"  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN host=bold-gull.example.invalid\n"+
			"push main by ada-flint\nrun %d event=push head=plant branch=main by ada-flint leaks\n", 8001+10*i)
		if s.name != "rotated-armed" {
			b.WriteString("at 2025-09-02T04:20:38Z\nforce-push main to first by ada-flint\n")
		}
		if s.name == "own-ci" || s.name == "own-release" {
			fmt.Fprintf(&b, "at 2025-09-03T03:18:38Z\nrun %d of release.yml name=Release event=push head=first branch=v1.1 by ada-flint conclusion=success ended=+240s\n"+
				"  job release runner=\"GitHub Actions 4\" conclusion=success started=+5s ended=+235s\n", 8002+10*i)
		}
		if s.name != "rotated-armed" {
			b.WriteString("ends main first\n")
		} else {
			fmt.Fprintf(&b, "at 2025-09-04T17:20:38Z\ncommit again on main by ada-flint \"Trigger security scan\"\n  append README.md\n    | <!-- again -->\n"+
				"push main by ada-flint\nrun %d event=push head=again branch=main by ada-flint leaks\nends main again\n", 8003+10*i)
		}
	}
	recipe, err := drill.Parse("used.recipe", []byte(b.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return recipe
}

// TestUseIsJudged tells the program all stories and wants the truth of each: windows, verdicts and releases as `windows` and `releases` print them.
func TestUseIsJudged(t *testing.T) {
	recipe := world(t)
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(t.TempDir(), "case.db")
	command(t, path, "init", "--campaign", "ghostaction", "--now", "2025-09-12T12:00:00Z")
	for _, s := range stories {
		command(t, path, "add", "wrack/"+s.name)
	}
	command(t, path, "collect", "--host", server.URL())
	command(t, path, "declare", "wrack/rotated-armed", "--secret", "PYPI_API_TOKEN", "--fact", "replaced", "--at", hours(60).Format(time.RFC3339), "--by", "ada-flint", "--because", "a new one")
	tellStories(t, path)
	command(t, path, "analyze")
	compareStories(t, path)
	if again := command(t, path, "analyze", "--json"); !strings.Contains(string(again), `"changes": []`) {
		t.Errorf("an analysis of the same facts differs: %s", again)
	}
}

func tellStories(t *testing.T, path string) {
	t.Helper()
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	in, err := c.BeginImport(t.Context(), casefile.ImportPlan{Kind: "usage", Format: "generic", Name: "told", Options: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	line := int64(0)
	for _, s := range stories {
		l := &logged{t: t, name: s.name, in: in, line: line}
		l.mapped(s.name)
		s.told(l)
		line = l.line
	}
	if _, _, err := in.End(t.Context(), strings.Repeat("0", 64), line); err != nil {
		t.Fatal(err)
	}
}

func compareStories(t *testing.T, path string) {
	t.Helper()
	type windowed struct {
		Windows []struct {
			Repository, Credential, State string
			Secret, Project               *string
			Value                         int
			Use                           *struct{ Verdict, Rule, Reason string }
		}
	}
	type out struct {
		Releases []struct{ Repository, Release, State string }
	}
	got, reasons := map[string][]string{}, map[string][]string{}
	for _, w := range decode[windowed](t, command(t, path, "windows", "--json")).Windows {
		name := strings.TrimPrefix(w.Repository, "wrack/")
		if text(w.Secret) != "PYPI_API_TOKEN" || w.Use == nil {
			continue
		}
		got[name] = append(got[name], fmt.Sprintf("%s %s #%d %s %s %s", w.Credential, or(text(w.Project), "-"), w.Value, w.State, w.Use.Verdict, w.Use.Rule))
		reasons[name] = append(reasons[name], w.Use.Reason)
	}
	for _, r := range decode[out](t, command(t, path, "releases", "--json")).Releases {
		name := strings.TrimPrefix(r.Repository, "wrack/")
		got[name] = append(got[name], "release "+strings.Fields(r.Release)[1]+" "+r.State)
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			same(t, "truth", got[s.name], s.truth)
			if t.Failed() {
				t.Logf("%q", reasons[s.name])
			}
		})
	}
}
