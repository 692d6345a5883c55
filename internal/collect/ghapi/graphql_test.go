package ghapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

const schema = "../../../testdata/graphql/github.graphql"

// graphCollector asks the fake with every query and reply held to GitHub's schema.
func graphCollector(t *testing.T, f *fake, change ...func(*Config)) *Collector {
	t.Helper()
	u, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := wire.NewClient(wire.Config{Base: checked(t), Hosts: []string{u.Host}, Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	c := f.collector(t, append(change, func(cfg *Config) { cfg.Client = client })...)
	c.learn(repo, 7)
	return c
}

// asks is what the fake gets to see of a query.
type asks struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// graph answers queries at /api/graphql.
func graph(answer func(asks) string) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"/api/graphql": func(w http.ResponseWriter, r *http.Request) {
		var q asks
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Method != http.MethodPost {
			say(400, `{"message":"Problems parsing JSON"}`)(w, r)
			return
		}
		say(200, answer(q))(w, r)
	}}
}

// data wraps the fields of a repository.
func data(fields object) string {
	fields["databaseId"] = 7
	b, err := json.Marshal(object{"data": object{"repository": fields}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func pull(number int, change object, events ...object) object {
	o := object{"number": number, "updatedAt": stampOf(now), "closedAt": nil, "headRefName": "side", "headRefOid": hexID(9), "baseRefName": "main",
		"isCrossRepository": false, "headRepository": object{"databaseId": 7}, "timelineItems": timelineOf(events...)}
	for k, v := range change {
		o[k] = v
	}
	return o
}

func timelineOf(events ...object) object {
	if events == nil {
		events = []object{}
	}
	return object{"totalCount": len(events), "pageInfo": object{"hasNextPage": false, "endCursor": nil}, "nodes": events}
}

func pullsOf(pulls ...object) object {
	return object{"pullRequests": object{"totalCount": len(pulls), "pageInfo": object{"hasNextPage": false, "endCursor": nil}, "nodes": pulls}}
}

var minute = func(n int) time.Time { return now.Add(-time.Hour).Add(time.Duration(n) * time.Minute) }

func forced(kind, id string, before, after int, at time.Time, ref any) object {
	commit := func(n int) any {
		if n == 0 {
			return nil
		}
		return object{"oid": hexID(n)}
	}
	if name, ok := ref.(string); ok {
		ref = object{"name": name, "prefix": "refs/heads/"}
	}
	return object{"__typename": kind + "RefForcePushedEvent", "id": id, "createdAt": stampOf(at), "actor": object{"login": "mallory"},
		"beforeCommit": commit(before), "afterCommit": commit(after), "ref": ref}
}

func deleted(id, name string, at time.Time) object {
	return object{"__typename": "HeadRefDeletedEvent", "id": id, "createdAt": stampOf(at), "actor": nil, "headRefName": name}
}

func restored(id string, at time.Time) object {
	return object{"__typename": "HeadRefRestoredEvent", "id": id, "createdAt": stampOf(at), "actor": nil}
}

func TestPullTimelines(t *testing.T) {
	fork := object{"isCrossRepository": true, "headRepository": object{"databaseId": 8}}
	line := func(s string, at time.Time, actor string) string { return s + " " + stampOf(at) + " " + actor }
	m := "mallory"
	for name, c := range map[string]struct {
		pulls []object
		want  []string
		gaps  []string
	}{
		"head of this repository": {pulls: []object{pull(4, nil, forced("Head", "a", 1, 2, minute(1), nil))},
			want: []string{line("a force_push refs/pull/4/head 1..2", minute(1), m), line("a force_push refs/heads/side 1..2", minute(1), m)}},
		"head that was renamed": {pulls: []object{pull(4, nil, forced("Head", "a", 1, 2, minute(1), "now"))},
			want: []string{line("a force_push refs/pull/4/head 1..2", minute(1), m), line("a force_push refs/heads/now 1..2", minute(1), m)}},
		"head of a fork": {pulls: []object{pull(4, fork, forced("Head", "a", 1, 2, minute(1), "side"))},
			want: []string{line("a force_push refs/pull/4/head 1..2", minute(1), m)}},
		"head of a fork that is gone": {pulls: []object{pull(4, object{"headRepository": nil}, forced("Head", "a", 1, 2, minute(1), nil), deleted("b", "side", minute(2)))},
			want: []string{line("a force_push refs/pull/4/head 1..2", minute(1), m)}},
		"base, told by two": {pulls: []object{pull(4, nil, forced("Base", "a", 1, 2, minute(1), "main")),
			pull(3, fork, forced("Base", "b", 1, 2, minute(1).Add(time.Second), nil), forced("Base", "c", 1, 2, minute(9), nil))},
			want: []string{line("a force_push refs/heads/main 1..2", minute(1), m), line("c force_push refs/heads/main 1..2", minute(9), m)}},
		"base that was changed since": {pulls: []object{pull(4, nil, object{"__typename": "BaseRefChangedEvent", "id": "c", "createdAt": stampOf(minute(5)), "previousRefName": "old"},
			forced("Base", "a", 1, 2, minute(1), nil))}, want: []string{line("a force_push refs/heads/old 1..2", minute(1), m)}},
		"deleted while open": {pulls: []object{pull(4, object{"closedAt": stampOf(minute(3))}, deleted("a", "side", minute(3)))},
			want: []string{line("a branch_deletion refs/heads/side 9..0", minute(3), "")}},
		"deleted after it was closed": {pulls: []object{pull(4, object{"closedAt": stampOf(minute(2))}, deleted("a", "side", minute(3)))},
			want: []string{line("a branch_deletion refs/heads/side -..0", minute(3), "")}},
		"deleted and restored": {pulls: []object{pull(4, nil, deleted("a", "side", minute(3)), restored("b", minute(4)), deleted("c", "side", minute(5)))},
			want: []string{line("a branch_deletion refs/heads/side -..0", minute(3), ""), line("b branch_creation refs/heads/side 0..-", minute(4), ""),
				line("c branch_deletion refs/heads/side 9..0", minute(5), "")}},
		"an end that is lost": {pulls: []object{pull(4, fork, forced("Head", "a", 0, 2, minute(1), nil))},
			want: []string{line("a force_push refs/pull/4/head -..2", minute(1), m)},
			gaps: []string{"object-missing: refs/pull/4/head, force-pushed " + stampOf(minute(1))}},
		"an event without a time": {pulls: []object{pull(4, fork, forced("Head", "a", 1, 2, time.Time{}, nil), forced("Head", "b", 2, 3, minute(1), nil))},
			want: []string{line("b force_push refs/pull/4/head 2..3", minute(1), m)}, gaps: []string{"refused: /graphql#pulls:"}},
		"none": {},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, graph(func(asks) string {
				if c.pulls == nil {
					return data(object{"pullRequests": object{"totalCount": 0, "pageInfo": object{"hasNextPage": false, "endCursor": nil}, "nodes": []any{}}})
				}
				return data(pullsOf(c.pulls...))
			}))
			var g told
			if err := graphCollector(t, f).PullTimelines(context.Background(), repo, g.emit); err != nil {
				t.Fatal(err)
			}
			g.finished(t, UnitPulls)
			same(t, "updates", g.moves(), c.want)
			same(t, "gaps", g.gaps(), c.gaps)
			if g.Coverage[0].Complete == (name == "an event without a time") || g.Coverage[0].To != now {
				t.Errorf("coverage %+v", g.Coverage)
			}
		})
	}
}

