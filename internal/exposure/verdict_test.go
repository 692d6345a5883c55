package exposure_test

import (
	"slices"
	"strings"
	"testing"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/exposure"
	"pentimento/internal/timeline"
)

const tip = evidence.OID("0123456789012345678901234567890123456789")

// seen is a repository of which everything was had and in which nothing was found.
func seen() *world {
	w := &world{}
	w.Facts = &casefile.Facts{
		Repository: repository,
		History:    evidence.NewHistory([]evidence.Commit{{OID: tip}}, []evidence.Holding{{Commit: tip, Known: true}}, nil),
		State:      &evidence.RepositoryState{GitHubID: 1, FullName: string(repository), DefaultBranch: "main"},
		Listing:    casefile.Listing{Source: "src-1", At: at(100), Refs: []evidence.ListedRef{{Ref: "refs/heads/main", OID: tip}}},
		Coverage:   []evidence.Coverage{{Origin: evidence.OriginActivity, To: at(100), Complete: true, Oldest: at(-900)}},
	}
	w.Findings = map[evidence.OID]detect.Finding{}
	return w
}

func TestJudge(t *testing.T) {
	gap := func(w *world, unit string, kind evidence.GapKind) {
		w.Facts.Gaps = append(w.Facts.Gaps, evidence.Gap{Repository: repository, Unit: unit, Kind: kind, Subject: "x", Detail: "because"})
	}
	for _, c := range []struct {
		name   string
		facts  func(w *world)
		want   string
		reason string // a part of it
	}{
		{"everything seen, nothing found", func(*world) {}, exposure.RepoClean, "since 2025-08-31"},
		{"a commit that a pack lists", func(w *world) { w.Commits = []detect.Commit{{OID: tip, Role: detect.Listed}} }, exposure.RepoUnknown, "a pack lists"},
		{"refs never listed", func(w *world) { w.Facts.Listing = casefile.Listing{} }, exposure.RepoUnknown, "never listed"},
		{"listed and empty", func(w *world) { w.Facts.Listing.Refs = nil }, exposure.RepoUnknown, "no refs"},
		{"no activity", func(w *world) { w.Facts.Coverage = nil }, exposure.RepoUnknown, "was not listed"},
		{"activity cut short", func(w *world) { w.Facts.Coverage[0].Complete = false }, exposure.RepoUnknown, "to its end"},
		{"activity cut by --since", func(w *world) { w.Facts.Coverage[0].From = at(50) }, exposure.RepoUnknown, "--since"},
		{"activity older than the listing", func(w *world) { w.Facts.Coverage[0].To = at(99) }, exposure.RepoUnknown, "before the refs"},
		{"a commit that nobody serves", func(w *world) { gap(w, "recovery", evidence.GapObjectMissing) }, exposure.RepoUnknown, "could not"},
		{"a workflow text that was not had", func(w *world) {
			w.Timeline.Gaps = []timeline.Gap{{Gap: evidence.Gap{Repository: repository, Unit: "timeline", Kind: evidence.GapUnreadable, Subject: "x"}}}
		}, exposure.RepoUnknown, "could not"},
		{"history refused", func(w *world) { gap(w, "git/history", evidence.GapRefused) }, exposure.RepoUnknown, "could not"},
		{"renamed is no hole", func(w *world) { gap(w, "git/refs", evidence.GapRenamed) }, exposure.RepoClean, ""},
		{"a tip that was not had", func(w *world) { w.Facts.Listing.Refs[0].OID = tip[:39] + "a" }, exposure.RepoUnknown, "refs/heads/main"},
		{"a tag of what is no commit", func(w *world) {
			w.Facts.Listing.Refs = append(w.Facts.Listing.Refs, evidence.ListedRef{Ref: "refs/tags/key", OID: tip[:39] + "a"})
		}, exposure.RepoClean, ""},
		{"a tag that was not had", func(w *world) {
			w.Facts.Listing.Refs = append(w.Facts.Listing.Refs, evidence.ListedRef{Ref: "refs/tags/v1", OID: tip[:39] + "a"})
			w.Timeline.Unread = []evidence.Ref{"refs/tags/v1"}
		}, exposure.RepoUnknown, "refs/tags/v1"},
		{"a tree that was not had", func(w *world) {
			w.Facts.History = evidence.NewHistory([]evidence.Commit{{OID: tip}}, nil, nil)
		}, exposure.RepoUnknown, "tree"},
		{"a workflow text of which a part was redacted", func(w *world) { w.Facts.Redacted = []evidence.OID{tip} }, exposure.RepoUnknown, "not judged"},
		{"a version that no rule judged", func(w *world) { w.Unjudged = []string{"gap-1"} }, exposure.RepoUnknown, "1 workflow version(s)"},
		{"removed, and a version that no rule judged", func(w *world) {
			w.row("p", "refs/heads/main", 10, 20, "bad")
			w.Unjudged = []string{"gap-1"}
		}, exposure.RepoUnknown, "could not be judged"},
		{"a run of a file that cannot be had", func(w *world) { w.ran(7, "", timeline.Started, 10, 0) }, exposure.RepoUnknown, "run 7"},
		{"gone for git and the API", func(w *world) {
			gap(w, "git/refs", evidence.GapForbidden)
			gap(w, "api/repository", evidence.GapGone)
			w.Facts.Listing = casefile.Listing{}
		}, exposure.RepoGone, "because"},
		{"the API does not know what git serves", func(w *world) { gap(w, "api/repository", evidence.GapGone) }, exposure.RepoClean, ""},
		{"blocked", func(w *world) {
			gap(w, "git/refs", evidence.GapForbidden)
			gap(w, "api/repository", evidence.GapBlocked)
		}, exposure.RepoBlocked, ""},
		{"armed on one branch, removed on another", func(w *world) {
			w.row("p", "refs/heads/main", 10, 20, "bad")
			w.row("q", "refs/heads/old", 10, 0, "bad")
		}, exposure.RepoArmed, "refs/heads/old"},
		{"erased by force", func(w *world) { w.row("p", "refs/heads/main", 10, 20, "bad").RemovedBy.How = "force_push" }, exposure.RepoRewritten, "force_push"},
		{"reverted, and the side branch tidied away", func(w *world) {
			w.row("p", "refs/heads/main", 10, 20, "bad").RemovedBy.How = "revert"
			w.row("q", "refs/heads/fix", 10, 30, "bad").RemovedBy.How = "branch_deletion"
		}, exposure.RepoRemoved, "revert"},
		{"removed, and the refs cannot be listed now", func(w *world) {
			w.row("p", "refs/heads/main", 10, 20, "bad")
			w.Facts.Listing = casefile.Listing{}
		}, exposure.RepoUnknown, "not known"},
		{"removed, and another ref cannot be read", func(w *world) {
			w.row("p", "refs/heads/main", 10, 20, "bad")
			w.Timeline.Unread = []evidence.Ref{"refs/heads/dark"}
		}, exposure.RepoUnknown, "refs/heads/dark"},
		{"a fork that came with it", func(w *world) { w.row("p", "refs/heads/main", 10, 0, "bad").Armed = timeline.Inherited }, exposure.RepoInherited, ""},
		{"inherited, beside a file that no rule judged", func(w *world) {
			w.row("p", "refs/heads/main", 10, 0, "bad").Armed = timeline.Inherited
			w.Unjudged = []string{"gap-1"}
		}, exposure.RepoUnknown, "could not be judged"},
		{"proposed, beside a ref that nobody can read", func(w *world) {
			w.row("p", "refs/pull/1/head", 10, 0, "bad").Armed = timeline.Proposed
			w.Timeline.Unread = []evidence.Ref{"refs/heads/other"}
		}, exposure.RepoUnknown, "cannot be read"},
		{"only proposed", func(w *world) { w.row("p", "refs/pull/1/head", 10, 0, "bad").Armed = timeline.Proposed }, exposure.RepoProposed, ""},
		{"a pull request's head of unknown origin", func(w *world) {
			w.row("p", "refs/pull/1/head", 10, 0, "bad").Armed = timeline.Proposed
			w.row("q", "refs/pull/2/head", 10, 0, "bad").Armed = timeline.Proposed
			w.Timeline.Presence[1].Unsourced = true
		}, exposure.RepoUnknown, "refs/pull/2/head"},
		{"on no ref that can be named", func(w *world) { w.row("p", "", 10, 0, "bad").Armed = timeline.NotArmed }, exposure.RepoUnknown, "no ref"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := seen()
			c.facts(w)
			v := exposure.Judge(w.Input)
			if v.State != c.want || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("%s: %q, want %s: ...%s...", v.State, v.Reason, c.want, c.reason)
			}
		})
	}
}

func TestSuppressedPushSpeaksForItselfAlone(t *testing.T) {
	w := newWorld()
	w.row("p", "refs/heads/main", 10, 0, "bad")
	w.push("p", "bad", 10, 0, timeline.Suppressed)
	w.dispatch("p", "bad", 10, 0)
	want := []string{`TOKEN#1 10s..? by "triggered"/"" triggered not_known_closed`}
	if got := w.windows(); !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
