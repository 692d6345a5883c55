package main

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// rehearseKept is rehearse with all that others kept beside what the server tells: hours of an archive, an audit log, deliveries, a clone.
func rehearseKept(t *testing.T) *rehearsal {
	t.Helper()
	recipe, err := drill.Sources()
	if err != nil {
		t.Fatal(err)
	}
	server, err := drill.Start(t.Context(), recipe, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	dir, name := t.TempDir(), recipe.Repositories[0].Name
	clone, hours, audit, hooks := filepath.Join(dir, "clone"), filepath.Join(dir, "hours"), filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "hooks.jsonl")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(recipe.WriteClone(clone, server.URL(), name, "laptop"))
	must(recipe.WriteArchive(hours, time.Date(2025, 9, 24, 0, 0, 0, 0, time.UTC), time.Date(2025, 9, 27, 0, 0, 0, 0, time.UTC)))
	must(recipe.WriteAuditLog(audit))
	must(recipe.WriteWebhooks(hooks))
	r := &rehearsal{server: server, empty: caseOf(t, evidence.Stamp(recipe.Now), string(name))}
	start(t, r.empty, nil, "add", string(name), "--clone", clone).must()
	r.flags = []string{"--quiet", "collect", "--host", server.URL(), "--concurrency", "1", "--gharchive", hours, "--audit-log", audit, "--webhooks", hooks,
		"--covers", "2025-09-20T00:00:00Z..2025-10-20T12:00:00Z"}
	return r
}

// TestKilledAmongWhatOthersKept: wherever collect is killed while it reads files, which no request marks, or before and after, running it again
// gives the case of an undisturbed run.
func TestKilledAmongWhatOthersKept(t *testing.T) {
	t.Parallel()
	r := rehearseKept(t)
	calm := r.copy(t)
	p := start(t, calm, nil, r.flags...)
	p.must()
	r.want = r.analysed(t, calm)
	for _, table := range []string{"archive_hour", "sighting", "ref_update", "coverage", "presence"} {
		if len(r.want[table]) == 0 {
			t.Fatalf("the undisturbed collection has no %s", table)
		}
	}
	const samples = 8
	for i := 1; i <= samples; i++ {
		after := p.took * time.Duration(i) / (samples + 1)
		t.Run(strconv.Itoa(i)+" of "+strconv.Itoa(samples), func(t *testing.T) {
			path := r.copy(t)
			killed := start(t, path, nil, r.flags...)
			select {
			case <-time.After(after):
				killed.kill()
			case <-killed.ended: // faster than before: then it ran undisturbed, twice
			}
			start(t, path, nil, r.flags...).must()
			r.whole(t, path)
		})
	}
}
