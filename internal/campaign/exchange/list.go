package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// columns are names of a column that holds indicators, the best first.
var columns = []string{"indicator", "indicator_value", "ioc", "ioc_value", "value", "observable", "domain", "host", "hostname", "fqdn", "url", "ip", "address", "sha256", "hash", "path"}

// list reads one indicator a line: "#", ";" and "//" begin a comment at the beginning of a line, "#" also behind white space. A file whose first
// line has a column with a name of the list, or the one asked for, is a CSV.
func (r *reader) list(text []byte, column string) error {
	if bytes.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("a list of indicators is text: %w", errShape)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if i, comma, ok := header(string(first), column); ok {
		return r.csv(text, i, comma)
	}
	if column != "" {
		return fmt.Errorf("no column %q in the first line", column)
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "//") {
			continue
		}
		for _, mark := range []string{" #", "\t#"} {
			line, _, _ = strings.Cut(line, mark)
		}
		r.value(strings.Trim(strings.TrimSpace(line), `"',`), fmt.Sprintf("%s:%d", r.name, number))
	}
	return nil
}

// header finds the column of a CSV's first line that holds indicators, and what separates columns.
func header(line, column string) (index int, comma rune, ok bool) {
	for _, comma := range []rune{',', ';', '\t'} {
		if column == "" && !strings.ContainsRune(line, comma) && !slices.Contains(columns[:6], strings.ToLower(strings.Trim(strings.TrimSpace(line), `"`))) {
			continue
		}
		var names []string
		for _, n := range strings.Split(line, string(comma)) {
			names = append(names, strings.ToLower(strings.Trim(strings.TrimSpace(n), `"`)))
		}
		if column != "" {
			if i := slices.Index(names, strings.ToLower(column)); i >= 0 {
				return i, comma, true
			}
			continue
		}
		for _, wanted := range columns {
			if i := slices.Index(names, wanted); i >= 0 {
				return i, comma, true
			}
		}
	}
	return 0, 0, false
}

func (r *reader) csv(text []byte, column int, comma rune) error {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = comma, -1, true, true
	if _, err := in.Read(); err != nil {
		return fmt.Errorf("the first line: %w", err)
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("a table of indicators: %w", err)
		}
		line, _ := in.FieldPos(0)
		if column >= len(row) {
			r.leave(fmt.Sprintf("line %d", line), "it has no such column")
			continue
		}
		r.value(row[column], fmt.Sprintf("%s:%d", r.name, line))
	}
}
