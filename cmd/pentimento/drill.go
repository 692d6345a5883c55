package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/drill"
	"pentimento/internal/evidence"
)

type drillOptions struct {
	recipe, dir string
}

func (p *program) drillCommand() *cobra.Command {
	var o drillOptions
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Simulate a campaign on loopback and investigate it",
		Long: `Builds a simulated GitHub with invented repositories from a dated recipe, serves it on loopback, and investigates it from first list to
exposure windows as one would a real campaign. The case stays in ./drill for a look around; nothing leaves this machine. An earlier drill in
the same folder is replaced. Needs the git program.`,
		Example: `  pentimento drill
  pentimento --case drill/case.db windows`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.casePath != "" {
				return hint(usagef("drill makes a case of its own: no --case with it"), "--dir names the folder")
			}
			return p.drill(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.recipe, "recipe", "", "a recipe of your own instead of the bundled one")
	cmd.Flags().StringVar(&o.dir, "dir", "drill", "folder for the case")
	return cmd
}

func (p *program) drill(ctx context.Context, o drillOptions) (err error) {
	recipe, err := readRecipe(o.recipe)
	if err != nil {
		return err
	}
	if err := clearDrill(o.dir); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "pentimento-drill-")
	if err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	server, err := drill.Start(ctx, recipe, work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	inner := *p
	inner.casePath = filepath.Join(o.dir, "case.db")
	inner.env = func(string) string { return "" } // a token of the user has no business in a drill
	if err := inner.investigate(ctx, recipe, server.URL()); err != nil {
		return err
	}
	if err := inner.printRepos(ctx); err != nil {
		return err
	}
	p.say("The case is %s. Look further with:", inner.casePath)
	for _, next := range []string{"presence", "runs", "windows", "gaps", "timeline " + string(recipe.Repositories[0].Name)} {
		p.say("  pentimento --case %s %s", inner.casePath, next)
	}
	return nil
}

// investigate does what a responder does: a case, the list, collection, what people declared, analysis.
func (p *program) investigate(ctx context.Context, recipe *drill.Recipe, host string) error {
	if err := p.initCase(ctx, initOptions{campaigns: []string{"ghostaction"}, now: evidence.Stamp(recipe.Now)}); err != nil {
		return err
	}
	var names []string
	for _, r := range recipe.Repositories {
		names = append(names, string(r.Name))
	}
	if err := p.add(ctx, addOptions{}, names); err != nil {
		return err
	}
	err := p.withCase(ctx, func(c *casefile.Case) error {
		if err := p.collect(ctx, c, collectOptions{host: host, concurrency: 4}); err != nil {
			return err
		}
		for _, d := range recipe.Declarations {
			_, err := c.Declare(ctx, casefile.Declaration{Repository: d.Repository, Secret: d.Secret, Fact: d.Fact, At: d.At, By: d.By, Because: d.Because})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = p.sent(ctx, recipe, filepath.Join(filepath.Dir(p.casePath), "sent"))
	}
	if err != nil {
		return err
	}
	return p.withCase(ctx, func(c *casefile.Case) error { return p.analyze(ctx, c) })
}

// sent imports the files that the recipe sends, out of the drill's folder.
func (p *program) sent(ctx context.Context, recipe *drill.Recipe, dir string) error {
	if len(recipe.Imports) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	if err := recipe.WriteImports(dir); err != nil {
		return err
	}
	quiet := *p
	quiet.quiet, quiet.stdout = true, io.Discard
	n := 0
	for _, in := range recipe.Imports {
		if in.Kind == "" {
			continue
		}
		n++
		o := importOptions{format: in.Format, zone: in.Zone, listedAt: in.ListedAt, account: in.Account, covers: in.Covers, scope: or(in.Scope, scopeAll), complete: in.Complete}
		if in.Mapping != "" {
			o.mapping = filepath.Join(dir, in.Mapping)
		}
		if err := quiet.importFiles(ctx, o, []string{in.Kind, filepath.Join(dir, in.Name)}); err != nil {
			return err
		}
	}
	p.say("imported %d file(s) that were sent, of tokens and their use: %s", n, dir)
	return nil
}

func readRecipe(file string) (*drill.Recipe, error) {
	if file == "" {
		return drill.Bundled()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read recipe: %w", err)
	}
	return drill.Parse(file, text)
}

// clearDrill makes the folder and takes away what an earlier drill left there, and nothing else.
func clearDrill(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	for _, name := range []string{"case.db", "case.db-wal", "case.db-shm", "case.db.lock", "case.db.mirrors", "sent"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("drill: %w", err)
		}
	}
	return nil
}
