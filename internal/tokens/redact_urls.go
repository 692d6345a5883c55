package tokens

import (
	"bytes"
	"net/url"
	"strings"
)

const (
	// leastParameter is shorter than any secret in a query: what is less is a number of a page or a word.
	leastParameter = 8
	// leastUserinfo is how long a name before a host is that is none but a token: GitHub's oldest tokens are 40 hex digits, and stood so.
	leastUserinfo = 32
	// maxParameterName bounds how far back the name before a "=" is looked for.
	maxParameterName = 24
)

// secretParameters are names under which secrets stand in the query of a URL, in lower case: those of OAuth (RFC 6749, RFC 6750) and of
// GitHub and GitLab, and the signatures of links that stores of files hand out (Azure, Amazon, Google): whoever has the link has the file.
var secretParameters = map[string]bool{
	"access_token": true, "auth_token": true, "oauth_token": true, "private_token": true, "refresh_token": true, "job_token": true, "token": true,
	"api_key": true, "apikey": true, "client_secret": true, "password": true, "passwd": true,
	"sig": true, "signature": true, "x-amz-signature": true, "x-amz-security-token": true, "x-goog-signature": true,
}

// span is a part of a text.
type span struct{ from, to int }

// redactURLs takes user and password before the host of a URL, and secrets in its query. Of git@host:path, and of a user alone, nothing is
// taken.
//
// Of a workflow it takes less: what is taken out nobody judges, and a repository with such a text is not called clean. Expressions and
// variables stay, for they hold no secret, and so does what authenticates at a service of the job itself, as in
// postgres://postgres:postgres@localhost.
func redactURLs(b []byte, workflow bool) (out []byte, n int) {
	out, n = cutOut(b, userinfos(b, workflow))
	out, m := cutOut(out, parameters(out))
	return out, n + m
}

func cutOut(b []byte, spans []span) ([]byte, int) {
	if len(spans) == 0 {
		return b, 0
	}
	var out []byte
	done := 0
	for _, s := range spans {
		out = append(append(out, b[done:s.from]...), RedactedMark...)
		done = s.to
	}
	return append(out, b[done:]...), len(spans)
}

// holdsURLSecret reports whether redactURLs would take anything out of a text that is no workflow, or of one that is.
func holdsURLSecret(b []byte) bool { return len(userinfos(b, false)) > 0 || len(parameters(b)) > 0 }

// userinfos finds what stands between :// and the last @ before the path. JSON may escape the slashes.
func userinfos(b []byte, workflow bool) (out []span) {
	if bytes.IndexByte(b, '@') < 0 {
		return nil
	}
	for at := 0; ; {
		colon := bytes.IndexByte(b[at:], ':')
		if colon < 0 {
			return out
		}
		at += colon + 1
		rest, ok := bytes.CutPrefix(b[at:], []byte("//"))
		if !ok {
			if rest, ok = bytes.CutPrefix(b[at:], []byte(`\/\/`)); !ok {
				continue
			}
		}
		at = len(b) - len(rest)
		authority := rest
		if end := bytes.IndexAny(rest, notAuthority); end >= 0 {
			authority = rest[:end]
		}
		host := bytes.LastIndexByte(authority, '@') + 1
		if host > 0 && secretUserinfo(authority[:host-1], workflow) && !(workflow && ofTheJob(authority[host:])) {
			out = append(out, span{at, at + host - 1})
		}
		at += len(authority)
	}
}

// notAuthority ends user, password, host and port: the path, the query, or the end of what can be a URL.
const notAuthority = "/?#\\ \t\r\n\"'`<>"

func secretUserinfo(b []byte, workflow bool) bool {
	if _, err := url.PathUnescape(string(b)); workflow && (err != nil || bytes.ContainsAny(b, "${}()[];&|*")) {
		return false
	}
	_, password, ok := bytes.Cut(b, []byte(":"))
	return ok && len(password) > 0 || !ok && len(b) >= leastUserinfo
}

// ofTheJob reports a host that is the job's own machine or a container beside it.
func ofTheJob(host []byte) bool {
	name, _, _ := bytes.Cut(host, []byte(":"))
	return !bytes.Contains(name, []byte(".")) || bytes.HasPrefix(name, []byte("127.")) || string(name) == "0.0.0.0" || string(name) == "host.docker.internal"
}

// parameters finds the values of the secret parameters of queries.
func parameters(b []byte) (out []span) {
	for at := 0; ; {
		equals := bytes.IndexByte(b[at:], '=')
		if equals < 0 {
			return out
		}
		at += equals + 1
		name := at - 1
		for name > 0 && at-name <= maxParameterName && nameByte(b[name-1]) {
			name--
		}
		if !separated(b[:name]) || !secretParameters[string(bytes.ToLower(b[name:at-1]))] {
			continue
		}
		end := at
		for end < len(b) && valueByte(b[end]) {
			end++
		}
		if end-at >= leastParameter {
			out = append(out, span{at, end})
		}
		at = end
	}
}

// separated reports what stands before a parameter; JSON and HTML may escape it.
func separated(before []byte) bool {
	for _, by := range []string{"?", "&", `\u0026`, "&amp;"} {
		if bytes.HasSuffix(before, []byte(by)) {
			return true
		}
	}
	return false
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func nameByte(c byte) bool { return letter(c) || c == '_' || c == '-' }

func valueByte(c byte) bool {
	return nameByte(c) || '0' <= c && c <= '9' || strings.IndexByte("%._~+/=", c) >= 0
}
