package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/tokens"
)

// Tokens of the shapes that providers document, put together here: none stands in this file.
var (
	githubToken = "gh" + "p_" + strings.Repeat("Aa1", 12)
	npmToken    = "np" + "m_" + strings.Repeat("Bb2", 12)
	crateToken  = "ci" + "o" + strings.Repeat("Cc3d", 8)
	// A vector of pymacaroons: for two projects, by name and by id.
	pypiToken = "py" + "pi-" + "AgEIcHlwaS5vcmcCJGIzYjBkMmI0LTBkNTQtNGY1Zi05YThhLTNmMWI2YzlkMmU3NwACFVsxLFsic2FtcGxlcHJvamVjdCJdXQACLFsyLFsiOGE5YjBjMWQtMmUzZi00YTViLThjN2QtNmU1ZjRhM2Iy" +
		"YzFkIl1dAAAGIPqvUENbR1hestAHnTsqbwyAnp_nWGSUR8U1lEfdlyCY"
	awsKey     = "AK" + "IA" + "IOSFODNN7EXAMPLE"
	unknownOne = strings.Repeat("zZ9-", 8)
	allTokens  = []string{githubToken, npmToken, crateToken, pypiToken, unknownOne}
)

type identifyDoc struct {
	Schema string
	Tokens []struct {
		Line                                                                             int
		Provider, Kind, ID, Credential, Account, Registry, SHA256, Last_four, Last_eight *string
		Hashed_token, Hashed_token_url, Hashed_token_line_break                          *string
		Others, Remarks                                                                  []string
		Grant                                                                            *struct {
			All_projects          bool
			Projects, Project_ids []string
			Caveats               []string
		}
		Known []struct{ Credential, Told_by string }
	}
}

// identified runs the command away from any case.
func identifiedOf(t *testing.T, in string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(in), stdout: &out, stderr: &errs, env: func(string) string { return "" }, clock: time.Now}
	code = p.run(t.Context(), append([]string{"identify"}, args...))
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("identify left %v, %v", left, err)
	}
	return out.String(), errs.String(), code
}

// secretless wants no token in a text, in any encoding that a program may print by mistake.
func secretless(t *testing.T, text string) {
	t.Helper()
	for _, token := range allTokens {
		for _, form := range []string{token, base64.StdEncoding.EncodeToString([]byte(token)), hex.EncodeToString([]byte(token)), url.QueryEscape(token), token[len(token)-20:]} {
			if strings.Contains(text, form) {
				t.Errorf("a token of %d characters is printed", len(token))
			}
		}
	}
}

func TestIdentifySaysWhatATokenSays(t *testing.T) {
	in := strings.Join(append(append([]string{}, allTokens...), awsKey), "\n")
	out, errs, code := identifiedOf(t, in, "--json")
	doc := decode[identifyDoc](t, []byte(out))
	if code != exitDone || errs != "" || doc.Schema != "pentimento/identify/v1" || len(doc.Tokens) != 6 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	secretless(t, out)
	sum, line := sha256.Sum256([]byte(githubToken)), sha256.Sum256([]byte(githubToken+"\n"))
	hashed := base64.StdEncoding.EncodeToString(sum[:])
	for i, want := range []struct{ provider, credential string }{{"github", "github:sha256:" + hex.EncodeToString(sum[:])}, {"npm", "npm:np" + "m_Bb2B...2Bb2"},
		{"crates", "crates:sha256:" + text(doc.Tokens[2].SHA256)}, {"pypi", "pypi:b3b0d2b4-0d54-4f5f-9a8a-3f1b6c9d2e77"}, {"", ""}, {"aws", "aws:" + awsKey}} {
		if got := doc.Tokens[i]; text(got.Provider) != want.provider || text(got.Credential) != want.credential || got.Line != i+1 || got.Known != nil {
			t.Errorf("%d: %s %s of line %d, known %v; want %+v", i, text(got.Provider), text(got.Credential), got.Line, got.Known, want)
		}
	}
	first := doc.Tokens[0]
	if text(first.Hashed_token) != hashed || text(first.Hashed_token_url) != url.QueryEscape(hashed) || text(first.Hashed_token_line_break) != base64.StdEncoding.EncodeToString(line[:]) ||
		text(first.Last_eight) != githubToken[len(githubToken)-8:] {
		t.Errorf("digests: %+v", first)
	}
	if tokens.NormalHash(text(first.Hashed_token_url)) != "sha256:"+text(first.SHA256) {
		t.Errorf("what is printed for URLs is not read back: %s", text(first.Hashed_token_url))
	}
	g := doc.Tokens[3].Grant
	if g == nil || g.All_projects || strings.Join(g.Projects, " ") != "sampleproject" || strings.Join(g.Project_ids, " ") != "8a9b0c1d-2e3f-4a5b-8c7d-6e5f4a3b2c1d" || len(g.Caveats) != 2 {
		t.Errorf("grant %+v", g)
	}
	if doc.Tokens[5].SHA256 != nil || text(doc.Tokens[5].Account) == "" {
		t.Errorf("an access key id: %+v", doc.Tokens[5])
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(out), &raw); err != nil {
		t.Fatal(err)
	}
	for _, row := range raw["tokens"].([]any) {
		keys(t, "identify/tokens", row)
		noEmptyText(t, "identify/tokens", row)
	}
	out, _, _ = identifiedOf(t, in)
	secretless(t, out)
	for _, want := range []string{"line 4  pypi API token", "sampleproject, and of those the ones with id 8a9b0c1d", "hashed_token ", "of no known provider", url.QueryEscape(hashed)} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q: %s", want, out)
		}
	}
}

