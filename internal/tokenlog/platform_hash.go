package tokenlog

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// hashPrefix begins the identifier of a credential that its provider names by the SHA-256 of its value.
const hashPrefix = "sha256:"

// hashID reads the SHA-256 of a token as any document writes it: in base64 of either alphabet, with or without padding, escaped for URLs (as GitHub's
// REST example has it), or in hex of either case (as its recipe for PowerShell prints it). The identifier is "sha256:" and the hash in lower-case hex;
// empty for what is no hash.
func hashID(text string) string {
	text = strings.Trim(text, " \t\"'")
	if strings.Contains(text, "%") {
		plain, err := url.PathUnescape(text) // not QueryUnescape, to which "+" is a space
		if err != nil {
			return ""
		}
		text = plain
	}
	if len(text) > len(hashPrefix) && strings.EqualFold(text[:len(hashPrefix)], hashPrefix) {
		text = text[len(hashPrefix):]
	}
	if len(text) == hex.EncodedLen(hashSize) {
		if sum, err := hex.DecodeString(text); err == nil {
			return hashPrefix + hex.EncodeToString(sum)
		}
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	sum, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(sum) != hashSize {
		return ""
	}
	return hashPrefix + hex.EncodeToString(sum)
}

// hashSize is that of SHA-256 in bytes.
const hashSize = 32
