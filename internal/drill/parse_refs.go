package drill

import (
	"fmt"
	"strconv"
	"time"

	"pentimento/internal/evidence"
)

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
	if to := l.named["to"]; to != "" {
		if p.repo.heads[l.args[0]], err = p.find(to); err != nil {
			return err
		}
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
		for _, pr := range p.repo.pulls {
			if strconv.Itoa(pr.number) == l.named["merging"] {
				pr.merged = p.at
			}
		}
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
		p.repo.tagged = append(p.repo.tagged, t)
	}
	return p.move(l, ref, after, kind)
}

// pull sets refs/pull/N/head: GitHub does so itself, no update of it is listed anywhere. The head may be a local branch that was never
// pushed here, which is a pull request from a fork. Said again, it moves the ref to the branch's present head.
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
	for _, pr := range p.repo.pulls {
		if pr.number == int(n) {
			pr.tip = c
			return nil
		}
	}
	pr := &pullRequest{number: int(n), head: l.named["head"], base: l.named["base"], fork: evidence.Repository(l.named["fork"]), tip: c, opened: p.at}
	if pr.base == "" {
		pr.base = p.repo.DefaultBranch
	}
	_, here := p.repo.refs["refs/heads/"+evidence.Ref(pr.head)]
	pr.foreign = !here
	if l.named["by"] != "" {
		if pr.by, err = p.who(l); err != nil {
			return err
		}
	}
	p.repo.pulls = append(p.repo.pulls, pr)
	return nil
}

// seed sets a branch that was there when the repository came to be, as in a fork: no update of it is listed anywhere.
func (p *parser) seed(l *line) error {
	ref, err := branchRef(l.args[0])
	if err != nil {
		return err
	}
	c := p.repo.heads[l.args[0]]
	if c == nil || p.repo.refs[ref] != "" {
		return fmt.Errorf("no branch %q, or it is at GitHub already", l.args[0])
	}
	p.repo.refs[ref] = c.oid
	return nil
}
