package drill

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// TestMany builds some of the many and asks one of each kind.
func TestMany(t *testing.T) {
	r, err := Many(31)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, r)
	for _, i := range []int{0, 1, 3, 30} {
		name := string(r.Repositories[i].Name)
		if _, body := get(t, s, "/api/v3/repos/"+name+"/activity"); len(rows(t, body, "")) < 3 {
			t.Errorf("%s: %s", name, body)
		}
		dir := t.TempDir()
		if out, err := git(t, dir, "clone", "--quiet", "--mirror", s.URL()+"/"+name+".git", dir+"/copy"); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if out, err := git(t, dir+"/copy", "fsck", "--strict"); err != nil || strings.Contains(out, "error") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	seen := map[evidence.OID]bool{}
	for _, repo := range r.Repositories {
		seen[repo.commits["work"].oid] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d different clean histories", len(seen))
	}
}

// BenchmarkMany says what it costs to make a thousand repositories and to ask one of them over git and REST.
func BenchmarkMany(b *testing.B) {
	began := time.Now()
	r, err := Many(1000)
	if err != nil {
		b.Fatal(err)
	}
	parsed := time.Since(began)
	s, err := Start(b.Context(), r, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	b.Logf("parsed in %s, built in %s", parsed, time.Since(began)-parsed)
	for name, path := range map[string]string{
		"git":  ".git/info/refs?service=git-upload-pack",
		"rest": "/activity?per_page=100",
	} {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				base := s.URL() + "/"
				if name == "rest" {
					base += "api/v3/repos/"
				}
				request(b, base+string(r.Repositories[i%1000].Name)+path)
				i++
			}
		})
	}
}

func request(b *testing.B, url string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Git-Protocol", "version=2")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.StatusCode, err)
	}
}
