package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// operated is ${NAME:-word}, ${NAME#pattern}, ${NAME^^} and their like.
func (st *state) operated(e *syntax.Expansion, texts []string, set bool, name string) []string {
	op := e.Op
	switch op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		return st.defaulted(e, texts, set, name)
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if set && len(texts) == 1 && texts[0] == "" {
			return texts
		}
		return alternatives(st.word(e.Word), []string{""})
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return texts
	}
	var pattern string
	if e.Word != nil {
		pattern = st.word(e.Word)[0]
	}
	var out []string
	for _, t := range texts {
		switch op {
		case syntax.UpperAll:
			t = upper(st.recoded(t, "case"))
		case syntax.LowerAll:
			t = strings.ToLower(st.recoded(t, "case"))
		case syntax.UpperFirst:
			t = upper(t[:min(1, len(t))]) + t[min(1, len(t)):]
		case syntax.LowerFirst:
			t = strings.ToLower(t[:min(1, len(t))]) + t[min(1, len(t)):]
		case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
			t = st.trimmed(t, pattern, op)
		case syntax.OtherParamOps:
			if pattern == "E" {
				t = cleanMade(unbackslash(t, true))
			} else if pattern == "U" {
				t = upper(t)
			} else if pattern == "L" {
				t = strings.ToLower(t)
			}
		}
		out = append(out, t)
	}
	return out
}

func upper(s string) string { return strings.ToUpper(s) }

// defaulted is ${NAME:-word}: both may be meant where the variable's text is not known.
func (st *state) defaulted(e *syntax.Expansion, texts []string, set bool, name string) []string {
	if set && !slices.ContainsFunc(texts, func(t string) bool { return t == "" || !plain(t) }) {
		return texts
	}
	word := st.word(e.Word)
	out := word
	if set {
		out = nil
		for _, t := range texts {
			if t != "" {
				out = append(out, t)
			}
		}
		out = alternatives(out, word)
	}
	if !set && (e.Op == syntax.AssignUnset || e.Op == syntax.AssignUnsetOrNull) {
		st.set(name, variable{texts: out})
	}
	return out
}

// trimmed is a text without what a pattern matches at one end.
func (st *state) trimmed(t, pattern string, op syntax.ParExpOperator) string {
	if len(t) > maxMatched || !plain(pattern) {
		return st.recoded(t, "cut")
	}
	prefix := op == syntax.RemSmallPrefix || op == syntax.RemLargePrefix
	longest := op == syntax.RemLargePrefix || op == syntax.RemLargeSuffix
	for i := range len(t) + 1 {
		n := i
		if longest {
			n = len(t) - i
		}
		part, rest := t[:n], t[n:]
		if !prefix {
			part, rest = t[len(t)-n:], t[:len(t)-n]
		}
		if !st.spend(len(part)/16+1) || !matches(pattern, part) {
			continue
		}
		if strings.Count(rest, "\x00") != strings.Count(rest, "\x01") || strings.Count(part, "\x00") != strings.Count(part, "\x01") {
			continue
		}
		if st.carried(rest).empty() && !st.carried(part).empty() {
			return rest
		}
		return st.recoded(rest, "cut")
	}
	return t
}

// maxMatched bounds a text that a pattern is tried on at every place.
const maxMatched = 4 << 10
