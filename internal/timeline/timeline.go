// Package timeline answers on which refs, from when to when, a malicious workflow version was present, whether GitHub could start it, and
// how far each run got. It takes the facts of one repository and the versions that detection judged malicious; it gives presence,
// opportunities, executions and the gaps it met on the way. It does not decide what is malicious, what a credential was worth, or that
// something did not happen because no source shows it.
//
// The rules are: a ref update is proof of a state of its ref; where updates are missing, git is read along first parents and its dates
// are claims; a commit in a ref's ancestry is not a state of that ref. Moves are chained from what they left to what they brought, over all
// sources: where two do not join, or exclude each other, a gap names both ends. What each source can prove stands at [Move].
package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// Leak is a step of a malicious version that takes secrets out, as the records of jobs and steps name it.
type Leak struct {
	JobID, JobName string
	StepName       string
	StepIndex      int // from 0, as in the file
}

// Version is a malicious workflow version.
type Version struct {
	Campaign string
	Rules    []string
	Triggers []workflow.Trigger
	Leaks    []Leak
	Waves    []Wave // of a version that does harm in them alone, by campaign and time, those of one campaign apart; none: it does so at any time
}

// Input is one repository and what was judged malicious in it.
type Input struct {
	Facts     *casefile.Facts
	Malicious map[evidence.OID]Version
	Campaign  []evidence.OID // campaign commits of all roles but removal
	// Suspect names paths that campaigns use: a run of one of them is told of even where the file that it ran cannot be had.
	Suspect map[string]bool
	Archive []evidence.ArchiveHour                // what reading archives came to, for all repositories of the case
	Log     func(evidence.RunLog) ([]byte, error) // the text of a log that the facts name; nil: none is read
	Now     time.Time
}

// Gap is something that the reading could not see, with the facts that show the hole.
type Gap struct {
	evidence.Gap
	Evidence []string
}

// Result is everything that was read from the facts of one repository.
type Result struct {
	Presence      []Presence
	Contains      []Containment
	Opportunities []Opportunity
	Executions    []Execution
	Pushed        map[evidence.OID]when.Instant // when a commit came to the repository, where a server said so
	Gaps          []Gap
	AsOf          time.Time      // the last listing of refs, or what is told since then of one; zero where there is no listing
	Unread        []evidence.Ref // listed refs of which nobody can tell what their tip holds
	Err           error          // a log could not be read: the result is not to be kept
}

// Containment is a ref that reaches a malicious commit whose file it never held, as far as is known.
type Containment struct {
	Ref    evidence.Ref
	Commit evidence.OID
}

// reader holds the facts of one repository while they are read.
type reader struct {
	Input
	h                       *evidence.History
	graph                   *graph
	runs                    []evidence.Run                  // by creation
	pushes                  map[evidence.Ref][]evidence.Run // those that GitHub started for pushes, by the ref pushed to
	defaultRef              evidence.Ref
	trunk                   map[evidence.OID]bool // first-parent chain of the default branch
	tracks                  []*track
	listed                  map[evidence.Ref]evidence.ListedRef
	told                    map[evidence.Ref]bool         // refs that a listing, an update or a sighting says were there; made when first asked for
	bad                     []map[string]evidence.OID     // malicious files by number of the commit, path to blob; nil where the tree could not be had
	textless                []map[string]evidence.OID     // and those whose text was never had: nobody can tell what they are
	shown                   map[evidence.OID]bool         // what the listed refs reach; made when first asked for
	grown                   map[evidence.OID]set          // what grew from campaign commits
	peeled                  map[evidence.OID]evidence.OID // the commits behind annotated tags
	clones                  *clones                       // made when first asked for
	stamped                 map[evidence.Ref][]Move       // what sources other than clones stamped, by time; with clones
	attempts                map[int64]map[int]bool
	jobsTold                map[casefile.Attempt]time.Time      // when their jobs were last listed to the end; zero for never
	logs                    map[evidence.RunLog]evidence.RunLog // of jobs, by run, attempt and job alone
	deleted                 map[int64]string                    // runs that the audit log says were deleted, to the gap that tells so
	lost                    []hole                              // by path and number
	ran                     []Execution
	firstAttempt            map[int64]int // the first attempt that was had of each run
	tagMoves                map[tagSecond]int
	formerDefaults          map[evidence.Ref]bool // see wasDefault
	err                     error
	byHead                  map[evidence.OID][]Execution
	byEvent                 map[string][]Execution
	floors                  []evidence.OID       // by number of the commit: the newest commit of GitHub's own in what it grew from; nil for none at all
	hours                   map[time.Time]*hours // of archives, those that were not read whole
	brokenHours, wholeHours []time.Time
	readSoFar               int            // states of refs read from git
	gaps                    map[string]Gap // by id
}

