package timeline

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// stray is a commit whose malicious file lies in no presence so far. Strays of one line stand together: first is the oldest of them.
type stray struct {
	commit, first evidence.OID
	path          string
}

// uncovered lists the strays, ancestors first: every one of them must come to lie in a presence, if only a possible one.
func (r *reader) uncovered(rows []Presence) []stray {
	covered := map[string]region{}
	for i := range rows {
		p := &rows[i]
		if _, have := covered[p.Path]; !have {
			covered[p.Path] = r.graph.none()
		}
		covered[p.Path].join(p.region)
	}
	var out []stray
	for _, o := range r.Campaign {
		files, _ := r.malicious(o)
		for path := range files {
			if !covered[path].has(o) {
				out = append(out, stray{commit: o, path: path})
			}
		}
	}
	slices.SortFunc(out, func(a, b stray) int { return cmp.Or(r.compareAge(a.commit, b.commit), cmp.Compare(a.path, b.path)) })
	r.joinLines(out)
	return out
}

// compareAge puts ancestors first.
func (r *reader) compareAge(a, b evidence.OID) int {
	return cmp.Or(cmp.Compare(r.graph.age(a), r.graph.age(b)), cmp.Compare(a, b))
}

// joinLines finds for strays, ancestors first, the line that each stands in.
func (r *reader) joinLines(strays []stray) {
	type place struct {
		commit evidence.OID
		path   string
	}
	first := map[place]evidence.OID{}
	for i := range strays {
		s := &strays[i]
		s.first = s.commit
		for _, p := range r.h.Parents(s.commit) {
			if f, ok := first[place{p, s.path}]; ok {
				s.first = f
				break
			}
		}
		first[place{s.commit, s.path}] = s.first
	}
}

// spot is where a line of strays may have stood: on a ref, brought by one tip of it.
type spot struct {
	ref   evidence.Ref
	path  string
	first evidence.OID
	index int // of the tip in its track; -1: no tip reaches it
}

// place gives each stray a possible row: on a ref that grew past it, or on the ref of a run of it, or on no ref and with a gap. A run that
// proves that a ref held a version which no row of that ref tells of makes a row too.
func (r *reader) place(rows []Presence) []Presence {
	groups, tracks := map[spot][]evidence.OID{}, map[evidence.Ref]*track{}
	for _, t := range r.tracks {
		tracks[t.ref] = t
	}
	strays := r.uncovered(rows)
	for _, s := range strays {
		for _, at := range r.spots(s) {
			groups[at] = append(groups[at], s.commit)
		}
	}
	var out []Presence
	for _, at := range slices.SortedFunc(maps.Keys(groups), compareSpots) {
		out = append(out, r.possible(at, tracks[at.ref], groups[at]))
	}
	for _, at := range r.ranUnseen(slices.Concat(rows, out)) {
		out = append(out, r.possible(at, tracks[at.ref], []evidence.OID{at.first}))
	}
	return out
}

func compareSpots(a, b spot) int {
	return cmp.Or(cmp.Compare(a.ref, b.ref), cmp.Compare(a.path, b.path), cmp.Compare(a.index, b.index), cmp.Compare(a.first, b.first))
}

