package casefile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Field is one named value of a fact.
type Field struct{ Name, Value string }

// Item is what stands behind an evidence id.
type Item struct {
	ID     string
	Kind   string // "ref update", "commit", "run", ...
	Fields []Field
	Source string   // id of the answer that told it; empty for an answer itself, for declarations and for inferences
	Answer *Answer  // for an answer, a workflow text and a pack: what came
	Seen   []string // for an answer: the times at which it came, RFC 3339
}

// Answer is a stored answer of a source, or a stored workflow text, whose Digest is empty: its object name is one.
type Answer struct {
	Digest, StoredDigest string
	Redactions           int
	Body                 []byte
}

// ErrNoEvidence is returned for an id that names nothing in the case.
var ErrNoEvidence = errors.New("no such evidence in this case")

// evidenceTables maps the prefix of an id to its table and what to call a row of it. The names are ours, never a user's.
var evidenceTables = map[string]struct{ table, key, kind string }{
	"src":  {"source", "id", "answer of a source"},
	"upd":  {"ref_update", "id", "ref update"},
	"cmt":  {"commit_object", "oid", "commit"},
	"blob": {"workflow_blob", "oid", "text of a workflow file"},
	"run":  {"run", "id", "run attempt"},
	"job":  {"job", "id", "job"},
	"rep":  {"repository_state", "id", "repository as the API told it"},
	"sgt":  {"sighting", "id", "sighting of a ref"},
	"chk":  {"signature_check", "id", "signature check"},
	"sec":  {"secret_record", "id", "record of a secret"},
	"acc":  {"access_grant", "id", "way into the repository"},
	"frk":  {"fork", "id", "fork"},
	"log":  {"run_log", "id", "log of a job"},
	"els":  {"elsewhere", "id", "push in a repository that is not in the case"},
	"hour": {"archive_hour", "id", "hour of an archive"},
	"gap":  {"current_gap", "id", "gap"},
	"dec":  {"declaration", "id", "declaration"},
	"pack": {"pack", "name", "campaign pack"},
	"pre":  {"presence", "id", "presence (an inference)"},
	"opp":  {"opportunity", "id", "opportunity (an inference)"},
	"fam":  {"family", "id", "family of versions (an inference)"},
	"win":  {"exposure_window", "id", "exposure window (an inference)"},
	"use":  {"use", "key", "use of a credential"},
	"crd":  {"credential_record", "id", "row of an inventory of credentials"},
	"cev":  {"credential_event", "id", "step in the life of a credential"},
	"lst":  {"credential_listing", "id", "inventory of credentials"},
	"cov":  {"log_coverage", "id", "coverage of a log"},
	"rel":  {"release_record", "id", "release as a registry told it"},
	"map":  {"secret_mapping", "id", "mapping of a secret"},
	"cto":  {"contact", "id", "contact"},
	"net":  {"network_range", "id", "range of addresses"},
}

// Evidence looks an id up.
func (c *Case) Evidence(ctx context.Context, id string) (Item, error) {
	prefix, rest, _ := strings.Cut(id, "-")
	t, ok := evidenceTables[prefix]
	if !ok {
		return Item{}, fmt.Errorf("evidence %s: %w", id, ErrNoEvidence)
	}
	value := id
	if prefix == "cmt" || prefix == "blob" || prefix == "pack" {
		value = rest
	}
	item := Item{ID: id, Kind: t.kind}
	found, err := false, error(nil)
	if prefix == "use" {
		found, err = c.useFact(ctx, &item, rest)
	} else {
		found, err = c.fact(ctx, &item, t.table, t.key, value)
	}
	if err == nil && !found && prefix == "cmt" {
		found, err = c.fromBlock(ctx, &item, value)
	}
	if err == nil && !found {
		err = ErrNoEvidence
	}
	if err == nil {
		err = c.complete(ctx, &item, prefix, value)
	}
	if err != nil {
		return Item{}, fmt.Errorf("evidence %s: %w", id, err)
	}
	return item, nil
}

// fact reads one row as it stands. The names of table and key are ours.
func (c *Case) fact(ctx context.Context, item *Item, table, key, value string) (found bool, err error) {
	all, err := c.rowFields(ctx, "SELECT * FROM "+table+" WHERE "+key+" = ?", value)
	if err != nil || len(all) == 0 {
		return false, err
	}
	item.Fields = all[len(all)-1]
	return true, nil
}

