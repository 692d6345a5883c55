package main

import (
	"context"
	"maps"
	"slices"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
)

// couldRead turns the question of runs to what their jobs could read.
func (q *question) couldRead() {
	q.queries, q.beside, q.unsure = []string{"could-read"}, &aside{"ladder", func(row) bool { return true }, "secret(s) of versions, and how far each got with them"}, nil
	q.columns = []column{
		plain("REPOSITORY", "repository", unknown),
		{"RUN", func(r row) string { return r.text("run_id") + "." + r.text("attempt") }},
		plain("JOB", "job", unknown), plain("BEGAN", "began", unknown), plain("SECRETS", "secrets", nothing), plain("ENVIRONMENT", "environment", nothing),
		plain("TOKEN", "permissions", "default"), plain("OIDC", "id_token", unknown), plain("REASON", "reason", nothing),
	}
	q.schema, q.key, q.document = "pentimento/could-read/v1", "could_read", couldReadDocument
	q.exposed = func(r row) bool { return r.text("began") == exposure.Began }
	q.unsure = []aside{{query: "could-read", counts: func(r row) bool { return r.text("began") == exposure.MayHave }}}
}

// couldReadJSON is one row of pentimento/could-read/v1: one job of one attempt. Secrets are names, and "*" and "history:*" where all are meant.
// Permissions is null where the file states none.
type couldReadJSON struct {
	Repository  string   `json:"repository"`
	RunID       int64    `json:"run_id"`
	Attempt     int      `json:"attempt"`
	Job         *string  `json:"job"`
	Blob        string   `json:"blob"`
	Began       string   `json:"began"` // yes, no, unknown
	Secrets     []string `json:"secrets"`
	Environment *string  `json:"environment"`
	Permissions *string  `json:"permissions"`
	IDToken     string   `json:"id_token"` // yes, no, unknown
	Reason      *string  `json:"reason"`
	Evidence    []string `json:"evidence"`
}

// rungJSON is how far a version got with a secret; run_id and attempt are null where no run says so.
type rungJSON struct {
	Repository string   `json:"repository"`
	Blob       string   `json:"blob"`
	Secret     string   `json:"secret"`
	Execution  string   `json:"execution"`
	Reason     *string  `json:"reason"`
	Reach      *string  `json:"reach"`
	RunID      *int64   `json:"run_id"`
	Attempt    *int     `json:"attempt"`
	Evidence   []string `json:"evidence"`
}

func couldReadDocument(ctx context.Context, c *casefile.Case, in wanted) (any, []list, error) {
	stored, err := exposure.StoredCouldReads(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var jobs []couldReadJSON
	for _, k := range stored {
		if in.has(k.Repository) {
			jobs = append(jobs, couldReadJSON{Repository: string(k.Repository), RunID: k.Execution.Run.RunID, Attempt: k.Execution.Run.Attempt, Job: nullable(k.Job),
				Blob: string(k.Execution.Blob), Began: k.Began, Secrets: present(k.Secrets), Environment: nullable(k.Environment),
				Permissions: nullable(k.Permissions), IDToken: k.IDToken, Reason: nullable(k.Reason), Evidence: present(k.Evidence)})
		}
	}
	ladders, err := exposure.StoredLadders(ctx, c)
	rungs := []rungJSON{}
	for _, l := range ladders {
		if !in.has(l.Repository) {
			continue
		}
		x := rungJSON{Repository: string(l.Repository), Blob: string(l.Blob), Secret: l.Secret, Execution: l.Ladder, Reason: nullable(l.Reason),
			Reach: nullable(l.Reach), Evidence: present(l.Evidence)}
		if l.RunID != 0 {
			x.RunID, x.Attempt = &l.RunID, &l.Attempt
		}
		rungs = append(rungs, x)
	}
	return jobs, []list{{"ladder", rungs}}, err
}

// logText gives the timeline the texts of the logs that the case holds.
func (a *analysis) logText(ctx context.Context) func(evidence.RunLog) ([]byte, error) {
	return func(l evidence.RunLog) ([]byte, error) { return a.file.LogText(ctx, l) }
}

// reach stores what jobs could read and how far each version got with each secret, and keeps what the order of rotation needs until the
// windows of all repositories are joined.
func (a *analysis) reach(in *casefile.Inferences, input exposure.Input) error {
	r := exposure.RotationOf(input)
	a.rotation[input.Facts.ID] = r
	return exposure.StoreCouldRead(in, input.Facts.ID, exposure.CouldBeRead(input), r.Ladders)
}

// rotate stores what to do in every repository, once the windows are what they are over all of them.
func (a *analysis) rotate(in *casefile.Inferences) error {
	var warnings []exposure.Warning
	for _, p := range a.packs {
		for _, w := range slices.Concat(p.Warnings, p.Advice) {
			warnings = append(warnings, exposure.Warning{Campaign: p.Name, Text: w.Text, Source: w.Source, Before: w.Before})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.rotation)) {
		r := a.rotation[id]
		r.Windows, r.Warnings = a.windows[id], warnings
		if err := exposure.StoreRotation(in, id, exposure.Rotate(r)); err != nil {
			return err
		}
	}
	return nil
}
