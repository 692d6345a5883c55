package ghapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

const toolJSON = `{"id":7,"full_name":"acme/tool","default_branch":"main","private":false,"archived":true,"disabled":false,
	"created_at":"2020-01-02T03:04:05Z","pushed_at":"2025-09-06T23:50:00+02:00","parent":{"full_name":"upstream/tool"},"new_field":{"x":1}}`

func TestRepositoryState(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool": say(200, toolJSON, "ETag", `"v1"`)})
	var g told
	state, usable, err := f.collector(t).Repository(context.Background(), repo, g.emit)
	if err != nil || !usable {
		t.Fatal(usable, err)
	}
	want := evidence.RepositoryState{GitHubID: 7, FullName: "acme/tool", DefaultBranch: "main", ForkOf: "upstream/tool", Archived: true,
		CreatedAt: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), PushedAt: time.Date(2025, 9, 6, 21, 50, 0, 0, time.UTC)}
	if state != want || *g.State != want {
		t.Errorf("got %+v", state)
	}
	g.finished(t, UnitRepository)
	s := g.Sources[0]
	if s.Target != "/repos/acme/tool" || s.ETag != `"v1"` || string(s.Body) != toolJSON || s.URL != f.URL+prefix+"/repos/acme/tool" {
		t.Errorf("source %+v", s)
	}
}

// TestRefusals holds what each way of not answering means, and that none of them says "gone" of more than it must.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		answer     http.HandlerFunc
		repository evidence.GapKind
		usable     bool
		activity   evidence.GapKind
		says       string
	}{
		"404 of GitHub":         {say(404, `{"message":"Not Found"}`), evidence.GapGone, false, evidence.GapUnsupported, "does not serve"},
		"404 of a plain server": {say(404, "<html>no</html>"), evidence.GapNotCollected, false, evidence.GapNotCollected, "no GitHub API"},
		"451": {say(451, `{"message":"Repository access blocked","block":{"reason":"dmca","created_at":"2025-09-06T00:00:00Z"}}`),
			evidence.GapBlocked, false, evidence.GapBlocked, "dmca"},
		"403 with a block": {say(403, `{"message":"Repository access blocked","block":{"reason":"tos"}}`), evidence.GapBlocked, false,
			evidence.GapBlocked, "tos"},
		"403":         {say(403, `{"message":"Resource not accessible"}`), evidence.GapForbidden, false, evidence.GapForbidden, "denies"},
		"401":         {say(401, `{"message":"Bad credentials"}`), evidence.GapForbidden, false, evidence.GapForbidden, "credentials"},
		"409":         {say(409, `{"message":"Git Repository is empty."}`), evidence.GapEmpty, false, evidence.GapEmpty, "no commits"},
		"410":         {say(410, `{"message":"Gone"}`), evidence.GapExpired, false, evidence.GapExpired, "no longer keeps"},
		"422":         {say(422, `{"message":"Validation Failed"}`), evidence.GapUnsupported, false, evidence.GapUnsupported, "question"},
		"202":         {say(202, `{}`), evidence.GapServer, false, evidence.GapServer, "202"},
		"304 unasked": {say(304, ``), evidence.GapServer, false, evidence.GapServer, "304"},
		"500":         {say(500, `{"message":"\u001b[31mred\u202e"}`), evidence.GapServer, true, evidence.GapServer, "failed on every try"},
		"limit":       {say(429, ``, "Retry-After", "86400"), evidence.GapRateLimit, false, evidence.GapRateLimit, "2025-09-11T12:00:00Z"},
		"not JSON":    {say(200, `{"id":7,`), evidence.GapRefused, true, evidence.GapRefused, "could not be read"},
		"wrong type":  {say(200, `"x"`), evidence.GapRefused, true, evidence.GapRefused, "could not be read"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for junk := make([]byte, 1<<20); ; {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		}, evidence.GapRefused, false, evidence.GapRefused, "larger than"},
		"foreign redirect": {say(302, "", "Location", "https://elsewhere.example.invalid/catch?q=1"), evidence.GapRefused, false,
			evidence.GapRefused, "elsewhere.example.invalid"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, evidence.GapServer, false,
			evidence.GapServer, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool": c.answer, "/repos/acme/tool/activity": c.answer})
			var g, a told
			_, usable, err := f.collector(t).Repository(context.Background(), repo, g.emit)
			if err != nil || usable != c.usable {
				t.Fatalf("usable %v, %v", usable, err)
			}
			g.finished(t, UnitRepository)
			same(t, "repository", g.gaps(), []string{string(c.repository) + ": repository"})
			if err := f.collector(t).Activity(context.Background(), repo, a.emit); err != nil {
				t.Fatal(err)
			}
			a.finished(t, UnitActivity)
			same(t, "activity", a.gaps(), []string{string(c.activity) + ": activity"})
			for _, x := range append(g.Gaps, a.Gaps...) {
				if !strings.Contains(x.Detail, c.says) || strings.ContainsAny(x.Detail, "\x1b\u202e") {
					t.Errorf("detail %q, want %q in it", x.Detail, c.says)
				}
			}
			if len(a.Coverage) != 1 || a.Coverage[0].Complete {
				t.Errorf("coverage %+v", a.Coverage)
			}
		})
	}
}

