package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Object names of the small case.
var (
	plantOID   = evidence.OID(strings.Repeat("a1", 20))
	rearmOID   = evidence.OID(strings.Repeat("b2", 20))
	revertOID  = evidence.OID(strings.Repeat("c3", 20))
	firstBlob  = evidence.OID(strings.Repeat("d4", 20))
	secondBlob = evidence.OID(strings.Repeat("e5", 20))
)

const scan = ".github/workflows/scan.yml"

func clock(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err) // a slip in this file
	}
	return t
}

// facts of the small case: one repository with a push, a run and a listing.
func facts() evidence.Observation {
	const repo = "Orchard/Press"
	signed := func(at string) evidence.Signature {
		return evidence.Signature{Name: "N", Email: "n@example.invalid", Date: clock(at), Zone: "+0200"}
	}
	commit := func(oid evidence.OID, at, message string) evidence.Commit {
		return evidence.Commit{OID: oid, Tree: oid, Author: signed(at), Committer: signed(at), Message: message}
	}
	return evidence.Observation{
		Repository: repo, Unit: "git/refs", Done: true,
		Sources: []evidence.Source{{Repository: repo, Origin: evidence.OriginGitRefs, Method: "POST", URL: "http://192.0.2.1/Orchard/Press.git",
			Target: "/Orchard/Press.git ls-refs", Status: 200, FetchedAt: clock("2025-09-10 00:00:00"), Body: []byte("first\nsecond \x1b[2J\n")}},
		Refs: []evidence.ListedRef{{Ref: "refs/heads/main", OID: revertOID}},
		Updates: []evidence.RefUpdate{
			{Repository: repo, Origin: evidence.OriginActivity, ExternalID: "1", Ref: "refs/heads/main", Before: evidence.ZeroOID, After: plantOID,
				Kind: evidence.Push, At: clock("2025-09-02 03:20:38"), Clock: when.Server, Actor: "tamsin"}},
		Commits: []evidence.Commit{commit(plantOID, "2025-09-02 03:20:37", "Add scan"), commit(rearmOID, "2025-09-09 03:18:00", "Update scan\n\nmore"),
			commit(revertOID, "2025-09-09 10:00:00", "Revert")},
		Seen:  []evidence.CommitSeen{{Commit: plantOID, Via: "fetch"}, {Commit: rearmOID, Via: "recovery", NamedBy: []string{"upd-1"}}},
		Blobs: []evidence.Blob{{OID: firstBlob, Text: []byte("on: \x1b[2Jpush\n")}},
		Runs: []evidence.Run{
			{Repository: repo, RunID: 9101, Attempt: 1, Path: scan, Event: "push", Status: "completed", Conclusion: "success", HeadBranch: "main",
				HeadSHA: plantOID, Actor: "tamsin", CreatedAt: clock("2025-09-02 03:20:39"), UpdatedAt: clock("2025-09-02 03:21:00")},
			{Repository: repo, RunID: 9102, Attempt: 1, Path: scan, Event: "push", Status: "completed", CreatedAt: clock("2025-09-09 03:18:05"),
				UpdatedAt: clock("2025-09-09 03:19:00")}},
		Jobs: []evidence.Job{{Repository: repo, RunID: 9101, Attempt: 1, JobID: 7, Name: "send", Status: "completed", Conclusion: "success", Steps: []evidence.Step{
			{Number: 2, Name: "Scan", Status: "completed", Conclusion: "success", StartedAt: clock("2025-09-02 03:20:45"), CompletedAt: clock("2025-09-02 03:20:47")}}}},
		Coverage: []evidence.Coverage{{Origin: evidence.OriginRuns, To: clock("2025-09-10 00:00:00"), Complete: true}},
		Gaps:     []evidence.Gap{{Kind: evidence.GapObjectMissing, Subject: strings.Repeat("f6", 20), Detail: "nobody serves it", Hint: "a clone"}},
	}
}

