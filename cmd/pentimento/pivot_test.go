package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// elsewhere puts pushes into the small case, whose campaign was pushed by tamsin at 2025-09-02 03:20:38.
func elsewhere(t *testing.T, path string, list ...evidence.Elsewhere) {
	t.Helper()
	c, err := casefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].Origin, list[i].Clock, list[i].ExternalID = evidence.OriginArchive, when.Archive, string(rune('a'+i))
	}
	_, err = c.BeginCollection(t.Context(), casefile.Plan{Host: "http://192.0.2.1"}, clock("2025-09-10 00:00:00"))
	if err == nil {
		hour := evidence.ArchiveHour{Archive: "hours", Hour: clock("2025-09-02 03:00:00"), State: evidence.HourPresent}
		err = c.AppendHour(t.Context(), hour, nil, list)
	}
	if err == nil {
		err = c.Rebuild(t.Context(), func(in *casefile.Inferences) error {
			if err := inferred(in, 1); err != nil {
				return err
			}
			return in.Exec("INSERT INTO wave VALUES ('ghostaction', '2025-3', '2025-09-09T03:18:00Z', '2025-09-09T03:32:00Z')")
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPivot(t *testing.T) {
	path := smallCase(t)
	push := func(repo, actor, at string, patterns ...string) evidence.Elsewhere {
		return evidence.Elsewhere{FullName: evidence.Repository(repo), Ref: "refs/heads/main", Head: plantOID, At: clock(at), Actor: actor, Patterns: patterns}
	}
	elsewhere(t, path,
		push("orchard/cider", "Tamsin", "2025-09-02 03:21:00"), push("Orchard/Cider", "tamsin", "2025-09-02 03:22:00"), // within the hour
		push("orchard/late", "tamsin", "2025-09-02 05:20:38"), // neither hour nor wave
		push("orchard/wave", "tamsin", "2025-09-09 03:31:59"), push("orchard/over", "tamsin", "2025-09-09 03:32:00"),
		push("other/marked", "nobody-known", "2025-01-01 00:00:00", "Trigger security scan"),
		push("other/plain", "nobody-known", "2025-09-02 03:21:00"),
		push("ORCHARD/press", "tamsin", "2025-09-02 03:21:00"), // is in the case
	)
	out, errs, code := told(t, path, "", "pivot", "--json")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var doc struct{ Repositories []pivotJSON }
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range doc.Repositories {
		got = append(got, r.Repository+": "+strings.Join(r.Reasons, " & "))
	}
	want := []string{
		`other/marked: bears "Trigger security scan"`,
		"Orchard/Cider: pushed by Tamsin, who pushed for the campaign to Orchard/Press within the hour & pushed by tamsin, who pushed for the campaign to Orchard/Press within the hour",
		"orchard/wave: pushed by tamsin, a pusher of the campaign, in wave 2025-3 of ghostaction",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	list, errs, code := told(t, path, "", "pivot", "--csv")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if _, errs, code = told(t, path, list, "add", "-f", "-"); code != exitDone || !strings.Contains(errs, "3 added") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if out, _, _ = told(t, path, "", "pivot", "--json"); !strings.Contains(out, `"repositories": []`) {
		t.Errorf("what was added is still proposed: %s", out)
	}
}