func TestRepositoryRefusesNonsense(t *testing.T) {
	for name, body := range map[string]string{
		"no id":      `{"full_name":"acme/tool"}`,
		"bad name":   `{"id":7,"full_name":"../.."}`,
		"bad parent": `{"id":7,"full_name":"acme/tool","parent":{"full_name":"x"}}`,
		"far future": `{"id":7,"full_name":"acme/tool","created_at":99999999999999}`,
		"NUL":        `{"id":7,"full_name":"acme/tool","default_branch":"a\u0000b"}`,
	} {
		if state, err := readRepository([]byte(body)); err == nil {
			t.Errorf("%s: read as %+v", name, state)
		}
	}
}

func renamed(f map[string]http.HandlerFunc, path, id string) {
	f["/repos/acme/tool"+path] = func(w http.ResponseWriter, r *http.Request) {
		to := prefix + "/repositories/" + id + path
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, to, http.StatusMovedPermanently)
	}
}

func TestRename(t *testing.T) {
	routes := map[string]http.HandlerFunc{
		"/repositories/7":          say(200, strings.ReplaceAll(toolJSON, "acme/tool", "acme/kit")),
		"/repositories/7/activity": say(200, `[]`),
	}
	renamed(routes, "", "7")
	renamed(routes, "/activity", "7")
	f := newFake(t, routes)
	c := f.collector(t)
	var g, a told
	state, usable, err := c.Repository(context.Background(), repo, g.emit)
	if err != nil || !usable || state.FullName != "acme/kit" {
		t.Fatal(state, usable, err)
	}
	g.finished(t, UnitRepository)
	same(t, "gaps", g.gaps(), []string{"renamed: acme/kit"})
	if err := c.Activity(context.Background(), repo, a.emit); err != nil {
		t.Fatal(err)
	}
	a.finished(t, UnitActivity)
	same(t, "gaps of what follows", a.gaps(), nil)
	if !a.Coverage[0].Complete {
		t.Error("a rename costs no coverage")
	}
}

