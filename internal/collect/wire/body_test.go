package wire

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// dripping gives one byte per interval, until the request is cancelled; an interval of zero never pauses.
type dripping struct {
	req   *http.Request
	every time.Duration
}

func (d dripping) Read(p []byte) (int, error) {
	if d.every == 0 {
		return len(p), nil
	}
	select {
	case <-time.After(d.every):
		return 1, nil
	case <-d.req.Context().Done():
		return 0, d.req.Context().Err()
	}
}

func (d dripping) Close() error { return nil }

func serve(every time.Duration) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		resp := reply(200, "")
		resp.Body = dripping{req: r, every: every}
		return resp, nil
	}
}

func TestBodiesThatDoNotEnd(t *testing.T) {
	for name, c := range map[string]struct {
		every  time.Duration
		within time.Duration // all tries and back-offs together
		large  bool
	}{
		"endless":     {every: 0, within: time.Second, large: true},
		"silent":      {every: 24 * time.Hour, within: maxTries*stallAfter + 7*time.Second},
		"slow, never": {every: stallAfter - time.Second, within: maxTries*restWithin + 7*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := NewClient(Config{Base: serve(c.every)}).Get("https://api.example.invalid/x")
				var large *TooLargeError
				var stall *StallError
				if errors.As(err, &large) != c.large || errors.As(err, &stall) == c.large {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("took %s, want at most %s", took, c.within)
				}
			})
		})
	}
}

func TestGitBodyStreamsAndStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp, err := NewClient(Config{Base: serve(stallAfter + time.Second)}).Get("https://api.example.invalid/o/r.git/info/refs")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.Sleep(10 * stallAfter) // a reader that takes its time is no stall
		_, err = io.ReadAll(resp.Body)
		if stall := new(StallError); !errors.As(err, &stall) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSilentBeforeTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := NewClient(Config{Base: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}).Get("https://api.example.invalid/x")
		if stall := new(StallError); !errors.As(err, &stall) || time.Since(began) > maxTries*answerWithin+7*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
