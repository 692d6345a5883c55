package main

import (
	"context"
	"fmt"
	"slices"

	"pentimento/internal/campaign"
	"pentimento/internal/casefile"
	"pentimento/internal/detect"
	"pentimento/internal/evidence"
	"pentimento/internal/heuristic"
	"pentimento/internal/timeline"
)

// waves stores when the campaigns of the case were seen, as their packs say: an end known to the minute covers that whole minute.
func (a *analysis) waves(in *casefile.Inferences) error {
	for _, p := range a.packs {
		for _, w := range p.Waves {
			err := in.Exec("INSERT INTO wave (campaign, id, not_before, not_after) VALUES (?, ?, ?, ?)", p.Name, w.ID, evidence.Stamp(w.From), evidence.Stamp(w.End()))
			if err != nil {
				return fmt.Errorf("store waves: %w", err)
			}
		}
	}
	return nil
}

// wavesTold gives the waves of a pack, with who says so, as further fields of it, and nothing for any other evidence.
func wavesTold(ctx context.Context, c *casefile.Case, id string) ([]casefile.Field, error) {
	packs, err := casePacks(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []casefile.Field
	for _, p := range packs {
		if p.EvidenceID() != id {
			continue
		}
		for _, w := range p.Waves {
			out = append(out, casefile.Field{Name: "wave " + w.ID, Value: fmt.Sprintf("%s .. %s, known to the %s, by %s", waveTime(w.From, w.Precision),
				waveTime(w.To, w.Precision), w.Precision, w.Source)})
		}
	}
	return out, nil
}

// wavesOf are the waves in which alone a version does harm, by campaign and time; none for one that does so at any time.
func wavesOf(f detect.Finding, packs []campaign.Pack) []timeline.Wave {
	bound := f.Bound()
	var out []timeline.Wave
	for _, p := range packs {
		if !slices.Contains(bound, p.Name) {
			continue
		}
		for _, s := range p.Spans() {
			out = append(out, timeline.Wave{Campaign: p.Name, Span: s.Window, Told: p.Told(s)})
		}
	}
	for _, m := range f.Moves {
		if slices.Contains(bound, heuristic.Name) {
			out = append(out, timeline.Wave{Span: m.Window, Told: "the time in which " + m.Told})
		}
	}
	return out
}
