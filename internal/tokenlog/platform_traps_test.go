package tokenlog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

// GitHub, 3.4: one hash in every spelling that its documents have, and what is none.
func TestGitHubHashSpellings(t *testing.T) {
	sum := sha256.Sum256([]byte("gh" + "p_" + strings.Repeat("0", 36)))
	std := base64.StdEncoding.EncodeToString(sum[:])
	if std != "kTA8HWSeg2rNxFZdyljGxJMlVYrFypjTOu/1bnNfyFc=" {
		t.Fatalf("the golden value is another: %s", std)
	}
	want := "sha256:" + hex.EncodeToString(sum[:])
	record := func(hash string) string {
		return fmt.Sprintf(`{"@timestamp":1757075696789,"_document_id":"x","action":"git.push","actor":"octo-bot","hashed_token":%q}`, hash)
	}
	for _, spelling := range []string{
		std, strings.TrimRight(std, "="), url.QueryEscape(std), strings.TrimRight(url.QueryEscape(std), "%3D"), base64.URLEncoding.EncodeToString(sum[:]),
		base64.RawURLEncoding.EncodeToString(sum[:]), hex.EncodeToString(sum[:]), strings.ToUpper(hex.EncodeToString(sum[:])), want, " " + std + " ",
	} {
		f := readFacts(t, platformFormat(t, "github-audit"), "x", record(spelling), Options{})
		if len(f.uses) != 1 || f.uses[0].Credential != want || f.uses[0].Via != tokens.ViaToken {
			t.Errorf("%q is read as %+v", spelling, f.uses)
		}
	}
	for _, none := range []string{"", "null", "AAAA", std[:40], std + "AA", "%zz", strings.Repeat("g", 64)} {
		f := readFacts(t, platformFormat(t, "github-audit"), "x", record(none), Options{})
		if len(f.uses) != 1 || f.uses[0].Credential != "" || f.uses[0].Via != "" {
			t.Errorf("%q is read as %+v", none, f.uses)
		}
	}
}

// GitHub, 3.1 and 3.3: numbers come as numbers, texts, fractions and nothing; repositories as arrays; events that name no token give a number's name or none.
func TestGitHubTolerance(t *testing.T) {
	const head = `{"@timestamp":1757075696789,"action":"git.push","actor":"octo-bot",`
	for _, tt := range []struct {
		name, rest string
		want       func(u tokens.Use) bool
	}{
		{"number as text", `"token_id":"555555"}`, func(u tokens.Use) bool { return u.Credential == "token_id:555555" && u.Via == tokens.ViaToken }},
		{"number as a fraction", `"token_id":555555.0}`, func(u tokens.Use) bool { return u.Credential == "token_id:555555" }},
		{"zero", `"token_id":0,"hashed_token":null}`, func(u tokens.Use) bool { return u.Credential == "" && u.Via == "" }},
		{"empty", `"token_id":""}`, func(u tokens.Use) bool { return u.Credential == "" }},
		{"a type alone", `"programmatic_access_type":"Deploy key"}`, func(u tokens.Use) bool { return u.Credential == "" && u.Via == tokens.ViaToken }},
		{"array of a repository", `"repo":["Octo-Org/Octo-Repo"]}`, func(u tokens.Use) bool { return u.Project == "octo-org/octo-repo" }},
		{"no country", `"actor_location":{"country_name":"Atlantis"}}`, func(u tokens.Use) bool { return u.Country == "" }},
		{"run under data", `"data":{"workflow_run_id":"17"}}`, func(u tokens.Use) bool { return u.RunID == 17 }},
		{"run with a dot", `"data.workflow_run_id":17}`, func(u tokens.Use) bool { return u.RunID == 17 }},
	} {
		f := readFacts(t, platformFormat(t, "github-audit"), "x", head+tt.rest, Options{})
		if len(f.uses) != 1 || !tt.want(f.uses[0]) {
			t.Errorf("%s: %+v %v", tt.name, f.uses, f.lines)
		}
	}
	// 3.2: @timestamp goes before created_at, which is all that older exports have.
	for text, want := range map[string]int64{
		`{"action":"a.b","@timestamp":1757075696789,"created_at":1}`:               1757075696789,
		`{"action":"a.b","created_at":1757075696789}`:                              1757075696789,
		`{"action":"a.b","created_at":"1757075696789"}`:                            1757075696789,
		`{"action":"a.b","@timestamp":"2025-09-05T12:34:56.789Z","created_at":17}`: 1757075696789,
	} {
		f := readFacts(t, platformFormat(t, "github-audit"), "x", text, Options{})
		if len(f.uses) != 1 || f.uses[0].At.UnixMilli() != want {
			t.Errorf("%s: %v", text, f.lines)
		}
	}
}