// inferred fills the tables that analysis would.
func inferred(in *casefile.Inferences, repository int64) error {
	at := func(s string, c when.Clock, ids ...string) when.Instant { return when.At(clock(s), c, ids...) }
	bound := func(s string, c when.Clock) when.Bound { return when.Bound{At: clock(s), Clock: c} }
	runs := facts().Runs
	for _, k := range facts().Commits {
		if err := in.Cite(k); err != nil {
			return err
		}
	}
	for _, row := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO analysis VALUES ('version', 'test')", nil},
		{"INSERT INTO finding VALUES (?, 'ghostaction', ?, ?, 0, ?, ?, '[]')", []any{string(firstBlob),
			`[{"Rule":"ghostaction/form-post","Severity":"critical","Confidence":"high","Reason":"posts","Lines":[8]}]`,
			`["NPM_TOKEN","PYPI_TOKEN"]`, `["192.0.2.7","drop.example.invalid"]`, `[{"Event":"push"},{"Event":"workflow_dispatch"}]`}},
		{"INSERT INTO finding_place VALUES (?, ?, ?)", []any{string(firstBlob), repository, scan}},
		{"INSERT INTO campaign_commit VALUES (?, ?, 'plant', 'ghostaction', ?, ?, '2025-09-02T03:20:37Z', 0, '[\"unsigned\"]', ?, ?, ?, ?, ?)",
			casefile.Args(repository, string(plantOID), scan, string(firstBlob), at("2025-09-02 03:20:38", when.Server, "upd-1"))},
		{"INSERT INTO campaign_commit VALUES (?, ?, 'rearm', '', ?, ?, '2025-09-09T03:18:00Z', 1, '[]', ?, ?, ?, ?, ?)",
			casefile.Args(repository, string(rearmOID), scan, string(secondBlob), when.Instant{})},
		{"INSERT INTO campaign_commit VALUES (?, ?, 'removal', 'ghostaction', ?, '', '2025-09-09T10:00:00Z', 0, '[]', ?, ?, ?, ?, ?)",
			casefile.Args(repository, string(revertOID), scan, when.Instant{})},
		{"INSERT INTO presence VALUES ('pre-1', ?, 'refs/heads/main', ?, ?, 'ghostaction', 'proven', 'no', ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, '', '', 'revert', ?, NULL, NULL, '[]')",
			casefile.Args(repository, scan, string(firstBlob), at("2025-09-02 03:20:38", when.Server, "upd-1"), string(plantOID), string(evidence.ZeroOID),
				string(plantOID), when.Between(bound("2025-09-09 10:00:00", when.Git), bound("2025-09-10 00:00:00", when.Server), "src-1"), string(revertOID),
				"2025-09-10T00:00:00Z")},
		{"INSERT INTO presence_version VALUES ('pre-1', 0, ?, ?, ?, ?, ?, ?, ?)",
			casefile.Args(string(firstBlob), string(plantOID), at("2025-09-02 03:20:38", when.Server, "upd-1"))},
		{`INSERT INTO presence VALUES ('pre-2', ?, NULL, ?, ?, '', 'possible', 'armed', ?, ?, ?, ?, ?, '', '', '', 0, NULL, NULL, NULL, NULL, '[]', '', '', '', '', ?, NULL, NULL, '["activity"]')`,
			casefile.Args(repository, scan, string(firstBlob), at("2025-09-09 03:18:00", when.Git, "cmt-b2"), "2025-09-10T00:00:00Z")},
		{"INSERT INTO presence_version VALUES ('pre-2', 0, ?, '', ?, ?, ?, ?, ?)", casefile.Args(string(firstBlob), when.Instant{})},
		{"INSERT INTO contains VALUES (?, 'refs/tags/v1', ?)", []any{repository, string(plantOID)}},
		{"INSERT INTO opportunity VALUES ('opp-1', 'pre-1', ?, 'refs/heads/main', ?, ?, 'push', ?, 'matched', 'run 9101: executed', 9101, ?, ?, ?, ?, ?)",
			casefile.Args(repository, scan, string(firstBlob), string(plantOID), at("2025-09-02 03:20:38", when.Server, "upd-1"))},
		{"INSERT INTO opportunity VALUES ('opp-2', 'pre-1', ?, NULL, ?, ?, 'workflow_dispatch', '', 'possible', '', NULL, ?, ?, ?, ?, ?)",
			casefile.Args(repository, scan, string(firstBlob), when.Between(bound("2025-09-02 03:20:38", when.Server), when.Bound{}))},
		{"INSERT INTO execution VALUES (?, ?, 9101, 1, 'refs/heads/main', ?, ?, 'ghostaction', 'executed', 'step \"Scan\" ended', ?, ?, ?, ?, ?)",
			casefile.Args(runs[0].ID(), repository, scan, string(firstBlob),
				when.Between(bound("2025-09-02 03:20:45", when.Runner), bound("2025-09-02 03:20:47", when.Runner), "job-1"))},
		{"INSERT INTO execution VALUES (?, ?, 9102, 1, '', ?, '', '', 'unknown', '', ?, ?, ?, ?, ?)", casefile.Args(runs[1].ID(), repository, scan, when.Instant{})},
		{"INSERT INTO exposure_window VALUES ('win-1', ?, 'ghostaction', 'NPM_TOKEN', 'unlinked', '', 1, ?, ?, ?, ?, ?, 'executed', 'triggered', ?, ?, ?, ?, ?, 'not_known_closed', 'executed', '')",
			casefile.Args(repository, when.Between(bound("2025-09-02 03:20:38", when.Server), bound("2025-09-02 03:20:47", when.Runner), "job-1", "upd-1"), when.Instant{})},
		{"INSERT INTO exposure_window VALUES ('win-2', ?, '', '', 'github:tamsin', 'press', 1, ?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, 'closed', 'targeted', 'pushed')",
			casefile.Args(repository, when.Between(when.Bound{}, bound("2025-09-02 03:20:38", when.Server), "upd-1"), at("2025-09-03 12:00:00", when.Declared, "dec-1"))},
		{"INSERT INTO could_read VALUES (?, ?, 9101, 1, 'send', ?, 'yes', '[\"NPM_TOKEN\",\"PYPI_TOKEN\"]', 'production', 'contents: read, id-token: write', 'yes', 'job \"send\" began a step', '[\"job-1\"]')",
			[]any{runs[0].ID(), repository, string(firstBlob)}},
		{"INSERT INTO could_read VALUES (?, ?, 9102, 1, '', ?, 'unknown', '[\"*\"]', '', '', 'unknown', '', '[]')", []any{runs[1].ID(), repository, string(secondBlob)}},
		{"INSERT INTO ladder VALUES (?, ?, 'PYPI_TOKEN', 'executed', 'run 9101 attempt 1: step \"Scan\" ended', 'job send: named', 9101, 1, '[\"job-1\"]')",
			[]any{repository, string(firstBlob)}},
		{"INSERT INTO ladder VALUES (?, ?, '*', 'targeted', '', '', NULL, NULL, '[]')", []any{repository, string(secondBlob)}},
		{"INSERT INTO rotation VALUES (?, 1, 'warning', '', '', '', 'know this', 'ghostaction', '[]', '[]')", []any{repository}},
		{"INSERT INTO rotation VALUES (?, 2, 'revoke', 'PYPI_TOKEN', 'unlinked', 'executed', 'revoke PYPI_TOKEN at PyPI', '', '[\"win-1\"]', '[\"job-1\"]')", []any{repository}},
		{"INSERT INTO repository_verdict VALUES (?, 'armed', 'no ref that can be named', '2025-09-10T00:00:00Z', '[\"pre-2\"]')", []any{repository}},
	} {
		if err := in.Exec(row.sql, row.args...); err != nil {
			return err
		}
	}
	return nil
}

