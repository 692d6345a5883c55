package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

const (
	// maxSuiteCommits bounds the commits asked for: one request each. A campaign leaves some dozens in a repository.
	maxSuiteCommits = 300
	// maxSuitePages bounds the suites of one commit at 1,000: GitHub Actions makes one for each run, other apps one each.
	maxSuitePages = 10
)

// CheckSuites asks which pushes made the check suites of the given commits
// (https://docs.github.com/en/rest/checks/suites#list-check-suites-for-a-git-reference). A suite is made shortly after the push that it
// checks, by GitHub's clock, and names its branch, before and after: the push was made by then. Several apps make several suites of one
// push: it is told once, by the earliest.
//
// What a suite cannot tell: an app makes one suite for each commit, so a commit that is pushed again has none of that second push; a
// repository without apps and Actions has none at all; a push to a fork is not told, GitHub gives null for its branch. A suite whose
// branch, before or after is null, or whose branch is the head of a fork's pull request, moves no ref here. One whose branch has the name
// of a known tag may stand for either, so it moves none and is a gap. Suites are kept for about 400 days ([RunRetention]):
// an empty list for a commit that was there before that (At of its [Want]) is expired, and any other empty list says nothing.
//
// tags are the short names of all known tags, present or past. The coverage has one row for each commit.
func (c *Collector) CheckSuites(ctx context.Context, repo evidence.Repository, commits []Want, tags map[string]bool, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitCheckSuites, origin: evidence.OriginCheckSuites, emit: emit}
	now := c.cfg.Now()
	var coverage []evidence.Coverage
	var gaps []evidence.Gap
	var failed failures
	left := func(n int, kind evidence.GapKind, detail, hint string) {
		if n > 0 {
			gaps = append(gaps, evidence.Gap{Kind: kind, Subject: "check suites of further commits", Detail: fmt.Sprintf("%d commits: %s", n, detail), Hint: hint})
		}
	}
	for i, w := range commits {
		if i >= maxSuiteCommits {
			left(len(commits)-i, evidence.GapTruncated, fmt.Sprintf("at most %d are asked for", maxSuiteCommits), "")
			break
		}
		end, err := u.suites(ctx, w.OID, tags)
		if err != nil {
			return err
		}
		cover := evidence.Coverage{Origin: u.origin, Detail: "commit " + string(w.OID), From: now.Add(-RunRetention), To: now, Complete: end.whole()}
		if end.whole() && end.rows == 0 && !w.At.IsZero() && w.At.Before(cover.From) {
			cover.Complete = false
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapExpired, Subject: "check suites of " + string(w.OID),
				Detail: "GitHub keeps check suites for about 400 days; the commit was there on " + evidence.Stamp(w.At)})
		}
		if end.cut || (end.refusal == nil && end.bad == 0 && end.rows < end.total) {
			cover.Complete = false
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "check suites of " + string(w.OID), Hint: hintLater,
				Detail: fmt.Sprintf("GitHub counts %d suites and listed %d", end.total, end.rows)})
		}
		coverage = append(coverage, cover)
		if failed.final(end.refusal) {
			left(len(commits)-i-1, end.refusal.kind, end.refusal.detail, end.refusal.hint)
			break
		}
	}
	return u.finish(coverage, gaps)
}

// suites lists the suites of one commit.
func (u unit) suites(ctx context.Context, id evidence.OID, tags map[string]bool) (listed, error) {
	told := map[push]time.Time{}
	return u.walk(ctx, list{
		path: "/commits/" + string(id) + "/check-suites", subject: "check suites of " + string(id), most: maxSuitePages,
		query: url.Values{"per_page": {strconv.Itoa(perPage)}},
		reword: func(r *refusal) {
			switch r.status {
			case http.StatusNotFound, http.StatusUnprocessableEntity:
				if r.kind == evidence.GapUnsupported {
					r.kind, r.hint = evidence.GapObjectMissing, "a fork or an old clone may still hold the commit"
					r.detail = fmt.Sprintf("the API does not serve the commit (%d)", r.status)
				}
			case http.StatusForbidden, http.StatusConflict:
				r.general = true
			}
		},
		read: func(body []byte) (page, error) { return u.readSuites(id, tags, told, body) },
	})
}

