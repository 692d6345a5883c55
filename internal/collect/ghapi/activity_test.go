package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

func activityJSON(id int, before, after, kind string, at time.Time) string {
	return fmt.Sprintf(`{"id":%d,"node_id":"x","before":%q,"after":%q,"ref":"refs/heads/main","timestamp":%q,"activity_type":%q,
		"actor":{"login":"dev"}}`, id, before, after, stampOf(at), kind)
}

// paged serves pages by cursor: "" is the first, then c1, c2, ...
func paged(t *testing.T, pages ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := 0
		if after := r.URL.Query().Get("after"); after != "" {
			if _, err := fmt.Sscanf(after, "c%d", &n); err != nil {
				t.Error(err)
			}
		}
		if n+1 < len(pages) {
			// The address in the header is another host's: paging must not follow it.
			w.Header().Set("Link", fmt.Sprintf(`<https://elsewhere.example.invalid/x?per_page=100&after=c%d>; rel="next"`, n+1))
		}
		say(200, pages[n])(w, r)
	}
}

func TestActivity(t *testing.T) {
	zero := string(evidence.ZeroOID)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": paged(t,
		"["+strings.Join([]string{
			activityJSON(9, hexID(2), zero, "branch_deletion", day(1)),
			activityJSON(8, hexID(1), hexID(2), "push", day(2)),
			activityJSON(7, hexID(3), hexID(1), "force_push", day(3)),
		}, ",")+"]",
		"["+strings.Join([]string{
			activityJSON(6, hexID(4), hexID(3), "pr_merge", day(4)),
			activityJSON(5, hexID(5), hexID(4), "merge_queue_merge", day(5)),
			activityJSON(4, zero, hexID(5), "branch_creation", day(6)),
			activityJSON(3, zero, hexID(6), "teleported", day(7)),
			strings.Replace(activityJSON(2, hexID(6), hexID(7), "push", day(8)), `{"login":"dev"}`, "null", 1),
		}, ",")+"]")})
	var g told
	if err := f.collector(t).Activity(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitActivity)
	same(t, "gaps", g.gaps(), nil)
	var kinds []string
	for _, u := range g.Updates {
		kinds = append(kinds, u.ExternalID+" "+string(u.Kind)+" "+u.Actor)
	}
	same(t, "updates", kinds, []string{"9 branch_deletion dev", "8 push dev", "7 force_push dev", "6 pr_merge dev", "5 merge_queue_merge dev",
		"4 branch_creation dev", "3 branch_creation dev", "2 push "})
	if u := g.Updates[0]; u.Before != evidence.OID(hexID(2)) || u.After != evidence.ZeroOID || u.Ref != "refs/heads/main" || u.At != day(1) {
		t.Errorf("update %+v", u)
	}
	want := evidence.Coverage{Origin: evidence.OriginActivity, To: now, Complete: true, Oldest: day(8)}
	if g.Coverage[0] != want {
		t.Errorf("coverage %+v", g.Coverage[0])
	}
	same(t, "asked", f.asked, []string{"/repos/acme/tool/activity?direction=desc&per_page=100",
		"/repos/acme/tool/activity?after=c1&direction=desc&per_page=100"})

	t.Run("again", func(t *testing.T) {
		var second told
		if err := f.collector(t).Activity(context.Background(), repo, second.emit); err != nil {
			t.Fatal(err)
		}
		same(t, "facts", second.ids(), g.ids())
	})
	t.Run("since", func(t *testing.T) {
		var g told
		c := f.collector(t, func(c *Config) { c.Since = day(2).Add(time.Hour) })
		if err := c.Activity(context.Background(), repo, g.emit); err != nil {
			t.Fatal(err)
		}
		if len(g.Updates) != 3 || len(g.Sources) != 1 {
			t.Errorf("read %d rows on %d pages: one page holds all since then, and none of its rows is dropped", len(g.Updates), len(g.Sources))
		}
		if cover := g.Coverage[0]; !cover.Complete || !cover.From.Equal(day(2).Add(time.Hour)) {
			t.Errorf("coverage %+v", cover)
		}
	})
}

