package verdict_test

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pentimento/internal/verdict"
)

// Addresses that lie in ranges of the tests below.
const (
	homeNear  = "2001:db8:1002::7" // another network of the system of homes
	homes     = "2001:db8:1001::7"
	rentedOne = "2001:db8:2001::7"
	rentedTwo = "2001:db8:2002::7"
	hosted    = "2001:db8:3001::4" // a runner's, of the system of homes
)

// known has the world know systems, countries and runners.
func (w *world) known(more ...verdict.Network) {
	w.Networks = verdict.NewNetworks(append([]verdict.Network{
		{Prefix: netip.MustParsePrefix("2001:db8:1000::/36"), ASN: "AS64500", Organization: "Example Homes", Country: "NL", Source: "a", Fact: "net-homes"},
		{Prefix: netip.MustParsePrefix("2001:db8:2000::/36"), ASN: "AS16509", Country: "US", Source: "a"},
		{Prefix: netip.MustParsePrefix("2001:db8:3000::/36"), ASN: "AS64501", Country: "NL", Source: "a"},
		{Prefix: netip.MustParsePrefix("2001:db8:3001::/48"), Runner: "GitHub Actions", Source: "b", Fact: "net-runners"},
	}, more...))
}

// lived is a week of use from one address.
func (w *world) lived(address string, n int) {
	for i := range n {
		w.use(float64(-170+12*i), address, "aws-cli/2.1", "PutObject")
	}
}

func TestUseFromKnownNetworks(t *testing.T) {
	home, runners := "net-homes", "net-runners"
	cites := map[string][]string{ // what is known of the address of the use in the window
		"another network of the same system": {home}, "another network of the same system, another program": {home}, "another network of the same system, all else new": {home},
		"another network of the same system, and hardly a baseline": {home}, "from a runner in no run, as before but for the network": {runners}, "from a runner in an own run": {runners},
		"sources disagree on the system": {home}, "a narrower range tells another system": {home}, // the country is told all the same
	}
	for _, c := range []struct {
		name, want, says string
		facts            func(*world)
	}{
		{"another network of the same system", "consistent same-system", "",
			func(w *world) { w.known(); w.lived(homes, 14); w.use(5, homeNear, "aws-cli/2.1", "PutObject") }},
		{"another network of the same system, another program", "unexplained near-network", "never seen: program curl",
			func(w *world) { w.known(); w.lived(homes, 14); w.use(5, homeNear, "curl/8", "PutObject") }},
		{"another network of the same system, all else new", "suspicious unlike-before", "network 2001:db8:1002::/48",
			func(w *world) { w.known(); w.lived(homes, 14); w.use(5, homeNear, "curl/8", "DeleteTrail") }},
		{"another network of the same system, and hardly a baseline", "unexplained thin-baseline", "",
			func(w *world) { w.known(); w.lived(homes, 3); w.use(5, homeNear, "aws-cli/2.1", "PutObject") }},
		{"another network of a system that anyone rents in", "unexplained near-network", "AS16509, which was seen before, but where anyone can rent",
			func(w *world) { w.known(); w.lived(rentedOne, 14); w.use(5, rentedTwo, "aws-cli/2.1", "PutObject") }},
		{"another network of a system in which runners are", "unexplained near-network", "where anyone can rent",
			func(w *world) {
				w.known()
				w.lived("2001:db8:3002::7", 14)
				w.use(5, "2001:db8:3003::7", "aws-cli/2.1", "PutObject")
			}},
		{"from a runner in no run, unlike before", "suspicious unlike-before", "country US, program curl",
			func(w *world) {
				w.known(verdict.Network{Prefix: netip.MustParsePrefix("2001:db8:2001::/52"), Runner: "GitHub Actions", Source: "b"})
				w.lived(homes, 14)
				w.use(5, rentedOne, "curl/8", "PutObject")
			}},
		{"from a runner in no run, as before but for the network", "unexplained runner-range", "cloud runners of GitHub Actions, where anyone can rent",
			func(w *world) { w.known(); w.lived(homes, 14); w.use(5, hosted, "aws-cli/2.1", "PutObject") }},
		{"from a runner in an own run", "consistent own-run", "",
			func(w *world) {
				w.known()
				w.lived(homes, 14)
				w.ran(7, 4.9, 5.1)
				w.use(5, hosted, "aws-cli/2.1", "PutObject")
			}},
		{"from a country of which the log tells nothing", "suspicious unlike-before", "country US",
			func(w *world) { w.known(); w.lived(homes, 14); w.use(5, rentedOne, "aws-cli/2.1", "PutObject") }},
		{"sources disagree on the system", "unexplained new-network", "",
			func(w *world) {
				w.known(verdict.Network{Prefix: netip.MustParsePrefix("2001:db8:1000::/36"), ASN: "AS64509", Source: "c"})
				w.lived(homes, 14)
				w.use(5, homeNear, "aws-cli/2.1", "PutObject")
			}},
		{"a narrower range tells another system", "unexplained new-network", "",
			func(w *world) {
				w.known(verdict.Network{Prefix: netip.MustParsePrefix("2001:db8:1002::/48"), ASN: "AS64509", Source: "c"})
				w.lived(homes, 14)
				w.use(5, homeNear, "aws-cli/2.1", "PutObject")
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.facts(w)
			w.covered("aws/cloudtrail", -200, 100)
			v := w.judge(t)[0]
			if got := v.Word + " " + v.Rule; got != c.want || !strings.Contains(v.Reason, c.says) {
				t.Errorf("%s, want %s: %s", got, c.want, v.Reason)
			}
			for _, u := range v.Uses {
				if u.Rule == "same-system" && !strings.Contains(u.Reason, "2001:db8:1002::/48, another network of AS64500 (Example Homes), from which 14 of 14 uses before came, and program, action") {
					t.Error(u.Reason)
				}
			}
			for _, id := range []string{home, runners} {
				if cited := slices.Contains(v.Evidence, id); cited != slices.Contains(cites[c.name], id) {
					t.Errorf("%s is cited: %v", id, cited)
				}
			}
			if all, without, more := w.Networks.Asked(); all == 0 || without > 1 || more {
				t.Errorf("asked about %d, of which %d in no range", all, without)
			}
		})
	}
}

