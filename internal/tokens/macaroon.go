package tokens

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"
)

// Fields of a macaroon in libmacaroons' second binary format, as pymacaroons reads them (pymacaroons/serializers/binary_serializer.py).
const (
	macaroonV2     = 2
	fieldEnd       = 0
	fieldLocation  = 1
	fieldID        = 2
	fieldVID       = 4
	fieldSignature = 6

	signatureSize = 32 // of HMAC-SHA256

	// maxMacaroon bounds what is decoded: a token of PyPI has some hundred bytes; users may append caveats of their own.
	maxMacaroon = 64 << 10
)

// macaroon is what can be read of one without its key. The signature is checked for its length and dropped.
type macaroon struct {
	location, id string
	caveats      []string
}

// field is one packet.
type field struct {
	kind uint64
	data []byte
}

// readMacaroon reads what follows "pypi-" in a token: base64 of the URL alphabet, with or without padding.
func readMacaroon(text string) (macaroon, error) {
	var m macaroon
	if len(text) > base64.RawURLEncoding.EncodedLen(maxMacaroon) {
		return m, errors.New("it is longer than 64 KiB")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return m, errors.New("it is no base64")
	}
	if len(raw) == 0 || raw[0] != macaroonV2 {
		return m, errors.New("it is no macaroon of version 2")
	}
	p := &packets{rest: raw[1:]}
	head := p.section()
	if len(head) > 0 && head[0].kind == fieldLocation {
		m.location, head = string(head[0].data), head[1:]
	}
	if p.err == nil && (len(head) != 1 || head[0].kind != fieldID) {
		return m, errors.New("its first section has other fields than location and identifier")
	}
	if p.err != nil {
		return m, p.err
	}
	m.id = string(head[0].data)
	for {
		caveat := p.section()
		if len(caveat) == 0 || p.err != nil {
			break
		}
		text, err := caveatID(caveat)
		if err != nil {
			return m, err
		}
		m.caveats = append(m.caveats, text)
	}
	signature := p.next()
	switch {
	case p.err != nil:
		return m, p.err
	case signature.kind != fieldSignature || len(signature.data) != signatureSize:
		return m, errors.New("it has no signature where one belongs")
	case len(p.rest) > 0:
		return m, errors.New("something follows its signature")
	case !utf8.ValidString(m.location) || !utf8.ValidString(m.id):
		return m, errors.New("its location or identifier is no text")
	}
	return m, nil
}

// caveatID checks the fields of one caveat.
func caveatID(fields []field) (string, error) {
	location := fields[0].kind == fieldLocation
	if location {
		fields = fields[1:]
	}
	switch {
	case len(fields) == 0 || fields[0].kind != fieldID:
		return "", errors.New("a caveat has no identifier")
	case len(fields) == 1 && location:
		return "", errors.New("a first-party caveat has a location")
	case len(fields) > 2 || len(fields) == 2 && fields[1].kind != fieldVID:
		return "", errors.New("a caveat has fields that none has")
	case len(fields) == 2:
		return "", errors.New("a caveat asks for another macaroon, which PyPI has none of")
	}
	return string(fields[0].data), nil
}

// packets reads fields one by one; after the first error it gives empty ones.
type packets struct {
	rest []byte
	err  error
}

// section reads fields up to the one that ends it. Their kinds rise strictly.
func (p *packets) section() (fields []field) {
	for p.err == nil {
		f := p.next()
		if f.kind == fieldEnd {
			break
		}
		if n := len(fields); n > 0 && fields[n-1].kind >= f.kind {
			p.err = errors.New("its fields are out of order")
		}
		fields = append(fields, f)
	}
	return fields
}

// next reads one field. The end of a section has no length.
func (p *packets) next() field {
	kind := p.number()
	if kind == fieldEnd || p.err != nil {
		return field{}
	}
	size := p.number()
	if p.err == nil && size > uint64(len(p.rest)) {
		p.err = errors.New("a field is longer than what is left: it was cut off")
	}
	if p.err != nil {
		return field{}
	}
	data := p.rest[:size]
	p.rest = p.rest[size:]
	return field{kind, data}
}

// number reads an unsigned varint of at most nine bytes: no length here needs more.
func (p *packets) number() (n uint64) {
	for i, b := range p.rest {
		if i == 9 {
			p.err = errors.New("a number has no end")
			return 0
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			p.rest = p.rest[i+1:]
			return n
		}
	}
	if p.err == nil {
		p.err = errors.New("it was cut off")
	}
	return 0
}
