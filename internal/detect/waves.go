package detect

import (
	"maps"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// Bound lists the campaigns in whose waves alone the version does harm, sorted: nothing but rules that say so hit it. It is its owner's own file
// then, and uses what the campaign had in its hands for a while. Empty for a version that is malicious at any time.
func (f Finding) Bound() []string {
	var out []string
	for _, h := range f.Hits {
		if !h.OnlyInWaves {
			return nil
		}
		pack, _, _ := strings.Cut(h.Rule, "/")
		out = append(out, pack)
	}
	return sorted(out)
}

// Unbound leaves out the findings that do harm in waves alone: their files are their owners', and so are the commits that brought them.
func Unbound(findings map[evidence.OID]Finding) map[evidence.OID]Finding {
	out := maps.Clone(findings)
	maps.DeleteFunc(out, func(_ evidence.OID, f Finding) bool { return len(f.Bound()) > 0 })
	return out
}

// taken lists the steps and jobs that use what a campaign had in its hands. Such a step can read the memory of the runner: all that its job was
// given, whichever step it was meant for.
func taken(f workflow.File, jobs []Reach, packs []campaign.Pack, bound []string) []Leak {
	known := func(uses string) bool {
		return uses != "" && slices.ContainsFunc(packs, func(p campaign.Pack) bool { return slices.Contains(bound, p.Name) && p.KnowsUses(uses) })
	}
	var out []Leak
	for _, j := range f.Jobs {
		if !slices.ContainsFunc(jobs, func(r Reach) bool { return r.JobID == j.ID }) {
			continue
		}
		add := func(s workflow.Step) { out = append(out, grabbed(j, s, s.Line, jobs)) }
		if known(j.Uses) {
			add(workflow.Step{Index: -1, Line: j.Line})
		}
		for _, s := range j.Steps {
			if known(s.Uses) {
				add(s)
			}
		}
	}
	return out
}
