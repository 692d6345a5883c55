package tokenlog

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"pentimento/internal/tokens"
)

// logAccess is the log of a web server, which tells requests and who they were from, and no token.
const logAccess = "web/access"

func accessFormats() []Format {
	return []Format{{
		Name: "access-log", Kinds: []string{KindUsage},
		About: "web server log in the common or combined format, with or without a virtual host in front (Apache, nginx, Nexus, Artifactory, devpi, verdaccio)",
		Guess: guessAccess, Read: readAccess,
	}}
}

// guessedLines is how many lines of a sample are tried.
const guessedLines = 10

func guessAccess(s Sample) int {
	tried, good := 0, 0
	for line := range bytes.Lines(s.Text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if tried++; tried > guessedLines {
			break
		}
		if _, ok := parseAccess(string(line)); ok {
			good++
		}
	}
	switch {
	case good == 0:
		return 0
	case 2*good > tried:
		return 90
	default:
		return 30
	}
}

// readAccess reads one request a line. Queries of its paths are dropped, because tokens stand in them; the referrer is not read at all.
func readAccess(ctx context.Context, in *Input, out *Sink) error {
	return eachLine(ctx, in, out, func(line []byte) error {
		if !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
		}
		a, ok := parseAccess(string(line))
		if !ok {
			return out.Reject("this is no line of the common or combined format")
		}
		at, err := time.Parse(accessTime, a.time)
		if err != nil {
			return out.Reject(errNoTime.Error())
		}
		if at, _, err = bounded(at, time.Second); err != nil {
			return out.Reject(err.Error())
		}
		method, path := a.request()
		act := registryAct(method, path, a.agent)
		u := tokens.Use{
			Log: logAccess, Provider: hostProvider(a.host), Account: a.user, Action: firstText(method, "malformed request"), Class: act.class, Project: act.project,
			Subject: firstText(act.subject, path), At: at, Within: time.Second, UserAgent: a.agent, Outcome: statusOutcome(a.status),
		}
		u.Address, u.Origin = place(a.client)
		if a.user == pypiTokenUser {
			u.Via = tokens.ViaToken
		}
		return out.Use(&u)
	})
}

// pypiTokenUser is the user name with which tokens are sent to PyPI and to what speaks its protocol.
const pypiTokenUser = "__token__"

// webProvider issues the credentials of a server that is none of the public registries.
const webProvider tokens.Provider = "web"

// hostProvider is the registry whose server a virtual host names. A path in the shape of a registry's does not say whose the server is.
func hostProvider(host string) tokens.Provider {
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	switch strings.ToLower(host) {
	case "pypi.org", "upload.pypi.org", "pypi.python.org", "upload.pypi.io":
		return tokens.PyPI
	case "registry.npmjs.org", "registry.npmjs.com":
		return tokens.NPM
	case "crates.io", "www.crates.io":
		return tokens.Crates
	case "rubygems.org", "www.rubygems.org":
		return tokens.RubyGems
	default:
		return webProvider
	}
}

// accessTime is %t of Apache and $time_local of nginx.
const accessTime = "02/Jan/2006:15:04:05 -0700"

// accessLine is what is read of one line.
type accessLine struct {
	host   string // virtual host, where one stands in front
	client string // address or name
	user   string
	time   string // in accessTime
	line   string // the request line, unescaped
	status int64
	agent  string
}

// parseAccess reads a line of the common or combined format. The time is found by its shape, because user names may hold spaces and brackets; the end of
// the request by the status and size behind it, because some servers write quotes within it as they come.
func parseAccess(s string) (accessLine, bool) {
	var a accessLine
	at := findTime(s)
	if at < 0 {
		return a, false
	}
	if !a.front(strings.TrimRight(s[:at], " ")) {
		return a, false
	}
	a.time = s[at+1 : at+1+len(accessTime)]
	rest, ok := strings.CutPrefix(s[at+len(accessTime)+2:], ` "`)
	if !ok {
		return a, false
	}
	end, status, behind := requestEnd(rest)
	if end < 0 {
		return a, false
	}
	a.line, a.status = unescapeLog(rest[:end]), status
	if strings.HasPrefix(behind, ` "`) {
		if i := quoteEnd(behind[2:]); i >= 0 { // of the referrer
			behind = behind[2+i+1:]
			if agent, ok := strings.CutPrefix(behind, ` "`); ok {
				if i := quoteEnd(agent); i >= 0 {
					agent = agent[:i]
				}
				a.agent = dashless(unescapeLog(agent))
			}
		}
	}
	return a, true
}

