package casefile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
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
	Again      int    // how many statements of the same words came before it and were taken back
}

// ID of the fact.
func (d Declaration) ID() string {
	parts := []string{d.Repository.Key(), d.Secret, d.Credential, d.Fact, evidence.Stamp(d.At), d.By, d.Because, d.Retracts}
	if d.Again > 0 {
		parts = append(parts, strconv.Itoa(d.Again))
	}
	return evidence.ID("dec", parts...)
}

// Check refuses a statement of which any text has the shape of a credential: it would have to be stored without what it speaks of. The
// error does not say the value back.
func (d Declaration) Check() error {
	for _, text := range []struct{ name, value string }{
		{"the name of the secret", d.Secret}, {"the identifier of the credential", d.Credential}, {"who says so", d.By}, {"the ground", d.Because},
	} {
		if _, n := tokens.Redact([]byte(text.value)); n > 0 {
			return fmt.Errorf("declare: %s: %w", text.name, ErrCredential)
		}
	}
	return nil
}

// Errors of declarations that a caller tells apart.
var (
	ErrUnknownRepository = errors.New("the repository is not in the case")
	ErrCredential        = errors.New("it holds a credential itself")
	ErrRetraction        = errors.New("it is a retraction, which cannot be taken back")
)

// Declare adds a statement. The same statement twice is one while it is in force; after its retraction it is a new one.
func (c *Case) Declare(ctx context.Context, d Declaration) (id string, err error) {
	if err := d.Check(); err != nil {
		return "", err
	}
	all, err := c.Declarations(ctx, d.Repository)
	if err != nil {
		return "", err
	}
	if d.Retracts != "" {
		i := slices.IndexFunc(all, func(x Declaration) bool { return x.ID() == d.Retracts })
		if i < 0 {
			return "", fmt.Errorf("declare: %s of %s: no such declaration", d.Retracts, d.Repository)
		}
		if all[i].Retracts != "" {
			return "", fmt.Errorf("declare: %s: %w", d.Retracts, ErrRetraction)
		}
	}
	for taken := takenBack(all); taken[d.ID()]; {
		d.Again++
	}
	// Two that declare the same at once come to the same id: the second leaves the row of the first.
	res, err := c.db.ExecContext(ctx, `INSERT INTO declaration (id, repository, secret, credential, fact, at, by_whom, because, retracts, again)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM repository WHERE key = ? ON CONFLICT (id) DO UPDATE SET id = id`,
		d.ID(), d.Secret, d.Credential, d.Fact, evidence.Stamp(d.At), d.By, d.Because, d.Retracts, d.Again, d.Repository.Key())
	if err != nil {
		return "", fmt.Errorf("declare: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return "", errors.Join(fmt.Errorf("declare %s: %w", d.Repository, ErrUnknownRepository), err)
	}
	return d.ID(), nil
}

// takenBack are the ids of what later statements retract.
func takenBack(all []Declaration) map[string]bool {
	taken := map[string]bool{}
	for _, d := range all {
		if d.Retracts != "" {
			taken[d.Retracts] = true
		}
	}
	return taken
}

func (c *Case) loadStatements(ctx context.Context, f *Facts) error {
	all, err := c.Declarations(ctx, f.Repository)
	if err != nil {
		return err
	}
	taken := takenBack(all)
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
	err := c.each(ctx, `SELECT r.name, d.secret, d.credential, d.fact, d.at, d.by_whom, d.because, d.retracts, d.again FROM declaration d
		JOIN repository r ON r.id = d.repository WHERE r.key = ? ORDER BY d.at, d.id`, []any{repo.Key()}, func(scan func(...any) error) error {
		var d Declaration
		var at string
		if err := scan(&d.Repository, &d.Secret, &d.Credential, &d.Fact, &at, &d.By, &d.Because, &d.Retracts, &d.Again); err != nil {
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
