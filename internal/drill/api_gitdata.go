package drill

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"pentimento/internal/evidence"
)

// gitPerson is an author or committer of a commit as REST gives it: the date is in UTC, the zone is lost.
type gitPerson struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Date  string `json:"date"`
}

type gitLink struct {
	SHA     evidence.OID `json:"sha"`
	URL     string       `json:"url"`
	HTMLURL string       `json:"html_url,omitempty"`
}

type verification struct {
	Verified   bool    `json:"verified"`
	Reason     string  `json:"reason"`
	Signature  *string `json:"signature"`
	Payload    *string `json:"payload"`
	VerifiedAt *string `json:"verified_at"`
}

type gitCommit struct {
	SHA          evidence.OID `json:"sha"`
	NodeID       string       `json:"node_id"`
	URL          string       `json:"url"`
	HTMLURL      string       `json:"html_url"`
	Author       gitPerson    `json:"author"`
	Committer    gitPerson    `json:"committer"`
	Tree         gitLink      `json:"tree"`
	Message      string       `json:"message"`
	Parents      []gitLink    `json:"parents"`
	Verification verification `json:"verification"`
}

type gitTree struct {
	SHA       evidence.OID `json:"sha"`
	URL       string       `json:"url"`
	Tree      []treeEntry  `json:"tree"`
	Truncated bool         `json:"truncated"`
}

type treeEntry struct {
	Path string       `json:"path"`
	Mode string       `json:"mode"`
	Type string       `json:"type"`
	SHA  evidence.OID `json:"sha"`
	Size *int         `json:"size,omitempty"`
	URL  string       `json:"url"`
}

type gitBlob struct {
	SHA      evidence.OID `json:"sha"`
	NodeID   string       `json:"node_id"`
	Size     int          `json:"size"`
	URL      string       `json:"url"`
	Content  string       `json:"content"`
	Encoding string       `json:"encoding"`
}

// gitData serves objects by id, reachable or not; a commit's id stands for its tree too.
func (c *call) gitData(kind, id string) {
	if len(c.repo.order) == 0 {
		c.fail(http.StatusConflict, "Git Repository is empty.")
		return
	}
	oid, err := evidence.ParseOID(id)
	if err != nil {
		c.fail(http.StatusUnprocessableEntity, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
		return
	}
	o, ok := c.repo.objects[oid]
	if kind == "trees" && o.kind == "commit" {
		oid = o.commit.tree
		o = c.repo.objects[oid]
	}
	switch {
	case !ok || kind != o.kind+"s":
		c.fail(http.StatusNotFound, "Not Found")
	case kind == "commits":
		c.json(c.repo.gitCommit(o.commit))
	case kind == "trees":
		t := gitTree{SHA: oid, URL: c.repo.api("/git/trees/" + string(oid)), Tree: []treeEntry{}}
		c.repo.list(&t, o.entries, "", c.query.Get("recursive") != "")
		c.json(t)
	default:
		c.json(gitBlob{
			SHA: oid, NodeID: "B_" + string(oid), Size: len(o.text), URL: c.repo.api("/git/blobs/" + string(oid)),
			Content: wrap(base64.StdEncoding.EncodeToString([]byte(o.text))), Encoding: "base64",
		})
	}
}

// wrap breaks base64 into lines of 60, as GitHub does.
func wrap(s string) string {
	var b strings.Builder
	for len(s) > 60 {
		b.WriteString(s[:60] + "\n")
		s = s[60:]
	}
	return b.String() + s + "\n"
}

func (r *Repository) gitCommit(c *commit) gitCommit {
	by := c.committer()
	out := gitCommit{
		SHA: c.oid, NodeID: "C_" + string(c.oid), URL: r.api("/git/commits/" + string(c.oid)), HTMLURL: r.web("/commit/" + string(c.oid)),
		Author: gitPerson{c.author.name, c.author.email, stamp(c.date)}, Committer: gitPerson{by.name, by.email, stamp(c.date)}, Tree: gitLink{SHA: c.tree, URL: r.api("/git/trees/" + string(c.tree))}, Message: c.message,
		Parents: []gitLink{}, Verification: verification{Reason: "unsigned"},
	}
	if c.signed != "" {
		signature, payload := c.signature(), string(c.unsigned())
		out.Verification = verification{Verified: true, Reason: "valid", Signature: &signature, Payload: &payload, VerifiedAt: maybeStamp(c.verified)}
	}
	for _, p := range c.parents {
		out.Parents = append(out.Parents, gitLink{SHA: p.oid, URL: r.api("/git/commits/" + string(p.oid)), HTMLURL: r.web("/commit/" + string(p.oid))})
	}
	return out
}

// list adds the entries of a tree, and of those below when asked.
func (r *Repository) list(t *gitTree, entries []entry, prefix string, recursive bool) {
	for _, e := range entries {
		oid := e.id.oid()
		row := treeEntry{Path: prefix + e.name, Mode: e.mode, Type: e.kind, SHA: oid, URL: r.api(fmt.Sprintf("/git/%ss/%s", e.kind, oid))}
		if e.kind == "blob" {
			size := len(r.objects[oid].text)
			row.Size = &size
		}
		t.Tree = append(t.Tree, row)
		if e.kind == "tree" && recursive {
			r.list(t, r.objects[oid].entries, prefix+e.name+"/", true)
		}
	}
}
