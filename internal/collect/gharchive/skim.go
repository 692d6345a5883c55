package gharchive

import (
	"bytes"
	"time"
)

// skimPush reads a push of the shape that archives write without decoding what nobody asked for: commit messages are most of a line. It
// gives up (ok is false) on whatever is out of the ordinary, escapes in the wanted texts included; the line is then decoded. Of a line
// that is valid JSON it says what the decoder would.
func skimPush(seen sight) (event, bool) {
	b, ok := bytes.CutPrefix(seen.rest, []byte(`","url":"`))
	if !ok {
		return event{}, false
	}
	if _, b, ok = text(b); !ok {
		return event{}, false
	}
	if b, ok = bytes.CutPrefix(b, []byte(`},"payload":{`)); !ok {
		return event{}, false
	}
	var p payload
	for more := true; more; {
		var key, value []byte
		if key, value, b, ok = member(b); !ok || len(b) == 0 {
			return event{}, false
		}
		if to := p.pushText(key); to != nil {
			if len(value) < 2 || value[0] != '"' || !ordinary(value) {
				return event{}, false
			}
			*to = string(value[1 : len(value)-1])
		}
		more, b = b[0] == ',', b[1:]
	}
	const stamp = "2006-01-02T15:04:05Z"
	if b, ok = bytes.CutPrefix(b, []byte(`,"public":true,"created_at":"`)); !ok || len(b) < len(stamp)+2 || !end(b[len(stamp):]) {
		return event{}, false
	}
	at, err := time.Parse(stamp, string(b[:len(stamp)]))
	if err == nil {
		at, err = inRange(at)
	}
	if err != nil || !ordinary(seen.actor) || !ordinary(seen.repoName) {
		return event{}, false
	}
	return event{id: string(seen.id), typ: "PushEvent", actor: string(seen.actor), repoID: seen.repoID, repoName: string(seen.repoName), at: at, read: &p}, true
}

// end reports what may follow created_at: the end of the event, or the organisation as its last member.
func end(b []byte) bool {
	if string(b) == `"}` {
		return true
	}
	b, ok := bytes.CutPrefix(b, []byte(`","org":`))
	if !ok || len(b) == 0 || b[0] != '{' {
		return false
	}
	n, ok := nested(b)
	return ok && string(b[n:]) == "}"
}

// pushText is where a member of a push goes, nil for those that make no fact.
func (p *payload) pushText(key []byte) *string {
	switch string(key) {
	case "ref":
		return &p.Ref
	case "head":
		return &p.Head
	case "before":
		return &p.Before
	}
	return nil
}

// member reads `"key":value`; rest begins with what follows: a comma or the end of the object, which the caller looks at. The value is
// JSON still.
func member(b []byte) (key, value, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, nil, false
	}
	if key, b, ok = text(b[1:]); !ok || len(b) == 0 || b[0] != ':' {
		return nil, nil, nil, false
	}
	b = b[1:]
	n, ok := skip(b)
	if !ok || n == len(b) || (b[n] != ',' && b[n] != '}') {
		return nil, nil, nil, false
	}
	return key, b[:n], b[n:], true
}

// text is the inside of a string without escapes whose opening quote has been read.
func text(b []byte) (inside, rest []byte, ok bool) {
	n := bytes.IndexByte(b, '"')
	if n < 0 || bytes.IndexByte(b[:n], '\\') >= 0 {
		return nil, nil, false
	}
	return b[:n], b[n+1:], true
}

// skip gives the length of the value that b begins with.
func skip(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, false
	}
	switch c := b[0]; {
	case c == '"':
		n, ok := quoted(b)
		return n, ok
	case c == '{' || c == '[':
		return nested(b)
	case c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n':
		n := bytes.IndexAny(b[:min(len(b), 32)], ",}]")
		return n, n > 0
	}
	return 0, false
}

// quoted is the length of the string that b begins with, both quotes included.
func quoted(b []byte) (int, bool) {
	for n := 1; ; {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			return 0, false
		}
		n += i + 1
		slashes := 0
		for b[n-2-slashes] == '\\' { // ends at the opening quote at the latest
			slashes++
		}
		if slashes%2 == 0 {
			return n, true
		}
	}
}

// nested is the length of the object or array that b begins with. Depth needs no bound: nothing is kept per level, and which bracket closes
// which is left to the decoder.
func nested(b []byte) (int, bool) {
	depth := 0
	for n := 0; n < len(b); n++ {
		switch b[n] {
		case '"':
			k, ok := quoted(b[n:])
			if !ok {
				return 0, false
			}
			n += k - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return n + 1, true
			}
		}
	}
	return 0, false
}

// ordinary reports printable ASCII without escapes: what a decoder would leave as it is.
func ordinary(b []byte) bool {
	if len(b) > maxText {
		return false
	}
	for _, c := range b {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}
