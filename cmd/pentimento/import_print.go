package main

import (
	"context"
	"fmt"
	"strconv"

	"pentimento/internal/casefile"
)

// maxFileRows is how many files people are told one by one: of the thousands in a folder, the formats are told.
const maxFileRows = 40

// importedJSON is one row of pentimento/import/v1: a file. Format and sha256 are null where it was not read.
type importedJSON struct {
	File      string   `json:"file"`
	Kind      string   `json:"kind"`
	Format    *string  `json:"format"`
	State     string   `json:"state"`
	SHA256    *string  `json:"sha256"`
	Bytes     int64    `json:"bytes"`
	Read      int64    `json:"read"`
	Stored    int64    `json:"stored"`
	Duplicate int64    `json:"duplicate"`
	Rejected  int64    `json:"rejected"`
	Passed    int64    `json:"passed"`
	Notes     []string `json:"notes"`
}

func (p *program) printImported(kind string, files []*importedFile, asJSON bool) error {
	if asJSON {
		var rows []importedJSON
		for _, f := range files {
			n := f.counts
			rows = append(rows, importedJSON{File: f.name, Kind: kind, Format: nullable(f.format), State: f.state, SHA256: nullable(f.sha256), Bytes: f.size,
				Read: n.Read, Stored: n.Stored, Duplicate: n.Duplicate, Rejected: n.Rejected, Passed: n.Passed, Notes: present(f.notes)})
		}
		return writeJSON(p.stdout, "pentimento/import/v1", "files", rows)
	}
	counted := []string{"FORMAT", "STATE", "READ", "STORED", "DUPLICATE", "REJECTED", "PASSED"}
	if len(files) > maxFileRows {
		return writeTable(p.stdout, append([]string{"FILES"}, counted...), rowsByFormat(files))
	}
	var rows [][]string
	for _, f := range files {
		rows = append(rows, append([]string{f.name}, countsRow(f.format, f.state, f.counts)...))
	}
	return writeTable(p.stdout, append([]string{"FILE"}, counted...), rows)
}

func countsRow(format, state string, n casefile.ImportCounts) []string {
	row := []string{or(format, "-"), state}
	for _, count := range []int64{n.Read, n.Stored, n.Duplicate, n.Rejected, n.Passed} {
		row = append(row, strconv.FormatInt(count, 10))
	}
	return row
}

// rowsByFormat sums the files of each format and state, in the order in which they came.
func rowsByFormat(files []*importedFile) [][]string {
	type group struct{ format, state string }
	sums, sizes := map[group]*casefile.ImportCounts{}, map[group]int{}
	var order []group
	for _, f := range files {
		g := group{f.format, f.state}
		if sums[g] == nil {
			sums[g] = &casefile.ImportCounts{}
			order = append(order, g)
		}
		s := sums[g]
		s.Read, s.Stored, s.Duplicate = s.Read+f.counts.Read, s.Stored+f.counts.Stored, s.Duplicate+f.counts.Duplicate
		s.Rejected, s.Passed = s.Rejected+f.counts.Rejected, s.Passed+f.counts.Passed
		sizes[g]++
	}
	var rows [][]string
	for _, g := range order {
		rows = append(rows, append([]string{strconv.Itoa(sizes[g])}, countsRow(g.format, g.state, *sums[g])...))
	}
	return rows
}

// rejectJSON is one row of pentimento/rejects/v1. Text is the row as far as it is kept, redacted; null where nothing is.
type rejectJSON struct {
	File   string  `json:"file"`
	Line   int64   `json:"line"`
	Reason string  `json:"reason"`
	Text   *string `json:"text"`
}

// listRejects lists the rows that imports kept aside. Of a file with very many, the first are kept; its count tells of all.
func (p *program) listRejects(ctx context.Context, asJSON bool) error {
	return p.withReadCase(ctx, func(c *casefile.Case) error {
		var docs []rejectJSON
		var rows [][]string
		err := c.EachReject(ctx, func(r casefile.RejectedRow) error {
			docs = append(docs, rejectJSON{r.File, r.Line, r.Reason, nullable(r.Text)})
			rows = append(rows, []string{r.File, strconv.FormatInt(r.Line, 10), r.Reason, r.Text})
			return nil
		})
		if err != nil {
			return err
		}
		all, err := c.Imports(ctx)
		if err != nil {
			return err
		}
		rejected := int64(0)
		for _, i := range all {
			rejected += i.Counts.Rejected
			if !i.Finished {
				p.say("%s: its import was ended before its end; the same command goes on", i.Name)
			}
		}
		if left := rejected - int64(len(rows)); left > 0 {
			p.say("%d further row(s) were kept aside, whose text is not kept", left)
		}
		if asJSON {
			return writeJSON(p.stdout, "pentimento/rejects/v1", "rejects", docs)
		}
		if err := writeTable(p.stdout, []string{"FILE", "LINE", "REASON", "TEXT"}, rows); err != nil {
			return fmt.Errorf("list rejected rows: %w", err)
		}
		return nil
	})
}
