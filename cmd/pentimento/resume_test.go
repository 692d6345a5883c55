package main

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pentimento/internal/drill"
)

// rehearsal is a server, an empty case of its repositories, and what an undisturbed collection of it gives.
type rehearsal struct {
	server   *drill.Server
	empty    string // path of the case
	requests int    // of the undisturbed collection
	want     map[string][]string
	flags    []string
}

// rehearse collects once without disturbance. Rate limits of the recipe are met there, once in a server's life.
func rehearse(t *testing.T, read func() (*drill.Recipe, error), flags ...string) *rehearsal {
	t.Helper()
	recipe, err := read()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rehearsal{server: server, empty: emptyCase(t, recipe), flags: append([]string{"--quiet", "collect", "--host", server.URL()}, flags...)}
	path := r.copy(t)
	start(t, path, nil, r.flags...).must()
	r.requests = len(server.Requests())
	r.want = r.analysed(t, path)
	if len(r.want["named_commit"]) == 0 || len(r.want["presence"]) == 0 || len(r.want["current_gap"]) == 0 {
		t.Fatalf("the undisturbed collection is empty: %v", r.want)
	}
	return r
}

// copy gives a fresh empty case.
func (r *rehearsal) copy(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile(r.empty)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "case.db")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// analysed is all that a case says, in its tables and by its commands.
func (r *rehearsal) analysed(t *testing.T, path string) map[string][]string {
	t.Helper()
	start(t, path, nil, "--quiet", "analyze").must()
	out := dump(t, path)
	for _, name := range []string{"repos", "findings", "commits", "presence", "runs", "windows", "gaps"} {
		out["pentimento "+name] = []string{string(command(t, path, name, "--json"))}
	}
	return out
}

// whole compares a case, after analysis, with the undisturbed one.
func (r *rehearsal) whole(t *testing.T, path string) {
	t.Helper()
	got := r.analysed(t, path)
	for _, table := range slices.Sorted(maps.Keys(r.want)) {
		for _, row := range missing(r.want[table], got[table]) {
			t.Errorf("%s lacks %s", table, row)
		}
		for _, row := range missing(got[table], r.want[table]) {
			t.Errorf("%s has, and should not, %s", table, row)
		}
	}
}

// collectKilled runs collect and kills it after a time from when the n-th request arrives, at zero before that is answered.
func (r *rehearsal) collectKilled(t *testing.T, path string, n int, after time.Duration) {
	t.Helper()
	before := len(r.server.Requests())
	running := make(chan *process, 1)
	var once sync.Once
	r.server.OnRequest(func(at int, _ *http.Request) {
		if at < before+n {
			return
		}
		once.Do(func() {
			p := <-running
			if after == 0 {
				p.kill() // returns when it is dead: nobody is there to read the answer
				return
			}
			time.AfterFunc(after, p.kill)
		})
	})
	p := start(t, path, nil, r.flags...)
	running <- p
	if code := p.code(); after == 0 && code != -1 {
		t.Fatalf("exit %d before it was killed: %s", code, &p.stderr)
	}
	r.server.OnRequest(nil)
}

// killAndResume is one kill, one rerun, and the comparison.
func (r *rehearsal) killAndResume(t *testing.T, n int, after time.Duration) {
	t.Helper()
	path := r.copy(t)
	r.collectKilled(t, path, n, after)
	start(t, path, nil, r.flags...).must()
	r.whole(t, path)
}

// TestKilledBeforeEachAnswer: wherever collect is killed while it waits, running it again gives the case of an undisturbed run.
func TestKilledBeforeEachAnswer(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Small, "--concurrency", "1")
	for n := 1; n <= r.requests; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) { r.killAndResume(t, n, 0) })
	}
}

// TestKilledAfterEachAnswer: the same a few milliseconds later, when answers are taken apart, packs indexed and facts written.
func TestKilledAfterEachAnswer(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Small, "--concurrency", "1")
	for n := 1; n <= r.requests; n++ {
		after := time.Duration(1+n*7%23) * time.Millisecond // spread over reading, indexing and writing
		t.Run(strconv.Itoa(n)+" after "+after.String(), func(t *testing.T) { r.killAndResume(t, n, after) })
	}
}

// TestKilledInTheDrill: the same at requests all over the bundled campaign, with repositories collected side by side.
func TestKilledInTheDrill(t *testing.T) {
	t.Parallel()
	const samples = 12
	r := rehearse(t, drill.Bundled)
	for i := range samples {
		n := 1 + i*(r.requests-1)/samples
		after := time.Duration(i%2) * time.Duration(3*i) * time.Millisecond
		t.Run(strconv.Itoa(n)+" after "+after.String(), func(t *testing.T) { r.killAndResume(t, n, after) })
	}
}

