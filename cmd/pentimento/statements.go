package main

import "strings"

// sqlQuotes are what SQLite takes as one token, whatever stands within: strings, names and comments
// (https://www.sqlite.org/lang_keywords.html, https://www.sqlite.org/lang_comment.html). A doubled quote ends one and begins the next,
// which comes to the same here. One that never ends reaches to the end of the text.
var sqlQuotes = []struct {
	begin, end string
	comment    bool
}{
	{"'", "'", false}, {`"`, `"`, false}, {"`", "`", false}, {"[", "]", false}, {"--", "\n", true}, {"/*", "*/", true},
}

// statements counts the statements of a text of SQL. SQLite's driver runs all of several and gives the rows of the last alone.
func statements(sql string) int {
	n, something := 0, false
	for sql != "" {
		rest, comment, quoted := skipQuoted(sql)
		switch {
		case quoted:
			something = something || !comment
			sql = rest
			continue
		case sql[0] == ';':
			if something {
				n++
			}
			something = false
		case !strings.ContainsRune(" \t\r\n\f", rune(sql[0])):
			something = true
		}
		sql = sql[1:]
	}
	if something {
		n++
	}
	return n
}

// skipQuoted gives what follows the quoted text or comment that sql begins with.
func skipQuoted(sql string) (rest string, comment, quoted bool) {
	for _, q := range sqlQuotes {
		if inner, ok := strings.CutPrefix(sql, q.begin); ok {
			_, rest, _ = strings.Cut(inner, q.end)
			return rest, q.comment, true
		}
	}
	return sql, false, false
}
