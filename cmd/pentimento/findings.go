package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
)

func (p *program) findingsCommand() *cobra.Command {
	q := &question{
		use:   "findings [REPO]...",
		short: "Malicious workflow versions, and what they take",
		long: `One row per malicious workflow version: the same blob in many repositories is one. SECRETS are the names that the file refers to, "*" for a
file that takes all that the repository had; which step lets which of them out is in --json. Hosts are printed defanged, but for --json, which gives them as the file writes them.
Some rules hold only where the repository never did such a thing before; --json and pentimento evidence blob-VERSION say where and why.

--families shows which versions are alike once names, secrets and destinations are taken out, and relatives of findings that no rule hits. No family
forms around a finding that one repository's past alone makes one.
--proposed shows what these families hold that is in no pack of the case. campaign learn makes a pack of a family.`,
		example: "  pentimento findings\n  pentimento findings octo-org/octo-repo --json\n  pentimento findings --proposed",
		queries: []string{"findings"},
		columns: []column{
			short("VERSION", "blob", unknown), plain("CAMPAIGN", "campaign", nothing), plain("RULES", "rules", nothing),
			plain("TRIGGERS", "triggers", nothing), plain("DESTINATIONS", "destinations", unknown),
			{"REPOS", func(r row) string { return strconv.Itoa(len(strings.Fields(r.text("repositories")))) }},
			{"SECRETS", func(r row) string {
				if r.text("all_secrets") == "1" {
					return strings.TrimSpace("* " + r.text("secrets"))
				}
				return or(r.text("secrets"), nothing)
			}},
		},
		schema: "pentimento/findings/v1", key: "findings", document: findingsDocument,
	}
	return p.familyViews(p.askCommand(q), q)
}

// findingJSON is one row of pentimento/findings/v1. Rules are names, PACK/RULE; hits tell why each holds wherever the version stands, context why
// one holds in one repository. Triggers are event names.
type findingJSON struct {
	Blob         string    `json:"blob"`
	Campaign     *string   `json:"campaign"`
	Paths        []string  `json:"paths"`
	Repositories []string  `json:"repositories"`
	Secrets      []string  `json:"secrets"`
	AllSecrets   bool      `json:"all_secrets"`
	Destinations []string  `json:"destinations"`
	Triggers     []string  `json:"triggers"`
	Rules        []string  `json:"rules"`
	Hits         []hitJSON `json:"hits"`

	Context []contextJSON `json:"context"`
	Leaks   []leakJSON    `json:"leaks"`
}

// leakJSON is a step that lets secrets out. Job and step are as GitHub's records name them; both are null for a step that stands in no job, as in a
// file that could not be parsed, and step is for a job that hands what it has to a called workflow. File is the called workflow that the job stands
// in, null for the file itself; lines are then those of the call.
type leakJSON struct {
	Job        *string  `json:"job"`
	Step       *string  `json:"step"`
	Secrets    []string `json:"secrets"`
	AllSecrets bool     `json:"all_secrets"`
	History    bool     `json:"history"`
	Lines      []int    `json:"lines"`
	File       *string  `json:"file"`
}

// contextJSON is a rule that holds in one repository, by what was there before the commit that brought the version to the path.
type contextJSON struct {
	hitJSON
	Repository    string   `json:"repository"`
	Path          string   `json:"path"`
	Commit        string   `json:"commit"`
	Circumstances []string `json:"circumstances"`
}

type hitJSON struct {
	Rule       string `json:"rule"`
	Severity   string `json:"severity"`
	Confidence string `json:"confidence"`
	Reason     string `json:"reason"`
	Lines      []int  `json:"lines"`
}

func findingsDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	findings, err := detect.Findings(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var out []findingJSON
	for _, f := range findings {
		if !in.any(f.Repositories) {
			continue
		}
		x := findingJSON{Blob: string(f.Blob), Campaign: nullable(f.Campaign), Paths: present(f.Paths), Repositories: []string{}, Secrets: present(f.Secrets),
			AllSecrets: f.AllSecrets, Destinations: present(f.Destinations), Triggers: []string{}, Rules: []string{}, Hits: []hitJSON{}, Context: []contextJSON{}}
		for _, r := range f.Repositories {
			x.Repositories = append(x.Repositories, string(r))
		}
		for _, t := range f.Triggers {
			x.Triggers = append(x.Triggers, t.Event)
		}
		for _, h := range f.Hits {
			x.Rules = append(x.Rules, h.Rule)
			x.Hits = append(x.Hits, hitJSON{h.Rule, h.Severity, h.Confidence, h.Reason, present(h.Lines)})
		}
		for _, k := range f.Context {
			if !in.any([]evidence.Repository{k.Repository}) {
				continue
			}
			x.Rules = append(x.Rules, k.Rule)
			words := make([]string, 0, len(k.Circumstances))
			for _, c := range k.Circumstances {
				words = append(words, string(c))
			}
			x.Context = append(x.Context, contextJSON{hitJSON{k.Rule, k.Severity, k.Confidence, k.Reason, present(k.Lines)}, string(k.Repository), k.Path,
				string(k.Commit), words})
		}
		x.Leaks = make([]leakJSON, 0, len(f.Leaks))
		for _, l := range f.Leaks {
			x.Leaks = append(x.Leaks, leakJSON{nullable(l.JobName), nullable(l.StepName), present(l.Secrets), l.AllSecrets, l.History, present(l.Lines),
				nullable(l.File)})
		}
		x.Triggers, x.Rules = distinct(x.Triggers), distinct(x.Rules)
		out = append(out, x)
	}
	return out, nil, nil
}

// distinct sorts a list and drops what repeats.
func distinct(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
