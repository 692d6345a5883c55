package casefile

import (
	"slices"
	"testing"

	"pentimento/internal/evidence"
)

func TestGapLeadsToTheAnswerThatToldIt(t *testing.T) {
	c := newCase(t)
	collecting(t, c, "orchard/press")
	obs := observation()
	if err := c.Append(t.Context(), obs); err != nil {
		t.Fatal(err)
	}
	gap := obs.Gaps[0]
	gap.Repository, gap.Unit = obs.Repository, obs.Unit
	item, err := c.Evidence(t.Context(), gap.ID())
	if err != nil || item.Source != obs.Sources[0].ID() {
		t.Errorf("source %q, %v", item.Source, err)
	}
	inferred := evidence.Gap{Repository: obs.Repository, Unit: "timeline", Kind: evidence.GapBrokenChain, Subject: "x"}
	if err := c.Rebuild(t.Context(), func(in *Inferences) error { return in.Gap(1, inferred, []string{"upd-1"}) }); err != nil {
		t.Fatal(err)
	}
	item, err = c.Evidence(t.Context(), inferred.ID())
	if err != nil || item.Source != "" || !slices.Contains(item.Fields, Field{"evidence", `["upd-1"]`}) {
		t.Errorf("an inferred gap: %+v, %v", item, err)
	}
}

func TestWorkflowTextIsEvidence(t *testing.T) {
	c := newCase(t)
	collecting(t, c, "orchard/press")
	obs := observation()
	obs.Blobs[0].Text = []byte("run: push " + tokenShaped)
	if err := c.Append(t.Context(), obs); err != nil {
		t.Fatal(err)
	}
	item, err := c.Evidence(t.Context(), "blob-"+string(obs.Blobs[0].OID))
	if err != nil {
		t.Fatal(err)
	}
	if a := item.Answer; a == nil || string(a.Body) != "run: push [REDACTED]" || a.Redactions != 1 || a.StoredDigest != digest(a.Body) || a.Digest != "" {
		t.Errorf("text %+v", item.Answer)
	}
	if !slices.Contains(item.Fields, Field{"held by", "orchard/press .github/workflows/a.yml"}) {
		t.Errorf("fields %v", item.Fields)
	}
}
