// Package seeded lets property tests draw the same worlds in each run, so that a test run speaks of the tree alone. Tests import it for effect.
// `-rapid.seed=0` draws worlds that nobody saw before, and is how they are hunted by hand.
package seeded

import (
	"flag"

	_ "pgregory.net/rapid" // registers the flag
)

func init() {
	if err := flag.Set("rapid.seed", "20250905"); err != nil {
		panic(err)
	}
}
