package verdict

import (
	"fmt"
	"net/netip"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// features are what of a use is compared with the use before. Empty ones are not told.
type features struct {
	network netip.Prefix // /24 or /48: what one site, or one customer of a provider, has
	origin  string       // where no address is told
	asn     string
	owner   string // of the system, for people
	country string
	agent   string // family
	action  string
	project string
	hour    int
	runner  string   // whose cloud runners have the address
	rented  bool     // anyone can rent machines in the system
	ranges  []string // evidence ids of what is known of the address
}

// Prefix lengths of what counts as one network.
const (
	network4 = 24
	network6 = 48
)

func network(a netip.Addr) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	bits := network4
	if a = a.Unmap(); a.Is6() {
		bits = network6
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func (j *judge) features(u *tokens.Use) features {
	f := features{network: network(u.Address), country: u.Country, agent: Family(u.UserAgent), action: u.Action, project: u.Project, hour: u.At.Hour()}
	if !u.Address.IsValid() {
		f.origin = u.Origin
		return f
	}
	if j.Networks != nil {
		n := j.Networks.Of(u.Address)
		f.asn, f.owner, f.runner, f.rented, f.ranges = n.ASN, n.Organization, n.Runner, n.Rented, n.Facts
		if f.country == "" {
			f.country = n.Country
		}
	}
	return f
}

// place names where a use came from, for people.
func (f features) place() string {
	switch {
	case f.network.IsValid():
		return f.network.String()
	case f.origin != "":
		return evidence.Printable(f.origin)
	}
	return ""
}

// system names the autonomous system, for people.
func (f features) system() string {
	if f.owner == "" {
		return f.asn
	}
	return f.asn + " (" + evidence.Printable(f.owner) + ")"
}

// Family is the program behind a user agent without its version: "twine" of "twine/4.0.2 ...", "browser" of what browsers send.
func Family(agent string) string {
	agent = strings.TrimLeft(agent, "[ \"")
	if strings.HasPrefix(agent, "Mozilla/") || strings.HasPrefix(agent, "Opera/") {
		return "browser"
	}
	name := agent
	if i := strings.IndexAny(agent, "/ ;(,]\""); i >= 0 {
		name = agent[:i]
	}
	const longest = 64 // of what names a program; the rest is somebody's text
	if len(name) > longest {
		name = name[:longest]
	}
	return strings.ToLower(name)
}

// usual is the baseline: what was seen before, and how often. The hour is of the day, UTC.
type usual struct {
	n         int
	networks  map[netip.Prefix]int
	origins   map[string]int
	asns      map[string]int
	countries map[string]int
	agents    map[string]int
	actions   map[string]int
	projects  map[string]int
	hours     [24]int
}

func newUsual() *usual {
	return &usual{networks: map[netip.Prefix]int{}, origins: map[string]int{}, asns: map[string]int{}, countries: map[string]int{}, agents: map[string]int{},
		actions: map[string]int{}, projects: map[string]int{}}
}

func (b *usual) add(f *features) {
	b.n++
	b.hours[f.hour]++
	if f.network.IsValid() {
		b.networks[f.network]++
	}
	for _, x := range []struct {
		to    map[string]int
		value string
	}{{b.origins, f.origin}, {b.asns, f.asn}, {b.countries, f.country}, {b.agents, f.agent}, {b.actions, f.action}, {b.projects, f.project}} {
		if x.value != "" {
			x.to[x.value]++
		}
	}
}

// known says of a feature whether it was seen before; untold where either side does not say.
type known int8

const (
	untold known = iota
	seen
	fresh
)

func tell(value string, in map[string]int) known {
	switch {
	case value == "" || len(in) == 0:
		return untold
	case in[value] > 0:
		return seen
	}
	return fresh
}

// likeness compares one use with the use before.
type likeness struct {
	network, country, agent, action, project known
	hour                                     known
	near                                     bool // a new network of an autonomous system that was seen, and that is no cloud of runners
}

func (b *usual) compare(f *features) likeness {
	l := likeness{country: tell(f.country, b.countries), agent: tell(f.agent, b.agents), action: tell(f.action, b.actions), project: tell(f.project, b.projects), hour: fresh}
	if b.hours[f.hour] > 0 {
		l.hour = seen
	}
	switch {
	case f.network.IsValid() && len(b.networks) > 0:
		l.network = fresh
		if b.networks[f.network] > 0 {
			l.network = seen
		}
		l.near = l.network == fresh && f.runner == "" && f.asn != "" && b.asns[f.asn] > 0
	case f.origin != "":
		l.network = tell(f.origin, b.origins)
	}
	return l
}

// unlike lists what of a use was never seen before, beside its network.
func (l likeness) unlike(f *features) []string {
	var out []string
	for _, x := range []struct {
		is         known
		what, name string
	}{
		{l.country, "country", f.country}, {l.agent, "program", f.agent}, {l.action, "action", f.action}, {l.project, "project", f.project},
	} {
		if x.is == fresh {
			out = append(out, x.what+" "+evidence.Printable(x.name))
		}
	}
	return out
}

// alike lists what of a use was seen before, beside its network. The hour counts only where nothing else is told.
func (l likeness) alike() []string {
	var out []string
	for _, x := range []struct {
		is   known
		what string
	}{{l.agent, "program"}, {l.action, "action"}, {l.project, "project"}} {
		if x.is == seen {
			out = append(out, x.what)
		}
	}
	if len(out) == 0 && l.agent == untold && l.action == untold && l.project == untold && l.hour == seen {
		out = append(out, "hour")
	}
	return out
}

func fold(s string) string { return strings.ToLower(s) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
