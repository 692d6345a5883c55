package exposure

import (
	"maps"
	"slices"
	"strings"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// pushing gives the window of the GitHub credential behind the campaign's pushes, one per actor: it was in foreign hands before the first
// of them, nobody knows since when.
func (w *windows) pushing() []Window {
	first, last := map[string]when.Instant{}, map[string]when.Instant{}
	campaigns := map[string]string{}
	for _, c := range w.Commits {
		if c.Role == detect.Removal || !w.pushedHere(c.OID) {
			continue
		}
		actor, at := w.pusher(c.OID)
		if have, ok := first[actor]; !ok || (at.NotAfter.Known() && (!have.NotAfter.Known() || at.NotAfter.At.Before(have.NotAfter.At))) {
			first[actor] = at
		}
		if at.NotAfter.Known() && !at.NotAfter.At.Before(last[actor].NotAfter.At) {
			last[actor] = at
		}
		campaigns[actor] = c.Campaign
	}
	var out []Window
	for _, actor := range slices.Sorted(maps.Keys(first)) {
		x := Window{Credential: "github:" + actor, Campaign: campaigns[actor], Value: 1, State: NotKnownClosed, lastUse: last[actor],
			Opened: when.Between(when.Bound{}, first[actor].NotAfter, first[actor].Evidence...),
			Reason: "the credential that pushed the campaign's commits; it was in foreign hands before the first of them"}
		if x.Opened.NotAfter.Known() {
			x.OpenedBy = "push"
		}
		shut(w.Facts.Statements, &x, when.Bound{}, when.Bound{})
		x.reopen()
		out = append(out, x)
	}
	return out
}

// reopen takes a closure back that the campaign's own push refutes: what pushes is not refused.
func (w *Window) reopen() {
	if w.State != Closed || !w.lastUse.NotAfter.Known() || !w.lastUse.NotAfter.At.After(w.Closed.NotBefore.At) {
		return
	}
	w.Reason = annotate(w.Reason, "declared revoked at "+evidence.Stamp(w.Closed.NotBefore.At)+" ("+strings.Join(w.Closed.Evidence, ", ")+
		"), and it pushed for the campaign at "+w.lastUse.String()+": these contradict each other")
	w.State, w.Closed = NotKnownClosed, when.Instant{}
}

// JoinPushers spreads over all repositories what is known of each actor's credential: it is one credential, so the first push of the
// campaign anywhere bounds its window everywhere, a closure declared for one repository closes it in all, and a later push in any of them
// reopens it. A pusher that nobody names is not one actor.
func JoinPushers(all []*Window) {
	joined := map[string]Window{}
	for _, w := range all {
		if !pushing(w) {
			continue
		}
		have, ok := joined[w.Credential]
		if !ok {
			have = Window{State: NotKnownClosed}
		}
		if a, b := w.Opened.NotAfter, have.Opened.NotAfter; a.Known() && (!b.Known() || a.At.Before(b.At)) {
			have.Opened = w.Opened
		}
		if w.State == Closed && (have.State != Closed || w.Closed.NotBefore.At.Before(have.Closed.NotBefore.At)) {
			have.Closed, have.State = w.Closed, Closed
		}
		if w.lastUse.NotAfter.Known() && w.lastUse.NotAfter.At.After(have.lastUse.NotAfter.At) {
			have.lastUse = w.lastUse
		}
		joined[w.Credential] = have
	}
	for _, w := range all {
		have, ok := joined[w.Credential]
		if !ok || !pushing(w) {
			continue
		}
		if have.Opened.NotAfter.Known() {
			w.Opened, w.OpenedBy = have.Opened, "push"
		}
		w.Closed, w.State, w.lastUse = have.Closed, have.State, have.lastUse
		w.reopen()
	}
}

func pushing(w *Window) bool {
	return w.Secret == "" && strings.HasPrefix(w.Credential, "github:") && w.Credential != "github:"+unknownActor
}

// pushedHere leaves out what came with a fork or is only proposed to the repository: nobody needed a credential of this repository for it.
func (w *windows) pushedHere(o evidence.OID) bool {
	if _, told := w.Timeline.Pushed[o]; told {
		return true
	}
	rows := slices.DeleteFunc(slices.Clone(w.Timeline.Presence), func(p timeline.Presence) bool { return !p.Holds(o) })
	return len(rows) == 0 || slices.ContainsFunc(rows, exposes)
}

// unknownActor stands for a pusher that no source names: a commit's author is the attacker's word.
const unknownActor = "unknown"

// pusher is who a server names for the update that brought a commit, and when. Without one, the committer date is a claim, and refuted where it
// is later than the listing of refs.
func (w *windows) pusher(o evidence.OID) (string, when.Instant) {
	at, ok := w.Timeline.Pushed[o]
	if !ok {
		c := w.Facts.History.Commit(o)
		if c.Committer.Date.IsZero() || w.Facts.Listing.Known() && c.Committer.Date.After(w.Facts.Listing.At) {
			return unknownActor, when.Instant{}
		}
		return unknownActor, when.At(c.Committer.Date, when.Git, evidence.CommitID(o))
	}
	for _, u := range w.Facts.Updates {
		if u.Actor != "" && slices.Contains(at.Evidence, u.ID()) {
			return u.Actor, at
		}
	}
	for _, r := range w.Facts.Runs {
		if r.Actor != "" && slices.Contains(at.Evidence, r.ID()) {
			return r.Actor, at
		}
	}
	return unknownActor, at
}
