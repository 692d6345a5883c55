package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/exposure"
	"pentimento/internal/verdict"
	"pentimento/internal/when"
)

func (p *program) windowsCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "windows [REPO]...",
		short: "From when to when each credential could be misused",
		long: `One row per value of a credential: from the first instant at which it may have been in foreign hands to the instant at which its provider is
shown to refuse it. Removing the workflow closes no window, and neither does a new value of the secret. not_known_closed counts as open.
CLOSED names the clock where it is not the provider's: "declared" is somebody's word. REASON holds further statements about the window. Where
links lead to a credential, each credential and project has a row of its own; open means that it was seen alive since.

VERDICT is what imported logs and inventories say of use: suspicious (unlike the use before, by a named rule), unexplained, unknown, consistent
(every use explained) or none_seen. What silence proves: none_seen stands only where a log with a history was had whole over the window, or an
inventory tells that the last use came before it, and only until the time that "pentimento query verdicts" names, beside what such logs cannot show.
unknown is no all-clear. "pentimento query exposed" lists projects, credentials and secrets, one row each.

Without imported logs and inventories VERDICT is unknown, but for a credential that was seen to push for the campaign.

"pentimento rotate" says in which order to revoke them. With --exit-code, any window that is not closed is exposure.`,
		example: "  pentimento windows\n  pentimento windows --json | jq '.windows[] | select(.open)'",
		queries: []string{"windows"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("SECRET", "secret", nothing), plain("CREDENTIAL", "credential", unknown),
			plain("PROJECT", "project", nothing), plain("VALUE", "value", unknown), plain("STATE", "state", unknown),
			plain("EXECUTION", "execution", nothing), instant("OPENED", "opened"), {"CLOSED", closed}, plain("VERDICT", "verdict", nothing), plain("REASON", "reason", nothing),
		},
		schema: "pentimento/windows/v1", key: "windows", document: windowsDocument,
		exposed: func(r row) bool { return exposure.Exposes(r.text("state")) },
		beside:  &aside{"rotate", func(r row) bool { return r.text("kind") == exposure.Revoke }, "credential(s) to revoke, in order"},
	})
}

// closed shows the end of a window, with the clock that says so where it is no server's.
func closed(r row) string {
	at := r.instant("closed")
	var clocks []string
	for _, name := range []string{"closed_not_before_clock", "closed_not_after_clock"} {
		if c := r.text(name); c != "" && c != when.Server.String() && !slices.Contains(clocks, c) {
			clocks = append(clocks, c)
		}
	}
	return strings.Join(append([]string{at}, clocks...), " ")
}

// windowJSON is one row of pentimento/windows/v1. Secret is null for a credential that stands in no secret list; open is true for every
// state but closed.
type windowJSON struct {
	ID                string        `json:"id"`
	Repository        string        `json:"repository"`
	Campaign          *string       `json:"campaign"`
	Secret            *string       `json:"secret"`
	Credential        string        `json:"credential"`
	Project           *string       `json:"project"`
	Value             int           `json:"value"`
	Opened            when.Instant  `json:"opened"`
	OpenedBy          *string       `json:"opened_by"`
	CouldHaveOpenedBy *string       `json:"could_have_opened_by"`
	Closed            *when.Instant `json:"closed"`
	State             string        `json:"state"`
	Open              bool          `json:"open"`
	Execution         *string       `json:"execution"` // null for a pushing credential: no run had to take it
	Reason            *string       `json:"reason"`
	Evidence          []string      `json:"evidence"`
	Use               *useJSON      `json:"use"` // null where nothing could be misused
}

// useJSON is what logs say about use in a window. Through is null where no log tells.
type useJSON struct {
	Verdict  string   `json:"verdict"`
	Rule     string   `json:"rule"`
	Reason   string   `json:"reason"`
	Certain  int      `json:"certain"`
	Possible int      `json:"possible"`
	Before   int      `json:"before"`
	First    *string  `json:"first"`
	Last     *string  `json:"last"`
	Through  *string  `json:"through"`
	Blind    []string `json:"blind"`
	Evidence []string `json:"evidence"`
}

func usedJSON(v verdict.Verdict, judged bool) *useJSON {
	if !judged {
		return nil
	}
	return &useJSON{Verdict: v.Word, Rule: v.Rule, Reason: v.Reason, Certain: v.Certain, Possible: v.Possible, Before: v.Baseline, First: stampJSON(v.First), Last: stampJSON(v.Last),
		Through: stampJSON(v.Through), Blind: present(v.Blind), Evidence: present(v.Evidence)}
}

func windowsDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := exposure.StoredWindows(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	judged, err := verdict.Stored(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var out []windowJSON
	for _, w := range stored {
		if !in.has(w.Repository) {
			continue
		}
		v, ok := judged[w.ID]
		ids := append(append([]string{}, w.Opened.Evidence...), w.Closed.Evidence...)
		out = append(out, windowJSON{ID: w.ID, Repository: string(w.Repository), Campaign: nullable(w.Campaign), Secret: nullable(w.Secret),
			Credential: w.Credential, Project: nullable(w.Project), Value: w.Value, Opened: w.Opened, OpenedBy: nullable(w.OpenedBy),
			CouldHaveOpenedBy: nullable(w.CouldHaveOpenedBy), Closed: knownJSON(w.Closed), State: w.State, Open: exposure.Exposes(w.State),
			Execution: nullable(w.Execution), Reason: nullable(w.Reason), Evidence: distinct(ids), Use: usedJSON(v, ok)})
	}
	return out, nil, nil
}
