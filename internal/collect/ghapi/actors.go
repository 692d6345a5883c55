package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxActors bounds the accounts that one repository leads to: stolen tokens push as their owners, a handful for each.
const maxActors = 20

// Leads says whose events to ask for, and what in them to look for.
type Leads struct {
	Logins   []string
	Messages []string // parts of the messages of commits, which pushes carried until 2025-10-07
	Branches []string // patterns of the names of branches as [path.Match] takes them
	// Inside reports a repository that is in the case: its own events tell of it. Nil for none.
	Inside func(name evidence.Repository, id int64) bool
}

// accountName is what GitHub lets accounts be called; those that a company manages have its short code behind an underscore.
var accountName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// Actors lists where else the accounts pushed or made branches: GET /users/{username}/events/public
// (https://docs.github.com/en/rest/activity/events#list-public-events-for-a-user), which reaches back 30 days and 300 events of all
// kinds, names no private repository, and may be late by hours. repo is the repository that led to the accounts: the answers are filed
// with it. A push elsewhere says that the account acted there, not that it was the attacker's: the account is the victim's, who goes on
// working. A login can have been given to another person since; the events then are that person's.
//
// The coverage has one row for each account.
func (c *Collector) Actors(ctx context.Context, repo evidence.Repository, leads Leads, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitActors, origin: evidence.OriginUserEvents, emit: emit}
	var coverage []evidence.Coverage
	var gaps []evidence.Gap
	var failed failures
	left := func(n int, kind evidence.GapKind, detail, hint string) {
		if n > 0 {
			gaps = append(gaps, evidence.Gap{Kind: kind, Subject: "events of further accounts", Detail: fmt.Sprintf("%d accounts: %s", n, detail), Hint: hint})
		}
	}
	for i, name := range leads.Logins {
		if i >= maxActors {
			left(len(leads.Logins)-i, evidence.GapTruncated, fmt.Sprintf("at most %d are asked for", maxActors), "GH Archive tells what they did")
			break
		}
		if !accountName.MatchString(name) {
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapUnsupported, Subject: "events of " + evidence.Printable(name), Detail: "this is no name that GitHub gives to an account"})
			continue
		}
		cover, short, no, err := u.did(ctx, name, leads)
		if err != nil {
			return err
		}
		coverage, gaps = append(coverage, cover), append(gaps, short...)
		if failed.final(no) {
			left(len(leads.Logins)-i-1, no.kind, no.detail, no.hint)
			break
		}
	}
	return u.finish(coverage, gaps)
}

// did lists what one account did.
func (u unit) did(ctx context.Context, name string, leads Leads) (cover evidence.Coverage, gaps []evidence.Gap, no *refusal, err error) {
	u.of = "users/" + name
	now, seen, first, subject := u.cfg.Now(), 0, time.Time{}, "events of "+name
	end, err := u.walk(ctx, list{
		path: "/events/public", subject: subject, most: maxEvents / perPage, query: url.Values{"per_page": {strconv.Itoa(perPage)}},
		reword: goneAccount,
		read: func(body []byte) (page, error) {
			p, at, err := readActor(name, leads, body)
			first, seen = oldest(first, at), seen+p.rows
			p.enough = seen >= maxEvents || (!u.cfg.Since.IsZero() && !first.IsZero() && first.Before(u.cfg.Since))
			return p, err
		},
	})
	cover = evidence.Coverage{Origin: u.origin, Detail: "account " + name, From: first, To: now.Add(-eventLatency), Oldest: first, Complete: end.whole()}
	if first.IsZero() {
		cover.From = cover.To
	} else if cover.To.Before(first) {
		cover.To = first
	}
	if seen >= maxEvents || end.cut {
		gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: subject, Hint: "GH Archive reaches further back",
			Detail: fmt.Sprintf("GitHub lists at most %d events; nothing before %s was seen", maxEvents, stampOr(first, "an unknown time"))})
	}
	return cover, gaps, end.refusal, err
}

// goneAccount words the refusal of an account that the API does not know.
func goneAccount(r *refusal) {
	if r.status == http.StatusNotFound && r.kind == evidence.GapUnsupported {
		r.kind, r.detail = evidence.GapGone, "the API does not know the account (404): deleted, suspended or renamed"
		r.hint = "GH Archive tells what it did: collect --gharchive after an analysis"
	}
}

// readActor also gives the time of the oldest event on the page.
func readActor(name string, leads Leads, body []byte) (page, time.Time, error) {
	var p page
	var first time.Time
	rows, err := array(body)
	if err != nil {
		return p, first, err
	}
	each(&p, rows, func(e event) error {
		at, err := stamp(e.CreatedAt)
		if err != nil || at.IsZero() {
			return errors.Join(errors.New("no usable created_at"), err)
		}
		first = oldest(first, at)
		if !strings.EqualFold(e.Actor.login(), name) {
			return errors.New("an event of another account")
		}
		found, ok, err := e.elsewhere(at, leads)
		if err == nil && ok {
			p.facts.Elsewhere = append(p.facts.Elsewhere, found)
		}
		return err
	})
	return p, first, nil
}

// elsewhere reads a push or the creation of a branch; ok is false for other events and for those of the case's own repositories.
func (e event) elsewhere(at time.Time, leads Leads) (found evidence.Elsewhere, ok bool, err error) {
	up, ok, err := e.update("", at)
	if err != nil || !ok || (up.Kind != evidence.Push && up.Kind != evidence.BranchCreation) {
		return found, false, err
	}
	name, err := evidence.ParseRepository(e.Repo.Name)
	if err != nil || leads.Inside != nil && leads.Inside(name, e.Repo.ID) {
		return found, false, err
	}
	var said struct {
		Commits []struct {
			Message string `json:"message"`
		} `json:"commits"`
	}
	if err := json.Unmarshal(e.Payload, &said); err != nil {
		return found, false, err
	}
	found = evidence.Elsewhere{Origin: evidence.OriginUserEvents, ExternalID: e.ID, FullName: name, GitHubID: e.Repo.ID, Ref: up.Ref, Head: up.After,
		At: at, Clock: when.Server, Actor: up.Actor}
	for _, m := range leads.Messages {
		for _, k := range said.Commits {
			if strings.Contains(k.Message, m) {
				found.Patterns = append(found.Patterns, m)
				break
			}
		}
	}
	for _, pattern := range leads.Branches {
		if bears, err := path.Match(pattern, up.Ref.Short()); up.Ref.Branch() && bears && err == nil {
			found.Patterns = append(found.Patterns, pattern)
		}
	}
	return found, true, nil
}
