package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/report"
)

type reportOptions struct {
	format, output string
}

func (p *program) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the case as one page, or as JSON",
		Long: `Writes what the case shows and what it could not see: the summary, the campaign, and for every repository its time line, windows, presence,
runs, releases, what to revoke and what was not seen. The page stands alone: it asks for nothing and can be opened from disk. Every row is one of
a named query, which it names, and cites its evidence. Hosts of attackers are defanged.

The page shows names of repositories, secrets, credentials and accounts: who may read it is for you to decide.`,
		Example: "  pentimento report -o report.html\n  pentimento report --format json | jq .summary",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.report(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.format, "format", "html", "html or json")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "file to write; it must not exist (default: stdout)")
	return cmd
}

func (p *program) report(ctx context.Context, o reportOptions) error {
	if o.format != "html" && o.format != "json" {
		return usagef("--format %s: html or json", o.format)
	}
	return p.withReadCase(ctx, func(c *casefile.Case) error {
		r, err := report.Read(ctx, c)
		if err != nil {
			return err
		}
		if _, err := p.upToDate(ctx, c); err != nil {
			return err
		}
		var out bytes.Buffer
		if o.format == "json" {
			err = writeJSON(&out, "pentimento/report/v1", "case", r.Case, list{"summary", r.Summary}, list{"findings", r.Findings}, list{"families", r.Families},
				list{"exposed", r.Exposed}, list{"repositories", r.Repositories})
		} else {
			err = r.WriteHTML(&out)
		}
		if err != nil {
			return err
		}
		return p.writeReport(o.output, out.Bytes())
	})
}

// writeReport never replaces a file: a report that was sent out is evidence too.
func (p *program) writeReport(path string, body []byte) error {
	if path == "" {
		_, err := p.stdout.Write(body)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if _, err := f.Write(body); err != nil {
		return fmt.Errorf("write the report: %w", errors.Join(err, f.Close()))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	p.say("wrote %s, %d bytes", path, len(body))
	return nil
}
