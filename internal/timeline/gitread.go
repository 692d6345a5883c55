package timeline

import (
	"fmt"
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// maxAgain is how many states of refs are read from git beyond one for every commit of the repository. Where many links of a chain are broken
// the same commits are read for each: what tells of pushes can be made to ask for more than there is memory for.
const maxAgain = 200_000

// readGit reads the states of a ref from git alone, as far as updates leave a span uncovered: last is what it held in the end, after (if
// any) what it held before. Bounds are the firm bounds of the span.
func (r *reader) readGit(ref evidence.Ref, last, after evidence.OID, span when.Instant) []tip {
	one := []tip{{oid: last, at: span, proven: true}}
	if !ref.Branch() || !r.h.Has(last) {
		return one
	}
	if after.Object() && r.graph.ancestry(after, last) == evidence.NotAncestor {
		return one // not grown from what was there: nothing says that the ref held the commits in between
	}
	var out []tip
	before := r.graph.behind(after)
	for o := last; r.h.Has(o) && !before(o); o = r.h.FirstParent(o) {
		if len(out) > r.h.Len()+maxAgain-r.readSoFar {
			r.readSoFar += len(out) // the way was gone all the same
			r.gap(evidence.GapRefused, string(ref), fmt.Sprintf("updates with holes between them ask for more than %d states to be read from git: "+
				"what else the ref held until it held %s was not read", maxAgain, name(last)), "read the history of the ref by hand", span.Evidence...)
			return one
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
	r.readSoFar += len(out)
	slices.Reverse(out)
	return out
}

// setTrunk notes the first-parent chain of the default branch.
func (r *reader) setTrunk(tip evidence.OID) {
	r.trunk = map[evidence.OID]bool{}
	for _, o := range r.h.FirstParents(tip) {
		r.trunk[o] = true
	}
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
