// Package wire is the one way in which collection speaks HTTP. It answers a request with an answer that is worth reading, or says in a
// typed error why there is none: a limit that outlasts our patience ([LimitError]), a redirect to a foreign host ([RedirectError]), an
// answer too large ([TooLargeError]) or one that stopped coming ([StallError]).
//
// It takes credentials and the hosts that may see them. No other host does, nor anybody on a plain connection except loopback. Of several
// credentials it uses the one that has most left of a limit, and waits only when all are spent. One that the API does not accept is left out;
// git is asked without any when it accepts none. It gives a plain *http.Client, so that
// go-github and the git client need to know nothing of limits and retries. Every request it repeats only reads (GET, and the POSTs of
// git-upload-pack and of GraphQL queries), so repeating is safe; the one other POST mints the token of an app ([App]).
//
// How many API requests may be sent is the caller's to say, in the context ([Allowance]): one that would exceed it is not sent
// ([BudgetError]).
//
// It does not conclude what a status means: 404, 409, 422, 451 and a 403 that is no limit are handed on as they are.
package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultMaxWait is how long one request may wait for limits in all. GitHub's primary limit resets within an hour; two minutes
	// more cover clocks that differ.
	DefaultMaxWait = 62 * time.Minute
	// MaxRESTBody bounds one REST answer, decompressed. A page of 100 runs is about 2 MB, a tree at most 7 MB.
	MaxRESTBody = 16 << 20
	// maxTries bounds how often one request is sent again after 5xx answers, broken connections and stalls.
	maxTries = 4
	// maxLimits bounds how often one request waits for a limit: a server that says "now" each time must not be asked for ever.
	maxLimits = 8
	// firstBackoff doubles with each try: 1, 2, 4 s. There is no jitter: one process with bounded concurrency is no thundering herd,
	// and the same answers shall give the same requests.
	firstBackoff = time.Second
	// answerWithin bounds the wait for the header: upload-pack may count objects for a minute before it speaks.
	answerWithin = 2 * time.Minute
	// stallAfter bounds a single read of a body. git's sideband sends keep-alives every 5 s.
	stallAfter = 30 * time.Second
	// restWithin and gitWithin bound a whole exchange, against bodies that drip: 16 MiB take two minutes at 1 Mbit/s; an hour is the
	// longest fetch worth waiting for.
	restWithin = 3 * time.Minute
	gitWithin  = time.Hour
	// maxHeader bounds the header of an answer; GitHub's are about 4 KB.
	maxHeader = 256 << 10
)

// Config of a client.
type Config struct {
	// Base sends one request; nil is an http.Transport with timeouts.
	Base http.RoundTripper
	// Credentials authenticate at Hosts; none is needed. Caller-set Authorization headers are dropped: there is one source of credentials.
	Credentials []*Credential
	// Hosts ("api.github.com", "127.0.0.1:8080") may see them and may be redirected to. Without a port, the scheme's own.
	Hosts     []string
	UserAgent string
	// MaxWait is the patience with limits per request; zero is [DefaultMaxWait].
	MaxWait time.Duration
	// Now is the clock that Retry-After dates and limit resets are compared with; nil is time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends; nil does so on the real clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// OnWait is told before each wait for a limit or a retry; may be nil. It may be called from several goroutines.
	OnWait func(reason string, until time.Time)
	// OnRefused is told that the API does not accept the n-th of several credentials, which is not used any more; may be nil.
	OnRefused func(n, of int)
	// Budget is told what answers state of the primary limit of the API, summed over the credentials heard of; limit is that of each.
	// May be nil. It may be called from several goroutines.
	Budget func(remaining, limit int, reset time.Time)
}

// NewClient makes a client that is safe for concurrent use.
func NewClient(cfg Config) *http.Client {
	if cfg.Base == nil {
		cfg.Base = baseTransport()
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = DefaultMaxWait
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.OnWait == nil {
		cfg.OnWait = func(string, time.Time) {}
	}
	if cfg.Budget == nil {
		cfg.Budget = func(int, int, time.Time) {}
	}
	if cfg.OnRefused == nil {
		cfg.OnRefused = func(int, int) {}
	}
	t := &transport{cfg: cfg, hosts: newHostSet(cfg.Hosts), standings: map[account]standing{}, refused: map[int]bool{}}
	return &http.Client{Transport: t, CheckRedirect: t.checkRedirect}
}

func baseTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    20 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type transport struct {
	cfg   Config
	hosts hostSet

	mu        sync.Mutex
	standings map[account]standing
	refused   map[int]bool // credentials that the API does not accept
}

// pause is a limit that an earlier answer stated: requests before its end would only be refused, or lengthen it.
type pause struct {
	until  time.Time
	reason string
}

// patience is what one request has used up.
type patience struct {
	waited time.Duration
	limits int
	tries  int
	// unaccepted are the credentials that git did not accept.
	unaccepted []int
}

// RoundTrip sends the request until it has an answer that no waiting would better, within the bounds above. A 5xx that outlasts the
// tries is handed on as an answer: its body is evidence.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Body != nil {
		defer req.Body.Close() // every attempt sends a body of its own, from GetBody
	}
	var used patience
	for {
		who, spent, p := t.choose(req, used.unaccepted)
		if spent != nil {
			if err := t.wait(req, &used, *spent, p); err != nil {
				return nil, err
			}
			continue
		}
		resp, err := t.attempt(req, who)
		if ctx.Err() != nil {
			closeBody(resp)
			return nil, context.Cause(ctx)
		}
		if err != nil {
			if !transient(err) || used.tries+1 >= maxTries {
				return nil, err
			}
			if err := t.backOff(req, &used, 0); err != nil {
				return nil, err
			}
			continue
		}
		t.note(req, who, resp)
		again, err := t.settle(req, who, resp, &used)
		if err != nil {
			return nil, err
		}
		if !again {
			return resp, nil
		}
	}
}

