package intake_test

import (
	"strings"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/intake"
)

func TestParseName(t *testing.T) {
	for given, want := range map[string]evidence.Repository{
		"octo/demo":                                  "octo/demo",
		"  Octo/Demo.js \t":                          "Octo/Demo.js",
		"octo/demo/":                                 "octo/demo",
		"octo/demo.git":                              "octo/demo",
		"octo/demo#readme":                           "octo/demo",
		"octo_corp/.github":                          "octo_corp/.github",
		"<https://github.com/octo/demo>":             "octo/demo",
		"`octo/demo`":                                "octo/demo",
		"https://github.com/octo/demo":               "octo/demo",
		"http://github.com/octo/demo/":               "octo/demo",
		"HTTPS://GitHub.com/Octo/Demo":               "Octo/Demo",
		"https://github.com/octo/demo.git":           "octo/demo",
		"https://github.com/octo/demo.GIT/":          "octo/demo",
		"https://github.com/octo/demo?tab=readme":    "octo/demo",
		"https://github.com/octo/demo#usage":         "octo/demo",
		"https://github.com/octo/demo/tree/main/src": "octo/demo",
		"https://github.com/octo/demo/blob/main/.github/workflows/x.yml#L3": "octo/demo",
		"https://github.com/octo/demo/actions/runs/17":                      "octo/demo",
		"https://github.com/octo/demo/issues/3?a=b":                         "octo/demo",
		"https://github.com/octo/demo/commit/0123456789":                    "octo/demo",
		"https://www.github.com/octo/demo":                                  "octo/demo",
		"https://user:pass@github.com/octo/demo.git":                        "octo/demo",
		"https://github.example.invalid:8443/octo/demo":                     "octo/demo",
		"https://api.github.com/repos/octo/demo":                            "octo/demo",
		"https://github.example.invalid/api/v3/repos/octo/demo/commits":     "octo/demo",
		"https://raw.githubusercontent.com/octo/demo/main/README.md":        "octo/demo",
		"ssh://git@github.com/octo/demo.git":                                "octo/demo",
		"ssh://git@ssh.github.com:443/octo/demo.git":                        "octo/demo",
		"git://github.com/octo/demo.git":                                    "octo/demo",
		"git+https://github.com/octo/demo.git":                              "octo/demo",
		"git+ssh://git@github.com/octo/demo.git":                            "octo/demo",
		"git@github.com:octo/demo.git":                                      "octo/demo",
		"git@github.com:/octo/demo":                                         "octo/demo",
		"org-17@github.com:octo/demo.git":                                   "octo/demo",
		"git@work:octo/demo.git":                                            "octo/demo",
		"github.com:octo/demo":                                              "octo/demo",
		"github.com/octo/demo":                                              "octo/demo",
		"github.com:443/octo/demo":                                          "octo/demo",
		"//github.com/octo/demo":                                            "octo/demo",
		"hxxps://github[.]com/octo/demo":                                    "octo/demo",
		"hxxp[://]github(.)com/octo/demo/tree/main":                         "octo/demo",
		"hxxps[:]//github[dot]com/octo/demo":                                "octo/demo",
		"github[.]com/octo/demo":                                            "octo/demo",
		"git[@]github[.]com:octo/demo.git":                                  "octo/demo",
		"https://github.com/octo/api":                                       "octo/api",
		"repos/demo":                                                        "repos/demo",
	} {
		got, err := intake.ParseName(given)
		if err != nil || got != want {
			t.Errorf("ParseName(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	for given, reason := range map[string]string{
		"":                                      "is empty",
		" <> ":                                  "is empty",
		"demo":                                  "names no repository",
		"octo/":                                 "names no repository",
		"/demo":                                 "names no repository",
		"octo/demo/src":                         "names no repository",
		"octo/..":                               "names no repository",
		"octo/.git":                             "names no repository",
		"octo/demo.git.git":                     "names no repository",
		"octo/de mo":                            "names no repository",
		"octo/demo,second":                      "names no repository",
		"oct\u043e/demo":                        "names no repository", // a Cyrillic letter
		"octo/demo\x00":                         "names no repository",
		"-octo/demo":                            "names no repository",
		"octo/demo@v1":                          "names no repository",
		strings.Repeat("o", 90) + "/demo":       "names no repository",
		strings.Repeat("o", 5000):               "longer than",
		"https://github.com":                    "below its host",
		"https://github.com/octo":               "below its host",
		"https://github.com/octo/":              "below its host",
		"github.com/octo":                       "below its host",
		"https://github.com//octo/demo":         "names no repository",
		"https://github.com/octo%2Fdemo/x":      "names no repository",
		"https://github.com/orgs/octo/people":   "is a page of GitHub",
		"https://github.com/marketplace/octo":   "is a page of GitHub",
		"https://gist.github.com/octo/0123":     "is a gist",
		"https://gitlab.com/octo/demo":          "is a GitLab project",
		"git@gitlab.com:octo/demo.git":          "is a GitLab project",
		"https://pypi.org/project/demo":         "is a PyPI project",
		"pypi.org/project/demo":                 "is a PyPI project",
		"https://octo.github.io/demo/page":      "is a GitHub Pages site",
		"file:///srv/octo/demo":                 "scheme",
		"ftp://github.com/octo/demo":            "scheme",
		"https://":                              "malformed",
		"https://user:se%zzcret@h/octo/demo":    "malformed",
		"https://[::1/octo/demo":                "malformed",
		"C:\\src\\octo\\demo":                   "names no repository",
		"https://github.com/octo/demo\u202emoc": "names no repository",
	} {
		got, err := intake.ParseName(given)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("ParseName(%q) = %q, %v; want an error with %q", given, got, err, reason)
		}
	}
}

// No error, entry or problem may carry what a person pasted with a URL.
func TestCredentialsAreNotKept(t *testing.T) {
	secret := "ghp" + "_" + strings.Repeat("Ab3", 12)
	for _, given := range []string{
		"https://octo:" + secret + "@github.com/octo/demo.git",
		"https://" + secret + "@github.com/octo",
		"https://raw.githubusercontent.com/octo/demo/main/x?token=" + secret,
		"ftp://octo:" + secret + "@github.com/octo/demo",
		"https://octo:" + secret + "%zz@github.com/octo/demo",
		"octo/demo " + secret,
		secret,
	} {
		entries, problems := intake.ParseArguments([]string{given})
		if len(entries)+len(problems) != 1 {
			t.Fatalf("%q: %d entries, %d problems", given, len(entries), len(problems))
		}
		for _, e := range entries {
			if strings.Contains(e.Given, secret) {
				t.Errorf("entry keeps a credential: %+v", e)
			}
		}
		for _, p := range problems {
			if strings.Contains(p.String(), secret) {
				t.Errorf("problem keeps a credential: %s", p)
			}
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"octo/demo", "https://github.com/octo/demo.git", "git@github.com:octo/demo", "hxxps://github[.]com/o/n", "a:b@c/d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := intake.ParseName(s)
		if err != nil {
			return
		}
		if _, err := evidence.ParseRepository(string(r)); err != nil {
			t.Errorf("ParseName(%q) = %q: %v", s, r, err)
		}
		if again, err := intake.ParseName(string(r)); err != nil || again != r {
			t.Errorf("%q reads back as %q, %v", r, again, err)
		}
	})
}
