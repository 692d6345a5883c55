package evidence_test

import (
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

func TestParseRepository(t *testing.T) {
	for _, s := range []string{
		"octo/demo", "Octo-Cat/Demo.js", "octo_corp/-", "o/.github", "0/_", "octo/demo.gitx", "octo/git",
		strings.Repeat("o", 80) + "/" + strings.Repeat("n", 100),
	} {
		r, err := evidence.ParseRepository(s)
		if err != nil || r.Owner()+"/"+r.Name() != s || r.Key() != strings.ToLower(s) {
			t.Errorf("%q: %q, %q, %v", s, r.Owner(), r.Name(), err)
		}
	}
	for _, s := range []string{
		"", "/", "octo", "octo/", "/demo", "octo/demo/src", "octo/.", "octo/..", "../demo", "-octo/demo", "_octo/demo", ".octo/demo",
		"octo/demo.git", "octo/demo.GIT", "octo/.git", "octo/demo\n", "octo/de mo", "octo/d\u00e9mo", "octo/demo\x00", "octo//demo",
		strings.Repeat("o", 81) + "/demo", "octo/" + strings.Repeat("n", 101),
	} {
		if r, err := evidence.ParseRepository(s); err == nil || r != "" {
			t.Errorf("%q was read as %q", s, r)
		}
	}
}

// A repository that was never parsed must not take the program down.
func TestRepositoryWithoutSlash(t *testing.T) {
	for _, r := range []evidence.Repository{"", "octo"} {
		if r.Owner() != string(r) && r.Owner() != "" {
			t.Errorf("owner of %q is %q", r, r.Owner())
		}
	}
}

func TestParseOID(t *testing.T) {
	lower := strings.Repeat("0123456789abcdef", 3)[:40]
	for _, s := range []string{lower, strings.ToUpper(lower)} {
		if o, err := evidence.ParseOID(s); err != nil || string(o) != lower || o.Short() != "0123456789ab" || !o.Object() {
			t.Errorf("%q: %q, %v", s, o, err)
		}
	}
	for _, s := range []string{"", lower[:39], lower + "0", lower[:39] + "g", strings.Repeat("f", 64), strings.Repeat("x", 1000)} {
		o, err := evidence.ParseOID(s)
		if err == nil || o != "" || len(err.Error()) > 120 {
			t.Errorf("%q: %q, %v", s, o, err)
		}
	}
	if o, err := evidence.ParseOID(string(evidence.ZeroOID)); err != nil || o.Object() {
		t.Errorf("the zero id: %q, %v, object %t", o, err, o.Object())
	}
	if o := evidence.OID(""); o.Object() || o.Short() != "" {
		t.Errorf("no id: %q", o.Short())
	}
}

func TestRef(t *testing.T) {
	for ref, want := range map[evidence.Ref]string{
		"refs/heads/main":       "branch main",
		"refs/heads/refs/tags/": "branch refs/tags/",
		"refs/heads/feature/x":  "branch feature/x",
		"refs/tags/v1":          "tag v1",
		"refs/pull/7/head":      "pull refs/pull/7/head",
		"HEAD":                  " HEAD",
		"refs/notes/commits":    " refs/notes/commits",
	} {
		got := map[[3]bool]string{{true, false, false}: "branch", {false, true, false}: "tag", {false, false, true}: "pull"}[[3]bool{
			ref.Branch(), ref.Tag(), ref.Pull()}] + " " + ref.Short()
		if got != want {
			t.Errorf("%s is %q, want %q", ref, got, want)
		}
	}
}

// Ids are printed in reports and asked for later: they may not change between versions without a migration.
func TestIDsAreStable(t *testing.T) {
	at := time.Date(2025, 9, 2, 14, 30, 0, 5, time.FixedZone("", 7200))
	after := evidence.OID(strings.Repeat("a1", 20))
	update := evidence.RefUpdate{Repository: "Octo/Demo", Origin: evidence.OriginActivity, ExternalID: "17", Ref: "refs/heads/main",
		Before: evidence.ZeroOID, After: after, Kind: evidence.BranchCreation, At: at, Actor: "octo"}
	source := evidence.Source{Repository: "Octo/Demo", Origin: evidence.OriginActivity, Method: "GET", URL: "https://api.example.invalid/x",
		Target: "/repos/Octo/Demo/activity", Status: 200, FetchedAt: at, Body: []byte("[]")}
	gap := evidence.Gap{Repository: "Octo/Demo", Unit: "api/activity", Kind: evidence.GapExpired, Subject: "activity", Detail: "too old"}
	for what, id := range map[string][2]string{
		"update": {update.ID(), "upd-05ce1d87f32fa436"},
		"source": {source.ID(), "src-68a8a750cd42a60a"},
		"gap":    {gap.ID(), "gap-79efa70d6ea194cb"},
		"commit": {evidence.Commit{OID: after}.ID(), "cmt-" + string(after)},
	} {
		if id[0] != id[1] {
			t.Errorf("id of the %s is %s, was %s", what, id[0], id[1])
		}
	}

	same, later := update, source
	same.Repository, same.At = "octo/DEMO", at.UTC()
	later.FetchedAt, later.URL, later.ETag = at.Add(time.Hour), "https://other.example.invalid/x", "W/1"
	reworded := gap
	reworded.Detail = "older than the activity log"
	if same.ID() != update.ID() || later.ID() != source.ID() || reworded.ID() != gap.ID() {
		t.Error("the same fact, seen again, has another id")
	}
	other := update
	other.At = at.Add(time.Nanosecond)
	body := source
	body.Body = []byte("[ ]")
	if other.ID() == update.ID() || body.ID() == source.ID() {
		t.Error("two facts share an id")
	}
	if evidence.ID("x", "a", "bc") == evidence.ID("x", "ab", "c") {
		t.Error("parts run into each other")
	}
}

func TestStamp(t *testing.T) {
	if s := evidence.Stamp(time.Time{}); s != "" {
		t.Errorf("no time is written as %q", s)
	}
	if s := evidence.Stamp(time.Date(2025, 9, 2, 1, 0, 0, 0, time.FixedZone("", 7200))); s != "2025-09-01T23:00:00Z" {
		t.Error(s)
	}
}

func TestRunWorkflowPath(t *testing.T) {
	for path, want := range map[string]string{
		".github/workflows/x.yml":                  ".github/workflows/x.yml",
		".github/workflows/x.yml@refs/heads/main":  ".github/workflows/x.yml",
		"octo/demo/.github/workflows/x.yml@v1@odd": "octo/demo/.github/workflows/x.yml",
		"dynamic/github-code-scanning/codeql":      "dynamic/github-code-scanning/codeql",
	} {
		if got := (evidence.Run{Path: path}).WorkflowPath(); got != want {
			t.Errorf("%q: %q", path, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	long := strings.Repeat("é", 150)
	for in, want := range map[string]string{
		"a name":                 "a name",
		" \x1b[2Jx\r\ny\t":       "[2Jx  y",
		"a\u202eb\u2066c\u2028d": "a b c d",
		"\xff\xfe":               "?",
		long:                     strings.Repeat("é", 100) + "...",
		"x" + long:               "x" + strings.Repeat("é", 99) + "...",
	} {
		if got := evidence.Printable(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
