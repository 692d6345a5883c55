package timeline

import (
	"cmp"
	"fmt"
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// tip is one state of a ref: the commit at its tip from at until the next tip's at.
type tip struct {
	oid    evidence.OID // empty: the ref held something that no source names; ZeroOID: the ref was not there
	at     when.Instant // when the ref came to hold it. For a tip read from git alone only firm bounds stand here; see [reader.arrival]
	by     *Move        // the update that brought it; nil: read from git
	proven bool
}

// track is the history of one ref: its tips from first to last.
type track struct {
	ref      evidence.Ref
	tips     []tip
	vanished bool       // not in the last listing though no source tells of its deletion
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
	for _, u := range r.Facts.Updates {
		updates[u.Ref] = append(updates[u.Ref], u)
	}
	names := map[evidence.Ref]bool{}
	for ref := range updates {
		names[ref] = true
	}
	for ref := range r.listed {
		names[ref] = ref != "HEAD"
	}
	for _, run := range r.Facts.Runs {
		if provesTip(run) && run.HeadBranch != "" && !names[evidence.Ref("refs/tags/"+run.HeadBranch)] {
			names[evidence.Ref("refs/heads/"+run.HeadBranch)] = true
		}
	}
	for ref, wanted := range names {
		if wanted {
			r.tracks = append(r.tracks, r.track(ref, order(merge(updates[ref]))))
		}
	}
	slices.SortFunc(r.tracks, func(a, b *track) int {
		if (a.ref == r.defaultRef) != (b.ref == r.defaultRef) {
			if a.ref == r.defaultRef {
				return -1
			}
			return 1
		}
		return cmp.Compare(rank(a.ref)+string(a.ref), rank(b.ref)+string(b.ref))
	})
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
	return run.Event == "push" && run.HeadSHA.Object()
}

func (r *reader) track(ref evidence.Ref, moves []Move) *track {
	t := &track{ref: ref}
	for i := range moves {
		m := &moves[i]
		t.asOf = m.At.NotAfter
		r.join(t, m)
		t.tips = append(t.tips, tip{oid: m.After, at: m.At, by: m, proven: true})
	}
	r.end(t)
	r.narrow(t)
	return t
}

// join brings a track to where a move begins: reading git for what came before the first one, noting a broken chain between two.
func (r *reader) join(t *track, m *Move) {
	at := t.last()
	switch {
	case len(t.tips) == 0 && m.Before == evidence.ZeroOID:
	case len(t.tips) == 0 && m.Before == "":
		t.tips = r.runTips(t.ref, m.At.NotAfter)
		if len(t.tips) == 0 {
			t.tips = []tip{{at: when.Instant{NotAfter: m.At.NotBefore}}}
		}
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("%s at %s names no commit: what the ref held until then is not told", m.Kind, m.At),
			"collect the activity of the repository with a token", m.Evidence...)
	case len(t.tips) == 0:
		t.tips = r.readGit(t.ref, m.Before, "", when.Instant{NotAfter: m.At.NotBefore, Evidence: m.Evidence})
	case at.oid == "" && m.Before.Object():
		t.tips[len(t.tips)-1].oid = m.Before // a creation that named no commit: the next move tells what it was
	case agree(at.oid, m.Before):
	default:
		r.broken(t, m.Before, m.At.NotBefore, m.Evidence)
	}
}

