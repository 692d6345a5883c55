package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// maxLag bounds the lags that a recipe may state: GitHub speaks of up to six hours for events.
const maxLag = 6 * time.Hour

func lag(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxLag {
		return 0, fmt.Errorf("%q is not a duration up to %s", s, maxLag)
	}
	return d, nil
}

// app says that an app listens: from here on it has a check suite for each new head of a branch.
func (p *parser) app(l *line) error {
	id, err := whole(l.named["id"])
	if err != nil {
		return fmt.Errorf("id: %w", err)
	}
	since, err := p.clock()
	if err != nil {
		return err
	}
	d, err := lag(l.named["lag"])
	if err != nil {
		return err
	}
	for _, a := range p.repo.apps {
		if a.id == id || a.slug == l.args[0] {
			return fmt.Errorf("%s or its id is there already", a.slug)
		}
	}
	p.repo.apps = append(p.repo.apps, &app{id: id, slug: l.args[0], since: since, lag: d})
	return nil
}

func (p *parser) release(l *line) error {
	by, err := p.who(l)
	if err != nil {
		return err
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	ref, err := tagRef(l.args[0])
	if err != nil {
		return err
	}
	if p.repo.refs[ref] == "" {
		return fmt.Errorf("no tag %q at GitHub", l.args[0])
	}
	id := p.repo.ID*repositorySpan + int64(len(p.repo.releases))
	p.repo.releases = append(p.repo.releases, &release{id: id, tag: l.args[0], by: by, at: at})
	return nil
}

// secret records a stored secret by name and times. An organisation's is one that this repository may use.
func (p *parser) secret(l *line) error {
	s := &secret{name: l.args[0], environment: l.named["environment"], organisation: l.flags["organisation"]}
	if !secretName.MatchString(s.name) {
		return fmt.Errorf("%q is not the name of a secret", s.name)
	}
	if s.organisation && s.environment != "" {
		return errors.New("of an environment or of the organisation, not both")
	}
	var err error
	if s.created, err = instant(p.at, l.named["created"]); err != nil || s.created.IsZero() {
		return errors.Join(errors.New("needs created"), err)
	}
	if s.updated, err = instant(s.created, l.named["updated"]); err != nil {
		return err
	}
	if s.updated.Before(s.created) || s.updated.After(p.recipe.Now) {
		return errors.New("updated before it was created, or after now")
	}
	if l.named["by"] != "" {
		if s.by, err = p.who(l); err != nil {
			return err
		}
	}
	if s.environment != "" && !slices.Contains(p.repo.environments, s.environment) {
		p.repo.environments = append(p.repo.environments, s.environment)
	}
	p.repo.secrets = append(p.repo.secrets, s)
	return nil
}

// grant records a way into the repository: the verb is its kind, the detail is what sets two of a kind apart for a responder.
func (p *parser) grant(l *line) error {
	by, err := p.who(l)
	if err != nil {
		return err
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	g := &grant{id: p.repo.ID*repositorySpan + int64(len(p.repo.grants)), kind: l.verb, name: l.args[0], at: at, by: by, detail: l.named["permission"]}
	switch l.verb {
	case "webhook":
		if !inventedHost.MatchString(g.name) {
			return fmt.Errorf("host %q is not an invented one", g.name)
		}
	case "collaborator":
		if p.recipe.actors[g.name] == nil {
			return fmt.Errorf("no actor %q", g.name)
		}
		if g.detail == "" {
			g.detail = "push"
		}
		if err := oneOf(g.detail, "pull triage push maintain admin"); err != nil {
			return fmt.Errorf("permission %w", err)
		}
	case "deploy-key":
		g.detail = "read-write"
		if l.flags["read-only"] {
			g.detail = "read-only"
		}
	}
	p.repo.grants = append(p.repo.grants, g)
	return nil
}

// log adds a line to the log of the job above. The word {secret} in it becomes a value of the shape of a token, made when it is served.
func (p *parser) log(l *line) error {
	r, err := p.last()
	if err != nil {
		return err
	}
	jobs := r.attempts[len(r.attempts)-1].jobs
	if len(jobs) == 0 {
		return errors.New("needs a job before it")
	}
	j := jobs[len(jobs)-1]
	written := j.started.Add(time.Duration(len(j.log)) * 100 * time.Millisecond)
	if l.named["at"] != "" {
		if written, err = instant(r.created, l.named["at"]); err != nil {
			return err
		}
	}
	j.log = append(j.log, logLine{at: written, text: l.args[0]})
	return nil
}

// holds makes the git server of a fork keep a commit of its parent, with all that it stands on, whatever the parent loses of it. No ref
// of the fork reaches it.
func (p *parser) holds(l *line) error {
	parent := p.recipe.repository(string(p.repo.ForkOf))
	if p.repo.ForkOf == "" || parent == nil {
		return errors.New("is for forks")
	}
	c := parent.commits[l.args[0]]
	if c == nil {
		return fmt.Errorf("%s has no commit %q", parent.Name, l.args[0])
	}
	p.repo.adopt(c)
	return nil
}

// adopt takes over a commit and its ancestors, oldest first, and gives the one that stands for it here.
func (r *Repository) adopt(c *commit) *commit {
	if have := r.named(c.oid); have != nil {
		return have
	}
	own := *c
	own.lostToGit, own.lostToREST, own.parents = false, false, nil
	for _, parent := range c.parents {
		own.parents = append(own.parents, r.adopt(parent))
	}
	r.order = append(r.order, &own)
	return &own
}

func (p *parser) setEra(l *line) error {
	p.recipe.era = l.args[0]
	return oneOf(l.args[0], "old new")
}

// silence loses all that an origin has, in every repository.
func (p *parser) silence(what string) error {
	origin := evidence.Origin(what)
	if !slices.Contains(witnesses, origin) {
		return fmt.Errorf("%q cannot be lost", what)
	}
	p.recipe.silent[origin] = true
	return nil
}

// madePublic dates the PublicEvent of a repository that was private before.
func (p *parser) published(*line) (err error) {
	p.repo.madePublic, err = p.clock()
	return err
}

// sign reads who signed a commit and when GitHub checked that.
func (p *parser) sign(l *line, c *commit) error {
	switch {
	case l.flags["signed-by-github"]:
		c.signed = "github"
	case l.flags["signed"]:
		c.signed = "author"
	case l.named["verified"] != "":
		return errors.New("verified: needs a signature")
	default:
		return nil
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	c.verified, err = instant(at, l.named["verified"])
	return err
}

// archived reads "archive missing HOUR", "archive truncated HOUR", "archive noise N", "archive twice REF#N" and "archive lag=D".
func (p *parser) archived(l *line) error {
	a := &p.recipe.archive
	if l.named["lag"] != "" {
		d, err := lag(l.named["lag"])
		a.lag = d
		return err
	}
	switch what := l.arg(0); what {
	case "missing", "truncated":
		hour, err := time.Parse("2006-01-02T15", l.arg(1))
		if err != nil {
			return fmt.Errorf("%q is not an hour like 2025-09-02T03", l.arg(1))
		}
		a.damaged[hour] = what
		return nil
	case "noise":
		n, err := whole(l.arg(1))
		if err != nil || n > maxNoise {
			return fmt.Errorf("%q is not a number up to %d", l.arg(1), maxNoise)
		}
		a.noise = int(n)
		return nil
	case "twice":
		if p.repo == nil {
			return errors.New("twice: needs a repository before it")
		}
		u, err := p.findUpdate(l.arg(1))
		if err == nil {
			u.twice = true
		}
		return err
	}
	return fmt.Errorf("%q: missing, truncated, noise, twice or lag", strings.Join(l.args, " "))
}

// graphql says that GraphQL, as GitHub's own, answers nobody without a token.
func (p *parser) graphql(l *line) error {
	p.recipe.tokened = true
	return oneOf(l.args[0], "needs-token")
}
