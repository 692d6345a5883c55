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
