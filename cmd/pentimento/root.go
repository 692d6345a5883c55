package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
)

// program is everything from outside that a command may touch.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	clock          func() time.Time
	sleep          func(context.Context, time.Duration) error // between the tries of a request; nil waits on the real clock

	casePath string // --case
	quiet    bool   // --quiet
}

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	command, err := root.ExecuteContextC(ctx)
	code := exitCode(ctx, err)
	if err == nil || errors.As(err, new(resultError)) {
		return code
	}
	if code == exitInterrupted {
		said := "pentimento: interrupted"
		if command.Parent() == command.Root() && (command.Name() == "collect" || command.Name() == "import") {
			said += "; what was " + command.Name() + "ed is kept, run the same command again to go on"
		}
		fmt.Fprintln(p.stderr, said)
		return code
	}
	for _, message := range messages(err) {
		fmt.Fprintln(p.stderr, "pentimento:", inert.Escape(message))
	}
	for _, h := range hints(err) {
		fmt.Fprintln(p.stderr, "hint:", inert.Escape(h))
	}
	return code
}

// messages takes joined errors apart, one line each: a line break within a message is somebody else's and stays escaped.
func messages(err error) []string {
	switch e := err.(type) {
	case usageError:
		return messages(e.error)
	case hintError:
		return messages(e.error)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var out, whole []string
	for _, e := range joined.Unwrap() {
		out, whole = append(out, messages(e)...), append(whole, e.Error())
	}
	if strings.Join(whole, "\n") != err.Error() { // several causes in one sentence
		return []string{err.Error()}
	}
	return out
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "pentimento",
		Short: "Reconstructs what a GitHub Actions secret-exfiltration campaign did to each repository",
		Long: `pentimento reconstructs, for every repository hit by a GitHub Actions secret-exfiltration campaign, when the malicious
workflow was there, whether it ran, what it could read, and how long each stolen credential stayed usable.

Facts are collected into a case file; analyze infers the rest from them and can be run again at will. What could not be
seen is a gap, never a clean bill of health.`,
		Example: `  pentimento drill
  pentimento init --campaign ghostaction
  pentimento add -f repositories.txt
  pentimento collect
  pentimento analyze
  pentimento repos`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&p.casePath, "case", "", "case file (default: $PENTIMENTO_CASE, else case.db)")
	root.PersistentFlags().BoolVarP(&p.quiet, "quiet", "q", false, "say nothing on stderr but errors")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddGroup(&cobra.Group{ID: "work", Title: "The work, in order:"}, &cobra.Group{ID: "ask", Title: "What was found:"})
	for _, c := range []*cobra.Command{
		p.drillCommand(), p.initCommand(), p.addCommand(), p.collectCommand(), p.statusCommand(), p.importCommand(), p.declareCommand(), p.analyzeCommand(),
	} {
		c.GroupID = "work"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{
		p.reposCommand(), p.findingsCommand(), p.commitsCommand(), p.presenceCommand(), p.runsCommand(), p.windowsCommand(), p.usesCommand(), p.linksCommand(), p.releasesCommand(), p.rotateCommand(), p.gapsCommand(), p.pivotCommand(),
		p.timelineCommand(), p.evidenceCommand(), p.identifyCommand(), p.queryCommand(), p.reportCommand(), p.verifyCommand(), p.campaignCommand(),
	} {
		c.GroupID = "ask"
		root.AddCommand(c)
	}
	root.AddCommand(helpTopics()...)
	root.SetHelpCommand(helpCommand(root))
	usageArgs(root)
	return root
}

// usageArgs makes a wrong number of arguments a usage error in every command.
func usageArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return hint(usageError{err}, "see: %s --help", cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageArgs(sub)
	}
}

// version is what the build says of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// path is the case file that was asked for.
func (p *program) path() string {
	for _, s := range []string{p.casePath, p.env("PENTIMENTO_CASE")} {
		if s != "" {
			return s
		}
	}
	return "case.db"
}

// withCase opens the case for f and closes it after.
func (p *program) withCase(ctx context.Context, f func(*casefile.Case) error) error {
	c, err := casefile.Open(ctx, p.path())
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.Close())
}

// withReadCase does the same for what only reads: it needs no right to write.
func (p *program) withReadCase(ctx context.Context, f func(*casefile.Case) error) error {
	c, err := casefile.OpenRead(ctx, p.path())
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.Close())
}

// say prints one line for people, escaped.
func (p *program) say(format string, args ...any) {
	if !p.quiet {
		fmt.Fprintln(p.stderr, inert.Escape(fmt.Sprintf(format, args...)))
	}
}
