package tokenlog

import (
	"context"
	"maps"
	"slices"
	"time"

	"pentimento/internal/tokens"
)

func guessGitHubPATs(s Sample) int {
	if s.keys("token_id", "token_last_used_at", "repository_selection", "permissions") {
		return 95
	}
	return 0
}

// readGitHubPATs reads the fine-grained tokens that were granted access to an organization. The last use is of
// all uses, not of those in the organization alone. [GitHub REST, "List fine-grained personal access tokens with access to organization resources"]
func readGitHubPATs(ctx context.Context, in *Input, out *Sink) error {
	zone := in.zone(time.UTC)
	err := eachObject(ctx, in, out, nil, func(o object) error {
		number, ok := o.number("token_id")
		if !ok || number < 1 {
			return out.Reject("the token has no token_id")
		}
		c := tokens.Credential{
			Provider: tokens.GitHub, ID: numberID(number), Kind: "fine-grained personal access token", Account: firstText(o.text("owner", "login"), in.Account),
			Label: o.text("token_name"), AccountWide: o.text("repository_selection") == "all", ListedAt: in.ListedAt, LastWithin: lastUsedGrain,
		}
		_, c.LastUsedTold = o["token_last_used_at"]
		c.Inactive, _ = o.flag("token_expired")
		var granted time.Time
		err := optionals(zone, whenTold{&granted, o.text("access_granted_at")}, whenTold{&c.ExpiresAt, o.text("token_expires_at")},
			whenTold{&c.LastUsedAt, o.text("token_last_used_at")})
		if err != nil {
			return out.Reject(err.Error())
		}
		for _, group := range slices.Sorted(maps.Keys(o.object("permissions"))) {
			for _, name := range slices.Sorted(maps.Keys(o.object("permissions", group))) {
				c.Scopes = append(c.Scopes, group+":"+name+"="+o.text("permissions", group, name))
			}
		}
		return admitted(out, &c, granted, "personal access token of an organization")
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.GitHub)
}

// lastUsedGrain is how coarse GitHub's last use is: its pages tell it by the day or coarser, and its documents promise nothing finer.
const lastUsedGrain = 24 * time.Hour

func guessGitHubSSO(s Sample) int {
	if s.keys("credential_id", "credential_type", "credential_authorized_at") {
		return 95
	}
	return 0
}

// readGitHubSSO reads the credentials that members authorized for single sign-on. They are named by the number of the authorization and by the last
// eight characters of a token, which are not kept: with the token's own check sum they narrow it down.
func readGitHubSSO(ctx context.Context, in *Input, out *Sink) error {
	zone := in.zone(time.UTC)
	err := eachObject(ctx, in, out, nil, func(o object) error {
		id := o.text("credential_id")
		if id == "" {
			return out.Reject("the authorization has no credential_id")
		}
		c := tokens.Credential{
			Provider: tokens.GitHub, ID: "credential:" + id, Kind: o.text("credential_type"), Account: o.text("login"), AccountWide: true, ListedAt: in.ListedAt,
			Label: firstText(o.text("authorized_credential_title"), o.text("authorized_credential_note")), Scopes: texts(o.list("scopes")), LastWithin: lastUsedGrain,
		}
		if print := o.text("fingerprint"); print != "" {
			c.Alias = "key:" + print
		}
		_, c.LastUsedTold = o["credential_accessed_at"]
		var authorized time.Time
		err := optionals(zone, whenTold{&authorized, o.text("credential_authorized_at")}, whenTold{&c.LastUsedAt, o.text("credential_accessed_at")},
			whenTold{&c.ExpiresAt, o.text("authorized_credential_expires_at")})
		if err != nil {
			return out.Reject(err.Error())
		}
		return admitted(out, &c, authorized, "single sign-on of an organization")
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.GitHub)
}

// logGitHubInventory is told of what inventories say of the past.
const logGitHubInventory = "github/inventory"

// admitted gives on a credential and since when it was admitted. That is no creation: a token may be much older than its access to an organization.
func admitted(out *Sink, c *tokens.Credential, since time.Time, to string) error {
	if err := out.Credential(c); err != nil || since.IsZero() {
		return err
	}
	return out.Event(&tokens.Event{Provider: c.Provider, ID: c.ID, Account: c.Account, Label: c.Label, What: tokens.Enabled, At: since, Log: logGitHubInventory, Detail: to})
}
