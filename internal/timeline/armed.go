package timeline

import (
	"slices"
	"strconv"

	"pentimento/internal/evidence"
	"pentimento/internal/workflow"
)

// arm judges for every row whether its version can start again from there.
func (r *reader) arm(rows []Presence) {
	withFork, again, heads := r.graph.none(), map[string]int{}, r.indexHeads(rows)
	for i := range rows {
		p := &rows[i]
		came := r.inherited(p, withFork)
		if came {
			withFork.join(p.region)
		}
		p.Inherited = came && r.activityWhole()
		p.Unsourced = p.Ref.Pull() && heads.unsourced(p)
		p.Armed = r.armed(p, came, heads)
		if came && !p.Inherited {
			r.gap(evidence.GapNotCollected, string(p.Ref), "that the file came with the fork is what the dates of commits say: no source shows that nobody pushed it here",
				"collect the whole activity of the repository with a token", r.Facts.StateID)
		}
		p.ID = evidence.ID("pre", r.Facts.Repository.Key(), string(p.Ref), p.Path, string(p.Versions[0].Commit),
			string(p.AddedBy.Commit), evidence.Stamp(p.added()))
		if n := again[p.ID]; n > 0 { // a ref went there and back within a second
			again[p.ID]++
			p.ID = evidence.ID("pre", p.ID, strconv.Itoa(n))
		} else {
			again[p.ID] = 1
		}
	}
}

func (r *reader) armed(p *Presence, inherited bool, heads pullHeads) string {
	triggers := r.Malicious[p.Versions[len(p.Versions)-1].Blob].Triggers
	can := func(starts func(workflow.Trigger) bool) string {
		// Where no trigger could be read, GitHub may read them better than we do.
		if len(triggers) == 0 || slices.ContainsFunc(triggers, starts) {
			return Armed
		}
		return NotArmed
	}
	switch {
	case p.Gone || p.Ref == "":
		return NotArmed
	case p.Ref.Pull():
		return r.proposed(p, heads)
	case inherited:
		return Inherited
	case p.Ref.Tag():
		return can(func(t workflow.Trigger) bool {
			return t.Event == dispatch || t.Event == "push" && t.MatchesRef(p.Ref)
		})
	}
	// A filter for other branches or for tags stops nobody: one of a fitting name can be cut from this one.
	return can(func(t workflow.Trigger) bool {
		return p.Ref == r.defaultRef || !defaultOnly[t.Event] || t.Event == pullTarget && r.asOf().Before(targetSettled)
	})
}

// proposed judges GitHub's own ref of a pull request, from which nothing starts by push. The head of one from a fork is proposed to the
// repository; one of our own branches is judged as that branch.
func (r *reader) proposed(p *Presence, heads pullHeads) string {
	if heads.own[p.tips[len(p.tips)-1].oid] {
		return NotArmed
	}
	if p.Unsourced {
		r.gap(evidence.GapNotCollected, string(p.Ref), "no source tells whether its head came from a fork, without secrets, or from a branch of this repository that is gone",
			"look the pull request up", r.Facts.Listing.Source)
	}
	return Proposed
}

// pullHeads is what shows where the head of a pull ref came from.
type pullHeads struct {
	own     map[evidence.OID]bool // what a branch of this repository holds or held
	foreign map[evidence.OID]bool // what a run shows to have come from a fork
	told    map[string]region     // by path: what a row of a branch tells of
}

func (r *reader) indexHeads(rows []Presence) pullHeads {
	h := pullHeads{map[evidence.OID]bool{}, map[evidence.OID]bool{}, map[string]region{}}
	for _, t := range r.tracks {
		if !t.ref.Branch() {
			continue
		}
		for _, x := range t.tips {
			h.own[x.oid] = true
		}
	}
	for _, run := range r.runs {
		if r.foreign(run) {
			h.foreign[run.HeadSHA] = true
		}
	}
	for i := range rows {
		p := &rows[i]
		if !p.Ref.Branch() {
			continue
		}
		if _, have := h.told[p.Path]; !have {
			h.told[p.Path] = r.graph.none()
		}
		h.told[p.Path].join(p.region)
	}
	return h
}

// unsourced reports a pull ref of which no run shows that its head came from a fork, and whose head no row of a branch tells of either.
func (h pullHeads) unsourced(p *Presence) bool {
	head := p.tips[len(p.tips)-1].oid
	return !h.foreign[head] && !h.told[p.Path].has(head)
}

// inherited reports a row of a fork that came with the fork: no update of this repository brought any version of it. A fork does not
// hold the secrets of its parent. withFork holds the commits of rows that did come so: a branch cut from them later brings nothing new.
func (r *reader) inherited(p *Presence, withFork region) bool {
	if r.Facts.State == nil || r.Facts.State.ForkOf == "" {
		return false
	}
	made := r.Facts.State.CreatedAt
	for _, v := range p.Versions {
		if withFork.has(v.Commit) {
			continue
		}
		if from := firmOnly(v.From.NotBefore); from.Known() && from.At.After(made.Add(reportSlack)) {
			return false
		}
	}
	if first := p.tips[0]; first.by != nil && first.by.Before != evidence.ZeroOID && !withFork.has(first.oid) {
		return false
	}
	// Without an update, the claimed date decides only towards caution: a commit that says it is younger than the fork, or does not say, was
	// not inherited.
	if made.IsZero() {
		return false
	}
	for _, v := range p.Versions {
		if claimed := r.claimedDate(v.Commit); !withFork.has(v.Commit) && (!claimed.Known() || claimed.At.After(made)) {
			return false
		}
	}
	return true
}

// activityWhole reports that all pushes since the fork was made, until its refs were listed, are told of.
func (r *reader) activityWhole() bool {
	return slices.ContainsFunc(r.Facts.Coverage, func(v evidence.Coverage) bool {
		return v.Origin == evidence.OriginActivity && v.Complete && !v.From.After(r.Facts.State.CreatedAt) && !v.To.Before(r.Facts.Listing.At)
	})
}
