package gharchive

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// row is an event as a query gives it, or the count of an hour.
type row struct{ id, typ, at, repoID, repo, actor, payload string }

// forDemo is what the query of resultRows asked for.
var forDemo = asked{IDs: []int64{77}}

var resultRows = []row{
	{"1", "PushEvent", "2025-09-02 03:20:38 UTC", "77", "octo/demo", "octo-dev", pushNew("refs/heads/main", shaA, shaB)},
	{"2", "DeleteEvent", "2025-09-02 05:00:00 UTC", "77", "octo/former", "octo-dev", `{"ref":"dev","ref_type":"branch"}`},
	{"", coverageType, "2025-09-02 05:00:00 UTC", "0", "", "", `{"hour":"2025-09-02T05:00:00Z","events":900,"pushes":500,"asked":"` + forDemo.digest() + `"}`},
	{"3", "WatchEvent", "2025-09-02 05:00:00 UTC", "77", "octo/demo", "octo-dev", `{}`},
	{"", coverageType, "2025-09-02 03:00:00 UTC", "0", "", "", `{"hour":"2025-09-02T03:00:00Z","events":1000,"pushes":600,"asked":"` + forDemo.digest() + `"}`},
	{"4", "PushEvent", "2025-09-02 09:20:38 UTC", "77", "octo/demo", "octo-dev", pushNew("refs/heads/main", shaB, shaA)},
	{"5", "PushEvent", "2025-09-02 03:20:38 UTC", "5", "other/one", "octo-dev", pushNew("refs/heads/main", shaA, shaB)},
	{"", askedType, "2025-09-02 03:00:00 UTC", "0", "", "", `{"ids":[77],"names":[],"part":1,"parts":1}`},
}

func flat(r row) map[string]any {
	return map[string]any{"id": r.id, "type": r.typ, "created_at": r.at, "repo_id": r.repoID, "repo_name": r.repo, "actor_login": r.actor, "payload": r.payload}
}

