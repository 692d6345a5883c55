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
}

// track is the history of one ref: its tips from first to last.
type track struct {
	ref      evidence.Ref
	tips     []tip
	vanished bool       // not in the last listing though no source tells of its deletion
	endTold  bool       // and a gap says so
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
	names := map[evidence.Ref]bool{}
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
		moves := append(r.merge(updates[ref]), seen[ref]...)
		slices.SortStableFunc(moves, compareMoves)
		r.tracks = append(r.tracks, r.track(ref, order(moves, r.present(ref))))
	}
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
	switch told := r.refsTold(); {
	case !told[tag]:
	case !told[branch]:
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

func (r *reader) track(ref evidence.Ref, moves []Move) *track {
	t := &track{ref: ref}
	for i := range moves {
		m := &moves[i]
		t.asOf = m.At.NotAfter
		if m.seen {
			r.saw(t, m)
			continue
		}
		r.join(t, m)
		t.tips = append(t.tips, tip{oid: m.After, at: m.At, by: m, proven: true})
	}
	r.end(t)
	r.narrow(t)
	return t
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
// may be missing, so that only the outer bounds are firm.
func (r *reader) fill(t *track, to evidence.OID, until when.Bound, ids []string) {
	x := t.last()
	span := when.Between(x.at.NotBefore, until, slices.Concat(x.at.Evidence, ids)...)
	t.tips = append(t.tips[:len(t.tips)-1], r.readGit(t.ref, to, "", span)...)
	if first := &t.tips[len(t.tips)-1]; t.ref.Tag() {
		first.by = x.by
	}
}

// broken bridges two states that do not join: at least one move between them is missing. What grew from a state that was merely seen is
// what git tells of.
func (r *reader) broken(t *track, to evidence.OID, until when.Bound, ids []string) {
	left := t.last()
	from, why := t.leaving()
	span := when.Between(from, until, slices.Concat(why, ids)...)
	if left.by != nil || !left.held.Known() || r.h.Ancestry(left.oid, to) != evidence.Ancestor {
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
		t.vanished = known
	case !known:
	case !listed:
		t.vanished = at.oid != evidence.ZeroOID
	case at.oid == "":
		r.fill(t, l.Target(), when.Bound{}, nil) // nothing says how long ago it came to hold this
	case at.oid != l.OID && at.oid != l.Target():
		r.broken(t, l.Target(), seen, []string{r.Facts.Listing.Source})
	}
	if known {
		t.asOf = seen
	}
}

// readGit reads the states of a ref from git alone, as far as updates leave a span uncovered: tip is what it held in the end, after (if
// any) what it held before. Bounds are the firm bounds of the span.
func (r *reader) readGit(ref evidence.Ref, last, after evidence.OID, span when.Instant) []tip {
	one := []tip{{oid: last, at: span, proven: true}}
	if !ref.Branch() || !r.h.Has(last) {
		return one
	}
	if after.Object() && r.h.Ancestry(after, last) == evidence.NotAncestor {
		return one // not grown from what was there: nothing says that the ref held the commits in between
	}
	var out []tip
	before := r.graph.from(after)
	for o := last; r.h.Has(o) && !r.graph.holds(before, o); o = r.h.FirstParent(o) {
		t := tip{oid: o, at: span, proven: true}
		fork := ref != r.defaultRef && r.trunk[o]
		if fork && o != last {
			t.proven = false // the branch was probably cut here, and nobody saw it
		}
		out = append(out, t)
		if fork {
			break
		}
	}
	slices.Reverse(out)
	return out
}

// runTips reads the states of a ref from the runs that GitHub started for pushes to it, up to a bound.
func (r *reader) runTips(ref evidence.Ref, until when.Bound) []tip {
	var out []tip
	for _, run := range r.pushes[ref] {
		if until.Known() && run.CreatedAt.After(until.At) || len(out) > 0 && out[len(out)-1].oid == run.HeadSHA {
			continue
		}
		out = append(out, tip{oid: run.HeadSHA, proven: true, at: createdBy(run)})
	}
	return out
}

// createdBy bounds what a run proves: it was created after the push that started it, how long after is not told.
func createdBy(run evidence.Run) when.Instant {
	return when.Between(when.Bound{}, when.Bound{At: run.CreatedAt, Clock: when.Server}, run.ID())
}

// narrow bounds the tips that no update brought by runs: a run for a push was created after the ref came to hold its head. What came
// earlier on the ref came before that too.
func (r *reader) narrow(t *track) {
	first := map[evidence.OID]evidence.Run{}
	for _, run := range r.pushes[t.ref] {
		if _, have := first[run.HeadSHA]; !have {
			first[run.HeadSHA] = run
		}
	}
	var later when.Instant
	for i := len(t.tips) - 1; i >= 0; i-- {
		x := &t.tips[i]
		if x.by == nil || !x.at.NotAfter.Known() {
			if run, ok := first[x.oid]; ok {
				x.at, _ = when.Intersect(x.at, createdBy(run))
			}
			if later.Known() {
				x.at, _ = when.Intersect(x.at, later)
			}
		}
		if x.at.NotAfter.Known() {
			later = when.Instant{NotAfter: x.at.NotAfter, Evidence: x.at.Evidence}
		}
	}
}
