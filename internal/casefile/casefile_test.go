package casefile

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

var update = flag.Bool("update", false, "rewrite golden files")

var day = time.Date(2025, 9, 2, 3, 20, 38, 0, time.UTC)

func newCase(t testing.TB) *Case {
	t.Helper()
	c, err := Create(context.Background(), filepath.Join(t.TempDir(), "case ?#%.db"), Info{Now: day, NowGiven: true, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func collecting(t testing.TB, c *Case, names ...evidence.Repository) {
	t.Helper()
	for _, n := range names {
		if _, err := c.Add(context.Background(), []Addition{{Repository: n, From: "argument"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.BeginCollection(context.Background(), Plan{Host: "http://127.0.0.1", API: "none"}, day); err != nil {
		t.Fatal(err)
	}
}

func TestCreateNeverOverwritesAndOpenNeverCreates(t *testing.T) {
	c := newCase(t)
	if _, err := Create(context.Background(), c.path, Info{Now: day}); !errors.Is(err, ErrExists) {
		t.Errorf("second Create: %v, want ErrExists", err)
	}
	absent := filepath.Join(t.TempDir(), "none.db")
	if _, err := Open(context.Background(), absent); !errors.Is(err, ErrMissing) {
		t.Errorf("Open of nothing: %v, want ErrMissing", err)
	}
	if _, err := os.Stat(absent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open left a file behind: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	write := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := func(name, pragma string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		c, err := Create(ctx, path, Info{Now: day})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.db.Exec(pragma + "; PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cut := whole("cut.db", "SELECT 1")
	if err := os.Truncate(cut, 20000); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path string
		want error
	}{
		"a text file":         {write("notes.txt", []byte(strings.Repeat("not a database\n", 100))), ErrForeign},
		"an empty file":       {write("empty.db", nil), ErrForeign},
		"a folder":            {dir, ErrForeign},
		"another application": {whole("other.db", "PRAGMA application_id=1"), ErrForeign},
		"a newer case":        {whole("newer.db", "PRAGMA user_version=999"), ErrNewer},
		"a truncated case":    {cut, ErrDamaged},
		"a case without now":  {whole("timeless.db", "DELETE FROM case_info WHERE key = 'now'"), ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(ctx, tc.path)
			if !errors.Is(err, tc.want) {
				t.Errorf("Open: %v, want %v", err, tc.want)
			}
			if c != nil {
				t.Error("Open returned a case together with an error")
			}
		})
	}
}

func observation() evidence.Observation {
	const repo = "orchard/press"
	commit := evidence.Commit{
		OID: evidence.OID(strings.Repeat("a", 40)), Tree: evidence.OID(strings.Repeat("b", 40)), Parents: []evidence.OID{evidence.OID(strings.Repeat("c", 40))},
		Author: evidence.Signature{Name: "N", Email: "n@example.invalid", Date: day, Zone: "+0200"}, Committer: evidence.Signature{Date: day}, Message: "no newline",
	}
	tree, blob := evidence.OID(strings.Repeat("d", 40)), evidence.OID(strings.Repeat("e", 40))
	return evidence.Observation{
		Repository: repo, Unit: "git/history", Done: true,
		Sources: []evidence.Source{{Repository: repo, Origin: evidence.OriginGitRefs, Method: "POST", URL: "http://127.0.0.1/x", Target: "/x", Status: 200,
			ETag: "W/1", FetchedAt: day, Body: []byte("body")}},
		State:    &evidence.RepositoryState{GitHubID: 7, FullName: repo, DefaultBranch: "main", CreatedAt: day},
		Refs:     []evidence.ListedRef{{Ref: "refs/heads/main", OID: commit.OID}},
		Updates:  []evidence.RefUpdate{{Repository: repo, Origin: evidence.OriginActivity, ExternalID: "1", Ref: "refs/heads/main", After: commit.OID, Kind: evidence.Push, At: day, Clock: when.Server}},
		Commits:  []evidence.Commit{commit},
		Seen:     []evidence.CommitSeen{{Commit: commit.OID, Via: "fetch", NamedBy: []string{"upd-1"}}},
		Holdings: []evidence.Holding{{Commit: commit.OID, Workflows: tree, Known: true, RootChanges: []string{"README.md"}}},
		Entries:  []evidence.WorkflowEntry{{Tree: tree, Path: ".github/workflows/a.yml", Blob: blob, Mode: "100644"}},
		Blobs:    []evidence.Blob{{OID: blob, Text: []byte("on: push")}},
		Runs:     []evidence.Run{{Repository: repo, RunID: 5, Attempt: 1, Status: "completed", CreatedAt: day, UpdatedAt: day}},
		Jobs:     []evidence.Job{{Repository: repo, RunID: 5, Attempt: 1, JobID: 6, Name: "j", Steps: []evidence.Step{{Number: 1, Name: "s", StartedAt: day}}}},
		Coverage: []evidence.Coverage{{Origin: evidence.OriginRuns, To: day, Complete: true}},
		Gaps:     []evidence.Gap{{Kind: evidence.GapExpired, Subject: "x", Detail: "d"}},
	}
}

func TestAppendedFactsComeBackOnce(t *testing.T) {
	for name, namedBy := range map[string][]string{"a commit that a fact names": {"upd-1"}, "a commit of a history": nil} {
		t.Run(name, func(t *testing.T) {
			obs := observation()
			obs.Seen[0].NamedBy = namedBy
			comesBackOnce(t, obs)
		})
	}
}

func comesBackOnce(t *testing.T, obs evidence.Observation) {
	t.Helper()
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	for range 2 { // the second time must add nothing
		if err := c.Append(ctx, obs); err != nil {
			t.Fatal(err)
		}
	}
	f, err := c.Facts(ctx, "Orchard/Press")
	if err != nil {
		t.Fatal(err)
	}
	if f.Repository != "orchard/press" || !reflect.DeepEqual(f.State, obs.State) || !reflect.DeepEqual(f.Listing.Refs, obs.Refs) || !f.Listing.At.Equal(day) {
		t.Errorf("identity, state or listing changed on the way: %+v", f)
	}
	if !reflect.DeepEqual(f.Updates, obs.Updates) || !reflect.DeepEqual(f.Runs, obs.Runs) || !reflect.DeepEqual(f.Jobs[Attempt{5, 1}], obs.Jobs) {
		t.Errorf("updates %+v\nruns %+v\njobs %+v", f.Updates, f.Runs, f.Jobs)
	}
	if got := f.History.Commit(obs.Commits[0].OID); !reflect.DeepEqual(got, obs.Commits[0]) {
		t.Errorf("commit %+v", got)
	}
	if entries, ok := f.History.Workflows(obs.Commits[0].OID); !ok || !reflect.DeepEqual(entries, obs.Entries) {
		t.Errorf("entries %+v, %v", entries, ok)
	}
	if h := f.History.Holding(obs.Commits[0].OID); !reflect.DeepEqual(h, obs.Holdings[0]) {
		t.Errorf("holding %+v", h)
	}
	if len(f.Gaps) != 1 || len(f.Coverage) != 1 || len(f.Seen[obs.Commits[0].OID]) != len(obs.Seen[0].NamedBy) {
		t.Errorf("gaps %v coverage %v seen %v", f.Gaps, f.Coverage, f.Seen)
	}
	if done, err := c.Done(ctx, "orchard/press"); err != nil || !done["git/history"] {
		t.Errorf("done %v, %v", done, err)
	}
}

func TestRenameBecomesAnAlias(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	obs := observation()
	obs.State.FullName = "orchard/Cider-Press"
	if err := c.Append(ctx, obs); err != nil {
		t.Fatal(err)
	}
	n, err := c.Add(ctx, []Addition{{Repository: "Orchard/cider-press", From: "argument"}, {Repository: "orchard/vat", From: "argument"}})
	if err != nil || n != 1 {
		t.Errorf("%d added, %v; the present name of a repository is no second one", n, err)
	}
	targets, err := c.Targets(ctx)
	if err != nil || len(targets) != 2 {
		t.Errorf("targets %v, %v", targets, err)
	}
}

func TestAppendIsWholeOrNothing(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	obs := observation()
	obs.Seen = append(obs.Seen, evidence.CommitSeen{Commit: "0123", Via: "fetch"}) // no such commit object: the foreign key refuses it
	if err := c.Append(ctx, obs); err == nil {
		t.Fatal("a broken observation was stored")
	}
	f, err := c.Facts(ctx, "orchard/press")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Updates) != 0 || f.Listing.Known() {
		t.Errorf("half of it was stored: %+v", f)
	}
}

func TestCollectionResumesOnlyTheSameUnfinishedPlan(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	plan := Plan{Host: "http://127.0.0.1", API: "none"}
	begin := func(p Plan) bool {
		t.Helper()
		resumed, err := c.BeginCollection(ctx, p, day)
		if err != nil {
			t.Fatal(err)
		}
		return resumed
	}
	if begin(plan) || !begin(plan) || begin(Plan{Host: "http://127.0.0.1"}) {
		t.Error("want: new, resumed, new for another plan")
	}
	if err := c.FinishCollection(ctx, day); err != nil {
		t.Fatal(err)
	}
	if begin(Plan{Host: "http://127.0.0.1"}) {
		t.Error("a finished collection was resumed")
	}
}

func TestQueryIsReadOnly(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	ignore := func([]*string) error { return nil }
	for _, q := range []string{
		"DELETE FROM repository", "ATTACH DATABASE '" + filepath.Join(t.TempDir(), "x.db") + "' AS x", "PRAGMA query_only=0; DELETE FROM repository",
		"CREATE TABLE t (a)", "VACUUM INTO '" + filepath.Join(t.TempDir(), "y.db") + "'",
	} {
		if err := c.Query(ctx, q, nil, func([]string) error { return nil }, ignore); err == nil {
			t.Errorf("%s was let through", q)
		}
	}
	var kept []*string
	err := c.Query(ctx, "VALUES ('one'), ('two')", nil, func([]string) error { return nil }, func(v []*string) error { kept = append(kept, v[0]); return nil })
	if err != nil || len(kept) != 2 || *kept[0] != "one" {
		t.Errorf("rows that were kept changed: %v, %v", kept, err)
	}
	var got []string
	err = c.Query(ctx, "SELECT name, NULL AS empty FROM repository WHERE key = :repo", map[string]string{"repo": "orchard/press"},
		func(columns []string) error { got = append(got, columns...); return nil },
		func(v []*string) error {
			if v[1] != nil {
				t.Error("NULL came back as text")
			}
			got = append(got, *v[0])
			return nil
		})
	if err != nil || strings.Join(got, ",") != "name,empty,orchard/press" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestInstantSurvivesItsColumns(t *testing.T) {
	for name, i := range map[string]when.Instant{
		"unknown": {Evidence: []string{}},
		"half":    {NotAfter: when.Bound{At: day, Clock: when.Server}, Evidence: []string{"upd-1"}},
		"whole":   when.Between(when.Bound{At: day, Clock: when.Git}, when.Bound{At: day.Add(time.Nanosecond), Clock: when.Server}, "b", "a"),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCase(t)
			var x InstantColumns
			if err := c.db.QueryRow("SELECT ?, ?, ?, ?, ?", InstantArgs(i)...).Scan(x.Dest()...); err != nil {
				t.Fatal(err)
			}
			got, err := x.Instant()
			if err != nil || !reflect.DeepEqual(got, i) {
				t.Errorf("got %+v, %v; want %+v", got, err, i)
			}
		})
	}
}

func TestRebuildFailsWhole(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	if err := c.Rebuild(ctx, func(in *Inferences) error { return in.Exec("INSERT INTO analysis VALUES ('a', 'first')") }); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := c.Rebuild(ctx, func(in *Inferences) error {
		return errors.Join(in.Exec("INSERT INTO analysis VALUES ('a', 'second')"), boom)
	})
	if !errors.Is(err, boom) {
		t.Fatalf("error %v", err)
	}
	if got, err := c.keyValues(ctx, "SELECT key, value FROM analysis"); err != nil || got["a"] != "first" {
		t.Errorf("after a failed rebuild: %v, %v", got, err)
	}
}

func TestSchemaGolden(t *testing.T) {
	c := newCase(t)
	var all []string
	err := c.each(context.Background(), "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type, name", nil, func(scan func(...any) error) error {
		var s string
		err := scan(&s)
		all = append(all, s+";")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, golden := strings.Join(all, "\n\n")+"\n", filepath.Join("..", "..", "testdata", "golden", "schema.sql")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("the schema differs from testdata/golden/schema.sql: read the change, then run with -update")
	}
	for _, s := range all {
		if strings.HasPrefix(s, "CREATE TABLE") && !strings.Contains(s, "STRICT") {
			t.Errorf("not STRICT: %s", s)
		}
	}
}
