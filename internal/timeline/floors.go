package timeline

import (
	"maps"
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// findFloors notes for every commit the newest signature of GitHub's own among what it grew from, itself included: GitHub made that commit
// at its committer date, and nothing that grew from it was anywhere before.
func (r *reader) findFloors() {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(r.Facts.Checks)), func(o evidence.OID) bool { return r.h.Has(o) && r.madeByGitHub(o) }) {
		return
	}
	r.floors = make([]evidence.OID, len(r.graph.parents))
	byRank := make([]evidence.OID, len(r.graph.parents))
	for i, o := range r.graph.names() {
		byRank[r.graph.rank[i]] = o
	}
	for _, o := range byRank {
		if o == "" {
			continue // a graph that bites its tail: nothing of it is ranked
		}
		best := evidence.OID("")
		if r.madeByGitHub(o) {
			best = o
		}
		i, _ := r.graph.find(o)
		for _, p := range r.graph.parents[i] {
			if from := r.floors[p]; from != "" && (best == "" || r.h.CommittedAt(from).After(r.h.CommittedAt(best))) {
				best = from
			}
		}
		r.floors[i] = best
	}
}

// The committer of what GitHub makes itself. GitHub signs for others too, as in a codespace, whose clock and dates are the user's.
const webFlowName, webFlowEmail = "GitHub", "noreply@github.com"

// madeByGitHub reports a commit whose date is GitHub's: made in the browser or by the merge button, and the signature checks. A date that a
// listing refutes is nobody's.
func (r *reader) madeByGitHub(o evidence.OID) bool {
	k, checked := r.Facts.Checks[o]
	if !checked || !k.ByGitHub || !k.Verified || r.h.CommittedAt(o).IsZero() {
		return false
	}
	by := r.h.Commit(o).Committer
	return by.Name == webFlowName && by.Email == webFlowEmail && !r.refuted(o)
}

// floored bounds the arrival of a tip from below by the newest commit of GitHub's own that it grew from. That of an older commit does not
// displace the claimed date of what came: it is sound, and says less.
func (r *reader) floored(i when.Instant, x tip, made evidence.OID) when.Instant {
	n, named := r.graph.find(x.oid)
	if r.floors == nil || !named || r.floors[n] == "" {
		return i
	}
	from := r.floors[n]
	floor := when.Bound{At: r.h.CommittedAt(from), Clock: when.Server}
	if from != x.oid && from != made && i.NotBefore.Clock == when.Git && i.NotBefore.At.After(floor.At) {
		return i
	}
	out, clash := when.Intersect(i, when.Between(floor, when.Bound{}, r.Facts.Checks[from].ID(), evidence.CommitID(from)))
	if clash == nil {
		return out
	}
	if firmOnly(i.NotAfter).Known() && floor.At.Sub(i.NotAfter.At) <= reportSlack {
		return i
	}
	r.gap(evidence.GapContradiction, string(x.oid), "GitHub made "+from.Short()+" at "+evidence.Stamp(floor.At)+", which excludes that a ref held it or what grew from it by "+i.String(),
		"", slices.Concat(i.Evidence, clash.B.Evidence)...)
	if firmOnly(i.NotAfter).Known() {
		return i
	}
	return out
}
