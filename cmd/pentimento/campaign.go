package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/campaign"
)

func (p *program) campaignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "Campaign packs: list, show, validate",
		Long:  "A pack holds the indicators, waves and rules of one campaign, with texts that it must hit and texts that it must not.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the built-in packs", Args: cobra.NoArgs, Example: "  pentimento campaign list",
			RunE: func(*cobra.Command, []string) error { return p.listPacks() }},
		&cobra.Command{Use: "show NAME|FILE", Short: "Show a pack, indicators defanged", Args: cobra.ExactArgs(1), Example: "  pentimento campaign show ghostaction",
			RunE: func(_ *cobra.Command, args []string) error { return p.showPack(args[0]) }},
		&cobra.Command{Use: "validate FILE...", Short: "Check pack files", Args: cobra.MinimumNArgs(1), Example: "  pentimento campaign validate our-pack.yaml",
			RunE: func(_ *cobra.Command, args []string) error { return p.validatePacks(args) }},
	)
	return cmd
}

func (p *program) listPacks() error {
	packs, err := campaign.Builtin()
	if err != nil {
		return err
	}
	var rows [][]string
	for _, b := range packs {
		rows = append(rows, []string{b.Name, b.Title, fmt.Sprint(len(b.Waves)), fmt.Sprint(len(b.Rules))})
	}
	return writeTable(p.stdout, []string{"name", "title", "waves", "rules"}, rows)
}

func (p *program) showPack(name string) error {
	packs, err := findPacks([]string{name})
	if err != nil {
		return err
	}
	b := packs[0]
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n\n%s\n\nwaves\n", b.Name, b.Title, strings.TrimSpace(b.Description))
	for _, w := range b.Waves {
		fmt.Fprintf(&out, "  %-12s %s .. %s (to the %s, %s)\n", w.ID, w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339), w.Precision, w.Source)
	}
	section := func(title string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(&out, "\n%s\n  %s\n", title, strings.Join(list, "\n  "))
		}
	}
	section("paths", b.Indicators.Paths)
	section("workflow names", b.Indicators.WorkflowNames)
	section("job ids", b.Indicators.JobIDs)
	var messages, hosts, rules []string
	for _, m := range b.Indicators.Messages {
		messages = append(messages, fmt.Sprintf("%-8s %s", m.Role, m.Text))
	}
	for _, h := range b.Indicators.Hosts {
		hosts = append(hosts, defang(h))
	}
	for _, r := range b.Rules {
		rules = append(rules, fmt.Sprintf("%s/%s (%s, confidence %s): %s", b.Name, r.ID, r.Severity, r.Confidence, r.Description))
	}
	section("messages", messages)
	section("hosts", hosts)
	section("rules", rules)
	for _, line := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		if _, err := fmt.Fprintln(p.stdout, escapeTerminal(line)); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) validatePacks(files []string) error {
	var failed []error
	for _, f := range files {
		pack, err := campaign.Load(f)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		p.say("%s: pack %s holds: %d positives hit, %d near-misses do not", f, pack.Name, len(pack.Positives), len(pack.NearMisses))
	}
	return errors.Join(failed...)
}
