package casefile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/tokens"
)

// usedCredential is one that uses name, with the id of its word.
type usedCredential struct {
	ref tokens.Ref
	id  int64
}

// usedCredentials lists every credential that uses name, by name. Each takes one look at the index, which goes over a whole stretch of the table.
func (c *Case) usedCredentials(ctx context.Context) ([]usedCredential, error) {
	var out []usedCredential
	err := c.each(ctx, `WITH RECURSIVE step (id) AS (SELECT min(credential) FROM use WHERE credential > 0
		UNION ALL SELECT (SELECT min(u.credential) FROM use u WHERE u.credential > step.id) FROM step WHERE step.id IS NOT NULL)
		SELECT w.text, step.id FROM step JOIN word w ON w.id = step.id`, nil, func(scan func(...any) error) error {
		var x usedCredential
		err := scan(&x.ref, &x.id)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the credentials of uses: %w", err)
	}
	slices.SortFunc(out, func(a, b usedCredential) int { return strings.Compare(string(a.ref), string(b.ref)) })
	return out, nil
}

// UsedCredentials lists every credential that uses name, by name.
func (c *Case) UsedCredentials(ctx context.Context) ([]tokens.Ref, error) {
	list, err := c.usedCredentials(ctx)
	var out []tokens.Ref
	for _, x := range list {
		out = append(out, x.ref)
	}
	return out, err
}
