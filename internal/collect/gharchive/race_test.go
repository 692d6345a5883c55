//go:build unix

package gharchive

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"pentimento/internal/evidence"
)

// A busy hour: 160,000 lines and some 500 MB, 56 % pushes; gzip -6 brings it to a sixth.
const (
	raceLines = 160_000
	raceRepos = 130_000
	raceRound = 3
)

// BenchmarkRace runs our reading of one hour against
//
//	zcat hour | grep PushEvent | grep -F -f names
//
// in turns in the same run, and compares who found what. ours/grep is the ratio of the times by the wall: 1 is as fast as the pipeline, which
// decodes nothing, while ours includes digest, decoding and facts of the hits. cpu/grep is the ratio of the processor times, which a busy
// machine disturbs less. The page cache is warm for both; each has all cores.
func BenchmarkRace(b *testing.B) {
	for _, era := range []string{"old", "new"} {
		dir := b.TempDir()
		hour := filepath.Join(dir, "2025-04-02-3.json.gz")
		makeHour(b, hour, era)
		for _, n := range []int{1_000, 25_000} {
			names := filepath.Join(dir, "names")
			targets := raceNames(b, names, n)
			b.Run(fmt.Sprintf("%s/%d", era, n), func(b *testing.B) {
				for b.Loop() {
					race(b, hour, names, targets)
				}
			})
		}
	}
}

func race(b *testing.B, hour, names string, targets []Target) {
	var ours, theirs, ourCPU, theirCPU []time.Duration
	var peak uint64
	for range raceRound {
		began, used := time.Now(), processorTime(b)
		mine := scanHour(b, hour, targets, &peak)
		ours, ourCPU = append(ours, time.Since(began)), append(ourCPU, processorTime(b)-used)
		began = time.Now()
		grep, used := grepHour(b, hour, names)
		theirs, theirCPU = append(theirs, time.Since(began)), append(theirCPU, used)
		slices.Sort(mine)
		slices.Sort(grep)
		if !slices.Equal(mine, grep) {
			b.Fatalf("we found %d pushes, grep %d", len(mine), len(grep))
		}
		b.ReportMetric(float64(len(mine)), "hits")
	}
	median := func(all []time.Duration) float64 { return slices.Sorted(slices.Values(all))[len(all)/2].Seconds() }
	b.ReportMetric(median(ours), "ours-s")
	b.ReportMetric(median(theirs), "grep-s")
	b.ReportMetric(median(ours)/median(theirs), "ours/grep")
	b.ReportMetric(median(ourCPU)/median(theirCPU), "cpu/grep")
	b.ReportMetric(float64(peak)/(1<<20), "heap-MB")
}

