package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/intake"
)

type initOptions struct {
	campaigns         []string
	since, until, now string
}

func (p *program) initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --campaign NAME|FILE...",
		Short: "Make a new case",
		Long: `Makes a new, empty case file. It never touches one that is there.

--campaign names built-in packs (see "pentimento campaign list") or pack files. --since and --until bound what is listed from APIs; they
never cut facts or windows. --now fixes the instant as of which the case speaks, for an investigation that must be reproducible: then
observations are stamped with it too. Without it (and without SOURCE_DATE_EPOCH), now is the clock.`,
		Example: `  pentimento init --campaign ghostaction
  pentimento --case wave3.db init --campaign ghostaction --campaign ./our-pack.yaml --since 2025-08-25`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.initCase(cmd.Context(), o) },
	}
	cmd.Flags().StringArrayVar(&o.campaigns, "campaign", nil, "campaign pack: a built-in name or a file (repeatable)")
	cmd.Flags().StringVar(&o.since, "since", "", "list from APIs nothing older (RFC 3339 or YYYY-MM-DD)")
	cmd.Flags().StringVar(&o.until, "until", "", "list from APIs nothing younger")
	cmd.Flags().StringVar(&o.now, "now", "", "the case's now (RFC 3339; default SOURCE_DATE_EPOCH, else the clock)")
	return cmd
}

func (p *program) initCase(ctx context.Context, o initOptions) error {
	if len(o.campaigns) == 0 {
		return hint(usagef("init needs --campaign"), "pentimento campaign list shows the built-in packs")
	}
	packs, err := findPacks(o.campaigns)
	if err != nil {
		return err
	}
	info, err := p.scope(o)
	if err != nil {
		return err
	}
	texts := make([]casefile.Pack, 0, len(packs))
	for _, pack := range packs {
		texts = append(texts, casefile.Pack{Name: pack.Name, Text: pack.Text})
	}
	c, err := casefile.Create(ctx, p.path(), info, texts...)
	if errors.Is(err, casefile.ErrExists) {
		return hint(err, "choose another file with --case; an existing case is never overwritten")
	}
	if err != nil {
		return err
	}
	p.say("made %s; next: pentimento add OWNER/NAME... or add -f FILE", p.path())
	return c.Close()
}

func (p *program) scope(o initOptions) (casefile.Info, error) {
	epoch := p.env("SOURCE_DATE_EPOCH")
	now, err := intake.ParseNow(o.now, epoch, p.clock)
	if err != nil {
		return casefile.Info{}, usageError{fmt.Errorf("--now: %w", err)}
	}
	s := intake.Scope{Campaigns: o.campaigns, Now: now}
	if o.since != "" {
		if s.Since, err = intake.ParseTime(o.since); err != nil {
			return casefile.Info{}, usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	if o.until != "" {
		if s.Until, err = intake.ParseTime(o.until); err != nil {
			return casefile.Info{}, usageError{fmt.Errorf("--until: %w", err)}
		}
	}
	if err := s.Validate(); err != nil {
		return casefile.Info{}, usageError{err}
	}
	return casefile.Info{Now: s.Now, NowGiven: o.now != "" || epoch != "", Since: s.Since, Until: s.Until, Version: version()}, nil
}

// findPacks resolves names of built-in packs and files.
func findPacks(names []string) ([]campaign.Pack, error) {
	builtin, err := campaign.Builtin()
	if err != nil {
		return nil, err
	}
	var out []campaign.Pack
	for _, name := range names {
		i := slices.IndexFunc(builtin, func(b campaign.Pack) bool { return b.Name == name })
		if i >= 0 {
			out = append(out, builtin[i])
			continue
		}
		pack, err := campaign.Load(name)
		if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, "/.") {
			return nil, hint(usagef("no built-in campaign %q, nor a file of that name", name), "pentimento campaign list shows the built-in packs")
		}
		if err != nil {
			return nil, err
		}
		out = append(out, pack)
	}
	return out, nil
}
