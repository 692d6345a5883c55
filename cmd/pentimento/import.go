package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/intake"
	"pentimento/internal/tokenlog"
	"pentimento/internal/tokens"
)

// importKinds are what can be imported, in the order in which a responder gets hold of it.
var importKinds = []struct{ name, about string }{
	{tokenlog.KindCredentials, "inventories: which tokens and keys there are, of whom, and when each was last used"},
	{tokenlog.KindUsage, "logs of what credentials and accounts did"},
	{tokenlog.KindReleases, "what registries tell of releases"},
	{tokenlog.KindMapping, "which secret is which credential, account or project, as you know it"},
	{tokenlog.KindStatements, "what people know, as declare takes it one by one"},
	{tokenlog.KindContacts, "how owners can be told"},
	{tokenlog.KindNetworks, "whose addresses are: systems, countries, cloud runners"},
}

// Scopes of usage logs.
const (
	scopeAll    = "all"
	scopeLinked = "linked"
)

type importOptions struct {
	format, zone, listedAt, account, covers, scope, mapping string
	complete, explain, rejects, json                        bool
}

func (p *program) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import KIND FILE...",
		Short: "Read logs, inventories and releases of credentials, and what people know",
		Long:  importLong(),
		Example: `  pentimento import mapping secrets.csv
  pentimento import credentials npm-tokens.json --listed-at 2025-09-12T10:00:00Z --complete --account octo-bot
  pentimento import usage AWSLogs/ --scope linked
  pentimento import usage audit.csv --explain > audit.yaml
  pentimento import usage audit.csv --mapping audit.yaml --covers 2025-08-01..2025-09-12
  pentimento import networks GeoLite2-ASN.mmdb meta.json
  pentimento import --rejects`,
		ValidArgs: importKindNames(),
		RunE:      func(cmd *cobra.Command, args []string) error { return p.importFiles(cmd.Context(), o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "the format of the files (default: what each looks like; pentimento help formats lists them)")
	f.StringVar(&o.zone, "zone", "", "the zone of times that name none, as in Europe/Berlin; without it they are read only where the format has a zone of its own")
	f.StringVar(&o.listedAt, "listed-at", "", "when an inventory was exported (RFC 3339), where it does not say so itself")
	f.BoolVar(&o.complete, "complete", false, "the inventory lists all credentials of the account: one that it lacks was gone by then")
	f.StringVar(&o.account, "account", "", "the account whose log or inventory it is, where the file does not say")
	f.StringVar(&o.covers, "covers", "", "A..B: the log is whole from A until before B; a date alone as B is the whole day")
	f.StringVar(&o.scope, "scope", scopeAll, "of usage, keep all rows, or those linked to what the case names, and counts of the rest")
	f.StringVar(&o.mapping, "mapping", "", "what the columns of files of format generic are; --explain drafts it")
	f.BoolVar(&o.explain, "explain", false, "import nothing: print a mapping for the file, to be looked at and corrected")
	f.BoolVar(&o.rejects, "rejects", false, "import nothing: list the rows that were kept aside, with file, line and reason")
	f.BoolVar(&o.json, "json", false, "print the versioned document")
	return cmd
}

func importKindNames() []string {
	var names []string
	for _, k := range importKinds {
		names = append(names, k.name)
	}
	return names
}

func importLong() string {
	var b strings.Builder
	b.WriteString("Reads files that registries, platforms and clouds export, or that people write, into the case. KIND is what they are:\n\n")
	for _, k := range importKinds {
		fmt.Fprintf(&b, "  %-12s %s\n               (%s)\n", k.name, k.about, strings.Join(tokenlog.Names(k.name), ", "))
	}
	b.WriteString(`
Each file's format is told by what it holds, else by --format; "generic" is CSV or JSON of any columns, which --mapping explains. Files may be gzip,
zstd or bzip2, UTF-8, UTF-16 or Latin-1; - is standard input, and of a folder everything in it is read.

No secret is stored: a column that holds tokens is reduced to what names them at their provider, and every text is searched for the shapes of tokens.
A row that cannot be read is kept aside with its line and the reason, and the rest goes in: read = stored + duplicate + rejected + passed, where
duplicate is what the case had, and passed what --scope linked left out (counted by day, but for its effect on what is seen first). The same file
again, another export that overlaps, other orders and pieces change nothing. An import that was ended goes on when the same command runs again.

--covers is your word that nothing is missing from the log in that time. Without it, or the proof that some formats carry, silence proves nothing. It
counts only for a file that was read to its end with no row kept aside.
` + importNetworksLong + `
The exit code is 1 where a file was not read, or no row of one could be.`)
	return b.String()
}

