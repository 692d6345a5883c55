package timeline

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
	"pentimento/internal/workflow"
)

// What became of an opportunity.
const (
	Open      = "possible"
	Matched   = "matched"
	NoRunSeen = "no-run-seen" // runs were listed to the end and none fits: deleted, disabled or skipped; not "did not run"
	RunGone   = "run-deleted" // none fits, and the numbers of the workflow's runs show that some of that time are gone
)

// Opportunity is a ref update or a span at which GitHub could start a version.
type Opportunity struct {
	ID       string
	Presence string
	Ref      evidence.Ref
	Path     string
	Blob     evidence.OID
	Event    string       // GitHub's, or [Rerun]
	Head     evidence.OID // the pushed commit; empty for events that name none
	Status   string       // Open, Suppressed, Matched, NoRunSeen, RunGone
	Reason   string
	RunID    int64
	Attempt  int  // of a match by attempt, else 0
	Excluded bool // suppressed, or matched to runs that all show that the leaking step did not run
	At       when.Instant
}

// indexExecutions makes those of a head or an event quick to find.
func (r *reader) indexExecutions(runs []Execution) {
	r.ran, r.byHead, r.byEvent = runs, map[evidence.OID][]Execution{}, map[string][]Execution{}
	r.firstAttempt = map[int64]int{}
	for _, e := range runs {
		if n, have := r.firstAttempt[e.Run.RunID]; !have || e.Run.Attempt < n {
			r.firstAttempt[e.Run.RunID] = e.Run.Attempt
		}
		if e.outside {
			continue
		}
		r.byHead[e.Run.HeadSHA] = append(r.byHead[e.Run.HeadSHA], e)
		r.byEvent[e.Run.Event] = append(r.byEvent[e.Run.Event], e)
	}
}

// pushed is one head on one ref.
type pushed struct {
	ref  evidence.Ref
	head evidence.OID
}

// opportunities lists them for every row: one for each push of a tip, and one for the time of each version for each event that needs no push.
func (r *reader) opportunities(rows []Presence) []Opportunity {
	stood := map[pushed][]when.Instant{} // a head can come to a ref again
	for _, t := range r.tracks {
		for _, x := range t.tips {
			stood[pushed{t.ref, x.oid}] = append(stood[pushed{t.ref, x.oid}], x.at)
		}
	}
	var out []Opportunity
	for _, p := range rows {
		if !p.Ref.Pull() {
			for _, x := range p.tips {
				out = append(out, r.pushOf(p, x, widened(p, r.arrival(x, x.oid)), r.runsOfPush(p, x, stood[pushed{p.Ref, x.oid}]))...)
			}
		}
		for _, x := range r.unproven(p) {
			out = append(out, r.pushOf(p, x, widened(p, x.at), r.runsOfPush(p, x, nil))...)
		}
		for i, v := range p.Versions {
			if r.passed(p, i) {
				continue
			}
			for _, t := range r.Malicious[v.Blob].Triggers {
				if span, reached := r.reaches(p, t.Event, throughout(p, i)); t.Event != "push" && reached {
					out = append(out, r.opportunity(p, v.Blob, t.Event, "", span, nil, r.runsOfEvent(p, v.Blob, t.Event, span)))
				}
			}
		}
	}
	return append(out, r.reruns(rows)...)
}

// pushOf is what the push of one tip could start, nothing where its version starts by no push there or did no harm then.
func (r *reader) pushOf(p Presence, x tip, at when.Instant, runs []Execution) []Opportunity {
	blob := r.holds(x.oid, p.Path)
	if !slices.ContainsFunc(r.Malicious[blob].Triggers, func(t workflow.Trigger) bool { return t.Event == "push" && t.MatchesRef(p.Ref) }) {
		return nil
	}
	at, runs, harmed := p.startedIn(at, runs)
	if !harmed {
		return nil
	}
	return []Opportunity{r.opportunity(p, blob, "push", x.oid, at, x.by, runs)}
}

// widened is when a tip came by claimed dates, in a row in which they run backwards.
func widened(p Presence, at when.Instant) when.Instant {
	if from := p.Added.NotBefore; p.backwards && at.NotBefore.Clock == when.Git && from.At.Before(at.NotBefore.At) {
		return when.Between(from, at.NotAfter, slices.Concat(at.Evidence, p.Added.Evidence)...)
	}
	return at
}

