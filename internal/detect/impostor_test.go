package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

func hour(n int) time.Time { return time.Date(2025, 3, 14, n, 0, 0, 0, time.UTC) }

// lamp is the repository of an action: two commits on its branch, one that was built beside it, one on a branch that is gone, and one that was never on any.
func lamp(t *testing.T) *casefile.Facts {
	t.Helper()
	return &casefile.Facts{Repository: "Harbor/Lamp",
		History: invent(t, []made{{id: "one", message: "1\n"}, {id: "two", parents: []string{"one"}, message: "2\n"}, {id: "built", parents: []string{"one"}, message: "b\n"},
			{id: "gone", parents: []string{"one"}, message: "g\n"}, {id: "evil", parents: []string{"one"}, message: "e\n"}}),
		Listing: casefile.Listing{Source: "src-2", At: hour(12), Refs: []evidence.ListedRef{{Ref: "refs/heads/main", OID: oid("c", "two")},
			{Ref: "refs/tags/v1", OID: oid("c", "one")}, {Ref: "refs/tags/v2", OID: oid("a", "v2"), Peeled: oid("c", "two")}, {Ref: "refs/tags/v3", OID: oid("c", "built")}}},
		Updates: []evidence.RefUpdate{{Ref: "refs/heads/fix", Before: oid("c", "gone"), After: evidence.ZeroOID, At: hour(1), Clock: when.Server}},
	}
}

// moves is a push of a tag.
func moves(tag, from, to string, at int) evidence.RefUpdate {
	return evidence.RefUpdate{Ref: evidence.Ref("refs/tags/" + tag), Before: oid("c", from), After: oid("c", to), Kind: evidence.ForcePush, At: hour(at), Clock: when.Server}
}

