package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// access lists one kind of grants. The stored answer holds the kept fields of each row alone; keep is nil for all.
func (a *adminUnit) access(ctx context.Context, l adminList, query url.Values, strip func([]byte) []byte, read func([]byte) (page, error)) error {
	of := a.origin
	a.origin = evidence.OriginAccess
	_, err := a.lists(ctx, l, query, strip, read)
	a.origin = of
	return err
}

// grant is what is known of every grant of a kind before its row is read.
func (a *adminUnit) grant(kind evidence.AccessKind) evidence.AccessGrant {
	return evidence.AccessGrant{Repository: a.repo, Origin: evidence.OriginAccess, Kind: kind}
}

// keys lists the deploy keys (https://docs.github.com/en/rest/deploy-keys/deploy-keys#list-deploy-keys), without the keys.
func (a *adminUnit) keys(ctx context.Context) error {
	return a.access(ctx, adminList{name: "deploy keys", path: "/keys", needs: "administration"}, nil, stripKeys,
		func(body []byte) (page, error) { return readKeys(a.grant(evidence.DeployKey), body) })
}

// hooks lists the webhooks (https://docs.github.com/en/rest/repos/webhooks#list-repository-webhooks), with the hosts of their addresses
// alone: paths and queries hold secrets.
func (a *adminUnit) hooks(ctx context.Context) error {
	return a.access(ctx, adminList{name: "webhooks", path: "/hooks", needs: "webhooks"}, nil, stripHooks,
		func(body []byte) (page, error) { return readHooks(a.grant(evidence.Webhook), body) })
}

// collaborators lists who was given access to the repository itself
// (https://docs.github.com/en/rest/collaborators/collaborators#list-repository-collaborators), not those who have it by their organisation.
func (a *adminUnit) collaborators(ctx context.Context) error {
	return a.access(ctx, adminList{name: "collaborators", path: "/collaborators", needs: "metadata"}, url.Values{"affiliation": {"direct"}}, nil,
		func(body []byte) (page, error) {
			p, err := readCollaborators(a.grant(evidence.Collaborator), body)
			a.undated += len(p.facts.Access)
			return p, err
		})
}

// runners lists the repository's own self-hosted runners
// (https://docs.github.com/en/rest/actions/self-hosted-runners#list-self-hosted-runners-for-a-repository).
func (a *adminUnit) runners(ctx context.Context) error {
	return a.access(ctx, adminList{name: "self-hosted runners", path: "/actions/runners", needs: "administration"}, nil, nil,
		func(body []byte) (page, error) {
			p, err := readRunners(a.grant(evidence.SelfHostedRunner), body)
			a.undated += len(p.facts.Access)
			return p, err
		})
}

// grants reads the rows of a list of grants.
func grants[T any](rows []json.RawMessage, read func(T) (evidence.AccessGrant, error)) page {
	var p page
	each(&p, rows, func(row T) error {
		g, err := read(row)
		if err == nil && g.ExternalID == "0" {
			err = errors.New("a row without id")
		}
		if err = errors.Join(err, plain(g.Name, g.Detail, g.AddedBy)); err == nil {
			p.facts.Access = append(p.facts.Access, g)
		}
		return err
	})
	return p
}

func readKeys(of evidence.AccessGrant, body []byte) (page, error) {
	rows, err := array(body)
	if err != nil {
		return page{}, err
	}
	return grants(rows, func(row struct {
		ID        int64      `json:"id"`
		Title     string     `json:"title"`
		ReadOnly  bool       `json:"read_only"`
		CreatedAt *time.Time `json:"created_at"`
		AddedBy   string     `json:"added_by"`
	}) (g evidence.AccessGrant, err error) {
		g = of
		g.ExternalID, g.Name, g.AddedBy, g.Detail = strconv.FormatInt(row.ID, 10), row.Title, row.AddedBy, "read and write"
		if row.ReadOnly {
			g.Detail = "read only"
		}
		g.CreatedAt, err = stamp(row.CreatedAt)
		return g, err
	}), nil
}

