package gitremote

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"sync"
	"testing"
)

// TestAgain: an answer that breaks its protocol or breaks off once costs a second request and nothing else; one that does so twice is
// what the server has to say.
func TestAgain(t *testing.T) {
	for name, bad := range map[string]func(w http.ResponseWriter){
		"garbled": func(w http.ResponseWriter) { io.WriteString(w, "zzzzthis is no pkt-line") },
		"cut": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "001e# service=git-upl")
			panic(http.ErrAbortHandler)
		},
		"empty": func(http.ResponseWriter) {},
	} {
		for often, gaps := range map[int]int{1: 0, 2: 1} {
			t.Run(name, func(t *testing.T) {
				s := serveGit(t, asGitHub)
				lost(t, s)
				var mu sync.Mutex
				seen := map[[32]byte]int{}
				s.on(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					key := sha256.Sum256(append([]byte(r.URL.String()), body...))
					mu.Lock()
					seen[key]++
					times := seen[key]
					mu.Unlock()
					if times > often {
						return false
					}
					w.Header().Set("Content-Type", resultType)
					if bytes.HasSuffix([]byte(r.URL.Path), []byte("/info/refs")) {
						w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
					}
					bad(w)
					return true
				})
				f := collect(t, collector(t, s), demo)
				if len(f.gaps) != gaps || (gaps == 0) != (len(f.commits) > 0) {
					t.Errorf("%d bad answers: %d commits, gaps %v", often, len(f.commits), f.gaps)
				}
			})
		}
	}
}
