package gitremote

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"sync/atomic"
	"testing"
)

// TestKilled: a process killed at any of its requests, before or after the answer, and run again gives the facts of an undisturbed run.
func TestKilled(t *testing.T) {
	s := serveGit(t, asGitHub)
	_, _, evil := lost(t, s)
	run := func(c *Collector) *facts {
		f := collect(t, c, demo)
		if _, err := c.Recover(context.Background(), demo, []Want{{OID: evil, NamedBy: []string{"upd-1"}}}, f.add); err != nil {
			t.Fatal(err)
		}
		return f
	}
	var requests atomic.Int64
	s.on(func(http.ResponseWriter, *http.Request, []byte) bool { requests.Add(1); return false })
	want := run(collector(t, s))
	total := requests.Load()
	if total < 7 {
		t.Fatalf("%d requests: discovery, listing, fetch, backfill; discovery, fetch, backfill were expected", total)
	}
	for n := int64(1); n <= total; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := collector(t, s)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "GITREMOTE_HOSTILE_HOST="+s.url.String(), "GITREMOTE_HOSTILE_MIRRORS="+c.cfg.Mirrors,
				"GITREMOTE_HOSTILE_WANT="+string(evil))
			started := make(chan struct{})
			requests.Store(0)
			s.on(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				if requests.Add(1) != n {
					return false
				}
				<-started
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
				return n%2 == 0
			})
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			close(started)
			if err := cmd.Wait(); err == nil {
				t.Error("the process was not killed")
			}
			s.on(nil)
			if got := run(c); !reflect.DeepEqual(got.all, want.all) {
				t.Errorf("got %+v, want %+v", got.all, want.all)
			}
			if l := litter(t, c); l != nil {
				t.Errorf("litter %v", l)
			}
		})
	}
}
