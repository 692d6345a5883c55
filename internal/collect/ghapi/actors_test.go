package ghapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// did is an event of an account in some repository.
func did(id int, by, in, typ, payload string, at time.Time) string {
	return fmt.Sprintf(`{"id":"%d","type":%q,"actor":{"id":1,"login":%q},"repo":{"id":%d,"name":%q},"public":true,"created_at":%q,"payload":%s}`,
		id, typ, by, 100+id, in, stampOf(at), payload)
}

// pushed is the payload of a push, in the old form where it names messages.
func pushed(branch string, messages ...string) string {
	commits := ""
	if len(messages) > 0 {
		commits = fmt.Sprintf(`,"size":%d,"distinct_size":0,"commits":[{"message":%q}]`, len(messages), strings.Join(messages, `"},{"message":"`))
	}
	return fmt.Sprintf(`{"push_id":1,"ref":"refs/heads/%s","head":%q,"before":%q%s}`, branch, hexID(2), hexID(1), commits)
}

func places(list []evidence.Elsewhere) []string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprint(e.ExternalID, " ", e.Actor, " ", e.FullName, " ", e.GitHubID, " ", e.Ref, " ", brief(e.Head), " ", stampOf(e.At), " ", e.Patterns))
	}
	return out
}

// TestActors: pushes and new branches outside the case, in both eras; whatever else the account did is left out.
func TestActors(t *testing.T) {
	at := now.Add(-20 * time.Hour)
	f := newFake(t, map[string]http.HandlerFunc{"/users/dev/events/public": say(200, "["+strings.Join([]string{
		did(9, "dev", "other/new", "PushEvent", pushed("main"), at),
		did(8, "Dev", "other/old", "PushEvent", pushed("main", "first", "Trigger security scan"), at),
		did(7, "dev", "other/made", "CreateEvent", `{"ref":"stale-17","ref_type":"branch"}`, at),
		did(6, "dev", "other/made", "CreateEvent", `{"ref":"v1","ref_type":"tag"}`, at),
		did(5, "dev", "other/made", "CreateEvent", `{"ref":null,"ref_type":"repository"}`, at),
		did(4, "dev", "acme/tool", "PushEvent", pushed("main"), at),
		did(3, "dev", "other/gone", "DeleteEvent", `{"ref":"stale-17","ref_type":"branch"}`, at),
		did(2, "dev", "other/star", "WatchEvent", `{"action":"started"}`, at.Add(-time.Hour)),
		did(1, "mallory", "other/new", "PushEvent", pushed("main"), at),
		did(10, "dev", "no repository", "PushEvent", pushed("main"), at),
	}, ",")+"]")})
	leads := Leads{Logins: []string{"dev", "not/a/login", "nobody"}, Messages: []string{"Trigger security scan", "other"}, Branches: []string{"stale-*", "["},
		Inside: func(name evidence.Repository, id int64) bool { return name == "acme/tool" && id == 104 }}
	var g told
	if err := f.collector(t).Actors(context.Background(), repo, leads, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitActors)
	same(t, "elsewhere", places(g.Elsewhere), []string{
		"9 dev other/new 109 refs/heads/main 2 " + stampOf(at) + " []",
		"8 Dev other/old 108 refs/heads/main 2 " + stampOf(at) + " [Trigger security scan]",
		"7 dev other/made 107 refs/heads/stale-17 - " + stampOf(at) + " [stale-*]"})
	same(t, "gaps", g.gaps(), []string{"refused: /users/dev/events/public?per_page=100", "gone: events of nobody", "unsupported: events of not/a/login"})
	same(t, "asked", f.asked, []string{"/users/dev/events/public?per_page=100", "/users/nobody/events/public?per_page=100"})
	want := evidence.Coverage{Origin: evidence.OriginUserEvents, Detail: "account dev", From: at.Add(-time.Hour), To: now.Add(-eventLatency), Oldest: at.Add(-time.Hour)}
	if len(g.Coverage) != 2 || g.Coverage[0] != want || g.Coverage[1].Complete {
		t.Errorf("coverage %+v", g.Coverage)
	}
	if len(g.Sources) != 2 || g.Sources[0].Repository != repo || g.Sources[0].Origin != evidence.OriginUserEvents {
		t.Errorf("sources %+v", g.Sources)
	}
}

// TestActorsEnd: at three hundred events, at what is too old, at too many accounts, and at a server that is of no use.
func TestActorsEnd(t *testing.T) {
	busy := func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		n = max(n, 1)
		var rows []string
		for i := range perPage {
			id := n*perPage + i
			rows = append(rows, did(id, "dev", "other/tool", "WatchEvent", `{}`, now.Add(-time.Duration(id)*time.Minute)))
		}
		say(200, "["+strings.Join(rows, ",")+"]", "Link", fmt.Sprintf(`<?page=%d>; rel="next"`, n+1))(w, r)
	}
	many := make([]string, maxActors+2)
	for i := range many {
		many[i] = fmt.Sprintf("dev%d", i)
	}
	none := map[string]http.HandlerFunc{}
	for _, name := range many {
		none["/users/"+name+"/events/public"] = say(200, "[]")
	}
	for what, c := range map[string]struct {
		routes map[string]http.HandlerFunc
		logins []string
		since  time.Time
		gaps   []string
		asked  int
	}{
		"all":   {map[string]http.HandlerFunc{"/users/dev/events/public": busy}, []string{"dev"}, time.Time{}, []string{"truncated: events of dev"}, 3},
		"since": {map[string]http.HandlerFunc{"/users/dev/events/public": busy}, []string{"dev"}, now.Add(-150 * time.Minute), nil, 1},
		"many":  {none, many, time.Time{}, []string{"truncated: events of further accounts"}, maxActors},
		"denied": {map[string]http.HandlerFunc{"/users/a/events/public": say(401, `{"message":"Bad credentials"}`)}, []string{"a", "b"}, time.Time{},
			[]string{"forbidden: events of a", "forbidden: events of further accounts"}, 1},
	} {
		f := newFake(t, c.routes)
		var g told
		if err := f.collector(t, func(cfg *Config) { cfg.Since = c.since }).Actors(context.Background(), repo, Leads{Logins: c.logins}, g.emit); err != nil {
			t.Fatal(err)
		}
		g.finished(t, UnitActors)
		same(t, what, g.gaps(), c.gaps)
		if len(f.asked) != c.asked {
			t.Errorf("%s: asked %q", what, f.asked)
		}
	}
}
