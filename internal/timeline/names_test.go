package timeline_test

import (
	"fmt"
	"slices"
	"testing"

	"pentimento/internal/evidence"
)

// A release says that a tag of its name was there, and nothing on how it came.
func TestReleases(t *testing.T) {
	late := func(w *world, origin evidence.Origin, seconds int) {
		w.update(origin, "tag/v1", seconds, evidence.TagCreation, "", "").By = true
	}
	teach(t, []lesson{
		{
			name: "of a tag that was moved before: the tag never went away",
			facts: func(w *world) {
				w.sow()
				w.update(evidence.OriginWebhooks, "tag/v1", 100, evidence.TagCreation, "0", "base")
				w.update(evidence.OriginWebhooks, "tag/v1", 1000, evidence.Push, "base", "plant")
				late(w, evidence.OriginReleases, 5000)
				late(w, evidence.OriginArchive, 5001)
				w.list(100_000, "main=base tag/v1=plant")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven armed added 1000s by "plant"`},
		},
		{
			name: "of a tag that was listed before",
			facts: func(w *world) {
				w.sow()
				w.earlier(1000, "main=base tag/v1=plant")
				late(w, evidence.OriginReleases, 5000)
				w.list(100_000, "main=base tag/v1=plant")
			},
			rows: []string{`tag/v1 a.yml [bad1/plant] proven armed added 20g..1000s by "plant"`},
		},
	})
}

// One public event has one id in events and in archives, whatever else told of its move before.
func TestOneEventIsOneMove(t *testing.T) {
	w := newWorld()
	w.trunk("main")
	w.commit("base", 5, "")
	w.commit("plant", 15, "a.yml=bad1", "base")
	w.push("main", 20, "base", "plant")
	w.update(evidence.OriginArchive, "main", 25, evidence.Push, "base", "plant").ExternalID = "E1"
	w.update(evidence.OriginEvents, "main", 400, evidence.Push, "base", "plant").ExternalID = "E1"
	w.list(1000, "main=plant")
	res := w.read()
	same(t, "rows", w.rows(res), []string{`main a.yml [bad1/plant] proven armed added 20s..400s by "plant"`})
	same(t, "gaps", w.gaps(res), []string{"contradiction main"}) // of the stamps
}

// Runs name no more than "v1": they are not credited to a tag where a branch of that name is told of.
func TestSharedName(t *testing.T) {
	for name, late := range map[string]bool{"the branch was deleted before the tag was listed": false, "the tag is told to be younger": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.trunk("main")
			w.commit("base", 5, "")
			w.commit("plant", 90, "a.yml=bad1", "base")
			w.push("main", 10, "0", "base")
			w.push("v1", 95, "0", "plant")
			w.push("v1", 300, "plant", "0")
			added := "90g"
			if late {
				w.update(evidence.OriginEvents, "tag/v1", 5000, evidence.TagCreation, "", "")
				added = "5000s..?"
			}
			run := w.run(7, "v1", "plant", 100).ID()
			w.list(10_000, "main=base tag/v1=plant")
			res := w.read()
			by := map[bool]string{false: "plant", true: ""}[late]
			same(t, "rows", w.rows(res), []string{
				fmt.Sprintf(`tag/v1 a.yml [bad1/plant] proven armed added %s by %q`, added, by),
				`v1 a.yml [bad1/plant] proven no added 95s by "plant" removed 300s by "" branch_deletion`,
			})
			same(t, "gaps", w.gaps(res), []string{"contradiction tag/v1"})
			if len(res.Gaps) != 1 || !slices.Contains(res.Gaps[0].Evidence, run) {
				t.Errorf("no gap names the run: %v", res.Gaps)
			}
			for _, x := range res.Executions {
				if x.Ref != ref("v1") {
					t.Errorf("the run is credited to %s", x.Ref)
				}
			}
		})
	}
}
