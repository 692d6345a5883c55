package workflow

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// locator finds the lines of a file in which something stands. The YAML parsers give the position at which a value begins, not where its
// third line lies: block scalars begin at their "|", folded and quoted ones lose their line breaks. So what was found in a value is looked up
// again in the text from that position on; where it is not written as such (escapes), the value's own line stands for it.
type locator struct {
	text  []byte
	lines []int // offset of each line's first byte

	expressions *expressions
}

func newLocator(text []byte, x *expressions) *locator {
	l := &locator{text: text, lines: make([]int, 1, 2+bytes.Count(text, []byte("\n"))), expressions: x}
	for i, b := range text {
		if b == '\n' || b == '\r' && i+1 < len(text) && text[i+1] != '\n' {
			l.lines = append(l.lines, i+1)
		}
	}
	return l
}

// slack is how far beyond its own length a value may stretch in the file, per line: indentation, quotes and escapes.
const slack = 256

func (l *locator) offset(line, col int) int {
	if line < 1 || line > len(l.lines) {
		return len(l.text)
	}
	return min(l.lines[line-1]+max(col-1, 0), len(l.text))
}

// position is the line and column of an offset, both from 1.
func (l *locator) position(offset int) (line, col int) {
	lo, hi := 0, len(l.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; l.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, offset - l.lines[lo] + 1
}

// refs lists the secrets of a value that begins at the given position, with their own positions.
func (l *locator) refs(value string, line, col int) []SecretRef {
	found := l.expressions.references(value)
	if len(found) == 0 {
		return nil
	}
	cursor := l.offset(line, col)
	end := min(cursor+2*len(value)+slack*(strings.Count(value, "\n")+2), len(l.text))
	var out []SecretRef
	for _, r := range found[:min(len(found), MaxRefs)] {
		ref := SecretRef{Name: r.name, Line: line, Col: col, Form: r.form}
		// The expression up to the end of its line is enough to tell it from its neighbours: names follow the context's word.
		needle := value[r.offset:min(r.offset+80, len(value))]
		if i := strings.IndexAny(needle, "}\n"); i >= 0 {
			needle = needle[:i]
		}
		if i := bytes.Index(l.text[min(cursor, end):end], []byte(needle)); i >= 0 {
			cursor += i
			ref.Line, ref.Col = l.position(cursor)
			cursor += len(needle)
		}
		out = append(out, ref)
	}
	return out
}

// line finds the line on which needle stands, at or after the n-th line of a script that begins on line first; that line itself where it
// is not found near by. Folding only ever removes line breaks, so the search goes forward.
func (l *locator) line(n, first int, needle string) int {
	guess := min(first+n, len(l.lines))
	from := l.offset(guess, 1)
	i := bytes.Index(l.text[from:min(from+MaxCommand, len(l.text))], []byte(needle))
	if i < 0 {
		return guess
	}
	line, _ := l.position(from + i)
	return line
}

// scalars lists the secrets of every scalar of the YAML tree, in file order, those of an anchored value once. Comments are no scalars.
func (r *reader) scalars(root *yaml.Node) []SecretRef {
	var out []SecretRef
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if len(out) >= MaxRefs {
			return
		}
		if n.Kind == yaml.ScalarNode {
			out = append(out, r.where.refs(n.Value, n.Line, n.Column)...)
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	if root != nil {
		visit(root)
	}
	out = append(out, r.inherited...)
	slices.SortStableFunc(out, func(a, b SecretRef) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(out)
}

// at lists the secrets of a value of the workflow, with what it carries without naming it.
func (r *reader) at(t *actionlint.String, s *scope) []SecretRef {
	if t == nil || t.Pos == nil || !strings.Contains(t.Value, "${{") {
		return nil
	}
	refs := s.mapped(r.where.refs(t.Value, t.Pos.Line, t.Pos.Col))
	for _, name := range s.resolve(t.Value).Secrets {
		if !slices.ContainsFunc(refs, func(r SecretRef) bool { return r.Name == name || r.All() }) {
			refs = append(refs, SecretRef{Name: name, Line: t.Pos.Line, Col: t.Pos.Col, Form: "through"})
		}
	}
	return refs
}

// mapped gives references in a called file the names that the caller's secrets have.
func (s *scope) mapped(refs []SecretRef) []SecretRef {
	if s.given == nil {
		return refs
	}
	var out []SecretRef
	for _, ref := range refs {
		for _, name := range s.secret(ref.Name).Secrets {
			out = append(out, SecretRef{Name: name, Line: ref.Line, Col: ref.Col, Form: ref.Form})
		}
	}
	return out
}
