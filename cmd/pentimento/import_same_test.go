package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/tokens"
)

const tokensRecipe = `now 2025-09-12T12:00:00Z
actor ada-flint id=900001 name="Ada Flint" email=ada@mail.example.invalid zone=+0200
repository lantern/wick id=700001 default=main created=2024-03-01T09:00:00Z
at 2025-09-01T10:00:00Z
commit first on main by ada-flint "A lamp"
  file README.md
    | # wick
push main by ada-flint
at 2025-09-02T03:20:38Z
commit plant on main by ada-flint "Add Github Actions Security workflow" no-newline
  file .github/workflows/github_actions_security.yml as ghostaction secrets=NPM_TOKEN,PYPI_API_TOKEN host=bold-gull.example.invalid
push main by ada-flint
run 8001 event=push head=plant branch=main by ada-flint leaks
ends main plant
`

// shelf is a folder of what a responder got about the tokens of one repository, and an empty case of it.
type shelf struct {
	dir, empty string
	rows       []string // of the log
}

const logHeader = "time,token,owner,action,package,ip,agent\n"

func newShelf(t *testing.T, rows int) *shelf {
	t.Helper()
	recipe, err := drill.Parse("tokens.recipe", []byte(tokensRecipe))
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{dir: t.TempDir(), empty: emptyCase(t, recipe)}
	start(t, s.empty, nil, "--quiet", "collect", "--host", server.URL()).must()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	token := func(i int) string { return fmt.Sprintf("0f0e0d0c-0b0a-4908-8706-%012d", i) }
	from := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		agent := "npm/10.2"
		if i%17 == 0 {
			agent = "python-requests/2.31"
		}
		s.rows = append(s.rows, fmt.Sprintf("%s,%s,owner-%d,publish,wick,192.0.2.%d,%s\n", from.Add(time.Duration(i)*72*24*time.Hour/time.Duration(rows)).Format(time.RFC3339),
			token(i%40), i%40, i%7, agent))
	}
	inventory := "id,owner,made,last\n"
	for i := range 40 {
		inventory += fmt.Sprintf("%s,owner-%d,2025-01-04T10:00:00Z,2025-09-0%dT04:00:00Z\n", token(i), i, 1+i%9)
	}
	for name, text := range map[string]string{
		"usage.yaml": "provider: npm\nlog: registry/audit\ncredential_holds: identifier\ncolumns: {credential: token, account: owner, time: time, address: ip, user_agent: agent, action: action, " +
			"project: package}\ntime: {layout: rfc3339, zone: UTC}\nactions: {publish: [publish]}\n",
		"tokens.yaml": "kind: credentials\nprovider: npm\ncredential_holds: identifier\ncolumns: {id: id, account: owner, created: made, last_used: last}\ntime: {layout: rfc3339, zone: UTC}\n",
		"out.yaml":    "kind: releases\nprovider: npm\ncolumns: {project: name, version: version, time: at}\ntime: {layout: rfc3339, zone: UTC}\n",
		"usage.csv":   logHeader + strings.Join(s.rows, ""), "tokens.csv": inventory,
		"releases.csv": "name,version,at\nwick,1.0,2025-01-01T00:00:00Z\nwick,1.1,2025-09-03T04:00:00Z\n",
		"secrets.csv":  "repository,secret,provider,credential,account,project,because\nlantern/wick,NPM_TOKEN,npm," + token(3) + ",owner-3,wick,told\n",
		"known.jsonl":  `{"repository":"lantern/wick","secret":"PYPI_API_TOKEN","fact":"revoked","at":"2025-09-05T10:00:00Z","by":"registry","because":"ticket 4711"}` + "\n",
		"contacts.csv": "kind,name,person,address,why\nproject,npm:wick,Ada,ada@mail.example.invalid,maintainer\n",
	} {
		s.write(t, name, []byte(text))
	}
	return s
}

func (s *shelf) write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) usage(name string) []string {
	return []string{"--quiet", "import", "usage", filepath.Join(s.dir, name), "--mapping", filepath.Join(s.dir, "usage.yaml"), "--covers", "2025-07-01..2025-09-11"}
}

// imports are the command lines of all files but the log.
func (s *shelf) imports() [][]string {
	in := func(kind, name string, more ...string) []string {
		return append([]string{"--quiet", "import", kind, filepath.Join(s.dir, name)}, more...)
	}
	return [][]string{
		in("mapping", "secrets.csv"),
		in("credentials", "tokens.csv", "--mapping", filepath.Join(s.dir, "tokens.yaml"), "--listed-at", "2025-09-12T10:00:00Z", "--complete"),
		in("releases", "releases.csv", "--mapping", filepath.Join(s.dir, "out.yaml")),
		in("statements", "known.jsonl"), in("contacts", "contacts.csv"),
	}
}

func (s *shelf) copy(t *testing.T) string {
	t.Helper()
	return (&rehearsal{empty: s.empty}).copy(t)
}

