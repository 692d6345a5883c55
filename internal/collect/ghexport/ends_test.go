package ghexport_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"pentimento/internal/collect/ghexport"
	"pentimento/internal/evidence"
)

func TestEndsEarly(t *testing.T) {
	path := file(t, "a", event(1, "repo.create_actions_secret", `"key":"A"`))
	none := func(evidence.Observation) error { return nil }
	for name, f := range map[string]reader{"audit log": ghexport.AuditLog, "webhooks": ghexport.Webhooks} {
		if _, err := f(context.Background(), []string{path + "x"}, config(), none); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file that is not there: %v", name, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := f(ctx, []string{path}, config(), none); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", name, err)
		}
		if sum, err := f(context.Background(), []string{file(t, "empty", "")}, config(), none); err != nil || sum.Rows != 0 {
			t.Errorf("%s: an empty file: %+v, %v", name, sum, err)
		}
	}
	full := errors.New("the disk is full")
	if _, err := ghexport.AuditLog(context.Background(), []string{path}, config(), func(evidence.Observation) error { return full }); !errors.Is(err, full) {
		t.Errorf("nothing could be stored: %v", err)
	}
}

// A link in a folder of deliveries leads nowhere; one that the caller names is followed.
func TestLinks(t *testing.T) {
	outside := file(t, "outside.json", wrap("push", pushed(one, two, ""), ""))
	dir := t.TempDir()
	link := filepath.Join(dir, "in.json")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if got := read(t, ghexport.Webhooks, dir, config()); got.Files != 0 || got.Rows != 0 {
		t.Errorf("a link out of the folder: %+v", got.Summary)
	}
	if got := read(t, ghexport.Webhooks, link, config()); got.Stored != 1 {
		t.Errorf("the link itself: %+v", got.Summary)
	}
}