func TestActivityBadRows(t *testing.T) {
	good := activityJSON(1, hexID(1), hexID(2), "push", now)
	for name, bad := range map[string]string{
		"not an object": `7`,
		"id a text":     strings.Replace(good, `"id":1`, `"id":"1"`, 1),
		"no id":         strings.Replace(good, `"id":1`, `"id":0`, 1),
		"short SHA":     strings.Replace(good, hexID(1), "abc", 1),
		"short ref":     strings.Replace(good, "refs/heads/main", "main", 1),
		"NUL in ref":    strings.Replace(good, "heads/main", `heads/a\u0000b`, 1),
		"huge ref":      strings.Replace(good, "heads/main", "heads/"+strings.Repeat("a", maxText), 1),
		"no time":       strings.Replace(good, stampOf(now), "yesterday", 1),
		"stale example": `{"id":1,"ref":"refs/heads/main","pushed_at":"2025-09-06T00:00:00Z","push_type":"normal","pusher":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": say(200, "["+bad+","+good+"]")})
			var g told
			if err := f.collector(t).Activity(context.Background(), repo, g.emit); err != nil {
				t.Fatal(err)
			}
			g.finished(t, UnitActivity)
			same(t, "gaps", g.gaps(), []string{"refused: /repos/acme/tool/activity?direction=desc&per_page=100"})
			if len(g.Updates) != 1 || g.Coverage[0].Complete {
				t.Errorf("a bad row costs itself alone: %+v, %+v", g.Updates, g.Coverage)
			}
		})
	}
}

func TestPagesWithoutEnd(t *testing.T) {
	for name, c := range map[string]struct {
		next string
		want int
	}{
		"same cursor":  {`?after=round`, 2},
		"same page":    {`?page=1`, 1},
		"new for ever": {`?after=%d`, maxActivityPages},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": func(w http.ResponseWriter, r *http.Request) {
				n++
				next := c.next
				if strings.Contains(next, "%d") {
					next = fmt.Sprintf(next, n)
				}
				say(200, `[]`, "Link", "<"+next+`>; rel="next"`)(w, r)
			}})
			var g told
			if err := f.collector(t).Activity(context.Background(), repo, g.emit); err != nil {
				t.Fatal(err)
			}
			same(t, "gaps", g.gaps(), []string{"truncated: activity"})
			if len(f.asked) != c.want || g.Coverage[0].Complete {
				t.Errorf("asked %d times, want %d; coverage %+v", len(f.asked), c.want, g.Coverage)
			}
		})
	}
}

// TestFailureOnALaterPage: what was read stays, and the coverage says that it is not all.
func TestFailureOnALaterPage(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") != "" {
			say(502, "bad gateway")(w, r)
			return
		}
		say(200, "["+activityJSON(1, hexID(1), hexID(2), "push", now)+"]", "Link", `<?after=c1>; rel="next"`)(w, r)
	}})
	var g told
	if err := f.collector(t).Activity(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitActivity)
	same(t, "gaps", g.gaps(), []string{"server-error: activity"})
	if len(g.Updates) != 1 || len(g.Sources) != 2 || g.Coverage[0].Complete || len(f.asked) != 5 {
		t.Errorf("updates %d, sources %d, coverage %+v, asked %d", len(g.Updates), len(g.Sources), g.Coverage, len(f.asked))
	}
}

// TestUnchangedPageWithoutLink: a full page that comes as 304 without a Link header does not say that it is the last.
func TestUnchangedPageWithoutLink(t *testing.T) {
	var rows []string
	for i := range perPage {
		rows = append(rows, activityJSON(1000-i, hexID(i+1), hexID(i+2), "push", now))
	}
	full := "[" + strings.Join(rows, ",") + "]"
	serve := paged(t, full, "["+activityJSON(1, hexID(1), hexID(2), "push", now)+"]")
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		serve(w, r)
	}})
	var g told
	c := f.collector(t, func(c *Config) {
		c.Cached = func(_ context.Context, _ evidence.Repository, target string) (string, []byte, bool, error) {
			return `"e"`, []byte(full), !strings.Contains(target, "after"), nil
		}
	})
	if err := c.Activity(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	if len(g.Updates) != perPage+1 || len(f.asked) != 3 {
		t.Errorf("got %d rows in %d requests", len(g.Updates), len(f.asked))
	}
}
