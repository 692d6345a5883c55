package family

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/workflow"
)

// corpus reads the workflow files of a folder of the corpus.
func corpus(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(filepath.Join("..", "..", "testdata", "corpus", folder), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yml") && !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(out), err)
	}
	return out
}

// TestCorpus: the variants of one campaign are one family, and no harmless file of any style becomes a relative of a campaign.
func TestCorpus(t *testing.T) {
	g := NewGathering()
	positives, benign := corpus(t, "positive"), corpus(t, "benign")
	names := map[string]string{}
	for path, text := range positives {
		v := version(text, "", ".github/workflows/x.yml")
		v.Confidence = "high"
		leaks := func(job string, step int) bool { return true }
		v.Shape = Read([]byte(text), []string{".github/workflows/x.yml"}, workflow.Parse([]byte(text)), leaks, true)
		g.Add(v)
		names[string(v.Blob)] = filepath.Base(path)
	}
	for path, text := range benign {
		v := version(text, "", ".github/workflows/x.yml")
		v.Shape = Read([]byte(text), []string{".github/workflows/x.yml"}, workflow.Parse([]byte(text)), nil, true)
		g.Add(v)
		names[string(v.Blob)] = path
	}
	for _, k := range g.groups {
		for _, o := range g.groups {
			if score := k.shape.sketch.likeness(o.shape.sketch); k.found > 0 && o.found == 0 && score > NearEnough-0.1 {
				t.Errorf("%s and %s are alike by %.2f", names[string(k.shape.blob)], names[string(o.shape.blob)], score)
			}
		}
	}
	waves := 0
	for _, f := range g.Families() {
		var in []string
		for _, m := range f.Members {
			in = append(in, names[string(m.Blob)])
			if !m.Found {
				t.Errorf("a harmless file is a relative: %s, of %v: %s", names[string(m.Blob)], in[0], m.Reason)
			}
		}
		slices.Sort(in)
		if n := len(slices.DeleteFunc(slices.Clone(in), func(s string) bool { return !strings.HasPrefix(s, "ghostaction-2025-") })); n > 0 {
			waves++
			if n != len(in) {
				t.Logf("the waves of 2025 and others: %v", in)
			}
		}
	}
	if waves != 1 {
		t.Errorf("the variants of 2025 are %d families", waves)
	}
}
