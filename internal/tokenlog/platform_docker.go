package tokenlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/tokens"
)

// logDockerHub has neither address nor user agent nor token: it shows that something was pushed, and by which account. It is kept for 30 days on the web
// and longer through the API. [docker/docs, content/reference/api/hub/latest.yaml and content/manuals/admin/organization/activity-logs.md]
const logDockerHub = "dockerhub/audit"

func dockerFormats() []Format {
	return []Format{
		{
			Name: "dockerhub-audit", Kinds: []string{KindUsage}, Log: logDockerHub, About: "Docker Hub audit logs: GET /v2/auditlogs/ACCOUNT",
			Guess: func(s Sample) int {
				if s.keys("account", "action", "actor", "timestamp") || s.keys("logs") && s.mentions("action_description", "actor", "timestamp") {
					return 90
				}
				return 0
			},
			Read: readDockerAudit,
		},
		{
			Name: "dockerhub-pats", Kinds: []string{KindCredentials}, About: "Docker Hub personal access tokens: GET /v2/access-tokens",
			Guess: func(s Sample) int {
				if s.isJSON() && s.mentions("uuid", "token_label", "creator_ua") {
					return 95
				}
				return 0
			},
			Read: readDockerPATs,
		},
		{
			Name: "dockerhub-oats", Kinds: []string{KindCredentials}, About: "Docker Hub organization access tokens: GET /v2/orgs/ORG/access-tokens",
			Guess: func(s Sample) int {
				if s.isJSON() && s.mentions("label", "created_by", "is_active", "last_used_at") && !s.mentions("token_label") {
					return 90
				}
				return 0
			},
			Read: readDockerOATs,
		},
		{
			Name: "dockerhub-tags", Kinds: []string{KindReleases}, About: "Docker Hub tags of a repository: GET /v2/namespaces/NAMESPACE/repositories/NAME/tags",
			Guess: func(s Sample) int {
				if s.isJSON() && s.mentions("last_updater_username", "tag_last_pushed") {
					return 95
				}
				return 0
			},
			Read: readDockerTags,
		},
	}
}

// dockerSteps are the ends of actions on access tokens; the audit log names a token by its label alone.
var dockerSteps = map[string]string{"create": tokens.Created, "created": tokens.Created, "delete": tokens.Removed, "deleted": tokens.Removed, "revoke": tokens.Removed}

func readDockerAudit(ctx context.Context, in *Input, out *Sink) error {
	return eachObject(ctx, in, out, []string{"logs"}, func(o object) error {
		u := tokens.Use{Log: logDockerHub, Provider: tokens.DockerHub, Account: o.text("actor"), Action: o.text("action"), Outcome: tokens.Succeeded}
		if u.Action == "" {
			return out.Reject("the event has no action")
		}
		var err error
		if u.At, u.Within, err = instant(o.text("timestamp"), in.zone(time.UTC)); err != nil {
			return out.Reject(err.Error())
		}
		u.Class = dockerClass(u.Action)
		if strings.HasPrefix(u.Action, "repo.") {
			u.Project, u.Subject = lowered(o.text("name")), o.text("data", "tag")
		} else {
			u.Project, u.Subject = lowered(o.text("account")), o.text("name")
		}
		if d := o.text("data", "digest"); d != "" {
			u.Subject = strings.TrimPrefix(u.Subject+"@"+d, "@")
		}
		if err := out.Use(&u); err != nil {
			return err
		}
		what := dockerSteps[u.Action[strings.LastIndexByte(u.Action, '.')+1:]]
		if !strings.Contains(u.Action, "token") || what == "" {
			return nil
		}
		return out.Event(&tokens.Event{Provider: tokens.DockerHub, Account: firstText(o.text("account"), u.Account), What: what, At: u.At, By: u.Account, Log: u.Log, Detail: u.Action,
			Label: firstText(o.text("data", "label"), o.text("data", "token_label"), o.text("name"))})
	})
}

func dockerClass(action string) tokens.Class {
	parts := strings.Split(action, ".")
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(parts, w) })
	}
	switch {
	case strings.HasSuffix(action, ".tag.push"), strings.HasSuffix(action, ".image.push"):
		return tokens.Publish
	case strings.Contains(action, "token"), strings.Contains(action, "privilege"), has("member", "team", "group", "invite", "collaborator", "owner", "role"):
		return tokens.Access
	case strings.Contains(action, "login"):
		return tokens.Auth
	case has("pull"):
		return tokens.Read
	case has("push", "create", "delete", "update", "add", "remove", "change", "set", "repo", "org"):
		return tokens.Write
	default:
		return tokens.Other
	}
}

// pageMark is how much of a page of an API is looked at for what stands before its results.
const pageMark = 2 << 10

var (
	nextPage   = regexp.MustCompile(`"next"\s*:\s*"[^"]+`)
	tagsOfRepo = regexp.MustCompile(`(?:namespaces/)?([a-z0-9][a-z0-9._-]*)/(?:repositories/)?([a-z0-9][a-z0-9._-]*)/tags`)
)

