package timeline_test

import (
	"slices"
	"testing"

	"pentimento/internal/evidence"
)

// lesson is one thing that real repositories taught, as facts and what is to be read from them.
type lesson struct {
	name     string
	facts    func(w *world)
	rows     []string
	gaps     []string
	contains []string
}

func (l lesson) check(t *testing.T) {
	w := newWorld()
	l.facts(w)
	res := w.read()
	same(t, "presence", w.rows(res), l.rows)
	same(t, "gaps", w.gaps(res), l.gaps)
	got := w.contains(res)
	slices.Sort(got)
	same(t, "contains", got, l.contains)
}

func teach(t *testing.T, lessons []lesson) {
	for _, l := range lessons {
		t.Run(l.name, l.check)
	}
}

func TestGitAlone(t *testing.T) {
	teach(t, []lesson{
		{
			name: "a direct commit on the default branch: both bounds are its date, claimed",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.list(100, "main=trigger")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 20g by "plant"`},
		},
		{
			name: "through a merge: from the commit's date to the merge's",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("merge", 30, "a.yml=bad1", "base", "plant")
				w.commit("fix", 40, "", "merge")
				w.commit("more", 45, "", "fix")
				w.commit("merged", 50, "", "merge", "more")
				w.list(100, "main=merged")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20g..30g by "merge" removed 40g..50g by "merged" merge`},
		},
		{
			name: "a branch cut while the file was there has it from its fork point, possibly",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 30, "", "plant")
				w.commit("side", 25, "", "plant")
				w.list(100, "main=fix side=side")
			},
			rows: []string{
				`main a.yml [bad1/plant] proven no added 20g by "plant" removed 30g by "fix" delete`,
				`side a.yml [bad1/plant] possible no added 20g by "plant" removed 25g by "side" delete`,
			},
		},
		{
			name: "a tag has one state, its tree; one that only has the commit behind it contains it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 30, "", "plant")
				w.list(100, "main=fix tag/v1=plant tag/v2=fix")
			},
			rows: []string{
				`main a.yml [bad1/plant] proven no added 20g by "plant" removed 30g by "fix" delete`,
				`tag/v1 a.yml [bad1/plant] proven armed added 20g by "plant"`,
			},
			contains: []string{"tag/v2 plant"},
		},
		{
			name: "a pull ref from elsewhere is proposed, one of an own branch is as that branch; neither is armed",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("offer", 20, "a.yml=bad1", "base")
				w.commit("own", 30, "a.yml=bad1", "base")
				w.list(100, "main=base own=own pull/1=offer pull/2=own")
				w.run(7, "strangers", "offer", 25).Event = "pull_request"
				w.facts.Runs[0].HeadRepository = "wim-tarn/tidepool"
			},
			rows: []string{
				`own a.yml [bad1/own] proven armed added 30g by "own"`,
				`pull/1 a.yml [bad1/offer] proven proposed added 20g by "offer"`,
				`pull/2 a.yml [bad1/own] proven no added 30g by "own"`,
			},
		},
		{
			name: "whether a pull ref's head came from a fork is a gap where nobody says so",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("offer", 20, "a.yml=bad1", "base")
				w.list(100, "main=base pull/1=offer")
			},
			rows: []string{`pull/1 a.yml [bad1/offer] proven proposed added 20g by "offer"`},
			gaps: []string{"not-collected pull/1"},
		},
		{
			name: "rival removals on side branches do not count until one is merged",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("one", 30, "", "plant")
				w.commit("two", 40, "", "plant")
				w.commit("merge", 50, "", "plant", "two")
				w.list(100, "main=merge pull/1=one pull/2=two")
			},
			rows:     []string{`main a.yml [bad1/plant] proven no added 20g by "plant" removed 40g..50g by "merge" merge`},
			contains: []string{"pull/1 plant", "pull/2 plant"},
		},
		{
			name: "a local merge puts the attacker's pushes on the second parent, with a clean result",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("local", 15, "", "base")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.commit("merge", 50, "", "local", "trigger")
				w.list(100, "main=merge")
			},
			// The local commit is older than the plant and never held the file: the merge took it away.
			rows: []string{`main a.yml [bad1/plant] possible no added 20g..50g by "plant" removed 50g by "merge" merge`},
			gaps: []string{"unplaced plant"},
		},
		{
			name: "two plants on the second parent have a removal each",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("local", 15, "", "base")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 21, "", "plant")
				w.commit("again", 30, "a.yml=bad2", "fix")
				w.commit("fixed", 31, "", "again")
				w.commit("merge", 50, "", "local", "fixed")
				w.list(100, "main=merge")
			},
			rows: []string{
				`main a.yml [bad1/plant] possible no added 20g..50g by "plant" removed 21g..50g by "merge" merge`,
				`main a.yml [bad2/again] possible no added 30g..50g by "again" removed 31g..50g by "merge" merge`,
			},
			gaps: []string{"unplaced again", "unplaced plant"},
		},
		{
			name: "and a run says that it was the tip",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("local", 15, "", "base")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("merge", 50, "", "local", "plant")
				w.list(100, "main=merge")
				w.run(7, "main", "plant", 22)
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20g..22s by "plant" removed 50g by "merge" merge`},
		},
		{
			name: "a rename splits the row, a rearm and an empty repush do not",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("repush", 25, "a.yml=bad1", "plant")
				w.commit("rearm", 30, "a.yml=bad2", "repush")
				w.commit("rename", 40, "b.yml=bad2", "rearm")
				w.list(100, "main=rename")
			},
			rows: []string{
				`main a.yml [bad1/plant bad2/rearm] proven no added 20g by "plant" removed 40g by "rename" delete`,
				`main b.yml [bad2/rename] proven armed added 40g by "rename"`,
			},
		},
		{
			name: "dates that run backwards are turned round and said to be words",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 50, "a.yml=bad1", "base")
				w.commit("merge", 30, "a.yml=bad1", "base", "plant")
				w.list(100, "main=merge")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 30g..50g by "merge"`},
			gaps: []string{"contradiction plant"},
		},
		{
			name: "a removal that claims to be older than the plant narrows neither",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 50, "a.yml=bad1", "base")
				w.commit("fix", 30, "", "plant")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 30g..50g by "plant" removed 30g..50g by "fix" delete`},
			gaps: []string{"contradiction fix"},
		},
		{
			name: "a date later than the listing that shows the commit is refuted; the listing itself is no bound",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 50_000_000, "a.yml=bad1", "base")
				w.commit("merge", 30, "a.yml=bad1", "base", "plant")
				w.commit("fix", 60_000_000, "", "merge")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added ?..30g by "merge" removed ? by "fix" delete`},
			gaps: []string{"contradiction fix", "contradiction plant"},
		},
		{
			name: "no source names the default branch",
			facts: func(w *world) {
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.list(100, "develop=plant next=plant")
			},
			rows: []string{
				`develop a.yml [bad1/plant] proven armed added 20g by "plant"`,
				`next a.yml [bad1/plant] proven armed added 20g by "plant"`,
			},
			gaps: []string{"unsupported default branch"},
		},
		{
			name: "a tree in the middle that cannot be had widens what it touches",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("dark1", 15, "?", "base")
				w.commit("plant", 20, "a.yml=bad1", "dark1")
				w.commit("dark2", 25, "?", "plant")
				w.commit("fix", 30, "", "dark2")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 15g..20g by "plant" removed 25g..30g by "fix" delete`},
			gaps: []string{"object-missing dark1", "object-missing dark2"},
		},
	})
}

func TestHowItEnded(t *testing.T) {
	begin := func(w *world) {
		w.trunk("main")
		w.commit("base", 10, "a.yml=good")
		w.commit("plant", 20, "a.yml=bad1", "base")
		w.push("main", 10, "0", "base")
		w.push("main", 20, "base", "plant")
	}
	row := `main a.yml [bad1/plant] proven no added 20s by "plant" removed 30s by `
	end := func(name, files, message, how string) lesson {
		return lesson{name: name, rows: []string{row + `"end" ` + how}, facts: func(w *world) {
			begin(w)
			w.commit("end", 25, files, "plant")
			w.message("end", message)
			w.push("main", 30, "plant", "end")
			w.list(100, "main=end")
		}}
	}
	teach(t, []lesson{
		end("a message that begins as git's revert does", "", `Revert "Add Github Actions Security workflow"`, "revert"),
		end("a message that names the removed commit", "", "Take back "+string(oid("plant")), "revert"),
		end("a message that names it in short", "", "Undo "+string(oid("plant")[:9]), "revert"),
		end("the text from before the plant returns", "a.yml=good", "Clean", "revert"),
		end("the path is gone", "b.yml=good", "Clean", "delete"),
		end("another text stands there", "a.yml=other", "Clean", "edit"),
		end("revert goes before edit", "a.yml=other", `Revert "x"`, "revert"),
		{
			name: "a merge goes before revert",
			rows: []string{row + `"end" merge`},
			facts: func(w *world) {
				begin(w)
				w.commit("fix", 24, "", "plant")
				w.commit("end", 25, "", "plant", "fix")
				w.message("end", `Revert "x"`)
				w.push("main", 30, "plant", "end")
				w.list(100, "main=end")
			},
		},
		{
			name: "a force-push is computed though the source said push",
			rows: []string{row + `"" force_push`},
			facts: func(w *world) {
				begin(w)
				w.push("main", 30, "plant", "base")
				w.list(100, "main=base")
			},
		},
		{
			name: "a branch is deleted",
			rows: []string{row + `"" branch_deletion`},
			facts: func(w *world) {
				begin(w)
				w.push("main", 30, "plant", "0")
				w.list(100, "other=base")
			},
		},
		{
			name: "a tag that moves is a retag, whatever its ancestry",
			rows: []string{`tag/v1 a.yml [bad1/plant] proven no added 20s by "" removed 20s..100s by "" retag`},
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("end", 30, "", "plant")
				w.update(evidence.OriginEvents, "tag/v1", 20, evidence.TagCreation, "0", "plant")
				w.list(100, "main=base tag/v1=end")
			},
			gaps: []string{"broken-chain tag/v1"},
		},
		{
			name: "the first of several removals in one push is the one that counts",
			rows: []string{row + `"end" delete`},
			facts: func(w *world) {
				begin(w)
				w.commit("end", 25, "", "plant")
				w.commit("more", 26, "a.yml=other", "end")
				w.push("main", 30, "plant", "more")
				w.list(100, "main=more")
			},
		},
	})
}
