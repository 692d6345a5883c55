package intake

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// repositoryHeaders name the column of a repository, best first: our own exports, GitHub's REST and GraphQL fields, links.
var repositoryHeaders = []string{"repository", "repo", "full_name", "nameWithOwner", "url", "html_url"}

// Headers of a name that is split over two columns.
const (
	ownerHeader = "owner"
	nameHeader  = "name"
)

// maxRecordLines bounds a quoted cell. One quote too many would otherwise swallow the rest of the file, and every line in it.
const maxRecordLines = 50

// table says where in a record the repository stands.
type table struct {
	comma rune
	cell  int
	owner int // -1 where no column holds the owner alone
}

// findTable reads a header line. Without a column to look for, a line that has no known header is no table: nil.
func findTable(header, column string) (*table, error) {
	for _, comma := range []rune{',', ';', '\t'} {
		names, err := record(header, comma)
		if err != nil {
			continue
		}
		t := table{comma: comma, cell: -1, owner: find(names, ownerHeader)}
		if column != "" {
			t.cell = find(names, column)
		} else {
			for _, known := range repositoryHeaders {
				if t.cell = find(names, known); t.cell >= 0 {
					break
				}
			}
			if t.cell < 0 && t.owner >= 0 {
				t.cell = find(names, nameHeader)
			}
		}
		if t.cell >= 0 {
			return &t, nil
		}
	}
	if column != "" {
		return nil, fmt.Errorf("no column is named %q; the first line is: %s", column, printable(masked(header)))
	}
	return nil, nil
}

func find(names []string, want string) int {
	return slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), want) })
}

// record parses one record of CSV.
func record(text string, comma rune) ([]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = comma, -1
	r.TrimLeadingSpace = comma != '\t' // people write "a", "b"; an empty cell between tabs is no space
	return r.Read()
}

func (l *list) readCSV(from int, t *table) error {
	for i := l.next(from); i < len(l.lines); {
		fields, used, reason := l.record(i, t.comma)
		var err error
		switch {
		case reason != "":
			err = l.bad(i, l.lines[i], reason)
		case strings.TrimSpace(strings.Join(fields, "")) == "":
			// A spreadsheet's empty row.
		case len(fields) <= t.cell:
			err = l.bad(i, l.lines[i], fmt.Sprintf("row has %d cells, the repository is in cell %d", len(fields), t.cell+1))
		default:
			err = l.add(i, t.name(fields))
		}
		if err != nil {
			return err
		}
		i = l.next(i + used)
	}
	return nil
}

// record reads the record that starts at line i and says how many lines it takes. A record that does not parse takes one line, so that
// the lines after it are still read.
func (l *list) record(i int, comma rune) (fields []string, used int, reason string) {
	quotes, size := 0, 0
	for n := 0; n < maxRecordLines && i+n < len(l.lines); n++ {
		if size += len(l.lines[i+n]); size > maxLineBytes {
			return nil, 1, fmt.Sprintf("row is longer than %d bytes", maxLineBytes)
		}
		quotes += strings.Count(l.lines[i+n], `"`)
		if quotes%2 != 0 {
			continue
		}
		fields, err := record(strings.Join(l.lines[i:i+n+1], "\n"), comma)
		if err != nil {
			return nil, 1, "is not CSV: a quote stands inside a cell that is not quoted"
		}
		return fields, n + 1, ""
	}
	return nil, 1, fmt.Sprintf("is not CSV: a quote is not closed within %d lines", maxRecordLines)
}

// name is the repository of a row: the cell, with the owner's cell before it where the cell holds the name alone.
func (t *table) name(fields []string) string {
	cell := strings.TrimSpace(fields[t.cell])
	if t.owner < 0 || t.owner == t.cell || t.owner >= len(fields) || strings.Contains(cell, "/") {
		return cell
	}
	return strings.TrimSpace(fields[t.owner]) + "/" + cell
}
