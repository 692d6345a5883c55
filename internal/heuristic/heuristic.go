// Package heuristic answers what makes a workflow file malicious whoever made it: rules without a campaign, each in a file of its own.
//
// It takes nothing but those files, which come with the program, and gives the rules, held to their own texts: one that does not hit its
// positives, or hits a near-miss, does not load. A rule with a context holds only in repositories where what is there is unlike what was there
// before; package detect finds that out.
//
// It does not conclude that a file is harmless: what no rule asks about is not seen. Nor does it know who made one.
package heuristic

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"pentimento/internal/campaign"
)

// Name stands where a pack's name does in the names of rules: "heuristic/all-secrets-dumped".
const Name = "heuristic"

// Heuristic is one rule with what it is held to. A positive is hit, a near-miss is not; the context of a sample is what is taken to be so in the
// repository that holds it.
type Heuristic struct {
	campaign.Rule `yaml:",inline"`

	References []campaign.Reference `yaml:"references"`
	Positives  []campaign.Sample    `yaml:"positives"`
	NearMisses []campaign.Sample    `yaml:"near_misses"`
}

//go:embed rules/*.yaml
var files embed.FS

// All loads the heuristics, by id. It reads them once.
var All = sync.OnceValues(func() ([]Heuristic, error) {
	entries, err := files.ReadDir("rules")
	if err != nil {
		return nil, fmt.Errorf("list heuristics: %w", err)
	}
	var out []Heuristic
	var errs []error
	for _, e := range entries {
		text, err := files.ReadFile(path.Join("rules", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read heuristic: %w", err)
		}
		h, err := read(e.Name(), text)
		out, errs = append(out, h), append(errs, err)
	}
	slices.SortFunc(out, func(a, b Heuristic) int { return cmp.Compare(a.ID, b.ID) })
	return out, errors.Join(errs...)
})

// read reads one file, which is named after its rule.
func read(name string, text []byte) (Heuristic, error) {
	var h Heuristic
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&h); err != nil {
		return h, fmt.Errorf("heuristic %s: %w", name, err)
	}
	if h.ID+".yaml" != name {
		return h, fmt.Errorf("heuristic %s: its id is %q", name, h.ID)
	}
	if err := h.Prove(h.Positives, h.NearMisses); err != nil {
		return h, fmt.Errorf("heuristic %s: %w", name, err)
	}
	return h, nil
}

// Pack gives the rules as a pack without indicators, to be matched as one.
func Pack() (campaign.Pack, error) {
	all, err := All()
	if err != nil {
		return campaign.Pack{}, err
	}
	p := campaign.Pack{Name: Name}
	for _, h := range all {
		p.Rules = append(p.Rules, h.Rule)
	}
	return p, nil
}
