package tokens

import "bytes"

// tokenMarks are what the shapes of credentials begin with.
var tokenMarks = func() (marks [][]byte) {
	for _, shape := range tokenShapes {
		begin, _ := shape.LiteralPrefix()
		marks = append(marks, []byte(begin))
	}
	return marks
}()

// keyMark stands in the line that opens a private key.
var keyMark = []byte("PRIVATE KEY-----")

// tokenByte marks the bytes of which credentials are made.
var tokenByte = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") {
		set[c] = true
	}
	return set
}()

// MayHold is false for text of which [Redact] would take out nothing. It is a fraction of the work: a credential begins with an unbroken run of at
// least leastShape bytes, so that every so many bytes one look is enough to find each run that is long enough, and few words are. Secrets in
// URLs are found by the few signs that they cannot be without.
func MayHold(b []byte) bool {
	for at := leastShape - 1; at < len(b); {
		if !tokenByte[b[at]] {
			at += leastShape
			continue
		}
		begin, end := at, at+1
		for begin > 0 && tokenByte[b[begin-1]] {
			begin--
		}
		for end < len(b) && tokenByte[b[end]] {
			end++
		}
		if end-begin >= leastShape && marked(b[begin:end]) {
			return true
		}
		at = end + leastShape
	}
	return bytes.Contains(b, keyMark) || holdsURLSecret(b)
}

// marked looks for the beginning of a credential in a run. No mark is of hexadecimal digits alone, as the names of objects are.
func marked(run []byte) bool {
	if len(bytes.TrimLeft(run, "0123456789abcdef")) == 0 {
		return false
	}
	for _, mark := range tokenMarks {
		if bytes.Contains(run, mark) {
			return true
		}
	}
	return false
}