// processorTime is what this process has used of all cores.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// scanHour gives the ids of the pushes, and the largest heap seen.
func scanHour(b *testing.B, hour string, targets []Target, peak *uint64) []string {
	var ids []string
	cfg := Config{Repositories: targets, Now: func() time.Time { return now }}
	err := Collect(context.Background(), cfg, []string{hour}, func(h evidence.ArchiveHour, told []evidence.Observation) error {
		if h.State != evidence.HourPresent || h.Events != raceLines || h.Bad != 0 {
			return fmt.Errorf("hour %+v", h)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		*peak = max(*peak, m.HeapInuse)
		for _, o := range told {
			for _, u := range o.Updates {
				if u.Kind == evidence.Push {
					ids = append(ids, u.ExternalID)
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return ids
}

func grepHour(b *testing.B, hour, names string) ([]string, time.Duration) {
	cmd := exec.Command("sh", "-c", `zcat "$1" | grep PushEvent | grep -F -f "$2"`, "sh", hour, names)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // grep's fastest
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var ids []string
	for line := range bytes.Lines(out) {
		id, _, _ := strings.Cut(string(line[len(`{"id":"`):]), `"`)
		ids = append(ids, id)
	}
	return ids, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func repoName(i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	return pick(r, 1, "-") + fmt.Sprint(i%9973) + "/" + pick(r, 1+r.IntN(2), "-") + fmt.Sprint(i)
}

// raceNames writes the pattern file, quoted so that grep finds whole names, and gives the same names as targets.
func raceNames(b *testing.B, path string, n int) []Target {
	var text strings.Builder
	var targets []Target
	for i := range n {
		name := repoName(i * raceRepos / n)
		fmt.Fprintf(&text, "%q\n", name)
		targets = append(targets, Target{Repository: evidence.Repository(name)})
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return targets
}

var raceWords = strings.Fields(`add fix update remove the a in for of to and test tests docs readme build deps bump version release merge branch main
	from pull request feature refactor cleanup typo lint config workflow ci action cache parser reader writer server client handler route model view
	schema migration table index query cursor token login session user admin role policy error panic leak race deadlock timeout retry backoff limit
	queue worker thread pool buffer stream socket packet header body json yaml toml xml html css font color theme layout grid button modal form field`)

func pick(r *rand.Rand, n int, sep string) string {
	words := make([]string, n)
	for i := range words {
		words[i] = raceWords[r.IntN(len(raceWords))]
	}
	return strings.Join(words, sep)
}

// makeHour writes an invented hour of the mix above, its pushes in the format of either era.
func makeHour(b *testing.B, path, era string) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, 6)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(z, chunk)
	r := rand.New(rand.NewPCG(1, 2))
	names := make([]string, raceRepos)
	for i := range names {
		names[i] = repoName(i)
	}
	for i := range raceLines {
		writeEvent(w, r, i, era, names)
	}
	for _, err := range []error{w.Flush(), z.Close(), f.Close()} {
		if err != nil {
			b.Fatal(err)
		}
	}
}

func writeEvent(w io.Writer, r *rand.Rand, i int, era string, names []string) {
	at := r.IntN(len(names))
	name, login := names[at], pick(r, 1, "")+fmt.Sprint(r.IntN(50_000))
	typ, payload := "PushEvent", ""
	switch p := r.IntN(100); {
	case p < 56:
		payload = racePush(r, era, name)
	case p < 68:
		typ, payload = "CreateEvent", fmt.Sprintf(`{"ref":%q,"ref_type":"branch","master_branch":"main","description":%q,"pusher_type":"user"}`, pick(r, 2, "-"), pick(r, 8, " "))
	case p < 78:
		typ, payload = "WatchEvent", `{"action":"started"}`
	case p < 88:
		typ, payload = "PullRequestEvent", fmt.Sprintf(`{"action":"opened","number":%d,"pull_request":{"title":%q,"body":%q,"head":{"sha":"%s","repo":%s},"base":{"sha":"%s","repo":%s}}}`,
			r.IntN(9000), pick(r, 7, " "), pick(r, 150, " "), raceSHA(r), raceRepo(r, name), raceSHA(r), raceRepo(r, name))
	case p < 96:
		typ, payload = "IssueCommentEvent", fmt.Sprintf(`{"action":"created","issue":{"title":%q,"body":%q},"comment":{"body":%q},"repo":%s}`,
			pick(r, 6, " "), pick(r, 200, " "), pick(r, 120, " "), raceRepo(r, name))
	default:
		typ, payload = "DeleteEvent", fmt.Sprintf(`{"ref":%q,"ref_type":"branch","pusher_type":"user"}`, pick(r, 2, "-"))
	}
	fmt.Fprintf(w, `{"id":"%d","type":%q,"actor":{"id":%d,"login":%q,"display_login":%[4]q,"gravatar_id":"","url":"https://api.example.invalid/users/%[4]s","avatar_url":"https://avatars.example.invalid/u/%[3]d?"},`+
		`"repo":{"id":%[5]d,"name":%[6]q,"url":"https://api.example.invalid/repos/%[6]s"},"payload":%[7]s,"public":true,"created_at":"2025-04-02T03:%02[8]d:%02[9]dZ"}`+"\n",
		48_000_000_000+i, typ, r.IntN(1e8), login, at+1, name, payload, i*60/raceLines, r.IntN(60))
}

func raceSHA(r *rand.Rand) string {
	return fmt.Sprintf("%016x%016x%08x", r.Uint64(), r.Uint64(), r.Uint32())
}

func racePush(r *rand.Rand, era, name string) string {
	ref, head, before := "refs/heads/"+pick(r, 1, ""), raceSHA(r), raceSHA(r)
	if era == "new" {
		return fmt.Sprintf(`{"repository_id":%d,"push_id":%d,"ref":%q,"head":%q,"before":%q}`, r.IntN(1e9), r.Uint64()>>28, ref, head, before)
	}
	n := min(1+int(r.ExpFloat64()*2), 20)
	commits := make([]string, n)
	for i := range commits {
		sha := raceSHA(r)
		commits[i] = fmt.Sprintf(`{"sha":%q,"author":{"email":"%s@example.invalid","name":%q},"message":%q,"distinct":true,"url":"https://api.example.invalid/repos/%s/commits/%[1]s"}`,
			sha, raceSHA(r), pick(r, 2, " "), pick(r, 3+r.IntN(40), " "), name)
	}
	return fmt.Sprintf(`{"repository_id":%d,"push_id":%d,"size":%d,"distinct_size":%[3]d,"ref":%[4]q,"head":%[5]q,"before":%[6]q,"commits":[%[7]s]}`,
		r.IntN(1e9), r.Uint64()>>28, n, ref, head, before, strings.Join(commits, ","))
}

// raceRepo is a repository as pull requests embed it, with its some 40 addresses.
func raceRepo(r *rand.Rand, name string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `{"id":%d,"full_name":"%s","description":%q`, r.IntN(1e9), name, pick(r, 9, " "))
	for _, w := range raceWords[:44] {
		fmt.Fprintf(&s, `,"%s_url":"https://api.example.invalid/repos/%s/%s{/number}"`, w, name, w)
	}
	s.WriteByte('}')
	return s.String()
}