// newReader sorts what came in any order: the result is the same for the same facts.
func newReader(in Input) *reader {
	refs := len(in.Facts.Listing.Refs)
	r := &reader{Input: in, h: in.Facts.History, graph: newGraph(in.Facts.History, in.Campaign, refs), listed: make(map[evidence.Ref]evidence.ListedRef, refs),
		grown: map[evidence.OID]set{}, gaps: map[string]Gap{},
		pushes: map[evidence.Ref][]evidence.Run{}, runs: slices.Clone(in.Facts.Runs)}
	for _, l := range in.Facts.Listing.Refs {
		r.listed[l.Ref] = l
	}
	r.judgeTrees()
	r.peelTags()
	r.findFloors()
	r.indexHours()
	slices.SortFunc(r.runs, func(a, b evidence.Run) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.RunID, b.RunID), cmp.Compare(a.Attempt, b.Attempt))
	})
	for _, run := range r.runs {
		if ref := r.runRef(run); provesTip(run) && ref != "" {
			r.pushes[ref] = append(r.pushes[ref], run)
		}
	}
	r.Campaign = slices.Clone(in.Campaign)
	slices.SortFunc(r.Campaign, func(a, b evidence.OID) int {
		return cmp.Or(r.claimedDate(a).At.Compare(r.claimedDate(b).At), cmp.Compare(a, b))
	})
	r.Campaign = slices.Compact(r.Campaign)
	return r
}

// Read works the facts of one repository out.
func Read(in Input) Result {
	r := newReader(in)
	r.findTrunk()
	r.buildTracks()
	out := Result{Pushed: map[evidence.OID]when.Instant{}, AsOf: in.Facts.Listing.At}
	for _, t := range r.tracks {
		if t.outdated && t.asOf.At.After(out.AsOf) {
			out.AsOf = t.asOf.At
		}
		r.darkness(t)
		r.unnamed(t)
		out.Presence = append(out.Presence, r.presenceOf(t)...)
		if last := t.last(); t.vanished && !t.endTold && last.by != nil {
			r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("the ref held %s since %s and is not listed any more: what it held in between, and when it was deleted, is not told",
				name(last.oid), last.since()), r.hint(t.ref), append(slices.Clone(last.at.Evidence), in.Facts.Listing.Source)...)
		}
	}
	out.Presence = append(out.Presence, r.place(out.Presence)...)
	out.Unread = r.unread()
	r.arm(out.Presence)
	for i := range out.Presence {
		p := &out.Presence[i]
		p.Narrow = r.wouldNarrow(p)
		p.CertainFrom, p.CertainTo = r.certain(p)
	}
	out.Contains = r.contains(out.Presence)
	whole := r.split(out.Presence)
	out.Presence = r.clip(whole)
	r.holes(out.Presence)
	slices.SortStableFunc(out.Presence, comparePresence)
	for _, o := range r.Campaign {
		if at := r.pushed(o); at.Known() {
			out.Pushed[o] = at
		}
	}
	slices.SortStableFunc(whole, comparePresence)
	ran := r.executions(whole)
	r.inWaves(ran, whole)
	r.indexExecutions(ran)
	out.Executions = harmful(ran)
	r.unheld(out.Executions, out.Presence)
	out.Opportunities = r.opportunities(out.Presence)
	r.tellDeletions(out.Presence)
	out.Err = r.err
	for _, id := range slices.Sorted(maps.Keys(r.gaps)) {
		out.Gaps = append(out.Gaps, r.gaps[id])
	}
	return out
}

