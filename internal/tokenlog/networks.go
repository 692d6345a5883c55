package tokenlog

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pentimento/internal/tokens"
)

// networkFormats are those that tell whose addresses are. The responder brings the files: GeoLite2 and its like are licensed to who downloads them.
func networkFormats() []Format {
	kinds := []string{KindNetworks}
	return []Format{
		{Name: "networks", Kinds: kinds, Guess: guessNetworks, Read: readNetworks,
			About: "ranges as CSV or JSON: network, asn, organization, country, runner (whose cloud runners have it); GeoLite2-ASN-Blocks-*.csv are such"},
		{Name: "geolite2-blocks", Kinds: kinds, Guess: guessBlocks, Read: readBlocks,
			About: "GeoLite2-Country-Blocks-*.csv or -City-Blocks-*.csv of MaxMind, with the file of locations beside it"},
		{Name: "geolite2-locations", Kinds: kinds, Guess: guessLocations, Read: passLocations,
			About: "GeoLite2-*-Locations-*.csv: read with the blocks beside it, and nothing by itself"},
		{Name: "github-meta", Kinds: kinds, Guess: guessMeta, Read: readMeta,
			About: "GET https://api.github.com/meta: which addresses GitHub's own runners have"},
		{Name: "mmdb", Kinds: kinds, Guess: guessDatabase, Read: readDatabase,
			About: "GeoLite2-ASN.mmdb, -Country.mmdb, -City.mmdb and their like: asked about the case's addresses"},
	}
}

// Names that columns of ranges go by: those of MaxMind's CSV files, of public lists, and plain ones.
var (
	rangeColumns   = []string{"network", "cidr", "prefix", "range", "ip_range", "ip_prefix"}
	asnColumns     = []string{"asn", "autonomous_system_number", "as_number"}
	ownerColumns   = []string{"organization", "org", "autonomous_system_organization", "as_organization", "as_name"}
	countryColumns = []string{"country", "country_code", "country_iso_code"}
	runnerColumns  = []string{"runner"}
)

func anyOf(s Sample, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(s.Header, n) || slices.Contains(s.Keys, n) })
}

func guessNetworks(s Sample) int {
	if anyOf(s, rangeColumns) && (anyOf(s, asnColumns) || anyOf(s, countryColumns) || anyOf(s, runnerColumns)) {
		return 80
	}
	return 0
}

// Reasons of more than one format.
const (
	reasonNoRange = "the row has no range of addresses, as in 192.0.2.0/24"
	reasonASN     = "the number of the autonomous system is none"
	reasonCountry = "the country is no code of two letters (ISO 3166-1)"
)

// readNetworks reads one range a row.
func readNetworks(ctx context.Context, in *Input, out *Sink) error {
	csv, err := in.isCSV()
	if err != nil {
		return err
	}
	if csv {
		return eachRecord(ctx, in, out, func(r *record) error { return giveNetwork(r.get, out) })
	}
	return eachObject(ctx, in, out, nil, func(o object) error {
		return giveNetwork(func(names ...string) string {
			for _, n := range names {
				if v := o.text(n); v != "" {
					return v
				}
			}
			return ""
		}, out)
	})
}

