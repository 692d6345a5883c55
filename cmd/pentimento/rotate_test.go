package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// The list of a repository fits a common terminal, and a warning of many repositories is told in full once.
func TestRotateIsReadable(t *testing.T) {
	columns := []string{"repository", "place", "kind", "what", "reason"}
	answer := rowset{columns: columns, index: map[string]int{}}
	for i, c := range columns {
		answer.index[c] = i
	}
	long := "Isolate the host first. " + strings.Repeat("Nobody knows what it does when the token goes. ", 4) + "\x1b[2J"
	for _, cells := range [][]string{
		{"octo-org/one", "1", "warning", long, "ghostaction: somebody"}, {"octo-org/one", "2", "revoke", "revoke it", "why not"},
		{"octo-org/two", "1", "warning", long, "ghostaction: somebody"},
	} {
		r := row{index: answer.index}
		for _, c := range cells {
			r.cells = append(r.cells, &c)
		}
		answer.rows = append(answer.rows, r)
	}
	var out strings.Builder
	if err := writeSteps(&out, answer); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for line := range strings.Lines(got) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > stepsWidth {
			t.Errorf("too wide: %q", line)
		}
	}
	if strings.Count(got, "Nobody knows") != 4 || !strings.Contains(got, "Isolate the host first.\n              - see octo-org/one 1\n") ||
		!strings.Contains(got, "  2  revoke   revoke it\n              - why not\n") || strings.Contains(got, "\x1b") {
		t.Errorf("got\n%s", got)
	}
}
