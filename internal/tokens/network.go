package tokens

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strconv"

	"pentimento/internal/evidence"
)

// Network is what a document tells of a range of addresses. Empty fields are what it does not tell.
type Network struct {
	Prefix       netip.Prefix // without bits behind its length
	ASN          uint32       // of the autonomous system that announces it; 0: not told
	Organization string       // whose that is, for people: sources spell it as they like
	Country      string       // ISO 3166-1 alpha-2
	Runner       string       // whose cloud runners have it: "GitHub Actions"; anyone can rent there
	Source       string       // document and edition: "github-meta", "GeoLite2-ASN of 2025-09-05"
}

// FactID of the range.
func (n *Network) FactID() string {
	return evidence.ID("net", n.Prefix.String(), strconv.FormatUint(uint64(n.ASN), 10), n.Organization, n.Country, n.Runner, n.Source)
}

// Tells reports whether anything is told that uses can be compared by.
func (n *Network) Tells() bool { return n.ASN != 0 || n.Country != "" || n.Runner != "" }

// Widest ranges that one network has: nothing wider is announced, and the widest allocations of registries are 28.0.0.0/7 and the like, and /12 of IPv6.
const (
	widest4 = 6
	widest6 = 12
)

// special are ranges that are nobody's on the Internet, and what they are (IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890; multicast
// RFC 5771, RFC 4291). Ranges for documentation are not among them: nothing but examples has them.
var special = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "of this network alone"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared behind providers' translation of addresses"},
	{netip.MustParsePrefix("127.0.0.0/8"), "of the machine itself"},
	{netip.MustParsePrefix("169.254.0.0/16"), "of one link alone"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/127"), "of the machine itself"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "of one link alone"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// Unroutable says why a range can be no network's on the Internet, as a clause about it; empty where it can.
func Unroutable(p netip.Prefix) string {
	for _, s := range special {
		if s.prefix.Overlaps(p) {
			return "is " + s.what + " (" + s.prefix.String() + "), in whole or in part"
		}
	}
	if p.Addr().Is4() && p.Bits() < widest4 || p.Addr().Is6() && p.Bits() < widest6 {
		return fmt.Sprintf("is wider than any network: /%d", p.Bits())
	}
	return ""
}

// Routable reports an address that a network on the Internet can have.
func Routable(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsValid() && Unroutable(netip.PrefixFrom(a, a.BitLen())) == ""
}

// Addresses is a set of addresses in little memory: a log can hold millions.
type Addresses struct {
	v4 []uint32
	v6 [][16]byte
}

// NewAddresses makes a set of what each gives, once or more often. What is no address, or of no network on the Internet, is left out.
func NewAddresses(each func(add func(netip.Addr)) error) (*Addresses, error) {
	s := &Addresses{}
	err := each(func(a netip.Addr) {
		a = a.Unmap().WithZone("")
		switch {
		case !Routable(a):
		case a.Is4():
			s.v4 = append(s.v4, number(a))
		default:
			s.v6 = append(s.v6, a.As16())
		}
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(s.v4)
	s.v4 = slices.Compact(s.v4)
	slices.SortFunc(s.v6, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	s.v6 = slices.Compact(s.v6)
	return s, nil
}

// number is an IPv4 address as one.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Len is how many there are.
func (s *Addresses) Len() int { return len(s.v4) + len(s.v6) }

// All calls f with each, those of IPv4 first, in order, until it returns false.
func (s *Addresses) All(f func(netip.Addr) bool) {
	for _, n := range s.v4 {
		if !f(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})) {
			return
		}
	}
	for _, b := range s.v6 {
		if !f(netip.AddrFrom16(b)) {
			return
		}
	}
}

// Hold reports whether any address of the set lies in a range.
func (s *Addresses) Hold(p netip.Prefix) bool {
	from := p.Masked().Addr()
	if from.Is4() {
		n := number(from)
		i := sort.Search(len(s.v4), func(i int) bool { return s.v4[i] >= n })
		// The first behind the beginning is in the range, or none is.
		return i < len(s.v4) && p.Bits() >= 0 && (s.v4[i]^n)>>(32-uint(p.Bits())) == 0
	}
	b := from.As16()
	i := sort.Search(len(s.v6), func(i int) bool { return bytes.Compare(s.v6[i][:], b[:]) >= 0 })
	return i < len(s.v6) && p.Contains(netip.AddrFrom16(s.v6[i]))
}
