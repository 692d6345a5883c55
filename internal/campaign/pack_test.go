package campaign

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/workflow"
)

func TestBuiltin(t *testing.T) {
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range packs {
		names = append(names, p.Name)
	}
	want := "actions-cool ghostaction megalodon nx-s1ngularity prt-scan reviewdog-action-setup shai-hulud shai-hulud-2 tj-actions trivy-teampcp ultralytics"
	if strings.Join(names, " ") != want {
		t.Fatalf("built-in packs: %v", names)
	}
	p := builtin(t, "ghostaction")
	if len(p.Waves) != 7 {
		t.Errorf("waves: %+v", p.Waves)
	}
	for message, want := range map[string]string{
		"Add Github Actions Security workflow":                     "plant",
		"Update Github Actions Security workflow\n":                "rearm",
		"Trigger security scan":                                    "trigger",
		"Trigger security scan\n\n":                                "trigger",
		" \tTrigger security scan\r\n":                             "trigger",
		"Trigger security scan\n\nCo-authored-by: x <x@y.invalid>": "trigger",
		"Update Github Actions Security workflow\x00junk":          "rearm",
		"Trigger security scan of the week":                        "",
		"\x00Trigger security scan":                                "",
		"Revert \"Trigger security scan\"\n\nThis reverts commit.": "",
		"trigger security scan":                                    "",
	} {
		if got := p.MessageRole(message); got != want {
			t.Errorf("role of %q: %q, want %q", message, got, want)
		}
	}
}

func builtin(t *testing.T, name string) Pack {
	t.Helper()
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(packs, func(p Pack) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no pack %s", name)
	}
	return packs[i]
}

// What one pack holds to be harmless no other may call malicious, and a campaign's files are no other campaign's. A pack of the victims' own
// mistakes may find one in another campaign's positive: its rule says so by its confidence.
func TestBuiltinPacksDoNotHitEachOther(t *testing.T) {
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		judge := p
		judge.Indicators.Hosts = append(slices.Clone(p.Indicators.Hosts), ListedHost)
		for _, other := range packs {
			if other.Name == p.Name {
				continue
			}
			for _, s := range other.NearMisses {
				if got := hits(judge, s); len(got) > 0 {
					t.Errorf("%s hits %s's near-miss %q by %v", p.Name, other.Name, s.Name, got)
				}
			}
			for _, s := range other.Positives {
				for _, id := range hits(p, s) {
					rule := p.Rules[slices.IndexFunc(p.Rules, func(r Rule) bool { return r.ID == id })]
					if rule.Confidence == "high" {
						t.Errorf("%s hits %s's positive %q by %s", p.Name, other.Name, s.Name, id)
					}
				}
			}
		}
	}
}

