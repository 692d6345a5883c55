package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/tokenlog"
)

// helpCommand is cobra's, but for a name that it does not know: that is a usage error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Print the manual of a command or topic",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return hint(usagef("help: no command or topic %q", strings.Join(args, " ")), "pentimento help lists them")
			}
			cmd.InitDefaultHelpFlag() // cobra makes these two late: the manual would not name them
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// helpTopics are pages of the manual that belong to no command.
func helpTopics() []*cobra.Command {
	page := func(name, short, long string) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Long: long}
	}
	return []*cobra.Command{
		page("exit-codes", "What the exit codes mean", `0    done
1    failed
2    the command line makes no sense
3    exposure was found        (only with --exit-code; outranks 4)
4    done, evidence incomplete (only with --exit-code)
130  interrupted

--exit-code is taken by repos, presence, runs, windows and uses. Any other code is a failure.`),
		page("environment", "Environment variables", `PENTIMENTO_CASE    the case file, where --case is not given
GITHUB_TOKEN       authenticates at the host and its API; GH_TOKEN is read where it is empty. Never stored, never sent
                   to another host, nor over plain http except to loopback.
GITHUB_TOKENS      further tokens, separated by commas or white space: collect uses the one that has most left of GitHub's
                   limit, and waits when all are spent. All of them should see the same repositories; several tokens of
                   one account share one limit. One that the API does not accept is left out, and said.
GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID, GITHUB_APP_PRIVATE_KEY_FILE
                   an installation of a GitHub App: collect signs with the key and has tokens minted, which last an hour.
                   That is the one request that is not a read: POST /app/installations/ID/access_tokens.
SOURCE_DATE_EPOCH  seconds since 1970: the case's "now" for init, where --now is not given
NO_COLOR           nothing: output has no colour`),
		page("clocks", "Which clock stands behind a time", `Every time is a pair of bounds, and every bound says which clock stamped it. Best first:

server    GitHub: activity, events, runs
archive   the created_at of an archived event
runner    the machine that ran a job: times of steps
local     the machine that keeps a clone: entries of reflogs. Its owner can set it, the attacker of the repository cannot
declared  the word of a responder (pentimento declare) or of a campaign pack
git       author and committer dates: whoever made the commit wrote them

A git date never narrows a bound of another clock. Where it is all there is, the bound is given and marked "claimed" (~ in
tables). An unknown bound is null in JSON and "?" in tables.`),
		page("formats", "Which files import reads", formatsPage()),
	}
}

// formatsPage lists the formats of each kind of import.
func formatsPage() string {
	var b strings.Builder
	b.WriteString("pentimento import reads these. What a file tells beside its kind comes along: of a log, the credentials that it names.\n")
	for _, k := range importKinds {
		fmt.Fprintf(&b, "\n%s: %s\n", k.name, k.about)
		for _, f := range tokenlog.Formats() {
			if slices.Contains(f.Kinds, k.name) {
				fmt.Fprintf(&b, "  %-24s %s\n", f.Name, f.About)
			}
		}
	}
	b.WriteString("\nNothing tells the columns of generic files: pentimento import KIND FILE --explain drafts the mapping.")
	return b.String()
}
