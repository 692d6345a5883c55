package tokenlog

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/tokens"
)

// Who an upload through a trusted publisher is said to be by (warehouse/forklift/legacy.py).
const openIDUploader = "OpenID created token"

// notAnAddress is what PyPI stores where it could not tell the address (warehouse/ip_addresses/models.py).
var notAnAddress = netip.AddrFrom4([4]byte{192, 0, 2, 69})

// pypiEvent is one row of an event table of warehouse (warehouse/events/models.py), or of its copy in the admin pages. No event of an upload names the token.
type pypiEvent struct {
	log, tag, id  string
	account       string // of user events: whose they are
	project       string // of project and file events
	at            time.Time
	within        time.Duration
	additional    object
	address       netip.Addr
	origin        string
	country       string
	userAgent     string
	addedVersion  string
	addedFilename string
}

// readPyPIEvents makes the reader of one of the tables.
func readPyPIEvents(log string) func(context.Context, *Input, *Sink) error {
	return func(ctx context.Context, in *Input, out *Sink) error {
		nameless := false
		return eachTableRow(ctx, in, out, nil, func(r tableRow) error {
			e := pypiEvent{log: log, tag: r.get("tag"), id: r.get("id"), additional: r.object("additional")}
			if e.tag == "" {
				return out.Reject("the event has no tag")
			}
			var err error
			if e.at, e.within, err = instant(r.get("time", "created_at"), in.tableZone()); err != nil {
				return out.Reject(err.Error())
			}
			e.whence(r.get("ip_address", "ip_address_string", "host"), r.get("hashed_ip_address"))
			e.additionals()
			switch log {
			case logPyPIUser:
				e.account = firstText(r.get("username"), in.Account, r.get("source_id", "user_id"))
			case logPyPIFile, logPyPIProject:
				e.project = firstText(r.get("project", "project_name", "normalized_name", "name"), fileProject(e.addedFilename), r.get("source_id"))
				if !nameless && !r.hasAny("project", "project_name", "normalized_name", "name") && log == logPyPIProject {
					nameless = true
					out.Note("the rows name their projects by source_id alone: join projects")
				}
			}
			return e.give(out)
		})
	}
}

// whence takes the address as the table has it.
func (e *pypiEvent) whence(text, hashed string) {
	if text == "None" {
		text = ""
	}
	e.address, e.origin = place(strings.TrimSuffix(strings.TrimSuffix(text, "/32"), "/128"))
	if e.address == notAnAddress {
		e.address, e.origin = netip.Addr{}, "an address that PyPI could not read"
	}
	if hashed != "" && hashed != "None" && !e.address.IsValid() && e.origin == "" {
		e.origin = "hashed:" + hashed
	}
}

// additionals takes what all events have in common from their column additional.
func (e *pypiEvent) additionals() {
	a := e.additional
	e.country = country(a.text("geoip_info", "country_code"))
	e.userAgent = eventAgent(a.object("user_agent_info"))
	e.addedVersion, e.addedFilename = firstText(a.text("canonical_version"), a.text("number")), a.text("filename")
}

// eventAgent writes what an event tells of the user agent: it has no more than its parts. The program stands first, as in a user agent.
func eventAgent(o object) string {
	first, rest := o.text("installer"), []string{o.text("implementation"), o.text("system")}
	if first == "" || first == "Browser" {
		first, rest = firstText(o.text("user_agent"), first), []string{o.text("os"), o.text("device")}
	}
	var parts []string
	for _, p := range rest {
		if p != "" && p != "Other" {
			parts = append(parts, p)
		}
	}
	if first != "" && len(parts) > 0 {
		return first + " (" + strings.Join(parts, "; ") + ")"
	}
	return first
}

