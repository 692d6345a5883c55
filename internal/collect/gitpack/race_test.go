package gitpack_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pentimento/internal/collect/gitpack"
)

// The race against git. PENTIMENTO_REPO names clones (a list as in PATH, each a bare repository or a .git folder):
//
//	PENTIMENTO_REPO=/path/to/git.git go test -run '^$' -bench Race -benchtime 5x ./internal/collect/gitpack
//
// Each iteration runs this package and git log, one after the other, each in a process of its own that writes its rows to a pipe; the rows
// must be equal. It reports the median of the ratios of their times, both medians in seconds, and the most anonymous memory of each (RssAnon,
// sampled: pages of mapped packs do not count, for either).
const (
	repoVariable  = "PENTIMENTO_REPO"
	childVariable = "PENTIMENTO_GITPACK_CHILD"
)

// TestMain makes this binary the racing process when the race starts it.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := printHistory(os.Stdout, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func printHistory(w io.Writer, dir string) error {
	refs, err := packedRefs(dir)
	if err != nil {
		return err
	}
	r, err := gitpack.Open(dir, gitpack.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	h, err := r.History(context.Background(), refs)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	for c := range h.Changes() {
		fmt.Fprintf(out, "%s %d :%06o %06o %s %s %c %s\n", h.OID(c.Commit), c.Parent, c.OldMode, c.NewMode, c.Old, c.New, c.Status, c.Path)
	}
	return out.Flush()
}

// packedRefs reads the refs of a bare repository that has them all packed.
func packedRefs(dir string) ([]gitpack.OID, error) {
	text, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
	if err != nil {
		return nil, err
	}
	var out []gitpack.OID
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' || line[0] == '^' {
			continue
		}
		o, err := gitpack.ParseOID(line[:40])
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// gitRaw is what the race is against, with renames off: a rename is two rows here.
func gitRaw(dir string) *exec.Cmd {
	cmd := exec.Command("git", "-C", dir, "log", "--all", "--full-history", "-m", "--raw", "--no-renames", "--no-abbrev", "-z",
		"--format=%x00%H %P", "--", ".github/workflows")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C", "HOME=" + os.DevNull}
	return cmd
}

// gitRows makes git's answer into lines like those of printHistory, but for the parent, which -m does not name: without it, and sorted.
func gitRows(out []byte) []string {
	var rows []string
	commit := ""
	fields := strings.Split(string(out), "\x00")
	for i := 0; i < len(fields); i++ {
		f := strings.TrimLeft(fields[i], "\n")
		switch {
		case strings.HasPrefix(f, ":"):
			rows = append(rows, commit+" "+f+" "+fields[i+1])
			i++
		case len(f) >= 40:
			commit = f[:40]
		}
	}
	slices.Sort(rows)
	return rows
}

// ownRows drops the parents.
func ownRows(out []byte) []string {
	var rows []string
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		rows = append(rows, f[0]+" "+f[2])
	}
	slices.Sort(rows)
	return rows
}

// run gives what a process wrote, how long it took, and the most RssAnon seen, in KiB.
func run(tb testing.TB, cmd *exec.Cmd) (out []byte, took time.Duration, anonymous int) {
	var buf, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buf, &said
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	peak := make(chan int)
	go func() {
		most := 0
		for {
			most = max(most, rssAnon(cmd.Process.Pid))
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	err := cmd.Wait()
	took = time.Since(begin)
	close(done)
	anonymous = <-peak
	if err != nil {
		tb.Fatalf("%s: %v: %s", cmd.Path, err, said.String())
	}
	return buf.Bytes(), took, anonymous
}

func rssAnon(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	_, rest, ok := strings.Cut(string(text), "RssAnon:")
	if err != nil || !ok {
		return 0 // the process has ended, or the system has no such figure
	}
	n, _ := strconv.Atoi(strings.Fields(rest)[0]) // zero is as good as any for what is only reported
	return n
}

func median[T int | float64 | time.Duration](v []T) T {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func BenchmarkRace(b *testing.B) {
	for _, dir := range filepath.SplitList(os.Getenv(repoVariable)) {
		b.Run(filepath.Base(filepath.Dir(dir)), func(b *testing.B) {
			var ratios, own, git []float64
			var ownMem, gitMem int
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childVariable+"="+dir)
				ours, a, mem := run(b, cmd)
				ownMem = max(ownMem, mem)
				theirs, g, mem := run(b, gitRaw(dir))
				gitMem = max(gitMem, mem)
				ratios, own, git = append(ratios, float64(a)/float64(g)), append(own, a.Seconds()), append(git, g.Seconds())
				if x, y := ownRows(ours), gitRows(theirs); !slices.Equal(x, y) {
					b.Fatalf("%d rows, git has %d", len(x), len(y))
				} else if len(ratios) == 1 {
					b.Logf("%d rows are equal", len(x))
				}
			}
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(median(own), "own-s")
			b.ReportMetric(median(git), "git-s")
			b.ReportMetric(float64(ownMem)/1024, "own-anon-MiB")
			b.ReportMetric(float64(gitMem)/1024, "git-anon-MiB")
		})
	}
}