// TestPullTimelinesInPages follows the cursors of the list and of one pull request, and stops at Since.
func TestPullTimelinesInPages(t *testing.T) {
	f := newFake(t, graph(func(q asks) string {
		switch {
		case q.Variables["number"] != nil:
			return data(object{"pullRequest": object{"timelineItems": timelineOf(forced("Head", "b", 2, 3, minute(2), nil))}})
		case q.Variables["after"] == nil:
			long := timelineOf(forced("Head", "a", 1, 2, minute(1), nil))
			long["pageInfo"] = object{"hasNextPage": true, "endCursor": "t1"}
			page := pullsOf(pull(4, object{"isCrossRepository": true, "timelineItems": long}))
			page["pullRequests"].(object)["pageInfo"] = object{"hasNextPage": true, "endCursor": "p1"}
			return data(page)
		}
		page := pullsOf(pull(3, object{"updatedAt": stampOf(now.AddDate(0, -1, 0)), "isCrossRepository": true}))
		page["pullRequests"].(object)["pageInfo"] = object{"hasNextPage": true, "endCursor": "p2"}
		return data(page)
	}))
	var g told
	c := graphCollector(t, f, func(cfg *Config) { cfg.Since = now.AddDate(0, 0, -2) })
	if err := c.PullTimelines(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), nil)
	if len(g.Updates) != 2 || len(f.asked) != 3 || !g.Coverage[0].Complete || g.Coverage[0].From != now.AddDate(0, 0, -2) || g.Coverage[0].Oldest != minute(1) {
		t.Errorf("updates %q, asked %d, coverage %+v", g.moves(), len(f.asked), g.Coverage)
	}
	var targets []string
	for _, s := range g.Sources {
		targets = append(targets, s.Target)
	}
	same(t, "targets", targets, []string{"/graphql#pulls:", "/graphql#pull:4:t1", "/graphql#pulls:p1"})
}