func asJSON(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// results are the same rows in each of the shapes that exports have.
func results(t testing.TB, rows []row) map[string]string {
	var lines, nested, epoch []string
	var array []any
	var table bytes.Buffer
	w := csv.NewWriter(&table)
	if err := w.Write([]string{"id", "type", "created_at", "repo.id", "repo_name", "actor_login", "payload"}); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		lines, array = append(lines, asJSON(t, flat(r))), append(array, flat(r))
		repo := map[string]any{"id": json.RawMessage(r.repoID), "name": r.repo, "url": "u"}
		nested = append(nested, asJSON(t, map[string]any{"id": r.id, "type": r.typ, "public": true, "created_at": strings.Replace(strings.TrimSuffix(r.at, " UTC"), " ", "T", 1) + "Z",
			"repo": repo, "actor": map[string]any{"id": 5, "login": r.actor}, "org": nil, "other": "{}", "payload": json.RawMessage(r.payload)}))
		at, err := warehouseTime(r.at)
		if err != nil {
			t.Fatal(err)
		}
		f := flat(r)
		f["created_at"] = fmt.Sprintf("%.9E", float64(at.Unix()))
		epoch = append(epoch, asJSON(t, f))
		if err := w.Write([]string{r.id, r.typ, r.at, r.repoID, r.repo, r.actor, r.payload}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	pretty, err := json.MarshalIndent(array, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"lines": strings.Join(lines, "\n"), "nested": strings.Join(nested, "\n") + "\n", "epoch": strings.Join(epoch, "\n"),
		"array": asJSON(t, array), "pretty array": string(pretty), "CSV": table.String(), "CSV with mark": "\ufeff" + table.String()}
}

func TestWarehouse(t *testing.T) {
	var first []string
	for name, text := range results(t, resultRows) {
		t.Run(name, func(t *testing.T) {
			got := collect(t, Config{}, write(t, t.TempDir(), "bq-results.json", []byte(text)))
			if want := []string{"2025-09-02-3 present", "2025-09-02-4 absent", "2025-09-02-5 present", "2025-09-02-9 truncated"}; !slices.Equal(got.states(), want) {
				t.Errorf("states %v", got.states())
			}
			if h := got.hours[0]; h.Archive != "bigquery" || h.Events != 1000 || h.Pushes != 600 || len(h.Digest) != 64 || h.Bytes != int64(len(text)) {
				t.Errorf("hour %+v", h)
			}
			if d := got.hours[3].Detail; !strings.HasPrefix(d, "coverage unknown") {
				t.Errorf("detail %q", d)
			}
			var ids []string
			for _, u := range got.updates() {
				ids = append(ids, u.ID()+" "+string(u.Kind)+" "+u.Actor)
			}
			if first == nil {
				first = ids
			}
			if len(ids) != 3 || !reflect.DeepEqual(ids, first) {
				t.Errorf("updates %v", got.updates())
			}
			if g := got.gaps(); len(g) != 1 || g[0].Kind != evidence.GapRenamed || g[0].Unit != "archive/2025-09-02-5" {
				t.Errorf("gaps %v", g)
			}
			if o := got.obs[0]; o.Sources[0].Target != "bigquery 2025-09-02-3" || !bytes.Contains(o.Sources[0].Body, []byte(shaA)) {
				t.Errorf("source %s %s", o.Sources[0].Target, o.Sources[0].Body)
			}
		})
	}
}

// The same event from an hour file and from the warehouse is one fact.
func TestWarehouseAgreesWithFiles(t *testing.T) {
	file := oneHour(t, Config{}, sample{Payload: pushOld("refs/heads/main", shaA, shaB, "x")}.line()).updates()
	result := collect(t, Config{}, write(t, t.TempDir(), "x.json", []byte(results(t, resultRows[:1])["lines"]))).updates()
	if len(file) != 1 || len(result) != 1 || file[0].ID() != result[0].ID() {
		t.Errorf("file %v, warehouse %v", file, result)
	}
}

// A stored record can be read as the table that it was.
func TestWarehouseKeepsCSV(t *testing.T) {
	got := collect(t, Config{}, write(t, t.TempDir(), "x.csv", []byte(results(t, resultRows)["CSV"])))
	rows, err := csv.NewReader(bytes.NewReader(got.obs[0].Sources[0].Body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "id" || rows[1][6] != resultRows[0].payload {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestWarehouseDoubts(t *testing.T) {
	all := results(t, resultRows)
	other := strings.ReplaceAll(all["lines"], `\"ids\":[77]`, `\"ids\":[78]`)
	for name, c := range map[string]struct{ text, detail string }{
		"bad row":       {all["lines"] + "\n" + `{"id":"9","type":"PushEvent","repo_name":"octo/demo","created_at":"soon"}`, "1 of 8 rows"},
		"no JSON":       {all["lines"] + "\n{", "1 of 8 rows"},
		"bad repo id":   {all["lines"] + "\n" + `{"id":"9","type":"PushEvent","repo_id":"x","repo_name":"octo/demo","created_at":1756783238}`, "1 of 8 rows"},
		"bad count":     {strings.Replace(all["lines"], `\"events\":900`, `\"events\":9`, 1), "1 of 7 rows"},
		"cut array":     {all["array"][:len(all["array"])-1], "ends early"},
		"cut in a row":  {all["array"][:len(all["array"])-20], "ends early"},
		"cut CSV":       {all["CSV"][:len(all["CSV"])-3], "ends early"},
		"another asked": {other, "does not say which repositories"},
		"a long row":    {all["lines"] + "\n{" + strings.Repeat(" ", maxLine) + "}", "longer than"},
	} {
		got := &emitted{}
		if err := ReadWarehouse(context.Background(), Config{Repositories: demo(), Now: func() time.Time { return now }}, "file:///x", strings.NewReader(c.text), got.take); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, h := range got.hours {
			if h.State == evidence.HourPresent || (h.State == evidence.HourTruncated && h.Hour.Hour() == 3 && !strings.Contains(h.Detail, c.detail)) {
				t.Errorf("%s: %+v", name, h)
			}
		}
		if len(got.updates()) < 2 {
			t.Errorf("%s: %d updates", name, len(got.updates()))
		}
	}
	err := ReadWarehouse(context.Background(), Config{Now: func() time.Time { return now }}, "file:///x", strings.NewReader("type,payload\nx,y\n"), (&emitted{}).take)
	if err == nil || !strings.Contains(err.Error(), "no column") {
		t.Errorf("a table without the columns: %v", err)
	}
}

// A result covers the repositories that its queries asked for, and no others: an hour without events says nothing of those.
func TestWarehouseCoversWhatWasAskedFor(t *testing.T) {
	targets := []Target{{Repository: "Octo/Demo", GitHubID: 77}, {Repository: "octo/Named", Aliases: []evidence.Repository{"octo/was"}}, {Repository: "octo/later", GitHubID: 79}}
	result := func(parts ...asked) string {
		var rows []string
		for _, a := range parts {
			said := flat(row{"", askedType, "2025-09-02 03:00:00 UTC", "0", "", "", asJSON(t, a)})
			count := fmt.Sprintf(`{"hour":"2025-09-02T03:00:00Z","events":10,"pushes":6,"asked":%q}`, a.digest())
			rows = append(rows, asJSON(t, flat(row{"", coverageType, "2025-09-02 03:00:00 UTC", "0", "", "", count})), asJSON(t, said))
		}
		return strings.Join(rows, "\n")
	}
	byID, byName, half := asked{IDs: []int64{77}}, asked{Names: []string{"octo/named", "octo/was"}}, asked{Names: []string{"octo/named"}}
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"by id": {result(byID), "[Octo/Demo]"}, "by name": {result(byName), "[octo/Named]"}, "by one of two names": {result(half), "[]"},
		"two parts in one file": {result(byName, byID), "[Octo/Demo octo/Named]"},
		"all":                   {result(asked{IDs: []int64{77, 79}, Names: []string{"octo/named", "octo/was"}}), "[Octo/Demo octo/Named octo/later]"},
	} {
		scopes := map[string][]evidence.Repository{}
		cfg := Config{Repositories: targets, Scoped: func(scope string, repos []evidence.Repository) error {
			scopes[scope] = repos
			return nil
		}}
		got := collect(t, cfg, write(t, t.TempDir(), "x.json", []byte(c.text)))
		if len(got.hours) != 1 || got.hours[0].State != evidence.HourPresent || fmt.Sprint(scopes[got.hours[0].Scope]) != c.want {
			t.Errorf("%s: hours %+v of scopes %v", name, got.hours, scopes)
		}
	}
	if q := BigQuery(targets, at(2025, 9, 2, 3), at(2025, 9, 2, 4)); len(q) != 1 || !strings.Contains(q[0], selections(targets)[0].digest()) ||
		!strings.Contains(q[0], "ARRAY<INT64>[77, 79] AS ids, ARRAY<STRING>['octo/named', 'octo/was'] AS names") {
		t.Errorf("the query: %s", q)
	}
}

// More rows than are held at a time come in several portions, none lost, the hour the same fact each time.
func TestLargeResult(t *testing.T) {
	one := flat(resultRows[0])
	one["payload"] = pushOld("refs/heads/main", shaA, shaB, strings.Repeat("x", 1<<20))
	text := asJSON(t, one)
	var rows strings.Builder
	for i := range 20 {
		rows.WriteString(strings.Replace(text, `"id":"1"`, fmt.Sprintf(`"id":"%d"`, i+1), 1) + "\n")
	}
	got := collect(t, Config{}, write(t, t.TempDir(), "x.json", []byte(rows.String())))
	if len(got.updates()) != 20 || len(got.hours) != 2 || got.hours[0].ID() != got.hours[1].ID() {
		t.Errorf("%d updates, hours %v", len(got.updates()), got.states())
	}
}

func TestWarehouseTimes(t *testing.T) {
	for _, s := range []string{"2025-09-02 03:20:38 UTC", "2025-09-02 03:20:38.000000 UTC", "2025-09-02T03:20:38Z", "2025-09-02 03:20:38", "2025-09-02 03:20:38+00:00",
		"2025-09-02T05:20:38+02:00", "2025-09-02T03:20:38", "1756783238", "1.756783238E9", "1756783238000", "1756783238000000"} {
		if got, err := warehouseTime(s); err != nil || !got.Equal(eventTime) {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "now", "-1", "NaN", "Inf", "1e300", "20250902", "0001-01-01T00:00:00Z"} {
		if got, err := warehouseTime(s); err == nil && s != "20250902" {
			t.Errorf("%q: %s", s, got)
		}
	}
}

func TestBigQuery(t *testing.T) {
	queries := BigQuery([]Target{{Repository: "Octo/Demo", GitHubID: 77}, {Repository: "Octo/Other", Aliases: []evidence.Repository{"octo/former"}}, {Repository: "octo/other"}},
		at(2025, 9, 2, 3).Add(20*time.Minute), at(2025, 9, 2, 20))
	if len(queries) != 1 {
		t.Fatalf("%d queries", len(queries))
	}
	for _, want := range []string{"`githubarchive.day.2*`", "_TABLE_SUFFIX BETWEEN '0250902' AND '0250903'", "repo.id IN (77)", "OR LOWER(repo.name) IN ('octo/former', 'octo/other')",
		"'PushEvent', 'CreateEvent', 'DeleteEvent', 'PublicEvent', 'ForkEvent', 'MemberEvent', 'ReleaseEvent'", "'PentimentoHour'", "1 AS part, 1 AS parts",
		"created_at >= TIMESTAMP '2025-09-02T03:00:00Z' AND created_at < TIMESTAMP '2025-09-02T20:00:00Z'", "'%Y-%m-%dT%H:00:00Z'"} {
		if !strings.Contains(queries[0], want) {
			t.Errorf("no %q in\n%s", want, queries[0])
		}
	}
	if strings.Contains(queries[0], "octo/demo") {
		t.Error("a repository with an id is asked for by name too")
	}
	if got := BigQuery(nil, now, now); got != nil {
		t.Errorf("no repository: %v", got)
	}
}

// Whatever a name holds, it stays inside its literal.
func TestBigQueryCannotBeInjected(t *testing.T) {
	literals := regexp.MustCompile(`'(?:[A-Za-z0-9_./%: -]|\\U[0-9a-f]{8}|\\ufffd)*'`)
	shape := func(name string) string {
		q := BigQuery([]Target{{Repository: evidence.Repository(name)}}, now, now)
		return literals.ReplaceAllString(strings.Join(q, ""), "''")
	}
	want := shape("octo/demo")
	for _, name := range []string{`x') OR 1=1 --`, `x\`, `x\'`, "x\n'", "x\x00", "x\xff'", "x\u2019'", `'; DROP TABLE day; --`, "x`", "%s%d"} {
		if got := shape(name); got != want {
			t.Errorf("%q: the query is\n%s", name, got)
		}
	}
}

func TestBigQueryInParts(t *testing.T) {
	var targets []Target
	for i := range 30_000 {
		targets = append(targets, Target{Repository: evidence.Repository(fmt.Sprintf("octo/%s%d", strings.Repeat("n", 60), i))})
	}
	queries := BigQuery(targets, at(2025, 9, 2, 0), at(2025, 9, 3, 0))
	names := 0
	for i, q := range queries {
		if len(q) > 1_000_000 || !strings.Contains(q, fmt.Sprintf("%d AS part, %d AS parts", i+1, len(queries))) {
			t.Errorf("part %d has %d bytes", i+1, len(q))
		}
		names += strings.Count(q, "'octo/") // twice each: to select, and to say so
	}
	if len(queries) < 3 || names != 60_000 {
		t.Errorf("%d queries, %d names", len(queries), names)
	}
}

func FuzzWarehouse(f *testing.F) {
	for _, text := range results(f, resultRows) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := &emitted{}
		err := ReadWarehouse(context.Background(), Config{Repositories: demo(), Now: func() time.Time { return now }}, "file:///x", bytes.NewReader(b), got.take)
		if err != nil && len(got.hours) > 0 {
			t.Fatalf("%v after %d hours", err, len(got.hours))
		}
		for _, u := range got.updates() {
			if !strings.HasPrefix(string(u.Ref), "refs/") || u.At.IsZero() || u.ExternalID == "" || strings.ContainsRune(u.ExternalID, 0) {
				t.Fatalf("update %+v", u)
			}
		}
	})
}
