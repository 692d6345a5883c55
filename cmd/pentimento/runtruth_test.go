package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// readsDoc and startsDoc are documents of runs, as somebody else would parse them.
type (
	readsDoc struct {
		CouldRead []struct {
			Repository  string
			RunID       int64 `json:"run_id"`
			Attempt     int
			Job         *string
			Began       string
			Secrets     []string
			Environment *string
			Permissions *string
			IDToken     string `json:"id_token"`
			Evidence    []string
		} `json:"could_read"`
		Ladder []struct {
			Repository, Blob, Secret, Execution string
			Evidence                            []string
		}
	}
	startsDoc struct {
		Runs []struct {
			RunID  int64 `json:"run_id"`
			Reason string
		}
		Opportunities []struct {
			Repository, Event, Status string
			Ref, Head, Reason         *string
		}
	}
	rotateDoc struct {
		Rotate []struct {
			Repository, Kind, What string
			Secret, Credential     *string
			Reason                 *string
			Windows                []string
		}
	}
)

// ran plays the recipe of runs through the whole program, logs included.
func ran(t *testing.T) (*drill.Recipe, func(args ...string) []byte) {
	t.Helper()
	recipe, err := drill.Runs()
	if err != nil {
		t.Fatal(err)
	}
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
	impatient(t, path, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now))
	for _, r := range recipe.Scope() {
		impatient(t, path, "add", string(r))
	}
	var errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: &errs, clock: time.Now,
		env: func(name string) string { return map[string]string{"GITHUB_TOKEN": drill.InventedToken(1)}[name] }}
	if code := p.run(t.Context(), []string{"--case", path, "collect", "--host", server.URL(), "--logs"}); code != exitDone {
		t.Fatalf("collect --logs: exit %d: %s", code, &errs)
	}
	impatient(t, path, "analyze")
	return recipe, func(args ...string) []byte {
		t.Helper()
		return command(t, path, args...)
	}
}

// TestRunTruths: what became of every start comes out as the recipe of runs says.
func TestRunTruths(t *testing.T) {
	t.Parallel()
	recipe, ask := ran(t)
	truth := recipe.Truth
	var got, want []string
	for _, r := range decode[reposDoc](t, ask("repos", "--json")).Repos {
		got = append(got, r.Repository+" "+r.State)
	}
	for _, r := range truth.Repos {
		want = append(want, string(r.Repository)+" "+r.State)
	}
	same(t, "repos", got, want)
	want = nil
	for _, r := range truth.Runs {
		want = append(want, fmt.Sprint(r.Repository, " ", r.RunID, " ", r.Execution))
	}
	same(t, "runs", bestRuns(t, ask), want)
	t.Run("starts", func(t *testing.T) { sameStarts(t, ask, truth) })
	t.Run("reads", func(t *testing.T) { sameReads(t, ask, truth) })
	t.Run("output", func(t *testing.T) {
		for _, r := range decode[startsDoc](t, ask("runs", "--json")).Runs {
			if told := strings.Contains(r.Reason, "output says: the host could not be resolved"); told != (r.RunID == 1001) {
				t.Errorf("run %d: %s", r.RunID, r.Reason)
			}
		}
	})
	t.Run("gaps", func(t *testing.T) {
		gaps := decode[gapsDoc](t, ask("gaps", "--json")).Gaps
		for _, g := range gaps {
			known := slices.ContainsFunc(truth.Gaps, func(w drill.TruthGap) bool { return string(w.Repository) == g.Repository && w.Subject == g.Subject })
			if g.Kind == string(evidence.GapObjectMissing) && !known {
				t.Errorf("found, but not the truth: %+v", g)
			}
		}
		for _, w := range truth.Gaps {
			if !slices.Contains(gaps, struct{ Repository, Kind, Subject string }{string(w.Repository), string(w.Kind), w.Subject}) {
				t.Errorf("not found: %+v", w)
			}
		}
	})
	t.Run("rotate", func(t *testing.T) { rotatesInOrder(t, ask) })
}

func sameStarts(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	var got, want []string
	for _, o := range decode[startsDoc](t, ask("runs", "--json")).Opportunities {
		got = append(got, fmt.Sprint(o.Repository, " ", o.Event, " ", text(o.Ref), " ", text(o.Head), " ", o.Status))
	}
	for _, s := range truth.Starts {
		want = append(want, fmt.Sprint(s.Repository, " ", s.Event, " ", s.Ref, " ", s.Head, " ", s.Status))
	}
	same(t, "starts", got, want)
}

func sameReads(t *testing.T, ask func(...string) []byte, truth drill.Truth) {
	doc := decode[readsDoc](t, ask("runs", "--could-read", "--json"))
	last := map[int64]int{}
	for _, r := range doc.CouldRead {
		last[r.RunID] = max(last[r.RunID], r.Attempt)
	}
	var got, want []string
	for _, r := range doc.CouldRead {
		if r.Attempt == last[r.RunID] {
			got = append(got, fmt.Sprintln(r.Repository, r.RunID, text(r.Job), r.Began, r.Secrets, text(r.Environment),
				strings.ReplaceAll(text(r.Permissions), " ", ""), r.IDToken))
		}
		for _, id := range r.Evidence {
			ask("evidence", id)
		}
	}
	for _, r := range truth.Reads {
		want = append(want, fmt.Sprintln(r.Repository, r.RunID, r.Job, r.Began, r.Secrets, r.Environment, r.Token, r.OIDC))
	}
	same(t, "reads", got, want)
	got, want = nil, nil
	for _, l := range doc.Ladder {
		got = append(got, fmt.Sprint(l.Repository, " ", l.Blob, " ", l.Secret, " ", l.Execution))
		for _, id := range l.Evidence {
			ask("evidence", id)
		}
	}
	for _, r := range truth.Rungs {
		want = append(want, fmt.Sprint(r.Repository, " ", r.Blob, " ", r.Secret, " ", r.Execution))
	}
	same(t, "ladder", got, want)
}

// rotatesInOrder: the credential that pushed stands before the file, the file before what it takes, and what can publish before the cloud.
func rotatesInOrder(t *testing.T, ask func(...string) []byte) {
	places := map[string]map[string]int{}
	for i, l := range decode[rotateDoc](t, ask("rotate", "--json")).Rotate {
		if places[l.Repository] == nil {
			places[l.Repository] = map[string]int{}
		}
		key := l.Kind + " " + text(l.Secret)
		if l.Secret == nil {
			key = l.Kind + " " + text(l.Credential)
		}
		places[l.Repository][key] = i + 1
		for _, id := range l.Windows {
			ask("evidence", id)
		}
	}
	for repository, order := range map[string][]string{
		"saltmarsh/beacon":    {"revoke github:una-holt", "revoke PYPI_API_TOKEN", "revoke AWS_SECRET_ACCESS_KEY"},
		"saltmarsh/gate":      {"revoke github:una-holt", "remove ", "revoke NPM_TOKEN", "revoke SLACK_HOOK"},
		"saltmarsh/clockwork": {"revoke github:una-holt", "remove ", "revoke PYPI_API_TOKEN", "revoke SLACK_HOOK"},
	} {
		last := 0
		for _, key := range order {
			at := places[repository][key]
			if at <= last {
				t.Errorf("%s: %q stands at %d, behind %d: %v", repository, key, at, last, places[repository])
			}
			last = at
		}
	}
}
