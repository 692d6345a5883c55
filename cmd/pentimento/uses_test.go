package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/inert"
	"pentimento/internal/tokens"
)

// loggedUses are what a log tells in the used case. The last one is before the window, the one without an address came from a service.
func loggedUses() []tokens.Use {
	use := func(at, id, action string) tokens.Use {
		return tokens.Use{Log: "registry/audit", Provider: tokens.NPM, Credential: id, Account: "press-bot", Action: action, Class: tokens.Publish, Project: "press",
			At: clock(at), UserAgent: "npm/10.2", Outcome: tokens.Succeeded}
	}
	strange, other, minted := use("2025-09-02 04:00:00", "key", "publish"), use("2025-09-02 05:00:00", "", "publish"), use("2025-09-02 06:00:00", "child", "=read")
	strange.Address, strange.UserAgent, strange.Subject = netip.MustParseAddr("203.0.113.66"), "curl\x1b[2J https://drop.example.invalid/", "1.0.1"
	strange.At = strange.At.Add(123400 * time.Microsecond)
	strange.Country, strange.RunID, strange.Commit, strange.Minted, strange.Via = "NL", 9101, plantOID, "child", tokens.ViaToken
	other.Origin, other.UserAgent = "registry.example.invalid", ""
	minted.Address = netip.MustParseAddr("2001:db8::7")
	before := use("2025-08-01 10:00:00", "key", "publish")
	before.Address = netip.MustParseAddr("192.0.2.10")
	return []tokens.Use{strange, other, minted, before}
}

func listedKey() tokens.Credential {
	return tokens.Credential{Provider: tokens.NPM, ID: "key", Kind: "automation token", Account: "press-bot", Label: "ci", Projects: []string{"press"}, CreatedAt: clock("2025-01-01 00:00:00"),
		LastUsedAt: clock("2025-09-02 07:00:00"), LastUsedTold: true, ListedAt: clock("2025-09-09 12:00:00")}
}

// told facts about the key, one of each kind that has an id.
var (
	keyRemoved = tokens.Event{Provider: tokens.NPM, ID: "key", Account: "press-bot", What: tokens.Removed, At: clock("2025-09-09 13:00:00"), By: "press-bot", Log: "registry/audit"}
	keyListing = tokens.Listing{Provider: tokens.NPM, Account: "press-bot", At: clock("2025-09-09 12:00:00"), Complete: true}
	logHad     = tokens.Coverage{Log: "registry/audit", Provider: tokens.NPM, From: clock("2025-08-01 00:00:00"), To: clock("2025-09-09 00:00:00"), Basis: tokens.CoverageDeclared}
	newRelease = tokens.Release{Provider: tokens.NPM, Project: "press", Version: "1.0.1", At: clock("2025-09-02 04:00:00"), Document: "npm/packument", Uploader: "press-bot"}
	keyMapping = tokens.Mapping{Repository: "orchard/press", Secret: "NPM_TOKEN", Provider: tokens.NPM, Credential: "key", Because: "the owner says so"}
	toTell     = tokens.Contact{Kind: "project", Name: "npm:press", Person: "Ada", Address: "ada@mail.example.invalid", Why: "maintainer"}
)

