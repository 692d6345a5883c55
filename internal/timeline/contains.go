package timeline

import (
	"cmp"
	"slices"

	"pentimento/internal/evidence"
)

// contains lists the refs that reach a malicious campaign commit and in no row ever held it.
func (r *reader) contains(rows []Presence) []Containment {
	held := map[evidence.Ref][]region{}
	for i := range rows {
		held[rows[i].Ref] = append(held[rows[i].Ref], rows[i].region)
	}
	type listed struct {
		ref    evidence.Ref
		number int32
	}
	var refs []listed
	for _, l := range r.Facts.Listing.Refs {
		if i, named := r.graph.find(l.Target()); named && l.Ref != "HEAD" {
			refs = append(refs, listed{l.Ref, i})
		}
	}
	var out []Containment
	for _, o := range r.Campaign {
		if !r.brings(o) {
			continue // what reaches a commit that merely keeps a version reaches the one that brought it
		}
		reaching := r.grew(o)
		for _, l := range refs {
			if reaching.has(l.number) && !slices.ContainsFunc(held[l.ref], func(in region) bool { return in.has(o) }) {
				out = append(out, Containment{l.ref, o})
			}
		}
	}
	slices.SortFunc(out, func(a, b Containment) int { return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Commit, b.Commit)) })
	return out
}

// brings reports a commit whose tree holds a malicious version that no parent holds at that path.
func (r *reader) brings(o evidence.OID) bool {
	files, _ := r.malicious(o)
	for path, blob := range files {
		if !slices.ContainsFunc(r.h.Parents(o), func(p evidence.OID) bool { return r.holds(p, path) == blob }) {
			return true
		}
	}
	return false
}
