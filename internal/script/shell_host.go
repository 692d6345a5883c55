package script

import (
	"regexp"
	"strings"
)

var (
	urlText  = regexp.MustCompile(`(?i)\b(?:https?|ftps?|sftp|wss?|tcp|udp|ssh|git)://[^\s'"<>|;)\\` + "`" + `]+`)
	ipWord   = regexp.MustCompile(`^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?:[/?#].*)?$`)
	hostWord = regexp.MustCompile(`(?i)^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*(?::\d{1,5})?(?:[/?#].*)?$`)
	fileName = regexp.MustCompile(`(?i)^[^/]*\.(?:json|txt|sh|ya?ml|zip|t?gz|tar|log|xml|md|py|js|html?|pem|key|crt|env|csv|out|bin|deb|rpm)$`)
)

// At is a destination with its URL or host[:port], as written; the host is computed where expressions or variables stand in it.
func (d Destination) At(u string) Destination {
	d.URL, d.Host = u, hostOf(u)
	d.Computed, d.Bare, d.Depth = d.Host == "", false, 0
	if !d.Computed {
		d.Bare, d.Depth = bare(u), pathDepth(u)
	}
	return d
}

// afterScheme is a URL or host[:port][/path] behind its scheme.
func afterScheme(u string) string {
	if i := strings.Index(u, "://"); i >= 0 {
		return u[i+3:]
	}
	return u
}

// hostOf is the host of a URL or host[:port], lower-cased; empty where it is known at run time only. Of a name whose first labels are made at run
// time the domain is the host: whoever serves it gets them.
func hostOf(u string) string {
	u = afterScheme(u)
	if i := strings.IndexAny(u, "/?#"); i >= 0 {
		u = u[:i]
	}
	u = u[strings.LastIndexByte(u, '@')+1:]
	if strings.HasPrefix(u, "[") {
		u, _, _ = strings.Cut(u[1:], "]")
	} else {
		u, _, _ = strings.Cut(u, ":")
	}
	u = strings.TrimSuffix(strings.ToLower(u), ".")
	if i := strings.LastIndexByte(u, atomClose); i >= 0 {
		_, domain, _ := strings.Cut(u[i+1:], ".")
		if !strings.Contains(strings.Trim(domain, "."), ".") {
			return ""
		}
		u = domain
	}
	if strings.ContainsAny(u, "\x00$%{}()*\\ \t\r\n\"'`") {
		return ""
	}
	return u
}

// bare reports a URL without path, query and fragment.
func bare(u string) bool {
	u = afterScheme(u)
	i := strings.IndexAny(u, "/?#")
	return i < 0 || u[i:] == "/"
}

// pathDepth counts the segments of a URL's path.
func pathDepth(u string) int {
	u = afterScheme(u)
	if i := strings.IndexAny(u, "?#"); i >= 0 {
		u = u[:i]
	}
	_, path, _ := strings.Cut(u, "/")
	return len(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }))
}

// hostLikeWord reports a word that names a host by itself: an address, or a name with a domain that is no file's.
func hostLikeWord(w string) bool {
	return ipWord.MatchString(w) || hostWord.MatchString(w) && !fileName.MatchString(w)
}

// urls lists the URLs in a text, atoms included, each once.
func urls(text string) []string {
	if !strings.Contains(text, "://") {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, u := range urlText.FindAllString(text, maxKept) {
		if u = strings.TrimRight(u, ".,}"); !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}