func readHooks(of evidence.AccessGrant, body []byte) (page, error) {
	rows, err := array(body)
	if err != nil {
		return page{}, err
	}
	return grants(rows, func(row struct {
		ID        int64      `json:"id"`
		Active    bool       `json:"active"`
		Events    []string   `json:"events"`
		CreatedAt *time.Time `json:"created_at"`
		Config    struct {
			URL string `json:"url"`
		} `json:"config"`
	}) (g evidence.AccessGrant, err error) {
		g = of
		g.ExternalID, g.Name, g.Detail = strconv.FormatInt(row.ID, 10), "an address that cannot be read", "inactive"
		if u, ok := site(row.Config.URL); ok {
			g.Name = u.Host
		}
		if row.Active {
			g.Detail = "active"
		}
		slices.Sort(row.Events)
		g.Detail += ", on " + strings.Join(row.Events, ", ")
		g.CreatedAt, err = stamp(row.CreatedAt)
		return g, err
	}), nil
}

func readCollaborators(of evidence.AccessGrant, body []byte) (page, error) {
	rows, err := array(body)
	if err != nil {
		return page{}, err
	}
	return grants(rows, func(row struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Role  string `json:"role_name"`
	}) (evidence.AccessGrant, error) {
		g := of
		g.ExternalID, g.Name, g.Detail = strconv.FormatInt(row.ID, 10), row.Login, row.Role
		if row.Login == "" {
			return g, errors.New("a collaborator without login")
		}
		return g, nil
	}), nil
}

func readRunners(of evidence.AccessGrant, body []byte) (page, error) {
	rows, total, err := counted(body, "runners")
	if err != nil {
		return page{}, err
	}
	p := grants(rows, func(row struct {
		ID     int64  `json:"id"`
		Name   string `json:"name"`
		OS     string `json:"os"`
		Labels []struct {
			Name string `json:"name"`
		} `json:"labels"`
	}) (evidence.AccessGrant, error) {
		g := of
		var labels []string
		for _, l := range row.Labels {
			labels = append(labels, l.Name)
		}
		slices.Sort(labels)
		g.ExternalID, g.Name, g.Detail = strconv.FormatInt(row.ID, 10), row.Name, row.OS+", labels "+strings.Join(labels, ", ")
		return g, nil
	})
	p.total = total
	return p, nil
}

// site is scheme and host of an address, and nothing that could hold a secret.
func site(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, false
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: "/"}, true
}

// stripKeys leaves of each deploy key what is listed here, which its material is not.
func stripKeys(body []byte) []byte {
	return strip(body, func(row map[string]json.RawMessage) {
		only(row, "id", "title", "verified", "created_at", "read_only", "added_by", "last_used", "enabled")
	})
}

// stripHooks leaves of each webhook what is listed here, and of its address scheme and host. GitHub shows secrets as asterisks; they go
// all the same.
func stripHooks(body []byte) []byte {
	return strip(body, func(row map[string]json.RawMessage) {
		var config map[string]json.RawMessage
		var address string
		if json.Unmarshal(row["config"], &config) == nil && config != nil {
			if json.Unmarshal(config["url"], &address) == nil {
				if u, ok := site(address); ok {
					address = u.String()
				} else {
					address = ""
				}
			}
			only(config, "content_type", "insecure_ssl")
			config["url"] = rewritten(address)
			row["config"] = rewritten(config)
		} else {
			delete(row, "config")
		}
		only(row, "id", "type", "name", "active", "events", "created_at", "updated_at", "config")
	})
}

// strip rewrites the rows of a list. What is no list of objects is dropped whole: it may hold anything.
func strip(body []byte, rewrite func(map[string]json.RawMessage)) []byte {
	var rows []map[string]json.RawMessage
	if json.Unmarshal(body, &rows) != nil {
		return nil
	}
	for _, row := range rows {
		rewrite(row)
	}
	return rewritten(rows)
}

func only(row map[string]json.RawMessage, keys ...string) {
	for k := range row {
		if !slices.Contains(keys, k) {
			delete(row, k)
		}
	}
}

// rewritten is JSON again; what cannot be written is dropped.
func rewritten(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
