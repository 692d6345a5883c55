package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

const (
	// maxEvents is where GitHub ends the list; a further page is refused with 422.
	maxEvents = 300
	// eventLatency is how late an event may enter the list, by GitHub's own description of the endpoint.
	eventLatency = 6 * time.Hour
)

// Events lists pushes, and creations and deletions of branches and tags, of the last 30 days and at most 300 events. Payloads since
// 2025-10-07 hold no commits and no size; creations and deletions never held object names. The coverage goes back to the oldest event
// returned, of whatever type, and ends where late events may still be missing. Even within it events are lost now and then: their
// absence proves nothing.
func (c *Collector) Events(ctx context.Context, repo evidence.Repository, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitEvents, origin: evidence.OriginEvents, emit: emit}
	now, seen, first := c.cfg.Now(), 0, time.Time{}
	held, joins, err := u.held(ctx)
	if err != nil {
		return err
	}
	reached := false // the held list
	end, err := u.walk(ctx, list{
		path: "/events", subject: "events", most: maxEvents / perPage,
		query: url.Values{"per_page": {strconv.Itoa(perPage)}},
		read: func(body []byte) (page, error) {
			p, at, err := readEvents(repo, c.id(repo), body)
			first = oldest(first, at)
			seen += p.rows
			reached = joins && !first.IsZero() && first.Before(held.Coverage.To)
			p.enough = reached || seen >= maxEvents || (!c.cfg.Since.IsZero() && !first.IsZero() && first.Before(c.cfg.Since))
			return p, err
		},
	})
	if err != nil {
		return err
	}
	coverage := evidence.Coverage{Origin: u.origin, From: first, To: now.Add(-eventLatency), Oldest: first, Complete: end.whole()}
	if first.IsZero() { // no event at all: the list says nothing of any time
		coverage.From = coverage.To
	} else if coverage.To.Before(first) {
		coverage.To = first
	}
	var gaps []evidence.Gap
	if reached {
		coverage, gaps = held.join(coverage), held.Gaps
	} else if seen >= maxEvents || end.cut {
		gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "events", Hint: "activity and GH Archive reach further back",
			Detail: fmt.Sprintf("GitHub lists at most %d events; nothing before %s was seen", maxEvents, stampOr(first, "an unknown time"))})
	}
	return u.finish([]evidence.Coverage{coverage}, gaps)
}

// event is the envelope of a row; what counts lies in the payload.
type event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Actor     *account        `json:"actor"`
	Repo      home            `json:"repo"`
	CreatedAt *time.Time      `json:"created_at"`
	Payload   json.RawMessage `json:"payload"`
}

// payload of PushEvent, CreateEvent and DeleteEvent. Ref is full in a push and short in the others, which have full_ref since 2025.
type payload struct {
	Ref     string `json:"ref"`
	FullRef string `json:"full_ref"`
	RefType string `json:"ref_type"`
	Before  string `json:"before"`
	Head    string `json:"head"`
}

// readEvents also gives the time of the oldest event on the page.
func readEvents(repo evidence.Repository, known int64, body []byte) (page, time.Time, error) {
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
		p.claims(e.Repo, known)
		up, ok, err := e.update(repo, at)
		if err == nil && ok {
			p.facts.Updates = append(p.facts.Updates, up)
		}
		return err
	})
	return p, first, nil
}

// update reads the move of a ref that an event tells; ok is false for events that move none.
func (e event) update(repo evidence.Repository, at time.Time) (up evidence.RefUpdate, ok bool, err error) {
	if e.Type != "PushEvent" && e.Type != "CreateEvent" && e.Type != "DeleteEvent" {
		return up, false, nil
	}
	var b payload
	if err := json.Unmarshal(e.Payload, &b); err != nil {
		return up, false, err
	}
	up = evidence.RefUpdate{Repository: repo, Origin: evidence.OriginEvents, Clock: when.Server, ExternalID: e.ID, At: at, Actor: e.Actor.login(), Kind: evidence.Push}
	if e.Type == "PushEvent" {
		up.Ref = evidence.Ref(b.Ref)
		if up.Before, err = oid(b.Before); err != nil {
			return up, false, err
		}
		if up.After, err = oid(b.Head); err != nil {
			return up, false, err
		}
	} else if up.Ref, up.Kind = b.named(e.Type); up.Kind == "" {
		return up, false, nil // the creation of the repository itself
	}
	if e.ID == "" || !strings.HasPrefix(string(up.Ref), "refs/") {
		return up, false, fmt.Errorf("no id, or %q is not a full ref", up.Ref)
	}
	return up, true, plain(e.ID, string(up.Ref), up.Actor)
}

// named gives ref and kind of a creation or deletion. The kind is empty for anything but a branch or tag.
func (b payload) named(typ string) (evidence.Ref, evidence.Kind) {
	kinds := map[string]evidence.Kind{
		"CreateEvent branch": evidence.BranchCreation, "CreateEvent tag": evidence.TagCreation,
		"DeleteEvent branch": evidence.BranchDeletion, "DeleteEvent tag": evidence.TagDeletion,
	}
	ref := b.FullRef
	if ref == "" && b.Ref != "" {
		ref = map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[b.RefType] + b.Ref
	}
	return evidence.Ref(ref), kinds[typ+" "+b.RefType]
}
