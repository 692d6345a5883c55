package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"pentimento/internal/evidence"
)

// question is one GraphQL query about a repository. The text takes $owner and $name, and what else variables has.
type question struct {
	label     string // tells it from others in the stored answer's target
	subject   string // what a gap calls it
	text      string
	variables map[string]any
}

// graphError is an entry of the errors that come with an answer of 200, with or without data
// (https://spec.graphql.org/October2021/#sec-Errors; type is GitHub's own).
type graphError struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

type graphReply struct {
	Data *struct {
		Repository json.RawMessage `json:"repository"`
	} `json:"data"`
	Errors []graphError `json:"errors"`
}

// repository is the data, nil where there is none. errs leaves out the objects that GitHub says it does not have: their place is null.
func (r graphReply) split() (repository json.RawMessage, errs []graphError) {
	if r.Data != nil && len(r.Data.Repository) > 0 && string(r.Data.Repository) != "null" {
		repository = r.Data.Repository
	}
	for _, e := range r.Errors {
		if e.Type != "NOT_FOUND" || len(e.Path) < 2 || repository == nil {
			errs = append(errs, e)
		}
	}
	return repository, errs
}

// graphql asks a question until read understands the repository of the answer. Errors that may pass are asked again; those that come with
// data in the end leave a gap beside it. GitHub's GraphQL lies at /graphql, that of an Enterprise host at /api/graphql
// (https://docs.github.com/en/graphql/guides/forming-calls-with-graphql).
func (u unit) graphql(ctx context.Context, q question, read func(repository []byte) error) (answer, *evidence.Gap, *refusal, error) {
	for try := 1; ; try++ {
		a, refusal, err := u.post(ctx, q)
		if err != nil || refusal != nil {
			return a, nil, refusal, err
		}
		var reply graphReply
		bad := json.Unmarshal(a.source.Body, &reply)
		repository, errs := reply.split()
		if bad == nil && repository == nil && len(errs) == 0 {
			bad = errors.New("neither data nor errors")
		}
		if bad == nil && repository != nil {
			bad = read(repository)
		}
		if bad == nil && len(errs) == 0 {
			return a, nil, nil, nil
		}
		if len(errs) > 0 {
			refusal = failure(errs, &a.source)
		}
		if try < maxReads && (refusal == nil || refusal.kind == evidence.GapServer) {
			continue
		}
		switch {
		case refusal == nil:
			return a, nil, unreadable(&a.source, bad), nil
		case repository == nil || bad != nil:
			return a, nil, refusal, nil
		}
		gap := refusal.gap(q.subject)
		gap.Detail = "part of the answer is missing: " + gap.Detail
		return a, &gap, nil, nil
	}
}

// failure classifies the errors of an answer by the first of them.
func failure(errs []graphError, source *evidence.Source) *refusal {
	e := errs[0]
	r := &refusal{status: source.Status, source: source, kind: evidence.GapServer, hint: hintLater}
	r.detail = fmt.Sprintf("GraphQL answers with %d errors, the first: %q", len(errs), evidence.Printable(e.Type+" "+e.Message))
	switch {
	case e.Type == "RATE_LIMITED":
		r.kind, r.general = evidence.GapRateLimit, true
	case e.Type == "NOT_FOUND":
		r.kind, r.general, r.hint = evidence.GapGone, true, hintToken
	case e.Type == "FORBIDDEN" || e.Type == "INSUFFICIENT_SCOPES":
		r.kind, r.general, r.hint = evidence.GapForbidden, true, hintToken
	case e.Extensions.Code != "": // undefinedField and its like: the schema of an older server
		r.kind, r.general, r.hint = evidence.GapUnsupported, true, "this server's GraphQL is older than the question"
	}
	return r
}

// post makes one request. The target of the kept answer ends in the question's label, after the "#" that no request target holds.
func (u unit) post(ctx context.Context, q question) (answer, *refusal, error) {
	gh := u.github(u.cfg.Client)
	gh.BaseURL = graphqlBase(u.cfg.Base)
	variables := map[string]any{"owner": u.repo.Owner(), "name": u.repo.Name()}
	for k, v := range q.variables {
		variables[k] = v
	}
	req, err := gh.NewRequest(http.MethodPost, "graphql", map[string]any{"query": q.text, "variables": variables})
	if err != nil {
		return answer{}, nil, fmt.Errorf("ask %s: %w", q.label, err)
	}
	a := answer{source: u.source(req)}
	a.source.Target = "/graphql#" + q.label
	a, refusal, err := u.send(ctx, gh, req, a, nil)
	if refusal != nil && refusal.status != 0 && refusal.status < 500 {
		refusal.general = true
		switch {
		case refusal.status == http.StatusUnauthorized:
			refusal.kind, refusal.hint = evidence.GapNotCollected, "set GITHUB_TOKEN: GraphQL answers nobody without a valid token"
		case refusal.kind == evidence.GapRateLimit: // one that no waiting mends, or the client would have waited
			refusal.hint = "set GITHUB_TOKEN if it is not set: without one GraphQL grants nothing"
		}
	}
	return a, refusal, err
}

func graphqlBase(rest *url.URL) *url.URL {
	base := *rest
	if api, ok := strings.CutSuffix(base.Path, "/api/v3/"); ok {
		base.Path = api + "/api/"
	}
	return &base
}
