// Package exposure answers from when to when each credential that a malicious version could take could be misused, and in which state a
// repository is. It takes the facts of one repository, its findings and its timeline; it gives exposure windows and one verdict per
// repository. It does not know whether a credential was used, and it never reads the removal of a workflow as the end of a window: what
// was taken stays taken until the provider refuses it.
package exposure

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/linkage"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// States of a window.
const (
	Closed         = "closed"
	Open           = "open" // seen alive since it was exposed
	NotKnownClosed = "not_known_closed"
	NeverStored    = "never_stored" // the version names a secret that was not there to take
)

// Exposes reports whether a window in this state must be taken for open.
func Exposes(state string) bool { return state != Closed && state != NeverStored }

// Unlinked is the credential of a secret that nothing links to one.
const Unlinked = "unlinked"

// Names that stand for more than one secret.
const (
	AllSecrets = "*"         // toJSON(secrets), secrets: inherit: all that the repository had
	History    = "history:*" // every credential ever committed
)

// Window is the time in which one value of one credential could be misused by others.
type Window struct {
	ID                string
	Campaign          string
	Secret            string // empty for a credential that stands in no secret list
	Credential        string
	Project           string
	Value             int // 1 for the value that was there at first, 2 for its replacement, ...
	Opened            when.Instant
	OpenedBy          string // the ladder step behind opened.NotAfter, empty where that is unknown
	CouldHaveOpenedBy string // the ladder step behind opened.NotBefore
	Closed            when.Instant
	State             string
	Link              linkage.Link // what leads to the credential; not stored with the window
	lastUse           when.Instant // of a pushing credential, by the campaign
	stored            span         // in which the value was the one stored
	Execution         string       // empty for a pushing credential: no run had to take it
	Reason            string
}

// Input is one repository with all that earlier stages found.
type Input struct {
	Facts    *casefile.Facts
	Findings map[evidence.OID]detect.Finding
	Commits  []detect.Commit
	Timeline timeline.Result
	Unjudged []string // gaps of versions that may be the campaign's and that no rule judged (see detect.Suspects)
	Now      time.Time
}

// Windows works out the windows of one repository, by credential, secret and value.
func Windows(in Input) []Window {
	w := newWindows(in)
	var out []Window
	for _, secret := range w.secrets() {
		out = append(out, w.ofSecret(secret)...)
	}
	out = append(out, w.pushing()...)
	for i := range out {
		x := &out[i]
		w.expire(x)
		x.name(in.Facts.Repository)
	}
	return out
}

// name derives the id from what the window is about.
func (w *Window) name(repo evidence.Repository) {
	w.ID = evidence.ID("win", repo.Key(), w.Secret, w.Credential, w.Project, strconv.Itoa(w.Value))
}

type windows struct {
	Input
	rows map[string]timeline.Presence
}

func newWindows(in Input) *windows {
	w := &windows{Input: in, rows: map[string]timeline.Presence{}}
	w.Timeline.Presence = slices.Clone(in.Timeline.Presence)
	for i := range w.Timeline.Presence {
		p := &w.Timeline.Presence[i]
		p.Inherited = p.Inherited && !w.ranHere(*p) // what a fork runs gets the fork's own secrets
		w.rows[p.ID] = *p
	}
	return w
}

// ranHere reports a row of which a run of this repository ran a version, or may have.
func (w *windows) ranHere(p timeline.Presence) bool {
	return slices.ContainsFunc(w.Timeline.Executions, func(e timeline.Execution) bool {
		return !e.Excluded && e.Path == p.Path && w.ownRun(e) && slices.ContainsFunc(p.Versions, func(v timeline.Held) bool { return v.Blob == e.Blob })
	})
}

// exposes reports a row whose runs could read the repository's secrets: not what a fork inherited, not what a fork's pull request proposes.
// The head of a pull request may have been pushed to a branch of the repository that is gone.
func exposes(p timeline.Presence) bool { return !p.Inherited && (!p.Ref.Pull() || p.Unsourced) }

// secrets lists the names that any version in an exposing row could read.
func (w *windows) secrets() []string {
	names := map[string]bool{}
	for _, p := range w.Timeline.Presence {
		if !exposes(p) {
			continue
		}
		for _, v := range p.Versions {
			f := w.Findings[v.Blob]
			for _, n := range f.SecretNames() {
				names[n] = true
			}
			names[AllSecrets] = names[AllSecrets] || f.AllSecrets
			if f.AllSecrets {
				for _, n := range w.storedNames() {
					names[n] = true
				}
			}
			names[History] = names[History] || f.History
			names[IDToken] = names[IDToken] || identifies(f)
		}
	}
	maps.DeleteFunc(names, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(names))
}

