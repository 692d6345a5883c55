package wire

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop answers each token by its own purse, as GitHub does.
type shop struct {
	left  map[string]int
	asked []string
	reset time.Time
}

func (s *shop) RoundTrip(r *http.Request) (*http.Response, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.asked = append(s.asked, token)
	header := func() []string {
		return []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", fmt.Sprint(s.left[token]), "X-RateLimit-Reset", fmt.Sprint(s.reset.Unix())}
	}
	if _, known := s.left[token]; !known {
		return reply(401, `{"message":"Bad credentials"}`), nil
	}
	if s.left[token] == 0 {
		return reply(403, "", header()...), nil
	}
	s.left[token]--
	return reply(200, "ok", header()...), nil
}

func asks(t *testing.T, c *http.Client, n int) {
	t.Helper()
	for range n {
		resp, err := c.Get("https://api.example.invalid/x")
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
}

// Of several tokens the one with most left is asked with; waiting begins when all are spent.
func TestSeveralTokens(t *testing.T) {
	c, s := &clock{now: start}, &shop{left: map[string]int{"a": 2, "b": 5}, reset: start.Add(time.Hour)}
	cfg := c.config(s)
	cfg.Credentials = []*Credential{Token("a"), Token("b")}
	var last []int
	cfg.Budget = func(remaining, limit int, _ time.Time) { last = []int{remaining, limit} }
	client := NewClient(cfg)
	asks(t, client, 7)
	if len(c.slept) != 0 || s.left["a"] != 0 || s.left["b"] != 0 || !slices.Equal(last, []int{0, 60}) {
		t.Fatalf("slept %v, left %v, budget %v, asked %v", c.slept, s.left, last, s.asked)
	}
	s.left = map[string]int{"a": 1, "b": 1}
	asks(t, client, 1)
	if !slices.Equal(c.slept, []time.Duration{time.Hour}) {
		t.Errorf("slept %v for a limit that both had met", c.slept)
	}
}

// A secondary limit of one token sends the request out with the other.
func TestSecondaryLimitOfOneToken(t *testing.T) {
	c, by := &clock{now: start}, []string{}
	cfg := c.config(roundTrip(func(r *http.Request) (*http.Response, error) {
		by = append(by, r.Header.Get("Authorization"))
		if len(by) == 1 {
			return reply(403, secondaryBody), nil
		}
		return reply(200, ""), nil
	}))
	cfg.Credentials = []*Credential{Token("a"), Token("b")}
	asks(t, NewClient(cfg), 2)
	if !slices.Equal(by, []string{"Bearer a", "Bearer b", "Bearer b"}) || len(c.slept) != 0 {
		t.Errorf("asked by %v, slept %v", by, c.slept)
	}
}

// A token that the API does not know is left out and said, by its number; the last one's 401 is an answer.
func TestTokenThatIsNotAccepted(t *testing.T) {
	c, s := &clock{now: start}, &shop{left: map[string]int{"good": 9}, reset: start.Add(time.Hour)}
	cfg := c.config(s)
	cfg.Credentials = []*Credential{Token("stale"), Token("good")}
	var refused []int
	cfg.OnRefused = func(n, of int) { refused = append(refused, n, of) }
	client := NewClient(cfg)
	asks(t, client, 2)
	if !slices.Equal(refused, []int{1, 2}) || !slices.Equal(s.asked, []string{"stale", "good", "good"}) {
		t.Errorf("refused %v, asked %v", refused, s.asked)
	}
	s.left = nil
	resp, err := client.Get("https://api.example.invalid/x")
	if err != nil || resp.StatusCode != 401 {
		t.Errorf("got %v %v", resp, err)
	}
}

// Requests that were under way with a token when it was found out are all sent again with another; it is said once.
func TestTokenRefusedToSeveralAtOnce(t *testing.T) {
	const n = 3
	var together, all sync.WaitGroup
	together.Add(n)
	c, refused := &clock{now: start}, 0
	cfg := c.config(roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == "Bearer good" {
			return reply(200, "ok"), nil
		}
		together.Done() // nobody has an answer before all have asked
		together.Wait()
		return reply(401, `{"message":"Bad credentials"}`), nil
	}))
	cfg.Credentials = []*Credential{Token("stale"), Token("good")}
	cfg.OnRefused = func(int, int) { refused++ }
	client := NewClient(cfg)
	for range n {
		all.Go(func() {
			if resp, err := client.Get("https://api.example.invalid/x"); err != nil || resp.StatusCode != 200 {
				t.Errorf("got %v %v", resp, err)
			}
		})
	}
	all.Wait()
	if refused != 1 {
		t.Errorf("said %d times", refused)
	}
}

