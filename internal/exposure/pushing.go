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
	first := map[string]when.Instant{}
	campaigns := map[string]string{}
	for _, c := range w.Commits {
		if c.Role == detect.Removal || !w.pushedHere(c.OID) {
			continue
		}
		actor, at := w.pusher(c.OID)
		if have, ok := first[actor]; !ok || (at.NotAfter.Known() && (!have.NotAfter.Known() || at.NotAfter.At.Before(have.NotAfter.At))) {
			first[actor] = at
		}
		campaigns[actor] = c.Campaign
	}
	var out []Window
	for _, actor := range slices.Sorted(maps.Keys(first)) {
		x := Window{Credential: "github:" + actor, Campaign: campaigns[actor], Value: 1, State: NotKnownClosed,
			Opened: when.Between(when.Bound{}, first[actor].NotAfter, first[actor].Evidence...),
			Reason: "the credential that pushed the campaign's commits; it was in foreign hands before the first of them"}
		if x.Opened.NotAfter.Known() {
			x.OpenedBy = "push"
		}
		w.shut(&x, when.Bound{}, when.Bound{})
		out = append(out, x)
	}
	return out
}

// JoinPushers spreads over all repositories what is known of each actor's credential: it is one credential, and the first push of the
// campaign anywhere bounds its window everywhere. A pusher that nobody names is not one actor.
func JoinPushers(all []*Window) {
	first := map[string]when.Instant{}
	for _, w := range all {
		have, ok := first[w.Credential]
		if pushing(w) && w.Opened.NotAfter.Known() && (!ok || w.Opened.NotAfter.At.Before(have.NotAfter.At)) {
			first[w.Credential] = w.Opened
		}
	}
	for _, w := range all {
		if opened, ok := first[w.Credential]; ok && pushing(w) {
			w.Opened, w.OpenedBy = opened, "push"
		}
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

// pusher is who a server names for the update that brought a commit, and when. Without one, the committer date is a claim.
func (w *windows) pusher(o evidence.OID) (string, when.Instant) {
	at, ok := w.Timeline.Pushed[o]
	if !ok {
		c := w.Facts.History.Commit(o)
		if c.Committer.Date.IsZero() {
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