func TestImpostors(t *testing.T) {
	sha := func(id string) string { return string(oid("c", id)) }
	for name, c := range map[string]struct {
		ref    string
		change func(*casefile.Facts)
		want   string // part of the reason; empty for none
	}{
		"of a branch":                          {ref: sha("one")},
		"of a branch, in capitals":             {ref: strings.ToUpper(sha("one"))},
		"behind a tag that always stood there": {ref: sha("built")},
		"of a branch that is gone":             {ref: sha("gone")},
		"of none":                              {ref: sha("evil"), want: "no branch or tag of Harbor/Lamp, as listed at 2025-03-14T12:00:00Z and as far as it is known before, holds commit " + sha("evil")[:12]},
		"never had":                            {ref: sha("elsewhere"), want: "holds commit"},
		"an annotated tag by its id":           {ref: string(oid("a", "v2"))},
		"of a pull request": {ref: sha("evil"), want: "which a pull request proposes", change: func(f *casefile.Facts) {
			f.Listing.Refs = append(f.Listing.Refs, evidence.ListedRef{Ref: "refs/pull/4/head", OID: oid("c", "evil")})
		}},
		"a tag was moved to it": {ref: sha("evil"), want: "but that v1 was moved to it", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "evil", 2), moves("v1", "evil", "one", 3))
		}},
		"an earlier tip is lost": {ref: sha("evil"), want: "once pointed to could not be had: 1", change: func(f *casefile.Facts) { f.Updates[0].Before = oid("c", "lost") }},
		"refs were never listed": {ref: sha("evil"), change: func(f *casefile.Facts) { f.Listing = casefile.Listing{} }},
		"a tip was not had":      {ref: sha("evil"), change: func(f *casefile.Facts) { f.Listing.Refs[0].OID = oid("c", "lost") }},
		"a tag":                  {ref: "v1"},
		"a branch":               {ref: "main"},
		"no such tag":            {ref: "v9"},
		"moved and back": {ref: "v1", want: "tag v1 of Harbor/Lamp pointed to " + sha("evil")[:12] + ", which no branch of it holds, from 2025-03-14T02:00:00Z (server) to 2025-03-14T03:00:00Z (server)", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "evil", 2), moves("v1", "evil", "one", 3))
		}},
		"another tag": {ref: "v2", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "evil", 2), moves("v1", "evil", "one", 3))
		}},
		"moved, and still there": {ref: "v1", want: "on, and still did when last seen", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "evil", 2))
			f.Listing.Refs[1].OID = oid("c", "evil")
		}},
		"moved from release to release": {ref: "v1", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "two", 2))
			f.Listing.Refs[1].OID = oid("c", "two")
		}},
		"moved between commits beside branches": {ref: "v3", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v3", "built", "evil", 2))
			f.Listing.Refs[3].OID = oid("c", "evil")
		}},
		"moved to what was not had": {ref: "v1", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, moves("v1", "one", "lost", 2), moves("v1", "lost", "one", 3))
		}},
		"made by an event that does not tell it": {ref: "v1", change: func(f *casefile.Facts) {
			f.Updates = append(f.Updates, evidence.RefUpdate{Ref: "refs/tags/v1", At: hour(2), Clock: when.Server})
		}},
		"as two listings tell": {ref: "v1", want: "from 2025-03-14T06:00:00Z..2025-03-14T12:00:00Z (server) on, and still did", change: func(f *casefile.Facts) {
			f.Earlier = []casefile.Listing{{Source: "src-1", At: hour(6), Refs: []evidence.ListedRef{{Ref: "refs/tags/v1", OID: oid("c", "one")}}}}
			f.Listing.Refs[1].OID = oid("c", "evil")
		}},
	} {
		f := lamp(t)
		if c.change != nil {
			c.change(f)
		}
		got := Impostors(f, []string{c.ref}, hour(20))
		i, is := got["harbor/lamp@"+c.ref]
		if is != (c.want != "") || !strings.Contains(i.Why, c.want) || is && i.Uses != "harbor/lamp@"+c.ref {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
		if kind := map[bool]campaign.Circumstance{true: campaign.ImpostorCommit, false: campaign.MovedTag}[campaign.Pinned(c.ref)]; is && i.Kind != kind {
			t.Errorf("%s: kind %s", name, i.Kind)
		}
		for _, m := range i.Moves {
			if lasts := strings.Contains(i.Why, "still"); m.Closed.NotAfter.At.After(hour(20)) != lasts || !m.Opened.NotAfter.Known() || len(m.Opened.Evidence) == 0 {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}

// A history that does not go down to its roots may hold any commit: nothing is said.
func TestImpostorsOfAShortHistory(t *testing.T) {
	f := lamp(t)
	f.History = invent(t, []made{{id: "one", unseen: true}, {id: "two", parents: []string{"one"}, message: "2\n"}, {id: "evil", message: "e\n"}})
	f.Listing.Refs = f.Listing.Refs[:1]
	if got := Impostors(f, []string{string(oid("c", "evil")), "v1"}, hour(20)); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

const usesLamp = "on: push\njobs:\n  light:\n    runs-on: x\n    env: {A: '${{ secrets.A }}'}\n    steps:\n      - uses: Harbor/Lamp@%s\n      - run: make ${{ secrets.B }}\n" +
	"  other:\n    runs-on: x\n    steps:\n      - run: make ${{ secrets.C }}\n"

// What uses an impostor is a finding in the repositories that hold it, and leaks what its job can read; what uses the same action otherwise is none.
func TestSettle(t *testing.T) {
	evil := string(oid("c", "evil"))
	texts := map[string]string{"tag": fmt.Sprintf(usesLamp, "v1"), "other": fmt.Sprintf(usesLamp, "v2"), "commit": fmt.Sprintf(usesLamp, evil), "good": fmt.Sprintf(usesLamp, oid("c", "one"))}
	candidates := map[evidence.OID]Finding{}
	x := NewExaminer(nil)
	for name, text := range texts {
		if f, _, hit := x.Examine(Version{Blob: oid("b", name), Paths: []string{ci}, Text: []byte(text)}); hit || len(f.Conditional) > 0 {
			t.Fatalf("%s: %+v where the action is not in the case", name, f)
		}
	}
	x.Within(map[string]bool{"harbor/lamp": true})
	for name, text := range texts {
		f, _, hit := x.Examine(Version{Blob: oid("b", name), Paths: []string{ci}, Text: []byte(text)})
		if hit || len(f.Conditional) != 1 {
			t.Fatalf("%s: %+v", name, f)
		}
		candidates[oid("b", name)] = f
	}
	used := Used(candidates)
	if want := sorted([]string{"v1", "v2", evil, string(oid("c", "one"))}); !slices.Equal(used["harbor/lamp"], want) {
		t.Fatalf("used: %v", used)
	}
	facts := lamp(t)
	facts.Updates = append(facts.Updates, moves("v1", "one", "evil", 2), moves("v1", "evil", "one", 3))
	Settle(nil, candidates, Impostors(facts, used["harbor/lamp"], hour(20)))
	if len(candidates) != 2 {
		t.Fatalf("%+v", candidates)
	}
	h := invent(t, []made{{id: "y", message: "x\n", files: map[string]string{ci: "tag", release: "commit"}}})
	held, doubts, err := Contextual(h, candidates, &Habits{}, func(evidence.OID) ([]byte, bool, error) { return nil, false, nil })
	if err != nil || len(held) != 2 || len(doubts) > 0 {
		t.Fatalf("%+v, %+v, %v", held, doubts, err)
	}
	own := Overlay(h, nil, candidates, held)
	tag, commit := own[oid("b", "tag")], own[oid("b", "commit")]
	if !slices.Equal(tag.Bound(), []string{"heuristic"}) || len(tag.Moves) != 1 || !slices.Equal(tag.Hits[0].Lines, []int{7}) {
		t.Errorf("tag: %+v", tag)
	}
	if len(commit.Bound()) > 0 || len(commit.Moves) > 0 {
		t.Errorf("commit: %+v", commit)
	}
	for _, f := range own {
		if len(f.Leaks) != 1 || f.Leaks[0].JobID != "light" || f.Leaks[0].StepIndex != 0 || !slices.Equal(f.Leaks[0].Secrets, []string{"A", "B"}) {
			t.Errorf("leaks: %+v", f.Leaks)
		}
	}
	if got := Commits(h, own, nil, nil); len(got) != 1 || got[0].Role != Plant || got[0].Blob != oid("b", "commit") {
		t.Errorf("the owner's own file, which uses a tag, makes no campaign commit: %+v", got)
	}
}

// Two tags that were moved at one time make one move of the versions that use both.
func TestJoinedMoves(t *testing.T) {
	move := func(from, to int, told string) Move {
		return Move{when.Window{Opened: when.At(hour(from), when.Server), Closed: when.At(hour(to), when.Server)}, told}
	}
	got := joined([]Move{move(6, 7, "c"), move(2, 3, "a"), move(2, 4, "b")})
	if len(got) != 2 || got[0].Told != "a; b" || !got[0].Closed.NotAfter.At.Equal(hour(4)) || got[1].Told != "c" {
		t.Errorf("%+v", got)
	}
}

// A commit that a pack lists is one of the campaign's wherever it lies, whatever it changed.
func TestListedCommit(t *testing.T) {
	commits := []made{{id: "base", message: "Work\n"}, {id: "evil", parents: []string{"base"}, message: "Work\n", rest: "1"},
		{id: "plant", parents: []string{"base"}, message: add, files: holds("evil1")}}
	findings, packs := known(t)
	packs[0].Indicators.Commits = []string{string(oid("c", "evil")), string(oid("c", "plant")), string(oid("c", "elsewhere"))}
	var told []string
	for _, c := range Commits(invent(t, commits), findings, packs, nil) {
		told = append(told, nameOf(commits, c)+"="+string(c.Role))
		if c.Campaign != "ghostaction" || !slices.Contains(c.Signals, "commit-indicator") {
			t.Errorf("%+v", c)
		}
	}
	if got := strings.Join(told, " "); got != "evil=listed plant=plant" {
		t.Errorf("%s", got)
	}
}

// A commit that was never had may have come to the action's repository after its refs were listed: who used it since then may use a later release.
func TestImpostorSinceTheListing(t *testing.T) {
	commit := Impostor{Kind: campaign.ImpostorCommit, Listed: hour(12), Now: hour(20)}
	had, tag := commit, commit
	had.Had, tag.Kind = true, campaign.MovedTag
	for name, c := range map[string]struct {
		impostor Impostor
		came     int
		want     bool
	}{
		"before the listing": {commit, 11, true}, "since the listing": {commit, 13, false}, "after the case's now, which nothing can be": {commit, 21, true},
		"of a commit that was had": {had, 13, true}, "by a tag": {tag, 13, true},
	} {
		if got := c.impostor.tells(hour(c.came)); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
