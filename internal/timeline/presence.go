package timeline

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pentimento/internal/evidence"
	"pentimento/internal/when"
)

// States of a presence, and how ready its version is to start again.
const (
	Proven   = "proven"
	Possible = "possible"

	Armed     = "armed"
	Proposed  = "proposed"
	Inherited = "inherited"
	NotArmed  = "no"
)

// Change is what brought or took a malicious version: the commit on the ref's own chain, and the update with both ends where one is known.
type Change struct {
	Commit        evidence.OID
	Before, After evidence.OID
	How           string // of a removal: force_push, branch_deletion, retag, merge, revert, delete, edit or wave-ended
}

// Held is one version in the order in which a ref held them. Commit brought it, From is when.
type Held struct {
	Blob, Commit evidence.OID
	From         when.Instant
}

// Presence is an interval in which a ref's tip held a malicious version at one path.
type Presence struct {
	ID        string
	Ref       evidence.Ref // empty: none can be named
	Path      string
	Campaign  string
	Rules     []string
	Versions  []Held
	State     string
	Armed     string
	Inherited bool // came with a fork, as its whole activity shows: the secrets were never there. Claimed dates alone make only Armed say so
	Unsourced bool // a pull ref whose head may have stood on a branch of the repository: nothing shows that it came from a fork
	Added     when.Instant
	AddedBy   Change
	Gone      bool
	Removed   when.Instant // says nothing unless Gone
	RemovedBy Change
	AsOf      time.Time
	Narrow    []string // the origins, sorted, that were not had in full and could narrow a bound; none where all are tight

	// The part in which the file was there and cannot have been away, zero for none. See [reader.certain].
	CertainFrom, CertainTo time.Time

	tips      []tip // the malicious ones
	region    region
	backwards bool  // claimed dates let it end before it began
	during    *Wave // to which the row is clipped; nil for a version that does harm at any time
}

// Holds reports whether a commit lies in the row.
func (p Presence) Holds(o evidence.OID) bool { return p.region.has(o) }

func (p Presence) added() time.Time {
	if p.Added.NotBefore.Known() {
		return p.Added.NotBefore.At
	}
	return p.Added.NotAfter.At
}

// presenceOf reads one track: a row begins at the first malicious tip and ends at the first clean one. A tip whose tree could not be had
// begins and ends nothing; it widens the bounds of what comes next.
func (r *reader) presenceOf(t *track) []Presence {
	var out []Presence
	for _, path := range r.maliciousPaths(t) {
		var open *Presence
		var dark *tip // the first since prev whose tree could not be had
		prev := tip{oid: evidence.ZeroOID}
		for i := range t.tips {
			x := t.tips[i]
			blob, known := r.at(x, path)
			switch {
			case !known:
				if dark == nil {
					dark = &t.tips[i]
				}
				continue
			case blob != "" && open == nil:
				open = r.open(t, prev, x, dark, path)
			case blob != "":
				r.extend(open, prev, x, path)
			case open != nil:
				r.finish(open, x, dark)
				out = append(out, *open)
				open = nil
			}
			prev, dark = x, nil
		}
		if open != nil {
			r.stillOpen(t, open, dark)
			out = append(out, *open)
		}
	}
	return out
}

// since widens an instant to the first of the tips before it whose trees could not be had: what came or went may have done so with that one.
func (r *reader) since(i when.Instant, dark *tip) when.Instant {
	if dark == nil {
		return i
	}
	from := r.arrival(*dark, dark.oid)
	return when.Between(from.NotBefore, i.NotAfter, slices.Concat(from.Evidence, i.Evidence)...)
}

