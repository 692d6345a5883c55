package workflow

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// value is a text of the file in which what is known stands in the place of its expressions, and what it carries.
type value struct {
	text string
	script.Carried
}

// scope is what the expressions at one place of a file can refer to. Names of inputs, jobs, steps and outputs are lower-cased, as expressions
// do not tell cases apart.
type scope struct {
	given  map[string]value // secrets that a caller passes, by upper-cased name; nil where the repository's own are in reach
	inputs map[string]value
	needs  map[string]map[string]value // outputs of jobs
	matrix map[string][]string
	steps  map[string]script.Carried // outputs of earlier steps, by STEP.NAME
	env    []script.Variable
	stood  map[string]script.Carried // see stand; shared by the whole file
	budget *int                      // bytes that may still be put in for expressions, for the whole file: values are made of values

	expressions *expressions
}

// secret is what a secret's name means here.
func (s *scope) secret(name string) value {
	name = strings.ToUpper(name)
	switch {
	case name == allSecrets && s.given == nil:
		return value{"${{ toJSON(secrets) }}", script.Carried{Secrets: []string{allSecrets}}}
	case name == allSecrets:
		var all script.Carried
		for _, k := range sortedKeys(s.given) {
			all = join(all, s.given[k].Carried)
		}
		return value{"${{ toJSON(secrets) }}", all}
	case s.given == nil || name == jobToken:
		return value{"${{ secrets." + name + " }}", script.Carried{Secrets: []string{name}}}
	}
	return s.given[name]
}

// jobToken is the secret that every job has.
const jobToken = "GITHUB_TOKEN"

// resolve puts into a text what is known of its expressions. What is not known stays as written; what is not known and carries something
// becomes an expression of the one kind that a reader of scripts follows, see [scope.stand].
func (s *scope) resolve(text string) value {
	if !strings.Contains(text, "${{") {
		return value{text: text}
	}
	var out value
	var b strings.Builder
	for {
		i := strings.Index(text, "${{")
		if i < 0 {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:i])
		inner := text[i+3:]
		n, closed := expressionLength(inner)
		whole := text[i : i+3+n]
		if closed {
			whole = text[i : i+3+n+2]
		}
		v, known := s.expression(inner[:n], closed)
		out.Carried = join(out.Carried, v.Carried)
		if !known && closed && empty(v.Carried) && len(s.expressions.inExpression(inner[:n], true)) > 0 {
			v.text, known = "true", true // a test of a secret
		}
		if !known || !s.afford(len(v.text), b.Len()) {
			v.text = whole
		}
		b.WriteString(v.text)
		text = text[i+len(whole):]
	}
	out.text = b.String()
	return out
}

// afford pays for text put in for an expression, into a text that has grown to so much.
func (s *scope) afford(bytes, grown int) bool {
	if grown+bytes > MaxCommand || s.budget == nil || *s.budget < bytes {
		return bytes < len("${{ }}") && grown <= MaxCommand
	}
	*s.budget -= bytes
	return true
}

// expression reads one expression; known is false where its text is not.
func (s *scope) expression(e string, closed bool) (v value, known bool) {
	if closed && len(e) <= MaxExpression {
		x := s.expressions.of(e)
		if x.simple && s.given == nil {
			return value{Carried: script.Carried{Secrets: []string{x.secret}}}, false
		}
		if !strings.Contains(e, "\n") { // one of several lines stays as it is: lines must not move
			if tree := x.parse(); tree != nil {
				return s.eval(tree)
			}
		}
	}
	for _, r := range s.expressions.inExpression(e, false) {
		v.Carried = join(v.Carried, s.secret(r.name).Carried)
	}
	return v, false
}

// eval is the value of an expression. Tests and comparisons carry nothing: their values are true or false.
func (s *scope) eval(n actionlint.ExprNode) (v value, known bool) {
	switch n := n.(type) {
	case *actionlint.StringNode:
		return value{text: n.Value}, true
	case *actionlint.IntNode, *actionlint.FloatNode, *actionlint.BoolNode:
		return value{text: n.Token().Value}, true
	case *actionlint.NullNode:
		return value{}, true
	case *actionlint.LogicalOpNode:
		return s.logical(n)
	case *actionlint.FuncCallNode:
		return s.call(n)
	case *actionlint.NotOpNode, *actionlint.CompareOpNode:
		return value{}, false
	}
	p, ok := s.path(n)
	if !ok {
		return value{}, false
	}
	return s.at(p)
}

