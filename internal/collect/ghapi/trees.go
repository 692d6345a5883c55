package ghapi

import (
	"context"
	"crypto/sha1" // git names objects so
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
)

type treeRow struct {
	SHA       string      `json:"sha"`
	Entries   []treeEntry `json:"tree"`
	Truncated bool        `json:"truncated"`
}

type treeEntry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"`
	SHA  string `json:"sha"`
	Size int64  `json:"size"`
}

// holding follows a commit's tree to .github/workflows and compares its root with the first parent's. What cannot be had on the way
// leaves a gap, and a holding that says nothing.
func (o objects) holding(ctx context.Context, obs *evidence.Observation, c evidence.Commit) error {
	h := evidence.Holding{Commit: c.OID}
	root, ok, err := o.tree(ctx, obs, c.Tree)
	if err != nil {
		return err
	}
	if ok {
		if h.Workflows, h.Known, err = o.workflows(ctx, obs, root); err != nil {
			return err
		}
		if h.RootChanges, err = o.rootChanges(ctx, obs, c, root); err != nil {
			return err
		}
	}
	obs.Holdings = append(obs.Holdings, h)
	return nil
}

// workflows gives the .github/workflows tree below a root, empty for none; known is false where a tree on the way could not be had.
func (o objects) workflows(ctx context.Context, obs *evidence.Observation, root map[string]treeEntry) (id evidence.OID, known bool, err error) {
	at := root
	for _, name := range []string{".github", "workflows"} {
		e, ok := at[name]
		if !ok || e.Type != "tree" {
			return "", true, nil
		}
		id = evidence.OID(e.SHA)
		if at, ok, err = o.tree(ctx, obs, id); err != nil || !ok {
			return "", false, err
		}
	}
	files := 0
	for _, name := range names(at) {
		e := at[name]
		if e.Type != "blob" || !(strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")) {
			continue // GitHub reads no other files
		}
		obs.Entries = append(obs.Entries, evidence.WorkflowEntry{Tree: id, Path: ".github/workflows/" + name, Blob: evidence.OID(e.SHA), Mode: e.Mode})
		files++
		if err := o.blob(ctx, obs, e); err != nil {
			return id, true, err
		}
	}
	if files == 0 { // a folder that holds no workflow is none
		return "", true, nil
	}
	return id, true, nil
}

// rootChanges names the root entries that differ from the first parent's; all of them for a commit without parents.
func (o objects) rootChanges(ctx context.Context, obs *evidence.Observation, c evidence.Commit, root map[string]treeEntry) ([]string, error) {
	var before map[string]treeEntry
	if len(c.Parents) > 0 {
		parent, _, refusal, err := o.commit(ctx, obs, c.Parents[0])
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			obs.Gaps = append(obs.Gaps, unseen(c.Parents[0], "the first parent of "+c.OID.Short(), refusal))
			return nil, nil
		}
		var ok bool
		if before, ok, err = o.tree(ctx, obs, parent.Tree); err != nil || !ok {
			return nil, err
		}
	}
	var changed []string
	for name, e := range root {
		if was, ok := before[name]; !ok || was.SHA != e.SHA || was.Mode != e.Mode {
			changed = append(changed, name)
		}
	}
	for name := range before {
		if _, ok := root[name]; !ok {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed[:min(len(changed), evidence.MaxRootChanges)], nil
}

// unseen is the gap of an object on the way to a commit's workflows.
func unseen(id evidence.OID, what string, r *refusal) evidence.Gap {
	kind := r.kind
	if kind == evidence.GapUnsupported {
		kind = evidence.GapObjectMissing
	}
	return evidence.Gap{Kind: kind, Subject: string(id), Detail: what + ": " + r.detail, Hint: r.hint}
}

// tree gives the entries of one tree by name; ok is false, with a gap, where they could not be had whole.
func (o objects) tree(ctx context.Context, obs *evidence.Observation, id evidence.OID) (entries map[string]treeEntry, ok bool, err error) {
	if entries, ok := o.trees[id]; ok {
		return entries, true, nil
	}
	refusal, err := o.get(ctx, obs, "trees", id, func(body []byte) error {
		var row treeRow
		if err := json.Unmarshal(body, &row); err != nil {
			return err
		}
		var bad error
		entries, bad = row.entries(id)
		return bad
	})
	if err != nil {
		return nil, false, err
	}
	if refusal != nil {
		obs.Gaps = append(obs.Gaps, unseen(id, "a tree", refusal))
		return nil, false, nil
	}
	o.trees[id] = entries
	return entries, true, nil
}

// errTruncated is an answer that will be no better next time.
var errTruncated = errors.New("the tree is too large to be listed whole")

func (r treeRow) entries(id evidence.OID) (map[string]treeEntry, error) {
	switch {
	case !strings.EqualFold(r.SHA, string(id)):
		return nil, errors.New("it is not the tree asked for")
	case r.Truncated || len(r.Entries) > maxTreeEntries:
		return nil, errTruncated
	}
	out := make(map[string]treeEntry, len(r.Entries))
	for _, e := range r.Entries {
		sha, err := evidence.ParseOID(e.SHA)
		if err != nil {
			return nil, err
		}
		if e.Path == "" || strings.ContainsAny(e.Path, "/\x00") {
			return nil, fmt.Errorf("%q is no name of a tree entry", e.Path)
		}
		if err := plain(e.Path, e.Mode); err != nil {
			return nil, err
		}
		e.SHA = string(sha)
		if _, twice := out[e.Path]; twice {
			return nil, fmt.Errorf("%q stands in the tree twice", e.Path)
		}
		out[e.Path] = e
	}
	return out, nil
}

func names(tree map[string]treeEntry) []string {
	out := make([]string, 0, len(tree))
	for n := range tree {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// blob gets the text of one workflow file, once, and checks it against its name: the API is believed no more than a pack is.
func (o objects) blob(ctx context.Context, obs *evidence.Observation, e treeEntry) error {
	id := evidence.OID(e.SHA)
	if o.blobs[id] {
		return nil
	}
	if e.Size > maxWorkflow {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapRefused, Subject: string(id),
			Detail: fmt.Sprintf("a workflow file of %d bytes; GitHub runs none that large", e.Size)})
		return nil
	}
	var text []byte
	refusal, err := o.get(ctx, obs, "blobs", id, func(body []byte) (err error) {
		var row struct {
			Content  string `json:"content"`
			Encoding string `json:"encoding"`
		}
		if err := json.Unmarshal(body, &row); err != nil {
			return err
		}
		text, err = decodeBlob(id, row.Encoding, row.Content)
		return err
	})
	switch {
	case err != nil:
		return err
	case refusal != nil:
		obs.Gaps = append(obs.Gaps, unseen(id, "a workflow file", refusal))
	default:
		o.blobs[id] = true
		obs.Blobs = append(obs.Blobs, evidence.Blob{OID: id, Text: text})
	}
	return nil
}

// decodeBlob reads the content of a blob answer ("base64" with line breaks, or "utf-8").
func decodeBlob(id evidence.OID, encoding, content string) ([]byte, error) {
	text := []byte(content)
	if encoding == "base64" {
		var err error
		if text, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(content, "\n", "")); err != nil {
			return nil, err
		}
	} else if encoding != "utf-8" {
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	if len(text) > maxWorkflow {
		return nil, fmt.Errorf("a workflow file of %d bytes", len(text))
	}
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	if hex.EncodeToString(sum[:]) != string(id) {
		return nil, errors.New("the text does not have the object name it was asked for by")
	}
	return text, nil
}
