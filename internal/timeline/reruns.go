package timeline

import (
	"fmt"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// Rerun is the event of an opportunity that is none of GitHub's: somebody with write access runs an old run again. It takes the file and the
// commit of the first attempt, whatever the branch holds by then, and the secrets of today.
const Rerun = "rerun"

// reruns lists the second and later attempts of runs of malicious versions, and the runs that can still be run again since they were last
// listed.
func (r *reader) reruns(rows []Presence) []Opportunity {
	var out []Opportunity
	last := map[int64]Execution{}
	for _, e := range r.ran {
		if e.Blob == "" || r.foreign(e.Run) {
			continue
		}
		if have, ok := last[e.Run.RunID]; !ok || e.Run.Attempt > have.Run.Attempt {
			last[e.Run.RunID] = e
		}
		if e.Run.Attempt < 2 || e.outside {
			continue
		}
		started := e.Run.StartedAt
		if started.IsZero() {
			started = e.Run.CreatedAt
		}
		if o, ok := r.rerun(rows, e, when.At(started, when.Server, e.RunFact)); ok {
			o.Status, o.RunID, o.Attempt, o.Excluded = Matched, e.Run.RunID, e.Run.Attempt, e.Excluded
			o.Reason = fmt.Sprintf("run %d attempt %d: %s", e.Run.RunID, e.Run.Attempt, e.Ladder)
			out = append(out, o)
		}
	}
	for _, e := range r.ran {
		if latest, ok := last[e.Run.RunID]; !ok || latest.Run.Attempt != e.Run.Attempt {
			continue
		}
		from, until := r.toldUntil(e.Run), e.Run.CreatedAt.Add(rerunTime)
		_, gone := r.deleted[e.Run.RunID]
		if gone || e.Run.Status != "completed" || !from.Before(until) || !from.Before(r.Now) {
			continue
		}
		span := when.Between(when.Bound{At: from, Clock: when.Server}, when.Bound{At: until, Clock: when.Server}, e.RunFact)
		if o, ok := r.rerun(rows, e, span); ok {
			o.Status = Open
			o.Reason = fmt.Sprintf("run %d can be run again until %s, with the file that it had, whatever the branch holds by then", e.Run.RunID, evidence.Stamp(until))
			out = append(out, o)
		}
	}
	return out
}

// rerun is an opportunity that lies in the row whose version the run ran; ok is false where there is none.
func (r *reader) rerun(rows []Presence, e Execution, at when.Instant) (o Opportunity, ok bool) {
	held := func(p Presence) bool {
		return p.Path == e.Path && p.held(e.Blob) && (p.during == nil || p.during.same(e.during) || p.during.meets(at))
	}
	i := slices.IndexFunc(rows, func(p Presence) bool { return held(p) && p.Ref == e.Ref })
	if i < 0 {
		i = slices.IndexFunc(rows, held)
	}
	if i < 0 {
		return o, false
	}
	p := rows[i]
	if p.during != nil && p.during.meets(at) {
		at = p.during.part(at)
	}
	o = Opportunity{Presence: p.ID, Ref: p.Ref, Path: p.Path, Blob: e.Blob, Event: Rerun, At: at}
	o.ID = evidence.ID("opp", p.ID, string(e.Blob), Rerun, e.RunFact, evidence.Stamp(at.NotBefore.At), evidence.Stamp(at.NotAfter.At))
	return o, true
}

// toldUntil is until when nobody can have run a run again unseen: the last time at which the runs of its day were listed to the end, else when
// it was last changed.
func (r *reader) toldUntil(run evidence.Run) time.Time {
	until := run.CreatedAt
	if run.UpdatedAt.After(until) {
		until = run.UpdatedAt
	}
	for _, v := range r.Facts.Coverage {
		if v.Origin == evidence.OriginRuns && v.Complete && !v.From.After(run.CreatedAt) && v.To.After(until) {
			until = v.To
		}
	}
	return until
}
