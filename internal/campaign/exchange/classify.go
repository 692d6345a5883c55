package exchange

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"pentimento/internal/campaign"
)

var (
	dots     = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "{dot}", ".", "[:]", ":", "[://]", "://", "[@]", "@", "[at]", "@", "[/]", "/")
	harmless = regexp.MustCompile(`(?i)^h(?:xx|\*\*)p(s?):`)
	spaced   = regexp.MustCompile(`(?i)\s*[\[({]\s*(dot)\s*[\])}]\s*`)
	hostName = regexp.MustCompile(`^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)
	address  = regexp.MustCompile(`^[^\s@/]+@[^\s@/]+\.[^\s@/]+$`)
	action   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+(?:/[^@\s]+)?@[^\s@]+$`)
	hash     = regexp.MustCompile(`^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$`)
	// inURL is what of a URL a pack takes: letters that mean nothing to a shell and end no URL in a text.
	inURL     = regexp.MustCompile(`^[A-Za-z0-9._~:/?@&+,=%-]*[A-Za-z0-9_~/=%-]$`)
	portBelow = regexp.MustCompile(`^([^:\s]+):([0-9]{1,5})$`)
)

// Refang undoes the spellings by which an indicator is made harmless in print.
func Refang(s string) string {
	s = spaced.ReplaceAllString(strings.TrimSpace(s), "[dot]")
	return harmless.ReplaceAllString(dots.Replace(s), "http$1:")
}

// value takes one indicator that says of itself what it is only by how it is written.
func (r *reader) value(written, source string) {
	v := Refang(written)
	lower := strings.ToLower(v)
	switch {
	case v == "" || !writable(v):
		r.leave(written, "it is empty or not one line of text")
	case strings.Contains(v, "://"):
		r.url(v, source)
	case strings.HasPrefix(strings.TrimPrefix(v, "./"), ".github/"):
		r.file(v, source)
	case len(lower) == 40 && hash.MatchString(lower): // of a commit or a file: which, only the maker knows
		r.take("commits", lower, source)
		r.take("file_hashes", lower, source)
	case hash.MatchString(lower):
		r.take("file_hashes", lower, source)
	case address.MatchString(v):
		r.author(v, source)
	case action.MatchString(v):
		r.uses(v, source)
	case strings.ContainsAny(v, "/?"):
		if _, err := netip.ParsePrefix(v); err == nil {
			r.leave(written, "a range of addresses: a pack lists addresses one by one")
			return
		}
		r.url("https://"+v, source)
	default:
		r.host(written, v, source)
	}
}

func (r *reader) uses(v, source string) {
	name, ref, _ := strings.Cut(v, "@")
	parts := strings.SplitN(name, "/", 3)
	if strings.ContainsAny(ref, "[\\\"'") {
		r.leave(v, "the version is no name of a tag, branch or commit")
		return
	}
	r.take("uses", parts[0]+"/"+parts[1]+"@"+ref, source)
}

// host takes a name or address, with or without a port.
func (r *reader) host(written, v, source string) {
	v = strings.TrimSuffix(strings.ToLower(v), ".")
	if m := portBelow.FindStringSubmatch(v); m != nil {
		v = m[1]
	}
	if strings.HasPrefix(v, ".") {
		v = "*" + v
	}
	if a, err := netip.ParseAddr(strings.Trim(v, "[]")); err == nil {
		v = a.Unmap().WithZone("").String()
	} else if !hostName.MatchString(v) {
		r.leave(written, "it is no host, address, URL, workflow path, commit, hash, author or action")
		return
	}
	switch name := strings.TrimPrefix(v, "*."); {
	case !campaign.Outside(name):
		r.leave(written, "the host is within everybody's own network")
	case campaign.Service(name):
		r.leave(written, "the host is a service that workflows use in the ordinary course: only a whole URL tells anything")
	case campaign.Drop(name):
		r.leave(written, "the host serves anybody: only a whole URL tells anything")
	default:
		r.take("hosts", v, source)
	}
}

// url takes the host of a URL, and what stands behind it as a part of its own: with the host, so that it hits nothing else. Of a host that
// serves anybody the part alone is taken.
func (r *reader) url(v, source string) {
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" {
		r.leave(v, "it is no URL")
		return
	}
	host := strings.ToLower(u.Hostname())
	shared := campaign.Service(host) || campaign.Drop(host)
	rest := strings.TrimPrefix(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	rest = strings.TrimRight(rest, ".,;:!?") // ends the sentence, not the URL
	switch {
	case rest != "" && !inURL.MatchString(rest):
		r.leave(v, "what stands behind the host holds letters that a pack does not take")
	case rest != "":
		r.take("url_parts", strings.ToLower(u.Host)+"/"+rest, source)
	}
	if !shared {
		r.host(v, host, source)
	} else if rest == "" {
		r.leave(v, "the host serves anybody, and nothing stands behind it")
	}
}