// GitHub: the same event twice has one key, because streams deliver at least once; the hash of what it says where an export has no id.
func TestGitHubDuplicates(t *testing.T) {
	for _, id := range []string{`"_document_id":"x",`, ""} {
		line := `{"@timestamp":1757075696789,` + id + `"action":"git.push","actor":"octo-bot"}` + "\n"
		f := readFacts(t, platformFormat(t, "github-audit"), "x", line+line, Options{})
		if len(f.uses) != 2 || f.uses[0].Key() != f.uses[1].Key() {
			t.Errorf("%q: %+v", id, f.uses)
		}
	}
}

// GitHub, 3.5: no note where a token is named; a list that is cut off is noted and what is there is read.
func TestGitHubNotes(t *testing.T) {
	named := `{"@timestamp":1757075696789,"action":"git.push","token_id":5}`
	if f := readFacts(t, platformFormat(t, "github-audit"), "x", named, Options{}); strings.Contains(strings.Join(f.lines, "\n"), "note") {
		t.Errorf("%v", f.lines)
	}
	f := readFacts(t, platformFormat(t, "github-audit"), "x", "["+named+",\n"+named+",", Options{})
	if len(f.uses) != 2 || !strings.Contains(strings.Join(f.lines, "\n"), "note: the list does not end") {
		t.Errorf("%v", f.lines)
	}
	if f.coverage != 0 {
		t.Error("an export proves no coverage")
	}
}

// secretName tells names from values; what is no name is counted.
func TestSecretNames(t *testing.T) {
	got := passed([]string{"NPM_TOKEN", "NPM_TOKEN", "A1B2C3D4E5F6A7B8C9D0", "lower", "DOCKERHUBPASSWORD", "_X", "1A"})
	if got != " (secrets: DOCKERHUBPASSWORD, NPM_TOKEN, _X and 3 that are no names)" {
		t.Error(got)
	}
	if passed(nil) != "" {
		t.Error("nothing was passed")
	}
}

// AWS, 4.3: the record inside goes before what stands outside; a time outside without a zone is rejected unless the responder names one.
func TestLookupTimes(t *testing.T) {
	inner := `{\"eventName\":\"GetUser\",\"eventSource\":\"iam.amazonaws.com\",\"eventTime\":\"2022-02-07T22:23:37Z\",\"eventID\":\"i\"}`
	for _, tt := range []struct {
		name, text string
		zone       *time.Location
		want       string
	}{
		{"inside", `{"EventName":"X","EventTime":"2022-02-08 09:23:37+11:00","CloudTrailEvent":"` + inner + `"}`, nil, "2022-02-07T22:23:37Z iam:GetUser"},
		{"inside against a wrong zone outside", `{"EventName":"X","EventTime":"2022-02-08 09:23:37","CloudTrailEvent":"` + inner + `"}`, nil, "2022-02-07T22:23:37Z iam:GetUser"},
		{"outside with an offset", `{"EventName":"X","EventTime":"2022-02-08 09:23:37+11:00","EventSource":"s3.amazonaws.com"}`, nil, "2022-02-07T22:23:37Z s3:X"},
		{"outside as a float", `{"EventName":"X","EventTime":1644272617.0}`, nil, "2022-02-07T22:23:37Z X"},
		{"outside without a zone", `{"EventName":"X","EventTime":"2022-02-08 09:23:37"}`, nil, ""},
		{"outside with the responder's", `{"EventName":"X","EventTime":"2022-02-08 09:23:37"}`, time.FixedZone("AEDT", 11*3600), "2022-02-07T22:23:37Z X"},
		{"an inside that is none", `{"EventName":"X","EventTime":"2022-02-08T09:23:37+11:00","CloudTrailEvent":"{broken"}`, nil, "2022-02-07T22:23:37Z X"},
		{"a bare record without a zone is in UTC", `{"eventName":"X","eventTime":"2022-09-27 17:09:18"}`, nil, "2022-09-27T17:09:18Z X"},
	} {
		f := readFacts(t, platformFormat(t, "cloudtrail"), "x", tt.text, Options{Zone: tt.zone})
		got := ""
		if len(f.uses) == 1 {
			got = f.uses[0].At.Format(time.RFC3339) + " " + f.uses[0].Action
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q (%v)", tt.name, got, tt.want, f.lines)
		}
	}
}

