package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// GitHub's primary limits for an hour (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
const (
	callsWithToken = 5000
	callsWithout   = 60
)

func (p *program) statusCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "How far collection has come, and what the rest will cost",
		Long: `One row per part of a collection, in the words of "collect --only": of how many repositories it is done in the last collection, how many
wait for it, and of how many it ended in a failure that may pass (a server that failed, a limit that lasted too long). Waiting ones are asked
by the next "collect", failed ones by "collect --refresh".

CALLS EACH is measured in this case: answers kept, by the repositories that the part is done for, over all collections; ? where it was done
for none, and then one call each is reckoned. CALLS and BYTES are that, times the repositories that wait or failed. The estimate knows nothing
of the repositories it is for: one busy repository can cost more than a thousand quiet ones, requests that had to be repeated are not in
it, and answers of "not modified" are, though they are free of the hourly limit. Bytes of the API are those of the stored, compressed
answers; bytes of git those of the mirrors, by the repositories that have one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withReadCase(cmd.Context(), func(c *casefile.Case) error { return p.status(cmd.Context(), c, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the versioned document")
	return cmd
}

// statusPart is one row of pentimento/status/v1. Planned is false for what the last collection left out (--only, or no --admin or --logs);
// calls_each and bytes_each are null where nothing was measured.
type statusPart struct {
	Part      string   `json:"part"`
	Planned   bool     `json:"planned"`
	Done      int      `json:"done"`
	Waiting   int      `json:"waiting"`
	Failed    int      `json:"failed"`
	CallsEach *float64 `json:"calls_each"`
	BytesEach *float64 `json:"bytes_each"`
	Calls     int64    `json:"calls"`
	Bytes     int64    `json:"bytes"`
}

// statusCollection is one collection: "finished", or "unfinished" for one that was interrupted or is still running. Places are what it read
// beside the servers, as flag and path or address.
type statusCollection struct {
	ID       int64    `json:"id"`
	Host     string   `json:"host"`
	API      string   `json:"api"`
	Only     string   `json:"only"`
	Refresh  bool     `json:"refresh"`
	Admin    bool     `json:"admin"`
	Logs     bool     `json:"logs"`
	Places   []string `json:"places"`
	State    string   `json:"state"`
	Begun    string   `json:"begun_at"`
	Finished *string  `json:"finished_at"`
	Oldest   *string  `json:"oldest_answer_at"`
	Latest   *string  `json:"latest_answer_at"`
}

// statusEstimate is what the rest will take. Hours are those of GitHub's hourly limit.
type statusEstimate struct {
	Calls        int64   `json:"calls"`
	Bytes        int64   `json:"bytes"`
	Credentials  int     `json:"credentials"`
	CallsPerHour int     `json:"calls_per_hour"`
	Hours        float64 `json:"hours"`
}

// standing is what status tells.
type standing struct {
	parts       []statusPart
	collections []statusCollection
	archive     statusArchive
	estimate    statusEstimate
}

func (p *program) status(ctx context.Context, c *casefile.Case, asJSON bool) error {
	var now standing
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	all, err := c.Collections(ctx)
	if err != nil {
		return err
	}
	var last casefile.Collection
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	for _, x := range all {
		now.collections = append(now.collections, describe(x))
	}
	if now.parts, err = partsOf(ctx, c, last); err != nil {
		return err
	}
	if now.archive, err = archiveOf(ctx, c, info, last, p.caseClock(info)()); err != nil {
		return err
	}
	if now.estimate, err = p.estimate(now.parts); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(p.stdout, "pentimento/status/v1", "parts", now.parts, list{"collections", now.collections}, list{"archive", now.archive},
			list{"estimate", now.estimate})
	}
	if err := now.table(p); err != nil {
		return err
	}
	p.remark(now, all, p.caseClock(info)())
	return nil
}

func describe(x casefile.Collection) statusCollection {
	out := statusCollection{ID: x.ID, Host: x.Host, API: x.API, Only: x.Only, Refresh: x.Refresh, Admin: x.Admin, Logs: x.Logs,
		Places: append([]string{}, x.Places...), State: "finished", Begun: evidence.Stamp(x.Begun), Finished: nullable(evidence.Stamp(x.Finished)), Oldest: nullable(evidence.Stamp(x.Oldest)), Latest: nullable(evidence.Stamp(x.Latest))}
	if x.Finished.IsZero() {
		out.State = "unfinished"
	}
	return out
}

func (p *program) estimate(parts []statusPart) (statusEstimate, error) {
	tokens, err := p.tokens()
	if err != nil {
		return statusEstimate{}, err
	}
	e := statusEstimate{Credentials: len(tokens), CallsPerHour: callsWithout}
	if p.env("GITHUB_APP_ID") != "" {
		e.Credentials++
	}
	if e.Credentials > 0 {
		e.CallsPerHour = callsWithToken * e.Credentials
	}
	for _, row := range parts {
		e.Calls, e.Bytes = e.Calls+row.Calls, e.Bytes+row.Bytes
	}
	e.Hours = math.Round(float64(e.Calls)/float64(e.CallsPerHour)*100) / 100
	return e, nil
}

func (s standing) table(p *program) error {
	var rows [][]string
	for _, r := range s.parts {
		each := unknown
		if r.CallsEach != nil {
			each = strconv.FormatFloat(*r.CallsEach, 'f', 1, 64)
		}
		if !r.Planned {
			rows = append(rows, []string{r.Part, nothing, nothing, nothing, each, nothing, nothing})
			continue
		}
		rows = append(rows, []string{r.Part, strconv.Itoa(r.Done), strconv.Itoa(r.Waiting), strconv.Itoa(r.Failed), each,
			strconv.FormatInt(r.Calls, 10), mebibytes(r.Bytes)})
	}
	return writeTable(p.stdout, []string{"PART", "DONE", "WAITING", "FAILED", "CALLS EACH", "CALLS", "BYTES"}, rows)
}

func mebibytes(n int64) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// remark says on stderr what stands beside the parts.
func (p *program) remark(s standing, all []casefile.Collection, now time.Time) {
	if len(all) == 0 {
		p.say("nothing was collected yet; next: pentimento collect")
		return
	}
	last, of := all[len(all)-1], s.collections[len(all)-1]
	kind := "collection"
	if last.Refresh {
		kind = "refresh"
	}
	p.say("%s %d of %s, begun %s, is %s", kind, last.ID, last.Host, of.Begun, of.State)
	if !last.Oldest.IsZero() && now.Sub(last.Oldest) >= staleAfter {
		p.say("its oldest answer is %s old; collect --refresh adds what came since", days(now.Sub(last.Oldest)))
	}
	if len(last.Places) > 0 {
		p.say("it reads %s", strings.Join(last.Places, ", "))
	}
	if s.archive.Asked > 0 {
		p.say("%s", s.archive)
	}
	if e := s.estimate; e.Calls > 0 {
		p.say("about %d calls are left: %.1f hours at %d an hour (%d token(s))", e.Calls, e.Hours, e.CallsPerHour, e.Credentials)
	}
}
