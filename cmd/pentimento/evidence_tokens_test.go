package main

import (
	"strings"
	"testing"

	"pentimento/internal/tokens"
)

// Every fact that an import told is shown by its id: what it says, the file, and what rests on it.
func TestEvidenceOfImportedFacts(t *testing.T) {
	path := usedCase(t)
	uses, row := loggedUses(), listedKey()
	for id, want := range map[string][]string{
		tokens.UseID(uses[0].Key()): {"use of a credential", "npm:key", "2025-09-02T04:00:00.1234Z", "203.0.113.66", `curl\x1b[2J hxxps://drop.example[.]invalid/`, "verdict on window win-1", "use in window win-1 (suspicious, rule)"},
		tokens.UseID(uses[3].Key()): {"192.0.2.10", "2025-08-01T10:00:00Z"},
		row.FactID():                {"row of an inventory", "automation token", "2025-09-02T07:00:00Z", "use in window win-1 (unexplained, last-used)", "verdict on window win-1"},
		keyRemoved.FactID():         {"step in the life", "removed", "2025-09-09T13:00:00Z", "window win-1 (closed)"},
		keyListing.FactID():         {"inventory of credentials", "complete", "link of NPM_TOKEN in Orchard/Press to npm:key"},
		logHad.FactID():             {"coverage of a log", "2025-08-01T00:00:00Z", "declared", "verdict on window win-1"},
		newRelease.FactID():         {"release as a registry told it", "npm/packument", "release npm:press 1.0.1 in window win-1"},
		keyMapping.FactID():         {"mapping of a secret", "orchard/press", "the owner says so", "link of NPM_TOKEN"},
		toTell.FactID():             {"contact", "ada@mail.example.invalid"},
	} {
		out, errs, code := told(t, path, "", "evidence", id)
		for _, want := range append(want, id, "audit.csv", "usage, generic", strings.Repeat("0a", 32), "9 read, 9 stored, 0 duplicate, 0 rejected, 0 passed over") {
			if !strings.Contains(out, want) {
				t.Errorf("evidence %s lacks %q: exit %d: %s%s", id, want, code, out, errs)
			}
		}
		if out, _, _ := told(t, path, "", "evidence", id, "--json"); !strings.Contains(out, `"file rows": "9 read`) || strings.Contains(out, `"import"`) {
			t.Errorf("evidence %s --json: %s", id, out)
		}
		if _, errs, code := told(t, path, "", "evidence", id, "--body"); code != exitFailed || !strings.Contains(errs, "no stored answer") {
			t.Errorf("evidence %s --body: exit %d: %s", id, code, errs)
		}
	}
}
