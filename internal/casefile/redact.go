package casefile

import "regexp"

// tokenShapes are the published shapes of credentials. A false hit costs a few characters of a stored body; a miss would put a live
// credential into a file that is passed on.
//
//   - GitHub: https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
//   - PyPI macaroons: https://pypi.org/help/#apitoken; npm, Docker Hub, RubyGems, crates.io, Slack, Stripe: their documentation of prefixes
//   - AWS access key ids are identifiers, not secrets, and stay; the secret key has no shape of its own
//     (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)
//   - JWT: RFC 7519, three base64url parts of which the first two are JSON objects; PEM: RFC 7468
var tokenShapes = regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{36,251}` +
	`|github_pat_[A-Za-z0-9_]{60,251}` +
	`|pypi-[A-Za-z0-9_-]{80,}` +
	`|npm_[A-Za-z0-9]{36}` +
	`|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}` +
	`|rubygems_[a-f0-9]{48}` +
	`|cio[A-Za-z0-9]{32}` +
	`|glpat-[A-Za-z0-9_-]{20,}` +
	`|xox[abposr]-[A-Za-z0-9-]{10,}` +
	`|sk_live_[A-Za-z0-9]{20,}` +
	`|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}` +
	`|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?s:.)*?-----END [A-Z ]{0,20}PRIVATE KEY-----`)

const redacted = "[REDACTED]"

// Redact replaces everything that has the shape of a credential and counts the replacements.
func Redact(b []byte) ([]byte, int) {
	n := 0
	out := tokenShapes.ReplaceAllFunc(b, func([]byte) []byte { n++; return []byte(redacted) })
	return out, n
}

func redactText(s string) string {
	out, n := Redact([]byte(s))
	if n == 0 {
		return s
	}
	return string(out)
}
