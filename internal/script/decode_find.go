package script

import (
	"slices"
	"strings"
)

// candidate is a part of a text that may be encoded: text[from:to].
type candidate struct {
	from, to int
	encoding string
}

// What a byte may be part of.
const (
	inBase64 = 1 << iota
	inHex
	inBase32
	inWord // of a word between blanks, quotes and brackets
)

var class = func() (c [256]byte) {
	for i := range c {
		b := byte(i)
		letter, digit := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z', b >= '0' && b <= '9'
		if b > ' ' && strings.IndexByte("\"'`<>|(),[]", b) < 0 {
			c[i] |= inWord
		}
		if letter || digit || strings.IndexByte("+/-_", b) >= 0 {
			c[i] |= inBase64
		}
		if b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' || digit {
			c[i] |= inHex
		}
		if b >= 'A' && b <= 'Z' || b >= '2' && b <= '7' {
			c[i] |= inBase32
		}
	}
	return c
}()

// marks begin a URL that is reversed or moved on by thirteen letters.
var marks = []struct{ mark, encoding string }{{"//:ptth", "reverse"}, {"//:sptth", "reverse"}, {"uggc://", "rot13"}, {"uggcf://", "rot13"}}

// candidates lists the parts of a text that may be encoded, in order. It looks at every byte a bounded number of times.
func candidates(text string) []candidate {
	out := runs(text)
	if strings.ContainsAny(text, `%\`) || strings.Contains(text, "&#") {
		out = append(out, escaped(text)...)
	}
	out = append(out, codes(text)...)
	for _, m := range marks {
		end := 0
		for {
			i := strings.Index(text[end:], m.mark)
			if i < 0 {
				break
			}
			from, to := around(text, end+i, end)
			out, end = append(out, candidate{from, to, m.encoding}), to
		}
	}
	for end := 0; ; {
		i := strings.Index(text[end:], "<~")
		n := -1
		if i >= 0 {
			n = strings.Index(text[end+i:], "~>")
		}
		if n < 0 {
			break
		}
		out, end = append(out, candidate{end + i, end + i + n + 2, "ascii85"}), end+i+n+2
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return a.from - b.from })
	return out
}

// around gives the word that holds a place, not further back than a limit.
func around(text string, at, limit int) (from, to int) {
	from, to = at, at
	for from > limit && class[text[from-1]]&inWord != 0 {
		from--
	}
	for to < len(text) && class[text[to]]&inWord != 0 {
		to++
	}
	return from, max(to, at+1)
}

// runs finds base64, base32 and hex: runs of their characters, also wrapped in lines.
func runs(text string) []candidate {
	var out []candidate
	for i := 0; i < len(text); {
		if class[text[i]]&inBase64 == 0 {
			i++
			continue
		}
		from := i
		for i < len(text) && class[text[i]]&inBase64 != 0 {
			i++
		}
		if i-from < minEncoded {
			continue
		}
		end := wrapped(text, from, i)
		out = append(out, run(text, from, end)...)
		i = end
	}
	return out
}

// minWrapped is the length from which a line can be one of several: base64 wraps at 60, 64, 72 or 76 characters, people at less.
const minWrapped = 32

// wrapped gives the end of a run that goes on on further lines of the same length; the last may be shorter.
func wrapped(text string, from, end int) int {
	width := end - from
	for width >= minWrapped {
		i := end
		if i < len(text) && text[i] == '\\' {
			i++
		}
		if i < len(text) && text[i] == '\r' {
			i++
		}
		if i >= len(text) || text[i] != '\n' {
			return end
		}
		for i++; i < len(text) && (text[i] == ' ' || text[i] == '\t'); i++ {
		}
		line := i
		for i < len(text) && i-line <= width && class[text[i]]&inBase64 != 0 {
			i++
		}
		if i == line || i-line > width {
			return end
		}
		if end = i; i-line < width {
			return end
		}
	}
	return end
}

// run says as what the characters of a run may be decoded.
func run(text string, from, end int) []candidate {
	s, padded := text[from:end], end
	for padded < len(text) && padded < end+6 && text[padded] == '=' {
		padded++
	}
	var out []candidate
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if all(digits, inHex) && len(digits) >= minEncoded && plainASCII(digits) {
		out = append(out, candidate{from, end, "hex"})
	}
	if all(s, inBase32) && len(s) >= 2*minEncoded {
		out = append(out, candidate{from, padded, "base32"})
	}
	if promising(s) {
		out = append(out, candidate{from, padded, "base64"})
	}
	for i := 0; i < min(len(s)-2*minEncoded, maxLead); i++ {
		if s[i] == '/' && promising(s[i+1:]) {
			out = append(out, candidate{from + i + 1, padded, "base64"}) // behind a path
			break
		}
	}
	back := from
	for back > 0 && back > from-2 && text[back-1] == '=' {
		back--
	}
	if back < from && !strings.Contains(s, "\n") && (back == 0 || class[text[back-1]]&inBase64 == 0) {
		out = append(out, candidate{back, end, "reverse"}) // padding in front: base64 reversed
	}
	return out
}

// maxLead bounds the path that may stand before base64, in bytes.
const maxLead = 64

// all reports that a text is made of a class of characters, line breaks aside.
func all(s string, of byte) bool {
	for i := range len(s) {
		if class[s[i]]&of == 0 && s[i] != '\n' && s[i] != '\r' && s[i] != ' ' && s[i] != '\t' && s[i] != '\\' {
			return false
		}
	}
	return true
}

// plainASCII reports that hex digits, read in pairs, begin with bytes of text or of something packed.
func plainASCII(digits string) bool {
	raw := unhex(digits[:min(len(digits), 16)])
	return raw != "" && (printable(raw) || strings.HasPrefix(raw, "\x1f\x8b") || strings.HasPrefix(raw, "BZh") || raw[0] == 0x78)
}

// promising reports that base64 begins with bytes of text or of something packed. It keeps digests and identifiers from being decoded.
func promising(s string) bool {
	head := unbase64(s[:min(len(s), 16)])
	if len(head) < 6 {
		return false
	}
	switch {
	case printable(head), strings.HasPrefix(head, "\x1f\x8b\x08"), strings.HasPrefix(head, "BZh"), strings.HasPrefix(head, "\xff\xfe"), head[1] == 0 && head[3] == 0:
		return true
	}
	// Raw deflate and zlib have no more than a byte or two to tell them; long texts alone are worth trying.
	return head[0] == 0x78 || len(s) >= 4*minEncoded && !strings.ContainsAny(s[:16], "/-_")
}

// escaped finds words written in %41, \x41, \101, \u0041 or &#65;.
func escaped(text string) []candidate {
	var out []candidate
	for i := 0; i < len(text); {
		c := text[i]
		if c != '%' && c != '\\' && c != '&' {
			i++
			continue
		}
		b, n := escapeAt(text[i:])
		if n == 0 {
			i++
			continue
		}
		limit := 0
		if len(out) > 0 {
			limit = out[len(out)-1].to
		}
		count, at := 0, i
		for n > 0 {
			if b > ' ' && b < 0x7f && (c != '%' || b != '/' && b != '%') {
				count++
			}
			at += n
			if at >= len(text) || text[at] != c {
				break
			}
			b, n = escapeAt(text[at:])
		}
		i = at
		if count < minEscapes {
			continue
		}
		from, to := around(text, at-1, limit)
		out = append(out, candidate{from, to, map[byte]string{'%': "percent", '\\': "escape", '&': "entity"}[c]})
		i = max(at, to)
	}
	return out
}

// codes finds numbers in a row that may be characters: [104,116], fromCharCode(104, 116), chr(104)+chr(116), 0x68,0x74.
func codes(text string) []candidate {
	var out []candidate
	for i := 0; i < len(text); {
		if text[i] < '0' || text[i] > '9' || i > 0 && class[text[i-1]]&inBase64 != 0 && text[i-1] != '-' {
			i++
			continue
		}
		from, end, count := i, i, 0
		for {
			n, v := code(text[i:])
			if n == 0 || v > 0x7e || v < ' ' && v != '\n' && v != '\t' && v != '\r' {
				i += max(n, 1)
				break
			}
			count, i, end = count+1, i+n, i+n
			next := between(text[i:])
			if next == 0 {
				break
			}
			i += next
		}
		if count >= minCodes {
			out = append(out, candidate{from, end, "codes"})
		}
		for i < len(text) && i > from && class[text[i]]&inBase64 != 0 && class[text[i-1]]&inBase64 != 0 {
			i++ // the rest of a word that is no number
		}
	}
	return out
}

// code reads a decimal or hexadecimal number of at most three digits: its length, 0 for none, and its value.
func code(s string) (n, value int) {
	base := 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		base, n = 16, 2
	}
	start := n
	for n < len(s) && n < start+3 {
		d := strings.IndexByte("0123456789abcdef", s[n]|0x20)
		if s[n] < '0' || d < 0 || d >= base {
			break
		}
		value, n = value*base+d, n+1
	}
	if n == start || n < len(s) && (class[s[n]]&inBase64 != 0 && s[n] != '+' && s[n] != '-') {
		return n - start, 0x100
	}
	return n, value
}

// maxBetween bounds what may stand between two numbers, in bytes: "])+\n    String.fromCharCode([".
const maxBetween = 40

// between gives the length of what stands between two numbers that are characters of one text, 0 where the next is of another.
func between(s string) int {
	for i := 0; i < len(s) && i < maxBetween; i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			return i
		case strings.IndexByte(" \t\r\n,+.()[]\"'&", c) >= 0:
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := 0
			for i+n < len(s) && s[i+n]|0x20 >= 'a' && s[i+n]|0x20 <= 'z' {
				n++
			}
			switch strings.ToLower(s[i : i+n]) {
			case "chr", "char", "chrw", "string", "fromcharcode":
				i += n - 1
			default:
				return 0
			}
		default:
			return 0
		}
	}
	return 0
}
