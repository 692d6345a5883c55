package tokenlog

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// giveCredential reads a row of an inventory.
func (g *genericReader) giveCredential() error {
	named := g.names.of(g.get(fieldID))
	switch {
	case named.reason != "":
		return g.out.Reject(named.reason)
	case named.id == "":
		return g.out.Reject("the row names no credential")
	}
	c := tokens.Credential{Provider: named.provider, ID: named.id, Kind: g.get(fieldKind), Account: firstText(g.get(fieldAccount), g.in.Account),
		Label: g.get(fieldLabel), Scopes: g.list(fieldScopes), UserAgent: dashless(g.get(fieldUserAgent)), ListedAt: g.in.ListedAt,
		LastUsedTold: g.m.columns[fieldLastUsed].name != ""}
	c.Address, _ = place(g.get(fieldAddress))
	for _, p := range g.list(fieldProjects) {
		if p == "*" || strings.EqualFold(p, "all") {
			c.AccountWide = true
		} else if p = registryProject(named.provider, p); !slices.Contains(c.Projects, p) {
			c.Projects = append(c.Projects, p)
		}
	}
	if reason := g.flags(&c); reason != "" {
		return g.out.Reject(reason)
	}
	if err := g.times(&c); err != nil {
		return g.out.Reject(err.Error())
	}
	g.once(named.note)
	return g.out.Credential(&c)
}

// flags reads what is yes or no of a credential. A column revoked holds either that or a time.
func (g *genericReader) flags(c *tokens.Credential) (reason string) {
	if s := g.get(fieldAccountWide); s != "" {
		wide, reason := truth(s)
		if reason != "" {
			return reason
		}
		c.AccountWide = c.AccountWide || wide
	}
	if s := g.get(fieldActive); s != "" {
		active, reason := truth(s)
		if reason != "" {
			return reason
		}
		c.Inactive = !active
	}
	if is, reason := truth(g.get(fieldRevoked)); reason == "" {
		c.Inactive = c.Inactive || is
	}
	return ""
}

func (g *genericReader) times(c *tokens.Credential) error {
	for _, w := range []struct {
		to     *time.Time
		within *time.Duration
		of     field
	}{{&c.CreatedAt, nil, fieldCreated}, {&c.ExpiresAt, nil, fieldExpires}, {&c.LastUsedAt, &c.LastWithin, fieldLastUsed}, {&c.RevokedAt, nil, fieldRevoked}} {
		text := g.get(w.of)
		if never(text) {
			continue
		}
		if _, reason := truth(text); w.of == fieldRevoked && reason == "" {
			continue
		}
		t, within, err := g.m.clock.read(text, g.zone)
		if err != nil {
			return err
		}
		if *w.to = t; w.within != nil {
			*w.within = within
		}
	}
	return nil
}

// never reports a time that is none, as tables write it.
func never(text string) bool {
	switch strings.ToLower(text) {
	case "", "-", "null", "none", "n/a", "never":
		return true
	}
	return false
}

// listing tells that the inventory was read. One of which rows were kept aside was not read whole: a credential that it lacks may have been one of them.
func (g *genericReader) listing() error {
	l := tokens.Listing{Provider: g.m.provider, Account: firstText(g.m.fixed[fieldAccount], g.in.Account), At: g.in.ListedAt, Complete: g.in.Complete}
	if l.Complete && g.rejected > 0 {
		l.Complete = false
		g.out.Note("rows of the inventory were kept aside: it does not count as complete")
	}
	return g.out.Listing(&l)
}
