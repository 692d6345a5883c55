package drill

import (
	"bytes"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with one answer.
type Fault int

// Faults. Those that wait say so with the least time, or with none, as GitHub's secondary limits often do.
const (
	NoFault       Fault = iota
	Reset               // the connection is reset before a byte of the answer
	BadGateway          // 502
	Limited             // 429 with Retry-After
	LimitedBare         // 429 without
	Secondary           // 403 that names the secondary limit, with Retry-After
	SecondaryBare       // the same without
	Truncated           // the connection ends in the middle of the body
	Slow                // the body drips, and comes whole
	Stalled             // half of the body comes, and then nothing until the client has gone
	Garbled             // 200 with what is no JSON, no pkt-line, no gzip
	faultsEnd
)

// A dripping body comes in pieces with pauses between them.
const (
	dripPieces = 8
	dripPause  = 2 * time.Millisecond
)

// Faults lists all of them.
func Faults() []Fault {
	var out []Fault
	for f := Reset; f < faultsEnd; f++ {
		out = append(out, f)
	}
	return out
}

// String is the fault's name.
func (f Fault) String() string {
	return [...]string{"none", "reset", "502", "429 with Retry-After", "429", "403 secondary with Retry-After", "403 secondary", "truncated", "slow",
		"stalled", "garbled"}[f]
}

// OnFault sets what decides, for each request that arrives from now on, what goes wrong with it. It may run for several requests at the
// same time. Nil ends it.
func (s *Server) OnFault(plan func(r *http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = plan
}

// captured is an answer on its way, kept back to be damaged.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (c *captured) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

// Write implements http.ResponseWriter.
func (c *captured) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// fail answers a request wrongly; false leaves it to be answered well.
func (s *Server) fail(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	plan := s.faults
	s.mu.Unlock()
	fault := NoFault
	if plan != nil {
		fault = plan(r)
	}
	switch fault {
	case NoFault:
		return false
	case Reset:
		hangUp(w)
	case BadGateway:
		http.Error(w, "this is the bad minute", http.StatusBadGateway)
	case Limited, LimitedBare, Secondary, SecondaryBare:
		c := &call{s: s, w: w, r: r}
		c.limitedOnce(fault)
	case Garbled:
		garble(w, r)
	default:
		answer := &captured{header: http.Header{}}
		s.answer(answer, r)
		answer.damage(w, r, fault)
	}
	return true
}

// hangUp ends the connection with a reset where it can.
func hangUp(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to cut an answer short
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the end is orderly instead of a reset: both are ends
	}
	_ = conn.Close()
}

// limitedOnce is a limit that is over at once.
func (c *call) limitedOnce(fault Fault) {
	status, f := http.StatusTooManyRequests, failure{Message: "Too many requests.", DocumentationURL: docs}
	if fault == Secondary || fault == SecondaryBare {
		status = http.StatusForbidden
		f.Message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
		f.DocumentationURL = docs + "/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	}
	if fault == Limited || fault == Secondary {
		c.w.Header().Set("Retry-After", "0")
	}
	c.refuse(status, f)
}

// garble answers 200 with the right type and nothing that can be read.
func garble(w http.ResponseWriter, r *http.Request) {
	kind, body := "application/json; charset=utf-8", `[{"id": 1, "broken": `
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/info/refs"):
		kind, body = "application/x-git-upload-pack-advertisement", "zzzzthis is no pkt-line"
	case strings.HasSuffix(path, "/git-upload-pack"):
		kind, body = "application/x-git-upload-pack-result", "zzzzthis is no pkt-line"
	case strings.HasPrefix(path, archivePath):
		kind, body = "application/gzip", "this is no gzip"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(body)) // an error here means that the client has gone
}

// damage sends a captured answer, but not as it was meant.
func (c *captured) damage(w http.ResponseWriter, r *http.Request, fault Fault) {
	maps.Copy(w.Header(), c.header)
	body := c.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if c.status == 0 {
		c.status = http.StatusOK
	}
	w.WriteHeader(c.status)
	end := len(body)
	if fault != Slow {
		end /= 2
	}
	control := http.NewResponseController(w)
	step := max(1, (end+dripPieces-1)/dripPieces)
	for from := 0; from < end; from += step {
		if _, err := w.Write(body[from:min(end, from+step)]); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		if fault == Slow {
			time.Sleep(dripPause)
		}
	}
	switch fault {
	case Stalled:
		<-r.Context().Done()
	case Truncated:
		panic(http.ErrAbortHandler) // net/http's own way to cut an answer short
	}
}
