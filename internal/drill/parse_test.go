package drill

import (
	"strings"
	"testing"
	"time"
)

const preamble = `now 2025-11-26T12:00:00Z
actor ada id=1 name="Ada" email=ada@mail.example.invalid
repository o/r id=1 default=main created=2024-01-01T00:00:00Z
at 2025-11-01T00:00:00Z
commit a on main by ada "first"
  file f
    | x
push main by ada
`

// TestErrors holds that what a recipe cannot mean is refused, with the line where it stands.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown verb":          {"conjure", `:9: unknown statement "conjure"`},
		"quotes":                {`commit b on main by ada "x`, ":9: quotes do not close"},
		"too many words":        {"push main other by ada", ":9: push: 2 words"},
		"said twice":            {"push main by ada by ada", `:9: push: "by" twice`},
		"nothing after":         {"push main by", `:9: push: nothing after "by"`},
		"no such actor":         {"push main by bob", `:9: push: no actor "bob"`},
		"no such branch":        {"push side by ada", `:9: push: no branch "side"`},
		"no move":               {"push main by ada", ":9: push: refs/heads/main is there already"},
		"text without file":     {"| y", ":9: a text line needs a file"},
		"file without commit":   {"file g", ":9: file: needs a commit"},
		"same name":             {`commit a on main by ada "again"`, `:9: commit: a commit "a" is there`},
		"new branch":            {`commit b on side by ada "b"`, `:9: commit: branch "side" is new`},
		"unknown parent":        {`commit b on side from z by ada "b"`, `:9: commit: no commit "z"`},
		"remove what is not":    {"commit b on main by ada \"b\"\nremove g", `:10: remove: no file "g"`},
		"restore what is not":   {"commit b on main by ada \"b\"\nrestore g from a", `:10: restore: a has no file "g"`},
		"forward only":          {"at 2025-10-01T00:00:00Z\ncommit b on main by ada \"b\"\npush main by ada", ":11: push: refs/heads/main moved later"},
		"not a force-push":      {"commit b on main by ada \"b\"\nforce-push main to b by ada", ":10: force-push: main is a fast-forward"},
		"not a fast-forward":    {"commit b on main by ada \"b\" orphan\npush main by ada", ":10: push: main is no fast-forward"},
		"ref name":              {`commit b on a..b from a by ada "b"`, `:9: commit: "a..b" is not a ref name`},
		"live host":             {"commit b on main by ada \"b\"\nfile w as ghostaction secrets=A host=example.org", `:10: file: template ghostaction: host "example.org" is not an invented one`},
		"secret name":           {"commit b on main by ada \"b\"\nfile w as ghostaction secrets=a'b host=example.invalid", ":10: file: template ghostaction: \"a'b\" is not the name"},
		"path that leaves":      {"commit b on main by ada \"b\"\nfile ../x", `:10: file: "../x" is not a path`},
		"path to git":           {"commit b on main by ada \"b\"\nfile .git/config", `:10: file: ".git/config" is not a path`},
		"file inside a file":    {"commit b on main by ada \"b\"\nfile f/x", `:10: file: "f/x" and "f" cannot both be`},
		"tag twice":             {"tag v1 to a by ada\ntag v1 to a by ada", `:10: tag: tag "v1"`},
		"delete what is not":    {"delete tag v9 by ada", ":9: delete: no refs/tags/v9"},
		"merge of no pull":      {"commit b on main by ada \"b\"\npush main merging 4 by ada", `:10: push: no pull request "4"`},
		"status":                {"run 1 of x.yml event=push head=a branch=main by ada status=running", `:9: run: status "running": one of`},
		"queued with an end":    {"run 1 of x.yml event=push head=a branch=main by ada status=queued conclusion=success", `:9: run: status "queued" has no conclusion yet`},
		"attempt out of order":  {"run 1 event=push head=a branch=main by ada hangs\nattempt 3 by ada conclusion=success", ":10: attempt: attempt 2 comes next"},
		"job ends early":        {"run 1 event=push head=a branch=main by ada hangs\njob j conclusion=success started=+9s ended=+1s", ":10: job: ends before it starts"},
		"step without job":      {"run 1 event=push head=a branch=main by ada hangs\nstep s conclusion=success", ":10: step: needs a job"},
		"Actions disabled":      {"actions disabled\nrun 1 event=push head=a branch=main by ada hangs", ":10: run: the repository has its Actions disabled"},
		"lost what is not":      {"lose event main#7", `:9: lose: no update "main#7"`},
		"lost but reachable":    {"object-gone a\nends main a", "o/r: a is lost, but refs/heads/main reaches it"},
		"declared nonsense":     {`declare secret=X fact=lost by="A" because="b"`, ":9: declare: needs secret, fact"},
		"ends elsewhere":        {"commit b on main by ada \"b\"\nends main b", "ends refs/heads/main: it is at a, not at b"},
		"ends forgotten":        {"", `refs/heads/main is there at the end and no "ends" line says so`},
		"after now":             {"at 2026-01-01T00:00:00Z\ncommit b on main by ada \"b\"\npush main by ada\nends main b", "after now"},
		"truth of no kind":      {"truth rumour x", `:9: truth: no kind "rumour"`},
		"truth with a stranger": {"truth state armed ref=main", `:9: truth: state takes no "ref"`},
		"truth unresolved":      {"truth commit z role=plant pushed=none\nends main a", `line 9: truth: no commit "z"`},
		"truth without clock":   {"truth window X opened=2025-11-01T00:00:00Z state=open\nends main a", "names no clock"},
		"truth state":           {"truth state fine\nends main a", `"fine": one of armed`},
		"real address":          {"actor bob id=2 name=Bob email=bob@example.com", ":9: actor: needs a name, and an address under .invalid"},
		"same repository":       {"repository O/R id=2 default=main created=2024-01-01T00:00:00Z", ":9: repository: O/R or its id 2 is there"},
		"long limit":            {"rate-limit after 1 for 1h", `:9: rate-limit: "1h" is not a duration up to 1m0s`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("r", []byte(preamble+c.text+"\n"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestMergeTakesTheirChanges holds the three-way merge: what the side changed, added and removed since the common base.
func TestMergeTakesTheirChanges(t *testing.T) {
	r, err := Parse("r", []byte(preamble+`commit side1 on side from a by ada "side"
  remove f
  file g
    | new
commit b on main by ada "ours"
  file h
    | ours
merge m "join" on main with side1 by ada
push main by ada
ends main m
`))
	if err != nil {
		t.Fatal(err)
	}
	files := r.Repositories[0].commits["m"].files
	if _, there := files["f"]; there || files["g"] != "new\n" || files["h"] != "ours\n" || len(files) != 2 {
		t.Errorf("%q", files)
	}
}

// TestTruthInstants reads the forms in which a recipe writes instants.
func TestTruthInstants(t *testing.T) {
	for text, want := range map[string]string{
		"2025-11-01T00:00:00Z@server":                              "2025-11-01T00:00:00Z (server)",
		"2025-11-01T00:00:00Z@server..2025-11-01T00:00:09Z@runner": "2025-11-01T00:00:00Z..2025-11-01T00:00:09Z (runner)",
		"2025-11-01T00:00:00Z@git..":                               "2025-11-01T00:00:00Z..? (git)",
		"..2025-11-01T00:00:00Z@declared":                          "?..2025-11-01T00:00:00Z (declared)",
		"?":                                                        "unknown",
	} {
		got, err := optional(text)
		if err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// TestForkSharesCommits holds what the bundled recipe means by a fork: the same objects in two repositories.
func TestForkSharesCommits(t *testing.T) {
	r, err := Bundled()
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.OID("copperfin/loomwork:t1"), r.OID("pinecroft/loomwork:t1"); a == "" || a != b {
		t.Errorf("%q and %q", a, b)
	}
	if r.OID("plant") != "" {
		t.Error("a name that many repositories have resolves to one of them")
	}
	if len(r.Declarations) != 1 || r.Declarations[0].At != time.Date(2025, 9, 5, 9, 0, 0, 0, time.UTC) {
		t.Errorf("declarations: %v", r.Declarations)
	}
	lines := strings.Count(r.Repositories[0].commits["plant"].files[".github/workflows/"+campaignWorkflow], "\n")
	if lines != 17 {
		t.Errorf("the workflow has %d lines", lines)
	}
}

// FuzzParse holds that no text makes the parser panic, and that what it accepts has the same ids twice.
func FuzzParse(f *testing.F) {
	f.Add(pairText)
	f.Add(sourcesText)
	f.Add([]byte(witnessWorld))
	f.Add([]byte(world))
	f.Add([]byte(preamble + "ends main a\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		b, err := Parse("fuzz", text)
		if err != nil {
			t.Fatal(err)
		}
		for i, repo := range a.Repositories {
			for label, c := range repo.commits {
				if b.Repositories[i].commits[label].oid != c.oid {
					t.Errorf("%s:%s: two ids", repo.Name, label)
				}
			}
		}
	})
}
