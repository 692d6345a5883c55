package workflow

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// vet parses the text as YAML and refuses what would cost the workflow parser unbounded time or stack: actionlint puts the anchored node in
// the place of each alias and then walks the tree, so a few lines of nested aliases become a tree of billions. The same YAML library that
// actionlint uses is used here, so that both see the same tree. Parsing into nodes leaves aliases as they are.
func vet(text []byte) (root *yaml.Node, err error) {
	defer recovered(&err)
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("not YAML: %s", oneLine(err.Error()))
	}
	m := measure{done: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
	size := m.of(&doc)
	switch {
	case m.cyclic:
		return nil, errors.New("a YAML alias stands inside its own anchor")
	case size.depth > MaxDepth:
		return nil, fmt.Errorf("YAML is nested deeper than %d levels", MaxDepth)
	case size.nodes > MaxNodes:
		return nil, fmt.Errorf("YAML has more than %d nodes once aliases are resolved", MaxNodes)
	}
	return &doc, nil
}

// syntax runs actionlint's parser. What it finds wrong is a problem of the file, and the rest of the file is kept.
func syntax(text []byte) (w *actionlint.Workflow, problems []string, err error) {
	defer recovered(&err)
	w, found := actionlint.Parse(text)
	for _, e := range found[:min(len(found), MaxProblems)] {
		problems = append(problems, fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, oneLine(e.Message)))
	}
	if w == nil {
		return nil, nil, errors.New("not a workflow")
	}
	return w, problems, nil
}

// recovered turns a panic of a parser into an error: one hostile file must not end the analysis of a whole case. It is used only around the
// two foreign parsers, whose state is thrown away with the call.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the parser gave up: %s", oneLine(fmt.Sprint(p)))
	}
}

// extent is the size of a YAML tree with aliases resolved.
type extent struct{ nodes, depth int }

// measure adds up extents, each node once however often it is referred to. Sums stop growing just above the bounds.
type measure struct {
	done   map[*yaml.Node]extent
	open   map[*yaml.Node]bool // on the path from the root: meeting one again is a cycle
	cyclic bool
}

func (m *measure) of(n *yaml.Node) extent {
	if e, ok := m.done[n]; ok {
		return e
	}
	if m.open[n] {
		m.cyclic = true
		return extent{}
	}
	m.open[n] = true
	e := extent{nodes: 1, depth: 1}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		e = m.of(n.Alias)
	}
	for _, c := range n.Content {
		x := m.of(c)
		e.nodes = min(e.nodes+x.nodes, MaxNodes+1)
		e.depth = max(e.depth, x.depth+1)
	}
	delete(m.open, n)
	m.done[n] = e
	return e
}

// oneLine makes a parser's message safe to print: it may quote the file.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), maxProblem)], ""))
}

// maxProblem bounds one message, in bytes.
const maxProblem = 300
