package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/inert"
)

func (p *program) gapsCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "gaps [REPO]...",
		short: "What could not be seen, and what would show it",
		long: `One row per thing that could not be seen, by the last collection of each unit and by the last analysis. A gap is never a clean bill of
health: what lies in it may have happened.`,
		example: "  pentimento gaps\n  pentimento gaps octo-org/octo-repo --csv",
		queries: []string{"gaps"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("UNIT", "unit", unknown), plain("KIND", "kind", unknown),
			{"SUBJECT", func(r row) string {
				if oid, err := evidence.ParseOID(r.text("subject")); err == nil {
					return oid.Short()
				}
				return inert.Column("subject", r.text("subject"))
			}},
			plain("DETAIL", "detail", nothing), plain("WOULD SHOW IT", "hint", nothing),
		},
		schema: "pentimento/gaps/v1", key: "gaps", document: gapsDocument,
	})
}

// gapJSON is one row of pentimento/gaps/v1.
type gapJSON struct {
	ID         string  `json:"id"`
	Repository string  `json:"repository"`
	Unit       string  `json:"unit"`
	Kind       string  `json:"kind"`
	Subject    string  `json:"subject"`
	Detail     string  `json:"detail"`
	Hint       *string `json:"hint"`
}

func gapsDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	answer, err := in.rows(ctx, c, "gaps")
	var out []gapJSON
	for _, r := range answer.rows {
		out = append(out, gapJSON{r.text("id"), r.text("repository"), r.text("unit"), r.text("kind"), r.text("subject"), r.text("detail"), nullable(r.text("hint"))})
	}
	return out, nil, err
}
