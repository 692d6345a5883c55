package gitremote

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

const lostCommits = 1000

// erased makes a repository of 300 commits on main and a thousand that were pushed over, each with a workflow of its own, some in short
// chains. No ref reaches them.
func erased(tb testing.TB, s *gitServer) (repo, []evidence.OID) {
	tb.Helper()
	r := s.create(tb, demo)
	var b strings.Builder
	commit := func(mark int, ref string, from int, path, text string) {
		message := fmt.Sprintf("commit %d", mark)
		fmt.Fprintf(&b, "commit %s\nmark :%d\ncommitter Ada <ada@example.invalid> %d +0200\ndata %d\n%s\n", ref, mark, 1_700_000_000+mark, len(message), message)
		if from > 0 {
			fmt.Fprintf(&b, "from :%d\n", from)
		}
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
	}
	const main = 300
	for i := 1; i <= main; i++ {
		commit(i, "refs/heads/main", i-1, fmt.Sprintf("src/file%d.txt", i%40), strings.Repeat(fmt.Sprintln("line", i), 40))
	}
	for i := 1; i <= lostCommits; i++ {
		from := i%main + 1
		if i%3 == 0 { // on top of the one before
			from = main + i - 1
		}
		commit(main+i, fmt.Sprintf("refs/lost/%d", i), from, ".github/workflows/scan.yml", fmt.Sprintf("on: push\nname: scan %d\n", i))
	}
	marks := filepath.Join(tb.TempDir(), "marks")
	r.gitInput(b.String(), "fast-import", "--quiet", "--export-marks="+marks)
	text, err := os.ReadFile(marks)
	if err != nil {
		tb.Fatal(err)
	}
	var lost []evidence.OID
	var deletes strings.Builder
	for _, line := range strings.Fields(string(text)) {
		if len(line) == 40 {
			lost = append(lost, evidence.OID(line))
		}
	}
	for i := 1; i <= lostCommits; i++ {
		fmt.Fprintf(&deletes, "delete refs/lost/%d\n", i)
	}
	r.gitInput(deletes.String(), "update-ref", "--stdin")
	reachable := strings.Fields(r.git("rev-list", "--all"))
	slices.Sort(reachable)
	lost = slices.DeleteFunc(lost, func(o evidence.OID) bool { _, ok := slices.BinarySearch(reachable, string(o)); return ok })
	if len(lost) != lostCommits {
		tb.Fatalf("%d commits are lost", len(lost))
	}
	return r, lost
}

// gone are object names that nobody ever had.
func gone(n int) []evidence.OID {
	out := make([]evidence.OID, n)
	for i := range out {
		out[i] = evidence.OID(fmt.Sprintf("%040x", 0xdead0000+i))
	}
	return out
}

func wanted(lists ...[]evidence.OID) []Want {
	var out []Want
	for _, o := range slices.Concat(lists...) {
		out = append(out, Want{OID: o, NamedBy: []string{"upd-" + string(o[:8])}})
	}
	return out
}

// BenchmarkRecover races the recovery of a thousand lost commits, facts and workflow texts included, with one "git fetch" of the same
// SHAs; x/git is how many times git's time it takes. With missing ones among them git is asked for the others alone: it would fail.
func BenchmarkRecover(b *testing.B) {
	for _, missing := range []int{0, 50} {
		b.Run(fmt.Sprintf("missing=%d", missing), func(b *testing.B) {
			s := serveGit(b, asGitHub)
			_, lost := erased(b, s)
			wants := wanted(lost[missing:], gone(missing))
			var ours, git time.Duration
			for b.Loop() {
				b.StopTimer()
				c := collector(b, s)
				collect(b, c, demo)
				clone := cloned(b, s)
				f := newFacts()
				posts := len(s.requests())
				b.StartTimer()

				began := time.Now()
				left, err := c.Recover(context.Background(), demo, wants, f.add)
				ours += time.Since(began)

				b.StopTimer()
				if err != nil || len(left) != missing || len(f.commits) < lostCommits-missing {
					b.Fatalf("%d missing, %d commits, %v, gaps %v", len(left), len(f.commits), err, f.gaps)
				}
				b.ReportMetric(float64(len(s.requests())-posts), "requests")
				args := []string{"fetch", "-q", "--no-tags", s.url.String() + "/" + string(demo) + ".git"}
				for _, o := range lost[missing:] {
					args = append(args, string(o))
				}
				began = time.Now()
				clone.git(args...)
				git += time.Since(began)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(git), "x/git")
			b.ReportMetric(float64(git.Milliseconds())/float64(b.N), "git-ms")
		})
	}
}

// cloned is a bare clone by git of what the refs reach.
func cloned(tb testing.TB, s *gitServer) repo {
	tb.Helper()
	r := repo{t: tb, dir: tb.TempDir()}
	cmd := exec.Command("git", "clone", "-q", "--bare", s.url.String()+"/"+string(demo)+".git", r.dir)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+r.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("git clone: %v: %s", err, out)
	}
	return r
}
