package timeline_test

import (
	"slices"
	"testing"

	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
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
				w.commit("plant", 50_000_000, "a.yml=bad1", "base")
				w.commit("merge", 30, "a.yml=bad1", "base", "plant")
				w.list(100, "main=merge")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 30g..50000000g by "merge"`},
			gaps: []string{"contradiction plant"},
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

func TestUpdates(t *testing.T) {
	teach(t, []lesson{
		{
			name: "created and deleted within one second",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("sneak", 20, "a.yml=bad1", "base")
				w.push("x", 30, "sneak", "0")
				w.push("x", 30, "0", "sneak")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/sneak] proven no added 30s by "sneak" removed 30s by "" branch_deletion`},
		},
		{
			name: "moves of one second are chained, not sorted",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 20, "a.yml=bad1", "plant")
				w.commit("fix", 20, "", "trigger")
				w.push("main", 20, "trigger", "fix")
				w.push("main", 20, "plant", "trigger")
				w.push("main", 20, "base", "plant")
				w.push("main", 10, "0", "base")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20s by "plant" removed 20s by "fix" delete`},
		},
		{
			name: "sources that lag differently are chained too",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 21, "", "plant")
				w.push("main", 21, "plant", "fix")
				w.update(evidence.OriginEvents, "main", 23, evidence.Push, "base", "plant")
				w.list(100, "main=fix")
			},
			// The stamps of two clocks run against the chain: both hold for both moves.
			rows: []string{`main a.yml [bad1/plant] proven no added 21s..23s by "plant" removed 21s..23s by "fix" delete`},
		},
		{
			name: "plant, trigger and revert in one push: possible, with the push as all bounds",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.commit("fix", 22, "", "trigger")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "base", "fix")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] possible no added 30s by "plant" removed 30s by "fix" delete`},
		},
		{
			name: "plant, revert and plant in one push: the first was taken away by the revert",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 22, "", "plant")
				w.commit("again", 23, "a.yml=bad1", "fix")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "base", "again")
				w.list(100, "main=again")
			},
			rows: []string{
				`main a.yml [bad1/again] proven armed added 30s by "again"`,
				`main a.yml [bad1/plant] possible no added 30s by "plant" removed 30s by "fix" delete`,
			},
		},
		{
			name: "an object in the middle is missing: the end lies between the moves around it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 30, "")
				w.push("main", 10, "0", "base")
				w.push("main", 20, "base", "plant")
				w.push("main", 25, "plant", "lost")
				w.push("main", 40, "lost", "fix")
				w.list(100, "main=fix")
				w.names[oid("lost")] = "lost"
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20s by "plant" removed 25s..40s by "" force_push`},
			gaps: []string{"object-missing lost"},
		},
		{
			name: "an object before the plant is missing: the file may have come with it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "lost")
				w.push("main", 10, "0", "base")
				w.push("main", 15, "base", "lost")
				w.push("main", 20, "lost", "plant")
				w.list(100, "main=plant")
				w.names[oid("lost")] = "lost"
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 15s..20s by "plant"`},
			gaps: []string{"object-missing lost"},
		},
		{
			name: "a broken chain: what lies between is read from git within the moves around it",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.commit("fix", 40, "", "trigger")
				w.push("main", 10, "0", "base")
				w.push("main", 40, "trigger", "fix")
				w.list(100, "main=fix")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 10s..40s by "plant" removed 40s by "fix" delete`},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "two holes in one ref are both told",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("one", 20, "", "base")
				w.commit("two", 30, "", "one")
				w.commit("three", 40, "", "two")
				w.push("main", 10, "0", "base")
				w.push("main", 30, "one", "two")
				w.list(100, "main=three")
			},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "a ref that vanished from the listing",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("x", 20, "0", "plant")
				w.push("x", 30, "plant", "lost")
				w.push("x", 40, "lost", "lost2")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20s by "plant" removed 30s..100s by "" branch_deletion`},
			gaps: []string{"object-missing " + string(oid("lost")), "unconfirmed-end x"},
		},
		{
			name: "no listing: the end is not known",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 20s by "plant"`},
			gaps: []string{"unconfirmed-end main"},
		},
		{
			name: "activity and events two seconds apart are one move, as their hull",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
				w.update(evidence.OriginEvents, "main", 22, evidence.Push, "base", "plant")
				w.list(100, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added 20s..22s by "plant"`},
		},
		{
			name: "hours apart they may be two moves, and then others between them are missing",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("main", 20, "base", "plant")
				w.update(evidence.OriginEvents, "main", 9020, evidence.Push, "base", "plant")
				w.list(10_000, "main=plant")
			},
			rows: []string{
				`main a.yml [bad1/plant] proven armed added 9020s by "plant"`,
				`main a.yml [bad1/plant] proven no added 20s by "plant" removed 20s..9020s by "" force_push`,
			},
			gaps: []string{"broken-chain main"},
		},
		{
			name: "a CreateEvent names no commit: what the next move left was there at the latest then",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 40, "", "plant")
				w.update(evidence.OriginEvents, "x", 15, evidence.BranchCreation, "", "")
				w.update(evidence.OriginEvents, "x", 40, evidence.Push, "plant", "fix")
				w.update(evidence.OriginEvents, "x", 50, evidence.BranchDeletion, "", "")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 15s..40s by "plant" removed 40s by "fix" delete`},
		},
		{
			name: "a DeleteEvent names no commit: the file was there until then",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.push("x", 20, "0", "plant")
				w.update(evidence.OriginEvents, "x", 50, evidence.BranchDeletion, "", "")
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20s by "plant" removed 50s by "" branch_deletion`},
		},
		{
			name: "a tag's CreateEvent bounds its coming from below, a run from above",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.update(evidence.OriginEvents, "tag/v1", 30, evidence.TagCreation, "", "")
				w.update(evidence.OriginEvents, "tag/v2", 30, evidence.TagCreation, "", "")
				w.run(8, "v2", "plant", 31)
				w.list(100, "main=base tag/v1=plant tag/v2=plant")
			},
			rows: []string{
				`tag/v1 a.yml [bad1/plant] proven armed added 30s..? by ""`,
				`tag/v2 a.yml [bad1/plant] proven armed added 30s..31s by ""`,
			},
		},
		{
			name: "a branch that only runs tell of",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.run(7, "x", "plant", 25)
				w.list(100, "main=base")
			},
			rows: []string{`x a.yml [bad1/plant] proven no added 20g..25s by "plant" removed ?..100s by "" branch_deletion`},
			gaps: []string{"unconfirmed-end x"},
		},
		{
			name: "and the refs were never listed",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.run(7, "x", "plant", 25)
			},
			rows: []string{`x a.yml [bad1/plant] proven armed added 20g..25s by "plant"`},
			gaps: []string{"unconfirmed-end x"},
		},
		{
			name: "erased from a ref that is still there, and runs alone remember, one of them of the trigger",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("trigger", 21, "a.yml=bad1", "plant")
				w.run(7, "main", "trigger", 25)
				w.list(100, "main=base")
			},
			rows: []string{`main a.yml [bad1/plant] proven no added 20g..25s by "plant" removed ?..100s by "" force_push`},
			gaps: []string{"unconfirmed-end main"},
		},
		{
			name: "a commit that nothing places",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.list(100, "main=base")
			},
			rows: []string{` a.yml [bad1/plant] possible no added 20g by "plant"`},
			gaps: []string{"unplaced plant"},
		},
		{
			name: "a claimed date after a run of the commit is refuted",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 9_000_000, "a.yml=bad1", "base")
				w.run(7, "main", "plant", 25)
				w.list(100, "main=plant")
			},
			rows: []string{`main a.yml [bad1/plant] proven armed added ?..25s by "plant"`},
			gaps: []string{"contradiction plant"},
		},
		{
			name: "a branch made with the file in it was made by the update, not by a commit",
			facts: func(w *world) {
				w.trunk("main")
				w.commit("base", 10, "")
				w.commit("plant", 20, "a.yml=bad1", "base")
				w.commit("fix", 40, "", "plant")
				w.push("main", 10, "0", "base")
				w.push("main", 20, "base", "plant")
				w.push("cut", 30, "0", "plant")
				w.push("main", 40, "plant", "fix")
				w.list(100, "main=fix cut=plant")
			},
			rows: []string{
				`cut a.yml [bad1/plant] proven armed added 30s by ""`,
				`main a.yml [bad1/plant] proven no added 20s by "plant" removed 40s by "fix" delete`,
			},
		},
	})
}

