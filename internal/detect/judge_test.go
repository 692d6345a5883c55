package detect

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// TestExaminedAlike: whatever is done to the samples of the packs, an examiner says of them what it says when every file is read in full.
func TestExaminedAlike(t *testing.T) {
	packs, err := campaign.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	broad := campaign.Pack{Name: "any", Rules: []campaign.Rule{{ID: "reads", Severity: "low", Confidence: "low",
		All: []campaign.Condition{{ReadsSecrets: true}, {Event: "schedule"}}}}}
	r := rand.New(rand.NewPCG(3, 5))
	put := []string{"${{ secrets.GITHUB_TOKEN }}", "${{ github.token }}", "# secrets.X\n", "on: schedule\n", "        if: ${{ secrets.A }}\n", "\n", "\"", "&a ", "*a "}
	hits, quick := 0, 0
	for _, p := range packs {
		for _, sample := range p.Positives {
			for round := range 60 {
				text := sample.Text
				for range round % 4 {
					at := r.IntN(len(text) + 1)
					switch r.IntN(4) {
					case 0:
						text = text[:at] + put[r.IntN(len(put))] + text[at:]
					case 1:
						text = text[:at] + text[min(len(text), at+r.IntN(30)):]
					case 2:
						text = text[:at] + strings.Replace(text[at:], "secrets.", "secrets.GITHUB_TOKEN || github.", 1)
					case 3:
						text = text[:at] + strings.Replace(text[at:], "push", "schedule", 1)
					}
				}
				v := Version{Blob: evidence.OID(strings.Repeat("a", 40)), Paths: []string{sample.Path}, Text: []byte(text)}
				for _, by := range [][]campaign.Pack{packs, {broad}} {
					x := NewExaminer(by)
					got, rest, hit := x.Examine(v)
					full := workflow.Parse(v.Text)
					want, _ := x.judge(v, full)
					wantHit := len(want.Hits) > 0
					if hit != wantHit || !reflect.DeepEqual(got, want) {
						t.Fatalf("%s\ngot  %v %+v\nwant %v %+v", text, hit, got, wantHit, want)
					}
					if !hit && !reflect.DeepEqual(rest, unhit(full, v.Text)) {
						t.Fatalf("%s\ngot %+v, want %+v", text, rest, unhit(full, v.Text))
					}
					if hit {
						hits++
					}
				}
				if _, all := new(workflow.Parser).Judge(v.Text); !all {
					quick++
				}
			}
		}
	}
	if hits < 100 || quick < 100 {
		t.Errorf("%d hits, %d files not read in full: the samples show little", hits, quick)
	}
}