func giveNetwork(get func(...string) string, out *Sink) error {
	n := tokens.Network{Source: "networks", Organization: get(ownerColumns...), Country: strings.ToUpper(get(countryColumns...)), Runner: get(runnerColumns...)}
	var reason string
	if n.Prefix, reason = parseRange(get(rangeColumns...)); reason != "" {
		return out.Reject(reason)
	}
	if n.ASN, reason = parseASN(get(asnColumns...)); reason != "" {
		return out.Reject(reason)
	}
	switch strings.ToLower(n.Runner) {
	case "no", "false", "0":
		n.Runner = ""
	case "yes", "true", "1":
		n.Runner = firstOf(n.Organization, "a cloud")
	}
	return giveRange(&n, out)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// countryCode is one of ISO 3166-1; XK and other user-assigned ones are in use.
var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// maxLabel is the most that a name of who has a range may have, in bytes: registries hold shorter ones.
const maxLabel = 200

// giveRange passes on what is told of a range, as far as it can be true.
func giveRange(n *tokens.Network, out *Sink) error {
	switch why := tokens.Unroutable(n.Prefix); {
	case why != "":
		return out.Reject("the range " + why)
	case n.Country != "" && !countryCode.MatchString(n.Country):
		return out.Reject(reasonCountry)
	case len(n.Organization) > maxLabel || len(n.Runner) > maxLabel:
		return out.Reject(fmt.Sprintf("a name in the row has more than %d bytes", maxLabel))
	case holdsSecret(n.Organization, n.Runner):
		return out.Reject(reasonTold)
	}
	return out.Network(n)
}

// parseRange reads 192.0.2.0/24, or an address alone. One of IPv4 that is written as IPv6 is one of IPv4.
func parseRange(text string) (p netip.Prefix, reason string) {
	if text == "" {
		return p, reasonNoRange
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, reasonNoRange
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < mappedBits {
			return p, reasonNoRange
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-mappedBits)
	}
	if p != p.Masked() {
		return p, "the range has bits behind its prefix length: what it is meant to be is not clear"
	}
	return p, ""
}

// mappedBits is how many bits ::ffff:0:0/96 has, behind which IPv4 addresses are written as IPv6.
const mappedBits = 96

// parseASN reads 64500 or AS64500; 0, as lists have it for what nobody announces, is none.
func parseASN(text string) (uint32, string) {
	if len(text) > 2 && strings.EqualFold(text[:2], "as") {
		text = text[2:]
	}
	if text == "" {
		return 0, ""
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, reasonASN
	}
	return uint32(n), ""
}

func guessBlocks(s Sample) int {
	if s.columns("network", "geoname_id", "registered_country_geoname_id") {
		return 95
	}
	return 0
}

// readBlocks reads MaxMind's ranges, which name places by number. The country is where the range is used, not where it is registered.
func readBlocks(ctx context.Context, in *Input, out *Sink) error {
	places, err := placesBeside(ctx, in.Name, out)
	if err != nil {
		return err
	}
	return eachRecord(ctx, in, out, func(r *record) error {
		n := tokens.Network{Source: "GeoLite2 blocks"}
		var reason string
		if n.Prefix, reason = parseRange(r.get("network")); reason != "" {
			return out.Reject(reason)
		}
		if id := r.get("geoname_id"); id != "" {
			country, ok := places[id]
			if !ok {
				return out.Reject("the locations beside the file do not tell which country this is")
			}
			n.Country = country
		}
		return giveRange(&n, out)
	})
}

// blocksName is how MaxMind calls files of ranges.
var blocksName = regexp.MustCompile(`(?i)^(.*)-Blocks-IPv[46]\.csv(\.gz|\.zst|\.bz2)?$`)

// maxPlaces bounds the locations held: those of GeoLite2-City are some 130,000.
const maxPlaces = 2_000_000

// placesBeside reads the countries of places from a file of locations in the same folder. Any language will do: the codes are the same.
func placesBeside(ctx context.Context, name string, out *Sink) (map[string]string, error) {
	places := map[string]string{}
	m := blocksName.FindStringSubmatch(filepath.Base(name))
	if m == nil {
		out.Note("the name of the file is not MaxMind's: the locations belong beside it, as NAME-Locations-en.csv beside NAME-Blocks-IPv4.csv")
		return places, nil
	}
	list, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("look for locations: %w", err)
	}
	begin := strings.ToLower(m[1]) + "-locations-"
	i := slices.IndexFunc(list, func(e os.DirEntry) bool {
		return e.Type().IsRegular() && strings.HasPrefix(strings.ToLower(e.Name()), begin)
	})
	if i < 0 {
		out.Note("the countries are in " + m[1] + "-Locations-en.csv, which is not beside the file")
		return places, nil
	}
	src, err := Open(filepath.Join(filepath.Dir(name), list[i].Name()), nil, out.Note)
	if err != nil {
		return nil, err
	}
	own := &Sink{Row: func(int64) error { return nil }, Reject: func(string) error { return nil }, Note: out.Note}
	err = eachRecord(ctx, &Input{Name: list[i].Name(), R: src.R}, own, func(r *record) error {
		if id := r.get("geoname_id"); id != "" && len(places) < maxPlaces {
			places[id] = r.get("country_iso_code")
		}
		return nil
	})
	if err == nil && len(places) == 0 {
		out.Note(list[i].Name() + " beside the file tells no places")
	}
	if closing := src.Close(); err == nil {
		err = closing
	}
	return places, err
}

func guessLocations(s Sample) int {
	if s.columns("geoname_id", "locale_code", "country_iso_code") {
		return 95
	}
	return 0
}

// passLocations reads no ranges: there are none.
func passLocations(_ context.Context, _ *Input, out *Sink) error {
	out.Note("places alone tell nothing of addresses: import the files of blocks beside it")
	return nil
}
