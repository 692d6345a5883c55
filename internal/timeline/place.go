package timeline

import (
	"cmp"
	"maps"
	"slices"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// stray is a campaign commit whose malicious file lies in no presence so far.
type stray struct {
	commit evidence.OID
	path   string
}

// uncovered lists the strays: every one of them must come to lie in a presence, if only a possible one.
func (r *reader) uncovered(rows []Presence) []stray {
	var out []stray
	for _, o := range r.Campaign {
		files, _ := r.malicious(o)
		for _, path := range slices.Sorted(maps.Keys(files)) {
			covered := slices.ContainsFunc(rows, func(p Presence) bool { return p.Path == path && p.region[o] })
			if !covered {
				out = append(out, stray{o, path})
			}
		}
	}
	return out
}

// spot is where strays may have stood: on a ref, brought by one tip of it.
type spot struct {
	ref   evidence.Ref
	path  string
	index int // of the tip in its track; -1: no track
}

// place gives each stray a possible row: on a ref that grew past it, or on the branch of a run of it, or on no ref and with a gap.
func (r *reader) place(strays []stray) []Presence {
	groups, tracks := map[spot][]evidence.OID{}, map[evidence.Ref]*track{}
	for _, t := range r.tracks {
		tracks[t.ref] = t
	}
	for _, s := range strays {
		for _, at := range r.spots(s) {
			groups[at] = append(groups[at], s.commit)
		}
	}
	spots := slices.SortedFunc(maps.Keys(groups), func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.ref, b.ref), cmp.Compare(a.path, b.path), cmp.Compare(a.index, b.index))
	})
	var out []Presence
	for _, at := range spots {
		out = append(out, r.possible(at, tracks[at.ref], groups[at]))
	}
	return out
}

// spots names the refs that may have held a stray: the default branch if it grew past it, else other branches, else pull refs, else the
// branch that a run names. A tag is never one: its only state is its present tree.
func (r *reader) spots(s stray) []spot {
	reaching := r.descendants(s.commit)
	var out []spot
	class := ""
	for _, t := range r.tracks {
		if class != "" && (class != rank(t.ref) || out[0].ref == r.defaultRef) {
			break
		}
		if i := slices.IndexFunc(t.tips, func(x tip) bool { return reaching[x.oid] }); i >= 0 && !t.ref.Tag() {
			out, class = append(out, spot{t.ref, s.path, i}), rank(t.ref)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, run := range r.Facts.Runs {
		if run.HeadSHA == s.commit && provesTip(run) {
			return []spot{{evidence.Ref("refs/heads/" + run.HeadBranch), s.path, -1}}
		}
	}
	ids := []string{evidence.CommitID(s.commit)}
	for _, seen := range r.Facts.Seen[s.commit] {
		ids = append(ids, seen.NamedBy...)
	}
	r.gap(evidence.GapUnplaced, string(s.commit), "the commit holds a malicious version and no source names a ref that held it",
		"collect activity and events of the time, or a clone with reflogs", ids...)
	return []spot{{"", s.path, -1}}
}

// possible makes the row of the strays at one spot.
func (r *reader) possible(at spot, t *track, commits []evidence.OID) Presence {
	slices.SortStableFunc(commits, func(a, b evidence.OID) int { return r.claimedDate(a).At.Compare(r.claimedDate(b).At) })
	p := Presence{Ref: at.ref, Path: at.path, State: Possible, region: map[evidence.OID]bool{}, AsOf: r.Facts.Listing.At, AddedBy: Change{Commit: commits[0]}}
	x := r.strayTip(at, t, commits)
	for _, c := range commits {
		p.region[c] = true
		p.tips = append(p.tips, tip{oid: c, at: r.arrival(x, c), by: x.by})
		if blob := r.holds(c, at.path); len(p.Versions) == 0 || p.Versions[len(p.Versions)-1].Blob != blob {
			p.Versions = append(p.Versions, Held{Blob: blob, Commit: r.introduced(c, at.path, blob), From: r.arrival(x, c)})
		}
	}
	p.Added = r.arrival(x, commits[0])
	v := r.Malicious[p.Versions[0].Blob]
	p.Campaign, p.Rules = v.Campaign, v.Rules
	if x.by != nil {
		p.AddedBy.Before, p.AddedBy.After = x.by.Before, x.by.After
	}
	if t != nil && at.index >= 0 {
		r.finish(&p, t.tips[at.index], when.Bound{})
	} else if _, listed := r.listed[at.ref]; r.Facts.Listing.Known() && (at.ref == "" || !listed || !p.region[r.listed[at.ref].Target()]) {
		p.Gone = at.ref != ""
		p.Removed = when.Between(firmOnly(p.Added.NotAfter), when.Bound{At: r.Facts.Listing.At, Clock: when.Server}, r.Facts.Listing.Source)
	}
	return p
}

// strayTip stands for the moment at which strays came to a ref.
func (r *reader) strayTip(at spot, t *track, commits []evidence.OID) tip {
	if t != nil && at.index >= 0 {
		return t.tips[at.index]
	}
	x := tip{oid: commits[0]}
	for _, run := range r.Facts.Runs {
		if slices.Contains(commits, run.HeadSHA) && provesTip(run) {
			x.at = when.Between(when.Bound{}, when.Bound{At: run.CreatedAt, Clock: when.Server}, run.ID())
			break
		}
	}
	return x
}

// contains lists the refs that reach a malicious campaign commit and in no row ever held it.
func (r *reader) contains(rows []Presence) []Containment {
	var out []Containment
	for _, o := range r.Campaign {
		if !r.brings(o) {
			continue // what reaches a commit that merely keeps a version reaches the one that brought it
		}
		reaching := r.descendants(o)
		for _, l := range r.Facts.Listing.Refs {
			held := slices.ContainsFunc(rows, func(p Presence) bool { return p.Ref == l.Ref && p.region[o] })
			if l.Ref != "HEAD" && reaching[l.Target()] && !held {
				out = append(out, Containment{l.Ref, o})
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
		if !slices.ContainsFunc(r.h.Commit(o).Parents, func(p evidence.OID) bool { return r.holds(p, path) == blob }) {
			return true
		}
	}
	return false
}

// pushed is when a commit came to the repository by the word of a server: the first update of any ref that brought it, or a run of it.
func (r *reader) pushed(o evidence.OID) when.Instant {
	reaching := r.descendants(o)
	var out when.Instant
	for _, t := range r.tracks {
		for i, x := range t.tips {
			if !reaching[x.oid] {
				continue
			}
			if x.by != nil && (i > 0 || x.by.Before == evidence.ZeroOID) {
				out = earlier(out, x.at)
			}
			break
		}
	}
	for _, run := range r.Facts.Runs {
		if run.HeadSHA == o && run.Event != "pull_request" { // the head of a pull request may stand in a fork alone
			bound := when.Between(when.Bound{}, when.Bound{At: run.CreatedAt, Clock: when.Server}, run.ID())
			if !out.Known() {
				out = bound
			}
			break
		}
	}
	return out
}

func earlier(a, b when.Instant) when.Instant {
	if !a.Known() || (b.NotAfter.Known() && b.NotAfter.At.Before(a.NotAfter.At)) {
		return b
	}
	return a
}