// spots names the refs that may have held a stray: the default branch if it grew past it, else other branches, else pull refs, else the
// refs that runs name. A tag is never one: its only state is its present tree.
func (r *reader) spots(s stray) []spot {
	grew := r.grew(s.commit)
	var out []spot
	class := ""
	for _, t := range r.tracks {
		if class != "" && (class != rank(t.ref) || out[0].ref == r.defaultRef) || t.ref.Tag() {
			break
		}
		if i := r.firstOf(t, grew); i >= 0 {
			out, class = append(out, spot{t.ref, s.path, s.first, i}), rank(t.ref)
		}
	}
	for _, run := range r.runs {
		at := spot{r.runRef(run), s.path, s.first, -1}
		if len(out) == 0 && provesTip(run) && r.graph.holds(grew, run.HeadSHA) || len(out) > 0 && out[len(out)-1].index < 0 && run.HeadSHA == s.commit &&
			provesTip(run) && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	if len(out) > 0 {
		return out
	}
	ids := []string{evidence.CommitID(s.commit)}
	for _, seen := range r.Facts.Seen[s.commit] {
		ids = append(ids, seen.NamedBy...)
	}
	r.gap(evidence.GapUnplaced, string(s.commit), "the commit holds a malicious version and no source names a ref that held it",
		"collect activity and events of the time, or a clone with reflogs", ids...)
	return []spot{{"", s.path, s.first, -1}}
}

// firstOf is the first tip of a track in a set, -1 for none.
func (r *reader) firstOf(t *track, of set) int {
	return slices.IndexFunc(t.tips, func(x tip) bool { return r.graph.holds(of, x.oid) })
}

// ranUnseen lists the refs that held a malicious version by the word of a run, and have no row that tells of it: its update is lost, and
// another ref has the commit.
func (r *reader) ranUnseen(rows []Presence) []spot {
	type place struct {
		ref  evidence.Ref
		path string
	}
	told := map[place][]region{}
	for _, p := range rows {
		at := place{p.Ref, p.Path}
		told[at] = append(told[at], p.region)
	}
	var out []spot
	for _, t := range r.tracks {
		for _, run := range r.pushes[t.ref] {
			files, _ := r.malicious(run.HeadSHA)
			for _, path := range slices.Sorted(maps.Keys(files)) {
				if slices.ContainsFunc(told[place{t.ref, path}], func(in region) bool { return in.has(run.HeadSHA) }) {
					continue
				}
				at := spot{t.ref, path, run.HeadSHA, r.firstOf(t, r.graph.into(run.HeadSHA))}
				if !slices.Contains(out, at) {
					out = append(out, at)
				}
			}
		}
	}
	return out
}

// possible makes the row of a line of strays at one spot. A run of one of them proves it.
func (r *reader) possible(at spot, t *track, commits []evidence.OID) Presence {
	p := Presence{Ref: at.ref, Path: at.path, State: Possible, region: r.graph.none(), AsOf: r.Facts.Listing.At, AddedBy: Change{Commit: commits[0]}}
	var x tip
	if at.index >= 0 {
		x = t.tips[at.index]
	}
	from := x
	aside := at.index >= 0 && r.aside(x, commits[0])
	if aside {
		merged := r.arrival(x, x.oid)
		from = tip{at: when.Between(when.Bound{}, merged.NotAfter, merged.Evidence...)}
	}
	if run, exact := r.firstRun(at.ref, commits); run.RunID != 0 {
		from.by = nil
		from.at, _ = when.Intersect(when.Between(from.at.NotBefore, when.Bound{}, x.at.Evidence...), createdBy(run))
		if exact {
			p.State = Proven
		}
	}
	if aside && p.State != Proven {
		r.gap(evidence.GapUnplaced, string(commits[0]), string(at.ref)+" has it over a second parent of "+x.oid.Short()+
			" alone: the branch that it was pushed to, perhaps long before, is not known", "collect activity and events of the time, or a clone with reflogs",
			evidence.CommitID(commits[0]), evidence.CommitID(x.oid))
	}
	for _, c := range commits {
		if aside || from.oid == "" {
			from.oid = c
		}
		p.region.add(c)
		came := r.arrival(from, c)
		p.tips = append(p.tips, tip{oid: c, at: came, by: from.by})
		if blob := r.holds(c, at.path); len(p.Versions) == 0 || p.Versions[len(p.Versions)-1].Blob != blob {
			p.Versions = append(p.Versions, Held{Blob: blob, Commit: r.introduced(c, at.path, blob), From: came})
		}
	}
	p.Added = p.Versions[0].From
	v := r.Malicious[p.Versions[0].Blob]
	p.Campaign, p.Rules = v.Campaign, v.Rules
	if from.by != nil {
		p.AddedBy.Before, p.AddedBy.After = from.by.Before, from.by.After
	}
	switch {
	case at.index >= 0:
		r.finish(&p, x, nil)
		if aside {
			r.loosen(&p, x)
		}
	case at.ref != "" && r.Facts.Listing.Known() && r.ranSince(at.ref, commits):
		p.AsOf = r.lastRun(at.ref, commits).CreatedAt // the listing is too old to show the ref
	case at.ref != "" && r.Facts.Listing.Known():
		p.Removed = when.Between(when.Bound{}, when.Bound{At: r.Facts.Listing.At, Clock: when.Server}, r.Facts.Listing.Source)
		r.unseenEnd(&p, "a run shows that the ref held "+commits[len(commits)-1].Short()+"; the ref does not reach it any more, and no source tells since when")
	}
	return p
}

// aside reports a commit that a tip reaches over a second parent alone. It was pushed to another branch before, or came with a local merge: the
// move that brought the tip, and when the merge was made, bound it from above alone.
func (r *reader) aside(x tip, o evidence.OID) bool {
	grew := r.grew(o)
	c := x.oid
	for c != o && r.graph.holds(grew, c) {
		c = r.h.FirstParent(c)
	}
	return c != o
}

// loosen takes from the end of a row that came aside what the merge says of when it began: the file may have gone from its branch long before.
func (r *reader) loosen(p *Presence, x tip) {
	if !firmOnly(p.Removed.NotBefore).Known() {
		return
	}
	last := p.tips[len(p.tips)-1].oid
	p.Removed.NotBefore = r.claimedDate(r.removing(last, r.taker(last, x, p.Path), p.Path))
	if to := p.Removed.NotAfter; to.Known() && p.Removed.NotBefore.At.After(to.At) {
		p.Removed.NotBefore = when.Bound{}
	}
}

// firstRun is the first run of a push to a ref that brought one of the commits; exact is false where its head only grew from them.
func (r *reader) firstRun(ref evidence.Ref, commits []evidence.OID) (first evidence.Run, exact bool) {
	grew := r.grew(commits[len(commits)-1])
	for _, run := range r.pushes[ref] {
		is := slices.Contains(commits, run.HeadSHA)
		if is || r.graph.holds(grew, run.HeadSHA) {
			if first.RunID == 0 {
				first = run
			}
			if is {
				return first, true
			}
		}
	}
	return first, false
}

// lastRun is the last run of a push to a ref whose head is one of the commits; the zero run for none.
func (r *reader) lastRun(ref evidence.Ref, commits []evidence.OID) (last evidence.Run) {
	for _, run := range r.pushes[ref] { // by creation
		if slices.Contains(commits, run.HeadSHA) {
			last = run
		}
	}
	return last
}

// ranSince reports a run of one of the commits that is newer than the last listing, or as new.
func (r *reader) ranSince(ref evidence.Ref, commits []evidence.OID) bool {
	run := r.lastRun(ref, commits)
	return run.RunID != 0 && !run.CreatedAt.Before(r.Facts.Listing.At)
}

// pushed is when a commit came to the repository by the word of a server: the first update of any ref that brought it, or a run of it. Who
// pushed the merge of another branch need not have pushed what it holds.
func (r *reader) pushed(o evidence.OID) when.Instant {
	reaching := r.grew(o)
	var out when.Instant
	for _, t := range r.tracks {
		if !slices.ContainsFunc(t.tips, func(x tip) bool { return x.by != nil }) {
			continue // of thousands of refs no server tells when they came
		}
		if i := r.firstOf(t, reaching); i >= 0 && t.tips[i].by != nil && (i > 0 || t.tips[i].by.Before == evidence.ZeroOID) && !r.aside(t.tips[i], o) {
			var dark *tip
			for j := i - 1; j >= 0 && t.tips[j].oid != evidence.ZeroOID && !r.h.Has(t.tips[j].oid); j-- {
				dark = &t.tips[j] // it may have come with an object that cannot be had
			}
			out = earlier(out, r.since(t.tips[i].at, dark))
		}
	}
	if out.Known() {
		return out
	}
	for _, run := range r.runs {
		if run.HeadSHA == o && !strings.HasPrefix(run.Event, "pull_request") { // the head of a pull request may stand in a fork alone
			return createdBy(run)
		}
	}
	return out
}

func earlier(a, b when.Instant) when.Instant {
	if !a.Known() || (b.NotAfter.Known() && b.NotAfter.At.Before(a.NotAfter.At)) {
		return b
	}
	return a
}
