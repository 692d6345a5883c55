package tokenlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

// fuzzFormat reads anything as one of the formats: it ends, every row is given on or rejected, and what is given on is whole.
func fuzzFormat(f *testing.F, names ...string) {
	f.Helper()
	for i, name := range names {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "tokens", name, "*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range paths {
			if strings.HasSuffix(p, ".golden") {
				continue
			}
			text, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(i, fillShapes(string(text)))
		}
	}
	f.Fuzz(func(t *testing.T, which int, text string) {
		name := names[(which%len(names)+len(names))%len(names)]
		got := readFacts(t, platformFormat(t, name), "x", text, Options{Zone: time.UTC, ListedAt: listedAt, Account: "octo-org/octo-image"})
		for _, line := range got.lines {
			if strings.Contains(line, "NOTHING") || strings.Contains(line, "REJECTED AFTER") {
				t.Errorf("%s\n%s", line, strings.Join(got.lines, "\n"))
			}
		}
		for _, u := range got.uses {
			if u.Log == "" || u.Provider == "" || u.Action == "" || u.Class == "" || u.At.IsZero() || u.At.Location() != time.UTC || u.At.Year() > lastYear {
				t.Errorf("a use that is not whole: %+v", u)
			}
			if u.Outcome == tokens.Failed && u.Minted != "" {
				t.Errorf("a failure that made something: %+v", u)
			}
		}
		s := sampleOf("x", []byte(text))
		for _, n := range names {
			if sure := platformFormat(t, n).Guess(s); sure < 0 || sure > 100 {
				t.Errorf("%s is sure by %d", n, sure)
			}
		}
	})
}

func FuzzGitHubLogs(f *testing.F)      { fuzzFormat(f, "github-audit", "github-security-log") }
func FuzzGitHubInventory(f *testing.F) { fuzzFormat(f, "github-pats", "github-sso-credentials") }
func FuzzCloudTrail(f *testing.F)      { fuzzFormat(f, "cloudtrail", "cloudtrail-csv") }
func FuzzCloudTrailDigest(f *testing.F) {
	fuzzFormat(f, "cloudtrail-digest")
}
func FuzzAWSKeys(f *testing.F) { fuzzFormat(f, "aws-credential-report", "aws-access-keys") }
func FuzzDockerHub(f *testing.F) {
	fuzzFormat(f, "dockerhub-audit", "dockerhub-pats", "dockerhub-oats", "dockerhub-tags")
}
func FuzzCloudflare(f *testing.F) {
	fuzzFormat(f, "cloudflare-audit", "cloudflare-audit-v2", "cloudflare-tokens")
}
func FuzzAccessLog(f *testing.F) { fuzzFormat(f, "access-log") }
