package drill

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// witnesses is a recipe in which every witness has something to say.
const witnessWorld = `now 2025-11-26T12:00:00Z
archive noise 6
archive missing 2025-10-01T12
archive truncated 2025-11-01T10
actor ada id=1 name="Ada" email=ada@mail.example.invalid
actor bob id=2 name="Bob" email=bob@mail.example.invalid zone=+0200

repository owner/main id=201 default=main created=2024-01-01T00:00:00Z
admin
lag activity=1s events=2s
secret NPM_TOKEN created=2025-01-01T00:00:00Z updated=2025-11-02T00:00:00Z
secret DEPLOY created=2025-01-01T00:00:00Z environment=production
secret ORG_KEY created=2025-01-01T00:00:00Z organisation
at 2025-10-01T10:00:00Z
app github-actions id=15368 lag=3s
commit a on main by ada "first"
  file README.md
    | hello
push main by ada
tag v1 to a by ada annotated "one"
at +1h
clone laptop by bob
commit b on main by ada "second"
  append README.md
    | more
push main by ada
archive twice main#2
at +1h
commit x on side from b by ada "bad"
  file bad.txt
    | bad
push side by ada
pull 7 head=side by=ada
run 11 of ci.yml event=push head=x branch=side by ada conclusion=success ended=+9s
  job build runner=r1 conclusion=success ended=+9s
    log "step one"
    log "TOKEN={secret}"
at +1h
clone-fetch laptop
tag v1 to x move by ada
release v1 by ada
at 2025-11-01T09:00:00Z
force-push side to a by bob
pull 7 head=side
at +1h
clone-fetch laptop
commit r on main by ada "Revert \"second\"" signed-by-github
  append README.md
    | again
push main by ada
at +1h
delete branch side by bob
clone-fetch laptop prune
clone-pull laptop
commit own on main by bob "local work" dated 2025-11-01T11:59:00Z
push main by bob
clone-push laptop main
at +1h
force-push main to r by ada
deploy-key "left behind" by bob
webhook 192.0.2.7 by bob
collaborator bob by ada permission=maintain
runner box-1 by bob
object-gone own
pull 8 head=main
ends main r
ends tag/v1 x
ends pull/7 a
ends pull/8 r

repository fork/main id=202 default=main created=2025-10-20T00:00:00Z fork-of owner/main
holds own
at 2025-10-20T00:00:00Z
commit seed on main by ada "first"
  file README.md
    | hello
seed main
ends main seed
`

func startWitnesses(t *testing.T, extra string) *Server {
	t.Helper()
	return start(t, parsed(t, extra))
}

