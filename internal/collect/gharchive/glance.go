package gharchive

import "bytes"

// maxKey bounds a name that is looked up without decoding: owners have at most 80 bytes here, names 100.
const maxKey = 192

// sight is what stands at the fixed places of a line. Its texts alias the line.
type sight struct {
	push     bool
	watched  bool // of a type that a lookout decides on
	wanted   bool // of a type that is decoded for repositories of the case; else the fields below are of no use
	actor    []byte
	repoID   int64
	repoName []byte
	id       []byte
	rest     []byte // what follows the name, with its closing quote
}

// glance reads a line of the shape that archives write, without decoding it:
//
//	{"id":"N","type":"T","actor":{...},"repo":{"id":N,"name":"owner/name",...
//
// Inside a JSON string every quote is escaped, so that these byte patterns cannot come from the text of an attacker; the actor is flat,
// so that the first repo is the event's own. ok is false for a line of any other shape, which says nothing yet.
func glance(b []byte) (s sight, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte(`{"id":"`))
	if !ok || len(b) == 0 || b[len(b)-1] != '}' {
		return s, false
	}
	_, n := number(b)
	if n == 0 {
		return s, false
	}
	s.id = b[:n]
	if b, ok = bytes.CutPrefix(b[n:], []byte(`","type":"`)); !ok {
		return s, false
	}
	typ := bytes.IndexByte(b[:min(len(b), 64)], '"')
	if typ <= 0 {
		return s, false
	}
	s.wanted, s.push = wanted(string(b[:typ])), string(b[:typ]) == "PushEvent"
	s.watched = watched(string(b[:typ]))
	if b, ok = bytes.CutPrefix(b[typ:], []byte(`","actor":{`)); !ok || !s.wanted {
		return s, ok
	}
	end := bytes.IndexByte(b, '}')
	if end < 0 || bytes.IndexByte(b[:end], '{') >= 0 {
		return s, false
	}
	if s.actor, ok = login(b[:end]); !ok {
		return s, false
	}
	if b, ok = bytes.CutPrefix(b[end:], []byte(`},"repo":{"id":`)); !ok {
		return s, false
	}
	if s.repoID, n = number(b); n == 0 {
		return s, false
	}
	if b, ok = bytes.CutPrefix(b[n:], []byte(`,"name":"`)); !ok {
		return s, false
	}
	if s.repoName, ok = word(b); ok {
		s.rest = b[len(s.repoName):]
	}
	return s, ok
}

// login finds the login in the text of a flat actor object.
func login(actor []byte) ([]byte, bool) {
	const key = `"login":"`
	at := bytes.Index(actor, []byte(key))
	if at < 0 {
		return nil, false
	}
	return word(actor[at+len(key):])
}

// word is the text up to the closing quote: short, and without anything that JSON would have to unescape.
func word(b []byte) ([]byte, bool) {
	b = b[:min(len(b), maxKey+1)]
	end := bytes.IndexByte(b, '"')
	if end < 0 || bytes.IndexByte(b[:end], '\\') >= 0 {
		return nil, false
	}
	return b[:end], true
}

// number reads up to 18 digits without a leading zero: what fits an int64. n is how many, 0 for anything else.
func number(b []byte) (v int64, n int) {
	for n < len(b) && n < 19 && b[n] >= '0' && b[n] <= '9' {
		v = v*10 + int64(b[n]-'0')
		n++
	}
	if n == 19 || (n > 1 && b[0] == '0') {
		return 0, 0
	}
	return v, n
}

// fold writes ASCII in lower case.
func fold(to *[maxKey]byte, b []byte) []byte {
	n := copy(to[:], b)
	for i, c := range to[:n] {
		if c >= 'A' && c <= 'Z' {
			to[i] = c + ('a' - 'A')
		}
	}
	return to[:n]
}
