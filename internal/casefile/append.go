package casefile

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Append stores one observation whole or not at all. Facts that are there already are left as they are: a rerun adds nothing but the
// time at which the same answer came again.
func (c *Case) Append(ctx context.Context, obs evidence.Observation) (err error) {
	if c.collection == 0 {
		return errors.New("append: no collection has begun")
	}
	obs, err = c.gather(ctx, obs)
	if err != nil {
		return fmt.Errorf("append %s of %s: %w", obs.Unit, obs.Repository, err)
	}
	ready, err := c.prepare(ctx, obs)
	if err != nil {
		return fmt.Errorf("append %s of %s: %w", obs.Unit, obs.Repository, err)
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("append %s of %s: %w", obs.Unit, obs.Repository, err)
	}
	a := &appender{ctx: ctx, tx: tx, codec: c.codec, prepared: ready, collection: c.collection, statements: map[string]*sql.Stmt{}}
	if err := a.all(obs); err != nil {
		return errors.Join(fmt.Errorf("append %s of %s: %w", obs.Unit, obs.Repository, err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("append %s of %s: %w", obs.Unit, obs.Repository, err)
	}
	return nil
}

// appender writes one observation in one transaction.
type appender struct {
	ctx        context.Context
	tx         *sql.Tx
	codec      codec
	prepared   prepared
	collection int64
	repository int64
	source     string // of the facts: the observation's first source, empty where there is none
	statements map[string]*sql.Stmt
}

// exec prepares each statement once a transaction; the statements die with it. Every text is redacted, not bodies and messages alone: a
// server can say a token back in any field.
func (a *appender) exec(query string, args ...any) error {
	s, ok := a.statements[query]
	if !ok {
		var err error
		if s, err = a.tx.PrepareContext(a.ctx, query); err != nil {
			return err
		}
		a.statements[query] = s
	}
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = tokens.Redacted(text)
		}
	}
	_, err := s.ExecContext(a.ctx, args...)
	return err
}

func (a *appender) all(obs evidence.Observation) error {
	row := a.tx.QueryRowContext(a.ctx, "SELECT id FROM repository WHERE key = ?", obs.Repository.Key())
	if err := row.Scan(&a.repository); err != nil {
		return fmt.Errorf("the repository is not in the case: %w", err)
	}
	if len(obs.Sources) > 0 {
		a.source = obs.Sources[0].ID()
	}
	for _, write := range []func(evidence.Observation) error{
		a.sources, a.refs, a.witnesses, a.bulk, a.commits, a.folders, a.trees, a.runs, a.jobs, a.insider, a.gaps,
	} {
		if err := write(obs); err != nil {
			return err
		}
	}
	if err := a.elsewhere(obs.Elsewhere); err != nil {
		return err
	}
	if obs.Done {
		return a.exec("INSERT OR IGNORE INTO unit_done (repository, unit, collection) VALUES (?, ?, ?)", a.repository, obs.Unit, a.collection)
	}
	return nil
}

