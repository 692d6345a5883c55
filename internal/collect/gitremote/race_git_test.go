package gitremote

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pentimento/internal/evidence"
)

// BenchmarkMirror reads the clones that PENTIMENTO_REPO names (a list as in PATH) as Mirror does, all objects and all texts, into nothing:
//
//	PENTIMENTO_REPO=/path/to/git.git go test -run '^$' -bench Mirror -benchtime 3x ./internal/collect/gitremote
//
// The race of the reading itself against git log stands in package gitpack.
func BenchmarkMirror(b *testing.B) {
	for _, dir := range filepath.SplitList(os.Getenv("PENTIMENTO_REPO")) {
		b.Run(filepath.Base(filepath.Dir(dir)), func(b *testing.B) {
			var commits, told int
			for b.Loop() {
				commits, told = 0, 0
				c := New(Config{Now: time.Now})
				err := c.Mirror(context.Background(), "octo-org/demo", dir, func(o evidence.Observation) error {
					for _, bulk := range o.Bulks {
						commits += bulk.Len()
						for i := range bulk.Len() {
							if bulk.At(i).RootChanges != nil {
								told++
							}
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(commits), "commits")
			b.ReportMetric(float64(told), "compared")
		})
	}
}
