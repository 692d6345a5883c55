package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

const (
	// maxPullPages bounds one repository at 10,000 pull requests, those touched last first: 100 requests of one point each.
	maxPullPages = 100
	// maxTimelinePages bounds the events of one pull request beyond the first 50 at 1,000.
	maxTimelinePages = 10
)

// timelineItems is asked in both questions. Changes of the base tell which branch an earlier event of the base was about.
const timelineItems = `
		totalCount
		pageInfo { hasNextPage endCursor }
		nodes {
			__typename
			... on HeadRefForcePushedEvent { id createdAt actor { login } beforeCommit { oid } afterCommit { oid } ref { name prefix } }
			... on BaseRefForcePushedEvent { id createdAt actor { login } beforeCommit { oid } afterCommit { oid } ref { name prefix } }
			... on HeadRefDeletedEvent { id createdAt actor { login } headRefName }
			... on HeadRefRestoredEvent { id createdAt actor { login } }
			... on BaseRefChangedEvent { id createdAt previousRefName }
		}`

const timelineTypes = `[HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_FORCE_PUSHED_EVENT, HEAD_REF_DELETED_EVENT, HEAD_REF_RESTORED_EVENT, BASE_REF_CHANGED_EVENT]`

const pullsQuery = `query($owner: String!, $name: String!, $after: String) {
	repository(owner: $owner, name: $name) {
		databaseId
		pullRequests(first: 100, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
			totalCount
			pageInfo { hasNextPage endCursor }
			nodes {
				number updatedAt closedAt headRefName headRefOid baseRefName isCrossRepository
				headRepository { databaseId }
				timelineItems(first: 50, itemTypes: ` + timelineTypes + `) {` + timelineItems + ` }
			}
		}
	}
}`

const timelineQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
	repository(owner: $owner, name: $name) {
		databaseId
		pullRequest(number: $number) {
			timelineItems(first: 100, after: $after, itemTypes: ` + timelineTypes + `) {` + timelineItems + ` }
		}
	}
}`

type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

type pullsPage struct {
	DatabaseID   int64 `json:"databaseId"`
	PullRequests *struct {
		TotalCount int               `json:"totalCount"`
		PageInfo   pageInfo          `json:"pageInfo"`
		Nodes      []json.RawMessage `json:"nodes"`
	} `json:"pullRequests"`
}

type timelinePage struct {
	TotalCount int         `json:"totalCount"`
	PageInfo   pageInfo    `json:"pageInfo"`
	Nodes      []pullEvent `json:"nodes"`
}

// pullsUnit is the collection of the timelines of one repository under way.
type pullsUnit struct {
	unit
	cover evidence.Coverage
	gaps  []evidence.Gap
	told  map[push][]time.Time // moves of branches, which several pull requests tell
}

// PullTimelines asks for the force-pushes of the heads and bases of pull requests, and the deletions and restorations of their heads
// (https://docs.github.com/en/graphql/reference/objects#headrefforcepushedevent and its neighbours). GitHub keeps these for ever, with
// both object names of a force-push, on its own clock. Branches that never had a pull request are not in them.
//
// A force-pushed head moves refs/pull/N/head, and the branch itself where it is this repository's. The base's branch is the event's own
// ref where that still exists, else the base that the pull request had at the time. A deletion names no object: the last head of the pull
// request stands for it only where nothing tells that the branch moved on, that is where the pull request was open to the end and
// never opened or pushed to again. A restoration names none at all.
//
// With Since, the pull requests not updated since are left out: each of these events updates its pull request.
func (c *Collector) PullTimelines(ctx context.Context, repo evidence.Repository, emit Emit) error {
	p := pullsUnit{unit: unit{Collector: c, repo: repo, name: UnitPulls, origin: evidence.OriginPullTimeline, emit: emit},
		cover: evidence.Coverage{Origin: evidence.OriginPullTimeline, From: c.cfg.Since, To: c.cfg.Now(), Complete: true}, told: map[push][]time.Time{}}
	seen := map[string]bool{}
	for n, after := 1, ""; ; n++ {
		next, refusal, err := p.page(ctx, after)
		if err != nil {
			return err
		}
		if refusal != nil {
			p.cover.Complete = false
			if err := p.keep(refusal.observation("pull requests")); err != nil {
				return err
			}
			break
		}
		if next == "" {
			break
		}
		if seen[next] || n >= maxPullPages {
			p.miss(evidence.GapTruncated, "pull requests", fmt.Sprintf("the list did not end within %d pages; those updated longest ago were not asked for", n))
			break
		}
		seen[next], after = true, next
	}
	return p.finish([]evidence.Coverage{p.cover}, p.gaps)
}

func (p *pullsUnit) miss(kind evidence.GapKind, subject, detail string) {
	p.cover.Complete = false
	p.gaps = append(p.gaps, evidence.Gap{Kind: kind, Subject: subject, Detail: detail, Hint: "activity, events and archives tell moves of branches too"})
}

// page asks for one page of pull requests and keeps what it tells. next is the cursor of the page after it, empty for none.
func (p *pullsUnit) page(ctx context.Context, after string) (next string, r *refusal, err error) {
	q := question{label: "pulls:" + after, subject: "pull requests", text: pullsQuery, variables: map[string]any{"after": nullable(after)}}
	var body pullsPage
	a, gap, refusal, err := p.graphql(ctx, q, func(repository []byte) error {
		body = pullsPage{}
		if err := json.Unmarshal(repository, &body); err != nil {
			return err
		}
		if body.PullRequests == nil {
			return errors.New("no list of pull requests")
		}
		return plain(body.PullRequests.PageInfo.EndCursor)
	})
	if err != nil || refusal != nil {
		return "", refusal, err
	}
	if known := p.id(p.repo); known != 0 && body.DatabaseID != 0 && body.DatabaseID != known {
		return "", p.otherRepository(body.DatabaseID, &a.source), nil
	}
	obs := evidence.Observation{Sources: []evidence.Source{a.source}}
	if gap != nil {
		p.cover.Complete = false
		obs.Gaps = append(obs.Gaps, *gap)
	}
	enough, err := p.rows(ctx, &obs, body.PullRequests.Nodes, a.source.Target)
	if err != nil {
		return "", nil, err
	}
	if info := body.PullRequests.PageInfo; info.HasNextPage && !enough {
		next = info.EndCursor
	}
	return next, nil, p.keep(obs)
}

// rows reads the pull requests of a page. enough reports one that was not updated in the time that is asked for.
func (p *pullsUnit) rows(ctx context.Context, obs *evidence.Observation, rows []json.RawMessage, target string) (enough bool, err error) {
	var read page
	var stop error
	each(&read, rows, func(row *pullRow) error {
		switch {
		case row == nil: // an error stands for it
			p.cover.Complete = false
			return nil
		case row.Number <= 0:
			return errors.New("a pull request without number")
		}
		updated, err := stamp(row.UpdatedAt)
		if err != nil {
			return err
		}
		enough = enough || (!p.cfg.Since.IsZero() && !updated.IsZero() && updated.Before(p.cfg.Since))
		if row.Timeline.PageInfo.HasNextPage && stop == nil {
			if err := p.rest(ctx, obs, row); err != nil {
				stop = err
			}
		}
		ups, gaps, err := row.updates(p.repo)
		for _, up := range ups {
			p.cover.Oldest = oldest(p.cover.Oldest, up.At)
			if !p.repeated(up) {
				obs.Updates = append(obs.Updates, up)
			}
		}
		obs.Gaps = append(obs.Gaps, gaps...)
		return err
	})
	for _, g := range read.facts.Gaps {
		p.cover.Complete = false
		g.Subject = target
		obs.Gaps = append(obs.Gaps, g)
	}
	return enough, stop
}

// rest asks for the events of a pull request that the page had no room for.
func (p *pullsUnit) rest(ctx context.Context, obs *evidence.Observation, row *pullRow) error {
	subject := fmt.Sprintf("pull request %d", row.Number)
	seen := map[string]bool{}
	for n := 1; row.Timeline.PageInfo.HasNextPage; n++ {
		after := row.Timeline.PageInfo.EndCursor
		if n > maxTimelinePages || seen[after] {
			p.miss(evidence.GapTruncated, subject, fmt.Sprintf("it has %d events; only %d were listed", row.Timeline.TotalCount, len(row.Timeline.Nodes)))
			return nil
		}
		seen[after] = true
		var body struct {
			PullRequest *struct {
				Timeline *timelinePage `json:"timelineItems"`
			} `json:"pullRequest"`
		}
		q := question{label: fmt.Sprintf("pull:%d:%s", row.Number, after), subject: subject, text: timelineQuery,
			variables: map[string]any{"number": row.Number, "after": nullable(after)}}
		a, gap, refusal, err := p.graphql(ctx, q, func(repository []byte) error {
			body.PullRequest = nil
			err := json.Unmarshal(repository, &body)
			if err == nil && (body.PullRequest == nil || body.PullRequest.Timeline == nil) {
				err = errors.New("no timeline")
			}
			return err
		})
		if err != nil {
			return err
		}
		if refusal != nil {
			p.cover.Complete = false
			failed := refusal.observation(subject)
			obs.Sources, obs.Gaps = append(obs.Sources, failed.Sources...), append(obs.Gaps, failed.Gaps...)
			return nil
		}
		obs.Sources = append(obs.Sources, a.source)
		if gap != nil {
			p.cover.Complete = false
			obs.Gaps = append(obs.Gaps, *gap)
		}
		row.Timeline.Nodes = append(row.Timeline.Nodes, body.PullRequest.Timeline.Nodes...)
		row.Timeline.PageInfo = body.PullRequest.Timeline.PageInfo
	}
	return nil
}

// sameMove is how far apart several pull requests may date one move of a branch: the events are made one after the other.
const sameMove = time.Minute

// repeated reports a move of a branch that another pull request has told already.
func (p *pullsUnit) repeated(up evidence.RefUpdate) bool {
	if !up.Ref.Branch() || up.Clock != when.Server {
		return false
	}
	key := push{up.Ref, up.Before, up.After}
	for _, at := range p.told[key] {
		if up.At.Sub(at).Abs() <= sameMove {
			return true
		}
	}
	p.told[key] = append(p.told[key], up.At)
	return false
}

func nullable(cursor string) any {
	if cursor == "" {
		return nil
	}
	return cursor
}
