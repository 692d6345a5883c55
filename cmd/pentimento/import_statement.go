package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/intake"
	"pentimento/internal/tokenlog"
)

// statement takes a row of what people know, under the rules of declare.
func (s *importSink) statement(row *tokenlog.Statement) error {
	d, err := s.declared(row)
	if err != nil {
		return err
	}
	if d.Repository == "" {
		return nil // kept aside
	}
	return s.im.Declare(s.ctx, d, s.out.Present())
}

// declared is the statement of a row; without a repository where the row was kept aside.
func (s *importSink) declared(row *tokenlog.Statement) (casefile.Declaration, error) {
	none := casefile.Declaration{}
	repo, err := intake.ParseName(row.Repository)
	if err != nil {
		return none, s.reject("the repository is not owner/name")
	}
	d, err := declareOptions{secret: row.Secret, credential: row.Credential, fact: row.Fact, at: row.At, by: row.By, because: row.Because}.declaration()
	if err != nil {
		return none, s.reject(strings.ReplaceAll(err.Error(), "--", "")) // its flags are columns here
	}
	if d.At.After(s.w.read.Now) {
		return none, s.reject("at is later than the case's now, " + evidence.Stamp(s.w.read.Now))
	}
	repo, known, err := s.w.c.Resolve(s.ctx, repo)
	if err != nil {
		return none, err
	}
	if !known {
		return none, s.reject("the repository is not in the case")
	}
	if s.w.known == nil {
		if s.w.known, err = s.w.p.namedWindows(s.ctx, s.w.c); err != nil {
			return none, err
		}
	}
	d.Repository = repo
	if err := s.w.known.check(d); err != nil {
		return none, s.reject(err.Error())
	}
	return d, nil
}

// namedWindows are the names of secrets and credentials that statements can be about: those of windows. Before the first analysis nobody can tell.
type namedWindows struct {
	analysed bool
	windows  []exposure.StoredWindow
}

func (p *program) namedWindows(ctx context.Context, c *casefile.Case) (*namedWindows, error) {
	of, err := analysedFacts(ctx, c)
	if err != nil || of == "" {
		p.say("the case has not been analysed: whether names are right shows only then")
		return &namedWindows{}, err
	}
	stored, err := exposure.StoredWindows(ctx, c)
	return &namedWindows{true, stored}, err
}

// check refuses a statement about a secret or credential that no window of the repository names: it would decide nothing, and is most likely misspelt.
func (n *namedWindows) check(d casefile.Declaration) error {
	if !n.analysed || d.Secret == "" && d.Credential == "" {
		return nil
	}
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, w := range n.windows {
		switch {
		case w.Repository.Key() != d.Repository.Key():
		case strings.EqualFold(w.Secret, d.Secret) && d.Secret != "", w.Credential == d.Credential && d.Credential != "":
			return nil
		case d.Secret != "":
			add(w.Secret)
		case w.Credential != exposure.Unlinked:
			add(w.Credential)
		}
	}
	return hint(fmt.Errorf("no window of %s names %s", d.Repository, d.Secret+d.Credential), "there are: %s", or(strings.Join(names, ", "), "none"))
}
