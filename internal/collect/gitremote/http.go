package gitremote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"pentimento/internal/evidence"
)

// answer is a response body under guard: a watchdog against silence, a cap on bytes and one on time. All its errors but io.EOF and
// those of the caller's context are failures.
type answer struct {
	body   io.ReadCloser
	caller context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	stop   context.CancelFunc
	dog    *time.Timer
	idle   time.Duration
	left   int64
	count  func(int64)
}

// ask sends a request and hands out the guarded body of a 200; other statuses are failures. maxBytes caps the body.
func (c *Collector) ask(ctx context.Context, req *http.Request, maxBytes int64, count func(int64)) (*answer, *http.Response, error) {
	guarded, cancel := context.WithCancelCause(ctx)
	guarded, stop := context.WithTimeoutCause(guarded, c.limits.request,
		stalled("the answer took longer than %s", c.limits.request))
	a := &answer{caller: ctx, ctx: guarded, cancel: cancel, stop: stop, idle: c.limits.idle, left: maxBytes, count: count}
	a.dog = time.AfterFunc(a.idle, func() { cancel(stalled("the server sent nothing for %s", a.idle)) })
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	resp, err := c.cfg.Client.Do(req.WithContext(guarded))
	if err != nil {
		err = a.explain(err)
		a.release()
		if resp != nil && resp.StatusCode >= 300 && resp.StatusCode < 400 && ctx.Err() == nil {
			// The client's redirect policy said no: net/http gives both the redirect, its body closed, and the error.
			return nil, nil, statusFailure(resp.StatusCode, "")
		}
		return nil, nil, err
	}
	a.body = resp.Body
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(a, maxErrorText))
		a.close()
		if err != nil && ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		failed := statusFailure(resp.StatusCode, plainText(resp, text))
		var f *failure
		if err != nil && errors.As(failed, &f) { // the server's words broke off
			f.fleeting = true
		}
		return nil, nil, failed
	}
	return a, resp, nil
}

// plainText drops bodies that are pages for a browser.
func plainText(resp *http.Response, text []byte) string {
	if bytes.Contains(bytes.ToLower(text[:min(len(text), 512)]), []byte("<html")) {
		return ""
	}
	return string(text)
}

// Read implements io.Reader under the guard.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	a.dog.Reset(a.idle)
	a.left -= int64(n)
	if n > 0 && a.count != nil {
		a.count(int64(n))
	}
	if a.left < 0 {
		return 0, refused("the answer is larger than the limit for it")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = a.explain(err)
	}
	return n, err
}

// explain prefers the caller's cancellation, then our own reason, then what the network said.
func (a *answer) explain(err error) error {
	if a.caller.Err() != nil {
		return a.caller.Err()
	}
	var f *failure
	if errors.As(context.Cause(a.ctx), &f) {
		return f
	}
	if errors.As(err, &f) {
		return f
	}
	return broken("the request did not work: %s", evidence.Printable(err.Error()))
}

func (a *answer) release() {
	a.dog.Stop()
	a.stop()
	a.cancel(nil)
}

// close gives everything up; an unread rest is not drained, because it may be endless.
func (a *answer) close() {
	a.release()
	a.body.Close()
}
