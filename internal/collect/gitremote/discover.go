package gitremote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// remote is a repository on a server that has answered info/refs.
type remote struct {
	c     *Collector
	repo  evidence.Repository
	base  *url.URL // as redirected: a POST to a moved address would be turned into a GET
	v2    bool
	caps  map[string]string // v2: "fetch" -> "shallow filter"; v0: "filter" -> ""
	v0    listing           // v0 sends the refs with the capabilities
	gaps  []evidence.Gap    // what the server cannot do
	count func(int64)
}

// connect asks for protocol v2 and takes what comes.
func (c *Collector) connect(ctx context.Context, repo evidence.Repository) (*remote, error) {
	return again(ctx, func() (*remote, error) { return c.connectOnce(ctx, repo) })
}

func (c *Collector) connectOnce(ctx context.Context, repo evidence.Repository) (*remote, error) {
	if _, err := evidence.ParseRepository(string(repo)); err != nil {
		return nil, err
	}
	rem := &remote{c: c, repo: repo, caps: map[string]string{}}
	if c.cfg.Progress != nil {
		rem.count = func(n int64) { c.cfg.Progress(repo, n) }
	}
	asked := c.cfg.Host.JoinPath(repo.Owner(), repo.Name()+".git")
	u := asked.JoinPath("info", "refs")
	u.RawQuery = "service=git-upload-pack"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Git-Protocol", "version=2")
	a, resp, err := c.ask(ctx, req, c.limits.listing, rem.count)
	if err != nil {
		return nil, err
	}
	defer a.close()
	if got := resp.Header.Get("Content-Type"); got != "application/x-git-upload-pack-advertisement" {
		return nil, unsupported("check --host", "no smart git HTTP here: the answer is %q", evidence.Printable(got))
	}
	if err := rem.settle(asked, resp.Request.URL); err != nil {
		return nil, err
	}
	if err := rem.advertisement(&pktReader{r: a}); err != nil {
		return nil, err
	}
	return rem, rem.checkCapabilities()
}

// settle takes the address after redirects as the one to post to, and notes a rename.
func (rem *remote) settle(asked, final *url.URL) error {
	base := *final
	path, ok := strings.CutSuffix(final.Path, "/info/refs")
	if !ok {
		return refused("the server redirects info/refs to another kind of page")
	}
	base.Path, base.RawPath, base.RawQuery, base.Fragment = path, "", "", ""
	rem.base = &base
	name := func(p string) string { return strings.ToLower(strings.TrimSuffix(strings.Trim(p, "/"), ".git")) }
	if name(path) != name(asked.Path) || !strings.EqualFold(base.Host, asked.Host) {
		rem.gaps = append(rem.gaps, evidence.Gap{Repository: rem.repo, Unit: unitRefs, Kind: evidence.GapRenamed, Subject: "address",
			Detail: fmt.Sprintf("the server redirects to %s", evidence.Printable(rem.address())), Hint: "the API tells the present name; once it has, commands take that name, too"})
	}
	return nil
}

// address is the repository's URL without credentials.
func (rem *remote) address() string {
	u := *rem.base
	u.User = nil
	return u.String()
}

func (rem *remote) target(operation string) string {
	return "/" + string(rem.repo) + ".git " + operation
}

// advertisement reads "# service", then either the capabilities of v2 or the refs of v0 and v1.
// https://git-scm.com/docs/http-protocol#_smart_clients
func (rem *remote) advertisement(p *pktReader) error {
	kind, line, err := p.line()
	if err == nil && strings.HasPrefix(line, "# service=") {
		if kind, line, err = p.line(); err == nil && kind == pktFlush {
			kind, line, err = p.line()
		}
	}
	if err == nil && kind == pktData && line == "version 1" {
		kind, line, err = p.line()
	}
	switch {
	case errors.Is(err, io.EOF):
		return malformed("an empty advertisement")
	case err != nil:
		return err
	case kind != pktData:
		return nil // no refs and no capabilities: an empty repository of an old server
	case line != "version 2":
		return rem.v0Refs(p, line)
	}
	rem.v2 = true
	const maxCapabilities = 1_000
	for range maxCapabilities {
		kind, line, err := p.line()
		if errors.Is(err, io.EOF) || (err == nil && kind != pktData) {
			return nil
		}
		if err != nil {
			return err
		}
		name, value, _ := strings.Cut(line, "=")
		rem.caps[name] = value
	}
	return malformed("more than %d capabilities", maxCapabilities)
}

