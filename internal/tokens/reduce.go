package tokens

import (
	"strings"
	"unicode"
)

// Scrub is a text without anything that has the shape of a credential, and how often something was taken out. A token of PyPI leaves its identifier, which
// is what one would look for; anything else leaves [RedactedMark].
func Scrub(s string) (clean string, n int) {
	if len(s) < leastURL || len(s) < leastShape && !strings.Contains(s, "@") || !MayHold([]byte(s)) {
		return s, 0
	}
	if strings.Contains(s, "pypi-") {
		s = pypiShape.ReplaceAllStringFunc(s, func(token string) string {
			if i := Identify(token); i.ID != "" {
				n++
				return "[" + string(i.Ref()) + "]"
			}
			return token
		})
	}
	out, more := Redact([]byte(s))
	return string(out), n + more
}

// Reduce makes of a value that stands where a credential is named an identifier that may be kept. A whole token becomes the identifier that its provider's
// documents have for it, or RedactedMark where there is none; reduced reports that the value was one. Any other value is scrubbed.
func Reduce(value string) (id string, provider Provider, reduced bool) {
	value = strings.TrimSpace(value)
	if i := Identify(value); i.Provider != "" {
		switch {
		case i.Provider == AWS:
			return i.ID, AWS, false
		case i.ID != "":
			return i.ID, i.Provider, true
		}
		return RedactedMark, i.Provider, true
	}
	clean, n := Scrub(value)
	return clean, "", n > 0
}

// Words of the names of columns. What ends with one of the first holds a secret, unless one of the second stands in front of it.
var (
	secretWords = wordSet("key token secret password passwd passphrase pwd apikey pat authorization cookie jwt bearer macaroon signature privatekey secretkey accesstoken " +
		"authtoken sessiontoken secrets tokens passwords cookies otp pin")
	valueWords = wordSet("value text raw plaintext plain string data content") // behind a secret word they change nothing
	harmless   = wordSet("hashed public redacted masked partial idempotency primary foreign sort partition")
)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// SecretColumn reports a name under which columns hold secrets: key, token, sessionToken, client_secret, raw_token. A reader drops them unless its format
// says what they hold; token_id, hashed_token, accessKeyId and token_name are none.
func SecretColumn(name string) bool {
	words := nameWords(name)
	for len(words) > 1 && valueWords[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return false
	}
	for _, w := range words {
		if strings.HasPrefix(w, "passw") || w == "passphrase" { // also its hash: people choose them short
			return true
		}
	}
	last := len(words) - 1
	if !secretWords[words[last]] {
		return false
	}
	return last == 0 || !harmless[words[last-1]]
}

// nameWords cuts a name at what is no letter or digit, and where an upper-case letter follows a lower-case one; all in lower case.
func nameWords(name string) (out []string) {
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			end()
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		word = append(word, r)
	}
	end()
	return out
}
