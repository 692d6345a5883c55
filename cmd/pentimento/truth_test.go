package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// investigated runs the drill's recipe through the program, as a user would, and gives a function that runs commands on the case.
func investigated(t *testing.T, recipe *drill.Recipe) func(args ...string) []byte {
	t.Helper()
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
	p := &program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), env: func(string) string { return "" },
		clock: time.Now, casePath: path}
	if err := p.investigate(t.Context(), recipe, server.URL()); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
	return func(args ...string) []byte {
		t.Helper()
		return command(t, path, args...)
	}
}

func command(t *testing.T, path string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
	if code := p.run(context.Background(), append([]string{"--quiet", "--case", path}, args...)); code != exitDone {
		t.Fatalf("pentimento %s: exit %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.Bytes()
}

func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// answers are the documents of the program, as somebody else would parse them.
type (
	reposDoc struct {
		Repos []struct{ Repository, State string }
	}
	commitsDoc struct {
		Commits []struct {
			Repository, SHA, Role string
			Pushed                *when.Instant
			Recovered             bool
		}
	}
	presenceDoc struct {
		Presence []struct {
			Repository string
			Ref        *string
			Path       string
			Versions   []struct{ Blob, Commit string }
			State      string
			Armed      string
			Added      when.Instant
			AddedBy    struct{ Commit *string } `json:"added_by"`
			Removed    *when.Instant
			RemovedBy  *struct {
				Commit *string
				How    string
			} `json:"removed_by"`
		}
		Contains []struct{ Repository, Ref, Commit string }
	}
	findingsDoc struct {
		Findings []struct {
			Blob                                       string
			Paths, Repositories, Secrets, Destinations []string
		}
	}
	runsDoc struct {
		Runs []struct {
			Repository string
			RunID      int64 `json:"run_id"`
			Execution  string
		}
	}
	windowsDoc struct {
		Windows []struct {
			Repository string
			Secret     *string
			Credential string
			Opened     when.Instant
			Closed     *when.Instant
			State      string
			Execution  string
		}
	}
	gapsDoc struct {
		Gaps []struct{ Repository, Kind, Subject string }
	}
)

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// spelled writes both bounds with their clocks; evidence ids are left out, for the truth has none.
func spelled(i when.Instant) string {
	side := func(b when.Bound) string {
		if !b.Known() {
			return "?"
		}
		return evidence.Stamp(b.At) + "@" + b.Clock.String()
	}
	return side(i.NotBefore) + ".." + side(i.NotAfter)
}

func maybe(i *when.Instant) string {
	if i == nil || !i.Known() {
		return "none"
	}
	return spelled(*i)
}

// same compares two sets of lines and shows what only one side has.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: the truth that was not found:\n  %s", what, w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("%s: found, but not the truth:\n  %s", what, g)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d found, %d are the truth", what, len(got), len(want))
	}
}

func TestDrillIsTold(t *testing.T) {
	recipe, err := drill.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	ask, truth := investigated(t, recipe), recipe.Truth
	t.Run("repos", func(t *testing.T) {
		var got, want []string
		for _, r := range decode[reposDoc](t, ask("repos", "--json")).Repos {
			got = append(got, r.Repository+" "+r.State)
		}
		for _, r := range truth.Repos {
			want = append(want, string(r.Repository)+" "+r.State)
		}
		same(t, "repos", got, want)
	})
	t.Run("commits", func(t *testing.T) { sameCommits(t, ask, truth) })
	t.Run("presence", func(t *testing.T) { samePresence(t, ask, truth) })
	t.Run("findings", func(t *testing.T) { sameFindings(t, ask, truth) })
	t.Run("runs", func(t *testing.T) {
		var want []string
		for _, r := range truth.Runs {
			want = append(want, fmt.Sprint(r.Repository, " ", r.RunID, " ", r.Execution))
		}
		same(t, "runs", bestRuns(t, ask), want)
	})
	t.Run("windows", func(t *testing.T) { sameWindows(t, ask, truth) })
	t.Run("gaps", func(t *testing.T) { sameGaps(t, ask, truth) })
}

func sameCommits(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	var got, want, recovered, wantRecovered []string
	for _, c := range decode[commitsDoc](t, ask("commits", "--json")).Commits {
		got = append(got, fmt.Sprint(c.Repository, " ", c.SHA, " ", c.Role, " ", maybe(c.Pushed), " ", c.Recovered))
		if c.Recovered {
			recovered = append(recovered, c.Repository+" "+c.SHA)
		}
	}
	for _, c := range truth.Commits {
		if c.Role != "removal" {
			want = append(want, fmt.Sprint(c.Repository, " ", c.SHA, " ", c.Role, " ", maybe(c.Pushed), " ", c.Recovered))
		}
	}
	for _, c := range truth.Recovered {
		wantRecovered = append(wantRecovered, fmt.Sprint(c.Repository, " ", c.SHA))
	}
	same(t, "commits", got, want)
	same(t, "recovered commits", recovered, wantRecovered)
}

