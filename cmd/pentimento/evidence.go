package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
)

// bodyShown is how much of a stored answer is printed beside its facts: enough to recognise it. --body gives the whole.
const bodyShown = 2000

type evidenceOptions struct {
	body, json bool
}

func (p *program) evidenceCommand() *cobra.Command {
	var o evidenceOptions
	cmd := &cobra.Command{
		Use:   "evidence ID...",
		Short: "What stands behind an evidence id",
		Long: `Prints a fact or an inference by its id, then the answer of the source that told it: how it was asked, when it came, its digests, and how it
begins. The first digest is of the body as received, the second of the body as stored: what looked like a token was redacted.

Ids stand in --csv and --json of every table and in timeline. blob- before the object name of a workflow version prints its text, cmt- before
that of a commit the commit, pack- before the name of a campaign pack that pack, with its waves and who tells of them.

Of what import read (use-, crd-, cev-, lst-, cov-, rel-, map-, cto- and net-) it names the file that told it first, with its digest and how many of its rows
were stored, and the windows, verdicts, releases and links that rest on it. The file itself is not kept.

--body writes the stored body of the answer alone, byte by byte, or escaped on a terminal. Packs of git objects are not kept; each object's
own name is its digest. The body of such an answer says which objects were wanted.`,
		Example: "  pentimento evidence upd-0123456789abcdef\n  pentimento evidence src-0123456789abcdef --body | jq .",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return p.evidence(cmd.Context(), o, args) },
	}
	cmd.Flags().BoolVar(&o.body, "body", false, "write the stored body of the answer alone")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the versioned document")
	return cmd
}

func (p *program) evidence(ctx context.Context, o evidenceOptions, ids []string) error {
	if o.body && (o.json || len(ids) != 1) {
		return usagef("--body goes with one id and without --json")
	}
	return p.withReadCase(ctx, func(c *casefile.Case) error {
		var items []casefile.Item
		for _, id := range ids {
			chain, err := chainOf(ctx, c, id)
			if errors.Is(err, casefile.ErrNoEvidence) {
				return hint(err, "ids stand in --csv and --json of every table and in timeline, and belong to one case: --case names it")
			}
			if err != nil {
				return err
			}
			items = append(items, chain...)
		}
		switch {
		case o.body:
			return p.writeBody(items[len(items)-1])
		case o.json:
			return writeJSON(p.stdout, "pentimento/evidence/v1", "evidence", itemsJSON(items))
		}
		for i, item := range items {
			if i > 0 {
				fmt.Fprintln(p.stdout)
			}
			if err := p.printItem(item); err != nil {
				return err
			}
		}
		return nil
	})
}

// chainOf is the fact and then the answer that told it; an answer alone is its own chain.
func chainOf(ctx context.Context, c *casefile.Case, id string) ([]casefile.Item, error) {
	item, err := c.Evidence(ctx, id)
	if err != nil {
		return nil, err
	}
	steps, err := stepsOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	item.Fields = append(item.Fields, steps...)
	reasons, err := reasonsOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	item.Fields = append(item.Fields, reasons...)
	if strings.HasPrefix(id, "pack-") {
		waves, err := wavesTold(ctx, c, id)
		if err != nil {
			return nil, err
		}
		item.Fields = append(item.Fields, waves...)
	}
	chain := []casefile.Item{item}
	if item.Source == "" {
		return chain, nil
	}
	source, err := c.Evidence(ctx, item.Source)
	return append(chain, source), err
}

// stepsOf gives the steps of a job as further fields of it, and nothing for any other fact: whether the leaking step ran stands there.
func stepsOf(ctx context.Context, c *casefile.Case, id string) ([]casefile.Field, error) {
	var steps rowset
	err := steps.read(ctx, c, `SELECT number, name, status, conclusion, started_at AS at_not_before, completed_at AS at_not_after
		FROM step WHERE job = :job ORDER BY number, name`, map[string]string{"job": id})
	var out []casefile.Field
	for _, r := range steps.rows {
		out = append(out, casefile.Field{Name: "step " + r.text("number"), Value: r.text("name") + ": " + or(r.text("conclusion"), r.text("status")) +
			", " + r.instant("at")})
	}
	return out, err
}

