package gitremote

import (
	"context"
	"errors"
	"fmt"

	"pentimento/internal/evidence"
)

// Missing tells which of the ids are not commits in the local store, in the order given. What Mirror read is not in that store.
func (c *Collector) Missing(ctx context.Context, repo evidence.Repository, oids []evidence.OID) ([]evidence.OID, error) {
	exists, err := c.hasStore(repo)
	if err != nil {
		return nil, fmt.Errorf("look into the store of %s: %w", repo, err)
	}
	if !exists {
		return oids, nil
	}
	st, err := c.openStore(repo)
	if err != nil {
		return nil, fmt.Errorf("look into the store of %s: %w", repo, err)
	}
	defer st.close()
	var missing []evidence.OID
	for _, oid := range oids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := st.commitBehind(hashOf(oid)); errors.Is(err, errNoObject) {
			missing = append(missing, oid)
		} else if err != nil {
			return nil, fmt.Errorf("look into the store of %s: %w", repo, err)
		}
	}
	return missing, nil
}