// rowFields gives each row of a query with the names of its columns; NULL is empty.
func (c *Case) rowFields(ctx context.Context, query string, args ...any) (all [][]Field, err error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var names []string
	err = printRows(rows, func(columns []string) error { names = columns; return nil }, func(values []*string) error {
		fields := make([]Field, len(names))
		for i, v := range values {
			fields[i].Name = names[i]
			if v != nil {
				fields[i].Value = *v
			}
		}
		all = append(all, fields)
		return nil
	})
	return all, err
}

// complete turns a raw row into what a person wants to see: the repository's name, an answer's body and times, a commit's source.
func (c *Case) complete(ctx context.Context, item *Item, prefix, key string) error {
	if importedKinds[prefix] {
		return c.imported(ctx, item)
	}
	for i, f := range item.Fields {
		if f.Name != "repository" {
			continue
		}
		if err := c.db.QueryRowContext(ctx, "SELECT name FROM repository WHERE id = ?", f.Value).Scan(&item.Fields[i].Value); err != nil {
			return err
		}
	}
	switch prefix {
	case "src":
		return c.answer(ctx, item)
	case "blob":
		return c.workflowText(ctx, item, key)
	case "pack":
		return c.ofPack(ctx, item, key)
	case "cmt":
		return c.commitSource(ctx, item, key)
	}
	if i := slices.IndexFunc(item.Fields, func(f Field) bool { return f.Name == "source" }); i >= 0 {
		item.Source = item.Fields[i].Value
		item.Fields = slices.Delete(item.Fields, i, i+1)
	}
	return nil
}

func (c *Case) answer(ctx context.Context, item *Item) error {
	item.Fields = slices.DeleteFunc(item.Fields, func(f Field) bool {
		return f.Name == "body" || f.Name == "sha256" || f.Name == "stored_sha256" || f.Name == "redactions"
	})
	a, blob := &Answer{}, []byte(nil)
	err := c.db.QueryRowContext(ctx, "SELECT sha256, stored_sha256, redactions, body FROM source WHERE id = ?", item.ID).
		Scan(&a.Digest, &a.StoredDigest, &a.Redactions, &blob)
	if err != nil {
		return err
	}
	if a.Body, err = c.codec.unpack(blob); err != nil {
		return err
	}
	item.Answer = a
	return c.each(ctx, "SELECT DISTINCT at FROM source_seen WHERE source = ? ORDER BY at", []any{item.ID}, func(scan func(...any) error) error {
		var at string
		if err := scan(&at); err != nil {
			return err
		}
		item.Seen = append(item.Seen, at)
		return nil
	})
}

// workflowText adds the stored text and where repositories hold it.
func (c *Case) workflowText(ctx context.Context, item *Item, oid string) error {
	item.Fields = slices.DeleteFunc(item.Fields, func(f Field) bool { return f.Name != "oid" && f.Name != "size" })
	a, blob := &Answer{}, []byte(nil)
	err := c.db.QueryRowContext(ctx, "SELECT stored_sha256, redactions, text FROM workflow_blob WHERE oid = ?", oid).
		Scan(&a.StoredDigest, &a.Redactions, &blob)
	if err != nil {
		return err
	}
	if a.Body, err = c.codec.unpack(blob); err != nil {
		return err
	}
	item.Answer = a
	var held []string
	err = c.each(ctx, `SELECT DISTINCT r.name, e.path FROM workflow_file e JOIN repository r ON r.id = e.repository
		WHERE e.blob = ? ORDER BY r.key, e.path`, []any{oid}, func(scan func(...any) error) error {
		var repo, path string
		err := scan(&repo, &path)
		held = append(held, repo+" "+path)
		return err
	})
	item.Fields = append(item.Fields, Field{Name: "held by", Value: strings.Join(held, ", ")})
	return err
}

// ofPack adds the text of a pack. It is kept as it was given: the second digest is the first.
func (c *Case) ofPack(ctx context.Context, item *Item, name string) error {
	item.Fields = slices.DeleteFunc(item.Fields, func(f Field) bool { return f.Name != "name" })
	a := &Answer{}
	item.Answer = a
	if err := c.db.QueryRowContext(ctx, "SELECT sha256, text FROM pack WHERE name = ?", name).Scan(&a.Digest, &a.Body); err != nil {
		return err
	}
	a.StoredDigest = a.Digest
	return nil
}

// Packs calls f for the packs in scope, by name.
func (c *Case) Packs(ctx context.Context, f func(name string, text []byte) error) error {
	err := c.each(ctx, "SELECT name, text FROM pack ORDER BY name", nil, func(scan func(...any) error) error {
		var name string
		var text []byte
		if err := scan(&name, &text); err != nil {
			return err
		}
		return f(name, text)
	})
	if err != nil {
		return fmt.Errorf("read packs: %w", err)
	}
	return nil
}
