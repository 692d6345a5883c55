package exposure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
)

// States of a repository, strongest first where several hold.
const (
	RepoBlocked   = "blocked"   // GitHub took it down: nothing can be had
	RepoGone      = "gone"      // deleted, private or never there
	RepoArmed     = "armed"     // a version can start again
	RepoUnknown   = "unknown"   // what would tell is missing
	RepoInherited = "inherited" // a fork that came with the file
	RepoRewritten = "rewritten" // erased by force-push or deletion
	RepoRemoved   = "removed"   // reverted, deleted, edited or merged away
	RepoProposed  = "proposed"  // a pull request of a fork holds it
	RepoClean     = "clean"     // refs, history and activity were had, and hold nothing
)

// Verdict is the state of a repository as of AsOf.
type Verdict struct {
	State    string
	Reason   string
	AsOf     time.Time
	Evidence []string
}

// Judge gives the state of one repository. Clean needs the refs, the whole history and the activity: without them nothing found is not
// nothing there.
func Judge(in Input) Verdict {
	v := Verdict{AsOf: in.Timeline.AsOf}
	if g, ok := unreachable(in); ok {
		v.State, v.Reason, v.Evidence = RepoGone, g.Detail, []string{g.ID()}
		if g.Kind == evidence.GapBlocked {
			v.State = RepoBlocked
		}
		return v
	}
	unread := unreadRefs(in)
	for _, state := range []struct {
		word string
		of   func(timeline.Presence) bool
	}{
		{RepoArmed, func(p timeline.Presence) bool { return p.Armed == timeline.Armed }},
		{RepoUnknown, func(p timeline.Presence) bool { return p.Ref == "" && !p.Gone }},
		{RepoInherited, func(p timeline.Presence) bool { return p.Armed == timeline.Inherited && unread == "" }},
		{RepoUnknown, func(p timeline.Presence) bool { return p.Gone && unread != "" }},
		{RepoRewritten, func(p timeline.Presence) bool { return p.Gone && rewriting(p.RemovedBy.How) && !fellTo(in, p) }},
		{RepoRemoved, func(p timeline.Presence) bool { return p.Gone }},
		{RepoUnknown, func(p timeline.Presence) bool { return p.Unsourced }},
		{RepoProposed, func(p timeline.Presence) bool { return p.Armed == timeline.Proposed && unread == "" }},
		{RepoUnknown, func(timeline.Presence) bool { return true }},
	} {
		var rows []timeline.Presence
		for _, p := range in.Timeline.Presence {
			if state.of(p) {
				rows = append(rows, p)
			}
		}
		if len(rows) > 0 {
			v.State = state.word
			v.Reason, v.Evidence = describe(rows)
			if state.word == RepoUnknown && unread != "" {
				v.Reason += "; " + unread
			}
			return v
		}
	}
	return nothingFound(in, v)
}

// unreadRefs says why a file that is gone elsewhere may still be there, in a ref or as another version; empty for none.
func unreadRefs(in Input) string {
	switch {
	case !in.Facts.Listing.Known():
		return "its refs could not be listed: whether one still holds the file is not known"
	case len(in.Timeline.Unread) > 0:
		return fmt.Sprintf("what %d ref(s) hold now cannot be read, %s the first", len(in.Timeline.Unread), in.Timeline.Unread[0])
	case len(in.Unjudged) > 0:
		return unjudged(in)
	}
	return ""
}

func unjudged(in Input) string {
	return fmt.Sprintf("%d workflow version(s) that may be malicious could not be judged (see gaps)", len(in.Unjudged))
}

func rewriting(how string) bool {
	return how == "force_push" || how == "branch_deletion" || how == "retag"
}

// fellTo reports a side branch that was deleted after the default branch had been cleaned openly: tidying up, not erasing.
func fellTo(in Input, p timeline.Presence) bool {
	return p.RemovedBy.How == "branch_deletion" && slices.ContainsFunc(in.Timeline.Presence, func(o timeline.Presence) bool {
		return o.Ref != p.Ref && o.Gone && o.Path == p.Path && !rewriting(o.RemovedBy.How)
	})
}

func describe(rows []timeline.Presence) (string, []string) {
	var refs, ids []string
	for _, p := range rows {
		word := string(p.Ref)
		if p.Ref == "" {
			word = "no ref that can be named"
		}
		if p.Gone {
			word += " (" + p.RemovedBy.How + ")"
		}
		refs, ids = append(refs, word), append(ids, p.ID)
	}
	slices.Sort(refs)
	refs = slices.Compact(refs)
	const most = 4
	if n := len(refs) - most; n > 0 {
		refs = append(refs[:most], fmt.Sprintf("%d more", n))
	}
	return strings.Join(refs, ", "), ids
}

// unreachable finds the gap that says that the repository itself is not to be had. While git answers, an API that does not is no such gap.
func unreachable(in Input) (evidence.Gap, bool) {
	var git, api *evidence.Gap
	for i, g := range in.Facts.Gaps {
		if g.Kind != evidence.GapGone && g.Kind != evidence.GapBlocked && g.Kind != evidence.GapForbidden {
			continue
		}
		switch {
		case g.Unit == "git/refs":
			git = &in.Facts.Gaps[i]
		case g.Unit == "api/repository":
			api = &in.Facts.Gaps[i]
		}
	}
	switch {
	case git == nil || (api == nil && in.Facts.State != nil):
		return evidence.Gap{}, false
	case api != nil:
		return *api, true // the API says why; git only that it does not serve
	}
	return *git, true
}

