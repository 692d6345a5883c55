package timeline

import (
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// finish closes a row at tip x, the first one that is known to be clean. unsure is where the row's end became uncertain: from there on a
// tip stood whose tree could not be had.
func (r *reader) finish(p *Presence, x tip, unsure when.Bound) {
	last := p.tips[len(p.tips)-1]
	chain := r.chainCommit(last, x, p.Path)
	p.Gone = true
	p.RemovedBy = Change{Commit: chain, How: r.how(p, last, x, chain)}
	switch p.RemovedBy.How {
	case "force_push", "branch_deletion", "retag":
		p.RemovedBy.Commit = "" // the update did it, no commit
	}
	if x.by != nil {
		p.RemovedBy.Before, p.RemovedBy.After = x.by.Before, x.by.After
	}
	p.Removed = r.arrival(x, r.removing(last, chain, p.Path))
	if unsure.Known() {
		p.Removed = when.Between(unsure, p.Removed.NotAfter, p.Removed.Evidence...)
	}
}

// removing is the commit that took the file away, on whatever line it stands: walking back from the chain's commit past clean commits
// that the malicious tip does not reach.
func (r *reader) removing(last tip, chain evidence.OID, path string) evidence.OID {
	before := r.h.Reachable(last.oid)
	for c, seen := chain, map[evidence.OID]bool{}; ; {
		seen[c] = true
		parents := r.h.Commit(c).Parents
		i := slices.IndexFunc(parents, func(p evidence.OID) bool { return !before[p] && !seen[p] && r.h.Has(p) && r.holds(p, path) == "" })
		if i < 0 {
			return c
		}
		c = parents[i]
	}
}

// how names the way a row ended; the first that fits wins.
func (r *reader) how(p *Presence, last, x tip, chain evidence.OID) string {
	switch {
	case x.oid == evidence.ZeroOID && p.Ref.Tag(), p.Ref.Tag() && x.by != nil:
		return "retag"
	case x.oid == evidence.ZeroOID:
		return "branch_deletion"
	case x.by != nil && x.by.Kind == evidence.ForcePush, r.h.Ancestry(last.oid, x.oid) == evidence.NotAncestor:
		return "force_push"
	case len(r.h.Commit(chain).Parents) > 1:
		return "merge"
	case r.reverts(p, chain):
		return "revert"
	}
	if blob, _ := r.h.BlobAt(x.oid, p.Path); blob == "" {
		return "delete"
	}
	return "edit"
}

// reverts reports a removal that says so, or that brings back the blob from before the plant.
func (r *reader) reverts(p *Presence, chain evidence.OID) bool {
	message := r.h.Commit(chain).Message
	if strings.HasPrefix(message, `Revert "`) {
		return true
	}
	for _, v := range p.Versions {
		if strings.Contains(message, string(v.Commit)) {
			return true
		}
	}
	now, known := r.h.BlobAt(chain, p.Path)
	before, knownBefore := r.h.BlobAt(r.h.FirstParent(p.Versions[0].Commit), p.Path)
	return known && knownBefore && now != "" && now == before
}

// stillOpen leaves a row open as of the last observation, or says how little is known of its end.
func (r *reader) stillOpen(t *track, p *Presence) {
	last := t.last()
	switch {
	case t.vanished:
		p.Gone = true
		p.RemovedBy.How = "branch_deletion"
		p.Removed = when.Between(firmOnly(last.at.NotBefore), t.asOf, append(slices.Clone(last.at.Evidence), r.Facts.Listing.Source)...)
		r.gap(evidence.GapUnconfirmedEnd, string(t.ref), "the ref is not listed any more and no source tells when it was deleted",
			"collect the activity or an archive of events of that time", r.Facts.Listing.Source)
	case !r.Facts.Listing.Known():
		r.gap(evidence.GapUnconfirmedEnd, string(t.ref), "the refs of the repository could not be listed: whether the file is still there is not known",
			"collect again, with a token that may see the repository or from a clone", last.at.Evidence...)
	case !r.treeKnown(last):
		r.gap(evidence.GapUnconfirmedEnd, string(t.ref), "what the ref holds now could not be read: whether the file is still there is not known",
			"collect again, or from a clone that has "+string(last.oid))
	}
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
