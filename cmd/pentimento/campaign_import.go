package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/campaign"
	"pentimento/internal/campaign/exchange"
)

type importPackOptions struct {
	format, out, name, base, column string
}

func (p *program) importPackCommand() *cobra.Command {
	var o importPackOptions
	cmd := &cobra.Command{
		Use:   "import FILE -o PACK.yaml",
		Short: "Make a pack of indicators in STIX, MISP or a list",
		Long: `Reads the indicators of a STIX 2.1 bundle, a MISP event or a plain list (one a line, or a column of a CSV; hxxp, [.] and the like are undone)
and writes a pack, each indicator with where it comes from in a comment. With --base it adds them to a pack, built in or a file.

What could not be taken is listed with the reason. For each kind of indicator the pack has a rule, with samples; how grave and how sure they are is
for a person to judge, and so are the waves, of which the file knows nothing. The pack that is written holds: campaign validate says so.`,
		Example: `  pentimento campaign import bundle.json -o ours.yaml
  pentimento campaign import hosts.txt --base ghostaction -o ghostaction-wave7.yaml && pentimento campaign use ghostaction-wave7.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.importPack(args[0], o) },
	}
	cmd.Flags().StringVar(&o.format, "format", string(exchange.Guess), "stix, misp, list, or guess by what the file looks like")
	cmd.Flags().StringVarP(&o.out, "output", "o", "", "the pack to write; an existing file is never overwritten")
	cmd.Flags().StringVar(&o.name, "name", "", "the pack's name (default: the base's, else that of the output file)")
	cmd.Flags().StringVar(&o.base, "base", "", "a built-in pack or pack file to add the indicators to")
	cmd.Flags().StringVar(&o.column, "column", "", "the column of a CSV that holds the indicators")
	return cmd
}

func (p *program) importPack(file string, o importPackOptions) error {
	if o.out == "" {
		return usagef("campaign import needs -o PACK.yaml")
	}
	if !slices.Contains(exchange.Formats, exchange.Format(o.format)) {
		return usagef("--format is one of stix, misp, list, guess")
	}
	text, err := readIndicators(file)
	if err != nil {
		return err
	}
	found, err := exchange.Read(text, exchange.Options{Name: filepath.Base(file), Format: exchange.Format(o.format), Column: o.column})
	if err != nil {
		return fmt.Errorf("import %w", err)
	}
	if err := p.tellImport(found); err != nil {
		return err
	}
	if len(found.Entries) == 0 {
		return hint(fmt.Errorf("import %s: it holds no indicator that a pack can have", file), "read as %s; --format says otherwise", found.Format)
	}
	pack, name, err := packOf(found, file, o)
	if err != nil {
		return err
	}
	if _, err := campaign.Parse(o.out, pack); err != nil {
		return hint(fmt.Errorf("the pack that came of it does not hold: %w", err), "indicators that no rule can go by alone belong into a pack: --base NAME")
	}
	if err := writeNew(o.out, pack); err != nil {
		return err
	}
	p.say("wrote %s, pack %s: %d indicator(s) read as %s; next: look at it, then pentimento campaign use %s", o.out, name, len(found.Entries), found.Format, o.out)
	return nil
}

// readIndicators reads a file under the bound of package exchange: one byte more says that it is too large.
func readIndicators(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, exchange.MaxFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return text, nil
}

// packOf writes the pack: the base with more in it, or a new one.
func packOf(found exchange.Import, file string, o importPackOptions) (text []byte, name string, err error) {
	if o.base != "" {
		packs, err := findPacks([]string{o.base})
		if err != nil {
			return nil, "", err
		}
		text, err = campaign.Extend(packs[0].Text, o.name, found.Entries)
		return text, or(o.name, packs[0].Name), err
	}
	name = or(o.name, packNameOf(o.out))
	description := fmt.Sprintf("Made of %s (%s) by pentimento campaign import: %d indicators, %d entries not taken. Nobody has judged the indicators, and the file says nothing of waves.",
		filepath.Base(file), found.Format, len(found.Entries), len(found.Left)+found.Further)
	text, err = campaign.Draft(name, or(found.Title, name), description, found.Entries)
	return text, name, err
}

// packNameOf makes a pack's name of that of its file.
func packNameOf(file string) string {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(base)), "-")
}

// tellImport lists what was taken, by kind, and what was not, with the reason.
func (p *program) tellImport(found exchange.Import) error {
	kinds := map[string]int{}
	for _, e := range found.Entries {
		kinds[e.Kind]++
	}
	var rows [][]string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		rows = append(rows, []string{k, fmt.Sprint(kinds[k])})
	}
	if err := writeTable(p.stdout, []string{"taken", "indicators"}, rows); err != nil || len(found.Left) == 0 {
		return err
	}
	rows = nil
	for _, l := range found.Left {
		rows = append(rows, []string{strings.Join(defangAll(strings.Fields(l.What)), " "), l.Why})
	}
	if found.Further > 0 {
		rows = append(rows, []string{fmt.Sprintf("%d more", found.Further), "not told one by one"})
	}
	if _, err := fmt.Fprintln(p.stdout); err != nil {
		return err
	}
	return writeTable(p.stdout, []string{"not taken", "because"}, rows)
}

// writeNew writes a file that is not there yet, whole or not at all.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return hint(fmt.Errorf("%s is there already", name), "choose another file with -o")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))
	}
	return nil
}
