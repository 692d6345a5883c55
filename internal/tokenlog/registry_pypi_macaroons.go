package tokenlog

import (
	"context"
	"encoding/json"
	"strings"

	"pentimento/internal/tokens"
)

// readMacaroons reads warehouse's table of API tokens (warehouse/macaroons/models.py). Its last_used moves with a request that was authorised and
// committed; the row goes with the token. Column key is the root of the token's signature: with it anyone can make the token.
func readMacaroons(ctx context.Context, in *Input, out *Sink) error {
	quiet := out.unseen()
	key, nameless := false, false
	err := eachTableRow(ctx, in, quiet, nil, func(r tableRow) error {
		dropped(out, &key, r, "key", "the root secrets of the tokens")
		c, reason := macaroonRow(in, r)
		if reason != "" {
			return out.Reject(reason)
		}
		if !nameless && !r.has("username") && in.Account == "" && r.get("user_id") != "" {
			nameless = true
			out.Note("the rows name their owners by user_id alone, and uploads name them by username: join users, or give --account")
		}
		return out.Credential(c)
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.PyPI)
}

func macaroonRow(in *Input, r tableRow) (c *tokens.Credential, reason string) {
	c = &tokens.Credential{Provider: tokens.PyPI, ID: lowered(r.get("id", "macaroon_id")), Kind: "API token", Label: r.get("description"),
		LastUsedTold: r.has("last_used"), ListedAt: in.ListedAt}
	if c.ID == "" {
		return nil, "the row has no id"
	}
	err := optionals(in.tableZone(), whenTold{&c.CreatedAt, r.get("created")}, whenTold{&c.LastUsedAt, r.get("last_used")})
	if err != nil {
		return nil, err.Error()
	}
	c.Account = firstText(r.get("username"), in.Account, r.get("user_id"))
	if publisher := r.get("oidc_publisher_id"); publisher != "" {
		c.Kind, c.Account = "trusted publisher's token", ""
		c.Scopes = append(c.Scopes, "trusted publisher "+publisher)
	}
	if oidc := r.object("additional").object("oidc"); oidc != nil {
		c.Scopes = append(c.Scopes, strings.TrimSpace("made for "+firstText(oidc.text("ref"), oidc.text("ref_path"))+" "+oidc.text("sha")))
	}
	grant := pypiGrant(r.list("caveats"))
	c.Scopes = append(c.Scopes, grant.Words...)
	c.ExpiresAt, c.Projects = grant.Expires, pypiNames(grant.Projects)
	// The deprecated column has the names of projects that newer tokens know by id alone.
	switch permissions := r.object("permissions_caveat"); {
	case permissions.text("permissions") == "user":
		c.AccountWide = !grant.Bounded
	case len(permissions.list("permissions", "projects")) > 0:
		if c.Projects == nil {
			c.Projects = pypiNames(texts(permissions.list("permissions", "projects")))
		}
	default:
		c.AccountWide = r.has("caveats") && !grant.Bounded && c.Kind == "API token"
	}
	return c, ""
}

// pypiGrant reads the column of caveats.
func pypiGrant(caveats []any) tokens.Grant {
	var g tokens.Grant
	for _, v := range caveats[:min(len(caveats), maxNames)] {
		if text, err := json.Marshal(v); err == nil {
			g.Add(text)
		}
	}
	return g
}

// pypiNames are projects as PyPI compares their names.
func pypiNames(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, pypiName(n))
	}
	return out
}

// pypiName is a project as PyPI compares names. [packaging.python.org, "Names and normalization"]
func pypiName(name string) string {
	var out strings.Builder
	run := false
	for _, r := range lowered(name) {
		switch {
		case r == '-' || r == '_' || r == '.':
			run = out.Len() > 0
			continue
		case run:
			out.WriteByte('-')
		}
		run = false
		out.WriteRune(r)
	}
	return out.String()
}

// readMacaroonWarnings reads project_macaroon_warning_association: a row is there if and only if the token uploaded to the project while that had a trusted
// publisher. When it did is not told, so it is said of the credential.
func readMacaroonWarnings(ctx context.Context, in *Input, out *Sink) error {
	return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
		id, name := lowered(r.get("macaroon_id")), pypiName(r.get("project_name", "name", "normalized_name"))
		project := firstText(name, r.get("project_id"))
		if id == "" || project == "" {
			return out.Reject("the row names no token or no project")
		}
		c := tokens.Credential{Provider: tokens.PyPI, ID: id, Kind: "API token", Account: firstText(r.get("username"), in.Account),
			Scopes: []string{"was used to upload to " + project + " while that had a trusted publisher; when is not told"}}
		if name != "" {
			c.Projects = []string{name}
		}
		return out.Credential(&c)
	})
}
