package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
	"pentimento/internal/intake"
)

type addOptions struct {
	files  []string
	column string
	mirror string
	clone  string
}

func (p *program) addCommand() *cobra.Command {
	var o addOptions
	cmd := &cobra.Command{
		Use:   "add [OWNER/NAME|URL]...",
		Short: "Add repositories to the case",
		Long: `Adds repositories: as owner/name, or as the URL of a repository or of any page in it (https, ssh, with or without .git, defanged or not).

-f reads a list: one a line with # comments, or CSV with the column that --column names (without it: repository, repo, full_name, url or
html_url). Names that differ only in case are one repository. A line that cannot be read is reported with its number; the good lines of
the same file are added together, and the exit code is 1.

--mirror reads git objects from an existing clone or bare repository instead of fetching them; it goes with one repository.

--clone names a clone that somebody kept, of the victim or of a responder, as evidence beside what is fetched: its reflogs tell when it saw what
on the server and what it pushed, and it may hold commits that the server lost. It is only read. It goes with one repository and adds up.`,
		Example: `  pentimento add octo-org/octo-repo https://github.com/octo-org/other
  pentimento add -f tracker.csv --column repository
  pentimento add octo-org/gone --mirror ~/backups/gone.git
  pentimento add octo-org/octo-repo --clone ~/src/octo-repo`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.add(cmd.Context(), o, args) },
	}
	cmd.Flags().StringArrayVarP(&o.files, "file", "f", nil, "list of repositories, - for stdin (repeatable)")
	cmd.Flags().StringVar(&o.column, "column", "", "the CSV column that holds them")
	cmd.Flags().StringVar(&o.mirror, "mirror", "", "existing clone or bare repository to read git objects from")
	cmd.Flags().StringVar(&o.clone, "clone", "", "clone that somebody kept, to read as further evidence")
	return cmd
}

func (p *program) add(ctx context.Context, o addOptions, args []string) error {
	if len(args) == 0 && len(o.files) == 0 {
		return hint(usagef("add needs a repository or -f FILE"), "pentimento add octo-org/octo-repo")
	}
	for _, given := range []struct{ flag, dir string }{{"--mirror", o.mirror}, {"--clone", o.clone}} {
		if given.dir != "" && (len(args) != 1 || len(o.files) > 0) {
			return usagef("%s goes with exactly one repository", given.flag)
		}
	}
	if o.column != "" && len(o.files) == 0 {
		return usagef("--column goes with -f")
	}
	entries, problems := intake.ParseArguments(args)
	lists := [][]intake.Entry{entries}
	for _, file := range o.files {
		more, bad, err := p.readList(file, o.column)
		if err != nil {
			return err
		}
		lists, problems = append(lists, more), append(problems, bad...)
	}
	mirror, err := folder("--mirror", o.mirror)
	if err != nil {
		return err
	}
	clone, err := folder("--clone", o.clone)
	if err != nil {
		return err
	}
	var list []casefile.Addition
	for _, e := range intake.Merge(lists...) {
		from := "argument"
		if e.File != "" {
			from = e.File + ":" + strconv.Itoa(e.Line)
		}
		list = append(list, casefile.Addition{Repository: e.Repository, From: from, Mirror: mirror, Clone: clone})
	}
	return p.withCase(ctx, func(c *casefile.Case) error {
		n, err := c.Add(ctx, list)
		if err != nil {
			return err
		}
		p.say("%d added, %d already in the case", n, len(list)-n)
		for _, bad := range problems {
			fmt.Fprintln(p.stderr, inert.Escape(bad.String()))
		}
		if len(problems) > 0 {
			return hint(fmt.Errorf("%d line(s) could not be read as a repository", len(problems)), "correct them and add the list again: what is there already stays")
		}
		return nil
	})
}

func (p *program) readList(file, column string) (entries []intake.Entry, problems []intake.Problem, err error) {
	if file == "-" {
		return intake.ReadList(p.stdin, "stdin", intake.ListOptions{Column: column})
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read list: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return intake.ReadList(f, file, intake.ListOptions{Column: column})
}

func folder(flag, dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	st, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if !st.IsDir() {
		return "", usagef("%s: %s is not a folder", flag, dir)
	}
	return filepath.Abs(dir)
}