func parsed(t *testing.T, extra string) *Recipe {
	t.Helper()
	r, err := Parse("witnesses", []byte(extra+witnessWorld))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheckSuites(t *testing.T) {
	s := startWitnesses(t, "")
	base := "/api/v3/repos/owner/main/commits/"
	_, body := get(t, s, base+string(s.OID("owner/main:b"))+"/check-suites")
	list := rows(t, body, "check_suites")
	if len(list) != 1 || list[0]["before"] != string(s.OID("owner/main:a")) || list[0]["after"] != string(s.OID("owner/main:b")) ||
		list[0]["head_branch"] != "main" || list[0]["created_at"] != "2025-10-01T11:00:03Z" {
		t.Errorf("suites: %s", body)
	}
	// a head that is pushed again has no second suite
	_, body = get(t, s, base+string(s.OID("owner/main:r"))+"/check-suites")
	if list := rows(t, body, "check_suites"); len(list) != 1 || list[0]["created_at"] != "2025-11-01T10:00:03Z" {
		t.Errorf("suites of a head that came back: %s", body)
	}
	if resp, _ := get(t, s, base+string(s.OID("own"))+"/check-suites"); resp.StatusCode != 422 {
		t.Errorf("suites of a commit that is gone: %d", resp.StatusCode)
	}
}

func TestForksAndReleases(t *testing.T) {
	s := startWitnesses(t, "")
	_, body := get(t, s, "/api/v3/repos/owner/main/forks")
	if got := column(rows(t, body, ""), "full_name"); got != "fork/main" {
		t.Errorf("forks: %s", body)
	}
	_, body = get(t, s, "/api/v3/repos/owner/main/releases")
	if list := rows(t, body, ""); len(list) != 1 || list[0]["published_at"] != "2025-10-01T13:00:00Z" || list[0]["tag_name"] != "v1" {
		t.Errorf("releases: %s", body)
	}
	dir := t.TempDir()
	if out, err := git(t, dir, "init", "--quiet", "."); err != nil {
		t.Fatal(out)
	}
	own := string(s.recipe.Repositories[0].commits["own"].oid)
	if out, err := git(t, dir, "fetch", "--quiet", s.URL()+"/owner/main.git", own); err == nil {
		t.Errorf("the victim still has it: %s", out)
	}
	if out, err := git(t, dir, "fetch", "--quiet", s.URL()+"/fork/main.git", own); err != nil {
		t.Errorf("the fork has lost it: %v: %s", err, out)
	}
}

func TestAdministration(t *testing.T) {
	s := startWitnesses(t, "")
	base, token := "/api/v3/repos/owner/main", []string{"Authorization", "Bearer x"}
	for path, c := range map[string]struct{ key, column, want string }{
		"/actions/secrets":                 {"secrets", "name", "NPM_TOKEN"},
		"/environments/production/secrets": {"secrets", "name", "DEPLOY"},
		"/actions/organization-secrets":    {"secrets", "name", "ORG_KEY"},
		"/keys":                            {"", "title", "left behind"},
		"/hooks":                           {"", "created_at", "2025-11-01T12:00:00Z"},
		"/collaborators":                   {"", "role_name", "maintain"},
		"/actions/runners":                 {"runners", "name", "box-1"},
	} {
		_, body := get(t, s, base+path, token...)
		if got := column(rows(t, body, c.key), c.column); got != c.want {
			t.Errorf("%s: %s", path, body)
		}
		if resp, _ := get(t, s, base+path); resp.StatusCode != 401 {
			t.Errorf("%s to a stranger: %d", path, resp.StatusCode)
		}
		if resp, _ := get(t, s, strings.Replace(base, "owner", "fork", 1)+path, token...); resp.StatusCode != 403 {
			t.Errorf("%s to somebody without the right: %d", path, resp.StatusCode)
		}
	}
	_, body := get(t, s, base+"/environments")
	if got := column(rows(t, body, "environments"), "name"); got != "production" {
		t.Errorf("environments: %s", body)
	}
}

func TestJobLogs(t *testing.T) {
	s := startWitnesses(t, "")
	resp, _ := get(t, s, "/api/v3/repos/owner/main/actions/jobs/1110/logs")
	to := resp.Header.Get("Location")
	if resp.StatusCode != 302 || !strings.HasPrefix(to, s.URL()) {
		t.Fatalf("%d %s", resp.StatusCode, to)
	}
	resp, body := get(t, s, strings.TrimPrefix(to, s.URL()))
	if resp.StatusCode != 200 || !strings.Contains(body, "TOKEN="+InventedToken(1110)) || !strings.HasPrefix(body, "2025-10-01T12:00:00.0000000Z step one\n") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := get(t, s, strings.TrimPrefix(to, s.URL()), "Authorization", "Bearer x"); resp.StatusCode != 400 {
		t.Errorf("a token that comes along: %d", resp.StatusCode)
	}
}

// ask posts a query and gives the data as plain values, and the errors.
func ask(t *testing.T, s *Server, query string, variables map[string]any) (map[string]any, []any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+graphqlPath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	return out.Data, out.Errors
}

const pullsQuery = `query Pulls($owner: String!, $name: String!, $after: String, $n: Int = 100) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    pullRequests(first: $n, after: $after, states: [OPEN, CLOSED, MERGED]) {
      nodes {
        number state headRefName headRefOid baseRefName isCrossRepository headRepository { nameWithOwner }
        timelineItems(first: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_FORCE_PUSHED_EVENT, HEAD_REF_DELETED_EVENT]) {
          nodes {
            __typename
            ... on HeadRefForcePushedEvent { createdAt actor { login } ...moved }
            ... on BaseRefForcePushedEvent { createdAt beforeCommit { oid } afterCommit { oid } ref { name } }
            ... on HeadRefDeletedEvent { createdAt actor { login } headRefName }
          }
          pageInfo { hasNextPage endCursor }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
fragment moved on HeadRefForcePushedEvent { beforeCommit { oid } afterCommit { oid } }`

func TestPullTimelines(t *testing.T) {
	s := startWitnesses(t, "")
	at := func(v any, path ...any) any {
		for _, p := range path {
			switch p := p.(type) {
			case string:
				m, _ := v.(map[string]any)
				v = m[p]
			case int:
				if l, _ := v.([]any); p < len(l) {
					v = l[p]
				} else {
					v = nil
				}
			}
		}
		return v
	}
	data, errs := ask(t, s, pullsQuery, map[string]any{"owner": "owner", "name": "main", "n": 1})
	pull := []any{"repository", "pullRequests", "nodes", 0}
	item := func(i int, path ...any) any {
		return at(data, append(append(slices.Clone(pull), "timelineItems", "nodes", i), path...)...)
	}
	if errs != nil || at(data, append(pull, "state")...) != "CLOSED" || at(data, append(pull, "headRefName")...) != "side" ||
		at(data, "repository", "pullRequests", "pageInfo", "hasNextPage") != true {
		t.Errorf("%v %v", data, errs)
	}
	if item(0, "__typename") != "HeadRefForcePushedEvent" || item(0, "beforeCommit", "oid") != string(s.OID("owner/main:x")) ||
		item(0, "afterCommit", "oid") != string(s.OID("owner/main:a")) || item(0, "actor", "login") != "bob" ||
		item(1, "__typename") != "HeadRefDeletedEvent" || item(1, "createdAt") != "2025-11-01T11:00:01Z" ||
		item(2, "__typename") != "BaseRefForcePushedEvent" || item(2, "beforeCommit") != nil || item(2, "ref", "name") != "main" || item(3) != nil {
		t.Errorf("%v", at(data, append(pull, "timelineItems")...))
	}
	data, _ = ask(t, s, pullsQuery, map[string]any{"owner": "owner", "name": "main", "after": "1"})
	if at(data, append(pull, "number")...) != 8.0 || at(data, "repository", "pullRequests", "pageInfo", "hasNextPage") != false {
		t.Errorf("second page: %v", data)
	}
	data, errs = ask(t, s, pullsQuery, map[string]any{"owner": "owner", "name": "never"})
	if data["repository"] != nil || at(errs, 0, "type") != "NOT_FOUND" || at(errs, 0, "path", 0) != "repository" {
		t.Errorf("unknown repository: %v %v", data, errs)
	}
	if data, errs = ask(t, s, `{ repository(owner: "o", name: "n") { nonsense } }`, nil); data != nil || len(errs) != 1 {
		t.Errorf("what the schema does not know: %v %v", data, errs)
	}
	if _, errs = ask(t, s, `{ repository(owner: "owner", name: "main") { pullRequests { totalCount } } }`, nil); at(errs, 0, "type") != "MISSING_PAGINATION_BOUNDARIES" {
		t.Errorf("a list without bounds: %v", errs)
	}
}

// TestObjectsByGraphQL asks for many objects at once by aliases.
func TestObjectsByGraphQL(t *testing.T) {
	s := startWitnesses(t, "")
	var q strings.Builder
	q.WriteString(`{ repository(owner: "owner", name: "main") {`)
	for i, oid := range []evidence.OID{s.OID("r"), s.OID("owner/main:b"), evidence.OID(strings.Repeat("1", 40))} {
		fmt.Fprintf(&q, " o%d: object(oid: %q) { __typename ... on Commit { oid signature { isValid state wasSignedByGitHub verifiedAt } } }", i, oid)
	}
	data, errs := ask(t, s, q.String()+" } }", nil)
	got, err := json.Marshal(data["repository"])
	want := fmt.Sprintf(`{"o0":{"__typename":"Commit","oid":%q,"signature":{"isValid":true,"state":"VALID","verifiedAt":"2025-11-01T10:00:00Z",`+
		`"wasSignedByGitHub":true}},"o1":{"__typename":"Commit","oid":%q,"signature":null},"o2":null}`, s.OID("r"), s.OID("owner/main:b"))
	if err != nil || errs != nil || string(got) != want {
		t.Errorf("%v %s", errs, got)
	}
	if resp, _ := get(t, s, graphqlPath); resp.StatusCode != 404 {
		t.Errorf("GET: %d", resp.StatusCode)
	}
}

func TestGraphQLNeedsToken(t *testing.T) {
	s := startWitnesses(t, "graphql needs-token\n")
	resp, err := http.Post(s.URL()+graphqlPath, "application/json", strings.NewReader(`{"query":"{ rateLimit { cost } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("%d", resp.StatusCode)
	}
}

// hour reads an hour of an archive, as far as it goes.
func hour(t *testing.T, body []byte) (lines []map[string]any, whole bool) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil {
			lines = append(lines, event)
		}
	}
	return lines, err == nil
}

// own are the events of the recipe's repositories, not of strangers.
func own(lines []map[string]any) []map[string]any {
	return slices.DeleteFunc(slices.Clone(lines), func(e map[string]any) bool {
		name := e["repo"].(map[string]any)["name"]
		return name != "owner/main" && name != "fork/main"
	})
}

func TestArchive(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	if err := r.WriteArchive(dir, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) ([]map[string]any, bool) {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return hour(t, body)
	}
	lines, whole := read("2025-10-01-11.json.gz")
	push := own(lines)
	if !whole || len(lines) != 7 || column(push, "type") != "PushEvent" || column(push, "created_at") != "2025-10-01T11:00:02Z" {
		t.Errorf("%v", lines)
	}
	payload, err := json.Marshal(push[0]["payload"])
	if err != nil || !strings.Contains(string(payload), `"size":1`) || !strings.Contains(string(payload), `@mail.example.invalid`) || strings.Contains(string(payload), "ada@") {
		t.Errorf("payload of the old era: %s", payload)
	}
	if _, err := os.Stat(filepath.Join(dir, "2025-10-01-12.json.gz")); err == nil {
		t.Error("the missing hour is there")
	}
	if lines, whole := read("2025-11-01-10.json.gz"); whole || len(lines) < 2 || len(lines) >= 7 {
		t.Errorf("truncated: %v %d", whole, len(lines))
	}
	if lines, _ := read("2025-11-01-9.json.gz"); !strings.Contains(fmt.Sprint(own(lines)), "PushEvent") || strings.Contains(fmt.Sprint(own(lines)), "distinct_size") {
		t.Errorf("new era: %v", own(lines))
	}
	if lines, _ := read("2025-10-20-0.json.gz"); column(own(lines), "type") != "ForkEvent" {
		t.Errorf("fork: %v", own(lines))
	}
	if lines, _ := read("2025-11-01-12.json.gz"); column(own(lines), "type") != "PushEvent MemberEvent" {
		t.Errorf("member: %v", own(lines))
	}
	s := start(t, r)
	want, err := os.ReadFile(filepath.Join(dir, "2025-10-01-10.json.gz"))
	if resp, body := get(t, s, "/archive/2025-10-01-10.json.gz"); err != nil || resp.StatusCode != 200 || body != string(want) {
		t.Errorf("over HTTP: %d %v", resp.StatusCode, err)
	}
	for _, name := range []string{"2025-10-01-12", "2025-10-01-05", "2025-13-01-5", "2025-10-01-24", "2026-10-01-5", "x"} {
		if resp, _ := get(t, s, "/archive/"+name+".json.gz"); resp.StatusCode != 404 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// TestEras renders one world in either era: the same pushes, told with more or fewer words.
func TestEras(t *testing.T) {
	payloads := map[string]string{}
	for _, era := range []string{"old", "new"} {
		s := startWitnesses(t, "era "+era+"\n")
		_, body := get(t, s, "/api/v3/repos/owner/main/events?per_page=100")
		var bare []string
		for _, e := range rows(t, body, "") {
			p := e["payload"].(map[string]any)
			if e["type"] == "PushEvent" && (p["commits"] != nil) != (era == "old") {
				t.Errorf("%s: %v", era, p)
			}
			bare = append(bare, fmt.Sprint(e["id"], e["type"], e["created_at"], p["ref"], p["head"], p["before"]))
		}
		payloads[era] = strings.Join(bare, "\n")
	}
	if payloads["old"] != payloads["new"] || payloads["old"] == "" {
		t.Errorf("%s\n\n%s", payloads["old"], payloads["new"])
	}
}

// TestClone reads a clone and its reflogs with git itself.
func TestClone(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	if err := r.WriteClone(dir, "https://github.example.invalid", "owner/main", "laptop"); err != nil {
		t.Fatal(err)
	}
	if out, err := git(t, dir, "fsck", "--strict"); err != nil {
		t.Errorf("fsck: %v: %s", err, out)
	}
	log := func(ref string) string {
		out, err := git(t, dir, "reflog", "show", "--date=iso-strict", "--format=%H %gd %gs", ref)
		if err != nil {
			t.Errorf("%s: %v: %s", ref, err, out)
		}
		return strings.TrimSpace(out)
	}
	own := r.Repositories[0].commits["own"].oid
	for ref, want := range map[string]string{
		"HEAD": string(own) + " HEAD@{2025-11-01T13:59:00+02:00} commit: local work\n" +
			string(r.OID("r")) + " HEAD@{2025-11-01T13:00:00+02:00} pull: Fast-forward\n" +
			string(r.OID("owner/main:a")) + " HEAD@{2025-10-01T13:00:00+02:00} clone: from https://github.example.invalid/owner/main.git",
		"refs/remotes/origin/main": string(own) + " origin/main@{2025-11-01T13:00:00+02:00} update by push\n" +
			string(r.OID("r")) + " origin/main@{2025-11-01T13:00:00+02:00} fetch --prune origin: fast-forward\n" +
			string(r.OID("owner/main:b")) + " origin/main@{2025-10-01T15:00:00+02:00} fetch origin: fast-forward",
	} {
		if got := log(ref); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", ref, got, want)
		}
	}
	if out, err := git(t, dir, "rev-parse", "--verify", "refs/remotes/origin/side"); err == nil {
		t.Errorf("pruned: %s", out)
	}
	if out, err := git(t, dir, "cat-file", "-e", string(r.OID("owner/main:x"))); err != nil {
		t.Errorf("what was fetched stays: %v %s", err, out)
	}
}

// TestOnly silences all witnesses but one.
func TestOnly(t *testing.T) {
	r := parsed(t, "")
	r.Only(evidence.OriginEvents)
	s := start(t, r)
	for path, want := range map[string]string{"/activity": "", "/releases": "", "/forks": "", "/actions/runs": "",
		"/commits/" + string(s.OID("owner/main:b")) + "/check-suites": ""} {
		_, body := get(t, s, "/api/v3/repos/owner/main"+path)
		key := map[string]string{"/actions/runs": "workflow_runs"}[path]
		if strings.HasSuffix(path, "check-suites") {
			key = "check_suites"
		}
		if got := column(rows(t, body, key), "id"); got != want {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, body := get(t, s, "/api/v3/repos/owner/main/events"); len(rows(t, body, "")) < 5 {
		t.Errorf("events: %s", body)
	}
	data, _ := ask(t, s, pullsQuery, map[string]any{"owner": "owner", "name": "main"})
	if got, err := json.Marshal(data); err != nil || strings.Contains(string(got), "createdAt") {
		t.Errorf("timeline: %s", got)
	}
}

// lines decodes a file of JSON lines.
func lines(t *testing.T, file string) []map[string]any {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for line := range strings.Lines(string(body)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, row)
	}
	return out
}

func TestAuditLogAndWebhooks(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	audit, hooks := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "hooks.jsonl")
	if err := errors.Join(r.WriteAuditLog(audit), r.WriteWebhooks(hooks)); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	last := 0.0
	for _, row := range lines(t, audit) {
		count[row["action"].(string)]++
		if at := row["@timestamp"].(float64); at < last {
			t.Errorf("out of order: %v", row)
		} else {
			last = at
		}
	}
	for action, want := range map[string]int{"git.push": 10, "workflows.created_workflow_run": 1, "workflows.prepared_workflow_job": 1,
		"repo.create_actions_secret": 1, "repo.update_actions_secret": 1, "org.create_actions_secret": 1, "environment.create_actions_secret": 1,
		"hook.create": 1, "public_key.create": 1, "repo.add_member": 1, "repo.register_self_hosted_runner": 1} {
		if count[action] != want {
			t.Errorf("%s: %d, want %d", action, count[action], want)
		}
	}
	forced := 0
	for _, row := range lines(t, hooks) {
		if push := row["payload"].(map[string]any); push["forced"] == true {
			forced++
		}
	}
	if forced != 3 { // of side, of main, and of the tag
		t.Errorf("%d forced pushes", forced)
	}
}
