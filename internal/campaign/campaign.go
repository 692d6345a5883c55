// Package campaign answers what is known of a campaign and whether a workflow file belongs to it. The knowledge is a pack: a YAML file with
// waves, indicators, rules, and the texts by which the rules are held to their word.
//
// It takes packs (built in, or from a responder's file) and workflow files as package workflow reads them, and gives the rules that match
// with the lines that made them match. A pack whose positives are not hit, or whose near-misses are, does not load: the responder who edits
// a pack in mid-case learns of the mistake before the case does.
//
// It does not conclude that a workflow ran or that a secret was taken, and a wave is what a source claims, not a bound.
package campaign

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"

	"pentimento/internal/workflow"
)

// Schema is the version of the pack format.
const Schema = "pentimento/campaign/v1"

// MaxPack bounds a pack file in bytes: the built-in ones are about ten kilobytes.
const MaxPack = 1 << 20

// Pack is what is known of one campaign. Indicators are as the attacker wrote them, not defanged: print none of them as they are.
type Pack struct {
	Schema      string      `yaml:"schema"`
	Name        string      `yaml:"name"`
	Title       string      `yaml:"title"`
	Description string      `yaml:"description"`
	References  []Reference `yaml:"references"`
	Waves       []Wave      `yaml:"waves"`
	Indicators  Indicators  `yaml:"indicators"`
	Rules       []Rule      `yaml:"rules"`
	Positives   []Sample    `yaml:"positives"`
	NearMisses  []Sample    `yaml:"near_misses"`
	Warnings    []Warning   `yaml:"warnings"` // what makes an answer to the campaign do harm
	Advice      []Warning   `yaml:"advice"`   // what makes it do good: the order of steps

	Text []byte `yaml:"-"` // the file that it was read from, as it goes into a case
}

// Reference is where a reader finds more.
type Reference struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
}

// Wave is a span in which the campaign was seen, both ends in UTC and included. Precision is the unit to which the ends are known, Source
// says by whom.
type Wave struct {
	ID        string    `yaml:"id"`
	From      time.Time `yaml:"from"`
	To        time.Time `yaml:"to"`
	Precision Precision `yaml:"precision"`
	Source    string    `yaml:"source"`
}

// Precision of a wave's ends.
type Precision string

// Precisions.
const (
	Second Precision = "second"
	Minute Precision = "minute"
	Hour   Precision = "hour"
	Day    Precision = "day"
	Month  Precision = "month"
)

var precisions = []string{string(Second), string(Minute), string(Hour), string(Day), string(Month)}

// Contains reports whether t lies in the wave: an end known to the minute covers that whole minute.
func (w Wave) Contains(t time.Time) bool {
	return !t.Before(w.From) && t.Before(w.End())
}

// End is the first instant that the wave cannot have covered.
func (w Wave) End() time.Time {
	switch w.Precision {
	case Second:
		return w.To.Add(time.Second)
	case Minute:
		return w.To.Add(time.Minute)
	case Hour:
		return w.To.Add(time.Hour)
	case Month:
		return w.To.AddDate(0, 1, 0)
	}
	return w.To.AddDate(0, 0, 1)
}

// Message is the first line of a commit message of the campaign. Role is what its commits did: plant, rearm, repush or trigger.
type Message struct {
	Text string `yaml:"text"`
	Role string `yaml:"role"`
}

// Warning is one sentence or more that a responder reads before a step. Before is that step, one of [Steps]; empty: before all of them. Source
// is who says so.
type Warning struct {
	Text   string `yaml:"text"`
	Source string `yaml:"source"`
	Before string `yaml:"before"`
}

// Steps of an answer to a campaign, that a [Warning] stands before: preserve the evidence, remove the workflow, revoke the pushing credential,
// rotate the stolen ones, tell those concerned.
var Steps = []string{"preserve", "remove", "revoke", "rotate", "notify"}

// Sample is a workflow file by which the rules are tested. Rules are the ids that must match a positive. Context is what is taken to be so in
// the repository that holds it.
type Sample struct {
	Name  string   `yaml:"name"`
	Path  string   `yaml:"path"`
	Text  string   `yaml:"text"`
	Rules []string `yaml:"rules"`

	Context []Circumstance `yaml:"context"`
}

// WavesAt lists the ids of the waves that hold t, in the pack's order.
func (p Pack) WavesAt(t time.Time) []string {
	var out []string
	for _, w := range p.Waves {
		if w.Contains(t) {
			out = append(out, w.ID)
		}
	}
	return out
}

// Match is a rule that holds for a file, why, and the lines that show it (sorted, from 1; none for a reason that has no line). Reason names
// no text of the file: it is safe to print.
type Match struct {
	Rule   Rule
	Reason string
	Lines  []int
}

// Match applies the rules to one version of a workflow file, seen at any of the paths, in the pack's order.
func (p Pack) Match(paths []string, f workflow.File, text []byte) []Match {
	s := subject{paths: paths, file: f, text: string(text), pack: p}
	var out []Match
	for _, r := range p.Rules {
		if m, ok := s.rule(r); ok {
			out = append(out, m)
		}
	}
	return out
}

//go:embed packs/*.yaml
var packs embed.FS

// Builtin loads the packs that come with the program, by name.
func Builtin() ([]Pack, error) {
	entries, err := packs.ReadDir("packs")
	if err != nil {
		return nil, fmt.Errorf("list built-in packs: %w", err)
	}
	var out []Pack
	for _, e := range entries {
		text, err := packs.ReadFile(path.Join("packs", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read built-in pack: %w", err)
		}
		p, err := Parse(e.Name(), text)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Pack) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Load reads a pack from a file.
func Load(name string) (Pack, error) {
	f, err := os.Open(name)
	if err != nil {
		return Pack{}, fmt.Errorf("load pack: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxPack+1))
	if err != nil {
		return Pack{}, fmt.Errorf("load pack: %w", err)
	}
	return Parse(name, text)
}