func TestPullTimelinesWithoutEnd(t *testing.T) {
	f := newFake(t, graph(func(asks) string {
		page := pullsOf(pull(3, nil))
		page["pullRequests"].(object)["pageInfo"] = object{"hasNextPage": true, "endCursor": "same"}
		return data(page)
	}))
	var g told
	if err := graphCollector(t, f).PullTimelines(context.Background(), repo, g.emit); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", g.gaps(), []string{"truncated: pull requests"})
	if len(f.asked) != 2 || g.Coverage[0].Complete {
		t.Errorf("asked %d, coverage %+v", len(f.asked), g.Coverage)
	}
}

func TestSignatures(t *testing.T) {
	at := minute(0)
	answers := map[string]any{
		hexID(1): object{"__typename": "Commit", "oid": hexID(1), "signature": object{"__typename": "GpgSignature", "isValid": true, "state": "VALID",
			"wasSignedByGitHub": true, "verifiedAt": stampOf(at)}},
		hexID(2): object{"__typename": "Commit", "oid": hexID(2), "signature": nil},
		hexID(3): object{"__typename": "Commit", "oid": hexID(3), "signature": object{"__typename": "SshSignature", "isValid": false, "state": "UNKNOWN_KEY",
			"wasSignedByGitHub": false, "verifiedAt": nil}},
		hexID(4): nil,
		hexID(5): object{"__typename": "Tag"},
	}
	f := newFake(t, graph(func(q asks) string {
		fields := object{}
		for i := 0; strings.Contains(q.Query, fmt.Sprintf("o%d:", i)); i++ {
			_, rest, _ := strings.Cut(q.Query, fmt.Sprintf("o%d: object(oid: \"", i))
			fields[fmt.Sprintf("o%d", i)] = answers[rest[:40]]
		}
		return data(fields)
	}))
	var oids []evidence.OID
	for i := range 5 {
		oids = append(oids, evidence.OID(hexID(i+1)))
	}
	for i := range 150 {
		oids = append(oids, evidence.OID(hexID(1000+i)))
	}
	var g told
	if err := graphCollector(t, f).Signatures(context.Background(), repo, oids, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitSignatures)
	same(t, "gaps", g.gaps(), nil)
	want := []evidence.SignatureCheck{{Commit: oids[0], Verified: true, Reason: "valid", VerifiedAt: at, ByGitHub: true},
		{Commit: oids[1], Reason: "unsigned"}, {Commit: oids[2], Reason: "unknown_key"}}
	if fmt.Sprint(g.Checks) != fmt.Sprint(want) || len(f.asked) != 2 || !g.Coverage[0].Complete {
		t.Errorf("checks %+v, asked %d, coverage %+v", g.Checks, len(f.asked), g.Coverage)
	}
	if err := graphCollector(t, f).Signatures(context.Background(), repo, []evidence.OID{`") { x }`}, g.emit); err == nil {
		t.Error("text that is no object name was asked for")
	}
}

