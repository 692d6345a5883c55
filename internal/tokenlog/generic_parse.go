package tokenlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones that a mapping names are the same on every machine

	"go.yaml.in/yaml/v3"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Bounds of mapping files.
const (
	// maxMapping is the size of a file: a mapping has some thirty lines.
	maxMapping = 64 << 10
	// maxMappingMistakes is how many mistakes are told of one file.
	maxMappingMistakes = 20
	// maxMappingText is the length of one value: names of columns of BigQuery have at most 300 characters.
	maxMappingText = 300
	// toFillIn is what drafts have where a person must say something.
	toFillIn = "?"
)

// ParseMapping reads a mapping file: YAML in the words of [fieldNames], as in
//
//	kind: usage                      # or credentials, releases; told by the columns where it is missing
//	provider: internal-registry     # whose credentials these are
//	log: internal-registry/audit    # else the provider's name and /generic
//	columns: {credential: token_id, time: time, address: client.ip, action: action, project: project}
//	time: {layout: rfc3339, zone: UTC}
//	actions: {publish: [upload, push], read: ["get*"]}
//	outcomes: {success: [ok], failure: [denied, "4*"]}
//	fixed: {account: octo-org}      # what every row has
//	separator: ";"                  # of lists within a column
//	records: events                 # member of a JSON document that holds the rows
//	credential_holds: identifier    # or hash (SHA-256), or value (of which only a digest is kept)
//
// The columns of credentials and releases are in [shapes]. The error tells all mistakes, each with its line, and repeats no value that has the shape of a
// secret.
func ParseMapping(r io.Reader) (*Mapping, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMapping+1))
	if err != nil {
		return nil, fmt.Errorf("read the mapping: %w", err)
	}
	if len(text) > maxMapping {
		return nil, fmt.Errorf("the mapping has more than %d KiB", maxMapping>>10)
	}
	p := &mappingParser{m: &Mapping{provider: genericProvider, separator: ","}}
	root, err := p.document(text)
	if err != nil {
		return nil, err
	}
	p.sections(p.keys(root))
	if err := p.err(); err != nil {
		return nil, err
	}
	return p.m, nil
}

// mappingParser collects the mistakes of a mapping.
type mappingParser struct {
	m     *Mapping
	shape shape
	found []mappingMistake
}

type mappingMistake struct {
	line int
	text string
}

func (p *mappingParser) bad(n *yaml.Node, format string, args ...any) {
	p.found = append(p.found, mappingMistake{n.Line, fmt.Sprintf(format, args...)})
}

func (p *mappingParser) err() error {
	slices.SortStableFunc(p.found, func(a, b mappingMistake) int { return a.line - b.line })
	var all []error
	for i, m := range p.found {
		if i == maxMappingMistakes {
			all = append(all, errors.New("the mapping has more mistakes"))
			break
		}
		all = append(all, fmt.Errorf("mapping, line %d: %s", m.line, m.text))
	}
	return errors.Join(all...)
}

// shown is a text of the mapping as an error may repeat it.
func shown(s string) string {
	const room = 60
	if s = tokens.Redacted(s); len(s) > room {
		s = strings.ToValidUTF8(s[:room], "") + "..."
	}
	return fmt.Sprintf("%q", evidence.Printable(s))
}

// document gives the one YAML document of the text, which is a section of keys.
func (p *mappingParser) document(text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the mapping is empty")
		}
		return nil, fmt.Errorf("the mapping is no YAML: %s", tokens.Redacted(evidence.Printable(err.Error())))
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("the mapping is more than one YAML document")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("the mapping is no list of keys and values")
	}
	return doc.Content[0], nil
}

// keys are the entries of a section by their keys. Aliases are refused, because they make of a small file a large one.
func (p *mappingParser) keys(n *yaml.Node) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		p.bad(n, "keys and values belong here")
		return nil
	}
	all := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch _, twice := all[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			p.bad(key, "a key is a word")
		case twice:
			p.bad(key, "%s stands here a second time", shown(key.Value))
		case value.Kind == yaml.AliasNode:
			p.bad(value, "a mapping has no YAML aliases: write it out")
		default:
			all[key.Value] = value
		}
	}
	return all
}

// text is a value that is one text; false where there is a mistake, of which it was told.
func (p *mappingParser) text(n *yaml.Node, what string) (string, bool) {
	s := strings.TrimSpace(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode:
		p.bad(n, "%s is one text", what)
	case s == "" || n.Tag == "!!null":
		p.bad(n, "%s is empty", what)
	case s == toFillIn:
		p.bad(n, "%s is left to be filled in", what)
	case len(s) > maxMappingText:
		p.bad(n, "%s has more than %d bytes", what, maxMappingText)
	default:
		return s, true
	}
	return "", false
}

// sectionNames are the keys of a mapping.
var sectionNames = []string{"kind", "provider", "log", "columns", "fixed", "time", "actions", "outcomes", "separator", "records", "credential_holds"}

