package campaign

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"pentimento/internal/workflow"
)

// ListedHost stands for "any host of the pack" in the pack's own samples, so that no sample has to hold a live one.
const ListedHost = "listed-host.example.invalid"

// ListedFile in a comment of a sample says that the sample's hash counts as listed: nobody can write a file for a given hash.
const ListedFile = "listed-file.example.invalid"

// MaxMistakes bounds the mistakes that are told of one pack: a file that is no pack at all has one in every line.
const MaxMistakes = 100

// Parse reads and checks a pack. Name is the file's, for messages: NAME:LINE:COLUMN. All mistakes are reported, in the order of the file,
// joined; each is a [Mistake]. Whether the rules hit the samples is tried once rules, indicators and samples are sound themselves.
func Parse(name string, text []byte) (Pack, error) {
	if len(text) > MaxPack {
		return Pack{}, fmt.Errorf("%s: a pack is at most %d bytes", name, MaxPack)
	}
	c := checker{name: name, meant: map[*yaml.Node]map[string]bool{}, unsound: map[string]bool{}}
	doc, ok := c.document(text)
	if !ok {
		return Pack{}, c.err()
	}
	c.root = doc
	if c.aliases(doc); len(c.found) > 0 {
		return Pack{}, c.err()
	}
	c.shape(doc, reflect.TypeFor[Pack](), "")
	var p Pack
	if err := doc.Decode(&p); err != nil {
		c.library(text, err)
	}
	c.shaped, c.misshapen = len(c.found), maps.Clone(c.unsound)
	c.pack(p)
	if !c.unsound["rules"] && !c.unsound["indicators"] && !c.unsound["positives"] && !c.unsound["near_misses"] {
		c.samples(p)
	}
	if len(c.found) > 0 {
		return Pack{}, c.err()
	}
	p.Text = text
	return p, nil
}

// Mistake is something wrong in a pack's file, at a line and column, both from 1.
type Mistake struct {
	File         string
	Line, Column int
	Text         string // what is wrong, and what would be right
}

func (m Mistake) Error() string { return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text) }

const fieldRoom = 60 // bytes of a pack's own value that a message quotes

func short(s string) string {
	if len(s) <= fieldRoom {
		return s
	}
	return strings.ToValidUTF8(s[:fieldRoom], "") + "..."
}

// checker collects the mistakes of a pack, each at the line and column of the value it is about.
type checker struct {
	name      string
	root      *yaml.Node
	found     []Mistake
	shaped    int                            // of them told by the shape: nothing more is said of those places
	meant     map[*yaml.Node]map[string]bool // keys that a mistyped one of the section is likely to mean: they are not missing
	unsound   map[string]bool                // keys of the pack below which there are mistakes
	misshapen map[string]bool                // those of them that the shape told of
}

