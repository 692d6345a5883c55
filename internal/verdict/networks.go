package verdict

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Network is what is known of a range of addresses.
type Network struct {
	Prefix       netip.Prefix
	ASN          string // "AS64500"
	Organization string // whose system that is, for people
	Country      string // ISO 3166-1 alpha-2
	Runner       string // whose cloud runners have it: "GitHub Actions"; anyone can rent there
	Source       string // document, edition and file
	Fact         string // evidence id
}

// Answer is what is known of an address.
type Answer struct {
	Network
	Rented bool     // anyone can rent machines in the system
	Facts  []string // evidence ids of what told it
}

// Networks answers what is known of an address: of each thing the narrowest range that tells it.
type Networks struct {
	of      map[netip.Prefix]*rangeFacts
	bits    [2][]int                 // prefix lengths of IPv4 and IPv6, narrowest first
	rented  map[string]bool          // systems in which runners are
	answers map[netip.Prefix]*Answer // by the narrowest range
	asked   map[netip.Addr]*Answer
	over    bool // more addresses were asked about than are remembered
}

// rangeFacts is what all sources together tell of one range.
type rangeFacts struct {
	asn, country, runner aspect
	organization         string
}

// aspect is one thing that sources tell of a range: each value once, with the first source that tells it. Where there are several, nothing is known.
type aspect []toldValue

type toldValue struct{ value, source, fact string }

func (a *aspect) tell(value string, of *Network) {
	if value == "" || slices.ContainsFunc(*a, func(x toldValue) bool { return x.value == value }) {
		return
	}
	*a = append(*a, toldValue{value, of.Source, of.Fact})
}

// agreed gives what sources tell with one voice, and adds its fact to others; empty where they disagree.
func (a aspect) agreed(facts *[]string) string {
	if len(a) != 1 {
		return ""
	}
	a.cite(facts)
	return a[0].value
}

func (a aspect) cite(facts *[]string) {
	if fact := a[0].fact; fact != "" && !slices.Contains(*facts, fact) {
		*facts = append(*facts, fact)
	}
}

// maxAsked bounds the addresses that are remembered: some 40 MB of them.
const maxAsked = 1 << 19

// NewNetworks sorts ranges. Where two tell of the same range, each fills what the other leaves out; what they tell differently is not known, see Disputes.
func NewNetworks(list []Network) *Networks {
	n := &Networks{of: map[netip.Prefix]*rangeFacts{}, rented: map[string]bool{}, answers: map[netip.Prefix]*Answer{}, asked: map[netip.Addr]*Answer{}}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Network) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ASN, b.ASN), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Runner, b.Runner),
			cmp.Compare(a.Organization, b.Organization))
	})
	for _, x := range list {
		p := x.Prefix.Masked()
		if !p.IsValid() {
			continue
		}
		k := n.of[p]
		if k == nil {
			k = &rangeFacts{}
			n.of[p] = k
			family := familyOf(p.Addr())
			if !slices.Contains(n.bits[family], p.Bits()) {
				n.bits[family] = append(n.bits[family], p.Bits())
			}
		}
		k.asn.tell(x.ASN, &x)
		k.country.tell(x.Country, &x)
		k.runner.tell(x.Runner, &x)
		if x.ASN != "" {
			k.organization = cmp.Or(k.organization, x.Organization)
		}
	}
	for i := range n.bits {
		slices.SortFunc(n.bits[i], func(a, b int) int { return b - a })
	}
	for p, k := range n.of {
		if system := n.answer(p).ASN; len(k.runner) > 0 && system != "" {
			n.rented[system] = true
		}
	}
	return n
}