func (a *appender) sources(obs evidence.Observation) error {
	for _, s := range obs.Sources {
		body := a.codec.pack(s.Body)
		err := a.exec(`INSERT OR IGNORE INTO source (id, repository, origin, method, url, target, status, etag, sha256, stored_sha256, redactions, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID(), a.repository, string(s.Origin), s.Method, s.URL, s.Target, s.Status, s.ETag,
			s.Digest(), body.sha256, body.redactions, body.blob)
		if err != nil {
			return fmt.Errorf("source: %w", err)
		}
		if err := a.exec("INSERT OR IGNORE INTO source_seen (source, collection, at) VALUES (?, ?, ?)", s.ID(), a.collection, evidence.Stamp(s.FetchedAt)); err != nil {
			return fmt.Errorf("source: %w", err)
		}
	}
	st := obs.State
	if st == nil {
		return nil
	}
	id := evidence.ID("rep", obs.Repository.Key(), fmt.Sprint(*st))
	err := a.exec(`INSERT OR IGNORE INTO repository_state (id, repository, github_id, full_name, default_branch, fork_of, private, archived, disabled,
		created_at, pushed_at, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, a.repository, st.GitHubID, st.FullName, st.DefaultBranch,
		st.ForkOf, st.Private, st.Archived, st.Disabled, evidence.Stamp(st.CreatedAt), evidence.Stamp(st.PushedAt), a.source)
	if err != nil {
		return fmt.Errorf("repository state: %w", err)
	}
	return nil
}

// refsAtOnce is how many refs one statement writes: repositories with pull requests list tens of thousands, and a call costs more than a row.
const refsAtOnce = 100

func (a *appender) refs(obs evidence.Observation) error {
	const row = "(?, ?, ?, ?, ?)"
	for part := range slices.Chunk(obs.Refs, refsAtOnce) {
		args := make([]any, 0, 5*len(part))
		for _, r := range part {
			args = append(args, a.source, string(r.Ref), string(r.OID), string(r.Peeled), string(r.Symref))
		}
		err := a.exec("INSERT OR IGNORE INTO listed_ref (source, ref, oid, peeled, symref) VALUES "+strings.Repeat(row+", ", len(part)-1)+row, args...)
		if err != nil {
			return fmt.Errorf("listed refs: %w", err)
		}
	}
	for _, u := range obs.Updates {
		err := a.exec(`INSERT OR IGNORE INTO ref_update (id, repository, origin, external_id, ref, before, after, kind, at, clock, by,
			actor, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, u.ID(), a.repository, string(u.Origin), u.ExternalID, string(u.Ref), string(u.Before),
			string(u.After), string(u.Kind), evidence.Stamp(u.At), u.Clock.String(), u.By, u.Actor, a.source)
		if err != nil {
			return fmt.Errorf("ref update: %w", err)
		}
	}
	return nil
}

// commitColumns are those of the tables of commit objects, commitArgs their values.
const commitColumns = `(oid, tree, parents, author_name, author_email, author_date, author_zone, committer_name, committer_email, committer_date,
	committer_zone, message, signed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func commitArgs(c evidence.Commit) []any {
	return []any{string(c.OID), string(c.Tree), parentText(c), c.Author.Name, c.Author.Email, evidence.Stamp(c.Author.Date), c.Author.Zone,
		c.Committer.Name, c.Committer.Email, evidence.Stamp(c.Committer.Date), c.Committer.Zone, c.Message, c.Signed}
}

func parentText(c evidence.Commit) string {
	parents := make([]string, len(c.Parents))
	for i, p := range c.Parents {
		parents[i] = string(p)
	}
	return strings.Join(parents, " ")
}

func (a *appender) commits(obs evidence.Observation) error {
	for _, c := range obs.Commits {
		err := a.exec("INSERT OR IGNORE INTO named_commit "+commitColumns, commitArgs(c)...)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	for _, s := range obs.Seen {
		named, err := jsonArray(s.NamedBy)
		if err != nil {
			return err
		}
		err = a.exec("INSERT OR IGNORE INTO commit_seen (repository, oid, via, named_by, source) VALUES (?, ?, ?, ?, ?)",
			a.repository, string(s.Commit), s.Via, named, a.source)
		if err != nil {
			return fmt.Errorf("commit seen: %w", err)
		}
	}
	return nil
}

func (a *appender) trees(obs evidence.Observation) error {
	for _, h := range obs.Holdings {
		if !h.Known {
			continue // a tree that could not be had is a gap, not a fact
		}
		changes, err := jsonArray(h.RootChanges)
		if err != nil {
			return err
		}
		// A clone that lacks the parent cannot tell what changed; one that has it can. Whichever comes first, the answer stays.
		err = a.exec(`INSERT INTO holding (oid, workflows, root_changes) VALUES (?, ?, ?)
			ON CONFLICT (oid) DO UPDATE SET root_changes = excluded.root_changes WHERE root_changes = '[]'`, string(h.Commit), string(h.Workflows), changes)
		if err != nil {
			return fmt.Errorf("holding: %w", err)
		}
	}
	for _, r := range obs.Readmes {
		added, err := jsonArray(r.Added)
		if err != nil {
			return err
		}
		err = a.exec("INSERT OR IGNORE INTO readme_change (repository, oid, path, before, after, added, cut) VALUES (?, ?, ?, ?, ?, ?, ?)",
			a.repository, string(r.Commit), r.Path, string(r.Before), string(r.After), added, r.Cut)
		if err != nil {
			return fmt.Errorf("readme: %w", err)
		}
	}
	for i, b := range obs.Blobs {
		text := a.prepared.texts[i]
		if text.sha256 == "" {
			continue
		}
		err := a.exec("INSERT OR IGNORE INTO workflow_blob (oid, size, stored_sha256, redactions, text) VALUES (?, ?, ?, ?, ?)",
			string(b.OID), len(b.Text), text.sha256, text.redactions, text.blob)
		if err != nil {
			return fmt.Errorf("workflow blob: %w", err)
		}
	}
	return nil
}

func (a *appender) runs(obs evidence.Observation) error {
	for _, r := range obs.Runs {
		err := a.exec(`INSERT OR IGNORE INTO run (id, repository, run_id, attempt, workflow_id, name, path, event, status, conclusion, head_branch,
			head_sha, head_repository, actor, triggering_actor, created_at, started_at, updated_at, source, number)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.ID(), a.repository, r.RunID, r.Attempt, r.WorkflowID, r.Name, r.Path,
			r.Event, r.Status, r.Conclusion, r.HeadBranch, string(r.HeadSHA), r.HeadRepository, r.Actor, r.TriggeringActor,
			evidence.Stamp(r.CreatedAt), evidence.Stamp(r.StartedAt), evidence.Stamp(r.UpdatedAt), a.source, r.Number)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, v := range obs.Coverage {
		err := a.exec(`INSERT OR IGNORE INTO coverage (repository, origin, detail, not_before, not_after, complete, oldest) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			a.repository, string(v.Origin), v.Detail, evidence.Stamp(v.From), evidence.Stamp(v.To), v.Complete, evidence.Stamp(v.Oldest))
		if err != nil {
			return fmt.Errorf("coverage: %w", err)
		}
	}
	return nil
}

func (a *appender) jobs(obs evidence.Observation) error {
	for _, j := range obs.Jobs {
		id := j.ID()
		err := a.exec(`INSERT OR IGNORE INTO job (id, repository, run_id, attempt, job_id, name, status, conclusion, runner_name, started_at,
			completed_at, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, a.repository, j.RunID, j.Attempt, j.JobID, j.Name, j.Status,
			j.Conclusion, j.RunnerName, evidence.Stamp(j.StartedAt), evidence.Stamp(j.CompletedAt), a.source)
		if err != nil {
			return fmt.Errorf("job: %w", err)
		}
		for _, s := range j.Steps {
			err := a.exec("INSERT OR IGNORE INTO step (job, number, name, status, conclusion, started_at, completed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
				id, s.Number, s.Name, s.Status, s.Conclusion, evidence.Stamp(s.StartedAt), evidence.Stamp(s.CompletedAt))
			if err != nil {
				return fmt.Errorf("step: %w", err)
			}
		}
	}
	return nil
}

func (a *appender) gaps(obs evidence.Observation) error {
	for _, g := range obs.Gaps {
		g.Repository = obs.Repository
		if g.Unit == "" {
			g.Unit = obs.Unit
		}
		err := a.exec("INSERT OR IGNORE INTO gap (id, repository, unit, kind, subject, detail, hint, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			g.ID(), a.repository, g.Unit, string(g.Kind), g.Subject, g.Detail, g.Hint, a.source)
		if err != nil {
			return fmt.Errorf("gap: %w", err)
		}
		if err := a.exec("INSERT OR IGNORE INTO gap_seen (gap, collection) VALUES (?, ?)", g.ID(), a.collection); err != nil {
			return fmt.Errorf("gap: %w", err)
		}
	}
	return nil
}

func jsonArray(list []string) (string, error) {
	if list == nil {
		list = []string{}
	}
	b, err := json.Marshal(list)
	return string(b), err
}
