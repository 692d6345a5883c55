package ghapi

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// gitData serves objects by name, made as the tests go.
type gitData map[string]http.HandlerFunc

func (d gitData) blob(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	id := hex.EncodeToString(sum[:])
	content := base64.StdEncoding.EncodeToString([]byte(text))
	if len(content) > 60 { // GitHub breaks lines
		content = content[:60] + "\n" + content[60:] + "\n"
	}
	d["/repos/acme/tool/git/blobs/"+id] = sayJSON(object{"sha": id, "encoding": "base64", "content": content, "size": len(text)})
	return id
}

// tree takes "mode type sha name" for each entry.
func (d gitData) tree(id string, entries ...string) string {
	rows := []object{}
	for _, e := range entries {
		f := strings.Fields(e)
		rows = append(rows, object{"mode": f[0], "type": f[1], "sha": f[2], "path": f[3]})
	}
	d["/repos/acme/tool/git/trees/"+id] = sayJSON(object{"sha": id, "tree": rows, "truncated": false})
	return id
}

// commit has the name that git would give it for the message as it is; the answer trims the message and drops the zone.
func (d gitData) commit(tree, message string, parents ...string) string {
	c := evidence.Commit{Tree: evidence.OID(tree), Message: message}
	above := []object{}
	for _, p := range parents {
		above = append(above, object{"sha": p})
		c.Parents = append(c.Parents, evidence.OID(p))
	}
	c.Author = evidence.Signature{Name: "Dev", Email: "dev@example.invalid", Date: time.Date(2025, 9, 6, 23, 38, 0, 0, time.UTC), Zone: "+0200"}
	c.Committer = c.Author
	id := nameOf(text(c))
	message = strings.TrimSuffix(message, "\n")
	person := object{"name": "Dev", "email": "dev@example.invalid", "date": "2025-09-06T23:38:00Z"}
	d["/repos/acme/tool/git/commits/"+id] = sayJSON(object{"sha": id, "tree": object{"sha": tree}, "parents": above, "message": message,
		"author": person, "committer": person, "verification": object{"verified": false, "signature": nil, "payload": nil}})
	return id
}