// rented are systems of well-known clouds and hosts of machines, by the names that registries hold for them: that a use came from the same one as before
// says nothing, for its renters have nothing to do with each other. The list need not be whole: what a responder knows of others, the column runner says.
var rented = map[string]bool{
	"AS14618": true, "AS16509": true, // Amazon
	"AS8075":  true,                   // Microsoft
	"AS15169": true, "AS396982": true, // Google
	"AS31898": true,                   // Oracle
	"AS13335": true,                   // Cloudflare, through which its WARP comes too
	"AS14061": true,                   // DigitalOcean
	"AS16276": true,                   // OVH
	"AS24940": true, "AS213230": true, // Hetzner
	"AS63949": true,                  // Akamai's Linode
	"AS20473": true,                  // Vultr
	"AS12876": true,                  // Scaleway
	"AS51167": true,                  // Contabo
	"AS60781": true,                  // Leaseweb
	"AS37963": true, "AS45102": true, // Alibaba
	"AS45090": true, "AS132203": true, // Tencent
	"AS55990": true, "AS136907": true, // Huawei
	"AS9009": true, "AS60068": true, "AS212238": true, // M247 and Datacamp, where most VPNs end
}

func familyOf(a netip.Addr) int {
	if a.Is6() {
		return 1
	}
	return 0
}

// Of says what is known of an address, which is not to be changed. It remembers that it was asked.
func (n *Networks) Of(a netip.Addr) *Answer {
	a = a.Unmap().WithZone("")
	out, ok := n.asked[a]
	if ok {
		return out
	}
	out = n.find(a)
	if len(n.asked) < maxAsked {
		n.asked[a] = out
	} else {
		n.over = true
	}
	return out
}

// find looks for the narrowest range of an address. It decides the answer: every wider one around it holds the address too.
func (n *Networks) find(a netip.Addr) *Answer {
	for _, bits := range n.bits[familyOf(a)] {
		p, err := a.Prefix(bits)
		if err != nil || n.of[p] == nil {
			continue
		}
		if n.answers[p] == nil {
			n.answers[p] = n.answer(p)
		}
		return n.answers[p]
	}
	return &Answer{}
}

// answer looks from a range to the widest around it. A narrower one about which sources disagree hides what wider ones tell of the same thing: what they
// tell is of the rest of them.
func (n *Networks) answer(narrowest netip.Prefix) *Answer {
	out := &Answer{Network: Network{Prefix: narrowest}}
	var asn, country, runner bool
	for _, bits := range n.bits[familyOf(narrowest.Addr())] {
		p := netip.PrefixFrom(narrowest.Addr(), bits).Masked()
		k := n.of[p]
		if k == nil || bits > narrowest.Bits() {
			continue
		}
		if !asn && len(k.asn) > 0 {
			asn, out.ASN = true, k.asn.agreed(&out.Facts)
			if out.ASN != "" {
				out.Organization = k.organization
			}
		}
		if !country && len(k.country) > 0 {
			country, out.Country = true, k.country.agreed(&out.Facts)
		}
		if !runner && len(k.runner) > 0 {
			runner, out.Runner = true, k.runner[0].value // whoever's they are, runners are runners
			k.runner.cite(&out.Facts)
		}
	}
	out.Rented = rented[out.ASN] || n.rented[out.ASN]
	return out
}

// Asked tells how many addresses of the Internet were asked about, and in how many of them no range lies that is known. most reports that there were more.
func (n *Networks) Asked() (all, without int, more bool) {
	for a, x := range n.asked {
		if !tokens.Routable(a) {
			continue
		}
		if all++; !x.Prefix.IsValid() {
			without++
		}
	}
	return all, without, n.over
}

// Dispute is a range of which sources tell different things.
type Dispute struct {
	Prefix netip.Prefix
	What   string   // "system", "country", "runners"
	Told   []string // values, each with its source
}

// Text is the dispute in words, without values that could be anything but text.
func (d *Dispute) Text() string {
	return fmt.Sprintf("%s of %s: %s", d.What, d.Prefix, evidence.Printable(strings.Join(d.Told, ", or ")))
}

// Disputes lists what sources tell differently of the same range, by range. Of none of it anything is taken as known, but that runners are runners.
func (n *Networks) Disputes() []Dispute {
	var out []Dispute
	for p, k := range n.of {
		for _, x := range []struct {
			what string
			a    aspect
		}{{"country", k.country}, {"runners", k.runner}, {"system", k.asn}} {
			if len(x.a) < 2 {
				continue
			}
			d := Dispute{Prefix: p, What: x.what}
			for _, told := range x.a {
				d.Told = append(d.Told, told.value+" ("+told.source+")")
			}
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Dispute) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()), cmp.Compare(a.What, b.What))
	})
	return out
}
