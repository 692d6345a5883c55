// Package openapicheck answers whether a REST exchange is one that GitHub's own description allows. Tests put its round tripper between
// our client and a fake: it takes requests and the fake's replies, and gives them on unchanged, or an error that names the deviation.
// So a fake written by hand is held to the real contract, and so are our requests.
//
// It knows the operations of testdata/openapi/github.json, and GraphQL where it is given a schema, and refuses to judge others. Only
// tests import it.
package openapicheck

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/vektah/gqlparser/v2/ast"
)

// Transport validates every exchange below a prefix.
type Transport struct {
	base   http.RoundTripper
	prefix string
	router routers.Router
	schema *ast.Schema // nil for none
}

// New loads a description. prefix is what the paths of the fake have before GitHub's ("/api/v3" for an Enterprise host, else empty).
func New(description, prefix string, base http.RoundTripper) (*Transport, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(description)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", description, err)
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	if err != nil {
		return nil, fmt.Errorf("route %s: %w", description, err)
	}
	return &Transport{base: base, prefix: prefix, router: router}, nil
}

// byID is the address that a renamed repository redirects to: GitHub answers there what it describes by name alone.
var byID = regexp.MustCompile(`^/repositories/[0-9]+`)

// RoundTrip sends the request as it is and validates a copy that is addressed as GitHub describes it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.schema != nil && req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/graphql") {
		return t.graphql(req)
	}
	if graphql := strings.HasSuffix(req.URL.Path, "/graphql"); !graphql && t.prefix != "" && !strings.HasPrefix(req.URL.Path, t.prefix+"/") {
		// a file that the API points to
		return t.base.RoundTrip(req)
	}
	described := req.Clone(req.Context())
	described.URL.Scheme, described.URL.Host, described.Host = "https", "api.github.com", ""
	described.URL.Path = byID.ReplaceAllString(strings.TrimPrefix(req.URL.Path, t.prefix), "/repos/by/id")
	route, params, err := t.router.FindRoute(described)
	if err != nil {
		return nil, fmt.Errorf("GitHub describes no %s %s: %w", req.Method, described.URL.Path, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: described, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}}
	if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
		return nil, fmt.Errorf("request %s %s: %w", req.Method, described.URL.RequestURI(), err)
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if judged(resp, route) {
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
			Body: io.NopCloser(bytes.NewReader(body))}
		if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
			return nil, fmt.Errorf("reply to %s %s: %w", req.Method, described.URL.RequestURI(), err)
		}
	}
	return resp, nil
}

// judged leaves out replies that the description does not list although GitHub gives them: limits, failures, redirects of renamed
// repositories.
func judged(resp *http.Response, route *routers.Route) bool {
	return route.Operation.Responses.Status(resp.StatusCode) != nil && resp.StatusCode < 300
}
