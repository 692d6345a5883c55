package main

import (
	"context"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

func (p *program) runsCommand() *cobra.Command {
	q := &question{
		use:   "runs [REPO]...",
		short: "How far each run of a malicious version got",
		long: `One row per attempt of a run that ran, or may have run, a malicious version. EXECUTION is a step of the ladder, targeted < triggered <
started < executed < confirmed, or an answer beside it: blocked and suppressed say that nothing ran, pending and unknown say nothing.
LEAKED is the time of the step that sends the secrets out, by the runner's clock.

A start of which no run is seen is no proof that nothing ran: runs can be deleted. They are in "pentimento query opportunities". With
--exit-code, started, executed and confirmed are exposure; pending, unknown and a start without a run leave the evidence incomplete.

--could-read shows what each job could read from the moment it began: the secrets that its file names, all of them where it takes them
together, those of its environment, the permissions of its token (TOKEN) and whether it could ask for OIDC tokens.`,
		example: "  pentimento runs\n  pentimento runs octo-org/octo-repo --json\n  pentimento runs --could-read",
		queries: []string{"runs"},
		columns: []column{
			plain("REPOSITORY", "repository", unknown),
			{"RUN", func(r row) string { return r.text("run_id") + "." + r.text("attempt") }},
			plain("EVENT", "event", unknown), ref("REF"), moment("CREATED", "created_at", false), plain("CONCLUSION", "conclusion", nothing),
			plain("EXECUTION", "execution", unknown), {"LEAKED", func(r row) string {
				if at := r.instant("leaked"); at != unknown {
					return at
				}
				return nothing
			}}, plain("REASON", "reason", nothing),
		},
		schema: "pentimento/runs/v1", key: "runs", document: runsDocument,
		exposed: func(r row) bool {
			switch r.text("execution") {
			case timeline.Started, timeline.Executed, timeline.Confirmed:
				return true
			}
			return false
		},
		unsure: []aside{{query: "opportunities", counts: unseen}, {query: "runs", counts: func(r row) bool {
			return r.text("execution") == timeline.Unknown || r.text("execution") == timeline.Pending
		}}},
		beside: &aside{"opportunities", unseen, "time(s) at which GitHub could start a version and no run is seen"},
	}
	cmd := p.askCommand(q)
	could := false
	cmd.Flags().BoolVar(&could, "could-read", false, "what each job of these runs could read, instead of how far it got")
	cmd.PreRun = func(*cobra.Command, []string) {
		if could {
			q.couldRead()
		}
	}
	return cmd
}

// unseen reports an opportunity that something may have come of, and no run shows it.
func unseen(r row) bool { return r.text("run_id") == "" && r.text("status") != timeline.Suppressed }

// runJSON is one row of pentimento/runs/v1: one attempt. Blob is null where the file that ran could not be had, leaked where the leaking
// step is not known to have run.
type runJSON struct {
	Repository string        `json:"repository"`
	RunID      int64         `json:"run_id"`
	Attempt    int           `json:"attempt"`
	Event      *string       `json:"event"`
	Ref        *string       `json:"ref"`
	Path       string        `json:"path"`
	Blob       *string       `json:"blob"`
	Campaign   *string       `json:"campaign"`
	HeadSHA    *string       `json:"head_sha"`
	Created    when.Instant  `json:"created"`
	Status     *string       `json:"status"`
	Conclusion *string       `json:"conclusion"`
	Execution  string        `json:"execution"`
	Reason     *string       `json:"reason"`
	Leaked     *when.Instant `json:"leaked"`
	Actor      *string       `json:"actor"`
	Evidence   []string      `json:"evidence"`
}

// opportunityJSON is one time at which GitHub could start a version; run_id is null where no run is seen.
type opportunityJSON struct {
	ID         string       `json:"id"`
	Repository string       `json:"repository"`
	Ref        *string      `json:"ref"`
	Path       string       `json:"path"`
	Blob       string       `json:"blob"`
	Event      string       `json:"event"`
	Head       *string      `json:"head"`
	Status     string       `json:"status"`
	Reason     *string      `json:"reason"`
	RunID      *int64       `json:"run_id"`
	At         when.Instant `json:"at"`
	Evidence   []string     `json:"evidence"`
}

func runsDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	executions, err := timeline.Executions(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var runs []runJSON
	for _, e := range executions {
		if !in.has(e.Repository) {
			continue
		}
		x := runJSON{Repository: string(e.Repository), RunID: e.Run.RunID, Attempt: e.Run.Attempt, Event: nullable(e.Run.Event), Ref: nullable(e.Ref),
			Path: e.Path, Blob: nullable(e.Blob), Campaign: nullable(e.Campaign), HeadSHA: nullable(e.Run.HeadSHA), Status: nullable(e.Run.Status),
			Conclusion: nullable(e.Run.Conclusion), Execution: e.Ladder, Reason: nullable(e.Reason), Leaked: knownJSON(e.Leaked),
			Actor: nullable(e.Run.Actor), Evidence: distinct(append([]string{e.RunFact}, e.Leaked.Evidence...))}
		if !e.Run.CreatedAt.IsZero() {
			x.Created = when.At(e.Run.CreatedAt, when.Server, e.RunFact)
		}
		runs = append(runs, x)
	}
	stored, err := timeline.Opportunities(ctx, c)
	opportunities := []opportunityJSON{}
	for _, o := range stored {
		if !in.has(o.Repository) {
			continue
		}
		x := opportunityJSON{ID: o.ID, Repository: string(o.Repository), Ref: nullable(o.Ref), Path: o.Path, Blob: string(o.Blob), Event: o.Event,
			Head: nullable(o.Head), Status: o.Status, Reason: nullable(o.Reason), At: o.At, Evidence: present(distinct(o.At.Evidence))}
		if o.RunID != 0 {
			x.RunID = &o.RunID
		}
		opportunities = append(opportunities, x)
	}
	return runs, []list{{"opportunities", opportunities}}, err
}
