package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"pentimento/internal/inert"
)

// writeTable writes an aligned table for people, the header first even where there are no rows. Cells are escaped, never clipped: what
// is cut off cannot be searched for. Widths count characters, so wide scripts may stand a little out of line.
func writeTable(w io.Writer, header []string, rows [][]string) error {
	var out strings.Builder
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		if len(row) != len(header) {
			return fmt.Errorf("table row has %d cells, the header %d", len(row), len(header))
		}
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = inert.Escape(cell)
		}
		if _, err := io.WriteString(t, strings.Join(cells, "\t")+"\n"); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		// An empty last cell would leave the padding of the one before it at the end of the line.
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
