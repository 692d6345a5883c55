package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/queries"
)

// maxSQL bounds a query from stdin: far above what anybody writes, and far below what would hurt.
const maxSQL = 1 << 20

type queryOptions struct {
	askOptions
	params []string
	show   bool
}

func (p *program) queryCommand() *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "query [NAME|-]",
		Short: "List or run a named query, or SQL from stdin",
		Long: `Without a name, lists the named queries; the SQL behind every table is one of them. With a name, runs it and prints its rows as stored, NULL
where nothing is known. With -, reads one query from stdin. A query can read the case and nothing else: it cannot write, nor open another
file.`,
		Example: `  pentimento query
  pentimento query rotate --param repo=octo-org/octo-repo --csv
  pentimento query ref-history --show
  echo 'SELECT kind, count(*) FROM ref_update GROUP BY kind ORDER BY kind' | pentimento query -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.query(cmd.Context(), o, args) },
	}
	o.form(cmd)
	cmd.Flags().StringArrayVar(&o.params, "param", nil, "NAME=VALUE of a parameter (repeatable)")
	cmd.Flags().BoolVar(&o.show, "show", false, "print the SQL instead of running it")
	return cmd
}

func (p *program) query(ctx context.Context, o queryOptions, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	given, err := params(o.params)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 0 && (o.show || len(given) > 0):
		return usagef("--show and --param go with the name of a query")
	case len(args) == 0:
		return p.listQueries(o)
	case args[0] == "-" && o.show:
		return usagef("--show goes with the name of a query")
	case args[0] == "-":
		sql, err := p.readSQL()
		if err != nil {
			return err
		}
		return p.runQuery(ctx, o, nil, sql, given)
	}
	q, err := queries.Get(args[0])
	if err != nil {
		return hint(usageError{err}, "pentimento query lists them")
	}
	if o.show {
		_, err := io.WriteString(p.stdout, q.SQL)
		return err
	}
	values, err := q.Arguments(given)
	if err != nil {
		return hint(usageError{err}, "pentimento query %s --show prints its header", q.Name)
	}
	return p.runQuery(ctx, o, &q.Name, q.SQL, values)
}

// params reads NAME=VALUE.
func params(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usagef("--param %q is not NAME=VALUE", s)
		}
		if _, twice := out[name]; twice {
			return nil, usagef("--param %s is given twice", name)
		}
		out[name] = value
	}
	return out, nil
}

func (p *program) readSQL() (string, error) {
	text, err := io.ReadAll(io.LimitReader(p.stdin, maxSQL+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read SQL from stdin: %w", err)
	case len(text) > maxSQL:
		return "", fmt.Errorf("read SQL from stdin: longer than %d bytes", maxSQL)
	}
	switch n := statements(string(text)); {
	case n == 0:
		return "", errors.New("read SQL from stdin: there is none")
	case n > 1:
		return "", hint(fmt.Errorf("read SQL from stdin: %d statements, and one answer to give", n), "ask them one at a time, or join them with UNION ALL")
	}
	return string(text), nil
}

func (p *program) listQueries(o queryOptions) error {
	all, err := queries.List()
	if err != nil {
		return err
	}
	var rows [][]string
	for _, q := range all {
		var takes []string
		for _, param := range q.Params {
			takes = append(takes, param.Name+" (default: "+param.Says+")")
		}
		rows = append(rows, []string{q.Name, or(strings.Join(takes, ", "), nothing), q.Purpose})
	}
	return p.printRaw(o.askOptions, nil, []string{"name", "parameters", "purpose"}, rows, nil)
}

func (p *program) runQuery(ctx context.Context, o queryOptions, name *string, sql string, values map[string]string) error {
	return p.withReadCase(ctx, func(c *casefile.Case) error {
		var answer rowset
		if err := answer.read(ctx, c, sql, values); err != nil {
			return err
		}
		none := "NULL"
		if o.csv {
			none = ""
		}
		cells := make([][]*string, len(answer.rows))
		for i, r := range answer.rows {
			cells[i] = r.cells
		}
		if err := p.printRaw(o.askOptions, name, answer.columns, answer.raw(none), cells); err != nil {
			return err
		}
		p.say("%d row(s)", len(answer.rows))
		return nil
	})
}

// printRaw prints rows whose columns are not known beforehand. The document holds the cells as stored, null for NULL; without cells, the
// rows.
func (p *program) printRaw(o askOptions, name *string, columns []string, rows [][]string, cells [][]*string) error {
	switch {
	case o.csv:
		return writeCSV(p.stdout, columns, rows)
	case !o.json:
		return writeTable(p.stdout, columns, rows)
	}
	var content any = present(cells)
	if cells == nil {
		content = present(rows)
	}
	return writeJSON(p.stdout, "pentimento/query/v1", "query", name, list{"columns", present(columns)}, list{"rows", content})
}
