package tokens

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// HashPrefix begins the identifier of a credential whose provider names it by the SHA-256 of its value: GitHub in audit logs, crates.io and RubyGems in
// their tables.
const HashPrefix = "sha256:"

// NormalHash reads the SHA-256 of a token as any document writes it: base64 of either alphabet with or without padding, escaped for URLs (as GitHub's
// example of its REST API has it), or hex in either case (as its recipe for PowerShell prints it), bare or behind "sha256:" or Postgres' "\x". It gives
// HashPrefix and lower-case hex; empty for what is no such hash.
func NormalHash(text string) string {
	text = strings.Trim(text, " \t\r\n\"'")
	if strings.Contains(text, "%") {
		plain, err := url.PathUnescape(text) // not QueryUnescape, to which "+" is a space
		if err != nil {
			return ""
		}
		text = plain
	}
	if len(text) > len(HashPrefix) && strings.EqualFold(text[:len(HashPrefix)], HashPrefix) {
		text = text[len(HashPrefix):]
	}
	text = strings.TrimPrefix(text, `\x`)
	if len(text) == hex.EncodedLen(sha256.Size) {
		if sum, err := hex.DecodeString(text); err == nil {
			return HashPrefix + hex.EncodeToString(sum)
		}
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if len(text) != base64.RawStdEncoding.EncodedLen(sha256.Size) || strings.ContainsAny(text, "\r\n") {
		return ""
	}
	sum, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return HashPrefix + hex.EncodeToString(sum)
}

// hashOf is the NormalHash of a value.
func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return HashPrefix + hex.EncodeToString(sum[:])
}
