package ghapi

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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

// FuzzWitnesses feeds one body to every reader of the further witnesses. Their facts are well-formed, and nothing that may not be kept is
// left in what is kept.
func FuzzWitnesses(f *testing.F) {
	const id = evidence.OID("0000000000000000000000000000000000000002")
	commit := `{"__typename":"Commit","oid":"` + string(id) + `","signature":{"isValid":true,"state":"VALID","verifiedAt":"2025-01-01T00:00:00Z"}}`
	for _, seed := range []string{
		`{"total_count":1,"check_suites":[{"id":1,"head_branch":"main","head_sha":"` + string(id) + `","before":"` + hexID(1) + `","after":"` + string(id) +
			`","created_at":"2025-01-01T00:00:00Z"}]}`,
		`{"databaseId":7,"o0":` + commit + `}`, `{"o0":{"__typename":"Commit","oid":"` + string(id) + `","signature":{}}}`,
		`[{"id":1,"full_name":"a/b","created_at":"2025-01-01T00:00:00Z","tag_name":"v1","published_at":"2025-01-01T00:00:00Z"}]`,
		`{"total_count":1,"secrets":[{"name":"a"}],"environments":[{"name":"a/b"}],"runners":[{"id":1,"name":"b"}]}`,
		`[{"id":1,"title":"t","key":"KEYMATERIAL","login":"x","config":{"url":"https://u:KEYMATERIAL@h/KEYMATERIAL?KEYMATERIAL","secret":"KEYMATERIAL"}}]`,
		`{"number":4,"headRefName":"s","headRefOid":"` + string(id) + `","baseRefName":"main","headRepository":{"databaseId":7},"timelineItems":{"nodes":[
			{"__typename":"HeadRefForcePushedEvent","id":"a","createdAt":"2025-01-01T00:00:00Z","beforeCommit":{"oid":"` + string(id) + `"}},
			{"__typename":"HeadRefDeletedEvent","id":"b","createdAt":"2025-01-01T00:00:01Z","headRefName":"s"},null]}}`,
		`[{"id":"1","type":"PushEvent","actor":{"login":"Dev"},"repo":{"id":8,"name":"a/b"},"created_at":"2025-01-01T00:00:00Z","payload":{"ref":"refs/heads/x-1","head":"` +
			string(id) + `","before":"` + hexID(1) + `","commits":[{"message":"m"}]}}]`,
		`{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","path":[1,"a"]}]}`, `[null]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var facts evidence.Observation
		take := func(p page, err error) {
			if err == nil {
				facts.Updates, facts.Forks = append(facts.Updates, p.facts.Updates...), append(facts.Forks, p.facts.Forks...)
				facts.Secrets, facts.Access = append(facts.Secrets, p.facts.Secrets...), append(facts.Access, p.facts.Access...)
				facts.Checks = append(facts.Checks, p.facts.Checks...)
			}
		}
		u := unit{Collector: &Collector{ids: map[string]int64{repo.Key(): 7}}, repo: repo}
		a := adminUnit{unit: u}
		take(u.readSuites(id, nil, map[push]time.Time{}, body))
		take(readForks(repo, body))
		take(readReleases(repo, body))
		take(readSecrets(evidence.SecretRecord{}, body))
		take(readKeys(a.grant(evidence.DeployKey), body))
		take(readHooks(a.grant(evidence.Webhook), body))
		take(readCollaborators(a.grant(evidence.Collaborator), body))
		take(readRunners(a.grant(evidence.SelfHostedRunner), body))
		if p, _, err := readActor("dev", Leads{Messages: []string{"m"}, Branches: []string{"x-*"}}, body); err == nil {
			facts.Elsewhere = append(facts.Elsewhere, p.facts.Elsewhere...)
		}
		if p, _, err := readSignatures([]evidence.OID{id}, body); err == nil {
			take(p, nil)
		}
		if _, names, err := readEnvironments(body); err == nil && slices.Contains(names, "..") {
			t.Errorf("environments %q", names)
		}
		var row pullRow
		if json.Unmarshal(body, &row) == nil {
			ups, _, _ := row.updates(repo)
			facts.Updates = append(facts.Updates, ups...)
		}
		var reply graphReply
		if json.Unmarshal(body, &reply) == nil {
			if _, errs := reply.split(); len(errs) > 0 {
				if r := failure(errs, &evidence.Source{}); r.kind == "" || r.detail == "" {
					t.Errorf("refusal %+v", r)
				}
			}
		}
		wellFormed(t, facts)
		for _, rewrite := range []func([]byte) []byte{stripKeys, stripHooks} {
			once := rewrite(body)
			if string(rewrite(once)) != string(once) {
				t.Errorf("stripped twice, %q becomes %q", once, rewrite(once))
			}
		}
	})
}

func wellFormed(t *testing.T, facts evidence.Observation) {
	t.Helper()
	for _, u := range facts.Updates {
		if !strings.HasPrefix(string(u.Ref), "refs/") || u.At.IsZero() || u.Kind == "" || strings.ContainsRune(string(u.Ref)+u.Actor+u.ExternalID, 0) ||
			(u.Before != "" && len(u.Before) != 40) || (u.After != "" && len(u.After) != 40) {
			t.Errorf("update %+v", u)
		}
	}
	for _, x := range facts.Forks {
		if _, err := evidence.ParseRepository(string(x.FullName)); err != nil || x.GitHubID <= 0 {
			t.Errorf("fork %+v", x)
		}
	}
	for _, e := range facts.Elsewhere {
		if _, err := evidence.ParseRepository(string(e.FullName)); err != nil || !strings.HasPrefix(string(e.Ref), "refs/") || e.At.IsZero() ||
			(e.Head != "" && len(e.Head) != 40) || !strings.EqualFold(e.Actor, "dev") || e.ExternalID == "" || strings.ContainsRune(e.ExternalID+string(e.Ref), 0) {
			t.Errorf("elsewhere %+v", e)
		}
	}
	for _, s := range facts.Secrets {
		if s.Name == "" || s.Name != strings.ToUpper(s.Name) || strings.ContainsRune(s.Name, 0) {
			t.Errorf("secret %+v", s)
		}
	}
	for _, g := range facts.Access {
		if g.ExternalID == "0" || strings.ContainsRune(g.Name+g.Detail+g.AddedBy, 0) || (g.Kind == evidence.Webhook && strings.ContainsAny(g.Name, "/?@")) {
			t.Errorf("grant %+v", g)
		}
	}
	for _, c := range facts.Checks {
		if len(c.Commit) != 40 || c.Reason == "" {
			t.Errorf("check %+v", c)
		}
	}
}
