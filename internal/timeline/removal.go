package timeline

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// finish closes a row at tip x, the first one that is known to be clean. dark is the first tip before it whose tree could not be had.
func (r *reader) finish(p *Presence, x tip, dark *tip) {
	last := p.tips[len(p.tips)-1].oid
	chain := r.taker(last, x, p.Path)
	p.Gone = true
	p.RemovedBy = Change{Commit: chain, How: r.how(p, last, x, chain)}
	switch p.RemovedBy.How {
	case "force_push", "branch_deletion", "retag":
		p.RemovedBy.Commit = "" // the update did it, no commit
	}
	if x.by != nil {
		p.RemovedBy.Before, p.RemovedBy.After = x.by.Before, x.by.After
	}
	p.Removed = r.since(r.arrival(x, r.removing(last, chain, p.Path)), dark)
	r.settle(p, x)
}

// settle widens claimed dates by which a row would end before it began, or before one of its versions came: which of them is false is not told,
// so that none of them narrows.
func (r *reader) settle(p *Presence, x tip) {
	removed := p.Removed
	for i := range p.Versions {
		from := p.Versions[i].From
		if from.NotBefore.Clock != when.Git || removed.NotAfter.Clock != when.Git || !removed.NotAfter.At.Before(from.NotBefore.At) {
			continue
		}
		r.gap(evidence.GapContradiction, string(x.oid), "by the dates written into commits the file was gone at "+removed.String()+" and came at "+from.String()+
			": they are the words of whoever made them", "", slices.Concat(from.Evidence, removed.Evidence)...)
		first, last := removed.NotAfter, from.NotBefore
		if removed.NotBefore.Clock == when.Git {
			first = removed.NotBefore
		}
		if from.NotAfter.Clock == when.Git {
			last = from.NotAfter
		}
		p.Versions[i].From = when.Between(first, from.NotAfter, slices.Concat(from.Evidence, removed.Evidence)...)
		if last.At.After(p.Removed.NotAfter.At) {
			p.Removed = when.Between(p.Removed.NotBefore, last, slices.Concat(p.Removed.Evidence, from.Evidence)...)
		}
		p.backwards = true
	}
	p.Added = p.Versions[0].From
}

// taker is the commit on the ref's own first-parent chain that took the file of a commit away: the oldest clean one that grew from it; where
// all of them are malicious again, the one that brought the commit onto the chain; x itself where x did not grow from it.
func (r *reader) taker(last evidence.OID, x tip, path string) evidence.OID {
	grew := r.graph.into(last)
	clean, first := evidence.OID(""), x.oid
	for c := x.oid; c != last && r.graph.holds(grew, c); c = r.h.FirstParent(c) {
		if r.clean(c, path) {
			clean = c
		}
		first = c
	}
	return cmp.Or(clean, first)
}

// removing is the commit that took the file away, on whatever line it stands: behind the chain's commit, among the clean children of the
// malicious tip's own line that the tip does not reach, the oldest. A line is what malicious commits alone connect.
func (r *reader) removing(last, chain evidence.OID, path string) evidence.OID {
	before, behind := r.graph.from(last), r.graph.from(chain)
	best := evidence.OID("")
	seen, stack := map[evidence.OID]bool{last: true}, []evidence.OID{last}
	visit := func(o evidence.OID) {
		if !seen[o] && r.holds(o, path) != "" {
			seen[o] = true
			stack = append(stack, o)
		}
	}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range r.h.Parents(c) {
			visit(p)
		}
		for _, child := range r.h.Children(c) {
			if !r.graph.holds(behind, child) {
				continue
			}
			visit(child)
			if child != chain && !r.graph.holds(before, child) && r.clean(child, path) && (best == "" || r.compareClaims(child, best) < 0) {
				best = child
			}
		}
	}
	return cmp.Or(best, chain)
}

