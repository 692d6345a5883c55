package tokens

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
//   - AWS session tokens: no documentation, but each begins with the base64 of "origin_ec" or "er/aws" and a few bytes before
//   - Cloudflare origin CA keys: https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/; its API tokens have no shape
//   - JWT: RFC 7519, three base64url parts of which the first two are JSON objects
//
// Each is looked for by itself. In one expression with all of them, the hopeful beginning of one shape would carry each search over
// matches of another to the end of the text, and text that alternates the two would take hours. No shape goes over the end of a line.
var tokenShapes = []*regexp.Regexp{
	regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{36,251}`),
	regexp.MustCompile(`github_pat_[A-Za-z0-9_]{60,251}`),
	pypiShape,
	regexp.MustCompile(`npm_[A-Za-z0-9]{36}`),
	regexp.MustCompile(`dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}`),
	regexp.MustCompile(`rubygems_[a-f0-9]{48}`),
	regexp.MustCompile(`cio[A-Za-z0-9]{32}`),
	regexp.MustCompile(`cio_tp_[A-Za-z0-9]{32}`),
	regexp.MustCompile(`glpat-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z]{2}[0-9a-z]{7})?`),
	regexp.MustCompile(`v1\.0-[a-f0-9]{24}-[a-f0-9]{146}`),
	regexp.MustCompile(`IQoJb3JpZ2luX2Vj[A-Za-z0-9+/]{100,}={0,2}`),
	regexp.MustCompile(`FwoGZXIvYXdzE[A-Za-z0-9+/]{100,}={0,2}`),
	regexp.MustCompile(`xox[abposr]-[A-Za-z0-9-]{10,}`),
	regexp.MustCompile(`sk_live_[A-Za-z0-9]{20,}`),
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`),
}

var pypiShape = regexp.MustCompile(`pypi-[A-Za-z0-9_-]{80,}`)

// RedactedMark stands where a credential was.
const RedactedMark = "[REDACTED]"

// Redact replaces everything that has the shape of a credential, or stands where URLs have one, and counts the replacements. It never changes
// how many lines there are.
func Redact(b []byte) ([]byte, int) {
	if !MayHold(b) {
		return b, 0
	}
	return redactAll(b, false)
}

// RedactWorkflow is Redact for a text that is judged: see [redactURLs].
func RedactWorkflow(b []byte) ([]byte, int) {
	if !MayHold(b) {
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
			out = shape.ReplaceAllFunc(out, func([]byte) []byte { n++; return []byte(RedactedMark) })
		}
	}
	return out, n
}

// leastShape is the length of the shortest run that a credential begins with (AWS's may have a slash behind 13 characters), leastURL that of the shortest URL with one.
const (
	leastShape = 13
	leastURL   = len("a://b:c@")
)

// Redacted is Redact for a text of which nobody counts what was taken out.
func Redacted(s string) string {
	if len(s) < leastURL || len(s) < leastShape && !strings.Contains(s, "@") {
		return s
	}
	out, n := Redact([]byte(s))
	if n == 0 {
		return s
	}
	return string(out)
}
