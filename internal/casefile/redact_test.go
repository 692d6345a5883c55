package casefile

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// Shapes are put together here, so that no scanner takes this file for a leak.
var (
	tokenShaped = "gh" + "p_" + strings.Repeat("a", 36)
	jwtShaped   = "ey" + "Jaaaaaaaaa.ey" + "Jbbbbbbbbb.cccccccccc"
	keyFirst    = "-----BEGIN RSA " + "PRIVATE KEY-----"
	keyLast     = "-----END RSA " + "PRIVATE KEY-----"
)

func TestRedact(t *testing.T) {
	for given, want := range map[string]string{
		"": "",
		"token=" + tokenShaped + ", jwt=" + jwtShaped:                      "token=" + redacted + ", jwt=" + redacted,
		"a " + keyFirst + "\nMII\n" + keyLast + " b " + keyFirst + keyLast: "a " + redacted + " b " + redacted,
		keyFirst + "\nwithout an end " + tokenShaped:                       keyFirst + "\nwithout an end " + redacted,
		keyLast + " before " + keyFirst:                                    keyLast + " before " + keyFirst,
		keyFirst + keyFirst + keyLast + "x":                                redacted + "x",
		"gh" + "p_short":                                                   "gh" + "p_short",
	} {
		got, n := Redact([]byte(given))
		if string(got) != want || n != strings.Count(want, redacted) {
			t.Errorf("%q: %d, %q", given, n, got)
		}
	}
}

// TestRedactInTime: text that hopes for one shape and holds another, over and over, costs no more than its length.
func TestRedactInTime(t *testing.T) {
	for name, part := range map[string]string{
		"keys without end": keyFirst + tokenShaped + "\n",
		"ends alone":       keyLast + keyFirst[:20],
		"half a JWT":       "ey" + "Jaaaaaaaa-" + tokenShaped + "-",
		"JWT begins":       "ey" + "J",
		"long name":        "py" + "pi-",
	} {
		text := bytes.Repeat([]byte(part), (4<<20)/len(part))
		began := time.Now()
		Redact(text)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: %s for 4 MiB", name, took)
		} else {
			t.Logf("%s: %s", name, took.Round(time.Millisecond))
		}
	}
}
