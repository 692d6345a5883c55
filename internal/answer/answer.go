// Package answer holds the rows that named queries give, for what leaves the house: a report, a notice or an export says nothing that one
// of the queries does not.
package answer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/queries"
)

// Set is the answer of one named query. Cells are as stored: hostile text and live indicators among them.
type Set struct {
	Query   string
	Limits  string // what the answer does not say
	Columns []string
	Rows    []Row
}

// Row is one row of a set.
type Row struct {
	columns []string
	cells   []*string
}

// Of asks a named query. Columns that the caller reads by name are named in needs; one that the query does not give is an error, so that a
// cell is never empty for a slip of the pen.
func Of(ctx context.Context, c *casefile.Case, name string, needs ...string) (Set, error) {
	q, err := queries.Get(name)
	if err != nil {
		return Set{}, err
	}
	args, err := q.Arguments(nil)
	if err != nil {
		return Set{}, err
	}
	s := Set{Query: name, Limits: q.Limits}
	err = c.Query(ctx, q.SQL, args, func(columns []string) error {
		s.Columns = columns
		for _, n := range needs {
			if !slices.Contains(columns, n) {
				return fmt.Errorf("query %s has no column %s", name, n)
			}
		}
		return nil
	}, func(cells []*string) error {
		s.Rows = append(s.Rows, Row{s.Columns, cells})
		return nil
	})
	return s, err
}

// Text is a cell, empty for NULL.
func (r Row) Text(column string) string {
	if i := slices.Index(r.columns, column); i >= 0 && r.cells[i] != nil {
		return *r.cells[i]
	}
	return ""
}

// Evidence is the ids that the row cites.
func (r Row) Evidence() []string {
	var out []string
	for i, c := range r.columns {
		if (c == "evidence" || strings.HasSuffix(c, "_evidence")) && r.cells[i] != nil {
			out = append(out, strings.Fields(*r.cells[i])...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// MarshalJSON writes the row as an object in the order of the columns, null for what is not known.
func (r Row) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, c := range r.columns {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		value := r.cells[i]
		if value != nil && *value == "" {
			value = nil
		}
		cell, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(cell)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
