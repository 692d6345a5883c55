package drill

import (
	"net/http"
	"strings"
	"testing"

	"pentimento/internal/openapicheck"
)

// TestConformance holds every kind of reply to GitHub's own description.
func TestConformance(t *testing.T) {
	s, w := startWorld(t, ""), startWitnesses(t, "")
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
		"/repos/owner/whole/git/blobs/" + string(s.OID("owner/whole:b:README.md")), "/users/ada/events/public", "/users/nobody/events/public?per_page=1",
	} {
		conforms(t, client, s.URL()+"/api/v3"+path)
	}
	main := "/repos/owner/main"
	for _, path := range []string{
		"/commits/" + string(w.OID("owner/main:b")) + "/check-suites", "/forks", "/releases", "/actions/secrets", "/environments",
		"/environments/production/secrets", "/actions/organization-secrets", "/keys", "/hooks", "/collaborators", "/actions/runners",
		"/git/commits/" + string(w.OID("r")), "/events", "/commits/" + strings.Repeat("1", 40) + "/check-suites",
	} {
		conforms(t, client, w.URL()+"/api/v3"+main+path)
	}
}

// conforms asks as somebody with a token does.
func conforms(t *testing.T, client *http.Client, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer x")
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
}
