package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// statedTruth is a truth line with the repository that it stands under.
type statedTruth struct {
	line *line
	repo *Repository
}

// truthKeys are the named parts of all truth lines; [truthParts] says which kind takes which.
var truthKeys = []string{"role", "pushed", "ref", "versions", "state", "armed", "added", "added-by", "removed", "removed-by", "how", "secrets",
	"host", "repositories", "opened", "closed", "execution", "credential", "recovered", "from", "until", "head", "status", "job", "began", "environment",
	"token", "oidc", "version", "project", "value", "verdict", "rule"}

var truthParts = map[string]string{
	"state": "", "contains": "", "gap": "", "recovered": "",
	"commit":   "role pushed recovered",
	"held":     "ref versions from until",
	"presence": "ref versions state armed added added-by removed removed-by how",
	"finding":  "secrets host repositories",
	"run":      "execution",
	"start":    "ref head status",
	"reads":    "job began secrets environment token oidc",
	"rung":     "version execution",
	"pusher":   "opened",
	"window":   "opened closed state execution credential",
	"verdict":  "credential project value state verdict rule",
	"release":  "state",
}

// truth keeps a line until the whole recipe is known, for a truth may name what comes later.
func (p *parser) truth(l *line) error {
	parts, ok := truthParts[l.args[0]]
	if !ok {
		return fmt.Errorf("no kind %q", l.args[0])
	}
	for key := range l.named {
		if !slices.Contains(strings.Fields(parts), key) {
			return fmt.Errorf("%s takes no %q", l.args[0], key)
		}
	}
	p.truths = append(p.truths, &statedTruth{line: l, repo: p.repo})
	return nil
}

func (p *parser) resolve(t *statedTruth) error {
	p.repo = t.repo
	l, truth, name := t.line, &p.recipe.Truth, t.repo.Name
	switch l.args[0] {
	case "state":
		truth.Repos = append(truth.Repos, TruthRepo{name, l.arg(1)})
		return oneOf(l.arg(1), "armed removed rewritten inherited proposed blocked gone unknown clean")
	case "gap":
		subject, err := p.subject(l.arg(2))
		truth.Gaps = append(truth.Gaps, TruthGap{name, evidence.GapKind(l.arg(1)), subject})
		return err
	case "recovered":
		c, err := p.find(l.arg(1))
		if err == nil {
			truth.Recovered = append(truth.Recovered, TruthRecovered{name, c.oid})
		}
		return err
	case "contains":
		ref, err := p.refOf(l.arg(1))
		if err != nil {
			return err
		}
		c, err := p.find(l.arg(2))
		if err == nil {
			truth.Contains = append(truth.Contains, TruthContains{name, ref, c.oid})
		}
		return err
	case "run":
		r, err := p.findRun(l.arg(1))
		if err == nil {
			truth.Runs = append(truth.Runs, TruthRun{name, r.id, l.named["execution"]})
		}
		return err
	case "start":
		return p.truthStart(l, name)
	case "reads":
		return p.truthReads(l, name)
	case "rung":
		return p.truthRung(l, name)
	case "pusher":
		return p.truthPusher(l)
	case "commit":
		return p.truthCommit(l, name)
	case "presence":
		return p.truthPresence(l, name)
	case "held":
		return p.truthHeld(l, name)
	case "finding":
		return p.truthFinding(l)
	case "verdict":
		return p.truthVerdict(l, name)
	case "release":
		return p.truthRelease(l, name)
	}
	return p.truthWindow(l, name)
}

func (p *parser) truthCommit(l *line, name evidence.Repository) error {
	c, err := p.find(l.arg(1))
	if err != nil {
		return err
	}
	pushed, err := optional(l.named["pushed"])
	if err != nil {
		return err
	}
	p.recipe.Truth.Commits = append(p.recipe.Truth.Commits, TruthCommit{name, c.oid, l.named["role"], pushed, l.named["recovered"] == "yes"})
	return oneOf(l.named["role"], "plant rearm repush trigger removal other")
}

func (p *parser) truthPresence(l *line, name evidence.Repository) (err error) {
	row := TruthPresence{Repository: name, Path: ".github/workflows/" + l.arg(1), State: l.named["state"], Armed: l.named["armed"], How: l.named["how"]}
	if ref := l.named["ref"]; ref != "none" {
		if row.Ref, err = p.refOf(ref); err != nil {
			return err
		}
	}
	for _, label := range list(l.named["versions"]) {
		c, err := p.find(label)
		if err != nil {
			return err
		}
		text, ok := c.files[row.Path]
		if !ok {
			return fmt.Errorf("%s does not hold %s", label, row.Path)
		}
		row.Versions = append(row.Versions, TruthVersion{hash("blob", []byte(text)).oid(), c.oid})
	}
	added, err := optional(l.named["added"])
	if err != nil || added == nil || len(row.Versions) == 0 {
		return errors.Join(errors.New("needs versions and added"), err)
	}
	row.Added = *added
	if row.Removed, err = optional(l.named["removed"]); err != nil {
		return err
	}
	if row.AddedBy, err = p.maybeCommit(l.named["added-by"]); err != nil {
		return err
	}
	if row.RemovedBy, err = p.maybeCommit(l.named["removed-by"]); err != nil {
		return err
	}
	if (row.Removed == nil) != (row.How == "") {
		return errors.New("removed and how stand together")
	}
	p.recipe.Truth.Presence = append(p.recipe.Truth.Presence, row)
	return errors.Join(oneOf(row.State, "proven possible"), oneOf(row.Armed, "armed proposed inherited no"))
}

