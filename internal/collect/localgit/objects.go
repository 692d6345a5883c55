package localgit

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/collect/gitremote"
	"pentimento/internal/evidence"
)

const (
	// maxNamed bounds the gaps for objects that only local reflogs name: amended and rebased commits expire in every working clone.
	maxNamed = 50
	// seenChunk bounds one observation of which commits were had.
	seenChunk = 5_000
)

// objects emits every commit that the clone holds, with its workflow files, and then how each was had: that takes the whole graph.
func (r *reading) objects(ctx context.Context) error {
	last := evidence.Observation{Done: true}
	r.sparse()
	if err := r.git.links(); err != nil {
		r.gap(evidence.Gap{Kind: evidence.GapRefused, Subject: "objects", Detail: "the objects were not read: " + printable(err.Error()),
			Hint: "copy the clone with its links resolved, and add the copy"})
		return r.send(last)
	}
	source := r.source(evidence.OriginGitPack, "clone objects", r.refText())
	if err := r.send(evidence.Observation{Sources: []evidence.Source{source}}); err != nil {
		return err
	}
	g := &graph{index: map[string]int32{}}
	tags := map[evidence.OID]evidence.OID{} // annotated tags, by what they stand for
	var failed error
	reader := gitremote.New(gitremote.Config{Now: r.cfg.Now})
	err := reader.Mirror(ctx, r.repo, r.git.path, func(obs evidence.Observation) error {
		for _, x := range obs.Refs {
			if x.Peeled.Object() {
				tags[x.OID] = x.Peeled
			}
		}
		for part := range singles(obs) {
			for _, c := range part.Commits {
				g.add(c)
			}
			if failed = r.send(r.own(part)); failed != nil {
				return failed
			}
		}
		return nil
	})
	if err != nil {
		if failed != nil || ctx.Err() != nil {
			return err
		}
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "objects", Detail: "the objects could not all be read: " + printable(plain(err)),
			Hint: "git fsck in a copy of the clone says more"})
	}
	r.tagged(&last, g, tags)
	r.lost(g)
	if err := r.seen(ctx, g, source.ID()); err != nil {
		return err
	}
	return r.send(last)
}

// singles turns the bulks of an observation into single commits, some thousand at a time: here it is told of each how it was had.
func singles(obs evidence.Observation) iter.Seq[evidence.Observation] {
	return func(yield func(evidence.Observation) bool) {
		bulks := obs.Bulks
		obs.Bulks = nil
		for _, b := range bulks {
			for i := range b.Len() {
				c := b.At(i)
				obs.Commits = append(obs.Commits, c.Commit())
				obs.Holdings = append(obs.Holdings, evidence.Holding{Commit: c.OID.OID(), Workflows: c.Workflows.OID(), Known: c.Known, RootChanges: c.RootChanges})
				if len(obs.Commits) >= seenChunk {
					if !yield(obs) {
						return
					}
					obs = evidence.Observation{Repository: obs.Repository, Unit: obs.Unit}
				}
			}
		}
		yield(obs)
	}
}

// own takes over what a reading of the folder as a mirror says of objects. What it says of refs is left out: a mirror's are the server's,
// and these are a clone's, told above with the time at which it saw them.
func (r *reading) own(obs evidence.Observation) evidence.Observation {
	obs.Done, obs.Sources, obs.Refs, obs.Seen = false, nil, nil, nil
	for i := range obs.Gaps {
		obs.Gaps[i].Repository, obs.Gaps[i].Unit = r.repo, r.unit
	}
	return obs
}

// refText stands for what was read: objects have their own digests.
func (r *reading) refText() []byte {
	var b bytes.Buffer
	for _, name := range sortedNames(r.packed) {
		fmt.Fprintf(&b, "%s %s\n", r.packed[name].oid, name)
	}
	return b.Bytes()
}

