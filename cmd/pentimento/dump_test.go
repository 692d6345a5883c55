package main

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// missing are rows of a that b has not, of sorted lists.
func missing(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(row string) bool {
		_, ok := slices.BinarySearch(b, row)
		return ok
	})
}

// attempts stand beside the facts in a case: when and how often was asked, what an interrupted attempt met.
// analysis bears a mark of the answers it was made from, which counts those of failed attempts too.
var attempts = []string{"source_seen", "archive_hour_seen", "collection", "unit_done", "gap", "gap_seen", "analysis"}

// dump reads all tables of a case that "the same case" is about, and the gaps as they stand, as sorted rows of text. The address of a
// source holds the port of the test's server: its target says the rest.
func dump(t *testing.T, path string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out := map[string][]string{}
	names := readRows(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' OR name = 'current_gap'")
	for _, row := range names {
		table := strings.TrimSuffix(strings.TrimPrefix(row, `name="`), `"`)
		if !slices.Contains(attempts, table) {
			out[table] = readRows(t, db, "SELECT * FROM "+table)
		}
	}
	return out
}

func readRows(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	cells, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		pointers[i] = &cells[i]
	}
	out := []string{}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			t.Fatal(err)
		}
		var parts []string
		for i, name := range columns {
			if name != "url" {
				parts = append(parts, fmt.Sprintf("%s=%#v", name, cells[i]))
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}