// A token is found as people have it at hand.
func TestIdentifyUnwraps(t *testing.T) {
	for _, form := range []string{"%", "  %\t\r", `"%"`, "'%'", "`%`", "export GITHUB_TOKEN=%", `export TOKEN="%";`, "set TOKEN=%", `$env:TOKEN = "%"`, "TOKEN='%'", "password = %", "token = \"%\"", "token: %", "export token=%", "  token: %",
		`  "token": "%",`, "//registry.npmjs.org/:_authToken=%", `//registry.npmjs.org/:_authToken="%"`, "Authorization: Bearer %", "authorization: token %", "bearer %", "- %", "\uFEFF%", "%\u200B"} {
		for _, token := range allTokens {
			if got := unwrapped(strings.Replace(form, "%", token, 1)); got != token {
				t.Errorf("%s: %d characters of %d are left", form, len(got), len(token))
			}
		}
	}
	for _, whole := range []string{"abcd==", "abc=", "a:b", "user:password", "https://h.invalid/?token=x", "x y z"} {
		if got := unwrapped(whole); got != whole {
			t.Errorf("%q: %q", whole, got)
		}
	}
	out, _, code := identifiedOf(t, "# of the build server\n\n\nexport A='"+githubToken+"'\r\n", "--json")
	if doc := decode[identifyDoc](t, []byte(out)); code != exitDone || len(doc.Tokens) != 1 || doc.Tokens[0].Line != 4 {
		t.Errorf("exit %d: %s", code, out)
	}
}

// What makes no sense is refused in words that hold nothing of it.
func TestIdentifyRefuses(t *testing.T) {
	for name, given := range map[string]struct {
		in   string
		args []string
	}{
		"an argument":     {"", []string{githubToken}},
		"a flag":          {"", []string{"--" + githubToken}},
		"a short flag":    {"", []string{"-" + githubToken}},
		"a flag's value":  {"", []string{"--json=" + githubToken}},
		"nothing":         {"", nil},
		"only comments":   {"# " + githubToken + "\n \n", nil},
		"UTF-16":          {"\xff\xfeg\x00h\x00p\x00", nil},
		"too much":        {strings.Repeat("a", maxIdentified+1), nil},
		"too many tokens": {strings.Repeat("abc\n", maxIdentifiedLines+1), nil},
	} {
		out, errs, code := identifiedOf(t, given.in, given.args...)
		if code != exitUsage || out != "" || errs == "" {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
		}
		secretless(t, errs)
	}
	p := &program{stdin: iotest.ErrReader(errors.New("the pipe broke")), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, env: func(string) string { return "" }}
	if code := p.run(t.Context(), []string{"identify"}); code != exitFailed {
		t.Errorf("a broken pipe: exit %d", code)
	}
	out, _, code := identifiedOf(t, "two words that are no token\n\x1b[2J"+unknownOne+"\n")
	if code != exitDone || strings.Count(out, "white space or characters") != 2 || strings.Contains(out, "\x1b") {
		t.Errorf("exit %d: %s", code, out)
	}
	secretless(t, out)
}

