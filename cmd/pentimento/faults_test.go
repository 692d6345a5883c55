package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/drill"
)

// allFaultsVariable makes [TestFaults] put every fault into every request alone, which takes minutes, instead of samples.
const allFaultsVariable = "PENTIMENTO_ALL_FAULTS"

// impatient is the program with clocks that need not be waited for: between two tries no time passes.
func impatient(t *testing.T, path string, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now,
		sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	if code := p.run(t.Context(), append([]string{"--quiet", "--case", path}, args...)); code != exitDone {
		t.Fatalf("pentimento %s: exit %d: %s", strings.Join(args, " "), code, &errs)
	}
}

// storm puts a fault into requests when they are made for the first time; hit chooses them by their number. A request that is made again
// is answered well.
type storm struct {
	fault drill.Fault
	hit   func(n int) bool

	mu     sync.Mutex
	seen   map[string]bool
	struck int
}

func (s *storm) plan(r *http.Request) drill.Fault {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return drill.NoFault
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	key := r.Method + " " + r.URL.RequestURI() + " " + string(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[key] {
		return drill.NoFault
	}
	s.seen[key] = true
	if !s.hit(len(s.seen)) {
		return drill.NoFault
	}
	s.struck++
	return s.fault
}

// elsewhere is the same rehearsal with a server of its own: what was seen there is no business of the others.
func (r *rehearsal) elsewhere(t *testing.T, read func() (*drill.Recipe, error)) *rehearsal {
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
	other := *r
	other.server = server
	return &other
}

// weather collects once in a storm and, where the storm left gaps, again in fair weather, as a user would. The case must be that of a calm
// collection.
func (r *rehearsal) weather(t *testing.T, s *storm) {
	t.Helper()
	path := r.copy(t)
	s.seen = map[string]bool{}
	r.server.OnFault(s.plan)
	collect := []string{"collect", "--host", r.server.URL(), "--concurrency", "1"}
	impatient(t, path, collect...)
	r.server.OnFault(nil)
	if s.struck == 0 {
		t.Fatal("no request was struck")
	}
	if len(missing(dump(t, path)["current_gap"], r.want["current_gap"])) > 0 {
		impatient(t, path, collect...)
	}
	r.whole(t, path)
}

// TestFaults: whatever goes wrong with an answer, on any request, the case is in the end that of a calm collection.
func TestFaults(t *testing.T) {
	t.Parallel()
	calm := rehearse(t, drill.Small, "--concurrency", "1")
	for _, fault := range drill.Faults() {
		if fault == drill.Stalled {
			continue // half a minute each: the clients' own tests have it
		}
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			r := calm.elsewhere(t, drill.Small)
			if os.Getenv(allFaultsVariable) == "" {
				r.weather(t, &storm{fault: fault, hit: func(int) bool { return true }})
				for k := range 2 {
					r.weather(t, &storm{fault: fault, hit: func(n int) bool { return (n+int(fault))%4 == k }})
				}
				return
			}
			for n := 1; n <= calm.requests; n++ {
				t.Run(strconv.Itoa(n), func(t *testing.T) {
					r.weather(t, &storm{fault: fault, hit: func(i int) bool { return i == n }})
				})
			}
		})
	}
}