// usedCase is the small case with a log of NPM_TOKEN's credential, and a window whose uses were judged.
func usedCase(t *testing.T) string {
	t.Helper()
	path := smallCase(t)
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	uses, row := loggedUses(), listedKey()
	in, err := c.BeginImport(t.Context(), casefile.ImportPlan{Kind: "usage", Format: "generic", Name: "audit.csv", Options: `{"scope":"all"}`})
	if err != nil {
		t.Fatal(err)
	}
	line := int64(1)
	next := func(f func() error) {
		t.Helper()
		line++
		if err := errors.Join(in.Row(line), f()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uses {
		next(func() error { return in.Use(&uses[i]) })
	}
	next(func() error { return in.Credential(&row) })
	next(func() error { return in.Event(&keyRemoved) })
	next(func() error { return in.Release(&newRelease) })
	next(func() error { return in.Mapping(&keyMapping) })
	next(func() error { return in.Contact(&toTell) })
	if err := errors.Join(in.Listing(&keyListing), in.Coverage(&logHad)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := in.End(t.Context(), strings.Repeat("0a", 32), 4711); err != nil {
		t.Fatal(err)
	}
	mark, err := c.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = c.Rebuild(t.Context(), func(in *casefile.Inferences) error {
		return errors.Join(inferred(in, 1), judged(in, uses, row.FactID()), in.Exec("INSERT INTO analysis VALUES ('facts', ?)", mark))
	})
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// judged fills the tables of links and verdicts.
func judged(in *casefile.Inferences, uses []tokens.Use, record string) error {
	err := in.Exec("UPDATE exposure_window SET credential = 'npm:key', project = 'npm:press', closed_evidence = ? WHERE id = 'win-1'", casefile.JSON([]string{keyRemoved.FactID()}))
	for i, judged := range []string{"suspicious", "unexplained", "consistent"} {
		u := uses[i]
		err = errors.Join(err, in.Exec("INSERT INTO window_use VALUES ('win-1', ?, ?, ?, '', ?, ?, 'rule', ?)", u.Key(), u.At.UnixMicro(), string(u.Ref()),
			map[bool]string{true: "possible", false: "certain"}[u.Credential == ""], judged, fmt.Sprint("reason ", i)))
	}
	cited := casefile.JSON([]string{logHad.FactID(), record, tokens.UseID(uses[0].Key())})
	return errors.Join(err, in.Exec("INSERT INTO window_use VALUES ('win-1', 0, ?, 'npm:key', ?, 'certain', 'unexplained', 'last-used', 'last used')",
		clock("2025-09-02 07:00:00").UnixMicro(), record),
		in.Exec("INSERT INTO window_verdict VALUES ('win-1', 'suspicious', 'rule', 'reason 0', 3, 203, 1, '2025-09-02T04:00:00.1234Z', '2025-09-02T07:00:00Z', '', '[\"what\"]', ?)", cited),
		in.Exec("INSERT INTO window_release VALUES ('win-1', 'npm:press 1.0.1', '2025-09-02T04:00:00Z', '[]', '[]', 'unknown', ?)", casefile.JSON([]string{newRelease.FactID()})),
		in.Exec("INSERT INTO link VALUES (1, 'NPM_TOKEN', 'npm:key', 'npm', 'press-bot', 'npm:press', 'certain', 'mapped', '', ?)", casefile.JSON([]string{keyMapping.FactID(), keyListing.FactID()})))
}

func TestUses(t *testing.T) {
	path := usedCase(t)
	var all strings.Builder
	for _, form := range []string{"", "--csv", "--json"} {
		out, errs, code := told(t, path, "", strings.Fields("uses "+form)...)
		if code != exitDone {
			t.Fatalf("uses %s: exit %d: %s", form, code, errs)
		}
		all.WriteString(strings.TrimRight("$ pentimento uses "+form, " ") + "\n" + out + errs + "\n")
		if i := strings.IndexFunc(out, func(r rune) bool { return inert.Hidden(r) && r != '\n' && !(form == "--csv" && r == '\r') }); i >= 0 {
			t.Errorf("%s lets a hidden character through: %q", form, out[i:])
		}
		if form == "--csv" {
			formulas(t, "uses", out)
		}
	}
	golden(t, "uses", all.String())
	out, _, _ := told(t, path, "", "uses", "--json")
	var doc struct {
		Schema string
		Uses   []any
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Schema != "pentimento/uses/v1" || len(doc.Uses) != 4 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, r := range doc.Uses {
		keys(t, "uses/uses", r)
		noEmptyText(t, "uses/uses", r)
	}
}

// What the log does not show, and what was not asked of it, is said: an empty table is no all-clear.
func TestUsesSayWhatIsMissing(t *testing.T) {
	path := smallCase(t)
	for command, want := range map[string]int{"uses --exit-code": exitIncomplete, "uses --exit-code orchard/quiet": exitIncomplete, "uses nobody/there": exitFailed} {
		if _, errs, code := told(t, path, "", strings.Fields(command)...); code != want {
			t.Errorf("%s: exit %d, want %d: %s", command, code, want, errs)
		}
	}
	if _, errs, _ := told(t, path, "", "uses"); !strings.Contains(errs, "no usage log and no inventory") {
		t.Errorf("a case without logs says %q", errs)
	}
	path = usedCase(t)
	if _, _, code := told(t, path, "", "uses", "--exit-code"); code != exitExposure {
		t.Errorf("a suspicious use: exit %d", code)
	}
	if _, errs, _ := told(t, path, "", "uses"); !strings.Contains(errs, "202 further use(s)") || strings.Contains(errs, "no usage log") {
		t.Errorf("a case with a log says %q", errs)
	}
	passed(t, path)
	if _, errs, _ := told(t, path, "", "uses"); !strings.Contains(errs, "1 row(s) of logs were passed over") {
		t.Errorf("a case with a log of which rows were passed over says %q", errs)
	}
}

// passed imports a log of which nothing is kept, and lets the analysis stand.
func passed(t *testing.T, path string) {
	t.Helper()
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	scope, err := c.LinkedScope(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.BeginImport(t.Context(), casefile.ImportPlan{Kind: "usage", Format: "generic", Name: "more.csv", Options: `{"scope":"linked"}`, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	u := tokens.Use{Log: "registry/audit", Provider: tokens.NPM, Credential: "somebody-else", Class: tokens.Read, At: clock("2025-09-02 04:00:00")}
	if err := errors.Join(in.Row(2), in.Use(&u)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := in.End(t.Context(), strings.Repeat("0b", 32), 12); err != nil {
		t.Fatal(err)
	}
	mark, err := c.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	uses, row := loggedUses(), listedKey()
	err = c.Rebuild(t.Context(), func(in *casefile.Inferences) error {
		return errors.Join(inferred(in, 1), judged(in, uses, row.FactID()), in.Exec("INSERT INTO analysis VALUES ('facts', ?)", mark))
	})
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
}

// The query of a window's uses finds them as they were told: by their time to the digit, whatever credential they name.
func TestUsesAll(t *testing.T) {
	path := usedCase(t)
	for param, want := range map[string]string{
		"":                           "4",
		"--param=credential=npm:key": "2",
		"--param=account=press-bot":  "4",
		"--param=project=kelp":       "0",
		"--param=provider=pypi":      "0",
	} {
		_, errs, code := told(t, path, "", strings.Fields("query uses-all "+param)...)
		if code != exitDone || !strings.HasPrefix(errs, want+" row(s)") {
			t.Errorf("%s: exit %d: %s, want %s rows", param, code, errs, want)
		}
	}
	out, _, _ := told(t, path, "", "query", "uses", "--param", "judged=consistent", "--csv")
	if want := tokens.UseID(func() int64 { u := loggedUses()[2]; return u.Key() }()); strings.Count(out, "\n") != 2 || !strings.Contains(out, want) || !strings.Contains(out, "2001:db8::7") {
		t.Errorf("query uses: %s, want %s", out, want)
	}
	if at := evidence.Stamp(loggedUses()[0].At); !strings.Contains(string(command(t, path, "query", "uses", "--csv")), at) {
		t.Errorf("query uses does not write %s", at)
	}
}