// sparse says what the clone was never given.
func (r *reading) sparse() {
	if text, _, _, err := r.git.file("shallow", maxFile); err == nil && len(text) > 0 {
		lines := strings.Fields(string(text))
		r.gap(evidence.Gap{Kind: evidence.GapTruncated, Subject: "shallow boundary",
			Detail: fmt.Sprintf("the clone has no history before %d commits: %s", len(lines), printable(strings.Join(lines[:min(len(lines), 2)], ", "))),
			Hint:   "collect from the server too, or add a full clone"})
	}
	if text, _, _, err := r.git.file("objects/info/alternates", maxConfig); err == nil && len(strings.TrimSpace(string(text))) > 0 {
		r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "objects/info/alternates",
			Detail: "the clone borrows objects from another repository of its machine, which was not followed: that may be any folder",
			Hint:   "add the repository that it borrows from too, or run git repack -a -d in a copy and add that"})
	}
	names, _, err := r.git.files("objects/pack")
	if err == nil && slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".promisor") }) {
		r.gap(evidence.Gap{Kind: evidence.GapUnsupported, Subject: "partial clone",
			Detail: "the clone leaves out objects that its server promised to serve; workflow files among them are named one by one",
			Hint:   "collect from the server too"})
	}
}

// tagged sights the tags of the last fetch: a light tag names a commit that was had, an annotated one what it stands for.
func (r *reading) tagged(obs *evidence.Observation, g *graph, peeled map[evidence.OID]evidence.OID) {
	for _, x := range r.packed {
		if x.peeled.Object() {
			peeled[x.oid] = x.peeled
		}
	}
	for _, o := range slices.Sorted(maps.Keys(r.tags)) {
		commit, annotated := peeled[o]
		if !annotated && g.has(o) {
			commit = o
		}
		for _, m := range r.tags[o] {
			if commit.Object() {
				r.sight(obs, m.ref, commit, m.at, m.id)
				continue
			}
			r.gap(evidence.Gap{Kind: evidence.GapObjectMissing, Subject: string(m.ref),
				Detail: "the last fetch saw the tag at " + o.Short() + ", and the clone does not hold what it stands for"})
		}
	}
	if len(obs.Sightings) > 0 {
		obs.Sources = []evidence.Source{r.source(evidence.OriginReflog, "FETCH_HEAD tags", r.refText())}
	}
}

// lost names the commits that only local reflogs name and that the clone no longer holds. What facts name is asked for elsewhere.
func (r *reading) lost(g *graph) {
	more := 0
	n := 0
	for _, o := range slices.Sorted(maps.Keys(r.local)) {
		if g.has(o) || r.byFact[o] != nil {
			continue
		}
		if n++; n > maxNamed {
			more++
			continue
		}
		r.gap(evidence.Gap{Kind: evidence.GapObjectMissing, Subject: string(o), Detail: "a reflog of the clone's own names it (" + r.local[o][0] +
			"), and the clone no longer holds it; whether it was ever pushed is not known", Hint: "ask the server for it by its name, or look into other clones"})
	}
	if more > 0 {
		r.gap(evidence.Gap{Kind: evidence.GapTruncated, Subject: "more objects named by local reflogs",
			Detail: fmt.Sprintf("%d are named above, %d more are not", maxNamed, more)})
	}
}

// seen says of each commit how it was had: reached by a present remote-tracking ref, by something else that the server held, or by neither.
func (r *reading) seen(ctx context.Context, g *graph, source string) error {
	var present []evidence.OID
	for name, x := range r.packed {
		if _, ok := r.tracks(name); ok {
			present = append(present, x.oid)
		}
	}
	if len(present) == 0 { // a bare clone keeps the server's branches as its own
		for _, x := range r.packed {
			present = append(present, x.oid)
		}
	}
	served := g.reach(present, map[int32][]string{}, nil)
	for _, o := range slices.Sorted(maps.Keys(r.byFact)) {
		g.reach([]evidence.OID{o}, served, r.byFact[o][:1])
	}
	var obs evidence.Observation
	for i, name := range g.names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !g.had[i] {
			continue
		}
		o := oidOf(name)
		named, ok := served[int32(i)]
		x := evidence.CommitSeen{Commit: o, Via: ViaClone, NamedBy: named}
		switch direct := r.byFact[o]; {
		case ok && named != nil && direct != nil:
			x.NamedBy = direct
		case ok:
		case r.local[o] != nil:
			x.Via, x.NamedBy = ViaLocal, r.local[o]
		default:
			x.Via, x.NamedBy = ViaLocal, []string{source}
		}
		if obs.Seen = append(obs.Seen, x); len(obs.Seen) >= seenChunk {
			if err := r.send(obs); err != nil {
				return err
			}
			obs.Seen = nil
		}
	}
	if len(obs.Seen) == 0 {
		return nil
	}
	return r.send(obs)
}
