package ghexport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

// The shapes are those of GitHub's documentation of audit-log events and of its streams; names and numbers are invented.
const (
	ms         = 1756816200000 // 2025-09-02 12:30:00
	nameFields = `"org":"octo-org","repo":"octo-org/demo","actor":"ada"`
)

// event is a row n seconds after 12:30.
func event(n int, action, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"@timestamp":%d,"_document_id":"doc-%d","action":%q,"created_at":%d,%s%s}`, ms+1000*n, n, action, ms+1000*n, nameFields, more)
}

// The campaign as an organisation's audit log tells it: push, run, job with the secrets that it was handed, deletion of the run.
func TestAuditCampaign(t *testing.T) {
	sha := `"head_branch":"main","head_sha":"` + two + `","event":"push","workflow_id":7,"name":"Security","started_at":"2025-09-02T12:30:02.000Z"`
	text := strings.Join([]string{
		event(0, "git.push", `"transport_protocol_name":"http","token_id":17,"hashed_token":"aGFzaA==","programmatic_access_type":"OAuth access token"`),
		event(1, "protected_branch.policy_override", `"branch":"refs/heads/main","before":"`+one+`","after":"`+two+`","overridden_codes":["review_policy_not_satisfied"]`),
		event(2, "workflows.created_workflow_run", `"workflow_run_id":900,"run_number":3,`+sha),
		event(3, "workflows.prepared_workflow_job", `"workflow_run_id":900,"job_name":"send","is_hosted_runner":true,"runner_labels":["ubuntu-latest"],
			"job_workflow_ref":"octo-org/demo/.github/workflows/security.yml@refs/heads/main","secrets_passed":["npm_token","PYPI_TOKEN","bad name"]`),
		event(9, "workflows.completed_workflow_run", `"workflow_run_id":900,"run_attempt":1,"conclusion":"success",`+sha),
		event(90, "workflows.delete_workflow_run", `"workflow_run_id":901,"head_branch":"main","head_sha":"`+one+`","started_at":"2025-09-02T12:00:00Z","trigger_id":null`),
	}, "\n")
	got := read(t, ghexport.AuditLog, file(t, "export-octo-org-1.json", "["+strings.ReplaceAll(text, "}\n", "},\n")+"]"), config())
	obs := got.of(repo)
	same(t, "updates", updates(obs), []string{"09-02 12:30:01 server by false: push refs/heads/main 1a1a>2b2b ada doc-1"})
	same(t, "secrets", secrets(obs), []string{"12:30:03 passed   NPM_TOKEN ada 900 send", "12:30:03 passed   PYPI_TOKEN ada 900 send"})
	var runs []string
	for _, r := range obs.Runs {
		runs = append(runs, fmt.Sprintf("%d/%d %s %s %s %s %s %.4s created %s", r.RunID, r.Attempt, r.Status, r.Conclusion, r.Path, r.Event, r.HeadBranch, r.HeadSHA,
			r.CreatedAt.Format("15:04:05")))
		if !r.UpdatedAt.IsZero() {
			t.Error("a row of the audit log would stand over a listing of the run")
		}
	}
	same(t, "runs", runs, []string{"900/1 requested  .github/workflows/security.yml push main 2b2b created 12:30:02",
		"900/1 completed success .github/workflows/security.yml push main 2b2b created 12:30:02", "901/1 completed    main 1a1a created 12:00:00"})
	same(t, "deleted", gaps(obs, evidence.GapObjectMissing), []string{"run 901: ada deleted the run at 2025-09-02T12:31:30Z, with its jobs and logs; its head was " + one[:12]})
	same(t, "silent", gaps(obs, evidence.GapUnsupported), []string{
		"pushes in the audit log: 1 pushes between 2025-09-02T12:30:00Z and 2025-09-02T12:30:00Z are told without branch and commit"})
	if len(obs.Sources) != 1 || strings.Count(string(obs.Sources[0].Body), "\n") != 6 || got.Stored != 6 {
		t.Errorf("%d sources, %d rows stored", len(obs.Sources), got.Stored)
	}
	for _, c := range obs.Coverage {
		if c.Complete {
			t.Errorf("nobody declared the export whole: %+v", c)
		}
	}
}

func TestAuditSecretsAndAccess(t *testing.T) {
	text := strings.Join([]string{
		event(1, "repo.create_actions_secret", `"key":"NPM_TOKEN"`),
		event(2, "repo.update_actions_secret", `"key":"NPM_TOKEN"`),
		event(3, "environment.remove_actions_secret", `"key":"deploy","environment_name":"prod"`),
		event(4, "repo.create_integration_secret", `"key":"DEPENDABOT_ONE"`),
		`{"@timestamp":1756816205000,"_document_id":"o","action":"org.update_actions_secret","org":"Octo-Org","actor":"ada","key":"SHARED"}`,
		`{"@timestamp":1756816205000,"_document_id":"p","action":"org.update_actions_secret","org":"elsewhere","actor":"ada","key":"SHARED"}`,
		event(6, "repo.add_member", `"user":"mallory","visibility":"public","permission":"admin"`),
		event(7, "public_key.create", `"title":"ci","read_only":"false","key":"AAAA","fingerprint":"aa:bb"`),
		event(8, "hook.create", `"hook_id":4,"events":["push"],"config":{"url":"https://x:y@hooks.example.invalid/secret/path?token=1"},"name":"webhook"`),
		event(9, "repo.register_self_hosted_runner", `"runner_name":"box","runner_labels":["self-hosted","linux"]`),
		event(10, "repo.rename", `"old_name":"demo-old"`),
		event(11, "repo.access", `"visibility":"public","previous_visibility":"private"`),
		event(12, "protected_branch.destroy", `"name":"main"`),
	}, "\n")
	got := read(t, ghexport.AuditLog, file(t, "a.jsonl", text), config())
	obs := got.of(repo)
	same(t, "secrets", secrets(obs), []string{"12:30:01 created repository  NPM_TOKEN ada 0", "12:30:02 updated repository  NPM_TOKEN ada 0",
		"12:30:03 removed environment prod DEPLOY ada 0", "12:30:05 updated organisation  SHARED ada 0"})
	var access []string
	for _, a := range obs.Access {
		access = append(access, fmt.Sprintf("%s %q %q by %s %s", a.Kind, a.Name, a.Detail, a.AddedBy, a.CreatedAt.Format("15:04:05")))
	}
	same(t, "access", access, []string{`collaborator "mallory" "add member: admin" by ada 12:30:06`, `deploy_key "ci" "read and write" by ada 12:30:07`,
		`webhook "hooks.example.invalid" "create: push" by ada 12:30:08`,
		`self_hosted_runner "box" "register self hosted runner: self-hosted, linux" by ada 12:30:09`})
	same(t, "renamed", gaps(obs, evidence.GapRenamed), []string{"repository renamed at 2025-09-02T12:30:10Z: ada renamed it at 2025-09-02T12:30:10Z, from demo-old"})
	if n := len(gaps(obs, evidence.GapUnconfirmedEnd)); n != 1 {
		t.Errorf("%d gaps for a change of visibility", n)
	}
	if got.Stored != 12 || got.Unnamed != 1 {
		t.Errorf("counts: %+v", got.Summary)
	}
}

// The same rows in every container are the same facts, and the same file is the same unit.
func TestContainers(t *testing.T) {
	rows := []string{event(1, "repo.create_actions_secret", `"key":"A"`), event(2, "repo.update_actions_secret", `"key":"B"`)}
	lines, array := strings.Join(rows, "\n")+"\n", "[\n "+strings.Join(rows, ",\n ")+"\n]\n"
	pretty := strings.NewReplacer(",", ",\n  ", "{", "{\n  ", "}", "\n}").Replace(lines)
	dir := t.TempDir()
	for i, r := range rows {
		sub := filepath.Join(dir, fmt.Sprintf("2025/09/02/12/%d", 30+i))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, "x.json.gz"), []byte(zipped(t, r)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	flat := `{"action":"repo.create_actions_secret","created_at":1756816201000,"repo":"octo-org/demo","data.key":"A","actor":"ada","_document_id":"doc-1"}` + "\n" +
		`{"action":"repo.update_actions_secret","created_at":"2025-09-02T12:30:02Z","repo":["octo-org/demo"],"data":{"key":"B"},"actor":"ada","_document_id":"doc-2"}`
	for name, path := range map[string]string{
		"lines": file(t, "a", lines), "windows": file(t, "a", "\xef\xbb\xbf"+strings.ReplaceAll(lines, "\n", "\r\n\r\n")), "array": file(t, "a", array),
		"pretty": file(t, "a", pretty), "gzip": file(t, "a.json", zipped(t, array)), "members": file(t, "a", zipped(t, rows[0]+"\n")+zipped(t, rows[1])),
		"zstd": file(t, "a", zstandard(t, lines)), "folder": dir, "web page": file(t, "a", flat),
	} {
		got := read(t, ghexport.AuditLog, path, config())
		same(t, name, secrets(got.of(repo)), []string{"12:30:01 created repository  A ada 0", "12:30:02 updated repository  B ada 0"})
		if again := read(t, ghexport.AuditLog, path, config()); again.Unit != got.Unit || !strings.HasPrefix(got.Unit, "audit-log/"+filepath.Base(path)+"-") {
			t.Errorf("%s: units %s and %s", name, got.Unit, again.Unit)
		}
	}
}

// Bad rows are counted, with the first of them, and cost no other.
func TestBadRows(t *testing.T) {
	good := event(1, "repo.create_actions_secret", `"key":"A"`)
	foreign := strings.ReplaceAll(event(2, "repo.create_actions_secret", `"key":"A"`), "octo-org/demo", "octo-org/unlisted")
	text := strings.Join([]string{good, `{"action":"repo.create`, `[]`, `{"action":"repo.create","repo":"octo-org/demo"}`,
		`{"repo":"octo-org/demo","created_at":1756816200000}`, `{"action":"org.add_member","org":"octo-org","created_at":1756816200000}`, "", foreign,
		`{"action":"a","created_at":"` + strings.Repeat("x", 11<<20) + `"}`, event(3, "repo.create_actions_secret", `"key":"C"`)}, "\n")
	got := read(t, ghexport.AuditLog, file(t, "a", text), config())
	want := ghexport.Summary{Unit: got.Unit, Files: 1, Rows: 9, Stored: 2, Foreign: 1, Unnamed: 1, Bad: 5, Repositories: 1, First: got.First, Last: got.Last}
	if fmt.Sprint(got.Summary) != fmt.Sprint(want) {
		t.Errorf("%+v", got.Summary)
	}
	if n := len(secrets(got.of(repo))); n != 2 {
		t.Errorf("%d rows went in", n)
	}
	same(t, "bad", gaps(got.of(repo), evidence.GapUnreadable), []string{
		"the export: 5 of 9 rows could not be read: a row 2 is no JSON; a row 3 is no object; a row 4 has no time"})

	cut := read(t, ghexport.AuditLog, file(t, "a", "["+good+`,{"action":"repo.x`+"\n"+`","n":{"m":1}},`+event(3, "repo.create_actions_secret", `"key":"C"`)+`,{"b":`), config())
	if cut.Stored != 2 || cut.Bad < 2 {
		t.Errorf("a cut array: %+v", cut.Summary)
	}

	z := zipped(t, strings.Repeat(good+"\n", 3000))
	damaged := read(t, ghexport.AuditLog, file(t, "a", z[:len(z)-20]), config())
	if len(damaged.Damage) != 1 || damaged.Stored == 0 || len(gaps(damaged.of(repo), evidence.GapUnreadable)) != 1 {
		t.Errorf("a cut archive: %+v", damaged.Summary)
	}
}

// A large export comes in chunks, each with the rows that it is made of.
func TestChunks(t *testing.T) {
	var b strings.Builder
	for i := range 12_000 {
		b.WriteString(event(i, "repo.create_actions_secret", fmt.Sprintf(`"key":"K%d","user_agent":%q`, i, strings.Repeat("u", 300))) + "\n")
	}
	got := read(t, ghexport.AuditLog, file(t, "a", b.String()), config())
	obs := got.of(repo)
	rows := 0
	for _, s := range obs.Sources {
		rows += strings.Count(string(s.Body), "\n")
	}
	if len(obs.Sources) < 2 || rows != 12_000 || len(obs.Secrets) != 12_000 {
		t.Errorf("%d sources of %d rows, %d facts", len(obs.Sources), rows, len(obs.Secrets))
	}
}
