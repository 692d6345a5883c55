package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// The same repository on two days. Between them somebody pushes, erases by force, starts an old run again, and a run ends.
var (
	firstDay  = time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC)
	secondDay = time.Date(2025, 9, 12, 12, 0, 0, 0, time.UTC)
)

const twoDaysRepository = "harbor-lamp/quayside"

// twoDays writes the recipe as of a day.
func twoDays(t *testing.T, now time.Time) *drill.Recipe {
	t.Helper()
	second := now.Equal(secondDay)
	var b strings.Builder
	fmt.Fprintf(&b, `now %s
cap activity 3
cap events 20
cap runs 2
actor nadia-quill id=900101 name="Nadia Quill" email=nadia@mail.example.invalid zone=+0200
repository %s id=700101 default=main created=2024-03-01T09:00:00Z
`, now.Format(time.RFC3339), twoDaysRepository)
	for i := range 12 {
		at := time.Date(2025, 4, 1+8*i, 9, 0, 0, 0, time.UTC)
		fmt.Fprintf(&b, "at %s\ncommit work%d on main by nadia-quill \"Work %d\"\n  file work.py\n    | UNIT = %d\n", at.Format(time.RFC3339), i, i, i)
		if i == 0 {
			b.WriteString("  file .github/workflows/ci.yml\n    | on: push\n    | jobs:\n    |   test:\n    |     runs-on: ubuntu-latest\n    |     steps:\n    |       - run: make\n")
		}
		fmt.Fprintf(&b, "push main by nadia-quill\nrun %d of ci.yml name=CI event=push head=work%d branch=main by nadia-quill conclusion=success ended=+40s\n", 8000+i, i)
	}
	fmt.Fprintf(&b, `at 2025-08-20T09:00:00Z
run 8020 of ci.yml name=CI event=workflow_dispatch head=work11 branch=main by nadia-quill conclusion=failure ended=+40s
%s
at 2025-08-30T09:00:00Z
commit vanished on tmp from work11 by nadia-quill "wip"
  file scratch.txt
    | x
push tmp by nadia-quill
at +5s
commit kept on tmp by nadia-quill "more"
  file scratch.txt
    | y
push tmp by nadia-quill
at +30s
delete branch tmp by nadia-quill
object-gone vanished
git-gone kept
at 2025-09-03T11:59:00Z
commit plant on main by nadia-quill "Add Github Actions Security workflow" no-newline
  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN host=bold-gull.example.invalid
push main by nadia-quill
run 8030 of github_actions_security.yml name="Github Actions Security" event=push head=plant branch=main by nadia-quill %s
`, pick(second, "attempt 2 by nadia-quill conclusion=success started=+400h ended=+401h", ""),
		pick(second, "conclusion=success started=+2s ended=+4m\n  job send-secrets conclusion=success started=+6s ended=+4m", "conclusion= status=in_progress started=+2s\n  job send-secrets status=in_progress conclusion= started=+6s"))
	if second {
		b.WriteString(`at 2025-09-10T08:00:00Z
commit again on main by nadia-quill "Update Github Actions Security workflow"
  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN,NPM_TOKEN host=bold-gull.example.invalid
push main by nadia-quill
run 8040 of github_actions_security.yml name="Github Actions Security" event=push head=again branch=main by nadia-quill conclusion=success started=+2s ended=+14s
  job send-secrets conclusion=success started=+6s ended=+13s
at +1h
force-push main to work11 by nadia-quill
ends main work11
`)
	} else {
		b.WriteString("ends main plant\n")
	}
	r, err := drill.Parse("two days", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func pick(second bool, yes, no string) string {
	if second {
		return yes
	}
	return no
}

// on runs the program in this process with a clock of its own.
func on(t *testing.T, path string, clock func() time.Time, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: clock,
		sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	if code := p.run(t.Context(), append([]string{"--case", path}, args...)); code != exitDone {
		t.Fatalf("pentimento %s: exit %d: %s", strings.Join(args, " "), code, &errs)
	}
	return out.String(), errs.String()
}

// caseOn makes a case at a time without --now.
func caseOn(t *testing.T, clock func() time.Time) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.db")
	on(t, path, clock, "init", "--campaign", "ghostaction")
	on(t, path, clock, "add", twoDaysRepository)
	return path
}

func serve(t *testing.T, r *drill.Recipe) *drill.Server {
	t.Helper()
	s, err := drill.Start(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// calls counts what was asked of the API, but for what lies under a path.
func calls(s *drill.Server, but string) (n int) {
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Target, "/api/") && (but == "" || !strings.HasPrefix(r.Target, but)) {
			n++
		}
	}
	return n
}

// coverage of an origin, latest end first.
func covered(t *testing.T, path string, origin evidence.Origin) (evidence.Coverage, casefile.Listing) {
	t.Helper()
	c, err := casefile.OpenRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v, ok, err := c.Covered(t.Context(), twoDaysRepository, origin)
	if err != nil || !ok {
		t.Fatalf("%s is covered: %t, %v", origin, ok, err)
	}
	l, err := c.Listing(t.Context(), twoDaysRepository)
	if err != nil {
		t.Fatal(err)
	}
	return v, l
}

// TestRefresh: what a refresh adds makes the same answers as a whole collection of that day would, for far fewer calls.
func TestRefresh(t *testing.T) {
	at := func(day time.Time) func() time.Time { return func() time.Time { return day } }
	early, late := serve(t, twoDays(t, firstDay)), serve(t, twoDays(t, secondDay))
	old, fresh := caseOn(t, at(firstDay)), caseOn(t, at(secondDay))
	on(t, old, at(firstDay), "collect", "--host", early.URL())
	on(t, fresh, at(secondDay), "collect", "--host", late.URL())
	const accounts = "/api/v3/users/" // what somebody did is asked for anew each time
	whole := calls(late, accounts)
	on(t, old, at(secondDay), "collect", "--host", late.URL(), "--refresh")
	news := calls(late, accounts) - whole
	if news*2 > whole {
		t.Errorf("the refresh took %d calls, the whole collection %d", news, whole)
	}
	t.Logf("%d calls to collect all, %d to refresh", whole, news)
	for _, c := range []struct {
		path  string
		clock func() time.Time
	}{{old, at(secondDay)}, {fresh, at(secondDay)}} {
		on(t, c.path, c.clock, "--quiet", "analyze")
	}
	for _, name := range []string{"repos", "findings", "commits", "presence", "runs", "windows", "gaps"} {
		got, want := string(command(t, old, name, "--json")), string(command(t, fresh, name, "--json"))
		if got != want {
			t.Errorf("%s differs after a refresh: %s\nwant: %s", name, got, want)
		}
	}
	for _, origin := range []evidence.Origin{evidence.OriginActivity, evidence.OriginEvents, evidence.OriginRuns} {
		got, _ := covered(t, old, origin)
		want, _ := covered(t, fresh, origin)
		if !got.To.Equal(want.To) || got.From.After(want.From) || !got.Oldest.Equal(want.Oldest) && origin == evidence.OriginActivity {
			t.Errorf("%s is covered %+v, want at least %+v", origin, got, want)
		}
	}
}

// TestCatchUp: a listing of refs that came after the activity lies within what the activity covers in the end, and where a malicious file
// stands on a ref, within what the runs do.
func TestCatchUp(t *testing.T) {
	now := firstDay
	ticking := func() time.Time { now = now.Add(time.Second); return now }
	s := serve(t, twoDays(t, firstDay))
	path := caseOn(t, ticking)
	on(t, path, ticking, "collect", "--host", s.URL(), "--concurrency", "1")
	for _, origin := range []evidence.Origin{evidence.OriginActivity, evidence.OriginRuns} {
		v, listing := covered(t, path, origin)
		if v.To.Before(listing.At) || origin == evidence.OriginActivity && !v.From.IsZero() {
			t.Errorf("%s is covered from %s to %s, the refs were listed at %s", origin, v.From, v.To, listing.At)
		}
	}
}

// TestBudget: runs with few calls each come to the same case as one that has all it needs, and say in between what waits.
func TestBudget(t *testing.T) {
	at := func() time.Time { return secondDay }
	s := serve(t, twoDays(t, secondDay))
	want := caseOn(t, at)
	on(t, want, at, "collect", "--host", s.URL())
	path := caseOn(t, at)
	const most = 9 // the longest list has seven pages
	waited, said := 0, ""
	for {
		before := calls(s, "")
		_, said = on(t, path, at, "collect", "--host", s.URL(), "--max-calls", fmt.Sprint(most))
		if made := calls(s, "") - before; made > most {
			t.Fatalf("%d calls with --max-calls %d", made, most)
		}
		if !strings.Contains(said, "wait for API calls") {
			break
		}
		if waited++; waited > 20 {
			t.Fatalf("no end is in sight: %s", said)
		}
		if out, _ := on(t, path, at, "gaps", "--json"); !strings.Contains(out, `"kind": "budget"`) || !strings.Contains(out, "the 9 API calls allowed for this run are spent") {
			t.Fatalf("no gap says what waits: %s", out)
		}
	}
	if waited < 2 || !strings.Contains(said, "going on with the interrupted collection\n") {
		t.Errorf("waited %d times; the last run says %s", waited, said)
	}
	for _, p := range []string{want, path} {
		on(t, p, at, "--quiet", "analyze")
	}
	for _, name := range []string{"repos", "commits", "presence", "runs", "windows", "gaps"} {
		if got, want := string(command(t, path, name, "--json")), string(command(t, want, name, "--json")); got != want {
			t.Errorf("%s differs: %s\nwant: %s", name, got, want)
		}
	}
}

// A list that is caught up with few calls waits like any other, and not for ever.
func TestBudgetWithCatchUp(t *testing.T) {
	now := secondDay
	ticking := func() time.Time { now = now.Add(time.Second); return now }
	s := serve(t, twoDays(t, secondDay))
	path := caseOn(t, ticking)
	for n := 1; ; n++ {
		_, said := on(t, path, ticking, "collect", "--host", s.URL(), "--max-calls", "9", "--concurrency", "1")
		if !strings.Contains(said, "wait for API calls") {
			break
		}
		if n == 20 {
			t.Fatalf("no end is in sight: %s", said)
		}
	}
	if v, listing := covered(t, path, evidence.OriginActivity); v.To.Before(listing.At) {
		t.Errorf("activity is covered to %s, the refs were listed at %s", v.To, listing.At)
	}
}

// A bound for each repository leaves the others theirs.
func TestBudgetOfEachRepository(t *testing.T) {
	at := func() time.Time { return secondDay }
	s := serve(t, twoDays(t, secondDay))
	path := caseOn(t, at)
	on(t, path, at, "add", "harbor-lamp/absent")
	_, said := on(t, path, at, "collect", "--host", s.URL(), "--max-calls-per-repository", "2")
	if !strings.Contains(said, "1 of 2 repositories wait for API calls, 3 were made") {
		t.Errorf("says %s", said)
	}
	if out, _ := on(t, path, at, "gaps", "--json"); !strings.Contains(out, "the 2 API calls allowed for "+twoDaysRepository+" are spent") {
		t.Errorf("gaps: %s", out)
	}
}

// A collection that is taken up after days says how old what it holds is.
func TestResumedAfterDays(t *testing.T) {
	s := serve(t, twoDays(t, secondDay))
	path := caseOn(t, func() time.Time { return secondDay })
	on(t, path, func() time.Time { return secondDay }, "collect", "--host", s.URL(), "--max-calls", "3")
	_, said := on(t, path, func() time.Time { return secondDay.Add(5 * 24 * time.Hour) }, "collect", "--host", s.URL())
	if !strings.Contains(said, "its oldest answer is of 2025-09-12T12:00:00Z, 5 days ago") || !strings.Contains(said, "collect --refresh") {
		t.Errorf("says %s", said)
	}
}

// TestRefreshInterrupted: a refresh that is stopped at any request and run again comes to the same answers.
func TestRefreshInterrupted(t *testing.T) {
	at := func(day time.Time) func() time.Time { return func() time.Time { return day } }
	early, late := serve(t, twoDays(t, firstDay)), serve(t, twoDays(t, secondDay))
	base := caseOn(t, at(firstDay))
	on(t, base, at(firstDay), "collect", "--host", early.URL())
	body, err := os.ReadFile(base)
	if err != nil {
		t.Fatal(err)
	}
	refresh := []string{"collect", "--host", late.URL(), "--refresh", "--concurrency", "1"}
	fresh := func() string {
		path := filepath.Join(t.TempDir(), "case.db")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	answers := func(path string) (out []string) {
		on(t, path, at(secondDay), "--quiet", "analyze")
		for _, name := range []string{"repos", "commits", "presence", "runs", "windows", "gaps"} {
			out = append(out, string(command(t, path, name, "--json")))
		}
		return out
	}
	calm := fresh()
	on(t, calm, at(secondDay), refresh...)
	requests, want := len(late.Requests()), answers(calm)
	for n := 1; n <= requests; n++ {
		path := fresh()
		ctx, cancel := context.WithCancel(t.Context())
		before := len(late.Requests())
		late.OnRequest(func(at int, _ *http.Request) {
			if at == before+n {
				cancel()
			}
		})
		p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }, clock: at(secondDay)}
		if code := p.run(ctx, append([]string{"--case", path}, refresh...)); code != exitInterrupted {
			t.Fatalf("stopped at request %d: exit %d", n, code)
		}
		late.OnRequest(nil)
		if _, said := on(t, path, at(secondDay), refresh...); !strings.HasPrefix(said, "going on with the interrupted collection\n") {
			t.Errorf("stopped at request %d, says %s", n, said)
		}
		if got := answers(path); !slices.Equal(got, want) {
			t.Errorf("stopped at request %d: %s\nwant %s", n, got, want)
		}
	}
}

