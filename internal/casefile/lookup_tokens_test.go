package casefile

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// importedUse reads one use into the case as a row of its own file.
func importedUse(t *testing.T, c *Case, name string, u tokens.Use) {
	t.Helper()
	im, err := c.BeginImport(t.Context(), ImportPlan{Kind: "usage", Format: "x", Name: name, Options: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(im.Row(7), im.Use(&u)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := im.End(t.Context(), "sum of "+name, 99); err != nil {
		t.Fatal(err)
	}
}

func fieldsOf(t *testing.T, c *Case, id string) map[string]string {
	t.Helper()
	item, err := c.Evidence(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range item.Fields {
		out[f.Name] = f.Value
	}
	return out
}

// A use is found by its id wherever it stands in the table, and says all that its log told.
func TestUseIsEvidence(t *testing.T) {
	c := newCase(t)
	at := time.Date(2025, 9, 2, 3, 20, 38, 120_000_000, time.UTC)
	full := tokens.Use{Log: "aws/cloudtrail", Provider: tokens.AWS, Credential: "AK", Account: "1", Action: "s3:GetObject", Class: tokens.Read, Project: "bucket", Subject: "o", At: at,
		Within: 15 * time.Minute, Address: netip.MustParseAddr("203.0.113.255"), Country: "NL", UserAgent: "curl", Outcome: tokens.Failed, Via: tokens.ViaToken, RunID: 7,
		Commit: evidence.OID(strings.Repeat("ab", 20)), Minted: "AS", External: "event-1"}
	old := tokens.Use{Log: "x", Provider: tokens.AWS, Class: tokens.Other, At: time.Date(1969, 12, 31, 23, 59, 59, 500_000_000, time.UTC), Address: netip.MustParseAddr("2001:db8::1"), Origin: "a~b"}
	again := full
	again.Credential = "AS"
	importedUse(t, c, "one", full)
	importedUse(t, c, "two", old)
	got := fieldsOf(t, c, tokens.UseID(full.Key()))
	for name, want := range map[string]string{"credential": "aws:AK", "at": evidence.Stamp(at), "within": "900 s", "log": "aws/cloudtrail", "provider": "aws", "account": "1", "action": "s3:GetObject",
		"class": "read", "project": "bucket", "subject": "o", "address": "203.0.113.255", "origin": "", "country": "NL", "user_agent": "curl", "outcome": "failure", "via": "token",
		"run_id": "7", "commit_oid": strings.Repeat("ab", 20), "minted": "aws:AS", "external": "event-1", "line": "7", "file": "one", "read as": "usage, x", "file sha256": "sum of one",
		"file bytes": "99", "file rows": "1 read, 1 stored, 0 duplicate, 0 rejected, 0 passed over", "options": "{}", "file notes": "", "cited by": ""} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if len(got) != 29 {
		t.Errorf("%d fields: %q", len(got), got)
	}
	got = fieldsOf(t, c, tokens.UseID(old.Key()))
	if got["at"] != evidence.Stamp(old.At) || got["address"] != "2001:db8::1" || got["origin"] != "a~b" || got["credential"] != "" {
		t.Errorf("%q", got)
	}
	importedUse(t, c, "three", again)
	if got = fieldsOf(t, c, tokens.UseID(full.Key())); got["also told of"] != "aws:AS at "+evidence.Stamp(at) {
		t.Errorf("the log's own id under another credential: %q", got)
	}
	err := c.Rebuild(t.Context(), func(in *Inferences) error {
		return in.Exec("INSERT INTO window_use VALUES ('win-1', ?, ?, 'aws:AS', '', 'certain', 'suspicious', 'minted', 'why')", full.Key(), at.UnixMicro())
	})
	if err != nil {
		t.Fatal(err)
	}
	if got = fieldsOf(t, c, tokens.UseID(full.Key())); got["credential"] != "aws:AS" || got["cited by"] != "use in window win-1 (suspicious, minted)" {
		t.Errorf("the use in a window: %q", got)
	}
	for _, id := range []string{"use-", "use-zz", "use-0000000000000000", strings.ToUpper(tokens.UseID(full.Key())), "use-" + strings.Repeat("0", 8) + tokens.UseID(full.Key())[4:], "crd-0"} {
		if _, err := c.Evidence(t.Context(), id); !errors.Is(err, ErrNoEvidence) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// An import that was killed has told facts all the same.
func TestEvidenceOfAnUnfinishedImport(t *testing.T) {
	c := newCase(t)
	im, err := c.BeginImport(t.Context(), ImportPlan{Kind: "mapping", Format: "mapping", Name: "m.csv", Options: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	m := tokens.Mapping{Repository: "orchard/press", Secret: "T", Provider: tokens.NPM, Credential: "k"}
	if err := errors.Join(im.Row(2), im.Mapping(&m), im.Row(3), im.flush(), im.Abort()); err != nil {
		t.Fatal(err)
	}
	got := fieldsOf(t, c, m.FactID())
	if got["repository"] != "orchard/press" || !strings.Contains(got["file notes"], "ended before its end") || got["file"] != "m.csv" {
		t.Errorf("%q", got)
	}
}

// What cites a fact is named to a bound, and the rest is counted.
func TestWhatCitesAFact(t *testing.T) {
	c := newCase(t)
	id := "cov-0123456789abcdef"
	err := c.Rebuild(t.Context(), func(in *Inferences) error {
		var err error
		for i := range maxCiting + 3 {
			window := evidence.ID("win", strings.Repeat("x", i))
			err = errors.Join(err, in.Exec("INSERT INTO window_verdict VALUES (?, 'none_seen', 'covered', '', 0, 0, 0, '', '', '', '[]', ?)", window, JSON([]string{id})))
		}
		return errors.Join(err, in.Exec("INSERT INTO window_verdict VALUES ('win-z', 'unknown', '', '', 0, 0, 0, '', '', '', '[]', ?)", JSON([]string{id + "0"})))
	})
	if err != nil {
		t.Fatal(err)
	}
	cited, err := c.citing(t.Context(), id)
	list := strings.Split(cited, "; ")
	if err != nil || len(list) != maxCiting+1 || list[maxCiting] != "and 3 more" || !slices.IsSorted(list[:maxCiting]) || strings.Contains(cited, "win-z") {
		t.Errorf("%v %q", err, list)
	}
}