func comparePresence(a, b Presence) int {
	return cmp.Or(a.added().Compare(b.added()), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
}

// maxDetail bounds the text of a gap that was met again and again, in bytes.
const maxDetail = 2000

// gap notes something that could not be seen. What is met twice under one name is one gap that tells of both.
func (r *reader) gap(kind evidence.GapKind, subject, detail, hint string, ids ...string) {
	g := evidence.Gap{Repository: r.Facts.Repository, Unit: "timeline", Kind: kind, Subject: subject, Detail: detail, Hint: hint}
	have, again := r.gaps[g.ID()]
	if again {
		g.Detail = have.Detail
		if !strings.Contains(have.Detail, detail) && len(have.Detail)+len(detail) < maxDetail {
			g.Detail += "; " + detail
		}
	}
	ids = append(slices.Clone(have.Evidence), ids...)
	slices.Sort(ids)
	r.gaps[g.ID()] = Gap{Gap: g, Evidence: slices.Compact(ids)}
}

// unread lists the refs of the last listing of which nobody can tell what they hold. A tag can name a blob or a tree, of which there is no
// workflow to read: one whose object is no commit that was had, and that no gap of the collection says was not had, is such a tag.
func (r *reader) unread() []evidence.Ref {
	missing, broken := map[evidence.OID]bool{}, true
	for _, l := range r.Facts.Listing.Refs {
		broken = broken && !r.h.Has(l.Target()) // nothing that is listed was had: the collection stopped before
	}
	for _, g := range r.Facts.Gaps {
		switch object, err := evidence.ParseOID(g.Subject); {
		case !strings.HasPrefix(g.Unit, "git/") || g.Unit == "git/refs":
		case err == nil:
			missing[object] = true
		case g.Kind != evidence.GapNotCollected && g.Kind != evidence.GapEmpty:
			broken = true
		}
	}
	var out []evidence.Ref
	for _, l := range r.Facts.Listing.Refs {
		other := l.Ref.Tag() && !r.h.Has(l.Target()) && !broken && !missing[l.OID] && !missing[l.Target()]
		if l.Ref != "HEAD" && !r.readable(l.Target()) && !other {
			out = append(out, l.Ref)
		}
	}
	return out
}

// findTrunk names the default branch: by the API, else by the listed HEAD, else by custom where only one of the usual names is there.
func (r *reader) findTrunk() {
	switch {
	case r.Facts.State != nil && r.Facts.State.DefaultBranch != "":
		r.defaultRef = evidence.Ref("refs/heads/" + r.Facts.State.DefaultBranch)
	case r.listed["HEAD"].Symref != "":
		r.defaultRef = r.listed["HEAD"].Symref
	default:
		for _, name := range []evidence.Ref{"refs/heads/main", "refs/heads/master"} {
			if _, ok := r.listed[name]; ok && r.defaultRef == "" {
				r.defaultRef = name
			}
		}
		if r.defaultRef == "" && len(r.listed) > 0 {
			r.gap(evidence.GapUnsupported, "default branch", "no source names the default branch: every branch is read on its own",
				"collect the repository from the API", r.Facts.Listing.Source)
		}
	}
	r.setTrunk(r.listed[r.defaultRef].Target())
}

// claimedDate is the committer's word on when a commit was made, unless it is refuted.
func (r *reader) claimedDate(o evidence.OID) when.Bound {
	c := r.h.Commit(o)
	if c.Committer.Date.IsZero() || r.refuted(o) {
		return when.Bound{}
	}
	return when.Bound{At: c.Committer.Date, Clock: when.Git}
}

// refuted reports a commit that claims to be younger than the listing that shows it, or than GitHub's first look at its signature: it existed
// by then.
func (r *reader) refuted(o evidence.OID) bool {
	if k := r.Facts.Checks[o]; !k.VerifiedAt.IsZero() && r.h.CommittedAt(o).Sub(k.VerifiedAt) > reportSlack {
		return true
	}
	l := r.Facts.Listing
	if !l.Known() || !r.h.CommittedAt(o).After(l.At) {
		return false
	}
	if r.shown == nil {
		tips := make([]evidence.OID, 0, len(l.Refs))
		for _, ref := range l.Refs {
			tips = append(tips, ref.Target())
		}
		r.shown = r.h.Reachable(tips...)
	}
	return r.shown[o]
}

// grew is what grew from a campaign commit, itself included.
func (r *reader) grew(o evidence.OID) set {
	s, done := r.grown[o]
	if !done {
		s = r.graph.into(o)
		r.grown[o] = s
	}
	return s
}
