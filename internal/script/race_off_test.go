//go:build !race

package script

// hostileBytes is what the reading of a hostile program may allocate: the worst takes half of it, little of it at a time.
const hostileBytes = 1 << 30
