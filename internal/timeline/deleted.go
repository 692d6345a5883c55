package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// hole is a range of numbers of a workflow's runs that no run of the case bears, though all runs of its time were listed. GitHub numbers the
// runs of each workflow from 1 in the order in which they are made and gives no number twice.
type hole struct {
	path        string
	first, last int64
	after       time.Time // the run before it was made then, or the repository was
	before      time.Time // the run behind it
	ids         []string  // of the runs on both sides
}

// spell says which runs are gone, and from when.
func (h hole) spell() string {
	numbers := fmt.Sprintf("run number %d", h.first)
	if h.last > h.first {
		numbers = fmt.Sprintf("run numbers %d to %d", h.first, h.last)
	}
	return fmt.Sprintf("%s of this workflow, made between %s and %s, are listed no more", numbers, evidence.Stamp(h.after), evidence.Stamp(h.before))
}

// maxHoles bounds how many ranges a gap lists.
const maxHoles = 20

// findDeletions notes which runs the audit log says were deleted, by run the id of the gap that tells so, and the holes in the numbers of
// what is listed.
func (r *reader) findDeletions() {
	r.deleted = map[int64]string{}
	for _, g := range r.Facts.Gaps {
		var id int64
		if g.Kind == evidence.GapObjectMissing && strings.HasPrefix(g.Unit, string(evidence.OriginAuditLog)) {
			if _, err := fmt.Sscanf(g.Subject, "run %d", &id); err == nil {
				r.deleted[id] = g.ID()
			}
		}
	}
	type workflow struct {
		id   int64
		path string
	}
	numbered := map[workflow][]evidence.Run{}
	for _, run := range r.runs { // by creation, then attempt
		w := workflow{id: run.WorkflowID}
		if w.id == 0 {
			w.path = run.WorkflowPath()
		}
		if list := numbered[w]; run.Number > 0 && (len(list) == 0 || list[len(list)-1].RunID != run.RunID) {
			numbered[w] = append(list, run)
		}
	}
	for _, list := range numbered {
		r.lost = append(r.lost, r.holesIn(list)...)
	}
	slices.SortFunc(r.lost, func(a, b hole) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.first, b.first)) })
}

// holesIn finds the numbers between the runs of one workflow. Before its first run there can be some where the listing goes back to when the
// repository was made.
func (r *reader) holesIn(runs []evidence.Run) []hole {
	slices.SortStableFunc(runs, func(a, b evidence.Run) int { return cmp.Compare(a.Number, b.Number) })
	path := ""
	for _, run := range runs {
		path = cmp.Or(path, run.WorkflowPath())
	}
	var out []hole
	var prev evidence.Run
	if s := r.Facts.State; s != nil {
		prev.CreatedAt = s.CreatedAt
	}
	for _, run := range runs {
		h := hole{path: path, first: prev.Number + 1, last: run.Number - 1, after: prev.CreatedAt, before: run.CreatedAt, ids: []string{run.ID()}}
		if prev.RunID != 0 {
			h.ids = append(h.ids, prev.ID())
		}
		if h.first <= h.last && !h.after.IsZero() && !h.after.After(h.before) && r.listedThroughout(h.after, h.before) {
			out = append(out, h)
		}
		prev = run
	}
	return out
}

// listedThroughout reports that all runs made in a span were listed.
func (r *reader) listedThroughout(from, to time.Time) bool {
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		return v.Origin == evidence.OriginRuns && v.Complete && !v.From.After(from) && !v.To.Before(to) && v.To.Sub(from) <= jobRetention
	})
}

// lateRun is how long after a push its run may be made.
const lateRun = 10 * time.Minute

// lostRun is the first hole into which a run for an opportunity may have fallen.
func (r *reader) lostRun(path string, at when.Instant) (hole, bool) {
	i := slices.IndexFunc(r.lost, func(h hole) bool {
		return h.path == path && !(at.NotBefore.Known() && at.NotBefore.At.After(h.before)) &&
			!(at.NotAfter.Known() && at.NotAfter.At.Add(lateRun).Before(h.after))
	})
	if i < 0 {
		return hole{}, false
	}
	return r.lost[i], true
}

// tellDeletions tells of the runs that are gone of files that were malicious, or may have been, at the time.
func (r *reader) tellDeletions(rows []Presence) {
	parts, ids := map[string][]string{}, map[string][]string{}
	for _, h := range r.lost {
		bad := r.Suspect[h.path] || slices.ContainsFunc(rows, func(p Presence) bool {
			ended := p.Gone && p.Removed.NotAfter.Known() && p.Removed.NotAfter.At.Before(h.after)
			return p.Path == h.path && !ended && !(p.Added.NotBefore.Known() && p.Added.NotBefore.At.After(h.before))
		})
		if bad {
			parts[h.path] = append(parts[h.path], h.spell())
			ids[h.path] = append(ids[h.path], h.ids...)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		list := parts[path]
		if more := len(list) - maxHoles; more > 0 {
			list = append(list[:maxHoles], fmt.Sprintf("and %d more ranges", more))
		}
		r.gap(evidence.GapObjectMissing, "runs of "+path, strings.Join(list, "; ")+": somebody deleted them, or GitHub kept none; what they did cannot be seen",
			"the audit log (workflows.delete_workflow_run), saved deliveries of webhooks, mails about runs", ids[path]...)
	}
}
