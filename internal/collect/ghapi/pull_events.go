package ghapi

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

type pullRow struct {
	Number      int64      `json:"number"`
	UpdatedAt   *time.Time `json:"updatedAt"`
	ClosedAt    *time.Time `json:"closedAt"`
	HeadRefName string     `json:"headRefName"`
	HeadRefOID  string     `json:"headRefOid"`
	BaseRefName string     `json:"baseRefName"`
	Cross       bool       `json:"isCrossRepository"`
	HeadHome    *struct {
		DatabaseID int64 `json:"databaseId"`
	} `json:"headRepository"` // null once it is deleted
	Timeline timelinePage `json:"timelineItems"`
}

type pullEvent struct {
	Type            string     `json:"__typename"`
	ID              string     `json:"id"`
	CreatedAt       *time.Time `json:"createdAt"`
	Actor           *account   `json:"actor"`
	BeforeCommit    *objectID  `json:"beforeCommit"`
	AfterCommit     *objectID  `json:"afterCommit"`
	Ref             *graphRef  `json:"ref"`
	HeadRefName     string     `json:"headRefName"`
	PreviousRefName string     `json:"previousRefName"`
}

type objectID struct {
	OID string `json:"oid"`
}

// oid is empty where the server no longer has the object: the event then does not say its name.
func (o *objectID) oid() (evidence.OID, error) {
	if o == nil {
		return "", nil
	}
	return evidence.ParseOID(o.OID)
}

type graphRef struct {
	Name   string `json:"name"`
	Prefix string `json:"prefix"`
}

// updates reads the moves of refs that the timeline of a pull request tells, oldest first, and names the force-pushes whose ends the
// server has lost. What was read before an event that cannot be is given with the error.
func (r *pullRow) updates(repo evidence.Repository) (ups []evidence.RefUpdate, gaps []evidence.Gap, err error) {
	var bad []error
	slices.SortStableFunc(r.Timeline.Nodes, func(a, b pullEvent) int { return orZero(a.CreatedAt).Compare(orZero(b.CreatedAt)) })
	for i, e := range r.Timeline.Nodes {
		at, err := stamp(e.CreatedAt)
		if err == nil && (e.ID == "" || at.IsZero()) {
			err = errors.New("no id or no createdAt")
		}
		if err = errors.Join(err, plain(e.ID, e.HeadRefName, e.PreviousRefName, e.Actor.login(), r.HeadRefName, r.BaseRefName)); err != nil {
			bad = append(bad, fmt.Errorf("event %d of pull request %d: %w", i+1, r.Number, err))
			continue
		}
		up := evidence.RefUpdate{Repository: repo, Origin: evidence.OriginPullTimeline, Clock: when.Server, ExternalID: e.ID, At: at, Actor: e.Actor.login()}
		told, err := r.event(i, up)
		if err != nil {
			bad = append(bad, fmt.Errorf("event %d of pull request %d: %w", i+1, r.Number, err))
			continue
		}
		ups = append(ups, told...)
		if len(told) > 0 && told[0].Kind == evidence.ForcePush && (told[0].Before == "" || told[0].After == "") {
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapObjectMissing, Subject: fmt.Sprintf("%s, force-pushed %s", told[0].Ref, evidence.Stamp(at)),
				Detail: "GitHub no longer has a commit at an end of this force-push and does not say its name",
				Hint:   "activity, archives and clones may name it"})
		}
	}
	return ups, gaps, errors.Join(bad...)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// event reads one event into the moves that it tells: none, one, or that of the pull ref and that of the branch.
func (r *pullRow) event(i int, up evidence.RefUpdate) (told []evidence.RefUpdate, err error) {
	e := r.Timeline.Nodes[i]
	if up.Before, err = e.BeforeCommit.oid(); err != nil {
		return nil, err
	}
	if up.After, err = e.AfterCommit.oid(); err != nil {
		return nil, err
	}
	add := func(branch string) {
		if branch != "" {
			up.Ref = evidence.Ref("refs/heads/" + branch)
			told = append(told, up)
		}
	}
	own := !r.Cross && r.HeadHome != nil
	switch e.Type {
	case "HeadRefForcePushedEvent":
		up.Kind, up.Ref = evidence.ForcePush, evidence.Ref(fmt.Sprintf("refs/pull/%d/head", r.Number))
		told = append(told, up)
		if own {
			add(e.branch(r.HeadRefName))
		}
	case "BaseRefForcePushedEvent":
		up.Kind = evidence.ForcePush
		add(e.branch(r.base(i)))
	case "HeadRefDeletedEvent":
		if up.Kind, up.Before, up.After = evidence.BranchDeletion, "", evidence.ZeroOID; own {
			up.Before = r.lastHead(i, up.At)
			add(e.HeadRefName)
		}
	case "HeadRefRestoredEvent":
		if up.Kind, up.Before = evidence.BranchCreation, evidence.ZeroOID; own {
			add(r.HeadRefName)
		}
	}
	return told, nil
}

// branch is the event's own branch, where it still exists, else the one given.
func (e pullEvent) branch(otherwise string) string {
	if e.Ref != nil && e.Ref.Prefix == "refs/heads/" && e.Ref.Name != "" && plain(e.Ref.Name) == nil {
		return e.Ref.Name
	}
	return otherwise
}

// base is the base that the pull request had at event i: what the next change of it replaced, else the present one.
func (r *pullRow) base(i int) string {
	for _, e := range r.Timeline.Nodes[i+1:] {
		if e.Type == "BaseRefChangedEvent" && e.PreviousRefName != "" {
			return e.PreviousRefName
		}
	}
	return r.BaseRefName
}

// lastHead is the head that a branch had when it was deleted at event i, empty where the pull request does not show it: after it was
// closed its head no longer follows the branch, and a later event may have moved it on.
func (r *pullRow) lastHead(i int, at time.Time) evidence.OID {
	if closed := orZero(r.ClosedAt); !closed.IsZero() && closed.Before(at) {
		return ""
	}
	for _, e := range r.Timeline.Nodes[i+1:] {
		if e.Type == "HeadRefRestoredEvent" || e.Type == "HeadRefForcePushedEvent" {
			return ""
		}
	}
	head, err := evidence.ParseOID(r.HeadRefOID)
	if err != nil {
		return ""
	}
	return head
}
