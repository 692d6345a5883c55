package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
)

func (p *program) rotateCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "rotate [REPO]...",
		short: "What to revoke first, and what to know before",
		long: `The steps for each repository, in the order in which they must be taken. The GitHub credential that pushed goes first: whoever holds it arms the
repository again. Then the file goes from every ref on which it can still start, and runs that can be run again: what is stored while they
stand is taken anew. Then the secrets, those first that were seen to be taken, then those that may have been; within each, what can push or
publish before what opens machines, and that before what only reads, as far as names tell. What need not be rotated comes last, with the reason.

A warning is what a campaign's pack says of the step behind it: some campaigns destroy data when a credential is revoked. Nothing here is
tried at a provider: that would be a use.`,
		example: "  pentimento rotate octo-org/octo-repo\n  pentimento rotate --json | jq '.rotate[] | select(.kind == \"revoke\")'",
		queries: []string{"rotate"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("#", "place", unknown), plain("STEP", "kind", unknown), plain("WHAT", "what", unknown),
			plain("CREDENTIAL", "credential", nothing), plain("EXECUTION", "execution", nothing), plain("REASON", "reason", nothing),
		},
		schema: "pentimento/rotate/v1", key: "rotate", document: rotateDocument,
	})
}

// lineJSON is one row of pentimento/rotate/v1. Place counts from 1 within a repository. Secret and credential are null where a line is about none.
type lineJSON struct {
	Repository string   `json:"repository"`
	Place      int      `json:"place"`
	Kind       string   `json:"kind"` // warning, revoke, remove, check, left-out
	Secret     *string  `json:"secret"`
	Credential *string  `json:"credential"`
	Execution  *string  `json:"execution"`
	What       string   `json:"what"`
	Reason     *string  `json:"reason"`
	Windows    []string `json:"windows"`
	Evidence   []string `json:"evidence"`
}

func rotateDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := exposure.StoredRotation(ctx, c)
	var out []lineJSON
	for _, l := range stored {
		if in.has(l.Repository) {
			out = append(out, lineJSON{Repository: string(l.Repository), Place: l.Place, Kind: l.Kind, Secret: nullable(l.Secret), Credential: nullable(l.Credential),
				Execution: nullable(l.Ladder), What: l.What, Reason: nullable(l.Reason), Windows: present(l.Windows), Evidence: present(l.Evidence)})
		}
	}
	return out, nil, err
}
