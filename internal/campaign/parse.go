package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pentimento/internal/workflow"
)

// ListedHost stands for "any host of the pack" in the pack's own samples, so that no sample has to hold a live one.
const ListedHost = "listed-host.example.invalid"

// Parse reads and checks a pack. Name is the file's, for messages: NAME:LINE:COLUMN. All mistakes are reported, joined.
func Parse(name string, text []byte) (Pack, error) {
	if len(text) > MaxPack {
		return Pack{}, fmt.Errorf("%s: a pack is at most %d bytes", name, MaxPack)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return Pack{}, located(name, err)
	}
	c := checker{name: name, doc: &doc}
	if c.aliases(&doc); len(c.errs) > 0 {
		return Pack{}, errors.Join(c.errs...)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	var p Pack
	if err := dec.Decode(&p); err != nil {
		return Pack{}, located(name, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Pack{}, fmt.Errorf("%s: a pack is one YAML document", name)
	}
	c.pack(p)
	if len(c.errs) == 0 {
		c.samples(p)
	}
	if len(c.errs) > 0 {
		return Pack{}, errors.Join(c.errs...)
	}
	p.Text = text
	return p, nil
}

var (
	yamlLine  = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (.*)$`)
	yamlType  = regexp.MustCompile(` (?:in type|into) \*?campaign\.(\w+)`)
	packName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	fieldRoom = 60 // bytes of a pack's own value that a message quotes
)

// located rewrites what the YAML library says to NAME:LINE: MESSAGE; it gives no columns.
func located(name string, err error) error {
	lines := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		lines = te.Errors
	}
	var errs []error
	for _, l := range lines {
		l = yamlType.ReplaceAllString(l, " in $1")
		if m := yamlLine.FindStringSubmatch(l); m != nil {
			errs = append(errs, fmt.Errorf("%s:%s: %s", name, m[1], m[2]))
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %s", name, strings.TrimPrefix(l, "yaml: ")))
	}
	return errors.Join(errs...)
}

// checker collects the mistakes of a pack, each at the line and column of the value it is about.
type checker struct {
	name string
	doc  *yaml.Node
	errs []error
}

// at notes a mistake in the value at a path of keys (string) and positions (int).
func (c *checker) at(where []any, format string, args ...any) {
	n := c.doc
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range where {
		next := child(n, step)
		if next == nil {
			break // the value is missing: the nearest one around it is meant
		}
		n = next
	}
	c.errs = append(c.errs, fmt.Errorf("%s:%d:%d: %s", c.name, n.Line, n.Column, fmt.Sprintf(format, args...)))
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
		c.errs = append(c.errs, fmt.Errorf("%s:%d:%d: packs have no YAML aliases", c.name, n.Line, n.Column))
		return
	}
	for _, x := range n.Content {
		c.aliases(x)
	}
}

func (c *checker) pack(p Pack) {
	if p.Schema != Schema {
		c.at([]any{"schema"}, "schema is %q, this program reads %q", short(p.Schema), Schema)
	}
	if !packName.MatchString(p.Name) {
		c.at([]any{"name"}, "name %q is not of lower-case letters, digits and hyphens", short(p.Name))
	}
	if p.Title == "" {
		c.at([]any{"title"}, "title is missing")
	}
	for i, r := range p.References {
		if u, err := url.Parse(r.URL); err != nil || u.Scheme != "https" || u.Host == "" || r.Title == "" {
			c.at([]any{"references", i}, "a reference has a title and an https URL")
		}
	}
	c.waves(p.Waves)
	c.indicators(p.Indicators)
	if len(p.Rules) == 0 {
		c.at([]any{"rules"}, "a pack has at least one rule")
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		if seen[r.ID] {
			c.at([]any{"rules", i, "id"}, "rule id %q stands twice", short(r.ID))
		}
		seen[r.ID] = true
		c.rule(i, r)
	}
}

func (c *checker) waves(waves []Wave) {
	seen := map[string]bool{}
	for i, w := range waves {
		switch {
		case !packName.MatchString(w.ID):
			c.at([]any{"waves", i, "id"}, "wave id %q is not of lower-case letters, digits and hyphens", short(w.ID))
		case seen[w.ID]:
			c.at([]any{"waves", i, "id"}, "wave id %q stands twice", short(w.ID))
		case units[w.Precision] == 0:
			c.at([]any{"waves", i, "precision"}, "precision %q is none of second, minute, hour, day", short(string(w.Precision)))
		case w.From.IsZero() || w.To.IsZero():
			c.at([]any{"waves", i}, "a wave has from and to")
		case w.To.Before(w.From):
			c.at([]any{"waves", i, "to"}, "the wave ends before it begins")
		case !utc(w):
			c.at([]any{"waves", i, "from"}, "times of a wave are in UTC")
		case w.Source == "":
			c.at([]any{"waves", i}, "a wave says its source")
		}
		seen[w.ID] = true
	}
}

func utc(w Wave) bool {
	_, from := w.From.Zone()
	_, to := w.To.Zone()
	return from == 0 && to == 0
}

func (c *checker) indicators(in Indicators) {
	for i, pattern := range in.Branches {
		where := []any{"indicators", "branches", i}
		switch _, err := path.Match(pattern, ""); {
		case err != nil:
			c.at(where, "%q is no pattern: %v", short(pattern), err)
		case strings.Trim(pattern, "*?/") == "":
			c.at(where, "the pattern %q matches any branch", short(pattern))
		}
	}
	for i, m := range in.Messages {
		if !slices.Contains([]string{"plant", "rearm", "repush", "trigger"}, m.Role) {
			c.at([]any{"indicators", "messages", i, "role"}, "role %q is none of plant, rearm, repush, trigger", short(m.Role))
		}
		if m.Text == "" || m.Text != strings.TrimSpace(m.Text) || strings.ContainsAny(m.Text, "\n\x00") {
			c.at([]any{"indicators", "messages", i, "text"}, "a message is one line, without white space around it")
		}
	}
	for i, p := range in.Paths {
		if !strings.HasPrefix(p, ".github/workflows/") {
			c.at([]any{"indicators", "paths", i}, "path %q is not under .github/workflows/", short(p))
		}
	}
	for i, h := range in.Hosts {
		if h == "" || h != strings.ToLower(h) || strings.ContainsAny(h, "/: []") || strings.Contains(strings.TrimPrefix(h, "*."), "*") {
			c.at([]any{"indicators", "hosts", i}, "host %q is not a lower-case host name or address without scheme, port, path or brackets", short(h))
		}
	}
	for i, x := range in.Everyday {
		if !slices.Contains(slices.Concat(in.Paths, in.WorkflowNames, in.JobIDs), x) {
			c.at([]any{"indicators", "everyday", i}, "everyday %q is none of the pack's paths, workflow names and job ids", short(x))
		}
	}
	for key, list := range map[string][]string{"workflow_names": in.WorkflowNames, "job_ids": in.JobIDs, "url_parts": in.URLParts,
		"body_markers": in.BodyMarkers} {
		if i := slices.Index(list, ""); i >= 0 {
			c.at([]any{"indicators", key, i}, "an indicator is empty")
		}
	}
}

func short(s string) string { return s[:min(len(s), fieldRoom)] }

func (c *checker) rule(i int, r Rule) {
	for _, m := range r.mistakes() {
		c.at(append([]any{"rules", i}, m.where...), "%s", m.text)
	}
}

// samples holds the rules to the pack's own texts: every rule has a positive that names it, every positive is hit by the rules it names,
// and no rule hits a near-miss.
func (c *checker) samples(p Pack) {
	p.Indicators.Hosts = append(slices.Clone(p.Indicators.Hosts), ListedHost)
	covered := map[string]bool{}
	for i, s := range p.Positives {
		got := hits(p, s)
		if len(s.Rules) == 0 {
			c.at([]any{"positives", i}, "positive %q names no rule", short(s.Name))
		}
		for j, id := range s.Rules {
			covered[id] = true
			if !slices.Contains(got, id) {
				c.at([]any{"positives", i, "rules", j}, "positive %q is not hit by rule %q", short(s.Name), short(id))
			}
		}
	}
	for i, s := range p.NearMisses {
		for _, id := range hits(p, s) {
			c.at([]any{"near_misses", i}, "near-miss %q is hit by rule %q", short(s.Name), id)
		}
	}
	if len(p.NearMisses) == 0 {
		c.at([]any{"near_misses"}, "a pack has at least one near-miss")
	}
	for i, r := range p.Rules {
		if !covered[r.ID] {
			c.at([]any{"rules", i, "id"}, "no positive names rule %q", r.ID)
		}
	}
}

func hits(p Pack, s Sample) []string {
	var out []string
	for _, m := range p.Match([]string{s.Path}, workflow.Parse([]byte(s.Text)), []byte(s.Text)) {
		if _, ok := m.Rule.Context.Holds(s.Context); ok {
			out = append(out, m.Rule.ID)
		}
	}
	return out
}
