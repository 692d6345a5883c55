package wire

import (
	"encoding/json"
	"net/http"
	"strings"
)

// graphqlPath tells GraphQL from REST: GitHub limits them apart.
func graphqlPath(path string) bool { return strings.HasSuffix(path, "/graphql") }

// graphqlLimited recognises a limit that GraphQL states in an answer of 200, by
// https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api: an error of type RATE_LIMITED, or the
// words of the secondary limit, and no data.
func graphqlLimited(req *http.Request, resp *http.Response) bool {
	if resp.StatusCode != http.StatusOK || !graphqlPath(req.URL.Path) {
		return false
	}
	var said struct {
		Errors []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(peek(resp), &said) != nil { // a long answer, cut by the peek, is one with data
		return false
	}
	for _, e := range said.Errors {
		if e.Type == "RATE_LIMITED" || strings.Contains(strings.ToLower(e.Message), "secondary rate limit") {
			return true
		}
	}
	return false
}
