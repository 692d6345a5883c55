package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// maxWants bounds the commits asked for one by one: each costs up to seven requests, so this is two hours of a token's budget. What
	// git serves comes in one fetch and is not asked for here.
	maxWants = 1500
	// maxWorkflow bounds a workflow file: as much as is parsed. Those of public repositories are a few kilobytes.
	maxWorkflow = 1 << 20
	// maxTreeEntries is where GitHub itself truncates a tree.
	maxTreeEntries = 100_000
)

// Want is a commit to ask for, with the ids of the facts that name it.
type Want struct {
	OID     evidence.OID
	NamedBy []string
	At      time.Time // by which the commit was there, on a clock other than git's; zero where none says
}

// objects is the collection of single objects under way. Trees are shared by commits, so they are asked for once.
type objects struct {
	unit
	trees map[evidence.OID]map[string]treeEntry
	blobs map[evidence.OID]bool
}

// Objects asks for commits that git did not serve, with what their trees hold at .github/workflows and how their roots differ from the
// first parent's. GitHub serves the objects of the whole fork network: that one is served is no proof that it was pushed here, which is
// why NamedBy is kept. missing lists the wants that could not be had; each has its gap.
//
// The API drops the time zones of a commit and may trim its message; [restore] finds them again by the commit's name. Where it cannot, a
// gap says that this much is unknown: the end of the message and the zones are fingerprints.
func (c *Collector) Objects(ctx context.Context, repo evidence.Repository, wants []Want, emit Emit) (missing []Want, err error) {
	o := objects{unit: unit{Collector: c, repo: repo, name: UnitGitData, origin: evidence.OriginGitData, emit: emit},
		trees: map[evidence.OID]map[string]treeEntry{}, blobs: map[evidence.OID]bool{}}
	var gaps []evidence.Gap
	var final *refusal
	var failed failures
	for i, w := range wants {
		if i >= maxWants {
			missing = append(missing, wants[i:]...)
			gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: fmt.Sprintf("%d commits", len(wants)-i),
				Detail: fmt.Sprintf("more than %d commits would have to be asked for one by one", maxWants), Hint: "add a clone with --mirror"})
			break
		}
		if final != nil {
			missing = append(missing, w)
			gaps = append(gaps, final.gap(string(w.OID)))
			continue
		}
		refusal, err := o.want(ctx, w)
		if err != nil {
			return missing, err
		}
		if refusal != nil {
			missing = append(missing, w)
		}
		if failed.final(refusal) {
			final = refusal
		}
	}
	return missing, o.finish(nil, gaps)
}

// want gets one commit and keeps it, or keeps why not.
func (o objects) want(ctx context.Context, w Want) (*refusal, error) {
	var obs evidence.Observation
	commit, exact, refusal, err := o.commit(ctx, &obs, w.OID)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		switch refusal.status {
		case http.StatusNotFound, http.StatusUnprocessableEntity:
			if refusal.kind == evidence.GapUnsupported {
				refusal.kind, refusal.detail = evidence.GapObjectMissing, fmt.Sprintf("the API does not serve the commit (%d)", refusal.status)
				refusal.hint = "a fork or an old clone may still hold it"
			}
		case http.StatusConflict:
			refusal.general = true
		}
		obs.Gaps = append(obs.Gaps, refusal.gap(string(w.OID)))
		return refusal, o.keep(obs)
	}
	if !exact {
		obs.Gaps = append(obs.Gaps, evidence.Gap{Kind: evidence.GapUnreadable, Subject: string(w.OID),
			Detail: "the API's form of the commit does not give back its exact text: zones and the end of its message are unknown",
			Hint:   "a fork or an old clone may still hold it"})
	}
	obs.Commits = []evidence.Commit{commit}
	obs.Seen = []evidence.CommitSeen{{Commit: w.OID, Via: "git-data", NamedBy: slices.Clone(w.NamedBy)}}
	if err := o.holding(ctx, &obs, commit); err != nil {
		return nil, err
	}
	return nil, o.keep(obs)
}

// get asks for one object and keeps the answer in the observation, whatever it is.
func (o objects) get(ctx context.Context, obs *evidence.Observation, kind string, id evidence.OID,
	read func(body []byte) error) (*refusal, error) {
	a, refusal, err := o.have(ctx, "/git/"+kind+"/"+string(id), nil, true, read)
	if err != nil {
		return nil, err
	}
	if a.source.Status != 0 {
		obs.Sources = append(obs.Sources, a.source)
	}
	return refusal, nil
}

type commitRow struct {
	SHA          string       `json:"sha"`
	Author       signatureRow `json:"author"`
	Committer    signatureRow `json:"committer"`
	Message      string       `json:"message"`
	Tree         objectRow    `json:"tree"`
	Parents      []objectRow  `json:"parents"`
	Verification verification `json:"verification"`
}

type objectRow struct {
	SHA string `json:"sha"`
}

type signatureRow struct {
	Name  string     `json:"name"`
	Email string     `json:"email"`
	Date  *time.Time `json:"date"`
}

// signature keeps what a person wrote; a date outside any calendar is left out, for it is theirs to forge.
func (s signatureRow) signature() evidence.Signature {
	date, err := stamp(s.Date)
	if err != nil {
		return evidence.Signature{Name: s.Name, Email: s.Email}
	}
	return evidence.Signature{Name: s.Name, Email: s.Email, Date: date}
}

// commit asks for one commit; exact says that it hashes to its name.
func (o objects) commit(ctx context.Context, obs *evidence.Observation, id evidence.OID) (c evidence.Commit, exact bool, r *refusal, err error) {
	var signed verification
	refusal, err := o.get(ctx, obs, "commits", id, func(body []byte) error {
		var row commitRow
		if err := json.Unmarshal(body, &row); err != nil {
			return err
		}
		signed = row.Verification
		var bad error
		c, bad = row.commit(id)
		return bad
	})
	if err != nil || refusal != nil {
		return evidence.Commit{}, false, refusal, err
	}
	c, exact = restore(c, signed)
	return c, exact, nil, nil
}

func (r commitRow) commit(id evidence.OID) (evidence.Commit, error) {
	c := evidence.Commit{OID: id, Author: r.Author.signature(), Committer: r.Committer.signature(), Message: r.Message,
		Signed: r.Verification.Signature != ""}
	if !strings.EqualFold(r.SHA, string(id)) {
		return c, errors.New("it is not the commit asked for")
	}
	var err error
	if c.Tree, err = evidence.ParseOID(r.Tree.SHA); err != nil {
		return c, err
	}
	for _, p := range r.Parents {
		parent, err := evidence.ParseOID(p.SHA)
		if err != nil {
			return c, err
		}
		c.Parents = append(c.Parents, parent)
	}
	return c, plain(c.Author.Name, c.Author.Email, c.Committer.Name, c.Committer.Email)
}
