// Package inert makes text that attackers may have written harmless where it is shown: on terminals, in spreadsheets, in Markdown, and as
// an indicator that nobody should click. It changes no meaning: what was escaped can still be read.
package inert

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden reports a rune that a terminal obeys or swallows instead of showing it: controls, format and bidi characters, line separators,
// spaces other than the common one, private use, and letters that are blank by definition. Attackers put them into branch names, commit
// messages and workflow files to be read as something else (https://trojansource.codes).
func Hidden(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

// Escape makes every hidden rune visible: \n, \r, \t, \xNN for other bytes, \uNNNN and \UNNNNNNNN for runes. A backslash stays
// as it is, so escaping twice changes nothing; JSON is the form that tells a written backslash from an escape.
func Escape(s string) string {
	if Clean(s) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case !Hidden(r):
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&out, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
		i += size
	}
	return out.String()
}

// Clean reports that escaping would change nothing.
func Clean(s string) bool { return utf8.ValidString(s) && strings.IndexFunc(s, Hidden) < 0 }

var (
	scheme    = regexp.MustCompile(`(?i)http(s?://)`)
	authority = regexp.MustCompile(`//[^\s/?#"'<>\\]*`)
	// bareHost is [user@]host[:port][/...] without blanks; a host has a dot with something before it.
	bareHost = regexp.MustCompile(`^[^\s/?#]*[^\s/?#.][.][^\s/?#]`)
)

// Defang makes an indicator unclickable: http becomes hxxp and the last dot of a host becomes [.]. It takes a URL, a text with URLs, or
// a host or address alone, perhaps with a path. Words in a text stay as they are: a dot alone makes no host. Defanging twice changes
// nothing.
func Defang(s string) string {
	s = scheme.ReplaceAllString(s, "hxxp$1")
	s = authority.ReplaceAllStringFunc(s, defangAuthority)
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() && a.Zone() == "" {
		i := strings.LastIndexByte(s, ':')
		return s[:i] + "[:]" + s[i+1:]
	}
	if strings.Contains(s, "://") || strings.ContainsFunc(s, unicode.IsSpace) || !bareHost.MatchString(s) {
		return s
	}
	end := strings.IndexAny(s, "/?#")
	if end < 0 {
		end = len(s)
	}
	return defangAuthority(s[:end]) + s[end:]
}

// defangAuthority takes "[//][user@]host[:port]". A dot that ends the host (a fully qualified name) is not the one that is bracketed.
func defangAuthority(s string) string {
	host := s[strings.LastIndexByte(s, '@')+1:]
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	host = strings.TrimRight(host, ".")
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 || (dot > 0 && host[dot-1] == '[' && strings.HasPrefix(host[dot:], ".]")) {
		return s
	}
	dot += strings.LastIndexByte(s, '@') + 1
	return s[:dot] + "[.]" + s[dot+1:]
}
