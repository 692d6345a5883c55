package evidence

import (
	"bytes"
	"encoding/hex"
)

// Hash is an object name as bytes: what histories of hundreds of thousands of commits are made of. The zero Hash names nothing.
type Hash [20]byte

// OID is the name in hex; empty for the zero Hash.
func (h Hash) OID() OID {
	if h == (Hash{}) {
		return ""
	}
	return OID(hex.EncodeToString(h[:]))
}

// Compare orders hashes as their names in hex are ordered.
func (h Hash) Compare(other Hash) int { return bytes.Compare(h[:], other[:]) }

// Hash is the name as bytes; zero for what is not 40 hex digits, and for [ZeroOID].
func (o OID) Hash() (h Hash) {
	if len(o) != 2*len(h) {
		return Hash{}
	}
	for i := range h {
		high, low := nibble(o[2*i]), nibble(o[2*i+1])
		if high > 15 || low > 15 {
			return Hash{}
		}
		h[i] = high<<4 | low
	}
	return h
}

// nibble is the value of a hex digit; more than 15 for any other byte.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
