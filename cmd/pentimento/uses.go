package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/inert"
	"pentimento/internal/verdict"
)

func (p *program) usesCommand() *cobra.Command {
	return p.askCommand(&question{
		use:   "uses [REPO]...",
		short: "Who used each stolen credential, when and from where",
		long: `One row for each use of a credential in a window in which it could be misused: when, what was done, from which address, by which program, and
what it is taken for. suspicious is unlike the use before, by the rule that REASON puts into words; unexplained is neither like the use before nor
an own run's; consistent is either. A credential that a stolen one made counts for its maker. A use in the windows of several projects, or
repositories, has a row in each.

IN WINDOW is possible where the bounds of the window do not tell whether it was open, or where the log names the account and not the credential.
"?" is what a log does not tell; where an inventory alone tells of a use, it tells when the last one was and no more.

An empty table is no all-clear: what silence proves stands in windows and, with what the logs cannot show, in "pentimento query verdicts". Of each
window the first 200 uses of each judgement are listed. "pentimento query uses-all --param credential=PROVIDER:ID" lists every use of one credential,
those before the theft too.

With --exit-code, a use that is suspicious or unexplained is exposure; a window for which the logs give no all-clear leaves the answer incomplete.`,
		example: `  pentimento uses
  pentimento uses --json | jq '.uses[] | select(.judged == "suspicious") | .address'
  pentimento query uses --param judged=suspicious --csv`,
		queries: []string{"uses"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown), plain("SECRET", "secret", nothing), {"CREDENTIAL", usedCredential}, plain("PROJECT", "project", nothing),
			moment("TIME", "at", false), {"ACTION", deed}, {"ADDRESS", whence}, plain("USER AGENT", "user_agent", unknown), plain("OUTCOME", "outcome", unknown),
			plain("IN WINDOW", "part", unknown), plain("JUDGED", "judged", unknown), plain("REASON", "reason", nothing),
		},
		schema: "pentimento/uses/v1", key: "uses", document: usesDocument,
		exposed: func(r row) bool {
			return r.text("judged") == verdict.Suspicious || r.text("judged") == verdict.Unexplained
		},
		unsure: []aside{{query: "verdicts", counts: func(r row) bool {
			return r.text("verdict") != verdict.NoneSeen && r.text("verdict") != verdict.Consistent
		}}},
		beside: &aside{"verdicts", func(r row) bool { return r.text("verdict") == verdict.Unknown },
			"window(s) of which no log tells enough to say that nothing was amiss"},
		blind: untold,
	})
}

// usedCredential shows the credential of the window, and the one that the use names where that is another.
func usedCredential(r row) string {
	if as := r.text("used_as"); as != "" {
		return r.text("credential") + ", as " + as
	}
	return r.text("credential")
}

// deed shows what was done to what.
func deed(r row) string {
	var parts []string
	for _, name := range []string{"action", "acted_on", "subject"} {
		if s := inert.Column(name, r.text(name)); s != "" {
			parts = append(parts, s)
		}
	}
	return or(strings.Join(parts, " "), unknown)
}

// whence shows the address of a use, else what stands for it.
func whence(r row) string {
	at := or(r.text("address"), inert.Column("origin", r.text("origin")))
	if country := r.text("country"); country != "" && at != "" {
		at += " " + country
	}
	return or(at, unknown)
}

// untold says why uses may be missing: that nobody looked, that rows were passed over, that a table has an end.
func untold(ctx context.Context, c *casefile.Case) (string, error) {
	var logs, inventories, passed, unlisted int64
	err := c.Query(ctx, `SELECT EXISTS (SELECT 1 FROM use) + EXISTS (SELECT 1 FROM log_coverage), EXISTS (SELECT 1 FROM credential_record WHERE last_used_told),
		(SELECT coalesce(sum(count), 0) FROM use_passed),
		(SELECT coalesce(sum(certain + possible), 0) FROM window_verdict) - (SELECT count(*) FROM window_use)`, nil, func([]string) error { return nil }, func(v []*string) error {
		for i, to := range []*int64{&logs, &inventories, &passed, &unlisted} {
			n, err := strconv.ParseInt(*v[i], 10, 64)
			if err != nil {
				return err
			}
			*to = n
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("count uses: %w", err)
	}
	var said []string
	switch {
	case logs == 0 && inventories == 0:
		said = append(said, "no usage log and no inventory that tells of the last use is in the case: that no use is shown says nothing; pentimento import reads them")
	case logs == 0:
		said = append(said, "no usage log is in the case: inventories tell of last uses alone, not of those before")
	}
	if passed > 0 {
		said = append(said, fmt.Sprintf("%d row(s) of logs were passed over (--scope linked): of credentials that the case did not name then, nothing is shown", passed))
	}
	if unlisted > 0 {
		said = append(said, fmt.Sprintf("%d further use(s) in windows were judged and counted, and are not listed", unlisted))
	}
	return strings.Join(said, "; "), nil
}

// windowUseJSON is one row of pentimento/uses/v1: a use in one window. Null is what the log does not tell.
type windowUseJSON struct {
	Repository string  `json:"repository"`
	Secret     *string `json:"secret"`
	Credential string  `json:"credential"`
	Project    *string `json:"project"` // of the window
	At         string  `json:"at"`
	Part       string  `json:"part"`   // certain, possible
	Judged     string  `json:"judged"` // suspicious, unexplained, unknown, consistent
	Rule       string  `json:"rule"`
	Reason     string  `json:"reason"`
	Action     *string `json:"action"`
	Class      *string `json:"class"`
	ActedOn    *string `json:"acted_on"` // the project that the use names
	Subject    *string `json:"subject"`
	Outcome    *string `json:"outcome"`
	Address    *string `json:"address"`
	Origin     *string `json:"origin"` // where no address is told but something
	Country    *string `json:"country"`
	UserAgent  *string `json:"user_agent"`
	Account    *string `json:"account"`
	UsedAs     *string `json:"used_as"` // null where the use names the window's credential, or none
	Via        *string `json:"via"`
	RunID      *int64  `json:"run_id"`
	Commit     *string `json:"commit"`
	Minted     *string `json:"minted"` // the credential that it made
	Log        string  `json:"log"`    // "inventory" where a time of last use is all there is
	Verdict    string  `json:"verdict"`
	Window     string  `json:"window"`
	Evidence   string  `json:"evidence"`
}

func usesDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	answer, err := in.rows(ctx, c, "uses")
	if err != nil {
		return nil, nil, err
	}
	var out []windowUseJSON
	for _, r := range answer.rows {
		text := func(name string) *string { return nullable(r.text(name)) }
		x := windowUseJSON{Repository: r.text("repository"), Secret: text("secret"), Credential: r.text("credential"), Project: text("project"), At: r.text("at"),
			Part: r.text("part"), Judged: r.text("judged"), Rule: r.text("rule"), Reason: r.text("reason"), Action: text("action"), Class: text("class"),
			ActedOn: text("acted_on"), Subject: text("subject"), Outcome: text("outcome"), Address: text("address"), Origin: text("origin"), Country: text("country"),
			UserAgent: text("user_agent"), Account: text("account"), UsedAs: text("used_as"), Via: text("via"), Commit: text("commit_oid"), Minted: text("minted"),
			Log: r.text("log"), Verdict: r.text("verdict"), Window: r.text("window"), Evidence: r.text("evidence")}
		if id := r.text("run_id"); id != "" {
			n, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("run of %s: %w", x.Evidence, err)
			}
			x.RunID = &n
		}
		out = append(out, x)
	}
	return out, nil, nil
}
