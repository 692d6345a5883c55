package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// eventsKept and checksKept are how long GitHub keeps public events and the suites of checks
// (https://docs.github.com/en/rest/activity/events, https://github.blog/changelog/2022-12-07-changes-to-checks-data-retention/): asked for
// what is older, they tell nothing.
const (
	eventsKept = 30 * 24 * time.Hour
	checksKept = jobRetention
)

// tight is the width up to which a bound needs no further witness: that of what two sources may differ by.
const tight = reportSlack

// narrowing lists the origins that could narrow a bound on a ref. Tags have no activity, suites of checks name no ref, and GitHub's own
// refs of pull requests are moved by no push.
func narrowing(ref evidence.Ref) []evidence.Origin {
	switch {
	case ref.Tag():
		return []evidence.Origin{evidence.OriginArchive, evidence.OriginAuditLog, evidence.OriginEvents, evidence.OriginReflog, evidence.OriginReleases,
			evidence.OriginWebhooks}
	case ref.Pull():
		return []evidence.Origin{evidence.OriginPullTimeline, evidence.OriginReflog}
	}
	return []evidence.Origin{evidence.OriginActivity, evidence.OriginArchive, evidence.OriginAuditLog, evidence.OriginCheckSuites, evidence.OriginEvents,
		evidence.OriginPullTimeline, evidence.OriginReflog, evidence.OriginWebhooks}
}

// loose reports an instant that a further source could narrow: unbounded on a side, claimed, or wide.
func loose(i when.Instant) bool {
	return !i.NotBefore.Known() || !i.NotAfter.Known() || i.Claimed() || i.NotAfter.At.Sub(i.NotBefore.At) > tight
}

// wouldNarrow names the sources that were not had in full and that could narrow a bound of a row; none where all bounds are tight.
func (r *reader) wouldNarrow(p *Presence) []string {
	var out []string
	if loose(p.Added) {
		out = r.lacking(p.Ref, p.tips[0].oid, p.Added.NotBefore.At, p.Added.NotAfter.At)
	}
	if p.Gone && loose(p.Removed) {
		out = append(out, r.lacking(p.Ref, cmp.Or(p.RemovedBy.After, p.RemovedBy.Commit), p.Removed.NotBefore.At, p.Removed.NotAfter.At)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lacking names the origins that were not had in full over a span and could tell of a ref there. Suites of checks are asked for by the commit
// that was pushed, empty for one that is not known. A zero time leaves that side open.
func (r *reader) lacking(ref evidence.Ref, pushed evidence.OID, from, to time.Time) []string {
	if to.IsZero() {
		to = r.asOf()
	}
	var out []string
	for _, o := range narrowing(ref) {
		if !r.tooOld(o, to) && !r.had(o, pushed, from, to) {
			out = append(out, string(o))
		}
	}
	return out
}

// asOf is until when the reading goes: the last listing, else the case's present.
func (r *reader) asOf() time.Time {
	if r.Facts.Listing.Known() {
		return r.Facts.Listing.At
	}
	return r.Now
}

// tooOld reports an origin that no longer tells of anything before a time.
func (r *reader) tooOld(o evidence.Origin, to time.Time) bool {
	switch o {
	case evidence.OriginEvents:
		return r.Now.Sub(to) > eventsKept
	case evidence.OriginCheckSuites:
		return r.Now.Sub(to) > checksKept
	}
	return false
}

// had reports that an origin was listed to its end over a span. What GitHub no longer lists cannot be had: a list that goes back to its own
// horizon is whole. Of archives, every hour counts; of suites of checks, those of the commit that was pushed.
func (r *reader) had(o evidence.Origin, pushed evidence.OID, from, to time.Time) bool {
	if o == evidence.OriginArchive {
		return len(r.Archive) > 0 && len(r.unreadHours(from, to)) == 0
	}
	suites, of := o == evidence.OriginCheckSuites, ""
	if suites {
		of = "commit " + string(pushed)
	}
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		whole := v.From.IsZero() || !from.IsZero() && !v.From.After(from) || o == evidence.OriginEvents || suites
		return v.Origin == o && v.Detail == of && v.Complete && whole && (v.To.IsZero() || !v.To.Before(to))
	})
}

// hint says which sources could fill a hole in the history of a ref.
func (r *reader) hint(ref evidence.Ref) string {
	lacking := r.lacking(ref, "", time.Time{}, time.Time{})
	if len(lacking) == 0 {
		return "every source that could fill it was had"
	}
	return "could fill it: " + strings.Join(lacking, ", ")
}

// activityCovers reports that the activity of a branch was listed to its end over a span: every move of the span is told of.
func (r *reader) activityCovers(ref evidence.Ref, from, to time.Time) bool {
	until := r.activityUntil(ref, from)
	return !until.IsZero() && !to.After(until)
}

// activityUntil is how far the whole activity goes from a time on, zero where it does not hold that time. Before the oldest row nobody
// can tell whether nothing moved or the row is no longer kept.
func (r *reader) activityUntil(ref evidence.Ref, from time.Time) (until time.Time) {
	for _, v := range r.Facts.Coverage {
		if v.Origin == evidence.OriginActivity && v.Complete && ref.Branch() && !v.Oldest.IsZero() && !from.Before(v.Oldest) && !from.Before(v.From) &&
			v.To.After(until) {
			until = v.To
		}
	}
	return until
}

// certain is the part of a row in which the file was there and cannot have been away: between firm bounds, and only as far as the whole
// activity shows that nothing moved the ref. Joined moves and repeated sightings do not show that: between them the ref may have gone and
// come back.
func (r *reader) certain(p *Presence) (from, to time.Time) {
	closed := p.Removed
	if !p.Gone {
		closed = when.At(p.AsOf, when.Server)
	}
	from, to, ok := when.Window{Opened: p.Added, Closed: closed}.Certain()
	if !ok || p.State != Proven {
		return time.Time{}, time.Time{}
	}
	if until := r.activityUntil(p.Ref, from); until.Before(to) {
		to = until
	}
	if !to.After(from) {
		return time.Time{}, time.Time{}
	}
	return from, to
}
