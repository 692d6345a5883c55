package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// tip is one state of a ref: the commit at its tip from at until the next tip's at.
type tip struct {
	oid    evidence.OID // empty: the ref held something that no source names; ZeroOID: the ref was not there
	at     when.Instant // when the ref came to hold it. For a tip read from git alone only firm bounds stand here; see [reader.arrival]
	held   when.Instant // when it was last seen there; unknown where only moves tell of it
	by     *Move        // the update that brought it; nil: read from git
	proven bool
	apart  bool // only the latest time of its coming is known, and nothing says that it came after the tip before it
}

// track is the history of one ref: its tips from first to last.
type track struct {
	ref      evidence.Ref
	tips     []tip
	vanished bool       // not in the last listing though no source tells of its deletion
	endTold  bool       // and a gap says so
	outdated bool       // the last listing is older than what came of it since
	asOf     when.Bound // last observation of the ref
}

func (t *track) last() tip {
	if len(t.tips) == 0 {
		return tip{}
	}
	return t.tips[len(t.tips)-1]
}

// buildTracks reads every ref that any source names.
func (r *reader) buildTracks() {
	updates := map[evidence.Ref][]evidence.RefUpdate{}
	names := make(map[evidence.Ref]bool, len(r.listed))
	for _, u := range r.Facts.Updates {
		updates[u.Ref] = append(updates[u.Ref], u)
		names[u.Ref] = true
	}
	for ref := range r.listed {
		names[ref] = true
	}
	for ref := range r.pushes {
		names[ref] = true
	}
	for _, l := range r.Facts.Earlier {
		for _, ref := range l.Refs {
			names[ref.Ref] = true
		}
	}
	for _, s := range r.Facts.Sightings {
		names[s.Ref] = true
	}
	delete(names, "HEAD")
	seen := r.sightings(names)
	for _, ref := range slices.SortedFunc(maps.Keys(names), r.compareRefs) {
		moves, last := append(r.merge(updates[ref]), seen[ref]...), r.present(ref)
		if slices.ContainsFunc(moves, r.sinceListing) {
			moves, last = append(moves, r.lastListing(ref)), ""
		}
		slices.SortStableFunc(moves, compareMoves)
		moves, open := order(moves, last)
		for _, o := range open {
			r.roundabout(moves[0], o)
		}
		t := r.track(ref, moves)
		if ref == r.defaultRef && t.outdated && r.h.Has(t.last().oid) {
			r.setTrunk(t.last().oid)
		}
		r.tracks = append(r.tracks, t)
	}
}

// roundabout tells of moves that can be chained from another of them as well, before which the ref held something else.
func (r *reader) roundabout(first Move, other evidence.OID) {
	r.gap(evidence.GapBrokenChain, string(first.Ref), fmt.Sprintf("the moves about %s lead round, and their stamps do not tell which came first: before them the ref held %s, or %s",
		first.At, name(first.Before), name(other)), r.hint(first.Ref), first.Evidence...)
}

// sinceListing reports a move that the last listing may be too old to show. Every second of a stamp counts: in the second of the listing it
// may have been made after it.
func (r *reader) sinceListing(m Move) bool {
	return r.Facts.Listing.Known() && (!m.seen || m.origin != evidence.OriginGitRefs) && !m.stamp().Before(r.Facts.Listing.At)
}

// lastListing is what the last listing shows of a ref, as a sighting to stand among moves that are as new.
func (r *reader) lastListing(ref evidence.Ref) Move {
	l, o := r.Facts.Listing, r.present(ref)
	return Move{Ref: ref, Before: o, After: o, At: when.At(l.At, when.Server, l.Source), Evidence: []string{l.Source}, origin: evidence.OriginGitRefs, seen: true}
}

// present is what the last listing says that a ref holds, empty where there is none.
func (r *reader) present(ref evidence.Ref) evidence.OID {
	l, ok := r.listed[ref]
	switch {
	case !r.Facts.Listing.Known():
		return ""
	case !ok:
		return evidence.ZeroOID
	}
	return l.Target()
}

