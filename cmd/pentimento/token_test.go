package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestTokenStaysAtItsHost: a server that sends the program elsewhere gets it nowhere; the token is in no request to that place, nor in
// the case or in what is printed.
func TestTokenStaysAtItsHost(t *testing.T) {
	token := "gh" + "p_" + strings.Repeat("Aa1", 12)
	var mu sync.Mutex
	var strayed, sent []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		strayed = append(strayed, r.Method+" "+r.URL.String())
	}))
	defer elsewhere.Close()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, r.Header.Get("Authorization"))
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/echo") { // a server that says the token back
			io.WriteString(w, `{"id":1,"full_name":"hostile/echo","default_branch":"`+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+`"}`)
			return
		}
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer home.Close()

	path := caseOf(t, "2025-10-01T00:00:00Z", "hostile/away", "hostile/echo")
	p := start(t, path, []string{"GITHUB_TOKEN=" + token}, "collect", "--host", home.URL)
	p.must()
	if len(strayed) > 0 {
		t.Errorf("followed to the other host: %v", strayed)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token))
	for _, want := range []string{"Bearer " + token, basic} {
		found := false
		for _, s := range sent {
			found = found || s == want
		}
		if !found {
			t.Errorf("no request authenticates by %q", strings.Fields(want)[0])
		}
	}
	gaps := string(command(t, path, "gaps", "--json"))
	for _, want := range []string{"the host is not one of those asked for", "redirects (307)"} {
		if !strings.Contains(gaps, want) {
			t.Errorf("no gap says %q: %s", want, gaps)
		}
	}
	for _, name := range []string{path, path + "-wal"} {
		body, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(body, []byte(token)) {
			t.Errorf("the token is in %s", name)
		}
	}
	for _, rows := range dump(t, path) {
		for _, row := range rows {
			if strings.Contains(row, token) {
				t.Errorf("the token is in %s", row)
			}
		}
	}
	if strings.Contains(p.stderr.String(), token) || strings.Contains(gaps, token) {
		t.Errorf("the token is printed: %s %s", &p.stderr, gaps)
	}
}