// broken bridges two states that do not join: at least one move between them is missing.
func (r *reader) broken(t *track, to evidence.OID, until when.Bound, ids []string) {
	from := t.last()
	span := when.Instant{NotBefore: from.at.NotBefore, NotAfter: until, Evidence: slices.Concat(from.at.Evidence, ids)}
	r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("the ref held %s since %s and then %s: what moved it in between is not told",
		name(from.oid), from.at, name(to)), "collect more sources of ref history (activity with a token, archives, a clone with reflogs)", span.Evidence...)
	if !to.Object() {
		t.tips = append(t.tips, tip{oid: to, at: span, proven: true})
		return
	}
	t.tips = append(t.tips, r.readGit(t.ref, to, from.oid, span)...)
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
	switch {
	case !r.Facts.Listing.Known():
		return
	case listed && len(t.tips) == 0:
		t.tips = r.readGit(t.ref, l.Target(), "", when.Instant{})
	case listed && at.oid == "":
		x := &t.tips[len(t.tips)-1]
		x.oid = l.Target()
		if t.ref.Tag() {
			x.at.NotAfter = when.Bound{} // tags are moved without a trace: made then, perhaps moved to this commit later
		}
	case listed && at.oid != l.OID && at.oid != l.Target():
		r.broken(t, l.Target(), when.Bound{}, []string{r.Facts.Listing.Source})
	case !listed && len(t.tips) == 0:
		t.tips = r.runTips(t.ref, when.Bound{})
		t.vanished = len(t.tips) > 0
	case !listed && at.oid != evidence.ZeroOID:
		t.vanished = true
	}
	t.asOf = when.Bound{At: r.Facts.Listing.At, Clock: when.Server}
}

// readGit reads the states of a ref from git alone, as far as updates leave a span uncovered: tip is what it held in the end, after (if
// any) what it held before. Bounds are the firm bounds of the span.
func (r *reader) readGit(ref evidence.Ref, last, after evidence.OID, span when.Instant) []tip {
	one := []tip{{oid: last, at: span, proven: true}}
	if !ref.Branch() || !r.h.Has(last) {
		return one
	}
	var out []tip
	before := r.h.Reachable(after)
	for _, o := range r.h.FirstParents(last) {
		if before[o] {
			break
		}
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
	if after.Object() && r.h.Ancestry(after, last) == evidence.NotAncestor {
		return one // not grown from what was there: nothing says that the ref held the commits in between
	}
	slices.Reverse(out)
	return out
}

// runTips reads the states of a ref from the runs that GitHub started for pushes to it, up to a bound.
func (r *reader) runTips(ref evidence.Ref, until when.Bound) []tip {
	var out []tip
	for _, run := range r.Facts.Runs {
		if !provesTip(run) || evidence.Ref("refs/heads/"+run.HeadBranch) != ref || (until.Known() && run.CreatedAt.After(until.At)) {
			continue
		}
		if len(out) > 0 && out[len(out)-1].oid == run.HeadSHA {
			continue
		}
		out = append(out, tip{oid: run.HeadSHA, proven: true,
			at: when.Between(when.Bound{}, when.Bound{At: run.CreatedAt, Clock: when.Server}, run.ID())})
	}
	return out
}

// narrow bounds the tips that git alone tells of by runs: a run for a push was created after the ref came to hold its head. What came
// earlier on the ref came before that too.
func (r *reader) narrow(t *track) {
	first := map[evidence.OID]evidence.Run{}
	for _, run := range r.Facts.Runs {
		if _, have := first[run.HeadSHA]; !have && provesTip(run) && runRef(run, r.listed) == t.ref {
			first[run.HeadSHA] = run
		}
	}
	var later when.Instant
	for i := len(t.tips) - 1; i >= 0; i-- {
		x := &t.tips[i]
		if x.by != nil && x.at.NotAfter.Known() {
			later = when.Instant{NotAfter: x.at.NotAfter, Evidence: x.at.Evidence}
			continue
		}
		if run, ok := first[x.oid]; ok {
			x.at, _ = when.Intersect(x.at, when.Between(when.Bound{}, when.Bound{At: run.CreatedAt, Clock: when.Server}, run.ID()))
		}
		if later.Known() {
			x.at, _ = when.Intersect(x.at, later)
		}
		if x.at.NotAfter.Known() {
			later = when.Instant{NotAfter: x.at.NotAfter, Evidence: x.at.Evidence}
		}
	}
}
