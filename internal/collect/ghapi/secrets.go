package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxEnvironments bounds the environments whose secrets are asked for, one request each. Some repositories make one for each pull request.
const maxEnvironments = 200

func (a *adminUnit) repository(ctx context.Context) error {
	whole, err := a.stored(ctx, adminList{name: "repository secrets", path: "/actions/secrets", needs: "secrets"}, evidence.RepositorySecret, "")
	if err == nil {
		a.cover(evidence.RepositorySecret, whole)
	}
	return err
}

// organisation lists the organisation's secrets. A person's repository has none: there the list is complete without being asked for.
func (a *adminUnit) organisation(ctx context.Context) error {
	of := a.unit
	of.origin = evidence.OriginRepository
	var owner string
	_, refusal, err := of.have(ctx, "", nil, true, func(body []byte) error {
		var row struct {
			ID    int64 `json:"id"`
			Owner struct {
				Type string `json:"type"`
			} `json:"owner"`
		}
		err := json.Unmarshal(body, &row)
		if owner = row.Owner.Type; err == nil && row.ID <= 0 {
			err = errors.New("the repository has no id")
		}
		return err
	})
	if err != nil {
		return err
	}
	if refusal == nil && owner == "User" {
		a.cover(evidence.OrganisationSecret, true)
		return nil
	}
	whole, err := a.stored(ctx, adminList{name: "organisation secrets", path: "/actions/organization-secrets", needs: "secrets"}, evidence.OrganisationSecret, "")
	if err == nil {
		a.cover(evidence.OrganisationSecret, whole)
	}
	return err
}

// environments lists the environments (https://docs.github.com/en/rest/deployments/environments#list-environments), then the secrets of
// each, until one is denied: as it is with one, so with all.
func (a *adminUnit) environments(ctx context.Context) error {
	var names []string
	whole, err := a.lists(ctx, adminList{name: "environments", path: "/environments", needs: "actions"}, nil, nil, func(body []byte) (page, error) {
		p, found, err := readEnvironments(body)
		names = append(names, found...)
		return p, err
	})
	if err != nil {
		return err
	}
	refused := len(a.denied)
	for i, name := range names {
		if i >= maxEnvironments || a.over != nil || len(a.denied) > refused {
			whole = false
			if len(a.denied) == refused {
				a.gaps = append(a.gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "environment secrets",
					Detail: fmt.Sprintf("of %d environments only %d were asked for", len(names), i)})
			}
			break
		}
		all, err := a.stored(ctx, adminList{name: "environment secrets", of: "of " + name, path: "/environments/" + url.PathEscape(name) + "/secrets",
			needs: "environments"}, evidence.EnvironmentSecret, name)
		if err != nil {
			return err
		}
		whole = whole && all
	}
	a.cover(evidence.EnvironmentSecret, whole)
	return nil
}

// stored lists the secrets of one place.
func (a *adminUnit) stored(ctx context.Context, l adminList, scope evidence.SecretScope, environment string) (bool, error) {
	return a.lists(ctx, l, nil, nil, func(body []byte) (page, error) {
		return readSecrets(evidence.SecretRecord{Repository: a.repo, Origin: evidence.OriginSecrets, Scope: scope, Environment: environment,
			Action: evidence.SecretListed, At: a.cfg.Now().UTC()}, body)
	})
}

// counted is a list that stands under a key beside its total.
func counted(body []byte, key string) (rows []json.RawMessage, total int, err error) {
	var reply map[string]json.RawMessage
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, 0, err
	}
	if err := errors.Join(json.Unmarshal(orNull(reply["total_count"]), &total), json.Unmarshal(orNull(reply[key]), &rows)); err != nil {
		return nil, 0, err
	}
	if rows == nil || total < 0 {
		return nil, 0, fmt.Errorf("no list of %s", key)
	}
	return rows, total, nil
}

func orNull(raw json.RawMessage) []byte {
	if raw == nil {
		return []byte("null")
	}
	return raw
}

// readSecrets fills in what the rows say; of says where they are stored.
func readSecrets(of evidence.SecretRecord, body []byte) (page, error) {
	var p page
	rows, total, err := counted(body, "secrets")
	if err != nil {
		return p, err
	}
	p.total = total
	each(&p, rows, func(row struct {
		Name      string     `json:"name"`
		CreatedAt *time.Time `json:"created_at"`
		UpdatedAt *time.Time `json:"updated_at"`
	}) error {
		s := of
		s.Name = strings.ToUpper(row.Name)
		if err := stamps(map[*time.Time]*time.Time{&s.CreatedAt: row.CreatedAt, &s.UpdatedAt: row.UpdatedAt}); err != nil {
			return err
		}
		if s.Name == "" {
			return errors.New("a secret without name")
		}
		if err := plain(s.Name, s.Environment); err != nil {
			return err
		}
		p.facts.Secrets = append(p.facts.Secrets, s)
		return nil
	})
	return p, nil
}

func readEnvironments(body []byte) (p page, names []string, err error) {
	rows, total, err := counted(body, "environments")
	if err != nil {
		return p, nil, err
	}
	p.total = total
	each(&p, rows, func(row struct {
		Name string `json:"name"`
	}) error {
		if row.Name == "" || row.Name == "." || row.Name == ".." { // path elements: they would name another endpoint
			return fmt.Errorf("%q is no name of an environment", row.Name)
		}
		if err := plain(row.Name); err != nil {
			return err
		}
		names = append(names, row.Name)
		return nil
	})
	return p, names, nil
}
