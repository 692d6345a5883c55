package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// formulaStarts are the characters at which a spreadsheet takes a cell for a formula, with their full-width forms.
// https://owasp.org/www-community/attacks/CSV_Injection
const formulaStarts = "=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20"

// writeCSV writes RFC 4180: CRLF line ends, the header first. A cell that a spreadsheet would run gets a leading apostrophe; characters
// that a terminal would obey are escaped as in tables. The exact text of a value is in the JSON.
func writeCSV(w io.Writer, header []string, rows [][]string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range append([][]string{header}, rows...) {
		if len(row) != len(header) {
			return fmt.Errorf("CSV row has %d cells, the header %d", len(row), len(header))
		}
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = neutral(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// neutral is the cell as text that no spreadsheet runs.
func neutral(cell string) string {
	escaped := escapeTerminal(cell)
	if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune(formulaStarts, first) {
		return "'" + escaped
	}
	return escaped
}
