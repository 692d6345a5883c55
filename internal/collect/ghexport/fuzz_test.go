package ghexport_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

// promises checks what every reading of every file holds to: no crash, no error, counts that add up, one closed unit for each repository.
func promises(t *testing.T, f reader, text string) {
	t.Helper()
	done := map[evidence.Repository]int{}
	named := 0
	sum, err := f(context.Background(), []string{file(t, "x", text)}, config(), func(obs evidence.Observation) error {
		if obs.Done && strings.Contains(obs.Unit, "/") {
			named++
		} else if obs.Done {
			done[obs.Repository]++
		}
		for _, c := range obs.Coverage {
			if c.Complete {
				t.Errorf("nobody declared the export whole: %+v", c)
			}
		}
		for _, u := range obs.Updates {
			if !strings.HasPrefix(string(u.Ref), "refs/") || u.At.IsZero() || u.Kind == "" || u.ExternalID == "" {
				t.Errorf("an update that says too little: %+v", u)
			}
		}
		for _, s := range obs.Secrets {
			if s.Name != strings.ToUpper(s.Name) || strings.ContainsAny(s.Name, " \x00\n") || s.At.IsZero() {
				t.Errorf("a secret of the name %q", s.Name)
			}
		}
		for _, g := range obs.Gaps {
			if !utf8.ValidString(g.Detail) || strings.ContainsAny(g.Detail, "\n\x1b") {
				t.Errorf("a gap that cannot be printed: %q", g.Detail)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Rows != sum.Stored+sum.Foreign+sum.Unnamed+sum.Bad {
		t.Errorf("the counts do not add up: %+v", sum)
	}
	for r, n := range done {
		if n != 1 {
			t.Errorf("%s was closed %d times", r, n)
		}
	}
	if len(done) != len(config().Repositories) || named != sum.Repositories {
		t.Errorf("%d of %d repositories were closed, and of the case %d", named, sum.Repositories, len(done))
	}
}

func FuzzAuditLog(f *testing.F) {
	good := event(1, "repo.create_actions_secret", `"key":"A"`)
	for _, s := range []string{good, "[" + good + "," + good + "]", "{\n" + good[1:], good + "\n{\"a\":\"", "", "[[[{", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd\x00",
		event(1, "git.push", `"ref":"main","before":"`+one+`","after":"`+zero+`"`),
		event(2, "workflows.prepared_workflow_job", `"workflow_run_id":1e3,"secrets_passed":"A,B","job_workflow_ref":"octo-org/demo/.github/workflows/a.yml@x"`),
		event(3, "workflows.delete_workflow_run", `"workflow_run_id":"9","head_sha":null`),
		`{"action":"org.update_actions_secret","org":"octo-org","key":"S","created_at":1756816200000}` + "\n" + good} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { promises(t, ghexport.AuditLog, text) })
}

func FuzzWebhooks(f *testing.F) {
	for _, s := range []string{pushed(one, two, ""), wrap("push", pushed(zero, two, `"forced":true,`), `,"delivered_at":"2025-09-02T12:30:04Z"`),
		`{"headers":[],"body":"payload=%7B%7D"}`, `{"guid":"g","request":{"payload":{}},"event":"push"}`, wrap("workflow_job", `{"workflow_job":{"steps":[1]},`+home+`}`, ""),
		`{"check_suite":{"pull_requests":[{"head":1}]},` + home + `}`, `{"payload":[],"event":"push"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { promises(t, ghexport.Webhooks, text) })
}
