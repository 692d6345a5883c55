package campaign

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Entry is an indicator to be written into a pack. Kind is its key there ("hosts", "url_parts", ...; not messages, tag moves and everyday). Source
// says where it comes from, for the comment beside it.
type Entry struct {
	Kind   string
	Value  string
	Source string
}

// Wrong says what is wrong with an entry; empty where a pack with it is sound.
func (e Entry) Wrong() string {
	wrong, ok := entryForms[e.Kind]
	if !ok {
		return fmt.Sprintf("a pack has no entries of the kind %q", e.Kind)
	}
	return wrong(e.Value)
}

// Draft writes a new pack of entries, with a rule for each kind that a rule can go by, and samples for the rules. What it writes is a
// beginning: its description says so, it knows no waves, and [Parse] is to be asked whether it holds.
func Draft(name, title, description string, entries []Entry) ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "schema: %s\n", Schema)
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	err := enc.Encode(map[string]string{"name": name, "title": title, "description": description})
	if err != nil {
		return nil, fmt.Errorf("draft pack: %w", err)
	}
	return Extend(text.Bytes(), "", entries)
}

// Extend writes the text of a pack with more indicators, each with its source in a comment; those that it has stay as they are. For a kind that
// no rule of the pack goes by it adds a rule with its samples. The pack gets another name unless that is empty. Its other text stays; only its
// layout may change.
func Extend(text []byte, name string, entries []Entry) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("extend pack: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("extend pack: it is none")
	}
	root := doc.Content[0]
	if name != "" {
		*under(root, "name", yaml.ScalarNode) = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}
	}
	indicators := under(root, "indicators", yaml.MappingNode)
	first := map[string]string{}
	for _, e := range entries {
		if wrong := e.Wrong(); wrong != "" {
			return nil, fmt.Errorf("extend pack: %s (%s)", wrong, e.Source)
		}
		list := under(indicators, e.Kind, yaml.SequenceNode)
		if slices.ContainsFunc(list.Content, func(n *yaml.Node) bool { return n.Value == e.Value }) {
			continue
		}
		list.Style = 0 // one a line, so that each has its comment
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: e.Value, LineComment: comment(e.Source)})
		if first[e.Kind] == "" {
			first[e.Kind] = e.Value
		}
	}
	if err := addRules(root, first); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("extend pack: %w", err)
	}
	return out.Bytes(), nil
}

// under is the value of a key of a mapping; it is made where it is missing.
func under(mapping *yaml.Node, key string, kind yaml.Kind) *yaml.Node {
	n := child(mapping, key)
	if n == nil {
		n = &yaml.Node{}
		mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, n)
	}
	if n.Kind != kind {
		tag := map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[kind]
		*n = yaml.Node{Kind: kind, Tag: tag}
	}
	return n
}

// comment makes a source fit for a comment: one line.
func comment(source string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(source, "?")))
}

// addRules adds a rule for each kind of which there is a new indicator and by which no rule goes.
func addRules(root *yaml.Node, first map[string]string) error {
	rules := under(root, "rules", yaml.SequenceNode)
	positives := under(root, "positives", yaml.SequenceNode)
	nearMisses := under(root, "near_misses", yaml.SequenceNode)
	for _, d := range drafts {
		value, ok := first[d.kind]
		if !ok || goesBy(rules, d.indicator) {
			continue
		}
		for _, part := range []struct {
			list *yaml.Node
			text string
		}{{rules, d.rule}, {positives, d.positive}, {nearMisses, d.nearMiss}} {
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(part.text), &doc); err != nil {
				return fmt.Errorf("draft rule for %s: %w", d.kind, err)
			}
			fill(doc.Content[0], strings.NewReplacer("VALUE", value, "LISTED", ListedHost, "FILE", ListedFile))
			part.list.Content = append(part.list.Content, doc.Content[0])
		}
	}
	return nil
}

// goesBy reports whether a condition of the rules names the kind of indicator.
func goesBy(n *yaml.Node, indicator string) bool {
	return n.Kind == yaml.ScalarNode && n.Value == indicator || slices.ContainsFunc(n.Content, func(x *yaml.Node) bool { return goesBy(x, indicator) })
}

// fill puts values into the texts of a draft, where they can change nothing of its form.
func fill(n *yaml.Node, values *strings.Replacer) {
	if n.Kind == yaml.ScalarNode {
		n.Value = values.Replace(n.Value)
	}
	for _, x := range n.Content {
		fill(x, values)
	}
}
