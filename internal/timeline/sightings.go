package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// peelTags learns from every listing which commit stands behind a tag object.
func (r *reader) peelTags() {
	r.peeled = map[evidence.OID]evidence.OID{}
	for _, l := range append(slices.Clone(r.Facts.Earlier), r.Facts.Listing) {
		for _, ref := range l.Refs {
			if ref.Peeled != "" {
				r.peeled[ref.OID] = ref.Peeled
			}
		}
	}
}

// refsTold are the refs of which a source other than runs says that they are or were there: true where an earlier listing or a sighting does.
func (r *reader) refsTold() map[evidence.Ref]bool {
	if r.told != nil {
		return r.told
	}
	r.told = map[evidence.Ref]bool{}
	for _, l := range r.Facts.Listing.Refs {
		r.told[l.Ref] = false
	}
	for _, u := range r.Facts.Updates {
		r.told[u.Ref] = false
	}
	for _, l := range r.Facts.Earlier {
		for _, ref := range l.Refs {
			r.told[ref.Ref] = true
		}
	}
	for _, s := range r.Facts.Sightings {
		if s.OID.Object() {
			r.told[s.Ref] = true
		}
	}
	return r.told
}

// sightings are what sources saw each ref hold, by time: earlier listings, in which a ref of another source can be
// missing too, and the sightings of others. They stand among the moves as moves from a state to itself. What is stamped after the last listing
// counts where a server or an archive stamped it; the clock of a clone is not good enough to be newer than a listing.
func (r *reader) sightings(names map[evidence.Ref]bool) map[evidence.Ref][]Move {
	out := map[evidence.Ref][]Move{}
	put := func(ref evidence.Ref, o evidence.OID, at when.Instant, sorted time.Time, origin evidence.Origin) {
		since := r.Facts.Listing.Known() && !at.NotBefore.At.Before(r.Facts.Listing.At)
		if at.NotBefore.At.IsZero() || since && at.NotBefore.Clock <= when.Local || o == "" {
			return
		}
		if last := r.Facts.Listing.At; r.Facts.Listing.Known() && !since && at.NotAfter.At.After(last) {
			at.NotAfter.At = last
		}
		out[ref] = append(out[ref], Move{Ref: ref, Before: r.peel(o), After: r.peel(o), At: at, Evidence: at.Evidence, origin: origin, sorted: sorted, seen: true})
	}
	add := func(ref evidence.Ref, o evidence.OID, at when.Instant, origin evidence.Origin) {
		put(ref, o, at, time.Time{}, origin)
	}
	for _, l := range r.Facts.Earlier {
		r.listingSightings(l, names, add)
	}
	inOrder := func(a, b evidence.Sighting) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID(), b.ID())) }
	for _, s := range slices.SortedFunc(slices.Values(r.Facts.Sightings), inOrder) {
		if s.Ref == "HEAD" {
			continue
		}
		if s.Clock != when.Local {
			add(s.Ref, s.OID, when.At(s.At, s.Clock, s.ID()), s.Origin)
		} else if at, sorted, ok := r.localSighting(s); ok {
			put(s.Ref, s.OID, at, sorted, s.Origin)
		}
	}
	for ref, list := range out {
		slices.SortFunc(list, compareMoves)
		out[ref] = thin(list)
	}
	return out
}

func (r *reader) listingSightings(l casefile.Listing, names map[evidence.Ref]bool, add func(evidence.Ref, evidence.OID, when.Instant, evidence.Origin)) {
	at := when.At(l.At, when.Server, l.Source)
	there := map[evidence.Ref]bool{}
	for _, ref := range l.Refs {
		there[ref.Ref] = true
		if ref.Ref != "HEAD" {
			add(ref.Ref, ref.Target(), at, evidence.OriginGitRefs)
		}
	}
	for ref := range names {
		if !there[ref] {
			add(ref, evidence.ZeroOID, at, evidence.OriginGitRefs)
		}
	}
}

// maxSightings is how many sightings of one ref are read one by one; of more, those that lie between two equal ones are left out.
const maxSightings = 64

// thin bounds what a case that is collected again every hour costs.
func thin(list []Move) []Move {
	if len(list) <= maxSightings {
		return list
	}
	var out []Move
	for i, m := range list {
		if i > 0 && i+1 < len(list) && list[i-1].After == m.After && list[i+1].After == m.After {
			continue
		}
		out = append(out, m)
	}
	return out
}

// saw brings a track to a sighting. What the ref is known to hold stands; something else became its state after it was last known to
// hold what it held before.
func (r *reader) saw(t *track, m *Move) {
	switch at := t.last(); {
	case len(t.tips) == 0 && m.After == evidence.ZeroOID:
		t.tips = []tip{{oid: m.After, at: when.Between(when.Bound{}, m.At.NotAfter, m.Evidence...)}}
	case len(t.tips) == 0:
		t.tips = r.readGit(t.ref, m.After, "", when.Between(when.Bound{}, m.At.NotAfter, m.Evidence...))
	case at.oid == "" && m.After.Object():
		r.fill(t, m.After, m.At.NotAfter, m.Evidence)
	case at.oid != m.After:
		r.broken(t, m.After, m.At.NotAfter, m.Evidence)
	}
	held := &t.tips[len(t.tips)-1].held
	if from := m.At.NotBefore; !held.NotBefore.Known() || from.At.After(held.NotBefore.At) {
		*held = when.Between(from, from, m.Evidence...)
	}
}

// unnamed tells of the states that a source says a ref came to, and of which none says what they were.
func (r *reader) unnamed(t *track) {
	for i, x := range t.tips {
		if x.oid != "" || x.by == nil {
			continue
		}
		until := "since"
		if i+1 < len(t.tips) {
			until = "until " + t.tips[i+1].at.String()
		}
		r.gap(evidence.GapBrokenChain, string(t.ref), fmt.Sprintf("%s at %s names no commit: what the ref held %s is not told", x.by.Kind, x.at, until),
			r.hint(t.ref), x.at.Evidence...)
	}
}

// leaving is the bound from below of whatever took the last tip away: it came after the ref came to hold it, and after it was last seen
// there; where only the latest time of its coming is known, after the ref held what came before, if it joins that.
func (t *track) leaving() (from when.Bound, ids []string) {
	ids = t.last().at.Evidence
	for i := len(t.tips) - 1; i >= 0; i-- {
		x := t.tips[i]
		from, held := firmOnly(x.at.NotBefore), x.held.NotBefore
		if held.Known() && !from.At.After(held.At) {
			return held, slices.Concat(ids, x.held.Evidence)
		}
		if from.Known() {
			return from, slices.Concat(ids, x.at.Evidence)
		}
		if x.apart {
			break
		}
	}
	return when.Bound{}, ids
}

// since words when a ref came to hold a tip, and when it was last seen to.
func (x tip) since() string {
	if x.held.Known() {
		return fmt.Sprintf("%s (last seen there %s)", x.at, x.held)
	}
	return x.at.String()
}
