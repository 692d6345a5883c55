package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

func runJSON(id int64, attempt int, at time.Time) string {
	return fmt.Sprintf(`{"id":%d,"run_attempt":%d,"workflow_id":3,"name":"Security","path":".github/workflows/s.yml","event":"push","status":"completed",
		"conclusion":"failure","head_branch":"main","head_sha":%q,"created_at":%q,"run_started_at":%q,"updated_at":%q,"actor":{"login":"dev"},
		"triggering_actor":{"login":"again"},"repository":{"id":7},"head_repository":{"id":9,"full_name":"fork/tool"},"pull_requests":"odd"}`,
		id, attempt, hexID(1), stampOf(at), stampOf(at.Add(time.Minute)), stampOf(at.Add(time.Hour)))
}

// runsOf serves runs created at the given times in GitHub's manner: filtered, newest first, 1,000 at most.
func runsOf(t *testing.T, created []time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, to, ok := strings.Cut(r.URL.Query().Get("created"), "..")
		a, err1 := time.Parse(time.RFC3339, from)
		b, err2 := time.Parse(time.RFC3339, to)
		if !ok || err1 != nil || err2 != nil {
			t.Errorf("created=%q", r.URL.Query().Get("created"))
		}
		var rows []string
		for i, at := range created {
			if !at.Before(a) && !at.After(b) {
				rows = append(rows, runJSON(int64(i+1), 1, at))
			}
		}
		slices.Reverse(rows)
		total := len(rows)
		rows = rows[:min(total, 1000)]
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		n = max(n, 1)
		if n*perPage < len(rows) {
			w.Header().Set("Link", fmt.Sprintf(`<?page=%d>; rel="next"`, n+1))
		}
		rows = rows[min((n-1)*perPage, len(rows)):min(n*perPage, len(rows))]
		say(200, fmt.Sprintf(`{"total_count":%d,"workflow_runs":[%s]}`, total, strings.Join(rows, ",")))(w, r)
	}
}

func TestRuns(t *testing.T) {
	at := now.Add(-time.Hour)
	f := newFake(t, map[string]http.HandlerFunc{
		"/repos/acme/tool/actions/runs":              say(200, fmt.Sprintf(`{"total_count":2,"workflow_runs":[%s,%s]}`, runJSON(5, 3, at), runJSON(4, 1, at))),
		"/repos/acme/tool/actions/runs/5/attempts/2": say(200, runJSON(5, 2, at)),
	})
	var g told
	if err := f.collector(t).Runs(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitRuns)
	same(t, "gaps", g.gaps(), []string{"gone: run 5 attempt 1"})
	var got []string
	for _, r := range g.Runs {
		got = append(got, RunRef{r.RunID, r.Attempt}.String())
	}
	same(t, "runs", got, []string{"run 5 attempt 3", "run 4 attempt 1", "run 5 attempt 2"})
	want := evidence.Run{Repository: repo, RunID: 4, Attempt: 1, WorkflowID: 3, Name: "Security", Path: ".github/workflows/s.yml", Event: "push",
		Status: "completed", Conclusion: "failure", HeadBranch: "main", HeadSHA: evidence.OID(hexID(1)), HeadRepository: "fork/tool", Actor: "dev",
		TriggeringActor: "again", CreatedAt: at, StartedAt: at.Add(time.Minute), UpdatedAt: at.Add(time.Hour)}
	if g.Runs[1] != want {
		t.Errorf("got %+v", g.Runs[1])
	}
	cover := evidence.Coverage{Origin: evidence.OriginRuns, From: now.Add(-RunRetention), To: now, Oldest: at}
	if g.Coverage[0] != cover {
		t.Errorf("coverage %+v: an attempt is missing, and no lower bound was given", g.Coverage[0])
	}
}

func TestRunsAreBisected(t *testing.T) {
	var created []time.Time
	for i := range 2500 {
		created = append(created, now.Add(-20*24*time.Hour+time.Duration(i)*time.Minute))
	}
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/actions/runs": runsOf(t, created)})
	var g told
	c := f.collector(t, func(c *Config) { c.Since, c.Until = now.AddDate(0, 0, -30), now.AddDate(0, 0, 30) })
	if err := c.Runs(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitRuns)
	same(t, "gaps", g.gaps(), nil)
	ids := map[int64]bool{}
	for _, r := range g.Runs {
		ids[r.RunID] = true
	}
	if len(ids) != len(created) {
		t.Errorf("got %d runs of %d", len(ids), len(created))
	}
	want := evidence.Coverage{Origin: evidence.OriginRuns, From: now.AddDate(0, 0, -30), To: now, Complete: true, Oldest: created[0]}
	if g.Coverage[0] != want {
		t.Errorf("coverage %+v", g.Coverage[0])
	}
	if len(f.asked) > 60 {
		t.Errorf("asked %d times for 25 pages", len(f.asked))
	}
}

func TestTooManyRunsInOneSecond(t *testing.T) {
	at := now.Add(-time.Hour)
	created := slices.Repeat([]time.Time{at}, 1200)
	created = append(created, at.Add(time.Second))
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/actions/runs": runsOf(t, created)})
	var g told
	c := f.collector(t, func(c *Config) { c.Since = at.Add(-time.Hour) })
	if err := c.Runs(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), []string{"truncated: runs created at " + stampOf(at)})
	ids := map[int64]bool{}
	for _, r := range g.Runs {
		ids[r.RunID] = true
	}
	if len(ids) != 1001 || g.Coverage[0].Complete {
		t.Errorf("got %d runs, coverage %+v", len(ids), g.Coverage)
	}
}

