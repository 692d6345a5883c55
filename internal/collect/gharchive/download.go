package gharchive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

const (
	// between is the pause before each request but the first to a host. Archives are a gift: nobody is paid for our haste.
	between = 250 * time.Millisecond
	// maxResumes bounds how often one download goes on after a broken connection. Each must have brought something.
	maxResumes = 20
	// maxFailures in a row and a host is not asked for the rest: every hour would wait in vain for as long as the last.
	maxFailures = 4
)

// fetcher downloads hour files, one at a time per host.
type fetcher struct {
	client *http.Client
	now    func() time.Time
	dir    string
	own    bool // the folder is ours and goes at the end

	hosts map[string]*host
}

// host is used by one download at a time, in the order of the hours.
type host struct {
	last     <-chan struct{} // closed when the last download in the queue is over
	asked    bool
	failures int // in a row
}

// turn is a place in the queue of a host.
type turn struct {
	host *host
	next <-chan struct{} // closed when it is this one's turn
	over chan struct{}   // closed by this one
}

// fetched is a file that can be read, or the state of an hour that has none.
type fetched struct {
	path    string
	state   evidence.HourState // empty for a file
	detail  string
	release func() // the file is not needed any more
}

func newFetcher(cfg Config) (*fetcher, error) {
	f := &fetcher{client: cfg.Client, now: cfg.Now, dir: cfg.Cache, hosts: map[string]*host{}}
	if cfg.Client == nil {
		return f, nil
	}
	if f.dir == "" {
		dir, err := os.MkdirTemp("", "pentimento-archive-")
		f.dir, f.own = dir, true
		if err != nil {
			return nil, fmt.Errorf("folder for downloads: %w", err)
		}
	}
	return f, nil
}

func (f *fetcher) close() error {
	if !f.own {
		return nil
	}
	return os.RemoveAll(f.dir)
}

// queue gives a job its turn. It is called in the order of the jobs, by one goroutine; whoever has a turn must come to get.
func (f *fetcher) queue(j *job) {
	name := j.url
	if u, err := url.Parse(j.url); err == nil {
		name = u.Host
	}
	h := f.hosts[name]
	if h == nil {
		free := make(chan struct{})
		close(free)
		h = &host{last: free}
		f.hosts[name] = h
	}
	over := make(chan struct{})
	j.turn = turn{host: h, next: h.last, over: over}
	h.last = over
}

// get has a file in the cache, or downloads it there. An error is about the context alone.
func (f *fetcher) get(ctx context.Context, j *job) (fetched, error) {
	<-j.turn.next // comes soon where the context has ended: every download before it ends too
	defer close(j.turn.over)
	path, err := f.place(j)
	if err != nil {
		return fetched{state: evidence.HourUnread, detail: "the cache cannot be written: " + reason(err)}, nil
	}
	if _, err := os.Stat(path); err == nil {
		return f.kept(path), nil
	}
	h := j.turn.host
	if h.failures >= maxFailures {
		return fetched{state: evidence.HourUnread, detail: fmt.Sprintf("not asked: %d hours in a row could not be had", maxFailures)}, nil
	}
	state, detail := f.download(ctx, h, j.url, path)
	if ctx.Err() != nil {
		return fetched{}, ctx.Err()
	}
	if state == evidence.HourUnread {
		h.failures++
	} else {
		h.failures = 0
	}
	switch {
	case state == evidence.HourAbsent && f.now().Before(j.hour.Add(time.Hour+uploadDelay)):
		return fetched{state: evidence.HourUnread, detail: "not there yet: the hour has hardly ended"}, nil
	case state != "":
		return fetched{state: state, detail: detail}, nil
	}
	return f.kept(path), nil
}

func (f *fetcher) kept(path string) fetched {
	release := func() {}
	if f.own {
		release = func() { os.Remove(path) } // space for the next; the whole folder goes at the end anyway
	}
	return fetched{path: path, release: release}
}