func (p *parser) truthHeld(l *line, name evidence.Repository) error {
	ref, err := p.refOf(l.named["ref"])
	if err != nil {
		return err
	}
	row := TruthHeld{Repository: name, Ref: ref, Path: ".github/workflows/" + l.arg(1)}
	for _, label := range list(l.named["versions"]) {
		c, err := p.find(label)
		if err != nil {
			return err
		}
		row.Commits = append(row.Commits, c.oid)
	}
	if row.From, err = instant(time.Time{}, l.named["from"]); err != nil || row.From.IsZero() || len(row.Commits) == 0 {
		return errors.Join(errors.New("needs versions and from"), err)
	}
	if row.Until, err = instant(time.Time{}, l.named["until"]); err != nil {
		return err
	}
	p.recipe.Truth.Held = append(p.recipe.Truth.Held, row)
	return nil
}

func (p *parser) truthFinding(l *line) error {
	c, err := p.find(l.arg(1))
	if err != nil {
		return err
	}
	path := ".github/workflows/" + l.arg(2)
	text, ok := c.files[path]
	if !ok {
		return fmt.Errorf("%s does not hold %s", c.label, path)
	}
	f := TruthFinding{Blob: hash("blob", []byte(text)).oid(), Paths: []string{path}, Secrets: list(l.named["secrets"]), Destinations: list(l.named["host"])}
	for _, name := range list(l.named["repositories"]) {
		r := p.recipe.repository(name)
		if r == nil {
			return fmt.Errorf("no repository %q", name)
		}
		f.Repositories = append(f.Repositories, r.Name)
	}
	p.recipe.Truth.Findings = append(p.recipe.Truth.Findings, f)
	return nil
}

func (p *parser) truthWindow(l *line, name evidence.Repository) error {
	w := TruthWindow{Repository: name, Secret: l.arg(1), Credential: l.named["credential"], State: l.named["state"], Execution: l.named["execution"]}
	if w.Credential == "" {
		w.Credential = "unlinked"
	}
	opened, err := optional(l.named["opened"])
	if err != nil || opened == nil {
		return errors.Join(errors.New("needs opened"), err)
	}
	w.Opened = *opened
	if w.Closed, err = optional(l.named["closed"]); err != nil {
		return err
	}
	p.recipe.Truth.Windows = append(p.recipe.Truth.Windows, w)
	return oneOf(w.State, "closed open not_known_closed")
}

func (p *parser) truthPusher(l *line) error {
	if p.recipe.actors[l.arg(1)] == nil {
		return fmt.Errorf("no actor %q", l.arg(1))
	}
	opened, err := optional(l.named["opened"])
	if err != nil || opened == nil {
		return errors.Join(errors.New("needs opened"), err)
	}
	p.recipe.Truth.Pushers = append(p.recipe.Truth.Pushers, TruthPusher{l.arg(1), *opened})
	return nil
}

func (p *parser) maybeCommit(label string) (evidence.OID, error) {
	if label == "" {
		return "", nil
	}
	c, err := p.find(label)
	if err != nil {
		return "", err
	}
	return c.oid, nil
}

// subject resolves "commit:LABEL" and "suites:LABEL"; anything else stands as it is.
func (p *parser) subject(s string) (string, error) {
	if label, ok := strings.CutPrefix(s, "suites:"); ok {
		oid, err := p.maybeCommit(label)
		return "check suites of " + string(oid), err
	}
	if label, ok := strings.CutPrefix(s, "commit:"); ok {
		oid, err := p.maybeCommit(label)
		return string(oid), err
	}
	return s, nil
}

// optional reads an instant, nil for "none" and for nothing. "T@clock" bounds both sides, "T@clock..T@clock" each, a side left out is
// unbounded, "?" is wholly unknown.
func optional(s string) (*when.Instant, error) {
	switch s {
	case "", "none":
		return nil, nil
	case "?":
		return &when.Instant{}, nil
	}
	from, to, spans := strings.Cut(s, "..")
	if !spans {
		to = from
	}
	nb, err := bound(from)
	if err != nil {
		return nil, err
	}
	na, err := bound(to)
	if err != nil {
		return nil, err
	}
	out := when.Between(nb, na)
	return &out, nil
}

func bound(s string) (when.Bound, error) {
	if s == "" {
		return when.Bound{}, nil
	}
	at, clock, _ := strings.Cut(s, "@")
	t, err := instant(time.Time{}, at)
	if err != nil {
		return when.Bound{}, err
	}
	c, err := when.ParseClock(clock)
	if err == nil && c == when.NoClock {
		err = fmt.Errorf("%q names no clock", s)
	}
	return when.Bound{At: t, Clock: c}, err
}

func oneOf(word, of string) error {
	if slices.Contains(strings.Fields(of), word) {
		return nil
	}
	return fmt.Errorf("%q: one of %s", word, of)
}
