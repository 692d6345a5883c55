package detect

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// Habits are the sites and secrets that each workflow version names, for versions of a whole case: what is usual in a repository. It holds names
// once, whatever the number of versions that name them. It is not safe for concurrent use.
type Habits struct {
	words map[string]uint32
	spans map[evidence.Hash]span
	lists []uint32
}

// span is where the words of a version stand in Habits.lists.
type span struct{ from, to uint32 }

// maxNames bounds the names kept of one version: beyond it the file is no build.
const maxNames = 500

// names lists what a version names: each site behind an "@", which no secret's name holds, and each secret. A text that is no workflow names
// what it looks as if it names: what is usual is better told too widely.
func names(file workflow.File, text []byte) []string {
	var out []string
	for _, d := range file.Destinations {
		if d.Host != "" {
			out = append(out, "@"+site(d.Host))
		}
	}
	for rest := text; len(out) < maxNames; {
		_, after, found := bytes.Cut(rest, []byte("://"))
		if !found {
			break
		}
		end := bytes.IndexFunc(after, func(r rune) bool { return !strings.ContainsRune(hostRunes, r) })
		if end < 0 {
			end = len(after)
		}
		if end > 0 {
			out = append(out, "@"+site(strings.TrimRight(strings.ToLower(string(after[:end])), ".")))
		}
		rest = after[end:]
	}
	for rest := text; len(out) < 2*maxNames; {
		_, after, found := bytes.Cut(rest, []byte("secrets."))
		if !found {
			break
		}
		end := 0
		for end < len(after) && (after[end] == '_' || '0' <= after[end] && after[end] <= '9' || 'A' <= after[end]&^0x20 && after[end]&^0x20 <= 'Z') {
			end++
		}
		if end > 0 {
			out = append(out, strings.ToUpper(string(after[:end])))
		}
		rest = after[end:]
	}
	return sorted(out)
}

const hostRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

// site is the part of a host that one owner has: the last two labels, or three below a country's second level. Where many owners share a domain
// the whole host is, and an address is itself.
func site(host string) string {
	if _, err := netip.ParseAddr(host); err == nil || campaign.Drop(host) || campaign.Service(host) {
		return host
	}
	labels := strings.Split(host, ".")
	keep := 2
	if n := len(labels); n > 2 && len(labels[n-1]) == 2 && slices.Contains(secondLevel, labels[n-2]) {
		keep = 3
	}
	if domain := strings.Join(labels[max(0, len(labels)-keep):], "."); !slices.Contains(shared, domain) {
		return domain
	}
	return host
}

var (
	secondLevel = []string{"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "go"}
	// Domains below which anybody gets a name of their own, and those that stand for anybody's in documentation.
	shared = []string{"github.io", "gitlab.io", "pages.dev", "workers.dev", "vercel.app", "netlify.app", "herokuapp.com", "web.app", "appspot.com", "run.app",
		"azurewebsites.net", "cloudfront.net", "onrender.com", "fly.dev", "glitch.me", "repl.co", "replit.app", "deno.dev", "surge.sh", "r2.dev", "example.com",
		"example.org", "example.net", "example.invalid"}
)

// Add notes what a version names. Versions that name nothing take no room.
func (b *Habits) Add(blob evidence.OID, names []string) {
	if len(names) == 0 {
		return
	}
	if b.words == nil {
		b.words, b.spans = map[string]uint32{}, map[evidence.Hash]span{}
	}
	from := uint32(len(b.lists))
	for _, name := range names {
		id, known := b.words[name]
		if !known {
			id = uint32(len(b.words))
			b.words[strings.Clone(name)] = id
		}
		b.lists = append(b.lists, id)
	}
	b.spans[blob.Hash()] = span{from, uint32(len(b.lists))}
}

// of gives the words of a version.
func (b *Habits) of(blob evidence.OID) []uint32 {
	s := b.spans[blob.Hash()]
	return b.lists[s.from:s.to]
}