// TestKilledAgainAndAgain: a collection that never gets further than ten requests at a time still comes to the same end.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Small, "--concurrency", "1")
	path := r.copy(t)
	for n := 1; n <= 10; n++ {
		r.collectKilled(t, path, n, time.Duration(n)*time.Millisecond)
	}
	start(t, path, nil, r.flags...).must()
	r.whole(t, path)
}

// TestCollectedAgain: a server that says the same again, or that nothing has changed, adds nothing.
func TestCollectedAgain(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Bundled)
	path := r.copy(t)
	for range 2 {
		start(t, path, nil, r.flags...).must()
		r.whole(t, path)
	}
	if err := os.RemoveAll(path + ".mirrors"); err != nil { // a cache, which may be deleted
		t.Fatal(err)
	}
	start(t, path, nil, r.flags...).must()
	r.whole(t, path)
}

// TestInterrupted: Ctrl-C is not a crash. It ends at once, says what to do next, and leaves nothing half done.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Small, "--concurrency", "1")
	path := r.copy(t)
	running := make(chan *process, 1)
	before, stalled := len(r.server.Requests()), make(chan struct{})
	r.server.OnRequest(func(n int, _ *http.Request) {
		if n != before+2*r.requests/3 { // git has begun
			return
		}
		p := <-running
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		<-stalled // it must not wait for the answer
	})
	p := start(t, path, nil, r.flags...)
	running <- p
	code := p.code()
	close(stalled)
	r.server.OnRequest(nil)
	const want = "pentimento: interrupted; what was collected is kept, run the same command again to go on\n"
	if code != exitInterrupted || p.stderr.String() != want {
		t.Errorf("exit %d, says %q", code, &p.stderr)
	}
	var litter []string
	err := filepath.WalkDir(path+".mirrors", func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "tmp_") {
			litter = append(litter, name)
		}
		return err
	})
	if err != nil || len(litter) > 0 {
		t.Errorf("left behind: %v %v", litter, err)
	}
	again := start(t, path, nil, r.flags[1:]...)
	again.must()
	if !strings.HasPrefix(again.stderr.String(), "going on with the interrupted collection\n") {
		t.Errorf("says %q", &again.stderr)
	}
	r.whole(t, path)
}

// TestFailedThenKilled: git fails for a while, the collection goes on without it, so that it does not know whose jobs to ask for, and is
// killed later, in another repository. Resumed with a server that is well again, nothing is lacking, and the failure is no gap any more.
func TestFailedThenKilled(t *testing.T) {
	t.Parallel()
	r := rehearse(t, drill.Small, "--concurrency", "1")
	u, err := url.Parse(r.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	healthy, running := atomic.Bool{}, make(chan *process, 1)
	forward := httputil.NewSingleHostReverseProxy(u)
	forward.ErrorLog = log.New(io.Discard, "", 0) // of the killed client's connection
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case healthy.Load():
		case strings.HasPrefix(q.URL.Path, "/harbor-lamp/breakwater.git/"):
			http.Error(w, "this is the bad hour", http.StatusBadGateway)
			return
		case strings.HasPrefix(q.URL.Path, "/harbor-lamp/quayside.git/"): // the second repository: the first is through
			(<-running).kill()
		}
		forward.ServeHTTP(w, q)
	}))
	defer failing.Close()

	path := r.copy(t)
	r.flags = []string{"--quiet", "collect", "--host", failing.URL, "--concurrency", "1"}
	p := start(t, path, nil, r.flags...)
	running <- p
	if code := p.code(); code != -1 {
		t.Fatalf("exit %d before it was killed: %s", code, &p.stderr)
	}
	if gaps := strings.Join(dump(t, path)["current_gap"], "\n"); !strings.Contains(gaps, "git/refs") {
		t.Errorf("the failure is no gap: %s", gaps)
	}
	healthy.Store(true)
	start(t, path, nil, r.flags...).must()
	got := r.analysed(t, path)
	for table, want := range r.want {
		for _, row := range missing(want, got[table]) {
			t.Errorf("%s lacks %s", table, row)
		}
	}
	for _, row := range missing(got["current_gap"], r.want["current_gap"]) {
		t.Errorf("still a gap: %s", row)
	}
}
