package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

// manyVariable says how many repositories [BenchmarkManyRepositories] has; the campaigns that this program is for had thousands.
const manyVariable = "PENTIMENTO_REPOSITORIES"

// counted passes connections on to a server and counts what it sends.
func counted(tb testing.TB, server string) (address string, sent *atomic.Int64) {
	tb.Helper()
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	sent = &atomic.Int64{}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer client.Close()
				behind, err := net.Dial("tcp", u.Host)
				if err != nil {
					return // the client sees a broken connection, and the benchmark a gap
				}
				defer behind.Close()
				go func() { io.Copy(behind, client); behind.(*net.TCPConn).CloseWrite() }()
				io.Copy(io.MultiWriter(client, counter{sent}), behind) // an error ends the connection, which is all that it can do
			}()
		}
	}()
	return "http://" + l.Addr().String(), sent
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

// peak waits for a process, however long it takes, and gives the most memory that it was seen to have, in MiB.
func (p *process) peak(b *testing.B) float64 {
	b.Helper()
	seen := watch(p.cmd.Process.Pid, p.ended)
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != exitDone {
		b.Fatalf("%s: exit %d: %s", p.cmd, code, &p.stderr)
	}
	return float64((<-seen)[1]) / (1 << 20)
}

// BenchmarkManyRepositories collects many small repositories from the simulated GitHub and analyses them, each in a process of its own,
// and says how many a minute, what each costs, and the peak of memory. The servers run in the process of the benchmark, on the same
// processors. PENTIMENTO_REPOSITORIES=6000 is the size of a campaign.
func BenchmarkManyRepositories(b *testing.B) {
	n := 60
	if s := os.Getenv(manyVariable); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			b.Fatalf("%s=%q is no number of repositories", manyVariable, s)
		}
	}
	recipe, err := drill.Many(n)
	if err != nil {
		b.Fatal(err)
	}
	server, err := drill.Start(b.Context(), recipe, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	list := filepath.Join(b.TempDir(), "list.txt")
	var names strings.Builder
	for _, r := range recipe.Repositories {
		fmt.Fprintln(&names, r.Name)
	}
	if err := os.WriteFile(list, []byte(names.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "case.db")
		start(b, path, nil, "init", "--campaign", "ghostaction", "--now", evidence.Stamp(recipe.Now)).must()
		start(b, path, nil, "add", "-f", list).must()
		host, fromGit := counted(b, server.URL())
		api, fromAPI := counted(b, server.URL())
		before := len(server.Requests())

		p := start(b, path, nil, "--quiet", "collect", "--host", host, "--api", api+"/api/v3/")
		peak := p.peak(b)
		b.ReportMetric(float64(n)/p.took.Minutes(), "collected/min")
		b.ReportMetric(peak, "collect-MiB")
		b.ReportMetric(float64(p.cmd.ProcessState.UserTime()+p.cmd.ProcessState.SystemTime())/float64(n)/1e6, "collect-cpu-ms/repo")
		calls, requests := 0, server.Requests()[before:]
		for _, r := range requests {
			if strings.HasPrefix(r.Target, "/api/") {
				calls++
			}
		}
		b.ReportMetric(float64(calls)/float64(n), "calls/repo")
		b.ReportMetric(float64(len(requests)-calls)/float64(n), "git-requests/repo")
		b.ReportMetric(float64(fromAPI.Load())/float64(n), "api-bytes/repo")
		b.ReportMetric(float64(fromGit.Load())/float64(n), "git-bytes/repo")

		a := start(b, path, nil, "--quiet", "analyze")
		peak = a.peak(b)
		b.ReportMetric(float64(n)/a.took.Minutes(), "analysed/min")
		b.ReportMetric(peak, "analyze-MiB")
		b.ReportMetric(float64(a.cmd.ProcessState.UserTime()+a.cmd.ProcessState.SystemTime())/float64(n)/1e6, "analyze-cpu-ms/repo")
		if st, err := os.Stat(path); err == nil {
			b.ReportMetric(float64(st.Size())/float64(n), "case-bytes/repo")
		}
		b.Logf("%d repositories: collect %s, analyze %s", n, p.took.Round(time.Second), a.took.Round(time.Second))
	}
}