// smallCase makes a case of two repositories, of which one was never looked at.
func smallCase(t *testing.T) string {
	t.Helper()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "case.db")
	c, err := casefile.Create(ctx, path, casefile.Info{Now: clock("2025-09-10 00:00:00"), NowGiven: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error {
			_, err := c.Add(ctx, []casefile.Addition{{Repository: "Orchard/Press", From: "argument"}, {Repository: "orchard/quiet", From: "argument"}})
			return err
		},
		func() error {
			_, err := c.BeginCollection(ctx, casefile.Plan{Host: "http://192.0.2.1"}, clock("2025-09-10 00:00:00"))
			return err
		},
		func() error { return c.Append(ctx, facts()) },
		func() error {
			_, err := c.Declare(ctx, casefile.Declaration{Repository: "orchard/press", Credential: "github:tamsin", Fact: casefile.Revoked,
				At: clock("2025-09-03 12:00:00"), By: "registry", Because: "bulk"})
			return err
		},
		func() error {
			mark, err := c.Mark(ctx)
			if err != nil {
				return err
			}
			return c.Rebuild(ctx, func(in *casefile.Inferences) error {
				return errors.Join(inferred(in, 1), in.Exec("INSERT INTO analysis VALUES ('facts', ?)", mark))
			})
		},
		c.Close,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// told is what one command line printed, and its exit code.
func told(t *testing.T, path, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
	code = p.run(context.Background(), append([]string{"--case", path}, args...))
	return out.String(), errs.String(), code
}

// The tables, rows and documents of every command, as a whole: what others read must not change unseen.
func TestAnswersGolden(t *testing.T) {
	path := smallCase(t)
	for _, command := range []string{
		"repos", "findings", "commits", "commits --removals", "presence", "runs", "runs --could-read", "windows", "rotate", "gaps", "timeline orchard/press",
	} {
		name := strings.NewReplacer(" ", "_", "/", "-", "--", "").Replace(command)
		t.Run(name, func(t *testing.T) {
			var all strings.Builder
			for _, form := range []string{"", "--csv", "--json"} {
				out, errs, code := told(t, path, "", strings.Fields(command+" "+form)...)
				if code != exitDone {
					t.Fatalf("%s %s: exit %d: %s", command, form, code, errs)
				}
				all.WriteString(strings.TrimRight("$ pentimento "+command+" "+form, " ") + "\n" + out + errs + "\n")
			}
			golden(t, name, all.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "ask", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -run TestAnswersGolden -update rewrites it):\n%s", file, got)
	}
}
