package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
)

func (p *program) usePackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "use NAME|FILE...",
		Short: "Add packs to the case, or replace them",
		Long: `Puts built-in packs or pack files into the scope of an existing case, each in the place of the one of its name. The replaced text is kept in the
case. Inferences are then out of date; analyze makes them anew and says what has changed. What only the new indicators make worth fetching is
fetched by the next collect.`,
		Example: `  pentimento campaign use ./our-pack.yaml && pentimento analyze`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return p.usePacks(cmd.Context(), args) },
	}
}

func (p *program) usePacks(ctx context.Context, names []string) error {
	packs, err := findPacks(names)
	if err != nil {
		return err
	}
	return p.withCase(ctx, func(c *casefile.Case) error {
		info, err := c.Info(ctx)
		if err != nil {
			return err
		}
		replaced := false
		for _, pack := range packs {
			change, changed, err := c.UsePack(ctx, p.caseClock(info)(), casefile.Pack{Name: pack.Name, Text: pack.Text})
			if err != nil {
				return err
			}
			switch {
			case !changed:
				p.say("pack %s is in the case as it is", pack.Name)
			case change.Before == "":
				p.say("pack %s is in the case now (SHA-256 %s)", pack.Name, change.After)
			default:
				p.say("pack %s replaced: SHA-256 %s, before %s", pack.Name, change.After, change.Before)
			}
			replaced = replaced || changed
		}
		if replaced {
			p.say("next: pentimento analyze")
		}
		return nil
	})
}