// A case is asked where one is at hand, and only one that was named must be there.
func TestIdentifyAsksTheCase(t *testing.T) {
	path := usedCase(t)
	importToken(t, path, npmToken)
	out, errs, code := told(t, path, npmToken+"\n"+githubToken+"\n"+unknownOne, "identify", "--json")
	doc := decode[identifyDoc](t, []byte(out))
	if code != exitDone || !strings.Contains(errs, "asked "+path) || len(doc.Tokens) != 3 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	var by []string
	for _, k := range doc.Tokens[0].Known {
		by = append(by, k.Told_by)
	}
	if want := []string{"event", "inventory", "link", "log", "mapping", "window"}; !slices.Equal(slices.Compact(slices.Sorted(slices.Values(by))), want) {
		t.Errorf("known by %v: %s", by, out)
	}
	for _, unnamed := range doc.Tokens[1:] {
		if unnamed.Known == nil || len(unnamed.Known) > 0 {
			t.Errorf("%v", unnamed.Known)
		}
	}
	out, _, _ = told(t, path, npmToken+"\n"+githubToken+"\n"+unknownOne, "identify")
	for _, want := range []string{"inventory  npm:key  of press-bot  crd-", "window  npm:key  Orchard/Press  NPM_TOKEN for npm:press, not_known_closed, suspicious", "2 use(s)", "2025-09-03 04:00:00Z .. 2025-09-03 05:00:00Z", "not named", "cannot be asked for"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q: %s", want, out)
		}
	}
	secretless(t, out)
	if _, _, code := told(t, filepath.Join(t.TempDir(), "none.db"), githubToken, "identify"); code != exitFailed {
		t.Errorf("a case that was named and is not there: exit %d", code)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("case.db", []byte("no case"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	p := &program{stdin: strings.NewReader(githubToken), stdout: &stdout, stderr: &stderr, env: func(string) string { return "" }}
	if code := p.run(t.Context(), []string{"identify"}); code != exitDone || !strings.Contains(stderr.String(), "case.db was not asked") || strings.Contains(stdout.String(), "in the case") {
		t.Errorf("a file that is no case: exit %d: %s%s", code, stdout.String(), stderr.String())
	}
}

// importToken tells the case of a token by the name that npm shows.
func importToken(t *testing.T, path, token string) {
	t.Helper()
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	i := tokens.Identify(token)
	in, err := c.BeginImport(t.Context(), casefile.ImportPlan{Kind: "usage", Format: "generic", Name: "token.csv", Options: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	use := tokens.Use{Log: "registry/audit", Provider: i.Provider, Credential: i.ID, Class: tokens.Read, At: clock("2025-09-03 04:00:00")}
	again := use
	again.At = clock("2025-09-03 05:00:00")
	err = errors.Join(in.Row(1), in.Credential(&tokens.Credential{Provider: i.Provider, ID: "key", Alias: i.ID, Account: "press-bot"}),
		in.Row(2), in.Use(&use), in.Row(3), in.Use(&again),
		in.Row(4), in.Mapping(&tokens.Mapping{Secret: "NPM_TOKEN", Provider: i.Provider, Credential: i.ID}))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = in.End(t.Context(), strings.Repeat("0c", 32), 1)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
}

// FuzzUnwrap: what is taken off a line never makes it longer, nor takes anything off a token that is found.
func FuzzUnwrap(f *testing.F) {
	for _, s := range []string{"", "export A='b'", "a: b", "//h/:_authToken=x", `"`, "==", "- - -", "authorization: bearer bearer x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := unwrapped(line)
		if !strings.Contains(line, got) {
			t.Fatalf("%q: %q does not stand in it", line, got)
		}
		if i := tokens.Identify(got); i.Provider != "" && unwrapped(got) != got {
			t.Fatalf("%q: %q is unwrapped again", line, got)
		}
	})
}
