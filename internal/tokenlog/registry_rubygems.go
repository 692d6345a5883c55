package tokenlog

import (
	"context"
	"path"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// Logs of RubyGems. The versions name the key that pushed them, in the administrators' table alone.
const logGemVersions = "rubygems/versions"

// rubyGemsFormats are those of RubyGems. [rubygems/rubygems.org, db/schema.rb, app/models/events]
func rubyGemsFormats() []Format {
	return []Format{
		registry("rubygems-keys", []string{KindCredentials}, "RubyGems' table api_keys", guessTable(95, "hashed_key", "scopes", "last_accessed_at"), readGemKeys),
		registry("rubygems-versions", []string{KindUsage, KindReleases}, "RubyGems' table versions, with the gem's name joined",
			guessTable(93, "number", "pusher_id", "pusher_api_key_id", "created_at"), readGemVersions).of(logGemVersions),
		registry("rubygems-events", []string{KindUsage}, "RubyGems' tables events_user_events, events_rubygem_events and events_organization_events", guessGemEvents, readGemEvents),
		registry("rubygems-json", []string{KindReleases}, "the versions of a gem, /api/v1/versions/NAME.json (the file's name is the gem's)", guessGemJSON, readGemJSON),
	}
}

func guessGemEvents(s Sample) int {
	if s.has("tag", "additional", "created_at", "trace_id") {
		return 95
	}
	return 0
}

func guessGemJSON(s Sample) int {
	if s.keys("number", "platform", "created_at", "sha", "rubygems_version") {
		return 92
	}
	return 0
}

// readGemKeys reads API keys. last_accessed_at moves with each check of a permitted scope, also where the push then fails. hashed_key is the SHA-256 of
// the value. A key that was deleted stays, with soft_deleted_at.
func readGemKeys(ctx context.Context, in *Input, out *Sink) error {
	err := eachTableRow(ctx, in, out.unseen(), nil, func(r tableRow) error {
		c := tokens.Credential{Provider: tokens.RubyGems, ID: r.get("id"), Kind: "API key", Label: r.get("name"), LastUsedTold: r.has("last_accessed_at"), ListedAt: in.ListedAt,
			Account: firstText(r.get("handle", "username", "owner_handle"), in.Account, r.get("owner_id")), Alias: tokens.NormalHash(r.get("hashed_key"))}
		if _, err := strconv.ParseInt(c.ID, 10, 64); err != nil {
			return out.Reject("the key has no id")
		}
		if owner := r.get("owner_type"); owner != "" && owner != "User" {
			c.Kind, c.Account = "trusted publisher's key", ""
			c.Scopes = append(c.Scopes, owner+" "+r.get("owner_id"))
		}
		err := optionals(in.tableZone(), whenTold{&c.CreatedAt, r.get("created_at")}, whenTold{&c.ExpiresAt, r.get("expires_at")}, whenTold{&c.LastUsedAt, r.get("last_accessed_at")},
			whenTold{&c.RevokedAt, r.get("soft_deleted_at")})
		if err != nil {
			return out.Reject(err.Error())
		}
		c.Inactive = !c.RevokedAt.IsZero()
		if gem := r.get("rubygem", "rubygem_name", "soft_deleted_rubygem_name"); gem != "" {
			c.Projects = []string{gem}
		}
		c.AccountWide = len(c.Projects) == 0 && c.Kind == "API key"
		c.Scopes = append(c.Scopes, texts(r.list("scopes"))...)
		return out.Credential(&c)
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.RubyGems)
}

// readGemVersions reads the table that names the key of each push.
func readGemVersions(ctx context.Context, in *Input, out *Sink) error {
	return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
		u := publishing(logGemVersions, tokens.RubyGems)
		u.Action, u.Credential = "push", r.get("pusher_api_key_id")
		u.Account = firstText(r.get("pusher", "pusher_handle", "handle"), r.get("pusher_id"))
		u.Project = firstText(r.get("rubygem", "rubygem_name", "name"), gemOf(r.get("full_name"), r.get("number")))
		u.Subject, u.External = gemVersion(r.get("number"), r.get("platform")), r.get("id")
		if u.Subject == "" {
			return out.Reject("the version has no number")
		}
		var err error
		if u.At, u.Within, err = instant(r.get("created_at"), in.tableZone()); err != nil {
			return out.Reject(err.Error())
		}
		yanked, err := optional(r.get("yanked_at"), in.tableZone())
		if err != nil {
			return out.Reject(err.Error())
		}
		if u.Credential != "" {
			u.Via = tokens.ViaToken
		}
		if err := out.Use(&u); err != nil || u.Project == "" {
			return err
		}
		return out.Release(&tokens.Release{Provider: tokens.RubyGems, Project: u.Project, Version: u.Subject, At: u.At, Document: u.Log, Uploader: u.Account, Token: u.Credential,
			SHA256: strings.TrimPrefix(tokens.NormalHash(r.get("sha256")), tokens.HashPrefix), Yanked: !yanked.IsZero()})
	})
}

