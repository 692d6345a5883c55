package gitremote

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

const (
	advertisementType = "application/x-git-upload-pack-advertisement"
	resultType        = "application/x-git-upload-pack-result"
)

// pkt makes one pkt-line.
func pkt(format string, args ...any) string {
	s := fmt.Sprintf(format, args...)
	return fmt.Sprintf("%04x%s", len(s)+pktHeader, s)
}

var v2Advertisement = pkt("version 2\n") + pkt("ls-refs=unborn\n") + pkt("fetch=shallow filter\n") + pkt("object-format=sha1\n") + "0000"

// scripted answers info/refs with v2 capabilities, ls-refs with one branch, and fetch with what fetch writes.
func scripted(fetch func(w io.Writer)) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		switch {
		case r.Method == http.MethodGet:
			w.Header().Set("Content-Type", advertisementType)
			io.WriteString(w, v2Advertisement)
		case bytes.Contains(body, []byte("command=ls-refs")):
			w.Header().Set("Content-Type", resultType)
			io.WriteString(w, pkt("%040x refs/heads/main\n", 7)+"0000")
		default:
			w.Header().Set("Content-Type", resultType)
			fetch(w)
		}
		return true
	}
}

// TestBadAnswers: every way for a server to answer badly ends as a gap with a reason, and quickly.
func TestBadAnswers(t *testing.T) {
	status := func(code int, text string) func(http.ResponseWriter, *http.Request, []byte) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			http.Error(w, text, code)
			return true
		}
	}
	advertise := func(text string) func(http.ResponseWriter, *http.Request, []byte) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.Header().Set("Content-Type", advertisementType)
			io.WriteString(w, text)
			return true
		}
	}
	refs := func(text string) func(http.ResponseWriter, *http.Request, []byte) bool {
		return func(w http.ResponseWriter, r *http.Request, body []byte) bool {
			if r.Method == http.MethodGet {
				return advertise(v2Advertisement)(w, r, body)
			}
			w.Header().Set("Content-Type", resultType)
			io.WriteString(w, text)
			return true
		}
	}
	fetch := func(text string) func(http.ResponseWriter, *http.Request, []byte) bool {
		return scripted(func(w io.Writer) { io.WriteString(w, text) })
	}
	for name, x := range map[string]struct {
		hook   func(http.ResponseWriter, *http.Request, []byte) bool
		kind   evidence.GapKind
		reason string
	}{
		"401":                {status(401, "Repository not found."), evidence.GapForbidden, "401"},
		"403":                {status(403, "no"), evidence.GapForbidden, "403"},
		"403 takedown":       {status(403, "Repository unavailable due to DMCA takedown."), evidence.GapBlocked, "takedown"},
		"403 limit":          {status(403, "API rate limit exceeded"), evidence.GapRateLimit, "403"},
		"404":                {status(404, "not found"), evidence.GapGone, "404"},
		"429":                {status(429, "slow down"), evidence.GapRateLimit, "429"},
		"451":                {status(451, ""), evidence.GapBlocked, "451"},
		"500":                {status(500, "\x1b[2Jboom"), evidence.GapServer, "boom"},
		"web page":           {func(w http.ResponseWriter, _ *http.Request, _ []byte) bool { io.WriteString(w, "<html>"); return true }, evidence.GapUnsupported, "smart"},
		"nothing":            {advertise(""), evidence.GapRefused, "empty"},
		"no length":          {advertise("zzzz"), evidence.GapRefused, "pkt-line"},
		"length 3":           {advertise("0003"), evidence.GapRefused, "length 3"},
		"length ffff":        {advertise("ffff" + strings.Repeat("x", 70_000)), evidence.GapRefused, "length 65535"},
		"half a line":        {advertise("0040abc"), evidence.GapRefused, "ends within"},
		"error line":         {advertise(pkt("ERR access denied \x1b[31m")), evidence.GapServer, "access denied"},
		"sha256":             {advertise(pkt("version 2\n") + pkt("fetch\n") + pkt("object-format=sha256\n") + "0000"), evidence.GapUnsupported, "sha256"},
		"no fetch":           {advertise(pkt("version 2\n") + pkt("ls-refs\n") + "0000"), evidence.GapUnsupported, "without fetch"},
		"v0 garbage":         {advertise(pkt("hello world\n") + "0000"), evidence.GapRefused, "object name"},
		"v0 without band":    {advertise(pkt("%040x refs/heads/a\x00ofs-delta\n", 1) + "0000"), evidence.GapUnsupported, "side-band"},
		"bad ref line":       {refs(pkt("nonsense\n") + "0000"), evidence.GapRefused, "ref line"},
		"bad oid":            {refs(pkt("123 refs/heads/a\n") + "0000"), evidence.GapRefused, "object name"},
		"bad ref name":       {refs(pkt("%040x refs/heads/../../config\n", 1) + "0000"), evidence.GapRefused, "names"},
		"cut listing":        {refs(pkt("%040x refs/heads/a\n", 1)), evidence.GapServer, "ends within"},
		"no refs":            {refs("0000"), evidence.GapEmpty, "no refs"},
		"no pack":            {fetch("0000"), evidence.GapRefused, "no packfile"},
		"nothing at all":     {fetch(""), evidence.GapServer, "ends before"},
		"cut in the pack":    {fetch(pkt("packfile\n") + pkt("\x01PACK")), evidence.GapServer, "within the pack"},
		"no pack in band":    {fetch(pkt("packfile\n") + pkt("\x01hello") + "0000"), evidence.GapRefused, "pack"},
		"band 9":             {fetch(pkt("packfile\n") + pkt("\x09PACK") + "0000"), evidence.GapRefused, "sideband 9"},
		"empty band":         {fetch(pkt("packfile\n") + "0004" + "0000"), evidence.GapRefused, "empty sideband"},
		"error band":         {fetch(pkt("packfile\n") + pkt("\x03out of memory") + "0000"), evidence.GapServer, "out of memory"},
		"unknown not our":    {fetch(pkt("ERR upload-pack: not our ref %040x", 9)), evidence.GapObjectMissing, "no longer"},
		"refs not our ref":   {fetch(pkt("ERR upload-pack: not our ref %040x", 7)), evidence.GapObjectMissing, "a moment later"},
		"post becomes a get": {scriptedRedirect, evidence.GapRefused, "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, asGitHub)
			s.hook = x.hook
			c := collector(t, s)
			f := collect(t, c, demo)
			if !f.gap(x.kind, x.reason) {
				t.Errorf("gaps %v, want %s with %q", f.gaps, x.kind, x.reason)
			}
			for _, g := range f.gaps {
				if strings.ContainsAny(g.Detail, "\x1b\n") {
					t.Errorf("detail %q is not safe to print", g.Detail)
				}
			}
			if l := litter(t, c); l != nil {
				t.Errorf("litter %v", l)
			}
		})
	}
}

