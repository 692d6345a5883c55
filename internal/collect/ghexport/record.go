package ghexport

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// record is a decoded JSON object. Its fields are what many versions of GitHub and many tools wrote: numbers as numbers or strings, lists or one
// value, nothing as "", 0 or null.
type record map[string]any

func decode(raw []byte) (record, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var r record
	if err := dec.Decode(&r); err != nil || r == nil {
		return nil, badRow("is no JSON object")
	}
	return r, nil
}

// field finds a value by name, at the top, below "data", or as "data.name": the export from the web page nests or flattens what others have
// at the top.
func (r record) field(name string) any {
	if v, ok := r[name]; ok && v != nil {
		return v
	}
	if v, ok := r["data."+name]; ok && v != nil {
		return v
	}
	if data, ok := r["data"].(map[string]any); ok {
		return data[name]
	}
	return nil
}

// text is a field as text, the first of several where there is a list; empty for what is none.
func (r record) text(names ...string) string {
	for _, name := range names {
		if s := asText(r.field(name)); s != "" {
			return s
		}
	}
	return ""
}

// maxText is of one text in a fact; names at GitHub have 255 characters at most.
const maxText = 1024

func asText(v any) string {
	switch x := v.(type) {
	case string:
		if len(x) > maxText || strings.ContainsRune(x, 0) {
			return ""
		}
		return x
	case json.Number:
		return x.String()
	case []any:
		if len(x) > 0 {
			return asText(x[0])
		}
	}
	return ""
}

// number is a field as a whole number, 0 for what is none.
func (r record) number(name string) int64 { return asNumber(r.field(name)) }

func asNumber(v any) int64 {
	s := asText(v)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64) // 1.7e12
	if err != nil || math.Abs(f) >= 1<<53 || f != math.Trunc(f) {
		return 0
	}
	return int64(f)
}

// yes is a field that is true.
func (r record) yes(name string) bool { return r.said(name) == "true" }

// said is a boolean as a word, empty where the field is none.
func (r record) said(name string) string {
	switch x := r.field(name).(type) {
	case bool:
		return strconv.FormatBool(x)
	case string:
		return strings.ToLower(x)
	}
	return ""
}

// list is a field of several texts; one text may hold several, separated by commas.
func (r record) list(name string) []string {
	switch x := r.field(name).(type) {
	case []any:
		var out []string
		for _, v := range x {
			if s := asText(v); s != "" {
				out = append(out, s)
			}
		}
		return out
	case string:
		return strings.FieldsFunc(x, func(c rune) bool { return c == ',' || c == ' ' || c == '[' || c == ']' || c == '"' })
	}
	return nil
}

// object is a field that is an object; never nil.
func (r record) object(name string) record {
	if m, ok := r.field(name).(map[string]any); ok {
		return m
	}
	return record{}
}

// githubBirth is when GitHub began; no row is older.
var githubBirth = time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)

// time reads the first field that is a time: milliseconds or seconds since 1970, RFC 3339, or a date with a space in it. Zero for none.
func (r record) time(names ...string) time.Time {
	for _, name := range names {
		if t := asTime(asText(r.field(name))); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func asTime(s string) time.Time {
	var t time.Time
	const seconds = 1e11 // until the year 5138; in milliseconds this is 1973
	if n := asNumber(s); n != 0 {
		if t = time.UnixMilli(n); n < seconds {
			t = time.Unix(n, 0)
		}
	} else {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05 MST"} {
			if p, err := time.Parse(layout, s); err == nil {
				t = p
				break
			}
		}
	}
	if t = t.UTC(); t.Before(githubBirth) || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// oid is a field that names an object; empty for none.
func (r record) oid(names ...string) evidence.OID {
	o, err := evidence.ParseOID(r.text(names...))
	if err != nil {
		return ""
	}
	return o
}

// rowID stands for the id of a row that has none: two copies of a row are one.
func rowID(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "row-" + hex.EncodeToString(sum[:8])
}
