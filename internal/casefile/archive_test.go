package casefile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// An hour counts for the repositories that its reading looked for, and is done for a reading that looks for just these.
func TestHoursCountInTheirScope(t *testing.T) {
	ctx, c := t.Context(), newCase(t)
	collecting(t, c, "orchard/press")
	read := func(scope string, n int, state evidence.HourState, repos ...evidence.Repository) {
		t.Helper()
		if err := c.AppendScope(ctx, scope, repos); err != nil {
			t.Fatal(err)
		}
		hour := evidence.ArchiveHour{Archive: "hours", Hour: day.Add(time.Duration(n) * time.Hour), State: state, Scope: scope}
		if err := c.AppendHour(ctx, hour, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(list []evidence.ArchiveHour, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, h := range list {
			out = append(out, fmt.Sprintf("%d %s", int(h.Hour.Sub(day).Hours()), h.State))
		}
		return fmt.Sprint(out)
	}
	of := func(repo evidence.Repository) string {
		t.Helper()
		scopes, err := c.ArchiveScopes(ctx, repo)
		if err != nil {
			t.Fatal(err)
		}
		return tell(c.HoursWithin(ctx, scopes))
	}
	read("one", 1, evidence.HourPresent, "orchard/press")
	read("one", 2, evidence.HourUnread, "orchard/press")
	if _, err := c.Add(ctx, []Addition{{Repository: "orchard/vat"}}); err != nil {
		t.Fatal(err)
	}
	if got := tell(c.HoursDone(ctx, "two")); got != "[]" {
		t.Errorf("a repository was added, and done are %s", got)
	}
	if got := of("orchard/vat"); got != "[]" {
		t.Errorf("hours of before it was added: %s", got)
	}
	read("two", 1, evidence.HourPresent, "orchard/press", "Orchard/Vat")
	if one, two := tell(c.HoursDone(ctx, "one")), tell(c.HoursDone(ctx, "two")); one != "[1 present]" || two != "[1 present]" {
		t.Errorf("done %s and %s", one, two)
	}
	if press, vat := of("ORCHARD/press"), of("orchard/vat"); press != "[1 present 2 unread]" || vat != "[1 present]" {
		t.Errorf("press %s, vat %s", press, vat)
	}
	if err := c.FinishCollection(ctx, day); err != nil {
		t.Fatal(err)
	}
	if _, err := c.BeginCollection(ctx, Plan{Host: "h", API: "a"}, day); err != nil {
		t.Fatal(err)
	}
	read("three", 1, evidence.HourTruncated, "orchard/vat") // says nothing of the press
	if press, vat, all := of("orchard/press"), of("orchard/vat"), tell(c.ArchiveHours(ctx)); press != "[1 present 2 unread]" || vat != "[1 truncated]" ||
		all != "[1 truncated 2 unread]" {
		t.Errorf("press %s, vat %s, all %s", press, vat, all)
	}
	if scopes, err := c.ArchiveScopes(ctx, "orchard/vat"); err != nil || !slices.Equal(scopes, []string{"three", "two"}) {
		t.Errorf("scopes %v, %v", scopes, err)
	}
}

func TestNamesThatWereHandedOn(t *testing.T) {
	ctx, c := t.Context(), newCase(t)
	collecting(t, c, "orchard/press", "orchard/vat")
	for _, told := range []struct {
		repo evidence.Repository
		ids  []int64
	}{{"orchard/press", []int64{8}}, {"orchard/vat", []int64{5}}, {"Orchard/Press", []int64{7, 8}}, {"orchard/vat", []int64{5}}} {
		if err := c.AppendArchiveIDs(ctx, told.repo, told.ids); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := c.HandedOn(ctx); err != nil || fmt.Sprint(got) != "map[orchard/press:[7 8]]" {
		t.Errorf("%v, %v", got, err)
	}
}
