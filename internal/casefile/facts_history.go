package casefile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

func (c *Case) loadHistory(ctx context.Context, f *Facts) error {
	b, err := c.loadBlocks(ctx, f.ID)
	if err != nil {
		return fmt.Errorf("blocks of commits: %w", err)
	}
	commits, err := c.namedCommits(ctx, f.ID)
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
		return fmt.Errorf("workflow trees: %w", err)
	}
	f.History = evidence.JoinHistory(b.columns, commits, holdings, entries)
	return nil
}

func (c *Case) namedCommits(ctx context.Context, repository int64) (commits []evidence.Commit, err error) {
	err = c.each(ctx, `SELECT c.oid, c.tree, c.parents, c.author_name, c.author_email, c.author_date, c.author_zone, c.committer_name,
		c.committer_email, c.committer_date, c.committer_zone, c.message, c.signed FROM named_commit c
		WHERE c.oid IN (SELECT oid FROM commit_seen WHERE repository = ?)`, []any{repository}, func(scan func(...any) error) error {
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
	return commits, err
}

// blocks are the blocks of a repository: the graphs as columns, and where the rest of a commit is to be had.
type blocks struct {
	ctx     context.Context // of the facts: commits are read as long as those are worked on
	file    *Case
	columns evidence.Columns
	ids     []string
	first   []int    // row of the first commit of each
	flags   [][]byte // of each
	open    []openBlock
}

// openBlock is a block whose detail was read.
type openBlock struct {
	block   int
	details details
}

// maxOpenBlocks bounds how many are kept open: some megabytes each at most, and what is asked one after the other mostly stands together.
const maxOpenBlocks = 24

func (c *Case) loadBlocks(ctx context.Context, repository int64) (*blocks, error) {
	b := &blocks{ctx: ctx, file: c}
	err := c.each(ctx, `SELECT id, graph FROM commit_block WHERE id IN (SELECT block FROM commit_block_seen WHERE repository = ?) ORDER BY id`,
		[]any{repository}, func(scan func(...any) error) error {
			var id string
			var graph []byte
			if err := scan(&id, &graph); err != nil {
				return err
			}
			first := b.columns.Len()
			flags, err := readGraph(graph, &b.columns)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			b.ids, b.first, b.flags = append(b.ids, id), append(b.first, first), append(b.flags, flags)
			return nil
		})
	if err != nil {
		return nil, err
	}
	own := b.columns // its slices do not grow in place: what is added for a history stands behind
	b.columns.Commit = func(row int) (evidence.Commit, error) { return b.commit(&own, row) }
	return b, nil
}

// commit reads a whole commit.
func (b *blocks) commit(columns *evidence.Columns, row int) (evidence.Commit, error) {
	at, found := slices.BinarySearch(b.first, row)
	if !found {
		at--
	}
	d, err := b.details(at)
	var x evidence.BulkCommit
	if err == nil {
		x, err = d.read(row-b.first[at], columns.Committed[row])
	}
	if err != nil {
		return evidence.Commit{}, fmt.Errorf("read commit %s: %w", columns.OIDs[row].OID(), err)
	}
	x.OID, x.Tree = columns.OIDs[row], columns.Trees[row]
	for _, p := range columns.Parents[columns.ParentAt[row]:columns.ParentAt[row+1]] {
		if p >= 0 {
			x.Parents = append(x.Parents, columns.OIDs[p])
		} else {
			x.Parents = append(x.Parents, columns.Others[-p-1])
		}
	}
	return x.Commit(), nil
}

// details opens a block, or finds it open. The one that was opened longest ago makes room.
func (b *blocks) details(at int) (details, error) {
	for _, o := range b.open {
		if o.block == at {
			return o.details, nil
		}
	}
	var packed []byte
	if err := b.file.db.QueryRowContext(b.ctx, "SELECT detail FROM commit_block WHERE id = ?", b.ids[at]).Scan(&packed); err != nil {
		return details{}, err
	}
	text, err := b.file.codec.unpack(packed)
	if err != nil {
		return details{}, err
	}
	d, err := readDetails(text, b.flags[at])
	if err != nil {
		return details{}, err
	}
	if len(b.open) == maxOpenBlocks {
		b.open = slices.Delete(b.open, 0, 1)
	}
	b.open = append(b.open, openBlock{at, d})
	return d, nil
}

func (c *Case) loadRedacted(ctx context.Context, f *Facts) error {
	return c.each(ctx, `SELECT oid FROM workflow_blob WHERE redactions > 0 AND oid IN (SELECT blob FROM workflow_file WHERE repository = ?) ORDER BY oid`,
		[]any{f.ID}, func(scan func(...any) error) error {
			var oid evidence.OID
			err := scan(&oid)
			f.Redacted = append(f.Redacted, oid)
			return err
		})
}

func (c *Case) loadReadmes(ctx context.Context, f *Facts) error {
	return c.each(ctx, "SELECT oid, path, before, after, added, cut FROM readme_change WHERE repository = ? ORDER BY oid, path", []any{f.ID},
		func(scan func(...any) error) error {
			var r evidence.ReadmeChange
			var added string
			if err := scan(&r.Commit, &r.Path, &r.Before, &r.After, &added, &r.Cut); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(added), &r.Added)
			f.Readmes = append(f.Readmes, r)
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
	return c.each(ctx, `SELECT DISTINCT e.blob FROM workflow_file e WHERE e.repository = ? AND NOT EXISTS (SELECT 1 FROM workflow_blob b WHERE b.oid = e.blob)`,
		[]any{f.ID}, func(scan func(...any) error) error {
			var blob evidence.OID
			err := scan(&blob)
			f.Textless[blob] = true
			return err
		})
}
