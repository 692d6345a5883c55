package main

import (
	"encoding/csv"
	"fmt"
	"io"

	"pentimento/internal/inert"
)

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
			cells[i] = inert.Cell(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
