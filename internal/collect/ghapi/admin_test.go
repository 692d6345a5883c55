package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

const adminPath = "/repos/acme/tool"

// material is what no stored answer may hold.
const material = "AAAAmaterial"

func secretsOf(names ...string) http.HandlerFunc {
	rows := []object{}
	for _, n := range names {
		rows = append(rows, object{"name": n, "created_at": stampOf(minute(0)), "updated_at": stampOf(minute(1))})
	}
	return sayJSON(object{"total_count": len(rows), "secrets": rows})
}

// adminRoutes is a repository of an organisation with something in every list.
func adminRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		adminPath:                      sayJSON(object{"id": 7, "full_name": "acme/tool", "owner": object{"login": "acme", "type": "Organization"}}),
		adminPath + "/actions/secrets": secretsOf("pypi_token"),
		adminPath + "/actions/organization-secrets": secretsOf("ORG"),
		adminPath + "/environments":                 sayJSON(object{"total_count": 2, "environments": []object{{"name": "release"}, {"name": "pull/7"}}}),
		adminPath + "/environments/release/secrets": secretsOf("NPM_TOKEN"),
		adminPath + "/environments/pull/7/secrets":  secretsOf(), // the slash is escaped on the wire
		adminPath + "/keys": sayJSON([]object{{"id": 1, "title": "ci", "key": material, "read_only": false, "created_at": stampOf(minute(2)),
			"added_by": "mallory", "url": "https://example.invalid/keys/1"}}),
		adminPath + "/hooks": sayJSON([]object{{"id": 2, "active": true, "events": []string{"push", "create"}, "created_at": stampOf(minute(3)), "updated_at": stampOf(minute(3)),
			"config": object{"url": "https://user:" + material + "@Hooks.example.invalid:8443/" + material + "?t=" + material, "secret": material},
			"url":    "https://example.invalid/" + material, "ping_url": "https://example.invalid/p"}}),
		adminPath + "/collaborators":   sayJSON([]object{{"id": 3, "login": "mallory", "role_name": "admin"}}),
		adminPath + "/actions/runners": sayJSON(object{"total_count": 1, "runners": []object{{"id": 4, "name": "box", "os": "linux", "status": "online", "labels": []object{{"name": "x64"}, {"name": "self-hosted"}}}}}),
	}
}

func collectAdmin(t *testing.T, f *fake, since time.Time) *told {
	t.Helper()
	var g told
	if err := f.collector(t).Admin(context.Background(), repo, since, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitAdmin)
	return &g
}

func scopes(g *told) []string {
	var out []string
	for _, c := range g.Coverage {
		out = append(out, fmt.Sprint(c.Detail, " ", c.Complete))
	}
	slices.Sort(out)
	return out
}

func TestAdmin(t *testing.T) {
	f := newFake(t, adminRoutes())
	g := collectAdmin(t, f, minute(0))
	var stored []string
	for _, s := range g.Secrets {
		if s.Origin != evidence.OriginSecrets || s.Action != evidence.SecretListed || s.At != now || s.CreatedAt != minute(0) || s.UpdatedAt != minute(1) {
			t.Errorf("secret %+v", s)
		}
		stored = append(stored, fmt.Sprintf("%s %s %s", s.Scope, s.Environment, s.Name))
	}
	same(t, "secrets", stored, []string{"repository  PYPI_TOKEN", "organisation  ORG", "environment release NPM_TOKEN"})
	var ways []string
	for _, a := range g.Access {
		ways = append(ways, fmt.Sprintf("%s %s %s (%s) %s %s", a.Kind, a.ExternalID, a.Name, a.Detail, evidence.Stamp(a.CreatedAt), a.AddedBy))
	}
	same(t, "access", ways, []string{"deploy_key 1 ci (read and write) " + stampOf(minute(2)) + " mallory",
		"webhook 2 hooks.example.invalid:8443 (active, on create, push) " + stampOf(minute(3)) + " ",
		"collaborator 3 mallory (admin)  ", "self_hosted_runner 4 box (linux, labels self-hosted, x64)  "})
	same(t, "coverage", scopes(g), []string{"environment true", "organisation true", "repository true"})
	same(t, "gaps", g.gaps(), []string{"unsupported: when collaborators and runners were added"})
	if !strings.Contains(g.Gaps[0].Hint, stampOf(minute(0))) {
		t.Errorf("hint %q", g.Gaps[0].Hint)
	}
	for _, s := range g.Sources {
		if strings.Contains(string(s.Body), material) {
			t.Errorf("%s keeps what it should not: %s", s.Target, s.Body)
		}
	}
	if !slices.Contains(f.asked, adminPath+"/environments/pull%2F7/secrets?per_page=100") {
		t.Errorf("asked %q", f.asked)
	}
	if again := collectAdmin(t, f, time.Time{}); len(again.Gaps) != 0 {
		t.Errorf("without a plant: %v", again.gaps())
	}
}

