package tokenlog

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"
)

// certificate is one as Fulcio gives to a workflow, with the commit and the run in its extensions. It bears the signature of a key of zeros.
func certificate() string {
	text := func(id asn1.ObjectIdentifier, value string) pkix.Extension {
		der, err := asn1.MarshalWithParams(value, "utf8")
		if err != nil {
			panic(err)
		}
		return pkix.Extension{Id: id, Value: der}
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Date(2025, 9, 5, 0, 45, 0, 0, time.UTC), NotAfter: time.Date(2025, 9, 5, 0, 55, 0, 0, time.UTC),
		ExtraExtensions: []pkix.Extension{
			text(sourceDigest, "0123456789abcdef0123456789abcdef01234567"),
			text(invocation, "https://github.com/orchard/press/actions/runs/17483000001/attempts/1"),
		}}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// TestGuessedAsItsOwn: every fixture of every format that can be guessed is taken for that format alone, under each kind that reads it.
func TestGuessedAsItsOwn(t *testing.T) {
	for path, name := range fixtures(t) {
		f := platformFormat(t, name)
		for _, kind := range f.Kinds {
			src, err := Open(path, nil, func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Guess(kind, src.Sample)
			if err != nil || got.Name != name {
				t.Errorf("%s as %s: %q, %v", path, kind, got.Name, err)
			}
			if err := src.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// FuzzPythonLiteral: Python's text of a value ends in a value or in none, whatever is written.
func FuzzPythonLiteral(f *testing.F) {
	for _, s := range []string{"{'a': [1, ('b', None)], \"c\": 'd\\'e'}", "{'a': <object>}", "[[[[", "{'x': b'\\x00'}", "(1,)", "True", "'\\u00e9\\N{BULLET}'", "{1: 2", `{"a": [1, null]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := jsonText(text)
		switch v.(type) {
		case nil, map[string]any, []any, string, bool, error:
		default:
			if _, ok := v.(interface{ Int64() (int64, error) }); !ok {
				t.Errorf("%q became %T", text, v)
			}
		}
		arrayText(text)
	})
}

// FuzzRegistry: whatever a file of a registry holds, every row is counted once, and nothing that has the shape of a secret comes out of fixtures' columns.
func FuzzRegistry(f *testing.F) {
	formats := registryFormats()
	for i := range formats {
		for _, text := range []string{"", "{}", "[{}]", "id,tag,time,additional\n1,account:login,2025-09-05 00:00:00,{\n", `{"versions":{"1":{}},"time":{"1":"x"},"name":"a"}`} {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		format := formats[int(which)%len(formats)]
		got := readFacts(t, format, "x", text, Options{ListedAt: listedAt, Account: "mira"})
		if out := strings.Join(got.lines, "\n"); strings.Contains(out, "NOTHING") || strings.Contains(out, "REJECTED AFTER") {
			t.Errorf("%s: a row without an end, or with two:\n%s", format.Name, out)
		}
	})
}
