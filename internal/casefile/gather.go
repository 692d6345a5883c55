package casefile

import (
	"context"
	"fmt"

	"pentimento/internal/evidence"
)

// gather moves the commits that nothing names by themselves from an observation's single commits into a bulk, as far as the repository's
// blocks do not have them: where a history comes in pieces, the pieces of another time are cut elsewhere.
func (c *Case) gather(ctx context.Context, obs evidence.Observation) (evidence.Observation, error) {
	via := map[evidence.OID]string{}
	var seen []evidence.CommitSeen
	for _, s := range obs.Seen {
		if len(s.NamedBy) > 0 {
			seen = append(seen, s)
			continue
		}
		via[s.Commit] = s.Via
	}
	holdings := make(map[evidence.OID]evidence.Holding, len(obs.Holdings))
	for _, h := range obs.Holdings {
		holdings[h.Commit] = h
	}
	bulk := &evidence.Bulk{}
	var have *evidence.History
	var single []evidence.Commit
	for _, k := range obs.Commits {
		said, unnamed := via[k.OID]
		if !unnamed || bulk.Len() > 0 && said != bulk.Via {
			single = append(single, k)
			continue
		}
		delete(via, k.OID)
		if have == nil {
			var err error
			if have, err = c.stored(ctx, obs.Repository); err != nil {
				return obs, err
			}
		}
		h := holdings[k.OID]
		if n, ok := have.Had(k.OID); ok && (have.FolderOf(n) != evidence.UnknownFolder || !h.Known) {
			continue
		}
		bulk.Via = said
		bulk.AddFacts(k, h)
		delete(holdings, k.OID)
	}
	for _, s := range obs.Seen { // of commits that stay single
		if said, left := via[s.Commit]; left && said == s.Via && len(s.NamedBy) == 0 {
			seen = append(seen, s)
		}
	}
	obs.Commits, obs.Seen = single, seen
	if bulk.Len() > 0 {
		obs.Bulks = append(obs.Bulks[:len(obs.Bulks):len(obs.Bulks)], bulk)
	}
	return obs, nil
}

// stored is the history that a repository's blocks hold, without any files.
func (c *Case) stored(ctx context.Context, repo evidence.Repository) (*evidence.History, error) {
	var columns evidence.Columns
	err := c.each(ctx, `SELECT b.graph FROM commit_block b JOIN commit_block_seen s ON s.block = b.id JOIN repository r ON r.id = s.repository
		WHERE r.key = ?`, []any{repo.Key()}, func(scan func(...any) error) error {
		var graph []byte
		if err := scan(&graph); err != nil {
			return err
		}
		_, err := readGraph(graph, &columns)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("commits that the case has: %w", err)
	}
	return evidence.JoinHistory(columns, nil, nil, nil), nil
}
