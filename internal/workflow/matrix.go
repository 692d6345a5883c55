package workflow

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"pentimento/internal/script"
)

// maxCombinations bounds the jobs that a matrix makes: GitHub runs no more per run of a workflow.
const maxCombinations = 256

// matrix is what a job's matrix can be, by key; "a.b" is the key b of an object at the key a. Combinations is nil where some of it is known at run time only.
type matrix struct {
	stated       bool
	values       map[string][]string
	combinations []combination
	single       []map[string][]string // each combination as values of a scope
}

// combination is the values of one job, with its keys in the order in which GitHub shows them.
type combination struct {
	keys   []string
	values map[string]string
}

// matrixOf reads a matrix. Include adds to the combinations with which it does not disagree, else it is one of its own
// (https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations).
func matrixOf(s *actionlint.Strategy) matrix {
	out := matrix{values: map[string][]string{}}
	if s == nil || s.Matrix == nil {
		return out
	}
	out.stated = true
	m := s.Matrix
	known := m.Expression == nil && (m.Include == nil || !m.Include.ContainsExpression()) && (m.Exclude == nil || !m.Exclude.ContainsExpression())
	// A row that is one expression has no name in the tree.
	rows := slices.DeleteFunc(slices.Collect(maps.Values(m.Rows)), func(r *actionlint.MatrixRow) bool { return r.Expression != nil || r.Name == nil })
	known = known && len(rows) == len(m.Rows)
	slices.SortFunc(rows, func(a, b *actionlint.MatrixRow) int {
		return cmp.Or(cmp.Compare(a.Name.Pos.Line, b.Name.Pos.Line), cmp.Compare(a.Name.Pos.Col, b.Name.Pos.Col), strings.Compare(a.Name.Value, b.Name.Value))
	})
	var all []combination
	if len(rows) > 0 {
		all = []combination{{values: map[string]string{}}}
	}
	for _, row := range rows {
		key := strings.ToLower(row.Name.Value)
		for _, v := range row.Values {
			out.add(key, v)
			known = known && !strings.Contains(shown(v), "${{")
		}
		if known {
			all = product(all, key, row.Values)
		}
	}
	if m.Include != nil {
		for _, c := range m.Include.Combinations {
			for _, k := range sortedKeys(c.Assigns) {
				out.add(strings.ToLower(k), c.Assigns[k].Value)
			}
		}
	}
	if !known {
		return out
	}
	if m.Exclude != nil {
		for _, c := range m.Exclude.Combinations {
			all = slices.DeleteFunc(all, func(x combination) bool { return len(c.Assigns) > 0 && agrees(x.values, c, nil) })
		}
	}
	if m.Include != nil {
		all = include(all, m.Include.Combinations)
	}
	out.combinations = all[:min(len(all), maxCombinations)]
	for _, c := range out.combinations {
		values := make(map[string][]string, len(c.values))
		for k, v := range c.values {
			values[k] = []string{v}
		}
		out.single = append(out.single, values)
	}
	return out
}

// add notes a value of a key, and of the keys within it.
func (m *matrix) add(key string, v actionlint.RawYAMLValue) {
	if o, ok := v.(*actionlint.RawYAMLObject); ok {
		for _, k := range sortedKeys(o.Props) {
			m.add(key+"."+strings.ToLower(k), o.Props[k])
		}
	}
	text := shown(v)
	if text == "" || len(m.values[key]) >= maxCombinations || slices.Contains(m.values[key], text) {
		return
	}
	m.values[key] = append(m.values[key], text)
}

// product combines what there is with each value of one more key.
func product(all []combination, key string, values []actionlint.RawYAMLValue) []combination {
	var out []combination
	for _, c := range all {
		for _, v := range values {
			if len(out) == maxCombinations {
				return out
			}
			with := maps.Clone(c.values)
			with[key] = shown(v)
			out = append(out, combination{keys: append(slices.Clip(c.keys), key), values: with})
		}
	}
	return out
}

func include(all []combination, more []*actionlint.MatrixCombination) []combination {
	original := len(all)
	rows := make([]map[string]string, original)
	for i := range all {
		rows[i] = maps.Clone(all[i].values)
	}
	for _, c := range more {
		fits := false
		for i := range original {
			if agrees(rows[i], c, rows[i]) {
				all[i], fits = all[i].with(c), true
			}
		}
		if !fits && len(all) < maxCombinations {
			all = append(all, combination{values: map[string]string{}}.with(c))
		}
	}
	return all
}

// agrees reports that a combination has the values of another: all of them, or those of the keys in only.
func agrees(values map[string]string, c *actionlint.MatrixCombination, only map[string]string) bool {
	for k, a := range c.Assigns {
		key := strings.ToLower(k)
		if only != nil {
			if _, ok := only[key]; !ok {
				continue
			}
		}
		if values[key] != shown(a.Value) {
			return false
		}
	}
	return true
}

func (x combination) with(c *actionlint.MatrixCombination) combination {
	assigns := slices.Collect(maps.Values(c.Assigns))
	slices.SortFunc(assigns, func(a, b *actionlint.MatrixAssign) int {
		return cmp.Or(cmp.Compare(a.Key.Pos.Line, b.Key.Pos.Line), cmp.Compare(a.Key.Pos.Col, b.Key.Pos.Col), strings.Compare(a.Key.Value, b.Key.Value))
	})
	out := combination{keys: slices.Clip(x.keys), values: maps.Clone(x.values)}
	for _, a := range assigns {
		key := strings.ToLower(a.Key.Value)
		if _, have := out.values[key]; !have {
			out.keys = append(out.keys, key)
		}
		out.values[key] = shown(a.Value)
	}
	return out
}

// shown is a value of a matrix as GitHub shows it in a job's name: the texts within an object or a list joined.
func shown(v actionlint.RawYAMLValue) string {
	switch v := v.(type) {
	case *actionlint.RawYAMLString:
		return v.Value
	case *actionlint.RawYAMLArray:
		var parts []string
		for _, e := range v.Elems {
			parts = append(parts, shown(e))
		}
		return strings.Join(parts, ", ")
	case *actionlint.RawYAMLObject:
		var parts []string
		for _, k := range sortedKeys(v.Props) {
			parts = append(parts, shown(v.Props[k]))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// names lists what GitHub can show as the name of a job: with values of the matrix put in where its name asks for them, else behind it in
// brackets, and cut after a hundred characters.
func (m matrix) names(name string, x *expressions) []string {
	if !m.stated {
		if strings.Contains(name, "${{") {
			return nil
		}
		return []string{name}
	}
	var out []string
	for i, c := range m.combinations {
		s := scope{matrix: m.single[i], stood: map[string]script.Carried{}, expressions: x}
		budget := MaxCommand
		s.budget = &budget
		text := s.resolve(name).text
		if strings.Contains(text, "${{") {
			return nil
		}
		if text == name {
			var parts []string
			for _, k := range c.keys {
				parts = append(parts, c.values[k])
			}
			text += " (" + strings.Join(parts, ", ") + ")"
		}
		out = append(out, cut(text))
	}
	return union(out)
}

// cut shortens a name as GitHub does.
func cut(name string) string {
	const most = 100
	if r := []rune(name); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return name
}
