package main

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
)

// The keys of every published row. A key may be added here together with its use; none may go.
var contract = map[string]string{
	"repos/repos":           "as_of evidence reason repository state",
	"findings/findings":     "all_secrets blob campaign context destinations hits leaks paths repositories rules secrets triggers",
	"commits/commits":       "blob campaign committed_at path pushed recovered repository role sha signals",
	"presence/presence":     "added added_by armed as_of blob campaign certain id path ref removed removed_by repository rules state versions would_narrow",
	"presence/contains":     "commit ref repository",
	"runs/runs":             "actor attempt blob campaign conclusion created event evidence execution head_sha leaked path reason ref repository run_id status",
	"runs/opportunities":    "at blob event evidence head id path reason ref repository run_id status",
	"windows/windows":       "campaign closed could_have_opened_by credential evidence execution id open opened opened_by project reason repository secret state use value",
	"uses/uses":             "account acted_on action address at class commit country credential evidence judged log minted origin outcome part project reason repository rule run_id secret subject used_as user_agent verdict via window",
	"identify/tokens":       "account credential grant hashed_token hashed_token_line_break hashed_token_url id kind known last_eight last_four line others provider registry remarks sha256",
	"rotate/rotate":         "credential evidence execution kind place reason repository secret what windows",
	"gaps/gaps":             "detail hint id kind repository subject unit",
	"timeline/timeline":     "at at_clock clock detail evidence repository subject until until_clock what",
	"presence/presence/by":  "after before commit",
	"presence/presence/how": "after before commit how",
	"presence/presence/ver": "blob commit from",
}

func TestDocumentsKeepTheirKeys(t *testing.T) {
	path := smallCase(t)
	for _, command := range []string{"repos", "findings", "commits", "presence", "runs", "windows", "rotate", "gaps", "timeline"} {
		args := []string{command, "--json"}
		if command == "timeline" {
			args = append(args, "orchard/press")
		}
		out, errs, code := told(t, path, "", args...)
		if code != exitDone {
			t.Fatalf("%s: exit %d: %s", command, code, errs)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		if doc["schema"] != "pentimento/"+command+"/v1" {
			t.Errorf("%s: schema %v", command, doc["schema"])
		}
		delete(doc, "schema")
		for name, value := range doc {
			rows := value.([]any)
			if len(rows) == 0 {
				t.Errorf("%s/%s: no rows to look at", command, name)
			}
			for _, r := range rows {
				keys(t, command+"/"+name, r)
				noEmptyText(t, command+"/"+name, r)
			}
		}
		if command == "presence" {
			first := doc["presence"].([]any)[0].(map[string]any)
			keys(t, "presence/presence/by", first["added_by"])
			keys(t, "presence/presence/how", first["removed_by"])
			keys(t, "presence/presence/ver", first["versions"].([]any)[0])
		}
	}
}

func keys(t *testing.T, of string, v any) {
	t.Helper()
	got := strings.Join(slices.Sorted(maps.Keys(v.(map[string]any))), " ")
	if got != contract[of] {
		t.Errorf("%s has keys\n%s, want\n%s", of, got, contract[of])
	}
}

// noEmptyText holds the rule that unknown is null.
func noEmptyText(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		if v == "" {
			t.Errorf("%s is an empty text: unknown is null", at)
		}
	case []any:
		for _, x := range v {
			noEmptyText(t, at+"[]", x)
		}
	case map[string]any:
		for k, x := range v {
			noEmptyText(t, at+"."+k, x)
		}
	}
}