// findTime is where "[02/Jan/2006:15:04:05 -0700]" begins; -1 where it does not.
func findTime(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '[')
		if i < 0 || from+i+len(accessTime)+2 > len(s) {
			return -1
		}
		at := from + i
		t := s[at+1 : at+1+len(accessTime)]
		if t[2] == '/' && t[6] == '/' && t[11] == ':' && t[14] == ':' && t[17] == ':' && t[20] == ' ' && s[at+1+len(accessTime)] == ']' {
			return at
		}
		from = at + 1
	}
}

// front reads what stands before the time: the client, an identity that nobody fills, and the user; before them a virtual host, which is told by the
// address behind it.
func (a *accessLine) front(s string) bool {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) < 3 {
		return false
	}
	if !isAddress(parts[0]) && isAddress(parts[1]) {
		a.host = parts[0]
		if parts = strings.SplitN(s[len(a.host)+1:], " ", 3); len(parts) < 3 {
			return false
		}
	}
	a.client, a.user = parts[0], dashless(unescapeLog(strings.TrimSpace(parts[2])))
	return a.client != ""
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

func dashless(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// requestEnd is where the request ends: at the first quote that no backslash escapes and behind which stand a status, a size, and nothing or another
// quote. status is that; behind what follows the size.
func requestEnd(s string) (end int, status int64, behind string) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			if status, behind, ok := statusAndSize(s[i+1:]); ok {
				return i, status, behind
			}
		}
	}
	return -1, 0, ""
}

// statusAndSize reads " 200 1234", and "-" for a size of nothing.
func statusAndSize(s string) (status int64, behind string, ok bool) {
	if len(s) < 6 || s[0] != ' ' || s[4] != ' ' {
		return 0, "", false
	}
	for _, c := range []byte(s[1:4]) {
		if c < '0' || c > '9' {
			return 0, "", false
		}
		status = status*10 + int64(c-'0')
	}
	behind = strings.TrimLeft(s[5:], "-0123456789")
	if len(behind) == len(s[5:]) || behind != "" && behind[0] != ' ' {
		return 0, "", false
	}
	return status, behind, true
}

// quoteEnd is the first quote that no backslash escapes.
func quoteEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// request is the method and the path, without its query, of the request line; a line that is none has neither.
func (a *accessLine) request() (method, path string) {
	method, rest, ok := strings.Cut(a.line, " ")
	if !ok || method == "" || strings.ContainsFunc(method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return "", ""
	}
	path, _, _ = strings.Cut(rest, " HTTP/")
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	if i := strings.Index(path, "://"); i >= 0 { // the absolute form, as proxies get it, with credentials at times
		rest := path[i+len("://"):]
		if path = "/"; strings.Contains(rest, "/") {
			path = rest[strings.IndexByte(rest, '/'):]
		}
	}
	return method, path
}

// unescapeLog undoes what Apache and nginx do to quotes, backslashes and bytes that are not printed. What would not print stays escaped.
func unescapeLog(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if c := s[i+1]; c == '"' || c == '\\' {
			b.WriteByte(c)
			i++
			continue
		}
		if i+3 < len(s) && s[i+1] == 'x' && hexDigit(s[i+2]) >= 0 && hexDigit(s[i+3]) >= 0 {
			if c := byte(hexDigit(s[i+2])<<4 | hexDigit(s[i+3])); c >= ' ' && c < 0x7f {
				b.WriteByte(c)
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}
