package casefile

import (
	"context"
	"fmt"
	"net/netip"

	"pentimento/internal/tokens"
)

// Network stores what is told of a range, or passes it over where no address of the case lies in it, or nothing is told.
func (im *Import) Network(network *tokens.Network) error {
	if im.row.rejected {
		return nil
	}
	if im.plan.Addresses == nil || !im.plan.Addresses.Hold(network.Prefix) || !network.Tells() {
		im.row.passed = true
		return nil
	}
	v := *network
	clean(&v.Organization, &v.Country, &v.Runner, &v.Source)
	return im.tell("network_range", "id, prefix, asn, organization, country, runner, source", v.FactID(), v.Prefix.String(), int64(v.ASN), v.Organization, v.Country,
		v.Runner, v.Source)
}

// Addresses are those from which anything was used, and those that inventories name. What no network on the Internet can have is left out.
func (c *Case) Addresses(ctx context.Context) (*tokens.Addresses, error) {
	s, err := tokens.NewAddresses(func(add func(netip.Addr)) error {
		err := c.each(ctx, "SELECT DISTINCT address FROM use WHERE address IS NOT NULL", nil, func(scan func(...any) error) error {
			var v any
			if err := scan(&v); err != nil {
				return err
			}
			a, _ := unpackAddress(v)
			add(a)
			return nil
		})
		if err != nil {
			return err
		}
		return c.each(ctx, "SELECT DISTINCT address FROM credential_record", nil, func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			add(parseAddress(text))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return s, nil
}

// NetworkRow is what a document tells of a range, and where in which file.
type NetworkRow struct {
	tokens.Network
	File string
	Line int64
}

// Networks lists what is told of ranges, by id.
func (c *Case) Networks(ctx context.Context) ([]NetworkRow, error) {
	var out []NetworkRow
	err := c.each(ctx, `SELECT n.prefix, n.asn, n.organization, n.country, n.runner, n.source, i.name, n.line
		FROM network_range n JOIN import i ON i.id = n.import ORDER BY n.id`, nil, func(scan func(...any) error) error {
		var x NetworkRow
		var prefix string
		if err := scan(&prefix, &x.ASN, &x.Organization, &x.Country, &x.Runner, &x.Source, &x.File, &x.Line); err != nil {
			return err
		}
		var err error
		x.Prefix, err = netip.ParsePrefix(prefix)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ranges of networks: %w", err)
	}
	return out, nil
}
