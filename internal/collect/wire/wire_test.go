package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2025, 9, 6, 0, 0, 0, 0, time.UTC)

// clock is a time that moves only when somebody sleeps.
type clock struct {
	now    time.Time
	slept  []time.Duration
	reason []string
}

func (c *clock) config(base http.RoundTripper) Config {
	return Config{
		Base: base, Hosts: []string{"api.example.invalid"}, UserAgent: "pentimento",
		Now:    func() time.Time { return c.now },
		OnWait: func(reason string, _ time.Time) { c.reason = append(c.reason, reason) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			c.slept, c.now = append(c.slept, d), c.now.Add(d)
			return ctx.Err()
		},
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// script answers with each reply in turn and repeats the last.
func script(asked *int, replies ...func() (*http.Response, error)) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		next := replies[min(*asked, len(replies)-1)]
		*asked++
		resp, err := next()
		if resp != nil {
			resp.Request = r
		}
		return resp, err
	}
}

func says(status int, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(status, body, header...), nil }
}

const secondaryBody = `{"message":"You have exceeded a secondary rate limit.",
	"documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`

func TestLimits(t *testing.T) {
	reset := fmt.Sprint(start.Add(10 * time.Minute).Unix())
	for name, limited := range map[string]struct {
		header []string
		body   string
		wait   time.Duration
		reason string
	}{
		"retry-after seconds": {header: []string{"Retry-After", "17"}, wait: 17 * time.Second, reason: "Retry-After"},
		"retry-after date": {header: []string{"Retry-After", start.Add(90 * time.Second).Format(http.TimeFormat)}, wait: 90 * time.Second,
			reason: "Retry-After"},
		"retry-after wins over reset": {header: []string{"Retry-After", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset},
			wait: 5 * time.Second, reason: "Retry-After"},
		"primary": {header: []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset},
			wait: 10 * time.Minute, reason: "primary rate limit"},
		"reset has passed": {header: []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(start.Unix() - 40)},
			wait: time.Second, reason: "primary rate limit"},
		"secondary by its body": {body: secondaryBody, wait: time.Minute, reason: "secondary rate limit"},
	} {
		for _, status := range []int{403, 429} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				asked, c := 0, &clock{now: start}
				client := NewClient(c.config(script(&asked, says(status, limited.body, limited.header...), says(200, "ok"))))
				resp, err := client.Get("https://api.example.invalid/x")
				if err != nil {
					t.Fatal(err)
				}
				if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "ok" {
					t.Errorf("got %d %q", resp.StatusCode, body)
				}
				if !slices.Equal(c.slept, []time.Duration{limited.wait}) || !slices.Equal(c.reason, []string{limited.reason}) {
					t.Errorf("slept %v for %v, want %v for %q", c.slept, c.reason, limited.wait, limited.reason)
				}
			})
		}
	}
}

func TestRefusalIsNoLimit(t *testing.T) {
	const body = `{"message":"Resource not accessible by personal access token","documentation_url":"https://docs.github.com/rest"}`
	asked, c := 0, &clock{now: start}
	resp, err := NewClient(c.config(script(&asked, says(403, body)))).Get("https://api.example.invalid/x")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(resp.Body); string(got) != body || asked != 1 || len(c.slept) != 0 {
		t.Errorf("got %q after %d requests, slept %v", got, asked, c.slept)
	}
}

