// Package drill answers "what would GitHub have said": it builds a simulated GitHub on loopback from a dated text recipe, with real bare
// repositories behind git http-backend, REST replies under /api/v3/, GraphQL at /api/graphql and hours of public events under /archive/,
// and it knows the truth that the recipe states by hand. What lies with others it writes to files: hours of an archive, a clone with
// its reflogs, an audit log, saved deliveries of webhooks.
//
// It takes recipes (see [Parse] for the language; [Bundled] and [Small] are embedded) and gives a [Server]. Refs, activity, events and
// runs all come from the same lines, so that the sources agree by construction; every loss and every contradiction is a line of its own.
// It refuses to conclude anything: [Truth] is what the recipe's author wrote, never what code worked out.
//
// Nothing leaves the machine: the server listens on 127.0.0.1 alone, and the addresses in its answers are of example.invalid, so that
// the same recipe gives the same bodies whatever the port.
package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxRequestBody bounds what a client may post: a fetch of 10,000 wants by SHA is half a MiB.
	maxRequestBody = 8 << 20
	// maxGitProcesses bounds the git processes that answer at one time, so that a client with high concurrency queues here.
	maxGitProcesses = 8
)

// Request is one request that the server has seen.
type Request struct {
	Method string
	Target string // path and query
}

// Server is a simulated GitHub. Its repositories are what they are at the end of the recipe, at the recipe's "now".
type Server struct {
	recipe *Recipe
	root   string // of the bare repositories
	home   string // HOME of every git process
	git    string // the git program
	url    string
	http   *http.Server
	gate   chan struct{} // one slot per git process
	done   chan struct{} // closed when serving has ended
	end    error         // why it ended, set before done is closed

	closing sync.Once
	closed  error // what Close has to say

	mu       sync.Mutex
	requests []Request
	hook     func(n int, r *http.Request)
	faults   func(r *http.Request) Fault
	v2       *captured // git's answer to info/refs in protocol v2
	limiter  limiter
}

// Start builds the bare repositories of a recipe under dir, which is created, and serves them until ctx ends or Close is called.
func Start(ctx context.Context, r *Recipe, dir string) (*Server, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("drill: the simulated GitHub needs the git program: %w", err)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("drill: %w", err)
	}
	s := &Server{
		recipe: r, root: filepath.Join(dir, "repositories"), home: filepath.Join(dir, "home"), git: git,
		gate: make(chan struct{}, maxGitProcesses), done: make(chan struct{}), limiter: limiter{limits: slices.Clone(r.limits)},
	}
	for _, d := range []string{s.root, s.home} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("drill: %w", err)
		}
	}
	for _, repo := range r.Repositories {
		if err := s.build(ctx, repo); err != nil {
			return nil, fmt.Errorf("drill: build %s: %w", repo.Name, err)
		}
	}
	return s, s.listen(ctx)
}

func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          silent(),
	}
	stop := context.AfterFunc(ctx, func() { s.http.Close() })
	go func() {
		defer close(s.done)
		defer stop()
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.end = fmt.Errorf("drill: serve: %w", err)
		}
	}()
	return nil
}

// silent takes what the standard library would say on the terminal of whoever runs the drill: broken pipes of killed clients are expected.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// Close stops the server and waits for its git processes. Once is enough; again gives the same answer.
func (s *Server) Close() error {
	s.closing.Do(func() {
		err := s.http.Close()
		<-s.done
		for range cap(s.gate) {
			s.gate <- struct{}{} // a slot is free when its process has ended; those who still wait give up with their connection
		}
		s.closed = errors.Join(err, s.end)
	})
	return s.closed
}

// URL is the base: git is URL/owner/name.git, the API URL/api/v3.
func (s *Server) URL() string { return s.url }

// OID resolves a name of the recipe, see [Recipe.OID].
func (s *Server) OID(name string) evidence.OID { return s.recipe.OID(name) }

// Requests lists what was asked, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// OnRequest sets what runs when a request arrives, before it is answered; n counts requests from 1. It may run for several requests at
// the same time. Nil removes it.
func (s *Server) OnRequest(hook func(n int, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

func (s *Server) note(r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, Request{Method: r.Method, Target: r.URL.RequestURI()})
	n, hook := len(s.requests), s.hook
	s.mu.Unlock()
	if hook != nil {
		hook(n, r)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	if !s.fail(w, r) {
		s.answer(w, r)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if rest, ok := cutPath(r.URL.Path, "/api/v3"); ok {
		s.serveAPI(w, r, rest)
		return
	}
	switch path := r.URL.Path; {
	case path == graphqlPath:
		s.serveGraphQL(w, r)
	case strings.HasPrefix(path, archivePath):
		s.serveArchive(w, r)
	case strings.HasPrefix(path, logPath):
		s.serveLog(w, r)
	default:
		s.serveGit(w, r)
	}
}
