package gitremote

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// One want that makes the server refuse all others, without naming it, costs the others nothing: it is found by halving.
func TestWantThatSpoilsTheOthers(t *testing.T) {
	s := serveGit(t, asGitHub)
	_, lost := erased(t, s)
	spoils := map[evidence.OID]bool{lost[17]: true, lost[640]: true}
	c := collector(t, s)
	collect(t, c, demo)
	asked := 0
	s.on(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method != http.MethodPost {
			return false
		}
		asked++
		for oid := range spoils {
			if bytes.Contains(body, []byte("want "+string(oid))) {
				w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
				w.Write([]byte("0018ERR internal trouble"))
				return true
			}
		}
		return false
	})
	f := newFacts()
	left, err := c.Recover(context.Background(), demo, wanted(lost), f.add)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range left {
		if !spoils[w.OID] {
			t.Errorf("%s is missing", w.OID)
		}
	}
	if len(f.commits) < lostCommits-len(spoils) || !f.gap(evidence.GapServer, "internal trouble") || asked > 2*maxHalvings {
		t.Errorf("%d commits after %d requests, gaps %v", len(f.commits), asked, f.gaps)
	}
}

// A server that is down is not asked more often for having been asked for much.
func TestServerThatIsDownIsNotHalved(t *testing.T) {
	s := serveGit(t, asGitHub)
	_, lost := erased(t, s)
	c := collector(t, s)
	collect(t, c, demo)
	asked := 0
	s.on(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method != http.MethodPost || !strings.Contains(string(body), "want ") {
			return false
		}
		asked++
		http.Error(w, "down", http.StatusBadGateway)
		return true
	})
	left, err := c.Recover(context.Background(), demo, wanted(lost), newFacts().add)
	if err != nil || len(left) != lostCommits || asked > 2 {
		t.Errorf("%d missing after %d requests, %v", len(left), asked, err)
	}
}
