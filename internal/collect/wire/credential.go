package wire

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Credential authenticates requests: a token as it was given ([Token]), or one that is minted for an app and renewed ([App]).
type Credential struct {
	mint func(ctx context.Context, send func(*http.Request) (*http.Response, error)) (token string, expires time.Time, err error)

	mu      sync.Mutex
	token   string
	expires time.Time // zero: never
}

// Token is a credential that stays as it is.
func Token(token string) *Credential { return &Credential{token: token} }

// renewBefore is how long before its end a minted token is renewed: a request that is retried shall not outlive it.
const renewBefore = 5 * time.Minute

// current gives the token to send, minting one where there is none that lasts. Whoever needs it meanwhile waits for the one that mints.
func (c *Credential) current(ctx context.Context, now time.Time, send func(*http.Request) (*http.Response, error)) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mint == nil || (c.token != "" && now.Add(renewBefore).Before(c.expires)) {
		return c.token, nil
	}
	token, expires, err := c.mint(ctx, send)
	if err != nil {
		return "", err
	}
	c.token, c.expires = token, expires
	return token, nil
}

// nobody is who asks where no credential may travel or there is none: GitHub counts such requests by address.
const nobody = -1

// account is what one credential has used up of one limit.
type account struct {
	who  int // index of the credential, or nobody
	kind string
}

// standing is what answers told of an account.
type standing struct {
	remaining int // as last stated, until reset
	reset     time.Time
	paused    pause // requests before its end would only be refused, or lengthen it
}

// left is what may still be asked; an account that nobody has told of, or whose hour is over, counts as full.
func (s standing) left(now time.Time) int {
	if s.reset.IsZero() || !s.reset.After(now) {
		return math.MaxInt
	}
	return s.remaining
}

// bearers lists who may send a request. git is never asked twice by one that it did not accept for this request; after all of them nobody
// asks, for a public repository needs no credential, and a bad one hides it.
func (t *transport) bearers(req *http.Request, unaccepted []int) []int {
	if u := req.URL; len(t.cfg.Credentials) == 0 || download(req) || !t.hosts.has(u) || !private(u) {
		return []int{nobody}
	}
	var out []int
	for i := range t.cfg.Credentials {
		if !t.refused[i] && !slices.Contains(unaccepted, i) {
			out = append(out, i)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case gitPath(req.URL.Path):
		return []int{nobody}
	}
	return []int{0} // all were refused: the answer to the first says so again
}

// choose picks the credential that has most left of the limit that the request counts against. Where all are spent it gives the account
// whose pause ends first.
func (t *transport) choose(req *http.Request, unaccepted []int) (who int, spent *account, p pause) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, kind, most := t.cfg.Now(), limitKey(req), -1
	var first *account
	for _, b := range t.bearers(req, unaccepted) {
		a := account{b, kind}
		s := t.standings[a]
		switch {
		case s.paused.until.After(now):
			if first == nil || s.paused.until.Before(p.until) {
				first, p = &a, s.paused
			}
		case s.left(now) > most:
			who, most = b, s.left(now)
		}
	}
	if most >= 0 {
		return who, nil, pause{}
	}
	return nobody, first, p
}

// refuse notes that the API does not accept a credential, and tells whether there is another to ask with. Of requests that were under way
// with it at one time the first says so.
func (t *transport) refuse(who int) bool {
	t.mu.Lock()
	if who == nobody || len(t.cfg.Credentials) < 2 {
		t.mu.Unlock()
		return false
	}
	said := t.refused[who]
	t.refused[who] = true
	others := len(t.cfg.Credentials) - len(t.refused)
	t.mu.Unlock()
	if !said {
		t.cfg.OnRefused(who+1, len(t.cfg.Credentials))
	}
	return others > 0
}

// unauthorized tells whether a request that got a 401 is to be sent by somebody else. What git does not accept the API may: git answers so
// for a repository that the credential must not see, too.
func (t *transport) unauthorized(req *http.Request, who int, used *patience) bool {
	if !gitPath(req.URL.Path) {
		return t.refuse(who)
	}
	if who == nobody {
		return false
	}
	used.unaccepted = append(used.unaccepted, who)
	return true
}

// total sums what is left over all credentials of the limit of a request, those that nobody has told of left out.
func (t *transport) total(kind string) (remaining int, reset time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.cfg.Now()
	for a, s := range t.standings {
		if a.kind == kind && s.reset.After(now) {
			remaining += s.remaining
			if reset.IsZero() || s.reset.Before(reset) {
				reset = s.reset
			}
		}
	}
	return remaining, reset
}
