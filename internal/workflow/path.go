package workflow

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// simpleSecret is the form of nearly all references: they need no parser.
var simpleSecret = regexp.MustCompile(`^\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*$`)

// path is a way through a context: secrets.X, env['X'], steps.a.outputs.b. A part is "*" where an index is known at run time only and for all
// of a context. Some lists the names that such an index can have, where they are known.
type path struct {
	context string
	parts   []string
	some    []string
}

func (p path) part(i int) string {
	if i < len(p.parts) {
		return strings.ToLower(p.parts[i])
	}
	return ""
}

// path takes an expression apart that goes through a context; fromJSON(toJSON(context)) is the context.
func (s *scope) path(n actionlint.ExprNode) (path, bool) {
	switch n := n.(type) {
	case *actionlint.VariableNode:
		return path{context: strings.ToLower(n.Name)}, true
	case *actionlint.ObjectDerefNode:
		p, ok := s.path(n.Receiver)
		return p.with(n.Property), ok
	case *actionlint.ArrayDerefNode:
		p, ok := s.path(n.Receiver)
		return p.with("*"), ok
	case *actionlint.IndexAccessNode:
		p, ok := s.path(n.Operand)
		if !ok {
			return p, false
		}
		names := s.names(n.Index)
		if len(names) == 1 {
			return p.with(names[0]), true
		}
		p.some = names
		return p.with("*"), true
	case *actionlint.FuncCallNode:
		if strings.EqualFold(n.Callee, "fromJSON") && len(n.Args) == 1 {
			if inner, ok := n.Args[0].(*actionlint.FuncCallNode); ok && strings.EqualFold(inner.Callee, "toJSON") && len(inner.Args) == 1 {
				return s.path(inner.Args[0])
			}
		}
	}
	return path{}, false
}

func (p path) with(part string) path {
	p.parts = append(p.parts[:len(p.parts):len(p.parts)], part)
	return p
}

// names lists the values that an index can have; none where they are not known.
func (s *scope) names(n actionlint.ExprNode) []string {
	if p, ok := s.path(n); ok && p.context == "matrix" && len(p.parts) == 1 {
		return s.matrix[p.part(0)]
	}
	if call, ok := n.(*actionlint.FuncCallNode); ok && strings.EqualFold(call.Callee, "format") && len(call.Args) == 2 {
		if p, ok := s.path(call.Args[1]); ok && p.context == "matrix" && len(p.parts) == 1 {
			var out []string
			template, known := s.eval(call.Args[0])
			for _, v := range s.matrix[p.part(0)] {
				out = append(out, strings.ReplaceAll(template.text, "{0}", v))
			}
			if known {
				return out
			}
		}
	}
	if v, known := s.eval(n); known && empty(v.Carried) && !strings.Contains(v.text, "${{") {
		return []string{v.text}
	}
	return nil
}

// at is what stands at a path.
func (s *scope) at(p path) (v value, known bool) {
	switch p.context {
	case "secrets":
		return s.secrets(p)
	case "github":
		switch {
		case p.part(0) == "token":
			return value{"${{ github.token }}", script.Carried{Secrets: []string{jobToken}}}, true
		case p.part(0) == "*", len(p.parts) == 0:
			return s.dump(path{context: "github"})
		case p.part(0) == "event" && p.part(1) == "inputs":
			v, known := s.inputs[p.part(2)]
			return v, known
		}
	case "env":
		return s.variable(p)
	case "inputs":
		if p.part(0) == "*" || len(p.parts) == 0 {
			return s.stand(value{Carried: all(s.inputs)})
		}
		v, known := s.inputs[p.part(0)]
		return v, known
	case "matrix":
		if list := s.matrix[strings.ToLower(strings.Join(p.parts, "."))]; len(list) == 1 {
			return value{text: list[0]}, true
		}
	case "needs", "jobs":
		return s.output(p)
	case "steps":
		if c, ok := s.steps[p.part(0)+"."+p.part(2)]; ok && p.part(1) == "outputs" {
			return value{"${{ steps." + p.part(0) + ".outputs." + p.part(2) + " }}", c}, true // a reader of scripts knows these by their name
		}
		if len(p.parts) < 3 || p.part(2) == "*" {
			return s.stand(value{Carried: s.outputs(p.part(0))})
		}
	}
	return value{}, false
}

func (s *scope) secrets(p path) (value, bool) {
	if len(p.parts) == 0 || p.part(0) == "*" && len(p.some) == 0 {
		return s.secret(allSecrets), true
	}
	if len(p.some) == 0 {
		return s.secret(p.parts[0]), true
	}
	var out value
	for _, name := range p.some {
		v := s.secret(name)
		out.text, out.Carried = out.text+v.text, join(out.Carried, v.Carried)
	}
	return out, true
}

// variable is one of the env context, or all of them.
func (s *scope) variable(p path) (value, bool) {
	name := p.part(0)
	if name == "" || name == "*" {
		return s.dump(path{context: "env"})
	}
	for i := len(s.env) - 1; i >= 0; i-- {
		if v := s.env[i]; strings.EqualFold(v.Name, name) {
			if v.Value == "" || strings.Contains(v.Value, "\n") {
				return s.stand(value{Carried: v.Carried})
			}
			return value{v.Value, v.Carried}, true
		}
	}
	return value{}, false
}

// output is one output of a job before, or all of them.
func (s *scope) output(p path) (value, bool) {
	var c script.Carried
	for _, id := range sortedKeys(s.needs) {
		if name := p.part(0); name != "" && name != "*" && name != id {
			continue
		}
		if name := p.part(2); name != "" && name != "*" {
			if v, ok := s.needs[id][name]; ok && p.part(0) == id {
				if v.text == "" || strings.Contains(v.text, "steps.") {
					return s.stand(v)
				}
				return v, true
			}
			continue
		}
		c = join(c, all(s.needs[id]))
	}
	return s.stand(value{Carried: c})
}

func (s *scope) outputs(step string) script.Carried {
	var c script.Carried
	for _, k := range sortedKeys(s.steps) {
		if id, _, _ := strings.Cut(k, "."); id == step || step == "" || step == "*" {
			c = join(c, s.steps[k])
		}
	}
	return c
}

// dump is all of a context as text.
func (s *scope) dump(p path) (value, bool) {
	if len(p.parts) > 0 && p.context != "secrets" {
		return s.at(p)
	}
	switch p.context {
	case "secrets":
		return s.secrets(p)
	case "github":
		return value{"${{ toJSON(github) }}", script.Carried{Secrets: []string{jobToken}, Loot: []Loot{script.Context}}}, true
	case "env":
		c := script.Carried{Loot: []Loot{script.Context}}
		for _, v := range s.env {
			c = join(c, v.Carried)
		}
		return value{"${{ toJSON(env) }}", c}, true
	}
	return s.at(p)
}

func all(m map[string]value) script.Carried {
	var c script.Carried
	for _, k := range sortedKeys(m) {
		c = join(c, m[k].Carried)
	}
	return c
}

func itoa(n int) string { return strconv.Itoa(n) }