// darkness tells of the states of a branch, and of what a tag or pull ref was seen to hold before, whose trees could not be had, where the
// collection has not told of that object already.
func (r *reader) darkness(t *track) {
	for i := 0; i < len(t.tips); i++ {
		first := t.tips[i]
		if told := t.ref.Branch() || first.by != nil || i+1 < len(t.tips); !told || r.treeKnown(first) || !first.oid.Object() {
			continue
		}
		n, until := 1, "since"
		for ; i+1 < len(t.tips) && t.tips[i+1].oid != evidence.ZeroOID && !r.treeKnown(t.tips[i+1]); i++ {
			n++
		}
		ids := first.at.Evidence
		if i+1 < len(t.tips) {
			until, ids = "until "+t.tips[i+1].at.String(), slices.Concat(ids, t.tips[i+1].at.Evidence)
		}
		if slices.ContainsFunc(r.Facts.Gaps, func(g evidence.Gap) bool {
			return g.Kind == evidence.GapObjectMissing && g.Subject == string(first.oid)
		}) {
			continue
		}
		r.gap(evidence.GapObjectMissing, string(first.oid), fmt.Sprintf("%s held it at %s and %d state(s) %s that cannot be read: a malicious version may have stood there",
			t.ref, first.at, n, until), "collect from a clone or a fork that has the commits", ids...)
	}
}

// at is the malicious blob that a tip holds at a path. known is false where the tip, its tree or the text could not be had.
func (r *reader) at(x tip, path string) (blob evidence.OID, known bool) {
	if x.oid == evidence.ZeroOID {
		return "", true
	}
	return r.judged(x.oid, path)
}

