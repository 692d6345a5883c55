package tokenlog

import (
	"context"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// Logs of crates.io. The first names the token and is the administrators', the second is public and does not.
const (
	logCratesActions = "crates/version_owner_actions"
	logCratesPublic  = "crates/audit_actions"
)

// cratesFormats are those of crates.io. [rust-lang/crates.io, crates/crates_io_database/src/schema.rs and models]
func cratesFormats() []Format {
	return []Format{
		registry("crates-tokens", []string{KindCredentials}, "crates.io's table api_tokens, or the JSON of /api/v1/me/tokens", guessCratesTokens, readCratesTokens),
		registry("crates-actions", []string{KindUsage, KindReleases}, "crates.io's table version_owner_actions, with crate and version joined",
			guessTable(95, "version_id", "api_token_id", "action", "time"), readCratesActions),
		registry("crates-versions", []string{KindReleases, KindUsage}, "the versions of a crate, /api/v1/crates/NAME/versions", guessCratesVersions, readCratesVersions),
	}
}

func guessCratesTokens(s Sample) int {
	if s.has("id", "name", "created_at", "last_used_at", "crate_scopes", "endpoint_scopes") || s.isJSON() && s.mentions("last_used_at", "crate_scopes", "endpoint_scopes") {
		return 95
	}
	return 0
}

func guessCratesVersions(s Sample) int {
	if s.isJSON() && s.mentions("num", "crate", "published_by") {
		return 92
	}
	return 0
}

// readCratesTokens reads tokens. last_used_at moves when a token authenticates, also where the request then fails. The column token holds the SHA-256 of
// the value, which is another name of it; the value itself is nowhere.
func readCratesTokens(ctx context.Context, in *Input, out *Sink) error {
	raw := false
	err := eachTableRow(ctx, in, out.unseen(), []string{"api_tokens"}, func(r tableRow) error {
		c := tokens.Credential{Provider: tokens.Crates, ID: r.get("id"), Kind: "API token", Account: firstText(r.get("login", "username", "gh_login"), in.Account, r.get("user_id")),
			Label: r.get("name"), LastUsedTold: r.has("last_used_at"), Inactive: r.flag("revoked"), ListedAt: in.ListedAt}
		if _, err := strconv.ParseInt(c.ID, 10, 64); err != nil {
			return out.Reject("the token has no id")
		}
		err := optionals(in.tableZone(), whenTold{&c.CreatedAt, r.get("created_at")}, whenTold{&c.LastUsedAt, r.get("last_used_at")}, whenTold{&c.ExpiresAt, r.get("expired_at")})
		if err != nil {
			return out.Reject(err.Error())
		}
		if c.Alias = tokens.NormalHash(r.get("token")); c.Alias == "" && r.get("token") != "" {
			if id := tokens.Identify(r.get("token")); id.Provider == tokens.Crates {
				c.Alias = id.ID
			}
			if !raw {
				raw = true
				out.Note("the column token holds other things than digests: what they are was dropped")
			}
		}
		crates := texts(r.list("crate_scopes"))
		for _, scope := range crates {
			if strings.Contains(scope, "*") {
				c.Scopes = append(c.Scopes, "crates "+scope)
			} else {
				c.Projects = append(c.Projects, scope)
			}
		}
		c.AccountWide = len(crates) == 0
		c.Scopes = append(c.Scopes, texts(r.list("endpoint_scopes"))...)
		return out.Credential(&c)
	})
	if err != nil {
		return err
	}
	return listed(in, out, tokens.Crates)
}

// cratesActions are the numbers of the table (models/action.rs).
var cratesActions = map[string]string{"0": "publish", "1": "yank", "2": "unyank"}

// readCratesActions reads the table that links each publication to the token that did it. Without a token it was the website or a trusted publisher.
func readCratesActions(ctx context.Context, in *Input, out *Sink) error {
	nameless := false
	return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
		action := r.get("action")
		u := tokens.Use{Log: logCratesActions, Provider: tokens.Crates, Credential: r.get("api_token_id"), Account: firstText(r.get("login", "username", "gh_login"), r.get("user_id")),
			Action: firstText(cratesActions[action], action), Project: r.get("crate", "crate_name", "name"), Subject: r.get("num", "version"), Outcome: tokens.Succeeded, External: r.get("id")}
		if u.Action == "" {
			return out.Reject("the row has no action")
		}
		var err error
		if u.At, u.Within, err = instant(r.get("time"), in.tableZone()); err != nil {
			return out.Reject(err.Error())
		}
		if u.Class = tokens.Write; u.Action == "publish" {
			u.Class = tokens.Publish
		}
		if u.Credential != "" {
			u.Via = tokens.ViaToken
		}
		if u.Project == "" && !nameless {
			nameless = true
			out.Note("the rows name their versions by number alone: join versions and crates")
		}
		if err := out.Use(&u); err != nil || u.Project == "" || u.Class != tokens.Publish {
			return err
		}
		return out.Release(&tokens.Release{Provider: tokens.Crates, Project: u.Project, Version: u.Subject, At: u.At, Document: u.Log, Uploader: u.Account, Token: u.Credential})
	})
}

// readCratesVersions reads what is public of each version, with the actions on it.
func readCratesVersions(ctx context.Context, in *Input, out *Sink) error {
	unplaced := false
	return eachObject(ctx, in, out, []string{"versions"}, func(o object) error {
		x := tokens.Release{Provider: tokens.Crates, Project: o.text("crate"), Version: o.text("num"), Document: "crates/versions", Uploader: o.text("published_by", "login"),
			SHA256: o.text("checksum")}
		x.Yanked, _ = o.flag("yanked")
		var err error
		if x.At, _, err = instant(o.text("created_at"), time.UTC); err != nil || x.Project == "" || x.Version == "" {
			return out.Reject("the version has no crate, number or time")
		}
		if _, told := o["trustpub_data"]; told {
			t := o.object("trustpub_data")
			if x.Trusted = yesNo(t != nil); t != nil {
				x.Publisher = t.text("provider") + ":" + firstText(t.text("repository"), t.text("project_path"))
				x.Commit = commitID(t.text("sha"))
				if n, ok := t.number("run_id"); ok && t.text("provider") == "github" {
					x.RunID = n
				}
			}
		}
		if err := out.Release(&x); err != nil {
			return err
		}
		for _, v := range o.list("audit_actions") {
			m, _ := v.(map[string]any)
			a := object(m)
			u := tokens.Use{Log: logCratesPublic, Provider: tokens.Crates, Account: firstText(a.text("user", "login"), a.text("user")), Action: a.text("action"), Project: x.Project,
				Subject: x.Version, Outcome: tokens.Succeeded, Class: tokens.Write}
			if u.At, u.Within, err = instant(a.text("time"), time.UTC); err != nil || u.Action == "" {
				if !unplaced {
					unplaced = true
					out.Note("some actions on versions have no time or no name and were not taken; the versions were")
				}
				continue
			}
			if u.Action == "publish" {
				u.Class, u.RunID, u.Commit = tokens.Publish, x.RunID, x.Commit
				if x.Trusted == "yes" {
					u.Via = tokens.ViaTrustedPublisher
				}
			}
			if err := out.Use(&u); err != nil {
				return err
			}
		}
		return nil
	})
}
