package main

import (
	"context"
	"strconv"

	"pentimento/internal/verdict"
)

// networks reads what is known of addresses; nil where nothing is.
func (a *analysis) networks(ctx context.Context) (*verdict.Networks, error) {
	rows, err := a.file.Networks(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	list := make([]verdict.Network, 0, len(rows))
	for _, r := range rows {
		n := verdict.Network{Prefix: r.Prefix, Organization: r.Organization, Country: r.Country, Runner: r.Runner, Source: r.Source + ", " + r.File, Fact: r.FactID()}
		if r.ASN != 0 {
			n.ASN = "AS" + strconv.FormatUint(uint64(r.ASN), 10)
		}
		list = append(list, n)
	}
	return verdict.NewNetworks(list), nil
}

// maxDisputes is how many ranges of which sources disagree are told one by one.
const maxDisputes = 5

// sayNetworks tells what is not known of the addresses from which credentials of windows were used.
func (p *program) sayNetworks(n *verdict.Networks) {
	if n == nil {
		return
	}
	all, without, more := n.Asked()
	if without > 0 {
		first := ""
		if more {
			first = "the first "
		}
		p.say("%d of %s%d addresses from which credentials were used lie in no imported range: pentimento import networks, again after every log", without, first, all)
	}
	disputes := n.Disputes()
	for i := range disputes {
		if i == maxDisputes {
			p.say("%d more ranges are told differently by several sources", len(disputes)-i)
			break
		}
		p.say("sources disagree, so it counts as not known: %s", disputes[i].Text())
	}
}
