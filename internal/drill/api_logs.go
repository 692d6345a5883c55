package drill

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"pentimento/internal/evidence"
)

// logPath is where the logs lie: beside the API, on the same loopback server, as GitHub keeps them on a host of their own.
const logPath = "/logs/"

// jobLogs redirects to the text of a log, as GitHub does: 302 to an address that needs no token.
func (c *call) jobLogs(id string) {
	_, j := c.repo.jobByID(id)
	if j == nil || len(j.log) == 0 || c.s.recipe.silent[evidence.OriginRunLogs] {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	c.w.Header().Set("Location", c.s.url+logPath+id)
	c.w.WriteHeader(http.StatusFound)
}

// jobByID finds a job with its run; a run that somebody deleted took its logs along.
func (r *Repository) jobByID(id string) (*run, *job) {
	for _, x := range r.runs {
		for _, a := range x.attempts {
			for _, j := range a.jobs {
				if strconv.FormatInt(j.id, 10) == id && !x.deleted {
					return x, j
				}
			}
		}
	}
	return nil, nil
}

// serveLog gives the text of a log: each line with the runner's time. A token that comes along is an error of the client's, which this
// server shows by refusing: the real host of logs would have seen it.
func (s *Server) serveLog(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		http.Error(w, "a token has no business here", http.StatusBadRequest)
		return
	}
	id := strings.TrimPrefix(r.URL.Path, logPath)
	for _, repo := range s.recipe.Repositories {
		if _, j := repo.jobByID(id); j != nil && len(j.log) > 0 && !repo.hidden() {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			for _, line := range j.log {
				at := line.at.UTC().Format("2006-01-02T15:04:05.0000000Z")
				text := strings.ReplaceAll(line.text, "{secret}", InventedToken(j.id))
				if _, err := io.WriteString(w, at+" "+text+"\n"); err != nil {
					return // the client has gone
				}
			}
			return
		}
	}
	http.NotFound(w, r)
}

// InventedToken is a value of the shape of a GitHub token that {secret} in the log of a job stands for. It belongs to nobody; it is put
// together here so that no text of its shape stands in any file.
func InventedToken(job int64) string { return "gh" + "p_" + fmt.Sprintf("%036d", job) }