// unproven lists the commits of a row that may have been its tip though git does not show it: a local merge puts what the ref held on its
// second parent. Where an update brought the tip, one push is proven, and what lies behind it never was one. What a side branch shares with
// the default branch was pushed there.
func (r *reader) unproven(p Presence) []tip {
	if !p.Ref.Branch() {
		return nil
	}
	seen, tips := r.graph.none(), r.graph.none()
	for _, x := range p.tips {
		tips.add(x.oid)
	}
	var out []tip
	for _, x := range p.tips {
		for stack := []evidence.OID{x.oid}; len(stack) > 0; {
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen.has(o) || r.holds(o, p.Path) == "" {
				continue
			}
			seen.add(o)
			stack = append(stack, r.h.Parents(o)...)
			if x.by == nil && !tips.has(o) && (p.Ref == r.defaultRef || !r.trunk[o]) {
				out = append(out, tip{oid: o, at: r.arrival(x, o)})
			}
		}
	}
	return out
}

// runsOfPush are the runs that GitHub started for the push of one tip, by their first attempt: where the head came to the ref several times, a
// run belongs to the last coming before it.
func (r *reader) runsOfPush(p Presence, x tip, stood []when.Instant) []Execution {
	var out []Execution
	for _, e := range r.byHead[x.oid] {
		if e.Path != p.Path || e.Run.Event != "push" || e.Ref != p.Ref || e.Run.Attempt != r.firstAttempt[e.Run.RunID] {
			continue
		}
		mine := x.at.NotBefore
		for _, s := range stood {
			if s.NotBefore.Known() && !s.NotBefore.At.After(e.Run.CreatedAt) && (!mine.Known() || s.NotBefore.At.After(mine.At) || mine.At.After(e.Run.CreatedAt)) {
				mine = s.NotBefore
			}
		}
		if len(stood) < 2 || mine.At.Equal(x.at.NotBefore.At) {
			out = append(out, e)
		}
	}
	return out
}

// runsOfEvent are the runs that an event started while a version of a row stood. A pull request's are known by its head: its branch may be a
// fork's. Those of pull_request_target name the head's branch and not the base, whose file they run.
func (r *reader) runsOfEvent(p Presence, blob evidence.OID, event string, span when.Instant) []Execution {
	var out []Execution
	for _, e := range r.byEvent[event] {
		head := func(x tip) bool { return x.oid == e.Run.HeadSHA }
		if e.Path == p.Path && (e.Blob == blob || e.Blob == "") && (within(e, span) || e.during != nil && e.during.same(p.during)) && (e.Ref == p.Ref || event == pullTarget || p.Ref.Pull() && slices.ContainsFunc(p.tips, head)) {
			out = append(out, e)
		}
	}
	return out
}

// reaches is the part of a span in which an event could start the file from the row's ref; possible is false for none of it. A claimed date does
// not show that a row began only when a side branch's file was no longer read.
func (r *reader) reaches(p Presence, event string, span when.Instant) (part when.Instant, possible bool) {
	switch {
	case p.Ref.Pull():
		return span, event == "pull_request"
	case defaultOnly[event] && (p.Ref == r.defaultRef || p.Ref == "" || event != pullTarget && r.wasDefault(p.Ref)):
		return span, true
	case event == pullTarget && p.Ref.Branch():
		if from := span.NotBefore; firmOnly(from).Known() && !from.At.Before(targetSettled) {
			return span, false
		}
		if to := span.NotAfter; !to.Known() || to.At.After(targetSettled) {
			span = when.Between(span.NotBefore, when.Bound{At: targetSettled, Clock: when.Server}, span.Evidence...)
		}
		if from := span.NotBefore; from.At.After(span.NotAfter.At) {
			span.NotBefore = when.Bound{}
		}
		return span, true
	case defaultOnly[event]:
		return span, false
	}
	return span, event != "pull_request" || p.Ref.Branch()
}

