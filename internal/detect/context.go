package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pentimento/internal/campaign"
	"pentimento/internal/evidence"
	"pentimento/internal/heuristic"
	"pentimento/internal/workflow"
)

// Held is a conditional hit that holds in one repository, for the commit that brought the version to the path there. Reason, that of the hit, goes
// on with what the repository did before; it is safe to print.
type Held struct {
	Hit
	Blob          evidence.OID
	Path          string
	Commit        evidence.OID
	Pack          string
	Circumstances []campaign.Circumstance // that decided
}

// Contextual judges the candidates, versions with conditional hits, by what the repository did before each came. A version that came several ways
// is judged for each. What a version with a finding names, unconditional or held, is not usual for those after it, until those who worked here before
// have kept it for long enough, see [keptVersions]: one wrong hit shall not bring one for each version to come. Doubts are the candidates that could
// not be judged, because what was there before could not be had: they are no less to be looked at than findings.
//
// "Before" is the ancestry of the commit that brought it. Where that is short, see [ancestry], no host, secret or person is known to be unusual:
// then only what the commit and the file show counts. Dates play no part: whoever makes a commit writes them.
func Contextual(h *evidence.History, candidates map[evidence.OID]Finding, habits *Habits, text TextOf) (held []Held, doubts []Suspect, err error) {
	c := contexts{h: h, habits: habits, text: text, excluded: map[evidence.OID]bool{}, kept: map[int32][]evidence.OID{}, budget: maxSteps, readings: map[evidence.OID]workflow.File{}}
	arrivals := c.arrivals(candidates)
	if len(arrivals) == 0 {
		return nil, nil, nil
	}
	type key struct {
		blob evidence.OID
		path string
		rule string
	}
	done := map[key]bool{}
	for _, a := range arrivals {
		p := &past{contexts: &c, arrival: a, finding: candidates[a.blob]}
		for _, hit := range candidates[a.blob].Conditional {
			k := key{a.blob, a.path, hit.Rule}
			if done[k] || p.stoodBefore(hit, candidates) {
				continue
			}
			p.hosts, p.impostors, p.details = hit.Hosts, hit.Impostors, nil
			which, ok := hit.Context.Holds(p.so)
			if p.err != nil {
				return nil, nil, fmt.Errorf("context of %s: %w", a.blob, p.err)
			}
			switch {
			case ok:
				hit.Reason += "; " + strings.Join(p.details, "; ")
				held = append(held, Held{Hit: hit.Hit, Blob: a.blob, Path: a.path, Commit: h.ID(a.n), Pack: hit.Pack, Circumstances: which})
				done[k] = true
				if !hit.Context.AsksOfActions() { // an action that is an impostor says nothing of the hosts that its user names
					p.exclude()
				}
			case p.unknown():
				done[k] = true
				doubts = append(doubts, Suspect{Blob: a.blob, Path: a.path, Commit: h.ID(a.n),
					Why: "fits " + hit.Rule + ", which goes by what was there before it, and that could not be had"})
			}
		}
	}
	return held, c.settled(doubts, held), h.Err()
}

// TextOf gives the text of a workflow version; ok is false where it was never had.
type TextOf func(blob evidence.OID) (text []byte, ok bool, err error)

// maxSteps bounds the commits that are walked over for one repository: a hundred walks through a history of half a million.
const maxSteps = 50_000_000

// contexts is the work on one repository.
type contexts struct {
	h        *evidence.History
	habits   *Habits
	text     TextOf
	excluded map[evidence.OID]bool    // versions that held: what they name is not usual
	kept     map[int32][]evidence.OID // those of them that somebody known brought, by commit
	depth    []int32                  // see depths
	budget   int
	parser   workflow.Parser
	readings map[evidence.OID]workflow.File
}

// arrival is a version that a commit brought to a path where no parent has it.
type arrival struct {
	n    int32
	path string
	blob evidence.OID
}

// arrivals lists the arrivals of candidates, a commit's after those of its ancestors, as far as numbers of steps from the roots tell.
func (c *contexts) arrivals(candidates map[evidence.OID]Finding) []arrival {
	h := c.h
	held := make([][]evidence.WorkflowEntry, h.Folders()+1)
	found := false
	for f := range held {
		for _, e := range h.Folder(int32(f)) {
			if _, candidate := candidates[e.Blob]; candidate {
				held[f], found = append(held[f], e), true
			}
		}
	}
	if !found {
		return nil
	}
	var out []arrival
	for n := range int32(h.Len()) {
		f := h.FolderOf(n)
		if f <= 0 {
			continue
		}
		for _, e := range held[f] {
			if !slices.ContainsFunc(h.ParentsOf(n), func(p int32) bool {
				return h.FolderOf(p) > 0 && at(held[h.FolderOf(p)], e.Path) == e.Blob
			}) {
				out = append(out, arrival{n, e.Path, e.Blob})
			}
		}
	}
	depth := depths(h)
	c.depth = depth
	slices.SortFunc(out, func(a, b arrival) int {
		return cmp.Or(cmp.Compare(depth[a.n], depth[b.n]), cmp.Compare(h.ID(a.n), h.ID(b.n)), cmp.Compare(a.path, b.path))
	})
	return out
}

// depths counts for each commit the steps of the longest way to a root, as far as commits were had.
func depths(h *evidence.History) []int32 {
	const working = -1
	depth := make([]int32, h.Len())
	for start := range int32(h.Len()) {
		stack := []int32{start}
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if depth[n] > 0 {
				stack = stack[:len(stack)-1]
				continue
			}
			deepest, ready := int32(0), true
			for _, p := range h.ParentsOf(n) {
				switch {
				case int(p) >= h.Len() || depth[p] == working: // not had, or a circle that no object can form but an answer may tell of
				case depth[p] == 0:
					stack, ready = append(stack, p), false
				default:
					deepest = max(deepest, depth[p])
				}
			}
			if ready {
				depth[n], stack = deepest+1, stack[:len(stack)-1]
			} else {
				depth[n] = working
			}
		}
	}
	return depth
}

// settled drops the doubts about versions that held elsewhere in the repository.
func (c *contexts) settled(doubts []Suspect, held []Held) []Suspect {
	return slices.DeleteFunc(doubts, func(s Suspect) bool {
		return slices.ContainsFunc(held, func(x Held) bool { return x.Blob == s.Blob })
	})
}

// Overlay gives the findings of one repository: those of the whole case that stand in it, with what holds in it alone.
func Overlay(h *evidence.History, findings, candidates map[evidence.OID]Finding, held []Held) map[evidence.OID]Finding {
	out := map[evidence.OID]Finding{}
	for f := range int32(h.Folders() + 1) {
		for _, e := range h.Folder(f) {
			if found, bad := findings[e.Blob]; bad {
				out[e.Blob] = found
			}
		}
	}
	for _, x := range held {
		f, there := out[x.Blob]
		if !there {
			f = candidates[x.Blob]
		}
		if f.Campaign == "" && x.Pack != heuristic.Name {
			f.Campaign = x.Pack
		}
		if !slices.ContainsFunc(f.Hits, func(old Hit) bool { return old.Rule == x.Rule }) {
			f.Hits = append(slices.Clip(f.Hits), x.Hit)
		}
		out[x.Blob] = f
	}
	return out
}
