package drill

import (
	"net/http"
	"testing"

	"pentimento/internal/openapicheck"
)

// TestConformance holds every kind of reply to GitHub's own description.
func TestConformance(t *testing.T) {
	s := startWorld(t, "")
	check, err := openapicheck.New("../../testdata/openapi/github.json", "/api/v3", http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: check}
	b := string(s.OID("b"))
	for _, path := range []string{
		"/rate_limit", "/repos/owner/whole", "/repos/other/new", "/repos/owner/empty", "/repos/owner/gone", "/repos/owner/tos",
		"/repos/owner/whole/activity?per_page=100", "/repos/owner/whole/events", "/repos/owner/whole/actions/runs?per_page=100",
		"/repos/owner/whole/actions/runs?page=2", "/repos/owner/whole/actions/runs/13", "/repos/owner/whole/actions/runs/11/attempts/1",
		"/repos/owner/whole/actions/runs/11/attempts/1/jobs", "/repos/owner/whole/actions/runs/12/attempts/1/jobs",
		"/repos/owner/whole/git/commits/" + b, "/repos/owner/whole/git/trees/" + b, "/repos/owner/whole/git/trees/" + b + "?recursive=1",
		"/repos/owner/whole/git/blobs/" + string(s.OID("owner/whole:b:README.md")),
	} {
		resp, err := client.Get(s.URL() + "/api/v3" + path)
		if err != nil {
			t.Error(err)
			continue
		}
		resp.Body.Close()
	}
}
