package ghapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// suite is a check suite of commit after, pushed to a branch; null fields are given as nil.
func suite(id int, branch, before, after any, at time.Time, change ...object) object {
	o := object{"id": id, "head_branch": branch, "head_sha": hexID(2), "before": before, "after": after, "created_at": stampOf(at),
		"app": object{"slug": "github-actions"}, "pull_requests": []any{}, "repository": object{"id": 7}}
	for _, c := range change {
		maps.Copy(o, c)
	}
	return o
}

func suitesOf(rows ...object) http.HandlerFunc {
	return sayJSON(object{"total_count": len(rows), "check_suites": rows})
}

func collectSuites(t *testing.T, f *fake, wants []Want, change ...func(*Config)) *told {
	t.Helper()
	c := f.collector(t, change...)
	c.learn(repo, 7)
	var g told
	if err := c.CheckSuites(context.Background(), repo, wants, map[string]bool{"v1": true}, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitCheckSuites)
	return &g
}

const suites2 = "/repos/acme/tool/commits/0000000000000000000000000000000000000002/check-suites"

func TestCheckSuites(t *testing.T) {
	at := now.Add(-time.Hour)
	head := func(id int) object { return object{"ref": "side", "sha": hexID(2), "repo": object{"id": id}} }
	pulls := func(heads ...int) object {
		var rows []object
		for _, id := range heads {
			rows = append(rows, object{"head": head(id), "base": object{"repo": object{"id": 7}}})
		}
		return object{"pull_requests": rows}
	}
	for name, c := range map[string]struct {
		rows []object
		want []string
		gaps []string
	}{
		"one push, many apps": {rows: []object{suite(5, "main", hexID(1), hexID(2), at.Add(time.Second)), suite(4, "main", hexID(1), hexID(2), at),
			suite(3, "main", hexID(1), hexID(2), at)}, want: []string{"3 push refs/heads/main 1..2 by " + stampOf(at) + " "}},
		"a new branch": {rows: []object{suite(1, "side", hexID(0), hexID(2), at)},
			want: []string{"1 branch_creation refs/heads/side 0..2 by " + stampOf(at) + " "}},
		"two branches": {rows: []object{suite(1, "side", hexID(0), hexID(2), at), suite(2, "main", hexID(1), hexID(2), at)},
			want: []string{"1 branch_creation refs/heads/side 0..2 by " + stampOf(at) + " ", "2 push refs/heads/main 1..2 by " + stampOf(at) + " "}},
		"a push to a fork":            {rows: []object{suite(1, nil, nil, hexID(2), at)}},
		"asked for by an app":         {rows: []object{suite(1, "main", nil, nil, at)}},
		"a schedule":                  {rows: []object{suite(1, "main", hexID(2), hexID(2), at)}},
		"a push that ends elsewhere":  {rows: []object{suite(1, "main", hexID(1), hexID(3), at)}},
		"no time":                     {rows: []object{suite(1, "main", hexID(1), hexID(2), at, object{"created_at": nil})}},
		"a fork's pull request":       {rows: []object{suite(1, "side", hexID(1), hexID(2), at, pulls(8))}},
		"a pull request of this one":  {rows: []object{suite(1, "side", hexID(1), hexID(2), at, pulls(8, 7))}, want: []string{"1 push refs/heads/side 1..2 by " + stampOf(at) + " "}},
		"the name of a tag":           {rows: []object{suite(1, "v1", hexID(1), hexID(2), at)}, gaps: []string{"unplaced: " + suites2 + "?per_page=100"}},
		"a suite of another commit":   {rows: []object{suite(1, "main", hexID(1), hexID(2), at, object{"head_sha": hexID(9)})}, gaps: []string{"refused: " + suites2 + "?per_page=100"}},
		"of another repository":       {rows: []object{suite(1, "main", hexID(1), hexID(2), at, object{"repository": object{"id": 9}})}, gaps: []string{"identity: check suites of " + hexID(2)}},
		"no list, whatever one tries": {gaps: []string{"refused: check suites of " + hexID(2)}},
	} {
		t.Run(name, func(t *testing.T) {
			h := suitesOf(c.rows...)
			if c.rows == nil {
				h = say(200, `{"total_count":0}`)
			}
			f := newFake(t, map[string]http.HandlerFunc{suites2: h})
			g := collectSuites(t, f, []Want{{OID: evidence.OID(hexID(2))}})
			same(t, "updates", g.moves(), c.want)
			same(t, "gaps", g.gaps(), c.gaps)
			whole := len(c.gaps) == 0 || strings.HasPrefix(c.gaps[0], "unplaced")
			if len(g.Coverage) != 1 || g.Coverage[0].Detail != "commit "+hexID(2) || g.Coverage[0].Complete != whole {
				t.Errorf("coverage %+v", g.Coverage)
			}
		})
	}
}

func TestCheckSuitesInPages(t *testing.T) {
	at := now.Add(-time.Hour)
	f := newFake(t, map[string]http.HandlerFunc{suites2: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", `<?page=2>; rel="next"`)
			sayJSON(object{"total_count": 2, "check_suites": []object{suite(1, "main", hexID(1), hexID(2), at)}})(w, r)
			return
		}
		sayJSON(object{"total_count": 2, "check_suites": []object{suite(2, "main", hexID(1), hexID(2), at.Add(time.Minute))}})(w, r)
	}})
	g := collectSuites(t, f, []Want{{OID: evidence.OID(hexID(2))}})
	if len(g.Updates) != 1 || len(f.asked) != 2 || !g.Coverage[0].Complete {
		t.Errorf("updates %q, asked %q, coverage %+v", g.moves(), f.asked, g.Coverage)
	}
}

// TestNoCheckSuites tells an empty list that says nothing from one that has expired, and a lost commit from a server that denies.
func TestNoCheckSuites(t *testing.T) {
	three := "/repos/acme/tool/commits/" + hexID(3) + "/check-suites"
	f := newFake(t, map[string]http.HandlerFunc{suites2: suitesOf([]object{}...), three: say(422, `{"message":"No commit found for SHA"}`)})
	f.routes[suites2] = say(200, `{"total_count":0,"check_suites":[]}`)
	old, fresh := now.Add(-RunRetention-time.Hour), now.Add(-RunRetention+time.Hour)
	g := collectSuites(t, f, []Want{{OID: evidence.OID(hexID(2)), At: old}, {OID: evidence.OID(hexID(2)), At: fresh}, {OID: evidence.OID(hexID(2))},
		{OID: evidence.OID(hexID(3))}})
	same(t, "gaps", g.gaps(), []string{"object-missing: check suites of " + hexID(3), "expired: check suites of " + hexID(2)})
	var complete []bool
	for _, c := range g.Coverage {
		complete = append(complete, c.Complete)
	}
	if fmt.Sprint(complete) != "[false true true false]" {
		t.Errorf("coverage %+v", g.Coverage)
	}

	f.routes[suites2] = say(403, `{"message":"Resource not accessible by personal access token"}`)
	g = collectSuites(t, f, []Want{{OID: evidence.OID(hexID(2))}, {OID: evidence.OID(hexID(3))}})
	same(t, "gaps", g.gaps(), []string{"forbidden: check suites of " + hexID(2), "forbidden: check suites of further commits"})
}
