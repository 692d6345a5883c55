package timeline

import (
	"fmt"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// inWaves tells of the attempts that ran versions that do harm in waves alone whether they did so in one; the others are left as they are. An
// attempt that surely ran in none is marked: it is no execution, but can be run again. Of one whose file cannot be had, any wave of its path
// counts. rows are not clipped.
func (r *reader) inWaves(runs []Execution, rows []Presence) {
	byPath, always := map[string][]Wave{}, map[string]bool{}
	for path := range r.Suspect {
		always[path] = true
	}
	for _, p := range rows {
		waves := r.Malicious[p.Versions[0].Blob].Waves
		byPath[p.Path] = append(byPath[p.Path], waves...)
		always[p.Path] = always[p.Path] || len(waves) == 0
	}
	for i := range runs {
		e := &runs[i]
		v, known := r.Malicious[e.Blob]
		waves := v.Waves
		if !known && !always[e.Path] {
			waves = byPath[e.Path]
		}
		if len(waves) > 0 {
			r.judgeWave(e, waves)
		}
	}
}

// judgeWave finds the wave in which an attempt got the action. One of which nobody can tell whether it did keeps no proof that it was harmed:
// the leaking step ran, and what it was at that time is not known.
func (r *reader) judgeWave(e *Execution, waves []Wave) {
	at := r.fetched(*e)
	e.got = at
	i := slices.IndexFunc(waves, func(w Wave) bool { return w.covers(at) })
	if i < 0 {
		i = slices.IndexFunc(waves, func(w Wave) bool { return w.meets(at) })
	}
	if i < 0 {
		e.outside = true
		return
	}
	e.during = &waves[i]
	e.Campaign = e.during.Campaign
	cited := e.during.Span.Opened.Evidence
	if e.during.covers(at) {
		e.Reason += "; its job began within " + e.during.Told
		if e.Ladder == Executed {
			e.Leaked.Evidence = slices.Sorted(slices.Values(slices.Concat(e.Leaked.Evidence, cited)))
		}
		return
	}
	e.Reason += fmt.Sprintf("; it got the action at %s, and whether that was within %s is not certain", at, e.during.Told)
	if e.Ladder == Executed {
		e.Ladder, e.Leaked = Unknown, when.Instant{}
	}
}

// fetched is when the jobs that use the action got it: while GitHub set them up. Where no record of them tells, it was while the attempt lasted.
func (r *reader) fetched(e Execution) when.Instant {
	began, until := e.Run.StartedAt, r.Now
	if began.IsZero() {
		began = e.Run.CreatedAt
	}
	if e.Run.Status == "completed" && !e.Run.UpdatedAt.Before(began) {
		until = e.Run.UpdatedAt
	}
	whole := when.Between(when.Bound{At: began, Clock: when.Server}, when.Bound{At: until, Clock: when.Server}, e.RunFact)
	var out when.Instant
	for _, job := range e.Jobs {
		uses := slices.ContainsFunc(r.Malicious[e.Blob].Leaks, func(l Leak) bool { return jobIs(job, l) })
		switch {
		case !uses:
		case job.StartedAt.IsZero() && len(job.Steps) > 0:
			return whole
		case len(job.Steps) > 0:
			one := when.Between(when.Bound{At: job.StartedAt, Clock: when.Runner}, when.Bound{At: setUp(job, until), Clock: when.Runner}, job.ID())
			if !out.Known() {
				out = one
			}
			out = when.Hull(out, one)
		}
	}
	if !out.Known() {
		return whole
	}
	return out
}

// setUp is when GitHub had set a job up, by its first step; else when the job was over, else the given time.
func setUp(job evidence.Job, until time.Time) time.Time {
	for _, s := range job.Steps {
		if s.Number <= 1 && !s.CompletedAt.IsZero() {
			return s.CompletedAt
		}
	}
	if !job.CompletedAt.IsZero() {
		return job.CompletedAt
	}
	return until
}

// harmful leaves out the attempts that ran outside the waves of what they ran.
func harmful(runs []Execution) []Execution {
	return slices.DeleteFunc(slices.Clone(runs), func(e Execution) bool { return e.outside })
}

// unheld tells of attempts in a wave whose version no ref held then: a run from before that somebody ran again, with the file that it had.
func (r *reader) unheld(runs []Execution, rows []Presence) {
	for _, e := range runs {
		if e.during == nil || e.Blob == "" || slices.ContainsFunc(rows, func(p Presence) bool { return p.Path == e.Path && p.during.same(e.during) && p.held(e.Blob) }) {
			continue
		}
		r.gap(evidence.GapUnplaced, fmt.Sprintf("run %d attempt %d", e.Run.RunID, e.Run.Attempt), "it ran a version within "+e.during.Told+
			" that no ref is known to have held then: what it exposed stands in no window", "look at the run by hand", e.RunFact)
	}
}

// startedIn is the part of the time of a start that lies in the wave of a row, with the runs that belong to it. ok is false for a start outside of
// it of which no run got the action within.
func (p Presence) startedIn(at when.Instant, runs []Execution) (part when.Instant, own []Execution, ok bool) {
	if p.during == nil {
		return at, runs, true
	}
	for _, e := range runs {
		if e.during == nil || e.during.same(p.during) {
			own = append(own, e)
		}
	}
	switch {
	case p.during.meets(at):
		return p.during.part(at), own, true
	case len(own) > 0:
		return p.during.part(own[0].got), own, true
	}
	return at, nil, false
}
