package exposure

import (
	"slices"
	"strings"
	"time"

	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/timeline"
	"pentimento/internal/when"
)

// scopes are the places in which Actions finds a secret; only a listing of all of them can say that there is none of a name.
var scopes = []evidence.SecretScope{evidence.RepositorySecret, evidence.EnvironmentSecret, evidence.OrganisationSecret}

// storedNames lists the secrets that any source says were stored or handed to a job: what a version that takes all secrets could take.
func (w *windows) storedNames() []string {
	var out []string
	for _, s := range w.Facts.Secrets {
		if !slices.Contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}

// replacements are the times at which a new value of a secret was stored, by what a server says, with the evidence. A listing tells the last time
// alone: earlier values have left no trace in it. The first value is no replacement of anything.
func (w *windows) replacements(secret string) map[time.Time][]string {
	out := map[time.Time][]string{}
	for _, s := range w.Facts.Secrets {
		if s.Name != secret {
			continue
		}
		var at []time.Time
		switch s.Action {
		case evidence.SecretListed:
			at = []time.Time{s.CreatedAt, s.UpdatedAt}
		case evidence.SecretCreated, evidence.SecretUpdated:
			at = []time.Time{s.At}
		}
		for _, t := range at {
			if !t.IsZero() && w.reachableBefore(secret, t) && !slices.Contains(out[t.UTC()], s.ID()) {
				out[t.UTC()] = append(out[t.UTC()], s.ID())
			}
		}
	}
	return out
}

// reachableBefore reports whether a version could have taken the secret before t: only then is a value that was stored at t another one than
// the first that was exposed.
func (w *windows) reachableBefore(secret string, t time.Time) bool {
	for _, o := range w.Timeline.Opportunities {
		if !o.Excluded && exposes(w.rows[o.Presence]) && w.takes(o.Blob, secret) && (!o.At.NotBefore.Known() || o.At.NotBefore.At.Before(t)) {
			return true
		}
	}
	for _, p := range w.Timeline.Presence {
		if from, ok := w.unstarted(p, secret); ok && exposes(p) && (!from.NotBefore.Known() || from.NotBefore.At.Before(t)) {
			return true
		}
	}
	return false
}

// given reports whether a run could have had a secret where its file leaks it: it could unless the audit log names what each job that leaks it was
// handed and this is not among it. What other jobs were handed says nothing, nor does a record that names no job or no record at all: a job that
// is handed nothing leaves none. by are the records that name the secret.
func (w *windows) given(e timeline.Execution, secret string) (by []string, could bool) {
	leaks := slices.DeleteFunc(slices.Clone(w.Findings[e.Blob].Leaks), func(l detect.Leak) bool {
		return !l.AllSecrets && !slices.Contains(l.Secrets, secret)
	})
	told := make([]bool, len(leaks))
	for _, s := range w.Facts.Secrets {
		if s.Action != evidence.SecretPassed || s.RunID != e.Run.RunID {
			continue
		}
		leaking := s.Job == "" || len(leaks) == 0
		for i, l := range leaks {
			if of(s, l) {
				told[i], leaking = l.StepIndex >= 0, true
			}
		}
		if leaking && s.Name == secret {
			by = append(by, s.ID())
		}
	}
	return by, len(told) == 0 || slices.Contains(told, false) || len(by) > 0 || secret == AllSecrets || secret == History
}

// of reports a record of the job of a leak, by the name that GitHub shows; a matrix adds " (values)" to it and a reusable workflow, of which one
// job does not speak for the others, " / job".
func of(s evidence.SecretRecord, l detect.Leak) bool {
	name := s.Job
	if i := strings.LastIndex(name, " / "); i >= 0 && l.StepIndex >= 0 {
		name = name[i+len(" / "):]
	}
	return l.JobName != "" && (name == l.JobName || strings.HasPrefix(name, l.JobName+" (") || l.StepIndex < 0 && strings.HasPrefix(name, l.JobName+" / "))
}

// missingFrom says what a complete listing without the secret's name shows. never: no version could take it any more when it was made, and from before
// the window could open until the last of the listings the audit log was had whole and tells of no removal, so that no secret of that name was there to take. Else it may have been removed since. An audit log
// belongs to an organisation, and collection calls one whole for its repositories alone: of a person's repository nobody can say never.
func (w *windows) missingFrom(secret string, opened when.Bound) (listed time.Time, never bool) {
	if secret == AllSecrets || secret == History || secret == "" || ofJobs(secret) {
		return time.Time{}, false
	}
	for _, s := range w.Facts.Secrets {
		if s.Name == secret {
			return time.Time{}, false
		}
	}
	var last time.Time
	for _, scope := range scopes {
		at := w.listedScope(scope)
		if at.IsZero() {
			return time.Time{}, false
		}
		if listed.IsZero() || at.Before(listed) {
			listed = at
		}
		if at.After(last) {
			last = at // this scope may have held it until shortly before
		}
	}
	return listed, !listed.Before(w.lastChance(secret)) && w.audited(opened, last)
}

// lastChance is until when a version may have taken a secret: while it stood in a row or ran. What no server saw end lasts until the case's
// last look.
func (w *windows) lastChance(secret string) (end time.Time) {
	look := w.Timeline.AsOf
	if look.IsZero() {
		look = w.Now
	}
	until := func(t time.Time) {
		if t.After(end) {
			end = t
		}
	}
	for _, p := range w.Timeline.Presence {
		taking := slices.ContainsFunc(p.Versions, func(v timeline.Held) bool { return w.takes(v.Blob, secret) })
		switch to := p.Removed.NotAfter; {
		case !taking || !exposes(p):
		case p.Gone && to.Known() && to.Clock >= when.Archive:
			until(to.At)
		default:
			until(look)
		}
	}
	for _, e := range w.Timeline.Executions {
		switch {
		case !w.takes(e.Blob, secret):
		case e.Ladder == timeline.Pending:
			until(look)
		default:
			until(e.Run.UpdatedAt)
		}
	}
	return end
}

// audited reports that the audit log was had whole for what concerns secrets, from a time that others than whoever pushed or ran jobs have stamped
// until another, and that no export of it is known to lack rows or to hold those of another repository.
func (w *windows) audited(from when.Bound, to time.Time) bool {
	flawed := slices.ContainsFunc(w.Facts.Gaps, func(g evidence.Gap) bool { return g.Unit == string(evidence.OriginAuditLog) })
	return !flawed && from.Known() && from.Clock >= when.Archive && slices.ContainsFunc(w.Facts.Coverage, func(c evidence.Coverage) bool {
		return c.Origin == evidence.OriginAuditLog && c.Detail == evidence.OtherThanGit && c.Complete && !c.From.IsZero() && !c.From.After(from.At) && !c.To.Before(to)
	})
}

// listedScope is when the secrets of a scope were last listed to the end; zero for never.
func (w *windows) listedScope(scope evidence.SecretScope) (at time.Time) {
	for _, c := range w.Facts.Coverage {
		if c.Origin == evidence.OriginSecrets && c.Detail == string(scope) && c.Complete && c.To.After(at) {
			at = c.To
		}
	}
	return at
}

// judgeStored adds to a window what is known of whether the secret was ever stored.
func (w *windows) judgeStored(x *Window) {
	listed, never := w.missingFrom(x.Secret, x.Opened.NotBefore)
	switch {
	case listed.IsZero():
	case never && x.OpenedBy == "":
		x.State = NeverStored
		x.Reason = annotate(x.Reason, "no secret of this name: the listing at "+evidence.Stamp(listed)+
			" has none, and the audit log, whole since before the window could open, tells of no removal")
	default:
		x.Reason = annotate(x.Reason, "not listed at "+evidence.Stamp(listed)+": removed since, or never stored")
	}
}
