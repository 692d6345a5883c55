package localgit

import (
	"encoding/hex"

	"pentimento/internal/evidence"
)

// graph is the commit graph of the clone, small: some 60 bytes a commit.
type graph struct {
	index   map[string]int32 // by the 20 bytes of the name
	names   []string
	had     []bool
	parents [][]int32
}

// key is the 20 bytes of an object's name; empty for what is none.
func key(o evidence.OID) string {
	raw, err := hex.DecodeString(string(o))
	if err != nil {
		return ""
	}
	return string(raw)
}

func oidOf(key string) evidence.OID { return evidence.OID(hex.EncodeToString([]byte(key))) }

func (g *graph) at(o evidence.OID) int32 {
	k := key(o)
	if i, ok := g.index[k]; ok {
		return i
	}
	i := int32(len(g.names))
	g.index[k] = i
	g.names, g.had, g.parents = append(g.names, k), append(g.had, false), append(g.parents, nil)
	return i
}

func (g *graph) add(c evidence.Commit) {
	i := g.at(c.OID)
	if g.had[i] {
		return
	}
	g.had[i] = true
	list := make([]int32, 0, len(c.Parents))
	for _, p := range c.Parents {
		list = append(list, g.at(p))
	}
	g.parents[i] = list
}

func (g *graph) has(o evidence.OID) bool {
	i, ok := g.index[key(o)]
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
		if i, ok := g.index[key(o)]; ok {
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
