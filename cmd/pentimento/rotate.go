package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
	"pentimento/internal/inert"
)

func (p *program) rotateCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "rotate [REPO]...",
		short: "What to revoke first, and what to know before",
		long: `The steps for each repository, in the order in which they must be taken. The GitHub credential that pushed goes first: whoever holds it arms the
repository again. Then the file goes from every ref on which it can still start, and runs that can be run again: what is stored while they
stand is taken anew. Then the secrets, those first that were seen to be taken, then those that may have been; within each, what can push or
publish before what opens machines, and that before what only reads, as far as names tell. What need not be rotated comes last, with the reason.

A warning is what a campaign's pack says of the step behind it: some campaigns destroy data when a credential is revoked. Nothing here is
tried at a provider: that would be a use. Export inventories first: with a token, many providers delete the time of its last use.`,
		example: "  pentimento rotate octo-org/octo-repo\n  pentimento rotate --json | jq '.rotate[] | select(.kind == \"revoke\")'",
		queries: []string{"rotate"},
		write:   writeSteps,
		schema:  "pentimento/rotate/v1", key: "rotate", document: rotateDocument, blind: unlisted,
	})
}

// unlisted says of how many secrets to revoke no inventory tells: what it could tell goes when they are revoked.
func unlisted(ctx context.Context, c *casefile.Case) (why string, err error) {
	err = c.Query(ctx, `SELECT count(DISTINCT CASE WHEN o.credential IN ('', 'unlinked') THEN o.repository || ' ' || o.secret ELSE o.credential END)
		FROM rotation o WHERE o.kind = 'revoke' AND o.secret <> '' AND NOT EXISTS (SELECT 1 FROM credential_record r WHERE r.ref = o.credential AND r.listed_at <> '')`,
		nil, func([]string) error { return nil }, func(v []*string) error {
			if n := *v[0]; n != "0" {
				why = n + " of what is to be revoked is in no inventory here: export one first (import credentials), with a token many providers delete its last use"
			}
			return nil
		})
	return why, err
}

const (
	stepsWidth  = 80 // of a terminal that nobody made wider
	stepsIndent = 14 // of what stands behind number and kind
)

// writeSteps writes one list for each repository, in lines that fit a terminal. A warning that stood before is told by its first sentence, and
// where all of it is. A word longer than a line is not cut: what is cut off cannot be searched for.
func writeSteps(w io.Writer, answer rowset) error {
	var out strings.Builder
	cell := func(r row, name string) string { return inert.Escape(inert.Column(name, r.text(name))) }
	repository, told := "", map[string]string{}
	for _, r := range answer.rows {
		if name := cell(r, "repository"); name != repository {
			if repository != "" {
				out.WriteString("\n")
			}
			repository = name
			out.WriteString(name + "\n")
		}
		what, reason := cell(r, "what"), cell(r, "reason")
		if r.text("kind") == exposure.Warn {
			if before, again := told[what]; again {
				first, _, _ := strings.Cut(what, ". ")
				what, reason = strings.TrimSuffix(first, ".")+".", "see "+before
			} else {
				told[what] = repository + " " + cell(r, "place")
			}
		}
		fmt.Fprintf(&out, "%3s  %-8s ", cell(r, "place"), cell(r, "kind"))
		out.WriteString(folded(what)[stepsIndent:])
		if reason != "" {
			out.WriteString(folded("- " + reason))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// folded is a text in lines that begin at the indent.
func folded(text string) string {
	var out strings.Builder
	margin := strings.Repeat(" ", stepsIndent)
	at := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case at == 0:
			out.WriteString(margin)
			at = stepsIndent
		case at+1+n > stepsWidth:
			out.WriteString("\n" + margin)
			at = stepsIndent
		default:
			out.WriteString(" ")
			at++
		}
		out.WriteString(word)
		at += n
	}
	return out.String() + "\n"
}

// lineJSON is one row of pentimento/rotate/v1. Place counts from 1 within a repository. Secret and credential are null where a line is about none.
type lineJSON struct {
	Repository string   `json:"repository"`
	Place      int      `json:"place"`
	Kind       string   `json:"kind"` // warning, revoke, remove, check, left-out
	Secret     *string  `json:"secret"`
	Credential *string  `json:"credential"`
	Execution  *string  `json:"execution"`
	What       string   `json:"what"`
	Reason     *string  `json:"reason"`
	Windows    []string `json:"windows"`
	Evidence   []string `json:"evidence"`
}

func rotateDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := exposure.StoredRotation(ctx, c)
	var out []lineJSON
	for _, l := range stored {
		if in.has(l.Repository) {
			out = append(out, lineJSON{Repository: string(l.Repository), Place: l.Place, Kind: l.Kind, Secret: nullable(l.Secret), Credential: nullable(l.Credential),
				Execution: nullable(l.Ladder), What: l.What, Reason: nullable(l.Reason), Windows: present(l.Windows), Evidence: present(l.Evidence)})
		}
	}
	return out, nil, err
}
