package tokenlog

import (
	"strings"

	"pentimento/internal/tokens"
)

// What the column of credentials may hold, as a mapping says it.
const (
	holdsIdentifier = "identifier" // what the provider calls it, which authenticates nothing
	holdsHash       = "hash"       // the SHA-256 of its value
	holdsValue      = "value"      // itself
)

var holdings = []string{holdsIdentifier, holdsHash, holdsValue}

// Notes on columns that held more than an identifier.
const (
	noteReduced = "the column of credentials has whole tokens: only the identifiers that they carry were kept"
	noteDigest  = "the column of credentials has the name or the look of secrets: of its values only the SHA-256 was kept " +
		"(credential_holds: identifier in the mapping, if they are none)"
)

// Reasons for which a credential cannot be kept.
const (
	reasonNoID     = "the credential is a secret whose value does not tell under which identifier its provider knows it"
	reasonShort    = "the credential may be a secret, and is too short to be kept as a digest (credential_holds: identifier in the mapping, if it is none)"
	reasonPassword = "the credential is a user name with a password"
	reasonNoHash   = "the credential is no SHA-256, as the mapping says"
)

// namedCredential is what is kept of one value of a column of credentials.
type namedCredential struct {
	id       string
	provider tokens.Provider
	note     string // of the file
	reason   string // for which the row is kept aside
}

// credentialNamer turns values of one column into identifiers that may be kept, and remembers what it made of them: a log has few credentials and many
// rows.
type credentialNamer struct {
	holds    string
	secret   bool // the column has the name of a secret
	provider tokens.Provider
	known    map[string]namedCredential
}

func newCredentialNamer(holds, column string, p tokens.Provider) *credentialNamer {
	return &credentialNamer{holds: holds, secret: tokens.SecretColumn(column), provider: p, known: map[string]namedCredential{}}
}

// maxLongCredential is the length up to which values are remembered: identifiers are shorter.
const maxLongCredential = 200

func (c *credentialNamer) of(value string) namedCredential {
	if value == "" || value == "-" || strings.EqualFold(value, "null") {
		return namedCredential{provider: c.provider}
	}
	if n, ok := c.known[value]; ok {
		return n
	}
	n := c.name(value)
	if len(value) > maxLongCredential {
		return n
	}
	if len(c.known) >= maxAliases {
		clear(c.known)
	}
	c.known[value] = n
	return n
}

func (c *credentialNamer) name(value string) namedCredential {
	scheme, rest, _ := strings.Cut(value, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		value = strings.TrimSpace(rest)
	case "basic":
		return namedCredential{reason: reasonPassword}
	}
	id, provider, reduced := tokens.Reduce(value)
	switch {
	case reduced && (provider == "" || id == tokens.RedactedMark):
		return namedCredential{reason: reasonNoID}
	case reduced:
		return namedCredential{id: id, provider: provider, note: noteReduced}
	case c.holds == holdsHash:
		if id = tokens.NormalHash(value); id == "" {
			return namedCredential{reason: reasonNoHash}
		}
		return namedCredential{id: id, provider: c.provider}
	case c.holds == holdsIdentifier, provider == tokens.AWS, masked(value), strings.HasPrefix(value, tokens.HashPrefix) && tokens.NormalHash(value) != "":
		return namedCredential{id: id, provider: c.provider}
	case c.holds == holdsValue, c.secret, opaque(value):
		sum := tokens.Identify(value).SHA256
		if sum == "" {
			return namedCredential{reason: reasonShort}
		}
		return namedCredential{id: tokens.HashPrefix + sum, provider: c.provider, note: noteDigest}
	}
	return namedCredential{id: id, provider: c.provider}
}

// masked reports a value of which somebody has taken out the middle already.
func masked(value string) bool {
	return strings.Contains(value, "...") || strings.Contains(value, "***") || strings.Contains(value, "…")
}

// opaqueSize is the length of the secrets of AWS and Cloudflare, and of no identifier of theirs.
const opaqueSize = 40

// opaque reports a value that looks like those secrets: letters of both cases and digits. Names of commits, which are as long, have one case.
func opaque(value string) bool {
	if len(value) != opaqueSize || strings.ContainsFunc(value, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_/+-", r))
	}) {
		return false
	}
	return strings.ToLower(value) != value && strings.ToUpper(value) != value && strings.ContainsAny(value, "0123456789")
}
