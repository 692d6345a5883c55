package linkage

import (
	"context"
	"fmt"

	"pentimento/internal/casefile"
	"pentimento/internal/tokens"
)

// Publishing lists which accounts published to which projects, by the uses of credentials that act on all that their owner has and by those of which
// the log names no credential.
func Publishing(ctx context.Context, c *casefile.Case, rows []tokens.Credential) ([]Published, error) {
	refs, wide := []tokens.Ref{""}, false
	for _, r := range rows {
		if r.AccountWide {
			refs, wide = append(refs, r.Ref()), true
		}
	}
	if !wide {
		return nil, nil
	}
	type pair struct {
		provider         tokens.Provider
		account, project string
	}
	told := map[pair]bool{}
	var out []Published
	err := c.EachUse(ctx, casefile.UseFilter{Credentials: refs}, func(u *tokens.Use) error {
		p := pair{u.Provider, u.Account, u.Project}
		if u.Class == tokens.Publish && u.Account != "" && u.Project != "" && u.Outcome != tokens.Failed && !told[p] {
			told[p] = true
			out = append(out, Published{p.provider, p.account, p.project, tokens.UseID(u.Key())})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("who publishes what: %w", err)
	}
	return out, nil
}
