package ghapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

const (
	// signaturesPerQuery keeps a query at one point of the limit and far below GitHub's bound on its run time.
	signaturesPerQuery = 100
	// maxSignatures bounds one repository at 200 queries.
	maxSignatures = 20_000
)

// signed is what is asked of each commit.
const signed = `fragment signed on GitObject {
	__typename
	... on Commit { oid signature { isValid state wasSignedByGitHub verifiedAt } }
}`

// Signatures asks what GitHub made of the signatures of the given commits, up to 100 in one query
// (https://docs.github.com/en/graphql/reference/interfaces#gitsignature). Since November 2024 GitHub checks a signature when the commit
// is first pushed and keeps the result with its time (changelog of 2024-11-12). An object that GitHub does not have, or that is no
// commit, is passed over: what it cannot say of it others ask. Commits without a signature are told as "unsigned".
func (c *Collector) Signatures(ctx context.Context, repo evidence.Repository, oids []evidence.OID, emit Emit) error {
	u := unit{Collector: c, repo: repo, name: UnitSignatures, origin: evidence.OriginSignatures, emit: emit}
	cover := evidence.Coverage{Origin: u.origin, To: c.cfg.Now(), Complete: true}
	var gaps []evidence.Gap
	if n := len(oids); n > maxSignatures {
		oids, cover.Complete = oids[:maxSignatures], false
		gaps = append(gaps, evidence.Gap{Kind: evidence.GapTruncated, Subject: "signatures of further commits",
			Detail: fmt.Sprintf("%d commits: at most %d are asked for", n, maxSignatures)})
	}
	var failed failures
	for at := 0; at < len(oids); at += signaturesPerQuery {
		batch := oids[at:min(at+signaturesPerQuery, len(oids))]
		refusal, whole, err := u.signatures(ctx, batch)
		if err != nil {
			return err
		}
		cover.Complete = cover.Complete && whole
		if left := len(oids) - at - len(batch); failed.final(refusal) && left > 0 {
			g := refusal.gap("signatures of further commits")
			g.Detail = fmt.Sprintf("%d commits: %s", left, g.Detail)
			gaps = append(gaps, g)
			break
		}
	}
	return u.finish([]evidence.Coverage{cover}, gaps)
}

// signatures asks for one batch and keeps what is told, or why not.
func (u unit) signatures(ctx context.Context, batch []evidence.OID) (r *refusal, whole bool, err error) {
	subject := fmt.Sprintf("signatures of %d commits from %s", len(batch), batch[0])
	q, err := signaturesQuestion(batch)
	if err != nil {
		return nil, false, err
	}
	q.subject = subject
	var p page
	var id int64
	a, gap, refusal, err := u.graphql(ctx, q, func(repository []byte) (err error) {
		p, id, err = readSignatures(batch, repository)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if known := u.id(u.repo); refusal == nil && known != 0 && id != 0 && id != known {
		refusal = u.otherRepository(id, &a.source)
	}
	if refusal != nil {
		return refusal, false, u.keep(refusal.observation(subject))
	}
	p.facts.Sources = []evidence.Source{a.source}
	for i := range p.facts.Gaps {
		p.facts.Gaps[i].Subject = a.source.Target
	}
	if gap != nil {
		p.facts.Gaps = append(p.facts.Gaps, *gap)
	}
	return nil, len(p.facts.Gaps) == 0, u.keep(p.facts)
}

// signaturesQuestion writes the query of a batch. The names stand in its text, so each must be one.
func signaturesQuestion(batch []evidence.OID) (question, error) {
	var b strings.Builder
	b.WriteString("query($owner: String!, $name: String!) {\n\trepository(owner: $owner, name: $name) {\n\t\tdatabaseId\n")
	for i, o := range batch {
		if _, err := evidence.ParseOID(string(o)); err != nil {
			return question{}, fmt.Errorf("ask for signatures: %w", err)
		}
		fmt.Fprintf(&b, "\t\to%d: object(oid: %q) { ...signed }\n", i, o)
	}
	b.WriteString("\t}\n}\n" + signed)
	return question{label: fmt.Sprintf("signatures:%d:%s", len(batch), batch[0]), text: b.String()}, nil
}

type signedRow struct {
	Type      string `json:"__typename"`
	OID       string `json:"oid"`
	Signature *struct {
		IsValid    bool       `json:"isValid"`
		State      string     `json:"state"`
		ByGitHub   bool       `json:"wasSignedByGitHub"`
		VerifiedAt *time.Time `json:"verifiedAt"`
	} `json:"signature"`
}

// readSignatures also gives the id of the repository that answered.
func readSignatures(batch []evidence.OID, repository []byte) (page, int64, error) {
	var p page
	var fields map[string]json.RawMessage
	var id struct {
		DatabaseID int64 `json:"databaseId"`
	}
	if err := errors.Join(json.Unmarshal(repository, &fields), json.Unmarshal(repository, &id)); err != nil {
		return p, 0, err
	}
	rows := make([]json.RawMessage, len(batch))
	for i := range batch {
		if rows[i] = fields[fmt.Sprintf("o%d", i)]; rows[i] == nil {
			return p, 0, fmt.Errorf("no answer for %s", batch[i])
		}
	}
	asked := map[evidence.OID]bool{}
	for _, o := range batch {
		asked[o] = true
	}
	each(&p, rows, func(row *signedRow) error {
		if row == nil || row.Type != "Commit" {
			return nil
		}
		check, err := row.check()
		if err == nil && !asked[check.Commit] {
			err = errors.New("a commit that was not asked for")
		}
		if err == nil {
			p.facts.Checks = append(p.facts.Checks, check)
		}
		return err
	})
	return p, id.DatabaseID, nil
}

// check gives GitHub's state in the words of its REST API: lower case.
func (r signedRow) check() (evidence.SignatureCheck, error) {
	c := evidence.SignatureCheck{Reason: "unsigned"}
	var err error
	if c.Commit, err = evidence.ParseOID(r.OID); err != nil || r.Signature == nil {
		return c, err
	}
	c.Verified, c.Reason, c.ByGitHub = r.Signature.IsValid, strings.ToLower(r.Signature.State), r.Signature.ByGitHub && r.Signature.IsValid
	if c.VerifiedAt, err = stamp(r.Signature.VerifiedAt); err != nil {
		return c, err
	}
	if c.Reason == "" {
		return c, errors.New("a signature without state")
	}
	return c, plain(c.Reason)
}
