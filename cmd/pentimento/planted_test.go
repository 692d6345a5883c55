package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pentimento/internal/tokenlog"
)

// What planted values have in them again and again, so that a piece of one is found, too.
const (
	marker    = "pLaNtEd9"
	markerHex = "badc0ffee0ddf00d"
)

// plants are values in the shape of every credential that can be told by its shape. They are made here: none stands in the tree.
func plants() []string {
	text, hex := strings.Repeat(marker, 60), strings.Repeat(markerHex, 20)
	of := func(prefix string, n int) string { return prefix + text[:n] }
	pem := "-----BEGIN " + "RSA PRIVATE KEY-----\n" + strings.Repeat(text[:64]+"\n", 4) + "-----END RSA " + "PRIVATE KEY-----"
	return []string{
		of("py"+"pi-AgEIcHlwaS5vcmc", 120), of("np"+"m_", 36), of("gh"+"p_", 36), of("gh"+"o_", 36), of("gh"+"u_", 36), of("gh"+"s_", 36), of("gh"+"r_", 76),
		of("github"+"_pat_", 82), of("dckr"+"_pat_", 27), of("dckr"+"_oat_", 32), of("ci"+"o", 32), of("cio"+"_tp_", 32), of("gl"+"pat-", 20),
		"ruby" + "gems_" + hex[:48], "v1" + ".0-" + hex[:24] + "-" + hex[:146], of("IQoJ"+"b3JpZ2luX2Vj", 300), of("FwoG"+"ZXIvYXdzE", 300), of("xox"+"b-", 40),
		of("sk_"+"live_", 24), of("ey"+"J", 40) + "." + of("ey"+"J", 80) + "." + text[:43], "https://" + "mira:" + text[:30] + "@registry.example.invalid/x",
		"https://registry.example.invalid/x?token=" + text[:40], pem,
	}
}

// leaks looks for pieces of planted values, as they were or in base64.
func leaks(body []byte) []string {
	var out []string
	for _, m := range []string{marker, markerHex} {
		for _, spelled := range []string{m, base64.StdEncoding.EncodeToString([]byte(m + m + m))[4:16], strings.ToLower(m), strings.ToUpper(m)} {
			if i := bytes.Index(body, []byte(spelled)); i >= 0 {
				out = append(out, string(body[max(0, i-80):min(len(body), i+80)]))
			}
		}
	}
	return out
}

var plantable = regexp.MustCompile(`[A-Za-z0-9@_.:/+-]{2,}`)

// rounds is over how many imports the places of a file are spread: with all of them at once no row could be read.
const rounds = 8

// planted puts values into the places of a text that belong to a round.
func planted(text []byte, round int, values []string) []byte {
	n, isJSON := 0, bytes.HasPrefix(bytes.TrimLeft(text, " \r\n\t"), []byte("{")) || bytes.HasPrefix(bytes.TrimLeft(text, " \r\n\t"), []byte("["))
	return plantable.ReplaceAllFunc(text, func(word []byte) []byte {
		if n++; n%rounds != round {
			return word
		}
		value := values[(n/rounds+round)%len(values)]
		if isJSON {
			value = strings.ReplaceAll(value, "\n", `\n`)
		} else {
			value = strings.ReplaceAll(value, "\n", "\\n") // as exports of tables write it
		}
		return []byte(value)
	})
}

// TestNothingSecretIsStored plants tokens of every shape into every place of every fixture, and looks for them in the case, in what is printed and in what is
// asked of the case afterwards.
func TestNothingSecretIsStored(t *testing.T) {
	t.Parallel()
	path := caseOf(t, "2026-12-31T12:00:00Z", "orchard/press")
	dir, values := t.TempDir(), plants()
	imported := 0
	for _, f := range tokenlog.Formats() {
		folder := f.Name
		if f.Name == tokenlog.GenericName {
			folder += "-" + f.Kinds[0]
		}
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "tokens", folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(name string) bool {
			return slices.Contains([]string{".golden", ".draft", ".mapping", ".mmdb"}, filepath.Ext(name))
		})
		if len(files) == 0 && f.Name != "mmdb" && f.Name != "geolite2-locations" { // these name places, and are read otherwise
			t.Errorf("%s has no fixture", f.Name)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for round := range rounds {
				name := filepath.Join(dir, filepath.Base(file))
				if err := os.WriteFile(name, planted(text, round, values), 0o600); err != nil {
					t.Fatal(err)
				}
				args := []string{"import", f.Kinds[0], name, "--format", f.Name, "--account", "mira"}
				if _, err := os.Stat(file + ".mapping"); err == nil {
					args = append(args, "--mapping", file+".mapping")
				}
				if f.Kinds[0] == tokenlog.KindCredentials {
					args = append(args, "--listed-at", "2025-09-12T10:00:00Z", "--complete")
				}
				out, errs, code := told(t, path, "", args...)
				draft, more, _ := told(t, path, "", "import", f.Kinds[0], name, "--explain")
				out, errs = out+draft, errs+more
				if code != exitDone && code != exitFailed {
					t.Fatalf("%v: exit %d: %s", args, code, errs)
				}
				if found := leaks([]byte(out + errs)); len(found) > 0 {
					t.Errorf("%s, round %d, prints %q", file, round, found)
				}
				imported++
			}
		}
	}
	if imported < 50*rounds {
		t.Errorf("only %d imports", imported)
	}
	told(t, path, "", "analyze")
	for _, args := range [][]string{{"import", "--rejects"}, {"import", "--rejects", "--json"}, {"links", "--json"}, {"windows", "--json"}, {"releases", "--json"}, {"uses", "--json"}} {
		out, errs, _ := told(t, path, "", args...)
		if found := leaks([]byte(out + errs)); len(found) > 0 {
			t.Errorf("%v prints %q", args, found)
		}
	}
	for _, end := range []string{"", "-wal"} {
		body, err := os.ReadFile(path + end)
		if err != nil && end == "" {
			t.Fatal(err)
		}
		if found := leaks(body); len(found) > 0 {
			t.Errorf("the case file%s holds %q", end, found)
		}
	}
}