// sections reads all keys of the file.
func (p *mappingParser) sections(all map[string]*yaml.Node) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(sectionNames, key) {
			p.bad(all[key], "a mapping has no %s: it has %s", shown(key), strings.Join(sectionNames, ", "))
		}
	}
	columns, ok := all["columns"]
	if !ok {
		p.found = append(p.found, mappingMistake{1, "the mapping has no columns"})
		return
	}
	p.kind(all["kind"], columns)
	if p.shape.kind == "" {
		return
	}
	p.m.kind = p.shape.kind
	p.names(all)
	p.columns(columns)
	if n, ok := all["fixed"]; ok {
		p.fixed(n)
	}
	p.needed(columns)
	p.clock(all["time"])
	if n, ok := all["actions"]; ok {
		p.places(n, "actions", &p.m.actions, fieldAction, classes)
	}
	if n, ok := all["outcomes"]; ok {
		p.places(n, "outcomes", &p.m.outcomes, fieldOutcome, []string{tokens.Succeeded, tokens.Failed})
	}
	if n, ok := all["separator"]; ok {
		if n.Kind != yaml.ScalarNode || n.Value == "" || len(n.Value) > 4 {
			p.bad(n, "separator is one to four characters")
		}
		p.m.separator = n.Value
	}
	if n, ok := all["records"]; ok {
		p.m.records, _ = p.text(n, "records")
	}
	if n, ok := all["credential_holds"]; ok {
		if p.m.holds, ok = p.text(n, "credential_holds"); ok && !slices.Contains(holdings, p.m.holds) {
			p.bad(n, "credential_holds is one of %s", strings.Join(holdings, ", "))
		}
	}
}

// classes are the keys of actions.
var classes = []string{string(tokens.Publish), string(tokens.Write), string(tokens.Read), string(tokens.Auth), string(tokens.Access), string(tokens.Run), string(tokens.Other)}

// kind finds what the mapping is for: what it says, else the first kind that has all its columns.
func (p *mappingParser) kind(n, columns *yaml.Node) {
	if n == nil {
		p.shape = shapes[0]
		named := map[string]bool{}
		for i := 0; columns.Kind == yaml.MappingNode && i+1 < len(columns.Content); i += 2 {
			named[columns.Content[i].Value] = true
		}
		i := slices.IndexFunc(shapes, func(s shape) bool {
			known := 0
			for _, f := range s.columns {
				if named[f.String()] {
					known++
				}
			}
			return known == len(named)
		})
		p.shape = shapes[max(i, 0)]
		return
	}
	s, ok := p.text(n, "kind")
	if !ok {
		return
	}
	if p.shape, ok = shapeOf(s); !ok {
		p.bad(n, "kind is usage, credentials or releases; contacts, mappings and statements need no mapping file")
	}
}

// clock reads how times are written; rfc3339 where nothing is said.
func (p *mappingParser) clock(n *yaml.Node) {
	p.m.clock = clock{read: readISO}
	if n == nil {
		return
	}
	for key, value := range p.keys(n) {
		s, ok := p.text(value, "time: "+key)
		var err error
		switch {
		case key != "layout" && key != "zone":
			p.bad(value, "time has no %s: it has layout, zone", shown(key))
		case !ok:
		case key == "layout":
			p.m.clock.read, err = parseLayout(s)
		default:
			p.m.clock.zone, err = parseZone(s)
		}
		if err != nil {
			p.bad(value, "time: %s", err)
		}
	}
}

// places reads lists of words under their places.
func (p *mappingParser) places(n *yaml.Node, section string, to *placing, of field, known []string) {
	if p.m.columns[of].name == "" && p.m.fixed[of] == "" {
		p.bad(n, "%s says something of words, and no column holds them (columns: %s)", section, of)
	}
	for place, words := range p.keys(n) {
		if !slices.Contains(known, place) {
			p.bad(words, "%s has no %s: it has %s", section, shown(place), strings.Join(known, ", "))
			continue
		}
		list := []*yaml.Node{words}
		if words.Kind == yaml.SequenceNode {
			list = words.Content
		}
		for _, w := range list {
			if s, ok := p.text(w, section+": "+place); ok && !to.add(s, place) {
				p.bad(w, "%s stands in %s twice", shown(s), section)
			}
		}
	}
}

// parseZone reads UTC, an offset such as +02:00, or a name of the time zone database.
func parseZone(s string) (*time.Location, error) {
	if t, err := time.Parse("Z07:00", s); err == nil {
		_, offset := t.Zone()
		if offset == 0 {
			return time.UTC, nil
		}
		return time.FixedZone(s, offset), nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return nil, fmt.Errorf("zone %s is none: write UTC, an offset such as +02:00, or a name such as Europe/Berlin", shown(s))
	}
	return zone, nil
}
