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

func eventJSON(id int, typ, payload string, at time.Time) string {
	return fmt.Sprintf(`{"id":"%d","type":%q,"actor":{"id":1,"login":"dev"},"repo":{"id":7,"name":"acme/tool"},"public":true,
		"created_at":%q,"payload":%s}`, id, typ, stampOf(at), payload)
}

func TestEvents(t *testing.T) {
	hour := func(n int) time.Time { return now.Add(-time.Duration(n) * time.Hour) }
	push := fmt.Sprintf(`{"repository_id":7,"push_id":1,"ref":"refs/heads/main","head":%q,"before":%q}`, hexID(2), hexID(1))
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/events": say(200, "["+strings.Join([]string{
		eventJSON(9, "PushEvent", push, hour(1)),
		eventJSON(8, "CreateEvent", `{"ref":"v1","ref_type":"tag","full_ref":"refs/tags/v1"}`, hour(2)),
		eventJSON(7, "CreateEvent", `{"ref":"side","ref_type":"branch"}`, hour(3)),
		eventJSON(6, "CreateEvent", `{"ref":null,"ref_type":"repository"}`, hour(4)),
		eventJSON(5, "DeleteEvent", `{"ref":"side","ref_type":"branch","full_ref":"refs/heads/side"}`, hour(5)),
		eventJSON(4, "DeleteEvent", `{"ref":"v0","ref_type":"tag"}`, hour(6)),
		eventJSON(3, "WatchEvent", `{"action":"started"}`, hour(20)),
	}, ",")+"]")})
	var g told
	if err := f.collector(t).Events(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitEvents)
	same(t, "gaps", g.gaps(), nil)
	var got []string
	for _, u := range g.Updates {
		got = append(got, fmt.Sprint(u.ExternalID, " ", u.Kind, " ", u.Ref, " ", u.Before.Object(), u.Actor))
	}
	same(t, "updates", got, []string{"9 push refs/heads/main truedev", "8 tag_creation refs/tags/v1 falsedev", "7 branch_creation refs/heads/side falsedev",
		"5 branch_deletion refs/heads/side falsedev", "4 tag_deletion refs/tags/v0 falsedev"})
	// Whatever is younger than the latency may still come in; whatever is older than the oldest row was not listed.
	want := evidence.Coverage{Origin: evidence.OriginEvents, From: hour(20), To: hour(6), Oldest: hour(20), Complete: true}
	if g.Coverage[0] != want {
		t.Errorf("coverage %+v", g.Coverage[0])
	}
}

func TestEventsEndAtThreeHundred(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/events": func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		n = max(n, 1)
		if n > 3 {
			say(422, `{"message":"In order to keep the API fast for everyone, pagination is limited for this resource."}`)(w, r)
			return
		}
		var rows []string
		for i := range perPage {
			id := n*perPage + i
			rows = append(rows, eventJSON(id, "WatchEvent", `{}`, now.Add(-time.Duration(id)*time.Minute)))
		}
		say(200, "["+strings.Join(rows, ",")+"]", "Link", fmt.Sprintf(`<?page=%d>; rel="next"`, n+1))(w, r)
	}})
	var g told
	if err := f.collector(t).Events(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), []string{"truncated: events"})
	first := now.Add(-399 * time.Minute)
	if len(f.asked) != 3 || !g.Coverage[0].From.Equal(first) || !g.Coverage[0].Oldest.Equal(first) {
		t.Errorf("asked %q, coverage %+v", f.asked, g.Coverage)
	}
}

func TestNoEventsSayNothing(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/events": say(200, `[]`)})
	var g told
	if err := f.collector(t).Events(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	if c := g.Coverage[0]; !c.From.Equal(c.To) || !c.Oldest.IsZero() {
		t.Errorf("an empty list covers no time: %+v", c)
	}
}

// TestEventsOfBothEras: what GitHub dropped from pushes in October 2025 (commits, size, distinct_size; changelog of 2025-08-08) and what it
// added to creations and deletions (full_ref) changes no fact.
func TestEventsOfBothEras(t *testing.T) {
	told := func(payloads map[string]string) []string {
		var rows []string
		for i, typ := range []string{"PushEvent", "CreateEvent", "DeleteEvent"} {
			rows = append(rows, eventJSON(i+1, typ, payloads[typ], now.Add(-time.Duration(i+1)*time.Hour)))
		}
		p, _, err := readEvents(repo, 7, []byte("["+strings.Join(rows, ",")+"]"))
		if err != nil || p.bad != 0 {
			t.Fatal(err, p.facts.Gaps)
		}
		var ids []string
		for _, u := range p.facts.Updates {
			ids = append(ids, u.ID())
		}
		return ids
	}
	ends := fmt.Sprintf(`"push_id":1,"ref":"refs/heads/main","head":%q,"before":%q`, hexID(2), hexID(1))
	before := told(map[string]string{
		"PushEvent": `{` + ends + `,"size":1,"distinct_size":0,"commits":[{"sha":"` + hexID(2) +
			`","author":{"email":"dev@example.invalid","name":"Dev"},"message":"m","distinct":false,"url":"https://example.invalid/c"}]}`,
		"CreateEvent": `{"ref":"v1","ref_type":"tag","master_branch":"main","description":null,"pusher_type":"user"}`,
		"DeleteEvent": `{"ref":"side","ref_type":"branch","pusher_type":"user"}`,
	})
	after := told(map[string]string{
		"PushEvent":   `{"repository_id":7,` + ends + `}`,
		"CreateEvent": `{"ref":"v1","ref_type":"tag","full_ref":"refs/tags/v1","master_branch":"main","description":null,"pusher_type":"user"}`,
		"DeleteEvent": `{"ref":"side","ref_type":"branch","full_ref":"refs/heads/side","pusher_type":"user"}`,
	})
	same(t, "facts", after, before)
	// A force-push is called a push in both, whatever its size: ancestry tells it, not the event.
	forced := told(map[string]string{"PushEvent": `{` + ends + `,"size":0,"distinct_size":0,"commits":[]}`,
		"CreateEvent": `{"ref":"v1","ref_type":"tag"}`, "DeleteEvent": `{"ref":"side","ref_type":"branch"}`})
	same(t, "facts of a force-push", forced, before)
	if len(before) != 3 {
		t.Errorf("updates %q", before)
	}
}
