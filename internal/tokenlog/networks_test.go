package tokenlog

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/tokens"
)

func networkFormat(t testing.TB, name string) Format {
	t.Helper()
	f, ok := Find(KindNetworks, name)
	if !ok {
		t.Fatalf("no format %s", name)
	}
	return f
}

// networkFixtures are files by their path, and the format of each.
func networkFixtures(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"networks", "geolite2-blocks", "github-meta"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "tokens", name, "*"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s has no fixture (%v)", name, err)
		}
		for _, p := range paths {
			switch {
			case strings.HasSuffix(p, ".golden"):
			case strings.Contains(p, "Locations"):
				all[p] = "geolite2-locations"
			default:
				all[p] = name
			}
		}
	}
	return all
}

// Every format reads its fixtures to the facts beside them, and is the one that is guessed.
func TestNetworkFixtures(t *testing.T) {
	for path, name := range networkFixtures(t) {
		t.Run(name+"/"+filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := Guess(KindNetworks, sampleOf(path, text)); err != nil || f.Name != name {
				t.Errorf("it is guessed to be %q (%v)", f.Name, err)
			}
			got := strings.Join(readFacts(t, networkFormat(t, name), path, string(text), Options{}).lines, "\n") + "\n"
			if *updatePlatform {
				if err := os.WriteFile(path+".golden", []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Readers stop where the sink fails or the context ends, with that error.
func TestNetworksStop(t *testing.T) {
	all := networkFixtures(t)
	path := filepath.Join(t.TempDir(), "x.mmdb")
	if err := os.WriteFile(path, sampleDatabase(), 0o666); err != nil {
		t.Fatal(err)
	}
	all[path] = "mmdb"
	for path, name := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := facts{stop: context.DeadlineExceeded}
		err = networkFormat(t, name).Read(t.Context(), &Input{Name: path, R: bytes.NewReader(text), Options: Options{Addresses: addresses(t, "192.0.2.9")}}, f.sink())
		if name != "geolite2-locations" && !strings.Contains(filepath.Base(path), "City") && err != f.stop { //nolint:errorlint // the very error
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A file of blocks without its locations, or of another name, has no countries: that is told.
func TestBlocksWithoutPlaces(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "tokens", "geolite2-blocks", "GeoLite2-Country-Blocks-IPv4.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for name, note := range map[string]string{"GeoLite2-Country-Blocks-IPv4.csv": "which is not beside the file", "stdin": "the name of the file is not MaxMind's"} {
		f := readFacts(t, networkFormat(t, "geolite2-blocks"), filepath.Join(t.TempDir(), name), string(text), Options{})
		got := strings.Join(f.lines, "\n")
		if !strings.Contains(got, note) || f.rejected != 4 || !strings.Contains(got, "do not tell which country") {
			t.Errorf("%s: %d rejected\n%s", name, f.rejected, got)
		}
	}
}

// Documents that are not what their format reads are rejected as a whole.
func TestNetworksOfNothing(t *testing.T) {
	for format, texts := range map[string][]string{
		"github-meta": {"", "[]", "{", `"x"`, strings.Repeat(" ", maxMeta+1) + "{}"},
		"mmdb":        {"", "network,asn\n", "\xab\xcd\xefMaxMind.com"},
	} {
		for i, text := range texts {
			f := readFacts(t, networkFormat(t, format), "x.mmdb", text, Options{Addresses: addresses(t, "192.0.2.9")})
			if f.rejected != 1 || f.begun != 1 {
				t.Errorf("%s %d: %q", format, i, f.lines)
			}
		}
	}
	f := readFacts(t, networkFormat(t, "github-meta"), "x", `{"hooks":["192.0.2.0/24"]}`, Options{})
	if got := strings.Join(f.lines, "\n"); !strings.Contains(got, "lists no runners") || f.begun != 0 {
		t.Errorf("of a server's own list: %s", got)
	}
}

// A database is asked about the case's addresses alone, each range is given once, and what is no text is read as it is, compressed too.
func TestDatabase(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(sampleDatabase()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`1 network Prefix="192.0.2.0/24" ASN=64500 Organization="Example Net" Country="NL" Source="Example-ASN of 2025-09-05"`,
		`2 network Prefix="198.51.100.0/25" ASN=64501 Organization="Example Cloud" Country="DE" Source="Example-ASN of 2025-09-05"`,
		`3 rejected: ` + reasonCountry,
		`4 network Prefix="2001:db8:1::/48" ASN=64502 Source="Example-ASN of 2025-09-05"`,
	}
	for name, text := range map[string][]byte{"GeoLite2-ASN.mmdb": sampleDatabase(), "GeoLite2-ASN.MMDB.gz": packed.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		src, err := Open(path, nil, func(note string) { t.Error(note) })
		if err != nil {
			t.Fatal(err)
		}
		format, err := Guess(KindNetworks, src.Sample)
		if err != nil || format.Name != "mmdb" {
			t.Fatalf("%q: %v", format.Name, err)
		}
		var f facts
		o := Options{Addresses: addresses(t, "192.0.2.9", "192.0.2.10", "192.0.2.200", "198.51.100.1", "198.51.100.200", "203.0.113.7", "2001:db8:1::5", "2001:db8:2::5", "10.0.0.1")}
		if err := format.Read(t.Context(), &Input{Name: path, R: src.R, Options: o}, f.sink()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.lines, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(f.lines, "\n"), strings.Join(want, "\n"))
		}
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The test databases and source of MaxMind/MaxMind-DB at 2f18851 (Apache-2.0 or MIT) tell what their source says. By hand, with the folder:
//
//	PENTIMENTO_MAXMIND_SAMPLE=MaxMind-DB/test-data go test ./internal/tokenlog -run MaxMindSample -v
func TestMaxMindSample(t *testing.T) {
	folder := os.Getenv("PENTIMENTO_MAXMIND_SAMPLE")
	if folder == "" {
		return
	}
	for name, want := range map[string]string{
		"GeoLite2-ASN-Test.mmdb":     `1 network Prefix="1.0.0.0/24" ASN=15169 Organization="Google Inc." Source="GeoLite2-ASN of `,
		"GeoLite2-Country-Test.mmdb": `Prefix="2.125.160.216/29" Country="GB" Source="GeoLite2-Country of `,
		"GeoLite2-City-Test.mmdb":    `Prefix="2.125.160.216/29" Country="GB" Source="GeoLite2-City of `,
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		f := readFacts(t, networkFormat(t, "mmdb"), name, string(text), Options{Addresses: addresses(t, "1.0.0.7", "2.125.160.217", "12.81.96.3", "2600:6000::1")})
		got := strings.Join(f.lines, "\n")
		if t.Log(got); !strings.Contains(got, want) {
			t.Errorf("%s tells\n%s", name, got)
		}
	}
}

func addresses(t testing.TB, list ...string) *tokens.Addresses {
	t.Helper()
	s, err := tokens.NewAddresses(func(add func(netip.Addr)) error {
		for _, a := range list {
			add(netip.MustParseAddr(a))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sampleDatabase tells four ranges, one of them in a country that is none.
func sampleDatabase() []byte {
	record := func(asn uint64, org, country string) []byte {
		m := map[string][]byte{}
		if asn > 0 {
			m["autonomous_system_number"] = mmdbUint(6, asn)
		}
		if org != "" {
			m["autonomous_system_organization"] = mmdbText(org)
		}
		if country != "" {
			m["country"] = mmdbMap(map[string][]byte{"iso_code": mmdbText(country)})
		}
		return mmdbMap(m)
	}
	return mmdb([]mmdbRange{
		{"192.0.2.0/24", record(64500, "Example Net", "nl")},
		{"198.51.100.0/25", record(64501, "Example Cloud", "DE")},
		{"198.51.100.128/25", record(64501, "Example Cloud", "nowhere")},
		{"2001:db8:1::/48", record(64502, "", "")},
	})
}

// mmdbRange is a range and its record, encoded.
type mmdbRange struct {
	prefix string
	record []byte
}

// mmdb writes a database as the MaxMind DB File Format Specification 2.0 has it: a tree of 24-bit records, 16 zero bytes, the data, a mark and metadata.
func mmdb(list []mmdbRange) []byte {
	nodes := [][2]int{{}} // 0: nothing; n > 0: node n; n < 0: record -n-1 of the data
	var data []byte
	for _, r := range list {
		p := netip.MustParsePrefix(r.prefix)
		address, bits := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			address, bits = [16]byte{}, bits+96
			v4 := p.Addr().As4()
			copy(address[12:], v4[:])
		}
		at := 0
		for i := range bits {
			side := int(address[i/8]>>(7-i%8)) & 1
			if i == bits-1 {
				nodes[at][side] = -len(data) - 1
				break
			}
			if nodes[at][side] == 0 {
				nodes = append(nodes, [2]int{})
				nodes[at][side] = len(nodes) - 1
			}
			at = nodes[at][side]
		}
		data = append(data, r.record...)
	}
	var out []byte
	for _, n := range nodes {
		for _, v := range n {
			switch {
			case v == 0:
				v = len(nodes)
			case v < 0:
				v = len(nodes) + 16 - v - 1
			}
			out = append(out, byte(v>>16), byte(v>>8), byte(v))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return append(out, mmdbMap(map[string][]byte{
		"binary_format_major_version": mmdbUint(5, 2), "binary_format_minor_version": mmdbUint(5, 0), "build_epoch": mmdbUint(9, 1757030400),
		"database_type": mmdbText("Example-ASN"), "ip_version": mmdbUint(5, 6), "node_count": mmdbUint(6, uint64(len(nodes))), "record_size": mmdbUint(5, 24),
		"languages": {0x00, 0x04}, "description": mmdbMap(nil),
	})...)
}

// mmdbUint encodes a number of type 5 (16 bits), 6 (32) or 9 (64, an extended type).
func mmdbUint(kind byte, n uint64) []byte {
	b := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, n), "\x00")
	if kind > 7 {
		return append([]byte{byte(len(b)), kind - 7}, b...)
	}
	return append([]byte{kind<<5 | byte(len(b))}, b...)
}

func mmdbText(s string) []byte {
	if len(s) >= 29 {
		return append([]byte{2<<5 | 29, byte(len(s) - 29)}, s...)
	}
	return append([]byte{2<<5 | byte(len(s))}, s...)
}

func mmdbMap(m map[string][]byte) []byte {
	out := []byte{7<<5 | byte(len(m))}
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}) {
		out = append(append(out, mmdbText(key)...), m[key]...)
	}
	return out
}

// fuzzNetworks reads anything as one format: it ends, every row is given on or rejected, and what is given on is whole.
func fuzzNetworks(f *testing.F, name string) {
	for path, of := range networkFixtures(f) {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if of == name {
			f.Add(text)
		}
	}
	f.Add(sampleDatabase())
	o := Options{Addresses: addresses(f, "192.0.2.9", "192.0.2.200", "198.51.100.1", "198.51.100.200", "203.0.113.7", "2001:db8:1::5", "2001:db8:2::5", "255.0.0.1")}
	format := networkFormat(f, name)
	beside := filepath.Join("..", "..", "testdata", "tokens", "geolite2-blocks", "GeoLite2-Country-Blocks-IPv4.csv")
	f.Fuzz(func(t *testing.T, text []byte) {
		var got facts
		sink := got.sink()
		sink.Network = func(n *tokens.Network) error {
			p := n.Prefix
			if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() || tokens.Unroutable(p) != "" || n.Source == "" || n.Country != "" && !countryCode.MatchString(n.Country) {
				t.Errorf("a range that is not whole: %+v", n)
			}
			return got.add("network", n)
		}
		if err := format.Read(t.Context(), &Input{Name: beside, R: bytes.NewReader(text), Options: o}, sink); err != nil {
			t.Fatal(err)
		}
		if got.open || got.begun != got.settled || strings.Contains(strings.Join(got.lines, "\n"), "REJECTED AFTER") {
			t.Errorf("%d rows begun, %d settled\n%s", got.begun, got.settled, strings.Join(got.lines, "\n"))
		}
		if sure := format.Guess(sampleOf("x", text)); sure < 0 || sure > 100 {
			t.Errorf("sure by %d", sure)
		}
	})
}

func FuzzNetworks(f *testing.F)        { fuzzNetworks(f, "networks") }
func FuzzNetworkBlocks(f *testing.F)   { fuzzNetworks(f, "geolite2-blocks") }
func FuzzGitHubMeta(f *testing.F)      { fuzzNetworks(f, "github-meta") }
func FuzzNetworkDatabase(f *testing.F) { fuzzNetworks(f, "mmdb") }
