package casefile_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/tokenlog"
)

// rowsVariable says how many rows of a usage log [BenchmarkImportRace] reads; those of the registries have millions.
const rowsVariable = "PENTIMENTO_ROWS"

// BenchmarkImportRace races the import of a usage log in CSV against the sqlite3 shell, which must be there, doing .import and CREATE INDEX of the same
// file. Each iteration runs both, one after the other. It reports medians of seconds, of processor seconds, of what was written, and of the ratio of times; and
// the most memory that the process of the benchmark ever had, which is that of the import and of the test itself.
//
//	PENTIMENTO_ROWS=5000000 go test -run '^$' -bench ImportRace -benchtime 3x -timeout 0 ./internal/casefile
func BenchmarkImportRace(b *testing.B) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Fatal(err)
	}
	rows := 200_000
	if s := os.Getenv(rowsVariable); s != "" {
		if rows, err = strconv.Atoi(s); err != nil || rows < 1 {
			b.Fatalf("%s=%q is no number of rows", rowsVariable, s)
		}
	}
	log := filepath.Join(b.TempDir(), "uses.csv")
	if err := writeUses(log, rows); err != nil {
		b.Fatal(err)
	}
	var own, ownCPU, written, theirs, theirCPU, ratio []float64
	for b.Loop() {
		dir, err := os.MkdirTemp(b.TempDir(), "")
		if err != nil {
			b.Fatal(err)
		}
		cmd := exec.Command(shell, "-batch", filepath.Join(dir, "peer.db"),
			"CREATE TABLE use (time TEXT, token TEXT, account TEXT, action TEXT, project TEXT, address TEXT, agent TEXT, outcome TEXT)",
			".import --csv --skip 1 "+log+" use", "CREATE INDEX use_by_token ON use (token, time)")
		begin := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("sqlite3: %v: %s", err, out)
		}
		theirs = append(theirs, time.Since(begin).Seconds())
		theirCPU = append(theirCPU, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
		before, writtenBefore := processorTime(b), procNumber(b, "io", "\nwrite_bytes:")
		begin = time.Now()
		importUses(b, filepath.Join(dir, "case.db"), log, rows)
		own = append(own, time.Since(begin).Seconds())
		ownCPU = append(ownCPU, processorTime(b)-before)
		written = append(written, float64(procNumber(b, "io", "\nwrite_bytes:")-writtenBefore)/(1<<20))
		ratio = append(ratio, own[len(own)-1]/theirs[len(theirs)-1])
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(middle(own), "own-s")
	b.ReportMetric(middle(ownCPU), "own-cpu-s")
	b.ReportMetric(middle(written), "own-written-MiB")
	b.ReportMetric(middle(theirs), "sqlite3-s")
	b.ReportMetric(middle(theirCPU), "sqlite3-cpu-s")
	b.ReportMetric(middle(ratio), "ratio")
	b.ReportMetric(float64(procNumber(b, "status", "VmHWM:"))/(1<<10), "own-rss-MiB")
}

// importUses reads a log into a new case, as the command does, and closes it: what is timed stands on the disk.
func importUses(b *testing.B, path, log string, rows int) {
	b.Helper()
	ctx, now := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := casefile.Create(ctx, path, casefile.Info{Now: now, NowGiven: true, Version: "test"})
	if err != nil {
		b.Fatal(err)
	}
	m, err := tokenlog.ParseMapping(strings.NewReader(`kind: usage
provider: pypi
columns: {credential: token, time: time, account: account, action: action, project: project, address: address, user_agent: agent, outcome: outcome}
time: {layout: rfc3339, zone: UTC}
actions: {publish: [upload], read: [download], auth: [login]}
outcomes: {success: ["2*"], failure: ["4*"]}
credential_holds: identifier
`))
	if err != nil {
		b.Fatal(err)
	}
	format, ok := tokenlog.Find(tokenlog.KindUsage, "generic")
	if !ok {
		b.Fatal("there is no generic format")
	}
	im, err := c.BeginImport(ctx, casefile.ImportPlan{Kind: tokenlog.KindUsage, Format: format.Name, Name: "uses.csv", Options: "{}"})
	if err != nil {
		b.Fatal(err)
	}
	src, err := tokenlog.Open(log, nil, im.Note)
	if err != nil {
		b.Fatal(err)
	}
	sink := &tokenlog.Sink{Row: im.Row, Use: im.Use, Note: im.Note}
	sink.Reject = func(reason string) error { return im.Reject(reason, sink.Present()) }
	if err := format.Read(ctx, &tokenlog.Input{Name: "uses.csv", R: src.R, Options: tokenlog.Options{Mapping: m, Now: now}}, sink); err != nil {
		b.Fatal(err)
	}
	sum, size, err := src.Finish()
	if err != nil {
		b.Fatal(err)
	}
	counts, _, err := im.End(ctx, sum, size)
	if err != nil {
		b.Fatal(err)
	}
	if counts.Stored != int64(rows) {
		b.Fatalf("%+v of %d rows", counts, rows)
	}
	for _, close := range []func() error{src.Close, c.Close} {
		if err := close(); err != nil {
			b.Fatal(err)
		}
	}
}

// writeUses makes a log in the order of time: 20,000 tokens, of which few are used much; addresses that mostly come again; 2,000 user agents.
func writeUses(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(r, 1.1, 20, 19_999)
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	step := 300 * 24 * time.Hour / time.Duration(rows)
	actions, outcomes := []string{"download", "download", "download", "upload", "login"}, []string{"200", "200", "200", "403"}
	// What is written last tells whether any of it failed.
	_, _ = fmt.Fprintln(w, "time,token,account,action,project,address,agent,outcome")
	for i := range rows {
		token := often.Uint64()
		at = at.Add(step)
		_, _ = fmt.Fprintf(w, "%s,%08x-0000-4000-8000-%012x,account%d,%s,project-%d,10.%d.%d.%d,twine/5.%d.0 CPython/3.%d,%s\n", at.Format("2006-01-02T15:04:05.000000Z"),
			token, token*7919, token/4, actions[r.IntN(len(actions))], token/3, token%250, r.IntN(8), i%250, r.IntN(100), r.IntN(20), outcomes[r.IntN(len(outcomes))])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func processorTime(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// procNumber is a number that Linux tells of this process: VmHWM in KiB (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html), write_bytes, which
// counts what is on its way to the disk, whatever others do (https://man7.org/linux/man-pages/man5/proc_pid_io.5.html).
func procNumber(b *testing.B, file, name string) int {
	text, err := os.ReadFile("/proc/self/" + file)
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), name)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func middle(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
