package detect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pentimento/internal/evidence"
	_ "pentimento/internal/seeded"
	"pentimento/internal/when"
)

func TestReadStamp(t *testing.T) {
	summer := time.Date(2025, 9, 2, 3, 20, 40, 0, time.UTC)
	for name, c := range map[string]struct {
		line string
		at   time.Time
		zone string // empty: no stamp
	}{
		"summer":                       {"<!-- Security scan triggered at 2025-09-02 05:20:39 -->", summer, "+02:00"},
		"winter":                       {"<!-- Security scan triggered at 2025-11-24 23:36:05 -->", time.Date(2025, 11, 24, 22, 36, 6, 0, time.UTC), "+01:00"},
		"two seconds early":            {"x 2025-09-02 05:20:38", summer, "+02:00"},
		"of a clock that is ahead":     {"x 2025-09-02 05:20:41", summer, "+02:00"},
		"west of Greenwich":            {"x 2025-09-01 22:20:40", summer, "-05:00"},
		"a quarter of an hour":         {"x 2025-09-02T09:05:40", summer, "+05:45"},
		"in UTC":                       {"x 2025-09-02 03:20:39", summer, "+00:00"},
		"two and a half hours behind":  {"x 2025-09-02 00:50:40", summer, "-02:30"},
		"the second of two times":      {"built 2019-01-01 00:00:00, triggered at 2025-09-02 05:20:39", summer, "+02:00"},
		"a copy of an older one":       {"x 2025-09-02 05:20:39", summer.Add(15 * time.Minute), ""},
		"three seconds late":           {"x 2025-09-02 05:20:43", summer, ""},
		"not made with the commit":     {"last build 2025-09-02 05:27:00", summer, ""},
		"years ago":                    {"since 2019-01-01 00:00:00", summer, ""},
		"no time":                      {"Security scan triggered at noon", summer, ""},
		"no such time":                 {"x 2025-13-40 99:99:99", summer, ""},
		"prose":                        {strings.Repeat("word ", 60) + "2025-09-02 05:20:39", summer, ""},
		"a commit whose date is empty": {"x 2025-09-02 05:20:39", time.Time{}, ""},
	} {
		s, ok := ReadStamp(c.line, c.at)
		if ok != (c.zone != "") || ok && s.ZoneText() != c.zone {
			t.Errorf("%s: %+v %v, want %q", name, s, ok, c.zone)
		}
		if ok && (!strings.Contains(s.Form, "*") || strings.Contains(s.Form, "2025")) {
			t.Errorf("%s: form %q", name, s.Form)
		}
	}
}

// TestStampAndZone: whatever the zone of the maker's wall, it is found again.
func TestStampAndZone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_500_000_000, 2_000_000_000).Draw(t, "at"), 0).UTC()
		zone := time.Duration(rapid.IntRange(-56, 56).Filter(func(n int) bool { return inUse(time.Duration(n) * 15 * time.Minute) }).Draw(t, "quarters")) * 15 * time.Minute
		early := time.Duration(rapid.IntRange(-2, 60).Draw(t, "early")) * time.Second
		s, ok := ReadStamp("triggered at "+at.Add(zone-early).Format(time.DateTime)+" -->", at)
		if !ok || s.Zone != zone || s.Form != "triggered at * -->" {
			t.Fatalf("%v %v, want %v", s, ok, zone)
		}
	})
}

func FuzzReadStamp(f *testing.F) {
	f.Add("<!-- Security scan triggered at 2025-09-02 05:20:39 -->", int64(1756783240))
	f.Add("0000-00-00 00:00:00", int64(-62135596800))
	f.Fuzz(func(t *testing.T, line string, at int64) {
		if s, ok := ReadStamp(line, time.Unix(at, 0)); ok && (s.Form == "" || !inUse(s.Zone)) {
			t.Fatalf("%+v", s)
		}
	})
}

func TestBranchEpoch(t *testing.T) {
	now := time.Date(2025, 11, 24, 0, 0, 1, 0, time.UTC)
	for ref, want := range map[evidence.Ref]string{
		"refs/heads/add-linter-workflow-1763942400123": "2025-11-24T00:00:00.123Z",
		"refs/heads/fix_1763942400":                    "2025-11-24T00:00:00Z",
		"refs/heads/1763942400":                        "2025-11-24T00:00:00Z",
		"refs/heads/issue-1234567890":                  "", // 2009
		"refs/heads/order-1763942402":                  "", // a second after now
		"refs/heads/order-4000000000":                  "", // 2096
		"refs/heads/order-9999999999999":               "", // 2286
		"refs/heads/release-20251124":                  "",
		"refs/heads/v17639424001234567":                "",
		"refs/heads/deadbeef1763942400":                "",
		"refs/tags/add-linter-workflow-1763942400123":  "",
		"refs/heads/main":                              "",
	} {
		at, ok := BranchEpoch(ref, now)
		if got := evidence.Stamp(at.NotBefore.At); got != want || ok != (want != "") {
			t.Errorf("%s: %q", ref, got)
		}
		if ok && (at.Clock() != when.Git || !at.Claimed()) {
			t.Errorf("%s: the maker's word passes for the clock %s", ref, at.Clock())
		}
	}
}

func TestClocked(t *testing.T) {
	h := invent(t, []made{
		{id: "first", message: "Start\n", files: map[string]string{}},
		{id: "plant", parents: []string{"first"}, message: add, files: map[string]string{listed: "evil1"}, at: "2025-09-02T03:20:38Z"},
		{id: "trigger", parents: []string{"plant"}, message: scan, files: map[string]string{listed: "evil1"}, rest: "x", at: "2025-09-02T03:20:40Z"},
	})
	findings, packs := known(t)
	readmes := []evidence.ReadmeChange{{Commit: oid("c", "trigger"), Path: "README.md", Added: []string{"", "<!-- Security scan triggered at 2025-09-02 05:20:39 -->"}}}
	updates := []evidence.RefUpdate{{Ref: "refs/heads/add-linter-workflow-1756783238000", After: oid("c", "plant")}}
	signals := map[evidence.OID][]string{}
	for _, c := range Clocked(Commits(h, findings, packs, nil), h, readmes, updates, nil, time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)) {
		signals[c.OID] = c.Signals
		if !slices.IsSorted(c.Signals) {
			t.Errorf("%s: signals are not sorted: %v", c.OID, c.Signals)
		}
	}
	if got := signals[oid("c", "trigger")]; !slices.Contains(got, "readme-zone:+02:00") || !slices.Contains(got, "contents-api") {
		t.Errorf("trigger: %v", got)
	}
	if got := signals[oid("c", "plant")]; !slices.Contains(got, "branch-epoch:2025-09-02T03:20:38Z") || !slices.Contains(got, "contents-api") {
		t.Errorf("plant: %v", got)
	}
}