// reasonsOf gives why a workflow version is a finding as further fields of it, and nothing for any other fact.
func reasonsOf(ctx context.Context, c *casefile.Case, id string) ([]casefile.Field, error) {
	blob, ok := strings.CutPrefix(id, "blob-")
	if !ok {
		return nil, nil
	}
	var reasons rowset
	err := reasons.read(ctx, c, `SELECT json_extract(h.value, '$.Rule') AS rule, '' AS repository, json_extract(h.value, '$.Reason') AS reason
		FROM finding f, json_each(f.hits) h WHERE f.blob = :blob
		UNION ALL SELECT k.rule, r.name, k.reason FROM finding_context k JOIN repository r ON r.id = k.repository WHERE k.blob = :blob
		ORDER BY rule, repository, reason`, map[string]string{"blob": blob})
	var out []casefile.Field
	for _, r := range reasons.rows {
		where := ""
		if repo := r.text("repository"); repo != "" {
			where = " in " + repo
		}
		out = append(out, casefile.Field{Name: r.text("rule") + where, Value: r.text("reason")})
	}
	return out, err
}

func (p *program) writeBody(item casefile.Item) error {
	switch {
	case item.Answer == nil:
		return hint(fmt.Errorf("%s rests on no stored answer", item.ID), "pentimento evidence %s prints what it rests on", item.ID)
	case len(item.Answer.Body) == 0:
		p.say("%s: the stored body is empty", item.ID)
	}
	if terminal(p.stdout) {
		return p.writeLines(string(item.Answer.Body), "")
	}
	_, err := p.stdout.Write(item.Answer.Body)
	return err
}

// writeLines writes a text of others line by line, escaped.
func (p *program) writeLines(text, indent string) error {
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintln(p.stdout, indent+inert.Escape(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// printItem prints one link of the chain. Fields that are empty say nothing and are left out.
func (p *program) printItem(item casefile.Item) error {
	if _, err := fmt.Fprintln(p.stdout, inert.Escape(item.ID+"  "+item.Kind)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, inert.Escape(inert.Column(name, value)))
		}
	}
	for _, f := range item.Fields {
		if f.Name != "id" {
			line(f.Name, f.Value)
		}
	}
	line("told by", item.Source)
	a := item.Answer
	if a == nil {
		return t.Flush()
	}
	line("came at", strings.Join(item.Seen, ", "))
	line("sha256 as received", a.Digest)
	line("sha256 as stored", a.StoredDigest)
	line("redactions", fmt.Sprint(a.Redactions))
	line("body", fmt.Sprintf("%d bytes", len(a.Body)))
	if err := t.Flush(); err != nil {
		return err
	}
	text := string(a.Body[:min(bodyShown, len(a.Body))])
	if err := p.writeLines(text, "  | "); err != nil {
		return err
	}
	if more := len(a.Body) - len(text); more > 0 {
		_, err := io.WriteString(p.stdout, inert.Escape(fmt.Sprintf("  | ... %d more bytes: pentimento evidence %s --body", more, item.ID))+"\n")
		return err
	}
	return nil
}

// itemJSON is one link of pentimento/evidence/v1: a fact or inference with its fields as stored, then the answer that told it.
type itemJSON struct {
	ID     string            `json:"id"`
	Kind   string            `json:"kind"`
	Fields map[string]string `json:"fields"`
	Source *string           `json:"source"`
	Answer *answerJSON       `json:"answer"`
}

type answerJSON struct {
	CameAt       []string `json:"came_at"`
	SHA256       *string  `json:"sha256"` // null for a workflow text: its id is its digest
	StoredSHA256 string   `json:"stored_sha256"`
	Redactions   int      `json:"redactions"`
	Bytes        int      `json:"bytes"`
}

func itemsJSON(items []casefile.Item) []itemJSON {
	var out []itemJSON
	for _, item := range items {
		x := itemJSON{ID: item.ID, Kind: item.Kind, Fields: map[string]string{}, Source: nullable(item.Source)}
		for _, f := range item.Fields {
			x.Fields[f.Name] = f.Value
		}
		if a := item.Answer; a != nil {
			x.Answer = &answerJSON{present(item.Seen), nullable(a.Digest), a.StoredDigest, a.Redactions, len(a.Body)}
		}
		out = append(out, x)
	}
	return out
}
