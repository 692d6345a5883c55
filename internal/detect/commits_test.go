package detect

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/evidence"
)

// holds is a tree with one version at the campaign's path.
func holds(version string) map[string]string { return map[string]string{listed: version} }

func TestRoles(t *testing.T) {
	base := made{id: "base", message: "Work\n"}
	plant := made{id: "plant", parents: []string{"base"}, message: add, files: holds("evil1")}
	for name, c := range map[string]struct {
		commits []made
		want    string
	}{
		"waves": {[]made{base, plant,
			{id: "t1", parents: []string{"plant"}, message: scan, files: holds("evil1"), rest: "1"},
			{id: "re", parents: []string{"t1"}, message: update, files: holds("evil1"), rest: "1"},
			{id: "t2", parents: []string{"re"}, message: scan, files: holds("evil1"), rest: "2"},
			{id: "arm", parents: []string{"t2"}, message: update, files: holds("evil2"), rest: "2"},
			{id: "t3", parents: []string{"arm"}, message: scan, files: holds("evil2"), rest: "3"},
			{id: "rm", parents: []string{"t3"}, message: "chore: drop it\n", rest: "3"},
		}, "plant=plant t1=trigger re=repush t2=trigger arm=rearm t3=trigger rm=removal"},
		"reverts are no triggers": {[]made{base, plant,
			{id: "t1", parents: []string{"plant"}, message: scan, files: holds("evil1"), rest: "1"},
			{id: "rm", parents: []string{"t1"}, message: revert1, rest: "1"},
			{id: "r2", parents: []string{"rm"}, message: revert2},
		}, "plant=plant t1=trigger rm=removal"},
		"planted again": {[]made{base, plant, {id: "rm", parents: []string{"plant"}, message: revert1},
			{id: "again", parents: []string{"rm"}, message: update, files: holds("evil1")},
		}, "plant=plant rm=removal again=plant"},
		"over a file of the victim's": {[]made{{id: "base", message: "Work\n", files: holds("plain")},
			{id: "plant", parents: []string{"base"}, message: update, files: holds("evil1")},
			{id: "rm", parents: []string{"plant"}, message: "Restore\n", files: holds("plain")},
		}, "plant=plant rm=removal"},
		"a merge carries": {[]made{base, plant, {id: "side", parents: []string{"base"}, message: "Side\n", rest: "s"},
			{id: "merge", parents: []string{"side", "plant"}, message: "Merge\n", files: holds("evil1"), rest: "s"},
		}, "plant=plant"},
		"a merge takes the newer version": {[]made{base, plant, {id: "arm", parents: []string{"plant"}, message: update, files: holds("evil2")},
			{id: "merge", parents: []string{"plant", "arm"}, message: "Merge\n", files: holds("evil2")},
		}, "plant=plant arm=rearm"},
		"a merge that plants itself": {[]made{base, {id: "side", parents: []string{"base"}, message: "Side\n", rest: "s"},
			{id: "merge", parents: []string{"base", "side"}, message: "Merge\n", files: holds("evil1"), rest: "s"},
		}, "merge=plant"},
		"a merge that drops is no removal": {[]made{base, plant, {id: "rm", parents: []string{"plant"}, message: revert1},
			{id: "merge", parents: []string{"plant", "rm"}, message: "Merge\n"},
		}, "plant=plant rm=removal"},
		"rival removals": {[]made{base, plant, {id: "rm1", parents: []string{"plant"}, message: "a\n"}, {id: "rm2", parents: []string{"plant"}, message: "b\n", rest: "b"}},
			"plant=plant rm1=removal rm2=removal"},
		"the victim's empty commit":  {[]made{base, plant, {id: "e", parents: []string{"plant"}, message: "Run CI\n", files: holds("evil1")}}, "plant=plant"},
		"the message, but a change":  {[]made{base, plant, {id: "e", parents: []string{"plant"}, message: update, files: holds("evil1"), rest: "x"}}, "plant=plant"},
		"a repush with the add text": {[]made{base, plant, {id: "e", parents: []string{"plant"}, message: add, files: holds("evil1")}}, "plant=plant e=repush"},
		"trigger by another's words": {[]made{base, {id: "t", parents: []string{"base"}, message: scan, rest: "x"}}, ""},
		"trigger after the removal": {[]made{base, plant, {id: "rm", parents: []string{"plant"}, message: revert1},
			{id: "t", parents: []string{"rm"}, message: scan, rest: "x"}}, "plant=plant rm=removal"},
		"trigger whose trees are lost": {[]made{base, plant, {id: "t", parents: []string{"plant"}, message: scan, noTree: true},
			{id: "t2", parents: []string{"t"}, message: scan, noTree: true}}, "plant=plant t=trigger t2=trigger?"},
		"trigger long after, file still there": {[]made{base, plant, {id: "w", parents: []string{"plant"}, message: "Work\n", files: holds("evil1"), rest: "w"},
			{id: "t", parents: []string{"w"}, message: scan, files: holds("evil1"), rest: "t"}}, "plant=plant t=trigger"},
		"trigger that takes the file away": {[]made{base, plant, {id: "t", parents: []string{"plant"}, message: scan, rest: "t"}}, "plant=plant t=trigger"},
		"over it a version that was never had": {[]made{base, plant, {id: "arm", parents: []string{"plant"}, message: "Work\n", files: holds("lost")},
			{id: "rm", parents: []string{"arm"}, message: revert1}}, "plant=plant"},
		"over it a version that no rule hits, by the campaign's message": {[]made{base, plant,
			{id: "arm", parents: []string{"plant"}, message: update, files: holds("plain")}}, "plant=plant"},
		"rename": {[]made{base, plant, {id: "mv", parents: []string{"plant"}, message: "Move\n", files: map[string]string{".github/workflows/z.yml": "evil1"}}},
			"plant=plant"},
		"rename with a change": {[]made{base, plant, {id: "mv", parents: []string{"plant"}, message: "Move\n", files: map[string]string{".github/workflows/z.yml": "evil2"}}},
			"plant=plant mv=plant"},
		"a copy": {[]made{base, plant, {id: "cp", parents: []string{"plant"}, message: "Copy\n", files: map[string]string{listed: "evil1", ".github/workflows/z.yml": "evil1"}}},
			"plant=plant cp=plant"},
		"in the first commit":        {[]made{{id: "plant", message: add, files: holds("evil1")}}, "plant=plant"},
		"parent was not had":         {[]made{{id: "base", unseen: true}, plant}, "plant=plant?"},
		"parent's tree was not had":  {[]made{{id: "base", noTree: true}, plant}, "plant=plant?"},
		"own tree was not had":       {[]made{base, {id: "plant", parents: []string{"base"}, message: add, noTree: true}}, ""},
		"one of two parents not had": {[]made{{id: "x", unseen: true}, base, {id: "m", parents: []string{"base", "x"}, message: "Merge\n", files: holds("evil1")}}, "m=plant?"},
		"heuristic version, campaign's trigger": {[]made{base, {id: "q", parents: []string{"base"}, message: "x", files: map[string]string{".github/workflows/q.yml": "quiet"}},
			{id: "t", parents: []string{"q"}, message: scan, files: map[string]string{".github/workflows/q.yml": "quiet"}, rest: "t"}}, "q=plant t=trigger"},
	} {
		t.Run(name, func(t *testing.T) {
			findings, packs := known(t)
			var got []string
			for _, x := range Commits(invent(t, c.commits), findings, packs, map[evidence.OID]bool{oid("b", "lost"): true}) {
				word := nameOf(c.commits, x) + "=" + string(x.Role)
				if slices.Contains(x.Signals, "parent-unknown") {
					word += "?"
				}
				got = append(got, word)
				if !slices.IsSorted(x.Signals) {
					t.Errorf("signals are not sorted: %v", x.Signals)
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func nameOf(commits []made, c Commit) string {
	for _, m := range commits {
		if oid("c", m.id) == c.OID {
			return m.id
		}
	}
	return string(c.OID)
}

func TestSignals(t *testing.T) {
	findings, packs := known(t)
	got := Commits(invent(t, []made{
		{id: "base", message: "Work\n"},
		{id: "plant", parents: []string{"base"}, message: add, files: holds("evil1"), at: "2025-09-01T21:50:00Z"},
		{id: "t", parents: []string{"plant"}, message: scan, files: holds("evil1"), rest: "t"},
		{id: "re", parents: []string{"t"}, message: update, files: holds("evil1"), rest: "t", at: "2025-09-20T00:00:00Z"},
		{id: "rm", parents: []string{"re"}, message: revert1, rest: "t"},
	}), findings, packs, nil)
	want := []string{
		"author-is-committer contents-api equal-dates in-wave:2025-1 message-indicator no-trailing-newline one-file-added path-indicator unsigned",
		"author-is-committer contents-api equal-dates in-wave:2025-1 message-indicator no-trailing-newline path-indicator readme-only unsigned",
		"author-is-committer contents-api empty-commit equal-dates message-indicator no-trailing-newline path-indicator unsigned",
		"author-is-committer equal-dates path-indicator unsigned",
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, c := range got {
		if s := strings.Join(c.Signals, " "); s != want[i] {
			t.Errorf("%s:\ngot  %s\nwant %s", c.Role, s, want[i])
		}
		if wantBlob := oid("b", "evil1"); c.Role != Removal && c.Blob != wantBlob || c.Role == Removal && c.Blob != "" || c.Path != listed || c.Campaign != "ghostaction" {
			t.Errorf("%s: %+v", c.Role, c)
		}
	}
}

// What a pack knows of commits and of those who make them speaks for a commit of its own campaign, and decides nothing: a maintainer of that name who
// changes something else is not listed.
func TestKnownHands(t *testing.T) {
	findings, packs := known(t)
	packs[0].Indicators.Authors = []string{"night-*", "*@drop.example.invalid"}
	packs[0].Indicators.Commits = []string{string(oid("c", "byid"))}
	for name, c := range map[string]struct {
		commit made
		want   string // author, commit, both or neither indicator
	}{
		"by name":              {made{id: "plant", by: "night-heron", message: add, files: holds("evil1")}, "author-indicator"},
		"by another name":      {made{id: "plant", by: "day-heron", message: add, files: holds("evil1")}, ""},
		"by its id":            {made{id: "byid", message: add, files: holds("evil1")}, "commit-indicator"},
		"by both":              {made{id: "byid", by: "night-heron", message: add, files: holds("evil1")}, "author-indicator commit-indicator"},
		"of no campaign":       {made{id: "q", by: "night-heron", message: "x", files: map[string]string{".github/workflows/q.yml": "quiet"}}, "author-indicator"},
		"nothing of campaigns": {made{id: "w", by: "night-heron", message: "Work\n", rest: "w"}, "none"},
	} {
		c.commit.parents = []string{"base"}
		got := Commits(invent(t, []made{{id: "base", message: "Work\n"}, c.commit}), findings, packs, nil)
		told := "none"
		if len(got) == 1 {
			told = strings.Join(slices.DeleteFunc(got[0].Signals, func(s string) bool { return s != "author-indicator" && s != "commit-indicator" }), " ")
		}
		if told != c.want {
			t.Errorf("%s: %q, want %q", name, told, c.want)
		}
	}
	other := packs[0]
	other.Name, other.Indicators.Authors, other.Indicators.Commits = "other", []string{"*"}, []string{string(oid("c", "plant"))}
	packs[0].Indicators.Authors = nil
	got := Commits(invent(t, []made{{id: "base", message: "Work\n"}, {id: "plant", parents: []string{"base"}, message: add, files: holds("evil1")}}), findings,
		append(packs, other), nil)
	if len(got) != 1 || slices.Contains(got[0].Signals, "author-indicator") || slices.Contains(got[0].Signals, "commit-indicator") {
		t.Errorf("a pack of another campaign speaks: %+v", got)
	}
}