// AWS: an event that comes again with an addendum is the same one, also where it has an id of its own.
func TestTrailAddendum(t *testing.T) {
	first := `{"eventName":"X","eventTime":"2025-09-05T12:34:56Z","eventID":"one"}`
	again := `{"eventName":"X","eventTime":"2025-09-05T12:34:56Z","eventID":"two","errorCode":"AccessDenied","addendum":{"reason":"UPDATED_DATA","originalEventID":"one"}}`
	f := readFacts(t, platformFormat(t, "cloudtrail"), "x", first+again, Options{})
	if len(f.uses) != 2 || f.uses[0].Key() != f.uses[1].Key() {
		t.Errorf("%v", f.lines)
	}
}

// AWS: a call that failed has made nothing, whatever its answer says.
func TestTrailFailedMint(t *testing.T) {
	text := `{"eventName":"CreateAccessKey","eventSource":"iam.amazonaws.com","eventTime":"2025-09-05T12:34:56Z","errorCode":"AccessDenied","responseElements":{"accessKey":{"accessKeyId":"x"}}}`
	f := readFacts(t, platformFormat(t, "cloudtrail"), "x", text, Options{})
	if len(f.lines) != 1 || f.uses[0].Minted != "" || f.uses[0].Outcome != tokens.Failed {
		t.Errorf("%v", f.lines)
	}
}

// AWS: digests cover what they say, and the hole between two of them stays one.
func TestDigestHole(t *testing.T) {
	digest := func(from, to string) string {
		return `{"awsAccountId":"111122223333","digestStartTime":"` + from + `","digestEndTime":"` + to +
			`","digestS3Object":"p/AWSLogs/1/CloudTrail-Digest/eu-west-1/x","digestSignatureAlgorithm":"SHA256withRSA","previousDigestS3Object":"y","logFiles":[]}`
	}
	f := readFacts(t, platformFormat(t, "cloudtrail-digest"), "x", digest("2025-09-05T10:00:00Z", "2025-09-05T11:00:00Z")+"\n"+
		digest("2025-09-05T12:00:00Z", "2025-09-05T13:00:00Z")+"\n"+digest("2025-09-05T13:00:00Z", "2025-09-05T12:00:00Z"), Options{})
	if f.coverage != 2 || f.rejected != 1 || len(f.uses) != 0 {
		t.Errorf("%v", f.lines)
	}
}

