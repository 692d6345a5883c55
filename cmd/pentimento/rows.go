package main

import (
	"context"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/inert"
)

// rowset is the answer of a query: text as stored, nil for NULL.
type rowset struct {
	columns []string
	index   map[string]int
	rows    []row
}

// row is one row with the places of its columns.
type row struct {
	index map[string]int
	cells []*string
}

// read appends the rows of a query. A second query must have the columns of the first.
func (s *rowset) read(ctx context.Context, c *casefile.Case, sql string, args map[string]string) error {
	return c.Query(ctx, sql, args, func(columns []string) error {
		s.columns, s.index = columns, map[string]int{}
		for i, name := range columns {
			s.index[name] = i
		}
		return nil
	}, func(values []*string) error {
		s.rows = append(s.rows, row{s.index, values})
		return nil
	})
}

// text is a cell, empty for NULL.
func (r row) text(name string) string {
	if i, ok := r.index[name]; ok && r.cells[i] != nil {
		return *r.cells[i]
	}
	return ""
}

// repositories are those that a row is about: the column of that name, or the list of names of a version that many hold.
func (r row) repositories() []evidence.Repository {
	var out []evidence.Repository
	for _, name := range strings.Fields(r.text("repository") + " " + r.text("repositories")) {
		out = append(out, evidence.Repository(name))
	}
	return out
}

// raw is every cell as stored, but for indicators, which nobody should click; none stands for NULL.
func (s rowset) raw(none string) [][]string {
	out := make([][]string, 0, len(s.rows))
	for _, r := range s.rows {
		cells := make([]string, len(r.cells))
		for i, v := range r.cells {
			cells[i] = none
			if v != nil {
				cells[i] = inert.Column(s.columns[i], *v)
			}
		}
		out = append(out, cells)
	}
	return out
}

// column is one column of a table for people.
type column struct {
	head string
	cell func(row) string
}

func headers(columns []column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.head
	}
	return out
}

// shown is the rows as a table for people.
func (s rowset) shown(columns []column) [][]string {
	out := make([][]string, 0, len(s.rows))
	for _, r := range s.rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.cell(r)
		}
		out = append(out, cells)
	}
	return out
}

// unknown stands in tables for what no source says, nothing for what there is none of.
const (
	unknown = "?"
	nothing = "-"
)

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// plain shows a cell as it is, otherwise for NULL.
func plain(head, name, otherwise string) column {
	return column{head, func(r row) string { return or(inert.Column(name, r.text(name)), otherwise) }}
}

// short shows the first digits of an object name.
func short(head, name, otherwise string) column {
	return column{head, func(r row) string { return or(evidence.OID(r.text(name)).Short(), otherwise) }}
}

// ref shows a ref without "refs/": heads/main, tags/v1, pull/7/head.
func ref(head string) column {
	return column{head, func(r row) string {
		return or(strings.TrimPrefix(inert.Column("ref", r.text("ref")), "refs/"), unknown)
	}}
}

// file shows a workflow file without the folder that all have.
func file(head string) column {
	return column{head, func(r row) string {
		return or(strings.TrimPrefix(inert.Column("path", r.text("path")), ".github/workflows/"), nothing)
	}}
}

// moment shows a time that stands alone, with ~ where it is a claim.
func moment(head, name string, claimed bool) column {
	return column{head, func(r row) string { return stamp(r.text(name), claimed) }}
}

// instant shows the four columns of an instant; see [bounds].
func instant(head, name string) column {
	return column{head, func(r row) string { return r.instant(name) }}
}

func (r row) instant(name string) string {
	return bounds(stamp(r.text(name+"_not_before"), r.text(name+"_not_before_clock") == "git"),
		stamp(r.text(name+"_not_after"), r.text(name+"_not_after_clock") == "git"))
}

// bounds writes two bounds as one where they are the same, "A .. B" where they differ, "?" where neither is known.
func bounds(notBefore, notAfter string) string {
	if strings.TrimPrefix(notBefore, "~") != strings.TrimPrefix(notAfter, "~") {
		return notBefore + " .. " + notAfter
	}
	return max(notBefore, notAfter) // "~" sorts after digits: where either is a claim, the whole is
}

// stamp writes a stored time for people, exact to the digit that was stored.
func stamp(s string, claimed bool) string {
	if s == "" {
		return unknown
	}
	s = strings.Replace(s, "T", " ", 1)
	if claimed {
		return "~" + s
	}
	return s
}
