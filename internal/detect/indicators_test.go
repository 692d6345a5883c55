package detect

import (
	"fmt"
	"strings"
	"testing"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

// TestIndicated: a ref speaks for the commits that it held, by the pack of their campaign.
func TestIndicated(t *testing.T) {
	moved := evidence.OID(strings.Repeat("a", 40))
	packs := []campaign.Pack{{Name: "p", Indicators: campaign.Indicators{Branches: []string{"add-linter-*"},
		TagMoves: []campaign.TagMove{{Repository: "owner/action", Tags: "v*", To: string(moved)}}}}, {Name: "q"}}
	updates := []evidence.RefUpdate{{Ref: "refs/heads/add-linter-1", After: "b1"}, {Ref: "refs/heads/main", After: "b2"}, {Ref: "refs/heads/add-linter-2", After: "b3"}}
	refs := []evidence.ListedRef{{Ref: "refs/tags/v1", OID: moved}, {Ref: "refs/tags/v1", OID: "b2"}}
	commits := []Commit{{OID: "b1", Campaign: "p"}, {OID: "b2", Campaign: "p"}, {OID: "b3", Campaign: "q"}, {OID: moved}}
	for repo, want := range map[evidence.Repository]string{
		"Owner/Action": "b1[branch-indicator] b2[] b3[] aaa[tag-move-indicator]", "owner/fork": "b1[branch-indicator] b2[] b3[] aaa[]"} {
		var got []string
		for _, c := range Indicated(append([]Commit(nil), commits...), repo, updates, refs, packs) {
			got = append(got, fmt.Sprintf("%.3s%v", string(c.OID), c.Signals))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, want %s", repo, strings.Join(got, " "), want)
		}
	}
}

// TestBound: a version is bound to waves only where every rule that hits it says so, and what uses the action is what leaks.
func TestBound(t *testing.T) {
	once, always := Hit{Rule: "p/moved", OnlyInWaves: true}, Hit{Rule: "heuristic/x"}
	for want, hits := range map[string][]Hit{"[]": {once, always}, "[p]": {once, once}, "[p q]": {{Rule: "q/moved", OnlyInWaves: true}, once}} {
		if got := fmt.Sprint(Finding{Hits: hits}.Bound()); got != want {
			t.Errorf("%v: got %s, want %s", hits, got, want)
		}
	}
	packs, err := campaign.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	text := "on: push\njobs:\n  changes:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n        env: {A: '${{ secrets.A }}'}\n      - uses: tj-actions/changed-files@"
	for ref, want := range map[string]string{"v45": "[tj-actions] [{changes changes Run tj-actions/changed-files@v45 1 [A] false false [8] }]",
		"0e58ed8671d6b60d0890c21b07f8835ace038e67": "[]", strings.Repeat("2", 40): "none"} {
		found := Versions([]Version{{Blob: "b", Paths: []string{".github/workflows/ci.yml"}, Text: []byte(text + ref + "\n")}}, packs)
		got := "none"
		if len(found) == 1 {
			got = fmt.Sprint(found[0].Bound(), " ", found[0].Leaks)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", ref, got, want)
		}
	}
}
