package ghapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

const logPath = "/repos/acme/tool/actions/jobs/9/logs"

// to redirects to an address, as GitHub does.
func to(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", address)
		w.WriteHeader(http.StatusFound)
	}
}

func collectLogs(t *testing.T, f *fake, jobs ...JobRef) *told {
	t.Helper()
	var g told
	if err := f.collector(t).Logs(context.Background(), repo, jobs, g.emit); err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitLogs)
	return &g
}

func TestLogs(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef\n"), 400_000)
	for name, c := range map[string]struct {
		text  []byte
		keeps int
		cut   bool
	}{"short": {[]byte("\ufeff2025-09-06 echo\n"), -1, false}, "long": {long, logHead + logTail, true}, "empty": {nil, 0, false}} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			var query string
			f.routes = map[string]http.HandlerFunc{logPath: to(f.URL + "/stored/log?sig=once"), "/stored/log": func(w http.ResponseWriter, r *http.Request) {
				query = r.URL.RawQuery
				w.Write(c.text)
			}}
			g := collectLogs(t, f, JobRef{5, 2, 9})
			same(t, "gaps", g.gaps(), nil)
			want := evidence.RunLog{Repository: repo, RunID: 5, Attempt: 2, JobID: 9, Bytes: int64(len(c.text)), Truncated: c.cut}
			if g.Logs[0] != want || g.Coverage[0].Complete == c.cut || query != "sig=once" {
				t.Errorf("log %+v, coverage %+v, query %q", g.Logs[0], g.Coverage, query)
			}
			s := g.Sources[0]
			if s.Target != logPath || s.Status != 200 || strings.Contains(s.URL, "sig") {
				t.Errorf("source %+v", s.Target)
			}
			if !c.cut && !bytes.Equal(s.Body, c.text) {
				t.Errorf("body %q", s.Body)
			}
			if c.cut {
				head, tail, ok := bytes.Cut(s.Body, []byte("\n[2605696 bytes are left out here]\n"))
				if !ok || len(head)+len(tail) != c.keeps || !bytes.HasPrefix(c.text, head) || !bytes.HasSuffix(c.text, tail) {
					t.Errorf("head %d, tail %d of %d", len(head), len(tail), len(c.text))
				}
			}
		})
	}
}

func TestNoLogs(t *testing.T) {
	expired := "expired: log of job 9 of run 5 attempt 2"
	for name, c := range map[string]struct {
		h     http.HandlerFunc
		gaps  []string
		asked int
	}{
		"expired":           {say(410, `{"message":"Gone"}`), []string{expired}, 1},
		"not there":         {say(404, `{"message":"Not Found"}`), []string{expired}, 1},
		"denied":            {say(403, `{"message":"Must have admin rights to Repository."}`), []string{"forbidden: log of job 9 of run 5 attempt 2", "forbidden: logs of further jobs"}, 1},
		"no redirect":       {say(200, `{}`), []string{"refused: log of job 9 of run 5 attempt 2"}, 1},
		"to a foreign host": {to("https://logs.example.invalid/x"), []string{"refused: log of job 9 of run 5 attempt 2"}, 1},
		"in the clear":      {to("http://productionresultssa1.blob.core.windows.net/x"), []string{"refused: log of job 9 of run 5 attempt 2"}, 1},
		"blob is gone":      {nil, []string{expired}, 2},
		"blob denied":       {nil, []string{"server-error: log of job 9 of run 5 attempt 2"}, 2 * maxFetches},
		"redirected on":     {nil, []string{"refused: log of job 9 of run 5 attempt 2"}, 2 * maxFetches},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			f.routes = map[string]http.HandlerFunc{logPath: c.h}
			if c.h == nil {
				f.routes[logPath] = to(f.URL + "/stored/log")
				f.routes["/stored/log"] = map[string]http.HandlerFunc{"blob is gone": say(404, `<BlobNotFound/>`), "blob denied": say(403, `<AuthenticationFailed/>`),
					"redirected on": to("https://logs.example.invalid/x")}[name]
			}
			jobs := []JobRef{{5, 2, 9}}
			if name == "denied" {
				jobs = append(jobs, JobRef{5, 2, 10})
			}
			g := collectLogs(t, f, jobs...)
			same(t, "gaps", g.gaps(), c.gaps)
			if len(g.Logs) != 0 || g.Coverage[0].Complete || len(f.asked) != c.asked {
				t.Errorf("logs %v, coverage %+v, asked %q", g.Logs, g.Coverage, f.asked)
			}
		})
	}
}