// place is where an hour is kept: by archive, whose name is digested as it may hold anything, and by the file's own name.
func (f *fetcher) place(j *job) (string, error) {
	sum := sha256.Sum256([]byte(j.archive))
	dir := filepath.Join(f.dir, hex.EncodeToString(sum[:6]))
	return filepath.Join(dir, j.url[strings.LastIndexByte(j.url, '/')+1:]), os.MkdirAll(dir, 0o700)
}

// download brings a file to path by way of path.part, going on where an earlier attempt stopped. The state is empty for success.
func (f *fetcher) download(ctx context.Context, h *host, target, path string) (evidence.HourState, string) {
	p, err := openPart(path)
	if err != nil {
		return evidence.HourUnread, "the cache cannot be written: " + reason(err)
	}
	defer p.close()
	for resumes := 0; ; resumes++ {
		if h.asked {
			if err := pause(ctx, between); err != nil {
				return evidence.HourUnread, err.Error()
			}
		}
		h.asked = true
		before := p.size
		state, detail, again := f.exchange(ctx, target, p)
		switch {
		case again && ctx.Err() == nil && resumes < maxResumes && (p.size > before || p.restarted()):
			continue
		case state == "":
			if err := p.finish(path); err != nil {
				return evidence.HourUnread, "the cache cannot be written: " + reason(err)
			}
		case state == evidence.HourRefused:
			err = p.discard()
		}
		if err != nil {
			detail += "; " + reason(err)
		}
		return state, detail
	}
}

// exchange is one request and its answer. again says that another could go on where this one broke.
func (f *fetcher) exchange(ctx context.Context, target string, p *part) (state evidence.HourState, detail string, again bool) {
	req, err := http.NewRequestWithContext(wire.Download(ctx), http.MethodGet, target, nil)
	if err != nil {
		return evidence.HourUnread, "not a web address", false
	}
	req.Header.Set("Accept-Encoding", "identity") // the digest is of the file as it lies there
	from := p.ask(req.Header)
	resp, err := f.client.Do(req)
	if err != nil {
		return evidence.HourUnread, withoutURL(err).Error(), false
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		from = 0
	case http.StatusPartialContent:
		if start, ok := rangeStart(resp.Header.Get("Content-Range")); !ok || start != from {
			return evidence.HourUnread, "the server answered another range than was asked for", p.discard() == nil
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return evidence.HourUnread, "the server has no such range", p.discard() == nil
	case http.StatusNotFound, http.StatusGone:
		return evidence.HourAbsent, fmt.Sprintf("the server answers %d", resp.StatusCode), false
	default:
		return evidence.HourUnread, fmt.Sprintf("the server answers %d", resp.StatusCode), false
	}
	if resp.ContentLength > maxFile-from {
		return evidence.HourRefused, fmt.Sprintf("the file has %d bytes, at most %d are read", from+resp.ContentLength, int64(maxFile)), false
	}
	if err := p.begin(from, resp.Header); err != nil {
		return evidence.HourUnread, "the cache cannot be written: " + reason(err), false
	}
	n, err := io.Copy(p, io.LimitReader(resp.Body, maxFile-from+1))
	switch {
	case p.size > maxFile:
		return evidence.HourRefused, fmt.Sprintf("the file has more than %d bytes", int64(maxFile)), false
	case err != nil:
		return evidence.HourUnread, "the download broke off: " + reason(err), !p.failed
	case resp.ContentLength >= 0 && n != resp.ContentLength:
		return evidence.HourUnread, "the download ended early", true
	case !p.gzipped(): // what proxies and failing servers say with 200: it may pass
		return evidence.HourUnread, "the answer is no gzip file", p.discard() == nil
	}
	return "", "", false
}

// withoutURL drops what net/http says of the request: the hour says it already.
func withoutURL(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// rangeStart reads "bytes 100-199/200".
func rangeStart(s string) (int64, bool) {
	s, ok := strings.CutPrefix(s, "bytes ")
	first, _, found := strings.Cut(s, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return n, ok && found && err == nil && n >= 0
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