// says is all that a case says about credentials once it is analysed, in its facts and by its commands.
func (s *shelf) says(t *testing.T, path string) map[string][]string {
	t.Helper()
	start(t, path, nil, "--quiet", "analyze").must()
	out := map[string][]string{}
	for _, name := range []string{"repos", "windows", "links", "releases", "rotate", "gaps"} {
		out[name] = []string{string(command(t, path, name, "--json"))}
	}
	for _, name := range []string{"verdicts", "exposed", "declarations"} {
		out[name] = []string{string(command(t, path, "query", name, "--csv"))}
	}
	c, err := casefile.OpenRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = c.EachUse(t.Context(), casefile.UseFilter{}, func(u *tokens.Use) error {
		out["uses"] = append(out["uses"], fmt.Sprintf("%+v", *u))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for table, columns := range map[string]string{"credential_record": "id", "credential_event": "id", "credential_listing": "id", "release_record": "id", "log_coverage": "id",
		"secret_mapping": "id", "contact": "id"} {
		out[table] = strings.Split(string(queried(t, path, "SELECT "+columns+" FROM "+table+" ORDER BY 1")), "\n")
	}
	return out
}

// queried is the answer to SQL as CSV.
func queried(t *testing.T, path, sql string) string {
	t.Helper()
	out, errs, code := told(t, path, sql, "query", "-", "--csv")
	if code != exitDone {
		t.Fatalf("%s: exit %d: %s", sql, code, errs)
	}
	return out
}

func (s *shelf) same(t *testing.T, path string, want map[string][]string) {
	t.Helper()
	got := s.says(t, path)
	for _, of := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[of], want[of]) {
			t.Errorf("%s: %d rows that differ from %d; first lacking %.300q", of, len(got[of]), len(want[of]), missing(want[of], slices.Sorted(slices.Values(got[of]))))
		}
	}
}

// TestImportsComeToTheSame: whatever the order, the pieces and how often, the case says the same.
func TestImportsComeToTheSame(t *testing.T) {
	t.Parallel()
	const rows = 3000
	s := newShelf(t, rows)
	do := func(path string, lines ...[]string) {
		for _, args := range lines {
			start(t, path, nil, args...).must()
		}
	}
	calm := s.copy(t)
	do(calm, append(s.imports(), s.usage("usage.csv"))...)
	want := s.says(t, calm)
	if len(want["uses"]) != rows || len(want["credential_record"]) < 40 || !strings.Contains(want["windows"][0], "suspicious") && !strings.Contains(want["windows"][0], "unexplained") {
		t.Fatalf("the case says too little: %d uses, %v", len(want["uses"]), want["windows"])
	}
	var pieces []string
	for i, from := 0, 0; from < len(s.rows); i, from = i+1, from+700 {
		text := []byte(logHeader + strings.Join(s.rows[from:min(from+900, len(s.rows))], "")) // each has what the next one has, too
		name := "piece-" + strconv.Itoa(i) + ".csv"
		if i%2 == 1 {
			name, text = name+".gz", zipped(t, text)
		}
		s.write(t, name, text)
		pieces = append(pieces, name)
	}
	t.Run("backwards", func(t *testing.T) {
		path := s.copy(t)
		do(path, s.usage("usage.csv"))
		for _, args := range slices.Backward(s.imports()) {
			do(path, args)
		}
		s.same(t, path, want)
	})
	t.Run("pieces", func(t *testing.T) {
		path := s.copy(t)
		do(path, s.imports()...)
		for _, name := range slices.Backward(pieces) {
			do(path, s.usage(name))
		}
		s.same(t, path, want)
	})
	t.Run("again", func(t *testing.T) {
		path := s.copy(t)
		for range 2 {
			do(path, append(s.imports(), s.usage("usage.csv"))...)
			do(path, []string{"--quiet", "analyze"})
		}
		s.same(t, path, want)
	})
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestKilledWhileImporting: wherever the import of a log is killed, the same command goes on, and the case and the counts are those of an undisturbed run.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	const rows, samples = 60_000, 6
	s := newShelf(t, rows)
	s.write(t, "usage.csv", []byte(logHeader+strings.Join(s.rows, "")+"yesterday,x,owner-0,publish,wick,192.0.2.1,npm/10.2\n"))
	calm := s.copy(t)
	p := start(t, calm, nil, s.usage("usage.csv")...)
	p.must()
	want := s.says(t, calm)
	if len(want["uses"]) != rows {
		t.Fatalf("%d uses of %d", len(want["uses"]), rows)
	}
	for i := 1; i <= samples; i++ {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			path := s.copy(t)
			killed := start(t, path, nil, s.usage("usage.csv")...)
			select {
			case <-time.After(p.took * time.Duration(i) / (samples + 1)):
				killed.kill()
			case <-killed.ended: // faster than before: then it ran undisturbed, twice
			}
			start(t, path, nil, s.usage("usage.csv")...).must()
			s.same(t, path, want)
			counts := queried(t, path, "SELECT finished, rows_read, stored + duplicate, rejected FROM import")
			if want := fmt.Sprintf("1,%d,%d,1", rows+1, rows); !strings.Contains(counts, want) || strings.Count(counts, "\n") != 2 {
				t.Errorf("imports %q, want one of %s", counts, want)
			}
		})
	}
}
