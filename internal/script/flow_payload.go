package script

import (
	"maps"
	"slices"
	"strings"
)

// runFile runs a text that stood in a file: by the language of its first line, a shell's by default.
func (st *state) runFile(text string, c *call) {
	first, _, _ := strings.Cut(text, "\n")
	if words := strings.Fields(strings.TrimPrefix(first, "#!")); strings.HasPrefix(first, "#!") && len(words) > 0 {
		name := words[0]
		if strings.HasSuffix(name, "/env") && len(words) > 1 {
			name = words[1]
		}
		if lang := languageOf(programName(name)); lang != "" {
			st.runCode(lang, text, c)
			return
		}
	}
	st.runText(text, c.name, c)
}

// runText runs a text as shell.
func (st *state) runText(text, by string, c *call) {
	st.runCode("", text, &call{name: by, in: c.in, read: c.read})
}

// runCode runs a text in a language, and tells it as a payload where it does not stand in the script as it is.
func (st *state) runCode(lang, text string, c *call) {
	if strings.TrimSpace(text) == "" {
		return
	}
	hidden := st.tellPayload(text, c.name)
	if st.payloads >= maxPayloadDepth || !st.spend(len(text)) || !st.enter() {
		st.problem("texts run texts deeper than this program follows")
		return
	}
	defer st.leave()
	outer, u, line := st.hidden, st.unit, st.line
	if hidden {
		st.payloads++
	}
	st.hidden = st.hidden || hidden
	if lang != "" {
		st.language(lang, text, st.line)
	} else if _, to, a := st.nextAtom(text); a == nil || to < len(text) || !a.fetched && len(a.undone) == 0 {
		next := st.newUnit(text)
		next.line, next.fixed = line, true
		stdins := st.stdins
		if c.read {
			st.stdins = []string{c.in}
		}
		st.runUnit(next)
		st.stdins = stdins
	}
	if hidden {
		st.payloads--
	}
	st.hidden, st.unit, st.line = outer, u, line
}

// tellPayload tells a text that runs if it was decoded or fetched, and reports whether it was decoded.
func (st *state) tellPayload(text, program string) bool {
	hidden := false
	trimmed := strings.TrimSpace(text)
	if e, ok := st.decoded[trimmed]; ok {
		st.payload(Payload{Encodings: e, Text: st.show(trimmed), Program: program})
		hidden = true
	} else {
		for _, d := range slices.Sorted(maps.Keys(st.decoded)) {
			if st.spend(costOfName+len(text)/costOfName) && len(d) >= minEncoded && strings.Contains(text, d) {
				st.payload(Payload{Encodings: st.decoded[d], Text: st.show(d), Program: program})
				hidden = true
			}
		}
	}
	for rest := text; ; {
		_, to, a := st.nextAtom(rest)
		if a == nil {
			return hidden
		}
		switch {
		case a.fetched:
			st.payload(Payload{Encodings: a.undone, Program: program, Fetched: true, Host: a.host})
		case len(a.undone) > 0:
			st.payload(Payload{Encodings: a.undone, Program: program})
			st.problem("an encoded text that is run could not be decoded")
		}
		rest = rest[to:]
	}
}