// takes reports whether a version could read a secret.
func (w *windows) takes(blob evidence.OID, secret string) bool {
	f := w.Findings[blob]
	switch secret {
	case AllSecrets:
		return f.AllSecrets
	case History:
		return f.History
	case IDToken:
		return identifies(f)
	}
	return f.AllSecrets || slices.Contains(f.SecretNames(), secret)
}

// value works out the window of one value of a secret; ok is false where nothing could take it.
func (w *windows) value(secret string, s span) (Window, bool) {
	x := Window{Secret: secret, Credential: Unlinked, State: NotKnownClosed}
	earliest, found := timeline.Opportunity{}, false
	for _, o := range w.Timeline.Opportunities {
		row := w.rows[o.Presence]
		if o.Excluded || !exposes(row) || !w.takes(o.Blob, secret) || !s.overlaps(o.At) {
			continue
		}
		o.At.NotBefore = s.clamp(o.At.NotBefore)
		if !found || before(o.At.NotBefore, earliest.At.NotBefore) {
			earliest, found = o, true
		}
		x.Campaign = cmp.Or(x.Campaign, row.Campaign)
	}
	if !found {
		return x, w.unreadable(&x, secret, s)
	}
	x.Opened = when.Between(earliest.At.NotBefore, when.Bound{}, earliest.At.Evidence...)
	x.CouldHaveOpenedBy = timeline.Triggered
	if e, ok := w.execution(earliest); ok {
		x.CouldHaveOpenedBy = e.Ladder
		x.Opened.Evidence = append(slices.Clone(x.Opened.Evidence), e.RunFact)
	}
	w.proven(&x, s)
	x.Execution = w.ladder(secret, s)
	return x, true
}

// unreadable opens a window for a version that nothing is seen to start, perhaps since no trigger of it could be read: presence is all that
// is known. Opportunities of another version of the row do not speak for it, least of all excluded ones.
func (w *windows) unreadable(x *Window, secret string, s span) bool {
	found := false
	for _, p := range w.Timeline.Presence {
		from, ok := w.unstarted(p, secret)
		there := when.Between(from.NotBefore, when.Bound{}, from.Evidence...)
		if p.Gone {
			there.NotAfter = p.Removed.NotAfter
		}
		if !ok || !exposes(p) || !s.overlaps(there) {
			continue
		}
		if at := s.clamp(from.NotBefore); !found || before(at, x.Opened.NotBefore) {
			x.Opened, x.Campaign = when.Between(at, when.Bound{}, from.Evidence...), p.Campaign
			x.CouldHaveOpenedBy, x.Execution = timeline.Targeted, timeline.Targeted
		}
		found = true
	}
	return found
}

// unstarted is when the first version of a row that could read a secret came of which there is no opportunity. One that an update brought
// together with its successor was never there to start, unless it is all that the row has.
func (w *windows) unstarted(p timeline.Presence, secret string) (from when.Instant, ok bool) {
	seen := map[evidence.OID]bool{}
	for _, o := range w.Timeline.Opportunities {
		if o.Presence == p.ID && w.takes(o.Blob, secret) {
			seen[o.Blob] = true
		}
	}
	for i, v := range p.Versions {
		passed := len(seen) > 0 && i+1 < len(p.Versions) && v.From.NotBefore.Clock > when.Git && v.From.NotBefore == p.Versions[i+1].From.NotAfter
		switch {
		case !w.takes(v.Blob, secret) || seen[v.Blob] || passed:
		case i == 0 || !v.From.NotBefore.Known():
			return p.Added, true
		default:
			return v.From, true
		}
	}
	return when.Instant{}, false
}

// before orders bounds; an unbounded one is before all.
func before(a, b when.Bound) bool {
	return !a.Known() && b.Known() || (a.Known() && b.Known() && a.At.Before(b.At))
}

// execution is the run that an opportunity was matched to.
func (w *windows) execution(o timeline.Opportunity) (timeline.Execution, bool) {
	i := slices.IndexFunc(w.Timeline.Executions, func(e timeline.Execution) bool {
		return o.RunID != 0 && e.Run.RunID == o.RunID && (o.Attempt == 0 || e.Run.Attempt == o.Attempt)
	})
	if i < 0 {
		return timeline.Execution{}, false
	}
	return w.Timeline.Executions[i], true
}