func nameOf(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "commit %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}

func collectObjects(t *testing.T, d gitData, wants ...Want) (told, []Want, *fake) {
	t.Helper()
	f := newFake(t, d)
	var g told
	missing, err := f.collector(t).Objects(context.Background(), repo, wants, g.emit)
	if err != nil {
		t.Fatal(err)
	}
	g.finished(t, UnitGitData)
	return g, missing, f
}

func want(id string, by ...string) Want { return Want{OID: evidence.OID(id), NamedBy: by} }

func TestObjects(t *testing.T) {
	d := gitData{}
	text := "on: push\njobs: {}\n" + strings.Repeat("# pad\n", 20)
	blob := d.blob(text)
	flows := d.tree(hexID(0x31), "100644 blob "+blob+" s.yml", "100644 blob "+hexID(0x99)+" notes.md", "040000 tree "+hexID(0x98)+" sub.yml")
	dot := d.tree(hexID(0x32), "040000 tree "+flows+" workflows")
	before := d.tree(hexID(0x33), "100644 blob "+hexID(0x51)+" README.md", "100644 blob "+hexID(0x52)+" gone.txt")
	after := d.tree(hexID(0x34), "100644 blob "+hexID(0x53)+" README.md", "040000 tree "+dot+" .github")
	parent := d.commit(before, "good\n")
	plant := d.commit(after, "Add workflow", parent)
	repush := d.commit(after, "Update workflow", plant)

	g, missing, f := collectObjects(t, d, want(plant, "upd-1"), want(repush), want(hexID(0xdead), "upd-2"))
	if len(missing) != 1 || missing[0].OID != evidence.OID(hexID(0xdead)) {
		t.Errorf("missing %+v", missing)
	}
	same(t, "gaps", g.gaps(), []string{"object-missing: " + hexID(0xdead)})
	if len(g.Commits) != 2 || g.Commits[0].Message != "Add workflow" || g.Commits[0].Parents[0] != evidence.OID(parent) || g.Commits[0].Signed ||
		g.Commits[0].Author.Email != "dev@example.invalid" || g.Commits[0].Author.Zone != "+0200" {
		t.Errorf("commits %+v", g.Commits)
	}
	if s := g.Seen[0]; s.Via != "git-data" || s.Commit != evidence.OID(plant) || len(s.NamedBy) != 1 || s.NamedBy[0] != "upd-1" {
		t.Errorf("seen %+v", g.Seen)
	}
	for i, changes := range []string{"[.github README.md gone.txt]", "[]"} {
		if h := g.Holdings[i]; !h.Known || h.Workflows != evidence.OID(flows) || fmt.Sprint(h.RootChanges) != changes {
			t.Errorf("holding %+v, want changes %s", h, changes)
		}
	}
	entry := evidence.WorkflowEntry{Tree: evidence.OID(flows), Path: ".github/workflows/s.yml", Blob: evidence.OID(blob), Mode: "100644"}
	if g.Entries[0] != entry || len(g.Blobs) != 1 || string(g.Blobs[0].Text) != text {
		t.Errorf("entries %+v, blobs %d", g.Entries, len(g.Blobs))
	}
	if len(f.asked) != 10 { // 3 commits + 1 parent asked twice as want and parent, 4 trees, 1 blob
		t.Errorf("asked %d: %q", len(f.asked), f.asked)
	}
}

// TestHoldingOfNoWorkflows: .github may be absent, a file, a submodule; none is a tree of workflows, and that is known.
func TestHoldingOfNoWorkflows(t *testing.T) {
	for name, entry := range map[string]string{
		"absent": "100644 blob " + hexID(1) + " README.md", "a file": "100644 blob " + hexID(1) + " .github",
		"a submodule": "160000 commit " + hexID(1) + " .github", "a link": "120000 blob " + hexID(1) + " .github",
	} {
		d := gitData{}
		g, _, _ := collectObjects(t, d, want(d.commit(d.tree(hexID(0x31), entry), "m")))
		if h := g.Holdings[0]; !h.Known || h.Workflows != "" || len(h.RootChanges) != 1 || len(g.Gaps) != 0 {
			t.Errorf("%s: %+v, %v", name, h, g.gaps())
		}
	}
}

// TestHostileObjects: an object that is not what it is called, or not to be had whole, is a gap and never a fact.
func TestHostileObjects(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(d gitData, flows, blob string)
		gap   func(flows, blob string) string
		known bool
	}{
		"blob of another text": {func(d gitData, _, blob string) {
			d["/repos/acme/tool/git/blobs/"+blob] = sayJSON(object{"encoding": "base64", "content": "YmVuaWduCg=="})
		}, func(_, blob string) string { return "refused: " + blob }, true},
		"blob not base64": {func(d gitData, _, blob string) {
			d["/repos/acme/tool/git/blobs/"+blob] = sayJSON(object{"encoding": "base64", "content": "*"})
		}, func(_, blob string) string { return "refused: " + blob }, true},
		"blob purged": {func(d gitData, _, blob string) { delete(d, "/repos/acme/tool/git/blobs/"+blob) },
			func(_, blob string) string { return "object-missing: " + blob }, true},
		"blob too large": {func(d gitData, flows, blob string) {
			d["/repos/acme/tool/git/trees/"+flows] = sayJSON(object{"sha": flows, "tree": []object{{"mode": "100644", "type": "blob", "sha": blob,
				"path": "s.yml", "size": maxWorkflow + 1}}})
		}, func(_, blob string) string { return "refused: " + blob }, true},
		"tree truncated": {func(d gitData, flows, _ string) {
			d["/repos/acme/tool/git/trees/"+flows] = sayJSON(object{"sha": flows, "tree": []object{}, "truncated": true})
		}, func(flows, _ string) string { return "refused: " + flows }, false},
		"tree with a path": {func(d gitData, flows, blob string) { d.tree(flows, "100644 blob "+blob+" ../../s.yml") },
			func(flows, _ string) string { return "refused: " + flows }, false},
		"tree purged": {func(d gitData, flows, _ string) { delete(d, "/repos/acme/tool/git/trees/"+flows) },
			func(flows, _ string) string { return "object-missing: " + flows }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := gitData{}
			blob := d.blob("on: push\n")
			flows := d.tree(hexID(0x31), "100644 blob "+blob+" s.yml")
			dot := d.tree(hexID(0x32), "040000 tree "+flows+" workflows")
			commit := d.commit(d.tree(hexID(0x34), "040000 tree "+dot+" .github"), "m")
			c.spoil(d, flows, blob)
			g, missing, _ := collectObjects(t, d, want(commit))
			same(t, "gaps", g.gaps(), []string{c.gap(flows, blob)})
			if len(missing) != 0 || len(g.Blobs) != 0 || g.Holdings[0].Known != c.known {
				t.Errorf("missing %v, blobs %d, holding %+v", missing, len(g.Blobs), g.Holdings[0])
			}
		})
	}
}

func TestCommitThatIsAnother(t *testing.T) {
	d := gitData{}
	d["/repos/acme/tool/git/commits/"+hexID(0x42)] = d["/repos/acme/tool/git/commits/"+d.commit(hexID(0x31), "m")]
	g, missing, _ := collectObjects(t, d, want(hexID(0x42)))
	same(t, "gaps", g.gaps(), []string{"refused: " + hexID(0x42)})
	if len(missing) != 1 || len(g.Commits) != 0 {
		t.Errorf("missing %v, commits %v", missing, g.Commits)
	}
}

func TestObjectsOfAnEmptyRepository(t *testing.T) {
	d := gitData{"/repos/acme/tool/git/commits/" + hexID(1): say(409, `{"message":"Git Repository is empty."}`)}
	g, missing, f := collectObjects(t, d, want(hexID(1)), want(hexID(2)))
	same(t, "gaps", g.gaps(), []string{"empty: " + hexID(1), "empty: " + hexID(2)})
	if len(missing) != 2 || len(f.asked) != 1 {
		t.Errorf("missing %v, asked %q", missing, f.asked)
	}
}

func TestFirstParentPurged(t *testing.T) {
	d := gitData{}
	commit := d.commit(d.tree(hexID(0x34), "100644 blob "+hexID(1)+" README.md"), "m", hexID(0x41))
	g, missing, _ := collectObjects(t, d, want(commit))
	same(t, "gaps", g.gaps(), []string{"object-missing: " + hexID(0x41)})
	if len(missing) != 0 || !g.Holdings[0].Known || len(g.Holdings[0].RootChanges) != 0 {
		t.Errorf("missing %v, holding %+v", missing, g.Holdings[0])
	}
}
