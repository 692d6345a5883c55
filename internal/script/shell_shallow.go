package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// quotedWords writes a text that is no shell as the words of a command.
func quotedWords(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		w, end := word(text, i)
		if w != "" {
			q, err := syntax.Quote(w, syntax.LangBash)
			if err == nil {
				b.WriteString(q + " ")
			}
		}
		i = max(end, i+1)
	}
	return b.String()
}

const (
	maxOpened  = 1500   // signs in one text that may open something within something: the parser recurses, with some kilobytes for each
	maxUnary   = 200    // operators of arithmetic in a row, for the same reason
	maxChained = 30_000 // signs of pipes and of lists: each takes some hundred bytes of the parser
)

// shallow reports that a parser that recurses can be let at a text: it cannot be nested deeper than so many signs and words that open something.
func shallow(text string) bool {
	opened, row, chained := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{':
			if row++; i == 0 || text[i-1] != '$' || !simpleExpansion(text[i+1:]) {
				opened++
			}
		case '[':
			if row++; i > 0 && text[i-1] != ' ' && text[i-1] != '\n' {
				opened++
			}
		case '(', '`', '?':
			opened++
			row++
		case '|', '&':
			chained++
		case '-', '+', '~', '!', '=', '*':
			row++
		case ' ', '\t':
		default:
			if c >= 'a' && c <= 'z' || c == '\n' || c == '#' {
				row = 0
			}
			if c <= 'w' && opens(text[i:]) {
				opened++
			}
		}
		if opened > maxOpened || row > maxUnary || chained > maxChained {
			return false
		}
	}
	return true
}

// simpleExpansion reports that a text is the rest of ${NAME}.
func simpleExpansion(text string) bool {
	i := 0
	for i < len(text) && (text[i] == '_' || text[i] >= '0' && text[i] <= '9' || text[i] >= 'a' && text[i] <= 'z' || text[i] >= 'A' && text[i] <= 'Z') {
		i++
	}
	return i < len(text) && text[i] == '}'
}

// opens reports that a text begins with a word that may open a compound command.
func opens(text string) bool {
	switch text[0] {
	case 'i':
		return strings.HasPrefix(text, "if ")
	case 'c':
		return strings.HasPrefix(text, "case ") || strings.HasPrefix(text, "coproc ")
	case 'f':
		return strings.HasPrefix(text, "for ")
	case 'w':
		return strings.HasPrefix(text, "while ")
	case 'u':
		return strings.HasPrefix(text, "until ")
	case 's':
		return strings.HasPrefix(text, "select ")
	case 't':
		return strings.HasPrefix(text, "time ")
	}
	return false
}
