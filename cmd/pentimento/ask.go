package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/intake"
	"pentimento/queries"
)

// question is one table command: the named query behind it, how its rows are shown to people, and the document that scripts read.
type question struct {
	use, short, long, example string
	args                      cobra.PositionalArgs

	queries []string // their columns are the same; rows are shown in the order of the queries
	columns []column
	schema  string
	key     string // of the document's first list
	// document gives the rows of the first list, and further lists.
	document func(ctx context.Context, c *casefile.Case, in wanted) (rows any, further []list, err error)
	// write shows the rows to people otherwise than as a table; nil for a table.
	write func(w io.Writer, answer rowset) error
	// exposed says that a row is exposure; nil for a command without --exit-code.
	exposed func(row) bool
	// unsure are queries with rows that leave the answer open.
	unsure []aside
	// beside is where there is more of the answer: people are told how many rows there are.
	beside *aside
	// blind says why rows may be missing of which nothing else tells; empty where none can be.
	blind func(ctx context.Context, c *casefile.Case) (string, error)
}

// aside is a named query, which of its rows count, and what they are.
type aside struct {
	query  string
	counts func(row) bool
	says   string
}

// askOptions are the flags that every table command has.
type askOptions struct {
	csv, json, exitCode bool
}

func (o *askOptions) form(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.csv, "csv", false, "print the rows of the named query as CSV")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the versioned document")
}

func (o *askOptions) check() error {
	if o.csv && o.json {
		return usagef("--csv or --json, not both")
	}
	return nil
}

// askCommand makes the command of a question. A q that is changed by a flag of its own is read when the command runs.
func (p *program) askCommand(q *question) *cobra.Command {
	var o askOptions
	cmd := &cobra.Command{
		Use: q.use, Short: q.short, Long: q.long, Example: q.example, Args: q.args,
		RunE: func(cmd *cobra.Command, args []string) error { return p.ask(cmd.Context(), q, o, args) },
	}
	o.form(cmd)
	if q.exposed != nil {
		cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 3 where exposure was found, else with 4 where evidence is incomplete")
	}
	return cmd
}

// ask answers one question on stdout and says on stderr what was asked.
func (p *program) ask(ctx context.Context, q *question, o askOptions, names []string) error {
	if err := o.check(); err != nil {
		return err
	}
	return p.withReadCase(ctx, func(c *casefile.Case) error {
		in, err := wantedOf(ctx, c, names)
		if err != nil {
			return err
		}
		answer, err := in.rows(ctx, c, q.queries...)
		if err != nil {
			return err
		}
		if err := p.print(ctx, c, q, o, in, answer); err != nil {
			return err
		}
		analysed, err := p.remarks(ctx, c, q, in, answer)
		if err != nil || !o.exitCode {
			return err
		}
		return in.result(ctx, c, q, answer, analysed)
	})
}

func (p *program) print(ctx context.Context, c *casefile.Case, q *question, o askOptions, in wanted, answer rowset) error {
	switch {
	case o.json:
		rows, further, err := q.document(ctx, c, in)
		if err != nil {
			return err
		}
		return writeJSON(p.stdout, q.schema, q.key, rows, further...)
	case o.csv:
		return writeCSV(p.stdout, answer.columns, answer.raw(""))
	}
	if q.write != nil {
		return q.write(p.stdout, answer)
	}
	return writeTable(p.stdout, headers(q.columns), answer.shown(q.columns))
}

// remarks says on stderr which query was asked, and what the table does not hold.
func (p *program) remarks(ctx context.Context, c *casefile.Case, q *question, in wanted, answer rowset) (analysed bool, err error) {
	p.say("%d row(s) of query %s", len(answer.rows), strings.Join(q.queries, " and "))
	analysed, err = p.upToDate(ctx, c)
	if err != nil || !analysed {
		return false, err
	}
	if q.blind != nil {
		why, err := q.blind(ctx, c)
		if err != nil {
			return true, err
		}
		if why != "" {
			p.say("%s", why)
		}
	}
	if q.beside == nil {
		return true, nil
	}
	more, err := in.rows(ctx, c, q.beside.query)
	if err != nil {
		return true, err
	}
	n := 0
	for _, r := range more.rows {
		if q.beside.counts(r) {
			n++
		}
	}
	if n > 0 {
		p.say("%d %s: pentimento query %s", n, q.beside.says, q.beside.query)
	}
	return true, nil
}

