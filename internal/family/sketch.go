package family

import (
	"hash/fnv"
	"slices"
)

// sketchSize is how many numbers are kept of a file: the smallest of all. A file of fewer is compared exactly; most are. Two hundred give the
// likeness of larger ones within about five in a hundred.
const sketchSize = 192

// sketch stands for the set of a file's features: sorted, each once.
type sketch []uint32

// sketchOf takes tokens three by three and words one by one.
func sketchOf(tokens, words []string) sketch {
	out := make(sketch, 0, len(tokens)+len(words))
	for i := range max(0, len(tokens)-2) {
		out = append(out, mix(tokens[i], tokens[i+1], tokens[i+2]))
	}
	for _, w := range words {
		out = append(out, mix(w))
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.Clip(slices.Clone(out[:min(len(out), sketchSize)]))
}

// mix is a number that spreads evenly. It need not withstand anybody: who makes features collide makes a file look like another one, and a
// person will look at it.
func mix(parts ...string) uint32 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p)) // never fails
		h.Write([]byte{0})
	}
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return uint32(x)
}

// likeness is the share of features that two files have in common, of those that either has (Jaccard), as far as sketches tell:
// the smallest numbers of both together are an even draw of all (Cohen and Kaplan, bottom-k sketches).
func (a sketch) likeness(b sketch) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	limit := len(a) + len(b)
	if len(a) == sketchSize || len(b) == sketchSize { // beyond these many one of the two is not whole
		limit = sketchSize
	}
	both, all := 0, 0
	for i, j := 0, 0; (i < len(a) || j < len(b)) && all < limit; all++ {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			i++
		case i == len(a) || b[j] < a[i]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	return float64(both) / float64(all)
}

// prefix is the part of a sketch of which one number at least stands in the prefix of every sketch that is as like as the share says: so that few
// need to be compared (Bayardo, Ma and Srikant, Scaling up all pairs similarity search).
func (a sketch) prefix(share float64) sketch {
	return a[:min(len(a), len(a)-int(share*float64(len(a)))+1)]
}
