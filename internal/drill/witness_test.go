package drill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

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
