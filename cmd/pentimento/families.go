package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/family"
)

// familyViews gives findings its two other views: by family, and what the families propose.
func (p *program) familyViews(cmd *cobra.Command, q *question) *cobra.Command {
	var families, proposed bool
	cmd.Flags().BoolVar(&families, "families", false, "by family: versions that are alike but for names, secrets and destinations, relatives that no rule hits among them")
	cmd.Flags().BoolVar(&proposed, "proposed", false, "what the families hold that is in no pack of the case: proposed indicators, and the repositories they would add")
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case families && proposed:
			return usagef("--families or --proposed, not both")
		case families:
			q.queries, q.columns = []string{"families"}, familyColumns()
		case proposed:
			q.queries, q.columns = []string{"proposals"}, proposalColumns()
		case before != nil:
			return before(cmd, args)
		default:
			return nil
		}
		q.schema, q.key, q.document = "pentimento/families/v1", "families", familiesDocument
		return nil
	}
	return cmd
}

func count(head, list string) column {
	return column{head, func(r row) string { return strconv.Itoa(len(strings.Fields(r.text(list)))) }}
}

func familyColumns() []column {
	return []column{
		plain("FAMILY", "family", unknown), plain("CAMPAIGNS", "campaigns", nothing), plain("CONFIDENCE", "confidence", unknown),
		plain("FINDINGS", "findings", unknown), plain("RELATIVES", "relatives", unknown), count("REPOS", "repositories"),
		{"COMMITS", func(r row) string { return r.text("commits") + " (" + r.text("by_token") + " by token)" }},
		plain("TRIGGERS", "triggers", nothing), plain("STEPS", "steps", nothing), plain("WAYS OUT", "ways", nothing),
	}
}

func proposalColumns() []column {
	return []column{
		plain("FAMILY", "family", unknown), plain("KIND", "kind", unknown), plain("INDICATOR", "indicator", unknown), plain("CONFIDENCE", "confidence", unknown),
		{"EVERYDAY", func(r row) string {
			if r.text("everyday") == "1" {
				return "yes"
			}
			return nothing
		}},
		count("SEEN IN", "repositories"), count("ADDS", "adds"), plain("REASON", "reason", nothing),
	}
}

// familyJSON is one family of pentimento/families/v1. Relatives are the members with found false: no rule hits them. Commits counts those that brought,
// changed or started a version; by_token those with the whole print of GitHub's contents API. Gaps are seconds from a commit to the one that starts it.
type familyJSON struct {
	ID           string         `json:"id"`
	Campaigns    []string       `json:"campaigns"`
	Confidence   string         `json:"confidence"`
	Repositories []string       `json:"repositories"`
	Shape        shapeJSON      `json:"shape"`
	Members      []memberJSON   `json:"members"`
	Commits      habitsJSON     `json:"commits"`
	Proposals    []proposalJSON `json:"proposals"`
}

type shapeJSON struct {
	Triggers []string `json:"triggers"`
	Jobs     int      `json:"jobs"`
	Steps    []string `json:"steps"`
	Programs []string `json:"programs"`
	Ways     []string `json:"ways_out"`
	Loot     []string `json:"loot"`
}

type memberJSON struct {
	Blob   string  `json:"blob"`
	Found  bool    `json:"found"`
	How    string  `json:"joined_by"`
	Score  float64 `json:"likeness"`
	Reason string  `json:"reason"`
}

type habitsJSON struct {
	Count    int         `json:"count"`
	ByToken  int         `json:"by_token"`
	Unsigned int         `json:"unsigned"`
	Forms    []string    `json:"messages"`
	Zones    []string    `json:"zones"`
	Triggers int         `json:"triggers"`
	Shortest *int        `json:"shortest_gap"`
	Longest  *int        `json:"longest_gap"`
	Spells   []spellJSON `json:"spells"`
	Stamped  int         `json:"stamped"`
	Walls    []string    `json:"stamp_zones"`
	Epochs   int         `json:"branch_epochs"`
}

// spellJSON is a time in which such commits were made, by the committers' word.
type spellJSON struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}

// proposalJSON is a proposed indicator, as the attacker wrote it. Role is of a message, else null.
type proposalJSON struct {
	Kind         string   `json:"kind"`
	Value        string   `json:"value"`
	Role         *string  `json:"role"`
	Confidence   string   `json:"confidence"`
	Everyday     bool     `json:"everyday"`
	Reason       string   `json:"reason"`
	Repositories []string `json:"repositories"`
	Adds         []string `json:"adds"`
	Evidence     []string `json:"evidence"`
}

func familiesDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	families, err := family.Load(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var out []familyJSON
	for _, f := range families {
		if !in.any(f.Repositories) {
			continue
		}
		o, h := f.Outline, f.Habits
		x := familyJSON{ID: f.ID, Campaigns: present(f.Campaigns), Confidence: f.Confidence, Repositories: namesOf(f.Repositories),
			Shape: shapeJSON{present(o.Triggers), o.Jobs, present(o.Steps), present(o.Programs), present(o.Ways), present(o.Loot)}, Members: []memberJSON{},
			Commits: habitsJSON{Count: h.Commits, ByToken: h.ByToken, Unsigned: h.Unsigned, Forms: present(h.Forms), Zones: present(h.Zones), Triggers: h.Triggers,
				Spells: []spellJSON{}, Stamped: h.Stamped, Walls: present(h.Walls), Epochs: h.Epochs},
			Proposals: []proposalJSON{}}
		if h.Triggers > 0 {
			x.Commits.Shortest, x.Commits.Longest = &h.Shortest, &h.Longest
		}
		for _, s := range h.Spells {
			x.Commits.Spells = append(x.Commits.Spells, spellJSON{stampJSON(s.From), stampJSON(s.To)})
		}
		for _, m := range f.Members {
			x.Members = append(x.Members, memberJSON{string(m.Blob), m.Found, m.How, m.Score, m.Reason})
		}
		for _, i := range f.Proposals {
			x.Proposals = append(x.Proposals, proposalJSON{string(i.Kind), i.Value, nullable(i.Role), i.Confidence, i.Everyday, i.Reason, namesOf(i.Repositories),
				namesOf(i.Adds), present(i.Evidence)})
		}
		out = append(out, x)
	}
	return out, nil, nil
}

// namesOf is a list of repositories of a document.
func namesOf[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, string(x))
	}
	return out
}
