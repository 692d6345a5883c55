package casefile

import (
	"regexp"
	"strings"
)

// tokenShapes are the published shapes of credentials. A false hit costs a few characters of a stored body; a miss would put a live
// credential into a file that is passed on.
//
//   - GitHub: https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
//   - PyPI macaroons: https://pypi.org/help/#apitoken; npm, Docker Hub, RubyGems, crates.io, Slack, Stripe: their documentation of prefixes
//   - AWS access key ids are identifiers, not secrets, and stay; the secret key has no shape of its own
//     (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)
//   - JWT: RFC 7519, three base64url parts of which the first two are JSON objects
//
// Each is looked for by itself. In one expression with all of them, the hopeful beginning of one shape would carry each search over
// matches of another to the end of the text, and text that alternates the two would take hours. No shape goes over the end of a line.
var tokenShapes = []*regexp.Regexp{
	regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{36,251}`),
	regexp.MustCompile(`github_pat_[A-Za-z0-9_]{60,251}`),
	regexp.MustCompile(`pypi-[A-Za-z0-9_-]{80,}`),
	regexp.MustCompile(`npm_[A-Za-z0-9]{36}`),
	regexp.MustCompile(`dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}`),
	regexp.MustCompile(`rubygems_[a-f0-9]{48}`),
	regexp.MustCompile(`cio[A-Za-z0-9]{32}`),
	regexp.MustCompile(`glpat-[A-Za-z0-9_-]{20,}`),
	regexp.MustCompile(`xox[abposr]-[A-Za-z0-9-]{10,}`),
	regexp.MustCompile(`sk_live_[A-Za-z0-9]{20,}`),
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`),
}

const redacted = "[REDACTED]"

// Redact replaces everything that has the shape of a credential, or stands where URLs have one, and counts the replacements. It never changes
// how many lines there are.
func Redact(b []byte) ([]byte, int) {
	if !mayHold(b) {
		return b, 0
	}
	return redactAll(b, false)
}

// redactWorkflow is Redact for a text that is judged: see [redactURLs].
func redactWorkflow(b []byte) ([]byte, int) {
	if !mayHold(b) {
		return b, 0
	}
	return redactAll(b, true)
}

// redactAll is Redact without a look beforehand.
func redactAll(b []byte, workflow bool) ([]byte, int) {
	out, n := redactURLs(b, workflow)
	out, keys := redactKeys(out)
	n += keys
	for _, shape := range tokenShapes {
		if shape.Match(out) {
			out = shape.ReplaceAllFunc(out, func([]byte) []byte { n++; return []byte(redacted) })
		}
	}
	return out, n
}

// leastShape is the length of the shortest text that has the shape of a credential, leastURL that of the shortest URL with one.
const (
	leastShape = 15
	leastURL   = len("a://b:c@")
)

// redactText is Redact for a text of which nobody counts what was taken out.
func redactText(s string) string {
	if len(s) < leastURL || len(s) < leastShape && !strings.Contains(s, "@") {
		return s
	}
	out, n := Redact([]byte(s))
	if n == 0 {
		return s
	}
	return string(out)
}
