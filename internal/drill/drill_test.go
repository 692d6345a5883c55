package drill

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// recipes are all recipes of the package, by file name.
func recipes(t *testing.T) map[string]*Recipe {
	t.Helper()
	out := map[string]*Recipe{}
	for _, load := range []func() (*Recipe, error){Bundled, Small, Sources, Runs, Used} {
		r, err := load()
		if err != nil {
			t.Fatal(err)
		}
		out[r.Name] = r
	}
	return out
}

func start(t *testing.T, r *Recipe) *Server {
	t.Helper()
	s, err := Start(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// git runs the git CLI as a stranger would, with no configuration of anybody's.
func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func get(t *testing.T, s *Server, path string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// TestRecipes builds every recipe and compares what git serves with the refs that the recipe ends by.
func TestRecipes(t *testing.T) {
	for name, r := range recipes(t) {
		t.Run(name, func(t *testing.T) {
			s := start(t, r)
			for _, repo := range r.Repositories {
				dir := t.TempDir()
				url := s.URL() + "/" + string(repo.Name) + ".git"
				out, err := git(t, dir, "ls-remote", url)
				if repo.hidden() || repo.Blocked != "" {
					if err == nil {
						t.Errorf("%s: git answered %q", repo.Name, out)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v: %s", repo.Name, err, out)
				}
				listed := map[evidence.Ref]evidence.OID{}
				for line := range strings.Lines(out) {
					oid, ref, _ := strings.Cut(strings.TrimSpace(line), "\t")
					if ref != "HEAD" && !strings.HasSuffix(ref, "^{}") && !strings.HasPrefix(oid, "warning") {
						listed[evidence.Ref(ref)] = evidence.OID(oid)
					}
				}
				if len(listed) != len(repo.refs) {
					t.Errorf("%s: %d refs, want %d", repo.Name, len(listed), len(repo.refs))
				}
				for ref, want := range repo.refs {
					if listed[ref] != want {
						t.Errorf("%s %s: %s, want %s", repo.Name, ref, listed[ref], want)
					}
				}
				if out, err := git(t, dir, "clone", "--quiet", "--mirror", url, "copy"); err != nil {
					t.Errorf("clone %s: %v: %s", repo.Name, err, out)
				}
				if out, err := git(t, filepath.Join(dir, "copy"), "fsck", "--strict", "--no-dangling"); err != nil {
					t.Errorf("fsck %s: %v: %s", repo.Name, err, out)
				}
			}
		})
	}
}

// TestUnreachable shows GitHub's manner: protocol v0 refuses a SHA that no ref reaches, v2 serves it, and names one that it has not.
func TestUnreachable(t *testing.T) {
	r, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, r)
	dir := t.TempDir()
	if out, err := git(t, dir, "init", "--quiet", "."); err != nil {
		t.Fatal(out)
	}
	url := s.URL() + "/harbor-lamp/quayside.git"
	fetch := func(version, name string) (string, error) {
		return git(t, dir, "-c", "protocol.version="+version, "fetch", "--quiet", url, string(s.OID(name)))
	}
	if out, err := fetch("0", "plant"); err == nil || !strings.Contains(out, "not our ref") {
		t.Errorf("v0 of an unreachable commit: %v: %s", err, out)
	}
	if out, err := fetch("0", "work"); err != nil {
		t.Errorf("v0 of a tip: %v: %s", err, out)
	}
	if out, err := fetch("2", "plant"); err != nil {
		t.Errorf("v2 of an unreachable commit: %v: %s", err, out)
	}
	for _, lost := range []string{"again", "vanished"} {
		if out, err := fetch("2", lost); err == nil || !strings.Contains(out, "not our ref "+string(s.OID(lost))) {
			t.Errorf("v2 of %s, which git has lost: %v: %s", lost, err, out)
		}
	}
	if resp, body := get(t, s, "/api/v3/repos/harbor-lamp/quayside/git/commits/"+string(s.OID("again"))); resp.StatusCode != 200 {
		t.Errorf("REST of a commit that git alone has lost: %d: %s", resp.StatusCode, body)
	}
	if resp, _ := get(t, s, "/api/v3/repos/harbor-lamp/quayside/git/commits/"+string(s.OID("vanished"))); resp.StatusCode != 404 {
		t.Errorf("REST of a commit that nobody has: %d", resp.StatusCode)
	}
	if out, err := git(t, dir, "-c", "protocol.version=2", "fetch", "--quiet", "--filter=blob:none", url, "refs/heads/main"); err != nil {
		t.Errorf("filtered fetch: %v: %s", err, out)
	}
}

// TestSameEverywhere builds a recipe twice: the same ids, and the same bodies on another port.
func TestSameEverywhere(t *testing.T) {
	a, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	one, two := start(t, a), start(t, b)
	for _, path := range []string{"", "/activity?per_page=100", "/events", "/actions/runs?per_page=100", "/actions/runs/8003/attempts/2/jobs"} {
		path = "/api/v3/repos/harbor-lamp/quayside" + path
		r1, b1 := get(t, one, path)
		r2, b2 := get(t, two, path)
		if r1.StatusCode != 200 || b1 != b2 || r1.Header.Get("ETag") != r2.Header.Get("ETag") {
			t.Errorf("%s: %d %s\n%s\n%s", path, r1.StatusCode, r1.Header.Get("ETag"), b1, b2)
		}
		if strings.Contains(b1, "127.0.0.1") {
			t.Errorf("%s: the body holds the loopback address", path)
		}
	}
}

// TestOnRequest counts requests and sees each before it is answered.
func TestOnRequest(t *testing.T) {
	r, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, r)
	var seen []int
	s.OnRequest(func(n int, _ *http.Request) { seen = append(seen, n) })
	get(t, s, "/api/v3/rate_limit")
	get(t, s, "/api/v3/repos/harbor-lamp/quayside/activity?per_page=7")
	s.OnRequest(nil)
	get(t, s, "/api/v3/rate_limit")
	if !slices.Equal(seen, []int{1, 2}) {
		t.Errorf("hook saw %v", seen)
	}
	if got := s.Requests(); len(got) != 3 || got[1] != (Request{"GET", "/api/v3/repos/harbor-lamp/quayside/activity?per_page=7"}) {
		t.Errorf("requests: %v", got)
	}
}

// TestStop ends the server with its context.
func TestStop(t *testing.T) {
	r, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-s.done
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("it still answers")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestKilledClient goes away in the middle of an answer; the server ends all the same, and soon.
func TestKilledClient(t *testing.T) {
	r, err := Small()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	s.OnRequest(func(n int, _ *http.Request) {
		if n == 3 {
			kill()
		}
	})
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/harbor-lamp/quayside.git/info/refs?service=git-upload-pack", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if (err != nil) != (ctx.Err() != nil) {
			t.Errorf("%v with context %v", err, ctx.Err())
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
