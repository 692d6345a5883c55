package ghapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-github/v66/github"

	"pentimento/internal/evidence"
)

// answer is a reply of 200 that belongs to the repository, and where the next page lies.
type answer struct {
	source evidence.Source
	page   int    // of the next page, 0 for none
	after  string // cursor of the next page, empty for none
	cached bool   // the server confirmed what the case held: headers such as Link may be missing
}

// last reports that the server names no further page.
func (a answer) last() bool { return a.page == 0 && a.after == "" }

// ask makes one GET below /repos/{owner}/{repo}, or below what the unit asks of instead. path is "" or starts with a slash. A reply that is no use comes as a refusal, with
// its source where the server said anything. The error is the context's, or a mistake of ours.
func (u unit) ask(ctx context.Context, path string, query url.Values, conditional bool) (answer, *refusal, error) {
	gh, ref := u.github(u.cfg.Client), cmp.Or(u.of, "repos/"+string(u.repo))+path
	if len(query) > 0 {
		ref += "?" + query.Encode()
	}
	req, err := gh.NewRequest(http.MethodGet, ref, nil)
	if err != nil {
		return answer{}, nil, fmt.Errorf("ask %s: %w", ref, err)
	}
	a := answer{source: u.source(req)}
	var held []byte
	etag, body, ok, err := u.cfg.Cached(ctx, u.repo, a.source.Target)
	if err != nil {
		return answer{}, nil, err
	}
	if ok && etag != "" && conditional {
		req.Header.Set("If-None-Match", etag)
		a.source.ETag, held = etag, body
	}
	return u.send(ctx, gh, req, a, held)
}

// maxReads bounds how often an answer of 200 that cannot be read is asked for: as often as a connection that breaks.
const maxReads = 4

// have asks until read understands the answer, in full after the first time: what the case holds may be what cannot be read. Bodies that
// are no JSON at all were waited for and asked for again by the client; these are of another shape than the endpoint's.
func (u unit) have(ctx context.Context, path string, query url.Values, conditional bool, read func(body []byte) error) (answer, *refusal, error) {
	for try := 1; ; try++ {
		a, refusal, err := u.ask(ctx, path, query, conditional && try == 1)
		if err != nil || refusal != nil {
			return a, refusal, err
		}
		bad := read(a.source.Body)
		if bad == nil {
			return a, nil, nil
		}
		if try == maxReads || errors.Is(bad, errTruncated) {
			return a, unreadable(&a.source, bad), nil
		}
	}
}

// github makes a client for one request. go-github answers from memory once it has seen an exhausted limit, with a real clock and for 403
// alone. Waiting is the business of the client below, so each request gets a go-github client that has seen nothing.
func (u unit) github(client *http.Client) *github.Client {
	gh := github.NewClient(client)
	gh.BaseURL, gh.UserAgent = u.cfg.Base, ""
	return gh
}

// source is where the answer to a request is kept.
func (u unit) source(req *http.Request) evidence.Source {
	return evidence.Source{Repository: u.repo, Origin: u.origin, Method: req.Method, URL: req.URL.String(),
		Target: "/" + strings.TrimPrefix(req.URL.RequestURI(), u.cfg.Base.EscapedPath())}
}

func (u unit) send(ctx context.Context, gh *github.Client, req *http.Request, a answer, held []byte) (answer, *refusal, error) {
	if err := u.recall(ctx, u.repo); err != nil {
		return answer{}, nil, err
	}
	resp, err := gh.BareDo(ctx, req)
	if ctx.Err() != nil {
		if resp != nil && resp.Response != nil {
			resp.Body.Close()
		}
		return answer{}, nil, context.Cause(ctx)
	}
	a.source.FetchedAt = u.cfg.Now()
	if resp == nil || resp.Response == nil {
		return a, unanswered(err), nil
	}
	return u.read(a, resp, err, held)
}

// read takes a reply apart: the body as bytes, the status as go-github typed it, the address that finally answered.
func (u unit) read(a answer, resp *github.Response, status error, held []byte) (answer, *refusal, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // bounded by the client; go-github puts the bodies of errors back
	if accepted := new(github.AcceptedError); errors.As(status, &accepted) {
		body, err = accepted.Raw, nil
	}
	if err != nil {
		return a, unanswered(err), nil
	}
	if resp.StatusCode == http.StatusNotModified && a.source.ETag != "" {
		a.source.Status, a.source.Body, a.cached = http.StatusOK, held, true
	} else {
		a.source.Status, a.source.Body, a.source.ETag = resp.StatusCode, body, resp.Header.Get("ETag")
		if status != nil {
			return a, refused(resp, status, &a.source), nil
		}
	}
	a.page, a.after = resp.NextPage, resp.After
	if other, strayed := u.strayed(resp); strayed {
		return a, u.otherRepository(other, &a.source), nil
	}
	return a, nil, nil
}

// byID is how GitHub redirects the requests for a renamed repository.
var byID = regexp.MustCompile(`/repositories/([0-9]{1,18})(?:/|$)`)

// strayed reports that a redirect led to another repository than the one first answered under this name.
func (u unit) strayed(resp *github.Response) (int64, bool) {
	if resp.Request == nil {
		return 0, false
	}
	m := byID.FindStringSubmatch(resp.Request.URL.Path)
	if m == nil {
		return 0, false
	}
	id, err := strconv.ParseInt(m[1], 10, 64)
	return id, err == nil && u.id(u.repo) != 0 && id != u.id(u.repo)
}
