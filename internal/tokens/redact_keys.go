package tokens

import (
	"bytes"
	"regexp"
)

// The lines around a private key (RFC 7468), and what may stand between them.
var (
	keyBegin = regexp.MustCompile(`-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----`)
	keyEnd   = regexp.MustCompile(`^-----END [A-Z ]{0,20}PRIVATE KEY-----`)
	// keyText is one line of base64; keyHeader one of the two headers of an encrypted key (RFC 1421). Any other name: value would do as a
	// line of a workflow.
	keyText   = regexp.MustCompile(`^[A-Za-z0-9+/=]*[ \t\r]*$`)
	keyHeader = regexp.MustCompile(`^(?:Proc-Type: 4,ENCRYPTED|DEK-Info: [A-Z0-9-]+,[0-9A-Fa-f]+)[ \t\r]*$`)
	// keyInLine is a key within one line: its line breaks are escaped, as in JSON, or spaces; a patch puts + before each.
	keyInLine = regexp.MustCompile(`^(?:(?:\\+[nr])+Proc-Type: 4,ENCRYPTED(?:\\+[nr])+DEK-Info: [A-Z0-9-]+,[0-9A-Fa-f]+)?` +
		`(?:(?:\\+[nr]| )*[A-Za-z0-9+/=]{40,})+(?:(?:\\+[nr]| )+[A-Za-z0-9+/=]{1,39})?(?:\\+[nr]|[ +])*`)
	// keyMargin is what may stand before every line of a key: indentation, comment signs, quotation.
	keyMargin = regexp.MustCompile(`^[ \t#>*|/;+-]*$`)
)

const (
	// maxKey bounds what is taken for one key: an RSA key of 16,384 bits has 12,700 characters.
	maxKey = 32 << 10
	// leastLine is less than any line of a key but its last: they have 64 characters, some programs write 70 or 76. The shortest key, an
	// Ed25519 one, is one such line. What is shorter is prose about keys, or a command.
	leastLine = 40
	// maxMargin is more than any indentation in use: what stands before a key is looked at only so far back.
	maxMargin = 100
)

// redactKeys takes out private keys. A key is nothing but base64 between its two lines: were any text between them taken out, whoever
// wrote the lines as comments around a workflow would hide it from us. The line breaks stay, so that lines keep their numbers.
func redactKeys(b []byte) (out []byte, n int) {
	done, from := 0, 0
	for {
		begin := keyBegin.FindIndex(b[from:])
		if begin == nil {
			break
		}
		start := from + begin[0]
		from += begin[1]
		size, ok := keySize(margin(b[:start]), b[from:min(len(b), from+maxKey)])
		if !ok {
			continue
		}
		out = append(append(out, b[done:start]...), RedactedMark...)
		out = append(out, bytes.Repeat([]byte{'\n'}, bytes.Count(b[from:from+size], []byte{'\n'}))...)
		from += size
		done = from
		n++
	}
	if n == 0 {
		return b, 0
	}
	return append(out, b[done:]...), n
}

// margin is what stands before the end of the text in its last line, if it can stand before every line of a key; nil if it cannot.
func margin(before []byte) []byte {
	from := max(0, len(before)-maxMargin)
	line := bytes.LastIndexByte(before[from:], '\n') + 1
	if line == 0 && from > 0 || !keyMargin.Match(before[from+line:]) {
		return nil
	}
	return append([]byte{}, before[from+line:]...)
}

// keySize is the length of the rest of a key, its last line included. A nil margin is that of the first line after: a key that begins
// behind a name may be indented below it.
func keySize(margin, rest []byte) (size int, ok bool) {
	if in := keyInLine.Find(rest); in != nil {
		if end := keyEnd.Find(rest[len(in):]); end != nil {
			return len(in) + len(end), true
		}
	}
	at := bytes.IndexByte(rest, '\n') + 1
	if at == 0 || len(bytes.TrimSpace(rest[:at])) > 0 {
		return 0, false
	}
	if margin == nil {
		margin = rest[at : len(rest)-len(bytes.TrimLeft(rest[at:], " \t"))]
	}
	size, ok = keyLines(margin, rest[at:])
	return at + size, ok
}

// keyLines is the length of the lines of a key, all of them behind the same margin. Empty lines may lack it.
func keyLines(margin, rest []byte) (size int, ok bool) {
	whole, last := false, false // a whole line of base64 came; a shorter one, which no other may follow
	for {
		line, under := bytes.CutPrefix(rest[size:], margin)
		if end := keyEnd.Find(line); under && end != nil {
			return size + len(margin) + len(end), whole
		}
		next := bytes.IndexByte(rest[size:], '\n')
		if next < 0 {
			return 0, false
		}
		line = rest[size : size+next]
		size += next + 1
		if empty := bytes.TrimSpace(line); len(empty) == 0 || bytes.Equal(empty, bytes.TrimSpace(margin)) {
			continue
		}
		line = line[min(len(margin), len(line)):]
		switch {
		case under && keyHeader.Match(line) && !whole && !last:
		case !under || last || !keyText.Match(line):
			return 0, false
		case len(bytes.TrimSpace(line)) < leastLine:
			last = true
		default:
			whole = true
		}
	}
}
