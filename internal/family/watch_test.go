package family

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// step is one commit of an invented repository, on top of the one before it.
type step struct {
	who, message string
	files        map[string]string // workflow files as they are after it, by name; nil: as before
	readme       bool              // the README changes
	after        time.Duration     // since the commit before
	git          bool              // made by git, with a newline at the end of the message
	cut          bool              // its parent was never had
	address      string            // empty: made of who
}

// scene invents a repository.
func scene(name string, found func(evidence.OID) bool, steps ...step) (Scene, []evidence.OID) {
	var commits []evidence.Commit
	var holdings []evidence.Holding
	var entries []evidence.WorkflowEntry
	at, files, rest := time.Date(2025, 9, 2, 3, 20, 0, 0, time.UTC), map[string]string{}, 0
	s := Scene{Repository: evidence.Repository(name), Found: found, Default: "main", Now: at.AddDate(10, 0, 0)}
	var ids []evidence.OID
	for i, x := range steps {
		at = at.Add(x.after)
		changes := []string{}
		if x.files != nil {
			files, changes = x.files, append(changes, ".github")
		}
		if x.readme {
			rest++
			changes = append(changes, "README.md")
		}
		who := evidence.Signature{Name: x.who, Email: x.who + "@mail.example.invalid", Date: at, Zone: "+0200"}
		if x.address != "" {
			who.Email = x.address
		}
		message := x.message
		if x.git {
			message += "\n"
		}
		c := evidence.Commit{OID: blobOf(fmt.Sprint(name, i)), Tree: blobOf(fmt.Sprint(files, rest)), Author: who, Committer: who, Message: message}
		if i > 0 {
			c.Parents = []evidence.OID{ids[i-1]}
		}
		if x.cut {
			c.Parents = []evidence.OID{blobOf("never had")}
		}
		h := evidence.Holding{Commit: c.OID, Known: true, RootChanges: changes}
		if len(files) > 0 {
			h.Workflows = blobOf(fmt.Sprint("w", files))
			for file, text := range files {
				entries = append(entries, evidence.WorkflowEntry{Tree: h.Workflows, Path: ".github/workflows/" + file, Blob: blobOf(text), Mode: "100644"})
			}
		}
		if x.readme {
			s.Readmes = append(s.Readmes, evidence.ReadmeChange{Commit: c.OID, Path: "README.md", Added: []string{"<!-- Scanned at " + at.Add(2*time.Hour).Format(time.DateTime) + " -->"}})
		}
		commits, holdings, ids = append(commits, c), append(holdings, h), append(ids, c.OID)
	}
	s.History = evidence.NewHistory(commits, holdings, entries)
	return s, ids
}

// round goes through scenes with the families of versions.
func round(t *testing.T, versions []Version, scenes ...Scene) (map[Trait]Proposal, []Standing) {
	t.Helper()
	g := NewGathering()
	for _, v := range versions {
		g.Add(v)
	}
	w := NewWatch(g, g.Families(), nil)
	for _, s := range scenes {
		w.Repository(s)
	}
	out := map[Trait]Proposal{}
	for _, p := range w.Proposals() {
		out[p.Trait] = p
	}
	return out, w.Standings()
}

