package campaign

import (
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
	if len(packs) != 1 || packs[0].Name != "ghostaction" || len(packs[0].Waves) != 7 {
		t.Fatalf("built-in packs: %+v", packs)
	}
	p := packs[0]
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
	packs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2025-10-08T06:54:59Z": "", "2025-10-08T06:55:00Z": "2025-5", "2025-10-08T07:09:59Z": "2025-5", "2025-10-08T07:10:00Z": "",
		"2025-11-24T22:36:30Z": "2025-6", "2026-10-09T23:00:00Z": "2026-1",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(packs[0].WavesAt(when), ","); got != want {
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
