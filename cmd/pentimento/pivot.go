package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
)

func (p *program) pivotCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "pivot [REPO]...",
		short: "Other repositories to look at: same actors, same marks",
		long: `One row per repository that is not in the case, with the reasons to look at it: somebody who pushed the campaign's commits pushed there within
the hour or in a wave, or a commit message or a branch name there is one of the campaign. What is read are the public events of those
accounts, which every collect asks for and GitHub keeps for 30 days, and archives of events (collect --gharchive): of these, who pushed for
the campaign is known after the first analysis, and the next collect looks for what they did elsewhere.

A reason is no finding. The actor can be the victim at his own work; silence proves nothing.

--csv is a list that "pentimento add -f -" takes.`,
		example: "  pentimento pivot\n  pentimento pivot --csv | pentimento add -f -",
		queries: []string{"pivot"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("REASONS", "reasons", unknown), plain("PUSHES", "pushes", unknown),
			moment("FIRST SEEN", "first_seen", false), moment("LAST SEEN", "last_seen", false), plain("REFS", "refs", nothing),
		},
		schema: "pentimento/pivot/v1", key: "repositories", document: pivotDocument,
	})
}

// pivotJSON is one row of pentimento/pivot/v1.
type pivotJSON struct {
	Repository string   `json:"repository"`
	Reasons    []string `json:"reasons"`
	Actors     []string `json:"actors"`
	FirstSeen  string   `json:"first_seen"`
	LastSeen   string   `json:"last_seen"`
	Refs       []string `json:"refs"`
	Evidence   []string `json:"evidence"`
}

func pivotDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	answer, err := in.rows(ctx, c, "pivot")
	var out []pivotJSON
	for _, r := range answer.rows {
		out = append(out, pivotJSON{Repository: r.text("repository"), Reasons: strings.Split(r.text("reasons"), "; "),
			Actors: strings.Fields(r.text("actors")), FirstSeen: r.text("first_seen"), LastSeen: r.text("last_seen"),
			Refs: strings.Fields(r.text("refs")), Evidence: strings.Fields(r.text("evidence"))})
	}
	return out, nil, err
}
