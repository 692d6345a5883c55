package exposure

import (
	"context"
	"encoding/json"
	"fmt"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// StoreVerdict writes the verdict of one repository into the open rebuild.
func StoreVerdict(in *casefile.Inferences, repository int64, v Verdict) error {
	err := in.Exec("INSERT INTO repository_verdict (repository, state, reason, as_of, evidence) VALUES (?, ?, ?, ?, ?)",
		repository, v.State, v.Reason, evidence.Stamp(v.AsOf), casefile.JSON(v.Evidence))
	if err != nil {
		return fmt.Errorf("store verdict: %w", err)
	}
	return nil
}

// StoreWindows writes the windows of one repository into the open rebuild.
func StoreWindows(in *casefile.Inferences, repository int64, list []*Window) error {
	for _, w := range list {
		err := in.Exec(`INSERT INTO exposure_window (id, repository, campaign, secret, credential, project, value,
			opened_not_before, opened_not_before_clock, opened_not_after, opened_not_after_clock, opened_evidence, opened_by, could_have_opened_by,
			closed_not_before, closed_not_before_clock, closed_not_after, closed_not_after_clock, closed_evidence, state, execution, reason)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			casefile.Args(w.ID, repository, w.Campaign, w.Secret, w.Credential, w.Project, w.Value, w.Opened, w.OpenedBy, w.CouldHaveOpenedBy, w.Closed,
				w.State, w.Execution, w.Reason)...)
		if err != nil {
			return fmt.Errorf("store window of %s: %w", w.Secret, err)
		}
	}
	return nil
}

// StoredWindow is a window as the case holds it.
type StoredWindow struct {
	Repository evidence.Repository
	Window
}

// StoredWindows loads every window by repository, credential, secret, project and value.
func StoredWindows(ctx context.Context, c *casefile.Case) ([]StoredWindow, error) {
	var out []StoredWindow
	err := c.Each(ctx, `SELECT w.id, r.name, w.campaign, w.secret, w.credential, w.project, w.value,
		w.opened_not_before, w.opened_not_before_clock, w.opened_not_after, w.opened_not_after_clock, w.opened_evidence, w.opened_by, w.could_have_opened_by,
		w.closed_not_before, w.closed_not_before_clock, w.closed_not_after, w.closed_not_after_clock, w.closed_evidence, w.state, w.execution, w.reason
		FROM exposure_window w JOIN repository r ON r.id = w.repository ORDER BY r.key, w.credential, w.secret, w.project, w.value`, nil, func(scan func(...any) error) error {
		var w StoredWindow
		var opened, closed casefile.InstantColumns
		dest := append([]any{&w.ID, &w.Repository, &w.Campaign, &w.Secret, &w.Credential, &w.Project, &w.Value}, opened.Dest()...)
		dest = append(append(dest, &w.OpenedBy, &w.CouldHaveOpenedBy), closed.Dest()...)
		if err := scan(append(dest, &w.State, &w.Execution, &w.Reason)...); err != nil {
			return err
		}
		var err error
		if w.Opened, err = opened.Instant(); err != nil {
			return err
		}
		w.Closed, err = closed.Instant()
		out = append(out, w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load windows: %w", err)
	}
	return out, nil
}

// StoredVerdict is the verdict of a repository as the case holds it; the zero State: not analysed yet.
type StoredVerdict struct {
	Repository evidence.Repository
	Verdict
}

// Verdicts loads one row for every repository of the case, by name.
func Verdicts(ctx context.Context, c *casefile.Case) ([]StoredVerdict, error) {
	var out []StoredVerdict
	err := c.Each(ctx, `SELECT r.name, coalesce(v.state, ''), coalesce(v.reason, ''), coalesce(v.as_of, ''), coalesce(v.evidence, '[]')
		FROM repository r LEFT JOIN repository_verdict v ON v.repository = r.id ORDER BY r.key`, nil, func(scan func(...any) error) error {
		var v StoredVerdict
		var asOf, ids string
		if err := scan(&v.Repository, &v.State, &v.Reason, &asOf, &ids); err != nil {
			return err
		}
		var err error
		if v.AsOf, err = casefile.ParseStamp(asOf); err != nil {
			return err
		}
		err = json.Unmarshal([]byte(ids), &v.Evidence)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load verdicts: %w", err)
	}
	return out, nil
}
