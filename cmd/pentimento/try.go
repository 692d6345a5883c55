package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pentimento/internal/campaign"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// maxTried bounds the files of one try: more than all workflow files of ten thousand repositories, and their names fit in memory.
const maxTried = 200_000

// maxTriedErrors bounds the unreadable files that are named one by one.
const maxTriedErrors = 20

func (p *program) tryCommand() *cobra.Command {
	var names []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "try DIR|FILE...",
		Short: "Judge workflow files that lie in a folder",
		Long: `Judges files as analyze judges the versions of a case, with all built-in packs or those of --campaign, and with the heuristics. It needs no
case and keeps nothing. One row per file and rule that holds.

A file that is named is judged whatever it is called. Below a folder, files that end in .yml or .yaml are, where they lie in .github/workflows
or hold a "jobs" or "runs" key; symbolic links are not followed. A file outside .github/workflows is judged as if it lay there under its own
name, for some rules ask for the path.

A lone file has no history. A rule that asks what the repository did before (a host, secret or trigger that is new to it) is not decided: its
row says under ONLY WHERE what has to be so. No hit is no proof that a file is harmless.`,
		Example: "  pentimento campaign try mailed.yml\n  pentimento campaign try --campaign ghostaction --campaign our-pack.yaml ./checkouts --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.try(cmd.Context(), args, names, asJSON)
		},
	}
	cmd.Flags().StringArrayVar(&names, "campaign", nil, "judge by this pack only: a built-in name or a file (repeatable; default: all built-in packs)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (pentimento/try/v1)")
	return cmd
}

// tried is what became of one file.
type tried struct {
	name    string // as found
	blob    evidence.OID
	finding detect.Finding // with no hits, or conditional ones alone, where nothing is sure
	partial string         // why not all of it was read
	other   bool           // no workflow
	err     error
}

func (p *program) try(ctx context.Context, args, names []string, asJSON bool) error {
	packs, err := campaign.Builtin()
	if len(names) > 0 {
		packs, err = findPacks(names)
	}
	if err != nil {
		return err
	}
	files, err := workflowFiles(ctx, args)
	if err != nil {
		return err
	}
	results, err := tryAll(ctx, files, packs)
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(p.stdout, "pentimento/try/v1", "files", tryDocument(results), list{"summary", summarize(results)})
	} else {
		err = writeTable(p.stdout, []string{"FILE", "RULE", "SEVERITY", "CONFIDENCE", "LINES", "ONLY WHERE", "WHY"}, tryRows(results))
	}
	if err != nil {
		return err
	}
	return p.tellTried(results, len(packs))
}

// candidate is a file to be judged. Named ones were asked for by name.
type candidate struct {
	name  string
	named bool
}

// workflowFiles lists the named files and the YAML files below the named folders, in the order of the arguments and of the names.
func workflowFiles(ctx context.Context, args []string) ([]candidate, error) {
	var out []candidate
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("look for workflow files: %w", err)
		}
		if !info.IsDir() {
			out = append(out, candidate{arg, true})
			continue
		}
		err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
			switch ext := strings.ToLower(filepath.Ext(name)); {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && d.Name() == ".git":
				return fs.SkipDir
			case !d.Type().IsRegular() || ext != ".yml" && ext != ".yaml":
				return nil
			case len(out) == maxTried:
				return fmt.Errorf("more than %d files: name fewer folders at once", maxTried)
			}
			out = append(out, candidate{name, false})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for workflow files: %w", err)
		}
	}
	return out, nil
}

// tryAll judges the files, as many at once as there are processors. Results stand in the order of the files.
func tryAll(ctx context.Context, files []candidate, packs []campaign.Pack) ([]tried, error) {
	results := make([]tried, len(files))
	g, ctx := errgroup.WithContext(ctx)
	workers := min(runtime.GOMAXPROCS(0), len(files))
	for first := range workers {
		g.Go(func() error {
			x := detect.NewExaminer(packs)
			for i := first; i < len(files); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				results[i] = tryFile(x, files[i])
			}
			return nil
		})
	}
	return results, g.Wait()
}

func tryFile(x *detect.Examiner, c candidate) tried {
	t := tried{name: c.name}
	text, err := readBounded(c.name)
	if err != nil {
		t.err = err
		return t
	}
	at := workflowPath(c.name)
	if t.other = !c.named && !strings.Contains(filepath.ToSlash(c.name), ".github/workflows/") && !workflowKey.Match(text); t.other {
		return t
	}
	if len(text) <= workflow.MaxSize {
		sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(text)), text...))
		t.blob = evidence.OID(hex.EncodeToString(sum[:]))
	}
	t.finding, _, _ = x.Examine(detect.Version{Blob: t.blob, Paths: []string{at}, Text: text})
	t.partial = x.File().Partial
	return t
}

// workflowKey is what every workflow and every action has at its top, in block or in flow style.
var workflowKey = regexp.MustCompile(`(?:^|[\s{,"'])(?:jobs|runs)["']?\s*:`)

// readBounded reads one byte more than is parsed: what is larger is known to be.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, workflow.MaxSize+1))
	return bytes.TrimPrefix(text, []byte("\ufeff")), errors.Join(err, f.Close())
}

// workflowPath is the path in a repository that a file is judged at.
func workflowPath(name string) string {
	const folder = ".github/workflows/"
	name = filepath.ToSlash(name)
	if i := strings.LastIndex(name, folder); i >= 0 {
		return name[i:]
	}
	switch base := path.Base(name); base {
	case "action.yml", "action.yaml":
		return base
	default:
		return folder + base
	}
}
