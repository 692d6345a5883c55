package campaign

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// shape compares the YAML of a pack with the Go type that it fills: keys, and text, number, list or section where each belongs. What does not
// fit it tells of and empties, so that the rest can be read and looked at too. The section is the key of the pack that the node stands under.
func (c *checker) shape(n *yaml.Node, t reflect.Type, section string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // as if it were not there
	}
	switch {
	case t.Kind() == reflect.Pointer:
		c.shape(n, t.Elem(), section)
	case t == reflect.TypeFor[time.Time]():
		c.instant(n, section)
	case t.Kind() == reflect.Struct:
		c.keys(n, t, section)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			c.misfit(n, section, "a list belongs here, this is %s: write each entry after a hyphen, or all in [brackets]", kindOf(n))
			return
		}
		for _, x := range n.Content {
			c.shape(x, t.Elem(), section)
		}
	case n.Kind != yaml.ScalarNode:
		c.misfit(n, section, "%s belongs here, this is %s", scalars[t.Kind()], kindOf(n))
	case t.Kind() == reflect.Bool && n.Tag != "!!bool":
		c.misfit(n, section, "%q is neither true nor false", short(n.Value))
	case t.Kind() == reflect.Int && n.Tag != "!!int":
		c.misfit(n, section, "%q is no whole number", short(n.Value))
	}
}

// misfit notes a mistake and empties the node.
func (c *checker) misfit(n *yaml.Node, section, format string, args ...any) {
	c.note(n, section, format, args...)
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}
}

var scalars = map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false", reflect.Int: "a whole number"}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section with keys"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a text"
}

// keys compares a mapping with a struct, by the struct's yaml tags.
func (c *checker) keys(n *yaml.Node, t reflect.Type, section string) {
	if n.Kind != yaml.MappingNode {
		c.misfit(n, section, "a section with the keys %s belongs here, this is %s", strings.Join(keysOf(t), ", "), kindOf(n))
		return
	}
	first := map[string]int{}
	pairs := n.Content
	n.Content = nil // what does not stay is left out
	for i := 0; i+1 < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		under := section
		if under == "" {
			under = key.Value
		}
		field, known := fieldOf(t, key.Value)
		switch line, twice := first[key.Value]; {
		case !known:
			c.unknown(n, key, t, under)
		case twice:
			c.note(key, under, "key %q stands twice, first on line %d: its entries belong under one", short(key.Value), line)
		default:
			first[key.Value] = key.Line
			c.shape(value, field, under)
			n.Content = append(n.Content, key, value)
		}
	}
}

// unknown notes a key that the section does not have, with the one that may be meant.
func (c *checker) unknown(section, key *yaml.Node, t reflect.Type, under string) {
	known := keysOf(t)
	meant := nearest(key.Value, known)
	if meant == "" {
		c.note(key, under, "unknown key %q; here belong %s", short(key.Value), strings.Join(known, ", "))
		return
	}
	if c.meant[section] == nil {
		c.meant[section] = map[string]bool{}
	}
	c.meant[section][meant] = true
	c.note(key, under, "unknown key %q: did you mean %q?", short(key.Value), meant)
}

func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			out = append(out, key)
		}
	}
	return out
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag == key && key != "-" {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

// instant asks for RFC 3339 in UTC: a YAML timestamp may leave out the zone, and then says less than it seems to.
func (c *checker) instant(n *yaml.Node, section string) {
	if n.Kind != yaml.ScalarNode {
		c.misfit(n, section, "a time such as 2025-09-01T21:41:00Z belongs here, this is %s", kindOf(n))
		return
	}
	t, err := time.Parse(time.RFC3339, n.Value)
	if err == nil {
		if _, offset := t.Zone(); offset != 0 {
			c.misfit(n, section, "times are in UTC: write %s", t.UTC().Format(time.RFC3339))
		}
		return
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, n.Value); err == nil {
			c.misfit(n, section, "time %q says no zone: in UTC it would be %s", n.Value, t.Format(time.RFC3339))
			return
		}
	}
	c.misfit(n, section, "%q is no time: write one such as 2025-09-01T21:41:00Z", short(n.Value))
}

// nearest is the word of a list that a mistyped one is likely to mean; empty for none.
func nearest(word string, list []string) string {
	word = word[:min(len(word), fieldRoom)]
	best, distance := "", max(1, len(word)/3)+1
	for _, x := range list {
		if d := edits(strings.ToLower(word), x); d < distance {
			best, distance = x, d
		}
	}
	return best
}

// edits counts the letters to add, drop, replace or swap with the next one that make a of b.
func edits(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// oneOf says that a word is none of a list, and which one may be meant.
func oneOf(what, word string, list []string) string {
	known := slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == "" })
	text := fmt.Sprintf("%s %q is none of %s", what, short(word), strings.Join(known, ", "))
	if meant := nearest(word, known); meant != "" && word != "" {
		text += fmt.Sprintf(": did you mean %q?", meant)
	}
	return text
}
