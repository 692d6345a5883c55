package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/when"
)

func (p *program) commitsCommand() *cobra.Command {
	roles := []detect.Role{detect.Plant, detect.Rearm, detect.Repush, detect.Trigger, detect.Listed}
	removals := false
	q := &question{
		use:   "commits [REPO]...",
		short: "Commits of the campaign, with their role",
		long: `Every commit of the campaign, on a ref or recovered by its SHA:

  plant    brings a malicious version
  rearm    changes it
  repush   changes nothing, and runs the workflow again
  trigger  changes something else, to run the workflow
  listed   is one that a pack lists: behind an action's moved tag, say

COMMITTED is the committer's word (~). PUSHED is when the commit came to the repository by a server's clock, ? where none says. The signals
that speak for each commit are in --csv and --json.`,
		example: "  pentimento commits\n  pentimento commits octo-org/octo-repo --removals",
		queries: []string{"commits"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), short("COMMIT", "sha", unknown), plain("ROLE", "role", unknown),
			moment("COMMITTED", "committed_at", true), instant("PUSHED", "pushed"),
			{"ON A REF", func(r row) string {
				if r.text("recovered") == "1" {
					return "no, recovered"
				}
				return "yes"
			}},
			short("VERSION", "blob", nothing), file("FILE"),
		},
		schema: "pentimento/commits/v1", key: "commits",
	}
	q.document = func(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
		if removals {
			return commitsDocument(ctx, c, in, append(roles, detect.Removal)...)
		}
		return commitsDocument(ctx, c, in, roles...)
	}
	cmd := p.askCommand(q)
	cmd.Flags().BoolVar(&removals, "removals", false, "also the commits that took a malicious version away, whoever made them")
	cmd.PreRun = func(*cobra.Command, []string) {
		if removals {
			q.queries = append(q.queries, "removals")
		}
	}
	return cmd
}

// commitJSON is one row of pentimento/commits/v1. Pushed is null where no server said when.
type commitJSON struct {
	Repository  string        `json:"repository"`
	SHA         string        `json:"sha"`
	Role        string        `json:"role"`
	Campaign    *string       `json:"campaign"`
	Path        *string       `json:"path"`
	Blob        *string       `json:"blob"`
	CommittedAt *string       `json:"committed_at"`
	Pushed      *when.Instant `json:"pushed"`
	Recovered   bool          `json:"recovered"`
	Signals     []string      `json:"signals"`
}

func commitsDocument(ctx context.Context, c *casefile.Case, in wanted, roles ...detect.Role) (any, []list, error) {
	commits, err := detect.PlacedCommits(ctx, c, roles...)
	if err != nil {
		return nil, nil, err
	}
	var out []commitJSON
	for _, k := range commits {
		if in.has(k.Repository) {
			out = append(out, commitJSON{string(k.Repository), string(k.OID), string(k.Role), nullable(k.Campaign), nullable(k.Path), nullable(k.Blob),
				stampJSON(k.CommittedAt), knownJSON(k.Pushed), k.Recovered, present(k.Signals)})
		}
	}
	return out, nil, nil
}
