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

// A token as files and pasting bring it works; one that cannot stand in a header is refused before anything is asked, and not printed.
func TestTokensThatNoHeaderTakes(t *testing.T) {
	secret := strings.Repeat("Aa1", 12)
	path := caseOf(t, "2025-10-01T00:00:00Z", "orchard/gone")
	for _, env := range []string{"GITHUB_TOKEN=" + secret + "\nsecond", "GITHUB_TOKEN=“" + secret + "”", "GH_TOKEN=" + secret + " " + secret, "GH_TOKEN=\x01" + secret} {
		p := start(t, path, []string{env}, "collect", "--host", "http://192.0.2.1")
		if code := p.code(); code != exitUsage || strings.Contains(p.stderr.String(), secret) || !strings.Contains(p.stderr.String(), "characters that no token has") {
			t.Errorf("%q: exit %d: %s", env, code, &p.stderr)
		}
	}
	var sent []string
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		http.NotFound(w, r)
	}))
	defer host.Close()
	start(t, path, []string{"GITHUB_TOKEN= \n", "GH_TOKEN=  " + secret + "\r\n"}, "collect", "--host", host.URL, "--only", "repository").must()
	if len(sent) == 0 || sent[0] != "Bearer "+secret {
		t.Errorf("the token is not trimmed, or not sent: %d requests", len(sent))
	}
}
