package drill

import (
	"errors"
	"fmt"

	"pentimento/internal/evidence"
)

// TruthStart is a time at which GitHub could start a version, and what became of it. Head is empty for events that push nothing.
type TruthStart struct {
	Repository evidence.Repository
	Event      string
	Ref        evidence.Ref
	Head       evidence.OID
	Status     string // matched, suppressed, run-deleted, no-run-seen, possible
}

// TruthReads is what a job of the last attempt of a run could read.
type TruthReads struct {
	Repository  evidence.Repository
	RunID       int64
	Job         string
	Began       string // yes, no, unknown
	Secrets     []string
	Environment string
	Token       string // its permissions without blanks, empty where the file states none
	OIDC        string // yes, no
}

// TruthRung is how far a version got with a secret.
type TruthRung struct {
	Repository evidence.Repository
	Secret     string
	Blob       evidence.OID
	Execution  string
}

func (p *parser) truthStart(l *line, name evidence.Repository) error {
	ref, err := p.refOf(l.named["ref"])
	if err != nil {
		return err
	}
	head, err := p.maybeCommit(l.named["head"])
	if err != nil {
		return err
	}
	p.recipe.Truth.Starts = append(p.recipe.Truth.Starts, TruthStart{name, l.arg(1), ref, head, l.named["status"]})
	return oneOf(l.named["status"], "matched suppressed run-deleted no-run-seen possible")
}

func (p *parser) truthReads(l *line, name evidence.Repository) error {
	r, err := p.findRun(l.arg(1))
	if err != nil {
		return err
	}
	p.recipe.Truth.Reads = append(p.recipe.Truth.Reads, TruthReads{name, r.id, l.named["job"], l.named["began"], list(l.named["secrets"]),
		l.named["environment"], l.named["token"], l.named["oidc"]})
	return errors.Join(oneOf(l.named["began"], "yes no unknown"), oneOf(l.named["oidc"], "yes no"))
}

// truthRung names the version by the commit that brought it; the commit holds one workflow file.
func (p *parser) truthRung(l *line, name evidence.Repository) error {
	c, err := p.find(l.named["version"])
	if err != nil {
		return err
	}
	text, ok := c.files[".github/workflows/"+l.arg(2)]
	if !ok {
		return fmt.Errorf("%s does not hold %s", c.label, l.arg(2))
	}
	p.recipe.Truth.Rungs = append(p.recipe.Truth.Rungs, TruthRung{name, l.arg(1), hash("blob", []byte(text)).oid(), l.named["execution"]})
	return nil
}
