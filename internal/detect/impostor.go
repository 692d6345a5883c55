package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Impostors tells which of the versions at which others use an action, refs of its repository as written, are impostors: commits that none of its
// branches and tags holds, and tags that were moved from a commit of a branch to one that no branch holds. It goes by the refs as last listed, and by all
// that the case knows of them before: a commit that a branch held once is none. Where the refs were never listed, or one of them could not be had with its
// whole ancestry, nothing is said. Keys are as of [Use].
//
// A branch that was deleted before the case began, and of which no source tells, cannot be told from one that never was: some projects make releases
// on such branches (https://docs.stepsecurity.io/github-actions/harden-runner/runbooks/triaging-action-uses-imposter-commit). Hence the rules' confidence.
func Impostors(f *casefile.Facts, refs []string, now time.Time) map[string]Impostor {
	a, known := standingOf(f, now)
	if !known {
		return nil
	}
	out := map[string]Impostor{}
	for _, ref := range refs {
		i, is := a.tag(ref)
		if campaign.Pinned(ref) {
			i, is = a.commit(ref)
		}
		if is {
			i.Uses = f.Repository.Key() + "@" + ref
			out[i.Uses] = i
		}
	}
	return out
}

// standing is what a case knows of an action's own repository.
type standing struct {
	*casefile.Facts
	now      time.Time
	commits  map[evidence.OID]evidence.OID // of annotated tags
	branches evidence.Marked               // what branches hold or held
	all      evidence.Marked               // and tags, but for what moves put there
	moved    []shift                       // by tag and time
	lost     int                           // earlier tips that could not be had
}

// shift is one move of a tag away from what branches hold.
type shift struct {
	tag    evidence.Ref
	to     evidence.OID
	opened when.Instant
	closed when.Instant
	until  string // in words
}

func standingOf(f *casefile.Facts, now time.Time) (*standing, bool) {
	if !f.Listing.Known() || f.History == nil {
		return nil, false
	}
	a := &standing{Facts: f, now: now, commits: map[evidence.OID]evidence.OID{}}
	for _, l := range append(slices.Clip(f.Earlier), f.Listing) {
		for _, r := range l.Refs {
			a.commits[r.OID] = r.Target()
		}
	}
	branch := func(r evidence.Ref) bool { return r.Branch() }
	var whole bool
	if a.branches, whole = a.reach(branch, nil); !whole {
		return nil, false
	}
	a.moved = a.moves()
	a.all, whole = a.reach(func(r evidence.Ref) bool { return r.Branch() || r.Tag() }, a.moved)
	return a, whole
}

// target is the commit behind what a ref points to.
func (a *standing) target(o evidence.OID) evidence.OID { return cmp.Or(a.commits[o], o) }

// reach is all that refs hold or held, save what moves put there. It is whole where what is listed now was had with all its ancestry.
func (a *standing) reach(wanted func(evidence.Ref) bool, but []shift) (m evidence.Marked, whole bool) {
	skip := func(r evidence.Ref, o evidence.OID) bool {
		return !wanted(r) || !o.Object() || slices.ContainsFunc(but, func(x shift) bool { return x.tag == r && x.to == o })
	}
	var now, before []evidence.OID
	for _, r := range a.Listing.Refs {
		if o := r.Target(); !skip(r.Ref, o) {
			now = append(now, o)
		}
	}
	for _, l := range a.Earlier {
		for _, r := range l.Refs {
			if o := r.Target(); !skip(r.Ref, o) {
				before = append(before, o)
			}
		}
	}
	for _, u := range a.Updates {
		for _, o := range []evidence.OID{a.target(u.Before), a.target(u.After)} {
			if !skip(u.Ref, o) {
				before = append(before, o)
			}
		}
	}
	return a.History.Reach(append(before, now...)...), a.whole(now, before)
}

// whole reports that the tips of now were had with all their ancestry, and counts the earlier ones that were not had.
func (a *standing) whole(now, before []evidence.OID) bool {
	h := a.History
	if slices.ContainsFunc(now, func(o evidence.OID) bool { return !h.Has(o) }) {
		return false
	}
	a.lost = 0
	slices.Sort(before)
	for _, o := range slices.Compact(before) {
		if !h.Has(o) {
			a.lost++
		}
	}
	reached := h.Reach(now...)
	for n := range int32(h.Len()) {
		if reached.Has(n) && slices.ContainsFunc(h.ParentsOf(n), func(p int32) bool { return int(p) >= h.Len() }) {
			return false
		}
	}
	return true
}

// commit judges a whole commit id.
func (a *standing) commit(ref string) (Impostor, bool) {
	named := evidence.OID(strings.ToLower(ref))
	o := a.target(named)
	if a.all.HasID(o) || o != named { // the second: an annotated tag by its own id
		return Impostor{}, false
	}
	why := fmt.Sprintf("no branch or tag of %s, as listed at %s and as far as it is known before, holds commit %s", a.Repository, evidence.Stamp(a.Listing.At), o.Short())
	if i := slices.IndexFunc(a.moved, func(m shift) bool { return m.to == o }); i >= 0 {
		why += fmt.Sprintf(", but that %s was moved to it", a.moved[i].tag.Short())
	}
	for _, r := range a.Listing.Refs {
		if r.Ref.Pull() && r.Target() == o {
			why += ", which a pull request proposes"
			break
		}
	}
	if a.lost > 0 {
		why += fmt.Sprintf("; commits that branches or tags once pointed to could not be had: %d", a.lost)
	}
	return Impostor{Kind: campaign.ImpostorCommit, Why: why, Had: a.History.Has(o), Listed: a.Listing.At, Now: a.now}, true
}

// tag judges a tag by its name.
func (a *standing) tag(name string) (Impostor, bool) {
	out := Impostor{Kind: campaign.MovedTag}
	for _, m := range a.moved {
		if m.tag != evidence.Ref("refs/tags/"+name) {
			continue
		}
		told := fmt.Sprintf("tag %s of %s pointed to %s, which no branch of it holds, %s", name, a.Repository, m.to.Short(), m.until)
		out.Moves = append(out.Moves, Move{Window: when.Window{Opened: m.opened, Closed: m.closed}, Told: told})
		if out.Why != "" {
			out.Why += "; "
		}
		out.Why += told
	}
	return out, len(out.Moves) > 0
}
