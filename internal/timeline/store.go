package timeline

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Store writes a result into the open rebuild.
func Store(in *casefile.Inferences, repository int64, res Result) error {
	for _, p := range res.Presence {
		if err := storePresence(in, repository, p); err != nil {
			return fmt.Errorf("store presence: %w", err)
		}
	}
	for _, c := range res.Contains {
		if err := in.Exec("INSERT INTO contains (repository, ref, oid) VALUES (?, ?, ?)", repository, string(c.Ref), string(c.Commit)); err != nil {
			return fmt.Errorf("store contains: %w", err)
		}
	}
	for _, o := range res.Opportunities {
		err := in.Exec(`INSERT OR IGNORE INTO opportunity (id, presence, repository, ref, path, blob, event, head, status, reason, run_id,
			at_not_before, at_not_before_clock, at_not_after, at_not_after_clock, at_evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			casefile.Args(o.ID, o.Presence, repository, nullable(string(o.Ref)), o.Path, string(o.Blob), o.Event, string(o.Head), o.Status, o.Reason,
				sql.NullInt64{Int64: o.RunID, Valid: o.RunID != 0}, o.At)...)
		if err != nil {
			return fmt.Errorf("store opportunity: %w", err)
		}
	}
	for _, e := range res.Executions {
		err := in.Exec(`INSERT INTO execution (run, repository, run_id, attempt, ref, path, blob, campaign, ladder, reason,
			leaked_not_before, leaked_not_before_clock, leaked_not_after, leaked_not_after_clock, leaked_evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			casefile.Args(e.RunFact, repository, e.Run.RunID, e.Run.Attempt, string(e.Ref), e.Path, string(e.Blob), e.Campaign, e.Ladder, e.Reason, e.Leaked)...)
		if err != nil {
			return fmt.Errorf("store execution: %w", err)
		}
	}
	for _, g := range res.Gaps {
		if err := in.Gap(repository, g.Gap, g.Evidence); err != nil {
			return err
		}
	}
	return nil
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func storePresence(in *casefile.Inferences, repository int64, p Presence) error {
	err := in.Exec(`INSERT INTO presence (id, repository, ref, path, blob, campaign, state, armed,
		added_not_before, added_not_before_clock, added_not_after, added_not_after_clock, added_evidence, added_commit, added_update_before, added_update_after,
		gone, removed_not_before, removed_not_before_clock, removed_not_after, removed_not_after_clock, removed_evidence,
		removed_commit, removed_update_before, removed_update_after, how, as_of, certain_from, certain_to, would_narrow)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		casefile.Args(p.ID, repository, nullable(string(p.Ref)), p.Path, string(p.Versions[0].Blob), p.Campaign, p.State, p.Armed,
			p.Added, string(p.AddedBy.Commit), string(p.AddedBy.Before), string(p.AddedBy.After), p.Gone, p.Removed,
			string(p.RemovedBy.Commit), string(p.RemovedBy.Before), string(p.RemovedBy.After), p.RemovedBy.How, evidence.Stamp(p.AsOf),
			nullable(evidence.Stamp(p.CertainFrom)), nullable(evidence.Stamp(p.CertainTo)), casefile.JSON(p.Narrow))...)
	if err != nil {
		return err
	}
	for i, v := range p.Versions {
		err := in.Exec(`INSERT INTO presence_version (presence, seq, blob, oid, from_not_before, from_not_before_clock, from_not_after,
			from_not_after_clock, from_evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, casefile.Args(p.ID, i, string(v.Blob), string(v.Commit), v.From)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Stored is a presence as the case holds it.
type Stored struct {
	Repository evidence.Repository
	Presence
}

// Presences loads every row by repository, then time, ref and path.
func Presences(ctx context.Context, c *casefile.Case) ([]Stored, error) {
	var out []Stored
	index := map[string]int{}
	err := c.Each(ctx, `SELECT p.id, r.name, p.ref, p.path, p.campaign, p.state, p.armed,
		p.added_not_before, p.added_not_before_clock, p.added_not_after, p.added_not_after_clock, p.added_evidence,
		p.added_commit, p.added_update_before, p.added_update_after, p.gone,
		p.removed_not_before, p.removed_not_before_clock, p.removed_not_after, p.removed_not_after_clock, p.removed_evidence,
		p.removed_commit, p.removed_update_before, p.removed_update_after, p.how, p.as_of, f.hits,
		coalesce(p.certain_from, ''), coalesce(p.certain_to, ''), p.would_narrow
		FROM presence p JOIN repository r ON r.id = p.repository LEFT JOIN finding f ON f.blob = p.blob
		ORDER BY r.key, coalesce(p.added_not_before, p.added_not_after), p.ref, p.path, p.id`, nil, func(scan func(...any) error) error {
		var s Stored
		var ref, hits sql.NullString
		var added, removed casefile.InstantColumns
		var x marks
		dest := append([]any{&s.ID, &s.Repository, &ref, &s.Path, &s.Campaign, &s.State, &s.Armed}, added.Dest()...)
		dest = append(dest, &s.AddedBy.Commit, &s.AddedBy.Before, &s.AddedBy.After, &s.Gone)
		dest = append(append(dest, removed.Dest()...), &s.RemovedBy.Commit, &s.RemovedBy.Before, &s.RemovedBy.After, &s.RemovedBy.How, &x.asOf, &hits, &x.certainFrom, &x.certainTo, &x.narrow)
		if err := scan(dest...); err != nil {
			return err
		}
		s.Ref = evidence.Ref(ref.String)
		index[s.ID] = len(out)
		err := s.fill(added, removed, x, hits.String)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load presence: %w", err)
	}
	err = c.Each(ctx, `SELECT presence, blob, oid, from_not_before, from_not_before_clock, from_not_after, from_not_after_clock, from_evidence
		FROM presence_version ORDER BY presence, seq`, nil, func(scan func(...any) error) error {
		var id string
		var h Held
		var from casefile.InstantColumns
		if err := scan(append([]any{&id, &h.Blob, &h.Commit}, from.Dest()...)...); err != nil {
			return err
		}
		var err error
		h.From, err = from.Instant()
		out[index[id]].Versions = append(out[index[id]].Versions, h)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load presence versions: %w", err)
	}
	return out, nil
}

// marks are columns of a presence as text.
type marks struct{ asOf, certainFrom, certainTo, narrow string }

func (s *Stored) fill(added, removed casefile.InstantColumns, x marks, hits string) (err error) {
	if s.Added, err = added.Instant(); err != nil {
		return err
	}
	if s.Removed, err = removed.Instant(); err != nil {
		return err
	}
	for _, m := range []struct {
		text string
		to   *time.Time
	}{{x.asOf, &s.AsOf}, {x.certainFrom, &s.CertainFrom}, {x.certainTo, &s.CertainTo}} {
		if *m.to, err = casefile.ParseStamp(m.text); err != nil {
			return err
		}
	}
	if err := json.Unmarshal([]byte(x.narrow), &s.Narrow); err != nil {
		return fmt.Errorf("sources that would narrow %s: %w", s.ID, err)
	}
	var rules []struct{ Rule string }
	if hits != "" {
		if err := json.Unmarshal([]byte(hits), &rules); err != nil {
			return fmt.Errorf("rules of %s: %w", s.ID, err)
		}
	}
	for _, r := range rules {
		s.Rules = append(s.Rules, r.Rule)
	}
	return nil
}

// Containments loads the refs that only contain a malicious commit.
func Containments(ctx context.Context, c *casefile.Case, f func(evidence.Repository, Containment)) error {
	err := c.Each(ctx, "SELECT r.name, t.ref, t.oid FROM contains t JOIN repository r ON r.id = t.repository ORDER BY r.key, t.ref, t.oid", nil,
		func(scan func(...any) error) error {
			var repo evidence.Repository
			var x Containment
			if err := scan(&repo, &x.Ref, &x.Commit); err != nil {
				return err
			}
			f(repo, x)
			return nil
		})
	if err != nil {
		return fmt.Errorf("load contains: %w", err)
	}
	return nil
}

// StoredExecution is an execution as the case holds it. Of its run, what the columns of the case's table of runs name is filled.
type StoredExecution struct {
	Repository evidence.Repository
	Execution
}

// Executions loads every row by repository, then time, run and attempt.
func Executions(ctx context.Context, c *casefile.Case) ([]StoredExecution, error) {
	var out []StoredExecution
	err := c.Each(ctx, `SELECT r.name, e.run, e.run_id, e.attempt, e.ref, e.path, e.blob, e.campaign, e.ladder, e.reason,
		e.leaked_not_before, e.leaked_not_before_clock, e.leaked_not_after, e.leaked_not_after_clock, e.leaked_evidence,
		u.event, u.head_sha, u.status, u.conclusion, u.actor, u.created_at
		FROM execution e JOIN run u ON u.id = e.run JOIN repository r ON r.id = e.repository
		ORDER BY r.key, u.created_at, e.run_id, e.attempt, e.run`, nil, func(scan func(...any) error) error {
		var s StoredExecution
		var leaked casefile.InstantColumns
		var created string
		dest := append([]any{&s.Repository, &s.RunFact, &s.Run.RunID, &s.Run.Attempt, &s.Ref, &s.Path, &s.Blob, &s.Campaign, &s.Ladder, &s.Reason}, leaked.Dest()...)
		if err := scan(append(dest, &s.Run.Event, &s.Run.HeadSHA, &s.Run.Status, &s.Run.Conclusion, &s.Run.Actor, &created)...); err != nil {
			return err
		}
		s.Run.Repository = s.Repository
		var err error
		if s.Run.CreatedAt, err = casefile.ParseStamp(created); err != nil {
			return err
		}
		s.Leaked, err = leaked.Instant()
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load executions: %w", err)
	}
	return out, nil
}

// StoredOpportunity is an opportunity as the case holds it.
type StoredOpportunity struct {
	Repository evidence.Repository
	Opportunity
}

// Opportunities loads every row by repository, then time, ref, path and event.
func Opportunities(ctx context.Context, c *casefile.Case) ([]StoredOpportunity, error) {
	var out []StoredOpportunity
	err := c.Each(ctx, `SELECT o.id, o.presence, r.name, o.ref, o.path, o.blob, o.event, o.head, o.status, o.reason, o.run_id,
		o.at_not_before, o.at_not_before_clock, o.at_not_after, o.at_not_after_clock, o.at_evidence
		FROM opportunity o JOIN repository r ON r.id = o.repository
		ORDER BY r.key, coalesce(o.at_not_before, o.at_not_after), o.ref, o.path, o.event, o.id`, nil, func(scan func(...any) error) error {
		var s StoredOpportunity
		var ref sql.NullString
		var run sql.NullInt64
		var at casefile.InstantColumns
		dest := []any{&s.ID, &s.Presence, &s.Repository, &ref, &s.Path, &s.Blob, &s.Event, &s.Head, &s.Status, &s.Reason, &run}
		if err := scan(append(dest, at.Dest()...)...); err != nil {
			return err
		}
		s.Ref, s.RunID = evidence.Ref(ref.String), run.Int64
		var err error
		s.At, err = at.Instant()
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load opportunities: %w", err)
	}
	return out, nil
}