// TestGraphQLRefusals: what an answer without use becomes, and how often it was asked for.
func TestGraphQLRefusals(t *testing.T) {
	failed := func(typ, more string) http.HandlerFunc {
		return say(200, `{"data":{"repository":null},"errors":[{"type":"`+typ+`","message":"m"`+more+`}]}`)
	}
	for name, c := range map[string]struct {
		h     http.HandlerFunc
		kind  evidence.GapKind
		asked int
	}{
		"no token":         {say(401, `{"message":"This endpoint requires you to be authenticated."}`), evidence.GapNotCollected, 1},
		"no allowance":     {say(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Limit", "0", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(now.Unix()+60)), evidence.GapRateLimit, 1},
		"denied":           {failed("FORBIDDEN", ""), evidence.GapForbidden, 1},
		"gone":             {failed("NOT_FOUND", `,"path":["repository"]`), evidence.GapGone, 1},
		"limited for ever": {failed("RATE_LIMITED", ""), evidence.GapRateLimit, -1},
		"older schema":     {say(200, `{"errors":[{"message":"Field 'verifiedAt' doesn't exist","extensions":{"code":"undefinedField"}}]}`), evidence.GapUnsupported, 1},
		"in trouble":       {say(200, `{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}`), evidence.GapServer, maxReads},
		"nothing":          {say(200, `{}`), evidence.GapRefused, maxReads},
		"no API":           {say(404, `<html>`), evidence.GapNotCollected, 1},
		"down":             {say(502, ``), evidence.GapServer, 4},
		"another":          {say(200, `{"data":{"repository":{"databaseId":9,"o0":null}}}`), evidence.GapIdentity, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]http.HandlerFunc{"/api/graphql": c.h})
			col := f.collector(t)
			col.learn(repo, 7)
			var g told
			oids := []evidence.OID{evidence.OID(hexID(1))}
			if err := col.Signatures(context.Background(), repo, oids, g.emit); err != nil {
				t.Fatal(err)
			}
			if len(g.Gaps) != 1 || g.Gaps[0].Kind != c.kind || g.Coverage[0].Complete || len(g.Checks) != 0 {
				t.Errorf("gaps %+v, coverage %+v", g.Gaps, g.Coverage)
			}
			if len(f.asked) != c.asked && c.asked > 0 {
				t.Errorf("asked %d times, want %d", len(f.asked), c.asked)
			}
		})
	}
}

// TestGraphQLInPart takes what came beside an error, after asking again for the rest.
func TestGraphQLInPart(t *testing.T) {
	commit := `{"__typename":"Commit","oid":"` + hexID(1) + `","signature":null}`
	missing := `{"type":"NOT_FOUND","message":"Could not resolve to a node","path":["repository","o1"]}`
	broken := `{"message":"timeout","path":["repository","o1"]}`
	for name, c := range map[string]struct {
		errors string
		gaps   []string
		asked  int
	}{
		"an object that is not there": {missing, nil, 1},
		"an object that failed":       {broken, []string{"server-error: signatures of 2 commits from " + hexID(1)}, maxReads},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, graph(func(asks) string {
				return `{"data":{"repository":{"databaseId":7,"o0":` + commit + `,"o1":null}},"errors":[` + c.errors + `]}`
			}))
			var g told
			if err := graphCollector(t, f).Signatures(context.Background(), repo, []evidence.OID{evidence.OID(hexID(1)), evidence.OID(hexID(2))}, g.emit); err != nil {
				t.Fatal(err)
			}
			same(t, "gaps", g.gaps(), c.gaps)
			if len(g.Checks) != 1 || len(f.asked) != c.asked || g.Coverage[0].Complete != (c.gaps == nil) {
				t.Errorf("checks %+v, asked %d, coverage %+v", g.Checks, len(f.asked), g.Coverage)
			}
		})
	}
}

func TestGraphQLAddress(t *testing.T) {
	for rest, want := range map[string]string{"https://api.github.com/": "https://api.github.com/", "https://ghe.example.invalid/api/v3/": "https://ghe.example.invalid/api/",
		"https://ghe.example.invalid/x/api/v3/": "https://ghe.example.invalid/x/api/"} {
		u, err := url.Parse(rest)
		if err != nil {
			t.Fatal(err)
		}
		if got := graphqlBase(u).String(); got != want {
			t.Errorf("%s: got %s, want %s", rest, got, want)
		}
	}
}