// push is a move of a branch, whichever app's suite tells it.
type push struct {
	ref           evidence.Ref
	before, after evidence.OID
}

type suiteRow struct {
	ID           int64      `json:"id"`
	HeadBranch   string     `json:"head_branch"`
	HeadSHA      string     `json:"head_sha"`
	Before       string     `json:"before"`
	After        string     `json:"after"`
	CreatedAt    *time.Time `json:"created_at"`
	Repository   home       `json:"repository"`
	PullRequests []struct {
		Head struct {
			Ref  string `json:"ref"`
			Repo home   `json:"repo"`
		} `json:"head"`
		Base struct {
			Repo home `json:"repo"`
		} `json:"base"`
	} `json:"pull_requests"`
}

// readSuites leaves out what a page before told of the same push, unless it is earlier here.
func (u unit) readSuites(id evidence.OID, tags map[string]bool, told map[push]time.Time, body []byte) (page, error) {
	var p page
	var reply struct {
		Total  int               `json:"total_count"`
		Suites []json.RawMessage `json:"check_suites"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return p, err
	}
	if reply.Suites == nil || reply.Total < 0 {
		return p, errors.New("no list of check suites")
	}
	p.total = reply.Total
	first, order := map[push]evidence.RefUpdate{}, []push{}
	each(&p, reply.Suites, func(row suiteRow) error {
		p.claims(row.Repository, u.id(u.repo))
		up, ok, err := row.update(u.repo, id)
		if err != nil || !ok {
			return err
		}
		if tags[row.HeadBranch] {
			p.facts.Gaps = append(p.facts.Gaps, evidence.Gap{Kind: evidence.GapUnplaced,
				Detail: fmt.Sprintf("check suite %d was made by a push of %q, which is the name of a tag too", row.ID, evidence.Printable(row.HeadBranch))})
			return nil
		}
		key := push{up.Ref, up.Before, up.After}
		known, ok := first[key]
		if !ok {
			order = append(order, key)
		}
		if !ok || up.At.Before(known.At) || (up.At.Equal(known.At) && up.ExternalID < known.ExternalID) {
			first[key] = up
		}
		return nil
	})
	for _, key := range order {
		if at, ok := told[key]; !ok || first[key].At.Before(at) {
			told[key] = first[key].At
			p.facts.Updates = append(p.facts.Updates, first[key])
		}
	}
	return p, nil
}

// update reads the push that a suite was made for; ok is false where it tells of none in this repository.
func (r suiteRow) update(repo evidence.Repository, id evidence.OID) (up evidence.RefUpdate, ok bool, err error) {
	up = evidence.RefUpdate{Repository: repo, Origin: evidence.OriginCheckSuites, Clock: when.Server, By: true,
		ExternalID: strconv.FormatInt(r.ID, 10), Ref: evidence.Ref("refs/heads/" + r.HeadBranch)}
	head, err := evidence.ParseOID(r.HeadSHA)
	if err != nil {
		return up, false, err
	}
	if up.Before, err = oid(r.Before); err != nil {
		return up, false, err
	}
	if up.After, err = oid(r.After); err != nil {
		return up, false, err
	}
	if up.At, err = stamp(r.CreatedAt); err != nil {
		return up, false, err
	}
	if r.ID <= 0 || head != id {
		return up, false, errors.New("no id, or a suite of another commit")
	}
	// A suite that was asked for by an app, or made by a schedule, belongs to no push.
	if r.HeadBranch == "" || r.fork() || up.At.IsZero() || up.Before == "" || up.After != id || up.Before == up.After {
		return up, false, nil
	}
	up.Kind = kindOf(up.Before, up.After)
	return up, true, plain(r.HeadBranch)
}

// fork reports that the branch is the head of a pull request from another repository, and of none from this one.
func (r suiteRow) fork() bool {
	foreign := false
	for _, pr := range r.PullRequests {
		if pr.Head.Ref == r.HeadBranch {
			if pr.Head.Repo.ID == pr.Base.Repo.ID {
				return false
			}
			foreign = true
		}
	}
	return foreign
}
