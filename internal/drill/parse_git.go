package drill

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// who finds the actor of a "by".
func (p *parser) who(l *line) (*actor, error) {
	a := p.recipe.actors[l.named["by"]]
	if a == nil {
		return nil, fmt.Errorf("no actor %q", l.named["by"])
	}
	return a, nil
}

// clock is the time of the statement, which "dated" forges and nothing else.
func (p *parser) clock() (time.Time, error) {
	if p.at.IsZero() {
		return time.Time{}, errors.New(`no "at" before it`)
	}
	return p.at, nil
}

// find resolves the label of a commit of this repository.
func (p *parser) find(label string) (*commit, error) {
	if c := p.repo.commits[label]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no commit %q", label)
}

// begin opens a commit with its date, author and message; the caller sets parents and files.
func (p *parser) begin(l *line) (*commit, error) {
	label := l.args[0]
	if p.repo.commits[label] != nil {
		return nil, fmt.Errorf("a commit %q is there already", label)
	}
	if strings.ContainsAny(label, ":/,=") {
		return nil, fmt.Errorf("%q is not a name for a commit", label)
	}
	author, err := p.who(l)
	if err != nil {
		return nil, err
	}
	at, err := p.clock()
	if err != nil {
		return nil, err
	}
	date, err := instant(at, l.named["dated"])
	if err != nil {
		return nil, err
	}
	if _, err := branchRef(l.named["on"]); err != nil {
		return nil, err
	}
	message := l.arg(1)
	if !l.flags["no-newline"] {
		message += "\n"
	}
	c := &commit{label: label, author: author, date: date, message: message, files: map[string]string{}}
	return c, p.sign(l, c)
}

func (p *parser) enter(c *commit, branch string) {
	p.repo.commits[c.label] = c
	p.repo.order = append(p.repo.order, c)
	p.repo.heads[branch] = c
	p.open = c
}

// commit adds a commit to a local branch: from the commit named, else from the branch's own tip, else as a root.
func (p *parser) commit(l *line) error {
	c, err := p.begin(l)
	if err != nil {
		return err
	}
	parent := p.repo.heads[l.named["on"]]
	if from := l.named["from"]; from != "" {
		if parent, err = p.find(from); err != nil {
			return err
		}
	}
	switch {
	case l.flags["orphan"]:
	case parent != nil:
		c.parents = []*commit{parent}
		c.files = maps.Clone(parent.files)
	case len(p.repo.commits) > 0:
		return fmt.Errorf(`branch %q is new: say "from" which commit, or "orphan"`, l.named["on"])
	}
	p.enter(c, l.named["on"])
	return nil
}

// merge joins a commit into a local branch: what it changed since their common base is taken over, file by file.
func (p *parser) merge(l *line) error {
	c, err := p.begin(l)
	if err != nil {
		return err
	}
	ours := p.repo.heads[l.named["on"]]
	if ours == nil {
		return fmt.Errorf("no branch %q", l.named["on"])
	}
	theirs, err := p.find(l.named["with"])
	if err != nil {
		return err
	}
	var base map[string]string
	if b := ours.base(theirs); b != nil {
		base = b.files
	}
	c.parents, c.files = []*commit{ours, theirs}, maps.Clone(ours.files)
	for path := range base {
		if _, kept := theirs.files[path]; !kept {
			delete(c.files, path)
		}
	}
	for path, text := range theirs.files {
		if old, there := base[path]; !there || old != text {
			c.files[path] = text
		}
	}
	p.enter(c, l.named["on"])
	return nil
}

// filePath is what a recipe needs of paths: nothing that needs quotes, nothing that leaves the tree.
var filePath = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)

// takesFiles checks a path that a file statement names: well formed, and neither inside a file nor a folder of the tree.
func (p *parser) takesFiles(path string) error {
	if p.open == nil {
		return errors.New("needs a commit before it")
	}
	for part := range strings.SplitSeq(path, "/") {
		if !filePath.MatchString(path) || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return fmt.Errorf("%q is not a path", path)
		}
	}
	for other := range p.open.files {
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			return fmt.Errorf("%q and %q cannot both be", path, other)
		}
	}
	return nil
}

func (p *parser) writeFile(l *line) error {
	if err := p.takesFiles(l.args[0]); err != nil {
		return err
	}
	text := ""
	if as := l.named["as"]; as != "" {
		var err error
		if text, err = template(as, list(l.named["secrets"]), l.named["host"]); err != nil {
			return err
		}
	}
	p.file = l.args[0]
	p.open.files[p.file] = text
	return nil
}

func (p *parser) appendFile(l *line) error {
	if err := p.takesFiles(l.args[0]); err != nil {
		return err
	}
	p.file = l.args[0]
	return nil
}

func (p *parser) removeFile(l *line) error {
	if err := p.takesFiles(l.args[0]); err != nil {
		return err
	}
	if _, ok := p.open.files[l.args[0]]; !ok {
		return fmt.Errorf("no file %q", l.args[0])
	}
	delete(p.open.files, l.args[0])
	return nil
}

func (p *parser) restoreFile(l *line) error {
	if err := p.takesFiles(l.args[0]); err != nil {
		return err
	}
	c, err := p.find(l.named["from"])
	if err != nil {
		return err
	}
	text, ok := c.files[l.args[0]]
	if !ok {
		return fmt.Errorf("%s has no file %q", c.label, l.args[0])
	}
	p.open.files[l.args[0]] = text
	return nil
}