func samePresence(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	var got, want, contains, wantContains []string
	doc := decode[presenceDoc](t, ask("presence", "--json"))
	for _, p := range doc.Presence {
		var versions []string
		for _, v := range p.Versions {
			versions = append(versions, v.Blob[:8]+"/"+v.Commit[:8])
		}
		how, by := "", ""
		if p.RemovedBy != nil {
			how, by = p.RemovedBy.How, text(p.RemovedBy.Commit)
		}
		got = append(got, fmt.Sprintln(p.Repository, text(p.Ref), p.Path, versions, p.State, p.Armed, spelled(p.Added), "by", text(p.AddedBy.Commit),
			maybe(p.Removed), "by", by, how))
	}
	for _, p := range truth.Presence {
		var versions []string
		for _, v := range p.Versions {
			versions = append(versions, string(v.Blob[:8]+"/"+v.Commit[:8]))
		}
		want = append(want, fmt.Sprintln(p.Repository, p.Ref, p.Path, versions, p.State, p.Armed, spelled(p.Added), "by", p.AddedBy, maybe(p.Removed),
			"by", p.RemovedBy, p.How))
	}
	for _, c := range doc.Contains {
		contains = append(contains, c.Repository+" "+c.Ref+" "+c.Commit)
	}
	for _, c := range truth.Contains {
		wantContains = append(wantContains, fmt.Sprint(c.Repository, " ", c.Ref, " ", c.Commit))
	}
	same(t, "presence", got, want)
	same(t, "contains", contains, wantContains)
}

func sameFindings(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	var got, want []string
	for _, f := range decode[findingsDoc](t, ask("findings", "--json")).Findings {
		got = append(got, fmt.Sprint(f.Blob, f.Repositories, f.Paths, f.Secrets, f.Destinations))
	}
	for _, f := range truth.Findings {
		repos := slices.Clone(f.Repositories)
		slices.Sort(repos)
		want = append(want, fmt.Sprint(f.Blob, repos, f.Paths, f.Secrets, f.Destinations))
	}
	same(t, "findings", got, want)
}

// bestRuns takes the best attempt of each run, as the truth does.
func bestRuns(t *testing.T, ask func(...string) []byte) []string {
	rank := []string{"blocked", "pending", "unknown", "started", "executed", "confirmed"}
	best := map[string]string{}
	for _, r := range decode[runsDoc](t, ask("runs", "--json")).Runs {
		key := fmt.Sprint(r.Repository, " ", r.RunID)
		if have, ok := best[key]; !ok || slices.Index(rank, r.Execution) > slices.Index(rank, have) {
			best[key] = r.Execution
		}
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(best)) {
		out = append(out, key+" "+best[key])
	}
	return out
}

func sameWindows(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	var got, want []string
	pushers := map[string]string{}
	for _, w := range decode[windowsDoc](t, ask("windows", "--json")).Windows {
		if w.Secret == nil {
			if have, ok := pushers[w.Credential]; !ok || spelled(w.Opened) < have {
				pushers[w.Credential] = spelled(w.Opened)
			}
			continue
		}
		got = append(got, fmt.Sprint(w.Repository, " ", text(w.Secret), " ", w.Credential, " ", spelled(w.Opened), " ", maybe(w.Closed), " ", w.State, " ", w.Execution))
	}
	for _, w := range truth.Windows {
		want = append(want, fmt.Sprint(w.Repository, " ", w.Secret, " ", w.Credential, " ", spelled(w.Opened), " ", maybe(w.Closed), " ", w.State, " ", w.Execution))
	}
	same(t, "windows", got, want)
	delete(pushers, "github:unknown") // no server names who pushed there: the truth lists those that one names
	var gotPushers, wantPushers []string
	for who, opened := range pushers {
		gotPushers = append(gotPushers, who+" "+opened)
	}
	for _, p := range truth.Pushers {
		wantPushers = append(wantPushers, "github:"+p.Actor+" "+spelled(p.Opened))
	}
	same(t, "pushing credentials", gotPushers, wantPushers)
}

func sameGaps(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	gaps := decode[gapsDoc](t, ask("gaps", "--json")).Gaps
	for _, want := range truth.Gaps {
		if !slices.ContainsFunc(gaps, func(g struct{ Repository, Kind, Subject string }) bool {
			return g.Repository == string(want.Repository) && g.Kind == string(want.Kind) && (want.Subject == "*" || want.Subject == g.Subject)
		}) {
			t.Errorf("gap that was not reported: %s %s %s", want.Repository, want.Kind, want.Subject)
		}
	}
	for _, g := range gaps {
		if !slices.ContainsFunc(truth.Gaps, func(w drill.TruthGap) bool {
			return g.Repository == string(w.Repository) && g.Kind == string(w.Kind) && (w.Subject == "*" || w.Subject == g.Subject)
		}) {
			t.Errorf("gap that the truth does not know: %s %s %s", g.Repository, g.Kind, g.Subject)
		}
	}
}