// pageHead is the beginning of a file, which is read again.
func (in *Input) pageHead() (string, error) {
	r := bufio.NewReaderSize(in.R, pageMark)
	in.R = r
	text, err := r.Peek(pageMark)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("read the beginning: %w", err)
	}
	return string(text), nil
}

// dockerInventory reads one page of an inventory. One that another page follows was not read to its end.
func dockerInventory(ctx context.Context, in *Input, out *Sink, f func(object) error) error {
	head, err := in.pageHead()
	if err != nil {
		return err
	}
	if err := eachObject(ctx, in, out, []string{"results"}, f); err != nil {
		return err
	}
	l := tokens.Listing{Provider: tokens.DockerHub, Account: in.Account, At: in.ListedAt, Complete: in.Complete}
	if nextPage.MatchString(head) {
		out.Note("this is one page of the list, and another follows it")
		l.Complete = false
	}
	return out.Listing(&l)
}

// readDockerPATs reads personal access tokens. The field token is empty in lists, and never looked at: it has the value when a token is made.
func readDockerPATs(ctx context.Context, in *Input, out *Sink) error {
	return dockerInventory(ctx, in, out, func(o object) error {
		c := tokens.Credential{Provider: tokens.DockerHub, ID: o.text("uuid"), Kind: "personal access token", Account: in.Account, Label: o.text("token_label"), AccountWide: true,
			Scopes: texts(o.list("scopes")), UserAgent: o.text("creator_ua"), ListedAt: in.ListedAt}
		if c.ID == "" {
			return out.Reject("the token has no uuid")
		}
		c.Address, _ = place(o.text("creator_ip"))
		_, c.LastUsedTold = o["last_used"]
		active, told := o.flag("is_active")
		c.Inactive = told && !active
		if err := optionals(in.zone(time.UTC), whenTold{&c.CreatedAt, o.text("created_at")}, whenTold{&c.LastUsedAt, o.text("last_used")},
			whenTold{&c.ExpiresAt, o.text("expires_at")}); err != nil {
			return out.Reject(err.Error())
		}
		return out.Credential(&c)
	})
}

func readDockerOATs(ctx context.Context, in *Input, out *Sink) error {
	return dockerInventory(ctx, in, out, func(o object) error {
		c := tokens.Credential{Provider: tokens.DockerHub, ID: o.text("id"), Kind: "organization access token", Account: in.Account, Label: o.text("label"), ListedAt: in.ListedAt}
		if c.ID == "" {
			return out.Reject("the token has no id")
		}
		_, c.LastUsedTold = o["last_used_at"]
		active, told := o.flag("is_active")
		c.Inactive = told && !active
		dockerResources(&c, o.list("resources"))
		if err := optionals(in.zone(time.UTC), whenTold{&c.CreatedAt, o.text("created_at")}, whenTold{&c.LastUsedAt, o.text("last_used_at")},
			whenTold{&c.ExpiresAt, o.text("expires_at")}); err != nil {
			return out.Reject(err.Error())
		}
		return out.Credential(&c)
	})
}

// dockerResources notes what an organization's token may act on. A path with a star is all that it matches; lists without resources tell nothing.
func dockerResources(c *tokens.Credential, resources []any) {
	for _, v := range resources[:min(len(resources), maxNames)] {
		m, ok := v.(map[string]any)
		if !ok {
			continue
		}
		r := object(m)
		path := strings.ToLower(r.text("path"))
		if r.text("type") == "TYPE_ORG" || strings.Contains(path, "*") {
			c.AccountWide = true
		} else if path != "" {
			c.Projects = append(c.Projects, path)
		}
		for _, s := range texts(r.list("scopes")) {
			c.Scopes = append(c.Scopes, path+":"+s)
		}
	}
}

// readDockerTags reads the tags of one repository as releases. The document does not name the repository: the address of its next page does, or the
// responder by --account. A tag that was moved or removed has left nothing behind.
func readDockerTags(ctx context.Context, in *Input, out *Sink) error {
	head, err := in.pageHead()
	if err != nil {
		return err
	}
	project := strings.ToLower(in.Account)
	if m := tagsOfRepo.FindStringSubmatch(head); m != nil {
		project = m[1] + "/" + m[2]
	}
	if nextPage.MatchString(head) {
		out.Note("this is one page of the list, and another follows it")
	}
	return eachObject(ctx, in, out, []string{"results"}, func(o object) error {
		if !strings.Contains(project, "/") {
			return out.Reject("nothing says of which repository the tag is (--account namespace/name)")
		}
		r := tokens.Release{Provider: tokens.DockerHub, Project: project, Version: o.text("name"), Document: "dockerhub/tags", Uploader: o.text("last_updater_username"),
			SHA256: strings.TrimPrefix(o.text("digest"), "sha256:")}
		if r.Version == "" {
			return out.Reject("the tag has no name")
		}
		var err error
		if r.At, _, err = instant(firstText(o.text("tag_last_pushed"), o.text("last_updated")), in.zone(time.UTC)); err != nil {
			return out.Reject(err.Error())
		}
		return out.Release(&r)
	})
}
