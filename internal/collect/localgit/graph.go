package localgit

import "pentimento/internal/evidence"

// graph is the commit graph of the clone, small: some 80 bytes a commit.
type graph struct {
	index   map[evidence.Hash]int32
	had     []bool
	parents [][]int32
}

// number gives a commit its place, whether it was had or is only named as a parent.
func (g *graph) number(h evidence.Hash) int32 {
	if i, ok := g.index[h]; ok {
		return i
	}
	i := int32(len(g.had))
	g.index[h] = i
	g.had, g.parents = append(g.had, false), append(g.parents, nil)
	return i
}

func (g *graph) add(b *evidence.Bulk) {
	for n := range b.Len() {
		c := b.At(n)
		i := g.number(c.OID)
		if g.had[i] {
			continue
		}
		list := make([]int32, 0, len(c.Parents))
		for _, p := range c.Parents {
			list = append(list, g.number(p))
		}
		g.had[i], g.parents[i] = true, list
	}
}

func (g *graph) has(o evidence.OID) bool {
	i, ok := g.index[o.Hash()]
	return ok && g.had[i]
}

// reach gives every commit that the tips reach and that is not in served yet the ids, and gives served back.
func (g *graph) reach(tips []evidence.OID, served map[int32][]string, ids []string) map[int32][]string {
	var stack []int32
	push := func(i int32) {
		if _, done := served[i]; !done {
			served[i] = ids
			stack = append(stack, i)
		}
	}
	for _, o := range tips {
		if i, ok := g.index[o.Hash()]; ok {
			push(i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.parents[i] {
			push(p)
		}
	}
	return served
}
