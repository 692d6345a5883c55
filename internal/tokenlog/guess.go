package tokenlog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// sampleOf looks at the beginning of a file.
func sampleOf(name string, text []byte) Sample {
	s := Sample{Name: filepath.Base(name), Text: text}
	trimmed := bytes.TrimLeft(text, " \t\r\n[")
	if bytes.HasPrefix(trimmed, []byte{'{'}) {
		s.Keys = firstKeys(trimmed)
		return s
	}
	s.Header = firstHeader(text)
	return s
}

// firstKeys are the keys of the first object, as far as the sample shows it, sorted.
func firstKeys(text []byte) []string {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil
	}
	keys := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			break
		}
		keys[key] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			break // the sample ends within it
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(keys))
}

// firstHeader is the first record of a text with columns, in lower case; nil where it is one column or none.
func firstHeader(text []byte) []string {
	text = bytes.TrimLeft(text, "\r\n")
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	c := &csvReader{lines: newLineReader(bytes.NewReader(text)), separator: separatorOf(line)}
	if !c.next() || c.reason != "" || len(c.fields) < 2 || len(c.fields) > maxColumns {
		return nil
	}
	return newHeader(c.fields).names
}

// columns reports that the header has all the names.
func (s Sample) columns(names ...string) bool {
	for _, n := range names {
		if !slices.Contains(s.Header, n) {
			return false
		}
	}
	return len(s.Header) > 0
}

// keys reports that the first object has all the names.
func (s Sample) keys(names ...string) bool {
	for _, n := range names {
		if !slices.Contains(s.Keys, n) {
			return false
		}
	}
	return len(s.Keys) > 0
}

// leastGuess is how sure a format must be to be taken without being named.
const leastGuess = 50

// Guess finds the format of a sample among those of a kind. The error says which may be meant where none is clear.
func Guess(kind string, s Sample) (Format, error) {
	type guess struct {
		f    Format
		sure int
	}
	var all []guess
	for _, f := range Formats() {
		if !slices.Contains(f.Kinds, kind) {
			continue
		}
		if sure := f.Guess(s); sure > 0 {
			all = append(all, guess{f, sure})
		}
	}
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(b.sure, a.sure) })
	switch {
	case len(all) == 0 || all[0].sure < leastGuess:
		return Format{}, fmt.Errorf("%s: the file looks like none of the formats of %s", s.Name, kind)
	case len(all) > 1 && all[1].sure == all[0].sure:
		return Format{}, fmt.Errorf("%s: the file may be %s or %s", s.Name, all[0].f.Name, all[1].f.Name)
	}
	return all[0].f, nil
}

// Find gives the format of that name which reads the kind.
func Find(kind, name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name && slices.Contains(f.Kinds, kind) {
			return f, true
		}
	}
	return Format{}, false
}

// Names lists the formats of a kind.
func Names(kind string) []string {
	var out []string
	for _, f := range Formats() {
		if slices.Contains(f.Kinds, kind) {
			out = append(out, f.Name)
		}
	}
	return out
}