// What sources tell differently of one range is told, in the same words whatever came first, and neither is taken as known.
func TestDisputes(t *testing.T) {
	p := netip.MustParsePrefix("198.51.100.0/24")
	list := []verdict.Network{
		{Prefix: p, ASN: "AS64500", Country: "NL", Source: "one"},
		{Prefix: p, ASN: "AS64501", Country: "NL", Source: "two"},
		{Prefix: p, ASN: "AS64500", Country: "DE", Runner: "GitHub Actions", Source: "three"},
		{Prefix: p, Runner: "Example Cloud", Source: "one"},
		{Prefix: netip.MustParsePrefix("198.51.100.0/23"), ASN: "AS64500", Country: "NL", Source: "one"},
	}
	want := []string{
		"country of 198.51.100.0/24: NL (one), or DE (three)",
		"runners of 198.51.100.0/24: Example Cloud (one), or GitHub Actions (three)",
		"system of 198.51.100.0/24: AS64500 (one), or AS64501 (two)",
	}
	rapid.Check(t, func(t *rapid.T) {
		n := verdict.NewNetworks(rapid.Permutation(list).Draw(t, "order"))
		var got []string
		for _, d := range n.Disputes() {
			got = append(got, d.Text())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %q", got)
		}
		if x := n.Of(netip.MustParseAddr("198.51.100.7")); x.ASN != "" || x.Country != "" || x.Runner != "Example Cloud" {
			t.Fatalf("%+v is taken as known", x)
		}
	})
}

func TestAsked(t *testing.T) {
	n := verdict.NewNetworks([]verdict.Network{{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Country: "NL"}})
	for _, a := range []string{"198.51.100.1", "198.51.100.2", "203.0.113.1", "10.0.0.1", "::ffff:198.51.100.1"} {
		n.Of(netip.MustParseAddr(a))
	}
	if all, without, more := n.Asked(); all != 3 || without != 1 || more {
		t.Errorf("%d, %d, %v", all, without, more)
	}
}

// Of each thing the narrowest range that tells it counts, whatever order the ranges come in, and asking again changes nothing.
func TestNarrowestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []verdict.Network
		used := map[netip.Prefix]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "ranges") {
			a := netip.AddrFrom4([4]byte{192, 0, 2, rapid.Byte().Draw(t, "host")})
			p, err := a.Prefix(rapid.IntRange(20, 32).Draw(t, "bits"))
			if err != nil {
				t.Fatal(err)
			}
			if !used[p] { // one source a range: none disagree
				used[p] = true
				list = append(list, verdict.Network{Prefix: p, ASN: rapid.SampledFrom([]string{"", "AS1", "AS2"}).Draw(t, "system"),
					Country: rapid.SampledFrom([]string{"", "NL", "DE"}).Draw(t, "country"), Runner: rapid.SampledFrom([]string{"", "R"}).Draw(t, "runner")})
			}
		}
		n := verdict.NewNetworks(list)
		for range 20 {
			a := netip.AddrFrom4([4]byte{192, 0, 2, rapid.Byte().Draw(t, "address")})
			var asn, country, runner string
			for bits := 32; bits >= 20; bits-- {
				for _, x := range list {
					if x.Prefix.Bits() == bits && x.Prefix.Contains(a) {
						asn, country, runner = cmp.Or(asn, x.ASN), cmp.Or(country, x.Country), cmp.Or(runner, x.Runner)
					}
				}
			}
			if got := n.Of(a); got.ASN != asn || got.Country != country || got.Runner != runner || n.Of(a) != got {
				t.Fatalf("%s: %+v, want %q %q %q of %+v", a, got, asn, country, runner, list)
			}
		}
	})
}
