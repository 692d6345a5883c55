package localgit

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pentimento/internal/collect/gitremote"
	"pentimento/internal/evidence"
)

const (
	// maxNamed bounds the gaps for objects that only local reflogs name: amended and rebased commits expire in every working clone.
	maxNamed = 50
	// chunkCommits bounds one observation of commits that are told one by one.
	chunkCommits = 2_000
)

// objects emits every commit that the clone holds with its workflow files, and how it was had. That takes the whole graph: commits wait for
// the end of the reading.
func (r *reading) objects(ctx context.Context) error {
	last := evidence.Observation{Done: true}
	r.sparse()
	if err := r.git.links(); err != nil {
		r.gap(evidence.Gap{Kind: evidence.GapRefused, Subject: "objects", Detail: "the objects were not read: " + evidence.Printable(err.Error()),
			Hint: "copy the clone with its links resolved, and add the copy"})
		return r.send(last)
	}
	source := r.source(evidence.OriginGitPack, "clone objects", r.refText())
	if err := r.send(evidence.Observation{Sources: []evidence.Source{source}}); err != nil {
		return err
	}
	held := &held{graph: graph{index: map[evidence.Hash]int32{}}, tags: map[evidence.OID]evidence.OID{}}
	var failed error
	err := gitremote.New(gitremote.Config{Now: r.cfg.Now}).Mirror(ctx, r.repo, r.git.path, func(obs evidence.Observation) error {
		failed = r.send(held.take(obs))
		return failed
	})
	if err != nil {
		if failed != nil || ctx.Err() != nil {
			return err
		}
		r.gap(evidence.Gap{Kind: evidence.GapUnreadable, Subject: "objects", Detail: "the objects could not all be read: " + evidence.Printable(plain(err)),
			Hint: "git fsck in a copy of the clone says more"})
	}
	for _, b := range held.bulks {
		held.add(b)
	}
	r.tagged(&last, held)
	r.lost(&held.graph)
	if err := r.tell(ctx, held, source); err != nil {
		return err
	}
	return r.send(last)
}

// held is what waits for the end: commits, their graph, and what annotated tags stand for.
type held struct {
	graph
	bulks []*evidence.Bulk
	tags  map[evidence.OID]evidence.OID
}

// take keeps the commits of an observation and gives the rest, as of a clone. The folder is read as a mirror, whose refs would be the server's;
// a clone's are told elsewhere, with the time at which it saw them.
func (h *held) take(obs evidence.Observation) evidence.Observation {
	for _, x := range obs.Refs {
		if x.Peeled.Object() {
			h.tags[x.OID] = x.Peeled
		}
	}
	h.bulks = append(h.bulks, obs.Bulks...)
	holdings := make(map[evidence.OID]evidence.Holding, len(obs.Holdings))
	for _, x := range obs.Holdings {
		holdings[x.Commit] = x
	}
	if len(obs.Commits) > 0 {
		b := &evidence.Bulk{}
		for _, c := range obs.Commits {
			b.AddFacts(c, holdings[c.OID])
		}
		h.bulks = append(h.bulks, b)
	}
	return evidence.Observation{Entries: obs.Entries, Blobs: obs.Blobs, Gaps: obs.Gaps}
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
			Detail: fmt.Sprintf("the clone has no history before %d commits: %s", len(lines), evidence.Printable(strings.Join(lines[:min(len(lines), 2)], ", "))),
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
func (r *reading) tagged(obs *evidence.Observation, held *held) {
	peeled := held.tags
	for _, x := range r.packed {
		if x.peeled.Object() {
			peeled[x.oid] = x.peeled
		}
	}
	for _, o := range slices.Sorted(maps.Keys(r.tags)) {
		commit, annotated := peeled[o]
		if !annotated && held.has(o) {
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

// tell emits the commits: in bulk what a present remote-tracking ref reaches, one by one what something else names that the server held, and
// what neither shows.
func (r *reading) tell(ctx context.Context, held *held, source evidence.Source) error {
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
	served := held.reach(present, map[int32][]string{}, nil)
	for _, o := range slices.Sorted(maps.Keys(r.byFact)) {
		held.reach([]evidence.OID{o}, served, r.byFact[o][:1])
	}
	for n, b := range held.bulks {
		if err := r.tellBulk(ctx, held, b, served, source); err != nil {
			return err
		}
		held.bulks[n] = nil
	}
	return nil
}

func (r *reading) tellBulk(ctx context.Context, held *held, b *evidence.Bulk, served map[int32][]string, source evidence.Source) error {
	from := []evidence.Source{source}
	reached := &evidence.Bulk{Via: ViaClone}
	obs := evidence.Observation{Sources: from}
	for i := range b.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		named, ok := served[held.number(b.OID(i))]
		if ok && named == nil {
			reached.Add(b.At(i))
			continue
		}
		c := b.At(i)
		commit := c.Commit()
		seen := evidence.CommitSeen{Commit: commit.OID, Via: ViaClone, NamedBy: named}
		switch local := r.local[commit.OID]; {
		case r.byFact[commit.OID] != nil:
			seen.NamedBy = r.byFact[commit.OID]
		case ok:
		case local != nil:
			seen.Via, seen.NamedBy = ViaLocal, local
		default:
			seen.Via, seen.NamedBy = ViaLocal, []string{source.ID()}
		}
		obs.Commits, obs.Seen = append(obs.Commits, commit), append(obs.Seen, seen)
		obs.Holdings = append(obs.Holdings, evidence.Holding{Commit: commit.OID, Workflows: c.Workflows.OID(), Known: c.Known,
			RootChanges: slices.Clone(c.RootChanges)})
		if len(obs.Commits) >= chunkCommits {
			if err := r.send(obs); err != nil {
				return err
			}
			obs = evidence.Observation{Sources: from}
		}
	}
	if reached.Len() > 0 {
		obs.Bulks = []*evidence.Bulk{reached}
	}
	if len(obs.Commits) == 0 && obs.Bulks == nil {
		return nil
	}
	return r.send(obs)
}
