package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/drill"
)

// oneAccount is a recipe of repositories that one account pushed the campaign to, with a program's push between; each
// has lost commits.
func oneAccount() (*drill.Recipe, error) {
	var b strings.Builder
	b.WriteString(`now 2025-09-12T12:00:00Z
actor ada-flint id=900301 name="Ada Flint" email=ada@mail.example.invalid
actor ben-tallow id=900302 name="Ben Tallow" email=ben@mail.example.invalid
actor helper[bot] id=900303 name="helper" email=helper@mail.example.invalid
`)
	for i, name := range []string{"wick", "flame", "snuffer"} {
		fmt.Fprintf(&b, `repository lantern/%s id=70030%d default=main created=2024-05-01T08:00:00Z
at 2025-09-01T09:00:00Z
commit root%[2]d on main by ben-tallow "Start"
  file README.md
    | # %[1]s
push main by ben-tallow
at 2025-09-02T03:2%[2]d:38Z
commit plant%[2]d on main by ada-flint "Add Github Actions Security workflow" no-newline
  file .github/workflows/github_actions_security.yml as ghostaction secrets=PYPI_API_TOKEN host=bold-gull.example.invalid
push main by ada-flint
commit again%[2]d on main by helper[bot] "Update Github Actions Security workflow"
  file .github/workflows/github_actions_security.yml as ghostaction secrets=NPM_TOKEN host=bold-gull.example.invalid
push main by helper[bot]
at +1h
commit out%[2]d on main by ben-tallow "Remove suspicious workflow"
  remove .github/workflows/github_actions_security.yml
push main by ben-tallow
commit lost%[2]d on tmp from root%[2]d by ben-tallow "wip"
push tmp by ben-tallow
commit kept%[2]d on tmp by ben-tallow "more"
push tmp by ben-tallow
at +1m
delete branch tmp by ben-tallow
object-gone lost%[2]d
git-gone kept%[2]d
ends main out%[2]d
`, name, i+1)
	}
	return drill.Parse("one account", []byte(b.String()))
}

// askedOf lists the accounts whose events were asked for, in order.
func askedOf(s *drill.Server) []string {
	var out []string
	for _, r := range s.Requests() {
		if login, ok := strings.CutPrefix(r.Target, "/api/v3/users/"); ok {
			out = append(out, login)
		}
	}
	return out
}

// TestActorsOnce: however many repositories an account pushed to, and however many are worked off at a time, it is asked for once, by the
// first of them. Programs and those who cleaned up are not.
func TestActorsOnce(t *testing.T) {
	t.Parallel()
	r := rehearse(t, oneAccount)
	if got := fmt.Sprint(askedOf(r.server)); got != "[ada-flint/events/public?per_page=100]" {
		t.Errorf("asked for %s", got)
	}
	path := r.copy(t)
	start(t, path, nil, r.flags...).must()
	told := dump(t, path)
	owners := slices.DeleteFunc(told["source"], func(row string) bool { return !strings.Contains(row, `origin="user-events"`) })
	if len(owners) != 1 || !strings.Contains(owners[0], " repository=2 ") {
		t.Errorf("lantern/flame asks; here are %d: %.80q", len(owners), owners)
	}
	if rows := told["elsewhere"]; len(rows) != 0 {
		t.Errorf("what the case has is elsewhere: %s", rows)
	}

	// Killed at that request, and resumed: the same case.
	path = r.copy(t)
	running, before := make(chan *process, 1), len(r.server.Requests())
	r.server.OnRequest(func(n int, q *http.Request) {
		if n > before && strings.HasPrefix(q.URL.Path, "/api/v3/users/") {
			(<-running).kill()
		}
	})
	p := start(t, path, nil, r.flags...)
	running <- p
	if code := p.code(); code != -1 {
		t.Fatalf("exit %d before it was killed: %s", code, &p.stderr)
	}
	r.server.OnRequest(nil)
	start(t, path, nil, r.flags...).must()
	r.whole(t, path)
}
