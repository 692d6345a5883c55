//go:build race

package gitremote

// The race detector multiplies memory and time: under it the hostile packs are small and their memory is not judged.
const (
	smallObjects  = 2_000
	heavyChains   = 1
	heavyBase     = 1 << 20
	longHistory   = 5_000
	judgeResident = false
)