// result is the answer to --exit-code. What could not be seen is never a clean bill of health.
func (in wanted) result(ctx context.Context, c *casefile.Case, q *question, answer rowset, analysed bool) error {
	if slices.ContainsFunc(answer.rows, q.exposed) {
		return resultError(exitExposure)
	}
	if !analysed {
		return resultError(exitIncomplete)
	}
	for _, doubt := range append([]aside{{query: "repos", counts: unjudged}}, q.unsure...) {
		asked, err := in.rows(ctx, c, doubt.query)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(asked.rows, doubt.counts) {
			return resultError(exitIncomplete)
		}
	}
	return nil
}

// unjudged reports a repository of which not everything was seen.
func unjudged(r row) bool {
	return r.text("state") == "" || r.text("state") == exposure.RepoUnknown || r.text("gaps") != "0"
}

// upToDate reports whether the inferences are of the facts that the case holds now, and says on stderr if they are not.
func (p *program) upToDate(ctx context.Context, c *casefile.Case) (bool, error) {
	of, err := analysedFacts(ctx, c)
	if err != nil {
		return false, err
	}
	mark, err := c.Mark(ctx)
	switch {
	case err != nil:
		return false, err
	case of == "":
		p.say("the case has not been analysed: an empty table says nothing yet; run: pentimento analyze")
	case of != mark:
		p.say("the case has learnt more since it was analysed: what you see is out of date; run: pentimento analyze")
	}
	return of == mark, nil
}

// analysedFacts is the mark of the facts that the inferences are of; empty where nobody has analysed.
func analysedFacts(ctx context.Context, c *casefile.Case) (mark string, err error) {
	err = c.Query(ctx, "SELECT value FROM analysis WHERE key = 'facts'", nil, func([]string) error { return nil }, func(v []*string) error {
		mark = *v[0]
		return nil
	})
	return mark, err
}

// wanted holds the repositories that a command is about by their keys; none for all.
type wanted map[string]bool

// wantedOf reads the REPO arguments of a command. A repository that is not in the case is an error, not an empty table.
func wantedOf(ctx context.Context, c *casefile.Case, names []string) (wanted, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in := wanted{}
	for _, name := range names {
		repo, err := intake.ParseName(name)
		if err != nil {
			return nil, usageError{fmt.Errorf("repository %q: %w", name, err)}
		}
		repo, known, err := c.Resolve(ctx, repo)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, fmt.Errorf("%s: %w", repo, casefile.ErrUnknownRepository)
		}
		in[repo.Key()] = true
	}
	return in, nil
}

func (in wanted) has(repo evidence.Repository) bool { return in == nil || in[repo.Key()] }

// any reports whether one of the repositories is wanted.
func (in wanted) any(repos []evidence.Repository) bool {
	return in == nil || slices.ContainsFunc(repos, in.has)
}

// rows runs named queries of the same columns and keeps what is wanted.
func (in wanted) rows(ctx context.Context, c *casefile.Case, names ...string) (rowset, error) {
	var out rowset
	for _, name := range names {
		q, err := queries.Get(name)
		if err != nil {
			return out, err
		}
		given := map[string]string{}
		if len(in) == 1 {
			for key := range in {
				given["repo"] = key
			}
		}
		args, err := q.Arguments(given)
		if err != nil {
			return out, err
		}
		if err := out.read(ctx, c, q.SQL, args); err != nil {
			return out, fmt.Errorf("query %s: %w", name, err)
		}
	}
	out.rows = slices.DeleteFunc(out.rows, func(r row) bool { return !in.any(r.repositories()) })
	return out, nil
}
