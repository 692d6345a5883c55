package casefile

import (
	"context"
	"fmt"

	"pentimento/internal/tokens"
)

// UsedCredentials lists every credential that uses name, in no order. It takes one look at the index for each.
func (c *Case) UsedCredentials(ctx context.Context) ([]tokens.Ref, error) {
	var out []tokens.Ref
	err := c.each(ctx, `WITH RECURSIVE step (id) AS (SELECT min(credential) FROM use WHERE credential > 0
		UNION ALL SELECT (SELECT min(u.credential) FROM use u WHERE u.credential > step.id) FROM step WHERE step.id IS NOT NULL)
		SELECT w.text FROM step JOIN word w ON w.id = step.id`, nil, func(scan func(...any) error) error {
		var ref tokens.Ref
		err := scan(&ref)
		out = append(out, ref)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the credentials of uses: %w", err)
	}
	return out, nil
}