func TestListsOfAnEmptyCaseAreNeverNull(t *testing.T) {
	path := t.TempDir() + "/case.db"
	c, err := casefile.Create(t.Context(), path, casefile.Info{Now: clock("2025-09-10 00:00:00")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"repos", "findings", "commits", "presence", "runs", "runs --could-read", "windows", "uses", "rotate", "gaps", "query presence"} {
		out, errs, code := told(t, path, "", strings.Fields(command+" --json")...)
		if code != exitDone || strings.Contains(out, ": null") && !strings.HasPrefix(command, "query") {
			t.Errorf("%s: exit %d: %s%s", command, code, out, errs)
		}
		if !strings.HasPrefix(command, "query") && !strings.Contains(errs, "has not been analysed") {
			t.Errorf("%s does not say that nobody has analysed: %s", command, errs)
		}
	}
	if _, errs, code := told(t, path, "", "analyze"); code != exitFailed || !strings.Contains(errs, "names no campaign") {
		t.Errorf("analyze of a case without packs: exit %d: %s", code, errs)
	}
	if _, _, code := told(t, path, "", "presence", "--exit-code"); code != exitIncomplete {
		t.Errorf("presence --exit-code of a case without analysis: %d, want %d", code, exitIncomplete)
	}
}

func TestExitCodesOfAnswers(t *testing.T) {
	path := smallCase(t)
	for command, want := range map[string]int{
		"repos --exit-code":                  exitExposure,
		"presence --exit-code":               exitExposure,
		"runs --exit-code":                   exitExposure,
		"windows --exit-code --json":         exitExposure,
		"runs --could-read --exit-code":      exitExposure,
		"presence --exit-code orchard/quiet": exitIncomplete, // it has no state yet
		"presence orchard/quiet":             exitDone,
		"presence nobody/there":              exitFailed,
		"presence not-a-name":                exitUsage,
		"presence --csv --json":              exitUsage,
		"findings --exit-code":               exitUsage,
		"timeline":                           exitUsage,
		"evidence":                           exitUsage,
		"evidence upd-0000000000000000":      exitFailed,
		"evidence --body --json src-0":       exitUsage,
		"query no-such":                      exitUsage,
		"query presence --param nothing=1":   exitUsage,
		"query presence --param repo":        exitUsage,
		"query --show":                       exitUsage,
	} {
		if _, errs, code := told(t, path, "", strings.Fields(command)...); code != want {
			t.Errorf("%s: exit %d, want %d: %s", command, code, want, errs)
		}
	}
}

func TestEvidenceShowsTheChain(t *testing.T) {
	path := smallCase(t)
	update := facts().Updates[0].ID()
	out, errs, code := told(t, path, "", "evidence", update)
	for _, want := range []string{update + "  ref update", "actor        tamsin", "answer of a source", "/Orchard/Press.git ls-refs", "came at",
		`  | second \x1b[2J`} {
		if !strings.Contains(out, want) {
			t.Errorf("evidence lacks %q: exit %d: %s%s", want, code, out, errs)
		}
	}
	if out, errs, _ := told(t, path, "", "evidence", update, "--body"); out != "first\nsecond \x1b[2J\n" {
		t.Errorf("--body wrote %q, %s", out, errs)
	}
	if out, _, _ := told(t, path, "", "evidence", facts().Jobs[0].ID()); !strings.Contains(out, "step 2      Scan: success, 2025-09-02 03:20:45Z .. 2025-09-02 03:20:47Z") {
		t.Errorf("evidence of a job does not show its steps: %s", out)
	}
	gap := facts().Gaps[0]
	gap.Repository, gap.Unit = "Orchard/Press", "git/refs"
	if out, errs, _ := told(t, path, "", "evidence", gap.ID()); !strings.Contains(out, "told by") || !strings.Contains(out, "/Orchard/Press.git ls-refs") {
		t.Errorf("evidence of a gap does not lead to the answer that told it: %s%s", out, errs)
	}
	if out, errs, _ := told(t, path, "", "evidence", "blob-"+string(firstBlob)); !strings.Contains(out, "  | on: \\x1b[2Jpush") || !strings.Contains(out, "text of a workflow file") {
		t.Errorf("evidence of a workflow text: %s%s", out, errs)
	}
	if out, errs, _ := told(t, path, "", "evidence", "blob-"+string(firstBlob), "--body"); out != "on: \x1b[2Jpush\n" {
		t.Errorf("--body of a workflow text: %q%s", out, errs)
	}
	if out, _, _ := told(t, path, "", "evidence", "blob-"+string(firstBlob), "--json"); !strings.Contains(out, `"sha256": null`) {
		t.Errorf("evidence --json of a workflow text: %s", out)
	}
	if out, _, _ := told(t, path, "", "evidence", "pre-1", "--json"); !strings.Contains(out, `"kind": "presence (an inference)"`) {
		t.Errorf("evidence --json: %s", out)
	}
}

func TestQuery(t *testing.T) {
	path := smallCase(t)
	out, _, _ := told(t, path, "", "query")
	if !strings.Contains(out, "could-read") {
		t.Errorf("query lists %s", out)
	}
	if out, _, _ := told(t, path, "", "query", "presence", "--show"); !strings.HasPrefix(out, "-- On which refs") {
		t.Errorf("--show: %s", out)
	}
	if out, _, _ := told(t, path, "", "query", "windows", "--param", "repo=Orchard/QUIET", "--csv"); strings.Count(out, "\n") != 1 {
		t.Errorf("repo is not compared as GitHub does: %s", out)
	}
	out, errs, code := told(t, path, "SELECT 1 AS one, NULL AS two, :x AS three", "query", "-", "--param", "x=y", "--json")
	var doc struct {
		Schema  string
		Query   *string
		Columns []string
		Rows    [][]*string
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != exitDone {
		t.Fatalf("query -: exit %d: %v %s", code, err, errs)
	}
	if doc.Query != nil || !slices.Equal(doc.Columns, []string{"one", "two", "three"}) || doc.Rows[0][1] != nil || *doc.Rows[0][2] != "y" {
		t.Errorf("query -: %s", out)
	}
	for name, sql := range map[string]string{"writes": "DELETE FROM presence", "attaches": "ATTACH 'x.db' AS x", "is empty": " \n"} {
		if _, _, code := told(t, path, sql, "query", "-"); code != exitFailed {
			t.Errorf("a query that %s: exit %d", name, code)
		}
	}
}

// Names that an attacker chose can neither move the cursor, nor swap the letters, nor become a formula, nor be clicked.
func TestHostileNames(t *testing.T) {
	path := smallCase(t)
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	const ref, path2, actor = "refs/heads/\x1b[2Jmain\u202egpj", "=HYPERLINK(\"https://drop.example.invalid/\")", "@evil\r\nX"
	err = c.Rebuild(t.Context(), func(in *casefile.Inferences) error {
		if err := inferred(in, 1); err != nil {
			return err
		}
		if err := in.Exec("UPDATE presence SET ref = ?, path = ?", ref, path2); err != nil {
			return err
		}
		return in.Exec("UPDATE repository_verdict SET reason = ?", actor)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"repos", "presence", "timeline orchard/press", "query presence"} {
		for _, form := range []string{"", "--csv", "--json"} {
			out, errs, code := told(t, path, "", strings.Fields(command+" "+form)...)
			if code != exitDone || out == "" {
				t.Fatalf("%s %s: exit %d: %s", command, form, code, errs)
			}
			if i := strings.IndexFunc(out, func(r rune) bool { return inert.Hidden(r) && r != '\n' && !(form == "--csv" && r == '\r') }); i >= 0 {
				t.Errorf("%s %s lets a hidden character through: %q", command, form, out[i:])
			}
			if form != "--json" && strings.Contains(out, "https://drop") {
				t.Errorf("%s %s prints an indicator that can be clicked: %s", command, form, out)
			}
			if form == "--csv" {
				formulas(t, command, out)
			}
		}
	}
}

func formulas(t *testing.T, command, out string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("%s --csv: %v", command, err)
	}
	for _, cell := range slices.Concat(rows...) {
		if cell != "" && strings.ContainsRune(inert.FormulaStarts, []rune(cell)[0]) {
			t.Errorf("%s --csv: a spreadsheet runs %q", command, cell)
		}
	}
}
