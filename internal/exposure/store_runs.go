package exposure

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// StoreCouldRead writes what the jobs of one repository could read, and how far each version got with each secret, into the open rebuild.
func StoreCouldRead(in *casefile.Inferences, repository int64, jobs []CouldRead, ladders []Rung) error {
	for _, c := range jobs {
		e := c.Execution
		err := in.Exec(`INSERT OR IGNORE INTO could_read (run, repository, run_id, attempt, job, blob, began, secrets, environment, permissions, id_token, reason, evidence)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.RunFact, repository, e.Run.RunID, e.Run.Attempt, c.Job, string(e.Blob), c.Began,
			casefile.JSON(c.Names()), c.Environment, c.Permissions, c.IDToken, c.Reason, casefile.JSON(c.Evidence))
		if err != nil {
			return fmt.Errorf("store what run %d could read: %w", e.Run.RunID, err)
		}
	}
	for _, r := range ladders {
		run := sql.NullInt64{Int64: r.RunID, Valid: r.RunID != 0}
		attempt := sql.NullInt64{Int64: int64(r.Attempt), Valid: r.Attempt != 0}
		err := in.Exec("INSERT INTO ladder (repository, blob, secret, ladder, reason, reach, run_id, attempt, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			repository, string(r.Blob), r.Secret, r.Ladder, r.Reason, r.Reach, run, attempt, casefile.JSON(r.Evidence))
		if err != nil {
			return fmt.Errorf("store ladder of %s: %w", r.Secret, err)
		}
	}
	return nil
}

// StoreRotation writes what to do in one repository, in this order.
func StoreRotation(in *casefile.Inferences, repository int64, lines []Line) error {
	for i, l := range lines {
		err := in.Exec("INSERT INTO rotation (repository, place, kind, secret, credential, ladder, what, reason, windows, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			repository, i+1, l.Kind, l.Secret, l.Credential, l.Ladder, l.What, l.Reason, casefile.JSON(l.Windows), casefile.JSON(l.Evidence))
		if err != nil {
			return fmt.Errorf("store rotation: %w", err)
		}
	}
	return nil
}

// StoredCouldRead is a row of what jobs could read, as the case holds it. Of its run, the ids are filled; Secrets has the words that stand for
// more than one too.
type StoredCouldRead struct {
	Repository evidence.Repository
	CouldRead
}

// StoredCouldReads loads every row by repository, run, attempt and job.
func StoredCouldReads(ctx context.Context, c *casefile.Case) ([]StoredCouldRead, error) {
	var out []StoredCouldRead
	err := c.Each(ctx, `SELECT r.name, k.run, k.run_id, k.attempt, k.job, k.blob, k.began, k.secrets, k.environment, k.permissions, k.id_token, k.reason, k.evidence
		FROM could_read k JOIN repository r ON r.id = k.repository ORDER BY r.key, k.run_id, k.attempt, k.job, k.run`, nil, func(scan func(...any) error) error {
		var s StoredCouldRead
		var secrets, ids string
		e := &s.Execution
		if err := scan(&s.Repository, &e.RunFact, &e.Run.RunID, &e.Run.Attempt, &s.Job, &e.Blob, &s.Began, &secrets, &s.Environment, &s.Permissions, &s.IDToken,
			&s.Reason, &ids); err != nil {
			return err
		}
		err := decode(secrets, &s.Secrets, ids, &s.Evidence)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load what jobs could read: %w", err)
	}
	return out, nil
}

// StoredRung is a rung as the case holds it.
type StoredRung struct {
	Repository evidence.Repository
	Rung
}

// StoredLadders loads every rung by repository, version and secret.
func StoredLadders(ctx context.Context, c *casefile.Case) ([]StoredRung, error) {
	var out []StoredRung
	err := c.Each(ctx, `SELECT r.name, l.blob, l.secret, l.ladder, l.reason, l.reach, coalesce(l.run_id, 0), coalesce(l.attempt, 0), l.evidence
		FROM ladder l JOIN repository r ON r.id = l.repository ORDER BY r.key, l.blob, l.secret`, nil, func(scan func(...any) error) error {
		var s StoredRung
		var ids string
		if err := scan(&s.Repository, &s.Blob, &s.Secret, &s.Ladder, &s.Reason, &s.Reach, &s.RunID, &s.Attempt, &ids); err != nil {
			return err
		}
		err := decode(ids, &s.Evidence, "[]", &[]string{})
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load ladder: %w", err)
	}
	return out, nil
}

// StoredLine is a line of what to do, as the case holds it.
type StoredLine struct {
	Repository evidence.Repository
	Place      int
	Line
}

// StoredRotation loads every line by repository, in the order in which things must be done.
func StoredRotation(ctx context.Context, c *casefile.Case) ([]StoredLine, error) {
	var out []StoredLine
	err := c.Each(ctx, `SELECT r.name, o.place, o.kind, o.secret, o.credential, o.ladder, o.what, o.reason, o.windows, o.evidence
		FROM rotation o JOIN repository r ON r.id = o.repository ORDER BY r.key, o.place`, nil, func(scan func(...any) error) error {
		var s StoredLine
		var windows, ids string
		if err := scan(&s.Repository, &s.Place, &s.Kind, &s.Secret, &s.Credential, &s.Ladder, &s.What, &s.Reason, &windows, &ids); err != nil {
			return err
		}
		err := decode(windows, &s.Windows, ids, &s.Evidence)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load rotation: %w", err)
	}
	return out, nil
}

// decode reads two lists.
func decode(a string, to *[]string, b string, too *[]string) error {
	if err := json.Unmarshal([]byte(a), to); err != nil {
		return err
	}
	return json.Unmarshal([]byte(b), too)
}
