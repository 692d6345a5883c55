//go:build !race

package gitremote

// Sizes of the hostile packs: at the limits, so that the memory they cost is the most that a server can make us use.
const (
	smallObjects  = 499_000
	heavyChains   = 20
	heavyBase     = 7<<20 + 1<<19
	longHistory   = 200_000
	judgeResident = true
)
