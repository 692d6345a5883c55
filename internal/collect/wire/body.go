package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// TooLargeError says that an answer is larger than it may be; what was read of it is dropped.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.Limit)
}

// StallError says that an answer stopped coming, or took longer in all than it may.
type StallError struct{ After time.Duration }

func (e *StallError) Error() string {
	return fmt.Sprintf("the server went silent or slow: gave up after %s", e.After)
}

// transient tells failures that another try may mend from those that it cannot.
func transient(err error) bool {
	var large *TooLargeError
	var budget *BudgetError
	var mint *MintError
	switch {
	case errors.As(err, &mint):
		return mint.passing()
	case errors.As(err, &large), errors.As(err, &budget), errors.Is(err, errNoGetBody):
		return false
	}
	return true
}

func closeBody(resp *http.Response) {
	if resp != nil {
		resp.Body.Close()
	}
}

// babble reports an answer of 200 that is not the JSON asked for: what proxies and failing servers say. It may pass like a 5xx does.
func babble(req *http.Request, resp *http.Response) bool {
	if resp.StatusCode != http.StatusOK || streams(req) || !strings.Contains(req.Header.Get("Accept"), "json") {
		return false
	}
	body, err := io.ReadAll(resp.Body) // in memory already: send has read it
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return err != nil || !json.Valid(body)
}

// send makes one attempt under the watch of two timers. A REST answer is read whole here, under its cap, so that a connection that
// breaks in mid-body is tried again like one that breaks before; git answers and downloads stream, and their reader caps them.
func (t *transport) send(req *http.Request) (*http.Response, error) {
	stream := streams(req)
	within := restWithin
	if gitPath(req.URL.Path) {
		within = gitWithin
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	whole := time.AfterFunc(within, func() { cancel(&StallError{After: within}) })
	header := time.AfterFunc(answerWithin, func() { cancel(&StallError{After: answerWithin}) })
	resp, err := t.cfg.Base.RoundTrip(req.WithContext(ctx))
	header.Stop()
	if err != nil {
		whole.Stop()
		err = stallOr(ctx, err)
		cancel(nil)
		return nil, err
	}
	body := &watched{body: resp.Body, ctx: ctx, cancel: cancel, whole: whole}
	body.idle = time.AfterFunc(stallAfter, func() { cancel(&StallError{After: stallAfter}) })
	body.idle.Stop()
	resp.Body = body
	if stream {
		return resp, nil
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, MaxRESTBody+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxRESTBody {
		return nil, &TooLargeError{Limit: MaxRESTBody}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// watched is a body whose every read must end in time. A slow reader is no stall: the idle timer runs only during a read.
type watched struct {
	body   io.ReadCloser
	ctx    context.Context // of the attempt: its cause says which timer fired
	cancel context.CancelCauseFunc
	idle   *time.Timer
	whole  *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	w.idle.Reset(stallAfter)
	n, err := w.body.Read(p)
	w.idle.Stop()
	if err != nil && err != io.EOF {
		err = stallOr(w.ctx, err)
	}
	return n, err
}

func (w *watched) Close() error {
	w.idle.Stop()
	w.whole.Stop()
	err := w.body.Close()
	w.cancel(nil)
	return err
}

// stallOr names the timer that ended an attempt, where one did.
func stallOr(ctx context.Context, err error) error {
	var stall *StallError
	if errors.As(context.Cause(ctx), &stall) {
		return stall
	}
	return err
}
