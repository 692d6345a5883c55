package verdict

import (
	"slices"
	"sort"
	"strings"
	"time"

	"pentimento/internal/evidence"
)

// Run is one job of a run, or a run of whose jobs nothing is known, and when it ran.
type Run struct {
	ID        int64
	Fact      string // evidence id
	From, To  time.Time
	Head      evidence.OID
	Branch    string // the branch or tag that it ran for
	Path      string
	Malicious bool // of a version that takes secrets
}

// drift is by how much the clocks of a runner and of a provider may differ.
const drift = time.Minute

// runIndex finds the runs at a time.
type runIndex struct {
	byStart []Run
	latest  []time.Time // the latest end of the runs up to each
	byID    map[int64][]Run
}

func indexRuns(runs []Run) *runIndex {
	x := &runIndex{byStart: slices.Clone(runs), byID: map[int64][]Run{}}
	slices.SortFunc(x.byStart, func(a, b Run) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.Fact, b.Fact)
	})
	var last time.Time
	for _, r := range x.byStart {
		if r.To.After(last) {
			last = r.To
		}
		x.latest = append(x.latest, last)
		x.byID[r.ID] = append(x.byID[r.ID], r)
	}
	return x
}

// at lists the runs of a time, give or take the drift of clocks.
func (x *runIndex) at(from, to time.Time) []Run {
	if x == nil {
		return nil
	}
	from, to = from.Add(-drift), to.Add(drift)
	n := sort.Search(len(x.byStart), func(i int) bool { return x.byStart[i].From.After(to) })
	var out []Run
	for i := n - 1; i >= 0 && !x.latest[i].Before(from); i-- {
		if !x.byStart[i].To.Before(from) {
			out = append(out, x.byStart[i])
		}
	}
	return out
}

// names reports whether a run was for a tag or branch that names a version: "v1.2.3", "1.2.3", "release/1.2.3", "pkg@1.2.3".
func (r *Run) names(version string) bool {
	if version == "" {
		return false
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.Branch, "refs/tags/"), "refs/heads/")
	if i := strings.LastIndexAny(name, "/@"); i >= 0 {
		name = name[i+1:]
	}
	return name == version || strings.TrimPrefix(name, "v") == version || strings.HasSuffix(name, "-"+version) || strings.HasSuffix(name, "-v"+version)
}