// give makes of an event a use, and what else it is: a step in the life of a token, a release.
func (e *pypiEvent) give(out *Sink) error {
	a := e.additional
	u := tokens.Use{Log: e.log, Provider: tokens.PyPI, Account: firstText(a.text("submitted_by"), a.text("removed_by"), e.account, a.text("user")), Action: e.tag, Class: pypiClass(e.tag),
		Project: pypiName(e.project), Subject: firstText(e.addedFilename, e.addedVersion), At: e.at, Within: e.within, Address: e.address, Origin: e.origin, Country: e.country,
		UserAgent: e.userAgent, Outcome: tokens.Succeeded, External: e.id}
	trusted, told := a.flag("uploaded_via_trusted_publisher")
	switch {
	case u.Account == openIDUploader, trusted, e.tag == "account:short_lived_api_token:added":
		u.Via = tokens.ViaTrustedPublisher
	case told && u.Class == tokens.Publish:
		u.Via = tokens.ViaToken
	case u.Class != tokens.Publish:
		u.Via = tokens.ViaWeb // a token can upload and nothing else
	}
	if u.Account == openIDUploader {
		u.Account = ""
	}
	if strings.HasSuffix(e.tag, ":failure") {
		u.Outcome = tokens.Failed
	}
	_, u.Commit = publisherURL(a.text("publisher_url"))
	if err := out.Use(&u); err != nil {
		return err
	}
	if step := e.step(&u); step != nil {
		return out.Event(step)
	}
	return e.release(&u, out)
}

// release is what an event tells of a file, or of a version as a whole.
func (e *pypiEvent) release(u *tokens.Use, out *Sink) error {
	version := strings.HasPrefix(e.tag, "project:release:") && e.addedVersion != ""
	if !version && (e.addedFilename == "" || !strings.Contains(e.tag, "file:")) {
		return nil
	}
	publisher, commit := publisherURL(e.additional.text("publisher_url"))
	trusted, told := e.additional.flag("uploaded_via_trusted_publisher")
	r := tokens.Release{Provider: tokens.PyPI, Project: u.Project, Version: firstText(e.addedVersion, fileVersion(e.addedFilename)), File: e.addedFilename, Document: e.log, Publisher: publisher, Commit: commit}
	switch {
	case strings.HasSuffix(e.tag, ":remove"):
		r.Removed = true
	case strings.HasSuffix(e.tag, ":yank"):
		r.Yanked = true
	case strings.HasSuffix(e.tag, ":add"):
		r.At, r.Uploader = e.at, u.Account
		if r.Trusted = yesNo(trusted); !told {
			r.Trusted = ""
		}
	default:
		return nil
	}
	return out.Release(&r)
}

// step is what an event tells of the life of a token; nil for none. When one is added only its description is told, when its owner removes it only its id.
func (e *pypiEvent) step(u *tokens.Use) *tokens.Event {
	a := e.additional
	x := tokens.Event{Provider: tokens.PyPI, ID: lowered(a.text("macaroon_id")), Account: firstText(e.account, a.text("user")), Label: a.text("description"), At: e.at,
		By: firstText(a.text("removed_by"), e.account, a.text("user")), Log: e.log, External: e.id}
	switch e.tag {
	case "account:api_token:added", "project:api_token:added":
		x.What = tokens.Created
	case "account:api_token:removed", "project:api_token:removed":
		x.What = tokens.Removed
	case "account:api_token:removed_leak":
		x.What, x.By = tokens.Leaked, "PyPI"
	default:
		return nil
	}
	words := pypiGrant(a.list("caveats")).Words
	if e.log != logPyPIUser && u.Project != "" {
		words = append(words, "for "+u.Project)
	}
	for _, key := range []string{"reason", "origin", "public_url"} {
		if text := a.text(key); text != "" {
			words = append(words, key+" "+tokens.Redacted(text)) // a public_url may hold what leaked
		}
	}
	x.Detail = strings.Join(words, "; ")
	return &x
}

