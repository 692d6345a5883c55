package tokenlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"pentimento/internal/tokens"
)

// databaseSuffix is the end of the name of a MaxMind database, by which alone it is known: what marks it stands near its end
// (MaxMind DB File Format Specification 2.0), and it is no text.
const databaseSuffix = ".mmdb"

// maxDatabase is the most that a database may have, decompressed: it is held in memory. GeoLite2-City has 60 MB, GeoIP2-Enterprise some 400.
const maxDatabase = 1 << 30

// isDatabase knows a MaxMind database by the name of the file, compressed or not.
func isDatabase(name string) bool {
	name = strings.ToLower(filepath.Base(name))
	for _, packed := range []string{".gz", ".zst", ".bz2"} {
		name = strings.TrimSuffix(name, packed)
	}
	return strings.HasSuffix(name, databaseSuffix)
}

func isCut(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

func guessDatabase(s Sample) int {
	if isDatabase(s.Name) {
		return 100
	}
	return 0
}

// readDatabase asks the database about each address of the case. A row is one range that holds any of them.
func readDatabase(ctx context.Context, in *Input, out *Sink) error {
	raw, err := readAllOf(in.R, maxDatabase)
	if err != nil {
		return err
	}
	if raw == nil {
		return rejectWhole(out, fmt.Sprintf("the database has more than %d MiB", maxDatabase>>20))
	}
	db, err := maxminddb.OpenBytes(raw)
	if err != nil {
		return rejectWhole(out, "this is no MaxMind database, or a damaged one; its name must end in "+databaseSuffix)
	}
	if in.Addresses == nil {
		out.Note("there are no addresses that the database could be asked about")
		return db.Close()
	}
	r := &databaseReader{db: db, out: out, source: edition(db.Metadata), seen: map[netip.Prefix]bool{}}
	in.Addresses.All(func(a netip.Addr) bool {
		if r.asked++; r.asked%contextEvery == 0 && ctx.Err() != nil {
			err = ctx.Err()
			return false
		}
		err = r.ask(a)
		return err == nil
	})
	if closing := db.Close(); err == nil {
		err = closing
	}
	return err
}

// edition names a database and the day it was made. The day is not told where it cannot be one.
func edition(m maxminddb.Metadata) string {
	name := m.DatabaseType
	if name == "" || len(name) > maxLabel {
		name = "a database"
	}
	if m.BuildEpoch == 0 || uint64(m.BuildEpoch) > uint64(time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()) {
		return name
	}
	return name + " of " + m.BuildTime().UTC().Format(time.DateOnly)
}

// databaseReader asks one database.
type databaseReader struct {
	db     *maxminddb.Reader
	out    *Sink
	source string
	asked  int
	row    int64
	last   netip.Prefix // range of the address before: addresses come in order
	seen   map[netip.Prefix]bool
}

// ask looks one address up, unless its range was given already.
func (r *databaseReader) ask(a netip.Addr) error {
	if a.Is6() && r.db.Metadata.IPVersion == 4 || r.last.IsValid() && r.last.Contains(a) {
		return nil
	}
	found := r.db.Lookup(a)
	if err := found.Err(); err == nil && !found.Found() {
		return nil
	}
	p := found.Prefix()
	if p.Addr().Is4In6() && p.Bits() >= mappedBits {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	if r.seen[p] {
		return nil
	}
	r.last, r.seen[p] = p, true
	r.row++
	if err := r.out.begin(r.row, []byte(p.String())); err != nil {
		return err
	}
	n := tokens.Network{Prefix: p.Masked(), Source: r.source}
	if err := found.Err(); err != nil || !p.IsValid() || !p.Contains(a) {
		return r.out.Reject("the database is damaged where it tells of an address of the case")
	}
	if reason := fillNetwork(found, &n); reason != "" {
		return r.out.Reject(reason)
	}
	return giveRange(&n, r.out)
}

// fillNetwork reads what a record tells. GeoLite2-ASN and GeoIP2-ISP have the system at the top, GeoIP2-Enterprise below traits, and others keep
// MaxMind's names for countries, or write "asn", "as_name" and "country_code" as texts.
func fillNetwork(found maxminddb.Result, n *tokens.Network) string {
	n.ASN = decode[uint32](found, "autonomous_system_number")
	if n.ASN == 0 {
		n.ASN = decode[uint32](found, "traits", "autonomous_system_number")
	}
	var reason string
	if n.ASN == 0 {
		if n.ASN, reason = parseASN(decode[string](found, "asn")); reason != "" {
			return reason
		}
	}
	for _, path := range [][]any{{"autonomous_system_organization"}, {"traits", "autonomous_system_organization"}, {"as_name"}} {
		n.Organization = firstOf(n.Organization, decode[string](found, path...))
	}
	for _, path := range [][]any{{"country", "iso_code"}, {"country_code"}} {
		n.Country = firstOf(n.Country, decode[string](found, path...))
	}
	n.Country = strings.ToUpper(n.Country)
	return ""
}

// decode reads one value of a record; what is not there, or of another type, is not told.
func decode[T any](found maxminddb.Result, path ...any) T {
	var v *T
	if err := found.DecodePath(&v, path...); err != nil || v == nil {
		var none T
		return none
	}
	return *v
}
