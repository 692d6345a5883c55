package casefile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/tokens"
)

func someUse(i int) tokens.Use {
	u := tokens.Use{Log: "test/log", Provider: tokens.PyPI, Credential: fmt.Sprintf("c%03d", i%37), Account: fmt.Sprintf("a%d", i%5), Action: "file:add", Class: tokens.Publish,
		Project: "press", At: time.Date(2025, 9, 5, 0, 0, i, 0, time.UTC), Within: time.Second, Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), UserAgent: fmt.Sprintf("twine/%d", i%9)}
	if i%11 == 0 {
		u.Credential, u.Address, u.Origin = "", netip.MustParseAddr("2001:db8::1"), "somewhere"
	}
	return u
}

func feed(t *testing.T, c *Case, name string, scope *ImportScope, from, to int, end bool) (ImportCounts, bool) {
	t.Helper()
	im, err := c.BeginImport(t.Context(), ImportPlan{Kind: "usage", Format: "x", Name: name, Options: "{}", Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if err := im.Row(int64(i + 2)); err != nil {
			t.Fatal(err)
		}
		u := someUse(i)
		if i%13 == 12 {
			err = im.Reject("bad", []byte("x"))
		} else {
			err = im.Use(&u)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !end {
		if err := im.flush(); err != nil {
			t.Fatal(err)
		}
		if err := im.Abort(); err != nil {
			t.Fatal(err)
		}
		return ImportCounts{}, false
	}
	n, known, err := im.End(t.Context(), name, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n.Read != n.Stored+n.Duplicate+n.Rejected+n.Passed {
		t.Errorf("%+v does not add up", n)
	}
	return n, known
}

func all(t *testing.T, c *Case, f UseFilter) (out []string) {
	t.Helper()
	if err := c.EachUse(t.Context(), f, func(u *tokens.Use) error { out = append(out, fmt.Sprintf("%+v", *u)); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestImportsInAnyWay: whole, in pieces that overlap and come in another order, broken off and begun again, an export is the same uses.
func TestImportsInAnyWay(t *testing.T) {
	whole, pieces := newCase(t), newCase(t)
	if n, _ := feed(t, whole, "f", nil, 0, 5000, true); n != (ImportCounts{Read: 5000, Stored: 4616, Rejected: 384}) {
		t.Errorf("%+v", n)
	}
	if n2, known := feed(t, whole, "f", nil, 0, 5000, true); !known || n2.Stored != 0 {
		t.Errorf("again: %+v, known %v", n2, known)
	}
	feed(t, pieces, "b", nil, 2000, 5000, true)
	feed(t, pieces, "a", nil, 0, 1500, false)
	if n, _ := feed(t, pieces, "a", nil, 0, 3000, true); n.Read != 3000 || n.Stored == 0 || n.Duplicate == 0 {
		t.Errorf("resumed: %+v", n)
	}
	want := all(t, whole, UseFilter{})
	if got := all(t, pieces, UseFilter{}); !slices.Equal(got, want) {
		t.Errorf("%d uses, want %d", len(got), len(want))
	}
	if got := all(t, whole, UseFilter{Credentials: []tokens.Ref{"pypi:c001", ""}}); len(got) == 0 {
		t.Error("none by credential")
	}
	if got := all(t, whole, UseFilter{Accounts: []string{"pypi:A1"}}); len(got) != 923 {
		t.Errorf("%d by account", len(got))
	}
	v, err := whole.Verify(context.Background())
	if err != nil || len(v.Faults) > 0 {
		t.Errorf("%v %v", v.Faults, err)
	}
}

// TestImportLeavesConnections: connections are as they were, however an import ends.
func TestImportLeavesConnections(t *testing.T) {
	c := newCase(t)
	feed(t, c, "f", nil, 0, 100, false)
	feed(t, c, "f", nil, 0, 100, true)
	for range idleConnections + 1 {
		conn, err := c.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }() // all are held until the end, so that each is asked
		var pages int
		if err := conn.QueryRowContext(t.Context(), "PRAGMA wal_autocheckpoint").Scan(&pages); err != nil || pages != usualLogPages {
			t.Errorf("a checkpoint every %d pages: %v", pages, err)
		}
	}
}

// TestFactsKeepTheirIDs: what is read back has the id under which it stands, also where a text held what has the shape of a credential; and that is nowhere.
func TestFactsKeepTheirIDs(t *testing.T) {
	c := newCase(t)
	secret := "np" + "m_" + strings.Repeat("Qq7", 12)
	im, err := c.BeginImport(t.Context(), ImportPlan{Kind: "credentials", Format: "x", Name: "f", Options: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	steps := []func() error{
		func() error { return im.Row(1) },
		func() error {
			return im.Credential(&tokens.Credential{Provider: tokens.NPM, ID: "k", Label: "ci " + secret, Projects: []string{"press", secret}, Scopes: []string{"x\xff"}})
		},
		func() error { return im.Row(2) },
		func() error {
			return im.Event(&tokens.Event{Provider: tokens.NPM, ID: "k", What: tokens.Removed, Detail: secret, By: secret})
		},
		func() error { return im.Row(3) },
		func() error {
			return im.Release(&tokens.Release{Provider: tokens.NPM, Project: "press", Version: "1", UserAgent: secret})
		},
		func() error { return im.Row(4) },
		func() error {
			return im.Mapping(&tokens.Mapping{Secret: "NPM_TOKEN", Provider: tokens.NPM, Credential: "k", Because: secret})
		},
		func() error { return im.Row(5) },
		func() error { return im.Contact(&tokens.Contact{Kind: "owner", Name: "press", Why: secret}) },
		func() error { return im.Listing(&tokens.Listing{Provider: tokens.NPM, Account: secret}) },
		func() error { return im.Coverage(&tokens.Coverage{Log: "npm/x", Provider: tokens.NPM, Detail: secret}) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if n, _, err := im.End(t.Context(), "f", 1); err != nil || n.Stored != 5 {
		t.Fatalf("%+v %v", n, err)
	}
	stored := map[string]bool{}
	for _, table := range []string{"credential_record", "credential_event", "release_record", "secret_mapping", "contact", "credential_listing", "log_coverage"} {
		err := c.each(t.Context(), "SELECT id FROM "+table, nil, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			stored[id] = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range readIDs(t, c) {
		if !stored[id] {
			t.Errorf("%s is no id of the case, which has %v", id, slices.Sorted(maps.Keys(stored)))
		}
		delete(stored, id)
	}
	if len(stored) > 0 {
		t.Errorf("not read back: %v", stored)
	}
}

// readIDs reads every fact about credentials and gives the ids that they make of themselves.
func readIDs(t *testing.T, c *Case) []string {
	t.Helper()
	rows, err := c.Credentials(t.Context())
	events, err2 := c.CredentialEvents(t.Context())
	releases, err3 := c.Releases(t.Context())
	mappings, err4 := c.Mappings(t.Context())
	contacts, err5 := c.Contacts(t.Context())
	listings, err6 := c.Listings(t.Context())
	coverage, err7 := c.LogCoverages(t.Context())
	if err := errors.Join(err, err2, err3, err4, err5, err6, err7); err != nil {
		t.Fatal(err)
	}
	if len(rows)+len(events)+len(releases)+len(mappings)+len(contacts)+len(listings)+len(coverage) != 7 {
		t.Errorf("%v %v %v %v %v %v %v", rows, events, releases, mappings, contacts, listings, coverage)
	}
	return []string{rows[0].FactID(), events[0].FactID(), releases[0].FactID(), mappings[0].FactID(), contacts[0].FactID(), listings[0].FactID(), coverage[0].FactID()}
}

func BenchmarkImport(b *testing.B) {
	c := newCase(b)
	const rows = 1_000_000
	for b.Loop() {
		im, err := c.BeginImport(b.Context(), ImportPlan{Kind: "usage", Format: "x", Name: fmt.Sprint(b.N), Options: "{}"})
		if err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			if err := im.Row(int64(i)); err != nil {
				b.Fatal(err)
			}
			u := someUse(i)
			u.Credential = fmt.Sprintf("c%05d", i*7919%20011)
			if err := im.Use(&u); err != nil {
				b.Fatal(err)
			}
		}
		if _, _, err := im.End(b.Context(), "s", 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
