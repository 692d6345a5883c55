package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf16"

	"pentimento/internal/inert"
)

// list is one named list of a document.
type list struct {
	key  string
	rows any
}

// writeJSON writes {"schema":..., key: rows}, then the further lists in their order, indented and ended by a newline. A nil slice is
// written as [], never as null: null means unknown. Characters that a terminal would obey are written as \u escapes, which says the same
// to a parser; <, > and & stay as they are.
func writeJSON(w io.Writer, schema, key string, rows any, further ...list) error {
	var doc bytes.Buffer
	name, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	fmt.Fprintf(&doc, "{\n  \"schema\": %s", name)
	for _, l := range append([]list{{key, rows}}, further...) {
		body, err := marshalRows(l.rows)
		if err != nil {
			return fmt.Errorf("%s: %w", l.key, err)
		}
		fmt.Fprintf(&doc, ",\n  %q: %s", l.key, body)
	}
	doc.WriteString("\n}\n")
	_, err = io.WriteString(w, escapeJSON(doc.String()))
	return err
}

func marshalRows(rows any) ([]byte, error) {
	if v := reflect.ValueOf(rows); v.Kind() == reflect.Slice && v.IsNil() {
		return []byte("[]"), nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("  ", "  ")
	err := enc.Encode(rows)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}

// escapeJSON escapes the hidden characters that the encoder lets through. They stand only inside strings; the document's own newlines
// are below the range.
func escapeJSON(doc string) string {
	through := func(r rune) bool { return r >= 0x7F && inert.Hidden(r) }
	if strings.IndexFunc(doc, through) < 0 {
		return doc
	}
	var out strings.Builder
	for _, r := range doc {
		switch {
		case !through(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