// A token that git does not accept is followed by the others and by none at all, and stays good for the API.
func TestTokenThatGitDoesNotAccept(t *testing.T) {
	for name, c := range map[string]struct {
		accepts []string // "" is nobody
		status  int
		by      []string
	}{
		"the first": {[]string{"a", "b"}, 200, []string{"a"}},
		"another":   {[]string{"b"}, 200, []string{"a", "b"}},
		"nobody's":  {[]string{""}, 200, []string{"a", "b", ""}},
		"none":      {nil, 401, []string{"a", "b", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			clock, by := &clock{now: start}, []string{}
			cfg := clock.config(roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
					return reply(200, "ok"), nil
				}
				_, token, _ := r.BasicAuth()
				if by = append(by, token); !slices.Contains(c.accepts, token) {
					return reply(401, ""), nil
				}
				return reply(200, "ok"), nil
			}))
			cfg.Credentials = []*Credential{Token("a"), Token("b")}
			cfg.OnRefused = func(n, _ int) { t.Errorf("token %d was called bad for the API", n) }
			client := NewClient(cfg)
			resp, err := client.Get("https://api.example.invalid/o/r.git/info/refs?service=git-upload-pack")
			if err != nil || resp.StatusCode != c.status || !slices.Equal(by, c.by) {
				t.Errorf("got %v %v, asked by %q", resp, err, by)
			}
			asks(t, client, 1)
		})
	}
}

