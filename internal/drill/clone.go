package drill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// localClone is somebody's clone as it grows with the diary: its refs, its reflogs, and the commits that ever came into it. The server may
// lose them afterwards; the clone does not.
type localClone struct {
	repo   *Repository
	by     *actor
	refs   map[evidence.Ref]evidence.OID
	peeled map[evidence.Ref]evidence.OID
	logs   map[evidence.Ref]*strings.Builder // "HEAD" too
	held   []*commit
	tags   []*tag
}

// cloneAddress stands in reflogs for the server's address, which is known when a clone is written.
const cloneAddress = "{address}"

const cloneConfig = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logallrefupdates = true
[remote "origin"]
	url = %s
	fetch = +refs/heads/*:refs/remotes/origin/*
[branch "%s"]
	remote = origin
	merge = refs/heads/%s
`

// note adds a reflog entry in git's format: old, new, who, when, why.
func (c *localClone) note(ref evidence.Ref, old, next evidence.OID, by *actor, at time.Time, why string) {
	if old == "" {
		old = evidence.ZeroOID
	}
	if c.logs[ref] == nil {
		c.logs[ref] = &strings.Builder{}
	}
	fmt.Fprintf(c.logs[ref], "%s %s %s\t%s\n", old, next, by.sign(at), why)
}

// receive takes in what a ref of the server holds.
func (c *localClone) receive(oid evidence.OID) {
	for _, t := range c.repo.tagged {
		if t.oid == oid && !slices.Contains(c.tags, t) {
			c.tags = append(c.tags, t)
			oid = t.target.oid
		}
	}
	if tip := c.repo.named(oid); tip != nil {
		set := map[*commit]bool{}
		tip.mark(set)
		for _, x := range c.repo.order {
			if set[x] && !slices.Contains(c.held, x) {
				c.held = append(c.held, x)
			}
		}
	}
}

func (c *localClone) receiveTags() {
	for ref, oid := range c.repo.refs {
		if _, there := c.refs[ref]; ref.Tag() && !there { // a tag that is there is not moved by a fetch
			c.refs[ref] = oid
			if t := c.repo.tags[ref]; t != nil && t.oid == oid {
				c.peeled[ref] = t.target.oid
			}
			c.receive(oid)
		}
	}
}

func tracking(branch evidence.Ref) evidence.Ref {
	return "refs/remotes/origin/" + evidence.Ref(branch.Short())
}

// main is the branch that the clone has checked out.
func (c *localClone) main() evidence.Ref { return "refs/heads/" + evidence.Ref(c.repo.DefaultBranch) }

func (p *parser) clone(l *line) error {
	by, err := p.who(l)
	if err != nil {
		return err
	}
	at, err := p.clock()
	if err != nil {
		return err
	}
	if p.repo.clones[l.args[0]] != nil {
		return fmt.Errorf("%q is there already", l.args[0])
	}
	c := &localClone{repo: p.repo, by: by, refs: map[evidence.Ref]evidence.OID{}, peeled: map[evidence.Ref]evidence.OID{}, logs: map[evidence.Ref]*strings.Builder{}}
	tip, ok := p.repo.refs[c.main()]
	if !ok {
		return fmt.Errorf("%s is not at GitHub yet", c.main())
	}
	for ref, oid := range p.repo.refs {
		if ref.Branch() {
			c.refs[tracking(ref)] = oid
			c.receive(oid)
		}
	}
	c.receiveTags()
	c.refs[c.main()] = tip
	for _, ref := range []evidence.Ref{"HEAD", c.main(), "refs/remotes/origin/HEAD"} {
		c.note(ref, "", tip, by, at, "clone: from "+cloneAddress)
	}
	p.repo.clones[l.args[0]] = c
	return nil
}

func (p *parser) cloneNamed(l *line) (*localClone, time.Time, error) {
	at, err := p.clock()
	if err != nil {
		return nil, at, err
	}
	c := p.repo.clones[l.args[0]]
	if c == nil {
		return nil, at, fmt.Errorf("no clone %q", l.args[0])
	}
	return c, at, nil
}

// fetch brings the remote-tracking refs up to date, as `git fetch` does; action is what the reflog calls it.
func (c *localClone) fetch(at time.Time, action string, prune bool) {
	var branches []evidence.Ref
	for ref := range c.repo.refs {
		if ref.Branch() {
			branches = append(branches, ref)
		}
	}
	slices.Sort(branches)
	for _, ref := range branches {
		oid, local := c.repo.refs[ref], tracking(ref)
		old := c.refs[local]
		if old == oid {
			continue
		}
		why := "forced-update"
		switch was := c.repo.named(old); {
		case was == nil:
			why = "storing head"
		case c.repo.named(oid).reaches(was):
			why = "fast-forward"
		}
		c.receive(oid)
		c.note(local, old, oid, c.by, at, action+": "+why)
		c.refs[local] = oid
	}
	c.receiveTags()
	for ref := range c.refs {
		branch, remote := strings.CutPrefix(string(ref), "refs/remotes/origin/")
		if _, there := c.repo.refs["refs/heads/"+evidence.Ref(branch)]; remote && prune && !there {
			delete(c.refs, ref) // git deletes the reflog of a ref with it
			delete(c.logs, ref)
		}
	}
}

func (p *parser) cloneFetch(l *line) error {
	c, at, err := p.cloneNamed(l)
	if err != nil {
		return err
	}
	action := "fetch origin"
	if l.flags["prune"] {
		action = "fetch --prune origin"
	}
	c.fetch(at, action, l.flags["prune"])
	return nil
}

func (p *parser) clonePull(l *line) error {
	c, at, err := p.cloneNamed(l)
	if err != nil {
		return err
	}
	c.fetch(at, "pull", false)
	old, next := c.refs[c.main()], c.refs[tracking(c.main())]
	if !p.repo.named(next).reaches(p.repo.named(old)) {
		return errors.New("is no fast-forward")
	}
	if old != next {
		c.advance(c.main(), next, c.by, at, "pull: Fast-forward")
	}
	return nil
}

// advance moves a local branch, and HEAD with it where it is checked out.
func (c *localClone) advance(branch evidence.Ref, next evidence.OID, by *actor, at time.Time, why string) {
	old := c.refs[branch]
	c.note(branch, old, next, by, at, why)
	if branch == c.main() {
		c.note("HEAD", old, next, by, at, why)
	}
	c.refs[branch] = next
}

// clonePush says that the push just told was made from this clone: the commits that are new were made there, at their dates.
func (p *parser) clonePush(l *line) error {
	c, at, err := p.cloneNamed(l)
	if err != nil {
		return err
	}
	branch, err := branchRef(l.args[1])
	if err != nil {
		return err
	}
	tip := p.repo.named(p.repo.refs[branch])
	if tip == nil {
		return fmt.Errorf("no branch %q at GitHub: push it first", l.args[1])
	}
	known := map[*commit]bool{}
	for _, ref := range []evidence.Ref{branch, c.main()} {
		if have := p.repo.named(c.refs[ref]); have != nil {
			have.mark(known)
		}
	}
	brought := map[*commit]bool{}
	tip.mark(brought)
	for _, x := range p.repo.order {
		if brought[x] && !known[x] {
			c.held = append(c.held, x)
			subject, _, _ := strings.Cut(x.message, "\n")
			c.advance(branch, x.oid, x.author, x.date, "commit: "+subject)
		}
	}
	old := c.refs[tracking(branch)]
	c.note(tracking(branch), old, tip.oid, c.by, at, "update by push")
	c.refs[tracking(branch)] = tip.oid
	return nil
}

// WriteClone writes a clone of the recipe into a folder, as its owner would hand it over: the inner repository with objects, refs and
// reflogs, and no files checked out. Host is the root of the server that it was cloned from, [Server.URL].
func (r *Recipe) WriteClone(dir, host string, repository evidence.Repository, name string) error {
	repo := r.repository(string(repository))
	if repo == nil || repo.clones[name] == nil {
		return fmt.Errorf("drill: no clone %q of %s", name, repository)
	}
	c := repo.clones[name]
	inside := &Repository{objects: map[evidence.OID]object{}}
	for _, x := range c.held {
		inside.file(x)
	}
	for _, t := range c.tags {
		inside.objects[t.oid] = object{kind: "tag", body: t.encode()}
	}
	address := strings.TrimSuffix(host, "/") + "/" + string(repo.fullName()) + ".git"
	config := fmt.Sprintf(cloneConfig, address, repo.DefaultBranch, repo.DefaultBranch)
	git := filepath.Join(dir, ".git")
	if err := writeRepository(git, config, string(c.main()), c.refs, c.peeled, inside.objects); err != nil {
		return fmt.Errorf("drill: clone %s: %w", name, err)
	}
	files := map[evidence.Ref]string{"refs/remotes/origin/HEAD": "ref: " + string(tracking(c.main())) + "\n"}
	if !r.silent[evidence.OriginReflog] {
		for ref, text := range c.logs {
			files["logs/"+ref] = strings.ReplaceAll(text.String(), cloneAddress, address)
		}
	}
	for file, text := range files {
		path := filepath.Join(git, filepath.FromSlash(string(file)))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return fmt.Errorf("drill: clone %s: %w", name, err)
		}
	}
	return nil
}
