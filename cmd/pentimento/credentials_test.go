package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bearers is a GitHub without repositories that notes who asks its API, and how; each may ask so often, and minted tokens are good.
type bearers struct {
	left  map[string]int
	mu    sync.Mutex
	asked []string
	posts []string
}

func (b *bearers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bearer, isAPI := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isAPI {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet {
		b.posts = append(b.posts, r.Method+" "+r.URL.Path)
	}
	if strings.HasSuffix(r.URL.Path, "/access_tokens") {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":"minted","expires_at":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		return
	}
	b.asked = append(b.asked, bearer)
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(b.left[bearer]))
	w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
	w.Header().Set("Content-Type", "application/json")
	if b.left[bearer] == 0 {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"message":"API rate limit exceeded"}`)
		return
	}
	b.left[bearer]--
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, `{"message":"Not Found"}`)
}

// The tokens of the environment share the work by what each has left; none of them stands in the case or is printed.
func TestTokensShareTheWork(t *testing.T) {
	one, two, three := "gh"+"p_"+strings.Repeat("Aa1", 12), "gh"+"p_"+strings.Repeat("Bb2", 12), "gh"+"p_"+strings.Repeat("Cc3", 12)
	b := &bearers{left: map[string]int{one: 1, two: 3, three: 4}}
	server := httptest.NewServer(b)
	defer server.Close()
	names := []string{}
	for i := range 8 {
		names = append(names, fmt.Sprintf("orchard/gone%d", i))
	}
	path := caseOf(t, "2025-10-01T00:00:00Z", names...)
	p := start(t, path, []string{"GITHUB_TOKEN=" + one, "GH_TOKEN=ignored", "GITHUB_TOKENS=" + two + ", " + three + "\n" + one},
		"collect", "--host", server.URL, "--only", "repository", "--concurrency", "1")
	p.must()
	if len(b.asked) != 8 || slices.Contains(b.asked, "ignored") || b.left[one]+b.left[two]+b.left[three] != 0 {
		t.Errorf("asked %d times, left %v", len(b.asked), b.left)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{one, two, three} {
		if bytes.Contains(body, []byte(token)) || strings.Contains(p.stderr.String(), token) {
			t.Error("a token is in the case or on the terminal")
		}
	}
}

// An app's key mints the token that is asked with; the mint is the one request that is not a read.
func TestAppOfTheEnvironment(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &bearers{left: map[string]int{"minted": 5000}}
	server := httptest.NewServer(b)
	defer server.Close()
	path := caseOf(t, "2025-10-01T00:00:00Z", "orchard/gone")
	app := []string{"GITHUB_APP_ID=42", "GITHUB_APP_INSTALLATION_ID=7", "GITHUB_APP_PRIVATE_KEY_FILE=" + file}
	start(t, path, app, "collect", "--host", server.URL, "--only", "repository").must()
	if !slices.Equal(b.asked, []string{"minted"}) || !slices.Equal(b.posts, []string{"POST /api/v3/app/installations/7/access_tokens"}) {
		t.Errorf("asked by %v after %v", b.asked, b.posts)
	}
	for _, env := range [][]string{app[:2], {app[0], "GITHUB_APP_INSTALLATION_ID=seven", app[2]}, {app[0], app[1], "GITHUB_APP_PRIVATE_KEY_FILE=" + path}} {
		if p := start(t, path, env, "collect", "--host", server.URL, "--only", "repository"); p.code() != exitUsage || strings.Contains(p.stderr.String(), "PRIVATE KEY-") {
			t.Errorf("%v: exit %d: %s", env, p.code(), &p.stderr)
		}
	}
}