// importWork is one run of the command.
type importWork struct {
	p     *program
	c     *casefile.Case
	o     importOptions
	kind  string
	read  tokenlog.Options
	from  time.Time // of --covers
	till  time.Time
	scope *casefile.ImportScope
	plan  string // the options as JSON
	known *namedWindows
}

func (p *program) importFiles(ctx context.Context, o importOptions, args []string) error {
	if o.rejects {
		if len(args) > 0 {
			return hint(usagef("--rejects lists what earlier imports kept aside: it takes no files"), "pentimento import --rejects")
		}
		return p.listRejects(ctx, o.json)
	}
	if len(args) < 2 {
		return hint(usagef("import needs a kind and files"), "kinds are %s; as in: pentimento import usage audit.jsonl", strings.Join(importKindNames(), ", "))
	}
	w := &importWork{p: p, o: o, kind: args[0]}
	if !slices.Contains(importKindNames(), w.kind) {
		return hint(usagef("%q is no kind of import", w.kind), "kinds are %s", strings.Join(importKindNames(), ", "))
	}
	if o.explain {
		return p.explainFile(w.kind, args[1:])
	}
	if err := w.options(); err != nil {
		return err
	}
	files, err := tokenlog.Files(args[1:])
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("import: there is no file in %s", strings.Join(args[1:], ", "))
	}
	return p.withCase(ctx, func(c *casefile.Case) error {
		w.c = c
		if err := w.begin(ctx); err != nil {
			return err
		}
		return w.all(ctx, files)
	})
}

// options checks what needs no case.
func (w *importWork) options() error {
	o := w.o
	if o.scope != scopeAll && o.scope != scopeLinked {
		return usagef("--scope is %s or %s", scopeAll, scopeLinked)
	}
	for _, only := range []struct {
		flag  string
		given bool
		kinds []string
	}{
		{"--scope linked", o.scope == scopeLinked, []string{tokenlog.KindUsage}},
		{"--covers", o.covers != "", []string{tokenlog.KindUsage}},
		{"--listed-at", o.listedAt != "", []string{tokenlog.KindCredentials}},
		{"--complete", o.complete, []string{tokenlog.KindCredentials}},
		{"--mapping", o.mapping != "", []string{tokenlog.KindUsage, tokenlog.KindCredentials, tokenlog.KindReleases}},
	} {
		if only.given && !slices.Contains(only.kinds, w.kind) {
			return usagef("%s goes with import %s", only.flag, strings.Join(only.kinds, ", "))
		}
	}
	var err error
	if w.read.Zone, err = zoneOf(o.zone); err != nil {
		return err
	}
	if o.listedAt != "" {
		if w.read.ListedAt, err = intake.ParseTime(o.listedAt); err != nil {
			return usageError{fmt.Errorf("--listed-at: %w", err)}
		}
	}
	if w.from, w.till, err = coversOf(o.covers); err != nil {
		return err
	}
	w.read.Complete, w.read.Account = o.complete, o.account
	return w.format()
}

// format checks --format and reads the mapping.
func (w *importWork) format() error {
	if w.o.mapping != "" && w.o.format == "" {
		w.o.format = tokenlog.GenericName
	}
	if w.o.format == "" {
		return nil
	}
	if _, ok := tokenlog.Find(w.kind, w.o.format); !ok {
		return hint(usagef("--format %s reads no %s", w.o.format, w.kind), "formats of %s are %s", w.kind, strings.Join(tokenlog.Names(w.kind), ", "))
	}
	if (w.o.format == tokenlog.GenericName) != (w.o.mapping != "") {
		return hint(usagef("--format %s and --mapping go together", tokenlog.GenericName), "draft a mapping: pentimento import %s FILE --explain", w.kind)
	}
	if w.o.mapping == "" {
		return nil
	}
	text, err := os.ReadFile(w.o.mapping)
	if err != nil {
		return fmt.Errorf("--mapping: %w", err)
	}
	if w.read.Mapping, err = tokenlog.ParseMapping(bytes.NewReader(text)); err != nil {
		return usageError{fmt.Errorf("--mapping %s: %w", w.o.mapping, err)}
	}
	if w.read.Mapping.Kind() != w.kind {
		return usagef("--mapping %s is for %s, not for %s", w.o.mapping, w.read.Mapping.Kind(), w.kind)
	}
	sum := sha256.Sum256(text)
	w.o.mapping = hex.EncodeToString(sum[:])
	return nil
}