// throughout spans the time in which a row held its version i: until the next one came, and within the row.
func throughout(p Presence, i int) when.Instant {
	from, to := p.Versions[i].From, when.Instant{}
	if first := p.Added.NotBefore; i == 0 || first.Known() && from.NotBefore.At.Before(first.At) {
		from = p.Added
	}
	if i+1 < len(p.Versions) {
		to = p.Versions[i+1].From
	}
	if last := p.Removed.NotAfter; p.Gone && last.Known() && (!to.NotAfter.Known() || to.NotAfter.At.After(last.At)) {
		to = p.Removed
	}
	if from.NotBefore.Known() && to.NotAfter.Known() && from.NotBefore.At.After(to.NotAfter.At) {
		to.NotAfter = when.Bound{} // claimed dates that run backwards leave it open
	}
	return when.Between(from.NotBefore, to.NotAfter, slices.Concat(from.Evidence, to.Evidence)...)
}

// passed reports a version that an update brought together with its successor: no tip ever held it.
func (r *reader) passed(p Presence, i int) bool {
	if i+1 == len(p.Versions) || slices.ContainsFunc(p.tips, func(x tip) bool { return r.holds(x.oid, p.Path) == p.Versions[i].Blob }) {
		return false
	}
	grew := r.grew(p.Versions[i].Commit)
	first := slices.IndexFunc(p.tips, func(x tip) bool { return r.graph.holds(grew, x.oid) })
	return first >= 0 && p.tips[first].by != nil
}

func (r *reader) opportunity(p Presence, blob evidence.OID, event string, head evidence.OID, at when.Instant, by *Move, mine []Execution) Opportunity {
	o := Opportunity{Presence: p.ID, Ref: p.Ref, Path: p.Path, Blob: blob, Event: event, Head: head, At: at, Status: Open}
	o.ID = evidence.ID("opp", p.ID, string(blob), event, string(head), evidence.Stamp(at.NotBefore.At), evidence.Stamp(at.NotAfter.At))
	suppressed, surely := "", false
	if event == "push" {
		suppressed, surely = r.suppression(p, head, by)
	}
	lost, gone := r.lostRun(p.Path, at)
	switch {
	case len(mine) > 0:
		ran := max(slices.IndexFunc(mine, func(e Execution) bool { return !e.Excluded }), 0)
		o.Status, o.RunID = Matched, mine[ran].Run.RunID
		o.Reason = "run " + strconv.FormatInt(o.RunID, 10) + ": " + mine[ran].Ladder
		// An event without a push can come again at any time: the runs that are seen excuse only themselves.
		if o.Excluded = head != "" && mine[ran].Excluded; head != "" {
			o.Attempt = mine[ran].Run.Attempt
		}
	case suppressed != "":
		o.Status, o.Reason, o.Excluded = Suppressed, suppressed, surely
	case gone:
		o.Status, o.Reason = RunGone, "no run seen, and "+lost.spell()+": deleted, or never kept"
		o.At.Evidence = slices.Sorted(slices.Values(append(slices.Clone(at.Evidence), lost.ids...)))
	case event == called:
		o.Reason = "a run of a caller bears the caller's name: nothing here tells of one"
	case r.runsCovered(at, p.AsOf):
		o.Status, o.Reason = NoRunSeen, "no run seen: deleted, disabled or skipped"
	default:
		o.Reason = "runs of that time were not listed to the end"
	}
	if event == dispatch && p.Ref != r.defaultRef && len(mine) == 0 {
		o.Reason += "; " + cmp.Or(r.registration(p.Path), "nothing shows that GitHub knew its path, without which it takes no dispatch")
	}
	return o
}

func within(e Execution, span when.Instant) bool {
	at := when.At(e.Run.CreatedAt, when.Server)
	return !at.CertainlyBefore(span) && !span.CertainlyBefore(at)
}

// runsCovered reports that the runs of a whole span were listed to the end, and that it does not reach back to where GitHub keeps none. A span
// without an end lasts at least until the refs were last looked at, this one or all.
func (r *reader) runsCovered(span when.Instant, looked time.Time) bool {
	from, to := span.NotBefore, span.NotAfter.At
	if !span.NotAfter.Known() {
		to = slices.MaxFunc([]time.Time{r.asOf(), looked, from.At}, time.Time.Compare)
	}
	return from.Known() && r.listedThroughout(from.At, to)
}
