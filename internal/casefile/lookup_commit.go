package casefile

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"pentimento/internal/evidence"
)

// fromBlock looks a commit up that stands in a block.
func (c *Case) fromBlock(ctx context.Context, item *Item, oid string) (found bool, err error) {
	k, _, err := c.blockCommit(ctx, evidence.OID(oid))
	if err != nil || k.OID == "" {
		return false, err
	}
	signed := "0"
	if k.Signed {
		signed = "1"
	}
	item.Fields = []Field{{"oid", oid}, {"tree", string(k.Tree)}, {"parents", parentText(k)}, {"author_name", k.Author.Name},
		{"author_email", k.Author.Email}, {"author_date", evidence.Stamp(k.Author.Date)}, {"author_zone", k.Author.Zone},
		{"committer_name", k.Committer.Name}, {"committer_email", k.Committer.Email}, {"committer_date", evidence.Stamp(k.Committer.Date)},
		{"committer_zone", k.Committer.Zone}, {"message", k.Message}, {"signed", signed}}
	return true, nil
}

// errStop ends a search.
var errStop = errors.New("found")

// blockCommit reads a commit out of the blocks of the case, with the block that has it; the zero Commit where none does.
func (c *Case) blockCommit(ctx context.Context, oid evidence.OID) (k evidence.Commit, id string, err error) {
	want := oid.Hash()
	err = c.each(ctx, "SELECT id, graph FROM commit_block ORDER BY id", nil, func(scan func(...any) error) error {
		var graph sql.RawBytes
		if err := scan(&id, &graph); err != nil {
			return err
		}
		if graphHas(graph, want) {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		return evidence.Commit{}, "", err
	}
	b := &blocks{ctx: ctx, file: c}
	var graph []byte
	if err := c.db.QueryRowContext(ctx, "SELECT graph FROM commit_block WHERE id = ?", id).Scan(&graph); err != nil {
		return evidence.Commit{}, "", err
	}
	flags, err := readGraph(graph, &b.columns)
	if err != nil {
		return evidence.Commit{}, "", err
	}
	b.ids, b.first, b.flags = []string{id}, []int{0}, [][]byte{flags}
	k, err = b.commit(&b.columns, slices.Index(b.columns.OIDs, want))
	return k, id, err
}

// graphHas looks through the names of a block.
func graphHas(graph []byte, want evidence.Hash) bool {
	r := &cursor{rest: graph}
	r.take(1)
	for names := r.take(20 * r.count(45)); len(names) > 0; names = names[20:] {
		if evidence.Hash(names[:20]) == want {
			return true
		}
	}
	return false
}

// commitSource finds the answer that told a commit.
func (c *Case) commitSource(ctx context.Context, item *Item, oid string) error {
	err := c.db.QueryRowContext(ctx, "SELECT source FROM commit_seen WHERE oid = ? AND source <> '' ORDER BY source LIMIT 1", oid).Scan(&item.Source)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, block, err := c.blockCommit(ctx, evidence.OID(oid))
	if err != nil || block == "" {
		return err
	}
	err = c.db.QueryRowContext(ctx, "SELECT source FROM commit_block_seen WHERE block = ? AND source <> '' ORDER BY source LIMIT 1", block).Scan(&item.Source)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
