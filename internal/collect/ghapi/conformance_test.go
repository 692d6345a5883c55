package ghapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"pentimento/internal/openapicheck"
)

const description = "../../../testdata/openapi/github.json"

// sample makes the smallest value that a schema allows: what GitHub promises at least.
func sample(s *openapi3.Schema) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AllOf) > 0:
		return sample(s.AllOf[0].Value)
	case len(s.OneOf) > 0:
		return sample(s.OneOf[0].Value)
	case len(s.AnyOf) > 0:
		return sample(s.AnyOf[0].Value)
	case s.Type.Is("array"):
		return []any{}
	case s.Type.Is("integer"), s.Type.Is("number"):
		return 1
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("string"):
		return map[string]string{"date-time": "2025-09-06T23:38:00Z", "uri": "https://example.invalid/x", "email": "dev@example.invalid"}[s.Format]
	}
	out := object{}
	for _, name := range s.Required {
		out[name] = sample(s.Properties[name].Value)
	}
	return out
}

// with overlays fields on a sample of a named schema.
func with(t *testing.T, doc *openapi3.T, schema string, fields object) object {
	t.Helper()
	s, ok := doc.Components.Schemas[schema]
	if !ok {
		t.Fatalf("no schema %s", schema)
	}
	out, _ := sample(s.Value).(object)
	if out == nil {
		t.Fatalf("schema %s is no object", schema)
	}
	maps.Copy(out, fields)
	return out
}

// TestConformance runs every unit against replies that hold what GitHub's description requires and no more, with requests and replies
// validated on the way: a request that GitHub does not describe, or a fake that GitHub would not be, fails.
func TestConformance(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(description)
	if err != nil {
		t.Fatal(err)
	}
	at := stampOf(now.AddDate(0, 0, -1))
	run := func(attempt int) object {
		return with(t, doc, "workflow-run", object{"id": 5, "run_attempt": attempt, "created_at": at, "head_sha": hexID(1), "updated_at": at,
			"repository": with(t, doc, "minimal-repository", object{"id": 7})})
	}
	text := "on: push\n"
	d := gitData{}
	blob := d.blob(text)
	person := object{"name": "Dev", "email": "dev@example.invalid", "date": at}
	commitFields := object{"sha": hexID(0x42), "author": person, "committer": person, "message": "m", "parents": []any{},
		"tree": object{"sha": hexID(0x34), "url": "https://example.invalid/t"}}
	tree := func(id, mode, kind, child, name string) http.HandlerFunc {
		return sayJSON(object{"sha": id, "url": "https://example.invalid/t", "truncated": false,
			"tree": []object{{"path": name, "mode": mode, "type": kind, "sha": child, "size": 9, "url": "https://example.invalid/e"}}})
	}
	const r = "/repos/acme/tool"
	f := newFake(t, map[string]http.HandlerFunc{
		r: sayJSON(with(t, doc, "full-repository", object{"id": 7, "full_name": "acme/tool", "default_branch": "main"})),
		r + "/activity": sayJSON([]object{with(t, doc, "activity", object{"id": 1, "before": hexID(1), "after": hexID(2), "ref": "refs/heads/main",
			"timestamp": at, "activity_type": "push", "actor": nil})}),
		r + "/events": sayJSON([]object{with(t, doc, "event", object{"id": "1", "type": "PushEvent", "created_at": at,
			"repo":    object{"id": 7, "name": "acme/tool", "url": "https://example.invalid/r"},
			"payload": object{"repository_id": 7, "push_id": 1, "ref": "refs/heads/main", "head": hexID(2), "before": hexID(1)}})}),
		r + "/actions/runs":              sayJSON(object{"total_count": 1, "workflow_runs": []object{run(2)}}),
		r + "/actions/runs/5/attempts/1": sayJSON(run(1)),
		r + "/actions/runs/5/attempts/1/jobs": sayJSON(object{"total_count": 1, "jobs": []object{with(t, doc, "job",
			object{"id": 9, "run_id": 5, "run_attempt": 1, "started_at": at, "completed_at": at, "steps": []object{
				{"number": 1, "name": "s", "status": "completed", "conclusion": "success", "started_at": at, "completed_at": at}}})}}),
		r + "/git/commits/" + hexID(0x42): sayJSON(with(t, doc, "git-commit", commitFields)),
		r + "/git/trees/" + hexID(0x34):   tree(hexID(0x34), "040000", "tree", hexID(0x32), ".github"),
		r + "/git/trees/" + hexID(0x32):   tree(hexID(0x32), "040000", "tree", hexID(0x31), "workflows"),
		r + "/git/trees/" + hexID(0x31):   tree(hexID(0x31), "100644", "blob", blob, "s.yml"),
		r + "/git/blobs/" + blob: sayJSON(with(t, doc, "blob", object{"sha": blob, "encoding": "base64", "content": "b246IHB1c2gK",
			"size": len(text)})),
	})
	c := f.collector(t, func(cfg *Config) { cfg.Client = &http.Client{Transport: checked(t)} })
	var g told
	ctx := context.Background()
	_, usable, err := c.Repository(ctx, repo, g.emit)
	missing, err2 := c.Objects(ctx, repo, []Want{want(hexID(0x42))}, g.emit)
	for _, err := range []error{err, err2, c.Activity(ctx, repo, g.emit), c.Events(ctx, repo, g.emit), c.Runs(ctx, repo, g.emit),
		c.Jobs(ctx, repo, []RunRef{{5, 1}}, g.emit)} {
		if err != nil {
			t.Error(err)
		}
	}
	// The commit is made of samples, so it does not hash to its name.
	same(t, "gaps", g.gaps(), []string{"unreadable: " + hexID(0x42)})
	counts := fmt.Sprint(usable, len(missing), len(g.Updates), len(g.Runs), len(g.Jobs), len(g.Commits), len(g.Blobs), g.done)
	if counts != "true 0 2 2 1 1 1 6" {
		t.Errorf("usable, missing, updates, runs, jobs, commits, blobs, done: %s", counts)
	}
}

