package tokens_test

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
	"pentimento/internal/tokens"
)

func TestUnroutable(t *testing.T) {
	for text, want := range map[string]bool{
		"192.0.2.0/24": false, "198.51.100.7/32": false, "28.0.0.0/7": false, "2001:db8::/32": false, "2600::/12": false,
		"10.1.0.0/16": true, "8.0.0.0/6": true, "0.0.0.0/0": true, "32.0.0.0/5": true, "100.64.0.0/24": true, "127.0.0.1/32": true, "169.254.169.254/32": true,
		"172.20.0.0/16": true, "192.168.0.0/16": true, "224.0.0.0/24": true, "255.255.255.255/32": true, "::/0": true, "::1/128": true, "fd00::/64": true,
		"fe80::/64": true, "ff02::1/128": true, "2000::/3": true,
	} {
		if got := tokens.Unroutable(netip.MustParsePrefix(text)); (got != "") != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestAddressesHold compares the set with a look at each address.
func TestAddressesHold(t *testing.T) {
	address := rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.Bool().Draw(t, "v6") {
			return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: rapid.Byte().Draw(t, "last"), 7: rapid.ByteRange(0, 3).Draw(t, "site")})
		}
		return netip.AddrFrom4([4]byte{192, 0, 2, rapid.Byte().Draw(t, "host")})
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(address, 0, 20).Draw(t, "addresses")
		s, err := tokens.NewAddresses(func(add func(netip.Addr)) error {
			for _, a := range list {
				add(a)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		a := address.Draw(t, "of range")
		p, err := a.Prefix(rapid.IntRange(0, a.BitLen()).Draw(t, "bits"))
		if err != nil {
			t.Fatal(err)
		}
		want, each := false, map[netip.Addr]bool{}
		for _, x := range list {
			want, each[x] = want || p.Contains(x), true
		}
		if got := s.Hold(p); got != want {
			t.Fatalf("%s: %v, want %v of %v", p, got, want, list)
		}
		n := 0
		s.All(func(x netip.Addr) bool {
			if n++; !each[x] {
				t.Fatalf("%s was not put in", x)
			}
			return true
		})
		if n != len(each) || n != s.Len() {
			t.Fatalf("%d and %d addresses, want %d", n, s.Len(), len(each))
		}
	})
}
