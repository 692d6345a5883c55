package ghapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

const (
	prefix = "/api/v3"
	repo   = evidence.Repository("acme/tool")
)

var now = time.Date(2025, 9, 10, 12, 0, 0, 0, time.UTC)

// object is JSON in the making.
type object = map[string]any

// fake answers by path below /api/v3; what it does not know is GitHub's 404.
type fake struct {
	*httptest.Server
	routes map[string]http.HandlerFunc

	mu    sync.Mutex
	asked []string // targets, in order
}

func newFake(t *testing.T, routes map[string]http.HandlerFunc) *fake {
	f := &fake{routes: routes}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := strings.TrimPrefix(r.URL.RequestURI(), prefix) // GraphQL lies beside it, at /api/graphql
		f.mu.Lock()
		f.asked = append(f.asked, target)
		f.mu.Unlock()
		if h, ok := f.routes[strings.TrimPrefix(r.URL.Path, prefix)]; ok {
			h(w, r)
			return
		}
		say(404, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`)(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func say(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func sayJSON(v any) http.HandlerFunc {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return say(200, string(b))
}

// collector asks the fake through the real transport, with a clock that never makes a test wait.
func (f *fake) collector(t *testing.T, change ...func(*Config)) *Collector {
	t.Helper()
	u, err := url.Parse(f.URL + prefix)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Base: u, Now: func() time.Time { return now }, Client: wire.NewClient(wire.Config{
		Hosts: []string{u.Host}, Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})}
	for _, c := range change {
		c(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told is everything that a unit emitted.
type told struct {
	evidence.Observation
	pages int
	done  int
}

func (g *told) emit(obs evidence.Observation) error {
	g.pages++
	if obs.Done {
		g.done++
	}
	g.Unit = obs.Unit
	g.Sources = append(g.Sources, obs.Sources...)
	g.Updates = append(g.Updates, obs.Updates...)
	g.Checks = append(g.Checks, obs.Checks...)
	g.Secrets = append(g.Secrets, obs.Secrets...)
	g.Access = append(g.Access, obs.Access...)
	g.Forks = append(g.Forks, obs.Forks...)
	g.Logs = append(g.Logs, obs.Logs...)
	g.Elsewhere = append(g.Elsewhere, obs.Elsewhere...)
	g.Commits = append(g.Commits, obs.Commits...)
	g.Seen = append(g.Seen, obs.Seen...)
	g.Holdings = append(g.Holdings, obs.Holdings...)
	g.Entries = append(g.Entries, obs.Entries...)
	g.Blobs = append(g.Blobs, obs.Blobs...)
	g.Runs = append(g.Runs, obs.Runs...)
	g.Jobs = append(g.Jobs, obs.Jobs...)
	g.Coverage = append(g.Coverage, obs.Coverage...)
	g.Gaps = append(g.Gaps, obs.Gaps...)
	if obs.State != nil {
		g.State = obs.State
	}
	return nil
}

// moves renders each update in one line: where it came from, what it says.
func (g *told) moves() []string {
	var out []string
	for _, u := range g.Updates {
		by := ""
		if u.By {
			by = "by "
		}
		out = append(out, fmt.Sprintf("%s %s %s %s..%s %s%s %s", u.ExternalID, u.Kind, u.Ref, brief(u.Before), brief(u.After), by, stampOf(u.At), u.Actor))
	}
	return out
}

// brief is an object name made by hexID, without its zeros; "-" for none, "0" for the zero name.
func brief(o evidence.OID) string {
	if o == "" {
		return "-"
	}
	s := strings.TrimLeft(string(o), "0")
	if s == "" {
		return "0"
	}
	return s
}

// ids lists the facts by id, sorted, without repeats.
func (g *told) ids() []string {
	var out []string
	for _, s := range g.Sources {
		out = append(out, s.ID())
	}
	for _, u := range g.Updates {
		out = append(out, u.ID())
	}
	for _, r := range g.Runs {
		out = append(out, r.ID())
	}
	for _, j := range g.Jobs {
		out = append(out, j.ID())
	}
	for _, x := range g.Gaps {
		out = append(out, x.ID())
	}
	for _, x := range g.Commits {
		out = append(out, x.ID())
	}
	for _, x := range g.Checks {
		out = append(out, x.ID())
	}
	for _, x := range g.Secrets {
		out = append(out, x.ID())
	}
	for _, x := range g.Access {
		out = append(out, x.ID())
	}
	for _, x := range g.Forks {
		out = append(out, x.ID())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gaps renders kind and subject of each gap.
func (g *told) gaps() []string {
	var out []string
	for _, x := range g.Gaps {
		out = append(out, string(x.Kind)+": "+x.Subject)
	}
	return out
}

// finished checks what holds of every unit that ends.
func (g *told) finished(t *testing.T, unit string) {
	t.Helper()
	if g.Unit != unit || g.done != 1 {
		t.Errorf("unit %q ended %d times, want %q once", g.Unit, g.done, unit)
	}
	for _, s := range g.Sources {
		rest := s.Method == "GET" && (strings.HasPrefix(s.Target, "/repos/acme/tool") || unit == UnitActors && strings.HasPrefix(s.Target, "/users/"))
		if graph := s.Method == "POST" && strings.HasPrefix(s.Target, "/graphql#"); s.Repository != repo || !(rest || graph) || s.Status == 0 || s.FetchedAt != now {
			t.Errorf("source %+v", s)
		}
	}
	for _, x := range g.Gaps {
		if x.Repository != repo || x.Unit != unit || x.Subject == "" || x.Detail == "" {
			t.Errorf("gap %+v", x)
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func hexID(n int) string { return fmt.Sprintf("%040x", n) }

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
