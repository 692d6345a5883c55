package ghexport_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pentimento/internal/collect/ghexport"
)

const home = `"repository":{"id":1,"full_name":"Octo-Org/demo","pushed_at":1756816200},"sender":{"login":"ada"}`

func pushed(before, after, more string) string {
	return fmt.Sprintf(`{"ref":"refs/heads/main","before":%q,"after":%q,%s"pusher":{"name":"ada"},"commits":[],%s}`, before, after, more, home)
}

func wrap(event, payload, more string) string {
	return fmt.Sprintf(`{"headers":{"X-GitHub-Event":%q,"x-github-delivery":["guid-1"]},"payload":%s%s}`, event, payload, more)
}

// A push is dated by the repository's own last push where the delivery followed at once, else by the delivery as an end.
func TestPushes(t *testing.T) {
	const exact = "09-02 12:30:00 server by false: "
	plain := pushed(one, two, `"forced":false,`)
	for name, c := range map[string]struct{ row, want string }{
		"payload alone": {plain, exact + "push refs/heads/main 1a1a>2b2b ada "},
		"received":      {wrap("push", plain, `,"received_at":"2025-09-02T12:30:09Z"`), exact + "push refs/heads/main 1a1a>2b2b ada guid-1"},
		"delivered":     {wrap("push", plain, `,"delivered_at":"2025-09-02T12:30:04Z"`), exact + "push refs/heads/main 1a1a>2b2b ada guid-1"},
		"sent again": {wrap("push", plain, `,"delivered_at":"2025-09-03T08:00:00Z"`),
			"09-03 08:00:00 server by true: push refs/heads/main 1a1a>2b2b ada guid-1"},
		"of GitHub's list": {`{"id":5,"guid":"g","delivered_at":"2025-09-02T12:30:04Z","redelivery":false,"event":"push","action":null,"repository_id":1,
			"request":{"headers":{"X-GitHub-Event":"push"},"payload":` + plain + `},"response":{"payload":"ok"}}`, exact + "push refs/heads/main 1a1a>2b2b ada g"},
		"forced":  {wrap("push", pushed(one, two, `"forced":true,`), ""), exact + "force_push refs/heads/main 1a1a>2b2b ada guid-1"},
		"created": {wrap("push", pushed(zero, two, `"created":true,`), ""), exact + "branch_creation refs/heads/main 0000>2b2b ada guid-1"},
		"deleted": {wrap("push", pushed(one, zero, `"deleted":true,`), ""), exact + "branch_deletion refs/heads/main 1a1a>0000 ada guid-1"},
		"tag": {wrap("push", strings.Replace(pushed(zero, two, ""), "refs/heads/main", "refs/tags/v1", 1), ""),
			exact + "tag_creation refs/tags/v1 0000>2b2b ada guid-1"},
		"text": {`{"headers":{"X-GitHub-Event":"push"},"body":` + fmt.Sprintf("%q", plain) + `}`, exact + "push refs/heads/main 1a1a>2b2b ada "},
		"form": {`{"headers":{"X-GitHub-Event":"push"},"body":"payload=` + url.QueryEscape(plain) + `"}`, exact + "push refs/heads/main 1a1a>2b2b ada "},
		"relayed": {`{"x-github-event":"push","x-github-delivery":"g2","body":` + plain + `,"timestamp":1756816209000}`,
			exact + "push refs/heads/main 1a1a>2b2b ada g2"},
		"branch created": {wrap("create", `{"ref":"evil","ref_type":"branch","master_branch":"main",`+home+`}`, `,"delivered_at":"2025-09-02T12:31:00Z"`),
			"09-02 12:31:00 server by true: branch_creation refs/heads/evil > ada guid-1"},
		"tag deleted": {wrap("delete", `{"ref":"v1","ref_type":"tag","pusher_type":"user",`+home+`}`, `,"received_at":1756816260`),
			"09-02 12:31:00 local by true: tag_deletion refs/tags/v1 > ada guid-1"},
		"suite": {`{"action":"completed","check_suite":{"id":3,"head_branch":"main","head_sha":"` + two + `","before":"` + one + `","after":"` + two +
			`","created_at":"2025-09-02T12:30:03Z","updated_at":"2025-09-02T12:40:00Z","pull_requests":[]},` + home + `}`,
			"09-02 12:30:03 server by true: push refs/heads/main 1a1a>2b2b  check_suite 3"},
	} {
		got := updates(read(t, ghexport.Webhooks, file(t, "hooks", c.row), config()).of(repo))
		if len(got) == 1 && strings.HasSuffix(c.want, " ada ") {
			got[0] = got[0][:strings.LastIndex(got[0], "row-")]
		}
		same(t, name, got, []string{c.want})
	}
}

func TestDeliveriesOfActions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"1.json": `{"action":"completed","workflow_run":{"id":900,"name":"Security","head_branch":"main","head_sha":"` + two + `","path":".github/workflows/s.yml",
			"run_attempt":2,"event":"push","status":"completed","conclusion":"success","workflow_id":7,"created_at":"2025-09-02T12:30:02Z",
			"updated_at":"2025-09-02T12:31:00Z","run_started_at":"2025-09-02T12:30:03Z","actor":{"login":"ada"},"head_repository":{"full_name":"octo-org/demo"}},` + home + `}`,
		"2.json": `{"action":"completed","workflow_job":{"id":31,"run_id":900,"run_attempt":2,"name":"send","status":"completed","conclusion":"success",
			"started_at":"2025-09-02T12:30:10Z","completed_at":"2025-09-02T12:30:20Z","runner_name":"Hosted Agent","steps":[{"name":"run","status":"completed",
			"conclusion":"success","number":1,"started_at":"2025-09-02T12:30:11Z","completed_at":"2025-09-02T12:30:19Z"}]},` + home + `}`,
		"3.json":  wrap("member", `{"action":"added","member":{"login":"mallory"},"changes":{"permission":{"to":"admin"}},`+home+`}`, `,"received_at":"2025-09-02T13:00:00Z"`),
		"4.json":  wrap("star", `{"action":"created",`+home+`}`, `,"received_at":"2025-09-02T13:00:00Z"`),
		"5.json":  wrap("ping", `{"zen":"Keep it logically awesome.","hook_id":1,"organization":{"login":"octo-org"}}`, ""),
		".hidden": "nothing",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, ghexport.Webhooks, dir, config())
	obs := got.of(repo)
	if len(obs.Runs) != 1 || obs.Runs[0].RunID != 900 || obs.Runs[0].Attempt != 2 || obs.Runs[0].Path != ".github/workflows/s.yml" || string(obs.Runs[0].HeadSHA) != two {
		t.Errorf("runs: %+v", obs.Runs)
	}
	if len(obs.Jobs) != 1 || obs.Jobs[0].JobID != 31 || len(obs.Jobs[0].Steps) != 1 || obs.Jobs[0].Steps[0].StartedAt.Format("15:04:05") != "12:30:11" {
		t.Errorf("jobs: %+v", obs.Jobs)
	}
	if len(obs.Access) != 1 || obs.Access[0].Name != "mallory" || obs.Access[0].Detail != "member added: admin" {
		t.Errorf("access: %+v", obs.Access)
	}
	if got.Rows != 5 || got.Stored != 4 || got.Unnamed != 1 || got.Files != 5 {
		t.Errorf("counts: %+v", got.Summary)
	}
}
