package timeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// lateHours is how many hours after a move its event may be filed: since May 2025 archives file by the hour of ingest, and GitHub shows an
// event up to six hours late (https://docs.github.com/en/rest/activity/events).
const lateHours = 6

// maxRanges bounds how many ranges of hours a gap lists.
const maxRanges = 20

// archiveBegin is when GH Archive begins (https://www.gharchive.org/).
var archiveBegin = time.Date(2011, 2, 12, 0, 0, 0, 0, time.UTC)

// hours are consecutive hours of which archives tell the same: why nothing, or not all, was read of them.
type hours struct {
	from, to time.Time // begins of the first and the last hour
	why      string
	ids      []string
}

const unreadWhy = "not read"

// indexHours sorts the readings of archives: an hour is whole where any archive has it without a known hole and every line was read.
func (r *reader) indexHours() {
	r.hours = map[time.Time]*hours{}
	whole := map[time.Time]bool{}
	for _, h := range r.Archive {
		at := h.Hour.UTC().Truncate(time.Hour)
		if h.State == evidence.HourPresent && h.Detail == "" && h.Bad == 0 {
			whole[at] = true
			continue
		}
		why := string(h.State)
		switch {
		case h.State == evidence.HourPresent && h.Bad > 0:
			why = "read but for some lines"
		case h.State == evidence.HourPresent:
			why = "known to have lost events"
		case h.State == evidence.HourUnread:
			why = "could not be had"
		}
		if have, again := r.hours[at]; again {
			have.ids = append(have.ids, h.ID())
			have.why = min(have.why, why)
			continue
		}
		r.hours[at] = &hours{from: at, to: at, why: why, ids: []string{h.ID()}}
	}
	for at := range whole {
		delete(r.hours, at)
	}
	r.brokenHours = slices.SortedFunc(maps.Keys(r.hours), time.Time.Compare)
	r.wholeHours = slices.SortedFunc(maps.Keys(whole), time.Time.Compare)
}

// unreadHours lists the hours of a span, and those after it in which late events are filed, of which no archive was read whole. A zero
// from reaches back to the making of the repository.
func (r *reader) unreadHours(from, to time.Time) []hours {
	if made := r.Facts.State; made != nil && from.Before(made.CreatedAt) {
		from = made.CreatedAt
	}
	if from.Before(archiveBegin) {
		from = archiveBegin
	}
	if to = to.Add(lateHours * time.Hour); to.After(r.asOf()) {
		to = r.asOf()
	}
	from, to = from.UTC().Truncate(time.Hour), to.UTC().Truncate(time.Hour)
	var out []hours
	at := from
	i, _ := slices.BinarySearchFunc(r.wholeHours, from, time.Time.Compare)
	for ; i < len(r.wholeHours) && !r.wholeHours[i].After(to); i++ {
		out = r.without(out, at, r.wholeHours[i])
		at = r.wholeHours[i].Add(time.Hour)
	}
	return r.without(out, at, to.Add(time.Hour))
}

// without adds the hours from one time to before another, none of which was read whole, in ranges of the same reason.
func (r *reader) without(out []hours, from, end time.Time) []hours {
	add := func(x hours) {
		if n := len(out); n > 0 && out[n-1].why == x.why && out[n-1].to.Add(time.Hour).Equal(x.from) {
			out[n-1].to = x.to
			out[n-1].ids = append(out[n-1].ids, x.ids...)
			return
		}
		out = append(out, x)
	}
	for from.Before(end) {
		if x, told := r.hours[from]; told {
			add(hours{x.from, x.to, x.why, slices.Clone(x.ids)})
			from = from.Add(time.Hour)
			continue
		}
		next := end
		i, _ := slices.BinarySearchFunc(r.brokenHours, from, time.Time.Compare)
		if i < len(r.brokenHours) && r.brokenHours[i].Before(end) {
			next = r.brokenHours[i]
		}
		add(hours{from: from, to: next.Add(-time.Hour), why: unreadWhy})
		from = next
	}
	return out
}

// holes tells for each ref with a presence which hours of it no archive shows, or shows in part, where the case reads archives at all.
func (r *reader) holes(rows []Presence) {
	if len(r.Archive) == 0 {
		return
	}
	told := map[evidence.Ref][]hours{}
	for _, p := range rows {
		from, to := p.added(), p.AsOf
		if p.Gone && p.Removed.NotAfter.Known() {
			to = p.Removed.NotAfter.At
		}
		if to.IsZero() {
			to = r.asOf()
		}
		told[p.Ref] = append(told[p.Ref], r.unreadHours(from, to)...)
	}
	for ref, list := range told {
		if len(list) == 0 {
			continue
		}
		subject := string(ref)
		if ref == "" {
			subject = "commits that no ref is known for"
		}
		text, ids := spellHours(list)
		r.gap(evidence.GapUncovered, subject, "of hours in which a malicious version was or may have been there no archive was read whole: "+text,
			"read these hours from another archive, or the activity of the repository", ids...)
	}
}

// spellHours lists ranges by time, each once: rows of one ref may overlap.
func spellHours(list []hours) (text string, ids []string) {
	slices.SortFunc(list, func(a, b hours) int { return a.from.Compare(b.from) })
	var parts []string
	last := time.Time{} // the last hour that is told of
	for _, h := range list {
		if !last.IsZero() && !h.from.After(last) {
			h.from = last.Add(time.Hour)
		}
		if h.from.After(h.to) {
			continue
		}
		last = h.to
		ids = append(ids, h.ids[:min(len(h.ids), maxRanges)]...)
		spelled := h.from.Format("2006-01-02T15Z")
		if h.to.After(h.from) {
			spelled += ".." + h.to.Format("2006-01-02T15Z")
		}
		parts = append(parts, h.why+" "+spelled)
	}
	if more := len(parts) - maxRanges; more > 0 {
		parts = append(parts[:maxRanges], fmt.Sprintf("and %d more ranges", more))
	}
	return strings.Join(parts, ", "), ids
}
