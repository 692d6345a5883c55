package casefile

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Workflow trees differ from each other by a file or two, so they are stored many together: the number of files and of each its mode, path
// and blob; the number of trees and of each its name, how many files it holds, and which, each as the distance from the one before.

// fileOf is an entry without its tree.
type fileOf struct {
	path, mode string
	blob       evidence.OID
}

func (f fileOf) compare(g fileOf) int {
	if n := strings.Compare(f.path, g.path); n != 0 {
		return n
	}
	if n := strings.Compare(string(f.blob), string(g.blob)); n != 0 {
		return n
	}
	return strings.Compare(f.mode, g.mode)
}

// packFolders gives the files of some workflow trees and the trees as they are stored; nil for no trees.
func packFolders(entries []evidence.WorkflowEntry) (files []fileOf, body []byte) {
	trees := map[evidence.OID][]fileOf{}
	known := map[fileOf]int{}
	for _, e := range entries {
		f := fileOf{tokens.Redacted(e.Path), tokens.Redacted(e.Mode), e.Blob}
		trees[e.Tree] = append(trees[e.Tree], f)
		if _, ok := known[f]; !ok {
			known[f] = 0
			files = append(files, f)
		}
	}
	if len(trees) == 0 {
		return nil, nil
	}
	slices.SortFunc(files, fileOf.compare)
	body = binary.AppendUvarint(nil, uint64(len(files)))
	for i, f := range files {
		known[f] = i
		blob := f.blob.Hash()
		body = append(appendText(appendText(body, []byte(f.mode)), []byte(f.path)), blob[:]...)
	}
	names := make([]evidence.OID, 0, len(trees))
	for name := range trees {
		names = append(names, name)
	}
	slices.Sort(names)
	body = binary.AppendUvarint(body, uint64(len(names)))
	var at []int
	for _, name := range names {
		at = at[:0]
		for _, f := range trees[name] {
			at = append(at, known[f])
		}
		slices.Sort(at)
		at = slices.Compact(at)
		tree, last := name.Hash(), 0
		body = binary.AppendUvarint(append(body, tree[:]...), uint64(len(at)))
		for _, i := range at {
			body = binary.AppendUvarint(body, uint64(i-last))
			last = i
		}
	}
	return files, body
}

// readFoldersOf calls f for every tree that is stored in a body, with its files by path.
func readFoldersOf(body []byte, f func(tree evidence.OID, files []evidence.WorkflowEntry)) error {
	r := &cursor{rest: body}
	files := make([]evidence.WorkflowEntry, r.count(22))
	for i := range files {
		files[i].Mode, files[i].Path = string(r.take(r.count(1))), string(r.take(r.count(1)))
		files[i].Blob = r.hash().OID()
	}
	for range r.count(21) {
		tree, at := r.hash().OID(), uint64(0)
		entries := make([]evidence.WorkflowEntry, 0, r.count(1))
		for range cap(entries) {
			if at += r.uvarint(); at >= uint64(len(files)) {
				r.bad = true
				break
			}
			e := files[at]
			e.Tree = tree
			entries = append(entries, e)
		}
		if r.bad {
			break
		}
		f(tree, entries)
	}
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("%w: workflow trees", errBlock)
	}
	return nil
}

// folderName is how many digits of its digest name a body of workflow trees.
const folderName = 16

// folders writes the workflow trees of an observation that the repository's own are not yet among.
func (a *appender) folders(obs evidence.Observation) error {
	if len(obs.Entries) == 0 {
		return nil
	}
	have := map[evidence.OID]bool{}
	rows, err := a.tx.QueryContext(a.ctx, "SELECT body FROM workflow_folder WHERE repository = ?", a.repository)
	if err == nil {
		err = eachRow(rows, func(scan func(...any) error) error {
			var body []byte
			if err := scan(&body); err != nil {
				return err
			}
			return readFoldersOf(body, func(tree evidence.OID, _ []evidence.WorkflowEntry) { have[tree] = true })
		})
	}
	if err != nil {
		return fmt.Errorf("workflow trees: %w", err)
	}
	files, body := packFolders(slices.DeleteFunc(slices.Clone(obs.Entries), func(e evidence.WorkflowEntry) bool { return have[e.Tree] }))
	if body == nil {
		return nil
	}
	if err := a.exec("INSERT OR IGNORE INTO workflow_folder (repository, id, body) VALUES (?, ?, ?)", a.repository, digest(body)[:folderName], body); err != nil {
		return fmt.Errorf("workflow trees: %w", err)
	}
	for _, f := range files {
		err := a.exec("INSERT OR IGNORE INTO workflow_file (repository, blob, path, mode) VALUES (?, ?, ?, ?)", a.repository, string(f.blob), f.path, f.mode)
		if err != nil {
			return fmt.Errorf("workflow file: %w", err)
		}
	}
	return nil
}

// workflowEntries reads the files of every workflow tree of a repository.
func (c *Case) workflowEntries(ctx context.Context, repository int64) (out []evidence.WorkflowEntry, err error) {
	err = c.each(ctx, "SELECT body FROM workflow_folder WHERE repository = ? ORDER BY id", []any{repository}, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		return readFoldersOf(body, func(_ evidence.OID, files []evidence.WorkflowEntry) { out = append(out, files...) })
	})
	return out, err
}
