package workflow

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"pentimento/internal/script"
)

// decoded is a text in UTF-8: YAML may be UTF-16, told by its first bytes (https://yaml.org/spec/1.2.2/#52-character-encodings). A text in UTF-8
// is given as it is, the mark of order at its beginning included.
func decoded(text []byte) []byte {
	var at func(i int) uint16
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		at = func(i int) uint16 { return uint16(text[i]) | uint16(text[i+1])<<8 }
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		at = func(i int) uint16 { return uint16(text[i])<<8 | uint16(text[i+1]) }
	default:
		return text
	}
	var units []uint16
	for i := 2; i+1 < min(len(text), 2*MaxSize); i += 2 {
		units = append(units, at(i))
	}
	out := make([]byte, 0, len(units))
	for _, r := range utf16.Decode(units) {
		out = utf8.AppendRune(out, r)
	}
	return out
}

// search is what is left for a file that cannot be parsed: whatever looks like a script in it is read as one, and where nothing does its whole
// text, with whatever looks like a variable of an env section as the environment.
func (p *Parser) search(text []byte, problem string) File {
	r := p.reader(text)
	f := File{Secrets: r.where.refs(string(text), 1, 1), Problems: []string{problem}, Partial: problem}
	f.AllSecrets = anyAll(f.Secrets)
	run := jobRun{reader: r, scope: r.scope(nil), left: script.Job{Files: map[string]script.Carried{}, Outputs: map[string]script.Carried{}}}
	var env []script.Variable
	for _, m := range keyed.FindAllSubmatch(text, maxKeyed) {
		v := run.scope.resolve(string(m[2]))
		env = append(env, script.Variable{Name: string(m[1]), Value: v.text, Carried: v.Carried})
	}
	found := blocks(string(text))
	if len(found) == 0 {
		found = []block{{text: string(text), line: 1}}
	}
	for i, b := range found {
		s := Step{Index: i, Run: b.text, Line: b.line}
		for _, ref := range p.expressions.references(b.text) {
			s.Secrets = append(s.Secrets, SecretRef{Name: ref.name, Line: b.line, Col: 1, Form: ref.form})
		}
		scope := run.at(env)
		run.read(&s, scope.resolve(b.text).text, "", "", scope, b.line)
		f.Loose = append(f.Loose, s)
		f.Destinations = append(f.Destinations, s.Destinations...)
	}
	f.Problems = slices.Concat(f.Problems, r.problems, r.notes)
	return f
}

// keyed finds YAML keys with an expression or a URL for a value: how a variable looks that matters.
var keyed = regexp.MustCompile(`(?m)(?:^|[{,\s])([A-Za-z_][A-Za-z0-9_]*):[ \t]+["']?((?:\$\{\{[^}\n]*\}\}|https?://)[^\n"',}]*)`)

const (
	// maxKeyed bounds the variables so found: every script is read with them.
	maxKeyed = 1000
	// maxBlocks bounds the scripts so found.
	maxBlocks = 2000
)

// block is a script in a text that is no YAML, with the line on which it begins.
type block struct {
	text string
	line int
}

// scriptKey is the line on which a script begins: the key, what stands before it, and the value or the sign of a block.
var scriptKey = regexp.MustCompile(`^([\s-]*)(?:-\s*)?["']?(?:run|script)["']?\s*:\s*(.*)$`)

// blocks finds what looks like a script: a line with its key, and behind it the lines that are further in.
func blocks(text string) []block {
	var out []block
	lines := strings.FieldsFunc(strings.ReplaceAll(text, "\n", "\n\x00"), func(r rune) bool { return r == '\n' })
	for i := 0; i < len(lines) && len(out) < maxBlocks; i++ {
		m := scriptKey.FindStringSubmatch(strings.Trim(lines[i], "\x00\r"))
		if m == nil {
			continue
		}
		b := block{line: i + 1}
		value := strings.TrimSpace(m[2])
		var body []string
		for i+1 < len(lines) {
			next := strings.Trim(lines[i+1], "\x00\r")
			if strings.TrimSpace(next) != "" && indent(next) <= len(m[1]) {
				break
			}
			body = append(body, next)
			i++
		}
		if value == "" || strings.Trim(value, "|>+-0123456789") == "" {
			b.line++
		} else {
			body = append([]string{strings.Trim(value, `"'`)}, body...)
		}
		if b.text = strings.Join(body, "\n"); strings.TrimSpace(b.text) != "" {
			out = append(out, b)
		}
	}
	return out
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t-")) }
