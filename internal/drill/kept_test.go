package drill

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// hour reads an hour of an archive, as far as it goes.
func hour(t *testing.T, body []byte) (lines []map[string]any, whole bool) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil {
			lines = append(lines, event)
		}
	}
	return lines, err == nil
}

// own are the events of the recipe's repositories, not of strangers.
func own(lines []map[string]any) []map[string]any {
	return slices.DeleteFunc(slices.Clone(lines), func(e map[string]any) bool {
		name := e["repo"].(map[string]any)["name"]
		return name != "owner/main" && name != "fork/main"
	})
}

func TestArchive(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	if err := r.WriteArchive(dir, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) ([]map[string]any, bool) {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return hour(t, body)
	}
	lines, whole := read("2025-10-01-11.json.gz")
	push := own(lines)
	if !whole || len(lines) != 7 || column(push, "type") != "PushEvent" || column(push, "created_at") != "2025-10-01T11:00:02Z" {
		t.Errorf("%v", lines)
	}
	payload, err := json.Marshal(push[0]["payload"])
	if err != nil || !strings.Contains(string(payload), `"size":1`) || !strings.Contains(string(payload), `@mail.example.invalid`) || strings.Contains(string(payload), "ada@") {
		t.Errorf("payload of the old era: %s", payload)
	}
	if _, err := os.Stat(filepath.Join(dir, "2025-10-01-12.json.gz")); err == nil {
		t.Error("the missing hour is there")
	}
	if lines, whole := read("2025-11-01-10.json.gz"); whole || len(lines) < 2 || len(lines) >= 7 {
		t.Errorf("truncated: %v %d", whole, len(lines))
	}
	if lines, _ := read("2025-11-01-9.json.gz"); !strings.Contains(fmt.Sprint(own(lines)), "PushEvent") || strings.Contains(fmt.Sprint(own(lines)), "distinct_size") {
		t.Errorf("new era: %v", own(lines))
	}
	if lines, _ := read("2025-10-20-0.json.gz"); column(own(lines), "type") != "ForkEvent" {
		t.Errorf("fork: %v", own(lines))
	}
	if lines, _ := read("2025-11-01-12.json.gz"); column(own(lines), "type") != "PushEvent MemberEvent" {
		t.Errorf("member: %v", own(lines))
	}
	s := start(t, r)
	want, err := os.ReadFile(filepath.Join(dir, "2025-10-01-10.json.gz"))
	if resp, body := get(t, s, "/archive/2025-10-01-10.json.gz"); err != nil || resp.StatusCode != 200 || body != string(want) {
		t.Errorf("over HTTP: %d %v", resp.StatusCode, err)
	}
	for _, name := range []string{"2025-10-01-12", "2025-10-01-05", "2025-13-01-5", "2025-10-01-24", "2026-10-01-5", "x"} {
		if resp, _ := get(t, s, "/archive/"+name+".json.gz"); resp.StatusCode != 404 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

// TestEras renders one world in either era: the same pushes, told with more or fewer words.
func TestEras(t *testing.T) {
	payloads := map[string]string{}
	for _, era := range []string{"old", "new"} {
		s := startWitnesses(t, "era "+era+"\n")
		_, body := get(t, s, "/api/v3/repos/owner/main/events?per_page=100")
		var bare []string
		for _, e := range rows(t, body, "") {
			p := e["payload"].(map[string]any)
			if e["type"] == "PushEvent" && (p["commits"] != nil) != (era == "old") {
				t.Errorf("%s: %v", era, p)
			}
			bare = append(bare, fmt.Sprint(e["id"], e["type"], e["created_at"], p["ref"], p["head"], p["before"]))
		}
		payloads[era] = strings.Join(bare, "\n")
	}
	if payloads["old"] != payloads["new"] || payloads["old"] == "" {
		t.Errorf("%s\n\n%s", payloads["old"], payloads["new"])
	}
}

// TestClone reads a clone and its reflogs with git itself.
func TestClone(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	if err := r.WriteClone(dir, "https://github.example.invalid", "owner/main", "laptop"); err != nil {
		t.Fatal(err)
	}
	if out, err := git(t, dir, "fsck", "--strict"); err != nil {
		t.Errorf("fsck: %v: %s", err, out)
	}
	log := func(ref string) string {
		out, err := git(t, dir, "reflog", "show", "--date=iso-strict", "--format=%H %gd %gs", ref)
		if err != nil {
			t.Errorf("%s: %v: %s", ref, err, out)
		}
		return strings.TrimSpace(out)
	}
	own := r.Repositories[0].commits["own"].oid
	for ref, want := range map[string]string{
		"HEAD": string(own) + " HEAD@{2025-11-01T13:59:00+02:00} commit: local work\n" +
			string(r.OID("r")) + " HEAD@{2025-11-01T13:00:00+02:00} pull: Fast-forward\n" +
			string(r.OID("owner/main:a")) + " HEAD@{2025-10-01T13:00:00+02:00} clone: from https://github.example.invalid/owner/main.git",
		"refs/remotes/origin/main": string(own) + " origin/main@{2025-11-01T13:00:00+02:00} update by push\n" +
			string(r.OID("r")) + " origin/main@{2025-11-01T13:00:00+02:00} fetch --prune origin: fast-forward\n" +
			string(r.OID("owner/main:b")) + " origin/main@{2025-10-01T15:00:00+02:00} fetch origin: fast-forward",
	} {
		if got := log(ref); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", ref, got, want)
		}
	}
	if out, err := git(t, dir, "rev-parse", "--verify", "refs/remotes/origin/side"); err == nil {
		t.Errorf("pruned: %s", out)
	}
	if out, err := git(t, dir, "cat-file", "-e", string(r.OID("owner/main:x"))); err != nil {
		t.Errorf("what was fetched stays: %v %s", err, out)
	}
}

// TestOnly silences all witnesses but one.
func TestOnly(t *testing.T) {
	r := parsed(t, "")
	r.Only(evidence.OriginEvents)
	s := start(t, r)
	for path, want := range map[string]string{"/activity": "", "/releases": "", "/forks": "", "/actions/runs": "",
		"/commits/" + string(s.OID("owner/main:b")) + "/check-suites": ""} {
		_, body := get(t, s, "/api/v3/repos/owner/main"+path)
		key := map[string]string{"/actions/runs": "workflow_runs"}[path]
		if strings.HasSuffix(path, "check-suites") {
			key = "check_suites"
		}
		if got := column(rows(t, body, key), "id"); got != want {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, body := get(t, s, "/api/v3/repos/owner/main/events"); len(rows(t, body, "")) < 5 {
		t.Errorf("events: %s", body)
	}
	data, _ := ask(t, s, pullsQuery, map[string]any{"owner": "owner", "name": "main"})
	if got, err := json.Marshal(data); err != nil || strings.Contains(string(got), "createdAt") {
		t.Errorf("timeline: %s", got)
	}
}

// lines decodes a file of JSON lines.
func lines(t *testing.T, file string) []map[string]any {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for line := range strings.Lines(string(body)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, row)
	}
	return out
}

func TestAuditLogAndWebhooks(t *testing.T) {
	r := parsed(t, "")
	dir := t.TempDir()
	audit, hooks := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "hooks.jsonl")
	if err := errors.Join(r.WriteAuditLog(audit), r.WriteWebhooks(hooks)); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	last := 0.0
	for _, row := range lines(t, audit) {
		count[row["action"].(string)]++
		if at := row["@timestamp"].(float64); at < last {
			t.Errorf("out of order: %v", row)
		} else {
			last = at
		}
	}
	for action, want := range map[string]int{"git.push": 10, "workflows.created_workflow_run": 1, "workflows.prepared_workflow_job": 1,
		"repo.create_actions_secret": 1, "repo.update_actions_secret": 1, "org.create_actions_secret": 1, "environment.create_actions_secret": 1,
		"hook.create": 1, "public_key.create": 1, "repo.add_member": 1, "repo.register_self_hosted_runner": 1} {
		if count[action] != want {
			t.Errorf("%s: %d, want %d", action, count[action], want)
		}
	}
	forced := 0
	for _, row := range lines(t, hooks) {
		if push := row["payload"].(map[string]any); push["forced"] == true {
			forced++
		}
	}
	if forced != 3 { // of side, of main, and of the tag
		t.Errorf("%d forced pushes", forced)
	}
}
