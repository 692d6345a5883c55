package workflow

import (
	"strings"

	"github.com/rhysd/actionlint"
)

// expressions remembers expressions taken apart, by their text: the steps of a file, and the files of a repository, share most of theirs, and one
// place asks for the same several times. What it gives is read only.
type expressions struct {
	known map[string]*expression
	size  int // of the texts, in bytes
}

// maxExpressions bounds the texts of remembered expressions, in bytes: a tree takes up to a hundred times as much as its text.
const maxExpressions = 128 << 10

// expression is one of at most [MaxExpression] bytes, with what was asked of it so far.
type expression struct {
	text   string // with the braces behind it, as the parser wants them
	tree   actionlint.ExprNode
	parsed bool
	refs   []reference
	read   bool // refs are there
	secret string
	simple bool // it is nothing but the secret, which needs no parser
}

// of gives an expression, which stands in ${{ }}.
func (x *expressions) of(text string) *expression {
	if e, ok := x.known[text]; ok {
		return e
	}
	e := &expression{text: text + "}}"}
	if m := simpleSecret.FindStringSubmatch(text); m != nil {
		e.secret, e.simple = strings.ToUpper(m[1]), true
	}
	if x.size += len(e.text); x.known == nil || x.size > maxExpressions {
		x.known, x.size = map[string]*expression{}, len(e.text)
	}
	x.known[e.text[:len(text)]] = e
	return e
}

// parse gives the tree of an expression; nil for one that GitHub's grammar refuses.
func (e *expression) parse() actionlint.ExprNode {
	if !e.parsed {
		e.parsed = true
		if tree, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(e.text)); err == nil {
			e.tree = tree
		}
	}
	return e.tree
}

// references lists the secrets that an expression refers to, by actionlint's grammar, and by its words where the grammar refuses it.
func (e *expression) references() []reference {
	if e.read {
		return e.refs
	}
	if e.read = true; !mayName(e.text) {
		return nil
	}
	tree := e.parse()
	if tree == nil {
		e.refs = inWords(strings.TrimSuffix(e.text, "}}"))
		return e.refs
	}
	actionlint.VisitExprNode(tree, func(n, parent actionlint.ExprNode, entering bool) {
		v, ok := n.(*actionlint.VariableNode)
		if !ok || !entering {
			return
		}
		if name, form := secretOf(v.Name, n, parent); name != "" {
			e.refs = append(e.refs, reference{name: strings.ToUpper(name), form: form, offset: v.Token().Offset})
		}
	})
	return e.refs
}
