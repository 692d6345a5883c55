package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkEndToEnd races collect --only git and analyze, case file included, against git log over the clones that PENTIMENTO_REPO names (a list
// as in PATH, each a bare repository or a clone):
//
//	PENTIMENTO_REPO=/path/to/git.git go test -run '^$' -bench EndToEnd -benchtime 3x ./cmd/pentimento
//
// Each iteration makes a case, which is not timed, and then runs git log, collect, analyze, each in a process of its own. It reports medians:
// the seconds of each of the three, of processor time too, how many seconds longer than git the two commands took together, and that
// as a ratio; and the most memory of each, mapped packs apart where the system tells them apart. Every version of a workflow file that git
// shows must be in the case.
func BenchmarkEndToEnd(b *testing.B) {
	file, err := built()
	if err != nil {
		b.Fatal(err)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PENTIMENTO_REPO")) {
		b.Run(strings.ReplaceAll(filepath.Base(filepath.Dir(dir)), "+", "-"), func(b *testing.B) {
			var over, ratio []float64
			git, collect, analyze := racer{name: "git"}, racer{name: "collect"}, racer{name: "analyze"}
			for b.Loop() {
				b.StopTimer()
				home := b.TempDir()
				own := func(args ...string) *exec.Cmd {
					cmd := exec.Command(file, append([]string{"-q"}, args...)...)
					cmd.Dir, cmd.Env = home, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
					return cmd
				}
				quietly(b, own("init", "--campaign", "ghostaction"))
				quietly(b, own("add", "octo-org/octo-repo", "--mirror", dir))
				b.StartTimer()
				theirs := git.run(b, gitVersions(dir, home))
				collect.run(b, own("collect", "--api", "none", "--only", "git"))
				analyze.run(b, own("analyze"))
				b.StopTimer()
				both := collect.last() + analyze.last()
				over, ratio = append(over, both-git.last()), append(ratio, both/git.last())
				shown := gitFiles(theirs)
				held := sameVersions(b, shown, quietly(b, own("query", "--csv", "-")))
				if len(over) == 1 {
					b.Logf("all %d versions that git shows are among the %d of the case", len(shown), held)
				}
				b.StartTimer()
			}
			for _, r := range []*racer{&git, &collect, &analyze} {
				r.report(b)
			}
			b.ReportMetric(median(over), "over-s")
			b.ReportMetric(median(ratio), "ratio")
		})
	}
}

// versionsQuery lists the versions of workflow files that a case holds.
const versionsQuery = "SELECT DISTINCT blob || ' ' || path AS version FROM workflow_file WHERE mode LIKE '100%' ORDER BY version"

// gitVersions is what the race is against, with renames off: a rename is a new path of an old version.
func gitVersions(dir, home string) *exec.Cmd {
	cmd := exec.Command("git", "-C", dir, "log", "--all", "--full-history", "-m", "--raw", "--no-renames", "--no-abbrev", "-z", "--format=", "--", ".github/workflows")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C", "HOME=" + home}
	return cmd
}

// gitFiles lists the workflow files that git's rows name.
func gitFiles(out []byte) []string {
	var all []string
	fields := strings.Split(string(out), "\x00")
	for i, f := range fields {
		parts := strings.Fields(strings.TrimLeft(f, "\n:"))
		if !strings.HasPrefix(strings.TrimLeft(f, "\n"), ":") || len(parts) != 5 || i+1 == len(fields) {
			continue
		}
		name := fields[i+1]
		if ext := path.Ext(name); path.Dir(name) != ".github/workflows" || ext != ".yml" && ext != ".yaml" {
			continue
		}
		for side := range 2 {
			if strings.HasPrefix(parts[side], "100") {
				all = append(all, parts[2+side]+" "+name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sameVersions checks that the case holds whatever git shows, and counts what it holds: there may be more, of commits that no ref reaches.
func sameVersions(b *testing.B, theirs []string, csv []byte) int {
	b.Helper()
	own := map[string]bool{}
	for line := range strings.Lines(string(csv)) {
		own[strings.Trim(strings.TrimSpace(line), `"`)] = true
	}
	for _, v := range theirs {
		if !own[v] {
			b.Fatalf("version %s is not in the case, which has %d; git shows %d", v, len(own)-1, len(theirs))
		}
	}
	return len(own) - 1 // but for the head
}

// racer keeps what the runs of one program took.
type racer struct {
	name            string
	wall, processor []float64 // seconds
	anonymous, most int       // bytes
}

func (r *racer) last() float64 { return r.wall[len(r.wall)-1] }

func (r *racer) report(b *testing.B) {
	b.ReportMetric(median(r.wall), r.name+"-s")
	b.ReportMetric(median(r.processor), r.name+"-cpu-s")
	b.ReportMetric(float64(r.anonymous)/(1<<20), r.name+"-anon-MiB")
	b.ReportMetric(float64(r.most)/(1<<20), r.name+"-rss-MiB")
}

// run times a program and looks at its memory every few milliseconds.
func (r *racer) run(b *testing.B, cmd *exec.Cmd) []byte {
	b.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	peak := watch(cmd.Process.Pid, done)
	err := cmd.Wait()
	took := time.Since(begin)
	close(done)
	most := <-peak
	if err != nil {
		b.Fatalf("%s: %v: %s", r.name, err, said.String())
	}
	r.wall = append(r.wall, took.Seconds())
	r.processor = append(r.processor, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	r.anonymous, r.most = max(r.anonymous, most[0]), max(r.most, most[1])
	return out.Bytes()
}

// watch looks at a process's memory every few milliseconds until it has ended, and gives the most of each kind that it saw. What the system tells of
// a child when it has ended is no good for this: that begins with what its parent held when it was started, here the tests themselves.
func watch(pid int, ended <-chan struct{}) <-chan [2]int {
	peak := make(chan [2]int, 1)
	go func() {
		var most [2]int
		for {
			now := memory(pid)
			most = [2]int{max(most[0], now[0]), max(most[1], now[1])}
			select {
			case <-ended:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return peak
}

// memory is the anonymous and the whole resident memory of a process in bytes, of which the latter has the pages of mapped files; zeros
// where the process has ended or the system does not say (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
func memory(pid int) (sizes [2]int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return sizes
	}
	for i, field := range []string{"RssAnon:", "VmHWM:"} {
		if _, rest, ok := strings.Cut(string(text), field); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0]) // zero is as good as any for what is only reported
			sizes[i] = kib << 10
		}
	}
	return sizes
}

// quietly runs what is not timed. A query comes from the standard input; no other command reads it.
func quietly(b *testing.B, cmd *exec.Cmd) []byte {
	b.Helper()
	cmd.Stdin = strings.NewReader(versionsQuery)
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v", cmd, err)
	}
	return out
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