// compareClaims orders commits by their claimed dates, those without one last, then ancestors first.
func (r *reader) compareClaims(a, b evidence.OID) int {
	x, y := r.claimedDate(a), r.claimedDate(b)
	if x.Known() != y.Known() {
		return cmp.Compare(y.Clock, x.Clock)
	}
	return cmp.Or(x.At.Compare(y.At), r.compareAge(a, b))
}

// how names the way a row ended; the first that fits wins.
func (r *reader) how(p *Presence, last evidence.OID, x tip, chain evidence.OID) string {
	grown := r.h.Ancestry(last, x.oid)
	switch {
	case p.Ref.Tag():
		return "retag"
	case x.oid == evidence.ZeroOID:
		return "branch_deletion"
	case grown == evidence.NotAncestor, grown != evidence.Ancestor && x.by != nil && x.by.Kind == evidence.ForcePush:
		return "force_push"
	case len(r.h.Parents(chain)) > 1:
		return "merge"
	case r.reverts(p, chain):
		return "revert"
	}
	if blob, known := r.h.BlobAt(chain, p.Path); known && blob != "" {
		return "edit"
	}
	return "delete"
}

// commitName is a commit's name in a message, in full or cut short.
var commitName = regexp.MustCompile(`\b[0-9a-f]{7,40}\b`)

// reverts reports a removal that says so, or that brings back the blob from before the plant.
func (r *reader) reverts(p *Presence, chain evidence.OID) bool {
	message := r.h.Commit(chain).Message
	if strings.HasPrefix(message, `Revert "`) {
		return true
	}
	for _, name := range commitName.FindAllString(message, -1) {
		if slices.ContainsFunc(p.Versions, func(v Held) bool { return strings.HasPrefix(string(v.Commit), name) }) {
			return true
		}
	}
	now, known := r.h.BlobAt(chain, p.Path)
	before, knownBefore := r.h.BlobAt(r.h.FirstParent(p.Versions[0].Commit), p.Path)
	return known && knownBefore && now != "" && now == before
}

// stillOpen leaves a row open as of the last observation, or says how little is known of its end.
func (r *reader) stillOpen(t *track, p *Presence, dark *tip) {
	last := t.last()
	_, known := r.at(last, p.Path)
	switch {
	case t.vanished:
		// The ref was there when its last tip came; the file may have gone with the first one that could not be read.
		from, why := t.leaving()
		p.Removed = r.since(when.Between(from, t.asOf, append(slices.Clone(why), r.Facts.Listing.Source)...), dark)
		p.Removed.NotBefore = firmOnly(p.Removed.NotBefore)
		t.endTold = true
		r.unseenEnd(p, "the ref is not listed any more and no source tells when it was deleted")
	case !r.Facts.Listing.Known():
		r.gap(evidence.GapUnconfirmedEnd, string(t.ref), "the refs of the repository could not be listed: whether the file is still there is not known",
			"collect again, with a token that may see the repository or from a clone", last.at.Evidence...)
	case !known:
		r.gap(evidence.GapUnconfirmedEnd, string(t.ref), "what the ref holds now could not be read: whether the file is still there is not known",
			"collect again, or from a clone that has "+string(last.oid))
	}
}

// unseenEnd closes a row whose end nobody saw: the last listing shows that it came.
func (r *reader) unseenEnd(p *Presence, detail string) {
	p.Gone = true
	_, listed := r.listed[p.Ref]
	switch {
	case p.Ref.Tag():
		p.RemovedBy.How = "retag"
	case listed:
		p.RemovedBy.How = "force_push"
	default:
		p.RemovedBy.How = "branch_deletion"
	}
	r.gap(evidence.GapUnconfirmedEnd, string(p.Ref), detail, r.hint(p.Ref), r.Facts.Listing.Source)
}

func firmOnly(b when.Bound) when.Bound {
	if b.Clock == when.Git {
		return when.Bound{}
	}
	return b
}

func (r *reader) treeKnown(x tip) bool {
	_, ok := r.malicious(x.oid)
	return ok
}