func scriptedRedirect(w http.ResponseWriter, r *http.Request, body []byte) bool {
	if r.URL.Path == "/elsewhere" {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html>hello</html>")
		return true
	}
	if r.Method == http.MethodPost {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
		return true
	}
	return scripted(nil)(w, r, body)
}

// TestRename: the address after redirects is the one to post to, and the new name is told.
func TestRename(t *testing.T) {
	s := serveGit(t, asGitHub)
	_, good, _ := lost(t, s)
	s.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		old := strings.HasPrefix(r.URL.Path, "/old/name.git/")
		if old {
			http.Redirect(w, r, "/Orange/Demo.git"+strings.TrimPrefix(r.URL.RequestURI(), "/old/name.git"), http.StatusMovedPermanently)
		}
		return old
	}
	f := collect(t, collector(t, s), "old/name")
	if !f.gap(evidence.GapRenamed, "Orange/Demo.git") || f.commits[good].OID != good {
		t.Errorf("gaps %v, %d commits", f.gaps, len(f.commits))
	}
}

// TestRefusedRedirect: where the client's policy stops at a redirect to another host, the reason is told and nothing was asked there.
func TestRefusedRedirect(t *testing.T) {
	s, other := serveGit(t, asGitHub), serveGit(t, asGitHub)
	asked := false
	other.hook = func(http.ResponseWriter, *http.Request, []byte) bool { asked = true; return false }
	s.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, other.url.String()+r.URL.RequestURI(), http.StatusFound)
		return true
	}
	for name, policy := range map[string]error{"error": io.ErrClosedPipe, "last response": http.ErrUseLastResponse} {
		t.Run(name, func(t *testing.T) {
			c := collector(t, s)
			c.cfg.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return policy }
			if f := collect(t, c, demo); !f.gap(evidence.GapRefused, "redirects") || asked {
				t.Errorf("gaps %v, asked %v", f.gaps, asked)
			}
		})
	}
}

