package linkage

import (
	"context"
	"encoding/json"
	"fmt"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
)

// Store writes the links of one repository into the open rebuild.
func Store(in *casefile.Inferences, repository int64, links []Link) error {
	for _, l := range links {
		err := in.Exec(`INSERT INTO link (repository, secret, credential, provider, account, project, confidence, reason, question, evidence)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, repository, l.Secret, string(l.Credential), string(l.Provider), l.Account, l.Project, l.Confidence, l.Reason,
			l.Question, casefile.JSON(l.Evidence))
		if err != nil {
			return fmt.Errorf("store link of %s: %w", l.Secret, err)
		}
	}
	return nil
}

// StoredLink is a link as the case holds it.
type StoredLink struct {
	Repository evidence.Repository
	Link
}

// StoredLinks loads every link by repository, secret, credential and project.
func StoredLinks(ctx context.Context, c *casefile.Case) ([]StoredLink, error) {
	var out []StoredLink
	err := c.Each(ctx, `SELECT r.name, l.secret, l.credential, l.provider, l.account, l.project, l.confidence, l.reason, l.question, l.evidence
		FROM link l JOIN repository r ON r.id = l.repository ORDER BY r.key, l.secret, l.credential, l.project`, nil, func(scan func(...any) error) error {
		var l StoredLink
		var ids string
		err := scan(&l.Repository, &l.Secret, &l.Credential, &l.Provider, &l.Account, &l.Project, &l.Confidence, &l.Reason, &l.Question, &ids)
		if err != nil {
			return err
		}
		err = json.Unmarshal([]byte(ids), &l.Evidence)
		out = append(out, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load links: %w", err)
	}
	return out, nil
}
