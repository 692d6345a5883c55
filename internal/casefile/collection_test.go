package casefile

import (
	"context"
	"testing"

	"pentimento/internal/evidence"
)

func TestResolve(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "Orchard/Press")
	if _, err := c.Add(ctx, []Addition{{Repository: "orchard/vat", From: "argument"}}); err != nil {
		t.Fatal(err)
	}
	for _, now := range []string{"orchard/Cider-Press", "orchard/vat"} { // the second stands in the case for itself
		obs := observation()
		obs.State.FullName = now
		obs.State.PushedAt = obs.State.PushedAt.AddDate(0, 0, len(now))
		if err := c.Append(ctx, obs); err != nil {
			t.Fatal(err)
		}
	}
	for given, want := range map[evidence.Repository]evidence.Repository{
		"orchard/press": "Orchard/Press", "ORCHARD/cider-press": "Orchard/Press", "orchard/VAT": "orchard/vat", "orchard/none": "",
	} {
		got, known, err := c.Resolve(ctx, given)
		if err != nil || known != (want != "") || known && got != want {
			t.Errorf("Resolve(%s) = %s, %t, %v, want %q", given, got, known, err, want)
		}
	}
}

// Whatever a collection asks more or less than an interrupted one, it does not go on with it; what each asked is told.
func TestAnotherPlanIsAnotherCollection(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	plans := []Plan{{Host: "h"}, {Host: "h", Admin: true}, {Host: "h", Logs: true}, {Host: "h", Admin: true, Logs: true, Places: []string{"gharchive x"}}, {Host: "h", API: "none"}}
	for _, p := range plans {
		for _, again := range []bool{false, true} {
			if resumed, err := c.BeginCollection(ctx, p, day); err != nil || resumed != again {
				t.Errorf("%+v: resumed %t, want %t: %v", p, resumed, again, err)
			}
		}
	}
	all, err := c.Collections(ctx)
	if err != nil || len(all) != len(plans) {
		t.Fatalf("%d collections, %v", len(all), err)
	}
	for i, x := range all {
		if !x.equal(plans[i]) {
			t.Errorf("got %+v, want %+v", x.Plan, plans[i])
		}
	}
}
