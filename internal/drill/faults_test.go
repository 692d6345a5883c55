package drill

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFaults holds what each fault looks like to a client, and that a request is answered well when the fault is over.
func TestFaults(t *testing.T) {
	s := startWitnesses(t, "")
	paths := []string{"/api/v3/repos/owner/main/activity", "/owner/main.git/info/refs?service=git-upload-pack", "/archive/2025-11-01-9.json.gz"}
	ask := func(path string) (status int, header http.Header, body string, err error) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			return 0, nil, "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(text), err
	}
	for _, path := range paths {
		_, _, calm, err := ask(path)
		if err != nil || calm == "" {
			t.Fatalf("%s: %v", path, err)
		}
		for _, fault := range Faults() {
			s.OnFault(func(*http.Request) Fault { return fault })
			status, header, body, err := ask(path)
			s.OnFault(nil)
			want := map[Fault]int{Reset: 0, BadGateway: 502, Limited: 429, LimitedBare: 429, Secondary: 403, SecondaryBare: 403}[fault]
			if fault > SecondaryBare {
				want = 200
			}
			whole := err == nil && body == calm
			cut := err != nil && strings.HasPrefix(calm, body) && len(body) < len(calm)
			_, retry := header["Retry-After"]
			ok := status == want && retry == (fault == Limited || fault == Secondary) && whole == (fault == Slow)
			if fault == Truncated || fault == Stalled || fault == Reset {
				ok = ok && cut
			}
			if !ok {
				t.Errorf("%s %s: %d %v %v %d bytes of %d", fault, path, status, header, err, len(body), len(calm))
			}
		}
		if _, _, body, err := ask(path); err != nil || body != calm {
			t.Errorf("%s afterwards: %v", path, err)
		}
	}
}