// TestIdentity: the name was given away between two requests. Nothing of the other repository may become a fact.
func TestIdentity(t *testing.T) {
	run := `{"id":1,"run_attempt":1,"created_at":"2025-09-06T00:00:00Z","repository":{"id":8}}`
	routes := map[string]http.HandlerFunc{
		"/repos/acme/tool":              say(200, toolJSON),
		"/repositories/8/activity":      say(200, `[]`),
		"/repos/acme/tool/events":       say(200, `[{"id":"1","type":"DeleteEvent","repo":{"id":8},"created_at":"2025-09-06T00:00:00Z","payload":{"ref":"x","ref_type":"branch"}}]`),
		"/repos/acme/tool/actions/runs": say(200, `{"total_count":1,"workflow_runs":[`+run+`]}`),
	}
	renamed(routes, "/activity", "8")
	c := newFake(t, routes).collector(t)
	if _, _, err := c.Repository(context.Background(), repo, (&told{}).emit); err != nil {
		t.Fatal(err)
	}
	for subject, collect := range map[string]func(context.Context, evidence.Repository, Emit) error{
		"activity": c.Activity, "events": c.Events, "runs": c.Runs,
	} {
		var g told
		if err := collect(context.Background(), repo, g.emit); err != nil {
			t.Fatal(err)
		}
		same(t, subject, g.gaps(), []string{"identity: " + subject})
		if len(g.Updates)+len(g.Runs) != 0 || len(g.Sources) != 1 || g.Coverage[0].Complete {
			t.Errorf("%s: kept %+v", subject, g)
		}
	}
}

func TestCancelIsTheOnlyError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool": func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}})
	var g told
	if _, _, err := f.collector(t).Repository(ctx, repo, g.emit); !errors.Is(err, context.Canceled) || g.pages != 0 {
		t.Fatal(err, g)
	}
}

func TestEmitEndsTheCollection(t *testing.T) {
	full := errors.New("disk full")
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": say(200, `[]`, "Link", `<https://x.invalid/?after=c>; rel="next"`)})
	err := f.collector(t).Activity(context.Background(), repo, func(evidence.Observation) error { return full })
	if !errors.Is(err, full) || len(f.asked) != 1 {
		t.Fatal(err, f.asked)
	}
}

// TestUnchanged: an answer that the case holds costs no limit and gives the same fact again.
func TestUnchanged(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		say(200, toolJSON, "ETag", `"v1"`)(w, r)
	}})
	var first, second told
	if _, _, err := f.collector(t).Repository(context.Background(), repo, first.emit); err != nil {
		t.Fatal(err)
	}
	again := f.collector(t, func(c *Config) {
		c.Cached = func(_ context.Context, r evidence.Repository, target string) (string, []byte, bool, error) {
			s := first.Sources[0]
			return s.ETag, s.Body, r == repo && target == s.Target, nil
		}
	})
	state, usable, err := again.Repository(context.Background(), repo, second.emit)
	if err != nil || !usable || state != *first.State {
		t.Fatal(state, usable, err)
	}
	same(t, "facts", second.ids(), first.ids())
}

func TestNewRefusesAddresses(t *testing.T) {
	f := newFake(t, nil)
	good := f.collector(t).cfg
	for _, change := range []func(*Config){
		func(c *Config) { c.Base = nil },
		func(c *Config) { c.Client = nil },
		func(c *Config) { u := *c.Base; u.Scheme = "file"; c.Base = &u },
		func(c *Config) { u := *c.Base; u.RawQuery = "token=1"; c.Base = &u },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("accepted %v", cfg.Base)
		}
	}
}

// A case that cannot be read ends the collection: "nothing is known" would be another answer.
func TestCaseThatCannotBeRead(t *testing.T) {
	broken := errors.New("disk I/O error")
	for name, change := range map[string]func(*Config){
		"held answer": func(c *Config) {
			c.Cached = func(context.Context, evidence.Repository, string) (string, []byte, bool, error) {
				return "", nil, false, broken
			}
		},
		"id": func(c *Config) {
			c.Known = func(context.Context, evidence.Repository) (int64, error) { return 0, broken }
		},
		"held list": func(c *Config) {
			c.Held = func(context.Context, evidence.Repository, evidence.Origin) (Held, bool, error) {
				return Held{}, false, broken
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]http.HandlerFunc{"/repos/acme/tool/activity": say(200, "[]")})
			var g told
			if err := f.collector(t, change).Activity(context.Background(), repo, g.emit); !errors.Is(err, broken) || len(f.asked) > 0 {
				t.Errorf("%v after %q", err, f.asked)
			}
		})
	}
}