// compareRefs puts the default branch first, then branches, pull refs and tags.
func (r *reader) compareRefs(a, b evidence.Ref) int {
	if (a == r.defaultRef) != (b == r.defaultRef) {
		if a == r.defaultRef {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// rank sorts branches before pull refs before tags: the order in which a lost commit is placed.
func rank(ref evidence.Ref) string {
	switch {
	case ref.Branch():
		return "1"
	case ref.Pull():
		return "2"
	}
	return "3"
}

// provesTip reports a run that GitHub started for a push: its head was the tip of its branch when the run was created.
func provesTip(run evidence.Run) bool {
	return run.Event == "push" && run.HeadSHA.Object() && run.HeadBranch != ""
}

// runRef is the ref of a run: GitHub gives a bare name, which is a tag's only where no source tells of a branch of that name, now or before.
// Where both are told of, either may be meant: the run is not credited to the tag, and a gap says so. The branch of a pull request from a
// fork is none of ours.
func (r *reader) runRef(run evidence.Run) evidence.Ref {
	if run.HeadBranch == "" || r.foreign(run) {
		return ""
	}
	tag, branch := evidence.Ref("refs/tags/"+run.HeadBranch), evidence.Ref("refs/heads/"+run.HeadBranch)
	_, isTag := r.refsTold()[tag]
	_, isBranch := r.refsTold()[branch]
	switch {
	case !isTag:
	case !isBranch:
		return tag
	case provesTip(run):
		r.gap(evidence.GapContradiction, string(tag), "a tag and a branch bear this name, and runs name no more than that: those for pushes are read as of the branch, though the tag may be meant",
			"the log of a run names the ref in full", run.ID())
	}
	return branch
}

// foreign reports a run for a pull request from a fork.
func (r *reader) foreign(run evidence.Run) bool {
	return strings.HasPrefix(run.Event, "pull_request") && run.HeadRepository != "" &&
		!strings.EqualFold(run.HeadRepository, string(r.Facts.Repository)) &&
		(r.Facts.State == nil || !strings.EqualFold(run.HeadRepository, r.Facts.State.FullName))
}

// isListing reports the last listing among the moves.
func (r *reader) isListing(m Move) bool {
	l := r.Facts.Listing
	return m.seen && m.origin == evidence.OriginGitRefs && m.Evidence[0] == l.Source && m.At.NotAfter.At.Equal(l.At)
}

// track chains the moves of a ref. The last listing ends it, unless it stands among the moves and some of them come after it: the state of a
// ref is what the newest of all says.
func (r *reader) track(ref evidence.Ref, moves []Move) *track {
	t := &track{ref: ref}
	if n := len(moves); n > 0 && r.isListing(moves[n-1]) {
		moves = moves[:n-1]
	}
	for i := range moves {
		m := &moves[i]
		if !t.asOf.Known() || m.At.NotAfter.At.After(t.asOf.At) {
			t.asOf = m.At.NotAfter
		}
		if m.seen {
			t.outdated = t.outdated || r.isListing(*m)
			r.saw(t, m)
			continue
		}
		r.join(t, m)
		apart := m.late() && i > 0 && !joins(moves[i-1], *m)
		t.tips = append(t.tips, tip{oid: m.After, at: m.At, by: m, proven: true, apart: apart})
	}
	if !t.outdated {
		r.end(t)
	}
	r.lookedAt(t)
	r.narrow(t)
	return t
}

// lookedAt sets when a ref was last looked at: by the last listing, or by the whole activity, which shows that nothing moved it since.
func (r *reader) lookedAt(t *track) {
	l := r.Facts.Listing
	if !l.Known() {
		return
	}
	if l.At.After(t.asOf.At) || !t.outdated {
		t.asOf = when.Bound{At: l.At, Clock: when.Server}
	}
	if until := r.activityUntil(t.ref, l.At); t.outdated && until.After(t.asOf.At) {
		t.asOf = when.Bound{At: until, Clock: when.Server}
	}
}

// join brings a track to where a move begins: reading git for what came before the first one, noting a broken chain between two.
func (r *reader) join(t *track, m *Move) {
	at, until := t.last(), m.At.NotAfter
	switch {
	case len(t.tips) == 0 && m.Before == evidence.ZeroOID:
	case len(t.tips) == 0 && m.Before == "":
		t.tips = r.runTips(t.ref, until)
		if len(t.tips) == 0 {
			t.tips = []tip{{at: when.Instant{NotAfter: until}}}
		}
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("%s at %s names no commit: what the ref held until then is not told", m.Kind, m.At),
			r.hint(t.ref), m.Evidence...)
	case len(t.tips) == 0:
		t.tips = r.readGit(t.ref, m.Before, "", when.Instant{NotAfter: until, Evidence: m.Evidence})
	case at.oid == "" && m.Before.Object():
		r.fill(t, m.Before, until, m.Evidence)
	case m.follows(at.oid):
	case m.Before == "":
		from, why := t.leaving()
		t.tips = append(t.tips, tip{at: when.Between(from, until, slices.Concat(why, m.Evidence)...)})
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("%s at %s of a ref that was not there since %s: when it came, and what it held, is not told", m.Kind, m.At, at.since()),
			r.hint(t.ref), m.Evidence...)
	default:
		r.exclusive(t, m)
		r.broken(t, m.Before, until, m.Evidence)
	}
}

// exclusive tells of two sources of which each says that the same state was left at the same time, for different ones: both cannot be the
// whole truth.
func (r *reader) exclusive(t *track, m *Move) {
	by := t.last().by
	if by == nil || by.origin == m.origin || by.Before != m.Before || !m.Before.Object() || !adjacent(*m, *by) {
		return
	}
	r.gap(evidence.GapContradiction, string(t.ref), fmt.Sprintf("%s moves the ref from %s to %s at %s, %s moves it from there to %s at %s: both left the same state, and nothing tells of a way back",
		by.origin, name(m.Before), name(by.After), by.At, m.origin, name(m.After), m.At), r.hint(t.ref), slices.Concat(by.Evidence, m.Evidence)...)
}

// fill names what a ref held since a move that named no commit: what git tells of until the next one, or until the listing. Moves in between
// may be missing, so that only the outer bounds are firm. The move bounds what the ref held in the end, and all of it where it made the ref:
// what else grew since the last state that has a name may have come before the move.
func (r *reader) fill(t *track, to evidence.OID, until when.Bound, ids []string) {
	x, known := t.last(), len(t.tips)
	made := false // within the unnamed states, by a move that tells so
	for ; known > 0 && t.tips[known-1].oid == "" && !made; known-- {
		made = t.tips[known-1].by != nil && t.tips[known-1].by.creates()
	}
	first := t.tips[known]
	blind := slices.Clone(t.tips[known : len(t.tips)-1])
	left := track{ref: t.ref, tips: t.tips[:known]}
	if left.last().oid == to { // it went and came back
		t.tips = append(t.tips, tip{oid: to, at: when.Between(x.at.NotBefore, until, slices.Concat(x.at.Evidence, ids)...), proven: true})
		return
	}
	after, from, why := left.last().oid, first.at.NotBefore, first.at.Evidence
	if !made && first.by != nil {
		from, why = left.leaving()
	}
	switch {
	case made || !after.Object():
		after = ""
	case !until.Known() && r.Facts.Listing.Known():
		until, ids = when.Bound{At: r.Facts.Listing.At, Clock: when.Server}, []string{r.Facts.Listing.Source}
	}
	t.tips = append(t.tips[:known], r.readGit(t.ref, to, after, when.Between(from, until, slices.Concat(why, ids)...))...)
	last := &t.tips[len(t.tips)-1]
	if bound := firmOnly(x.at.NotBefore); bound.Known() {
		last.at = when.Between(bound, until, slices.Concat(x.at.Evidence, ids)...)
	}
	if t.ref.Tag() {
		last.by = x.by
	}
	r.unnamed(&track{ref: t.ref, tips: append(blind, *last)})
	if x.by != nil && x.by.Kind == evidence.ForcePush {
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("%s at %s names no commit: what it took away is not told", x.by.Kind, x.at), r.hint(t.ref), x.at.Evidence...)
	}
}