func (r *reader) maliciousPaths(t *track) []string {
	if len(r.Malicious) == 0 {
		return nil // of thousands of refs none needs a look
	}
	paths := map[string]bool{}
	for _, x := range t.tips {
		files, _ := r.malicious(x.oid)
		for p := range files {
			paths[p] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// open begins a row at tip x, which came after prev.
func (r *reader) open(t *track, prev, x tip, dark *tip, path string) *Presence {
	p := &Presence{Ref: t.ref, Path: path, State: Possible, region: r.graph.none(), AsOf: t.asOf.At}
	r.extend(p, prev, x, path)
	p.Added = r.since(r.arrival(x, p.Versions[0].Commit), dark)
	p.Versions[0].From = p.Added
	p.AddedBy = Change{Commit: r.chainCommit(prev, x, path)}
	if x.by != nil {
		p.AddedBy.Before, p.AddedBy.After = x.by.Before, x.by.After
		if x.by.creates() && (t.ref.Tag() || (t.ref != r.defaultRef && r.trunk[p.AddedBy.Commit])) {
			p.AddedBy.Commit = "" // the ref was made with the file in it: the update did it, no commit
		}
	}
	v := r.Malicious[p.Versions[0].Blob]
	p.Campaign, p.Rules = v.Campaign, v.Rules
	return p
}

// extend adds what tip x brought to a row: the versions that came with it, oldest first.
func (r *reader) extend(p *Presence, prev, x tip, path string) {
	p.tips = append(p.tips, x)
	if x.proven {
		p.State = Proven
	}
	r.grow(p.region, x.oid, path)
	last := func() evidence.OID {
		if len(p.Versions) == 0 {
			return ""
		}
		return p.Versions[len(p.Versions)-1].Blob
	}
	for _, h := range r.brought(prev.oid, x, path) {
		if last() != h.Blob {
			p.Versions = append(p.Versions, h)
		}
	}
	if blob := r.holds(x.oid, path); last() != blob { // the tip before is no ancestor but held the same line
		commit := r.introduced(x.oid, path, blob)
		p.Versions = append(p.Versions, Held{Blob: blob, Commit: commit, From: r.arrival(x, commit)})
	}
}

// grow adds the connected malicious commits that o stands in: those that lie in the row though they never were a tip.
func (r *reader) grow(in region, o evidence.OID, path string) {
	start, ok := r.graph.find(o)
	stack := []int32{start}
	for ok && len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if in.s.has(c) || r.bad[c][path] == "" {
			continue
		}
		in.s.add(c)
		stack = append(stack, r.graph.parents[c]...)
	}
}

// brought lists the versions between the tip before and tip x, oldest first. It walks the line of malicious commits back from x, until it
// meets what the tip before held.
func (r *reader) brought(before evidence.OID, x tip, path string) []Held {
	var out []Held
	seen := map[evidence.OID]bool{}
	stop := r.holds(before, path) != ""
	for c := x.oid; !seen[c]; {
		seen[c] = true
		blob := r.holds(c, path)
		parent := r.maliciousParent(c, path, blob)
		if (stop && c == before) || blob == "" {
			break
		}
		if parent == "" || r.holds(parent, path) != blob {
			out = append(out, Held{Blob: blob, Commit: c, From: r.arrival(x, c)})
		}
		if parent == "" {
			break
		}
		c = parent
	}
	slices.Reverse(out)
	return out
}

// maliciousParent is the first parent of c that holds blob at path, else the first that holds another malicious version.
func (r *reader) maliciousParent(c evidence.OID, path string, blob evidence.OID) evidence.OID {
	other := evidence.OID("")
	for _, p := range r.h.Parents(c) {
		switch held := r.holds(p, path); {
		case held == blob:
			return p
		case held != "" && other == "":
			other = p
		}
	}
	return other
}

// introduced is the commit that brought a blob to a path, on the line that leads to c.
func (r *reader) introduced(c evidence.OID, path string, blob evidence.OID) evidence.OID {
	for seen := map[evidence.OID]bool{}; !seen[c]; {
		seen[c] = true
		p := r.maliciousParent(c, path, blob)
		if p == "" || r.holds(p, path) != blob {
			return c
		}
		c = p
	}
	return c
}

// arrival is when a tip brought what commit made. An update says it; where git is all there is, the dates of the commit and of the tip on
// the ref's chain are claims, and they stand only on a side that no firm bound holds.
func (r *reader) arrival(x tip, made evidence.OID) when.Instant {
	if x.oid == evidence.ZeroOID {
		return x.at
	}
	return r.floored(r.dated(x, made), x, made)
}

// dated is when a tip brought what commit made, by moves and, on sides that they leave open, by the dates in the commits.
func (r *reader) dated(x tip, made evidence.OID) when.Instant {
	if x.by != nil && x.at.NotAfter.Known() && x.at.NotBefore.Known() {
		return x.at
	}
	out := x.at
	ids := out.Evidence
	for _, o := range []evidence.OID{made, x.oid} {
		if r.refuted(o) {
			r.gap(evidence.GapContradiction, string(o), "the date written into the commit, "+evidence.Stamp(r.h.CommittedAt(o))+
				", is later than the listing of refs that shows it, or than GitHub's check of its signature", "", evidence.CommitID(o), r.Facts.Listing.Source)
		}
	}
	if from := r.claimedDate(made); !out.NotBefore.Known() && from.Known() {
		out.NotBefore = from
		ids = append(slices.Clone(ids), evidence.CommitID(made))
	}
	// A commit's date says nothing of how long after a firm bound the ref came to hold it.
	if to := r.claimedDate(x.oid); !out.NotAfter.Known() && to.Known() && !firmOnly(out.NotBefore).Known() {
		out.NotAfter = to
		ids = append(slices.Clone(ids), evidence.CommitID(x.oid))
	}
	if out.NotBefore.Known() && out.NotAfter.Known() && out.NotBefore.At.After(out.NotAfter.At) {
		out = r.untangle(out, made)
	}
	return when.Between(out.NotBefore, out.NotAfter, ids...)
}

// untangle settles claimed dates that run backwards or that a server refutes: the claim goes, and the contradiction is said.
func (r *reader) untangle(i when.Instant, made evidence.OID) when.Instant {
	r.gap(evidence.GapContradiction, string(made), "the dates written into commits contradict "+i.String()+": they are the words of whoever made them",
		"", evidence.CommitID(made))
	switch {
	case i.NotBefore.Clock == when.Git && i.NotAfter.Clock != when.Git:
		i.NotBefore = when.Bound{}
	case i.NotAfter.Clock == when.Git && i.NotBefore.Clock != when.Git:
		i.NotAfter = when.Bound{}
	default:
		i.NotBefore, i.NotAfter = i.NotAfter, i.NotBefore
	}
	return i
}

// chainCommit is the commit on the ref's own first-parent chain that made the change between two tips at a path: the oldest one after the
// tip before from which on the path stays as x has it.
func (r *reader) chainCommit(prev, x tip, path string) evidence.OID {
	if x.by == nil || !x.oid.Object() {
		return x.oid
	}
	before := r.graph.from(prev.oid)
	want := r.holds(x.oid, path) != ""
	c := x.oid
	for p := r.h.FirstParent(c); p != "" && r.h.Has(p) && !r.graph.holds(before, p); p = r.h.FirstParent(p) {
		if (r.holds(p, path) != "") != want {
			break
		}
		c = p
	}
	return c
}
