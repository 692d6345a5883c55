package tokenlog

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

// The public CloudTrail sample of invictus-ir/aws_dataset at 4667aa9 (MIT; a simulation with Stratus Red Team) gives the figures that were counted in it
// by other means. By hand, with the folder of a clone:
//
//	PENTIMENTO_CLOUDTRAIL_SAMPLE=aws_dataset go test ./internal/tokenlog -run PublicCloudTrail -v
func TestPublicCloudTrail(t *testing.T) {
	dir := os.Getenv("PENTIMENTO_CLOUDTRAIL_SAMPLE")
	if dir == "" {
		return // the sample is not part of this repository
	}
	s := readTrailSample(t, dir)
	s.check(t)
}

// trailSample counts what a folder of delivered files tells.
type trailSample struct {
	files, rejected, failed, unkeyed, roles int
	events                                  map[int64]int
	keys                                    map[string][]tokens.Use
	minted                                  map[string]string // by whom and when, by the key that was made
	first, last                             time.Time
	secrets                                 []string // session tokens that the files hold
	text                                    strings.Builder
}

var sessionToken = regexp.MustCompile(`"sessionToken":\s*"([^"]+)"`)

func readTrailSample(t *testing.T, dir string) *trailSample {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "CloudTrail", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := trailSample{files: len(paths), events: map[int64]int{}, keys: map[string][]tokens.Use{}, minted: map[string]string{}}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := Guess(KindUsage, sampleOf(path, text[:min(len(text), 64<<10)])); err != nil || f.Name != "cloudtrail" {
			t.Errorf("%s is guessed to be %q (%v)", path, f.Name, err)
		}
		for _, m := range sessionToken.FindAllSubmatch(text, -1) {
			s.secrets = append(s.secrets, string(m[1]))
		}
		f := readFacts(t, platformFormat(t, "cloudtrail"), path, string(text), Options{})
		s.rejected += f.rejected
		s.text.WriteString(strings.Join(f.lines, "\n"))
		for _, u := range f.uses {
			s.use(u)
		}
	}
	return &s
}

func (s *trailSample) use(u tokens.Use) {
	s.events[u.Key()]++
	if s.first.IsZero() || u.At.Before(s.first) {
		s.first = u.At
	}
	if u.At.After(s.last) {
		s.last = u.At
	}
	if u.Outcome == tokens.Failed {
		s.failed++
	}
	if u.Credential == "" {
		s.unkeyed++
	} else {
		s.keys[u.Credential] = append(s.keys[u.Credential], u)
	}
	if u.Action == "sts:AssumeRole" {
		s.roles++
	}
	if u.Action == "iam:CreateAccessKey" && u.Minted != "" {
		s.minted[u.Minted] = u.Credential + " " + u.At.Format(time.TimeOnly)
	}
}

func (s *trailSample) check(t *testing.T) {
	const prefix = "AK" + "IA" + "TF"
	thief := s.keys[prefix+"QR7NSC8Q4X20BJ"]
	window := func(all []tokens.Use) (n int) {
		for _, u := range all {
			if c := u.At.Format("15:04:05"); c >= "12:00:00" && c < "12:10:00" {
				n++
			}
		}
		return n
	}
	errs, elsewhere := 0, 0
	for _, u := range thief {
		if u.Outcome == tokens.Failed {
			errs++
		}
		if u.Address.String() != "192.168.10.20" {
			elsewhere++
		}
	}
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"files", s.files, 55},
		{"events", len(s.events), 2900},
		{"rejected", s.rejected, 0},
		{"keys", len(s.keys), 133}, // 134 values that are not null: one is empty (CheckMfa), which is no key
		{"without a key", s.unkeyed, 84 + 1},
		{"failed", s.failed, 300},
		{"AssumeRole", s.roles, 49},
		{"uses of the thief's key", len(thief), 2104},
		{"of them failed", errs, 224},
		{"from elsewhere", elsewhere, 0},
		{"in ten minutes", window(thief), 970},
		{"uses of the second", len(s.keys[prefix+"QR7NSCUXC3DDDP"]), 43},
		{"in ten minutes", window(s.keys[prefix+"QR7NSCUXC3DDDP"]), 1},
		{"uses of the third", len(s.keys[prefix+"QZ7NSC8Q4X21BJ"]), 35},
		{"in ten minutes", window(s.keys[prefix+"QZ7NSC8Q4X21BJ"]), 0},
		{"keys made", len(s.minted), 2},
	} {
		t.Logf("%s: %d", tt.name, tt.got)
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, tt.got, tt.want)
		}
	}
	if s.minted[prefix+"QR7NSC3ZO6PKAZ"] != prefix+"QR7NSC8Q4X20BJ 12:24:29" || s.minted[prefix+"QR7NSCQLA2F4OD"] != prefix+"QR7NSC8Q4X20BJ 12:24:50" {
		t.Errorf("made: %v", s.minted)
	}
	if s.first.Format(time.RFC3339) != "2023-07-10T11:42:18Z" || s.last.Format(time.RFC3339) != "2023-07-10T12:37:50Z" {
		t.Errorf("from %s to %s", s.first, s.last)
	}
	t.Logf("session tokens in the files: %d", len(s.secrets))
	for _, secret := range s.secrets {
		if strings.Contains(s.text.String(), secret) {
			t.Error("a session token came out")
		}
	}
}

// Two files of plaso's test data at 4ea03ef (Apache-2.0): what lookup-events prints in Sydney, and lines of web servers, broken ones among them. By hand,
// with the folder test_data of a clone:
//
//	PENTIMENTO_PLASO_SAMPLE=plaso/test_data go test ./internal/tokenlog -run Plaso -v
func TestPlasoSamples(t *testing.T) {
	dir := os.Getenv("PENTIMENTO_PLASO_SAMPLE")
	if dir == "" {
		return // the samples are not part of this repository
	}
	read := func(format, path string) *facts {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if f, err := Guess(KindUsage, sampleOf(path, text)); err != nil || f.Name != format {
			t.Errorf("%s is guessed to be %q (%v)", path, f.Name, err)
		}
		f := readFacts(t, platformFormat(t, format), path, string(text), Options{})
		t.Logf("%s: %d uses, %d rejected\n%s", path, len(f.uses), f.rejected, strings.Join(f.lines, "\n"))
		return f
	}
	trail := read("cloudtrail", filepath.Join("jsonl", "aws_cloudtrail.jsonl"))
	if len(trail.uses) != 6 || trail.rejected != 0 || trail.uses[0].At.Format(time.RFC3339) != "2022-02-07T22:23:37Z" {
		t.Errorf("%d events, %d rejected", len(trail.uses), trail.rejected)
	}
	web := read("access-log", "apache_access.log")
	if len(web.uses) != 15 || web.rejected != 0 {
		t.Errorf("%d requests, %d rejected", len(web.uses), web.rejected)
	}
}
