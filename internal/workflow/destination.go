package workflow

import (
	"regexp"
	"strings"
)

// What an action's inputs tell of hosts. Scripts are read by package script.

var (
	urlText  = regexp.MustCompile(`(?i)\b(?:https?|ftps?|wss?|tcp|udp)://(?:\$\{\{[^}]*\}\}|\$\([^)]*\)|[^\s'"` + "`" + `<>|;)\\])+`)
	ipWord   = regexp.MustCompile(`^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?:[/?#].*)?$`)
	hostWord = regexp.MustCompile(`(?i)^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*(?::\d{1,5})?(?:[/?#].*)?$`)
	fileName = regexp.MustCompile(`(?i)^[^/]*\.(?:json|txt|sh|ya?ml|zip|t?gz|tar|log|xml|md|py|js|html?|pem|key|crt|env|csv|out|bin|deb|rpm)$`)
	// selfNamed finds fields that bear the name of the secret they carry.
	selfNamed = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)["']?\s*[=:]\s*["']?\$\{\{\s*secrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']+)'\s*\])\s*(?:\|\|[^}]*)?\}\}`)
)

// named lists the URLs in a text, or the host that is all of it.
func named(text string) []string {
	if w := strings.TrimSpace(text); ipWord.MatchString(w) || hostWord.MatchString(w) && !fileName.MatchString(w) {
		return []string{w}
	}
	if !strings.Contains(text, "://") {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, u := range urlText.FindAllString(text, MaxDestinations) {
		if u = trimURL(u); !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

// trimURL takes off what ends the sentence or the object around a URL, not the end of an expression.
func trimURL(u string) string {
	if strings.HasSuffix(u, "}}") && strings.Contains(u, "${{") {
		return u
	}
	return strings.TrimRight(u, ".,}")
}

// pairs lists the secrets whose field in a body bears their own name.
func pairs(body string) []string {
	var out []string
	for _, m := range selfNamed.FindAllStringSubmatch(body, MaxRefs) {
		if strings.EqualFold(m[1], m[2]+m[3]) {
			out = append(out, strings.ToUpper(m[1]))
		}
	}
	return union(out)
}

// mentions reports that a name stands in a text as a word of its own.
func mentions(s, name string) bool {
	for at := 0; name != ""; {
		i := strings.Index(s[at:], name)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(name)
		if (from == 0 || !wordByte(s[from-1])) && (to == len(s) || !wordByte(s[to])) {
			return true
		}
		at = from + 1
	}
	return false
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
