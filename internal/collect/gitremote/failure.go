package gitremote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"pentimento/internal/evidence"
)

// failure is an error that is a result: it becomes a gap, and the collection goes on.
type failure struct {
	kind     evidence.GapKind
	detail   string
	hint     string
	fleeting bool // another try at once may do: see again
	spoken   bool // by a server that is up, in the protocol's own words
}

func (f *failure) Error() string { return f.detail }

func refused(format string, args ...any) error {
	return &failure{kind: evidence.GapRefused, detail: fmt.Sprintf(format, args...)}
}

// malformed marks what breaks the protocol or a file format.
func malformed(format string, args ...any) error {
	return &failure{kind: evidence.GapRefused, detail: fmt.Sprintf("malformed answer: "+format, args...), fleeting: true}
}

func unsupported(hint, format string, args ...any) error {
	return &failure{kind: evidence.GapUnsupported, detail: fmt.Sprintf(format, args...), hint: hint}
}

func broken(format string, args ...any) error {
	return &failure{kind: evidence.GapServer, detail: fmt.Sprintf(format, args...), hint: "run collect again", fleeting: true}
}

// stalled is broken by time: another try would cost as much again.
func stalled(format string, args ...any) error {
	return &failure{kind: evidence.GapServer, detail: fmt.Sprintf(format, args...), hint: "run collect again"}
}

// again asks once more where an answer broke off or broke the protocol, as those of failing servers and of proxies do for a moment. What
// is malformed twice is refused, and what exceeds our limits is refused at once.
func again[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	out, err := ask()
	var f *failure
	if errors.As(err, &f) && f.fleeting && ctx.Err() == nil {
		return ask()
	}
	return out, err
}

// said is an error that the server put into words: an ERR line, or the error band of the sideband.
func said(text string) error {
	if m := notOurRef.FindStringSubmatch(text); m != nil {
		return &notServed{oid: plumbing.NewHash(m[1])}
	}
	return &failure{kind: evidence.GapServer, detail: fmt.Sprintf("the server says %q", evidence.Printable(text)), hint: "run collect again", spoken: true}
}

// upload-pack.c: "upload-pack: not our ref %s".
var notOurRef = regexp.MustCompile(`not our ref ([0-9a-f]{40})`)

// notServed names the one object for which a server refused a whole request.
type notServed struct{ oid plumbing.Hash }

func (n *notServed) Error() string { return "the server does not serve " + n.oid.String() }

// gapOf turns a failure into a gap; false for errors that are none.
func gapOf(err error, repo evidence.Repository, unit, subject string) (evidence.Gap, bool) {
	var f *failure
	var n *notServed
	switch {
	case errors.As(err, &f):
		return evidence.Gap{Repository: repo, Unit: unit, Kind: f.kind, Subject: subject, Detail: f.detail, Hint: f.hint}, true
	case errors.As(err, &n):
		return missingObject(repo, unit, evidence.OID(n.oid.String()), "the server no longer serves it"), true
	}
	return evidence.Gap{}, false
}

func missingObject(repo evidence.Repository, unit string, oid evidence.OID, detail string) evidence.Gap {
	return evidence.Gap{Repository: repo, Unit: unit, Kind: evidence.GapObjectMissing, Subject: string(oid), Detail: detail,
		Hint: "a clone made earlier, or a fork of the same network, may still hold it"}
}

// passing tells gaps that a later run may close.
func passing(g evidence.Gap) bool {
	return g.Kind == evidence.GapServer || g.Kind == evidence.GapRateLimit
}

// statusFailure gives an HTTP status other than 200 its meaning. text is the beginning of the body.
// GitHub: field observations and https://docs.github.com/en/rest; a DMCA takedown answers git with 403 and words.
func statusFailure(status int, text string) error {
	words := strings.ToLower(text)
	f := &failure{detail: fmt.Sprintf("the server answers %d", status)}
	if text != "" {
		f.detail += fmt.Sprintf(" and says %q", evidence.Printable(text))
	}
	switch {
	case status == http.StatusUnauthorized:
		f.kind, f.hint = evidence.GapForbidden, "private, deleted or never there: set GITHUB_TOKEN to an account that may read it"
	case status == http.StatusUnavailableForLegalReasons,
		status == http.StatusForbidden && blockedWords.MatchString(words):
		f.kind, f.hint = evidence.GapBlocked, "forks of the network may still serve the objects"
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && strings.Contains(words, "rate limit"):
		f.kind, f.hint = evidence.GapRateLimit, "run collect again later, with a token"
	case status == http.StatusForbidden:
		f.kind, f.hint = evidence.GapForbidden, "set GITHUB_TOKEN to an account that may read it"
	case status == http.StatusNotFound, status == http.StatusGone:
		f.kind, f.hint = evidence.GapGone, "deleted, private or never there: ask the owner, or look for forks and clones"
	case status >= 300 && status < 400:
		f.kind = evidence.GapRefused
		f.detail = fmt.Sprintf("the server redirects (%d) to where the client does not follow", status)
	case status >= 500:
		f.kind, f.hint = evidence.GapServer, "run collect again"
	default:
		f.kind = evidence.GapRefused
	}
	return f
}

var blockedWords = regexp.MustCompile(`dmca|takedown|terms of service|repository unavailable|repository.{0,20}disabled|blocked`)
