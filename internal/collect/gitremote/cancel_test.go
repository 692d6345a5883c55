package gitremote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// TestCancel: a cancelled context ends a call at once, wherever it is, and leaves neither files nor goroutines.
func TestCancel(t *testing.T) {
	held := make(chan struct{})
	for name, where := range map[string]func(r *http.Request, body []byte) bool{
		"discovery": func(r *http.Request, _ []byte) bool { return r.Method == http.MethodGet },
		"listing":   func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("command=ls-refs")) },
		"fetch":     func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("filter blob:none")) },
		"backfill": func(_ *http.Request, body []byte) bool {
			return bytes.Contains(body, []byte("command=fetch")) && !bytes.Contains(body, []byte("filter"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveGit(t, asGitHub)
			lost(t, s)
			ctx, cancel := context.WithCancel(context.Background())
			s.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				if !where(r, body) {
					return false
				}
				w.Header().Set("Content-Type", resultType)
				if r.Method == http.MethodGet {
					w.Header().Set("Content-Type", advertisementType)
				}
				if bytes.Contains(body, []byte("command=fetch")) {
					io.WriteString(w, pkt("packfile\n")+pkt("\x01PACK"))
				}
				w.(http.Flusher).Flush()
				cancel()
				select {
				case <-r.Context().Done():
				case <-held:
				}
				return true
			}
			c := collector(t, s)
			transport := &http.Transport{}
			c.cfg.Client.Transport = transport
			before := runtime.NumGoroutine()
			start := time.Now()
			err := c.Collect(ctx, demo, newFacts().add)
			if took := time.Since(start); err == nil || ctx.Err() == nil || took > 2*time.Second {
				t.Errorf("error %v after %s", err, took)
			}
			if l := litter(t, c); l != nil {
				t.Errorf("litter %v", l)
			}
			transport.CloseIdleConnections()
			deadline := time.Now().Add(3 * time.Second)
			for runtime.NumGoroutine() > before+2 && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
			}
			if n := runtime.NumGoroutine(); n > before+2 {
				t.Errorf("%d goroutines, %d before", n, before)
			}
			s.on(nil)
			if f := collect(t, c, demo); len(f.commits) != 2 || len(f.blobs) != 1 {
				t.Errorf("rerun: %d commits, %d blobs, gaps %v", len(f.commits), len(f.blobs), f.gaps)
			}
		})
	}
}

// TestNothingIsToldOfWhatWasCancelled: an answer that came while the context was cancelled is no gap.
func TestNothingIsToldOfWhatWasCancelled(t *testing.T) {
	s := serveGit(t, asGitHub)
	c := collector(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	s.hook = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		http.Error(w, "gone", http.StatusNotFound)
		return true
	}
	c.cfg.Progress = func(evidence.Repository, int64) { cancel() }
	f := newFacts()
	if err := c.Collect(ctx, demo, f.add); !errors.Is(err, context.Canceled) || len(f.gaps) > 0 {
		t.Errorf("error %v, gaps %v", err, f.gaps)
	}
}

// TestSweep: what a killed run leaves is removed, and a damaged store is made anew.
func TestSweep(t *testing.T) {
	s := serveGit(t, asGitHub)
	lost(t, s)
	c := collector(t, s)
	want := collect(t, c, demo)
	dir, err := c.storeDir(demo)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"objects/pack/tmp_pack_1", "objects/pack/tmp_2", "tmp_3", "objects/pack/pack-dead.idx"} {
		if err := os.WriteFile(dir+"/"+name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if f := collect(t, c, demo); len(f.commits) != len(want.commits) || litter(t, c) != nil {
		t.Errorf("%d commits, litter %v", len(f.commits), litter(t, c))
	}
	packs, err := os.ReadDir(dir + "/objects/pack")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if strings.HasSuffix(p.Name(), ".idx") {
			if err := os.Truncate(dir+"/objects/pack/"+p.Name(), 1100); err != nil {
				t.Fatal(err)
			}
		}
	}
	if f := collect(t, c, demo); len(f.commits) != len(want.commits) || len(f.blobs) != 1 {
		t.Errorf("after damage: %d commits, gaps %v", len(f.commits), f.gaps)
	}
}