func TestArmed(t *testing.T) {
	only := func(event string, filter ...string) func(w *world) {
		return func(w *world) {
			w.trunk("main")
			w.version("bad1", nil, workflow.Trigger{Event: event, Branches: filter})
			w.commit("base", 10, "")
			w.commit("plant", 20, "a.yml=bad1", "base")
			w.list(100, "main=base side=plant tag/v1=plant")
		}
	}
	rows := func(side, tag string) []string {
		return []string{`side a.yml [bad1/plant] proven ` + side + ` added 20g by "plant"`, `tag/v1 a.yml [bad1/plant] proven ` + tag + ` added 20g by "plant"`}
	}
	teach(t, []lesson{
		{name: "by push", facts: only("push"), rows: rows("armed", "armed")},
		{name: "by dispatch", facts: only("workflow_dispatch"), rows: rows("armed", "armed")},
		{name: "a filter for another branch: one of that name can be cut from it", facts: only("push", "release"), rows: rows("armed", "no")},
		{name: "on the default branch alone", facts: only("schedule"), rows: rows("no", "no")},
		{name: "triggers that could not be read", rows: rows("armed", "armed"), facts: func(w *world) {
			only("push")(w)
			w.version("bad1", nil)
		}},
	})
}

func TestForks(t *testing.T) {
	fork := func(w *world) {
		w.trunk("main")
		w.facts.State.ForkOf, w.facts.State.CreatedAt = "copperfin/loomwork", at(50)
		w.commit("base", 10, "")
		w.commit("plant", 20, "a.yml=bad1", "base")
	}
	inherited := `main a.yml [bad1/plant] proven inherited added 20g by "plant"`
	teach(t, []lesson{
		{name: "what came with the fork is inherited", rows: []string{inherited}, facts: func(w *world) {
			fork(w)
			w.list(100, "main=plant")
		}},
		{
			name: "a rearm pushed to the fork is not", facts: func(w *world) {
				fork(w)
				w.commit("rearm", 70, "a.yml=bad2", "plant")
				w.push("main", 5000, "plant", "rearm")
				w.list(9000, "main=rearm")
			},
			rows: []string{`main a.yml [bad1/plant bad2/rearm] proven armed added 20g..5000s by "plant"`},
		},
		{
			name: "nor is a branch that was pushed there later, however old its commit claims to be", facts: func(w *world) {
				fork(w)
				w.commit("sneak", 30, "a.yml=bad2", "base")
				w.push("x", 5000, "0", "sneak")
				w.list(9000, "main=plant x=sneak")
			},
			rows: []string{inherited, `x a.yml [bad2/sneak] proven armed added 5000s by "sneak"`},
		},
		{
			name: "a branch cut from what was inherited is", facts: func(w *world) {
				fork(w)
				w.push("x", 5000, "0", "plant")
				w.list(9000, "main=plant x=plant")
			},
			rows: []string{inherited, `x a.yml [bad1/plant] proven inherited added 5000s by ""`},
		},
		{name: "a commit that says it is younger than the fork was not inherited", facts: func(w *world) {
			fork(w)
			w.facts.State.CreatedAt = at(15)
			w.list(100, "main=plant")
		}, rows: []string{`main a.yml [bad1/plant] proven armed added 20g by "plant"`}},
	})
}

// The result is the same in whatever order the facts come.
func TestDisagreementsAreTold(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 10, "")
	w.commit("one", 20, "", "base")
	w.commit("two", 30, "", "one")
	w.commit("three", 40, "", "two")
	w.push("main", 10, "0", "base")
	w.push("main", 30, "one", "two")
	w.list(100, "main=three")
	res := w.read()
	if len(res.Gaps) != 1 {
		t.Fatalf("%d gaps, want one", len(res.Gaps))
	}
	for _, name := range []string{"base", "one", "two", "three"} {
		if !slices.ContainsFunc(res.Gaps, func(g timelineGap) bool { return contains(g.Detail, string(oid(name).Short())) }) {
			t.Errorf("no gap tells of %s: %v", name, res.Gaps)
		}
	}
}
