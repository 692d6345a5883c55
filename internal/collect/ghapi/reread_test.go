package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"pentimento/internal/evidence"
)

// faulty answers the first request for each target with something else.
func faulty(routes map[string]http.HandlerFunc, first http.HandlerFunc) map[string]http.HandlerFunc {
	var mu sync.Mutex
	seen := map[string]bool{}
	out := map[string]http.HandlerFunc{}
	for path, h := range routes {
		out[path] = func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			again := seen[r.URL.RequestURI()]
			seen[r.URL.RequestURI()] = true
			mu.Unlock()
			if again {
				h(w, r)
			} else {
				first(w, r)
			}
		}
	}
	return out
}

// TestFaultsLeaveNoTrace: an answer that cannot be read, once for every request, leaves the same facts, sources and gaps as none.
func TestFaultsLeaveNoTrace(t *testing.T) {
	d := gitData{}
	commit := d.commit(d.tree(hexID(0x34), "100644 blob "+hexID(1)+" README.md"), "m")
	routes := adminRoutes()
	for path, h := range d {
		routes[path] = h
	}
	routes[adminPath] = say(200, toolJSON)
	routes[adminPath+"/activity"] = say(200, "["+activityJSON(1, hexID(1), hexID(2), "push", now)+"]")
	routes[adminPath+"/events"] = say(200, "["+eventJSON(1, "CreateEvent", `{"ref":"v1","ref_type":"tag"}`, now)+"]")
	routes[adminPath+"/actions/runs"] = say(200, `{"total_count":1,"workflow_runs":[`+runJSON(5, 1, now)+`]}`)
	routes[adminPath+"/actions/runs/5/attempts/1/jobs"] = say(200, `{"total_count":1,"jobs":[]}`)
	routes[suites2] = suitesOf(suite(1, "main", hexID(1), hexID(2), now))
	routes[adminPath+"/forks"], routes[adminPath+"/releases"] = sayJSON([]object{}), sayJSON([]object{})
	for path, h := range graph(func(q asks) string {
		if strings.Contains(q.Query, "pullRequests") {
			return data(object{"pullRequests": object{"nodes": []object{pull(4, nil, forced("Head", "a", 1, 2, minute(1), nil))}}})
		}
		return data(object{"o0": object{"__typename": "Commit", "oid": hexID(2), "signature": nil}})
	}) {
		routes[path] = h
	}
	everything := func(f *fake) *told {
		c, g, ctx := f.collector(t), &told{}, context.Background()
		_, _, err := c.Repository(ctx, repo, g.emit)
		_, err2 := c.Objects(ctx, repo, []Want{want(commit)}, g.emit)
		for _, err := range []error{err, err2, c.Activity(ctx, repo, g.emit), c.Events(ctx, repo, g.emit), c.Runs(ctx, repo, g.emit),
			c.Jobs(ctx, repo, []RunRef{{5, 1}}, g.emit), c.CheckSuites(ctx, repo, []Want{{OID: evidence.OID(hexID(2))}}, nil, g.emit), c.Forks(ctx, repo, g.emit),
			c.Releases(ctx, repo, g.emit), c.Admin(ctx, repo, now, g.emit), c.PullTimelines(ctx, repo, g.emit),
			c.Signatures(ctx, repo, []evidence.OID{evidence.OID(hexID(2))}, g.emit)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return g
	}
	calm := newFake(t, routes)
	want := everything(calm)
	for name, first := range map[string]http.HandlerFunc{
		"a page of a proxy": say(200, `<html>`), "another object": say(200, `{"message":"hello"}`), "another list": say(200, `[17]`[:1]),
		"nothing": say(200, ``), "null": say(200, `null`), "half": say(200, `{"id":7,"full_name":"acme/to`), "a bad gateway": say(502, ``),
		"too many": say(429, ``, "Retry-After", "1"), "a secondary limit": say(403, `{"message":"You have exceeded a secondary rate limit."}`),
		"a body cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":`)
		},
		"a reset": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, faulty(routes, first))
			g := everything(f)
			same(t, "facts", g.ids(), want.ids())
			same(t, "gaps", g.gaps(), want.gaps())
			if len(f.asked) <= len(calm.asked) {
				t.Errorf("asked %d times, calm %d", len(f.asked), len(calm.asked))
			}
		})
	}
}
