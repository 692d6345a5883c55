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

func TestPackMistakes(t *testing.T) {
	if _, err := Parse("small.yaml", []byte(small)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown field":       {"title: Small", "titel: Small", "small.yaml:3: field titel not found in Pack"},
		"not YAML":            {"title: Small", "title: [", "small.yaml:4: did not find expected node content"},
		"schema":              {"campaign/v1", "campaign/v9", `small.yaml:1:9: schema is "pentimento/campaign/v9"`},
		"name":                {"name: small", "name: Small!", `small.yaml:2:7: name "Small!"`},
		"precision":           {"precision: day", "precision: week", `small.yaml:5:80: precision "week"`},
		"wave backwards":      {"to: 2025-01-02", "to: 2024-01-02", "small.yaml:5:47: the wave ends before it begins"},
		"wave without source": {", source: a test", "", "small.yaml:5:5: a wave says its source"},
		"zone":                {"from: 2025-01-01T00:00:00Z", "from: 2025-01-01T00:00:00+02:00", "small.yaml:5:21: times of a wave are in UTC"},
		"path":                {"[.github/workflows/x.yml]", "[x.yml]", `small.yaml:7:11: path "x.yml"`},
		"message role":        {"role: plant", "role: planted", `small.yaml:9:27: role "planted"`},
		"host with scheme":    {"[drop.", "[https://drop.", `small.yaml:10:11: host "https://drop.`},
		"severity":            {"severity: high", "severity: huge", `small.yaml:14:15: severity "huge"`},
		"confidence":          {"confidence: high", "confidence: sure", `small.yaml:15:17: confidence "sure"`},
		"kinds together":      {"indicator: host", "indicators: [host, hots]", `small.yaml:17:28: indicator "hots"`},
		"everyday":            {"indicators:\n", "indicators:\n  everyday: [x]\n", `everyday "x" is none of`},
		"indicator kind":      {"indicator: host", "indicator: hosts", `small.yaml:17:20: indicator "hosts"`},
		"two in a condition":  {"- indicator: host", "- {indicator: host, text: x}", "small.yaml:17:9: a condition has exactly one field, this one has 2"},
		"flow":                {"indicator: host", "secret_to_network: {to: nowhere}", "small.yaml:17:9: a flow goes to one of bare"},
		"no conditions":       {"    all:\n      - indicator: host\n", "", `small.yaml:12:5: rule "host" has no conditions`},
		"positive is missed":  {"curl https://listed-host.", "curl https://", `small.yaml:21:13: positive "yes" is not hit by rule "host"`},
		"near-miss is hit":    {"curl https://example.invalid", "curl https://drop.example.invalid", `small.yaml:26:5: near-miss "no" is hit by rule "host"`},
		"rule uncovered":      {"rules: [host]\n", "\n", `small.yaml:12:9: no positive names rule "host"`},
		"no near-miss":        {small[strings.Index(small, "near_misses"):], "", "small.yaml:1:1: a pack has at least one near-miss"},
		"alias":               {"title: Small", "title: &a Small\ndescription: *a", "small.yaml:4:14: packs have no YAML aliases"},
		"second document":     {"  - name: no\n", "---\n", "small.yaml"},
		"wrong type":          {"paths: [", "paths: {a: [", "small.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(small, c.old, c.new, 1)
			if text == small {
				t.Fatal("the change changes nothing")
			}
			_, err := Parse("small.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

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

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("schema: x\nrules: [{id: a, all: [{text: b}]}]\npositives: [{rules: [a]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("fuzz.yaml", text)
		if err == nil && (p.Name == "" || len(p.Rules) == 0 || len(p.NearMisses) == 0) {
			t.Errorf("an unusable pack was loaded: %+v", p)
		}
	})
}
