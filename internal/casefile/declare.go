package casefile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pentimento/internal/evidence"
)

// Declared facts: what a person knows that no source here can show.
const (
	Revoked       = "revoked"        // the provider refuses the credential since At
	Replaced      = "replaced"       // the secret has another value since At; the old one may still work
	NotUsed       = "not-used"       // the provider says that it was not used
	FalsePositive = "false-positive" // the version or commit is not malicious
	Confirmed     = "confirmed"      // somebody saw the stolen value in foreign hands
	Retracted     = "retracted"      // takes back an earlier declaration
)

// Declaration is one such statement. It is a fact of clock "declared": kept for ever, retractable by another one.
type Declaration struct {
	Repository evidence.Repository
	Secret     string // one of Secret and Credential, or neither for the whole repository
	Credential string
	Fact       string
	At         time.Time
	By         string
	Because    string
	Retracts   string // id of the declaration taken back
}

// ID of the fact.
func (d Declaration) ID() string {
	return evidence.ID("dec", d.Repository.Key(), d.Secret, d.Credential, d.Fact, evidence.Stamp(d.At), d.By, d.Because, d.Retracts)
}

// ErrUnknownRepository is returned for a repository that is not in the case.
var ErrUnknownRepository = errors.New("the repository is not in the case")

// Declare adds a statement; the same statement twice is one.
func (c *Case) Declare(ctx context.Context, d Declaration) (id string, err error) {
	if d.Retracts != "" {
		var n int
		row := c.db.QueryRowContext(ctx, "SELECT count(*) FROM declaration d JOIN repository r ON r.id = d.repository WHERE d.id = ? AND r.key = ?",
			d.Retracts, d.Repository.Key())
		if err := row.Scan(&n); err != nil {
			return "", fmt.Errorf("declare: %w", err)
		}
		if n == 0 {
			return "", fmt.Errorf("declare: %s of %s: no such declaration", d.Retracts, d.Repository)
		}
	}
	res, err := c.db.ExecContext(ctx, `INSERT INTO declaration (id, repository, secret, credential, fact, at, by_whom, because, retracts)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM repository WHERE key = ? ON CONFLICT (id) DO UPDATE SET id = id`,
		d.ID(), d.Secret, d.Credential, d.Fact, evidence.Stamp(d.At), d.By, redactText(d.Because), d.Retracts, d.Repository.Key())
	if err != nil {
		return "", fmt.Errorf("declare: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return "", errors.Join(fmt.Errorf("declare %s: %w", d.Repository, ErrUnknownRepository), err)
	}
	return d.ID(), nil
}

func (c *Case) loadStatements(ctx context.Context, f *Facts) error {
	all, err := c.Declarations(ctx, f.Repository)
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, d := range all {
		taken[d.Retracts] = true
	}
	for _, d := range all {
		if d.Retracts == "" && !taken[d.ID()] {
			f.Statements = append(f.Statements, d)
		}
	}
	return nil
}

// Declarations lists every statement about a repository, retracted ones and retractions included, by time.
func (c *Case) Declarations(ctx context.Context, repo evidence.Repository) ([]Declaration, error) {
	var out []Declaration
	err := c.each(ctx, `SELECT r.name, d.secret, d.credential, d.fact, d.at, d.by_whom, d.because, d.retracts FROM declaration d
		JOIN repository r ON r.id = d.repository WHERE r.key = ? ORDER BY d.at, d.id`, []any{repo.Key()}, func(scan func(...any) error) error {
		var d Declaration
		var at string
		if err := scan(&d.Repository, &d.Secret, &d.Credential, &d.Fact, &at, &d.By, &d.Because, &d.Retracts); err != nil {
			return err
		}
		err := parseStamps(pair{at, &d.At})
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("declarations: %w", err)
	}
	return out, nil
}