func TestLimitOutlastsPatience(t *testing.T) {
	for name, header := range map[string][]string{
		"a day":        {"Retry-After", "86400"},
		"for ever":     {"Retry-After", "9223372036854775807"},
		"now, always":  {"Retry-After", "0"},
		"reset absurd": {"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "68719476735"},
	} {
		t.Run(name, func(t *testing.T) {
			asked, c := 0, &clock{now: start}
			_, err := NewClient(c.config(script(&asked, says(429, "", header...)))).Get("https://api.example.invalid/x")
			var limit *LimitError
			if !errors.As(err, &limit) || !limit.Until.After(start) {
				t.Fatalf("got %v", err)
			}
			if waited := c.now.Sub(start); waited > DefaultMaxWait || asked > maxLimits+1 {
				t.Errorf("waited %s over %d requests", waited, asked)
			}
		})
	}
}

func TestExhaustedBudgetPausesTheNextRequest(t *testing.T) {
	asked, c := 0, &clock{now: start}
	var budget []int
	cfg := c.config(script(&asked, says(200, "a", "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0",
		"X-RateLimit-Reset", fmt.Sprint(start.Unix()+30)), says(200, "b")))
	cfg.Budget = func(remaining, limit int, _ time.Time) { budget = append(budget, remaining, limit) }
	client := NewClient(cfg)
	for range 2 {
		if _, err := client.Get("https://api.example.invalid/x"); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(c.slept, []time.Duration{30 * time.Second}) || !slices.Equal(budget, []int{0, 60}) {
		t.Errorf("slept %v, budget %v", c.slept, budget)
	}
}

func TestTransientFailures(t *testing.T) {
	broken := func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	cut := func() (*http.Response, error) {
		r := reply(200, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"half`), errReader{io.ErrUnexpectedEOF}))
		return r, nil
	}
	t.Run("mended", func(t *testing.T) {
		asked, c := 0, &clock{now: start}
		resp, err := NewClient(c.config(script(&asked, broken, cut, says(502, ""), says(200, "ok")))).Get("https://api.example.invalid/x")
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		if !slices.Equal(c.slept, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}) {
			t.Errorf("slept %v", c.slept)
		}
	})
	t.Run("5xx is handed on in the end", func(t *testing.T) {
		asked, c := 0, &clock{now: start}
		resp, err := NewClient(c.config(script(&asked, says(503, "down", "Retry-After", "9")))).Get("https://api.example.invalid/x")
		if err != nil || resp.StatusCode != 503 || asked != maxTries {
			t.Fatal(resp, err, asked)
		}
		if c.slept[0] != 9*time.Second {
			t.Errorf("slept %v, want what the server asked for", c.slept)
		}
	})
	t.Run("connection errors end", func(t *testing.T) {
		asked, c := 0, &clock{now: start}
		_, err := NewClient(c.config(script(&asked, broken))).Get("https://api.example.invalid/x")
		if !errors.Is(err, io.ErrUnexpectedEOF) || asked != maxTries {
			t.Fatal(err, asked)
		}
	})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestPostIsReplayedWhole(t *testing.T) {
	var bodies []string
	c := &clock{now: start}
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		if len(bodies) < 3 {
			return reply(502, ""), nil
		}
		return reply(200, ""), nil
	})
	resp, err := NewClient(c.config(base)).Post("https://api.example.invalid/o/r.git/git-upload-pack", "text/plain", strings.NewReader("want"))
	if err != nil || resp.StatusCode != 200 || !slices.Equal(bodies, []string{"want", "want", "want"}) {
		t.Fatal(resp, err, bodies)
	}
}

func TestCancelDuringWait(t *testing.T) {
	asked := 0
	ctx, cancel := context.WithCancel(context.Background())
	cfg := (&clock{now: start}).config(script(&asked, says(429, "", "Retry-After", "60")))
	cfg.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://api.example.invalid/x", nil)
	if _, err := NewClient(cfg).Do(req); !errors.Is(err, context.Canceled) || asked != 1 {
		t.Fatal(err, asked)
	}
}

// TestTokenStaysHome holds who sees the token, and how.
func TestTokenStaysHome(t *testing.T) {
	token := strings.Join([]string{"not", "a", "token"}, "-")
	for target, want := range map[string]string{
		"https://api.example.invalid/repos/o/r":            "Bearer",
		"https://API.example.invalid:443/repos/o/r":        "Bearer",
		"https://api.example.invalid/o/r.git/info/refs?x=": "Basic",
		"http://127.0.0.1:8080/api/v3/repos/o/r":           "Bearer",
		"https://api.example.invalid:8443/repos/o/r":       "", // another port is another server
		"http://api.example.invalid/repos/o/r":             "", // in the clear
		"https://other.example.invalid/repos/o/r":          "",
		"https://api.example.invalid.evil.invalid/":        "",
		"https://u:p@other.example.invalid/":               "", // credentials in an address are not ours to send
	} {
		var got string
		cfg := (&clock{now: start}).config(roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Get("Authorization")
			return reply(200, ""), nil
		}))
		cfg.Credentials, cfg.Hosts = []*Credential{Token(token)}, []string{"api.example.invalid", "127.0.0.1:8080"}
		if _, err := NewClient(cfg).Get(target); err != nil {
			t.Fatal(err)
		}
		if scheme, _, _ := strings.Cut(got, " "); scheme != want {
			t.Errorf("%s: sent %q, want scheme %q", target, got, want)
		}
	}
}

func TestRedirects(t *testing.T) {
	token := strings.Join([]string{"not", "a", "token"}, "-")
	var foreign []string
	away := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		foreign = append(foreign, r.Header.Get("Authorization"))
	}))
	defer away.Close()
	mux := http.NewServeMux()
	home := httptest.NewServer(mux)
	defer home.Close()
	mux.Handle("/away", http.RedirectHandler(away.URL+"/catch", http.StatusFound))
	mux.Handle("/circle", http.RedirectHandler("/circle", http.StatusFound))
	mux.Handle("/o/r.git/git-upload-pack", http.RedirectHandler("/there", http.StatusMovedPermanently))
	mux.Handle("/repos/o/old", http.RedirectHandler("/repositories/7", http.StatusMovedPermanently))
	mux.HandleFunc("/repositories/7", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) })

	u, _ := url.Parse(home.URL)
	client := NewClient(Config{Credentials: []*Credential{Token(token)}, Hosts: []string{u.Host}})
	resp, err := client.Get(home.URL + "/repos/o/old")
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "Bearer "+token {
		t.Errorf("a rename on the same host came with %q", body)
	}
	for path, why := range map[string]string{"/away": "not one of those asked for", "/circle": "in a row"} {
		_, err := client.Get(home.URL + path)
		var redirect *RedirectError
		if !errors.As(err, &redirect) || !strings.Contains(redirect.Why, why) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	_, err = client.Post(home.URL+"/o/r.git/git-upload-pack", "", strings.NewReader("want"))
	if redirect := new(RedirectError); !errors.As(err, &redirect) {
		t.Errorf("a POST that becomes a GET: got %v", err)
	}
	if len(foreign) != 0 {
		t.Errorf("the foreign host was asked: %q", foreign)
	}
}

func TestRedirectOutOfTLS(t *testing.T) {
	cfg := (&clock{now: start}).config(roundTrip(func(r *http.Request) (*http.Response, error) {
		return reply(302, "", "Location", "http://api.example.invalid/y"), nil
	}))
	_, err := NewClient(cfg).Get("https://api.example.invalid/x")
	if redirect := new(RedirectError); !errors.As(err, &redirect) {
		t.Fatalf("got %v", err)
	}
}
