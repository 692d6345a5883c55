package drill

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

func (p *parser) now(l *line) (err error) {
	p.recipe.Now, err = instant(time.Time{}, l.args[0])
	return err
}

// actor is a login with the identity that its commits bear. The campaign pushes as its victims do, so it needs none of its own.
func (p *parser) actor(l *line) error {
	a := &actor{login: l.args[0], name: l.named["name"], email: l.named["email"], zone: l.named["zone"]}
	if p.recipe.actors[a.login] != nil {
		return fmt.Errorf("%q is there already", a.login)
	}
	var err error
	if a.id, err = whole(l.named["id"]); err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if a.name == "" || !strings.HasSuffix(a.email, ".invalid") || strings.ContainsAny(a.name+a.email, "<>\n") {
		return errors.New("needs a name, and an address under .invalid")
	}
	if a.zone == "" {
		a.zone = "+0000"
	}
	if _, err := time.Parse("-0700", a.zone); err != nil {
		return fmt.Errorf("zone %q is not like +0200", a.zone)
	}
	p.recipe.actors[a.login] = a
	return nil
}

// cap makes an endpoint give fewer rows than asked, so that short lists have pages.
func (p *parser) cap(l *line) error {
	n, err := whole(l.args[1])
	if err != nil || n > maxPerPage {
		return fmt.Errorf("%q is not a number of 1 to %d", l.args[1], maxPerPage)
	}
	switch l.args[0] {
	case "activity", "events", "runs", "jobs", "search", "check-suites", "forks", "releases", "secrets", "environments", "graphql":
		p.recipe.caps[l.args[0]] = int(n)
		return nil
	}
	return fmt.Errorf("no endpoint %q", l.args[0])
}

// rateLimit is said once for each time that the limit is met.
func (p *parser) rateLimit(l *line) error {
	after, err := whole(l.named["after"])
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(l.named["for"])
	if err != nil || d <= 0 || d > maxRateLimit {
		return fmt.Errorf("%q is not a duration up to %s", l.named["for"], maxRateLimit)
	}
	if n := len(p.recipe.limits); n > 0 && p.recipe.limits[n-1].after >= after {
		return errors.New("limits stand in the order in which they are met")
	}
	p.recipe.limits = append(p.recipe.limits, limit{after: after, lasts: d, secondary: l.flags["secondary"]})
	return nil
}

func (p *parser) repository(l *line) error {
	name, err := evidence.ParseRepository(l.args[0])
	if err != nil {
		return err
	}
	id, err := whole(l.named["id"])
	if err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if p.recipe.repository(string(name)) != nil || p.recipe.byID[id] != nil {
		return fmt.Errorf("%s or its id %d is there already", name, id)
	}
	r := &Repository{
		Name: name, ID: id, DefaultBranch: l.named["default"], ForkOf: evidence.Repository(l.named["fork-of"]), Archived: l.flags["archived"],
		commits: map[string]*commit{}, objects: map[evidence.OID]object{}, heads: map[string]*commit{},
		refs: map[evidence.Ref]evidence.OID{}, tags: map[evidence.Ref]*tag{},
		lag: map[string]time.Duration{}, horizon: maps.Clone(p.horizon), maximum: map[string]int{}, recipe: p.recipe,
		clones: map[string]*localClone{},
	}
	if _, err := branchRef(r.DefaultBranch); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	if l.named["created"] == "" {
		return errors.New("needs created")
	}
	if r.CreatedAt, err = instant(time.Time{}, l.named["created"]); err != nil {
		return err
	}
	if r.ForkOf != "" && p.recipe.repository(string(r.ForkOf)) == nil {
		return fmt.Errorf("fork-of: no repository %q before it", r.ForkOf)
	}
	p.recipe.Repositories = append(p.recipe.Repositories, r)
	p.recipe.byName[name.Key()], p.recipe.byID[id] = r, r
	p.repo, p.at, p.asks[r] = r, time.Time{}, map[evidence.Ref]string{}
	return nil
}

// setClock sets when what follows happens. Commits of forged or earlier date say "dated".
func (p *parser) setClock(l *line) (err error) {
	p.at, err = instant(p.at, l.args[0])
	return err
}

// setLag makes the server's times of this repository later than the diary's, from here on for the whole repository.
func (p *parser) setLag(l *line) error {
	for key, value := range l.named {
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 || d > time.Hour {
			return fmt.Errorf("%s: %q is not a duration up to an hour", key, value)
		}
		p.repo.lag[key] = d
	}
	return nil
}

// lost are the words for origins that lose rows, and those that have a horizon.
var (
	lostRows = []string{"activity", "event", "archive", "suite", "pull", "audit", "webhook"}
	horizons = []string{"activity", "events", "runs", "archive", "suites"}
)