// TestLogIsAskedForAgain: the address dies after a minute, and connections break in mid-log.
func TestLogIsAskedForAgain(t *testing.T) {
	f, n := newFake(t, nil), 0
	f.routes = map[string]http.HandlerFunc{logPath: to(f.URL + "/stored/log"), "/stored/log": func(w http.ResponseWriter, r *http.Request) {
		switch n++; n {
		case 1:
			say(403, `<AuthenticationFailed/>`)(w, r)
		case 2:
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("half"))
		default:
			w.Write([]byte("whole"))
		}
	}}
	g := collectLogs(t, f, JobRef{5, 1, 9})
	same(t, "gaps", g.gaps(), nil)
	if string(g.Sources[0].Body) != "whole" || g.Logs[0].Bytes != 5 {
		t.Errorf("kept %q, %+v", g.Sources[0].Body, g.Logs)
	}
}

// TestLogOfARenamedRepository follows GitHub to the present name, unless another repository has it now.
func TestLogOfARenamedRepository(t *testing.T) {
	for id, gaps := range map[int][]string{7: nil, 8: {"identity: log of job 9 of run 5 attempt 1"}} {
		f := newFake(t, nil)
		moved := fmt.Sprintf("/repositories/%d/actions/jobs/9/logs", id)
		f.routes = map[string]http.HandlerFunc{moved: to(f.URL + "/stored/log"), "/stored/log": say(200, "text"),
			logPath: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, prefix+moved, http.StatusMovedPermanently)
			}}
		c := f.collector(t)
		c.learn(repo, 7)
		var g told
		if err := c.Logs(context.Background(), repo, []JobRef{{5, 1, 9}}, g.emit); err != nil {
			t.Fatal(err)
		}
		same(t, "gaps", g.gaps(), gaps)
		if (len(g.Logs) == 1) != (gaps == nil) {
			t.Errorf("logs %+v", g.Logs)
		}
	}
}

func TestLogHosts(t *testing.T) {
	f := newFake(t, nil)
	u := unit{Collector: f.collector(t)}
	for address, want := range map[string]bool{
		"https://productionresultssa17.blob.core.windows.net/actions-results/x?sig=y": true,
		"https://results-receiver.actions.githubusercontent.com/rest/x":               true,
		"https://pipelinesghubeus5.actions.githubusercontent.com/x":                   true,
		"https://PRODUCTIONRESULTSSA1.blob.core.windows.net:443/x":                    true,
		"https://attacker.blob.core.windows.net/x":                                    false,
		"https://productionresultssa1.x.blob.core.windows.net/x":                      false,
		"https://productionresultssa1.blob.core.windows.net.example.invalid/x":        false,
		"https://productionresultssa1.blob.core.windows.net:8443/x":                   false,
		"https://u:p@productionresultssa1.blob.core.windows.net/x":                    false,
		"ftp://productionresultssa1.blob.core.windows.net/x":                          false,
		f.URL + "/x": true,
		strings.Replace(f.URL, "http:", "https:", 1) + "/x": false,
	} {
		a, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.mayFetch(a); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// TestLogHostOfTheCaller: an Enterprise server keeps logs where its administrator says.
func TestLogHostOfTheCaller(t *testing.T) {
	f := newFake(t, nil)
	u := unit{Collector: f.collector(t, func(cfg *Config) { cfg.LogHosts = []string{"logs.example.invalid"} })}
	for address, want := range map[string]bool{"https://logs.example.invalid/x": true, "https://productionresultssa1.blob.core.windows.net/x": false} {
		a, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if u.mayFetch(a) != want {
			t.Errorf("%s: want %v", address, want)
		}
	}
}
