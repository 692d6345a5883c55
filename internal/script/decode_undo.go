package script

import (
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// undo undoes one encoding by its name: base64 (either alphabet, padded or not, with white space), base32, hex, gzip, zlib, deflate, bzip2,
// percent, escape (\x, \u and octal), entity, reverse, rot13, codes (numbers of characters), ascii85, utf16. What is broken is decoded as far as it goes, as
// the programs do that are used for it; false where nothing comes out or the name is not known.
func undo(encoding, text string) (string, bool) {
	if len(text) > 2*maxDecodedText {
		text = text[:2*maxDecodedText]
	}
	var out string
	switch encoding {
	case "base64":
		out = unbase64(text)
	case "base32":
		out = unbase32(text)
	case "hex":
		out = unhex(text)
	case "gzip", "zlib", "deflate", "bzip2":
		out = inflate(encoding, text)
	case "percent", "escape", "entity":
		out = unescaped(text)
	case "reverse":
		out = reversed(text)
	case "rot13":
		out = strings.Map(rot13, text)
	case "codes":
		out = uncoded(text)
	case "ascii85":
		out = unascii85(text)
	case "utf16":
		out = unUTF16(text)
	}
	return out, out != ""
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\\' }

// unbase64 decodes up to the first character that is none of base64's.
func unbase64(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case blank(c):
			continue
		case c == '-':
			b = append(b, '+')
			continue
		case c == '_':
			b = append(b, '/')
			continue
		case class[c]&inBase64 != 0:
			b = append(b, c)
			continue
		}
		break
	}
	if len(b)%4 == 1 {
		b = b[:len(b)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(b)))
	n, err := base64.RawStdEncoding.Decode(out, b)
	if err != nil { // all characters are base64's and the length is right: this does not happen
		return ""
	}
	return string(out[:n])
}

func unbase32(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := s[i] &^ 0x20; class[s[i]]&inBase32 != 0 {
			b = append(b, s[i])
		} else if c >= 'A' && c <= 'Z' {
			b = append(b, c)
		} else if !blank(s[i]) {
			break
		}
	}
	for ; len(b) > 0; b = b[:len(b)-1] { // some lengths hold no whole byte at their end
		out := make([]byte, base32.StdEncoding.WithPadding(base32.NoPadding).DecodedLen(len(b)))
		if n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(out, b); err == nil {
			return string(out[:n])
		}
	}
	return ""
}

// unhex decodes pairs of hex digits; "0x", "\x", blanks, commas, colons and quotes between them do not count.
func unhex(s string) string {
	s = strings.NewReplacer("0x", "", "0X", "", `\x`, "").Replace(s)
	b := make([]byte, 0, len(s)/2)
	high := -1
	for i := range len(s) {
		d := hexDigit(s[i])
		switch {
		case d < 0 && (blank(s[i]) || strings.IndexByte(`,:-"'`, s[i]) >= 0):
		case d < 0:
			return string(b)
		case high < 0:
			high = d
		default:
			b = append(b, byte(high<<4|d))
			high = -1
		}
	}
	return string(b)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// maxRatio is how many times larger a decompressed text may be than the packed one, beyond the first 64 KiB: text gets ten times smaller at
// best, a bomb a thousand times.
const maxRatio = 200

// inflate gives what could be decompressed within the bounds; what is cut off or has a wrong checksum is given as far as it goes.
func inflate(kind, s string) string {
	var r io.Reader
	var err error
	switch kind {
	case "gzip":
		r, err = gzip.NewReader(strings.NewReader(s))
	case "zlib":
		r, err = zlib.NewReader(strings.NewReader(s))
	case "bzip2":
		r = bzip2.NewReader(strings.NewReader(s))
	default:
		r = flate.NewReader(strings.NewReader(s))
	}
	if err != nil {
		return ""
	}
	limit := min(maxDecodedText, 64<<10+maxRatio*len(s))
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(r, int64(limit))); err != nil && kind == "deflate" {
		return "" // nothing tells raw deflate from chance but that it ends well
	}
	return out.String()
}

// escapeAt reads one escape of a character: %41, \x41, \x{41}, \101, \u0041, \u{41}, &#65;, &#x41;. Its length is 0 where there is none, and the byte is
// 0 for a character beyond ASCII.
func escapeAt(s string) (b byte, n int) {
	take := func(from, digits, base int) (byte, int) {
		v, i := 0, from
		for i < len(s) && i < from+digits {
			d := hexDigit(s[i])
			if d < 0 || d >= base {
				break
			}
			v, i = v*base+d, i+1
		}
		if i == from || v > 0x7f {
			v = 0
		}
		return byte(v), i - from
	}
	closed := func(from, base int, end byte) (byte, int) {
		v, digits := take(from, 6, base)
		if digits == 0 || from+digits >= len(s) || s[from+digits] != end {
			return 0, 0
		}
		return v, from + digits + 1
	}
	exactly := func(from, digits, base int) (byte, int) {
		if v, n := take(from, digits, base); n == digits {
			return v, from + digits
		}
		return 0, 0
	}
	switch {
	case len(s) < 3:
	case s[0] == '%':
		return exactly(1, 2, 16)
	case strings.HasPrefix(s, "&#x"):
		return closed(3, 16, ';')
	case strings.HasPrefix(s, "&#"):
		return closed(2, 10, ';')
	case strings.HasPrefix(s, `\x{`), strings.HasPrefix(s, `\u{`):
		return closed(3, 16, '}')
	case strings.HasPrefix(s, `\x`):
		return exactly(2, 2, 16)
	case strings.HasPrefix(s, `\u`):
		return exactly(2, 4, 16)
	case strings.HasPrefix(s, `\U`):
		return exactly(2, 8, 16)
	case s[0] == '\\' && s[1] >= '0' && s[1] <= '3':
		return exactly(1, 3, 8)
	}
	return 0, 0
}

func unescaped(s string) string {
	if strings.Contains(s, "&#") {
		s = html.UnescapeString(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c, n := escapeAt(s[i:]); {
		case n == 0:
			b.WriteByte(s[i])
			i++
		case c != 0:
			b.WriteByte(c)
			i += n
		default: // beyond ASCII, as it stands
			b.WriteString(s[i : i+n])
			i += n
		}
	}
	return b.String()
}

func reversed(s string) string {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, n := utf8.DecodeLastRuneInString(s)
		b = append(b, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
	return string(b)
}

func rot13(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

// uncoded makes characters of the numbers in a text, decimal or hexadecimal; other numbers than of ASCII are left out.
func uncoded(s string) string {
	var b []byte
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		end := i + 1
		for end < len(s) && (hexDigit(s[end]) >= 0 || s[end]|0x20 == 'x') {
			end++
		}
		if v, err := strconv.ParseUint(s[i:end], 0, 16); err == nil && v > 0 && v < 0x80 {
			b = append(b, byte(v))
		} else if v, err := strconv.ParseUint(s[i:end], 10, 16); err == nil && v > 0 && v < 0x80 {
			b = append(b, byte(v)) // with a zero in front it is decimal here
		}
		i = end
	}
	return string(b)
}

func unascii85(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<~"), "~>")
	out := make([]byte, 4*len(s)) // "z" stands for four bytes
	n, _, err := ascii85.Decode(out, []byte(s), true)
	if err != nil {
		return ""
	}
	return string(out[:n])
}

func unUTF16(s string) string {
	s = strings.TrimPrefix(s, "\xff\xfe")
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])|uint16(s[i+1])<<8)
	}
	return string(utf16.Decode(units))
}
