package timeline

import "pentimento/internal/evidence"

// graph numbers the commits of one repository, those that are only named as parents included, so that sets of them are bits: what reaches a
// commit is asked for every ref and every campaign commit, and a history has more commits than maps are good for.
type graph struct {
	h                 *evidence.History
	number            []int32                // by the history's own number
	more              map[evidence.OID]int32 // of commits that the history does not name
	asked             map[evidence.OID]int32 // found before: the history searches, and the same commits are asked for again and again
	parents, children [][]int32
	rank              []int32 // ancestors have a lower one
}

// set is some commits of a graph. The nil set is empty.
type set []uint64

func (s set) has(i int32) bool { return s != nil && s[i/64]&(1<<(i%64)) != 0 }
func (s set) add(i int32)      { s[i/64] |= 1 << (i % 64) }

// newGraph numbers a history, and commits of which there may be no object. About so many commits will be asked for.
func newGraph(h *evidence.History, more []evidence.OID, asked int) *graph {
	g := &graph{h: h, number: make([]int32, h.Nodes()), more: map[evidence.OID]int32{}, asked: make(map[evidence.OID]int32, asked), parents: make([][]int32, 0, h.Nodes()),
		children: make([][]int32, 0, h.Nodes())}
	for i := range g.number {
		g.number[i] = -1
	}
	next := func() int32 {
		g.parents, g.children = append(g.parents, nil), append(g.children, nil)
		return int32(len(g.parents) - 1)
	}
	id := func(n int32) int32 {
		if g.number[n] < 0 {
			g.number[n] = next()
		}
		return g.number[n]
	}
	for n := range int32(h.Len()) {
		c := id(n)
		for _, parent := range h.ParentsOf(n) {
			p := id(parent)
			g.parents[c], g.children[p] = append(g.parents[c], p), append(g.children[p], c)
		}
	}
	for _, o := range more {
		if _, named := g.find(o); !named {
			g.more[o] = next()
		}
	}
	g.order()
	return g
}

// find is the number of a commit; named is false for one that nothing names.
func (g *graph) find(o evidence.OID) (i int32, named bool) {
	if i, named = g.asked[o]; named {
		return i, true
	}
	if n, ok := g.h.Number(o); ok {
		g.asked[o] = g.number[n]
		return g.number[n], true
	}
	i, named = g.more[o]
	return i, named
}

// names are the commits by their numbers.
func (g *graph) names() []evidence.OID {
	out := make([]evidence.OID, len(g.parents))
	for n, i := range g.number {
		out[i] = g.h.ID(int32(n))
	}
	for o, i := range g.more {
		out[i] = o
	}
	return out
}

// order ranks parents before children; the numbers decide between the rest.
func (g *graph) order() {
	g.rank = make([]int32, len(g.parents))
	waiting := make([]int, len(g.parents))
	var ready []int32
	for i, parents := range g.parents {
		if waiting[i] = len(parents); waiting[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	for n := 0; n < len(ready); n++ {
		g.rank[ready[n]] = int32(n)
		for _, c := range g.children[ready[n]] {
			if waiting[c]--; waiting[c] == 0 {
				ready = append(ready, c)
			}
		}
	}
}

// reach is the set of what is met from a commit along edges, itself included; nil for a commit that nothing names.
func (g *graph) reach(from evidence.OID, edges [][]int32) set {
	start, ok := g.find(from)
	if !ok {
		return nil
	}
	s, stack := make(set, (len(edges)+63)/64), []int32{start}
	s.add(start)
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, next := range edges[c] {
			if !s.has(next) {
				s.add(next)
				stack = append(stack, next)
			}
		}
	}
	return s
}

// holds reports whether a commit is in a set of this graph.
func (g *graph) holds(s set, o evidence.OID) bool {
	i, ok := g.find(o)
	return ok && s.has(i)
}

// age is lower for ancestors, and lowest for a commit that nothing but a tree is known of.
func (g *graph) age(o evidence.OID) int32 {
	if i, ok := g.find(o); ok {
		return g.rank[i]
	}
	return -1
}

// from is what a commit grew from: its ancestors and itself.
func (g *graph) from(o evidence.OID) set { return g.reach(o, g.parents) }

// behind tells, of commits asked for by first parents from one that grew from o, whether they are o or what o grew from. Most of those ways end at
// o itself, and only one that passes it by needs the set.
func (g *graph) behind(o evidence.OID) func(evidence.OID) bool {
	start, ok := g.find(o)
	if !ok {
		return func(evidence.OID) bool { return false }
	}
	var all set
	return func(c evidence.OID) bool {
		i, named := g.find(c)
		if !named || g.rank[i] >= g.rank[start] {
			return named && i == start
		}
		if all == nil {
			all = g.from(o)
		}
		return all.has(i)
	}
}

// ancestry tells whether a is b or an ancestor of b, as the history does; a short way between the two is found without a look at all that is
// older.
func (g *graph) ancestry(a, b evidence.OID) evidence.Ancestry {
	to, ok := g.find(a)
	from, named := g.find(b)
	if !ok || !named || !g.h.Has(b) {
		return g.h.Ancestry(a, b)
	}
	seen, stack := map[int32]bool{from: true}, []int32{from}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if c == to {
			return evidence.Ancestor
		}
		for _, p := range g.parents[c] {
			if g.rank[p] >= g.rank[to] && !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	if g.h.Nodes() == g.h.Len() {
		return evidence.NotAncestor // nothing is missing on the way
	}
	return g.h.Ancestry(a, b)
}

// into is what grew from a commit: its descendants and itself.
func (g *graph) into(o evidence.OID) set { return g.reach(o, g.children) }

// region is a set of commits that are asked for by name. The zero region is empty.
type region struct {
	g *graph
	s set
}

// none is a region to add to.
func (g *graph) none() region { return region{g, make(set, (len(g.parents)+63)/64)} }

func (x region) has(o evidence.OID) bool { return x.g != nil && x.g.holds(x.s, o) }

// add takes a commit in, if the graph knows it.
func (x region) add(o evidence.OID) {
	if i, ok := x.g.find(o); ok {
		x.s.add(i)
	}
}

func (x region) join(other region) {
	for i, bits := range other.s {
		x.s[i] |= bits
	}
}
