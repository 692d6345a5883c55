package drill

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// world is a recipe with every state of a repository and every loss, small enough to be read beside the tests.
const world = `now 2025-11-26T12:00:00Z
cap activity 2
cap runs 2
cap search 3
actor ada id=1 name="Ada" email=ada@mail.example.invalid
actor github-actions[bot] id=2 name="bot" email=bot@mail.example.invalid

repository owner/whole id=101 default=main created=2024-01-01T00:00:00Z
lag activity=1s events=4s
keep events at-most 4
at 2025-11-01T10:00:00Z
commit a on main by ada "first"
  file README.md
    | hello
  file dir/deep/file.txt
    | deep
push main by ada
at +1m
commit b on main by ada "second" no-newline
  append README.md
    | more
push main by ada
at +1m
commit c on side from a by ada "side"
  file side.txt
    | s
push side by ada
pull 1 head=side
at +1m
merge m "Merge pull request #1" on main with c by ada
push main merging 1 by ada
run 11 of ci.yml event=push head=m branch=main by ada conclusion=success ended=+9s
  job one runner=r1 conclusion=success ended=+9s
    step "Set up job" conclusion=success ended=+1s
    step "Work" conclusion=success started=+1s ended=+9s
  job two conclusion=skipped ended=+1s
at +1m
tag v1 to m by github-actions[bot]
tag v2 to m annotated "two" by ada
at +1m
run 12 event=push head=b branch=main by ada hangs
run 13 of ci.yml event=push head=c branch=side by ada status=queued
at +1m
run 14 event=push head=b branch=main by ada leaks
delete-run 14
run 15 event=push head=b branch=main by ada leaks
lose jobs 15
at +1m
force-push main to b by ada
delete branch side by ada
delete tag v1 by ada
lose activity side#2
ends main b
ends tag/v2 m
ends pull/1 c

repository owner/old id=102 default=main created=2024-01-01T00:00:00Z fork-of owner/whole archived
renamed-to other/new
at 2025-11-01T10:00:00Z
commit a on main by ada "first"
seed main
ends main a

repository owner/gone id=103 default=main created=2024-01-01T00:00:00Z
gone
repository owner/secret id=104 default=main created=2024-01-01T00:00:00Z
private
repository owner/dmca id=105 default=main created=2024-01-01T00:00:00Z
blocked dmca
repository owner/tos id=106 default=main created=2024-01-01T00:00:00Z
blocked tos
repository owner/empty id=107 default=main created=2024-01-01T00:00:00Z
repository owner/silent id=108 default=main created=2024-01-01T00:00:00Z
api none
`

func startWorld(t *testing.T, extra string) *Server {
	t.Helper()
	r, err := Parse("world", []byte(extra+world))
	if err != nil {
		t.Fatal(err)
	}
	return start(t, r)
}

// rows decodes a list, or the list under a key.
func rows(t *testing.T, body, key string) []map[string]any {
	t.Helper()
	raw := json.RawMessage(body)
	if key != "" {
		var doc map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		raw = doc[key]
	}
	var out []map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return out
}

func column(list []map[string]any, key string) string {
	var out []string
	for _, row := range list {
		out = append(out, fmt.Sprint(row[key]))
	}
	return strings.Join(out, " ")
}

// next follows a Link header below the server; empty when there is none.
func next(s *Server, resp *http.Response) string {
	for part := range strings.SplitSeq(resp.Header.Get("Link"), ", ") {
		if address, ok := strings.CutSuffix(part, `>; rel="next"`); ok {
			return strings.TrimPrefix(address, "<"+s.URL())
		}
	}
	return ""
}

// pages walks a list to its end.
func pages(t *testing.T, s *Server, path, key string) (list []map[string]any, n int) {
	t.Helper()
	for path != "" {
		resp, body := get(t, s, path)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, resp.StatusCode, body)
		}
		list = append(list, rows(t, body, key)...)
		if n++; n > 20 {
			t.Fatal("pages without end")
		}
		path = next(s, resp)
	}
	return list, n
}

func TestActivity(t *testing.T) {
	s := startWorld(t, "")
	list, n := pages(t, s, "/api/v3/repos/Owner/WHOLE/activity?per_page=100", "")
	if got, want := column(list, "activity_type"), "force_push pr_merge branch_creation push branch_creation"; got != want || n != 3 {
		t.Errorf("%s on %d pages, want %s", got, n, want)
	}
	if first := list[0]; first["before"] != string(s.OID("owner/whole:m")) || first["after"] != string(s.OID("b")) || first["ref"] != "refs/heads/main" ||
		first["timestamp"] != "2025-11-01T10:07:01Z" {
		t.Errorf("%v", first)
	}
	if resp, _ := get(t, s, "/api/v3/repos/owner/whole/activity?after=7"); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a cursor that is none: %d", resp.StatusCode)
	}
	list, _ = pages(t, s, "/api/v3/repos/owner/whole/activity?activity_type=pr_merge&ref=main", "")
	if len(list) != 1 {
		t.Errorf("filtered: %v", list)
	}
}

