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
)

// maxForkPages bounds the forks of one repository at 1,000, the newest first: those made during a campaign hold what was erased since.
const maxForkPages = 10

// Forks lists the forks of a repository (https://docs.github.com/en/rest/repos/forks#list-forks) and, where it is one itself, its parent:
// servers of the same objects, so places to look for what was erased here. Private forks are seen with a token that may.
func (c *Collector) Forks(ctx context.Context, repo evidence.Repository, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitForks, origin: evidence.OriginForks, emit: emit}
	coverage := evidence.Coverage{Origin: u.origin, To: c.cfg.Now()}
	on, whole, err := u.parent(ctx)
	if err != nil {
		return err
	}
	if !on {
		return u.finish([]evidence.Coverage{coverage}, nil)
	}
	end, err := u.walk(ctx, list{
		path: "/forks", subject: "forks", most: maxForkPages,
		query: url.Values{"per_page": {strconv.Itoa(perPage)}, "sort": {"newest"}},
		read: func(body []byte) (page, error) {
			p, err := readForks(repo, body)
			for _, f := range p.facts.Forks {
				coverage.Oldest = oldest(coverage.Oldest, f.CreatedAt)
			}
			return p, err
		},
	})
	if err != nil {
		return err
	}
	coverage.Complete = whole && end.whole()
	var gaps []evidence.Gap
	if end.cut {
		gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "forks", Hint: "forks of forks and older ones may be added by name",
			Detail: fmt.Sprintf("only the newest %d were listed; none from before %s", end.rows, stampOr(coverage.Oldest, "an unknown time"))})
	}
	return u.finish([]evidence.Coverage{coverage}, gaps)
}

// parent asks for the repository once more, which costs nothing where it has not changed: its answer names the parent with its times. on is
// false where there is no point in asking for forks then, whole where it is known whether there is a parent.
func (u unit) parent(ctx context.Context) (on, whole bool, err error) {
	of := u
	of.origin = evidence.OriginRepository
	var parent *forkRow
	a, refusal, err := of.have(ctx, "", nil, true, func(body []byte) error {
		var row struct {
			ID     int64    `json:"id"`
			Parent *forkRow `json:"parent"`
		}
		err := json.Unmarshal(body, &row)
		if parent = row.Parent; err == nil && row.ID <= 0 {
			err = errors.New("the repository has no id")
		}
		return err
	})
	if err != nil {
		return false, false, err
	}
	if refusal != nil {
		return !refusal.general && refusal.status == http.StatusOK, false, u.keep(refusal.observation("parent"))
	}
	if parent == nil {
		return true, true, nil
	}
	fork, bad := parent.fork(u.repo)
	if bad != nil {
		return true, false, u.keep(unreadable(&a.source, bad).observation("parent"))
	}
	fork.Parent = true
	return true, true, u.keep(evidence.Observation{Sources: []evidence.Source{a.source}, Forks: []evidence.Fork{fork}})
}

type forkRow struct {
	ID        int64      `json:"id"`
	FullName  string     `json:"full_name"`
	CreatedAt *time.Time `json:"created_at"`
	PushedAt  *time.Time `json:"pushed_at"`
}

func readForks(repo evidence.Repository, body []byte) (page, error) {
	var p page
	rows, err := array(body)
	if err != nil {
		return p, err
	}
	each(&p, rows, func(row forkRow) error {
		fork, err := row.fork(repo)
		if err == nil {
			p.facts.Forks = append(p.facts.Forks, fork)
		}
		return err
	})
	return p, nil
}

func (r forkRow) fork(repo evidence.Repository) (evidence.Fork, error) {
	name, err := evidence.ParseRepository(r.FullName)
	if err != nil {
		return evidence.Fork{}, err
	}
	f := evidence.Fork{Repository: repo, FullName: name, GitHubID: r.ID}
	if r.ID <= 0 || name.Key() == repo.Key() {
		return f, errors.New("no id, or the repository itself")
	}
	return f, stamps(map[*time.Time]*time.Time{&f.CreatedAt: r.CreatedAt, &f.PushedAt: r.PushedAt})
}