// attempt sends the request once, in the name of a credential, if that is allowed.
func (t *transport) attempt(req *http.Request, who int) (*http.Response, error) {
	attempt, err := t.prepare(req, who)
	if err != nil {
		return nil, err
	}
	if !streams(req) {
		if err := allowanceOf(req.Context()).take(); err != nil {
			return nil, err
		}
	}
	return t.send(attempt)
}

// settle decides on an answer: false hands it on, true wants another. It closes the body unless it hands the answer on.
func (t *transport) settle(req *http.Request, who int, resp *http.Response, used *patience) (again bool, err error) {
	if p, limited := limitOf(req, resp, t.cfg.Now(), used.limits); limited {
		closeBody(resp)
		if used.limits++; used.limits > maxLimits*max(1, len(t.cfg.Credentials)) {
			return false, &LimitError{Host: req.URL.Host, Reason: p.reason, Until: p.until}
		}
		t.pauseUntil(account{who, limitKey(req)}, p)
		return true, nil
	}
	if resp.StatusCode == http.StatusUnauthorized && t.unauthorized(req, who, used) {
		closeBody(resp)
		return true, nil
	}
	failed := resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
	if !(failed || babble(req, resp)) || used.tries+1 >= maxTries {
		return false, nil
	}
	after, _ := retryAfter(resp.Header, t.cfg.Now())
	closeBody(resp)
	return true, t.backOff(req, used, after)
}

// prepare clones the request for one attempt: the credential, a fresh body, our name.
func (t *transport) prepare(req *http.Request, who int) (*http.Request, error) {
	attempt := req.Clone(req.Context())
	if req.Body != nil && req.Body != http.NoBody {
		if req.GetBody == nil {
			return nil, errNoGetBody
		}
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		attempt.Body = body
	}
	attempt.Header.Del("Authorization")
	if t.cfg.UserAgent != "" {
		attempt.Header.Set("User-Agent", t.cfg.UserAgent)
	}
	if who == nobody {
		return attempt, nil
	}
	token, err := t.cfg.Credentials[who].current(req.Context(), t.cfg.Now(), t.send)
	if err != nil {
		return nil, err
	}
	if gitPath(req.URL.Path) {
		attempt.SetBasicAuth("x-access-token", token)
	} else {
		attempt.Header.Set("Authorization", "Bearer "+token)
	}
	return attempt, nil
}

// errNoGetBody is a mistake of the caller.
var errNoGetBody = errors.New("request body cannot be sent twice: GetBody is not set")

// gitPath tells git smart HTTP from REST: GitHub wants Basic for the one and limits them apart.
func gitPath(path string) bool {
	return strings.HasSuffix(path, "/info/refs") || strings.HasSuffix(path, "/git-upload-pack")
}

// note remembers and reports the primary limit that an answer states.
func (t *transport) note(req *http.Request, who int, resp *http.Response) {
	remaining, err1 := strconv.Atoi(resp.Header.Get("X-RateLimit-Remaining"))
	limit, err2 := strconv.Atoi(resp.Header.Get("X-RateLimit-Limit"))
	reset, ok := unixTime(resp.Header.Get("X-RateLimit-Reset"))
	if err1 != nil || err2 != nil || !ok {
		return
	}
	a := account{who, limitKey(req)}
	t.mu.Lock()
	s := t.standings[a]
	s.remaining, s.reset = max(0, remaining), reset
	t.standings[a] = s
	t.mu.Unlock()
	if remaining == 0 && resp.StatusCode < 400 {
		t.pauseUntil(a, pause{until: reset, reason: "primary rate limit"})
	}
	all, first := t.total(a.kind)
	if first.IsZero() { // its hour is over by our clock
		all, first = remaining, reset
	}
	t.cfg.Budget(all, limit, first)
}