// Limits that never end with any token end the request, not the patience of whoever waits for it.
func TestLimitsOfAllTokens(t *testing.T) {
	asked, c := 0, &clock{now: start}
	cfg := c.config(script(&asked, says(429, "", "Retry-After", "0")))
	cfg.Credentials = []*Credential{Token("a"), Token("b"), Token("c")}
	_, err := NewClient(cfg).Get("https://api.example.invalid/x")
	var limit *LimitError
	if !errors.As(err, &limit) || asked > 3*maxLimits+1 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestAllowance(t *testing.T) {
	asked, c := 0, &clock{now: start}
	client := NewClient(c.config(script(&asked, says(502, ""), says(200, "ok"))))
	run := NewAllowance("this run", 5, nil)
	get := func(a *Allowance, target string) error {
		req, err := http.NewRequestWithContext(WithAllowance(context.Background(), a), http.MethodGet, "https://api.example.invalid"+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(req)
		return err
	}
	one, two := NewAllowance("the repository", 3, run), NewAllowance("the repository", 3, run)
	for range 2 { // three requests: the first is made again
		if err := get(one, "/x"); err != nil {
			t.Fatal(err)
		}
	}
	var spent *BudgetError
	if err := get(one, "/x"); !errors.As(err, &spent) || spent.Whose != "the repository" || one.Left() == nil {
		t.Errorf("got %v", err)
	}
	if err := get(one, "/o/r.git/info/refs"); err != nil {
		t.Errorf("git costs no API call: %v", err)
	}
	for range 2 {
		if err := get(two, "/x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := get(two, "/x"); !errors.As(err, &spent) || spent.Whose != "this run" || asked != 6 || run.Spent() != 5 || two.Spent() != 2 {
		t.Errorf("got %v after %d requests, %d and %d counted", err, asked, run.Spent(), two.Spent())
	}
	if err := get(NewAllowance("all", 0, nil), "/x"); err != nil {
		t.Errorf("without bound: %v", err)
	}
}

// installation is a GitHub that mints tokens for an app and serves nobody else.
type installation struct {
	key    *rsa.PublicKey
	now    func() time.Time
	mu     sync.Mutex
	minted int
	fail   int // mints still to fail with 502
}

func (i *installation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.URL.Path != "/api/v3/app/installations/7/access_tokens" {
		if bearer != fmt.Sprintf("minted-%d", i.minted) {
			http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		}
		return
	}
	if i.fail > 0 {
		i.fail--
		http.Error(w, bearer, http.StatusBadGateway) // it says back what was sent
		return
	}
	if why := i.check(r, bearer); why != "" {
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	i.minted++
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"token":"minted-%d","expires_at":%q}`, i.minted, i.now().Add(time.Hour).Format(time.RFC3339))
}

// check is an independent reading of RFC 7519 and of what GitHub asks for.
func (i *installation) check(r *http.Request, assertion string) string {
	parts := strings.Split(assertion, ".")
	if r.Method != http.MethodPost || len(parts) != 3 {
		return "no assertion"
	}
	signature, err1 := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := errors.Join(err1, rsa.VerifyPKCS1v15(i.key, crypto.SHA256, sum[:], signature)); err != nil {
		return err.Error()
	}
	var claims struct {
		Iat, Exp int64
		Iss      string
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err := errors.Join(err, json.Unmarshal(body, &claims)); err != nil {
		return err.Error()
	}
	now := i.now().Unix()
	if claims.Iss != "42" || claims.Iat > now || claims.Exp <= now || claims.Exp-now > 600 {
		return fmt.Sprintf("claims %+v at %d", claims, now)
	}
	return ""
}

// TestApp: tokens are minted by the key of the app, used, and renewed before they end; a mint that fails for a moment is tried again.
func TestApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"PKCS 1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, "PKCS 8": {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		t.Run(name, func(t *testing.T) {
			c := &clock{now: start}
			github := &installation{key: &key.PublicKey, now: func() time.Time { return c.now }, fail: 1}
			server := httptest.NewServer(github)
			defer server.Close()
			api, _ := url.Parse(server.URL + "/api/v3/")
			app, err := App(AppConfig{API: api, ID: "42", Installation: 7, Key: pem.EncodeToMemory(block), Now: func() time.Time { return c.now }})
			if err != nil {
				t.Fatal(err)
			}
			cfg := c.config(http.DefaultTransport)
			cfg.Credentials, cfg.Hosts = []*Credential{app}, []string{api.Host}
			client := NewClient(cfg)
			for _, later := range []time.Duration{0, 10 * time.Minute, 46 * time.Minute} {
				c.now = c.now.Add(later)
				resp, err := client.Get(api.String() + "repos/o/r")
				if err != nil || resp.StatusCode != 200 {
					t.Fatal(resp, err)
				}
			}
			if github.minted != 2 || !slices.Equal(c.slept, []time.Duration{time.Second}) {
				t.Errorf("minted %d, slept %v", github.minted, c.slept)
			}
		})
	}
}

// What cannot be minted is an error that holds nothing of the assertion or the key, and is not asked for over and over.
func TestAppThatIsRefused(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"401": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.Header.Get("Authorization"), http.StatusUnauthorized)
		},
		"no JSON": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(201)
			io.WriteString(w, r.Header.Get("Authorization"))
		},
		"header": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			io.WriteString(w, `{"token":"a\r\nb"}`)
		},
		"expired": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			io.WriteString(w, `{"token":"a","expires_at":"2020-01-01T00:00:00Z"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; answer(w, r) }))
			defer server.Close()
			api, _ := url.Parse(server.URL + "/")
			c := &clock{now: start}
			app, err := App(AppConfig{API: api, ID: "42", Installation: 7, Key: text, Now: func() time.Time { return c.now }})
			if err != nil {
				t.Fatal(err)
			}
			cfg := c.config(http.DefaultTransport)
			cfg.Credentials, cfg.Hosts = []*Credential{app}, []string{api.Host}
			_, err = NewClient(cfg).Get(api.String() + "repos/o/r")
			var mint *MintError
			if !errors.As(err, &mint) || asked != 1 || strings.Contains(err.Error(), "eyJ") {
				t.Errorf("%v after %d requests", err, asked)
			}
		})
	}
	plain, _ := url.Parse("http://api.example.invalid/")
	for _, cfg := range []AppConfig{{API: plain, ID: "42", Installation: 7, Key: text}, {API: plain, Key: []byte("no key")}} {
		if _, err := App(cfg); err == nil || strings.Contains(err.Error(), "no key") {
			t.Errorf("%s: %v", cfg.API, err)
		}
	}
}