// Paths in the shape of registries' requests, at the root and below a repository manager's.
func TestRegistryPaths(t *testing.T) {
	for _, tt := range []struct{ method, path, agent, want string }{
		{"POST", "/legacy/", "", "publish||"},
		{"POST", "/repository/pypi-internal/", "twine/5.1.1", "publish||"},
		{"POST", "/root/dev/", "uv/0.4", "publish||"},
		{"GET", "/simple/Octo_Pkg.x/", "", "read|octo-pkg-x|"},
		{"GET", "/pypi/octo-pkg/1.0/json", "", "read|octo-pkg|1.0"},
		{"PUT", "/octo-pkg", "", "publish|octo-pkg|"},
		{"PUT", "/@octo%2fpkg", "", "publish|@octo/pkg|"},
		{"PUT", "/@octo/pkg", "", "publish|@octo/pkg|"},
		{"PUT", "/repository/npm-internal/@octo%2fpkg", "npm/10.8.1", "publish|@octo/pkg|"},
		{"PUT", "/repository/raw/file.bin", "curl/8", "write||"},
		{"PUT", "/file.bin", "curl/8", "write||"},
		{"PUT", "/-/user/org.couchdb.user:octo", "npm/10", "auth||"},
		{"GET", "/-/whoami", "npm/10", "auth||"},
		{"POST", "/-/npm/v1/tokens", "npm/10", "access||"},
		{"PUT", "/-/package/@octo%2fpkg/dist-tags/latest", "npm/10", "publish|@octo/pkg|dist-tags/latest"},
		{"GET", "/@octo/pkg/-/pkg-1.0.0.tgz", "npm/10", "read|@octo/pkg|pkg-1.0.0.tgz"},
		{"PUT", "/api/v1/crates/new", "cargo/1.80.0", "publish||"},
		{"DELETE", "/api/v1/crates/Octo/1.0.0/yank", "cargo/1.80.0", "write|octo|1.0.0/yank"},
		{"PUT", "/api/v1/crates/octo/owners", "cargo/1.80.0", "access|octo|owners"},
		{"POST", "/api/v1/gems", "Ruby", "publish||"},
		{"DELETE", "/api/v1/gems/yank", "Ruby", "write||"},
		{"GET", "/api/v1/api_key", "Ruby", "access||"},
		{"PUT", "/v2/octo/image/manifests/1.2.3", "docker/27", "publish|octo/image|1.2.3"},
		{"GET", "/v2/", "docker/27", "auth||"},
		{"GET", "/v2/octo/image/blobs/sha256:00", "docker/27", "read|octo/image|sha256:00"},
		{"GET", "/api/v2", "curl/8", "read||"},
		{"DELETE", "/anything", "curl/8", "write||"},
		{"", "", "", "other||"},
	} {
		r := registryAct(tt.method, tt.path, tt.agent)
		if got := fmt.Sprintf("%s|%s|%s", r.class, r.project, r.subject); got != tt.want {
			t.Errorf("%s %s (%s): %s, want %s", tt.method, tt.path, tt.agent, got, tt.want)
		}
	}
}

// Docker Hub: a page of tags without the address of a next one says of no repository what it is; the responder does.
func TestDockerTagsWithoutRepository(t *testing.T) {
	text := `{"count":1,"next":null,"previous":null,"results":[{"name":"1","tag_last_pushed":"2025-09-05T12:34:56Z","last_updater_username":"octobot"}]}`
	if f := readFacts(t, platformFormat(t, "dockerhub-tags"), "x", text, Options{}); f.rejected != 1 {
		t.Errorf("%v", f.lines)
	}
	f := readFacts(t, platformFormat(t, "dockerhub-tags"), "x", text, Options{Account: "Octo-Org/Image"})
	if f.rejected != 0 || !strings.Contains(strings.Join(f.lines, "\n"), `Project="octo-org/image"`) {
		t.Errorf("%v", f.lines)
	}
}

// An envelope may go on behind its list; what is no member of it is still read, or rejected.
func TestEnvelopeGoesOn(t *testing.T) {
	rows := `{"eventName":"X","eventTime":"2025-09-05T12:34:56Z"}`
	for text, want := range map[string]string{
		"{\"Records\":[" + rows + "],\n\"a\":\"x]}\\\"\",\"b\":1,\"c\":[1,{}],\"d\":{\"e\":[]},\"f\":null}": "1 0",
		"{\"Records\":[" + rows + "],\n\"a\":2}{\"Records\":[" + rows + "]}":                                "2 0",
		"{\n\"Records\":[" + rows + "]}\n" + rows:                                                           "2 0",
		"{\n\"Records\":[" + rows + "]," + rows + "]}":                                                      "2 0",
		"{\n\"Records\":[" + rows + "],\"a\":tru":                                                           "1 0",
	} {
		f := readFacts(t, platformFormat(t, "cloudtrail"), "x", text, Options{})
		if got := fmt.Sprint(len(f.uses), f.rejected); got != want {
			t.Errorf("%q: %s uses and rejected, want %s: %v", text, got, want, f.lines)
		}
	}
}