// v0Refs reads the listing that v0 begins with: "oid ref NUL capabilities", "oid ref", "oid tag^{}".
func (rem *remote) v0Refs(p *pktReader, first string) error {
	first, caps, _ := strings.Cut(first, "\x00")
	head := evidence.Ref("")
	for _, c := range strings.Fields(caps) {
		name, value, _ := strings.Cut(c, "=")
		if ref, ok := strings.CutPrefix(value, "HEAD:"); ok && name == "symref" {
			head = evidence.Ref(ref)
		}
		rem.caps[name] = value
	}
	for kind, line := pktData, first; kind == pktData; {
		oid, name, _ := strings.Cut(line, " ")
		if name != "capabilities^{}" && !strings.HasPrefix(line, "shallow ") {
			if err := rem.v0.addV0(oid, name, head, rem.c.limits.refs); err != nil {
				return err
			}
		}
		var err error
		if kind, line, err = p.line(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (rem *remote) checkCapabilities() error {
	if f := rem.caps["object-format"]; f != "" && f != "sha1" {
		return unsupported("", "the repository names its objects by %s; only SHA-1 is read", evidence.Printable(f))
	}
	_, canFetch := rem.caps["fetch"]
	if rem.v2 && !canFetch {
		return unsupported("", "the server speaks protocol v2 without fetch")
	}
	if _, band := rem.caps["side-band-64k"]; !rem.v2 && !band && len(rem.v0.refs) > 0 {
		return unsupported("", "the server speaks protocol v0 without side-band-64k")
	}
	note := func(subject, detail string) {
		rem.gaps = append(rem.gaps, evidence.Gap{Repository: rem.repo, Unit: unitRefs, Kind: evidence.GapUnsupported, Subject: subject, Detail: detail})
	}
	if !rem.v2 {
		note("protocol v2", "the server speaks protocol v0 only: it may refuse commits that no ref reaches")
	}
	if !rem.filters() && (rem.v2 || len(rem.v0.refs) > 0) {
		note("filter", "the server has no object filters: everything is fetched, within the limits for packs")
	}
	return nil
}

// filters tells whether the server can leave out file contents.
func (rem *remote) filters() bool {
	if !rem.v2 {
		_, ok := rem.caps["filter"]
		return ok
	}
	for _, f := range strings.Fields(rem.caps["fetch"]) {
		if f == "filter" {
			return true
		}
	}
	return false
}

// post sends one request of protocol v2 (or the only kind of v0) and gives its guarded answer.
func (rem *remote) post(ctx context.Context, body []byte, maxBytes int64) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rem.base.JoinPath("git-upload-pack").String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	const result = "application/x-git-upload-pack-result"
	req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	req.Header.Set("Accept", result)
	if rem.v2 {
		req.Header.Set("Git-Protocol", "version=2")
	}
	a, resp, err := rem.c.ask(ctx, req, maxBytes, rem.count)
	if err != nil {
		return nil, err
	}
	if got := resp.Header.Get("Content-Type"); got != result {
		a.close()
		return nil, malformed("the answer is %q", evidence.Printable(got))
	}
	return a, nil
}

// command begins a request of protocol v2.
func (rem *remote) command(name string) *pktRequest {
	q := &pktRequest{}
	q.linef("command=%s", name)
	q.linef("agent=%s", strings.ReplaceAll(rem.c.cfg.UserAgent, " ", "-"))
	if _, ok := rem.caps["object-format"]; ok {
		q.linef("object-format=sha1")
	}
	q.delimiter()
	return q
}

// parseHash accepts the 40 digits of SHA-1.
func parseHash(s string) (plumbing.Hash, error) {
	oid, err := evidence.ParseOID(s)
	if err != nil {
		return plumbing.ZeroHash, malformed("%q is no object name", evidence.Printable(s))
	}
	return hashOf(oid), nil
}
