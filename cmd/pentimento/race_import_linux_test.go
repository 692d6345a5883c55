package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkImportRace races import usage of a log in CSV against the sqlite3 shell, which must be there, doing .import and CREATE INDEX of the same file.
// PENTIMENTO_ROWS says how many rows it has, else 200,000; the logs of registries have millions.
//
//	PENTIMENTO_ROWS=5000000 go test -run '^$' -bench ImportRace -benchtime 3x -timeout 0 ./cmd/pentimento
//
// Each iteration makes a case, which is not timed, and runs both, one after the other, each in a process of its own. It reports medians: the seconds of each, of
// processor time too, and of the ratio between them; the most memory of each; and how much import wrote, which does not depend on who else is at work. Every row
// must be stored.
func BenchmarkImportRace(b *testing.B) {
	file, err := built()
	if err != nil {
		b.Fatal(err)
	}
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Fatal(err)
	}
	rows := 200_000
	if s := os.Getenv("PENTIMENTO_ROWS"); s != "" {
		if rows, err = strconv.Atoi(s); err != nil || rows < 1 {
			b.Fatalf("PENTIMENTO_ROWS=%q is no number of rows", s)
		}
	}
	dir := b.TempDir()
	log, mapping := filepath.Join(dir, "uses.csv"), filepath.Join(dir, "uses.yaml")
	if err := writeUses(log, rows); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(mapping, []byte(usesMapping), 0o600); err != nil {
		b.Fatal(err)
	}
	theirs, own := racer{name: "sqlite3"}, racer{name: "import"}
	var ratio, written []float64
	for b.Loop() {
		b.StopTimer()
		home, err := os.MkdirTemp(dir, "")
		if err != nil {
			b.Fatal(err)
		}
		program := func(args ...string) *exec.Cmd {
			cmd := exec.Command(file, append([]string{"-q"}, args...)...)
			cmd.Dir, cmd.Env = home, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
			return cmd
		}
		quietly(b, program("init", "--campaign", "ghostaction"))
		b.StartTimer()
		theirs.run(b, exec.Command(shell, "-batch", filepath.Join(home, "peer.db"),
			"CREATE TABLE use (time TEXT, token TEXT, account TEXT, action TEXT, project TEXT, address TEXT, agent TEXT, outcome TEXT)",
			".import --csv --skip 1 "+log+" use", "CREATE INDEX use_by_token ON use (token, time)"))
		importing := program("import", "usage", log, "--format", "generic", "--mapping", mapping, "--json")
		told := own.run(b, importing)
		b.StopTimer()
		ratio = append(ratio, own.last()/theirs.last())
		// In blocks of 512 bytes (https://man7.org/linux/man-pages/man2/getrusage.2.html).
		written = append(written, float64(importing.ProcessState.SysUsage().(*syscall.Rusage).Oublock)/2048)
		if n := stored(b, told); n != rows {
			b.Fatalf("%d rows of %d were stored: %s", n, rows, told)
		}
		if err := os.RemoveAll(home); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	theirs.report(b)
	own.report(b)
	b.ReportMetric(median(written), "import-written-MiB")
	b.ReportMetric(median(ratio), "ratio")
}

// stored is how many rows import says that it stored.
func stored(b *testing.B, document []byte) int {
	b.Helper()
	var told struct {
		Files []struct{ Stored int }
	}
	if err := json.Unmarshal(document, &told); err != nil || len(told.Files) != 1 {
		b.Fatalf("import tells %s: %v", document, err)
	}
	return told.Files[0].Stored
}

// usesMapping explains what writeUses writes.
const usesMapping = `kind: usage
provider: pypi
columns: {credential: token, time: time, account: account, action: action, project: project, address: address, user_agent: agent, outcome: outcome}
time: {layout: rfc3339, zone: UTC}
actions: {publish: [upload], read: [download], auth: [login]}
outcomes: {success: ["2*"], failure: ["4*"]}
credential_holds: identifier
`

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
