package workflow

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// permissions reads a section of permissions; the zero Permissions where there is none.
func permissions(p *actionlint.Permissions) Permissions {
	if p == nil {
		return Permissions{}
	}
	out := Permissions{Stated: true, Scopes: map[string]string{}}
	switch all := written(p.All); {
	case strings.HasSuffix(all, "-all"):
		out.Scopes["*"] = strings.TrimSuffix(all, "-all")
	case all != "":
		out.Scopes["*"] = all
	case len(p.Scopes) == 0:
		out.Scopes["*"] = "none"
	}
	for name, s := range p.Scopes {
		out.Scopes[name] = written(s.Value)
	}
	return out
}

// Grants reports what a file gives to a scope: "write", "read", "none", or "" where the repository's default holds. A scope that a stated section
// leaves out is "none".
func (p Permissions) Grants(scope string) string {
	if !p.Stated {
		return ""
	}
	for _, name := range []string{scope, "*"} {
		if v, ok := p.Scopes[name]; ok {
			return v
		}
	}
	return "none"
}

func concurrency(c *actionlint.Concurrency) Concurrency {
	if c == nil {
		return Concurrency{}
	}
	return Concurrency{Group: written(c.Group), CancelInProgress: boolean(c.CancelInProgress)}
}

// boolean is "true", "false" or an expression; empty where nothing is said.
func boolean(b *actionlint.Bool) string {
	if b == nil {
		return ""
	}
	return b.String()
}

func number(f *actionlint.Float) string {
	if f.Expression != nil {
		return f.Expression.Value
	}
	return strconv.FormatFloat(f.Value, 'g', -1, 64)
}

// wholeMatrix is a text that is one value of the matrix.
var wholeMatrix = regexp.MustCompile(`^\s*\$\{\{\s*matrix\.([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}\s*$`)

// environment is the variables around a place, outer ones first, with the references in their values. Own is the number of references that
// belong to levels whose variables every step of the job sees.
type environment struct {
	list []script.Variable
	refs []SecretRef
	of   []int // per reference, its variable
	own  int
}

// within adds the variables of one section, by name, to those of the sections around it.
func (r *reader) within(outer environment, e *actionlint.Env, s *scope) environment {
	out := environment{list: slices.Clip(outer.list), refs: slices.Clip(outer.refs), of: slices.Clip(outer.of), own: outer.own}
	if e == nil {
		return out
	}
	put := func(name string, text *actionlint.String) {
		if len(out.list) >= maxEnv {
			r.problem("only the first %d variables around a step are followed", maxEnv)
			return
		}
		v := s.resolve(written(text))
		for _, ref := range r.at(text, s) {
			out.refs, out.of = append(out.refs, ref), append(out.of, len(out.list))
		}
		out.list = append(out.list, script.Variable{Name: name, Value: v.text, Carried: v.Carried})
	}
	if e.Expression != nil {
		put("", e.Expression)
	}
	for _, k := range sortedKeys(e.Vars) {
		put(written(e.Vars[k].Name), e.Vars[k].Value)
	}
	return out
}

func (r *reader) environment(e *actionlint.Env, s *scope) environment {
	return r.within(environment{}, e, s)
}

// written is the text of a value; empty for none.
func written(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
