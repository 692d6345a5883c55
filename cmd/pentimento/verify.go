package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/preserve"
)

func (p *program) verifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [ARCHIVE]",
		Short: "Check stored bodies against their digests, and that the analysis reproduces",
		Long: `Checks the case: the structure of the file, every stored answer and workflow text against its SHA-256, every whole workflow text against
its git object name, the packs and those that they replaced, and that analysing the same facts again gives the same inferences. That is done in a copy beside the case;
the case is only read. Of a body of which something was redacted, what was kept is checked: the digest of the bytes as received cannot be
made again from it.

With an ARCHIVE that collect --preserve wrote, every file in it is checked against the manifest, and then the case in it. The digests prove that
nothing changed since they were written, not who wrote them: compare the archive's own SHA-256 with the one that was printed when it was made.

Exit code 1 where anything is not what it says it is.`,
		Example: "  pentimento verify\n  pentimento verify capture.zip",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return p.verifyArchive(cmd.Context(), args[0], asJSON)
			}
			return p.withReadCase(cmd.Context(), func(c *casefile.Case) error {
				return p.verifyCase(cmd.Context(), c, filepath.Dir(p.path()), verified{}, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (pentimento/verify/v1)")
	return cmd
}

// verified is what verify says: rows of what was checked, and what was found wrong.
type verified struct {
	Checks []verifiedRow `json:"-"`
	Faults []faultJSON   `json:"-"`
}

// verifiedRow is one kind of thing that was checked. Result is "ok", "faulty", or why nothing could be said.
type verifiedRow struct {
	What   string `json:"what"`
	Number int    `json:"number"`
	Result string `json:"result"`
}

type faultJSON struct {
	What   string `json:"what"`
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

func (v *verified) checked(what string, number int) {
	v.Checks = append(v.Checks, verifiedRow{what, number, ""})
}

func (v *verified) fault(what, id, detail string) {
	v.Faults = append(v.Faults, faultJSON{what, id, detail})
}

func (p *program) verifyArchive(ctx context.Context, path string, asJSON bool) (err error) {
	dir, err := os.MkdirTemp("", "pentimento-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	to := filepath.Join(dir, preserve.CaseName)
	archive, err := preserve.Check(path, to)
	if err != nil {
		return err
	}
	var v verified
	v.checked("file in the archive", len(archive.Manifest.Files))
	if n := len(archive.Manifest.Missing); n > 0 {
		v.Checks = append(v.Checks, verifiedRow{"object that could not be had", n, "see manifest.json"})
	}
	if n := archive.Manifest.Waiting; n > 0 {
		v.Checks = append(v.Checks, verifiedRow{"repository not collected whole", n, "captured as far as it was"})
	}
	for _, f := range archive.Faults {
		v.fault("file in the archive", filepath.Base(path), f)
	}
	c, err := casefile.OpenRead(ctx, to)
	if err != nil {
		v.fault("case in the archive", preserve.CaseName, "it cannot be opened: "+err.Error())
		return p.tellVerified(v, asJSON)
	}
	return errors.Join(p.verifyCase(ctx, c, dir, v, asJSON), c.Close())
}

// verifyCase checks one open case. The copy in which it is analysed again is made in dir: it can be as large as the case.
func (p *program) verifyCase(ctx context.Context, c *casefile.Case, dir string, v verified, asJSON bool) error {
	found, err := c.Verify(ctx)
	if err != nil {
		return err
	}
	v.checked("answer", found.Answers)
	v.checked("workflow text", found.Texts)
	v.checked("pack", found.Packs)
	if found.Replaced > 0 {
		v.checked("replaced pack", found.Replaced)
	}
	if found.Redacted > 0 {
		v.Checks = append(v.Checks, verifiedRow{"redacted body", found.Redacted, "only what was kept"})
	}
	for _, f := range found.Faults {
		v.fault(f.What, f.ID, f.Detail)
	}
	if err := p.reproduces(ctx, c, dir, &v); err != nil {
		return err
	}
	return p.tellVerified(v, asJSON)
}

// reproduces analyses a copy and compares the tables of inferences. An analysis of other facts, or of another version of the program, cannot
// be expected to reproduce, which is said.
func (p *program) reproduces(ctx context.Context, c *casefile.Case, dir string, v *verified) (err error) {
	made, current, err := c.Analysed(ctx)
	if err != nil {
		return err
	}
	switch {
	case made == "":
		v.Checks = append(v.Checks, verifiedRow{"analysis", 0, "never made"})
		return nil
	case !current:
		v.Checks = append(v.Checks, verifiedRow{"analysis", 0, "not of the facts as they stand: run analyze"})
		return nil
	}
	before, err := c.InferenceDigests(ctx)
	if err != nil {
		return err
	}
	after, err := p.analysedAgain(ctx, c, dir)
	if err != nil {
		return fmt.Errorf("analyse a copy: %w", err)
	}
	v.checked("analysis", 1)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] == after[table] {
			continue
		}
		detail := "the same facts give other rows now"
		if made != version() {
			detail += fmt.Sprintf(": it was made by version %s, this is %s", made, version())
		}
		v.fault("analysis", table, detail)
	}
	return nil
}

func (p *program) analysedAgain(ctx context.Context, c *casefile.Case, dir string) (digests map[string]string, err error) {
	scratch, err := os.MkdirTemp(dir, "verify-*.unfinished")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	path := filepath.Join(scratch, "copy.db")
	if err := c.Snapshot(ctx, path); err != nil {
		return nil, err
	}
	again, err := casefile.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, again.Close()) }()
	still := *p
	still.quiet = true
	if err := still.analyze(ctx, again); err != nil {
		return nil, err
	}
	return again.InferenceDigests(ctx)
}

func (p *program) tellVerified(v verified, asJSON bool) error {
	for i, row := range v.Checks {
		if row.Result != "" {
			continue
		}
		v.Checks[i].Result = "ok"
		if slices.ContainsFunc(v.Faults, func(f faultJSON) bool { return f.What == row.What }) {
			v.Checks[i].Result = "faulty"
		}
	}
	if err := p.printVerified(v, asJSON); err != nil {
		return err
	}
	if n := len(v.Faults); n > 0 {
		return hint(fmt.Errorf("%d thing(s) are not what they say they are", n), "keep the file as it is, and look for the capture that it was made from")
	}
	return nil
}

func (p *program) printVerified(v verified, asJSON bool) error {
	if asJSON {
		return writeJSON(p.stdout, "pentimento/verify/v1", "checks", v.Checks, list{"faults", v.Faults})
	}
	var rows [][]string
	for _, c := range v.Checks {
		rows = append(rows, []string{c.What, fmt.Sprint(c.Number), c.Result})
	}
	if err := writeTable(p.stdout, []string{"CHECKED", "NUMBER", "RESULT"}, rows); err != nil || len(v.Faults) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(p.stdout); err != nil {
		return err
	}
	rows = nil
	for _, f := range v.Faults {
		rows = append(rows, []string{f.What, f.ID, f.Detail})
	}
	return writeTable(p.stdout, []string{"FAULT IN", "ID", "DETAIL"}, rows)
}
