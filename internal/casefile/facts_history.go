package casefile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"pentimento/internal/evidence"
)

func (c *Case) loadHistory(ctx context.Context, f *Facts) error {
	var commits []evidence.Commit
	err := c.each(ctx, `SELECT c.oid, c.tree, c.parents, c.author_name, c.author_email, c.author_date, c.author_zone, c.committer_name,
		c.committer_email, c.committer_date, c.committer_zone, c.message, c.signed FROM commit_object c
		WHERE c.oid IN (SELECT oid FROM commit_seen WHERE repository = ?)`, []any{f.ID}, func(scan func(...any) error) error {
		var x evidence.Commit
		var parents, authored, committed string
		err := scan(&x.OID, &x.Tree, &parents, &x.Author.Name, &x.Author.Email, &authored, &x.Author.Zone, &x.Committer.Name, &x.Committer.Email,
			&committed, &x.Committer.Zone, &x.Message, &x.Signed)
		if err != nil {
			return err
		}
		for p := range strings.FieldsSeq(parents) {
			x.Parents = append(x.Parents, evidence.OID(p))
		}
		err = parseStamps(pair{authored, &x.Author.Date}, pair{committed, &x.Committer.Date})
		commits = append(commits, x)
		return err
	})
	if err != nil {
		return fmt.Errorf("commits: %w", err)
	}
	var holdings []evidence.Holding
	err = c.each(ctx, "SELECT oid, workflows, root_changes FROM holding WHERE oid IN (SELECT oid FROM commit_seen WHERE repository = ?)", []any{f.ID},
		func(scan func(...any) error) error {
			h, changes := evidence.Holding{Known: true}, ""
			if err := scan(&h.Commit, &h.Workflows, &changes); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(changes), &h.RootChanges)
			holdings = append(holdings, h)
			return err
		})
	if err != nil {
		return fmt.Errorf("holdings: %w", err)
	}
	entries, err := c.workflowEntries(ctx, f.ID)
	if err != nil {
		return fmt.Errorf("workflow entries: %w", err)
	}
	f.History = evidence.NewHistory(commits, holdings, entries)
	return nil
}

func (c *Case) workflowEntries(ctx context.Context, repository int64) ([]evidence.WorkflowEntry, error) {
	var out []evidence.WorkflowEntry
	err := c.each(ctx, `SELECT tree, path, blob, mode FROM workflow_entry WHERE tree IN (SELECT h.workflows FROM holding h
		WHERE h.oid IN (SELECT oid FROM commit_seen WHERE repository = ?))`, []any{repository}, func(scan func(...any) error) error {
		var e evidence.WorkflowEntry
		if err := scan(&e.Tree, &e.Path, &e.Blob, &e.Mode); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

func (c *Case) loadRedacted(ctx context.Context, f *Facts) error {
	return c.each(ctx, `SELECT oid FROM workflow_blob WHERE redactions > 0 AND oid IN (SELECT blob FROM workflow_entry WHERE tree IN
		(SELECT h.workflows FROM holding h JOIN commit_seen s ON s.oid = h.oid WHERE s.repository = ?)) ORDER BY oid`, []any{f.ID},
		func(scan func(...any) error) error {
			var oid evidence.OID
			err := scan(&oid)
			f.Redacted = append(f.Redacted, oid)
			return err
		})
}

func (c *Case) loadSeen(ctx context.Context, f *Facts) error {
	return c.each(ctx, "SELECT oid, via, named_by FROM commit_seen WHERE repository = ? ORDER BY oid, via, named_by", []any{f.ID}, func(scan func(...any) error) error {
		var s evidence.CommitSeen
		var named string
		if err := scan(&s.Commit, &s.Via, &named); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(named), &s.NamedBy); err != nil {
			return err
		}
		f.Seen[s.Commit] = append(f.Seen[s.Commit], s)
		return nil
	})
}

func (c *Case) loadTextless(ctx context.Context, f *Facts) error {
	f.Textless = map[evidence.OID]bool{}
	return c.each(ctx, `SELECT DISTINCT e.blob FROM workflow_entry e WHERE e.tree IN (SELECT h.workflows FROM holding h
		WHERE h.oid IN (SELECT oid FROM commit_seen WHERE repository = ?)) AND NOT EXISTS (SELECT 1 FROM workflow_blob b WHERE b.oid = e.blob)`,
		[]any{f.ID}, func(scan func(...any) error) error {
			var blob evidence.OID
			err := scan(&blob)
			f.Textless[blob] = true
			return err
		})
}