// zoneOf reads the name of a zone, or an offset as in +02:00.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == time.Local.String() {
		return nil, hint(usagef("--zone %s: no such zone", name), "name it as in Europe/Berlin, UTC or +02:00")
	}
	return zone, nil
}

// coversOf reads A..B: from inclusive, till exclusive.
func coversOf(text string) (from, till time.Time, err error) {
	if text == "" {
		return from, till, nil
	}
	a, b, ok := strings.Cut(text, "..")
	if !ok {
		return from, till, hint(usagef("--covers %s: a time, two dots and a time", text), "as in 2025-08-01..2025-09-12 or 2025-08-01T00:00:00Z..2025-09-12T09:30:00Z")
	}
	if from, err = intake.ParseTime(a); err == nil {
		till, err = intake.ParseTime(b)
	}
	if err != nil {
		return from, till, usageError{fmt.Errorf("--covers: %w", err)}
	}
	if _, err := time.Parse(time.DateOnly, strings.TrimSpace(b)); err == nil {
		till = till.AddDate(0, 0, 1)
	}
	if !from.Before(till) {
		return from, till, usagef("--covers %s ends before it begins", text)
	}
	return from, till, nil
}

// begin checks what the case must say.
func (w *importWork) begin(ctx context.Context) error {
	info, err := w.c.Info(ctx)
	if err != nil {
		return err
	}
	w.read.Now = w.p.caseClock(info)()
	for _, given := range []struct {
		flag string
		t    time.Time
	}{{"--listed-at", w.read.ListedAt}, {"--covers", w.till}} {
		if given.t.After(w.read.Now.AddDate(0, 0, 1)) {
			return hint(usagef("%s reaches to %s, and the case's now is %s", given.flag, evidence.Stamp(given.t), evidence.Stamp(w.read.Now)),
				"nothing can tell of what is still to come; a case of a later date is made with init --now")
		}
	}
	if w.till.After(w.read.Now) { // the day of a date alone
		w.till = w.read.Now
	}
	if w.o.scope == scopeLinked {
		if w.scope, err = w.c.LinkedScope(ctx); err != nil {
			return err
		}
		if w.scope.Len() == 0 {
			return hint(errors.New("import: the case names no credential, account or project that rows could be linked to"),
				"import mapping or credentials first, then analyze; or --scope all")
		}
		w.p.say("keeping rows of %d credentials, accounts and projects", w.scope.Len())
	}
	if err := w.addresses(ctx); err != nil {
		return err
	}
	w.plan, err = w.planned()
	return err
}

// planned is what decides how a file is read: the same file under other options is another import.
func (w *importWork) planned() (string, error) {
	plan := struct {
		Zone     string `json:"zone,omitempty"`
		ListedAt string `json:"listed_at,omitempty"`
		Complete bool   `json:"complete,omitempty"`
		Account  string `json:"account,omitempty"`
		Covers   string `json:"covers,omitempty"`
		Scope    string `json:"scope,omitempty"`
		Kept     string `json:"kept,omitempty"`
		Mapping  string `json:"mapping,omitempty"` // its SHA-256
	}{w.o.zone, evidence.Stamp(w.read.ListedAt), w.o.complete, tokens.Redacted(w.o.account), w.o.covers, "", "", w.o.mapping}
	if w.scope != nil {
		plan.Scope, plan.Kept = scopeLinked, w.scope.Digest()
	}
	text, err := json.Marshal(plan)
	return string(text), err
}

// explainFile drafts a mapping of the one file.
func (p *program) explainFile(kind string, names []string) error {
	if len(names) != 1 {
		return usagef("--explain looks at one file")
	}
	src, err := tokenlog.Open(names[0], p.stdin, func(note string) { p.say("%s: %s", names[0], note) })
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	draft, err := tokenlog.Explain(src.Sample, kind)
	if err == nil {
		_, err = io.WriteString(p.stdout, draft)
	}
	if err = errors.Join(err, src.Close()); err != nil {
		return fmt.Errorf("explain %s: %w", names[0], err)
	}
	p.say("look at every line, then: pentimento import %s %s --mapping FILE", kind, names[0])
	return nil
}