// broken bridges two states that do not join: at least one move between them is missing. What grew from a state that was merely seen is
// what git tells of.
func (r *reader) broken(t *track, to evidence.OID, until when.Bound, ids []string) {
	left := t.last()
	from, why := t.leaving()
	span := when.Between(from, until, slices.Concat(why, ids)...)
	if left.by != nil || !left.held.Known() || r.graph.ancestry(left.oid, to) != evidence.Ancestor {
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("the ref held %s since %s and then %s: what moved it in between is not told",
			name(left.oid), left.since(), name(to)), r.hint(t.ref), span.Evidence...)
	}
	if !to.Object() {
		t.tips = append(t.tips, tip{oid: to, at: span, proven: true})
		return
	}
	t.tips = append(t.tips, r.readGit(t.ref, to, left.oid, span)...)
}

func name(o evidence.OID) string {
	switch o {
	case "":
		return "an unnamed commit"
	case evidence.ZeroOID:
		return "nothing"
	}
	return o.Short()
}

// end brings a track to the last listing.
func (r *reader) end(t *track) {
	at := t.last()
	l, listed := r.listed[t.ref]
	known := r.Facts.Listing.Known()
	seen := when.Bound{At: r.Facts.Listing.At, Clock: when.Server}
	switch {
	case len(t.tips) == 0 && listed:
		t.tips = r.readGit(t.ref, l.Target(), "", when.Instant{})
	case len(t.tips) == 0:
		t.tips = r.runTips(t.ref, when.Bound{})
		if last := t.last().at.NotAfter; known && last.Known() && !last.At.Before(r.Facts.Listing.At) {
			t.outdated, t.asOf = true, last
		}
		t.vanished = known && !t.outdated
	case !known:
	case !listed:
		t.vanished = at.oid != evidence.ZeroOID
	case at.oid == "":
		r.fill(t, l.Target(), when.Bound{}, nil) // nothing says how long ago it came to hold this
	case at.oid != l.OID && at.oid != l.Target():
		r.broken(t, l.Target(), seen, []string{r.Facts.Listing.Source})
	}
}
