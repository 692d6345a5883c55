package verdict

import (
	"cmp"
	"net/netip"
	"slices"
)

// Network is what is known of a range of addresses.
type Network struct {
	Prefix  netip.Prefix
	ASN     string
	Country string // ISO 3166-1 alpha-2
	Runner  string // whose cloud runners have it: "GitHub Actions"; anyone can rent there
}

// Networks answers what is known of an address: of each thing the narrowest range that tells it.
type Networks struct {
	of   map[netip.Prefix]Network
	bits [2][]int // prefix lengths of IPv4 and IPv6, narrowest first
}

// NewNetworks sorts ranges. Where two tell of the same range, each fills what the other leaves out.
func NewNetworks(list []Network) *Networks {
	n := &Networks{of: map[netip.Prefix]Network{}}
	for _, x := range list {
		p := x.Prefix.Masked()
		if !p.IsValid() {
			continue
		}
		have := n.of[p]
		n.of[p] = Network{p, cmp.Or(have.ASN, x.ASN), cmp.Or(have.Country, x.Country), cmp.Or(have.Runner, x.Runner)}
		family := 0
		if p.Addr().Is6() {
			family = 1
		}
		if !slices.Contains(n.bits[family], p.Bits()) {
			n.bits[family] = append(n.bits[family], p.Bits())
		}
	}
	for i := range n.bits {
		slices.SortFunc(n.bits[i], func(a, b int) int { return b - a })
	}
	return n
}

// Of says what is known of an address.
func (n *Networks) Of(a netip.Addr) Network {
	var out Network
	a = a.Unmap().WithZone("")
	family := 0
	if a.Is6() {
		family = 1
	}
	for _, bits := range n.bits[family] {
		p, err := a.Prefix(bits)
		if err != nil {
			continue
		}
		x, ok := n.of[p]
		if !ok {
			continue
		}
		if !out.Prefix.IsValid() {
			out.Prefix = p
		}
		out.ASN, out.Country, out.Runner = cmp.Or(out.ASN, x.ASN), cmp.Or(out.Country, x.Country), cmp.Or(out.Runner, x.Runner)
	}
	return out
}
