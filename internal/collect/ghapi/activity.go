package ghapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxActivityPages bounds one repository at 100,000 moves of its branches: busier than any that was seen, and a fifth of a token's hourly
// budget.
const maxActivityPages = 1000

// Activity lists the moves of branches, newest first, with both object names and GitHub's clock. How far back GitHub keeps them is not
// documented: the oldest row is reported as the horizon. Tags are not in it.
func (c *Collector) Activity(ctx context.Context, repo evidence.Repository, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitActivity, origin: evidence.OriginActivity, emit: emit}
	coverage := evidence.Coverage{Origin: u.origin, From: c.cfg.Since, To: c.cfg.Now()}
	held, joins, err := u.held(ctx)
	if err != nil {
		return err
	}
	reached := false // the held list
	end, err := u.walk(ctx, list{
		path: "/activity", subject: "activity", most: maxActivityPages,
		query: url.Values{"per_page": {strconv.Itoa(perPage)}, "direction": {"desc"}},
		read: func(body []byte) (page, error) {
			p, err := readActivity(repo, body)
			for _, up := range p.facts.Updates {
				coverage.Oldest = oldest(coverage.Oldest, up.At)
			}
			reached = joins && !coverage.Oldest.IsZero() && coverage.Oldest.Before(held.Coverage.To.Add(-activityLag))
			p.enough = reached || (!c.cfg.Since.IsZero() && !coverage.Oldest.IsZero() && coverage.Oldest.Before(c.cfg.Since))
			return p, err
		},
	})
	if err != nil {
		return err
	}
	coverage.Complete = end.whole()
	if reached {
		coverage = held.join(coverage)
	}
	var gaps []evidence.Gap
	if end.cut {
		gaps = append(gaps, cutShort("activity", coverage.Oldest))
	}
	return u.finish([]evidence.Coverage{coverage}, gaps)
}

// cutShort is the gap of a list that went on, or round in a circle, beyond what we ask for.
func cutShort(subject string, from time.Time) evidence.Gap {
	return evidence.Gap{Kind: evidence.GapTruncated, Subject: subject, Hint: "collect with a later --since, or use GH Archive",
		Detail: "the list did not end within our bound of pages; nothing before " + stampOr(from, "an unknown time") + " was read"}
}

func stampOr(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return evidence.Stamp(t)
}

// activityRow is the row of GET /repos/{owner}/{repo}/activity; go-github v66 has none.
type activityRow struct {
	ID        int64      `json:"id"`
	Before    string     `json:"before"`
	After     string     `json:"after"`
	Ref       string     `json:"ref"`
	Timestamp *time.Time `json:"timestamp"`
	Type      string     `json:"activity_type"`
	Actor     *account   `json:"actor"`
}

var activityKinds = map[string]evidence.Kind{
	"push": evidence.Push, "force_push": evidence.ForcePush, "branch_creation": evidence.BranchCreation,
	"branch_deletion": evidence.BranchDeletion, "pr_merge": evidence.PRMerge, "merge_queue_merge": evidence.MergeQueue,
}

func readActivity(repo evidence.Repository, body []byte) (page, error) {
	var p page
	rows, err := array(body)
	if err != nil {
		return p, err
	}
	each(&p, rows, func(r activityRow) error {
		up, err := r.update(repo)
		if err == nil {
			p.facts.Updates = append(p.facts.Updates, up)
		}
		return err
	})
	return p, nil
}

func (r activityRow) update(repo evidence.Repository) (evidence.RefUpdate, error) {
	up := evidence.RefUpdate{Repository: repo, Origin: evidence.OriginActivity, Clock: when.Server, ExternalID: strconv.FormatInt(r.ID, 10),
		Ref: evidence.Ref(r.Ref), Kind: activityKinds[r.Type], Actor: r.Actor.login()}
	var err error
	if up.Before, err = oid(r.Before); err != nil {
		return up, err
	}
	if up.After, err = oid(r.After); err != nil {
		return up, err
	}
	if up.At, err = stamp(r.Timestamp); err != nil {
		return up, err
	}
	switch {
	case r.ID <= 0 || up.At.IsZero():
		return up, errors.New("no id or no timestamp")
	case !strings.HasPrefix(r.Ref, "refs/"):
		return up, fmt.Errorf("%q is not a full ref", r.Ref)
	case up.Kind == "": // a word from after this program: what moved is said by the object names all the same
		up.Kind = kindOf(up.Before, up.After)
	}
	return up, plain(r.Ref, up.Actor)
}

// kindOf names a move of a branch by its ends alone.
func kindOf(before, after evidence.OID) evidence.Kind {
	switch {
	case before == evidence.ZeroOID:
		return evidence.BranchCreation
	case after == evidence.ZeroOID:
		return evidence.BranchDeletion
	}
	return evidence.Push
}
