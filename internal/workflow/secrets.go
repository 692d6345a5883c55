package workflow

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"
)

// reference is a secret named in a text, at a byte offset of that text.
type reference struct {
	name   string
	form   string
	offset int
}

// references finds the secrets that the ${{ }} expressions of a text refer to. Nothing after an expression that is never closed is parsed:
// GitHub refuses such a file, and its text is searched instead.
func (x *expressions) references(s string) []reference {
	var out []reference
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], "${{")
		if i < 0 {
			break
		}
		from := at + i + len("${{")
		length, closed := expressionLength(s[from:])
		for _, r := range x.inExpression(s[from:from+length], closed) {
			r.offset += from
			out = append(out, r)
		}
		at = from + length
	}
	return out
}

// expressionLength gives the bytes up to the closing braces, which do not close inside a string ('...', a quote doubled to escape it).
func expressionLength(s string) (n int, closed bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], "}}"):
			return i, true
		}
	}
	return len(s), false
}

// inExpression lists the secrets of one expression, which may not be closed.
func (x *expressions) inExpression(s string, closed bool) []reference {
	switch {
	case closed && len(s) <= MaxExpression:
		return x.of(s).references()
	case mayName(s):
		return inWords(s)
	}
	return nil
}

// mayName is false for an expression that refers to no secret.
func mayName(s string) bool {
	lower := strings.ToLower(s)
	return strings.Contains(lower, "secrets") || strings.Contains(lower, "github")
}

// secretOf says which secret a use of the secrets or github context reads; no name for one that reads none.
func secretOf(context string, n, parent actionlint.ExprNode) (name, form string) {
	property, computed := "", false
	switch p := parent.(type) {
	case *actionlint.ObjectDerefNode:
		property, form = p.Property, "secrets.X"
	case *actionlint.IndexAccessNode:
		if p.Operand != n {
			return "", ""
		}
		form = "secrets['X']"
		if literal, ok := p.Index.(*actionlint.StringNode); ok {
			property = literal.Value
		} else {
			computed, form = true, "secrets[...]"
		}
	}
	_, call := parent.(*actionlint.FuncCallNode)
	switch {
	case context == "secrets" && (computed || property == ""):
		if form == "" {
			form = "toJSON(secrets)"
		}
		return allSecrets, form
	case context == "secrets":
		return property, form
	case context == "github" && strings.EqualFold(property, "token"):
		return "GITHUB_TOKEN", "github.token"
	case context == "github" && call:
		return "GITHUB_TOKEN", "toJSON(github)"
	}
	return "", ""
}

var secretWord = regexp.MustCompile(`(?i)\bsecrets\b(?:\s*\.\s*([a-z_][a-z0-9_-]*)|\s*\[\s*'([^'\n]{1,255})'\s*\])?|\bgithub\s*\.\s*token\b`)

func inWords(s string) []reference {
	var out []reference
	for _, m := range secretWord.FindAllStringSubmatchIndex(s, MaxRefs) {
		r := reference{name: allSecrets, form: "toJSON(secrets)", offset: m[0]}
		switch {
		case m[2] >= 0:
			r.name, r.form = strings.ToUpper(s[m[2]:m[3]]), "secrets.X"
		case m[4] >= 0:
			r.name, r.form = strings.ToUpper(s[m[4]:m[5]]), "secrets['X']"
		case strings.HasPrefix(strings.ToLower(s[m[0]:m[1]]), "github"):
			r.name, r.form = "GITHUB_TOKEN", "github.token"
		}
		out = append(out, r)
	}
	return out
}
