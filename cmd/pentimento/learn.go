package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/family"
)

func (p *program) learnCommand() *cobra.Command {
	var out, name string
	cmd := &cobra.Command{
		Use:   "learn FAMILY",
		Short: "Make a pack of a family of this case",
		Long: `Writes a pack of what a family of the case holds: its indicators, each with the evidence that it comes from, the times of its commits, rules that rest on
what is its own, and its files as positives, with hosts and names of secrets taken out. The pack is valid, and it is a draft: a person should read it
before a case takes it in. Families are listed by "pentimento findings --families"; the beginning of an id will do.`,
		Example: "  pentimento campaign learn fam-0123456789abcdef -o new-wave.yaml --name new-wave",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return hint(usagef("learn needs -o FILE"), "the pack holds live indicators: it goes to a file, not to the terminal")
			}
			return p.withReadCase(cmd.Context(), func(c *casefile.Case) error { return p.learn(cmd.Context(), c, args[0], out, name) })
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the pack file to make; an existing one is not overwritten")
	cmd.Flags().StringVar(&name, "name", "", "name of the pack (default: learned- and the begin of the family's id)")
	return cmd
}

func (p *program) learn(ctx context.Context, c *casefile.Case, id, out, name string) error {
	f, err := familyOf(ctx, c, id)
	if err != nil {
		return err
	}
	if name == "" {
		name = "learned-" + strings.TrimPrefix(f.ID, "fam-")[:8]
	}
	texts, err := textsOf(ctx, c, f)
	if err != nil {
		return err
	}
	packs, err := casePacks(ctx, c)
	if err != nil {
		return err
	}
	pack, err := family.Learn(name, f, texts, packs)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write pack: %w", err)
	}
	_, err = file.Write(pack)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write pack: %w", err)
	}
	p.say("made pack %s in %s of family %s: read it, then give it to the case", name, out, f.ID)
	return nil
}

// familyOf finds a family by its id, or by the beginning of one that no other family's has.
func familyOf(ctx context.Context, c *casefile.Case, id string) (family.Stored, error) {
	families, err := family.Load(ctx, c)
	if err != nil {
		return family.Stored{}, err
	}
	var fits []family.Stored
	for _, f := range families {
		if strings.HasPrefix(f.ID, id) || strings.HasPrefix(f.ID, "fam-"+id) {
			fits = append(fits, f)
		}
	}
	switch {
	case len(fits) == 0:
		return family.Stored{}, hint(fmt.Errorf("the case has no family %q", id), "pentimento findings --families lists them")
	case len(fits) > 1:
		return family.Stored{}, usagef("%d families begin with %q", len(fits), id)
	}
	return fits[0], nil
}

// maxLearnt bounds the texts that a pack is learned from: there are a few shapes in a family, and what differs stands in the proposals.
const maxLearnt = 500

// textsOf reads the versions of a family, findings first, with where they stand.
func textsOf(ctx context.Context, c *casefile.Case, f family.Stored) ([]family.Text, error) {
	paths := map[evidence.OID][]string{}
	err := c.Each(ctx, "SELECT DISTINCT w.blob, w.path FROM workflow_file w JOIN family_member m ON m.blob = w.blob WHERE m.family = ? ORDER BY w.blob, w.path",
		[]any{f.ID}, func(scan func(...any) error) error {
			var blob evidence.OID
			var path string
			err := scan(&blob, &path)
			paths[blob] = append(paths[blob], path)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("paths of family %s: %w", f.ID, err)
	}
	var out []family.Text
	for _, m := range f.Members[:min(len(f.Members), maxLearnt)] {
		body, ok, err := c.Text(ctx, m.Blob)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, family.Text{Blob: m.Blob, Paths: slices.Clone(paths[m.Blob]), Found: m.Found, Body: body})
		}
	}
	return out, nil
}
