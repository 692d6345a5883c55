package casefile

import "testing"

// TestEmptyListingIsKnown: a repository without refs was listed, which is another thing than never.
func TestEmptyListingIsKnown(t *testing.T) {
	c := newCase(t)
	collecting(t, c, "orchard/press", "orchard/vat")
	obs := observation()
	obs.Refs = nil
	if err := c.Append(t.Context(), obs); err != nil {
		t.Fatal(err)
	}
	f, err := c.Facts(t.Context(), "orchard/press")
	if err != nil || !f.Listing.Known() || f.Listing.Source != obs.Sources[0].ID() || !f.Listing.At.Equal(day) || f.Listing.Refs != nil {
		t.Errorf("listing %+v, %v", f.Listing, err)
	}
	if f, err = c.Facts(t.Context(), "orchard/vat"); err != nil || f.Listing.Known() {
		t.Errorf("never listed: %+v, %v", f.Listing, err)
	}
}
