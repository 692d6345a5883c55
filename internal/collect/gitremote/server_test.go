package gitremote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// Personalities of the served git: what uploadpack allows.
var (
	asGitHub = []string{"allowTipSHA1InWant", "allowReachableSHA1InWant", "allowFilter"}
	asAny    = []string{"allowAnySHA1InWant", "allowFilter"}
	asPlain  []string
)

// gitServer serves bare repositories through git's own http-backend, the independent implementation.
type gitServer struct {
	root  string
	allow []string
	v0    bool                                                           // drop the client's wish for v2
	hook  func(w http.ResponseWriter, r *http.Request, body []byte) bool // true: it has answered
	url   *url.URL

	mu    sync.Mutex
	posts []string // bodies of POST requests
}

func serveGit(t testing.TB, allow []string) *gitServer {
	t.Helper()
	s := &gitServer{root: t.TempDir(), allow: allow}
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	u, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.url = u
	return s
}

func (s *gitServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodPost {
		s.mu.Lock()
		s.posts = append(s.posts, string(body))
		s.mu.Unlock()
	}
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil && hook(w, r, body) {
		return
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	protocol := r.Header.Get("Git-Protocol")
	if s.v0 {
		protocol = ""
	}
	env := []string{"GIT_PROJECT_ROOT=" + s.root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + s.root, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_PROTOCOL=" + protocol, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(s.allow))}
	for i, a := range s.allow {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=uploadpack.%s", i, a), fmt.Sprintf("GIT_CONFIG_VALUE_%d=true", i))
	}
	git, err := exec.LookPath("git")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	(&cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: env, Stderr: io.Discard}).ServeHTTP(w, r)
}

// on sets the hook while requests may be under way.
func (s *gitServer) on(hook func(w http.ResponseWriter, r *http.Request, body []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

func (s *gitServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.posts...)
}

// repo is a bare repository on disk, driven by the git command line.
type repo struct {
	t   testing.TB
	dir string
}

const demo = evidence.Repository("Orange/Demo")

// create makes the bare repository that serves as owner/name.
func (s *gitServer) create(t testing.TB, name evidence.Repository) repo {
	t.Helper()
	r := repo{t: t, dir: filepath.Join(s.root, string(name)+".git")}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("init", "-q", "--bare", "-b", "main")
	return r
}

// gitInput runs git with its own home and no system configuration.
func (r repo) gitInput(input string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.invalid", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.invalid"}
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func (r repo) git(args ...string) string { r.t.Helper(); return r.gitInput("", args...) }

func (r repo) oid(rev string) evidence.OID {
	r.t.Helper()
	return evidence.OID(strings.TrimSpace(r.git("rev-parse", rev)))
}

// commit adds one commit on a branch through fast-import: files maps paths to texts, an empty text deletes. at is in seconds.
func (r repo) commit(branch string, at int, message string, files map[string]string) evidence.OID {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter Ada <ada@example.invalid> %d +0200\ndata %d\n%s\n", branch, 1_700_000_000+at, len(message), message)
	if exec.Command("git", "-C", r.dir, "rev-parse", "-q", "--verify", "refs/heads/"+branch).Run() == nil {
		fmt.Fprintf(&b, "from refs/heads/%s^0\n", branch)
	}
	for path, text := range files {
		if text == "" {
			fmt.Fprintf(&b, "D %s\n", path)
			continue
		}
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
	}
	r.gitInput(b.String(), "fast-import", "--quiet", "--force")
	return r.oid("refs/heads/" + branch)
}

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func collector(t testing.TB, s *gitServer) *Collector {
	t.Helper()
	return New(Config{Host: s.url, Client: &http.Client{}, Mirrors: t.TempDir(), Now: func() time.Time { return testNow }, UserAgent: "pentimento test"})
}

// facts gathers observations.
type facts struct {
	all      []evidence.Observation
	refs     []evidence.ListedRef
	commits  map[evidence.OID]evidence.Commit
	seen     map[evidence.OID]evidence.CommitSeen
	holdings map[evidence.OID]evidence.Holding
	entries  map[evidence.OID][]evidence.WorkflowEntry
	blobs    map[evidence.OID]string
	gaps     []evidence.Gap
	sources  []evidence.Source
	done     map[string]bool
}

func newFacts() *facts {
	return &facts{commits: map[evidence.OID]evidence.Commit{}, seen: map[evidence.OID]evidence.CommitSeen{},
		holdings: map[evidence.OID]evidence.Holding{}, entries: map[evidence.OID][]evidence.WorkflowEntry{},
		blobs: map[evidence.OID]string{}, done: map[string]bool{}}
}

func (f *facts) add(o evidence.Observation) error {
	f.all = append(f.all, o)
	f.refs = append(f.refs, o.Refs...)
	f.gaps = append(f.gaps, o.Gaps...)
	f.sources = append(f.sources, o.Sources...)
	f.done[o.Unit] = o.Done
	for _, b := range o.Bulks {
		for i := range b.Len() {
			x := b.At(i)
			f.commits[x.OID.OID()] = x.Commit()
			f.seen[x.OID.OID()] = evidence.CommitSeen{Commit: x.OID.OID(), Via: b.Via}
			f.holdings[x.OID.OID()] = evidence.Holding{Commit: x.OID.OID(), Workflows: x.Workflows.OID(), Known: x.Known, RootChanges: x.RootChanges}
		}
	}
	for _, x := range o.Commits {
		f.commits[x.OID] = x
	}
	for _, x := range o.Seen {
		f.seen[x.Commit] = x
	}
	for _, x := range o.Holdings {
		f.holdings[x.Commit] = x
	}
	for _, x := range o.Entries {
		f.entries[x.Tree] = append(f.entries[x.Tree], x)
	}
	for _, x := range o.Blobs {
		f.blobs[x.OID] = string(x.Text)
	}
	return nil
}

func (f *facts) gap(kind evidence.GapKind, part string) bool {
	for _, g := range f.gaps {
		if g.Kind == kind && strings.Contains(g.Subject+": "+g.Detail, part) {
			return true
		}
	}
	return false
}

func collect(t testing.TB, c *Collector, name evidence.Repository) *facts {
	t.Helper()
	f := newFacts()
	if err := c.Collect(context.Background(), name, f.add); err != nil {
		t.Fatal(err)
	}
	return f
}

// litter lists temporary files below the mirrors.
func litter(t testing.TB, c *Collector) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(c.cfg.Mirrors, func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "tmp_") {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
