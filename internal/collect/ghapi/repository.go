package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pentimento/internal/evidence"
)

// Repository asks for the repository itself. usable is false where the answer makes it pointless to ask for more: the repository is not
// served, or nothing answers. Then the gap of this unit stands for all of the API.
func (c *Collector) Repository(ctx context.Context, repo evidence.Repository, emit Emit) (state evidence.RepositoryState, usable bool, err error) {
	u := unit{Collector: c, repo: repo, name: UnitRepository, origin: evidence.OriginRepository, emit: emit}
	a, refusal, err := u.have(ctx, "", nil, true, func(body []byte) (err error) {
		state, err = readRepository(body)
		return err
	})
	if err != nil {
		return evidence.RepositoryState{}, false, err
	}
	if refusal != nil {
		if refusal.kind == evidence.GapUnsupported && refusal.status == http.StatusNotFound {
			refusal.kind = evidence.GapGone
			refusal.detail = "the API does not serve the repository (404): deleted, private or never there, which look the same from outside"
			refusal.hint = hintToken + "; git may still answer"
		}
		obs := refusal.observation("repository")
		obs.Done = true
		// A server that fails or babbles on one address may answer on others.
		usable = refusal.status >= 500 || refusal.status == http.StatusOK
		return evidence.RepositoryState{}, usable, u.keep(obs)
	}
	c.learn(repo, state.GitHubID)
	obs := evidence.Observation{Done: true, Sources: []evidence.Source{a.source}, State: &state}
	if now := evidence.Repository(state.FullName); now.Key() != repo.Key() {
		obs.Gaps = []evidence.Gap{{Kind: evidence.GapRenamed, Subject: state.FullName,
			Detail: fmt.Sprintf("%s is called %s now; what was collected is of that repository (id %d)", repo, now, state.GitHubID),
			Hint:   "the present name is an alias: commands take it as well"}}
	}
	return state, true, u.keep(obs)
}

func readRepository(body []byte) (evidence.RepositoryState, error) {
	var row struct {
		ID            int64      `json:"id"`
		FullName      string     `json:"full_name"`
		DefaultBranch string     `json:"default_branch"`
		Private       bool       `json:"private"`
		Archived      bool       `json:"archived"`
		Disabled      bool       `json:"disabled"`
		CreatedAt     *time.Time `json:"created_at"`
		PushedAt      *time.Time `json:"pushed_at"`
		Parent        *struct {
			FullName string `json:"full_name"`
		} `json:"parent"`
	}
	if err := json.Unmarshal(body, &row); err != nil {
		return evidence.RepositoryState{}, err
	}
	s := evidence.RepositoryState{GitHubID: row.ID, FullName: row.FullName, DefaultBranch: row.DefaultBranch, Private: row.Private,
		Archived: row.Archived, Disabled: row.Disabled}
	if s.GitHubID <= 0 {
		return s, errors.New("the repository has no id")
	}
	if _, err := evidence.ParseRepository(s.FullName); err != nil {
		return s, fmt.Errorf("full_name: %w", err)
	}
	if row.Parent != nil {
		if _, err := evidence.ParseRepository(row.Parent.FullName); err != nil {
			return s, fmt.Errorf("parent: %w", err)
		}
		s.ForkOf = row.Parent.FullName
	}
	var err error
	if s.CreatedAt, err = stamp(row.CreatedAt); err != nil {
		return s, err
	}
	if s.PushedAt, err = stamp(row.PushedAt); err != nil {
		return s, err
	}
	return s, plain(s.DefaultBranch)
}
