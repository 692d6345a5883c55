package casefile

import (
	"net/netip"
	"strings"
	"testing"

	"pentimento/internal/tokens"
)

// told imports ranges for a set of addresses.
func told(t *testing.T, c *Case, name string, list ...tokens.Network) (ImportCounts, bool) {
	t.Helper()
	addresses, err := c.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	im, err := c.BeginImport(t.Context(), ImportPlan{Kind: "networks", Format: "networks", Name: name, Options: "{}", Addresses: addresses})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if err := im.Row(int64(i + 2)); err != nil {
			t.Fatal(err)
		}
		if err := im.Network(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	n, known, err := im.End(t.Context(), name, 1)
	if err != nil {
		t.Fatal(err)
	}
	return n, known
}

// Of a document of ranges those are kept that hold an address of the case, and the same file tells more once the case has more addresses.
func TestNetworksOfAddresses(t *testing.T) {
	c := newCase(t)
	feed(t, c, "log", nil, 0, 20, true)
	secret := "np" + "m_" + strings.Repeat("Qq7", 12)
	list := []tokens.Network{
		{Prefix: netip.MustParsePrefix("192.0.2.0/28"), ASN: 64500, Organization: "Example " + secret, Country: "NL", Source: "networks"},
		{Prefix: netip.MustParsePrefix("192.0.2.128/25"), ASN: 64500, Source: "networks"},
		{Prefix: netip.MustParsePrefix("2001:db8::/32"), Country: "DE", Source: "networks"},
		{Prefix: netip.MustParsePrefix("192.0.2.0/28"), Organization: "tells nothing that counts", Source: "networks"},
		{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Runner: "GitHub Actions", Source: "github-meta"},
		{Prefix: netip.MustParsePrefix("2001:db8::/32"), Country: "DE", Source: "networks"},
	}
	if n, known := told(t, c, "ranges", list...); known || n != (ImportCounts{Read: 6, Stored: 2, Duplicate: 1, Passed: 3}) {
		t.Errorf("%+v %v", n, known)
	}
	if n, known := told(t, c, "ranges", list...); !known || n != (ImportCounts{Read: 6, Duplicate: 3, Passed: 3}) {
		t.Errorf("again: %+v %v", n, known)
	}
	feed(t, c, "more", nil, 120, 150, true)
	if n, known := told(t, c, "ranges", list...); known || n != (ImportCounts{Read: 6, Stored: 1, Duplicate: 3, Passed: 2}) {
		t.Errorf("with more addresses: %+v %v", n, known)
	}
	rows, err := c.Networks(t.Context())
	if err != nil || len(rows) != 3 {
		t.Fatalf("%+v %v", rows, err)
	}
	for _, r := range rows {
		found := false
		err := c.each(t.Context(), "SELECT organization LIKE '%Qq7%' FROM network_range WHERE id = ?", []any{r.FactID()}, func(scan func(...any) error) error {
			var leaks bool
			err := scan(&leaks)
			found = !leaks
			return err
		})
		if err != nil || !found || r.File != "ranges" || r.Line < 2 {
			t.Errorf("%+v is not what the case has, or has a secret (%v)", r, err)
		}
	}
}
