package main

import (
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	for sql, want := range map[string]int{
		"": 0, " ;; \n": 0, "-- only a comment; here": 0, "/* a; b */ -- c": 0, "/* open": 0,
		"SELECT 1": 1, "SELECT 1;": 1, ";SELECT 1;;\n-- done": 1, "SELECT ';' || 'it''s; one'": 1, `SELECT ";" AS [a;b], ` + "`;`": 1,
		"SELECT 1 -- a; b\n + 2": 1, "SELECT 1 /* ; */ + 2": 1, "SELECT 2 - 1; ": 1, "SELECT 'open; ": 1, "'x'": 1,
		"SELECT 1; SELECT 2": 2, "SELECT 1;'x'": 2, "SELECT '--'; SELECT 2": 2, "SELECT 1 -- a\n; SELECT 2; SELECT 3": 3,
	} {
		if got := statements(sql); got != want {
			t.Errorf("statements(%q) = %d, want %d", sql, got, want)
		}
	}
}

// Two statements would be answered by the rows of the second: they are refused.
func TestQueryTakesOneStatement(t *testing.T) {
	path := smallCase(t)
	out, errs, code := told(t, path, "SELECT 1 AS one; SELECT 2 AS two", "query", "-")
	if code != exitFailed || out != "" || !strings.Contains(errs, "2 statements") || !strings.Contains(errs, "hint: ") {
		t.Errorf("two statements: exit %d: %s%s", code, out, errs)
	}
	if out, errs, code := told(t, path, "-- first; of all\nSELECT 'a;b' AS one;\n", "query", "-", "--csv"); code != exitDone || out != "one\r\na;b\r\n" {
		t.Errorf("one statement: exit %d: %q%s", code, out, errs)
	}
}
