package gharchive

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// sample is an event in the shape of an hour file.
type sample struct {
	ID, Type  string
	Actor     string
	RepoID    int64
	Repo      string
	Payload   string
	CreatedAt string
}

var (
	shaA = strings.Repeat("a1", 20)
	shaB = strings.Repeat("b2", 20)
)

const zero = "0000000000000000000000000000000000000000"

// line is an event as GH Archive writes it, key by key.
func (w sample) line() string {
	for text, fallback := range map[*string]string{
		&w.ID: "1", &w.Type: "PushEvent", &w.Actor: "octo-dev", &w.Repo: "octo/demo", &w.CreatedAt: "2025-09-02T03:20:38Z",
		&w.Payload: pushOld("refs/heads/main", shaA, shaB),
	} {
		if *text == "" {
			*text = fallback
		}
	}
	if w.RepoID == 0 {
		w.RepoID = 77
	}
	return fmt.Sprintf(`{"id":%q,"type":%q,"actor":{"id":5,"login":%q,"display_login":%[3]q,"gravatar_id":"","url":"https://api.example.invalid/users/x",`+
		`"avatar_url":"https://avatars.example.invalid/u/5?"},"repo":{"id":%d,"name":%q,"url":"https://api.example.invalid/repos/x"},"payload":%s,"public":true,"created_at":%q}`,
		w.ID, w.Type, w.Actor, w.RepoID, w.Repo, w.Payload, w.CreatedAt)
}

// pushOld is a push as it was until 2025-10-07, pushNew as it is since.
func pushOld(ref, before, head string, messages ...string) string {
	var commits []string
	for i, m := range messages {
		text, _ := json.Marshal(m)
		commits = append(commits, fmt.Sprintf(`{"sha":"%040x","author":{"email":"0@example.invalid","name":"x"},"message":%s,"distinct":true,"url":"u"}`, i+1, text))
	}
	return fmt.Sprintf(`{"repository_id":77,"push_id":9,"size":%d,"distinct_size":%[1]d,"ref":%q,"head":%q,"before":%q,"commits":[%s]}`,
		len(messages), ref, head, before, strings.Join(commits, ","))
}

func pushNew(ref, before, head string) string {
	return fmt.Sprintf(`{"repository_id":77,"push_id":9,"ref":%q,"head":%q,"before":%q}`, ref, head, before)
}

func packed(t testing.TB, lines ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write makes a file below dir.
func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// told is all that a collection emitted.
type emitted struct {
	hours []evidence.ArchiveHour
	obs   []evidence.Observation
}

func (e *emitted) take(h evidence.ArchiveHour, obs []evidence.Observation) error {
	e.hours = append(e.hours, h)
	e.obs = append(e.obs, obs...)
	return nil
}

func (e *emitted) updates() []evidence.RefUpdate {
	var all []evidence.RefUpdate
	for _, o := range e.obs {
		all = append(all, o.Updates...)
	}
	return all
}

func (e *emitted) gaps() []evidence.Gap {
	var all []evidence.Gap
	for _, o := range e.obs {
		all = append(all, o.Gaps...)
	}
	return all
}

// states is "hour state" of each hour.
func (e *emitted) states() []string {
	var all []string
	for _, h := range e.hours {
		all = append(all, hourWord(h.Hour)+" "+string(h.State))
	}
	return all
}

func demo() []Target { return []Target{{Repository: "Octo/Demo", GitHubID: 77}} }

func collect(t *testing.T, cfg Config, places ...string) *emitted {
	t.Helper()
	cfg.Now = func() time.Time { return now }
	if cfg.Repositories == nil {
		cfg.Repositories = demo()
	}
	out := &emitted{}
	if err := Collect(context.Background(), cfg, places, out.take); err != nil {
		t.Fatal(err)
	}
	return out
}

// oneHour collects the given lines as one hour file.
func oneHour(t *testing.T, cfg Config, lines ...string) *emitted {
	t.Helper()
	return collect(t, cfg, write(t, t.TempDir(), "2025-04-02-3.json.gz", packed(t, lines...)))
}
