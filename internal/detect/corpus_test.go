package detect

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"

	"pentimento/internal/campaign"
)

// corpus is the folder of workflow files by which rules are measured: positive (the campaigns' own shapes), evasion (files that hide what they
// take; the first line of each is its truth) and benign (what ordinary projects write). All are invented.
const corpus = "../../testdata/corpus"

// sample is one file of the corpus. Path is where it is judged to stand.
type sample struct {
	name, path string
	text       []byte
}

func samples(tb testing.TB, set string) []sample {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(corpus, set, "*.yml"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no files in %s: %v", set, err)
	}
	var out []sample
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		base := filepath.Base(name)
		s := sample{name: path.Join(set, strings.TrimSuffix(base, ".yml")), path: ".github/workflows/" + base, text: text}
		for line := range strings.Lines(string(text)) {
			if p, ok := strings.CutPrefix(line, "# path: "); ok {
				s.path = strings.TrimSpace(p)
			} else if !strings.HasPrefix(line, "#") {
				break
			}
		}
		out = append(out, s)
	}
	return out
}

// corpusPacks are the built-in packs, with the host by which the corpus stands for any that a pack lists.
func corpusPacks(tb testing.TB) []campaign.Pack {
	tb.Helper()
	packs, err := campaign.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	for i := range packs {
		packs[i].Indicators.Hosts = append(packs[i].Indicators.Hosts, "listed-host.example.invalid", "*.listed-host.example.invalid")
	}
	return packs
}

// news is what holds of a file that comes into a repository with other workflows, through the API with a stolen token.
func news(c campaign.Circumstance) bool {
	return slices.Contains([]campaign.Circumstance{campaign.NewFile, campaign.NewHost, campaign.NewSecret, campaign.NewTrigger, campaign.Established,
		campaign.NoNewline, campaign.OnlyWorkflows}, c)
}

// judged gives the hits on a file whatever its repository, and those besides where it is news.
func judged(x *Examiner, s sample) (hitsAlone, hitsAsNews []Hit) {
	f, _, _ := x.Examine(Version{Paths: []string{s.path}, Text: s.text})
	for _, c := range f.Conditional {
		if _, ok := c.Context.Holds(news); ok {
			hitsAsNews = append(hitsAsNews, c.Hit)
		}
	}
	return f.Hits, hitsAsNews
}

// misses are the positives and evasions that no rule hits, each with its reason, as misses.txt of the corpus tells them.
func misses(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, "misses.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") || lines.Text() == "" {
			continue
		}
		name, reason, ok := strings.Cut(lines.Text(), ": ")
		if !ok || out[name] != "" {
			t.Errorf("misses.txt: %q is no new name with a reason", lines.Text())
		}
		out[name] = reason
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCorpusIsFound: every positive and every evasion is hit, but for those that misses.txt explains.
func TestCorpusIsFound(t *testing.T) {
	known := misses(t)
	x := NewExaminer(corpusPacks(t))
	for _, set := range []string{"positive", "evasion"} {
		all := samples(t, set)
		var alone, asNews int
		for _, s := range all {
			sure, more := judged(x, s)
			hit := len(sure)+len(more) > 0
			switch {
			case len(sure) > 0:
				alone++
			case hit:
				asNews++
			}
			if reason := known[s.name]; hit == (reason != "") {
				t.Errorf("%s: hit %v, misses.txt says %q", s.name, hit, reason)
			}
			delete(known, s.name)
		}
		// The aim, in hundredths of the files: all positives and nine evasions of ten, a third of either whatever the repository.
		if aim := map[string]int{"positive": 100, "evasion": 90}[set]; 100*(alone+asNews) < aim*len(all) || 100*alone < 33*len(all) {
			t.Errorf("%s: %d of %d hit alone, %d more where they are news; %d in a hundred are wanted", set, alone, len(all), asNews, aim)
		}
		t.Logf("%s: %d files, %d hit alone, %d more where they are news", set, len(all), alone, asNews)
	}
	for name := range known {
		t.Errorf("misses.txt names %s, which is no file of the corpus", name)
	}
}

// TestCorpusBenign: no rule hits a benign file with high confidence, not even where the file is news.
func TestCorpusBenign(t *testing.T) {
	x := NewExaminer(corpusPacks(t))
	count := map[string]int{}
	all := samples(t, "benign")
	for _, s := range all {
		sure, more := judged(x, s)
		for _, h := range append(sure, more...) {
			count[h.Confidence]++
			if h.Confidence == "high" {
				t.Errorf("%s: %s at %v: %s", s.name, h.Rule, h.Lines, h.Reason)
			}
		}
	}
	t.Logf("%d files: hits by confidence %v", len(all), count)
}

// TestEvasionsTellTheirTruth: the first line says by which way what leaves to where.
func TestEvasionsTellTheirTruth(t *testing.T) {
	ways := []string{"network", "log", "artifact", "cache", "comment", "repository", "registry", "call"}
	for _, s := range samples(t, "evasion") {
		line, _, _ := strings.Cut(string(s.text), "\n")
		truth, ok := strings.CutPrefix(line, "# leaves: ")
		words := strings.Fields(truth)
		if !ok || len(words) != 4 || words[2] != "to" || !slices.Contains(ways, words[0]) {
			t.Errorf("%s begins with %q", s.name, line)
		}
	}
}

// BenchmarkCorpus judges every file of the corpus on one processor; its twin only parses them, with actionlint.
func BenchmarkCorpus(b *testing.B) {
	var all []sample
	for _, set := range []string{"positive", "evasion", "benign"} {
		all = append(all, samples(b, set)...)
	}
	b.Run("judged", func(b *testing.B) {
		x := NewExaminer(corpusPacks(b))
		for b.Loop() {
			for _, s := range all {
				x.Examine(Version{Paths: []string{s.path}, Text: s.text})
			}
		}
		b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "files/s")
	})
	b.Run("parsed", func(b *testing.B) {
		for b.Loop() {
			for _, s := range all {
				actionlint.Parse(s.text)
			}
		}
		b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "files/s")
	})
}
