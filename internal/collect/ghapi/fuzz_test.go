package ghapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

func readAll(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzRead feeds one body to every reader. Whatever they make of it, facts are well-formed: full refs, whole object names, no NUL, times
// that RFC 3339 can write.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		toolJSON, "[" + activityJSON(1, hexID(1), hexID(2), "push", now) + "]",
		"[" + eventJSON(1, "CreateEvent", `{"ref":"v1","ref_type":"tag"}`, now) + "]",
		`{"total_count":1,"workflow_runs":[` + runJSON(1, 2, now) + `]}`,
		`{"total_count":1,"jobs":[` + jobJSON(1, `[{"number":1,"name":"a\u0000"}]`) + `]}`,
		`{"sha":"` + hexID(1) + `","tree":[{"path":".github","type":"tree","sha":"` + hexID(2) + `"}]}`,
		`{"sha":"` + hexID(1) + `","tree":{"sha":"` + hexID(2) + `"},"parents":[{"sha":""}],"author":{"date":"0000-01-01T00:00:00Z"}}`,
		`[null,{},[],1e999]`, `{"workflow_runs":null}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var facts evidence.Observation
		if p, err := readActivity(repo, body); err == nil {
			facts.Updates = append(facts.Updates, p.facts.Updates...)
		}
		if p, _, err := readEvents(repo, 7, body); err == nil {
			facts.Updates = append(facts.Updates, p.facts.Updates...)
		}
		for _, u := range facts.Updates {
			if !strings.HasPrefix(string(u.Ref), "refs/") || u.At.IsZero() || u.Kind == "" || strings.ContainsRune(string(u.Ref)+u.Actor, 0) ||
				(u.Before != "" && len(u.Before) != 40) || (u.After != "" && len(u.After) != 40) {
				t.Errorf("update %+v", u)
			}
		}
		if p, err := readRuns(repo, 7, body); err == nil {
			for _, r := range p.facts.Runs {
				if r.RunID <= 0 || r.Attempt < 1 || len(evidence.Stamp(r.CreatedAt)) < 20 || strings.ContainsRune(r.Path+r.HeadBranch, 0) {
					t.Errorf("run %+v", r)
				}
			}
		}
		if p, err := readJobs(repo, RunRef{5, 2}, body); err == nil {
			for _, j := range p.facts.Jobs {
				if j.RunID != 5 || j.Attempt != 2 || j.JobID <= 0 {
					t.Errorf("job %+v", j)
				}
			}
		}
		if s, err := readRepository(body); err == nil && s.GitHubID <= 0 {
			t.Errorf("state %+v", s)
		}
		var c commitRow
		if json.Unmarshal(body, &c) == nil {
			if commit, err := c.commit(evidence.OID(hexID(1))); err == nil && len(commit.Tree) != 40 {
				t.Errorf("commit %+v", commit)
			}
		}
		var tr treeRow
		if json.Unmarshal(body, &tr) == nil {
			if entries, err := tr.entries(evidence.OID(hexID(1))); err == nil && len(entries) > len(tr.Entries) {
				t.Errorf("tree %+v", entries)
			}
		}
	})
}