func TestEvents(t *testing.T) {
	s := startWorld(t, "")
	list, _ := pages(t, s, "/api/v3/repos/owner/whole/events?per_page=3", "")
	if got, want := column(list, "type"), "DeleteEvent DeleteEvent PushEvent CreateEvent"; got != want {
		t.Errorf("%s, want %s: newest first, four at most", got, want)
	}
	payload, ok := list[2]["payload"].(map[string]any)
	if !ok || len(payload) != 5 || payload["head"] != string(s.OID("b")) || payload["before"] != string(s.OID("m")) || payload["repository_id"] != 101.0 {
		t.Errorf("PushEvent: %v", list[2])
	}
	if list[2]["created_at"] != "2025-11-01T10:07:04Z" {
		t.Errorf("events have a clock of their own: %v", list[2]["created_at"])
	}
}

func TestRuns(t *testing.T) {
	s := startWorld(t, "")
	base := "/api/v3/repos/owner/whole/actions/runs"
	list, n := pages(t, s, base+"?per_page=100", "workflow_runs")
	if got := column(list, "id"); got != "15 13 12 11" || n != 2 {
		t.Errorf("%s on %d pages: newest first, without the deleted one", got, n)
	}
	_, body := get(t, s, base+"?created=2025-11-01T10:00:00Z..2025-11-01T10:05:00Z&per_page=1")
	if found := rows(t, body, "workflow_runs"); !strings.HasPrefix(body, `{"total_count":3,`) || column(found, "id") != "13" {
		t.Errorf("created=a..b: %s", body)
	}
	list, _ = pages(t, s, base+"?created=%3E%3D2025-11-01", "workflow_runs")
	if got := column(list, "id"); got != "15 13 12" {
		t.Errorf("a filtered search ends at its cap: %s", got)
	}
	list, _ = pages(t, s, base+"?head_sha="+string(s.OID("c")), "workflow_runs")
	if got := column(list, "status"); got != "queued" {
		t.Errorf("by head: %s", got)
	}
	jobs, _ := pages(t, s, base+"/11/attempts/1/jobs", "jobs")
	if got := column(jobs, "conclusion"); got != "success skipped" {
		t.Errorf("jobs: %s", got)
	}
	if steps, ok := jobs[0]["steps"].([]any); !ok || len(steps) != 2 {
		t.Errorf("steps: %v", jobs[0]["steps"])
	}
	for path, want := range map[string]int{"/11": 200, "/11/attempts/1": 200, "/11/attempts/2": 404, "/14": 404, "/15": 200, "/15/attempts/1/jobs": 404, "/12/attempts/1/jobs": 200} {
		if resp, body := get(t, s, base+path); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", path, resp.StatusCode, want, body)
		}
	}
}

func TestGitData(t *testing.T) {
	s := startWorld(t, "")
	base := "/api/v3/repos/owner/whole/git"
	_, body := get(t, s, base+"/commits/"+string(s.OID("m")))
	var c gitCommit
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	if c.SHA != s.OID("m") || len(c.Parents) != 2 || c.Parents[1].SHA != s.OID("c") || c.Message != "Merge pull request #1\n" {
		t.Errorf("commit: %s", body)
	}
	_, body = get(t, s, base+"/trees/"+string(c.SHA)+"?recursive=1")
	if got := column(rows(t, body, "tree"), "path"); got != "README.md dir dir/deep dir/deep/file.txt side.txt" {
		t.Errorf("tree: %s", got)
	}
	_, body = get(t, s, base+"/blobs/"+string(s.OID("owner/whole:b:README.md")))
	var b gitBlob
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	if text, err := base64.StdEncoding.DecodeString(b.Content); err != nil || string(text) != "hello\nmore\n" {
		t.Errorf("blob: %q, %v", text, err)
	}
	for path, want := range map[string]int{
		"/repos/owner/whole/git/commits/" + strings.Repeat("1", 40): 404,
		"/repos/owner/whole/git/commits/main":                       422,
		"/repos/owner/whole/git/blobs/" + string(s.OID("b")):        404,
		"/repos/owner/empty/git/commits/" + string(s.OID("b")):      409,
		"/repos/owner/empty":                                        200, "/repos/owner/empty/activity": 200, "/repos/owner/whole/pulls": 404,
	} {
		if resp, body := get(t, s, "/api/v3"+path); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", path, resp.StatusCode, want, body)
		}
	}
}