// err joins the mistakes in the order of the file.
func (c *checker) err() error {
	slices.SortStableFunc(c.found, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	var errs []error
	for i, m := range slices.Compact(c.found) {
		if i == MaxMistakes {
			errs = append(errs, fmt.Errorf("%s: there are more mistakes", c.name))
			break
		}
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

// document reads the one YAML document of a file and gives the node that holds the pack.
func (c *checker) document(text []byte) (*yaml.Node, bool) {
	if line, column, ok := garbled(text); ok {
		c.found = append(c.found, Mistake{c.name, line, column, "this is no text in UTF-8"})
		return nil, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && (len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" && doc.Content[0].Value == ""):
		c.found = append(c.found, Mistake{c.name, 1, 1, "the file is empty: a pack begins with schema: " + Schema})
		return nil, false
	case err != nil:
		c.library(text, err)
		return nil, false
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		c.found = append(c.found, Mistake{c.name, max(1, second.Line), max(1, second.Column), "a second document begins here: a pack is one YAML document"})
	case !errors.Is(err, io.EOF):
		c.library(text, err)
	}
	return doc.Content[0], len(c.found) == 0
}

// garbled finds the first place of a text that is no UTF-8.
func garbled(text []byte) (line, column int, ok bool) {
	if utf8.Valid(text) {
		return 0, 0, false
	}
	line, column = 1, 1
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return line, column, true
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
		text = text[n:]
	}
	return 0, 0, false
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?(?:line (\d+): )?(.*)$`)

// library notes what the YAML library says. It tells lines only; the column is that of the line's first letter.
func (c *checker) library(text []byte, err error) {
	told := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		told = te.Errors
	}
	lines := strings.Split(string(text), "\n")
	for _, l := range told {
		m := yamlLine.FindStringSubmatch(strings.ReplaceAll(l, "\n", " "))
		n, err := strconv.Atoi(m[1])
		n = min(max(n, 1), len(lines))
		if err != nil {
			n = 1
		}
		line, message := lines[n-1], m[2]
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
			message += ": YAML is indented with spaces, this line with tabs"
		}
		c.found = append(c.found, Mistake{c.name, n, 1 + len(line) - len(strings.TrimLeft(line, " \t")), message})
	}
}

// note notes a mistake at a node, below a key of the pack.
func (c *checker) note(n *yaml.Node, section, format string, args ...any) {
	c.unsound[section] = true
	c.found = append(c.found, Mistake{c.name, n.Line, n.Column, fmt.Sprintf(format, args...)})
}

// at notes a mistake in the value at a path of keys (string) and positions (int), unless the shape has told of that value already.
func (c *checker) at(where []any, format string, args ...any) {
	n := c.node(where) // of a value that is missing, the nearest one around it
	if key, ok := where[len(where)-1].(string); ok && c.meant[n][key] {
		return
	}
	if slices.ContainsFunc(c.found[:c.shaped], func(m Mistake) bool { return m.Line == n.Line && m.Column == n.Column }) {
		return
	}
	section, _ := where[0].(string)
	c.note(n, section, format, args...)
}

func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// aliases refuses them: packs are short and written by hand, and an alias makes a line stand for what is not written on it.
func (c *checker) aliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		c.note(n, "", "packs have no YAML aliases: write it out")
		return
	}
	for _, x := range n.Content {
		c.aliases(x)
	}
}

// rule notes what is wrong with a rule by itself. What is said of a rule or a condition as a whole is not said where the shape has found
// something in it: most likely that is what is missing.
func (c *checker) rule(i int, r Rule) {
	for _, m := range r.mistakes() {
		where := append([]any{"rules", i}, m.where...)
		if n := c.node(where); n.Kind == yaml.MappingNode && c.holdsMistake(n) {
			continue
		}
		c.at(where, "%s", m.text)
	}
}

func (c *checker) holdsMistake(n *yaml.Node) bool {
	return slices.ContainsFunc(c.found[:c.shaped], func(m Mistake) bool { return m.Line == n.Line && m.Column == n.Column }) ||
		slices.ContainsFunc(n.Content, c.holdsMistake)
}

// node is the one at a path, as far as the path leads.
func (c *checker) node(where []any) *yaml.Node {
	n := c.root
	for _, step := range where {
		next := child(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// samples holds the rules to the pack's own texts: every rule has a positive that names it, every positive is hit by the rules it names,
// and no rule hits a near-miss.
func (c *checker) samples(p Pack) {
	p.Indicators.Hosts = append(slices.Clone(p.Indicators.Hosts), ListedHost)
	for _, s := range p.Positives {
		if strings.Contains(s.Text, "# "+ListedFile) {
			p.Indicators.FileHashes = append(slices.Clone(p.Indicators.FileHashes), fmt.Sprintf("%x", sha256.Sum256([]byte(s.Text))))
		}
	}
	var ids []string
	for _, r := range p.Rules {
		ids = append(ids, r.ID)
	}
	covered := map[string]bool{}
	for i, s := range p.Positives {
		got := hits(p, s)
		if len(s.Rules) == 0 {
			c.at([]any{"positives", i}, "positive %q names no rule: rules lists the ids of those that must hit it", short(s.Name))
		}
		for j, id := range s.Rules {
			covered[id] = true
			where := []any{"positives", i, "rules", j}
			if !slices.Contains(ids, id) {
				c.at(where, "the pack has no rule %q%s", short(id), didYouMean(id, ids))
			} else if !slices.Contains(got, id) {
				c.at(where, "positive %q is not hit by rule %q", short(s.Name), short(id))
			}
		}
	}
	for i, s := range p.NearMisses {
		for _, id := range hits(p, s) {
			c.at([]any{"near_misses", i}, "near-miss %q is hit by rule %q", short(s.Name), id)
		}
	}
	if len(p.NearMisses) == 0 {
		c.at([]any{"near_misses"}, "a pack has at least one near-miss: a harmless file that looks like the campaign's")
	}
	for i, r := range p.Rules {
		if !covered[r.ID] {
			c.at([]any{"rules", i, "id"}, "no positive names rule %q: what is it to hit?", r.ID)
		}
	}
}

func hits(p Pack, s Sample) []string {
	var out []string
	for _, m := range p.Match([]string{s.Path}, workflow.Parse([]byte(s.Text)), []byte(s.Text)) {
		if m.Rule.Context.In(s) {
			out = append(out, m.Rule.ID)
		}
	}
	return out
}
