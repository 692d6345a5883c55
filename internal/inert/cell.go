package inert

import (
	"strings"
	"unicode/utf8"
)

// FormulaStarts are the characters at which a spreadsheet takes a cell for a formula, with their full-width forms.
// https://owasp.org/www-community/attacks/CSV_Injection
const FormulaStarts = "=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20"

// Cell is the cell as text that no spreadsheet runs.
func Cell(cell string) string {
	escaped := Escape(cell)
	if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune(FormulaStarts, first) {
		return "'" + escaped
	}
	return escaped
}
