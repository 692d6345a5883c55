package inert

import "strings"

// Markdown is a text as a piece of a line of Markdown: no markup, no HTML, no table cell, no link and no line of its own. GitHub looks for
// names to notify in what is left, which no escape prevents: use [Code] for what may hold an @ or a #.
// https://github.github.com/gfm/#backslash-escapes
func Markdown(s string) string {
	var out strings.Builder
	for _, r := range Escape(s) {
		if r < 0x80 && strings.ContainsRune("\\`*_{}[]()<>#+-.!|~&\"'=:@", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Code is a text as a code span of one line, which may stand in a table: a pipe ends a cell even there, and is escaped.
// https://github.github.com/gfm/#code-spans and #tables-extension-
func Code(s string) string {
	s = Escape(s)
	if s == "" {
		return ""
	}
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	pad := ""
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' {
		pad = " "
	}
	return fence + pad + strings.ReplaceAll(s, "|", `\|`) + pad + fence
}