// proven sets opened.NotAfter: the first leaking step that ran to its end, or the word of somebody who saw the data.
func (w *windows) proven(x *Window, s span) {
	set := func(b when.Bound, by string, ids ...string) {
		if b.Known() && (!x.Opened.NotAfter.Known() || b.At.Before(x.Opened.NotAfter.At)) && (!s.from.Known() || !b.At.Before(s.from.At)) &&
			(!s.until.Known() || b.At.Before(s.until.At)) {
			x.Opened.NotAfter, x.OpenedBy = b, by
			x.Opened.Evidence = append(slices.Clone(x.Opened.Evidence), ids...)
		}
	}
	for _, e := range w.Timeline.Executions {
		if e.Ladder == timeline.Executed && (w.leaks(e.Blob, x.Secret) || x.Secret == IDToken) && w.ownRun(e) {
			if by, given := w.given(e, x.Secret); given {
				set(e.Leaked.NotAfter, timeline.Executed, append(append(slices.Clone(e.Leaked.Evidence), e.RunFact), by...)...)
			}
		}
	}
	for _, d := range w.Facts.Statements {
		if d.Fact == casefile.Confirmed && about(d, x.Secret, x.Credential) {
			set(when.Bound{At: d.At, Clock: when.Declared}, timeline.Confirmed, d.ID())
		}
	}
	nb, na := x.Opened.NotBefore, x.Opened.NotAfter
	if nb.Known() && na.Known() && nb.At.After(na.At) {
		x.Reason = "the clocks of " + nb.Clock.String() + " (" + evidence.Stamp(nb.At) + ") and " + na.Clock.String() + " (" + evidence.Stamp(na.At) +
			") contradict each other"
		if x.Opened.NotBefore, x.Opened.NotAfter = na, nb; nb.Clock == when.Git {
			// The leak is proven: the date that somebody wrote is refuted, and nothing else says since when.
			x.Opened.NotBefore, x.Opened.NotAfter = when.Bound{}, na
		}
	}
	x.Opened = when.Between(x.Opened.NotBefore, x.Opened.NotAfter, x.Opened.Evidence...)
}

// ownRun leaves out runs that get none of the repository's secrets: of what a pull request from a fork proposes, and Dependabot's.
func (w *windows) ownRun(e timeline.Execution) bool {
	if e.Run.Actor == timeline.Dependabot && (e.Run.Event == "push" || strings.HasPrefix(e.Run.Event, "pull_request")) {
		return false
	}
	return e.Run.Event != "pull_request" || e.Run.HeadRepository == "" || strings.EqualFold(e.Run.HeadRepository, string(w.Facts.Repository)) ||
		w.Facts.State != nil && strings.EqualFold(e.Run.HeadRepository, w.Facts.State.FullName)
}

func (w *windows) leaks(blob evidence.OID, secret string) bool {
	return slices.ContainsFunc(w.Findings[blob].Leaks, func(l detect.Leak) bool {
		return l.AllSecrets || slices.Contains(l.Secrets, secret) || (secret == History && l.History)
	})
}

// rungs orders what runs show, strongest first. Unknown and pending come before blocked: what may have run outweighs what did not.
var rungs = []string{timeline.Confirmed, timeline.Executed, timeline.Started, timeline.Unknown, timeline.Pending, timeline.Triggered, timeline.Blocked, timeline.Suppressed}

// ladder is the highest step that anything shows for a secret.
func (w *windows) ladder(secret string, s span) string {
	best := timeline.Targeted
	raise := func(step string) {
		if i, j := slices.Index(rungs, step), slices.Index(rungs, best); i >= 0 && (j < 0 || i < j) {
			best = step
		}
	}
	for _, e := range w.Timeline.Executions {
		_, given := w.given(e, secret)
		if given && w.takes(e.Blob, secret) && w.ownRun(e) && s.overlaps(when.At(e.Run.CreatedAt, when.Server)) {
			raise(e.Ladder)
		}
	}
	for _, o := range w.Timeline.Opportunities {
		if !w.takes(o.Blob, secret) || !exposes(w.rows[o.Presence]) || !s.overlaps(o.At) || o.Status == timeline.Matched {
			continue
		}
		switch {
		case o.Status == timeline.Suppressed:
			raise(timeline.Suppressed)
		case o.Status == timeline.RunGone, o.Status == timeline.Open && o.Head != "":
			raise(timeline.Unknown) // a run is gone, or nobody listed them
		case o.Head != "" || best == timeline.Targeted || best == timeline.Suppressed:
			raise(timeline.Triggered)
		}
	}
	for _, d := range w.Facts.Statements {
		if d.Fact == casefile.Confirmed && about(d, secret, Unlinked) && s.overlaps(when.At(d.At, when.Declared)) {
			raise(timeline.Confirmed)
		}
	}
	return best
}
