package casefile

import (
	"fmt"
	"testing"

	"pentimento/internal/evidence"
)

// BenchmarkSmallRepositories writes and loads repositories of 50 commits, as a campaign hits them by the thousand: the time is that of one.
func BenchmarkSmallRepositories(b *testing.B) {
	c := newCase(b)
	var names []evidence.Repository
	for i := range 2000 {
		names = append(names, evidence.Repository(fmt.Sprintf("orchard/press-%d", i)))
	}
	collecting(b, c, names...)
	bulk := long(50)
	b.Run("append", func(b *testing.B) {
		for i := range b.N {
			repo := names[i%len(names)]
			obs := evidence.Observation{Repository: repo, Unit: "git/history", Done: true, Bulks: []*evidence.Bulk{bulk},
				Refs:    []evidence.ListedRef{{Ref: "refs/heads/main", OID: bulk.OID(49).OID()}},
				Sources: []evidence.Source{{Repository: repo, Origin: evidence.OriginGitRefs, Target: fmt.Sprint("/", i), FetchedAt: day, Body: []byte(fmt.Sprint(i))}}}
			if err := c.Append(b.Context(), obs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("facts", func(b *testing.B) {
		for i := range b.N {
			if _, err := c.Facts(b.Context(), names[i%len(names)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
