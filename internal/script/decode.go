package script

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Decoded is a text that stands encoded in another one, at the bytes From to To of it.
type Decoded struct {
	Text      string
	Encodings []string // outermost first: "base64", "gzip", "hex", ...
	From, To  int      // where the outermost encoding stands in the text that was searched
}

// Bounds of decoding. What lies beyond them stays encoded.
const (
	maxDecodeDepth = 3       // encodings of text in one another; campaigns used two (base64 of base64). Compression belongs to the encoding around it
	maxDecodings   = 64      // decoded texts of one text
	maxDecodedText = 1 << 20 // bytes of one decoded text: as much as a workflow file may have
	maxDecodedAll  = 4 << 20 // bytes of all texts decoded from one
	minEncoded     = 12      // characters of base64, base32 or plain hex: shorter words decode to anything
	minEscapes     = 4       // escaped printable characters in one word: ordinary URLs and colours have fewer in a row
	minCodes       = 6       // numbers in a row: ordinary lists of numbers rarely are all printable and never words
)

// Decodings finds what stands encoded in a text, in order, encodings of encodings included. A decoded text counts only where it is plausible:
// printable, and with a host, an address, a URL or a word of a program in it, or with such a text encoded in it. Digests, integrity hashes,
// UUIDs and identifiers do not decode to that. [SHA-1s of commits are hex, lockfiles hold base64.]
func Decodings(text string) []Decoded {
	s := search{budget: maxDecodedAll}
	return s.in(text, 0)
}

// search is one search for encoded texts with what it may still spend.
type search struct {
	budget int  // bytes that may still be decoded
	found  int  // texts found
	inside bool // the text speaks of raw deflate, which has no magic bytes
}

// in finds what stands encoded in a text at a depth.
func (s *search) in(text string, depth int) []Decoded {
	if len(text) < minEncoded || depth == maxDecodeDepth {
		return nil
	}
	s.inside = s.inside || strings.Contains(text, "eflate")
	var out []Decoded
	for _, c := range candidates(text) {
		if s.found >= maxDecodings || s.budget <= 0 {
			break
		}
		raw, ok := undo(c.encoding, text[c.from:c.to])
		s.budget -= len(raw)
		if !ok {
			continue
		}
		for _, d := range s.told(raw, c.encoding, depth) {
			d.From, d.To = c.from, c.to
			out = append(out, d)
		}
	}
	return withoutNested(out)
}

// told gives what one undone encoding tells: the text, if it is plausible, and what stands encoded in it.
func (s *search) told(raw, encoding string, depth int) []Decoded {
	text, more, ok := s.unpacked(raw)
	if !ok {
		return nil
	}
	encodings := append([]string{encoding}, more...)
	var out []Decoded
	if plausible(text) {
		s.found++
		out = append(out, Decoded{Text: text, Encodings: encodings})
	}
	for _, d := range s.in(text, depth+1) {
		out = append(out, Decoded{Text: d.Text, Encodings: slices.Concat(encodings, d.Encodings)})
	}
	return out
}

// unpacked makes text of decoded bytes: UTF-16 and compressed bytes are undone. False for what is no text.
func (s *search) unpacked(raw string) (text string, encodings []string, ok bool) {
	for range maxDecodeDepth {
		kind := packing(raw)
		if kind == "" && s.inside && !printable(raw) {
			kind = "deflate"
		}
		if kind == "" {
			break
		}
		if raw, ok = undo(kind, raw); !ok {
			return "", nil, false
		}
		s.budget -= len(raw)
		encodings = append(encodings, kind)
	}
	return raw, encodings, printable(raw)
}