func TestProposals(t *testing.T) {
	one := stealer("Code Quality", "quality-gate", "https://drop.example.invalid", "NPM_TOKEN")
	two := stealer("Code Quality", "quality-gate", "http://198.51.100.2", "PYPI_TOKEN")
	ci := uploader(1)
	found := func(o evidence.OID) bool { return o == blobOf(one) }
	campaign := func(who, text string) []step {
		return []step{
			{who: "owner", message: "Begin", files: map[string]string{"ci.yml": ci}, git: true},
			{who: who, message: "Add the quality gate", files: map[string]string{"ci.yml": ci, "gate.yml": text}, after: time.Hour},
			{who: who, message: "Run the gate", readme: true, after: 2 * time.Second},
			{who: who, message: "Fix a typo", readme: true, after: time.Hour},
		}
	}
	first, ids := scene("one/a", found, campaign("builder", one)...)
	first.Updates = []evidence.RefUpdate{{Ref: "refs/heads/gate-1756783238000", After: ids[1], Kind: evidence.BranchCreation}, {Ref: "refs/heads/main", After: ids[1]}}
	second, _ := scene("two/b", found, campaign("builder", two)...)
	third, _ := scene("three/c", found, campaign("owner", two)...)
	benign, _ := scene("four/d", found, step{who: "owner", message: "Run the gate", files: map[string]string{"ci.yml": ci}, git: true})
	got, standings := round(t, []Version{version(one, "x", ".github/workflows/gate.yml"), version(two, "", ".github/workflows/gate.yml"),
		version(ci, "", ".github/workflows/ci.yml")}, first, second, third, benign)

	adds := []evidence.Repository{"three/c", "two/b"}
	if p := got[Trait{Host, "198.51.100.2"}]; p.Confidence != "high" || p.Everyday || !slices.Equal(p.Adds, adds) || !slices.Equal(p.Repositories, adds) {
		t.Errorf("host of the relatives: %+v", p)
	}
	if p := got[Trait{Host, "drop.example.invalid"}]; p.Confidence != "high" || len(p.Adds) != 0 {
		t.Errorf("host of the finding: %+v", p)
	}
	for _, x := range []Trait{{Path, ".github/workflows/gate.yml"}, {WorkflowName, "Code Quality"}, {JobID, "quality-gate"}, {Message, "Add the quality gate"},
		{Stamp, "<!-- Scanned at * -->"}} {
		if p := got[x]; p.Confidence != "high" || p.Everyday || len(p.Repositories) != 3 || len(p.Evidence) == 0 {
			t.Errorf("%v: %+v", x, p)
		}
	}
	if p := got[Trait{Message, "Run the gate"}]; !p.Everyday || p.Role != "trigger" {
		t.Errorf("a message that the history of another repository has: %+v", p)
	}
	if p := got[Trait{Branch, "gate-*"}]; p.Everyday || len(p.Repositories) != 1 {
		t.Errorf("branch: %+v", p)
	}
	for _, x := range []Trait{{Message, "Fix a typo"}, {Message, "Begin"}, {Branch, "main"}, {Host, "coverage.example.invalid"}, {JobID, "test-1"},
		{Author, "owner@mail.example.invalid"}} {
		if p, proposed := got[x]; proposed {
			t.Errorf("proposed: %+v", p)
		}
	}
	if p := got[Trait{Author, "builder@mail.example.invalid"}]; p.Confidence != "medium" || len(p.Repositories) != 2 {
		t.Errorf("an author of two owners who is new to both: %+v", p)
	}
	if len(standings) != 1 {
		t.Fatalf("%+v", standings)
	}
	h := standings[0].Habits
	if h.Commits != 6 || h.Triggers != 3 || h.Shortest != 2 || h.Longest != 2 || h.Stamped != 3 || !slices.Equal(h.Walls, []string{"+02:00"}) || h.Epochs != 1 ||
		len(h.Spells) != 1 || h.ByToken != 6 {
		t.Errorf("habits: %+v", h)
	}
	if r := standings[0].Repositories(); len(r) != 3 {
		t.Errorf("repositories: %v", r)
	}
}

// TestVictimIsNoIndicator: whoever worked in any of the repositories before is never proposed, though a campaign wears the name at two owners.
func TestVictimIsNoIndicator(t *testing.T) {
	evil := stealer("S", "steal", "https://drop.example.invalid", "A_TOKEN")
	steps := func(before string) []step {
		return []step{{who: before, message: "Begin", readme: true, git: true},
			{who: "victim", message: "Add it", files: map[string]string{"s.yml": evil}, after: time.Minute}}
	}
	found := func(evidence.OID) bool { return true }
	a, _ := scene("victim/a", found, steps("victim")...)
	b, _ := scene("club/b", found, steps("somebody")...)
	got, _ := round(t, []Version{version(evil, "x", ".github/workflows/s.yml")}, a, b)
	if p, proposed := got[Trait{Author, "victim@mail.example.invalid"}]; proposed {
		t.Errorf("%+v", p)
	}
}

// TestVictimUnderAnotherAddress: a stolen token writes its owner's name with the address that GitHub gives.
func TestVictimUnderAnotherAddress(t *testing.T) {
	evil := stealer("S", "steal", "https://drop.example.invalid", "A_TOKEN")
	const given, tools = "17+victim@users.noreply.github.com", "41898282+github-actions[bot]@users.noreply.github.com"
	found := func(evidence.OID) bool { return true }
	steps := func(name string) []step {
		return []step{{who: name, message: "Begin", readme: true, git: true},
			{who: "Vic Tim", address: given, message: "Add it", files: map[string]string{"s.yml": evil}, after: time.Minute},
			{who: name, message: "Again", files: map[string]string{}, after: time.Minute},
			{who: "github-actions[bot]", address: tools, message: "Once more", files: map[string]string{"s.yml": evil}, after: time.Minute}}
	}
	for name, first := range map[string]string{"by the name": "one/a", "by the owner": "victim/a"} {
		who := "vic tim"
		if first == "victim/a" {
			who = "somebody"
		}
		a, _ := scene(first, found, steps(who)...)
		b, _ := scene("club/b", found, steps("another")...)
		got, _ := round(t, []Version{version(evil, "x", ".github/workflows/s.yml")}, a, b)
		if p, proposed := got[Trait{Author, given}]; proposed {
			t.Errorf("%s: %+v", name, p)
		}
		if p := got[Trait{Author, tools}]; !p.Everyday {
			t.Errorf("%s: what GitHub's own workflows write: %+v", name, p)
		}
	}
}