// described loads GitHub's own descriptions once.
var described = sync.OnceValues(func() (*openapicheck.Transport, error) {
	tr, err := openapicheck.New(description, prefix, http.DefaultTransport)
	if err != nil {
		return nil, err
	}
	return tr, tr.GraphQL(schema)
})

// checked is a transport that holds every exchange against GitHub's own descriptions.
func checked(t *testing.T) *openapicheck.Transport {
	t.Helper()
	tr, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// conformOfWitnesses adds the routes of the further witnesses.
func conformOfWitnesses(t *testing.T, doc *openapi3.T, f *fake) {
	t.Helper()
	at := stampOf(now.AddDate(0, 0, -1))
	const r = "/repos/acme/tool"
	home := with(t, doc, "minimal-repository", object{"id": 7})
	secrets := sayJSON(object{"total_count": 1, "secrets": []object{with(t, doc, "actions-secret", object{"name": "A", "created_at": at, "updated_at": at})}})
	for path, h := range map[string]http.HandlerFunc{
		"/commits/" + hexID(0x42) + "/check-suites": sayJSON(object{"total_count": 1, "check_suites": []object{with(t, doc, "check-suite", object{"id": 3,
			"head_branch": "main", "head_sha": hexID(0x42), "before": hexID(1), "after": hexID(0x42), "created_at": at, "updated_at": at,
			"repository": home, "pull_requests": []any{}, "app": nil, "status": "completed", "conclusion": "success"})}}),
		"/forks":                        sayJSON([]object{with(t, doc, "minimal-repository", object{"id": 8, "full_name": "other/tool", "created_at": at, "pushed_at": at})}),
		"/releases":                     sayJSON([]object{with(t, doc, "release", object{"id": 4, "tag_name": "v1", "draft": false, "published_at": at, "created_at": at})}),
		"/actions/secrets":              secrets,
		"/actions/organization-secrets": secrets,
		"/environments":                 sayJSON(object{"total_count": 1, "environments": []object{with(t, doc, "environment", object{"name": "release", "created_at": at, "updated_at": at})}}),
		"/environments/release/secrets": secrets,
		"/keys":                         sayJSON([]object{with(t, doc, "deploy-key", object{"id": 1, "title": "ci", "created_at": at})}),
		"/hooks": sayJSON([]object{with(t, doc, "hook", object{"id": 2, "active": true, "events": []string{"push"}, "created_at": at, "updated_at": at,
			"config": object{"url": "https://hooks.example.invalid/x"}})}),
		"/collaborators":       sayJSON([]object{with(t, doc, "collaborator", object{"id": 5, "login": "dev", "role_name": "admin"})}),
		"/actions/runners":     sayJSON(object{"total_count": 1, "runners": []object{with(t, doc, "runner", object{"id": 6, "name": "box", "labels": []any{}})}}),
		"/actions/jobs/9/logs": to(f.URL + "/stored/log"),
	} {
		f.routes[r+path] = h
	}
	f.routes["/stored/log"] = say(200, "text")
	f.routes["/users/dev/events/public"] = sayJSON([]object{with(t, doc, "event", object{"id": "1", "type": "PushEvent", "created_at": at,
		"actor":   object{"id": 5, "login": "dev", "gravatar_id": "", "url": "https://example.invalid/u", "avatar_url": "https://example.invalid/a"},
		"repo":    object{"id": 8, "name": "other/tool", "url": "https://example.invalid/r"},
		"payload": object{"repository_id": 8, "push_id": 1, "ref": "refs/heads/main", "head": hexID(2), "before": hexID(1)}})})
}

// TestWitnessesConform runs the units of the further witnesses as TestConformance does.
func TestWitnessesConform(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(description)
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, map[string]http.HandlerFunc{
		"/repos/acme/tool": sayJSON(with(t, doc, "full-repository", object{"id": 7, "full_name": "acme/tool", "default_branch": "main"}))})
	conformOfWitnesses(t, doc, f)
	c := f.collector(t, func(cfg *Config) { cfg.Client = &http.Client{Transport: checked(t)} })
	var g told
	ctx := context.Background()
	for _, err := range []error{c.CheckSuites(ctx, repo, []Want{want(hexID(0x42))}, nil, g.emit), c.Forks(ctx, repo, g.emit), c.Releases(ctx, repo, g.emit),
		c.Admin(ctx, repo, now, g.emit), c.Logs(ctx, repo, []JobRef{{5, 1, 9}}, g.emit), c.Actors(ctx, repo, Leads{Logins: []string{"dev"}}, g.emit)} {
		if err != nil {
			t.Error(err)
		}
	}
	same(t, "gaps", g.gaps(), []string{"unsupported: when collaborators and runners were added"})
	counts := fmt.Sprint(len(g.Updates), len(g.Forks), len(g.Secrets), len(g.Access), len(g.Logs), len(g.Elsewhere), g.done)
	if counts != "2 1 3 4 1 1 6" {
		t.Errorf("updates, forks, secrets, access, logs, elsewhere, done: %s", counts)
	}
}

// TestCheckerCatches holds that the checker is no rubber stamp.
func TestCheckerCatches(t *testing.T) {
	row := object{"id": 1, "node_id": "x", "before": hexID(1), "after": hexID(2), "ref": "refs/heads/main", "timestamp": stampOf(now),
		"activity_type": "push", "actor": nil}
	for name, c := range map[string]struct {
		spoil func(object)
		query string
		says  string
	}{
		"sound":             {func(object) {}, "?per_page=100", ""},
		"missing timestamp": {func(o object) { delete(o, "timestamp") }, "", "timestamp"},
		"bad activity type": {func(o object) { o["activity_type"] = "teleport" }, "", "activity_type"},
		"bad request":       {func(object) {}, "?direction=sideways", "direction"},
	} {
		bad := maps.Clone(row)
		c.spoil(bad)
		f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": sayJSON([]object{bad})})
		resp, err := (&http.Client{Transport: checked(t)}).Get(f.URL + prefix + "/repos/acme/tool/activity" + c.query)
		if (c.says == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if !json.Valid(readAll(t, resp)) {
				t.Errorf("%s: the reply was not handed on", name)
			}
		}
	}
}
