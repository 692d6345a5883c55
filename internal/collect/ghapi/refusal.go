package ghapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v66/github"

	"pentimento/internal/collect/wire"
	"pentimento/internal/evidence"
)

// refusal says why an answer is of no use.
type refusal struct {
	kind   evidence.GapKind
	status int // HTTP status, 0 where no answer came
	detail string
	hint   string
	source *evidence.Source // the answer, where one came
	// general marks a failure that would meet any other request just the same: there is no point in asking on.
	general bool
}

// gap names what could not be seen for the refusal.
func (r *refusal) gap(subject string) evidence.Gap {
	return evidence.Gap{Kind: r.kind, Subject: subject, Detail: r.detail, Hint: r.hint}
}

// observation keeps the answer behind the refusal, if there was one, and the gap.
func (r *refusal) observation(subject string) evidence.Observation {
	obs := evidence.Observation{Gaps: []evidence.Gap{r.gap(subject)}}
	if r.source != nil {
		obs.Sources = []evidence.Source{*r.source}
	}
	return obs
}

// maxFailures is how many requests in a row a server may fail, each after its own tries, before the rest of the unit is given up: one run
// that GitHub cannot serve shall not cost the others, a server that is down shall not be asked a thousand times.
const maxFailures = 3

// failures counts how often in a row the server failed.
type failures int

// final reports that there is no point in asking on after r, which is nil for a good answer.
func (f *failures) final(r *refusal) bool {
	// A server that answers with what is no answer fails as one does that says so.
	nonsense := r != nil && (r.kind == evidence.GapServer || r.kind == evidence.GapRefused)
	if r == nil || (r.status < 500 && !r.general && !nonsense) {
		*f = 0
		return false
	}
	*f++
	return r.general || *f >= maxFailures
}

const (
	hintToken = "set GITHUB_TOKEN to a token that may read the repository"
	hintLater = "run collect again later"
)

// unanswered classifies a request that no reply came to, or half of one.
func unanswered(err error) *refusal {
	var limit *wire.LimitError
	var redirect *wire.RedirectError
	var large *wire.TooLargeError
	var budget *wire.BudgetError
	var inner *url.Error
	switch {
	case errors.As(err, &budget):
		return &refusal{kind: evidence.GapBudget, general: true, detail: budget.Error(), hint: "run collect again: it goes on where this run stopped"}
	case errors.As(err, &limit):
		return &refusal{kind: evidence.GapRateLimit, general: true, hint: "run collect again after that time; a token raises the limit",
			detail: fmt.Sprintf("the %s lasts until %s, longer than one request may wait", evidence.Printable(limit.Reason), limit.Until.UTC().Format(time.RFC3339))}
	case errors.As(err, &redirect):
		return &refusal{kind: evidence.GapRefused, detail: evidence.Printable(redirect.Error()), hint: "name that host with --host or --api if it is the right one"}
	case errors.As(err, &large):
		return &refusal{kind: evidence.GapRefused, detail: evidence.Printable(large.Error())}
	case errors.As(err, &inner):
		err = inner.Err // without the address, which a redirect may have chosen
	}
	return &refusal{kind: evidence.GapServer, general: true, hint: hintLater, detail: "no answer after several tries: " + evidence.Printable(err.Error())}
}

// refused classifies a reply that go-github typed as an error. What GitHub says in words is quoted, made safe to print.
func refused(resp *github.Response, err error, source *evidence.Source) *refusal {
	r := &refusal{status: resp.StatusCode, source: source}
	said := new(github.ErrorResponse)
	if !errors.As(err, &said) {
		said = &github.ErrorResponse{}
	}
	r.kind, r.detail, r.hint = meaning(resp.StatusCode, said.Block, source.Body)
	if limit := new(github.RateLimitError); errors.As(err, &limit) { // a client that does not wait
		r.kind, r.general, r.detail, r.hint = evidence.GapRateLimit, true, "the rate limit is used up", hintLater
	}
	if r.kind == evidence.GapForbidden && resp.StatusCode == http.StatusUnauthorized {
		r.general = true
	}
	if text := evidence.Printable(said.Message); text != "" {
		r.detail += fmt.Sprintf(" (%q)", text)
	}
	return r
}

// meaning of a status, in words that claim no more than the status says.
func meaning(status int, block *github.ErrorBlock, body []byte) (kind evidence.GapKind, detail, hint string) {
	switch {
	case block != nil || status == http.StatusUnavailableForLegalReasons:
		reason := "no reason given"
		if block != nil && block.Reason != "" {
			reason = "reason: " + evidence.Printable(block.Reason)
		}
		return evidence.GapBlocked, fmt.Sprintf("GitHub blocks access, %s (%d)", reason, status), "ask GitHub Support, or use a clone made before the block"
	case status == http.StatusNotFound && !isAPI(body):
		return evidence.GapNotCollected, "the server has no GitHub API at this address (404)", "name the API with --api, or leave it out with --api none"
	case status == http.StatusNotFound:
		return evidence.GapUnsupported, "the API does not serve it (404)", "it may be older than this server, switched off, or hidden from this token"
	case status == http.StatusUnauthorized:
		return evidence.GapForbidden, "the API does not accept the credentials (401)", "check GITHUB_TOKEN: it may have expired"
	case status == http.StatusForbidden:
		return evidence.GapForbidden, "the API denies access (403)", hintToken
	case status == http.StatusConflict:
		return evidence.GapEmpty, "the repository holds no commits (409)", ""
	case status == http.StatusGone:
		return evidence.GapExpired, "the API no longer keeps it (410)", ""
	case status == http.StatusUnprocessableEntity:
		return evidence.GapUnsupported, "the API does not accept the question (422)", ""
	case status >= 500:
		return evidence.GapServer, fmt.Sprintf("the server failed on every try (%d)", status), hintLater
	}
	return evidence.GapServer, fmt.Sprintf("the server answered with an unexpected status (%d)", status), hintLater
}

// isAPI tells the 404 of a GitHub API, an object with a message, from that of some other web server.
func isAPI(body []byte) bool {
	var said struct {
		Message *string `json:"message"`
	}
	return json.Unmarshal(body, &said) == nil && said.Message != nil
}

// unreadable is the refusal for an answer of 200 that is not what the endpoint gives.
func unreadable(source *evidence.Source, err error) *refusal {
	return &refusal{kind: evidence.GapRefused, status: source.Status, source: source, hint: "see the stored answer",
		detail: "the answer could not be read: " + evidence.Printable(err.Error())}
}

// otherRepository is the refusal for facts that belong to another repository than the name did a moment ago.
func (u unit) otherRepository(id int64, source *evidence.Source) *refusal {
	return &refusal{kind: evidence.GapIdentity, status: source.Status, source: source, general: true,
		detail: fmt.Sprintf("the name stood for repository %d and now leads to %d; nothing of the latter was taken", u.id(u.repo), id),
		hint:   "look up the renamed repository by its present name and add that"}
}