// logical: "a && b" gives b where it gives anything of use, "a || b" either. Where both texts are URLs both are kept, so that each is a
// destination; else the one that carries something, or the first.
func (s *scope) logical(n *actionlint.LogicalOpNode) (v value, known bool) {
	right, rightKnown := s.eval(n.Right)
	if n.Kind == actionlint.LogicalOpNodeKindAnd {
		return right, rightKnown
	}
	left, leftKnown := s.eval(n.Left)
	both := value{Carried: join(left.Carried, right.Carried)}
	switch {
	case !leftKnown || !rightKnown:
		if empty(both.Carried) && (leftKnown || rightKnown) && strings.Contains(left.text+right.text, "://") {
			both.text = left.text + right.text
			return both, true
		}
		return s.stand(both)
	case strings.Contains(left.text, "://") && strings.Contains(right.text, "://"):
		both.text = left.text + " " + right.text
	case !empty(left.Carried) && !empty(right.Carried):
		both.text = left.text + right.text
	case left.text == "" || empty(left.Carried) && !empty(right.Carried):
		both.text = right.text
	default:
		both.text = left.text
	}
	return both, true
}

func (s *scope) call(n *actionlint.FuncCallNode) (v value, known bool) {
	switch strings.ToLower(n.Callee) {
	case "contains", "startswith", "endswith", "hashfiles", "success", "failure", "always", "cancelled":
		return value{}, false
	case "format":
		return s.format(n.Args)
	case "tojson":
		if len(n.Args) != 1 {
			break
		}
		if p, ok := s.path(n.Args[0]); ok {
			return s.dump(p)
		}
		return s.eval(n.Args[0])
	case "fromjson":
		if len(n.Args) == 1 {
			v, known := s.eval(n.Args[0])
			v.text = strings.Trim(v.text, `"`)
			return v, known
		}
	}
	for _, a := range n.Args {
		x, _ := s.eval(a)
		v.Carried = join(v.Carried, x.Carried)
	}
	return s.stand(v)
}

// format puts the arguments in their places. Braces are doubled to escape them.
func (s *scope) format(args []actionlint.ExprNode) (v value, known bool) {
	if len(args) == 0 || len(args) > maxFormat {
		return value{}, false
	}
	template, known := s.eval(args[0])
	pairs := []string{"{{", "{", "}}", "}"}
	for i, a := range args[1:] {
		x, ok := s.eval(a)
		known = known && ok
		v.Carried = join(v.Carried, x.Carried)
		pairs = append(pairs, "{"+itoa(i)+"}", x.text)
		if len(x.text)*strings.Count(template.text, "{"+itoa(i)+"}") > MaxCommand {
			known = false
		}
	}
	v.Carried = join(v.Carried, template.Carried)
	if !known {
		return s.stand(v)
	}
	v.text = strings.NewReplacer(pairs...).Replace(template.text)
	return v, true
}

// maxFormat bounds the arguments of a format call: each is looked for in the text.
const maxFormat = 100

// stand gives what carries something and has no known text a text: an output of a step that there is not.
func (s *scope) stand(v value) (value, bool) {
	if empty(v.Carried) {
		return v, false
	}
	name := strings.ToLower("carried." + strings.Join(v.Secrets, "-") + "-" + itoa(len(v.Loot)) + strings.Join(v.Encodings, "-"))
	name = strings.ReplaceAll(name, allSecrets, "all")
	s.stood[name] = v.Carried
	v.text = "${{ steps.carried.outputs." + strings.TrimPrefix(name, "carried.") + " }}"
	return v, true
}

// empty reports that nothing is carried.
func empty(c script.Carried) bool { return len(c.Secrets) == 0 && len(c.Loot) == 0 }

// join is what two things carry together.
func join(a, b script.Carried) script.Carried {
	if empty(b) {
		return a
	}
	if empty(a) {
		return b
	}
	out := script.Carried{Secrets: union(a.Secrets, b.Secrets), Loot: union(a.Loot, b.Loot), Encodings: slices.Clip(a.Encodings)}
	for _, e := range b.Encodings {
		if !slices.Contains(out.Encodings, e) {
			out.Encodings = append(out.Encodings, e)
		}
	}
	return out
}

// union is sorted, each once.
func union[T ~string](lists ...[]T) []T {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}
