package main

import (
	"testing"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Hours at an address count as asked for before they were read, those of a folder when they were.
func TestStatusOfArchives(t *testing.T) {
	ctx, now := t.Context(), time.Date(2025, 3, 1, 5, 30, 0, 0, time.UTC)
	path := caseOf(t, "2025-03-01T05:30:00Z", "orchard/press")
	c, err := casefile.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	info := casefile.Info{Since: now.Truncate(time.Hour).Add(-4 * time.Hour)} // four hours are over
	plan := casefile.Plan{Host: "http://192.0.2.1", Places: []string{"audit-log /a", "gharchive /folder", "gharchive https://archive.example.invalid/",
		"gharchive https://archive.example.invalid/2025-02-01-3.json.gz"}}
	if _, err := c.BeginCollection(ctx, plan, now); err != nil {
		t.Fatal(err)
	}
	for i, h := range []evidence.ArchiveHour{{Archive: "https://archive.example.invalid/", State: evidence.HourAbsent}, {Archive: "folder", State: evidence.HourPresent}} {
		h.Hour = info.Since.Add(time.Duration(i) * time.Hour)
		if err := c.AppendHour(ctx, h, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"archives: 6 hours asked for, 4 waiting, 1 present, 1 absent, from 2025-03-01T01:00:00Z to 2025-03-01T02:00:00Z",
		"archives: 2 hours asked for, 1 present, 1 absent, from 2025-03-01T01:00:00Z to 2025-03-01T02:00:00Z",
	} {
		all, err := c.Collections(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := archiveOf(ctx, c, info, all[0], now)
		if err != nil || got.String() != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		if err := c.FinishCollection(ctx, now); err != nil {
			t.Fatal(err)
		}
	}
}
