package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
)

func (p *program) timelineCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "timeline REPO",
		short: "Everything about one repository, in time order",
		long: `Moves of refs, commits of the campaign, runs and leaking steps, presence, windows, declarations and listings, in the order of time, each with
the clock behind it. ~ marks a claim: a git date is whatever the maker of the commit wrote.`,
		example: "  pentimento timeline octo-org/octo-repo",
		args:    cobra.ExactArgs(1),
		queries: []string{"timeline"},
		columns: []column{
			{"AT", func(r row) string {
				return bounds(stamp(r.text("at"), r.text("at_clock") == "git"), stamp(r.text("until"), r.text("until_clock") == "git"))
			}},
			plain("CLOCK", "clock", unknown), plain("WHAT", "what", unknown),
			{"SUBJECT", func(r row) string { return strings.TrimPrefix(inert.Column("subject", r.text("subject")), "refs/") }},
			plain("DETAIL", "detail", nothing), plain("EVIDENCE", "evidence", nothing),
		},
		schema: "pentimento/timeline/v1", key: "timeline", document: timelineDocument,
	})
}

// eventJSON is one row of pentimento/timeline/v1. At and until are the two bounds, equal where a clock stamped the event itself; clock is
// the weaker of theirs.
type eventJSON struct {
	Repository string   `json:"repository"`
	At         *string  `json:"at"`
	AtClock    *string  `json:"at_clock"`
	Until      *string  `json:"until"`
	UntilClock *string  `json:"until_clock"`
	Clock      *string  `json:"clock"`
	What       string   `json:"what"`
	Subject    string   `json:"subject"`
	Detail     *string  `json:"detail"`
	Evidence   []string `json:"evidence"`
}

func timelineDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	answer, err := in.rows(ctx, c, "timeline")
	var out []eventJSON
	for _, r := range answer.rows {
		out = append(out, eventJSON{r.text("repository"), nullable(r.text("at")), nullable(r.text("at_clock")), nullable(r.text("until")),
			nullable(r.text("until_clock")), nullable(r.text("clock")), r.text("what"), r.text("subject"), nullable(r.text("detail")),
			present(strings.Fields(r.text("evidence")))})
	}
	return out, nil, err
}