// TestRunsCountedForEver: a server that counts too many in every window is not asked second by second.
func TestRunsCountedForEver(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/actions/runs": say(200, `{"total_count":5000,"workflow_runs":[]}`)})
	var g told
	if err := f.collector(t).Runs(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	if len(f.asked) > maxRunQueries || g.Coverage[0].Complete {
		t.Errorf("asked %d times", len(f.asked))
	}
}

func TestRunsListedShort(t *testing.T) {
	body := fmt.Sprintf(`{"total_count":3,"workflow_runs":[%s]}`, runJSON(5, 1, now))
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/actions/runs": say(200, body)})
	var g told
	if err := f.collector(t, func(c *Config) { c.Since = now.Add(-time.Hour) }).Runs(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), []string{"truncated: runs created 2025-09-10T11:00:00Z..2025-09-10T12:00:00Z"})
	if g.Coverage[0].Complete {
		t.Error("complete, though the server counts more than it lists")
	}
}

func TestHalvesCoverTheWindow(t *testing.T) {
	for _, seconds := range []int{1, 2, 3, 59, 86400} {
		w := window{now, now.Add(time.Duration(seconds) * time.Second)}
		newer, older := w.halves()
		if older.from != w.from || newer.to != w.to || newer.from != older.to.Add(time.Second) || older.to.Before(older.from) || newer.to.Before(newer.from) {
			t.Errorf("%d s: %v and %v", seconds, newer, older)
		}
	}
}

func jobJSON(id int64, steps string) string {
	return fmt.Sprintf(`{"id":%d,"run_id":5,"run_attempt":2,"name":"send","status":"completed","conclusion":"failure","runner_name":null,
		"started_at":"2025-09-06T00:00:00Z","completed_at":null,"steps":%s}`, id, steps)
}

func TestJobs(t *testing.T) {
	steps := `[{"number":1,"name":"Set up job","status":"completed","conclusion":"success","started_at":"2025-09-06T00:00:01.000Z","completed_at":"2025-09-06T00:00:02Z"}]`
	const below = "/repos/acme/tool/actions/runs/"
	f := newFake(t, map[string]http.HandlerFunc{
		below + "5/attempts/2/jobs": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("page") == "2" {
				say(200, `{"total_count":2,"jobs":[`+jobJSON(12, `[]`)+`]}`)(w, r)
				return
			}
			say(200, `{"total_count":2,"jobs":[`+jobJSON(11, steps)+`]}`, "Link", `<?page=2>; rel="next"`)(w, r)
		},
		below + "6/attempts/1/jobs": say(200, `{"total_count":0,"jobs":[]}`),
		below + "8/attempts/1/jobs": say(200, `{"total_count":1,"jobs":[`+jobJSON(13, `[]`)+`]}`),
		below + "9/attempts/1/jobs": say(200, `{"total_count":4,"jobs":[]}`),
	})
	var g told
	err := f.collector(t).Jobs(context.Background(), repo, []RunRef{{5, 2}, {6, 1}, {7, 1}, {8, 1}, {9, 1}}, g.emit)
	if err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitJobs)
	same(t, "gaps", g.gaps(), []string{"gone: run 7 attempt 1", "refused: /repos/acme/tool/actions/runs/8/attempts/1/jobs?per_page=100",
		"truncated: run 9 attempt 1"})
	if len(g.Jobs) != 2 || g.Jobs[0].JobID != 11 || len(g.Jobs[0].Steps) != 1 || g.Jobs[0].Steps[0].Name != "Set up job" ||
		!g.Jobs[0].CompletedAt.IsZero() || len(g.Jobs[1].Steps) != 0 {
		t.Errorf("jobs %+v", g.Jobs)
	}
	var cover []string
	for _, c := range g.Coverage {
		cover = append(cover, fmt.Sprint(c.Detail, " ", c.Complete))
	}
	same(t, "coverage", cover, []string{"run 5 attempt 2 true", "run 6 attempt 1 true", "run 7 attempt 1 false", "run 8 attempt 1 false",
		"run 9 attempt 1 false"})
}

// TestJobsUnderALimit: every attempt gets its gap, but a limit that outlasts the patience is met once.
func TestJobsUnderALimit(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/actions/runs/5/attempts/1/jobs": say(403, `{}`, "Retry-After", "99999")})
	var g told
	if err := f.collector(t).Jobs(context.Background(), repo, []RunRef{{5, 1}, {6, 1}}, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitJobs)
	same(t, "gaps", g.gaps(), []string{"rate-limit: run 5 attempt 1", "rate-limit: run 6 attempt 1"})
	if len(f.asked) != 1 {
		t.Errorf("asked %q", f.asked)
	}
}

// TestServerDown: one run that the server cannot serve costs the others nothing; a server that fails run after run is left alone.
func TestServerDown(t *testing.T) {
	const below = "/repos/acme/tool/actions/runs/"
	none := say(200, `{"total_count":0,"jobs":[]}`)
	broken := say(502, "bad gateway")
	f := newFake(t, map[string]http.HandlerFunc{below + "1/attempts/1/jobs": broken, below + "2/attempts/1/jobs": none,
		below + "3/attempts/1/jobs": broken, below + "4/attempts/1/jobs": broken, below + "5/attempts/1/jobs": broken, below + "6/attempts/1/jobs": none})
	var refs []RunRef
	for id := range int64(6) {
		refs = append(refs, RunRef{id + 1, 1})
	}
	var g told
	if err := f.collector(t).Jobs(context.Background(), repo, refs, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), []string{"server-error: run 1 attempt 1", "server-error: run 3 attempt 1", "server-error: run 4 attempt 1",
		"server-error: run 5 attempt 1", "server-error: run 6 attempt 1"})
	if len(f.asked) != 4*4+1 {
		t.Errorf("asked %d times", len(f.asked))
	}
}
