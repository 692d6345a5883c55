package timeline

import (
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// WaveEnded is how a row ended whose file still stood there when it ceased to do harm.
const WaveEnded = "wave-ended"

// Wave is a span in which alone a version does harm: it uses an action whose tags pointed elsewhere for some hours. The file is its owner's, and
// was there before and after. Both ends are what sources claim: where they disagree, or tell the day alone, the bounds are apart.
type Wave struct {
	Campaign string
	Span     when.Window // Closed.NotAfter is the first instant that it cannot have covered
	Told     string      // who says so, for people
}

// same reports one wave of one campaign.
func (w *Wave) same(o *Wave) bool {
	return w == o || w != nil && o != nil && w.Campaign == o.Campaign && w.Span.Opened.NotBefore == o.Span.Opened.NotBefore
}

// meets reports an instant that may lie in the wave, as far as its bounds tell. Claimed ones count: the file is its owner's.
func (w *Wave) meets(i when.Instant) bool {
	return !over(i.NotAfter, w.Span.Opened.NotBefore) && (!i.NotBefore.Known() || i.NotBefore.At.Before(w.Span.Closed.NotAfter.At))
}

// covers reports an instant that lies in the wave whichever source of it is right.
func (w *Wave) covers(i when.Instant) bool {
	from, to := w.Span.Opened.NotAfter, w.Span.Closed.NotBefore
	return i.NotBefore.Known() && i.NotAfter.Known() && !i.NotBefore.At.Before(from.At) && i.NotAfter.At.Before(to.At)
}

// over reports that something that lasted until a bound was over before another.
func over(to, from when.Bound) bool { return to.Known() && to.At.Before(from.At) }

// part is what of an instant that may lie in the wave does.
func (w *Wave) part(i when.Instant) when.Instant {
	from, to := i.NotBefore, i.NotAfter
	ids := slices.Clone(i.Evidence)
	if first := w.Span.Opened.NotBefore; !from.Known() || from.At.Before(first.At) {
		from, ids = first, append(ids, w.Span.Opened.Evidence...)
	}
	if last := w.Span.Closed.NotAfter; !to.Known() || to.At.After(last.At) {
		to, ids = last, append(ids, w.Span.Closed.Evidence...)
	}
	return when.Between(from, to, ids...)
}

// bound names the campaigns in whose waves alone a version does harm; empty for one that does so at any time.
func (v Version) bound() string {
	out := ""
	for i, w := range v.Waves {
		if i == 0 || w.Campaign != v.Waves[i-1].Campaign {
			out += w.Campaign + "\n"
		}
	}
	return out
}

// split parts rows where a version that does harm in waves alone follows one that does not, or the other way round.
func (r *reader) split(rows []Presence) []Presence {
	var out []Presence
	for _, p := range rows {
		tips, first := p.tips, 0
		for i := range p.Versions {
			if i+1 < len(p.Versions) && r.boundOf(p.Versions[i]) == r.boundOf(p.Versions[i+1]) {
				continue
			}
			part := p
			if first > 0 || i+1 < len(p.Versions) {
				part = r.some(p, first, i+1)
				part.tips, tips = r.tipsOf(part, tips, i+1 == len(p.Versions))
			}
			out, first = append(out, part), i+1
		}
	}
	return out
}

func (r *reader) boundOf(v Held) string { return r.Malicious[v.Blob].bound() }

// some is the part of a row in which it held its versions from one to before another.
func (r *reader) some(p Presence, from, to int) Presence {
	out := p
	out.ID = evidence.ID("pre", p.ID, "part", strconv.Itoa(from))
	out.cut(p, from, to)
	v := r.Malicious[out.Versions[0].Blob]
	out.Campaign, out.Rules = v.Campaign, v.Rules
	out.region = r.graph.none()
	for c := range r.graph.parents {
		if i := int32(c); p.region.s.has(i) && out.held(r.bad[i][p.Path]) {
			out.region.s.add(i)
		}
	}
	return out
}

// cut leaves a row its versions from one to before another. What was certain of the file is certain of these between firm bounds alone.
func (p *Presence) cut(whole Presence, from, to int) {
	p.Versions = slices.Clone(whole.Versions[from:to])
	if from > 0 {
		p.Added, p.AddedBy = p.Versions[0].From, Change{Commit: p.Versions[0].Commit}
		first, last := whole.Added.NotBefore, whole.Removed.NotAfter
		if at := p.Added.NotBefore.At; at.Before(first.At) || whole.Gone && last.Known() && at.After(last.At) { // unknown, or a claim that the row refutes
			p.Added.NotBefore = first
		}
		if p.Added.NotAfter.At.Before(p.Added.NotBefore.At) {
			p.Added.NotAfter = when.Bound{}
		}
		p.CertainFrom = later(p.CertainFrom, firmOnly(p.Added.NotAfter))
	}
	if to < len(whole.Versions) {
		next := whole.Versions[to]
		p.Gone, p.Armed, p.Removed, p.RemovedBy = true, NotArmed, next.From, Change{Commit: next.Commit, How: "edit"}
		if last := whole.Removed.NotAfter; whole.Gone && last.Known() && (!p.Removed.NotAfter.Known() || p.Removed.NotAfter.At.After(last.At)) {
			p.Removed.NotAfter = last
		}
		if p.Removed.NotAfter.At.Before(p.Added.NotBefore.At) { // claims that run backwards tell nothing of the end
			p.Removed.NotAfter = when.Bound{}
			if whole.Gone {
				p.Removed.NotAfter = whole.Removed.NotAfter
			}
		}
		if last := firmOnly(next.From.NotBefore); !last.Known() || last.At.Before(p.CertainTo) {
			p.CertainTo = last.At
		}
	}
	if !p.CertainFrom.Before(p.CertainTo) || p.CertainFrom.IsZero() {
		p.CertainFrom, p.CertainTo = time.Time{}, time.Time{}
	}
}

// later is the later of a time and a bound, no time where the bound is not known.
func later(t time.Time, b when.Bound) time.Time {
	if !b.Known() || b.At.After(t) {
		return b.At
	}
	return t
}

func (p Presence) held(blob evidence.OID) bool {
	return slices.ContainsFunc(p.Versions, func(v Held) bool { return v.Blob == blob })
}

// tipsOf takes from the tips of a row those of its next part; last takes them all.
func (r *reader) tipsOf(part Presence, tips []tip, last bool) (own, rest []tip) {
	n := 0
	for n < len(tips) && (last || part.held(r.holds(tips[n].oid, part.Path))) {
		n++
	}
	return slices.Clone(tips[:n]), tips[n:]
}

// clip cuts rows of versions that do harm in waves alone down to what of them lies in a wave: one row for each wave. What lies in none is no
// presence. Where the dates that somebody wrote are all that says so, a gap tells.
func (r *reader) clip(rows []Presence) []Presence {
	var out []Presence
	for _, p := range rows {
		waves := r.Malicious[p.Versions[0].Blob].Waves
		if len(waves) == 0 {
			out = append(out, p)
			continue
		}
		kept := len(out)
		for i := range waves {
			if c, ok := r.within(p, &waves[i]); ok {
				out = append(out, c)
			}
		}
		if added, removed := p.Added, p.Removed; len(out) == kept && (added.NotBefore.Clock == when.Git || p.Gone && removed.NotAfter.Clock == when.Git) {
			r.gap(evidence.GapNotCollected, p.Path, "that "+string(p.Ref)+" held it at no time at which it did harm is what the dates of commits say ("+waves[0].Told+")",
				r.hint(p.Ref), slices.Concat(added.Evidence, removed.Evidence, waves[0].Span.Opened.Evidence)...)
		}
	}
	return out
}

// within is the part of a row in one wave; ok is false for none.
func (r *reader) within(p Presence, w *Wave) (out Presence, ok bool) {
	first, last := -1, -1
	for i := range p.Versions {
		if w.meets(throughout(p, i)) {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return p, false
	}
	out = p
	out.cut(p, first, last+1)
	if !w.meets(when.Between(out.Added.NotBefore, out.Removed.NotAfter)) { // the dates of its versions run backwards
		return p, false
	}
	out.during, out.Campaign, out.Rules = w, w.Campaign, r.Malicious[out.Versions[0].Blob].Rules
	out.tips = r.tipsIn(out, w)
	r.begin(&out, w)
	r.close(&out, w)
	return out, true
}

// tipsIn are the tips of a row that may have stood in a wave.
func (r *reader) tipsIn(p Presence, w *Wave) []tip {
	var out []tip
	for i, x := range p.tips {
		from, to := r.arrival(x, x.oid), when.Bound{}
		switch {
		case i+1 < len(p.tips):
			to = r.arrival(p.tips[i+1], p.tips[i+1].oid).NotAfter
		case p.Gone:
			to = p.Removed.NotAfter
		}
		if w.meets(when.Between(from.NotBefore, to)) {
			out = append(out, x)
		}
	}
	return out
}

// begin lets a row begin with the wave where the file was there before: the later of the two. What brought it is told only if it may have done so
// while the wave lasted.
func (r *reader) begin(p *Presence, w *Wave) {
	from, to := p.Added.NotBefore, p.Added.NotAfter
	opened, closed := w.Span.Opened, w.Span.Closed.NotAfter
	if to.Known() && !to.At.After(opened.NotBefore.At) {
		p.AddedBy = Change{}
	}
	if !from.Known() || from.At.Before(opened.NotBefore.At) {
		from = opened.NotBefore
	}
	if to.Known() && to.At.Before(opened.NotAfter.At) {
		to = opened.NotAfter
	}
	if !to.Known() || to.At.After(closed.At) {
		to = closed
	}
	p.Added = when.Between(from, to, slices.Concat(p.Added.Evidence, opened.Evidence)...)
	p.Versions[0].From = p.Added
}

// close lets a row end with the wave where the file was there after it: the earlier of the two. A row of a wave that is not over by the case's now
// stays open.
func (r *reader) close(p *Presence, w *Wave) {
	closed := w.Span.Closed
	own := p.Gone && p.Removed.NotAfter.Known() && !p.Removed.NotAfter.At.After(closed.NotAfter.At)
	from, to, seen := closed.NotBefore, closed.NotAfter, p.Removed.NotBefore
	if own {
		to = p.Removed.NotAfter
	}
	if !p.Gone {
		seen = when.Bound{At: p.AsOf, Clock: when.Server}
	}
	if !seen.Known() || seen.At.Before(from.At) {
		from = seen
	}
	if from.Known() && from.At.Before(p.Added.NotBefore.At) {
		from = p.Added.NotBefore
	}
	last := from.At
	switch {
	case !own && closed.NotAfter.At.After(r.Now):
		p.Gone, p.Removed, p.RemovedBy, last = false, when.Instant{}, Change{}, p.AsOf
	case own:
		p.Removed = when.Between(from, to, slices.Concat(p.Removed.Evidence, closed.Evidence)...)
	default:
		p.Removed = when.Between(from, to, slices.Concat(p.Removed.Evidence, closed.Evidence)...)
		p.Gone, p.RemovedBy, p.Armed = true, Change{How: WaveEnded}, NotArmed
		if p.AddedBy == (Change{}) {
			p.Narrow = nil // both bounds are the pack's
		}
	}
	if !p.Added.NotAfter.At.Before(last) {
		p.State = Possible
	}
	p.certainIn(w)
	p.ID = evidence.ID("pre", p.ID, w.Campaign, evidence.Stamp(w.Span.Opened.NotBefore.At))
}

// certainIn keeps of the certain part what lies in the wave whichever source of it is right.
func (p *Presence) certainIn(w *Wave) {
	if from := w.Span.Opened.NotAfter.At; p.CertainFrom.Before(from) {
		p.CertainFrom = from
	}
	if to := w.Span.Closed.NotBefore.At; p.CertainTo.After(to) {
		p.CertainTo = to
	}
	if !p.CertainFrom.Before(p.CertainTo) { // also where nothing was certain
		p.CertainFrom, p.CertainTo = time.Time{}, time.Time{}
	}
}