// packing names how bytes are packed by the bytes with which they begin; empty for none that is known.
func packing(raw string) string {
	switch {
	case strings.HasPrefix(raw, "\x1f\x8b\x08"):
		return "gzip"
	case strings.HasPrefix(raw, "BZh") && len(raw) > 10 && (raw[4:10] == "1AY&SY" || raw[4:10] == "\x17rE8P\x90"):
		return "bzip2"
	case len(raw) > 8 && raw[0] == 0x78 && (int(raw[0])<<8|int(raw[1]))%31 == 0 && raw[1]&0x20 == 0 && !printable(raw[:8]):
		return "zlib"
	case strings.HasPrefix(raw, "\xff\xfe") || wide(raw):
		return "utf16"
	}
	return ""
}

// wide reports that bytes look like ASCII in UTF-16, little end first, as PowerShell's -EncodedCommand takes it.
func wide(raw string) bool {
	if len(raw) < 8 || len(raw)%2 != 0 {
		return false
	}
	zeros := 0
	for i := 1; i < len(raw); i += 2 {
		if raw[i] == 0 {
			zeros++
		}
	}
	return zeros >= len(raw)/2*9/10
}

// withoutNested drops a text that was found by two ways at the same place.
func withoutNested(list []Decoded) []Decoded {
	var out []Decoded
	for _, d := range list {
		if !slices.ContainsFunc(out, func(o Decoded) bool { return o.Text == d.Text && o.From <= d.To && d.From <= o.To }) {
			out = append(out, d)
		}
	}
	return out
}

// printable reports text: valid UTF-8 with hardly a control character other than white space and the escape of terminals.
func printable(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	odd := 0
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x1b || c == 0x7f {
			odd++
		}
	}
	return odd*100 <= len(s)
}

// plausible reports that a printable text is one that somebody had a reason to hide: it names a host, an address or a URL, or speaks a
// shell's or a script language's words.
func plausible(text string) bool {
	return printable(text) && (strings.Contains(text, "://") || address(text) || hostLike(text) || speaks(text))
}

// words of shells and script languages that do not occur in names by chance, lower-cased.
var spoken = []string{"curl ", "wget ", "/bin/", "/dev/tcp", "bash ", "sh -c", "eval", "exec(", "exec ", "import ", "require(", "system(", "subprocess", "os.environ",
	"process.env", "printenv", "base64", "python", "node ", "perl ", "ruby ", "powershell", "invoke-", "iwr ", "iex", "$env:", "secrets.", "env |", "env|", "echo ",
	"urlopen", "requests.", "fetch(", "socket", "nc ", "git log", "sudo ", "chmod ", "tojson(", "github_token", "socat ", "openssl "}

// searched bounds the bytes of a decoded text in which words are looked for: a script names its programs long before.
const searched = 64 << 10

func speaks(text string) bool {
	lower := strings.ToLower(text[:min(len(text), searched)])
	return slices.ContainsFunc(spoken, func(w string) bool { return strings.Contains(lower, w) })
}

// address reports an IPv4 address in dotted decimal, by itself or in a text.
func address(text string) bool {
	for i := 0; i < len(text); {
		n, parts := number(text[i:]), 0
		end := i + n
		for ; n > 0 && n <= 3; parts++ {
			if end == len(text) || text[end] != '.' {
				parts++
				break
			}
			n = number(text[end+1:])
			end += 1 + n
		}
		if parts == 4 && (i == 0 || text[i-1] != '.') {
			return true
		}
		i = max(end, i+1)
	}
	return false
}

// number gives the length of the decimal digits with which a text begins.
func number(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// hostLike reports a text that is a host name and nothing but a port or a path behind it: letters around at least one point, and a last
// label of letters only.
func hostLike(text string) bool {
	host, _, _ := strings.Cut(strings.TrimSpace(text), "/")
	host, _, _ = strings.Cut(host, ":")
	labels := strings.Split(host, ".")
	if len(labels) < 2 || len(host) < 6 || len(host) > 253 {
		return false
	}
	for i, l := range labels {
		last := i == len(labels)-1
		if l == "" || last && len(l) < 2 || strings.IndexFunc(l, func(r rune) bool {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
			return !letter && (last || !(r >= '0' && r <= '9' || r == '-' || r == '_'))
		}) >= 0 {
			return false
		}
	}
	return true
}
