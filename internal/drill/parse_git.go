package drill

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"pentimento/internal/evidence"
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
	return &commit{label: label, line: l.number, author: author, date: date, message: message, files: map[string]string{}}, nil
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
	case len(p.repo.order) > 0:
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

func (p *parser) takesFiles(path string) error {
	if p.open == nil {
		return errors.New("needs a commit before it")
	}
	_, err := fullRef("", path)
	if err != nil && !strings.HasPrefix(path, ".") {
		return fmt.Errorf("%q is not a path", path)
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

// move records an update of a ref at the server and does it. The zero after deletes.
func (p *parser) move(l *line, ref evidence.Ref, after evidence.OID, kind evidence.Kind) error {
	by, err := p.who(l)
	if err != nil {
		return err
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	before := evidence.ZeroOID
	if old, ok := p.repo.refs[ref]; ok {
		before = old
	}
	if before == after {
		return fmt.Errorf("%s is there already", ref)
	}
	u := &update{ref: ref, before: before, after: after, kind: kind, at: at, actor: by, nth: 1, unlisted: map[string]bool{}}
	for _, x := range p.repo.updates {
		if x.ref == ref {
			u.nth = x.nth + 1
		}
		if x.at.After(at) {
			return fmt.Errorf("%s moved later, at %s: a diary goes forward", x.ref, x.at.Format(time.RFC3339))
		}
	}
	p.repo.updates = append(p.repo.updates, u)
	if after == evidence.ZeroOID {
		delete(p.repo.refs, ref)
		return nil
	}
	p.repo.refs[ref] = after
	return nil
}

func (p *parser) push(l *line) error {
	ref, err := branchRef(l.args[0])
	if err != nil {
		return err
	}
	c := p.repo.heads[l.args[0]]
	if c == nil {
		return fmt.Errorf("no branch %q", l.args[0])
	}
	kind := evidence.Push
	if old, there := p.repo.refs[ref]; !there {
		kind = evidence.BranchCreation
	} else if !c.reaches(p.repo.named(old)) {
		return fmt.Errorf("%s is no fast-forward: say force-push", l.args[0])
	}
	if l.named["merging"] != "" {
		if p.repo.refs[evidence.Ref("refs/pull/"+l.named["merging"]+"/head")] == "" {
			return fmt.Errorf("no pull request %q", l.named["merging"])
		}
		kind = evidence.PRMerge
	}
	return p.move(l, ref, c.oid, kind)
}

func (p *parser) forcePush(l *line) error {
	ref, err := branchRef(l.args[0])
	if err != nil {
		return err
	}
	c, err := p.find(l.named["to"])
	if err != nil {
		return err
	}
	old := p.repo.named(p.repo.refs[ref])
	if old == nil {
		return fmt.Errorf("no branch %q at GitHub", l.args[0])
	}
	if c.reaches(old) {
		return fmt.Errorf("%s is a fast-forward: say push", l.args[0])
	}
	p.repo.heads[l.args[0]] = c
	return p.move(l, ref, c.oid, evidence.ForcePush)
}

func (p *parser) delete(l *line) error {
	ref, kind, err := evidence.Ref(""), evidence.BranchDeletion, error(nil)
	switch l.args[0] {
	case "branch":
		ref, err = branchRef(l.args[1])
		delete(p.repo.heads, l.args[1])
	case "tag":
		kind = evidence.TagDeletion
		ref, err = tagRef(l.args[1])
	default:
		err = fmt.Errorf("%q: branch or tag", l.args[0])
	}
	if err != nil {
		return err
	}
	if _, ok := p.repo.refs[ref]; !ok {
		return fmt.Errorf("no %s at GitHub", ref)
	}
	return p.move(l, ref, evidence.ZeroOID, kind)
}

func (p *parser) tag(l *line) error {
	ref, err := tagRef(l.args[0])
	if err != nil {
		return err
	}
	c, err := p.find(l.named["to"])
	if err != nil {
		return err
	}
	_, there := p.repo.refs[ref]
	if there != l.flags["move"] {
		return fmt.Errorf(`tag %q: "move" is for a tag that is there`, l.args[0])
	}
	kind, after := evidence.TagCreation, c.oid
	if there {
		kind = evidence.ForcePush
	}
	delete(p.repo.tags, ref)
	if message := l.named["annotated"]; message != "" {
		by, err := p.who(l)
		if err != nil {
			return err
		}
		t := &tag{target: c, name: l.args[0], tagger: by, date: p.at, message: message + "\n"}
		t.seal()
		p.repo.tags[ref], after = t, t.oid
	}
	return p.move(l, ref, after, kind)
}

// pull sets refs/pull/N/head: GitHub does so itself, no update of it is listed anywhere. The head may be a local branch that was never
// pushed here, which is a pull request from a fork.
func (p *parser) pull(l *line) error {
	n, err := whole(l.args[0])
	if err != nil {
		return err
	}
	c := p.repo.heads[l.named["head"]]
	if c == nil {
		return fmt.Errorf("no branch %q", l.named["head"])
	}
	p.repo.refs[evidence.Ref(fmt.Sprintf("refs/pull/%d/head", n))] = c.oid
	return nil
}