// TestManyRefs: a million refs are refused at the limit, in favour of branches and tags where the server can list these alone.
func TestManyRefs(t *testing.T) {
	flood := func(w io.Writer, v0 bool) {
		for i := range 1_000_000 {
			caps := ""
			if v0 && i == 0 {
				caps = "\x00side-band-64k filter"
			}
			if _, err := fmt.Fprintf(w, "%s", pkt("%040x refs/pull/%d/head%s\n", i+1, i, caps)); err != nil {
				return
			}
		}
		io.WriteString(w, "0000")
	}
	t.Run("v2", func(t *testing.T) {
		s := serveGit(t, asGitHub)
		_, good, _ := lost(t, s)
		s.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
			if !bytes.Contains(body, []byte("command=ls-refs")) || bytes.Contains(body, []byte("ref-prefix")) {
				return false
			}
			w.Header().Set("Content-Type", resultType)
			flood(w, false)
			return true
		}
		f := collect(t, collector(t, s), demo)
		if !f.gap(evidence.GapRefused, "only branches and tags") || f.commits[good].OID != good || len(f.refs) != 3 {
			t.Errorf("gaps %v, %d refs", f.gaps, len(f.refs))
		}
	})
	t.Run("v0", func(t *testing.T) {
		s := serveGit(t, asGitHub)
		s.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
			w.Header().Set("Content-Type", advertisementType)
			flood(w, true)
			return true
		}
		if f := collect(t, collector(t, s), demo); !f.gap(evidence.GapRefused, "more than 250000 refs") {
			t.Errorf("gaps %v", f.gaps)
		}
	})
}

// TestSilence: a server that stops sending is left after the idle limit; one that goes on for ever, at the byte limit.
func TestSilence(t *testing.T) {
	for name, x := range map[string]struct {
		fetch  func(w io.Writer)
		reason string
	}{
		"stall": {func(w io.Writer) {
			io.WriteString(w, pkt("packfile\n"))
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Second)
		}, "sent nothing"},
		"endless pack": {func(w io.Writer) {
			io.WriteString(w, pkt("packfile\n"))
			for line := pkt("\x01%s", make([]byte, 60_000)); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, "larger than the limit"},
		"endless progress": {func(w io.Writer) {
			io.WriteString(w, pkt("packfile\n"))
			for line := pkt("\x02%s", make([]byte, 60_000)); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, "larger than the limit"},
		"endless sections": {func(w io.Writer) {
			for line := pkt("acknowledgments %s", make([]byte, 60_000)); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, "larger than the limit"},
		"trickle": {func(w io.Writer) {
			io.WriteString(w, pkt("packfile\n"))
			for range 100 {
				if _, err := io.WriteString(w, pkt("\x02.")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		}, "took longer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, asGitHub)
			s.hook = scripted(x.fetch)
			c := collector(t, s)
			c.limits.idle, c.limits.pack.bytes = 500*time.Millisecond, 20<<20
			if name == "trickle" {
				c.limits.request = time.Second
			}
			start := time.Now()
			f := collect(t, c, demo)
			if took := time.Since(start); took > 10*time.Second || !f.gap("", x.reason) && !gapSays(f, x.reason) {
				t.Errorf("%s, gaps %v", took, f.gaps)
			}
			if l := litter(t, c); l != nil {
				t.Errorf("litter %v", l)
			}
		})
	}
}

func gapSays(f *facts, reason string) bool {
	for _, g := range f.gaps {
		if strings.Contains(g.Detail, reason) {
			return true
		}
	}
	return false
}
