package casefile

import (
	"context"
	"database/sql"

	"pentimento/internal/evidence"
)

// verifyHistory checks that blocks of commits bear the name that their graph gives them and that their detail can be read, and the same of
// workflow trees.
func (c *Case) verifyHistory(ctx context.Context, v *Verification) error {
	err := c.each(ctx, "SELECT id, graph, detail FROM commit_block ORDER BY id", nil, func(scan func(...any) error) error {
		var id string
		var graph, packed sql.RawBytes
		if err := scan(&id, &graph, &packed); err != nil {
			return err
		}
		if name := blockID(graph); name != id {
			v.fault("block of commits", id, "the graph is that of %s", name)
		}
		var columns evidence.Columns
		flags, err := readGraph(graph, &columns)
		var text []byte
		if err == nil {
			text, err = c.codec.unpack(packed)
		}
		if err == nil {
			_, err = readDetails(text, flags)
		}
		if err != nil {
			v.fault("block of commits", id, "%v", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.each(ctx, "SELECT id, body FROM workflow_folder ORDER BY id", nil, func(scan func(...any) error) error {
		var id string
		var body sql.RawBytes
		if err := scan(&id, &body); err != nil {
			return err
		}
		if name := digest(body)[:folderName]; name != id {
			v.fault("workflow trees", id, "the stored trees have the SHA-256 %s...", name)
		}
		return nil
	})
}