// TestRefreshAsksAgainWhatFailed: a list that a server failed to give is not taken for one that was had.
func TestRefreshAsksAgainWhatFailed(t *testing.T) {
	at := func() time.Time { return secondDay }
	s := serve(t, twoDays(t, secondDay))
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	healthy, forward := atomic.Bool{}, httputil.NewSingleHostReverseProxy(u)
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/activity") && !healthy.Load() {
			http.Error(w, "this is the bad hour", http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, q)
	}))
	defer failing.Close()
	path, want := caseOn(t, at), caseOn(t, at)
	on(t, want, at, "collect", "--host", s.URL())
	on(t, path, at, "collect", "--host", failing.URL)
	if out, _ := on(t, path, at, "gaps", "--json"); !strings.Contains(out, `"kind": "server-error"`) {
		t.Fatalf("the failure is no gap: %s", out)
	}
	if out, _ := on(t, path, at, "status"); !regexp.MustCompile(`(?m)^activity +0 +0 +1 `).MatchString(out) {
		t.Errorf("status does not count the failure: %s", out)
	}
	healthy.Store(true)
	on(t, path, at, "collect", "--host", failing.URL, "--refresh")
	for _, p := range []string{path, want} {
		on(t, p, at, "--quiet", "analyze")
	}
	for _, name := range []string{"repos", "commits", "presence", "runs", "windows", "gaps"} {
		if got, want := string(command(t, path, name, "--json")), string(command(t, want, name, "--json")); got != want {
			t.Errorf("%s differs: %s\nwant: %s", name, got, want)
		}
	}
}
