package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// LimitError says that a rate limit outlasts the patience of one request. Asking again before Until is useless.
type LimitError struct {
	Host   string
	Reason string // "primary rate limit", "secondary rate limit", "Retry-After"
	Until  time.Time
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %s until %s", e.Host, e.Reason, e.Until.UTC().Format(time.RFC3339))
}

const (
	// secondaryWait is GitHub's advice for secondary limits that come without Retry-After: at least a minute, longer each time.
	secondaryWait = time.Minute
	// leastWait keeps a reset that has passed (clocks differ) from becoming a busy loop.
	leastWait = time.Second
	// limitPeek bounds how much of a 403 or 429 is read to tell a limit from a refusal; GitHub's bodies are under 1 KB.
	limitPeek = 64 << 10
	// farthest caps what a server may claim: beyond it any patience ends anyway, and the arithmetic stays safe.
	farthest = 365 * 24 * time.Hour
)

// limitOf reads a 403 or 429 as a limit, if it is one, by https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api:
// Retry-After first, then an exhausted primary limit with its reset, then the secondary limit by its body. Either status may carry
// either limit, and GraphQL states its own with 200. A 403 with none of these is a refusal, and so is a limit of nothing at all: GraphQL
// grants that to those without a token. earlier counts the limits met by this request before.
func limitOf(req *http.Request, resp *http.Response, now time.Time, earlier int) (pause, bool) {
	limited := graphqlLimited(req, resp)
	denied := resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests
	if !limited && (!denied || resp.Header.Get("X-RateLimit-Limit") == "0") {
		return pause{}, false
	}
	least := leastWait << min(earlier, maxLimits)
	at := func(d time.Duration, reason string) (pause, bool) {
		return pause{until: now.Add(min(max(d, least), farthest)), reason: reason}, true
	}
	if d, ok := retryAfter(resp.Header, now); ok {
		return at(d, "Retry-After")
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, ok := unixTime(resp.Header.Get("X-RateLimit-Reset")); ok {
			return at(reset.Sub(now), "primary rate limit")
		}
	}
	if limited || secondary(peek(resp)) || resp.StatusCode == http.StatusTooManyRequests {
		return at(secondaryWait<<min(earlier, maxLimits), "secondary rate limit")
	}
	return pause{}, false
}

// secondary recognises the body of a secondary limit; the address of its documentation has changed over the years.
func secondary(body []byte) bool {
	var said struct {
		Message string `json:"message"`
		URL     string `json:"documentation_url"`
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	message := strings.ToLower(said.Message)
	return strings.HasSuffix(said.URL, "secondary-rate-limits") || strings.HasSuffix(said.URL, "#abuse-rate-limits") ||
		strings.Contains(message, "secondary rate limit") || strings.Contains(message, "abuse detection")
}

// peek reads the start of a body and puts it back.
func peek(resp *http.Response) []byte {
	head, err := io.ReadAll(io.LimitReader(resp.Body, limitPeek))
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	if err != nil {
		return nil
	}
	return head
}

// retryAfter reads the header as seconds or as an HTTP date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(v, 10, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int64(farthest/time.Second))) * time.Second, true
	}
	if date, err := http.ParseTime(v); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}

// unixTime reads X-RateLimit-Reset. Values outside any sane calendar are no time at all.
func unixTime(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > 1<<36 {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// limitKey groups requests that share a limit: GitHub counts REST, GraphQL and git apart.
func limitKey(req *http.Request) string {
	switch {
	case gitPath(req.URL.Path):
		return "git " + req.URL.Host
	case strings.HasSuffix(req.URL.Path, "/graphql"):
		return "graphql " + req.URL.Host
	}
	return "rest " + req.URL.Host
}

func (t *transport) pauseUntil(a account, p pause) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.standings[a]; p.until.After(s.paused.until) {
		s.paused = p
		t.standings[a] = s
	}
}

// wait sits out a limit, or says that it outlasts the patience: then at once, not after the patience has run out.
func (t *transport) wait(req *http.Request, used *patience, a account, p pause) error {
	d := min(max(p.until.Sub(t.cfg.Now()), 0), farthest)
	if used.waited+d > t.cfg.MaxWait {
		return &LimitError{Host: req.URL.Host, Reason: p.reason, Until: p.until}
	}
	used.waited += d
	t.cfg.OnWait(p.reason, p.until)
	if err := t.cfg.Sleep(req.Context(), d); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.standings[a]; s.paused == p { // sat out, whatever an injected clock says
		t.standings[a] = standing{}
	}
	return nil
}

// backOff waits before another try, at least as long as the server asked. Both share the patience with limits.
func (t *transport) backOff(req *http.Request, used *patience, asked time.Duration) error {
	d := max(firstBackoff<<used.tries, min(asked, farthest))
	used.tries++
	until := t.cfg.Now().Add(d)
	if used.waited+d > t.cfg.MaxWait {
		return &LimitError{Host: req.URL.Host, Reason: "server asks to wait", Until: until}
	}
	used.waited += d
	t.cfg.OnWait("retry", until)
	return t.cfg.Sleep(req.Context(), d)
}
