package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/campaign"
	"pentimento/internal/inert"
)

func (p *program) campaignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "Campaign packs: list, show, validate, import, use",
		Long: `A pack holds the indicators, waves and rules of one campaign, with texts that it must hit and texts that it must not.

Indicators stand in a pack as the attacker wrote them; whatever this program prints of them is defanged.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the built-in packs", Args: cobra.NoArgs, Example: "  pentimento campaign list",
			RunE: func(*cobra.Command, []string) error { return p.listPacks() }},
		&cobra.Command{Use: "show NAME|FILE", Short: "Show a pack, indicators defanged", Args: cobra.ExactArgs(1), Example: "  pentimento campaign show ghostaction",
			RunE: func(_ *cobra.Command, args []string) error { return p.showPack(args[0]) }},
		&cobra.Command{Use: "validate FILE...", Short: "Check pack files", Args: cobra.MinimumNArgs(1), Example: "  pentimento campaign validate our-pack.yaml",
			Long: `Tells every mistake of the packs with file, line and column, what is wrong and what would be right: of form, of indicators, of rules that
can never hold, and of samples that the rules should hit and do not, or do hit and should not.`,
			RunE: func(_ *cobra.Command, args []string) error { return p.validatePacks(args) }},
		p.importPackCommand(),
		p.usePackCommand(),
		p.learnCommand(),
		p.tryCommand(),
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
		var first, last string
		for _, w := range b.Waves {
			if from := waveTime(w.From, w.Precision); first == "" || from < first {
				first = from
			}
			last = max(last, waveTime(w.To, w.Precision))
		}
		rows = append(rows, []string{b.Name, b.Title, first, last, fmt.Sprint(len(b.Waves)), fmt.Sprint(len(b.Rules))})
	}
	return writeTable(p.stdout, []string{"name", "title", "first seen", "last seen", "waves", "rules"}, rows)
}

// waveTime writes an end of a wave no finer than it is known.
func waveTime(t time.Time, known campaign.Precision) string {
	switch known {
	case campaign.Month:
		return t.UTC().Format("2006-01")
	case campaign.Day:
		return t.UTC().Format(time.DateOnly)
	case campaign.Hour, campaign.Minute:
		return t.UTC().Format("2006-01-02T15:04Z")
	}
	return t.UTC().Format(time.RFC3339)
}

func (p *program) showPack(name string) error {
	packs, err := findPacks([]string{name})
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimRight(packText(packs[0]), "\n"), "\n") {
		if _, err := fmt.Fprintln(p.stdout, inert.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}

func packText(b campaign.Pack) string {
	var out strings.Builder
	section := func(title string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(&out, "\n%s\n  %s\n", title, strings.Join(list, "\n  "))
		}
	}
	fmt.Fprintf(&out, "%s: %s\n\n%s\n", b.Name, b.Title, strings.TrimSpace(b.Description))
	var waves, references, rules, samples []string
	for _, w := range b.Waves {
		waves = append(waves, fmt.Sprintf("%-12s %s .. %s  known to the %s; %s", w.ID, waveTime(w.From, w.Precision), waveTime(w.To, w.Precision), w.Precision, w.Source))
	}
	for _, r := range b.References {
		references = append(references, r.Title+" "+inert.Defang(r.URL))
	}
	for _, r := range b.Rules {
		rules = append(rules, fmt.Sprintf("%s/%s (%s)\n    %s", b.Name, r.ID, ruleTerms(r), strings.TrimSpace(r.Description)))
	}
	for _, s := range b.Positives {
		samples = append(samples, fmt.Sprintf("hit by %s: %s", strings.Join(s.Rules, ", "), s.Name))
	}
	for _, s := range b.NearMisses {
		samples = append(samples, "not hit: "+s.Name)
	}
	section("waves", waves)
	showIndicators(section, b.Indicators)
	section("rules", rules)
	section("samples", samples)
	section("warnings", warnings(b.Warnings))
	section("advice", warnings(b.Advice))
	section("references", references)
	return out.String()
}

// ruleTerms tells how grave and how sure a rule is, and under which circumstances it holds.
func ruleTerms(r campaign.Rule) string {
	terms := []string{r.Severity, "confidence " + r.Confidence}
	if r.OnlyInWaves {
		terms = append(terms, "only in waves")
	}
	for _, c := range []struct {
		word string
		list []string
	}{{"where", r.Context.All}, {"where any of", r.Context.Any}, {"where not", r.Context.None}} {
		if len(c.list) > 0 {
			terms = append(terms, c.word+" "+strings.Join(c.list, ", "))
		}
	}
	return strings.Join(terms, ", ")
}

func showIndicators(section func(title string, list []string), in campaign.Indicators) {
	section("paths", in.Paths)
	section("workflow names", in.WorkflowNames)
	section("job ids", in.JobIDs)
	section("everyday, which say little alone", in.Everyday)
	var messages, moves []string
	for _, m := range in.Messages {
		messages = append(messages, fmt.Sprintf("%-8s %s", m.Role, inert.Defang(m.Text)))
	}
	for _, m := range in.TagMoves {
		moves = append(moves, fmt.Sprintf("%s tags %s to %s", m.Repository, m.Tags, or(m.To, "commits that no source names")))
	}
	section("messages", messages)
	section("branches", in.Branches)
	section("hosts", defangAll(in.Hosts))
	section("parts of URLs", defangAll(in.URLParts))
	section("markers", defangAll(in.BodyMarkers))
	section("actions", in.Uses)
	section("commits", in.Commits)
	section("moved tags", moves)
	section("authors, as the campaign names itself", in.Authors)
	section("runner labels", in.RunnerLabels)
	section("artifacts", in.Artifacts)
	section("hashes of files", in.FileHashes)
}

func defangAll(list []string) []string {
	var out []string
	for _, x := range list {
		out = append(out, inert.Defang(x))
	}
	return out
}

func warnings(list []campaign.Warning) []string {
	var out []string
	for _, w := range list {
		before := ""
		if w.Before != "" {
			before = "before " + w.Before + ": "
		}
		out = append(out, fmt.Sprintf("%s%s (%s)", before, strings.TrimSpace(w.Text), w.Source))
	}
	return out
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
