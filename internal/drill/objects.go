package drill

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// commit is a commit of a recipe. Its id is worked out here; [Server.build] checks it against git's own.
type commit struct {
	label                 string
	oid, tree             evidence.OID
	parents               []*commit
	files                 map[string]string // path -> text
	author                *actor
	date                  time.Time
	message               string
	lostToGit, lostToREST bool
	signed                string    // who signed: "github" for what is made in its browser, "author", empty for nobody
	verified              time.Time // when GitHub checked the signature
}

// tag is an annotated tag.
type tag struct {
	oid     evidence.OID
	target  *commit
	name    string
	tagger  *actor
	date    time.Time
	message string
}

// object is a git object: body as git stores it, the rest as REST serves it.
type object struct {
	kind    string // "commit", "tree", "blob"
	body    []byte
	commit  *commit
	entries []entry
	text    string
}

type entry struct {
	name, mode, kind string
	id               objectID
}

// objectID is a git object name in the raw form that trees hold.
type objectID [sha1.Size]byte

func (id objectID) oid() evidence.OID { return evidence.OID(hex.EncodeToString(id[:])) }

// hashText is a digest of a text that is no object.
func hashText(s string) objectID { return sha1.Sum([]byte(s)) }

// hash is git's name of an object.
func hash(kind string, body []byte) objectID {
	return sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(body)), body...))
}

// webFlow is the committer of what is made in GitHub's browser.
var webFlow = &actor{login: "web-flow", name: "GitHub", email: "noreply@github.com", id: 19864447}

// committer is who commits: GitHub for what is made in its browser, else the author.
func (c *commit) committer() *actor {
	if c.signed != "github" {
		return c.author
	}
	by := *webFlow
	by.zone = c.author.zone
	return &by
}

// unsigned is the commit as it is before anybody signs it, which is what is signed.
func (c *commit) unsigned() []byte {
	return fmt.Appendf(c.head(), "\n%s", c.message)
}

func (c *commit) head() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", p.oid)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n", c.author.sign(c.date), c.committer().sign(c.date))
	return b.Bytes()
}

// signature is an armoured block that no key has made: it has the shape, and GitHub's word on it is the recipe's.
func (c *commit) signature() string {
	sum := sha1.Sum(c.unsigned())
	return "-----BEGIN PGP SIGNATURE-----\n\n" + base64.StdEncoding.EncodeToString(sum[:]) + "\n-----END PGP SIGNATURE-----\n"
}

// encode writes the commit as git stores it.
func (c *commit) encode() []byte {
	if c.signed == "" {
		return c.unsigned()
	}
	indented := strings.ReplaceAll(strings.TrimSuffix(c.signature(), "\n"), "\n", "\n ")
	return fmt.Appendf(c.head(), "gpgsig %s\n\n%s", indented, c.message)
}

// seal computes the ids of a commit and files its objects.
func (r *Repository) seal(c *commit) {
	c.tree = r.sealTree(c.files).oid()
	c.oid = hash("commit", c.encode()).oid()
	r.file(c)
}

// file files the objects of a sealed commit.
func (r *Repository) file(c *commit) {
	r.sealTree(c.files)
	r.objects[c.oid] = object{kind: "commit", body: c.encode(), commit: c}
}

// sealTree files the tree of the given files, paths relative to it, and everything below.
func (r *Repository) sealTree(files map[string]string) objectID {
	below := map[string]map[string]string{}
	var entries []entry
	for path, text := range files {
		dir, rest, nested := strings.Cut(path, "/")
		if nested {
			if below[dir] == nil {
				below[dir] = map[string]string{}
			}
			below[dir][rest] = text
			continue
		}
		id := hash("blob", []byte(text))
		r.objects[id.oid()] = object{kind: "blob", body: []byte(text), text: text}
		entries = append(entries, entry{name: path, mode: "100644", kind: "blob", id: id})
	}
	for dir, files := range below {
		entries = append(entries, entry{name: dir, mode: "040000", kind: "tree", id: r.sealTree(files)})
	}
	// git sorts a tree as if its folders' names ended in a slash
	key := func(e entry) string {
		if e.kind == "tree" {
			return e.name + "/"
		}
		return e.name
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(key(a), key(b)) })
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\x00%s", strings.TrimPrefix(e.mode, "0"), e.name, e.id[:])
	}
	id := hash("tree", b.Bytes())
	r.objects[id.oid()] = object{kind: "tree", body: b.Bytes(), entries: entries}
	return id
}

func (t *tag) seal() { t.oid = hash("tag", t.encode()).oid() }

// encode writes the tag as git stores it.
func (t *tag) encode() []byte {
	return fmt.Appendf(nil, "object %s\ntype commit\ntag %s\ntagger %s\n\n%s", t.target.oid, t.name, t.tagger.sign(t.date), t.message)
}

// sign is the actor as git writes a person with a time.
func (a *actor) sign(t time.Time) string {
	return fmt.Sprintf("%s <%s> %d %s", a.name, a.email, t.Unix(), a.zone)
}

// reaches reports whether a commit is c or an ancestor of c.
func (c *commit) reaches(a *commit) bool {
	seen := map[*commit]bool{}
	stack := []*commit{c}
	for len(stack) > 0 {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if x == a {
			return true
		}
		if seen[x] {
			continue
		}
		seen[x] = true
		stack = append(stack, x.parents...)
	}
	return false
}

// base finds the youngest commit along c's first parents that other reaches too, nil for none.
func (c *commit) base(other *commit) *commit {
	for x := c; ; x = x.parents[0] {
		if other.reaches(x) {
			return x
		}
		if len(x.parents) == 0 {
			return nil
		}
	}
}
