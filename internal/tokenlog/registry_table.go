package tokenlog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// tableRow is one row of a table of a registry's database: of CSV as psql's \copy writes it (NULL is empty, jsonb is JSON text, booleans are t and f), or
// of JSON lines as row_to_json does.
type tableRow struct {
	rec *record
	obj object
}

// get is the first column of that name that exists, as text; "" where it is NULL.
func (r tableRow) get(names ...string) string {
	if r.rec != nil {
		return r.rec.get(names...)
	}
	for _, name := range names {
		if v, there := r.obj[name]; there {
			return scalar(v)
		}
	}
	return ""
}

// has reports that there is the column.
func (r tableRow) has(name string) bool {
	if r.rec != nil {
		return r.rec.has(name)
	}
	_, ok := r.obj[name]
	return ok
}

// hasAny reports that there is one of the columns.
func (r tableRow) hasAny(names ...string) bool {
	for _, n := range names {
		if r.has(n) {
			return true
		}
	}
	return false
}

// value is a column of type json, or an array: parsed from its text in CSV. A text that is neither is itself.
func (r tableRow) value(name string) any {
	if r.rec == nil {
		return r.obj[name]
	}
	text := r.rec.get(name)
	return jsonText(text)
}

// jsonText is JSON, a Python literal or an array of Postgres, parsed; nil for nothing, else the text.
func jsonText(text string) any {
	if text == "" || text == "None" {
		return nil
	}
	if text[0] != '{' && text[0] != '[' && text[0] != '(' {
		return text
	}
	if shallow([]byte(text)) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil && !d.More() {
			return v
		}
	}
	if v, err := pythonLiteral(text); err == nil {
		return v
	}
	if v, ok := arrayText(text); ok {
		return v
	}
	return text
}

// arrayText reads an array of texts as Postgres writes it: {a,"b c",NULL}.
func arrayText(text string) ([]any, bool) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, false
	}
	inner := text[1 : len(text)-1]
	out := []any{}
	for inner != "" {
		var item strings.Builder
		quoted, i := inner[0] == '"', 0
		if quoted {
			for i = 1; i < len(inner) && inner[i] != '"'; i++ {
				if inner[i] == '\\' && i+1 < len(inner) {
					i++
				}
				item.WriteByte(inner[i])
			}
			i++
		} else if i = strings.IndexByte(inner, ','); i < 0 {
			i = len(inner)
			item.WriteString(inner)
		} else {
			item.WriteString(inner[:i])
		}
		if quoted || item.String() != "NULL" {
			out = append(out, item.String())
		}
		switch {
		case i >= len(inner):
			inner = ""
		case inner[i] == ',':
			inner = inner[i+1:]
		default:
			return nil, false
		}
	}
	return out, true
}

// object is a column of type json that holds an object.
func (r tableRow) object(name string) object {
	m, _ := r.value(name).(map[string]any)
	return m
}

// list is a column that holds an array.
func (r tableRow) list(name string) []any {
	l, _ := r.value(name).([]any)
	return l
}

// flag is a boolean: t, true, 1.
func (r tableRow) flag(name string) bool {
	v, err := strconv.ParseBool(r.get(name))
	return err == nil && v
}

// eachTableRow reads a table from CSV or JSON.
func eachTableRow(ctx context.Context, in *Input, out *Sink, members []string, f func(tableRow) error) error {
	csv, err := in.isCSV()
	switch {
	case err != nil:
		return err
	case csv:
		return eachRecord(ctx, in, out, func(r *record) error { return f(tableRow{rec: r}) })
	default:
		return eachObject(ctx, in, out, members, func(o object) error { return f(tableRow{obj: o}) })
	}
}

// unseen is the sink for rows with secrets that have no shape, as the root key of a macaroon: of a row that is kept aside the text is not.
func (s *Sink) unseen() *Sink {
	blind := *s
	return &blind
}

// dropped notes, once, that a column with secrets was there and not read.
func dropped(out *Sink, told *bool, r tableRow, column, holds string) {
	if r.has(column) && !*told {
		*told = true
		out.Note(fmt.Sprintf("the column %s holds %s: it was dropped, and does not belong in an export", column, holds))
	}
}

// has reports that the sample is a table with these columns, in CSV or JSON.
func (s Sample) has(names ...string) bool { return s.columns(names...) || s.keys(names...) }

// guess is sure where the sample is a table with these columns.
func guessTable(sure int, names ...string) func(Sample) int {
	return func(s Sample) int {
		if s.has(names...) {
			return sure
		}
		return 0
	}
}

// tableZone is that of a column without one: both PyPI and RubyGems run their databases in UTC.
func (in *Input) tableZone() *time.Location { return in.zone(time.UTC) }

// publishing is the outcome and class of what put something into a registry.
func publishing(log string, p tokens.Provider) tokens.Use {
	return tokens.Use{Log: log, Provider: p, Class: tokens.Publish, Outcome: tokens.Succeeded}
}
