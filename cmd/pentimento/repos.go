package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
)

func (p *program) reposCommand() *cobra.Command { return p.askCommand(reposQuestion()) }

// printRepos prints the table of all repositories.
func (p *program) printRepos(ctx context.Context) error {
	return p.ask(ctx, reposQuestion(), askOptions{}, nil)
}

func reposQuestion() *question {
	return &question{
		use:   "repos [REPO]...",
		short: "State of each repository",
		long: `One row per repository with its state as of the last listing of its refs:

  armed      a malicious version is there and can start again
  rewritten  it was there and was erased by force-push or deletion
  removed    it was there and was reverted, deleted, edited or merged away
  inherited  a fork that came with the file; the secrets were never there
  proposed   a pull request holds it
  blocked    GitHub took the repository down
  gone       deleted, private or never there: from outside these look the same
  unknown    what would tell is missing
  clean      refs, history and activity were had, and hold nothing

With --exit-code, armed, rewritten and removed are exposure, and so is any repository with campaign commits or open windows: what became of
it since, or that it cannot be seen now, takes nothing back.`,
		example: "  pentimento repos\n  pentimento repos --exit-code --quiet || echo $?",
		queries: []string{"repos"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("STATE", "state", unknown), moment("AS OF", "as_of", false),
			plain("COMMITS", "commits", unknown), plain("PRESENCE", "presence", unknown), plain("EXECUTED", "executed_runs", unknown),
			plain("OPEN", "open_windows", unknown), plain("GAPS", "gaps", unknown), plain("REASON", "reason", nothing),
		},
		schema: "pentimento/repos/v1", key: "repos", document: reposDocument,
		exposed: func(r row) bool {
			switch r.text("state") {
			case exposure.RepoArmed, exposure.RepoRewritten, exposure.RepoRemoved:
				return true
			}
			return r.text("commits") != "0" || r.text("open_windows") != "0"
		},
	}
}

// repoJSON is one row of pentimento/repos/v1. State is null before the first analysis.
type repoJSON struct {
	Repository string   `json:"repository"`
	State      *string  `json:"state"`
	Reason     *string  `json:"reason"`
	AsOf       *string  `json:"as_of"`
	Evidence   []string `json:"evidence"`
}

func reposDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	verdicts, err := exposure.Verdicts(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var out []repoJSON
	for _, v := range verdicts {
		if in.has(v.Repository) {
			out = append(out, repoJSON{string(v.Repository), nullable(v.State), nullable(v.Reason), stampJSON(v.AsOf), present(v.Evidence)})
		}
	}
	return out, nil, nil
}