// pypiClass places a tag (warehouse/events/tags.py).
func pypiClass(tag string) tokens.Class {
	switch {
	case strings.HasSuffix(tag, "file:add"), tag == "project:release:add":
		return tokens.Publish
	case tag == "account:short_lived_api_token:added", strings.Contains(tag, ":login:"), strings.HasPrefix(tag, "account:reauthenticate"):
		return tokens.Auth
	case strings.Contains(tag, "api_token"), strings.Contains(tag, ":role:"), strings.Contains(tag, "oidc"), strings.Contains(tag, "team"), strings.Contains(tag, "organization"),
		strings.Contains(tag, "password"), strings.Contains(tag, "two_factor"), strings.Contains(tag, "recovery_codes"), strings.Contains(tag, "email"):
		return tokens.Access
	case strings.HasPrefix(tag, "project:"), strings.HasPrefix(tag, "file:"):
		return tokens.Write
	default:
		return tokens.Other
	}
}

// publisherURL takes apart the address of what published: https://github.com/owner/name/commit/SHA, or one of GitLab's.
func publisherURL(text string) (publisher string, commit evidence.OID) {
	u, err := url.Parse(text)
	if text == "" || err != nil {
		return "", ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case u.Host == "github.com" && len(parts) >= 2:
		publisher = "github:" + parts[0] + "/" + parts[1]
	case u.Host == "gitlab.com" && len(parts) >= 2:
		path, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/-/")
		publisher = "gitlab:" + path
	default:
		return text, ""
	}
	if n := len(parts); n > 3 && parts[n-2] == "commit" {
		commit = commitID(parts[n-1])
	}
	return publisher, commit
}

// commitID is the name of a commit; empty for what is none.
func commitID(text string) evidence.OID {
	oid, err := evidence.ParseOID(text)
	if err != nil {
		return ""
	}
	return oid
}

// yesNo is how facts tell what documents say with true and false.
func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

// readPyPIActivity reads what the button "CSV" of PyPI's admin page of a user saves: the account's events, with Python's text of their details
// (warehouse/admin/templates/admin/users/detail.html; datatables.net-buttons writes the file). It does not say whose they are.
func readPyPIActivity(ctx context.Context, in *Input, out *Sink) error {
	if in.Account == "" {
		out.Note("the file does not say whose activity it is: give --account")
	}
	return eachRecord(ctx, in, out, func(r *record) error {
		e := pypiEvent{log: logPyPIUser, tag: r.get("event"), account: in.Account}
		if e.tag == "" {
			return out.Reject("the event has no tag")
		}
		var err error
		if e.at, e.within, err = instant(r.get("time"), in.tableZone()); err != nil {
			return out.Reject(err.Error())
		}
		switch v := jsonText(r.get("additional information")).(type) {
		case nil:
		case map[string]any:
			e.additional = v
		default:
			return out.Reject("the additional information cannot be read")
		}
		e.whence(r.get("ip address"), r.get("hashed ip address"))
		e.additionals()
		e.userAgent = firstText(e.userAgent, noNone(r.get("user-agent")))
		if info, ok := jsonText(noNone(r.get("location info"))).(map[string]any); ok && e.country == "" {
			e.country = country(object(info).text("country_code"))
		}
		return e.give(out)
	})
}

// noNone is the text of a cell, empty where Python wrote None.
func noNone(text string) string {
	if text == "None" {
		return ""
	}
	return text
}

// guessEvents is sure of a table of events whose first tags begin like those of the table.
func guessEvents(name string, tags ...string) func(Sample) int {
	return func(s Sample) int {
		if !s.has("tag", "time", "additional") {
			return 0
		}
		first, at := "", len(s.Text)
		for _, tag := range []string{"account:", "project:", "file:", "organization:", "team:"} {
			for _, before := range []string{`"`, ",", "\t", ";"} {
				if i := strings.Index(string(s.Text), before+tag); i >= 0 && i < at {
					first, at = tag, i
				}
			}
		}
		if strings.HasPrefix(string(s.Text[min(at+1, len(s.Text)):]), "account:short_lived") {
			first = "project:"
		}
		for _, tag := range tags {
			if tag == first {
				return 90
			}
		}
		return 30
	}
}