// TestStates holds what each state of a repository looks like to REST and to git.
func TestStates(t *testing.T) {
	s := startWorld(t, "")
	for _, c := range []struct {
		name           string
		rest, git, key int // status of REST, of git, and of git to somebody with a token
	}{
		{"owner/whole", 200, 200, 200}, {"owner/old", 301, 301, 301}, {"other/new", 200, 200, 200}, {"owner/never", 404, 401, 404},
		{"owner/gone", 404, 401, 404}, {"owner/secret", 404, 401, 404}, {"owner/dmca", 451, 403, 403}, {"owner/tos", 403, 403, 403},
		{"owner/empty", 200, 200, 200}, {"owner/silent", 404, 200, 200},
	} {
		resp, body := get(t, s, "/api/v3/repos/"+c.name)
		if resp.StatusCode != c.rest {
			t.Errorf("REST of %s: %d, want %d: %s", c.name, resp.StatusCode, c.rest, body)
		}
		if reason := c.name[len("owner/"):]; (c.rest == 451 || c.rest == 403) && !strings.Contains(body, `"block":{"reason":"`+reason+`"`) {
			t.Errorf("block of %s: %s", c.name, body)
		}
		refs := "/" + c.name + ".git/info/refs?service=git-upload-pack"
		if resp, body := get(t, s, refs); resp.StatusCode != c.git {
			t.Errorf("git of %s: %d, want %d: %s", c.name, resp.StatusCode, c.git, body)
		}
		if resp, _ := get(t, s, refs, "Authorization", "Basic eDp5"); resp.StatusCode != c.key {
			t.Errorf("git of %s with a token: %d, want %d", c.name, resp.StatusCode, c.key)
		}
	}
	resp, body := get(t, s, "/api/v3/repos/owner/old/activity?per_page=5")
	if got := resp.Header.Get("Location"); got != s.URL()+"/api/v3/repositories/102/activity?per_page=5" || strings.Contains(body, "127.0.0.1") {
		t.Errorf("renamed: %s: %s", got, body)
	}
	if resp, body := get(t, s, "/api/v3/repositories/102"); resp.StatusCode != 200 || !strings.Contains(body, `"full_name":"other/new"`) ||
		!strings.Contains(body, `"parent":{"id":101,`) || !strings.Contains(body, `"archived":true`) {
		t.Errorf("by id: %d: %s", resp.StatusCode, body)
	}
	if out, err := git(t, t.TempDir(), "ls-remote", s.URL()+"/owner/old.git"); err != nil || !strings.Contains(out, string(s.OID("owner/old:a"))) {
		t.Errorf("git follows a rename: %v: %s", err, out)
	}
}

func TestETag(t *testing.T) {
	s := startWorld(t, "")
	resp, _ := get(t, s, "/api/v3/repos/owner/whole/events")
	again, body := get(t, s, "/api/v3/repos/owner/whole/events", "If-None-Match", resp.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("%d: %q", again.StatusCode, body)
	}
}

// TestRateLimit meets a primary and a secondary limit and passes both when they are over.
func TestRateLimit(t *testing.T) {
	var l limiter
	l.limits = []limit{{after: 1, lasts: time.Second}, {after: 2, lasts: time.Minute, secondary: true}}
	t0 := time.Unix(1000, 0)
	for i, c := range []struct {
		after time.Duration
		ok    bool
	}{{0, true}, {0, false}, {999 * time.Millisecond, false}, {time.Second, true}, {time.Second, false}, {30 * time.Second, false}, {61 * time.Second, true}} {
		if ok, _, _ := l.allow(t0.Add(c.after)); ok != c.ok {
			t.Errorf("step %d: %v", i, ok)
		}
	}
	s := startWorld(t, "rate-limit after 1 for 1m\n")
	get(t, s, "/api/v3/repos/owner/whole")
	resp, body := get(t, s, "/api/v3/repos/owner/whole")
	if resp.StatusCode != 403 || resp.Header.Get("X-RateLimit-Remaining") != "0" || !strings.Contains(body, "rate limit exceeded") {
		t.Errorf("primary: %d %v %s", resp.StatusCode, resp.Header, body)
	}
	if resp, body := get(t, s, "/api/v3/rate_limit"); resp.StatusCode != 200 || !strings.Contains(body, `"core":{"limit":5000,"remaining":0`) {
		t.Errorf("asking for the limit is free: %d %s", resp.StatusCode, body)
	}
	s = startWorld(t, "rate-limit after 1 for 1m secondary\n")
	get(t, s, "/api/v3/repos/owner/whole")
	if resp, body := get(t, s, "/api/v3/repos/owner/whole"); resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" ||
		!strings.Contains(body, "#about-secondary-rate-limits") {
		t.Errorf("secondary: %d %v %s", resp.StatusCode, resp.Header, body)
	}
}