// lose hides rows: "lose activity before T" (ahead of all repositories, of each of them), one row, as in "lose event main#2", "lose
// activity tag/v1#1" and "lose jobs 9001", or all that an origin ever had: "lose check-suites".
func (p *parser) lose(l *line) error {
	what := l.args[0]
	if before := l.named["before"]; before != "" {
		t, err := instant(time.Time{}, before)
		if err != nil {
			return err
		}
		if len(l.args) != 1 || !slices.Contains(horizons, what) {
			return fmt.Errorf("before: one of %s", strings.Join(horizons, ", "))
		}
		if p.repo == nil {
			p.horizon[what] = t
		} else {
			p.repo.horizon[what] = t
		}
		return nil
	}
	if len(l.args) == 1 {
		return p.silence(what)
	}
	if p.repo == nil {
		return errors.New("one row: needs a repository before it")
	}
	if what == "jobs" {
		r, err := p.findRun(l.arg(1))
		if err != nil {
			return err
		}
		r.lostJobs = true
		return nil
	}
	if what = strings.TrimSuffix(what, "s"); !slices.Contains(lostRows, what) {
		return fmt.Errorf("%q cannot be lost", what)
	}
	u, err := p.findUpdate(l.arg(1))
	if err != nil {
		return err
	}
	u.unlisted[what] = true
	return nil
}

// findUpdate resolves "main#2", the second move of a branch, and "tag/v1#1".
func (p *parser) findUpdate(row string) (*update, error) {
	short, number, _ := strings.Cut(row, "#")
	ref, err := branchRef(short)
	if name, isTag := strings.CutPrefix(short, "tag/"); isTag {
		ref, err = tagRef(name)
	}
	if err != nil {
		return nil, err
	}
	for _, u := range p.repo.updates {
		if u.ref == ref && strconv.Itoa(u.nth) == number {
			return u, nil
		}
	}
	return nil, fmt.Errorf("no update %q", row)
}

// keep says the most rows that events list, whatever is asked.
func (p *parser) keep(l *line) error {
	n, err := whole(l.named["at-most"])
	if err != nil {
		return err
	}
	if l.args[0] != "events" {
		return fmt.Errorf("%q keeps no maximum", l.args[0])
	}
	p.repo.maximum["events"] = int(n)
	return nil
}

// objectGone purges a commit: from git and REST, or from git alone ("git-gone").
func (p *parser) objectGone(l *line) error {
	c, err := p.find(l.args[0])
	if err != nil {
		return err
	}
	c.lostToGit = true
	c.lostToREST = l.verb == "object-gone"
	return nil
}

func (p *parser) renamedTo(l *line) (err error) {
	if p.recipe.repository(l.args[0]) != nil {
		return fmt.Errorf("%s is there already", l.args[0])
	}
	p.repo.RenamedTo, err = evidence.ParseRepository(l.args[0])
	p.recipe.byName[p.repo.RenamedTo.Key()] = p.repo
	return err
}

// fate says what became of the repository as a whole.
func (p *parser) fate(l *line) error {
	switch word := l.arg(0); l.verb {
	case "gone":
		p.repo.Gone = true
	case "private":
		p.repo.Private = true
	case "blocked":
		if word != "dmca" && word != "tos" {
			return fmt.Errorf("%q: dmca or tos", word)
		}
		p.repo.Blocked = word
	case "api":
		if word != "none" {
			return fmt.Errorf("%q: none", word)
		}
		p.repo.NoAPI = true
	case "actions":
		if word != "disabled" || len(p.repo.runs) > 0 {
			return fmt.Errorf("%q: disabled, and no runs", word)
		}
		p.repo.ActionsOff = true
	case "admin":
		p.repo.admin = true
	}
	return nil
}

// declarable are the facts that a person may state.
var declarable = []string{"revoked", "replaced", "not-used", "false-positive", "confirmed"}

func (p *parser) declare(l *line) error {
	at, err := p.clock()
	if err != nil {
		return err
	}
	d := Declaration{Repository: p.repo.Name, Secret: l.named["secret"], Fact: l.named["fact"], At: at, By: l.named["by"], Because: l.named["because"]}
	if !secretName.MatchString(d.Secret) || !slices.Contains(declarable, d.Fact) || d.By == "" || d.Because == "" {
		return fmt.Errorf("needs secret, fact (one of %s), by and because", strings.Join(declarable, ", "))
	}
	p.recipe.Declarations = append(p.recipe.Declarations, d)
	return nil
}

// ends asserts a ref at the end of the recipe: "ends main fix", "ends tag/v1 plant", "ends pull/7 head1". A recipe names all of them.
func (p *parser) ends(l *line) error {
	ref, err := p.refOf(l.args[0])
	if err != nil {
		return err
	}
	if l.arg(1) == "" {
		return errors.New("needs a ref and a commit")
	}
	if _, dup := p.asks[p.repo][ref]; dup {
		return fmt.Errorf("%s twice", ref)
	}
	p.asks[p.repo][ref] = l.arg(1)
	return nil
}

// refOf expands the short forms of recipes: a branch, tag/NAME, pull/N.
func (p *parser) refOf(short string) (evidence.Ref, error) {
	if name, ok := strings.CutPrefix(short, "tag/"); ok {
		return tagRef(name)
	}
	if n, ok := strings.CutPrefix(short, "pull/"); ok {
		_, err := whole(n)
		return evidence.Ref("refs/pull/" + n + "/head"), err
	}
	return branchRef(short)
}
