package tokens

import (
	"strings"
	"testing"
)

// TestNoShapeIsLeft: a token of any shape, anywhere in a text, is taken out or reduced to its identifier.
func TestNoShapeIsLeft(t *testing.T) {
	for value, provider := range shaped() {
		for _, around := range []string{"%", "user %", `{"x":"%"}`, "a=%&b=c", "https://__token__:%@upload.example.invalid/", "%\n%", "curl/8.5 (%)", "/%/"} {
			text := strings.ReplaceAll(around, "%", value)
			clean, n := Scrub(text)
			if n == 0 || holdsPart(clean, value) {
				t.Errorf("%s %q: %d, %q", provider, around, n, clean)
			}
			if again, m := Scrub(clean); m != 0 || again != clean {
				t.Errorf("%s %q: scrubbed again: %q", provider, around, again)
			}
		}
		id, p, reduced := Reduce(" " + value + " ")
		if p != provider || !reduced || id == "" || holdsPart(id, value) {
			t.Errorf("%s: reduced to %q", provider, id)
		}
	}
	if clean, _ := Scrub("used " + pypiToken("A") + " today"); clean != "used [pypi:"+vectorID+"] today" {
		t.Errorf("PyPI: %q", clean)
	}
	if id, p, reduced := Reduce("AKIAIOSFODNN7EXAMPLE"); id != "AKIAIOSFODNN7EXAMPLE" || p != AWS || reduced {
		t.Errorf("AWS: %q", id)
	}
	for _, plain := range []string{"", vectorID, "42", "npm_aBcD...7890", "release token of CI"} {
		if id, p, reduced := Reduce(plain); id != plain || p != "" || reduced {
			t.Errorf("%q became %q", plain, id)
		}
	}
}

// holdsPart reports that so much of a secret is left that it can be told: half of what follows its prefix.
func holdsPart(text, value string) bool {
	tail := value[len(value)/2:]
	return len(tail) > 12 && strings.Contains(text, tail) || strings.Contains(text, value)
}

func TestSecretColumn(t *testing.T) {
	for _, name := range []string{"key", "Token", "secret", "PASSWORD", "access_token", "sessionToken", "secretAccessKey", "client-secret", "raw_token", "tokenValue", "api key", "apiKey",
		"password_hash", "private_key", "Authorization", "user.token", "PASSWD"} {
		if !SecretColumn(name) {
			t.Errorf("%s passes", name)
		}
	}
	for _, name := range []string{"", "token_id", "tokenId", "accessKeyId", "hashed_token", "hashed_key", "token_name", "key_name", "tokens_count", "public_key", "project", "user_agent",
		"secret_name", "idempotency_key", "token_last_eight", "keyboard", "monkey"} {
		if SecretColumn(name) {
			t.Errorf("%s is refused", name)
		}
	}
}
