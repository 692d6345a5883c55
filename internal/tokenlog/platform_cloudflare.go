package tokenlog

import (
	"context"
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// Logs of Cloudflare: the two versions of the audit log number the same acts differently. Reading through the API is in neither as a rule.
const (
	logCloudflare   = "cloudflare/audit"
	logCloudflareV2 = "cloudflare/audit-v2"
)

func cloudflareFormats() []Format {
	return []Format{
		{
			Name: "cloudflare-audit", Kinds: []string{KindUsage}, Log: logCloudflare, About: "Cloudflare audit log, version 1: GET /accounts/ID/audit_logs, or Logpush audit_logs",
			Guess: func(s Sample) int {
				switch {
				case s.keys("ActionType", "ActorID", "OwnerID", "When"), s.keys("action", "actor", "owner", "when"):
					return 95
				case s.keys("result") && s.mentions("action", "actor", "owner", "when", "interface"):
					return 90
				}
				return 0
			},
			Read: readCloudflareV1,
		},
		{
			Name: "cloudflare-audit-v2", Kinds: []string{KindUsage}, Log: logCloudflareV2, About: "Cloudflare audit log, version 2: GET /accounts/ID/logs/audit, or Logpush audit_logs_v2",
			Guess: func(s Sample) int {
				switch {
				case s.keys("ActionTimestamp", "AuditLogID"), s.keys("account", "action", "actor", "id", "resource"):
					return 95
				case s.keys("result") && s.mentions("action", "actor", "raw", "cf_ray_id"):
					return 90
				}
				return 0
			},
			Read: readCloudflareV2,
		},
		{
			Name: "cloudflare-tokens", Kinds: []string{KindCredentials}, About: "Cloudflare API tokens: GET /user/tokens or /accounts/ID/tokens",
			Guess: func(s Sample) int {
				if s.isJSON() && s.mentions("issued_on", "modified_on", "status", "name") && !s.mentions("actor") {
					return 85
				}
				return 0
			},
			Read: readCloudflareTokens,
		},
	}
}

// flareRecord is one event in the names of the API, or in those of Logpush, which are in Pascal case and flat.
type flareRecord struct{ object }

// get is the first text of the paths, which are written with slashes.
func (r flareRecord) get(paths ...string) string {
	for _, p := range paths {
		if s := r.text(strings.Split(p, "/")...); s != "" {
			return s
		}
	}
	return ""
}

// outcome is told as a truth value by version 1 and in a word by version 2.
func (r flareRecord) outcome() string {
	if v, told := r.flag("action", "result"); told {
		return succeeded(v)
	}
	if v, told := r.flag("ActionResult"); told {
		return succeeded(v)
	}
	switch strings.ToLower(r.get("action/result", "ActionResult")) {
	case "success":
		return tokens.Succeeded
	case "":
		return ""
	default:
		return tokens.Failed
	}
}

func succeeded(v bool) string {
	if v {
		return tokens.Succeeded
	}
	return tokens.Failed
}

// readCloudflareV1 reads version 1. metadata names a token: of events about tokens, the one that was acted on, and else the one that acted.
func readCloudflareV1(ctx context.Context, in *Input, out *Sink) error {
	return eachObject(ctx, in, out, []string{"result"}, func(o object) error {
		r := flareRecord{o}
		u := tokens.Use{
			Log: logCloudflare, Provider: tokens.Cloudflare, Account: r.get("actor/email", "ActorEmail", "actor/id", "ActorID"), Action: r.get("action/type", "ActionType"),
			Project: r.get("metadata/zone_name", "Metadata/zone_name"), Outcome: r.outcome(), External: r.get("id", "ID"),
			Subject: strings.Trim(r.get("resource/type", "ResourceType")+" "+r.get("resource/id", "ResourceID"), " "),
		}
		if u.Action == "" {
			return out.Reject("the event has no action")
		}
		var err error
		if u.At, u.Within, err = instant(r.get("when", "When"), in.zone(time.UTC)); err != nil {
			return out.Reject(err.Error())
		}
		u.Address, u.Origin = place(r.get("actor/ip", "ActorIP"))
		tag, name := r.get("metadata/token_tag", "Metadata/token_tag"), r.get("metadata/token_name", "Metadata/token_name")
		u.Class = flareClass(u.Action, r.get("resource/type", "ResourceType"))
		if r.get("interface", "Interface") == "UI" {
			u.Via = tokens.ViaWeb
		}
		e := tokens.Event{Provider: tokens.Cloudflare, ID: tag, Label: name, Account: u.Account, At: u.At, By: u.Account, Log: u.Log, External: u.External, Detail: u.Action}
		if about := strings.Contains(strings.ToLower(u.Action), "token"); about {
			e.What = flareStep(u.Action)
		} else if u.Credential = tag; tag != "" {
			u.Via = tokens.ViaToken
		}
		return flareGive(out, &u, &e)
	})
}

// flareGive gives on an event and, where it is done and about a token, the step in that token's life.
func flareGive(out *Sink, u *tokens.Use, e *tokens.Event) error {
	if u.Outcome == tokens.Failed || e.ID == "" && e.Label == "" {
		e.What = ""
	}
	if e.What == tokens.Created {
		u.Minted = e.ID
	}
	if err := out.Use(u); err != nil || e.What == "" {
		return err
	}
	return out.Event(e)
}

// flareStep is what an action on a token does to it.
func flareStep(action string) string {
	action = strings.ToLower(action)
	for _, s := range []struct{ verb, what string }{
		{"create", tokens.Created}, {"delete", tokens.Removed}, {"revoke", tokens.Removed}, {"roll", tokens.Rotated}, {"rotate", tokens.Rotated}, {"disable", tokens.Disabled},
		{"enable", tokens.Enabled},
	} {
		if strings.Contains(action, s.verb) {
			return s.what
		}
	}
	return ""
}

// flareAccess are words of actions and resources about who may do what.
var flareAccess = []string{"token", "tokens", "key", "keys", "member", "members", "role", "roles", "permission", "permissions", "invite", "sso", "password"}

// flareClass places an action by its verb, and by what it acts on.
func flareClass(action, resource string) tokens.Class {
	action, resource = strings.ToLower(action), strings.ToLower(resource)
	words := strings.FieldsFunc(action+" "+resource, func(c rune) bool { return c < 'a' || c > 'z' })
	has := func(all ...string) bool {
		return slices.ContainsFunc(all, func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case action == "view", strings.HasPrefix(action, "get"), strings.HasPrefix(action, "list"):
		return tokens.Read
	case has(flareAccess...):
		return tokens.Access
	case has("login", "logout"):
		return tokens.Auth
	case has("deploy", "publish"), has("upload") && strings.Contains(resource, "worker"):
		return tokens.Publish
	default:
		return tokens.Write
	}
}

// readCloudflareV2 reads version 2, which names the token that acted beside its address and user agent.
func readCloudflareV2(ctx context.Context, in *Input, out *Sink) error {
	return eachObject(ctx, in, out, []string{"result"}, func(o object) error {
		r := flareRecord{o}
		u := tokens.Use{
			Log: logCloudflareV2, Provider: tokens.Cloudflare, Credential: r.get("actor/token_id", "ActorTokenDetails/ID", "ActorTokenDetails/id", "ActorTokenDetails/TokenID", "ActorTokenDetails/token_id"),
			Account: r.get("actor/email", "ActorEmail", "actor/id", "ActorID"), Action: r.get("action/type", "ActionType"), Project: r.get("zone/name", "ZoneName"),
			UserAgent: r.get("raw/user_agent", "Raw/user_agent", "Raw/UserAgent"), Outcome: r.outcome(), External: r.get("id", "AuditLogID"),
		}
		resource, uri := r.get("resource/type", "ResourceType"), flarePath(r.get("raw/uri", "Raw/uri", "Raw/URI"))
		if u.Action == "" {
			return out.Reject("the event has no action")
		}
		var err error
		if u.At, u.Within, err = instant(r.get("action/time", "ActionTimestamp"), in.zone(time.UTC)); err != nil {
			return out.Reject(err.Error())
		}
		u.Subject = firstText(uri, strings.Trim(resource+" "+r.get("resource/id", "ResourceID"), " "))
		u.Address, u.Origin = place(r.get("actor/ip_address", "ActorIPAddress"))
		u.Class = flareClass(u.Action, firstText(resource, r.get("resource/product", "ResourceProduct")))
		u.Via = flareVia(r.get("actor/context", "ActorContext"))
		e := tokens.Event{Provider: tokens.Cloudflare, ID: r.get("resource/id", "ResourceID"), Account: u.Account, At: u.At, By: u.Account, Log: u.Log, External: u.External,
			Detail: strings.Trim(u.Action+" "+uri, " ")}
		if strings.Contains(strings.ToLower(resource), "token") {
			if e.What = flareStep(u.Action); strings.HasSuffix(uri, "/value") {
				e.What = tokens.Rotated // PUT /user/tokens/ID/value rolls it
			}
		}
		return flareGive(out, &u, &e)
	})
}

// flarePath is a URI without its query, which may hold anything.
func flarePath(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	return path
}

// flareVia is how the actor was authenticated.
func flareVia(context string) string {
	switch context {
	case "api_token", "api_key", "api", "origin_ca_key":
		return tokens.ViaToken
	case "dash":
		return tokens.ViaWeb
	default:
		return ""
	}
}

// readCloudflareTokens reads the list of tokens. It has no values; a value is shown once, when a token is made, and is never looked at.
func readCloudflareTokens(ctx context.Context, in *Input, out *Sink) error {
	err := eachObject(ctx, in, out, []string{"result"}, func(o object) error {
		c := tokens.Credential{Provider: tokens.Cloudflare, ID: o.text("id"), Kind: "API token", Account: in.Account, Label: o.text("name"), ListedAt: in.ListedAt,
			Inactive: o.text("status") != "" && o.text("status") != "active"}
		if c.ID == "" {
			return out.Reject("the token has no id")
		}
		_, c.LastUsedTold = o["last_used_on"]
		for _, v := range o.list("policies")[:min(len(o.list("policies")), maxNames)] {
			if m, ok := v.(map[string]any); ok {
				c.Scopes = append(c.Scopes, flareScopes(object(m))...)
			}
		}
		if err := optionals(in.zone(time.UTC), whenTold{&c.CreatedAt, o.text("issued_on")}, whenTold{&c.LastUsedAt, o.text("last_used_on")},
			whenTold{&c.ExpiresAt, o.text("expires_on")}); err != nil {
			return out.Reject(err.Error())
		}
		return out.Credential(&c)
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.Cloudflare)
}

// flareScopes are the names of the permissions of one policy.
func flareScopes(policy object) []string {
	var all []string
	for _, v := range policy.list("permission_groups") {
		if m, ok := v.(map[string]any); ok && len(all) < maxNames {
			all = append(all, strings.Trim(policy.text("effect")+" "+object(m).text("name"), " "))
		}
	}
	return all
}