// gemOf is the gem's name in NAME-NUMBER, with or without a platform behind.
func gemOf(full, number string) string {
	name, _, ok := strings.Cut(full, "-"+number)
	if !ok || number == "" {
		return ""
	}
	return name
}

// gemVersion is a version as gem writes it: with its platform, unless that is any.
func gemVersion(number, platform string) string {
	if platform == "" || platform == "ruby" || number == "" {
		return number
	}
	return number + "-" + platform
}

// gemSteps are the tags that tell of the life of a key.
var gemSteps = map[string]string{"user:api_key:created": tokens.Created, "user:api_key:deleted": tokens.Removed, "user:api_key:cache_exposure_revoked": tokens.Leaked}

// readGemEvents reads the tables of events, which have the shape of PyPI's. The actor of an event is a user: which key pushed is in the table of versions
// alone. [app/models/version.rb, record_push_event]
func readGemEvents(ctx context.Context, in *Input, out *Sink) error {
	return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
		e := pypiEvent{tag: r.get("tag"), id: r.get("id"), additional: r.object("additional")}
		if e.tag == "" {
			return out.Reject("the event has no tag")
		}
		var err error
		if e.at, e.within, err = instant(r.get("created_at"), in.tableZone()); err != nil {
			return out.Reject(err.Error())
		}
		e.whence(r.get("ip_address"), r.get("hashed_ip_address"))
		e.additionals()
		owner, _, _ := strings.Cut(e.tag, ":")
		a := e.additional
		u := tokens.Use{Log: "rubygems/" + owner + "_events", Provider: tokens.RubyGems, Action: e.tag, Class: gemClass(e.tag), At: e.at, Within: e.within, Address: e.address, Origin: e.origin,
			Country: e.country, UserAgent: e.userAgent, Outcome: tokens.Succeeded, External: e.id}
		if owner == "user" {
			u.Account = firstText(r.get("handle", "username"), in.Account, r.get("user_id"))
		} else {
			u.Account = firstText(a.text("pushed_by"), a.text("yanked_by"), a.text("actor"), gid(a.text("actor_gid"), "User"))
			u.Project = firstText(r.get("rubygem", "rubygem_name", "name"), r.get("rubygem_id"))
			u.Subject = gemVersion(a.text("number"), a.text("platform"))
		}
		if err := out.Use(&u); err != nil {
			return err
		}
		if what := gemSteps[e.tag]; what != "" {
			return out.Event(&tokens.Event{Provider: tokens.RubyGems, ID: gid(a.text("api_key_gid"), "ApiKey"), Account: u.Account, Label: a.text("name"), What: what, At: u.At, By: u.Account,
				Detail: strings.Join(append(texts(a.list("scopes")), strings.Fields(a.text("gem"))...), " "), Log: u.Log, External: u.External})
		}
		if e.tag != "rubygem:version:pushed" || u.Project == "" {
			return nil
		}
		return out.Release(&tokens.Release{Provider: tokens.RubyGems, Project: u.Project, Version: u.Subject, At: u.At, Document: u.Log, Uploader: u.Account,
			SHA256: strings.TrimPrefix(tokens.NormalHash(a.text("sha256")), tokens.HashPrefix)})
	})
}

// gid is the number in gid://gemcutter/KIND/NUMBER; empty for another kind.
func gid(text, kind string) string {
	_, number, ok := strings.Cut(text, "/"+kind+"/")
	if _, err := strconv.ParseInt(number, 10, 64); !ok || err != nil {
		return ""
	}
	return number
}

func gemClass(tag string) tokens.Class {
	switch {
	case tag == "rubygem:version:pushed":
		return tokens.Publish
	case strings.Contains(tag, ":login:"):
		return tokens.Auth
	case strings.Contains(tag, "api_key"), strings.Contains(tag, "owner"), strings.Contains(tag, "password"), strings.Contains(tag, "email"), strings.Contains(tag, "member"):
		return tokens.Access
	case strings.HasPrefix(tag, "rubygem:"):
		return tokens.Write
	}
	return tokens.Other
}

// readGemJSON reads the public list of versions. It does not name its gem: the file does, as it was saved.
func readGemJSON(ctx context.Context, in *Input, out *Sink) error {
	gem, _, _ := strings.Cut(path.Base(strings.ReplaceAll(in.Name, `\`, "/")), ".json")
	return eachObject(ctx, in, out, nil, func(o object) error {
		x := tokens.Release{Provider: tokens.RubyGems, Project: gem, Version: gemVersion(o.text("number"), o.text("platform")), Document: "rubygems/json", SHA256: o.text("sha")}
		var err error
		if x.At, _, err = instant(o.text("created_at"), time.UTC); err != nil || x.Version == "" {
			return out.Reject("the version has no number or time")
		}
		x.Yanked, _ = o.flag("yanked")
		return out.Release(&x)
	})
}