// TestCommitsWhoseParentsAreUnknown: who made the oldest commit that was had need not have brought what it holds.
func TestCommitsWhoseParentsAreUnknown(t *testing.T) {
	evil := stealer("S", "steal", "https://drop.example.invalid", "A_TOKEN")
	found := func(evidence.OID) bool { return true }
	a, _ := scene("one/a", found, step{who: "victim", message: "Mend the lamp", files: map[string]string{"s.yml": evil}, git: true, cut: true})
	b, _ := scene("two/b", found, step{who: "maker", message: "Add the scan", files: map[string]string{"s.yml": evil}, cut: true})
	got, _ := round(t, []Version{version(evil, "x", ".github/workflows/s.yml")}, a, b)
	if p, proposed := got[Trait{Message, "Mend the lamp"}]; proposed {
		t.Errorf("%+v", p)
	}
	if p := got[Trait{Message, "Add the scan"}]; p.Role != "plant" {
		t.Errorf("%+v", p)
	}
}

// TestSureness: a host that bears the victim's name is no sure one, nor is what a weak rule found.
func TestSureness(t *testing.T) {
	evil := stealer("S", "steal", "https://ci.lanternworks.example.net/a/hook-3f9a81", "A_TOKEN")
	found := func(evidence.OID) bool { return true }
	plant := step{who: "maker", message: "Add the scan", files: map[string]string{"s.yml": evil}}
	a, _ := scene("lanternworks/a", found, plant)
	b, _ := scene("two/b", found, plant)
	v := version(evil, "x", ".github/workflows/s.yml")
	host := Trait{Host, "ci.lanternworks.example.net"}
	if got, _ := round(t, []Version{v}, a); got[host].Confidence != "low" {
		t.Errorf("the victim's own: %+v", got[host])
	}
	if got, _ := round(t, []Version{v}, a, b); got[host].Confidence != "high" {
		t.Errorf("at two owners: %+v", got[host])
	}
	v.Confidence = "medium"
	got, _ := round(t, []Version{v}, a, b)
	for x, p := range got {
		if p.Confidence == "high" {
			t.Errorf("surer than the rule: %+v %+v", x, p)
		}
	}
}

// TestBranchesElsewhere: a pattern that branches of other repositories have says little.
func TestBranchesElsewhere(t *testing.T) {
	evil := stealer("S", "steal", "https://drop.example.invalid", "A_TOKEN")
	found := func(evidence.OID) bool { return true }
	a, ids := scene("one/a", found, step{who: "maker", message: "Add the scan", files: map[string]string{"s.yml": evil}})
	a.Updates = []evidence.RefUpdate{{Ref: "refs/heads/fix-1756783238000", After: ids[0], Kind: evidence.BranchCreation},
		{Ref: "refs/heads/scan-1756783238000", After: ids[0], Kind: evidence.BranchCreation}}
	b, ids := scene("two/b", found, step{who: "owner", message: "Begin", git: true})
	b.Refs = []evidence.ListedRef{{Ref: "refs/heads/fix-1700000000000", OID: ids[0]}}
	got, _ := round(t, []Version{version(evil, "x", ".github/workflows/s.yml")}, a, b)
	if p := got[Trait{Branch, "fix-*"}]; !p.Everyday {
		t.Errorf("%+v", p)
	}
	if p := got[Trait{Branch, "scan-*"}]; p.Everyday || p.Confidence == "" {
		t.Errorf("%+v", p)
	}
}

func TestEveryday(t *testing.T) {
	for x, want := range map[Trait]bool{
		{URLPart, "/api/v1/upload"}: true, {URLPart, "/upload?token="}: true, {URLPart, "/c2/gate.php?victim="}: false, {URLPart, "/hooks/3f9a81"}: false,
		{Message, "Initial commit"}: true, {Message, "Fix CI."}: true, {Message, "Add Github Actions Security workflow"}: false,
		{Branch, "main"}: true, {Branch, "shai-hulud"}: false, {Author, "noreply@github.com"}: true,
	} {
		if everyday(x) != want {
			t.Errorf("%+v: %v", x, !want)
		}
	}
}

func TestBranchPattern(t *testing.T) {
	for name, want := range map[string]string{
		"add-linter-workflow-1763942400123": "add-linter-workflow-*",
		"prt-scan-0a1b2c3d4e5f":             "prt-scan-*",
		"release/v1.20":                     "release/v1.20",
		"feature":                           "feature",
		"deface":                            "deface",
		"wave[1]*":                          `wave\[1]\*`,
		"20251124":                          "*",
	} {
		if got := BranchPattern(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestMessageForm(t *testing.T) {
	if a, b := MessageForm("Add CI scan 17 at 0a1b2c3"), MessageForm("add ci Scan 18 at ffffff0"); a != b {
		t.Errorf("%q, %q", a, b)
	}
}
