package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
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

// storm puts faults into requests when they are made for the first time, as choose says of their number. A request that is made again is
// answered well.
type storm struct {
	choose func(n int) drill.Fault

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
	fault := s.choose(len(s.seen))
	if fault != drill.NoFault {
		s.struck++
	}
	return fault
}

// fast are the faults that cost no half minute each, as a body that stalls does: that one the clients' own tests have.
func fast() []drill.Fault {
	return slices.DeleteFunc(drill.Faults(), func(f drill.Fault) bool { return f == drill.Stalled })
}

// mixed strikes every request, each with another fault than its neighbours.
func mixed(k int) *storm {
	kinds := fast()
	return &storm{choose: func(n int) drill.Fault { return kinds[(n+k)%len(kinds)] }}
}

// some strikes with one fault the requests that hit chooses.
func some(fault drill.Fault, hit func(n int) bool) *storm {
	return &storm{choose: func(n int) drill.Fault {
		if hit(n) {
			return fault
		}
		return drill.NoFault
	}}
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
	other.server, other.flags = server, nil
	for _, flag := range r.flags {
		other.flags = append(other.flags, strings.ReplaceAll(flag, r.server.URL(), server.URL()))
	}
	return &other
}

// weather collects once in a storm and, where the storm left gaps, again in fair weather, as a user would. The case must be that of a calm
// collection.
func (r *rehearsal) weather(t *testing.T, s *storm) {
	t.Helper()
	path := r.copy(t)
	s.seen = map[string]bool{}
	r.server.OnFault(s.plan)
	impatient(t, path, r.flags[1:]...)
	r.server.OnFault(nil)
	if s.struck == 0 {
		t.Fatal("no request was struck")
	}
	if len(missing(dump(t, path)["current_gap"], r.want["current_gap"])) > 0 {
		impatient(t, path, r.flags[1:]...)
	}
	r.whole(t, path)
}

// different counts the requests of a calm collection that are not the same again.
func (r *rehearsal) different(t *testing.T) int {
	t.Helper()
	calm := storm{choose: func(int) drill.Fault { return drill.NoFault }, seen: map[string]bool{}}
	r.server.OnFault(calm.plan)
	impatient(t, r.copy(t), r.flags[1:]...)
	r.server.OnFault(nil)
	return len(calm.seen)
}

// TestFaults: whatever goes wrong with an answer, on any request, the case is in the end that of a calm collection.
func TestFaults(t *testing.T) {
	t.Parallel()
	calm := rehearse(t, drill.Small, "--concurrency", "1")
	for _, fault := range fast() {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			r := calm.elsewhere(t, drill.Small)
			if os.Getenv(allFaultsVariable) == "" {
				r.weather(t, some(fault, func(int) bool { return true }))
				r.weather(t, some(fault, func(n int) bool { return n%4 == int(fault)%4 }))
				return
			}
			for n := range r.different(t) {
				t.Run(strconv.Itoa(n+1), func(t *testing.T) { r.weather(t, some(fault, func(i int) bool { return i == n+1 })) })
			}
		})
	}
}

// storms are the mixed ones that are tried on larger worlds: with all of them, every request meets every fault.
func storms() []int {
	if os.Getenv(allFaultsVariable) == "" {
		return []int{0}
	}
	var out []int
	for k := range fast() {
		out = append(out, k)
	}
	return out
}

// TestFaultsInTheDrill: the same for the bundled campaign, whose own limits need a real clock and are left out.
func TestFaultsInTheDrill(t *testing.T) {
	t.Parallel()
	r := rehearse(t, func() (*drill.Recipe, error) {
		var kept []string
		for line := range strings.Lines(string(drill.BundledText())) {
			if !strings.HasPrefix(line, "rate-limit") {
				kept = append(kept, line)
			}
		}
		return drill.Parse("campaign.recipe", []byte(strings.Join(kept, "")))
	}, "--concurrency", "1")
	for _, k := range storms() {
		r.weather(t, mixed(k))
	}
}

// TestFaultsOfEveryWitness: the same where check suites, GraphQL and hours of an archive are asked too. The hours are those of two days:
// in them lies the first plant.
func TestFaultsOfEveryWitness(t *testing.T) {
	t.Parallel()
	recipe, err := drill.Sources()
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
	r := &rehearsal{server: server, empty: filepath.Join(t.TempDir(), "case.db"),
		flags: []string{"--quiet", "collect", "--host", server.URL(), "--concurrency", "1", "--gharchive", server.URL() + "/archive/"}}
	impatient(t, r.empty, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now), "--since", "2025-09-25T00:00:00Z", "--until", "2025-09-26T00:00:00Z")
	impatient(t, r.empty, "add", string(recipe.Repositories[0].Name))
	path := r.copy(t)
	impatient(t, path, r.flags[1:]...)
	r.want = r.analysed(t, path)
	asked := fmt.Sprint(server.Requests())
	for _, part := range []string{"/check-suites", "/api/graphql", "/archive/2025-09-25-3.json.gz", "/releases", "/activity", "git-upload-pack"} {
		if !strings.Contains(asked, part) {
			t.Errorf("nobody asked for %s: %s", part, asked)
		}
	}
	for _, k := range storms() {
		r.weather(t, mixed(k))
	}
}
