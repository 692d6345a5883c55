package casefile

import (
	"context"
	"fmt"
	"testing"

	"pentimento/internal/evidence"
)

// A later listing of a job whose steps are no longer kept takes nothing from the one that had them, whatever their ids.
func TestJobsKeepTheirSteps(t *testing.T) {
	ctx, c := context.Background(), newCase(t)
	collecting(t, c, "orchard/press")
	var full, bare []evidence.Job
	for n := range int64(8) {
		j := evidence.Job{Repository: "orchard/press", RunID: n, Attempt: 1, JobID: n, Name: fmt.Sprint("job ", n), Conclusion: "success", StartedAt: day, CompletedAt: day}
		bare = append(bare, j)
		j.Steps = []evidence.Step{{Number: 1, Name: "leak", StartedAt: day}}
		full = append(full, j)
	}
	for _, jobs := range [][]evidence.Job{full, bare} {
		if err := c.Append(ctx, evidence.Observation{Repository: "orchard/press", Unit: "api/jobs", Jobs: jobs}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := c.Facts(ctx, "orchard/press")
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(8) {
		if got := f.Jobs[Attempt{n, 1}]; len(got) != 1 || len(got[0].Steps) != 1 {
			t.Errorf("run %d: %+v", n, got)
		}
	}
}