// TestAdminDenied: whatever the token may not see is one gap that names the permissions, and nothing is asked in vain for long.
func TestAdminDenied(t *testing.T) {
	deny := say(403, `{"message":"Resource not accessible by personal access token"}`)
	hide := say(404, `{"message":"Not Found"}`)
	all := []string{"environment false", "organisation false", "repository false"}
	for name, c := range map[string]struct {
		change map[string]http.HandlerFunc
		gaps   int
		hint   string
		scopes []string
		asked  int
	}{
		"of everything": {map[string]http.HandlerFunc{"/actions/secrets": deny, "/keys": deny}, 1, "administration, secrets", all, 2},
		"without token": {map[string]http.HandlerFunc{"/actions/secrets": say(401, `{"message":"Requires authentication"}`), "/keys": hide}, 1, "secrets", all, 2},
		"of webhooks":   {map[string]http.HandlerFunc{"/hooks": hide}, 1, "webhooks", []string{"environment true", "organisation true", "repository true"}, 10},
		"of environments' secrets": {map[string]http.HandlerFunc{"/environments/release/secrets": deny}, 1, "environments",
			[]string{"environment false", "organisation true", "repository true"}, 9},
		"of secrets alone": {map[string]http.HandlerFunc{"/actions/secrets": deny, "/actions/organization-secrets": deny, "/environments/release/secrets": deny}, 1,
			"environments, secrets", all, 9},
	} {
		t.Run(name, func(t *testing.T) {
			routes := adminRoutes()
			for path, h := range c.change {
				routes[adminPath+path] = h
			}
			f := newFake(t, routes)
			g := collectAdmin(t, f, time.Time{})
			if len(g.Gaps) != c.gaps || g.Gaps[0].Kind != evidence.GapForbidden || !strings.HasSuffix(g.Gaps[0].Hint, c.hint) {
				t.Errorf("gaps %+v", g.Gaps)
			}
			same(t, "coverage", scopes(g), c.scopes)
			if len(f.asked) != c.asked {
				t.Errorf("asked %d: %q", len(f.asked), f.asked)
			}
		})
	}
}

// TestAdminInTrouble: a list that fails costs itself; a server that is down is not asked for everything.
func TestAdminInTrouble(t *testing.T) {
	routes := adminRoutes()
	routes[adminPath+"/actions/secrets"] = sayJSON(object{"total_count": 5, "secrets": []object{{"name": "A"}}})
	routes[adminPath+"/hooks"] = say(200, `[{"id":2,"config":"`+material+`"},"`+material+`"]`)
	g := collectAdmin(t, newFake(t, routes), time.Time{})
	same(t, "gaps", g.gaps(), []string{"refused: " + adminPath + "/hooks?per_page=100", "truncated: repository secrets"})
	same(t, "coverage", scopes(g), []string{"environment true", "organisation true", "repository false"})
	for _, s := range g.Sources {
		if strings.Contains(string(s.Body), material) {
			t.Errorf("%s keeps what it should not: %s", s.Target, s.Body)
		}
	}

	down := say(502, "")
	for path := range routes {
		routes[path] = down
	}
	f := newFake(t, routes)
	g = collectAdmin(t, f, time.Time{})
	same(t, "gaps", g.gaps(), []string{"server-error: repository secrets", "server-error: deploy keys", "server-error: webhooks",
		"server-error: the rest of what administrators see"})
}

func TestPersonsRepositoryHasNoOrganisationSecrets(t *testing.T) {
	routes := adminRoutes()
	routes[adminPath] = sayJSON(object{"id": 7, "full_name": "acme/tool", "owner": object{"login": "acme", "type": "User"}})
	delete(routes, adminPath+"/actions/organization-secrets")
	g := collectAdmin(t, newFake(t, routes), time.Time{})
	same(t, "coverage", scopes(g), []string{"environment true", "organisation true", "repository true"})
	same(t, "gaps", g.gaps(), nil)
}

// TestAdminUnchanged: what is kept in place of an answer serves for it when the server says that nothing has changed.
func TestAdminUnchanged(t *testing.T) {
	routes := adminRoutes()
	for path, h := range routes {
		routes[path] = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"e"`)
			h(w, r)
		}
	}
	f := newFake(t, routes)
	first := collectAdmin(t, f, minute(0))
	held := map[string][]byte{}
	for _, s := range first.Sources {
		held[s.Target] = s.Body
	}
	c := f.collector(t, func(cfg *Config) {
		cfg.Cached = func(_ context.Context, _ evidence.Repository, target string) (string, []byte, bool, error) {
			body, ok := held[target]
			return `"e"`, body, ok, nil
		}
	})
	var again told
	if err := c.Admin(context.Background(), repo, minute(0), again.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "facts", again.ids(), first.ids())
}