// nothingFound tells clean from unseen. Each case names what is missing; the last one alone is clean.
func nothingFound(in Input, v Verdict) Verdict {
	v.State = RepoUnknown
	holes := holes(in.Facts.Gaps)
	activity, since := activityListed(in.Facts)
	for _, g := range in.Timeline.Gaps {
		if g.Kind == evidence.GapObjectMissing || g.Kind == evidence.GapUnreadable || g.Kind == evidence.GapBrokenChain || g.Kind == evidence.GapUnplaced {
			holes = append(holes, g.ID())
		}
	}
	unread := firstUnread(in)
	switch {
	case len(in.Timeline.Executions) > 0:
		e := in.Timeline.Executions[0]
		v.Reason, v.Evidence = fmt.Sprintf("run %d ran %s, and what the file held cannot be had", e.Run.RunID, e.Path), append(holes, e.RunFact)
	case !in.Facts.Listing.Known():
		v.Reason = "its refs were never listed"
	case len(in.Facts.Listing.Refs) == 0:
		v.Reason, v.Evidence = "it has no refs: what they held before cannot be seen", append(holes, in.Facts.Listing.Source)
	case len(in.Unjudged) > 0:
		v.Reason, v.Evidence = unjudged(in), append(slices.Clone(in.Unjudged), holes...)
	case len(listed(in)) > 0:
		v.Reason, v.Evidence = "it has a commit that a pack lists: who uses the repository, as an action say, may have got that", listed(in)
	case len(in.Facts.Redacted) > 0:
		v.Reason, v.Evidence = "parts of a workflow text had the shape of a credential and were not kept: what they said was not judged", holes
	case len(holes) > 0:
		v.Reason, v.Evidence = "nothing found in what could be read; parts could not (see gaps)", holes
	case unread != "":
		v.Reason, v.Evidence = "nothing found in what could be read; "+unread+" was not had", []string{in.Facts.Listing.Source}
	case activity != "":
		v.Reason, v.Evidence = "nothing in the present history; what was erased could not be seen: "+activity, []string{in.Facts.Listing.Source}
	default:
		v.State, v.Reason, v.Evidence = RepoClean, "nothing in the present history, nor in what activity tells of", []string{in.Facts.Listing.Source}
		if !since.IsZero() {
			v.Reason += " since " + evidence.Stamp(since) + ", its oldest row"
		}
	}
	return v
}

// listed are the commits that packs list, whatever they changed.
func listed(in Input) []string {
	var ids []string
	for _, c := range in.Commits {
		if c.Role == detect.Listed {
			ids = append(ids, evidence.CommitID(c.OID))
		}
	}
	return ids
}

// holes lists the gaps behind which a malicious version could stand.
func holes(gaps []evidence.Gap) []string {
	var out []string
	for _, g := range gaps {
		switch {
		case g.Unit == "api/check-suites", g.Unit == "api/signatures": // they tell of commits that others have, or say that nobody has
		case g.Kind == evidence.GapObjectMissing, g.Kind == evidence.GapUnreadable,
			strings.HasPrefix(g.Unit, "git/") && g.Kind != evidence.GapRenamed:
			out = append(out, g.ID())
		}
	}
	return out
}

// activityListed says why the activity does not vouch for the last listing of refs; empty where it does: listed to its end, without a lower
// bound of ours, and not before the refs were. since is how far back it reached.
func activityListed(facts *casefile.Facts) (why string, since time.Time) {
	why = "the activity of the repository was not listed"
	for _, c := range facts.Coverage {
		switch {
		case c.Origin != evidence.OriginActivity:
		case !c.Complete:
			why = "the activity of the repository was not listed to its end"
		case !c.From.IsZero():
			why = "activity was listed since " + evidence.Stamp(c.From) + " only (--since)"
		case c.To.Before(facts.Listing.At):
			why = "activity was last listed at " + evidence.Stamp(c.To) + ", before the refs"
		default:
			return "", c.Oldest
		}
	}
	return why, time.Time{}
}

// firstUnread names the first part of the present history that was not had: a listed object, a parent, or the tree of a commit.
func firstUnread(in Input) string {
	var tips []evidence.OID
	for _, l := range in.Facts.Listing.Refs {
		if !in.Facts.History.Has(l.Target()) {
			if l.Ref.Tag() && !slices.Contains(in.Timeline.Unread, l.Ref) {
				continue // of something that is no commit
			}
			return string(l.Ref)
		}
		tips = append(tips, l.Target())
	}
	h := in.Facts.History
	reached := h.Reach(tips...)
	for n := range int32(h.Len()) {
		if !reached.Has(n) {
			continue
		}
		if h.FolderOf(n) == evidence.UnknownFolder {
			return "the tree of " + string(h.ID(n))
		}
		for _, p := range h.ParentsOf(n) {
			if int(p) >= h.Len() {
				return "commit " + string(h.ID(p))
			}
		}
	}
	return ""
}