// Of ordinary projects' files packs may find those that use an action whose tags were moved, and say so without confidence.
func TestBuiltinPacksAndOrdinaryFiles(t *testing.T) {
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../testdata/corpus/benign/*.yml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file := workflow.Parse(text)
		for _, p := range packs {
			for _, m := range p.Match([]string{".github/workflows/" + filepath.Base(name)}, file, text) {
				if m.Rule.Confidence != "low" {
					t.Errorf("%s/%s hits %s: %s", p.Name, m.Rule.ID, name, m.Reason)
				}
			}
		}
	}
}

// What the packs say of when is as it was published: ends, precision and a source for each, and claims that disagree stand apart.
func TestBuiltinWaves(t *testing.T) {
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if len(p.Waves) == 0 || strings.TrimSpace(p.Description) == "" {
			t.Errorf("%s: no waves or no description", p.Name)
		}
	}
	waves := builtin(t, "tj-actions").Waves
	if len(waves) != 3 || waves[0].Source == waves[1].Source || waves[1].Source == waves[2].Source {
		t.Errorf("the three published windows of tj-actions: %+v", waves)
	}
	nx := builtin(t, "nx-s1ngularity").Waves[0]
	if want := time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC); nx.Precision != Month || !nx.End().Equal(want) {
		t.Errorf("a wave known to the month ends %v, want %v", nx.End(), want)
	}
	for _, w := range append(builtin(t, "trivy-teampcp").Warnings, builtin(t, "megalodon").Warnings...) {
		if w.Before != "revoke" || !strings.Contains(w.Text, "does not say which two") {
			t.Errorf("the warning claims more than its source: %+v", w)
		}
	}
}

func TestKnows(t *testing.T) {
	sha, other := strings.Repeat("ab", 20), strings.Repeat("cd", 20)
	text := []byte("on: push\n")
	p := Pack{Indicators: Indicators{Uses: []string{"octo/act@v*", "Octo/Pin@" + sha, "many/*@main"}, Branches: []string{"add-[0-9]*"},
		Commits: []string{sha}, Authors: []string{"ci-bot", "*@drop.example.invalid"}, TagMoves: []TagMove{{"octo/act", "v*", sha}, {"octo/pin", "*", ""}},
		FileHashes: []string{"b6d0a9d2ac8ef0b8bbbc9a4cf1f0a3c0", blobOf(text)}}}
	for uses, want := range map[string]bool{"octo/act@v1": true, "OCTO/Act/sub/dir@v1.2": true, "octo/act@main": false, "octo/act@" + other: false,
		"octo/pin@" + sha: true, "octo/pin@v1": false, "many/x@main": true, "many/x@" + other: false, "octo/act": false, "./act@v1": false, "": false} {
		if p.KnowsUses(uses) != want {
			t.Errorf("uses %q: %v", uses, !want)
		}
	}
	for what, got := range map[string]bool{
		"branch": p.KnowsBranch("add-17"), "commit": p.KnowsCommit(sha), "author": p.KnowsAuthor("ci-bot", "x@example.invalid"),
		"address": p.KnowsAuthor("someone", "x@drop.example.invalid"), "tag move": p.KnowsTagMove("Octo/act", "v1", sha), "file": p.KnowsFile(text),
		"not a branch": !p.KnowsBranch("add-x"), "not a commit": !p.KnowsCommit(other), "not an author": !p.KnowsAuthor("ci", "ci@example.invalid"),
		"another tag": !p.KnowsTagMove("octo/act", "w1", sha), "another commit": !p.KnowsTagMove("octo/act", "v1", other),
		"no commit named": !p.KnowsTagMove("octo/pin", "v1", ""), "another file": !p.KnowsFile([]byte("on: pull\n")),
	} {
		if !got {
			t.Error(what)
		}
	}
}

// blobOf is what git hash-object says of a text.
func blobOf(text []byte) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text)))
}

func TestKnowsHost(t *testing.T) {
	p := Pack{Indicators: Indicators{Hosts: []string{"*.any.example.invalid", "one.example.invalid"}}}
	for host, want := range map[string]bool{"x.any.example.invalid": true, "any.example.invalid": false, "xany.example.invalid": false,
		"one.example.invalid": true, "www.one.example.invalid": false} {
		if p.KnowsHost(host) != want {
			t.Errorf("host %s: %v", host, !want)
		}
	}
}

func TestWavesIncludeTheirLastUnit(t *testing.T) {
	p := builtin(t, "ghostaction")
	for at, want := range map[string]string{
		"2025-10-08T06:54:59Z": "", "2025-10-08T06:55:00Z": "2025-5", "2025-10-08T07:09:59Z": "2025-5", "2025-10-08T07:10:00Z": "",
		"2025-11-24T22:36:30Z": "2025-6", "2026-10-09T23:00:00Z": "2026-1",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.WavesAt(when), ","); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

// small is a pack of the least that loads.
const small = `schema: pentimento/campaign/v1
name: small
title: Small
waves:
  - {id: one, from: 2025-01-01T00:00:00Z, to: 2025-01-02T00:00:00Z, precision: day, source: a test}
indicators:
  paths: [.github/workflows/x.yml]
  messages:
    - {text: Plant, role: plant}
  hosts: [drop.example.invalid]
rules:
  - id: host
    description: Talks to the host.
    severity: high
    confidence: high
    all:
      - indicator: host
positives:
  - name: yes
    path: .github/workflows/x.yml
    rules: [host]
    text: |
      on: push
      jobs: {a: {runs-on: x, steps: [{run: "curl https://listed-host.example.invalid"}]}}
near_misses:
  - name: no
    path: .github/workflows/x.yml
    text: |
      on: push
      jobs: {a: {runs-on: x, steps: [{run: "curl https://example.invalid"}]}}
`

func TestLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(name, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := Load(name); err != nil || p.Name != "small" {
		t.Fatal(p.Name, err)
	}
	if err := os.WriteFile(name, []byte(strings.Repeat("#", MaxPack+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Fatal(err)
	}
	if _, err := Load(name + ".none"); err == nil {
		t.Fatal("loaded what is not there")
	}
}

func TestMatchTellsLines(t *testing.T) {
	p, err := Parse("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          true\n          curl https://drop.example.invalid/x\n")
	m := p.Match([]string{".github/workflows/y.yml"}, workflow.Parse(text), text)
	if len(m) != 1 || m[0].Rule.ID != "host" || !slices.Equal(m[0].Lines, []int{8}) || m[0].Reason != "listed host" {
		t.Fatalf("%+v", m)
	}
}
