package main

import (
	"context"
	"errors"

	"pentimento/internal/tokenlog"
)

// importNetworksLong says what ranges are for, and where files of them come from.
const importNetworksLong = `
Networks tell whose addresses are: the autonomous system, the country, cloud runners. Import them after the logs: of a file those ranges are kept that
hold an address of the case, and the rest is passed; import it again when the case has more. Nothing is fetched, you bring the files: GeoLite2 ASN and
Country of MaxMind (.mmdb or CSV, under its licence, with an account of yours), https://api.github.com/meta for the runners that GitHub hosts, or a CSV
of your own with the columns network, asn, organization, country, runner.
`

// addresses reads from where anything was used: of networks nothing else is kept.
func (w *importWork) addresses(ctx context.Context) error {
	if w.kind != tokenlog.KindNetworks {
		return nil
	}
	var err error
	if w.read.Addresses, err = w.c.Addresses(ctx); err != nil {
		return err
	}
	if w.read.Addresses.Len() == 0 {
		return hint(errors.New("import: the case has no address yet that a range could hold"), "import usage first")
	}
	w.p.say("keeping ranges that hold any of %d addresses", w.read.Addresses.Len())
	return nil
}
