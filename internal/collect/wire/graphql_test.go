package wire

import (
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

// TestGraphQLLimits: GraphQL states its limits with 200, and what it limits is not what REST counts.
func TestGraphQLLimits(t *testing.T) {
	reset := fmt.Sprint(start.Add(10 * time.Minute).Unix())
	const typed = `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`
	for name, c := range map[string]struct {
		first func() (*http.Response, error)
		slept []time.Duration
	}{
		"primary":         {says(200, typed, "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset), []time.Duration{10 * time.Minute}},
		"primary, bare":   {says(200, typed), []time.Duration{time.Minute}},
		"secondary":       {says(200, `{"errors":[{"message":"You have exceeded a secondary rate limit."}]}`, "Retry-After", "5"), []time.Duration{5 * time.Second}},
		"another error":   {says(200, `{"data":null,"errors":[{"type":"NOT_FOUND","message":"x"}]}`), nil},
		"no limit":        {says(200, `{"data":{}}`), nil},
		"no token at all": {says(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Limit", "0", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset), nil},
	} {
		t.Run(name, func(t *testing.T) {
			asked, c2 := 0, &clock{now: start}
			client := NewClient(c2.config(script(&asked, c.first, says(200, `{"data":1}`))))
			resp, err := client.Post("https://api.example.invalid/graphql", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			if !slices.Equal(c2.slept, c.slept) || (c.slept != nil) != (string(body) == `{"data":1}`) {
				t.Errorf("slept %v, got %q", c2.slept, body)
			}
			if c.slept == nil && !strings.Contains(string(body), "{") {
				t.Errorf("the body was eaten: %q", body)
			}
		})
	}
	req := func(path string) string {
		r, _ := http.NewRequest("GET", "https://api.example.invalid"+path, nil)
		return limitKey(r)
	}
	if req("/graphql") == req("/repos/o/r") || req("/api/graphql") == req("/o/r.git/info/refs") {
		t.Error("limits are shared")
	}
}

// TestBabble: an answer of 200 that is no JSON where JSON was asked for is tried again, and handed on in the end.
func TestBabble(t *testing.T) {
	ask := func(accept string, replies ...func() (*http.Response, error)) (int, string) {
		asked, c := 0, &clock{now: start}
		r, _ := http.NewRequest("GET", "https://api.example.invalid/x", nil)
		r.Header.Set("Accept", accept)
		resp, err := NewClient(c.config(script(&asked, replies...))).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		return asked, string(body)
	}
	const wanted = "application/vnd.github.v3+json"
	for name, c := range map[string]struct {
		accept string
		first  string
		asked  int
		body   string
	}{
		"a page of a proxy": {wanted, "<html>", 2, "[]"}, "half an answer": {wanted, `{"a":`, 2, "[]"}, "sound": {wanted, `{"a":1}`, 1, `{"a":1}`},
		"not asked for": {"*/*", "<html>", 1, "<html>"},
	} {
		if asked, body := ask(c.accept, says(200, c.first), says(200, "[]")); asked != c.asked || body != c.body {
			t.Errorf("%s: asked %d, got %q", name, asked, body)
		}
	}
	if asked, body := ask(wanted, says(200, "<html>")); asked != maxTries || body != "<html>" {
		t.Errorf("for ever: asked %d, got %q", asked, body)
	}
}

// TestDownload: what is downloaded carries no token, even from a host that may see it, and streams past the cap of REST answers.
func TestDownload(t *testing.T) {
	var sent []string
	size := MaxRESTBody + 10
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://files.example.invalid/", http.StatusFound)
			return
		}
		w.Write(make([]byte, size))
	}))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	client := NewClient(Config{Hosts: []string{u.Host}, Credentials: []*Credential{Token(strings.Join([]string{"not", "a", "token"}, "-"))}})
	spent := NewAllowance("this run", 1, nil)
	for _, path := range []string{"/log", "/away"} {
		req, _ := http.NewRequestWithContext(WithAllowance(Download(t.Context()), spent), "GET", server.URL+path, nil)
		resp, err := client.Do(req)
		if redirect := new(RedirectError); path == "/away" && !errors.As(err, &redirect) {
			t.Errorf("a redirect to another host: %v", err)
		}
		if err != nil {
			continue
		}
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(size) {
			t.Errorf("%d bytes, %v", n, err)
		}
		resp.Body.Close()
	}
	if !slices.Equal(sent, []string{"", ""}) || spent.Spent() != 0 {
		t.Errorf("sent %q, counted %d", sent, spent.Spent())
	}
}
